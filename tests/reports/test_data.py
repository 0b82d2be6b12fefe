"""A survey's data: what is in a row, why there is nothing in a cell, whose runs there are; the same on both databases."""

import csv
import io
import json
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app import main
from app.flows.dictionary.variable import Dictionary
from app.reports.data.asking import Wish, how_of, usable, which_of
from app.reports.data.extract import Extract, counts_of
from app.reports.data.how import BadWish
from app.reports.formats import kinds
from app.store import descriptions
from app.store.exports import Count
from tests.reports.wells import AT, STORY, fill

ZONE = ZoneInfo("Africa/Harare")


class Office:
    """An analyst, who asks for data."""

    def __init__(self, parts: main.Parts, times: int = 1) -> None:
        self.parts, self.dictionary = parts, fill(parts, times)

    def take(self, kind: str = "csv", **asked: Any) -> bytes:
        """The bytes of a file."""
        wish, out = Wish(kind=kind, **asked), io.BytesIO()

        def work(connection: Any) -> int:
            which, how = which_of(wish, self.dictionary, ZONE), how_of(wish, self.dictionary)
            return usable(kind).write(out, Extract(connection, self.dictionary, which, how, at=AT))

        self.parts.database.read(work)
        return out.getvalue()

    def rows(self, **asked: Any) -> list[dict[str, str]]:
        """The rows of a CSV file."""
        text = self.take(**({"bom": False} | asked)).decode()
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def who(self, **asked: Any) -> list[str]:
        """The pseudonyms of the runs."""
        return [row["respondent"] for row in self.rows(**asked)]


@pytest.fixture
def office(parts: main.Parts) -> Office:
    return Office(parts)


def test_a_row_is_a_run_and_a_cell_is_what_is_stored(office: Office) -> None:
    rows = office.rows(neutral=False)

    assert [row["respondent"] for row in rows] == ["p0x0", "p0x1", "p0x2", "p0x3"]
    first, second, third, _ = rows
    given = {name: first[name] for name in ("province", "works", "uses", "stood", "metres", "dug", "story", "paid")}
    assert given == {
        "province": "mw", "works": "yes", "uses": "cook drink", "stood": "3", "metres": "12.50", "dug": "1987-05-01",
        "story": STORY, "paid": "yes",
    }  # fmt: skip
    assert (first["uses__drink"], first["uses__cook"], second["uses__drink"]) == ("1", "1", "")
    assert (first["version"], second["version"]) == ("2", "1")
    assert (first["channel"], third["asked_in"], second["asked_in"]) == ("sms ussd", "en", "sn")
    assert (first["started_at"], first["ended_at"]) == ("2026-11-23T08:00:00Z", "2026-11-23T08:05:00Z")
    assert second["story"] == "Mvura, “kure”\nnhasi"
    assert "called" not in first


def test_a_cell_without_a_value_says_why_where_that_is_wanted(office: Office) -> None:
    _, second, third, fourth = office.rows(reasons=True)

    assert (second["uses"], second["uses__cook"], second["stood"]) == ("not_asked", "not_asked", "skipped")
    assert (third["works"], fourth["works"], third["dug"], third["story"]) == (
        "dont_know",
        "refused",
        "not_asked",
        "skipped",
    )
    assert [row["paid"] for row in office.rows()] == ["yes", "", "", ""]


def test_a_formula_stays_text_unless_words_are_wanted_as_they_are(office: Office) -> None:
    stories = [row["story"] for row in office.rows()]
    assert (stories[0], stories[3]) == (f"'{STORY}", "+5")  # a number is no formula
    assert [row["works"] for row in office.rows(labels=True)][3] == "'=Not saying"
    assert [row["works"] for row in office.rows(labels=True, neutral=False)][3] == "=Not saying"


def test_excel_is_told_the_alphabet_unless_nobody_wants_that(office: Office) -> None:
    assert office.take().startswith(b"\xef\xbb\xbfrespondent,")
    assert office.take(bom=False).startswith(b"respondent,")


def test_labels_come_in_a_language(office: Office) -> None:
    first = office.rows(labels=True, language="sn")[0]

    assert (first["province"], first["uses"], first["uses__cook"]) == ("Mash West", "Kubika; Kunwa", "1")


@pytest.mark.parametrize(
    ("multiples", "columns"),
    [("split", {"uses__drink", "uses__cook"}), ("joined", {"uses"}), ("both", {"uses", "uses__drink", "uses__cook"})],
)
def test_several_choices_are_split_or_joined_or_both(office: Office, multiples: str, columns: set[str]) -> None:
    assert {name for name in office.rows(multiples=multiples)[0] if name.startswith("uses")} == columns


