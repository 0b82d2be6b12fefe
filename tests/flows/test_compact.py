"""A whole record in one SMS: how it is read, what waits for what, and what is said of the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flows.asking import compact
from app.flows.asking.state import Answered, Record
from app.flows.reading.faults import FormError
from app.values import SMS_ROOM
from tests.talk import Talk

FORM = """\
    | survey | type | name | label | required | relevant | constraint | compact_tag | bind::izwi:end |
    |---|---|---|---|---|---|---|---|---|
    | | select_one yes_no | agree | Do you agree? | yes | | | ok | |
    | | note | bye | Goodbye. | | ${agree} = 'no' | | | declined |
    | | text | person | Your name? | | | | fn | |
    | | integer | age | How old? | yes | | . < 120 | a | |
    | | select_one sexes | sex | Woman or man? | | | | s | |
    | | select_multiple crops | crops | Crops? | | ${age} > 17 | | c | |
    | | date | born | Born when? | | | | b | |
    | choices | list_name | name | label |
    | | yes_no | yes | Yes |
    | | yes_no | no | No |
    | | sexes | 2 | Woman |
    | | sexes | 1 | Man |
    | | crops | maize | Maize |
    | | crops | beans | Beans |
    | settings | form_id | prefix | delimiter |
    | | person | HH | |
