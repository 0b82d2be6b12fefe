"""What looks like chance and is not: it follows from the run, the node and the place in the expression.

So a turn that is worked out again shows the same, and a calculation keeps its value through the whole run, which
`once(random())` asks for in ODK. Two runs differ, and so do two instances of a repeat.
"""

import hashlib
import math
from typing import Any
from uuid import UUID

from app.flows.xpath.functions.values import number_of, text_of, whole_of

_MODULUS = 2_147_483_647
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LONGEST = 255


def random(_: Any, run: Any, site: Any, nodes: Any) -> float:
    """`random()`: at least 0 and less than 1."""
    return (int.from_bytes(_hash(run, site, nodes)[:8]) >> 11) / 2**53


def uuid(_: Any, run: Any, site: Any, nodes: Any, length: Any = None) -> str:
    """`uuid()`: as RFC 4122 writes one of version 4, or letters and figures of a length."""
    hashed = _hash(run, site, nodes)
    if length is None:
        return str(UUID(bytes=hashed[:16], version=4))
    number = int.from_bytes(hashlib.shake_256(hashed).digest(_LONGEST))
    letters = ""
    for _place in range(min(_LONGEST, whole_of(length))):
        number, left = divmod(number, 36)
        letters += _LETTERS[left]
    return letters


def randomize(_: Any, run: Any, site: Any, nodes: Any, items: Any, seed: Any = None) -> Any:
    """`randomize()`: the items in another order; with a seed in the order that ODK gives them."""
    number = int.from_bytes(_hash(run, site, nodes)[:4]) if seed is None else seed_of(seed)
    return [items[place] for place in shuffled_places(len(items), number)]


def seed_of(value: Any) -> int:
    """The number of a seed; a text that is none is hashed."""
    number = number_of(value)
    if not math.isnan(number):
        return int(max(-(2**63), min(2**63 - 1, number)))
    if text := text_of(value) if not isinstance(value, float) else "":
        return int(float(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], signed=True)))
    return 0


def shuffled_places(size: int, seed: int) -> list[int]:
    """Places in the order of Fisher and Yates, "inside out", with the numbers of Park and Miller."""
    number = int(math.fmod(seed, _MODULUS))
    if number <= 0:
        number += _MODULUS - 1
    places: list[int] = []
    for place in range(size):
        number = number * 16_807 % _MODULUS
        other = int((number - 1) / (_MODULUS - 1) * (place + 1))
        places.append(place)
        places[place], places[other] = places[other], place
    return places


def _hash(run: Any, site: Any, nodes: Any) -> bytes:
    return hashlib.sha256(f"{text_of(run)} {text_of(site)} {_address(nodes)}".encode()).digest()


def _address(nodes: Any) -> str:
    """Where a node stands: the same when more instances of a repeat follow."""
    steps, node = [], nodes[0] if nodes else None
    while node is not None:
        steps.append(f"{node.tag}{sum(1 for _ in node.itersiblings(node.tag, preceding=True))}")
        node = node.getparent()
    return "/".join(reversed(steps))
