"""Every question type by its table of cases, `tests/cases/questions/<type>.csv`: a reply, and its value or why it is none."""

import csv
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flows.phrases import PHRASES, fold
from app.flows.questions import QUESTIONS
from app.flows.questions.base import Accepted, BadMark, Fitting, Refused, _nearest

FOLDER = Path(__file__).parents[1] / "cases" / "questions"


@dataclass(frozen=True)
class Entry:
    """A choice as the respondent saw it."""

    name: str
    spoken: tuple[str, ...]


def entry(name: str, *labels: str) -> Entry:
    return Entry(name, (fold(name), *map(fold, labels)))


SHOWN = (
    entry("maize", "Maize", "Chibage"),
    entry("beans", "Beans", "Nyimo"),
    entry("groundnuts", "Ground nuts", "Nzungu"),
    entry("sweet", "Sweet potatoes", "Mbambaira"),
    entry("red", "Pumpkins, the red kind"),
    entry("white", "Pumpkins, the white kind"),
    entry("yes", "Hongu"),
    entry("none", "Hapana"),
    entry("other", "Zvimwe"),
)
CASES = [
    pytest.param(path.stem, row["reply"], row["value"], row["refused"], id=f"{path.stem}-{row['reply']!r}")
    for path in sorted(FOLDER.glob("*.csv"))
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())
]


@pytest.mark.parametrize(("kind", "reply", "value", "refused"), CASES)
def test_a_reply_is_an_answer_or_gets_its_reason(kind: str, reply: str, value: str, refused: str) -> None:
    result = QUESTIONS[kind].read(reply, SHOWN)

    assert result[:1] == ((refused,) if refused else (value,))
    assert isinstance(result, Refused if refused else Accepted)


def test_every_type_has_its_cases() -> None:
    assert {path.stem for path in FOLDER.glob("*.csv")} == set(QUESTIONS)


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_asked_type_has_an_answer_and_a_refusal_among_its_cases(name: str) -> None:
    cases = [case.values for case in CASES if case.values[0] == name]

    assert any(refused for *_, refused in cases)
    assert QUESTIONS[name].asked == any(value for _, _, value, _ in cases)


@given(st.sampled_from(sorted(QUESTIONS)), st.text(max_size=200))
def test_no_reply_ever_breaks_a_question(name: str, reply: str) -> None:
    result = QUESTIONS[name].read(reply, SHOWN)

    assert isinstance(result, Accepted | Refused)
    if isinstance(result, Refused):
        assert result.phrase in PHRASES


@pytest.mark.parametrize(
    ("name", "marks", "reply", "value"),
    [
        ("date", {"date_order": "mdy"}, "12/25/1990", "1990-12-25"),
        ("date", {"date_order": "mdy"}, "12251990", "1990-12-25"),
        ("date", {"date_order": "mdy"}, "25/12/1990", "not_a_date_mdy"),
        ("date", {"date_order": "mdy"}, "25 Dec 1990", "1990-12-25"),
        ("date", {"date_order": "ymd"}, "19901225", "1990-12-25"),
        ("date", {"date_order": "ymd"}, "25.12.1990", "1990-12-25"),
        ("date", {"date_order": "ymd"}, "12/25/1990", "not_a_date_ymd"),
        ("date", {"appearance": "month-year"}, "12/1990", "1990-12-01"),
        ("date", {"appearance": "month-year"}, "121990", "1990-12-01"),
        ("date", {"appearance": "month-year"}, "1990-12", "1990-12-01"),
        ("date", {"appearance": "month-year"}, "Zvita 1990", "1990-12-01"),
        ("date", {"appearance": "month-year"}, "25/12/1990", "1990-12-01"),
        ("date", {"appearance": "month-year"}, "13/1990", "not_a_month"),
        ("date", {"appearance": "no-calendar year"}, "1990", "1990-01-01"),
        ("date", {"appearance": "year"}, "90", "not_a_year"),
        ("dateTime", {"date_order": "mdy"}, "12/25/1990 2pm", "1990-12-25T14:00:00.000"),
        ("dateTime", {"date_order": "ymd"}, "25/12/90 2pm", "not_a_date_time_ymd"),
        ("range", {"start": "0", "end": "100", "step": "5"}, "95", "95"),
        ("range", {"start": "0", "end": "100", "step": "5"}, "96", "not_in_steps"),
        ("range", {"start": "0.5", "end": "5", "step": "0.5", "type": "decimal"}, "2,5", "2.5"),
        ("range", {"start": "0.5", "end": "5", "step": "0.5", "type": "decimal"}, "2.4", "not_in_steps"),
        ("range", {"start": "-5", "end": "5", "step": "1", "type": "int"}, "-5", "-5"),
    ],
)
def test_a_type_does_as_its_form_wants(name: str, marks: dict[str, str], reply: str, value: str) -> None:
    kind = QUESTIONS[name]
    assert isinstance(kind, Fitting)

    assert kind.fitted(marks).read(reply, ())[0] == value


