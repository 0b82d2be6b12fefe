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
    size = _size(whole)
    if _within(size, room):
        if layout.back_on_first and _within(_grown(size, layout.back), room):
            whole.append(layout.back)
        return ("\n".join(whole),)
    return tuple("\n".join(lines) for lines in _fill(layout, room))


def _fill(layout: Layout, room: Room) -> Iterator[list[str]]:
    page: list[str] = []
    steer = [layout.more]
    waiting = [(text, True) for text in layout.paragraphs] + [(e, False) for e in (*layout.entries, *layout.foot)]
    waiting.reverse()
    size = _size(steer)
    while waiting:
        text, breakable = waiting.pop()
        grown = _grown(size, text)
        if _within(grown, room):
            page.append(text)
            size = grown
            continue
        half_empty = breakable and _fit([*page, *page], room)
        if not page or half_empty or (breakable and not _fit([text, layout.more, layout.back], room)):
            # Longer than a page, or it would leave little on this one: take what words fit here, and the rest goes on.
            head, rest = _split(text, page, steer, room)
            if head:
                page.append(head)
            text = rest
        if text:
            waiting.append((text, breakable))
        yield page + steer
        page, steer = [], [layout.more, layout.back]
        size = _size(steer)
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
    return _within(_size(lines), room)


# What lines take together, with the line ends between them: septets, and UCS-2 units. A line that is not all GSM-7 counts
# as more septets than any room has. Plain tuples: a page is measured line by line, several times a turn.
_Size = tuple[int, int]
_NOT_GSM7 = 1 << 20


@lru_cache(maxsize=8192)
def _line(text: str) -> _Size:
    """The room that a line takes, with its end."""
    septets, wide = gsm7.units(text)
    return (_NOT_GSM7 if septets is None else septets + 1), wide + 1


def _size(lines: Sequence[str]) -> _Size:
    septets = wide = -1  # the first line has no line end before it
    for text in lines:
        narrow, broad = _line(text)
        septets += narrow
        wide += broad
    return septets, wide


def _grown(size: _Size, text: str) -> _Size:
    narrow, broad = _line(text)
    return size[0] + narrow, size[1] + broad


def _within(size: _Size, room: Room) -> bool:
    septets, wide = size
    return septets <= room.septets if septets < _NOT_GSM7 - 1 else wide <= room.ucs2