"""
PIPED = FORM.replace("| | person | HH | |", "| | person | hh | + |")


def send(talk: Talk, text: str) -> str:
    """Send a record; returns the message that comes back."""
    form = talk.flow.compact
    assert form is not None
    rest = compact.rest_of(form, text, in_conversation=False)
    assert rest is not None
    return talk.send(compact.parse(talk.flow, form, rest))


def sms(form: str = FORM) -> Talk:
    return Talk(form, room=SMS_ROOM)


def read(text: str, form: str = FORM) -> Record:
    talk = sms(form)
    assert talk.flow.compact is not None
    rest = compact.rest_of(talk.flow.compact, text, in_conversation=False)
    assert rest is not None
    return compact.parse(talk.flow, talk.flow.compact, rest)


@pytest.mark.parametrize(
    ("text", "answers", "unknown"),
    [
        ("HH fn Mary a 15", {"person": "Mary", "age": "15"}, ()),
        ("hh FN Mary\\ Kate A 15", {"person": "Mary Kate", "age": "15"}, ()),
        ("HH fn Mary Kate a 15", {"person": "Mary Kate", "age": "15"}, ()),
        ("HH  a  15  s 2", {"age": "15", "sex": "2"}, ()),
        ("HH fn  a 15", {"age": "15"}, ()),
        ("HH s a a 15", {"sex": "a", "age": "15"}, ()),
        ("HH a 15 zz 3 s 1", {"age": "15", "sex": "1"}, ("zz",)),
        ("HH b 25 Dec 1990 s 1", {"born": "25 Dec 1990", "sex": "1"}, ()),
        ("HH a fifteen years s 1", {"age": "fifteen", "sex": "1"}, ("years",)),
        ("HH c maize beans a 15", {"crops": "maize beans", "age": "15"}, ()),
        ("HH c 1 2 7 a 15", {"crops": "1 2", "age": "15"}, ("7",)),
        ("HH a 15 a 16", {"age": "16"}, ()),
        ("HH a", {}, ()),
        ("HH", {}, ()),
    ],
)
def test_with_blanks_between(text: str, answers: dict[str, str], unknown: tuple[str, ...]) -> None:
    record = read(text)

    assert (record.answers, record.unknown) == (answers, unknown)


@pytest.mark.parametrize(
    ("text", "answers", "unknown"),
    [
        ("hh+fn++a+15", {"age": "15"}, ()),
        ("hh+fn+Mary Kate+a+15", {"person": "Mary Kate", "age": "15"}, ()),
        ("hh+fn+Mary\\+Kate", {"person": "Mary+Kate"}, ()),
        ("HH + fn + Mary + zz + 4 + a + 15 +", {"person": "Mary", "age": "15"}, ("zz",)),
        ("hh fn Mary Kate a 15", {"person": "Mary Kate", "age": "15"}, ()),
    ],
)
def test_with_a_delimiter_of_the_form(text: str, answers: dict[str, str], unknown: tuple[str, ...]) -> None:
    record = read(text, PIPED)

    assert (record.answers, record.unknown) == (answers, unknown)


@pytest.mark.parametrize(
    ("text", "anew", "within"),
    [
        ("HH a 5", "a 5", "a 5"),
        ("hh", "", ""),
        ("HHa 5", None, None),
        ("hello", None, None),
        ("hh is my answer", "is my answer", None),
    ],
)
def test_the_prefix_must_stand_alone_and_within_a_conversation_a_tag_must_follow(
    text: str, anew: str | None, within: str | None
) -> None:
    form = sms().flow.compact
    assert form is not None

    assert compact.rest_of(form, text, in_conversation=False) == anew
    assert compact.rest_of(form, text, in_conversation=True) == within


def test_a_record_is_kept_with_the_words_of_each_part() -> None:
    talk = sms()

    last = send(talk, "HH ok yes fn Mary a 20 s 1 c maize b 1/2/1990")

    assert last == "Thank you. Your answers are saved."
    assert talk.answers["sex"] == "1", "the name of a choice, for that is what ODK writes, not its number"
    assert [event.raw for event in talk.events if isinstance(event, Answered)] == [
        "yes", "Mary", "20", "1", "maize", "1/2/1990",
    ]  # fmt: skip


def test_what_comes_first_in_the_form_is_asked_before_anything_after_it_is_kept() -> None:
    talk = sms()

    assert send(talk, "HH fn Mary a 20") == "Do you agree?\n1 Yes\n2 No"
    assert talk.answers == {}
    assert talk("1").startswith("Woman or man?")
    assert talk.answers == {"agree": "yes", "person": "Mary", "age": "20"}


def test_what_waits_is_dropped_and_told_when_she_does_not_agree() -> None:
    talk = sms()
    send(talk, "HH fn Mary a 20")

    assert talk("2") == "Not needed: fn, a.\nGoodbye."
    assert talk.final
    assert talk.answers == {"agree": "no"}
    assert talk.state.pending == {}


def test_a_wrong_consent_holds_up_all_the_rest() -> None:
    talk = sms()

    assert send(talk, "HH ok perhaps fn Mary").startswith("Please reply with a number from the list.\nDo you agree?")
    assert talk.answers == {}


def test_another_wrong_answer_does_not() -> None:
    talk = sms(FORM.replace("${age} > 17", ""))

    assert send(talk, "HH ok 1 fn Mary a old s 1 c maize b 1/2/1990").startswith(
        "Please reply with a whole number.\nHow"
    )
    assert talk.answers.keys() == {"agree", "person", "sex", "crops", "born"}
    assert talk("30") == "Thank you. Your answers are saved."


def test_what_is_not_known_is_said_and_does_not_stop_the_rest() -> None:
    talk = sms()

    screen = send(talk, "HH ok 1 zz 4 fn Mary a 17 c maize s 2")
    assert screen == "Not understood: zz.\nNot needed: c.\nBorn when?\n0 Skip"
    assert talk("1/2/2009") == "Thank you. Your answers are saved."


def test_the_same_record_again_changes_nothing() -> None:
    talk = sms()
    before = send(talk, "HH ok 1 fn Mary a 17")
    answers = talk.answers

    assert send(talk, "HH ok 1 fn Mary a 17") == before
    assert talk.answers == answers
    assert talk.events == ()


def test_another_record_takes_the_place_of_answers_and_adds_to_them() -> None:
    talk = sms()
    send(talk, "HH ok 1 fn Mary a 20 s 1 c maize")

    assert send(talk, "HH a 16 b 1/2/2010") == "Thank you. Your answers are saved."
    assert talk.answers == {"agree": "yes", "person": "Mary", "age": "16", "sex": "1", "born": "2010-02-01"}
    assert talk.state.aside == {"crops": "maize"}


def test_a_wrong_answer_in_place_of_another_is_asked_again_and_the_old_one_stands() -> None:
    talk = sms()
    send(talk, "HH ok 1 fn Mary a 17")

    assert send(talk, "HH a 130").startswith("That answer is not possible.\nHow old?")
    assert talk.answers["age"] == "17"
    talk("16")
    assert talk.answers["age"] == "16"


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("| HH |", "| STOP |", "STOP means something else"),
        ("| HH |", "| 1 |", "1 means something else"),
        ("| person | HH | |", "| person | HH | x |", "x may be part of an answer"),
        ("| . < 120 | a |", "| . < 120 | FN |", "the tag FN is used already"),
        ("| . < 120 | a |", "| . < 120 | my age |", "the tag my age is used already, or is no word"),
    ],
)
def test_marks_that_cannot_be_told_apart_are_refused(before: str, after: str, problem: str) -> None:
    with pytest.raises(FormError, match=problem):
        sms(FORM.replace(before, after))


@given(st.text(max_size=80))
def test_any_record_gives_answers_or_reasons(text: str) -> None:
    talk = sms()
    form = talk.flow.compact
    assert form is not None

    rest = compact.rest_of(form, f"HH {text}", in_conversation=False)

    assert rest is not None
    talk.send(compact.parse(talk.flow, form, rest))
    assert talk.state.open or talk.final


def test_a_tag_in_a_repeat_is_not_understood() -> None:
    rest = " | | | | | | |\n    "
    begin, end = "| | integer | age", "| | select_one sexes | sex"
    form = FORM.replace(begin, f"| | begin_repeat | people | People{rest}{begin}").replace("${age} > 17", "")
    talk = sms(form.replace(end, f"| | end_repeat | |{rest}{end}"))

    assert send(talk, "HH ok 1 fn Mary a 17") == "Not understood: a.\nHow old?"


WORDS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8)


@given(st.lists(WORDS, min_size=1, max_size=4).map(" ".join), st.integers(0, 119))
def test_what_is_written_as_the_specification_says_is_read_again(person: str, age: int) -> None:
    record = read(f"hh+fn+{person}+a+{age}", PIPED)

    assert record.answers == {"person": person, "age": str(age)}
