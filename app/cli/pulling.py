"""`izwi surveys pull`: a form from a project at KoboToolbox or ODK Central, with the same checks as one from a file."""

import re
import tempfile
from pathlib import Path

import click

from app.cli.publishing import add_file
from app.cli.root import read_settings, say
from app.cli.stored import refuse
from app.cli.targets import named_target
from app.openrosa.client import Client, Listed, Unreachable

_UNSAFE = re.compile(r"[^\w.-]+|^\.+")


@click.command(short_help="Get a form from KoboToolbox or ODK Central")
@click.argument("target")
@click.argument("form", required=False)
def pull(target: str, form: str | None) -> None:
    """Get FORM from TARGET (IZWI_TARGETS), check it, and store it as a draft. Without FORM: list the forms that there are.

    Its lists come with it. Nobody is asked it before `izwi surveys publish`.
    """
    settings = read_settings()
    with Client(named_target(settings, target)) as client:
        try:
            listed = client.forms()
            if form is None:
                _show(listed, target)
                return
            wanted = next((each for each in listed if each.form_id == form), None)
            if wanted is None:
                there = ", ".join(each.form_id for each in listed) or "none"
                refuse(f"{target} has no form {form!r}. It has: {there}.")
            content, media = client.form(wanted), client.media(wanted)
        except Unreachable as error:
            refuse(f"{target} did not give its forms: {error.result.reason}. Is its address right, and its password?")
    with tempfile.TemporaryDirectory() as folder:
        name = _UNSAFE.sub("_", form) or "form"
        file, beside = Path(folder) / f"{name}.xml", Path(folder) / f"{name}-media"
        file.write_bytes(content)
        beside.mkdir()
        for called, each in media.items():
            (beside / called).write_bytes(each)
        add_file(file, settings)


def _show(listed: list[Listed], target: str) -> None:
    for each in listed:
        say(f"{each.form_id}  version {each.version or '(none)'}  {each.name}")
    say(f"\n  izwi surveys pull {target} FORM    stores one of them as a draft" if listed else "There is no form.")
