"""Lists too long for a screen: found by letters, and filtered at once, whatever their length."""

import pytest

from app.flows.asking.document import Document
from app.flows.asking.state import State
from app.flows.phrases import say
from app.values import SMS_ROOM
from tests.talk import AT, Talk

NAMES = ["Beitbridge", "Bikita", "Bindura", "Binga", "Bubi", "Buhera", "Bulawayo", "Bulilima", "Gutu", "Guruve"]
VILLAGES = [f"Village {number}" for number in range(70)]


def form(labels: list[str], kind: str = "select_one") -> str:
    rows = "\n".join(f"    | | places | p{number} | {label} |" for number, label in enumerate(labels))
    return f"""\
    | survey | type | name | label |
    | | text | called | Your name? |
    | | {kind} places | place | Where do you live? |
    | | text | wish | What do you wish? |
    | choices | list_name | name | label |
{rows}
    """


@pytest.fixture
def talk() -> Talk:
    found = Talk(form([*NAMES, *VILLAGES]))
    found("Rudo")
    return found


def test_a_very_long_list_asks_for_its_first_letters(talk: Talk) -> None:
    assert talk.lines == ["Where do you live?", "Type the first letters.", "0 Skip", "88 Back"]


def test_what_begins_with_the_letters_is_shown_and_chosen_by_its_number(talk: Talk) -> None:
    assert talk("bu").split("\n") == [
        "Where do you live?", "1 Bubi", "2 Buhera", "3 Bulawayo", "4 Bulilima", "0 Skip", "88 Back",
    ]  # fmt: skip

    talk("2")

    assert talk.answers["place"] == "p5"


@pytest.mark.parametrize("typed", ["Gutu", "GUTU", "gutu "])
def test_a_whole_name_is_taken_at_once(talk: Talk, typed: str) -> None:
    talk(typed)

    assert talk.answers["place"] == "p8"


@pytest.mark.parametrize(
    ("typed", "meant"), [("beitbrige", "Beitbridge"), ("buehra", "Buhera"), ("bulawyo", "Bulawayo")]
)
def test_slips_are_forgiven(talk: Talk, typed: str, meant: str) -> None:
    assert talk(typed).split("\n")[1] == f"1 {meant}"


def test_letters_that_begin_nothing_are_told_and_others_may_be_typed(talk: Talk) -> None:
    assert talk("xyz").startswith("Nothing begins like that. Type other letters.\nWhere do you live?")

    assert talk("gu").split("\n")[1:3] == ["1 Gutu", "2 Guruve"]


def test_letters_that_begin_too_much_are_told(talk: Talk) -> None:
    assert talk("v").startswith(say("more_letters", "en"))


def test_back_leads_from_what_was_found_to_the_letters_and_then_to_the_question_before(talk: Talk) -> None:
    talk("bu")

    assert talk("88").split("\n")[1] == "Type the first letters."
    assert talk("88").startswith("Your name?")


def test_other_letters_may_be_typed_where_something_was_found(talk: Talk) -> None:
    talk("bu")

    assert talk("gut").split("\n")[1] == "1 Gutu"


def test_a_dropped_session_keeps_what_was_found(talk: Talk) -> None:
    talk("bu")

    assert talk.redial().split("\n")[1:3] == ["1 Bubi", "2 Buhera"]


def test_help_and_a_reproach_still_say_what_to_type(talk: Talk) -> None:
    assert talk("?").split("\n")[1:3] == ["Where do you live?", "Type the first letters."]
    assert "Type the first letters." not in talk("xyz").split("\n")


def test_by_sms_the_letters_are_asked_for_too() -> None:
    talk = Talk(form([*NAMES, *VILLAGES]), room=SMS_ROOM)

    assert "Type the first letters." in talk("Rudo")


def filter_form(condition: str, kind: str = "select_one groups") -> Talk:
    return Talk(f"""\
        | survey | type | name | label | choice_filter |
        | | {kind} | group | Group? | |
        | | select_one items | item | Item? | {condition} |
        | choices | list_name | name | label | group | size |
        | | groups | a | A | | |
        | | groups | 1 | One | | |
        | | items | x | X | a | 1 |
        | | items | y | Y | 1 | 2 |
        | | items | z | Z | 1.0 | 3 |
        | | items | v | V | | 4 |
        | | items | w | W | A | 5 |
    """)


def filtered(condition: str, value: str) -> list[str]:
    """The names that a filter leaves for an answer."""
    talk = filter_form(condition)
    document = Document(talk.flow, State(1, "en", answers={"group": value} if value else {}), AT)
    return [each.name for each in document.choices(talk.flow.by_name["item"])]


@pytest.mark.parametrize("value", ["a", "1", "", "1.0", "other", "A"])
@pytest.mark.parametrize("condition", ["group = ${group}", "${group} = group"])
def test_a_filter_by_one_answer_gives_what_looking_at_every_row_gives(condition: str, value: str) -> None:
    assert filtered(condition, value) == filtered(f"{condition} and true()", value)


@pytest.mark.parametrize(
    ("condition", "kind", "at_once"),
    [
        ("group = ${group}", "select_one groups", True),
        ("group = ${group}", "integer", False),  # numbers are compared as numbers
        ("group = ${group}", "date", False),
        ("group = ${group} and size > 1", "select_one groups", False),
        ("group != ${group}", "select_one groups", False),
        ("selected(${group}, group)", "select_multiple groups", False),
    ],
)
def test_only_a_filter_by_one_text_needs_no_look_at_the_rows(condition: str, kind: str, at_once: bool) -> None:
    choices = filter_form(condition, kind).flow.by_name["item"].choices

    assert choices is not None
    assert choices.nodeset is not None
    assert (choices.by is not None) == at_once
