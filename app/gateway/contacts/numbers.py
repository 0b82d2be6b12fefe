"""Phone numbers as spreadsheets leave them: what Excel did to one is undone where that is certain, and never guessed."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberType

from app.channels.operators import Operators
from app.values import Msisdn, NotAPhoneNumber


class UnknownRegion(ValueError):
    """There is no country of these two letters."""


class Repair(StrEnum):
    """What was wrong with a number that could still be read with certainty."""

    ZERO = "its first 0 was lost"
    PLUS = "its + was missing"
    SPACES = "spaces, dots, dashes or brackets"
    MARKS = "an apostrophe or signs that cannot be seen"
    DECIMALS = "written with decimals"
    POWER = "written as a power of ten"
    BOTH = "a 0 after the country code"


class Number(NamedTuple):
    """A cell that holds a mobile number; `repairs` says what had to be undone to read it."""

    msisdn: Msisdn
    repairs: tuple[Repair, ...] = ()


class Refused(NamedTuple):
    """A cell that holds no number that can be written to. The reason never shows what stands there."""

    reason: str
    mobile: bool = True
    """False for a real number that is not a mobile one."""


_PLAIN = re.compile(r"\+?[0-9]+")
_FILLED = re.compile(r"[\s+0-9().\-/'`\u2019]+")
_FIGURES = 9
_SPACING = re.compile(r"[\s().\-/_]+")
_DECIMALS = re.compile(r"(\+?[0-9]{9,15})[.,]0{1,2}")
_POWER = re.compile(r"\+?([0-9])(?:[.,]([0-9]+))?[eE]\+?([0-9]{1,2})")
_SEVERAL = re.compile(r"[0-9][0-9 ().\-]{5,}(?:[,;/|&\n]| or | and )\s*\+?[0-9][0-9 ().\-]{5,}")
_DROPPED = dict.fromkeys(map(ord, " .-()"))
_MARKS = "'`\u2019\u2018\u00b4=\""
_MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
_KINDS = {
    PhoneNumberType.FIXED_LINE: "a landline",
    PhoneNumberType.VOIP: "a number of an internet telephone",
    PhoneNumberType.TOLL_FREE: "a free service number",
    PhoneNumberType.PREMIUM_RATE: "a premium rate number",
    PhoneNumberType.SHARED_COST: "a shared cost number",
    PhoneNumberType.PAGER: "a pager",
}


class Numbers:
    """Reads the phone numbers of one country's spreadsheets."""

    def __init__(self, region: str, operators: Operators) -> None:
        self._region, self._operators = region, operators
        self.code = str(phonenumbers.country_code_for_region(region))
        if self.code == "0":
            raise UnknownRegion
        self._shape = _shape(region)
        self._zero = phonenumbers.ndd_prefix_for_region(region, True) == "0"

    def read(self, cell: str) -> Number | Refused:
        """Read a cell."""
        return self._quick(cell) or self._slow(cell)

    def looks_like_one(self, cell: str) -> bool:
        """Whether a cell that should hold something else holds a phone number."""
        if len(cell) < _FIGURES or not _FILLED.fullmatch(cell):
            return False
        return sum(map(str.isdecimal, cell)) >= _FIGURES and isinstance(self.read(cell), Number)

    def _quick(self, cell: str) -> Number | None:
        """A mobile number of this country in one of its usual forms. It finds what `_slow` finds, and sooner."""
        if self._shape is None or not cell.isascii():
            return None
        bare = cell.translate(_DROPPED)
        repairs = (Repair.SPACES,) if bare != cell else ()
        if bare[:1] == "+" or bare[:2] == "00":
            local = bare.lstrip("+")[2 * (bare[0] == "0") :].removeprefix(self.code)
            if len(bare) != len(local) + len(self.code) + (1 if bare[0] == "+" else 2):
                return None
        elif bare[:1] == "0":
            local = bare[1:]
        elif not bare.startswith(self.code):
            local, repairs = bare, (*repairs, Repair.ZERO)
        elif len(bare) > self._shape.longest:
            local, repairs = bare[len(self.code) :], (*repairs, Repair.PLUS)
        else:
            return None
        e164 = f"+{self.code}{local}"
        known = self._shape.mobile(local) or (
            local.isdecimal() and len(local) in self._shape.lengths and self._operators.of_number(e164)
        )
        return Number(Msisdn(e164), repairs) if known else None

    def _slow(self, cell: str) -> Number | Refused:
        repairs = list[Repair]()
        text = _shown(cell, repairs)
        if not text:
            return Refused("there is no number")
        if _SEVERAL.search(text):
            return Refused("more than one number in one cell; give each its own row")
        whole = _whole(text, repairs)
        if whole is None:
            return Refused("Excel has cut digits off; format the column as text, and write the number again")
        spaced = _SPACING.sub("", whole)
        if spaced != whole:
            repairs.append(Repair.SPACES)
        if not _PLAIN.fullmatch(spaced):
            return Refused("not a phone number: something else than figures is in it")
        return self._judged(spaced, repairs)

    def _judged(self, digits: str, repairs: list[Repair]) -> Number | Refused:
        """What figures mean, with or without a + before them."""
        if digits.startswith(("+", "0")):
            return self._known(digits, repairs)
        # No + and no 0. Excel loses the 0 of local numbers, so these come first; what could be two numbers of the country
        # is not guessed.
        local = self._given_out(f"+{self.code}{digits}")
        international = self._given_out(f"+{digits}") if digits.startswith(self.code) else None
        if local and international and local != international:
            return Refused("it can be read in two ways; write it with + and the country code")
        if local and not international:
            return self._known(local.e164, [*repairs, Repair.ZERO] if self._zero else repairs)
        return self._known(f"+{digits}", [*repairs, Repair.PLUS])

    def _given_out(self, text: str) -> Msisdn | None:
        """A number that was given out, or that an operator is known for."""
        try:
            number, msisdn = self._parse(text)
        except NotAPhoneNumber:
            return None
        known = phonenumbers.is_valid_number(number) or self._operators.of_number(msisdn.e164)
        return msisdn if known else None

    def _parse(self, text: str) -> tuple[phonenumbers.PhoneNumber, Msisdn]:
        """Read a number, and write it as all its forms are written. Raises `NotAPhoneNumber`."""
        try:
            # Once more from E.164, as `Msisdn.parse` believes whoever writes a +, also before a country code and a 0.
            number = phonenumbers.parse(Msisdn.parse(text, region=self._region).e164)
        except phonenumbers.NumberParseException:
            raise NotAPhoneNumber("not a phone number") from None
        return number, Msisdn(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

    def _known(self, text: str, repairs: list[Repair]) -> Number | Refused:
        """A number in international or local form, if it is a mobile one."""
        try:
            parsed, msisdn = self._parse(text)
        except NotAPhoneNumber as error:
            return Refused(str(error))
        if text.startswith("+") and text != msisdn.e164:
            repairs = [*repairs, Repair.BOTH]
        if not self._operators.of_number(msisdn.e164):
            kind = phonenumbers.number_type(parsed)
            if kind == PhoneNumberType.UNKNOWN:
                return Refused("no such number is given out")
            if kind not in _MOBILE:
                return Refused(f"{_KINDS.get(kind, 'a special number')}, not a mobile phone", mobile=False)
        if not phonenumbers.is_possible_number_for_type(parsed, PhoneNumberType.MOBILE):
            return Refused("too long or too short for a mobile phone")
        return Number(msisdn, tuple(dict.fromkeys(repairs)))


def _shown(cell: str, repairs: list[Repair]) -> str:
    """The cell without what cannot be seen, and without the apostrophe or ="…" that keeps Excel from counting."""
    text = unicodedata.normalize("NFKC", cell)
    text = "".join(sign for sign in text if unicodedata.category(sign) not in {"Cf", "Cc", "Co"} or sign == "\n")
    bare = text.strip().strip(_MARKS).strip()
    if bare != cell.strip(" \t\r\n"):
        repairs.append(Repair.MARKS)
    elif bare != cell:
        repairs.append(Repair.SPACES)
    return bare


def _whole(text: str, repairs: list[Repair]) -> str | None:
    """The number without decimals and powers of ten; None where a power of ten has fewer figures than the number."""
    if found := _DECIMALS.fullmatch(text):
        repairs.append(Repair.DECIMALS)
        return found[1]
    if found := _POWER.fullmatch(text):
        decimals = found[2] or ""
        if len(decimals) != int(found[3]):
            return None
        repairs.append(Repair.POWER)
        return found[1] + decimals
    return text


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the mobile numbers of a country look like, without its code and without the 0 before local ones."""

    mobile: Callable[[str], re.Match[str] | None]
    lengths: frozenset[int]
    """Of mobile numbers."""
    longest: int
    """Of any number."""


def _shape(region: str) -> _Shape | None:
    """The shape of a country's numbers; None where they cannot be told by this alone.

    It answers as `phonenumbers` does, which takes a hundred times as long: it serves countries that share no code with
    others and write local numbers with a 0 and nothing else.
    """
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None or not (metadata.general_desc and metadata.mobile and metadata.mobile.national_number_pattern):
        return None
    shared = len(COUNTRY_CODE_TO_REGION_CODE[metadata.country_code or 0]) > 1
    if shared or metadata.national_prefix_for_parsing != "0" or metadata.national_prefix_transform_rule:
        return None
    lengths = frozenset(metadata.mobile.possible_length) or frozenset(metadata.general_desc.possible_length)
    mobile = re.compile(metadata.mobile.national_number_pattern, re.ASCII).fullmatch
    return _Shape(mobile, lengths, max(metadata.general_desc.possible_length))
