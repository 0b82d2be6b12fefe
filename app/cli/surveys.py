"""`izwi surveys`: which surveys can be asked, what versions there are, and their files."""

import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from app.cli import publishing, pulling
from app.cli.root import read_settings, say
from app.cli.stored import local, named, opened, refuse, versions_of
from app.flows.review.findings import language
from app.gateway import packing
from app.gateway.library import Library
from app.gateway.versions import published_of
from app.settings import Settings
from app.store import surveys as stored
from app.store.surveys import Version
from app.store.unit import Database
from app.values import VersionStatus

_TEXTS = (".csv", ".md", ".xml")


@click.group(invoke_without_command=True, short_help="List surveys; add, publish, compare and retire versions")
@click.option("--json", "as_json", is_flag=True, help="For programs")
@click.pass_context
def surveys(ctx: click.Context, as_json: bool) -> None:
    """List the surveys that can be asked, what starts each, and how their runs stand.

    With a command: a survey's way from a file to people's phones. `add` stores a file as a draft, `diff` and
    `izwi simulate` look at it, `publish` lets people get it, `retire` ends that.
    """
    if ctx.invoked_subcommand is not None:
        return
    settings = read_settings()
    with opened(settings) as database:
        library = Library(database)
        library.refresh()
        counts = database.read(stored.run_counts)
        every = database.read(stored.every)
        found = [_listed(library, name, counts, settings) | _drafts(every, name) for name in library.names()]
        others = [each for each in sorted(database.read(stored.ids)) if each not in library.names()]
    not_asked = [{"id": name, "status": _status(every, name)} | _drafts(every, name) for name in others]
    if as_json:
        say(json.dumps({"surveys": found, "not_asked": not_asked}, indent=2, ensure_ascii=False))
        return
    if not found:
        say("No survey can be asked yet; `izwi surveys add` brings one.")
    for each in found:
        _show_listed(each)
    for each in not_asked:
        say(f"{each['id']}  is not asked: {each['status']}")


@surveys.command(short_help="All versions of a survey")
@click.argument("survey")
@click.option("--json", "as_json", is_flag=True, help="For programs")
def show(survey: str, as_json: bool) -> None:
    """Show all versions of SURVEY: where each stands, since when, and how its runs stand."""
    settings = read_settings()
    with opened(settings) as database:
        found = versions_of(database, survey)
        counts = database.read(stored.run_counts)
    shown = [_version(each, counts) for each in found]
    if as_json:
        say(json.dumps({"survey": survey, "versions": shown}, indent=2, ensure_ascii=False))
        return
    width = max(len(each.version) for each in found)
    for version, each in zip(found, shown, strict=True):
        say(f"version {version.version:{width}}  {version.status:9}  since {local(version.changed_at, settings)}")
        say(f"  {'file':9}  {version.filename}, brought {local(version.created_at, settings)}")
        if version.published_at and version.status is not VersionStatus.PUBLISHED:
            say(f"  {'published':9}  {local(version.published_at, settings)}")
        say(f"  {'runs':9}  {_runs(each['runs'])}")


@surveys.command(short_help="The file of a version, as brought or as XForm")
@click.argument("survey")
@click.option("--version", "version_name", metavar="VERSION", help="[default: the published one, else the newest]")
@click.option(
    "--format", "kind", type=click.Choice(["xform", "brought"]), default="xform", show_default=True,
    help="The XForm that is run, or the file as it was brought",
)  # fmt: skip
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write  [default: the screen]")
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write what was brought into, each attached file by its name",
)  # fmt: skip
def download(survey: str, version_name: str | None, kind: str, output: Path | None, folder: Path | None) -> None:
    """Get the form of SURVEY: the XForm that Izwi runs, or the file as it was brought, byte for byte.

    The XForm has the rows of all lists in it. With --folder you get the form as it was brought, and the files that lay
    beside it or were in its .zip, as `izwi surveys add` takes them again.
    """
    with opened(read_settings()) as database:
        found = versions_of(database, survey)
        version = named(found, version_name) if version_name else published_of(found) or found[-1]
        content = _content(database, version, "brought" if folder else kind)
    if folder is not None:
        _write_all(folder, packing.laid_out(version.filename, content))
        say(f"Version {version.version} of {survey} written to {folder}.", err=True)
        return
    if kind == "brought":
        content = packing.as_brought(version.filename, content)
    if output is not None:
        _write(output, content)
        say(f"Version {version.version} of {survey} written to {output}.", err=True)
        return
    if kind == "brought" and not version.filename.lower().endswith(_TEXTS) and sys.stdout.isatty():
        refuse(f"{version.filename} is no text: say where to write it, with --output {version.filename}")
    sys.stdout.buffer.write(content)


