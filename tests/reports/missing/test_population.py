"""The file with the population: the one that ships adds up to the census, and one that cannot be used is told by its line."""

import re
from pathlib import Path

import pytest

from app.reports.missing.population import BadMargins, read

HEAD = "province,sex,residence,age,population\n"
PAGE = (Path(__file__).parents[3] / "docs" / "who-is-missing.md").read_text()


def test_the_file_that_ships_is_the_census() -> None:
    people = read(None)
    text = (Path(__file__).parents[3] / "app" / "reports" / "missing" / "zimbabwe_2022.csv").read_text()
    rows = [line.split(",") for line in text.splitlines() if line.startswith("ZW")]

    assert sum(int(row[-1]) for row in rows) == 15_178_957
    assert [each.dimensions for each in people.margins] == [("province", "sex"), ("residence",), ("age",)]
    assert all(sum(each.shares.values()) == pytest.approx(1) for each in people.margins)
    sexes = people.margin(["sex"])
    assert sexes is not None
    assert sexes.shares["woman",] == pytest.approx(7_891_035 / 15_178_957)
    assert len(people.categories("province")) == 10
    assert people.margin(["province", "age"]) is None


def test_only_shares_count_and_comments_and_blanks_do_not(tmp_path: Path) -> None:
    file = tmp_path / "here.csv"
    file.write_text(f"# Ours\n{HEAD}\n,, rural ,,3\n,,town,,1\n")

    (margin,) = read(file).margins

    assert margin.shares == {("rural",): 0.75, ("town",): 0.25}
    assert read(file).name == "here"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the columns are province, sex, residence, age, population"),
        ("province,people\n", "the columns are province"),
        (HEAD, "there are no rows"),
        (f"{HEAD},,,,5\n", "line 2: no category"),
        (f"{HEAD}A,,,,5\nA,,,,6\n", "line 3: A is there twice"),
        (f"{HEAD}A,,,,1 000\n", "line 2: '1 000' is no figure"),
        (f"{HEAD}A,,,,-1\n", "line 2: '-1' is no figure"),
        (f"{HEAD}A,,,,inf\n", "line 2: 'inf' is no figure"),
        (f"{HEAD}A,,,,nan\n", "line 2: 'nan' is no figure"),
        (f"{HEAD}A,,,5\n", "line 2: it has 4 cells; write 5"),
        (f"{HEAD}A,,,,0\n", "province: nobody is in it"),
        (HEAD + "".join(f"{n},,,,1\n" for n in range(5001)), "more than 5000 rows"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_by_its_line(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(text)

    with pytest.raises(BadMargins, match=re.escape(told)):
        read(file)


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(BadMargins, match="UTF-8"):
        read(file)


def test_the_example_of_the_page_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "page.csv"
    file.write_text(PAGE.split("<!-- margins -->\n```\n")[1].split("```")[0])

    assert {each.dimensions for each in read(file).margins} == {("province", "sex"), ("residence",)}
