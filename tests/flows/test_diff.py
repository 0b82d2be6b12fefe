"""What a new version of a survey changes, in plain words, and where results would no longer line up."""

import re
from dataclasses import asdict

import pytest

from app.flows.comparing.changes import Change, Kind
from app.flows.comparing.diff import diff
from app.flows.comparing.meaning import may_differ, may_differ_at_choice
from app.flows.reading.compile import compile_form
from app.flows.reading.load import load
from tests.forms import FORMS, flow_of

BASE = """\
| survey | type | name | label::English (en) | label::Shona (sn) | required | relevant | constraint | calculation |
|---|---|---|---|---|---|---|---|---|
| | integer | people | How many people live with you? | Munogara vangani? | yes | | . >= 0 and . <= 40 | |
| | select_one goods | owns | What do you own? | Mune chii? | | ${people} > 0 | | |
| | select_one goods | wants | What do you want, ${people} of you? | Munoda chii? | | | | |
| | text | why | Why? | Sei? | | | | |
| | calculate | double | | | | | | ${people} * 2 |
| | note | bye | Thank you. | Tinotenda. | | | | |
| choices | list_name | name | label::English (en) | label::Shona (sn) |
| | goods | radio | A radio | Redhiyo |
| | goods | phone | A mobile phone | Foni |
| | goods | cattle | Cattle | Mombe |
| settings | form_id | form_title | version | default_language |
| | household | Household | 1 | English (en) |
"""


def compare(*edits: tuple[str, str]) -> list[Change]:
    """Compare the form above with what these edits make of it."""
    text = BASE
    for before, after in edits:
        assert before in text
        text = text.replace(before, after)
    old, new = (compile_form(load(each.encode(), "household.md")) for each in (BASE, text))
    return list(diff(old, new).changes)


def told(*edits: tuple[str, str]) -> list[str]:
    return [str(each) for each in compare(*edits)]


def warned(*edits: tuple[str, str]) -> list[str]:
    return [f"{each.where}: {each.warning}" for each in compare(*edits) if each.warning]


RADIO, PHONE = "| | goods | radio | A radio | Redhiyo |\n", "| | goods | phone | A mobile phone | Foni |\n"
CATTLE = "| | goods | cattle | Cattle | Mombe |\n"
WHY = "| | text | why | Why? | Sei? | | | | |\n"


@pytest.mark.parametrize(
    ("edits", "says"),
    [
        ([("| Household |", "| Homes |")], ["the survey: the title changed from “Household” to “Homes”"]),
        (
            [(WHY, WHY + "| | integer | age | How old are you? | | | | | |\n")],
            ["age: added, integer “How old are you?”"],
        ),
        (
            [(WHY, ""), ("| | integer | people", WHY + "| | integer | people")],
            ["why: moved, it came after wants and comes first now"],
        ),
        (
            [("Munogara vangani?", "Mune vanhu vangani?")],
            ["people [Shona]: the label changed from “Munogara vangani?” to “Mune vanhu vangani?”"],
        ),
        (
            [("| Sei? |", "| |")],
            ["why [Shona]: the label removed, “Sei?”"],
        ),
        (
            [("What do you want, ${people} of you?", "What do you want, ${people}?")],
            ["wants [English]: the label changed from “What do you want, ${people} of you?” to “What do you want, ${people}?”"],
        ),
        (
            [("${people} > 0", "${people} > 1 or ${people} = ''")],
            ["owns: the condition (relevant) changed from “${people} > 0” to “${people} > 1 or ${people} = ''”"],
        ),
        ([("| ${people} > 0 |", "| |")], ["owns: the condition (relevant) removed, “${people} > 0”"]),
        ([("| yes | | . >=", "| | | . >=")], ["people: the duty to answer (required) changed from “yes” to “no”"]),
        (
            [(CATTLE, CATTLE + "| | goods | none | Nothing | Hapana |\n")],
            ["goods (owns, wants): the choice none added, “Nothing”"],
        ),
        (
            [(RADIO, ""), (CATTLE, CATTLE + RADIO)],
            ["goods (owns, wants): the choices come in another order"],
        ),
        (
            [("| Foni |", "| Nharembozha |")],
            ["goods (owns, wants) [Shona]: the label of the choice phone changed from “Foni” to “Nharembozha”"],
        ),
        (
            [("Thank you.", "Many thanks to all of you!")],
            ["bye [English]: the label changed from “Thank you.” to “Many thanks to all of you!”"],
        ),
        ([("| | note | bye | Thank you. | Tinotenda. | | | | |\n", "")], ["bye: removed, note “Thank you.”"]),
    ],
)  # fmt: skip
def test_what_changes_nothing_in_the_results_is_told_without_a_warning(
    edits: list[tuple[str, str]], says: list[str]
) -> None:
    assert told(*edits) == says
    assert warned(*edits) == []


