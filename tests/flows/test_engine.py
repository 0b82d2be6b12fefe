"""How a run goes: what is asked next, going back, skipping, being refused, and what a change of mind does to answers."""

from dataclasses import fields

import pytest

from app.flows.asking.state import Answered, Refused, Restored, SetAside, State
from tests.talk import Talk

FARM = """\
    | survey | type | name | label | required | relevant | constraint | constraint_message | default |
    |---|---|---|---|---|---|---|---|---|
    | | select_one yes_no | farms | Do you farm? | yes | | | | |
    | | integer | fields | How many fields? | yes | ${farms} = 'yes' | . < 50 | Fewer than 50, please. | |
    | | select_multiple crops | crops | What do you grow? | | ${farms} = 'yes' | | | |
    | | text | village | Which village? | | | | | |
    | | note | bye | Thank you, ${village}. | | | | | |
    | choices | list_name | name | label |
    | | yes_no | yes | Yes |
    | | yes_no | no | No |
    | | crops | maize | Maize |
    | | crops | beans | Beans |
    | | crops | millet | Millet |
"""


def test_questions_come_one_after_the_other_until_the_note_at_the_end() -> None:
    talk = Talk(FARM)

    last = talk("1", "3", "1 3", "Gutu")

    assert last == "Thank you, Gutu."
    assert talk.final
    assert talk.answers == {"farms": "yes", "fields": "3", "crops": "maize millet", "village": "Gutu"}
    assert talk.events[-1][:4] == ("completed", "", "village", {})


def test_a_question_that_does_not_apply_is_not_asked() -> None:
    talk = Talk(FARM)

    assert talk("no").startswith("Which village?")


def test_a_refused_reply_is_asked_again_with_its_reason_and_counted() -> None:
    talk = Talk(FARM)

    assert talk("1", "three") == "Please reply with a whole number.\nHow many fields?\nB Back"
    assert talk.events == (Refused("fields", "not_whole"),)
    assert talk("50").startswith("Fewer than 50, please.\nHow many fields?")

    talk("49")

    answered = talk.events[0]
    assert isinstance(answered, Answered)
    assert (answered.value, answered.raw, answered.attempts) == ("49", "49", 3)


def test_a_required_question_cannot_be_skipped() -> None:
    talk = Talk(FARM)

    assert talk("0").startswith("This question needs an answer.\nDo you farm?")
    assert talk.answers == {}


@pytest.mark.parametrize("word", ["0", "skip", "Skip.", "PFUURA"])
def test_a_question_answered_in_words_is_skipped_by_a_nought_or_a_word(word: str) -> None:
    talk = Talk(FARM)

    talk("2", word)

    assert talk.answers["village"] == ""
    assert isinstance(talk.events[0], Answered)
    assert talk.events[0].value is None


def test_figures_are_answers_where_figures_are_asked() -> None:
    talk = Talk(FARM.replace(". < 50", ". < 100"))

    talk("1", "88")

    assert talk.answers["fields"] == "88"


def test_back_goes_to_the_question_before_and_keeps_its_answer_until_a_new_one_comes() -> None:
    talk = Talk(FARM)

    talk("1", "3")
    assert talk("88").startswith("How many fields?")
    assert talk("b").startswith("Do you farm?")
    assert talk.answers == {"farms": "yes", "fields": "3"}

    assert talk("1").startswith("What do you grow?"), "what was answered already is not asked again"
    assert talk.answers["fields"] == "3"


def test_back_at_the_first_question_shows_it_again() -> None:
    talk = Talk(FARM)

    assert talk("88") == "Do you farm?\n1 Yes\n2 No"


def test_a_change_of_mind_sets_follow_ups_aside_and_back_again_restores_them() -> None:
    talk = Talk(FARM)

    talk("1", "3", "2", "88", "88", "b", "2")
    assert talk.answers == {"farms": "no"}
    assert {event.question for event in talk.events if isinstance(event, SetAside)} == {"fields", "crops"}

    talk("88", "1")
    assert talk.answers == {"farms": "yes", "fields": "3", "crops": "beans"}
    assert {event.question for event in talk.events if isinstance(event, Restored)} == {"fields", "crops"}
    assert talk.lines[0] == "Which village?"


def test_a_redial_shows_the_open_question_without_the_old_reproach() -> None:
    talk = Talk(FARM)
    talk("1", "many")

    assert talk.redial() == "How many fields?\nB Back"


def test_nothing_more_is_taken_after_the_end() -> None:
    talk = Talk(FARM)
    talk("2", "Gutu")

    assert talk("1", "anything") == "Thank you, Gutu."
    assert talk.events == ()


def test_a_default_stands_where_she_skips() -> None:
    talk = Talk("""\
        | survey | type | name | label | default | required |
        | | select_one sizes | size | How big? | small | yes |
        | | integer | people | How many people? | 4 | yes |
        | choices | list_name | name | label |
        | | sizes | small | Small |
        | | sizes | large | Large |
    """)
    assert talk.lines[-1] == "0 = Small"

    assert talk("0") == "How many people?\nS = 4\nB Back"
    talk("s")

    assert talk.answers == {"size": "small", "people": "4"}


def test_a_note_is_shown_with_the_question_that_follows_it() -> None:
    talk = Talk("""\
        | survey | type | name | label | relevant |
        | | note | welcome | Welcome. | |
        | | integer | age | How old are you? | |
        | | note | young | You are young. | ${age} < 30 |
        | | note | old | You are wise. | ${age} >= 30 |
        | | text | wish | What do you wish? | |
    """)
    assert talk.lines[:2] == ["Welcome.", "How old are you?"]

    assert talk("17").startswith("You are young.\nWhat do you wish?")


def test_an_end_note_ends_the_run_with_its_own_state() -> None:
    talk = Talk("""\
        | survey | type | name | label | relevant | bind::izwi:end |
        | | select_one yes_no | consent | Do you agree? | | |
        | | note | declined | Good-bye. | ${consent} = 'no' | declined |
        | | text | story | Tell us. | | |
        | choices | list_name | name | label |
        | | yes_no | yes | Yes |
        | | yes_no | no | No |
        | settings | form_id | namespaces |
        | | x | izwi="urn:izwi:xforms" |
    """)

    assert talk("2") == "Good-bye."
    assert talk.final
    assert talk.events[-1][:4] == ("declined", "declined", "consent", {})


def test_a_calculation_is_worked_out_and_can_be_shown() -> None:
    talk = Talk("""\
        | survey | type | name | label | calculation |
        | | integer | men | Men? | |
        | | integer | women | Women? | |
        | | calculate | all | | ${men} + ${women} |
        | | note | sum | You are ${all}. | |
    """)

    assert talk("2", "3") == "You are 5."
    assert talk.events[-1][:4] == ("completed", "", "women", {"all": "5"})


def test_a_text_with_no_ascii_in_it_takes_the_smaller_room() -> None:
    talk = Talk("""\
        | survey | type | name | label |
        | | text | a | ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ ŵ |
    """)

    assert talk.lines[-1] == "99 More"
    assert "0 Skip" in talk("99")


def test_all_that_is_remembered_is_read_back() -> None:
    values = {
        each.name: {"a": "b"} if "dict" in str(each.type) else ["a"] if "list" in str(each.type) else "a"
        for each in fields(State)
    }
    state = State(**(values | {"seed": 7, "page": 1, "tries": 2, "asked_ms": 3}))  # type: ignore[arg-type]

    assert State.loads(state.dumps()) == state
    assert State.loads(State(1, "en").dumps()) == State(1, "en")