@pytest.mark.parametrize(
    ("name", "marks"),
    [
        ("date", {"date_order": "dym"}),
        ("range", {"start": "5", "end": "1", "step": "1"}),
        ("range", {"start": "1", "end": "5", "step": "0"}),
        ("range", {"start": "1", "end": "5", "step": "0.5"}),
        ("range", {"start": "NaN", "end": "5", "step": "1"}),
        ("range", {"start": "1", "end": "1e99", "step": "1"}),
        ("range", {"end": "5", "step": "1"}),
    ],
)
def test_a_type_refuses_what_a_form_cannot_want(name: str, marks: dict[str, str]) -> None:
    kind = QUESTIONS[name]
    assert isinstance(kind, Fitting)

    with pytest.raises(BadMark):
        kind.fitted(marks)


def test_figures_steer_in_a_range_where_none_of_them_is_an_answer() -> None:
    kind = QUESTIONS["range"]
    assert isinstance(kind, Fitting)

    assert kind.figures_steer
    assert not kind.fitted({"start": "0", "end": "100", "step": "1"}).figures_steer


@given(st.permutations(range(1, len(SHOWN) + 1)), st.sampled_from([" ", ",", ", ", "*", "/", ""]))
def test_an_order_is_kept_however_it_is_written(numbers: list[int], between: str) -> None:
    result = QUESTIONS["rank"].read(between.join(map(str, numbers)), SHOWN)

    assert result == Accepted(" ".join(SHOWN[number - 1].name for number in numbers))


FIGURES = ["integer", "decimal", "date", "time", "dateTime", "range", "geopoint"]


@given(st.sampled_from(FIGURES), st.text("0123456789 .,+-/*'", max_size=24))
def test_figures_become_what_odk_writes(name: str, reply: str) -> None:
    written = {
        "integer": r"0|-?[1-9][0-9]*", "decimal": r"0|-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?", "date": r"\d{4}-\d\d-\d\d",
        "time": r"\d\d:\d\d:00\.000", "dateTime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000", "range": "[1-9]|10",
        "geopoint": r"-?[0-9.]+ -?[0-9.]+ 0 0",
    }  # fmt: skip
    result = QUESTIONS[name].read(reply, ())

    if isinstance(result, Accepted):
        assert re.fullmatch(written[name], result.value)
        assert QUESTIONS[name].read(result.value, ()) == result


@given(st.lists(st.integers(1, len(SHOWN)), min_size=1), st.sampled_from([" ", ",", ", ", "*", "/", "+"]))
def test_several_numbers_mean_those_choices_in_the_order_of_the_list(numbers: list[int], between: str) -> None:
    result = QUESTIONS["select_multiple"].read(between.join(map(str, numbers)), SHOWN)

    assert result == Accepted(" ".join(SHOWN[number - 1].name for number in sorted(set(numbers))))


@given(st.sampled_from(SHOWN), st.data())
def test_a_label_is_understood_in_any_case_and_with_any_blanks(choice: Entry, data: st.DataObject) -> None:
    spoken = data.draw(st.sampled_from(choice.spoken))
    typed = "".join(data.draw(st.sampled_from([c.lower(), c.upper()])) for c in spoken).replace(" ", "  ")

    assert QUESTIONS["select_one"].read(f" {typed}.", SHOWN) == Accepted(choice.name)


WORDS = st.text("abehinotu ", min_size=4, max_size=14)


@given(WORDS, st.lists(WORDS, min_size=1, max_size=6))
def test_what_is_passed_over_unread_is_never_near(word: str, labels: list[str]) -> None:
    def likeness(label: str) -> float:
        return SequenceMatcher(None, word, label, autojunk=False).ratio()

    shown = [Entry(str(place), (label,)) for place, label in enumerate(labels)]
    first, *rest = sorted(map(likeness, labels), reverse=True)
    is_one = first >= 0.8 and first not in rest
    assert _nearest(word, shown) == (str([*map(likeness, labels)].index(first)) if is_one else None)
