"""The views that analysts read: as the forms say, with nothing of a phone, and never in the way of a publish."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from app import main
from app.cli.handset import Network
from app.cli.stored import StoredForm
from app.flows.dictionary.variable import Category, Dictionary, Measure, Variable
from app.gateway import versions
from app.settings import Settings
from app.store import surveys
from app.store.unit import Database
from app.store.views import naming, renewing, wide
from app.store.views.sql import Dialect
from tests.conftest import Clock
from tests.phone import Phone
from tests.reports.test_answers import PATH
from tests.store.test_dump_attack import forms

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
NUMBER = "+263770000007"
WELLS = """\
| survey | type | name | label::English (en) | label::Shona (sn) | relevant |
|---|---|---|---|---|---|
| | select_one yn | works | Does it work? | Rinoshanda here? | |
| | select_multiple uses | uses | What for? | Rekuitei? | ${{works}} = 'yes' |
| | integer | depth | How deep? | Rakadzika sei? | |
| | begin_repeat | home | Homes | Dzimba | |
| | text | head | Whose home? | Imba yani? | |
| | integer | people | How many people? | Vanhu vangani? | |
| | end_repeat | | | | |
{rows}
| choices | list_name | name | label::English (en) | label::Shona (sn) |
| | yn | yes | Yes | Hongu |
| | yn | no | No | Kwete |
| | uses | drink | Drinking | Kunwa |
| | uses | wash | Washing | Kugeza |
| settings | form_id | form_title | version | default_language |
| | wells | Wells | {version} | English (en) |
"""
MORE = "| | text | why | Why is that so? | Sei? | |"


def wells(version: str, rows: str = "| | note | bye | Thanks | Tatenda | |") -> StoredForm:
    return StoredForm("wells.md", WELLS.format(version=version, rows=rows).encode())


@pytest.fixture
def service(settings: Settings) -> Iterator[Network]:
    """A service that asks about wells."""
    parts = main.assemble(settings.model_copy(update={"survey": "wells"}), [wells("1")])
    yield Network(parts, Clock())
    parts.close()


def answered(service: Network) -> Phone:
    """Somebody with a well that works, and two homes."""
    phone = Phone(service, NUMBER)
    phone.dial()
    phone.replies("1", "1 2", "30", "Moyo", "4", "1", "Dube", "5", "2")
    return phone


def publish(service: Network, version: str, rows: str = MORE) -> None:
    database = service.parts.database
    brought = versions.bring(database, versions.read(wells(version, rows)).content, AT).version
    before = versions.published_of(database.read(lambda connection: surveys.of_survey(connection, "wells")))
    assert versions.publish(database, brought, before, AT)


def named(database: Database, view: str) -> str:
    return view if database.sqlite else f"analysis.{view}"


def rows(database: Database, view: str, columns: str = "*", rest: str = "") -> list[dict[str, Any]]:
    statement = sa.text(f"SELECT {columns} FROM {named(database, view)} {rest}")
    return database.read(lambda connection: [dict(row) for row in connection.execute(statement).mappings()])


def do(database: Database, *statements: str) -> None:
    database.write(lambda connection: [connection.execute(sa.text(each)) for each in statements])


def views(database: Database) -> dict[str, tuple[str, ...]]:
    return {each.name: each.columns for each in database.read(renewing.wanted)}


def test_every_view_has_the_columns_that_it_should_have(service: Network) -> None:
    database = service.parts.database

    assert database.read(renewing.is_done)
    for view, columns in views(database).items():
        read = database.read(
            lambda connection, view=view: list(
                connection.execute(sa.text(f"SELECT * FROM {named(database, view)} LIMIT 1")).keys()
            )
        )
        assert tuple(read) == columns, view
    assert set(views(database)) >= {"answers", "survey_wells", "survey_wells_labels", "survey_wells__home"}


def test_a_run_is_a_row_with_numbers_as_numbers_and_choices_split(service: Network) -> None:
    answered(service)

    (row,) = rows(service.parts.database, "survey_wells")

    assert (row["version"], row["state"], row["asked_in"], row["channel"]) == ("1", "completed", "en", "ussd")
    assert (row["works"], row["uses"], row["uses__drink"], row["uses__wash"]) == ("yes", "drink wash", 1, 1)
    assert (row["depth"], type(row["depth"])) == (30, int)
    assert row["flags"] is None
    assert "people" not in row


def test_an_instance_of_a_repeat_is_a_row_that_knows_its_run(service: Network) -> None:
    answered(service)
    database = service.parts.database

    ((run,),) = [tuple(row.values()) for row in rows(database, "survey_wells", "run")]
    homes = rows(database, "survey_wells__home", "run, repeat_position, repeat_parent, head, people", "ORDER BY 2")

    assert [tuple(each.values()) for each in homes] == [(run, "1", "", "Moyo", 4), (run, "2", "", "Dube", 5)]


def test_labels_stand_in_place_of_names(service: Network) -> None:
    answered(service)

    (row,) = rows(service.parts.database, "survey_wells_labels")

    assert (row["works"], row["uses"], row["depth"]) == ("Yes", "Drinking; Washing", 30)


def test_what_is_not_answered_is_null_also_in_split_columns(service: Network) -> None:
    phone = Phone(service, NUMBER)
    phone.dial()
    phone.replies("2")

    (row,) = rows(service.parts.database, "survey_wells")

    assert (row["works"], row["uses"], row["uses__drink"], row["depth"]) == ("no", None, None, None)


@pytest.mark.parametrize(
    ("value", "depth", "number"),
    [
        ("30", 30, 30.0),
        ("-7", -7, -7.0),
        ("030", 30, 30.0),
        ("4.5", None, 4.5),
        ("", None, None),
        ("-", None, None),
        (".", None, None),
        ("5.", None, None),
        ("1.2.3", None, None),
        ("deep", None, None),
        ("1e400", None, None),
        ("NaN", None, None),
        ("12345678901234567890", None, 12345678901234567890.0),
        ("3 ", None, None),
        ("\u0663", None, None),
        ("3\n", None, None),
    ],
)
def test_a_text_that_is_no_number_is_null_and_no_error(
    service: Network, value: str, depth: int | None, number: float | None
) -> None:
    answered(service)
    database = service.parts.database
    statement = sa.text("UPDATE answer SET value = :value WHERE question = 'depth'")
    database.write(lambda connection: connection.execute(statement, {"value": value}))

    assert rows(database, "survey_wells", "depth") == [{"depth": depth}]
    assert rows(database, "answers", "number", "WHERE question = 'depth'") == [{"number": number}]


def test_what_was_taken_back_is_in_no_view(service: Network) -> None:
    phone = answered(service)
    database = service.parts.database
    assert len(rows(database, "answers")) == 7

    phone.text("WITHDRAW")

    assert rows(database, "answers") == []
    assert rows(database, "survey_wells__home") == []
    assert [each["works"] for each in rows(database, "survey_wells")] == [None]


def test_nothing_of_a_phone_is_in_any_view(service: Network) -> None:
    answered(service)
    database, keys = service.parts.database, service.parts.keys
    for line in ("STOP", "HELP"):
        Phone(service, NUMBER).text(line)
    held = "SELECT msisdn_hash, msisdn_sealed, uid FROM contact"
    secrets = database.read(lambda connection: [bytes_of(each) for each in connection.exec_driver_sql(held).one()])
    read = [
        bytes_of(value) for view in views(database) for row in rows(database, view) for value in row.values() if value
    ]

    assert len(read) > 100
    found = [
        value for value in read for each in (*secrets, *forms(NUMBER)) if each in value or each.hex().encode() in value
    ]
    assert found == []
    assert keys is not None


def bytes_of(value: Any) -> bytes:
    return (
        value.bytes
        if hasattr(value, "bytes")
        else bytes(value)
        if isinstance(value, bytes | memoryview)
        else str(value).encode()
    )


def test_a_new_version_adds_its_columns_and_both_versions_are_there(service: Network) -> None:
    answered(service)

    publish(service, "2")
    service.parts.library.refresh()
    phone = Phone(service, "+263770000008")
    phone.dial()
    phone.replies("2", "12", "Sibanda", "2", "2", "It is dry")

    found = rows(service.parts.database, "survey_wells", "version, depth, why", "ORDER BY version")
    assert [tuple(each.values()) for each in found] == [("1", 30, None), ("2", 12, "It is dry")]
    assert service.parts.database.read(renewing.is_done)


def test_dispositions_are_those_of_the_table(service: Network) -> None:
    network = Network(
        main.assemble(service.parts.settings.model_copy(update={"survey": "leave_no_one_behind"})), Clock()
    )
    ends = {"1.1": (*PATH, "We walk far."), "2.11": ("1", "2"), "4.7": ("1", "1", "2")}
    for last, replies in enumerate(ends.values(), 1):
        phone = Phone(network, f"+26377000001{last}")
        phone.dial("*384*77#")
        phone.replies(*replies)
    network.parts.close()

    found = rows(service.parts.database, "runs", "aapor, disposition", "ORDER BY aapor")

    assert [each["aapor"] for each in found] == sorted(ends)
    assert [each["disposition"] for each in found] == ["complete", "refusal", "not eligible"]


def test_a_view_of_somebody_else_does_not_stop_a_publish(
    fresh_postgres: str, settings: Settings, caplog: pytest.LogCaptureFixture, service: Network
) -> None:
    database = service.parts.database
    if database.sqlite:
        assert renewing.dependents.__doc__  # SQLite looks a view up when it is used: nothing depends on it
        return
    answered(service)
    do(database, "CREATE VIEW mine AS SELECT works, count(*) FROM analysis.survey_wells GROUP BY works")
    caplog.set_level(logging.WARNING)

    publish(
        service,
        "2",
        "| | text | why | Why is that so? | Sei? | |\n| | select_one yn | clean | Is it clean? | Yakachena? | |",
    )

    assert rows(database, "survey_wells", "works, why, clean") == [{"works": "yes", "why": None, "clean": None}]
    publish(service, "3", MORE.replace("why", "whence").replace("text", "integer"))
    assert "the view survey_wells stays as it was: mine depends on it" in caplog.text
    assert not database.read(renewing.is_done)
    assert rows(database, "survey_wells", "works, why") == [{"works": "yes", "why": None}]

    do(database, "DROP VIEW mine")
    assert database.write(renewing.renew) == []

    assert rows(database, "survey_wells", "works, whence") == [{"works": "yes", "whence": None}]
    assert database.read(renewing.is_done)


def test_who_could_read_a_view_can_read_its_successor(service: Network) -> None:
    database = service.parts.database
    if database.sqlite:
        assert not database.read(lambda connection: renewing.renew(connection))
        return
    do(
        database,
        "DROP ROLE IF EXISTS grantee",
        "CREATE ROLE grantee",
        "GRANT SELECT ON analysis.survey_wells TO grantee",
    )

    publish(service, "2")

    may = "SELECT has_table_privilege('grantee', 'analysis.survey_wells', 'SELECT')"
    assert database.read(lambda connection: connection.exec_driver_sql(may).scalar())
    do(database, "DROP OWNED BY grantee", "DROP ROLE grantee")


def test_names_of_views_differ_and_are_not_too_long() -> None:
    surveys_ = [
        "wells",
        "Wells",
        "wells_labels",
        "version",
        "wells__home",
        "a" * 64,
        "a" * 63,
        "we-lls",
        "we_lls",
        "é",
        "_",
        "a_",
    ]
    repeats = [("home",), ("Home",), ("home", "person"), ("home__person",), ("labels",), ("b" * 90,)]
    made = [naming.of_survey(each) for each in surveys_] + [naming.of_labels(each) for each in surveys_]
    made += [naming.of_repeat(each, way) for each in surveys_ for way in repeats]

    assert len(set(made)) == len(made)
    assert max(map(len, made)) <= 63
    assert naming.of_survey("wells") == "survey_wells"
    assert naming.of_repeat("wells", ("home", "person")) == "survey_wells__home__person"
    assert "survey_version" not in made


def listed(count: int) -> tuple[Category, ...]:
    return tuple(Category(f"c{number}", number, {"en": f"Choice {number}"}) for number in range(count))


def test_a_huge_form_fits_into_what_a_database_takes(service: Network) -> None:
    """1,200 questions, some with lists of thousands: what does not fit is left to the long view."""
    database = service.parts.database
    variables = [Variable(f"q{number}", f"q{number}", f"q{number}", "text", Measure.TEXT) for number in range(1000)]
    variables += [
        Variable(f"m{number}", f"m{number}", f"m{number}", "select_multiple", Measure.MANY, categories=listed(count))
        for number, count in enumerate([2000, *[40] * 200])
    ]
    dictionary = Dictionary("huge", "Huge", {"en": "English"}, tuple(variables), ("1",))
    made = wide.views(Dialect("sqlite" if database.sqlite else "postgresql"), dictionary, {1: "1"})

    for each in made:
        do(database, f"CREATE VIEW {each.name} AS {each.select}".replace(":", "\\:"))
        found = database.read(
            lambda connection, each=each: connection.execute(sa.text(f"SELECT * FROM {each.name}")).keys()
        )
        assert len(found) == len(each.columns) <= 1500
    assert {"q999", "m200", "m1__c39"} <= set(made[0].columns)
    assert "m0__c0" not in made[0].columns


def test_a_role_that_may_make_no_schema_goes_on_without_views(
    service: Network, caplog: pytest.LogCaptureFixture
) -> None:
    database = service.parts.database
    if database.sqlite:
        assert database.read(renewing.behind) == []
        return

    def as_another(connection: sa.Connection) -> tuple[Any, bool]:
        connection.exec_driver_sql("DROP SCHEMA analysis CASCADE")
        connection.exec_driver_sql("CREATE ROLE izwi_test_limited")
        connection.exec_driver_sql("SET LOCAL ROLE izwi_test_limited")
        found = renewing.renew(connection), renewing.is_done(connection)
        connection.exec_driver_sql("RESET ROLE")
        connection.exec_driver_sql("DROP ROLE izwi_test_limited")
        return found

    assert database.write(as_another) == ([], True)
    assert "there are no views for analysts" in caplog.text


def test_processes_that_start_together_make_the_views_once(service: Network) -> None:
    database = service.parts.database
    database.write(renewing.drop)
    assert len(database.read(renewing.behind)) > 8

    with ThreadPoolExecutor(3) as pool:
        kept = list(pool.map(lambda _: database.write(renewing.renew), range(3)))

    assert kept == [[], [], []]
    assert database.read(renewing.is_done)
