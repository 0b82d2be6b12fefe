"""Requests of providers as they come over the wire, one file each: whole ones (.http) and bare bodies (.form)."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl

from app.channels.base import Channel

WIRE = Path(__file__).parents[1] / "wire"


def samples(channel: str) -> list[Path]:
    return sorted(path for path in (WIRE / channel).iterdir() if path.suffix in (".http", ".form"))


def form_in(path: Path) -> Mapping[str, str]:
    raw = path.read_text("utf-8").removesuffix("\n")
    body = raw.partition("\n\n")[2] if path.suffix == ".http" else raw
    return dict(parse_qsl(body, keep_blank_values=True))


def hook_of(path: Path, channel: Channel) -> str:
    """The longest hook that the file's name begins with."""
    return max((hook for hook in channel.hooks if path.stem.startswith(hook)), key=len)
