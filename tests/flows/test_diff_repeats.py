"""What a new version changes in repeats, and in messages that hold many answers."""

import pytest

from app.flows.comparing.diff import diff
from app.flows.reading.compile import compile_form
from app.flows.reading.load import load

ROSTER = """\
| survey | type | name | label | repeat_count | calculation | compact_tag | appearance |
|---|---|---|---|---|---|---|---|
| | integer | people | How many are you? | | | p | |
| | text | village | Which village? | | | v | |
| | begin_repeat | child | Child | | | | |
| | text | called | What is it called? | | | | |
| | begin_repeat | tooth | Tooth | ${people} | | | |
| | integer | place | Which place? | | | | |
| | end_repeat | | | | | | |
| | end_repeat | | | | | | |
| | begin_repeat | plot | Plot | ${people} + 1 | | | |
| | decimal | size | How large is it? | | | | |
| | note | well | Well done. | | | | |
| | end_repeat | | | | | | |
| | begin_group | home | | | | | field-list |
| | integer | rooms | How many rooms? | | | r | |
| | integer | doors | How many doors? | | | d | |
| | end_group | | | | | | |
| | integer | trees | How many trees? | | | | |
| settings | form_id | prefix | delimiter |
| | roster | HH | + |
"""
VILLAGE = "| | text | village | Which village? | | | v | |\n"
SIZE = "| | decimal | size | How large is it? | | | | |\n"
DOORS = "| | integer | doors | How many doors? | | | d | |\n"
TREES = "| | integer | trees | How many trees? | | | | |\n"
CALLED = "| | text | called | What is it called? | | | | |\n"
NOTE = "| | note | well | Well done. | | | | |\n"
END = "| | end_repeat | | | | | | |\n"
PLOT = "| | begin_repeat | plot | Plot | ${people} + 1 | | | |\n"
COUNT = "other instances are asked for than before: counts and totals may not compare"
NO_RECORD = "an SMS written as before is no record any more, and may be taken for the answer to one question"


def told(*edits: tuple[str, str], form: str = ROSTER) -> list[tuple[str, str]]:
    """What edits of the form change: in words, and why results do not line up."""
    text = form
    for before, after in edits:
        assert before in text
        text = text.replace(before, after, 1)
    old, new = (compile_form(load(each.encode(), "roster.md")) for each in (form, text))
    return [(str(each), each.warning) for each in diff(old, new).changes]


def test_the_form_does_not_differ_from_itself() -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("edits", "says"),
    [
        (
            [(TREES, ""), (CALLED, CALLED + TREES)],
            [
                ("trees: moved, it came after doors and comes after called now", ""),
                (
                    "trees: moved into the repeat child",
                    "a respondent has one answer until now and one answer for each child from then on",
                ),
            ],
        ),
        (
            [(SIZE, ""), (PLOT, SIZE + PLOT)],
            [
                (
                    "size: moved out of the repeat plot",
                    "a respondent has one answer for each plot until now and one answer from then on",
                )
            ],
        ),
        (
            [(CALLED, ""), ("| | integer | place", CALLED + "| | integer | place")],
            [
                (
                    "called: moved from the repeat child to the repeat child / tooth",
                    "a respondent has one answer for each child until now and one answer for each child / tooth from then on",
                )
            ],
        ),
        ([(NOTE, ""), (PLOT, NOTE + PLOT)], [
            ("well: moved, it came after size and comes after place now", ""),
            ("well: moved out of the repeat plot", ""),
        ]),
        (
            [("| tooth | Tooth | ${people} |", "| tooth | Tooth | |")],
            [
                (
                    "tooth: the number of times it is asked (repeat_count) changed from “${people}” to “as often as she says”",
                    COUNT,
                )
            ],
        ),
        (
            [("| child | Child | |", "| child | Child | 3 |")],
            [
                (
                    "child: the number of times it is asked (repeat_count) changed from “as often as she says” to “3”",
                    COUNT,
                )
            ],
        ),
        (
            [("${people} + 1", "${people} + 2")],
            [
                (
                    "plot: the number of times it is asked (repeat_count) changed from “${people} + 1” to “${people} + 2”",
                    COUNT,
                )
            ],
        ),
        ([("| child | Child |", "| child | Girl or boy |")], [
            ("child: the label changed from “Child” to “Girl or boy”", ""),
        ]),
        (
            [("begin_repeat | plot |", "begin_repeat | field |")],
            [("field: renamed, it was plot", "records have its answers in plot until now and in field from then on")],
        ),
        (
            [(TREES, "| | begin_repeat | wood | Wood | 2 | | | |\n" + TREES + END)],
            [
                (
                    "trees: moved into the repeat wood",
                    "a respondent has one answer until now and one answer for each wood from then on",
                ),
                ("wood: added, repeat", ""),
            ],
        ),
        (
            [(PLOT, ""), (NOTE + END, NOTE)],
            [
                (
                    "size: moved out of the repeat plot",
                    "a respondent has one answer for each plot until now and one answer from then on",
                ),
                ("well: moved out of the repeat plot", ""),
                ("plot: removed, repeat", ""),
            ],
        ),
    ],
)  # fmt: skip
def test_of_repeats(edits: list[tuple[str, str]], says: list[tuple[str, str]]) -> None:
    assert told(*edits) == says


