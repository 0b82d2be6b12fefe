"""What a calculation leaves in a question of a data type, row by row, from `tests/cases/held.csv`."""

import csv

import pytest

from tests.flows.test_expression_tables import TABLES, evaluate
from tests.talk import Talk

CASES = [
    pytest.param(*row.values(), id=f"{row['type']}: {row['expression']} of {row['document'] or 'nothing'}")
    for row in csv.DictReader((TABLES.parent / "held.csv").read_text(encoding="utf-8").splitlines())
]


@pytest.mark.parametrize(("data_type", "expression", "document", "held", "note"), CASES)
def test_a_type_holds_what_it_holds_in_odk(
    data_type: str, expression: str, document: str, held: str, note: str
) -> None:
    given = evaluate(expression, document, data_type)

    assert ("" if given == "NaN" else given) == held, note


FORM = """\
    | survey | type | name | label | calculation | relevant | bind::type | default |
    |---|---|---|---|---|---|---|---|
    | | integer | people | How many? | | | | |
    | | calculate | half | | ${people} div 2 | | int | |
    | | calculate | many | | ${people} > 4 | | boolean | |
    | | calculate | twice | | ${half} * 2 | | | |
    | | integer | pairs | Pairs? | | | | 7 div 2 |
    | | text | crowd | A crowd, ${many}: ${twice} of ${half}? | | ${many} | | |
    | | text | few | So few: ${half}? | | not(${many}) and ${many} = false() | | |
"""


def test_what_reads_a_calculation_reads_it_as_it_is_held() -> None:
    assert Talk(FORM)("5", "1").startswith("A crowd, true: 4 of 2?")
    assert Talk(FORM)("3", "1").startswith("So few: 1?")


def test_a_default_that_is_worked_out_is_held_so_too() -> None:
    talk = Talk(FORM)

    talk("5", "S")

    assert talk.answers["pairs"] == "3"


def test_truths_are_joined_as_the_expression_reads_them_also_where_no_element_need_be_made() -> None:
    talk = Talk("""\
        | survey | type | name | label | calculation | bind::type |
        | | integer | age | How old? | | |
        | | calculate | grown | | ${age} > 17 | boolean |
        | | calculate | told | | join('-', ${grown}) | |
        | | calculate | again | | concat(join('-', ${grown}), '') | |
        | | note | bye | ${told} ${again} | | |
    """)

    told, again = talk("30").split()

    assert told == again
