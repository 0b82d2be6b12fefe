"""Which channel serves whom, from the table of channels alone."""

import pytest

from app.channels import operators
from app.gateway.lines import Lines
from app.settings import LineSettings

ALL, SECOND, ECONET, BOTH = 1, 2, 3, 4
LINES = Lines(
    {
        ALL: LineSettings(),
        SECOND: LineSettings(),
        ECONET: LineSettings(operators=("Econet",)),
        BOTH: LineSettings(operators=("netone", "econet")),
    },
    operators.read(None),
)


@pytest.mark.parametrize(
    ("operator", "served_by"),
    [
        ("Econet", [ECONET, BOTH, ALL, SECOND]),
        ("NetOne", [BOTH, ALL, SECOND]),
        ("Telecel", [ALL, SECOND]),
        ("", [ALL, SECOND]),
    ],
)
def test_an_operators_own_lines_come_before_those_for_everybody(operator: str, served_by: list[int]) -> None:
    assert LINES.for_operator(operator) == served_by


def test_a_number_is_served_as_its_operator_is() -> None:
    assert LINES.for_number("+263770000001") == LINES.for_operator("Econet")


def test_nobody_serves_an_operator_that_no_line_is_for() -> None:
    assert Lines({ECONET: LineSettings(operators=("Econet",))}, operators.read(None)).for_operator("Telecel") == []


def test_a_misspelt_operator_is_found() -> None:
    lines = Lines({ALL: LineSettings(operators=("Econnet", "NetOne"))}, operators.read(None))

    assert lines.strange() == ["Econnet"]