@pytest.mark.parametrize(
    ("edits", "says"),
    [
        ([("| HH |", "| HW |")], [("the survey: the prefix of records by SMS changed from “HH” to “HW”", NO_RECORD)]),
        ([("| HH |", "| hh |")], []),
        ([("| HH |", "| |")], [("the survey: the prefix of records by SMS removed, “HH”", NO_RECORD)]),
        ([("| HH | + |", "| HH | # |")], [
            ("the survey: the delimiter of records by SMS changed from “+” to “#”", NO_RECORD),
        ]),
        ([("| HH | + |", "| HH | |")], [
            ("the survey: the delimiter of records by SMS changed from “+” to “a blank”", NO_RECORD),
        ]),
        (
            [(VILLAGE, VILLAGE.replace("| v |", "| w |"))],
            [
                (
                    "village: the tag in a record (compact_tag) changed from “v” to “w”",
                    "an SMS written as before no longer answers it: v is unknown now",
                )
            ],
        ),
        ([(VILLAGE, VILLAGE.replace("| v |", "| V |"))], []),
        ([(TREES, TREES.replace("| | | |\n", "| | t | |\n"))], [
            ("trees: the tag in a record (compact_tag) added, “t”", ""),
        ]),
        (
            [("rooms? | | | r |", "rooms? | | | d |"), ("doors? | | | d |", "doors? | | | r |")],
            [
                (
                    "rooms: the tag in a record (compact_tag) changed from “r” to “d”",
                    "an SMS written as before gives its answer to doors now",
                ),
                (
                    "doors: the tag in a record (compact_tag) changed from “d” to “r”",
                    "an SMS written as before gives its answer to rooms now",
                ),
            ],
        ),
        ([("| | | | | field-list |", "| | | | | |")], [
            ("rooms: the list of questions in one SMS (field-list) removed, “rooms, doors”", ""),
        ]),
        (
            [(TREES, ""), (DOORS, DOORS + TREES)],
            [
                (
                    "rooms: the list of questions in one SMS (field-list) changed from “rooms, doors” to “rooms, doors, trees”",
                    "",
                )
            ],
        ),
        ([("integer | doors |", "integer | gates |")], [
            ("gates: renamed, it was doors", "answers are kept as doors until now and as gates from then on"),
        ]),
    ],
)  # fmt: skip
def test_of_messages(edits: list[tuple[str, str]], says: list[tuple[str, str]]) -> None:
    assert told(*edits) == says


def test_a_first_prefix_is_told_without_each_tag() -> None:
    without = ROSTER.replace("| HH | + |", "| | |")

    assert told(("| roster | | |", "| roster | HH | |"), form=without) == [
        ("the survey: the prefix of records by SMS added, “HH”", "")
    ]


def test_a_delimiter_in_place_of_blanks_changes_no_sms_that_is_written_with_blanks() -> None:
    blanks = ROSTER.replace("| HH | + |", "| HH | |")

    assert told(("| HH | |", "| HH | + |"), form=blanks) == [
        ("the survey: the delimiter of records by SMS changed from “a blank” to “+”", "")
    ]


def test_two_new_lists_out_of_one_are_told_both() -> None:
    four = ROSTER.replace(DOORS, DOORS + TREES.replace("trees", "taps") + TREES.replace("trees", "lamps"))
    split = "| | end_group | | | | | | |\n| | begin_group | tools | | | | | field-list |\n"

    assert told((DOORS, DOORS + split), form=four) == [
        (
            "rooms: the list of questions in one SMS (field-list) changed from “rooms, doors, taps, lamps” to “rooms, doors”",
            "",
        ),
        (
            "taps: the list of questions in one SMS (field-list) changed from “rooms, doors, taps, lamps” to “taps, lamps”",
            "",
        ),
    ]
