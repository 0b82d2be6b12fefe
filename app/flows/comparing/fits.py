"""What a new version of a survey changes in how a question type is fitted: its bounds, its precision, its order of dates."""

from collections.abc import Iterator

from app.flows.comparing.changes import Change, Kind
from app.flows.flow import Question
from app.flows.questions.base import QuestionType
from app.flows.questions.date import Date
from app.flows.questions.date_time import DateTime
from app.flows.questions.metadata import Metadata
from app.flows.questions.range import Range

_COARSE = "a month or a year is kept as its first day: dates before and after do not compare"
_OTHER = "another value is filled in: values before and after do not compare"
OTHER_ANSWERS = "other answers are possible than before: averages and totals may not compare"


def of_fit(old: Question, new: Question) -> Iterator[Change]:
    """How two questions of one type are fitted, changed or not; nothing of two types, which is a change of its own."""
    if old.kind.name != new.kind.name:
        return
    for kind, read, warning in (
        (Kind.RANGE, _bounds, OTHER_ANSWERS),
        (Kind.PRECISION, _precision, _COARSE),
        (Kind.DATE_ORDER, _order, ""),
        (Kind.FILLED_IN, _given, _OTHER),
    ):
        yield Change(kind, new.name, before=read(old.kind), after=read(new.kind), warning=warning)


def _bounds(kind: QuestionType) -> str:
    return "{least} to {most} in steps of {step}".format(**kind.blanks) if isinstance(kind, Range) else ""


def _precision(kind: QuestionType) -> str:
    return kind.precision if isinstance(kind, Date) else ""


def _order(kind: QuestionType) -> str:
    dates = kind.date if isinstance(kind, DateTime) else kind
    return dates.order if isinstance(dates, Date) else ""


def _given(kind: QuestionType) -> str:
    return kind.given or "nothing" if isinstance(kind, Metadata) else ""
