"""The format of a transcript: a readable file of what one person did with a phone, what it showed, and what was stored.

    survey: leave_no_one_behind    channel: ussd    locale: en    from: +263770000001

    > *384*77#                what she types; the first thing in no session dials
    CON Choose language …     what the phone shows; an SMS has no CON or END
    [84 of 160]               room used, in septets, or `UCS-2 n of 80`; an SMS says how many parts it is billed as
    ! session dropped         what the world does (`WORLD` below)
    = run active at consent   what is stored of this phone now, always all of it
    # …                       a remark

Blocks are parted by blank lines. To write one, type only the `>`, `!`, `=` and `#` lines and let
`pytest --update-transcripts` fill in the rest; or play it with `izwi simulate --save`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.cli.handset import NOON, NUMBER
from app.values import Medium

HARARE = ZoneInfo("Africa/Harare")
WORLD = (
    "session dropped",
    "provider retries",
    "an old request comes late",
    "<two> <hours> pass",
    "another phone",
    "phone <1>",
    "by sms",
    "by ussd",
)
_COUNTS = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "ten": 10}
_SPAN = re.compile(r"(\w+) (second|minute|hour|day|week)s? pass(?:es)?")
_MARKS = (">", "!", "=", "#", "\\")


class NotATranscript(ValueError):
    """The text is no transcript; the message says which line and why."""


@dataclass(frozen=True, slots=True)
class Header:
    """Which survey, how, in which language (that of the run in the end), from which phone; by what chance and when."""

    survey: str
    channel: Medium = Medium.USSD
    locale: str = "en"
    number: str = NUMBER
    seed: int = 1
    at: datetime = NOON

    def __str__(self) -> str:
        parts = [f"survey: {self.survey}", f"channel: {self.channel}", f"locale: {self.locale}", f"from: {self.number}"]
        if self.seed != 1:
            parts.append(f"seed: {self.seed}")
        if self.at != NOON:
            parts.append(f"at: {self.at.astimezone(HARARE):%Y-%m-%d %H:%M}")
        return "    ".join(parts)


@dataclass(frozen=True, slots=True)
class Typed:
    """What the person types."""

    words: str

    def __str__(self) -> str:
        return f"> {self.words}".rstrip() if self.words else ">"


@dataclass(frozen=True, slots=True)
class World:
    """What the world does: one of `WORLD`."""

    event: str

    def __str__(self) -> str:
        return f"! {self.event}"


@dataclass(frozen=True, slots=True)
class Look:
    """A look at what is stored."""

    def __str__(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Remark:
    """Words to the reader."""

    words: str

    def __str__(self) -> str:
        return f"# {self.words}".rstrip()


Step = Typed | World | Look | Remark


@dataclass(frozen=True, slots=True)
class Block:
    """A step, and what came of it, line by line."""

    step: Step
    lines: Sequence[str] = ()

    def __str__(self) -> str:
        head = str(self.step)
        if isinstance(self.step, Look):
            return "\n".join(f"= {line}" for line in self.lines)
        return "\n".join([head, *map(_guarded, self.lines)])


def parse(text: str) -> tuple[Header, list[Step]]:
    """Read the header and the steps; what the phone showed and what was stored is left out: it is to be found again."""
    lines = text.splitlines()
    if not lines or not lines[0].startswith("survey:"):
        raise NotATranscript("line 1: a transcript begins with `survey: …`")
    steps: list[Step] = []
    looking = False
    for number, line in enumerate(lines[1:], start=2):
        mark, words = line[:1], line[1:].removeprefix(" ")
        if mark == ">":
            steps.append(Typed(words))
        elif mark == "!":
            if not _is_known(words):
                raise NotATranscript(f"line {number}: nobody knows `! {words}`; there are: {', '.join(WORLD)}")
            steps.append(World(words))
        elif mark == "#":
            steps.append(Remark(words))
        elif mark == "=" and not looking:
            steps.append(Look())
        looking = mark == "="
    return _header(lines[0]), steps


def write(header: Header, blocks: Iterable[Block]) -> str:
    """Write a transcript."""
    text, remarks = f"{header}\n", False
    for block in blocks:
        is_remark = isinstance(block.step, Remark)
        text += ("" if is_remark and remarks else "\n") + f"{block}\n"
        remarks = is_remark
    return text


def span(event: str) -> timedelta | None:
    """How much time passes, if that is what the world does: `two hours pass`, `25 hours pass`."""
    match = _SPAN.fullmatch(event)
    if match is None:
        return None
    amount = int(match[1]) if match[1].isdigit() else _COUNTS.get(match[1])
    return None if amount is None else timedelta(**{f"{match[2]}s": amount})


def phone_of(event: str) -> int | None:
    """Which phone is taken up, if that is what happens: `phone 1`."""
    number = event.removeprefix("phone ")
    return int(number) if event.startswith("phone ") and number.isdigit() else None


def _is_known(event: str) -> bool:
    return event in WORLD or span(event) is not None or phone_of(event) is not None


def _header(line: str) -> Header:
    parts = dict(re.findall(r"(\w+): (.*?)(?:\s{2,}|$)", line))
    header = Header(parts.pop("survey"))
    try:
        header = replace(
            header,
            channel=Medium(parts.pop("channel", "ussd")),
            locale=parts.pop("locale", "en"),
            number=parts.pop("from", NUMBER),
            seed=int(parts.pop("seed", "1")),
        )
        if moment := parts.pop("at", ""):
            header = replace(header, at=datetime.strptime(moment, "%Y-%m-%d %H:%M").replace(tzinfo=HARARE))
    except ValueError as error:
        raise NotATranscript(f"line 1: {error}") from None
    if parts:
        raise NotATranscript(f"line 1: nobody knows {', '.join(parts)}")
    return header


def _guarded(line: str) -> str:
    """A line of a screen that looks like one of ours gets a backslash in front."""
    return f"\\{line}" if line.startswith(_MARKS) else line
