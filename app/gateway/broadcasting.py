"""What a coordinator does with a broadcast, from draft to done; each refusal says what would help."""

from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.engine import Connection

from app.flows.review.tariff import Tariff
from app.gateway import deciding, planning
from app.gateway.deciding import Decided, Decision
from app.gateway.drafting import Draft, Drafting
from app.gateway.library import Library
from app.gateway.planning import Plan
from app.gateway.refusals import NotNow, NotPossible, NotThere
from app.settings import Settings
from app.store import broadcasts, channels, outbox, recipients, tallies
from app.store.audience import audience
from app.store.audit import Trail
from app.store.broadcasts import Broadcast
from app.store.unit import Database
from app.store.unknowns import Unknown
from app.values import without_numbers


class Broadcasting:
    """The write side of broadcasts, for the command line, the API and the console alike."""

    def __init__(self, settings: Settings, database: Database, library: Library, tariff: Tariff | None) -> None:
        self._settings, self._database, self._tariff = settings, database, tariff
        self.library = library
        self.drafting = Drafting(settings, library, tariff)

    # -- drafting -----------------------------------------------------------------------------------------------------

    def draft(self, wish: Draft, at: datetime) -> Broadcast:
        """Store a broadcast that sends nothing yet."""
        if self._database.read(lambda connection: broadcasts.by_name(connection, wish.name)) is not None:
            raise NotNow(f"There is a broadcast {wish.name!r} already; choose another name.")
        values = self._checked(wish, at)

        def work(connection: Connection) -> None:
            audience(connection, wish.audience, at)  # says what is wrong with it
            broadcasts.add(connection, values, at)

        self._database.write(work)
        return self.find(wish.name)

    def redraft(self, wish: Draft, at: datetime) -> Broadcast:
        """Store a draft anew, whatever of it is changed; from then on it is a draft again, to be planned."""
        which = self.find(wish.name)
        values = self._checked(wish, at)
        del values["seed"]

        def work(connection: Connection) -> bool:
            audience(connection, wish.audience, at)
            moved = which.state == "draft" or broadcasts.move(connection, which.id, "draft", before="checked")
            return moved and broadcasts.rewrite(connection, which.id, values | {"plan": None})

        if not self._database.write(work):
            raise NotNow(f"The broadcast {which.name!r} is {self.find(which.name).state}; only a draft is changed.")
        return self.find(which.name)

    def _checked(self, wish: Draft, at: datetime) -> dict[str, Any]:
        values = self.drafting.values(wish, at)
        known = [each.name for each in self._database.read(channels.states)]
        if wish.channel and wish.channel not in known:
            raise NotPossible(f"There is no channel {wish.channel!r}; there are: {', '.join(known) or 'none'}.")
        return values

    # -- planning and running -----------------------------------------------------------------------------------------

    def find(self, name: str) -> Broadcast:
        """The broadcast of this name."""
        found = self._database.read(lambda connection: broadcasts.by_name(connection, name))
        if found is None:
            raise NotThere(f"There is no broadcast {name!r}. There are: {', '.join(self.names()) or 'none'}.")
        return found

    def every(self) -> list[Broadcast]:
        """All broadcasts, the oldest first."""
        return self._database.read(broadcasts.every)

    def surveys(self) -> list[str]:
        """The surveys that can be asked."""
        return self.library.names()

    def names(self) -> list[str]:
        """Their names."""
        return [each.name for each in self.every()]

    def plan(self, name: str, at: datetime, trail: Trail | None = None) -> Plan:
        """Foresee what a broadcast would do; from then on it may be started."""
        which = self.find(name)
        if which.state not in {"draft", "checked"}:
            raise NotNow(f"The broadcast {name!r} is {which.state}; only a draft is planned.")
        made = planning.plan(self._settings, self._database, self.library, self._tariff, which, at)
        # What was changed meanwhile was not planned.
        self._move(which, "checked", _Noted(trail, "broadcast plan", at), seen=which.revision, plan=made.as_json())
        return made

    def start(self, name: str, at: datetime, trail: Trail | None = None) -> Broadcast:
        """Let a broadcast begin, now or at its start time. It must have been planned."""
        which = self.find(name)
        if which.state != "checked" or which.plan is None:
            hint = f"`izwi broadcast plan {name}` comes first." if which.state == "draft" else ""
            raise NotNow(f"The broadcast {name!r} is {which.state}. {hint}".strip())
        if faults := which.plan["faults"]:
            raise NotNow("It cannot start:\n" + "\n".join(f"  {each}" for each in faults))
        later = which.starts_at is not None and which.starts_at > at
        to = "scheduled" if later else "running"
        self._move(which, to, _Noted(trail, "broadcast start", at), before="checked", started_at=None if later else at)
        return self.find(name)

    def pause(self, name: str, at: datetime | None = None, trail: Trail | None = None) -> Broadcast:
        """Send nothing more of it until it is resumed; takes effect at the next claim of any worker."""
        which = self.find(name)
        noted = _Noted(trail, "broadcast pause", at) if at is not None else None
        self._move(which, "paused", noted, reason="somebody paused it")
        return self.find(name)

    def resume(self, name: str, at: datetime, trail: Trail | None = None) -> Broadcast:
        """Go on where it was paused."""
        which = self.find(name)
        if which.state != "paused":
            raise NotNow(f"The broadcast {name!r} is {which.state}, not paused.")
        later = which.started_at is None and which.starts_at is not None and which.starts_at > at
        started_at = which.started_at or (None if later else at)
        noted = _Noted(trail, "broadcast resume", at)
        self._move(which, "scheduled" if later else "running", noted, before="paused", started_at=started_at)
        return self.find(name)

    def raise_budget(self, name: str, budget: int, at: datetime | None = None, trail: Trail | None = None) -> Broadcast:
        """Allow it to cost more."""
        which = self.find(name)
        if budget < which.spent:
            raise NotNow("More than that is spent already.")
        noted = _Noted(trail, "broadcast budget", at) if at is not None else None

        def work(connection: Connection) -> None:
            broadcasts.change(connection, which.id, {"budget": budget})
            _note(connection, which, noted)

        self._database.write(work)
        return self.find(name)

    def cancel(self, name: str, at: datetime, trail: Trail | None = None) -> Broadcast:
        """End it for good. What was sent stays sent; what was not is withdrawn."""
        which = self.find(name)
        self._move(
            which, "cancelled", _Noted(trail, "broadcast cancel", at), reason="somebody cancelled it", ended_at=at
        )
        withdraw(self._database, which.id, at)
        return self.find(name)

    def remind(self, name: str, at: datetime, trail: Trail | None = None) -> int:
        """Remind now those who never began or stopped half-way; returns how many are looked at."""
        which = self.find(name)
        if which.state not in {"running", "done"} or not which.asks:
            raise NotNow(f"The broadcast {name!r} is {which.state}; reminders are for surveys that were sent.")
        texts = which.remind_texts or self.drafting.remind_texts(replace(self.drafting.of(which), remind_most=1))

        def work(connection: Connection) -> int:
            values = {"remind_texts": texts, "remind_most": which.remind_most + (not which.remind_most)}
            broadcasts.change(connection, which.id, values)
            # Now that it is held, it is looked at again: it may be done since, or cancelled.
            now = broadcasts.some(connection, [which.id])[0]
            if now.state not in {"running", "done"}:
                raise NotNow(f"The broadcast {name!r} is {now.state} now.")
            count = recipients.due_again(connection, which.id, at=at)
            if count and now.state == "done":
                broadcasts.move(connection, which.id, "running", ended_at=None)
            _note(connection, which, _Noted(trail, "broadcast remind", at))
            return count

        return self._database.write(work)

    def unknown(self, name: str) -> list[Unknown]:
        """How many of its messages are of unknown outcome, since when and why."""
        return deciding.look(self._database, self.find(name))

    def decide_unknown(self, name: str, decision: Decision, at: datetime, trail: Trail | None = None) -> Decided:
        """Do with them what a person decided."""
        return deciding.decide(self._settings, self._database, self.find(name), decision, at, trail)

    def status(self, name: str, at: datetime) -> dict[str, Any]:
        """How a broadcast stands: people, messages, cost, what went wrong, how long it may still take."""
        which = self.find(name)

        def read(connection: Connection) -> dict[str, Any]:
            counts = tallies.of(connection, which.id)
            since = which.started_at or at
            return planning.standing(which, counts, recipients.stopped_since(connection, which.id, since), at)

        return self._database.read(read)

    def _move(self, which: Broadcast, to: str, noted: "_Noted | None" = None, **values: Any) -> None:
        def work(connection: Connection) -> bool:
            moved = broadcasts.move(connection, which.id, to, **values)
            if moved:
                _note(connection, which, noted)
            return moved

        if not self._database.write(work):
            now = self.find(which.name)
            if now.state == which.state:
                raise NotNow(f"The broadcast {which.name!r} was changed at this very moment; do it again.")
            raise NotNow(f"The broadcast {which.name!r} is {now.state}, so it cannot be {to}.")


class _Noted(NamedTuple):
    """What is to be noted with a move, in its transaction, where somebody's doing is noted."""

    trail: Trail | None
    action: str
    at: datetime


def _note(connection: Connection, which: Broadcast, noted: _Noted | None) -> None:
    if noted is not None and noted.trail is not None:
        noted.trail.note(connection, noted.action, without_numbers(which.name), at=noted.at)


def withdraw(database: Database, broadcast_id: int, at: datetime) -> None:
    """Withdraw what a cancelled broadcast has not sent, a part at a time; who breaks off in the middle is no harm."""
    reason = "the broadcast was cancelled"
    while database.write(lambda connection: outbox.cancel_broadcast(connection, broadcast_id, reason=reason, at=at)):
        continue
    while database.write(lambda connection: recipients.end_all(connection, broadcast_id, reason="cancelled")):
        continue
