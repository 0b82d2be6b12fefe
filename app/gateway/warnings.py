"""What somebody should know of now, most urgent first: for the first page of the console."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.engine import Connection

from app.gateway.channels import Channels, Doing
from app.settings import Settings
from app.store import outbox, overview, unknowns
from app.store.unit import Database

ENOUGH_DISK = 500 * 1024 * 1024
_LONG_WAIT = timedelta(minutes=5)
_OLD_BACKUP = timedelta(days=7)


class Kind(StrEnum):
    """What a warning is about."""

    CHANNEL = "channel"
    NO_MONEY = "no_money"
    HELD = "held"
    QUEUE = "queue"
    UNKNOWN = "unknown"
    DISK = "disk"
    BACKUP = "backup"


@dataclass(frozen=True)
class Warning:
    """One thing. What is not said of it is empty."""

    kind: Kind
    subject: str = ""
    """A channel's name."""
    since: datetime | None = None
    count: int = 0
    """Of messages, or megabytes."""


def every(settings: Settings, database: Database, at: datetime) -> list[Warning]:
    """All that there is to warn of."""
    return [
        *_channels(settings, database, at), *_disk(settings), *database.read(lambda connection: _rest(connection, at)),
    ]  # fmt: skip


def _channels(settings: Settings, database: Database, at: datetime) -> Iterator[Warning]:
    for each in Channels(settings, database).every(at):
        if each.doing is Doing.HELD:
            yield Warning(Kind.HELD, each.name, count=each.waiting)
        elif each.needs_somebody and each.trouble == "InsufficientBalance":
            yield Warning(Kind.NO_MONEY, each.name, each.since, each.waiting)
        elif each.needs_somebody:
            yield Warning(Kind.CHANNEL, each.name, each.since, each.waiting)


def _disk(settings: Settings) -> Iterator[Warning]:
    free = shutil.disk_usage(settings.data_dir).free
    if free < ENOUGH_DISK:
        yield Warning(Kind.DISK, count=free // 2**20)


def _rest(connection: Connection, at: datetime) -> list[Warning]:
    found, oldest = [], outbox.oldest_waiting(connection)
    if oldest is not None and at - oldest > _LONG_WAIT:
        found.append(Warning(Kind.QUEUE, since=oldest, count=sum(outbox.waiting(connection).values())))
    if count := unknowns.total(connection):
        found.append(Warning(Kind.UNKNOWN, count=count))
    last = overview.backed_up_at(connection)
    if last is not None and at - last > _OLD_BACKUP:
        found.append(Warning(Kind.BACKUP, since=last))
    return found
