"""INFO at what is asked around a survey: who asks, why, how long and whom to complain to, and then the same screen again.

Which page of it was shown last stands at the end of `session.asking`: what comes next is a reply to the screen, or turns a page.
"""

import re
from collections.abc import Sequence

from app.flows.phrases import fold, say, words
from app.flows.screens import Layout, pages
from app.store.sessions import Session
from app.values import Room

_MORE, _BACK = "99", "88"
_ASKING = re.compile(r"(.*?)(?: \?(\d))?", re.DOTALL)


def asked(session: Session) -> str:
    """What a session asks outside of the survey; empty where nothing is."""
    return _parts(session)[0]


def told(session: Session, typed: str | None, info: str, screen: Sequence[str], room: Room, locale: str) -> str | None:
    """The page of INFO that a reply asks for, above the screen that is open; None where the reply is meant for the screen."""
    asking, page = _parts(session)
    session.asking = asking
    wanted = _page(typed or "", page)
    if wanted is None:
        return None
    more, back = f"{_MORE} {say('next', locale)}", f"{_BACK} {say('back', locale)}"
    found = pages(Layout((info, screen[0]), tuple(screen[1:]), more=more, back=back), room)
    if wanted >= len(found):
        return None
    session.asking = f"{asking} ?{wanted}"
    return found[wanted]


def _page(typed: str, shown: int | None) -> int | None:
    word = fold(typed)
    if not typed.isdigit() and word in words("words_info"):
        return 0
    if shown is None:
        return None
    if typed.strip() == _MORE or word in words("words_next"):
        return shown + 1
    return shown - 1 if shown and (typed.strip() == _BACK or word in words("words_back")) else None


def _parts(session: Session) -> tuple[str, int | None]:
    found = _ASKING.fullmatch(session.asking)
    asking, page = found.groups() if found else (session.asking, None)
    return asking, None if page is None else int(page)
