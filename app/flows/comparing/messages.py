"""What a new version of a survey changes in messages of many answers: records by tags, and questions asked together."""

from collections.abc import Callable, Iterator

from app.flows.comparing.changes import Change, Kind
from app.flows.flow import Flow, Question
from app.flows.phrases import fold

_NO_RECORD = "an SMS written as before is no record any more, and may be taken for the answer to one question"
_BLANK = "a blank"


def of_records(before: Flow, after: Flow) -> Iterator[Change]:
    """How a record in one SMS begins, and what stands between its answers."""
    old, new = before.compact, after.compact
    was, now = (each.prefix if each else "" for each in (old, new))
    if was.casefold() != now.casefold():
        yield Change(Kind.PREFIX, before=was, after=now, warning=_NO_RECORD if was else "")
    if old and new and old.delimiter != new.delimiter:
        # Blanks are understood whatever the delimiter is; any other one only where it is the form's own.
        warning = _NO_RECORD if old.delimiter.strip() else ""
        names = (each.delimiter if each.delimiter.strip() else _BLANK for each in (old, new))
        yield Change(Kind.DELIMITER, before=next(names), after=next(names), warning=warning)


def of_tag(before: Flow, old: Question, after: Flow, new: Question) -> Iterator[Change]:
    """The tag of a question in a record, where both versions have records."""
    if before.compact is None or after.compact is None:
        return
    was, now = before.compact.tag_of.get(old.name, ""), after.compact.tag_of.get(new.name, "")
    if fold(was) == fold(now):
        return
    other = after.compact.tags.get(fold(was), "") if was else ""
    warning = f"an SMS written as before no longer answers it: {was} is unknown now" if was else ""
    if other:
        warning = f"an SMS written as before gives its answer to {other} now"
    yield Change(Kind.COMPACT_TAG, new.name, before=was, after=now, warning=warning)


def of_field_lists(before: Flow, after: Flow, old_name: Callable[[str], str]) -> Iterator[Change]:
    """Questions that come together in one SMS; told once for all of them. Answers are kept as before.

    `old_name` is what a question was called before.
    """
    new_name = {old_name(each.name): each.name for each in after.questions}
    told: set[tuple[str, ...]] = set()
    for question in after.questions:
        was = tuple(new_name.get(name, name) for name in before.together.get(old_name(question.name), ()))
        now = after.together.get(question.name, ())
        if was == now or (now or was) in told:
            continue
        told.update((was, now))
        yield Change(Kind.TOGETHER, question.name, before=", ".join(was), after=", ".join(now))
