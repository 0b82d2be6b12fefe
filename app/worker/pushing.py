"""Pushes records to projects at KoboToolbox and ODK Central: claims with a lease, sends outside of any transaction, settles.

What nobody answered is sent again under the same name, so it is never there twice. A form that is another there, or that
is not there, stops its records; a password that is wrong stops all.
"""

import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from uuid_utils.compat import uuid7

from app.openrosa.client import Client, Listed, Outcome, Result, Unreachable, digest
from app.reports import nested
from app.settings import Settings, TargetSettings
from app.store import push, surveys
from app.store.push import NO_FORM, OTHER_FORM, OTHER_VERSION, Claimed, Settled
from app.store.unit import Database
from app.values import PushState

log = logging.getLogger(__name__)

LOCKS = ("401", "403", "404", "it points to another server, which is not asked")
"""What stops all that goes to a target."""
_AT_ONCE, _LEAST_LEASE = 10, 60
_SHORTEST_PAUSE, _LONGEST_PAUSE = 5.0, 3600.0
_LOOK_AGAIN = timedelta(minutes=10)
_NOT_TRIED = "not tried"
_DOWN = {Outcome.LOCKED, Outcome.RETRY, Outcome.UNKNOWN}


@dataclass(slots=True)
class Line:
    """A target, what is known of its forms, and how it has been doing."""

    name: str
    target: TargetSettings
    client: Client
    failures: int = 0
    paused_until: datetime | None = None
    looked_at: datetime | None = None
    listed: dict[str, Listed] = field(default_factory=dict)
    faults: dict[int, str] = field(default_factory=dict)
    """Version → why its records cannot go there; empty where they can."""


