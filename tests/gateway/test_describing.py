"""Versions that are published are described in tables, and the tables say what the forms say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from app.cli.stored import StoredForm
from app.flows.dictionary.describe import describe
from app.flows.dictionary.variable import Dictionary
from app.gateway import describing, library, versions
from app.models import descriptions as tables
from app.reports.figures.asking import survey_of
from app.reports.figures.axes import NoSuchDimension
from app.store import descriptions, schema, surveys
from app.store.unit import Database

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
WELLS = """\
| survey | type | name | label::English (en) | label::Shona (sn) | relevant | required |
|---|---|---|---|---|---|---|
{rows}
| choices | list_name | name | label::English (en) | label::Shona (sn) |
| | yn | yes | Yes | Hongu |
| | yn | no | No | Kwete |
| | uses | drink | Drinking | Kunwa |
| | uses | wash | Washing | Kugeza |
{choices}
| settings | form_id | form_title | version | default_language |
| | wells | Wells | {version} | English (en) |
"""
ROWS = """\
| | select_one yn | works | Does it work? | Rinoshanda here? | | yes |
| | select_multiple uses | uses | What for? | Rekuitei? | ${works} = 'yes' | |
| | begin_repeat | home | Homes | Dzimba | | |
| | integer | people | How many people? | Vanhu vangani? | | |
| | end_repeat | | | | | |
"""
GUARDED = """\
| survey | type | name | label | bind::izwi:area | bind::izwi:bands | bind::izwi:hxl |
|---|---|---|---|---|---|---|
| | select_one places | place | Where? | district | | #adm2 |
| | integer | age | How old? | | {bands} | #age |
| choices | list_name | name | label |
| | places | a | A |
| | places | b | B |
| settings | form_id | form_title | version | izwi:smallest | izwi:high_risk |
| | wells | Wells | {version} | {smallest} | b |
"""
NEW_ROWS = ROWS.replace("integer | people", "decimal | people") + "| | text | why | Why? | Sei? | ${works} = 'no' | |\n"


def wells(version: str, rows: str = ROWS, choices: str = "") -> StoredForm:
    text = WELLS.format(
        rows=rows.strip(), choices=choices.strip() or "| | uses | other | Other | Zvimwe |", version=version
    )
    return StoredForm("wells.md", text.encode())


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


def bring(database: Database, *files: StoredForm) -> None:
    for file in files:
        versions.bring_published(database, versions.read(file).content, AT)


def told(database: Database, survey: str) -> Dictionary | None:
    return database.read(lambda connection: descriptions.dictionary(connection, survey))


def plain(dictionary: Dictionary | None) -> Any:
    """Without labels that say nothing: those are not kept."""
    assert dictionary is not None

    def said(labels: Mapping[str, str]) -> dict[str, str]:
        return {language: label for language, label in labels.items() if label}

    variables = [
        replace(
            each,
            labels=said(each.labels),
            categories=tuple(replace(one, labels=said(one.labels)) for one in each.categories),
        )
        for each in dictionary.variables
    ]
    return replace(dictionary, variables=tuple(variables), languages=list(dictionary.languages.items()))  # type: ignore[arg-type]


def test_the_tables_say_what_the_forms_say(database: Database) -> None:
    files = [wells("1"), wells("2", NEW_ROWS, "| | yn | partly | Partly | Zvishoma |"), wells("3", ROWS)]
    bring(database, *files)
    flows = [versions.read(file).flow for file in files]

    assert plain(told(database, "wells")) == plain(describe(flows))
    assert [each.code for each in told(database, "wells").variables[0].categories] == [1, 2, 3]  # type: ignore[union-attr]


def test_the_survey_that_ships_is_described(database: Database) -> None:
    (file,) = library.shipped()

    assert plain(told(database, "leave_no_one_behind")) == plain(describe([versions.read(file).flow]))
    assert told(database, "unheard_of") is None


def test_a_draft_is_described_when_it_is_published(database: Database) -> None:
    bring(database, wells("1"))
    draft = versions.bring(database, versions.read(wells("2", NEW_ROWS)).content, AT).version
    assert [each.name for each in told(database, "wells").variables] == ["works", "uses", "people"]  # type: ignore[union-attr]

    published = versions.published_of(database.read(lambda connection: surveys.of_survey(connection, "wells")))
    assert versions.publish(database, draft, published, AT)

    assert [each.name for each in told(database, "wells").variables] == ["works", "uses", "people", "why"]  # type: ignore[union-attr]


def test_an_older_version_that_is_published_again_changes_no_name_and_no_code(database: Database) -> None:
    bring(database, wells("1"), wells("2", NEW_ROWS))
    before = told(database, "wells")
    stored = database.read(lambda connection: surveys.of_survey(connection, "wells"))

    assert versions.publish(database, stored[0], stored[1], AT)

    assert told(database, "wells") == before


def test_versions_from_before_there_were_descriptions_are_described_at_the_start(database: Database) -> None:
    bring(database, wells("1"), wells("2", NEW_ROWS))
    before = told(database, "wells")
    database.write(_forget_all)
    assert not describing.is_done(database)

    describing.catch_up(database)

    assert describing.is_done(database)
    assert told(database, "wells") == before


def test_the_tables_say_what_the_forms_ask_of_figures(database: Database) -> None:
    files = [guarded("1", "12", "18 25"), guarded("2", "30", "18 25 35")]
    bring(database, *files)
    flows = [versions.read(file).flow for file in files]

    assert database.read(lambda connection: descriptions.guards(connection, "wells")) == [each.guard for each in flows]
    assert plain(told(database, "wells")) == plain(describe(flows))
    assert told(database, "wells").variable("age").hxl == "#age"  # type: ignore[union-attr]


def test_descriptions_from_before_there_were_guards_are_filled_at_the_start_and_nothing_else_changes(
    database: Database,
) -> None:
    bring(database, guarded("1", "12", "18 25"), guarded("2", "30", "18 25 35"))
    before = told(database, "wells"), database.read(lambda connection: descriptions.guards(connection, "wells"))
    schema.downgrade(database.engine, "0013_console")
    schema.upgrade(database.engine)
    assert database.read(lambda connection: descriptions.guards(connection, "wells")) == [None, None]
    assert not describing.is_done(database)
    with pytest.raises(NoSuchDimension, match="`izwi migrate` does that"):
        database.read(lambda connection: survey_of(connection, "wells", ZoneInfo("UTC")))

    describing.catch_up(database)

    assert describing.is_done(database)
    assert (
        told(database, "wells"),
        database.read(lambda connection: descriptions.guards(connection, "wells")),
    ) == before


def test_figures_and_exports_read_no_form(database: Database) -> None:
    bring(database, guarded("1", "12", "18 25"), guarded("2", "30", "18 25 35"))
    database.write(lambda connection: connection.execute(sa.text("UPDATE survey_version SET xform = 'gone'")))

    survey = database.read(lambda connection: survey_of(connection, "wells", ZoneInfo("UTC")))

    assert (survey.guard.smallest, survey.guard.bands) == (30, {"age": (18, 25, 35)})
    assert survey.dictionary == told(database, "wells")


def guarded(version: str, smallest: str, bands: str) -> StoredForm:
    text = GUARDED.format(version=version, smallest=smallest, bands=bands)
    return StoredForm("wells.md", text.encode())


def test_a_list_of_two_thousand_choices_is_taken(database: Database) -> None:
    choices = "\n".join(f"| | uses | use_{number} | Use {number} | Kushanda {number} |" for number in range(2000))
    bring(database, wells("1", ROWS, choices))

    variable = told(database, "wells").variable("uses")  # type: ignore[union-attr]

    assert variable is not None
    assert (len(variable.categories), variable.categories[-1].labels["sn"]) == (2002, "Kushanda 1999")


def _forget_all(connection: sa.Connection) -> None:
    gone: Sequence[sa.Table] = (
        tables.choice_label,
        tables.choice,
        tables.question_label,
        tables.question,
        tables.description,
    )
    for table in gone:
        connection.execute(sa.delete(table))
