"""Makes the finished records of runs that have ended, and judges how they came about: by the worker when nothing is to be
sent, at the latest for an export. The last turn of a respondent waits for none of it.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidTag
from sqlalchemy.engine import Connection

from app.flows.asking import record
from app.flows.asking.state import State
from app.gateway import flagging
from app.gateway.flagging import Finished
from app.gateway.library import Library
from app.settings import Settings
from app.store import flags, push, records
from app.store.keys import Keys
from app.store.unit import Database
from app.values import Doubt, Mode, RunState

log = logging.getLogger(__name__)


_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen of some runs before the writing, which should be short."""

    doubts: set[tuple[int, Doubt]] = field(default_factory=set)
    vectors: Mapping[int, bytes] = field(default_factory=dict)
    cells: Mapping[int, int] = field(default_factory=dict)
    phones: Sequence[int] = ()
    """Theirs, and those beside them."""
    own: Sequence[int] = ()
    since: datetime = _NEVER
    """What came before is of no burst with any of them."""


class Recording:
    """Any process may do this at any time: a record follows from what its run remembers, and so do its flags.

    Without keys, where only the database is at hand, no phone is known to be beside another.
    """

    def __init__(self, settings: Settings, database: Database, library: Library, keys: Keys | None) -> None:
        self._database, self._library, self._zone = database, library, ZoneInfo(settings.zone)
        self._keys = keys
        self._targets = {name: each.surveys for name, each in settings.targets.items() if each.surveys}
        self._failed: set[int] = set()

    def make(self, at: datetime, count: int = 50) -> int:
        """Make some of the records that are missing; returns how many runs were looked at, 0 when none is left."""
        rows = self._database.read(lambda connection: records.unmade(connection, count=count + len(self._failed)))
        found = [row for row in rows if row.id not in self._failed]
        made = {row.id: xml for row in found if (xml := self._written(row)) is not None}
        if made:
            finished = [row for row in found if row.id in made and row.state == RunState.COMPLETED]
            looked = self._database.read(lambda connection: self._look(connection, finished))
            self._database.write(lambda connection: _keep(connection, made, looked, at, self._targets))
        return len(found)

    def make_all(self, at: datetime) -> int:
        """Make all that are missing; returns how many cannot be made."""
        while self.make(at, 500):
            continue
        return len(self._failed)

    def _written(self, row: Any) -> str | None:
        try:
            flow = self._library.edition(row.survey_version_id).flow
            return record.write(flow, State.loads(row.memory), row.ended_at.astimezone(self._zone))
        except Exception as error:
            log.error("the record of run %d cannot be made: %s", row.id, type(error).__name__)
            self._failed.add(row.id)
            return None

    def _look(self, connection: Connection, rows: Sequence[Any]) -> Looked:
        """Read what judging needs of completed runs, and judge what their own answers tell."""
        given = flags.answers(connection, [row.id for row in rows])
        doubts, vectors = set(), {}
        for row in rows:
            flow, answers = self._library.edition(row.survey_version_id).flow, given[row.id]
            doubts |= {(row.id, doubt) for doubt in flagging.doubts_of(flow, answers)}
            if vector := flagging.vector_of(flow, row.survey_id, answers):
                vectors[row.id] = vector
        phones = sorted({row.contact_id for row in rows if row.contact_id and row.mode == Mode.SELF})
        cells = self._cells(connection, phones)
        before = min((row.ended_at for row in rows), default=_NEVER) - flagging.BURST_SPAN
        return Looked(doubts, vectors, cells, sorted({*phones, *cells}), phones, before)

    def _cells(self, connection: Connection, phones: Sequence[int]) -> Mapping[int, int]:
        if self._keys is None or not phones:
            return {}
        try:
            return flags.cells(connection, self._keys, phones)
        except (InvalidTag, KeyError):
            log.error("keys.json does not fit this database, so no phone is known to be beside another")
            return {}


def _keep(
    connection: Connection, made: Mapping[int, str], looked: Looked, at: datetime, targets: Mapping[str, Iterable[str]]
) -> None:
    """Keep the records, and flag the runs; others are flagged with them, of which these make too many."""
    records.keep(connection, made, looked.vectors, at)
    push.add_made(connection, list(made), targets, at)
    counting = flags.alike(connection, list(made))
    there = {row.run_id for row in counting}
    doubts = {(run_id, doubt) for run_id, doubt in looked.doubts if run_id in there}
    doubts |= {(run_id, Doubt.IDENTICAL) for run_id in flagging.twins(counting)}
    done = flags.completed(connection, looked.phones, own=looked.own, since=looked.since) if looked.phones else ()
    runs = [Finished(*row) for row in done]
    doubts |= {(run_id, Doubt.BURST) for run_id in flagging.bursts(runs, looked.cells)}
    doubts |= {(run_id, Doubt.MANY) for run_id in flagging.crowds(runs)}
    flags.put(connection, doubts, at)
