"""`izwi simulate`: a basic phone in the terminal, over the real turn code, on a database that is thrown away."""

import os
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from app.cli.root import fail, read_settings


@click.command(short_help="Try a survey on a phone in the terminal")
@click.argument("survey")
@click.option(
    "--version", metavar="VERSION", help="A stored version of the survey  [default: its draft, if it has one]"
)
@click.option("--channel", type=click.Choice(["ussd", "sms"]), default="ussd", show_default=True, help="How to ask")
@click.option("--language", metavar="CODE", help="Answer the question for the language with this one, such as sn")
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="Write what happened as a transcript")
def simulate(survey: str, version: str | None, channel: str, language: str | None, save: Path | None) -> None:
    """Try SURVEY on a phone in the terminal: an id (leave_no_one_behind) or a form's file. Nothing is sent or kept.

    A survey that `izwi surveys add` stored is tried by its id too, before anyone is asked: its draft, or any --version.

    A transcript that was saved, here or in the console, is played again; the exit status is 1 if it comes out differently.

    Replies can be piped in, one a line; then the transcript is printed plainly.
    """
    # Imported here, so that `izwi --help` need not wait for the whole service.
    from app.cli.replaying import is_transcript, play_again
    from app.cli.stage import find, names, throw_away_stage
    from app.cli.stored import playable
    from app.cli.terminal import Terminal
    from app.cli.transcript import Header
    from app.flows.reading.faults import FormError
    from app.settings import BadSettings
    from app.values import Medium

    path = Path(survey)
    if path.is_file() and is_transcript(path):
        play_again(path)
        return
    stored = None if path.is_file() else playable(read_settings(), survey, version, ships=survey in names())
    file = stored or (find(survey) if version is None else None)
    if file is None:
        fail(_unknown(survey, version, names()), code=2)
        return
    if stored is not None and save is not None:
        fail("A transcript needs the form's file: get it with `izwi surveys download`, and simulate that.", code=2)
    if save is not None and not save.absolute().parent.is_dir():
        fail(f"There is no folder {save.parent} to save in.", code=2)
    moment = datetime.now(UTC).replace(second=0, microsecond=0)
    seed = secrets.randbelow(9998) + 2
    name = _as_seen_from(save, path) if path.is_file() else survey
    try:
        with throw_away_stage(Header(name, Medium(channel), language or "", seed=seed, at=moment), file) as stage:
            if language and language not in stage.flow.locales:
                fail(f"{survey} has no language {language}; it has {', '.join(stage.flow.locales)}.", code=2)
            drawn = sys.stdin.isatty() and sys.stdout.isatty()
            Terminal(stage, language, drawn=drawn).run(save)
    except BadSettings as error:
        fail(f"These settings are wrong:\n{error}", code=2)
    except FormError as error:
        fail("\n".join([f"{survey} cannot be asked as it is:", *(f"  {fault}" for fault in error.faults)]))


def _unknown(survey: str, version: str | None, shipped: list[str]) -> str:
    if version is not None and Path(survey).is_file():
        return "A file is one version: leave --version out, or name the survey by its id."
    if version is not None:
        return f"No version of {survey} is stored; `izwi surveys` lists those that are."
    return f"There is no file {survey}, and no survey of this name. There are: {', '.join(shipped)}."


def _as_seen_from(save: Path | None, survey: Path) -> str:
    """A form's path as a transcript beside it names it."""
    return Path(os.path.relpath(survey, save.absolute().parent)).as_posix() if save else survey.name
