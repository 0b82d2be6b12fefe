"""Connecting a provider from the console: what somebody typed is tried, then kept in a private file for the next start."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.channels import CHANNELS
from app.channels.base import Account
from app.gateway.refusals import NotNow, NotPossible
from app.settings import KEPT, PREFIX, LineSettings, Settings, decided_outside
from app.store.audit import Trail
from app.store.unit import Database
from app.store.whole import whole

_USERNAME, _KEY, _SENDER = "africastalking_username", "africastalking_api_key", "africastalking_sender"
_DECIDING = ("channel", "channels", _USERNAME, _KEY, _SENDER)
_PLAIN = re.compile(r"[!-~]{1,200}")


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody typed; `api_key` is never shown again."""

    username: str
    api_key: str
    sender: str

    def check(self) -> None:
        """Raise `NotPossible` where it can be no account of anybody."""
        if not _PLAIN.fullmatch(self.username):
            raise NotPossible("The user name is the one of your account at Africa's Talking, without spaces.")
        if not _PLAIN.fullmatch(self.api_key):
            raise NotPossible("The key is a long word of letters and figures. Copy all of it, and nothing besides.")
        if self.sender and not _PLAIN.fullmatch(self.sender):
            raise NotPossible("The sender is a short code or a word without spaces. It may be empty.")


def decided_elsewhere() -> list[str]:
    """The settings of this machine that decide instead, as one writes them."""
    return [PREFIX + name.upper() for name in sorted(decided_outside(_DECIDING))]


def ask_provider(settings: Settings, wish: Wish) -> Account:
    """Ask the provider whether it takes this user name and key. Takes some seconds where there is no link."""
    wish.check()
    line = LineSettings(
        username=wish.username, api_key=wish.api_key, sender=wish.sender, url=settings.africastalking_url
    )
    return CHANNELS[line.provider](line).account()


def keep(settings: Settings, database: Database, wish: Wish, trail: Trail, at: datetime) -> None:
    """Keep it for the next start; noted without the key."""
    wish.check()
    if outside := decided_elsewhere():
        raise NotNow(f"The settings of this machine decide that already: {', '.join(outside)}. Change it there.")
    database.write(lambda connection: trail.note(connection, "connect", wish.username, at=at))
    kept = {_USERNAME: wish.username, _KEY: wish.api_key, _SENDER: wish.sender}
    _write(settings.data_dir / KEPT, "".join(f"{name} = {json.dumps(value)}\n" for name, value in kept.items()))


def _write(path: Path, text: str) -> None:
    try:
        with whole(path) as out:  # a file of its owner only from its first byte on
            out.write(text.encode())
    except OSError as error:
        raise NotPossible(f"It cannot be kept: {error.strerror}. Is there room on the disk?") from None