@pytest.mark.parametrize(
    ("edits", "says", "warns"),
    [
        (
            [("select_one goods | owns", "select_multiple goods | owns")],
            ["owns: the type changed from “select_one” to “select_multiple”"],
            ["owns: answers are one choice until now and several choices from then on"],
        ),
        (
            [("| text | why", "| integer | why")],
            ["why: the type changed from “text” to “integer”"],
            ["why: answers are of type text until now and of type integer from then on"],
        ),
        (
            [(WHY, "")],
            ["why: removed, text “Why?”"],
            ["why: it gets no more answers; those given stay under this name"],
        ),
        (
            [("| text | why", "| text | reason")],
            ["reason: renamed, it was why"],
            ["reason: answers are kept as why until now and as reason from then on"],
        ),
        (
            [(". <= 40", ". <= 60")],
            ["people: the constraint changed from “. >= 0 and . <= 40” to “. >= 0 and . <= 60”"],
            ["people: other answers are possible than before: averages and totals may not compare"],
        ),
        (
            [("${people} * 2", "${people} * 3")],
            ["double: the calculation changed from “${people} * 2” to “${people} * 3”"],
            ["double: it is worked out in another way: values before and after do not compare"],
        ),
        (
            [("How many people live with you?", "Who of you has a mobile phone?")],
            ["people [English]: the label changed from “How many people live with you?” to “Who of you has a mobile phone?”"],
            ["people [English]: the question may ask something else now"],
        ),
        (
            [(PHONE, "")],
            ["goods (owns, wants): the choice phone removed, “A mobile phone”"],
            ["goods (owns, wants): it can no longer be chosen, so its share before and after does not compare"],
        ),
        (
            [("| goods | phone |", "| goods | mobile |")],
            ["goods (owns, wants): the choice phone renamed to mobile, “A mobile phone”"],
            ["goods (owns, wants): it is kept as phone until now and as mobile from then on"],
        ),
        (
            [("| Cattle |", "| Goats |")],
            ["goods (owns, wants) [English]: the label of the choice cattle changed from “Cattle” to “Goats”"],
            ["goods (owns, wants) [English]: the same name may mean something else now"],
        ),
        (
            [("| radio | A radio |", "| phone | A radio |"), ("| phone | A mobile phone |", "| radio | A mobile phone |")],
            [
                "goods (owns, wants) [English]: the label of the choice phone changed from “A mobile phone” to “A radio”",
                "goods (owns, wants) [Shona]: the label of the choice phone changed from “Foni” to “Redhiyo”",
                "goods (owns, wants) [English]: the label of the choice radio changed from “A radio” to “A mobile phone”",
                "goods (owns, wants) [Shona]: the label of the choice radio changed from “Redhiyo” to “Foni”",
                "goods (owns, wants): the choices come in another order",
            ],
            [
                "goods (owns, wants) [English]: it has the label now that radio had",
                "goods (owns, wants) [Shona]: it has the label now that radio had",
                "goods (owns, wants) [English]: it has the label now that phone had",
                "goods (owns, wants) [Shona]: it has the label now that phone had",
            ],
        ),
    ],
)  # fmt: skip
def test_where_results_no_longer_line_up_a_warning_says_why(
    edits: list[tuple[str, str]], says: list[str], warns: list[str]
) -> None:
    assert told(*edits) == says
    assert warned(*edits) == warns


def test_the_bounds_of_a_range_and_hints_are_compared() -> None:
    forms = [
        f"""\
| survey | type | name | label | parameters | hint |
|---|---|---|---|---|---|
| | range | well | How well? | start=1 end={end} step=1 | {hint} |
| | hidden | from | | | |
| | username | who | | | |
| settings | form_id |
| | well |
"""
        for end, hint in ((5, "5 is best"), (10, "10 is best"))
    ]
    old, new = (compile_form(load(each.encode(), "well.md")) for each in forms)

    made = diff(old, new)

    assert [str(each) for each in made.changes] == [
        "well: the hint changed from “5 is best” to “10 is best”",
        "well: the range of numbers changed from “1 to 5 in steps of 1” to “1 to 10 in steps of 1”",
    ]
    assert [each.kind for each in made.warnings] == [Kind.RANGE]


def test_a_language_may_come_and_go() -> None:
    text = re.sub(r"Shona \(sn\)", "Ndebele (nd)", BASE)
    old, new = (compile_form(load(each.encode(), "household.md")) for each in (BASE, text))

    assert [str(each) for each in diff(old, new).changes] == [
        "the survey: the language Ndebele added",
        "the survey: the language Shona removed",
    ]


def test_two_questions_that_use_one_list_are_told_once() -> None:
    (change,) = compare(("| Cattle |", "| Cattle. |"))

    assert asdict(change) == {
        "kind": Kind.CHOICE_LABEL, "name": "goods", "choice": "cattle", "language": "English", "before": "Cattle",
        "after": "Cattle.", "questions": ("owns", "wants"), "warning": "",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["household.md", "plain.md", "hard_to_read.md", "clinic.md"])
def test_a_form_does_not_differ_from_itself(name: str) -> None:
    assert diff(flow_of(name), flow_of(name)).changes == ()


def test_every_kind_of_change_has_its_words() -> None:
    for kind in Kind:
        assert Change(kind, "name", choice="a", before="b", after="c").what.isprintable()


def test_wholly_other_forms_can_be_compared() -> None:
    old, new = flow_of("plain.md"), flow_of("household.md")

    assert {str(each.kind) for each in diff(old, new).changes} >= {"title", "added", "removed", "language_added"}
    assert all(map(str, diff(new, old).changes))
    assert (FORMS / "plain.md").exists()


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        ("Cattle", "CATTLE.", False),
        ("Girls/women", "Girls and women", False),
        ("Disability", "People with a disability", True),
        ("Yes", "No", True),
        ("Married", "Not married", True),
        ("18 to 24", "18 to 25", True),
        ("Older people", "Old people", False),
    ],
)
def test_when_a_choice_may_mean_something_else(before: str, after: str, differs: bool) -> None:
    assert may_differ_at_choice(before, after) is differs


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        ("How many people live with you?", "How many live with you?", False),
        ("What did you eat in the last 7 days?", "What did you eat in the last 30 days?", True),
        ("Is it ${a1} or not?", "Is it ${b2} or not?", False),
        ("What do you own?", "Where were you born?", True),
    ],
)
def test_when_a_question_may_ask_something_else(before: str, after: str, differs: bool) -> None:
    assert may_differ(before, after) is differs