def test_runs_are_chosen_by_how_they_ended_and_when_and_by_what_was_said(office: Office) -> None:
    assert office.who(states=("all",)) == [f"p0x{place}" for place in range(7)]
    assert office.who(states=("stopped", "expired")) == ["p0x4", "p0x5"]
    assert office.who(since="2026-11-24", until="2026-11-25") == ["p0x1", "p0x2"]
    assert office.who(since="2026-11-24T10:06") == ["p0x2", "p0x3"]  # 8:05 in UTC is 10:05 in Harare
    assert office.who(asked_in="sn") == ["p0x1", "p0x3"]
    assert office.who(version="2") == ["p0x0"]
    assert office.who(where=("province=ma",)) == ["p0x1", "p0x2"]
    assert office.who(where=("province=ma", "works=no")) == ["p0x1"]
    assert office.who(where=("uses=drink",)) == ["p0x0"]
    assert office.who(where=("called=nobody, for it was set aside",)) == []
    assert office.who(channel="sms") == ["p0x0", "p0x1", "p0x2", "p0x3"]
    assert office.who(channel="sms", states=("expired",)) == []


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"where": ("province=xx",)}, "province has no such choice. It has: mw, ma."),
        (
            {"where": ("nothing=1",)},
            "Write --where VARIABLE=VALUE with a variable of the survey; `izwi dictionary` lists them.",
        ),
        ({"version": "9"}, "There is no version '9'. There are: 1, 2."),
        ({"language": "nd"}, "The survey is not in 'nd'. It is in: en, sn."),
        ({"since": "yesterday"}, "A day is written 2026-11-23, a moment 2026-11-23T10:00."),
        ({"table": "cow"}, "There is no repeat 'cow'. There are: user, trip."),
        ({"kind": "xlsx", "table": "user"}, "A file in the format xlsx has all tables."),
        ({"kind": "sav", "long": True}, "A row an answer is for these formats: csv, jsonl, parquet, flow-results."),
    ],
)
def test_what_cannot_be_given_is_told(office: Office, asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadWish) as told:
        office.take(**asked)

    assert str(told.value) == sentence


def test_a_repeat_is_a_table_of_its_own_that_joins_the_runs(office: Office) -> None:
    runs = {row["respondent"]: row["run"] for row in office.rows()}
    users, trips = office.rows(table="user"), office.rows(table="trip")

    kept = [(row["respondent"], row["repeat_position"], row["called"], row["litres"]) for row in users]
    # The third user of the last run has no answer of her own, but trips.
    assert kept == [("p0x0", "1", "Rudo", "20"), ("p0x0", "2", "Chipo", ""), ("p0x3", "3", "", "")]
    assert [(row["run"], row["repeat_position"], row["repeat_parent"], row["minutes"]) for row in trips] == [
        (runs["p0x0"], "1.1", "1", "15"), (runs["p0x0"], "1.2", "1", "30"), (runs["p0x3"], "3.1", "3", "9"),
    ]  # fmt: skip


def test_a_row_may_be_an_answer(office: Office) -> None:
    rows = office.rows(long=True, neutral=False)

    (uses,) = [row for row in rows if row["variable"] == "uses"]
    assert (uses["value"], uses["value_label"], uses["missing"]) == ("cook drink", "Cooking; Drinking", "")
    missing = {(row["respondent"], row["variable"]): row["missing"] for row in rows if row["missing"]}
    assert missing["p0x1", "stood"] == "skipped"
    assert (missing["p0x2", "works"], missing["p0x3", "works"]) == ("dont_know", "refused")
    assert [row["value"] for row in rows if row["variable"] == "minutes"] == ["15", "30", "9"]
    assert len(rows) == 14 + 6 + 5 + 5
    assert "set aside" not in json.dumps(rows)


def test_json_lines_have_numbers_and_nothing_where_nothing_is(office: Office) -> None:
    first, second, *_ = [json.loads(line) for line in office.take("jsonl").decode().splitlines()]

    assert (first["stood"], first["metres"], first["dug"], first["uses__cook"]) == (3, 12.5, "1987-05-01", 1)
    assert (second["stood"], second["uses__cook"], second["ended_at"]) == (None, None, "2026-11-24T08:05:00Z")


def test_what_is_counted_is_what_is_there(office: Office) -> None:
    wish = Wish(states=("all",))
    which = which_of(wish, office.dictionary, ZONE)

    counts = office.parts.database.read(lambda connection: counts_of(connection, office.dictionary, which))

    assert counts["works"] == Count(asked=5, skipped=0, refused=1, unknown=1)
    assert counts["works"].answered == 3
    assert counts["stood"] == Count(asked=4, skipped=1)
    assert counts["minutes"] == Count(asked=3)
    assert counts["called"] == Count(asked=2)


def test_pages_of_any_size_give_the_same(office: Office) -> None:
    from app.store import exports

    which = which_of(Wish(states=("all",)), office.dictionary, ZONE)

    def read(page: int) -> list[Any]:
        return office.parts.database.read(lambda connection: list(exports.cases(connection, which, page=page)))

    told: list[int] = []
    office.parts.database.read(lambda connection: list(exports.cases(connection, which, told.append, page=3)))
    assert read(1) == read(2) == read(500)
    assert told == [3, 6, 7]


def test_a_format_whose_library_is_not_there_says_what_to_install(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = replace(kinds.FORMATS["sav"], needs=("a_library_that_nobody_has",))
    monkeypatch.setitem(kinds.FORMATS, "sav", lacking)  # type: ignore[arg-type]

    with pytest.raises(BadWish) as told:
        office.take("sav")

    assert "pip install '.[statistics]'" in str(told.value)


def test_a_dictionary_of_no_published_version_is_none(parts: main.Parts) -> None:
    def told(survey: str) -> Dictionary | None:
        return parts.database.read(lambda connection: descriptions.dictionary(connection, survey))

    assert told("nosuch") is None
    found = told("leave_no_one_behind")
    assert isinstance(found, Dictionary)
    assert found.survey == "leave_no_one_behind"
