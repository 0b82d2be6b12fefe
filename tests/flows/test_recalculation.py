"""What an answer makes anew: calculations on calculations, values that are set, conditions that are looked at again."""

from datetime import timedelta

import pytest

from app.flows.asking.engine import advance
from app.flows.asking.state import Refused, Reply, SetAside, State
from app.flows.reading.faults import FormError
from app.values import USSD_ROOM
from tests.talk import AT, Talk

BMI = """\
    | survey | type | name | label | calculation | relevant |
    | | decimal | metres | How tall, in metres? | | |
    | | decimal | kilos | How heavy, in kilos? | | |
    | | calculate | class | | if(${bmi} < 18.5, 'thin', if(${bmi} < 25, 'well', 'stout')) | |
    | | calculate | bmi | | round(${kilos} div ${square}, 1) | |
    | | calculate | square | | ${metres} * ${metres} | |
    | | note | told | You are ${class} (${bmi}). | | |
    | | text | food | What do you eat? | | ${class} = 'thin' |
    | | text | wish | What do you wish? | | |
"""
STOCK = """\
    | survey | type | name | label | constraint | constraint_message | required |
    | | integer | cows | How many cattle? | . >= ${calves} or ${calves} = '' | Not fewer than the calves. | |
    | | integer | calves | How many of them are calves? | | | |
    | | text | why | Why? | | | ${cows} > 5 |
    | | text | wish | What do you wish? | | | |
"""


def back_to(talk: Talk, opened: str) -> Talk:
    while talk.state.open != opened:
        talk("back")
    return talk


def test_calculations_read_each_other_in_any_order_of_the_sheet() -> None:
    talk = Talk(BMI)

    assert talk("1.60", "64").startswith("You are stout (25).\nWhat do you wish?")


def test_a_new_answer_is_worked_through_to_what_is_asked() -> None:
    talk = Talk(BMI)
    talk("1,60", "40", "sadza")
    assert talk.answers["food"] == "sadza"

    back_to(talk, "metres")("1.3")
    assert SetAside("food") in talk.events
    assert talk.lines[:2] == ["You are well (23.7).", "What do you wish?"]

    back_to(talk, "metres")("1.6")
    assert talk.answers["food"] == "sadza"


def test_an_answer_that_no_longer_holds_leads_back_to_itself_at_the_end() -> None:
    talk = Talk(STOCK)
    talk("4", "6", "because", "rain")

    assert talk.screen.startswith("Not fewer than the calves.\nHow many cattle?")
    assert talk.events[-1] == Refused("cows", "constraint")
    assert not talk.final

    talk("7")
    assert talk.final
    assert talk.answers == {"cows": "7", "calves": "6", "why": "because", "wish": "rain"}


def test_where_she_stands_by_her_answer_she_is_asked_about_the_later_one() -> None:
    talk = Talk(STOCK)
    talk("4", "6", "skip", "rain")
    assert talk.state.open == "cows"

    assert talk("4").startswith("How many of them are calves?")
    assert talk.events == ()
    talk("3")

    assert talk.final
    assert talk.answers == {"cows": "4", "calves": "3", "why": "", "wish": "rain"}


def test_where_she_stands_by_both_she_is_led_round_again() -> None:
    talk = Talk(STOCK)
    talk("4", "6", "skip", "rain", "4")

    talk("6")
    assert talk.screen.startswith("Not fewer than the calves.\nHow many cattle?")

    assert talk("5").startswith("Not fewer than the calves.\nHow many cattle?"), "another answer is judged as ever"
    assert talk("6").startswith("This question needs an answer.\nWhy?")


def test_the_later_answer_may_be_read_by_a_calculation_and_be_in_a_repeat() -> None:
    talk = Talk("""\
        | survey | type | name | label | constraint | calculation | repeat_count |
        | | integer | plots | How many plots? | | | |
        | | integer | land | How much land in all? | ${used} <= . | | |
        | | begin_repeat | plot | | | | ${plots} |
        | | integer | size | How big is plot ${number}? | | | |
        | | calculate | number | | | position(..) | |
        | | end_repeat | | | | | |
        | | calculate | used | | | sum(${size}) | |
    """)
    talk("2", "5", "3", "4")
    assert talk.state.open == "land"

    assert talk("5").startswith("How big is plot 1?")
    talk("1")

    assert talk.final
    assert talk.answers["size[1]"] == "1"


