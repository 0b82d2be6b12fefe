"""What a new version changes in questions of every type and in the files attached to a form."""

import time
from collections.abc import Mapping

import pytest

from app.flows.comparing.diff import diff
from app.flows.flow import Flow
from app.flows.reading.compile import compile_form
from app.flows.reading.load import load
from tests.forms import FORMS, as_csv

CLINIC = (FORMS / "clinic.md").read_text(encoding="utf-8")
MEDIA = {path.name: path.read_bytes() for path in (FORMS / "clinic-media").iterdir()}


def clinic(*edits: tuple[str, str], files: Mapping[str, bytes] = MEDIA) -> list[tuple[str, str]]:
    """What edits of the clinic form, or of its files, change: in words, and why results do not line up."""
    text = CLINIC
    for before, after in edits:
        assert before in text
        text = text.replace(before, after)
    old, new = (
        compile_form(load(each.encode(), "clinic.md", media)) for each, media in ((CLINIC, MEDIA), (text, files))
    )
    return [(str(each), each.warning) for each in diff(old, new).changes]


POSSIBLE = "other answers are possible than before: averages and totals may not compare"
NOTHING_TOLD = "it gets no more answers; those given stay under this name"
READ = "a calculation reads it: values before and after may not compare"


@pytest.mark.parametrize(
    ("edits", "says", "warning"),
    [
        (
            [("end=10", "end=5")],
            "pleased: the range of numbers changed from “1 to 10 in steps of 1” to “1 to 5 in steps of 1”",
            POSSIBLE,
        ),
        (
            [("step=2.5", "step=5")],
            "weight: the range of numbers changed from “0 to 200 in steps of 2.5” to “0 to 200 in steps of 5”",
            POSSIBLE,
        ),
        (
            [(" month-year ", " year ")],
            "visited: the precision changed from “month” to “year”",
            "a month or a year is kept as its first day: dates before and after do not compare",
        ),
        (
            [("| | needs | nurses |", "| | needs | beds | Beds | Mibhedha | Imibheda |\n| | needs | nurses |")],
            "needs: the choice beds added, “Beds”",
            "it takes a place in every order, so places before and after do not compare",
        ),
        (
            [("| rank needs |", "| select_one needs |")],
            "needs: the type changed from “rank” to “select_one”",
            "answers are an order of choices until now and one choice from then on",
        ),
        ([("| | hidden | project |", "| | hidden | projects |")], "project: removed, hidden", NOTHING_TOLD),
        ([("clinics-2026", "clinics-2027")], "project: the default changed from “clinics-2026” to “clinics-2027”", ""),
        (
            [("| | deviceid | device |", "| | username | device |")],
            "device: the value that is filled in changed from “device” to “who”",
            "another value is filled in: values before and after do not compare",
        ),
        (
            [("The last time for yourself, not for a child.", "The last time.")],
            "clinic [English]: the hint changed from “The last time for yourself, not for a child.” to “The last time.”",
            "",
        ),
        (
            [("If you were never treated, skip.", "Skip.")],
            "clinic [English]: the guidance hint changed from “If you were never treated, skip.” to “Skip.”",
            "",
        ),
    ],
)  # fmt: skip
def test_what_changes_in_a_type_is_told(edits: list[tuple[str, str]], says: str, warning: str) -> None:
    assert (says, warning) in clinic(*edits)


def test_the_order_of_dates_is_told_of_each_date() -> None:
    assert clinic(("| dmy |", "| ymd |")) == [
        ("visited: the order of dates changed from “dmy” to “ymd”", ""),
        ("next: the order of dates changed from “dmy” to “ymd”", ""),
    ]


def test_the_constraint_of_a_date_with_time_matters_as_that_of_a_date() -> None:
    def form(rule: str) -> Flow:
        rows = [["type", "name", "label", "constraint"], ["dateTime", "seen", "When?", rule]]
        return compile_form(load(as_csv({"survey": rows}), "seen.csv"))

    assert [each.warning for each in diff(form(". < now()"), form("")).changes] == [POSSIBLE]


@pytest.mark.parametrize(
    ("name", "before", "after", "says"),
    [
        ("prices.csv", b"5", b"6", [("prices (fee): other rows: 1 are gone, 1 are new", READ)]),
        ("wards.csv", b"Gutu ward 1", b"Gutu, ward 1", [
            ("wards (ward) [English]: the label of the choice g1 changed from “Gutu ward 1” to “Gutu, ward 1”", "")
        ]),
        ("clinics.geojson", b"40", b"50", [("clinics: other rows: 1 are gone, 1 are new", "")]),
        ("medicines.xml", b"Paracetamol", b"paracetamol", [
            ("medicines (missing) [English]: the label of the choice paracetamol changed from “Paracetamol” to “paracetamol”", "")
        ]),
    ],
)  # fmt: skip
def test_what_changes_in_an_attached_file_is_told(
    name: str, before: bytes, after: bytes, says: list[tuple[str, str]]
) -> None:
    assert before in MEDIA[name]

    assert clinic(files=MEDIA | {name: MEDIA[name].replace(before, after, 1)}) == says


def test_lists_of_thousands_are_compared_in_a_moment() -> None:
    """Each of 2,000 wards gets another label: comparing each with each would take minutes."""
    form = as_csv({"survey": [["type", "name", "label"], ["select_one_from_file wards.csv", "ward", "Which ward?"]]})
    old, new = (
        compile_form(load(form, "wards.csv", {"wards.csv": ("name,label\n" + rows).encode()}))
        for rows in ("".join(f"w{n},{word} {n}\n" for n in range(2_000)) for word in ("Ward", "The ward"))
    )
    began = time.process_time()

    assert len(diff(old, new).changes) == 2_000
    assert time.process_time() - began < 10
