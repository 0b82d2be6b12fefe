"""Fits a question on the pages of a small screen: no word lost, no entry split, the same numbers on every page."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from app.flows import gsm7
from app.values import Room


class Layout(NamedTuple):
    """What a question shows before it is cut into pages; `more` and `back` are the lines that steer between them."""

    paragraphs: tuple[str, ...]
    entries: tuple[str, ...] = ()
    foot: tuple[str, ...] = ()
    more: str = "99 More"
    back: str = "88 Back"
    back_on_first: bool = False


@lru_cache(maxsize=1024)
def pages(layout: Layout, room: Room) -> tuple[str, ...]:
    """Cut a layout into pages that each fit the room.

    Paragraphs break between words (inside one only where a single word is longer than a page), entries never. A page
    that goes on ends with `more`; later pages, and the first one where there is room and somewhere to go back to, end
    with `back`.
    """
    whole = [*layout.paragraphs, *layout.entries, *layout.foot]
    if _fit(whole, room):
        if layout.back_on_first and _fit([*whole, layout.back], room):
            whole.append(layout.back)
        return ("\n".join(whole),)
    return tuple("\n".join(lines) for lines in _fill(layout, room))


def _fill(layout: Layout, room: Room) -> Iterator[list[str]]:
    page: list[str] = []
    steer = [layout.more]
    waiting = [(text, True) for text in layout.paragraphs] + [(e, False) for e in (*layout.entries, *layout.foot)]
    waiting.reverse()
    while waiting:
        text, breakable = waiting.pop()
        if _fit([*page, text, *steer], room):
            page.append(text)
            continue
        half_empty = _fit([*page, *page], room)
        if not page or (breakable and (half_empty or not _fit([text, layout.more, layout.back], room))):
            # Longer than a page, or it would leave little on this one: take what words fit here, and the rest goes on.
            head, rest = _split(text, page, steer, room)
            if head:
                page.append(head)
            text = rest
        if text:
            waiting.append((text, breakable))
        yield page + steer
        page, steer = [], [layout.more, layout.back]
    yield page + steer[1:]


def _split(text: str, page: Sequence[str], steer: Sequence[str], room: Room) -> tuple[str, str]:
    """Return the most words of `text` that still fit on the page, and the rest."""
    cut = 0
    for place, character in enumerate(text):
        if not character.isspace():
            continue
        if not _fit([*page, text[:place], *steer], room):
            break
        cut = place
    if cut:
        return text[:cut], text[cut + 1 :]
    if page:
        return "", text
    cut = 1
    while cut < len(text) and _fit([text[: cut + 1], *steer], room):
        cut += 1
    return text[:cut], text[cut:]


def _fit(lines: Sequence[str], room: Room) -> bool:
    septets = wide = len(lines) - 1
    plain = True
    for line in lines:
        narrow, broad = gsm7.units(line)
        wide += broad
        if narrow is None:
            plain = False
        else:
            septets += narrow
    return septets <= room.septets if plain else wide <= room.ucs2