class Pushing:
    """Pushes to all targets; `work` again and again."""

    def __init__(self, settings: Settings, database: Database, chance: random.Random | None = None) -> None:
        self._database, self._chance = database, chance or random.Random()
        self._lines = [Line(name, each, Client(each)) for name, each in settings.targets.items()]

    def work(self, at: datetime) -> int:
        """Send what is due; returns how many records were tried."""
        return sum(self._push(line, at) for line in self._lines)

    def sweep(self, at: datetime) -> None:
        """Let what was claimed and never settled be sent again."""
        if self._lines and (count := self._database.write(lambda connection: push.sweep(connection, at=at))):
            log.warning("%d records are pushed again: their lease ran out", count)

    def close(self) -> None:
        """Give the connections back."""
        for line in self._lines:
            line.client.close()

    def _push(self, line: Line, at: datetime) -> int:
        if line.paused_until is not None and at < line.paused_until:
            return 0
        if self._database.read(lambda connection: push.stopped(connection, line.name, LOCKS)):
            line.listed, line.looked_at = {}, None  # when somebody has mended it, all is asked anew
            return 0
        attempt, lease = uuid7(), timedelta(seconds=max(_LEAST_LEASE, 3 * line.target.timeout_seconds))
        count = 1 if line.failures else _AT_ONCE
        claimed = self._database.write(
            lambda connection: push.claim(
                connection, target=line.name, count=count, attempt=attempt, lease=lease, at=at
            )
        )
        if not claimed:
            return 0
        results = self._send(line, claimed, at, time.monotonic() + line.target.timeout_seconds)
        settled = [self._settled(each, result, at) for each, result in zip(claimed, results, strict=True)]
        self._database.write(lambda connection: push.settle(connection, attempt=attempt, results=settled, at=at))
        self._judge(line, results, at)
        return len(claimed)

    def _send(self, line: Line, claimed: Sequence[Claimed], at: datetime, until: float) -> list[Result | None]:
        """Send one by one; None for what is gone. What there is no time for, or nobody who takes it, is put back."""
        results: list[Result | None] = []
        put_back: Result | None = None
        for each in claimed:
            result = put_back or self._one(line, each, at)
            results.append(result)
            if put_back is None and result is not None and result.outcome in _DOWN:
                put_back = result if result.outcome is Outcome.LOCKED else Result(Outcome.RETRY, _NOT_TRIED)
            elif put_back is None and time.monotonic() > until:
                put_back = Result(Outcome.RETRY, _NOT_TRIED)
        return results

    def _one(self, line: Line, each: Claimed, at: datetime) -> Result | None:
        try:
            fault = self._fault(line, each.version_id, at)
        except Unreachable as error:
            return error.result
        if fault:
            return Result(Outcome.REFUSED, fault)
        # Read as late as can be: what was withdrawn since it was claimed is not sent.
        xml = self._database.read(lambda connection: push.xml(connection, each.uid))
        return None if xml is None else line.client.send(str(each.uid), xml)

    def _fault(self, line: Line, version_id: int, at: datetime) -> str:
        """Why records of a version cannot go there, by the list of forms that the target gave within ten minutes."""
        if line.looked_at is None or at - line.looked_at > _LOOK_AGAIN:
            line.listed = {each.form_id: each for each in line.client.forms()}
            line.looked_at, line.faults = at, {}
        if version_id not in line.faults:
            line.faults[version_id] = self._compared(line, version_id)
        return line.faults[version_id]

    def _compared(self, line: Line, version_id: int) -> str:
        ours = self._database.read(lambda connection: surveys.by_id(connection, version_id))
        there = line.listed.get(ours.survey)
        if there is None:
            return NO_FORM
        if there.version != ours.version:
            return OTHER_VERSION
        xform = self._database.read(lambda connection: surveys.xform(connection, version_id))
        source = self._database.read(lambda connection: surveys.source(connection, version_id))
        if there.hash in {digest(xform.encode()), digest(source)}:
            return ""
        # Another program made it of the same sheet: what counts is what a record of it has.
        try:
            fields = nested.fields_of(line.client.form(there).decode())
        except (ValueError, SyntaxError):
            return OTHER_FORM
        return "" if _shape(fields) == _shape(nested.fields_of(xform)) else OTHER_FORM

    def _settled(self, each: Claimed, result: Result | None, at: datetime) -> Settled:
        state, doubt, attempts, due_at = PushState.QUEUED, each.doubt, each.attempts, each.due_at
        reason = "" if result is None else result.reason
        match result.outcome if result is not None else None:
            case None:
                state = PushState.GONE
            case Outcome.THERE:
                state, doubt = PushState.THERE, False
            case Outcome.DUPLICATE:
                # It bears our name. If no try of ours can have brought it there, somebody should look.
                state, doubt = (PushState.THERE, False) if each.doubt else (PushState.STOPPED, True)
            case Outcome.REFUSED | Outcome.LOCKED:
                state = PushState.STOPPED
            case Outcome.UNKNOWN:
                doubt, due_at = True, at + self._pause(attempts)
            case Outcome.RETRY if reason == _NOT_TRIED:
                attempts -= 1
            case _:
                due_at = at + self._pause(attempts)
        return Settled(each.id, state, reason, doubt, attempts, due_at)

    def _judge(self, line: Line, results: Sequence[Result | None], at: datetime) -> None:
        """Pause a target that does not answer."""
        bad = any(each is not None and each.outcome in {Outcome.RETRY, Outcome.UNKNOWN} and each.reason != _NOT_TRIED
                  for each in results)  # fmt: skip
        line.failures = line.failures + 1 if bad else 0
        line.paused_until = at + self._pause(line.failures) if bad else None

    def _pause(self, failures: int) -> timedelta:
        longest = min(_LONGEST_PAUSE, _SHORTEST_PAUSE * 2 ** min(failures, 12))
        return timedelta(seconds=longest * self._chance.uniform(0.5, 1))


def _shape(form: nested.Field) -> object:
    """What a record of a form has, whatever the form looks like; what ODK writes into `meta` differs."""
    return {each.name: (each.repeats, _shape(each)) for each in form.fields if each.name != "meta"}
