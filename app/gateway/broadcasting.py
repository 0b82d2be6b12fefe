"""What a coordinator does with a broadcast, from draft to done; each refusal says what would help."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy.engine import Connection

from app.flows.phrases import holds, say
from app.flows.review.tariff import Tariff
from app.gateway import deciding, hours, planning
from app.gateway.deciding import Decided, Decision
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

_NIGHT = (7 * 60, 20 * 60)  # hours outside of these are asked for by name
_WEEKDAYS = "1234567"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a coordinator says of a broadcast. Times are of the survey's zone, money in the tariff's currency."""

    name: str
    mode: str = "invitation"
    survey: str | None = None
    audience: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Language → text; for an invitation that has none, Izwi's own."""
    channel: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    hours: str = "08:00-19:00"
    at_night: bool = False
    """Whether hours that are somebody's night are meant."""
    weekdays: str = _WEEKDAYS
    holidays: tuple[date, ...] = ()
    expiry_hours: float = 24
    per_minute: int | None = None
    budget: int | None = None
    remind_days: int = 3
    remind_most: int = 0
    remind_texts: Mapping[str, str] = field(default_factory=dict)
    rest_days: int = 30


class Broadcasting:
    """The write side of broadcasts, for the command line, the API and the console alike."""

    def __init__(self, settings: Settings, database: Database, library: Library, tariff: Tariff | None) -> None:
        self._settings, self._database, self._library, self._tariff = settings, database, library, tariff

    # -- drafting -----------------------------------------------------------------------------------------------------

    def draft(self, wish: Draft, at: datetime) -> Broadcast:
        """Store a broadcast that sends nothing yet."""
        if self._database.read(lambda connection: broadcasts.by_name(connection, wish.name)) is not None:
            raise NotNow(f"There is a broadcast {wish.name!r} already; choose another name.")
        values = self._values(wish, at)
        known = [each.name for each in self._database.read(channels.states)]
        if wish.channel and wish.channel not in known:
            raise NotPossible(f"There is no channel {wish.channel!r}; there are: {', '.join(known) or 'none'}.")

        def work(connection: Connection) -> None:
            audience(connection, wish.audience, at)  # says what is wrong with it
            broadcasts.add(connection, values, at)

        self._database.write(work)
        return self.find(wish.name)

    def _values(self, wish: Draft, at: datetime) -> dict[str, Any]:
        if wish.name != wish.name.strip() or not 0 < len(wish.name) <= 64 or "/" in wish.name:
            raise NotPossible("A broadcast needs a name of at most 64 characters, without a slash or spaces around it.")
        opens, closes = self._hours(wish)
        if wish.ends_at is not None and wish.ends_at <= max(wish.starts_at or at, at):
            raise NotPossible("It would end before it begins, or has ended already.")
        if not wish.weekdays or not set(wish.weekdays) <= set(_WEEKDAYS):
            raise NotPossible("Weekdays are written as figures from 1 (Monday) to 7 (Sunday), e.g. 12345.")
        for what, number in (("expiry", wish.expiry_hours), ("pace", wish.per_minute), ("budget", wish.budget)):
            if number is not None and number <= 0:
                raise NotPossible(f"The {what} must be more than nothing.")
        survey_id = self._survey_id(wish)
        return {
            "name": wish.name, "mode": wish.mode, "survey_id": survey_id, "audience": wish.audience,
            "texts": self._neutral(self._texts(wish)), "channel": wish.channel, "zone": self._settings.zone,
            "starts_at": wish.starts_at, "ends_at": wish.ends_at, "opens": opens, "closes": closes,
            "weekdays": "".join(sorted(set(wish.weekdays))), "holidays": [each.isoformat() for each in wish.holidays],
            "expiry_hours": wish.expiry_hours, "per_minute": wish.per_minute, "budget": wish.budget,
            "currency": planning.currency_of(self._tariff), "remind_days": wish.remind_days,
            "remind_most": wish.remind_most, "remind_texts": self._neutral(self._remind_texts(wish)), "rest_days": wish.rest_days,
            "seed": secrets.randbelow(2**31),
        }  # fmt: skip

    def _neutral(self, texts: dict[str, str]) -> dict[str, str]:
        """Refuse a text with a word that a survey keeps out of messages."""
        for name in self._library.names():
            edition = self._library.newest(name)
            for word in edition.flow.caution.unsaid if edition else ():
                if any(holds(text, word) for text in texts.values()):
                    raise NotPossible(
                        f"{word!r} is kept out of messages by the survey {name} (izwi:unsaid): write the text otherwise."
                    )
        return texts

    def _hours(self, wish: Draft) -> tuple[int, int]:
        first, _, last = wish.hours.partition("-")
        try:
            opens, closes = hours.minutes_of(first.strip()), hours.minutes_of(last.strip())
        except ValueError as error:
            raise NotPossible(f"The hours are written like 08:00-19:00; {error}.") from None
        if opens >= closes:
            raise NotPossible(f"The hours {wish.hours} end before they begin; write them like 08:00-19:00.")
        if (opens < _NIGHT[0] or closes > _NIGHT[1]) and not wish.at_night:
            raise NotPossible(
                f"The hours {wish.hours} reach into the night: phones would wake people. Choose hours between 07:00 and "
                "20:00, or say that the night is meant."
            )
        return opens, closes

    def _survey_id(self, wish: Draft) -> int | None:
        if wish.mode not in {"conversation", "invitation", "message"}:
            raise NotPossible(f"There is no mode {wish.mode!r}; there are conversation, invitation and message.")
        if wish.mode == "message":
            if not wish.texts:
                raise NotPossible("A plain message needs a text.")
            return None
        if wish.survey is None or self._library.newest(wish.survey) is None:
            known = ", ".join(self._library.names()) or "none"
            raise NotPossible(f"There is no published survey {wish.survey!r}; there are: {known}.")
        return self._library.survey_id(wish.survey)

    def _texts(self, wish: Draft) -> dict[str, str]:
        if wish.mode == "conversation":
            return {}
        if wish.texts:
            return dict(wish.texts)
        return {locale: say("invitation", locale).format(**self._ways(wish)) for locale in self._locales(wish)}

    def _remind_texts(self, wish: Draft) -> dict[str, str]:
        if wish.remind_texts or not wish.remind_most:
            return dict(wish.remind_texts)
        key = "reminder_sms" if wish.mode == "conversation" else "reminder_dial"
        return {locale: say(key, locale).format(**self._ways(wish)) for locale in self._locales(wish)}

    def _locales(self, wish: Draft) -> list[str]:
        edition = self._library.newest(wish.survey or "")
        if edition is None:
            return ["en"]
        first = edition.flow.locale
        return [first, *(locale for locale in edition.flow.locales if locale != first)]

    def _ways(self, wish: Draft) -> dict[str, str]:
        """The code that is dialled for a survey."""
        codes = [code for code, survey in self._settings.service_codes.items() if survey == wish.survey]
        if not codes and wish.mode == "invitation":
            raise NotPossible(
                f"No code is known to dial for {wish.survey}: set IZWI_SERVICE_CODES, or write the text yourself."
            )
        return {"code": codes[0] if codes else ""}

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

    def names(self) -> list[str]:
        """Their names."""
        return [each.name for each in self.every()]

    def plan(self, name: str, at: datetime) -> Plan:
        """Foresee what a broadcast would do; from then on it may be started."""
        which = self.find(name)
        if which.state not in {"draft", "checked"}:
            raise NotNow(f"The broadcast {name!r} is {which.state}; only a draft is planned.")
        made = planning.plan(self._settings, self._database, self._library, self._tariff, which, at)
        self._move(which, "checked", plan=made.as_json())
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

    def pause(self, name: str) -> Broadcast:
        """Send nothing more of it until it is resumed; takes effect at the next claim of any worker."""
        which = self.find(name)
        self._move(which, "paused", reason="somebody paused it")
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

    def raise_budget(self, name: str, budget: int) -> Broadcast:
        """Allow it to cost more."""
        which = self.find(name)
        if budget < which.spent:
            raise NotNow("More than that is spent already.")
        self._database.write(lambda connection: broadcasts.change(connection, which.id, {"budget": budget}))
        return self.find(name)

    def cancel(self, name: str, at: datetime, trail: Trail | None = None) -> Broadcast:
        """End it for good. What was sent stays sent; what was not is withdrawn."""
        which = self.find(name)
        self._move(
            which, "cancelled", _Noted(trail, "broadcast cancel", at), reason="somebody cancelled it", ended_at=at
        )
        withdraw(self._database, which.id, at)
        return self.find(name)

    def remind(self, name: str, at: datetime) -> int:
        """Remind now those who never began or stopped half-way; returns how many are looked at."""
        which = self.find(name)
        if which.state not in {"running", "done"} or not which.asks:
            raise NotNow(f"The broadcast {name!r} is {which.state}; reminders are for surveys that were sent.")
        texts = which.remind_texts or self._remind_texts(self._wish_of(which))

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
            return count

        return self._database.write(work)

    def unknown(self, name: str) -> list[Unknown]:
        """How many of its messages are of unknown outcome, since when and why."""
        return deciding.look(self._database, self.find(name))

    def decide_unknown(self, name: str, decision: Decision, at: datetime) -> Decided:
        """Do with them what a person decided."""
        return deciding.decide(self._settings, self._database, self.find(name), decision, at)

    def _wish_of(self, which: Broadcast) -> Draft:
        names = {each.survey_id: name for name in self._library.names() if (each := self._library.newest(name))}
        return Draft(which.name, which.mode, names.get(which.survey_id or 0), remind_most=1)

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
            if moved and noted is not None and noted.trail is not None:
                noted.trail.note(connection, noted.action, without_numbers(which.name), at=noted.at)
            return moved

        if not self._database.write(work):
            now = self.find(which.name)
            raise NotNow(f"The broadcast {which.name!r} is {now.state}, so it cannot be {to}.")


class _Noted(NamedTuple):
    """What is to be noted with a move, in its transaction, where somebody's doing is noted."""

    trail: Trail | None
    action: str
    at: datetime


def withdraw(database: Database, broadcast_id: int, at: datetime) -> None:
    """Withdraw what a cancelled broadcast has not sent, a part at a time; who breaks off in the middle is no harm."""
    reason = "the broadcast was cancelled"
    while database.write(lambda connection: outbox.cancel_broadcast(connection, broadcast_id, reason=reason, at=at)):
        continue
    while database.write(lambda connection: recipients.end_all(connection, broadcast_id, reason="cancelled")):
        continue
