"""What a reader of the feed asks for: `$top`, `$skip`, `$count`, `$filter`, `$select`, `$expand`, `$wkt`, `$skiptoken`."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.reports.central import choosing
from app.reports.central.fields import Table
from app.reports.central.rows import Look
from app.store import filtering
from app.store.submissions import Key, Where
from app.web.central.problems import Problem

_TRUE, _MOST = {"true", "1"}, 2**31
_NOT_HERE = ("$orderby", "$search", "$apply", "$compute", "$levels")
_PREFIX = "01"  # as ODK Central begins its own


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a page ended: a row of a record."""

    key: Key
    number: int

    @classmethod
    def parse(cls, text: str) -> "Mark":
        """Read what we wrote into an address."""
        try:
            at, run_id, number = json.loads(base64.urlsafe_b64decode(text.removeprefix(_PREFIX).encode("ascii")))
            key = Key(datetime.fromisoformat(at).astimezone(UTC), int(run_id))
            mark = cls(key, int(number)) if 0 < key.run_id < 2**63 else None
        except (ValueError, TypeError, binascii.Error, OverflowError):
            raise Problem(400.1, "This $skiptoken is none that was given here; begin with the first page.") from None
        if mark is None:
            raise Problem(400.1)
        return mark

    def __str__(self) -> str:
        written = json.dumps([self.key.ended_at.isoformat(), self.key.run_id, self.number], separators=(",", ":"))
        return _PREFIX + base64.urlsafe_b64encode(written.encode()).decode()


@dataclass(frozen=True, slots=True)
class Wish:
    """A page of a table."""

    table: Table
    look: Look
    where: Where
    top: int | None
    skip: int
    count: bool
    after: Mark | None


def read(query: Mapping[str, str], table: Table, now: datetime) -> Wish:
    """Read what is asked for, or say what is not understood."""
    for name in _NOT_HERE:
        if name in query:
            raise Problem(501.1, f"{name} is not supported.")
    wkt, expand, select = _is(query, "$wkt"), query.get("$expand", ""), query.get("$select", "*")
    if expand not in {"", "*"}:
        raise Problem(501.6, "Of $expand only `$expand=*` is supported.")
    if select == "*":
        look = Look(wkt=wkt, expand=expand == "*")
    elif expand:
        raise Problem(501.11, "$select and $expand cannot be asked for together.")
    else:
        table, look = _chosen(table, select, wkt)
    token = query.get("$skiptoken")
    return Wish(
        table, look, read_filter(query.get("$filter", ""), now), _number(query, "$top"), _number(query, "$skip") or 0,
        _is(query, "$count"), Mark.parse(token) if token else None,
    )  # fmt: skip


def read_filter(text: str, now: datetime) -> Where:
    """Read a `$filter`; an empty one is none."""
    if not text.strip():
        return None
    try:
        return filtering.parse(text, now)
    except filtering.UnknownField as error:
        raise Problem(501.5, f"This $filter asks for a field that it cannot ask for; {error}.") from None
    except filtering.BadFilter as error:
        raise Problem(400.18, f"This $filter cannot be read: {error}.") from None


def _chosen(table: Table, names: str, wkt: bool) -> tuple[Table, Look]:
    try:
        return choosing.choose(table, names, wkt=wkt)
    except choosing.NoSuchField:
        raise Problem(400.23, "$select names a field that the table does not have; $metadata lists them.") from None
    except choosing.InRepeat:
        raise Problem(400.24, "$select names a field of a repeat; that has a table of its own.") from None


def _is(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "").lower() in _TRUE


def _number(query: Mapping[str, str], name: str) -> int | None:
    text: Any = query.get(name)
    if text is None or text == "":
        return None
    if not (text.isascii() and text.isdecimal()) or int(text) > _MOST:
        raise Problem(400.8, f"{name} is a whole number.")
    return int(text)