def test_what_was_skipped_but_is_needed_by_now_is_asked_at_the_end() -> None:
    talk = Talk(STOCK)
    talk("3", "1", "0")
    back_to(talk, "cows")("8")

    assert talk("rain").startswith("This question needs an answer.\nWhy?")
    talk("grass")
    assert talk.final


def test_what_does_not_hold_is_found_in_the_order_of_the_form() -> None:
    talk = Talk("""\
        | survey | type | name | label | constraint |
        | | integer | a | A? | . < ${limit} or ${limit} = '' |
        | | integer | b | B? | . < ${limit} or ${limit} = '' |
        | | integer | limit | Limit? | |
    """)
    talk("9", "9", "5")

    assert talk.state.open == "a"
    talk("1")
    assert talk.state.open == "b"
    talk("2")
    assert talk.final


@pytest.mark.parametrize(
    ("rows", "circle"),
    [
        ("| calculate | a | | ${b} |\n    | | calculate | b | | ${a} |", {"a", "b"}),
        (
            "| calculate | a | | ${b} |\n    | | calculate | b | | ${c} |\n    | | calculate | c | | ${a} + 1 |",
            set("abc"),
        ),
        ("| calculate | a | | ${a} + 1 |", {"a"}),
    ],
)
def test_a_circle_is_refused_and_the_way_round_is_told(rows: str, circle: set[str]) -> None:
    with pytest.raises(FormError) as refused:
        Talk(f"""\
    | survey | type | name | label | calculation |
    | | text | q | Q? | |
    | {rows}
    """)

    assert "in a circle" in str(refused.value)
    told = str(refused.value).partition("(")[2].partition(")")[0].split(" → ")
    assert set(told) == circle
    assert told[0] == told[-1]


def test_a_circle_through_conditions_is_refused_too() -> None:
    with pytest.raises(FormError, match="in a circle"):
        Talk("""\
        | survey | type | name | label | relevant | calculation |
        | | integer | a | A? | ${sum} > 3 | |
        | | calculate | sum | | | ${a} + 1 |
        """)


def test_a_worked_out_default_is_what_a_skip_leaves_and_each_run_has_its_own() -> None:
    form = """\
        | survey | type | name | label | default | relevant |
        | | date | met | When did you meet? | today() | |
        | | text | why | Why only then? | | ${met} > date('2026-06-01') |
        | | text | wish | What do you wish? | | |
    """
    late = Talk(form)
    assert late.lines == ["When did you meet?", "0 = 23/11/2026"]
    assert late("0").startswith("Why only then?")
    assert late.answers["met"] == "2026-11-23"

    early = AT - timedelta(days=300)
    step = advance(late.flow, State(2, "en"), Reply(None, USSD_ROOM), early)
    step = advance(late.flow, step.state, Reply("0", USSD_ROOM), early)
    assert step.screen.text.startswith("What do you wish?")


def test_what_is_set_by_itself_is_not_taken_from_another_run() -> None:
    today = Talk("""\
        | survey | type | name | label | default | relevant |
        | | note | lucky | A lucky day. | | ${day} = '23' |
        | | text | day | Which day? | format-date(today(), '%d') | |
    """)
    assert today.lines[:2] == ["A lucky day.", "Which day?"]

    tomorrow = advance(today.flow, State(2, "en"), Reply(None, USSD_ROOM), AT + timedelta(days=1))

    assert tomorrow.screen.text == "Which day?\n0 = 24"


def test_a_trigger_fills_in_what_a_new_answer_says_and_so_on() -> None:
    talk = Talk("""\
        | survey | type | name | label | calculation | trigger |
        | | text | village | Your village? | | |
        | | text | post | Where do letters reach you? | concat('PO ', ${village}) | ${village} |
        | | calculate | stamped | | concat(${post}, ' (', now(), ')') | ${post} |
        | | text | wish | Wish, ${stamped}? | | |
    """)

    assert talk("Gutu").split("\n")[:2] == ["Where do letters reach you?", "0 = PO Gutu"]
    assert talk.state.given["stamped"].startswith("PO Gutu (2026-11-23T12:00")

    talk("PO 7")
    assert talk.state.given["stamped"].startswith("PO 7 (")


