"""`izwi surveys add | diff | publish | retire`: a version's way from a file to people's phones and out of them again."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from app.cli.forms import show
from app.cli.root import read_settings, say
from app.cli.stored import named, opened, refuse, versions_of
from app.flows.comparing.changes import Change
from app.flows.comparing.diff import Diff
from app.flows.comparing.diff import diff as compare
from app.flows.reading.faults import FormError
from app.gateway import clashes, reviewing, versions
from app.gateway.reviewing import rooms_of
from app.gateway.versions import How, asked_before, flow_of, is_started, newest_draft, published_of
from app.settings import Settings
from app.store import surveys
from app.store.surveys import Version
from app.store.unit import Database
from app.values import VersionStatus

_BROUGHT = {
    How.NEW: "It is stored as a draft; nobody is asked it yet.",
    How.RENEWED: "It takes the place of the draft with the same version; nobody is asked it yet.",
}


@click.command(short_help="Check a form and store it as a draft")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def add(file: Path) -> None:
    """Check the form in FILE as `izwi check` does, and store it as a draft of its survey. Nobody is asked it yet.

    Lists that it takes from other files (.csv, .xml, .geojson) lie beside FILE, in a folder named like it with -media, or
    in one .zip with it. Their rows become part of the form.
    """
    add_file(file, read_settings())


def add_file(file: Path, settings: Settings) -> None:
    """Check a form, store it as a draft, and say what comes next."""
    report = reviewing.of_file(file, rooms_of(settings))
    show(report, settings, brief=True)
    if report.flow is None:
        refuse("Nothing was stored.")
    with opened(settings) as database:
        content = versions.read(file).content
        try:
            brought = versions.bring(database, content, datetime.now(UTC))
        except FormError as error:
            refuse("\n".join(["", *(f"  {fault}" for fault in error.faults), "", "Nothing was stored."]))
        published = published_of(versions_of(database, content.name))
        if report.flow.compact:
            _warn_of_clashes(settings, database, content.name, report.flow.compact.prefix)
    version = brought.version
    say()
    if brought.how is How.KNOWN:
        say(f"This form is stored already: version {version.version} of {version.survey}, {version.status}.")
        if version.status is VersionStatus.RETIRED:
            say(f"  izwi surveys publish {version.survey} --version {version.version}    lets people get it again")
        if version.status is not VersionStatus.DRAFT:
            return
    else:
        say(_BROUGHT[brought.how])
    say(f"\n  izwi simulate {version.survey} --version {version.version}    tries it on a phone in the terminal")
    if published is not None:
        say(f"  izwi surveys diff {version.survey}    shows what it changes")
    say(f"  izwi surveys publish {version.survey}    lets people get it")


@click.command(short_help="What a version changes")
@click.argument("survey")
@click.argument("older", metavar="[A]", required=False)
@click.argument("newer", metavar="[B]", required=False)
@click.option("--json", "as_json", is_flag=True, help="For programs")
def diff(survey: str, older: str | None, newer: str | None, as_json: bool) -> None:
    """Show what changes from version A of SURVEY to version B, and where their results would no longer line up.

    With one version: from the published one to it. With none: from the published one to the draft.
    """
    settings = read_settings()
    with opened(settings) as database:
        found = versions_of(database, survey)
        before, after = _two(found, older, newer)
        made = compare(flow_of(database, before.id), flow_of(database, after.id))
    if as_json:
        say(json.dumps(_as_json(before, after, made), indent=2, ensure_ascii=False))
        return
    _show(before, after, made)


@click.command(short_help="Let people get a version from now on")
@click.argument("survey")
@click.option("--version", "version_name", metavar="VERSION", help="[default: the draft, or what was retired last]")
@click.option("--yes", is_flag=True, help="Do not ask, not even where results would no longer line up")
def publish(survey: str, version_name: str | None, yes: bool) -> None:
    """Let people who begin SURVEY get a version of it from now on. Those who are answering finish the one they began.

    First it shows what the version changes, and asks. A running service notices within some seconds.
    """
    settings = read_settings()
    with opened(settings) as database:
        found = versions_of(database, survey)
        current = published_of(found)
        version = named(found, version_name) if version_name else _to_publish(found)
        if version == current:
            say(f"Version {version.version} of {survey} is published already; nothing was changed.")
            return
        warned = _show_what_changes(database, found, version)
        _warn_of_clashes(settings, database, survey, clashes.prefix_of(database, version.id))
        _show_runs(database, found)
        if not yes:
            _ask(version, warned=warned)
        if not versions.publish(database, version, current, datetime.now(UTC)):
            refuse("Somebody else has changed this survey meanwhile; look again. Nothing was published.")
    say(f"Version {version.version} of {survey} is published. A running service asks it within some seconds.")
    if not is_started(settings, survey):
        say("Nothing starts it yet: name it in IZWI_SURVEY, IZWI_SERVICE_CODES or IZWI_KEYWORDS, and restart.")


@click.command(short_help="Begin no more runs of a survey")
@click.argument("survey")
@click.option("--version", "version_name", metavar="VERSION", help="[default: the published one]")
def retire(survey: str, version_name: str | None) -> None:
    """Begin no more runs of SURVEY. Those who are answering finish; `izwi surveys publish` undoes it.

    Who dials then reads that the service is not available now. Answers stay, and can be exported.
    """
    with opened(read_settings()) as database:
        found = versions_of(database, survey)
        version = named(found, version_name) if version_name else published_of(found)
        if version is None:
            refuse(f"No version of {survey} is published; name one with --version.")
        if version.status is VersionStatus.RETIRED:
            say(f"Version {version.version} of {survey} is retired already; nothing was changed.")
            return
        if not versions.retire(database, version, datetime.now(UTC)):
            refuse("Somebody else has changed this survey meanwhile; look again. Nothing was retired.")
        _show_runs(database, found)
    say(f"Version {version.version} of {survey} is retired. To undo it:")
    say(f"  izwi surveys publish {survey} --version {version.version}")


# -- which versions -------------------------------------------------------------------------------------------------


def _two(found: list[Version], older: str | None, newer: str | None) -> tuple[Version, Version]:
    """The two versions to compare."""
    if older and newer:
        return named(found, older), named(found, newer)
    after = named(found, older) if older else newest_draft(found) or published_of(found) or found[-1]
    before = asked_before(found, after)
    if before is None:
        refuse(f"There is nothing to compare version {after.version} of {after.survey} with: no other was published.")
    return before, after


def _to_publish(found: list[Version]) -> Version:
    """The draft, if there is one only; else, where nothing is published, what was retired last."""
    drafts = [each for each in found if each.status is VersionStatus.DRAFT]
    if len(drafts) > 1:
        refuse(f"There are several drafts: name one with --version ({', '.join(each.version for each in drafts)}).")
    if drafts:
        return drafts[0]
    retired = [each for each in found if each.status is VersionStatus.RETIRED]
    current = published_of(found)
    return current or max(retired, key=lambda each: each.change)


# -- what is shown --------------------------------------------------------------------------------------------------


def _show_what_changes(database: Database, found: list[Version], version: Version) -> bool:
    """Show the diff against what was asked before; returns whether there is a warning."""
    before = asked_before(found, version)
    if before is None:
        again = version.published_at is not None
        what = "was asked before, and people get it again" if again else "is the first one that people get"
        say(f"Version {version.version} of {version.survey} {what}.")
        return False
    made = compare(flow_of(database, before.id), flow_of(database, version.id))
    _show(before, version, made)
    return bool(made.warnings)


def _show(before: Version, after: Version, made: Diff) -> None:
    say(
        f"{after.survey}: from version {before.version} ({before.status}) to version {after.version} ({after.status})\n"
    )
    if not made.changes:
        say("Nothing that people see, and nothing that is stored, is different.")
    for change in made.changes:
        say(f"  {change}")
    if made.warnings:
        say(f"\nResults of {before.version} and {after.version} would no longer line up:")
    for change in made.warnings:
        say(f"  {_warning(change)}")


def _warning(change: Change) -> str:
    return f"{change.where}{f', {change.choice}' if change.choice else ''}: {change.warning}"


def _warn_of_clashes(settings: Settings, database: Database, survey: str, prefix: str) -> None:
    """Say where a message would reach another survey, if people got this one with that prefix."""
    found = {**clashes.prefixes(database), survey: prefix} if prefix else {}
    for clash in clashes.clashes(settings, found):
        if survey in clash.surveys:
            say(f"\nSMS: {clash.problem}. To mend it, {clash.cure}.")


def _show_runs(database: Database, found: list[Version]) -> None:
    counts = database.read(surveys.run_counts)
    for each in found:
        active = counts.get(each.id, {}).get("active", 0)
        if active:
            people = "1 person is" if active == 1 else f"{active} people are"
            say(f"\n{people} answering version {each.version} now, and can finish it.")


def _ask(version: Version, *, warned: bool) -> None:
    question = f"Publish version {version.version}" + (" although results would no longer line up?" if warned else "?")
    try:
        agreed = click.confirm(f"\n{question}", default=not warned)
    except click.Abort:
        say()
        refuse("Nobody answered, so nothing was published; --yes publishes without asking.")
    if not agreed:
        refuse("Nothing was published.")


def _as_json(before: Version, after: Version, made: Diff) -> dict[str, Any]:
    return {
        "survey": after.survey,
        "from": {"version": before.version, "status": str(before.status)},
        "to": {"version": after.version, "status": str(after.status)},
        "lines_up": not made.warnings,
        "warnings": [_warning(change) for change in made.warnings],
        "changes": [asdict(change) | {"text": str(change)} for change in made.changes],
    }
