"""Tokens of people and programs: made, shown once, and taken away; each of it is in the trail."""

from datetime import datetime

from sqlalchemy.engine import Connection

from app.gateway.refusals import NotPossible, NotThere
from app.store import tokens
from app.store.audit import Trail
from app.store.unit import Database
from app.values import Role, without_numbers

TERMINAL = "terminal"
"""What the trail calls whoever types commands without a token."""
_LONGEST = 64


def checked(name: str) -> str:
    """A name as it can be given to a token; raises `NotPossible` with what is wrong with it."""
    name = name.strip()
    if not name or len(name) > _LONGEST or not name.isprintable() or without_numbers(name) != name:
        raise NotPossible(f"A token needs a name of at most {_LONGEST} letters: who or what it is for, e.g. dashboard.")
    if name == TERMINAL:
        raise NotPossible("In the trail `terminal` is whoever types commands without a token; choose another name.")
    return name


def add(database: Database, pen: Trail, name: str, role: Role, at: datetime) -> str:
    """Make a token, which nobody can see again; raises `NotPossible` where there is one of that name."""

    def work(connection: Connection) -> str | None:
        made = tokens.add(connection, name, at, role=role)
        if made is not None:
            pen.note(connection, "tokens add", name, at=at, reason=role)
        return made

    made = database.write(work)
    if made is None:
        raise NotPossible(f"There is a token {name!r} already. Take it away first, or choose another name.")
    return made


def remove(database: Database, pen: Trail, name: str, at: datetime) -> None:
    """Let a token be valid no more; raises `NotThere` where there is none of that name."""

    def work(connection: Connection) -> bool:
        gone = tokens.remove(connection, name)
        if gone:
            pen.note(connection, "tokens remove", name, at=at)
        return gone

    if not database.write(work):
        raise NotThere(f"There is no token {name!r}.")
