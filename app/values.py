"""The small words every floor shares: a phone number that hides itself, a screen, the room a handset gives it."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Self

import phonenumbers

VERSION = "2026.11.0"
"""Of Izwi."""

_CANONICAL = re.compile(r"\+[1-9][0-9]{7,14}", re.ASCII)


class Medium(StrEnum):
    """How a respondent reaches us: a dialled menu or text messages."""

    USSD = "ussd"
    SMS = "sms"


class RunState(StrEnum):
    """Where one person's journey through a survey stands; all but ``active`` are final."""

    ACTIVE = "active"
    COMPLETED = "completed"
    DECLINED = "declined"
    STOPPED = "stopped"
    EXPIRED = "expired"
    SCREENED_OUT = "screened_out"


class Mode(StrEnum):
    """Who holds the phone: the respondent herself, or a facilitator who takes people through one after another."""

    SELF = "self"
    FACILITATOR = "facilitator"


class Doubt(StrEnum):
    """What may be wrong with how a run came about; a flag, never a verdict."""

    FAST = "fast"
    STRAIGHT = "straight"
    IDENTICAL = "identical"
    BURST = "burst"
    MANY = "many"


class Role(StrEnum):
    """What somebody who works with Izwi is there for."""

    ADMIN = "admin"
    COORDINATOR = "coordinator"
    ANALYST = "analyst"
    MODERATOR = "moderator"
    DUTY_OFFICER = "duty_officer"
    FACILITATOR = "facilitator"
    OPERATOR = "operator"


class VersionStatus(StrEnum):
    """Where a version of a survey stands. Only the published one gets new runs; runs finish on whatever they began."""

    DRAFT = "draft"
    PUBLISHED = "published"
    REPLACED = "replaced"
    RETIRED = "retired"


class PushState(StrEnum):
    """Where a record stands that goes to another project."""

    QUEUED = "queued"
    SENDING = "sending"
    THERE = "there"
    STOPPED = "stopped"
    GONE = "gone"
    """Withdrawn or erased before it was sent."""


SMALLEST_FLOOR = 10
"""No figure about fewer respondents is ever shown, whatever a survey asks for."""
AT_RISK_FLOOR = 20
"""The same for groups whose people are in danger when they are found."""


class NotAPhoneNumber(ValueError):
    """The text is not a phone number that can be written in E.164 form."""


@dataclass(frozen=True, slots=True)
class Msisdn:
    """A phone number in E.164 form (``+263…``). Prints masked, so that no log or error can show it by accident."""

    e164: str

    @classmethod
    def parse(cls, text: str, *, region: str) -> Self:
        """Read a number in international or local form; `region` (ISO 3166, "ZW") decides what a local form means."""
        text = text.strip()
        if _CANONICAL.fullmatch(text):
            return cls(text)
        if text.startswith("00"):
            text = "+" + text[2:]
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            raise NotAPhoneNumber("not a phone number") from None
        if not phonenumbers.is_possible_number(number):
            raise NotAPhoneNumber("too long or too short for a phone number")
        return cls(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

    @property
    def masked(self) -> str:
        """What a person may be shown: country code and the last two digits."""
        return f"{self.e164[:4]}…{self.e164[-2:]}"

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"Msisdn({self.masked})"


# A date is no number; what a person would dial is.
_DIALLED = re.compile(r"(?<![\d-])(?!\d{4}-\d\d-\d\d(?!\d))\+?\d(?:[ -]?\d){6,}")


def without_numbers(text: str) -> str:
    """A text that somebody wrote, with `…` where it holds what looks like a phone number."""
    return _DIALLED.sub("…", text)


class Room(NamedTuple):
    """What fits on one page of a handset: septets of GSM-7 text, or UCS-2 units when a character needs them."""

    medium: Medium
    septets: int
    ucs2: int


USSD_ROOM = Room(Medium.USSD, 160, 80)
SMS_ROOM = Room(Medium.SMS, 459, 201)


class Screen(NamedTuple):
    """One page as the handset shows it; `final` ends a USSD session."""

    text: str
    final: bool


# Language → code, as people name it in lists of contacts. XLSForm writes the code in brackets: Shona (sn).
_LANGUAGES = {
    "en": "english chirungu isingisi eng",
    "sn": "shona chishona sna",
    "nd": "ndebele isindebele sindebele nde",
    "ny": "chewa nyanja chichewa chinyanja nya",
    "ts": "tsonga shangani xitsonga xichangana tso",
    "st": "sotho sesotho sot",
    "tn": "tswana setswana tsn",
    "ve": "venda tshivenda ven",
    "xh": "xhosa isixhosa xho",
    "kck": "kalanga tjikalanga",
    "nmq": "nambya",
    "ndc": "ndau chindau",
    "toi": "tonga chitonga",
    "fr": "french français francais",
    "pt": "portuguese português portugues",
    "sw": "swahili kiswahili",
}
_LOCALES = {name: code for code, names in _LANGUAGES.items() for name in names.split()}
_CODE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")


def locale_of(name: str) -> str | None:
    """The code of a language, given by its code or its name: "sn", "Shona", "Shona (sn)"; None if it is neither."""
    name = name.strip().lower()
    if name.endswith(")") and "(" in name:
        name = name[:-1].rpartition("(")[2].strip()
    found = _LOCALES.get(name, name.replace("_", "-"))
    return found if _CODE.fullmatch(found) else None


def attribute_name(text: str) -> str:
    """The name of an attribute, as a header or a person writes it: "Date of birth" is date_of_birth."""
    words = re.split(r"[^\w]+|_+", unicodedata.normalize("NFKC", text).lower())
    return "_".join(filter(None, words))[:64].rstrip("_")
