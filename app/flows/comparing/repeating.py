"""What a new version of a survey changes in its repeats: which there are, how often each is asked, what is asked in it."""

from collections.abc import Callable, Iterator, Mapping

from app.flows.comparing.changes import Change, Kind
from app.flows.flow import Flow, Question, Repeat
from app.flows.xpath.expressions import Expression

_NESTED = " / "
_COUNT = "other instances are asked for than before: counts and totals may not compare"
_ONE, _EACH = "a respondent has one answer", "a respondent has one answer for each "


def is_part(flow: Flow, question: Question) -> bool:
    """Say whether a question is only how a repeat is asked: `Add another?`, or the count that pyxform keeps for it."""
    return question.kind.name == "another" or any(_counter(flow, each) is question for each in flow.repeats)


def renamed_repeats(before: Flow, after: Flow, old_name: Callable[[str], str]) -> Mapping[str, str]:
    """New name → old name, of repeats that are gone under one name, and are there under another with their questions.

    `old_name` is what a question was called before.
    """
    names = [{each.name for each in flow.repeats} for flow in (before, after)]
    found: dict[str, str] = {}
    for question in after.questions:
        old = before.by_name.get(old_name(question.name))
        if old is None or len(old.repeats) != len(question.repeats):
            continue
        for was, now in zip(old.repeats, question.repeats, strict=True):
            if was.name not in names[1] and now.name not in names[0] and was.name not in found.values():
                found.setdefault(now.name, was.name)
    return found


def of_repeats(
    before: Flow, after: Flow, renamed: Mapping[str, str], written: Callable[[Expression | bool | None], str]
) -> Iterator[Change]:
    """Repeats that came, went or got another name, and how often each is asked."""
    had = {each.name: each for each in before.repeats}
    for repeat in after.repeats:
        old = had.pop(renamed.get(repeat.name, repeat.name), None)
        if old is None:
            yield Change(Kind.ADDED, repeat.name, after="repeat")
            continue
        if old.name != repeat.name:
            warning = f"records have its answers in {old.name} until now and in {repeat.name} from then on"
            yield Change(Kind.RENAMED, repeat.name, before=old.name, warning=warning)
        counts = _count(before, old, written), _count(after, repeat, written)
        yield Change(Kind.REPEAT_COUNT, repeat.name, before=counts[0], after=counts[1], warning=_COUNT)
    for old in had.values():
        yield Change(Kind.REMOVED, old.name, before="repeat")


def of_place(old: Question, new: Question, renamed: Mapping[str, str], *, answered: bool) -> Iterator[Change]:
    """A question that came into a repeat or out of one: answers are kept once, or once for each instance."""
    if [each.name for each in old.repeats] == [renamed.get(each.name, each.name) for each in new.repeats]:
        return
    before, after = (_NESTED.join(each.name for each in question.repeats) for question in (old, new))
    kind = Kind.OTHER_REPEAT if before and after else Kind.INTO_REPEAT if after else Kind.OUT_OF_REPEAT
    was, will = (f"{_EACH}{each}" if each else _ONE for each in (before, after))
    warning = f"{was} until now and {will.removeprefix('a respondent has ')} from then on" if answered else ""
    yield Change(kind, new.name, before=before, after=after, warning=warning)


def _count(flow: Flow, repeat: Repeat, written: Callable[[Expression | bool | None], str]) -> str:
    counter = _counter(flow, repeat)
    count = counter.calculate if counter is not None else repeat.count
    return written(count) or ("as often as she says" if repeat.asks else "once")


def _counter(flow: Flow, repeat: Repeat) -> Question | None:
    """Where `repeat_count` is more than a name, pyxform makes it a calculate of its own beside the repeat."""
    path = f"{repeat.path}_count"
    if repeat.count is None or repeat.count.source.strip() != path:
        return None
    return next((each for each in flow.calculates if each.path == path), None)
