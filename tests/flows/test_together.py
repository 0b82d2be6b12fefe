"""Closed questions that are asked as one SMS: which they are, how the reply is taken apart, and what is asked again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flows.asking import together
from app.flows.asking.state import Answered, Refused
from app.values import SMS_ROOM, Medium, Room
from tests.talk import Talk

HOME = """\
    | survey | type | name | label | required | relevant | constraint | appearance | parameters | bind::izwi:sensitive |
    |---|---|---|---|---|---|---|---|---|---|
    | | begin_group | living | Home | | | | field-list | | |
    | | select_one yes_no | water | Water near? | yes | | | | | |
    | | select_one ways | way | Way there? | | | | | | |
    | | range | rooms | How many rooms? | yes | | . != 8 | | start=1 end=9 step=1 | |
    | | end_group | | | | | | | | |
    | | text | village | Which village? | | | | | | |
    | choices | list_name | name | label |
    | | yes_no | yes | Yes |
    | | yes_no | no | No |
    | | ways | foot | On foot |
    | | ways | bus | By bus |
    | | ways | other | Other |
"""
JOINT = """\
1) Water near?
1=Yes 2=No
2) Way there?
1=On foot 2=By bus 3=Other
3) How many rooms? (1 to 9)
Reply 3 numbers, e.g. 2 1 5
0 Skip"""


def sms(form: str = HOME) -> Talk:
    return Talk(form, room=SMS_ROOM)


def test_the_questions_of_the_group_come_as_one_message() -> None:
    assert sms().screen == JOINT


def test_on_a_menu_they_come_one_by_one() -> None:
    assert Talk(HOME).screen == "Water near?\n1 Yes\n2 No"


@pytest.mark.parametrize(
    "reply", ["2 1 4", "2,1,4", "214", "2\n1\n4", " 2, 1 ,4. ", "2*1*4", "2/1/4", "no, on foot, 4"]
)
def test_a_reply_is_taken_apart(reply: str) -> None:
    talk = sms()

    assert talk(reply).startswith("Which village?")
    assert talk.answers == {"water": "no", "way": "foot", "rooms": "4"}


def test_each_answer_has_its_own_words() -> None:
    talk = sms()
    talk("2 bus 4")

    answered = [event for event in talk.events if isinstance(event, Answered)]
    assert [(each.question, each.raw, each.attempts) for each in answered] == [
        ("water", "2", 1),
        ("way", "bus", 1),
        ("rooms", "4", 1),
    ]


def test_the_wrong_ones_are_asked_again_alone() -> None:
    talk = sms()

    assert talk("3 2 8") == "Please reply with a number from the list.\nWater near?\n1 Yes\n2 No"
    assert talk.answers == {"way": "bus"}
    assert talk("1") == "That answer is not possible.\nHow many rooms?"
    assert talk("7").startswith("Which village?")
    assert talk.answers == {"way": "bus", "water": "yes", "rooms": "7"}
    answered = talk.events[0]
    assert isinstance(answered, Answered)
    assert answered.attempts == 2


@pytest.mark.parametrize("part", ["0", "skip", "S"])
def test_one_of_them_can_be_skipped(part: str) -> None:
    talk = sms()

    assert talk(f"1 {part} 3").startswith("Which village?")
    assert talk.answers == {"water": "yes", "way": "", "rooms": "3"}


def test_skipping_all_leaves_those_that_are_needed() -> None:
    talk = sms()

    assert talk("0") == "This question needs an answer.\nWater near?\n1 Yes\n2 No"
    assert talk.answers == {"way": ""}


def test_too_few_numbers_are_asked_again_together_and_then_one_by_one() -> None:
    talk = sms()

    assert talk("1 2") == f"Reply with one number for each question.\n{JOINT}"
    assert talk.events == (Refused("water", "not_together"),)
    assert talk("1 2") == "Water near?\n1 Yes\n2 No"
    assert talk("1") == "Way there?\n1 On foot\n2 By bus\n3 Other\n0 Skip"


def test_after_a_redial_they_are_still_together_and_by_menu_they_are_not() -> None:
    talk = sms()
    assert talk.redial() == JOINT

    talk.room = Room(Medium.USSD, 160, 80)
    assert talk.redial() == "Water near?\n1 Yes\n2 No"
    assert talk("1").startswith("Way there?")
    assert talk.answers == {"water": "yes"}


def test_going_back_asks_the_last_of_them_alone() -> None:
    talk = sms()
    talk("1 1 1")

    assert talk("BACK") == "How many rooms?\n(1 to 9)"


def test_a_message_that_would_be_too_long_is_not_sent() -> None:
    talk = Talk(HOME, room=Room(Medium.SMS, len(JOINT) - 1, 70))

    assert talk.screen == "Water near?\n1 Yes\n2 No"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("| Way there? | | |", "| Way there? | | ${water} = 'yes' |"),
        ("| Way there? |", "| Is it ${water}? |"),
        ("| Way there? | | | | | | |", "| Way there? | | | | | | yes |"),
        (
            "| range | rooms | How many rooms? | yes | | . != 8 | | start=1 end=9 step=1 |",
            "| text | rooms | Rooms? | | | | | |",
        ),
        ("| | select_one ways | way", "| | note | n | Look. | | | | | | |\n    | | select_one ways | way"),
        ("| field-list |", "| |"),
    ],
    ids=["relevant", "label", "sensitive", "open question", "note between", "no field-list"],
)
def test_some_are_never_put_together(before: str, after: str) -> None:
    assert before in HOME

    assert sms(HOME.replace(before, after)).screen == "Water near?\n1 Yes\n2 No"


def test_those_that_do_not_apply_are_left_out() -> None:
    form = HOME.replace(
        "| | begin_group | living", "| | integer | age | How old? | | | | | | |\n    | | begin_group | living"
    )
    talk = sms(form.replace("| Way there? | | |", "| Way there? | | ${age} > 17 |"))

    assert talk("12") == "1) Water near?\n1=Yes 2=No\n2) How many rooms? (1 to 9)\nReply 2 numbers, e.g. 2 2"
    assert talk("1 3").startswith("Which village?")


def test_a_group_in_a_repeat_is_put_together_each_time() -> None:
    rest, begin, end = " | | | | | | | |\n    ", "| | begin_group | living", "| | end_group |"
    form = HOME.replace(begin, f"| | begin_repeat | homes{rest}{begin}")
    talk = sms(form.replace(f"{end}{rest}", f"{end}{rest}| | end_repeat |{rest}"))

    assert talk("1 1 1").startswith("Add another?")
    assert talk("1") == JOINT
    talk("2 9 2")
    assert talk.answers["water[2]"] == "no"
    assert talk.lines[0] == "Please reply with a number from the list."


QUESTIONS = [Talk(HOME).flow.by_name[name] for name in ("water", "way", "rooms")]


@given(
    st.lists(st.integers(0, 9).map(str), min_size=3, max_size=3), st.sampled_from([" ", ",", ", ", "\n", "*", "; ", ""])
)
def test_whatever_is_put_between_the_parts_comes_off_again(parts: list[str], between: str) -> None:
    assert tuple(parts) in together.splits(between.join(parts), QUESTIONS)


@given(st.text(max_size=60))
def test_every_way_to_take_a_reply_apart_has_one_part_a_question_and_makes_nothing_up(reply: str) -> None:
    for way in together.splits(reply, QUESTIONS):
        assert len(way) == len(QUESTIONS)
        assert all(part and part in reply for part in way)


@given(st.text(max_size=40))
def test_no_reply_breaks_the_message_or_stores_what_is_no_answer(reply: str) -> None:
    talk = sms()
    talk(reply)

    allowed = {"water": {"yes", "no"}, "way": {"foot", "bus", "other", ""}, "rooms": set("12345679")}
    assert all(value in allowed[name] for name, value in talk.answers.items())
