"""The long form of answers: labels of their own version, the words as typed, pseudonyms, nothing a spreadsheet runs."""

import csv
import io
import json
from typing import Any

from app import main
from app.reports import answers as report
from app.reports.lines import write_csv
from tests.phone import Phone

PATH = ("1", "1", "1", "1", "1", "0", "1", "2", "1 3", "1", "0", "1", "2", "10", "1", "1", "3", "1")


def exported(parts: main.Parts, **options: Any) -> list[dict[str, Any]]:
    out = io.StringIO(newline="")
    chosen = {"survey": None, "language": None, "neutral": True} | options
    parts.database.read(
        lambda connection: write_csv(
            out,
            report.COLUMNS,
            report.rows(connection, lambda key: parts.library.edition(key).flow, **chosen),
            neutral=False,
        )
    )
    return list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))


def answered(phone: Phone, story: str) -> None:
    phone.dial()
    phone.replies(*PATH, story)


def test_every_answer_is_a_row_with_its_labels_and_the_words_as_typed(parts: main.Parts, phone: Phone) -> None:
    answered(phone, "We walk far for water.")

    rows = {row["question"]: row for row in exported(parts)}

    assert tuple(rows["province"]) == report.COLUMNS
    assert (rows["province"]["value"], rows["province"]["value_label"]) == ("ZW19", "Harare")
    assert rows["province"]["raw"] == "10"
    assert rows["province"]["answered_at"] == "2026-11-23T10:00:00Z"
    assert len(rows["resources_which"]["value"].split()) == len(rows["resources_which"]["value_label"].split("; ")) == 2
    assert (rows["inequality_second"]["value"], rows["inequality_second"]["raw"]) == ("", "0")
    assert rows["story"]["value"] == "We walk far for water."
    assert len({row["respondent"] for row in rows.values()}) == 1


def test_no_phone_number_is_in_the_export(parts: main.Parts, phone: Phone) -> None:
    answered(phone, "Nothing to add.")

    assert phone.number.lstrip("+") not in json.dumps(exported(parts))


def test_a_text_that_a_spreadsheet_would_run_stays_text(parts: main.Parts, phone: Phone) -> None:
    answered(phone, '=HYPERLINK("http://x","y")')

    (story,) = [row["value"] for row in exported(parts) if row["question"] == "story"]

    assert story == '\'=HYPERLINK("http://x","y")'


def test_labels_come_in_the_language_that_is_asked_for(parts: main.Parts, phone: Phone) -> None:
    answered(phone, "Nothing to add.")

    rows = {row["question"]: row for row in exported(parts, language="sn")}

    assert rows["consent"]["value_label"] == "Hongu"
