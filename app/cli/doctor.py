"""`izwi doctor`: looks at everything that can be wrong, and says how to mend it."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime

import click

from app.cli.root import read_settings, say
from app.gateway.examining import HERE, OUTSIDE, examine
from app.settings import PREFIX, Settings


@click.command(short_help="Find what is wrong, and say how to mend it")
@click.option("--json", "as_json", is_flag=True, help="For programs")
@click.option("--settings", "show_settings", is_flag=True, help="Show every setting with its value")
def doctor(as_json: bool, show_settings: bool) -> None:
    """Look for what is wrong, and say how to mend it. Exit status 1 if something is."""
    settings = read_settings()
    if show_settings:
        _show(settings)
        return
    findings = examine(settings, HERE + OUTSIDE, datetime.now(UTC))
    if as_json:
        say(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            sign = {"ok": "  ok     ", "warning": "  warning", "error": "  ERROR  "}[finding.level]
            say(f"{sign} {finding.what}")
            if finding.cure:
                say(f"          → {finding.cure}")
    sys.exit(any(finding.level == "error" for finding in findings))


def _show(settings: Settings) -> None:
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        shown = "(set)" if not field.repr and value else repr(value) if value != "" else "(empty)"
        say(f"{PREFIX}{name.upper():32} {shown:28} {field.description}")
