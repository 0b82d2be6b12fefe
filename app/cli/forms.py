"""`izwi surveys`: which surveys can be asked, what starts each, and how its runs stand."""

import json
from typing import Any

import click

from app.cli.root import fail, read_settings, say
from app.flows.review.findings import language
from app.gateway import library as shelves
from app.settings import Settings
from app.store import schema
from app.store import surveys as stored
from app.store.unit import Database


@click.command(short_help="List the surveys and their runs")
@click.option("--json", "as_json", is_flag=True, help="For programs")
def surveys(as_json: bool) -> None:
    """List the surveys that can be asked, what starts each, and how their runs stand."""
    settings = read_settings()
    database = Database(settings.database)
    if schema.current(database.engine) is None:
        fail("There is no database yet: `izwi serve` or `izwi migrate` makes it.")
    library = shelves.Library(database)
    library.refresh()
    counts = database.read(stored.run_counts)
    found = [_listed(library, name, counts, settings) for name in library.names()]
    database.close()
    if as_json:
        say(json.dumps({"surveys": found}, indent=2, ensure_ascii=False))
        return
    if not found:
        say("No survey is stored yet; `izwi serve` takes in those of the surveys folder.")
    for each in found:
        say(f"{each['id']}  version {each['version']}  {each['title']}")
        say(f"  languages  {', '.join(each['languages'])}")
        say(f"  questions  {each['questions']}")
        say(f"  started by {', '.join((*each['service_codes'], *each['keywords'])) or 'nothing'}")
        runs = ", ".join(f"{count} {state}" for state, count in each["runs"].items())
        say(f"  runs       {runs or 'none yet'}\n")


def _listed(
    library: shelves.Library, name: str, counts: dict[int, dict[str, int]], settings: Settings
) -> dict[str, Any]:
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
