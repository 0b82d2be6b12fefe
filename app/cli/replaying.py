"""`izwi simulate` with a transcript: what one person once did on a phone is done again, and compared."""

import difflib
from pathlib import Path

from app.cli.root import fail, read_settings, say
from app.cli.stage import find, names, throw_away_stage
from app.cli.stored import playable
from app.cli.transcript import NotATranscript, parse
from app.flows.reading.faults import FormError

_FIRST = "survey:"


def is_transcript(path: Path) -> bool:
    """Whether a file begins as transcripts do."""
    with path.open("rb") as file:
        return file.read(len(_FIRST)) == _FIRST.encode()


def play_again(path: Path) -> None:
    """Play a transcript, and say whether it comes out as it is written; ends with 1 if it does not."""
    try:
        written = path.read_text(encoding="utf-8")
        header, steps = parse(written)
    except (UnicodeDecodeError, NotATranscript) as error:
        fail(f"{path} is no transcript that can be played: {error}", code=2)
        return
    ships = header.survey in names()
    survey = find(header.survey, beside=path.parent) or playable(read_settings(), header.survey, None, ships=ships)
    if survey is None:
        fail(f"There is no survey {header.survey} that ships, is stored, or lies beside {path}.", code=2)
        return
    try:
        with throw_away_stage(header, survey) as stage:
            played = stage.play(steps)
    except FormError as error:
        fail("\n".join([f"{header.survey} cannot be asked as it is:", *(f"  {fault}" for fault in error.faults)]))
        return
    if played == written:
        say(f"{len(steps)} steps, and all comes out as it is written.")
        return
    lines = difflib.unified_diff(written.splitlines(), played.splitlines(), "as written", "as played now", lineterm="")
    say("\n".join(lines))
    fail("It comes out differently.")