for command in (publishing.add, publishing.diff, publishing.publish, publishing.retire, pulling.pull):
    surveys.add_command(command)


def _content(database: Database, version: Version, kind: str) -> bytes:
    if kind == "brought":
        return database.read(lambda connection: stored.source(connection, version.id))
    return database.read(lambda connection: stored.xform(connection, version.id)).encode()


def _write(output: Path, content: bytes) -> None:
    """Write a file that appears only when it is complete."""
    if not output.absolute().parent.is_dir():
        refuse(f"There is no folder {output.parent} to write to.")
    with tempfile.NamedTemporaryFile("wb", dir=output.parent, delete=False) as draft:
        draft.write(content)
    Path(draft.name).replace(output)


def _write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a form and its files into a folder that has nothing in it yet."""
    if folder.is_dir() and any(folder.iterdir()):
        refuse(f"There is something in {folder} already; name another folder.")
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, content)


# -- what is listed -------------------------------------------------------------------------------------------------


def _show_listed(each: Mapping[str, Any]) -> None:
    say(f"{each['id']}  version {each['version']}  {each['title']}")
    say(f"  languages  {', '.join(each['languages'])}")
    say(f"  questions  {each['questions']}")
    say(f"  started by {', '.join((*each['service_codes'], *each['keywords'])) or 'nothing'}")
    if each["drafts"]:
        say(f"  drafts     {', '.join(each['drafts'])} (`izwi surveys diff {each['id']}`)")
    say(f"  runs       {_runs(each['runs'], none='none yet')}\n")


def _listed(library: Library, name: str, counts: dict[int, dict[str, int]], settings: Settings) -> dict[str, Any]:
    edition = library.newest(name)
    assert edition is not None  # noqa: S101 -- the library has just named it
    flow = edition.flow
    codes = [code for code, survey in settings.service_codes.items() if survey == name]
    return {
        "id": name,
        "version": flow.version,
        "title": flow.title,
        "languages": [language(flow, locale) for locale in flow.locales],
        "questions": sum(question.kind.asked for question in flow.questions),
        "service_codes": [*codes, *(["any other service code"] if settings.survey == name else [])],
        "keywords": [keyword for keyword, survey in settings.keywords.items() if survey == name],
        "runs": dict(sorted(counts.get(edition.version_id, {}).items())),
    }


def _drafts(every: list[Version], name: str) -> dict[str, list[str]]:
    drafts = [each for each in every if each.survey == name and each.status is VersionStatus.DRAFT]
    return {"drafts": [each.version for each in drafts]}


def _status(every: list[Version], name: str) -> str:
    """Retired, if any version is; else it never was more than a draft."""
    statuses = {each.status for each in every if each.survey == name}
    return str(VersionStatus.RETIRED if VersionStatus.RETIRED in statuses else VersionStatus.DRAFT)


def _version(version: Version, counts: Mapping[int, Mapping[str, int]]) -> dict[str, Any]:
    published_at = version.published_at
    return {
        "version": version.version,
        "status": str(version.status),
        "title": version.title,
        "filename": version.filename,
        "brought_at": version.created_at.isoformat(),
        "published_at": published_at and published_at.isoformat(),
        "changed_at": version.changed_at.isoformat(),
        "runs": dict(sorted(counts.get(version.id, {}).items())),
    }


def _runs(runs: Mapping[str, int], none: str = "none") -> str:
    return ", ".join(f"{count} {state}" for state, count in runs.items()) or none
