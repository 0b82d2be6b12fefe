"""Which operator a number belongs to."""

from pathlib import Path

import pytest

from app.channels import operators


@pytest.mark.parametrize(
    ("beginning", "operator"),
    [("+26377000", "Econet"), ("+2637900", "Econet"), ("+2637100", "NetOne"), ("+26373", "Telecel"), ("+2638644", "")],
)
def test_the_longest_prefix_decides(beginning: str, operator: str) -> None:
    assert operators.read(None).of_number(beginning) == operator


def test_codes_are_known_and_strange_ones_are_nobodys() -> None:
    shipped = operators.read(None)

    assert [shipped.of_code(code) for code in ("64804", "64801", "99999", "")] == ["Econet", "NetOne", "", ""]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("operator,prefixes\nA,+1\n", "the columns are operator, codes, prefixes"),
        ("operator,codes,prefixes\n,1,+1\n", "line 2: the operator's name"),
        ("operator,codes,prefixes\nA,1,077\n", "line 2: the prefix is '077'"),
    ],
)
def test_a_wrong_list_says_where(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "operators.csv"
    file.write_text(text)

    with pytest.raises(operators.BadOperators, match=says.replace("+", r"\+")):
        operators.read(file)
