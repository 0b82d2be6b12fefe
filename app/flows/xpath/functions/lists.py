"""Functions about nodes: repeats, lists of choices, and other data beside the form (ODK XForms, "Node-set Functions")."""

from collections.abc import Mapping
from typing import Any

from app.flows.xpath.functions.values import number_of, text_of

_MOST_COLUMNS = 100  # that are kept by key: an answer could name any column


def count_non_empty(_: Any, nodes: Any) -> float:
    """`count-non-empty()`: nodes with a value or with nodes inside."""
    return float(sum(1 for node in nodes if text_of([node]) or (hasattr(node, "itertext") and len(node))))


def pick(_: Any, nodes: Any, place: Any) -> Any:
    """The node at a place, counted from 1; the first if the place is none (`indexed-repeat()`, as in JavaRosa)."""
    number = number_of(place)
    index = int(number) if 1 <= number <= len(nodes) else 1 if not number >= 1 else len(nodes) + 1
    return nodes[index - 1 : index]


class PullData:
    """`pulldata()`: a cell of the first row that has a key in a column; each column is searched through once."""

    def __init__(self, instances: Mapping[str, Any]) -> None:
        self._instances = instances
        self._rows: dict[tuple[str, str], dict[str, Any]] = {}

    def __call__(self, _: Any, name: Any, column: Any, key_column: Any, key: Any) -> str:
        """Look a cell up; an empty text if there is none."""
        row = self._by_key(text_of(name), text_of(key_column)).get(text_of(key))
        return "" if row is None else _cell(row, text_of(column))

    def _by_key(self, name: str, column: str) -> dict[str, Any]:
        rows = self._rows.get((name, column))
        if rows is None:
            rows = {}
            for row in self._instances[name][0]:
                rows.setdefault(_cell(row, column), row)
            if len(self._rows) < _MOST_COLUMNS:
                self._rows[name, column] = rows
        return rows


def _cell(row: Any, column: str) -> str:
    return next((text_of([cell]) for cell in row if cell.tag == column), "")
