"""How much room a text takes on a phone: GSM 7-bit septets (3GPP TS 23.038 section 6.2.1) or UCS-2 units."""

import re
from functools import lru_cache

from app.values import Room

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"

_OUTSIDE = re.compile(f"[^{re.escape(BASIC + EXTENSION)}]")
_DOUBLE = re.compile(f"[{re.escape(EXTENSION)}]")

# One message, and each part of a longer one: the header of a concatenated message takes 6 octets (TS 23.040 9.2.3.24.1).
_SINGLE = {"GSM-7": 160, "UCS-2": 70}
_PART = {"GSM-7": 153, "UCS-2": 67}


def outside(text: str) -> str:
    """Return the characters that no GSM-7 phone shows, each once, in the order they appear."""
    return "".join(dict.fromkeys(_OUTSIDE.findall(text)))


@lru_cache(maxsize=4096)
def units(text: str) -> tuple[int | None, int]:
    """Count septets (None if a character is outside GSM-7) and UCS-2 units (UTF-16 code units) of a text."""
    wide = len(text.encode("utf-16-be", "replace")) // 2
    if _OUTSIDE.search(text):
        return None, wide
    return len(text) + len(_DOUBLE.findall(text)), wide


def fits(text: str, room: Room) -> bool:
    """Say whether the text shows whole on one page of this room."""
    septets, wide = units(text)
    return wide <= room.ucs2 if septets is None else septets <= room.septets


def segments(text: str) -> tuple[str, int, int]:
    """Return encoding, units and the number of SMS parts that a message of this text is billed as."""
    septets, wide = units(text)
    encoding = "UCS-2" if septets is None else "GSM-7"
    count = wide if septets is None else septets
    if count <= _SINGLE[encoding]:
        return encoding, count, 1
    parts, used = 1, 0
    for character in text:
        # Neither an escape pair nor a surrogate pair may be cut by the border of a part.
        size = (2 if ord(character) > 0xFFFF else 1) if septets is None else (2 if character in EXTENSION else 1)
        if used + size > _PART[encoding]:
            parts, used = parts + 1, 0
        used += size
    return encoding, count, parts
