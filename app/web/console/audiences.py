"""Who is meant, as a form says it: everybody, a saved segment, a group, or a description in words; counted while it is typed."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, StringConstraints
from sqlalchemy.engine import Connection

from app.channels import operators
from app.store import attributes, groups, segments, surveys
from app.store.audience import BadSegment, audience, count
from app.web.desk import Desk

_GROUP = re.compile(r'group = "([^"]+)"')
SIGNS = ("=", "!=", "<", "<=", ">", ">=", "is known", "is unknown")
SURVEYED = ("completed", "began", "half-way", "declined", "invited")


class Meant(BaseModel):
    """What a form says of an audience."""

    who: Annotated[str, StringConstraints(max_length=64)] = "everybody"
    segment: Annotated[str, StringConstraints(max_length=64)] = ""
    group: Annotated[str, StringConstraints(max_length=64)] = ""
    words: Annotated[str, StringConstraints(max_length=4000)] = ""

    @property
    def query(self) -> str:
        """The same in the language of segments."""
        match self.who:
            case "segment":
                return self.segment
            case "group":
                return f'group = "{self.group}"'
            case "words":
                return " ".join(self.words.split())
        return ""

    @classmethod
    def of(cls, desk: Desk, query: str) -> "Meant":
        """What a form would say of a query."""
        saved = desk.database.read(lambda connection: segments.find(connection, query.strip()))
        if not query.strip():
            return cls()
        if saved is not None:
            return cls(who="segment", segment=saved.name)
        if found := _GROUP.fullmatch(query.strip()):
            return cls(who="group", group=found[1])
        return cls(who="words", words=query)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many are meant, how many of them get nothing, or what is wrong."""

    people: int = 0
    stopped: int = 0
    fault: str = ""


def counted(desk: Desk, query: str) -> Counted:
    """Count whom a query means now."""
    names = operators.read(desk.settings.operators).names

    def read(connection: Connection) -> Counted:
        condition = audience(connection, query, _now(desk), operators=names)
        silent = audience(connection, "stopped")
        return Counted(count(connection, condition), count(connection, condition & silent))

    try:
        return desk.database.read(read)
    except BadSegment as error:
        return Counted(fault=str(error))


def known(desk: Desk) -> dict[str, Any]:
    """What there is to choose from."""

    def read(connection: Connection) -> dict[str, Any]:
        return {
            "segments": segments.every(connection), "groups": sorted(groups.names(connection), key=str.casefold),
            "attributes": sorted(attributes.kinds(connection).items()), "surveys": sorted(surveys.ids(connection)),
            "signs": SIGNS, "surveyed": SURVEYED,
        }  # fmt: skip

    return desk.database.read(read)


def joined(query: str, condition: str, joiner: str) -> str:
    """A query with one more condition."""
    if not query.strip() or not condition:
        return query.strip() or condition
    parts = (query.strip(), condition)
    return f" {joiner} ".join(f"({each})" if " or " in each and joiner == "and" else each for each in parts)


def _now(desk: Desk) -> datetime:
    """Now, where the survey is: dates in a query begin at midnight there."""
    return desk.now().astimezone(desk.zone)
