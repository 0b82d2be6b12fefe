"""What a new version of a survey changes in lists beside what their choices say: the rows that expressions read."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from app.flows.comparing.changes import Change, Kind
from app.flows.flow import ChoiceList, Flow
from app.flows.reading import itext

_KEY = "itextId"  # pyxform's own numbering of texts
_Row = tuple[tuple[str, str], ...]


def of_rows(before: Flow, after: Flow) -> Iterator[Change]:
    """A change for each list of both versions whose rows differ in something that its choices do not tell."""
    for name in after.instances:
        if name not in before.instances:
            continue
        old, new = (_rows(flow, name) for flow in (before, after))
        if _is_list(before, name) and _is_list(after, name):
            both = {row[0] for row in old} & {row[0] for row in new}
            old, new = ([row for row in rows if row[0] in both] for rows in (old, new))
        gone, come = Counter(old) - Counter(new), Counter(new) - Counter(old)
        if gone or come:
            readers = tuple(_readers(after, name))
            warning = "a calculation reads it: values before and after may not compare" if readers else ""
            yield Change(
                Kind.ROWS, name, before=str(gone.total()), after=str(come.total()), questions=readers, warning=warning
            )


def _rows(flow: Flow, name: str) -> list[_Row]:
    """The rows of a list; of one that is chosen from, each begins with the choice and leaves out its label."""
    items = list(flow.instances[name][0])
    found = _choices(flow, name)
    if found is None:
        return [tuple(sorted(_cells(item))) for item in items]
    rows = []
    for item, choice in zip(items, found.choices, strict=True):
        told = {choice.name, *("".join(map(str, text)) for text in choice.labels.values())}
        cells = ((column, text) for column, text in _cells(item) if itext.tidy(text).strip() not in told)
        rows.append((("", choice.name), *sorted(cells)))
    return rows


def _cells(item: Any) -> Iterator[tuple[str, str]]:
    """Every column with something in it; columns may lie in others where the list came as XML."""
    for cell in item.iter():
        if cell is not item and cell.tag != _KEY and (cell.text or "").strip():
            yield str(cell.tag), (cell.text or "").strip()


def _choices(flow: Flow, name: str) -> ChoiceList | None:
    lists = (question.choices for question in flow.questions)
    return next((each for each in lists if each is not None and each.name == name), None)


def _is_list(flow: Flow, name: str) -> bool:
    return _choices(flow, name) is not None


def _readers(flow: Flow, name: str) -> Iterator[str]:
    """The calculations that name a list."""
    for question in flow.calculates:
        source = question.calculate.source if question.calculate is not None else ""
        if f"'{name}'" in source or f'"{name}"' in source:
            yield question.name
