"""The forms of a draft's steps: what was typed, to be shown again as it is, and what it means."""

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, StringConstraints

from app.gateway.drafting import Draft
from app.money import digits, millionths
from app.web.console.audiences import Meant
from app.web.console.rendering import moment_of

Line = Annotated[str, StringConstraints(max_length=64)]
Text = Annotated[str, StringConstraints(max_length=4000)]
Lines = Annotated[list[Line], Field(max_length=50)]
Texts = Annotated[list[Text], Field(max_length=50)]


class BadForm(ValueError):
    """What was typed into a field is not what it is for; the message says what it takes."""


class StartForm(Meant):
    """What is sent, and to whom."""

    name: Line = ""
    mode: Line = "invitation"
    survey: Line = ""
    to: Line = ""

    @property
    def asked(self) -> str | None:
        """The survey that is asked, if one is."""
        return None if self.mode == "message" else self.survey


class MessageForm(BaseModel):
    """The texts, each beside its language."""

    locale: Lines = []
    text: Texts = []
    first: Line = ""
    """The language for those whose own is not among them."""
    to: Line = ""

    @property
    def texts(self) -> dict[str, str]:
        """Language → text, the first one for all others; a language without a text is left out."""
        pairs = zip(self.locale, self.text, strict=False)
        given = {locale: _plain(text) for locale, text in pairs if text.strip()}
        if not given:
            return {self.first or "en": ""}
        first = self.first if self.first in given else next(iter(given))
        return {first: given.pop(first), **given}


class TimesForm(BaseModel):
    """When it sends, how fast, and what it may cost."""

    starts: Line = ""
    ends: Line = ""
    opens: Line = "08:00"
    closes: Line = "19:00"
    at_night: Line = ""
    weekday: Lines = []
    holidays: Text = ""
    per_minute: Line = ""
    budget: Line = ""
    expiry_hours: Line = "24"
    channel: Line = ""
    rest_days: Line = "30"
    remind_most: Line = "0"
    remind_days: Line = "3"
    locale: Lines = []
    text: Texts = []
    to: Line = ""

    @classmethod
    def of(cls, draft: Draft, zone: ZoneInfo) -> "TimesForm":
        """What stands in the fields for a draft."""
        opens, _, closes = draft.hours.partition("-")
        local = [moment and f"{moment.astimezone(zone):%Y-%m-%dT%H:%M}" for moment in (draft.starts_at, draft.ends_at)]
        return cls(
            starts=local[0] or "", ends=local[1] or "", opens=opens, closes="23:59" if closes == "24:00" else closes,
            at_night="yes" if draft.at_night else "", weekday=list(draft.weekdays),
            holidays=" ".join(each.isoformat() for each in draft.holidays), per_minute=str(draft.per_minute or ""),
            budget=digits(draft.budget) if draft.budget is not None else "", expiry_hours=f"{draft.expiry_hours:g}",
            channel=draft.channel, rest_days=str(draft.rest_days), remind_most=str(draft.remind_most),
            remind_days=str(draft.remind_days), locale=list(draft.remind_texts), text=list(draft.remind_texts.values()),
        )  # fmt: skip

    @property
    def texts(self) -> dict[str, str]:
        """Language → what a reminder says; a language without a text is left out."""
        given = zip(self.locale, self.text, strict=False)
        return {locale: _plain(text) for locale, text in given if text.strip()}

    def into(self, draft: Draft, zone: ZoneInfo) -> Draft:
        """The draft with what was typed. Raises `BadForm`, or `NotMoney`."""
        closes = "24:00" if self.closes in {"23:59", "00:00"} else self.closes
        return replace(
            draft,
            starts_at=_moment(self.starts, zone), ends_at=_moment(self.ends, zone), hours=f"{self.opens}-{closes}",
            at_night=bool(self.at_night), weekdays="".join(self.weekday), holidays=_days(self.holidays),
            per_minute=_whole(self.per_minute, 1, 1_000_000) if self.per_minute.strip() else None,
            budget=_money(self.budget), expiry_hours=_whole(self.expiry_hours, 1, 8760), channel=self.channel,
            rest_days=_whole(self.rest_days, 0, 3650), remind_most=_whole(self.remind_most, 0, 5),
            remind_days=_whole(self.remind_days, 1, 365), remind_texts=self.texts if draft.mode != "message" else {},
        )  # fmt: skip


def _plain(text: str) -> str:
    """Without the line ends of browsers, which would be paid for twice."""
    return text.strip().replace("\r\n", "\n")


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    if not text.strip():
        return None
    found = moment_of(text.strip(), zone)
    if found is None or not 2000 <= found.year <= 2999:
        raise BadForm("A date and time is written like 2026-12-01 09:00.")
    return found


def _days(text: str) -> tuple[date, ...]:
    try:
        return tuple(date.fromisoformat(each) for each in text.replace(",", " ").split())
    except ValueError:
        raise BadForm("Days are written like 2026-12-25, with a space between two of them.") from None


def _whole(text: str, least: int, most: int) -> int:
    if not text.strip().isdecimal() or not least <= int(text) <= most:
        raise BadForm(f"This is a whole number from {least} to {most:,}.")
    return int(text)


def _money(text: str) -> int | None:
    text = text.strip().replace(",", "")
    return millionths(text, text[:3] if text[:3].isalpha() else "") if text else None
