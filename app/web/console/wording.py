"""The words of pages in each language. Catalogues are text files (`words/*.po`), read when their language is first shown."""

import io
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib import resources

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from app.values import Role

LOCALES: Mapping[str, str] = {"en": "English", "sn": "chiShona", "nd": "isiNdebele"}
Words = NullTranslations


@cache
def of(locale: str) -> Words:
    """The catalogue of a language; what it does not have is shown in English."""
    file = resources.files("app.web.console") / "words" / f"{locale}.po"
    if locale not in LOCALES or not file.is_file():
        return NullTranslations()
    binary = io.BytesIO()
    with file.open("rb") as text:
        write_mo(binary, read_po(text, locale))
    binary.seek(0)
    return Translations(binary)


def formats(locale: str) -> Locale:
    """How dates and numbers are written. Zimbabwe's English puts the day first."""
    return Locale.parse({"en": "en_ZW", "sn": "sn_ZW", "nd": "nd_ZW"}.get(locale, "en_ZW"))


def chosen(wanted: str, accepted: str) -> str:
    """The language that was chosen, else the first that the browser asks for and there is."""
    if wanted in LOCALES:
        return wanted
    asked = (each.partition(";")[0].strip().lower().partition("-")[0] for each in accepted.split(","))
    return next((each for each in asked if each in LOCALES), "en")


def role(words: Words, which: Role) -> str:
    """What a role is called."""
    known = {
        Role.ADMIN: words.gettext("admin"), Role.COORDINATOR: words.gettext("coordinator"),
        Role.ANALYST: words.gettext("analyst"), Role.MODERATOR: words.gettext("moderator"),
        Role.DUTY_OFFICER: words.gettext("duty officer"), Role.FACILITATOR: words.gettext("facilitator"),
        Role.OPERATOR: words.gettext("operator"),
    }  # fmt: skip
    return known[which]


def ago(words: Words, moment: datetime, now: datetime) -> str:
    """How long ago, in a word or two."""
    seconds = (now - moment).total_seconds()
    if seconds < 0:
        return words.gettext("in %(span)s") % {"span": span(words, -seconds)}
    return words.gettext("%(span)s ago") % {"span": span(words, seconds)}


def span(words: Words, seconds: float) -> str:
    """So long, to one unit."""
    if seconds < 60:
        return words.gettext("%(count)d s") % {"count": seconds}
    if seconds < 3600:
        return words.gettext("%(count)d min") % {"count": seconds // 60}
    if seconds < 2 * 86400:
        return words.gettext("%(count)d h") % {"count": seconds // 3600}
    return words.gettext("%(count)d days") % {"count": seconds // 86400}