def test_an_answer_that_a_trigger_overrides_is_set_aside_and_asked_again() -> None:
    talk = Talk("""\
        | survey | type | name | label | calculation | trigger |
        | | text | post | Where do letters reach you? | concat('PO ', ${village}) | ${village} |
        | | text | village | Your village? | | |
        | | text | wish | What do you wish? | | |
    """)
    talk("PO 7", "Gutu")

    assert SetAside("post") in talk.events
    assert talk.lines[:2] == ["Where do letters reach you?", "0 = PO Gutu"]
    assert talk("0").startswith("What do you wish?")

    assert talk.answers == {"village": "Gutu", "post": "PO Gutu"}


def test_a_trigger_does_nothing_where_the_answer_stays_as_it_was() -> None:
    talk = Talk("""\
        | survey | type | name | label | calculation | trigger |
        | | text | village | Your village? | | |
        | | text | post | Where do letters reach you? | concat('PO ', ${village}) | ${village} |
        | | text | wish | What do you wish? | | |
    """)
    talk("Gutu", "PO 7")

    back_to(talk, "village")("Gutu")

    assert talk.answers["post"] == "PO 7"


def test_triggers_that_set_each_other_come_to_an_end() -> None:
    talk = Talk("""\
        | survey | type | name | label | calculation | trigger |
        | | text | a | A? | concat(${b}, 'b') | ${b} |
        | | text | b | B? | concat(${a}, 'a') | ${a} |
        | | text | wish | What do you wish? | | |
    """)

    talk("x")
    assert talk.answers == {"a": "x"}
    talk("y")

    assert talk.answers == {"b": "y"}
    assert talk.lines[0] == "A?"
    assert len(talk.state.given["a"]) < 100


def test_what_is_kept_once_stays_as_it_first_was() -> None:
    talk = Talk("""\
        | survey | type | name | label | calculation |
        | | text | village | Your village? | |
        | | calculate | first | | once(${village}) |
        | | text | wish | You came from ${first}. Wish? | |
    """)
    talk("Gutu")

    back_to(talk, "village")("Buhera")

    assert talk.screen.startswith("You came from Gutu.")


def test_a_hidden_value_that_is_set_opens_and_closes_questions() -> None:
    talk = Talk("""\
        | survey | type | name | label | calculation | trigger | relevant |
        | | integer | people | How many are you? | | | |
        | | calculate | size | | if(${people} > 6, 'large', 'small') | ${people} | |
        | | text | room | Where do all sleep? | | | ${size} = 'large' |
        | | text | wish | What do you wish? | | | |
    """)
    assert talk("9", "outside").startswith("What do you wish?")

    back_to(talk, "people")("2")

    assert talk.state.aside == {"room": "outside"}


def test_a_calculation_that_looks_at_a_whole_group_knows_the_others() -> None:
    talk = Talk("""\
        | survey | type | name | label | calculation |
        | | begin_group | body | Body | |
        | | integer | weight | Weight? | |
        | | begin_group | head | Head | |
        | | integer | hair | Hair? | |
        | | end_group | | | |
        | | integer | feet | Feet? | |
        | | end_group | | | |
        | | calculate | twice | | ${weight} * 2 |
        | | calculate | given | | count-non-empty(/data/body/*) |
        | | calculate | all | | ${twice} + ${given} + ${twice} |
        | | note | bye | ${twice} ${given} ${all} | |
    """)

    assert talk("10", "5", "2") == "20 3 43"


def test_values_that_depend_on_a_choice_follow_every_change_of_mind() -> None:
    talk = Talk("""\
        | survey | type | name | label | calculation | relevant | default |
        | | select_one yes_no | ill | Ill? | | | |
        | | integer | days | Days? | | ${ill} = 'yes' | |
        | | calculate | long | | if(${days} > 7, 1, 0) | ${ill} = 'yes' | |
        | | calculate | score | | coalesce(${long}, 5) + ${base} | | |
        | | hidden | base | | | | 10 |
        | | note | told | Score ${score}. | | | |
        | | text | wish | What do you wish? | | | |
        | choices | list_name | name | label |
        | | yes_no | yes | Yes |
        | | yes_no | no | No |
    """)
    for days, score in (("9", 11), ("3", 10), ("9", 11)):
        talk("yes") if talk.state.open == "ill" else back_to(talk, "days")
        assert talk(days).startswith(f"Score {score}.")

    assert back_to(talk, "ill")("no").startswith("Score 15.")
    back_to(talk, "ill")("yes")

    assert talk.answers["days"] == "9"
    assert talk("x") == "Thank you. Your answers are saved."
    assert talk.events[-1].calculated == {"long": "1", "score": "11", "base": "10"}
