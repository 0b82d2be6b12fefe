"""docs/security.md names code and tests that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text()


def rows() -> list[tuple[str, str, str]]:
    """Item, code and tests of each row."""
    table = PAGE.split("## Item, code, test\n")[1].split("\n## ")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("|")
    ]
    return [(item, code, tests) for item, _, code, tests in cells[2:]]


@pytest.mark.parametrize(("item", "code", "tests"), rows())
def test_every_item_has_code_and_a_test_that_are_there(item: str, code: str, tests: str) -> None:
    files, named = re.findall(r"`([^`]+)`", code), re.findall(r"`([^`:]+)::(test_\w+)`", tests)

    assert re.match(r"\d+\.\d+\.\d+", item)
    assert files
    assert named
    assert {file for file in files if not (ROOT / file).is_file()} == set()
    for file, test in named:
        assert re.search(rf"^(async )?def {test}\(", (ROOT / file).read_text(), re.MULTILINE), f"{file}::{test}"


def test_what_is_done_otherwise_is_said() -> None:
    said = PAGE.split("## Where Izwi does otherwise\n")[1]

    assert set(re.findall(r"^- \*\*([\d.]+)\*\*", said, re.MULTILINE)) == {
        "6.3.3", "6.5.2", "6.5.5", "7.5.2", "3.4", "12.2.2", "16.4.3",
    }  # fmt: skip
