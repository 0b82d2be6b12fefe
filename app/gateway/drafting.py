"""A broadcast as a coordinator describes it: what must fit before it is stored, and the words that Izwi has for it."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from app.flows.phrases import holds, say
from app.flows.review.tariff import Tariff
from app.gateway import hours, planning
from app.gateway.library import Library
from app.gateway.refusals import NotPossible
from app.settings import Settings
from app.store.broadcasts import Broadcast

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


class Drafting:
    """What a draft is made with."""

    def __init__(self, settings: Settings, library: Library, tariff: Tariff | None) -> None:
        self._settings, self._library, self._tariff = settings, library, tariff

    def of(self, which: Broadcast) -> Draft:
        """What was said of a stored broadcast, to be changed and stored again."""
        editions = {name: self._library.newest(name) for name in self._library.names()}
        surveys = {each.survey_id: name for name, each in editions.items() if each}
        return Draft(
            which.name, which.mode, surveys.get(which.survey_id or 0), which.audience, dict(which.texts), which.channel,
            which.starts_at, which.ends_at, f"{hours.written(which.opens)}-{hours.written(which.closes)}",
            which.opens < _NIGHT[0] or which.closes > _NIGHT[1], which.weekdays,
            tuple(date.fromisoformat(each) for each in which.holidays), which.expiry_hours, which.per_minute, which.budget,
            which.remind_days, which.remind_most, dict(which.remind_texts), which.rest_days,
        )  # fmt: skip

    def values(self, wish: Draft, at: datetime) -> dict[str, Any]:
        """What of a draft is stored. Raises `NotPossible`."""
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
            "texts": self._neutral(self.texts(wish)), "channel": wish.channel, "zone": self._settings.zone,
            "starts_at": wish.starts_at, "ends_at": wish.ends_at, "opens": opens, "closes": closes,
            "weekdays": "".join(sorted(set(wish.weekdays))), "holidays": [each.isoformat() for each in wish.holidays],
            "expiry_hours": wish.expiry_hours, "per_minute": wish.per_minute, "budget": wish.budget,
            "currency": planning.currency_of(self._tariff), "remind_days": wish.remind_days,
            "remind_most": wish.remind_most, "remind_texts": self._neutral(self.remind_texts(wish)), "rest_days": wish.rest_days,
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

    def texts(self, wish: Draft) -> dict[str, str]:
        """What it says: her own words, or Izwi's. Raises `NotPossible` where it has none."""
        if wish.mode == "conversation":
            return {}
        if wish.texts:
            return dict(wish.texts)
        return {locale: say("invitation", locale).format(**self._ways(wish)) for locale in self.locales(wish)}

    def remind_texts(self, wish: Draft) -> dict[str, str]:
        """What a reminder says: her own words, or Izwi's."""
        if wish.remind_texts or not wish.remind_most:
            return dict(wish.remind_texts)
        key = "reminder_sms" if wish.mode == "conversation" else "reminder_dial"
        return {locale: say(key, locale).format(**self._ways(wish)) for locale in self.locales(wish)}

    def locales(self, wish: Draft) -> list[str]:
        """The languages of its survey, the first one first."""
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
