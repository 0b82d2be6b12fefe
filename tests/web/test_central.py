"""The doors of ODK Central as programs meet them: logging in, forms, submissions, sheets, the feed, and what is refused."""

import base64
import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute
from lxml import etree

from app.access import Permission, allowed
from app.models.runs import record, run
from app.store import logins, surveys, tokens
from app.values import Role
from app.web.central.app import routers
from app.web.central.shelf import Shelf
from tests.conftest import Clock
from tests.reports.test_records import publish
from tests.web.central import FIRST, FORM, Office
from tests.web.conftest import Served

AT_FORM = f"/projects/1/forms/{quote(FORM, safe='')}"


@pytest.fixture
def office(serve: Callable[..., Served], tmp_path: Path) -> Iterator[Office]:
    made = Office(serve(), tmp_path)
    yield made
    made.close()


# -- coming in ----------------------------------------------------------------------------------------------------------


def test_a_program_logs_in_asks_and_logs_out(office: Office) -> None:
    given = {"email": "analyst", "password": office.tokens[Role.ANALYST]}

    told = office.ask("/sessions", None, "POST", json=given).json()

    bearer = {"authorization": f"Bearer {told['token']}"}
    assert told["token"] != office.tokens[Role.ANALYST]
    assert told["expiresAt"] > told["createdAt"]
    assert office.ask("/users/current", None, headers=bearer).json()["email"] == "analyst"
    assert office.ask("/projects/1/forms", None, headers=bearer).status_code == 200
    assert office.ask("/sessions/current", None, "DELETE", headers=bearer).json() == {"success": True}
    assert office.fails("/users/current", None, headers=bearer)[0] == 401.2


def test_a_login_ends_by_itself_and_with_its_token(office: Office, clock: Clock) -> None:
    database = office.served.parts.database
    (token,) = [each for each in database.read(tokens.every) if each.name == "analyst"]
    login = database.write(lambda connection: logins.add(connection, token, clock()))

    def found(later: timedelta) -> Any:
        return database.read(lambda connection: logins.find(connection, login.token, clock() + later))

    assert found(logins.LASTS - timedelta(seconds=1)).name == "analyst"
    assert found(logins.LASTS) is None
    database.write(lambda connection: tokens.remove(connection, "analyst"))
    assert found(timedelta()) is None


def test_nobody_ends_the_login_of_another(office: Office) -> None:
    given = {"email": "analyst", "password": office.tokens[Role.ANALYST]}
    token = office.ask("/sessions", None, "POST", json=given).json()["token"]

    assert office.fails(f"/sessions/{token}", Role.ADMIN, "DELETE")[0] == 404.1
    assert office.ask("/users/current", None, headers={"authorization": f"Bearer {token}"}).status_code == 200


def test_a_name_and_a_token_that_do_not_fit_are_401(office: Office) -> None:
    token = office.tokens[Role.ANALYST]
    for name, given in (("admin", token), ("analyst", f"{token}x"), ("analyst", ""), ("", token)):
        assert office.fails("/sessions", None, "POST", json={"email": name, "password": given})[0] == 401.2
        basic = base64.b64encode(f"{name}:{given}".encode()).decode()
        answer = office.ask("/projects", None, headers={"authorization": f"Basic {basic}"})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic ")


HEADERS = ["", "Basic", "Basic !!", "Basic YQ==", "Basic /w==", "Bearer", "Digest x", "Bearer izwi-login_x"]


def test_nothing_but_logging_in_is_answered_without_a_token(office: Office) -> None:
    paths = ("/projects", AT_FORM, f"{AT_FORM}.svc", f"{AT_FORM}.svc/Submissions", "/nothing", "/users/current")
    for header in HEADERS:
        for path in paths:
            assert office.fails(path, None, headers={"authorization": header} if header else {})[0] == 401.2
    assert office.fails("/sessions", None, "GET")[0] == 401.2
    assert office.trail() == []


def test_what_is_no_login_is_400(office: Office) -> None:
    long = json.dumps({"email": "a" * 9000, "password": ""}).encode()
    for body in (b"", b"{", b"[]", b'{"email": 5}', b"\xff", long):
        assert office.fails("/sessions", None, "POST", content=body)[0] == 400.1
    assert office.fails("/sessions", None, "POST", content=b"x" * 20_000)[0] == 413.1


def asked(office: Office) -> dict[str, set[Any]]:
    """Every route, and what it asks for."""
    parts, found = office.served.parts, {}
    for router in routers(Shelf(parts.settings, parts.database, lambda: FIRST)):
        for route in router.routes:
            assert isinstance(route, APIRoute)
            wanted = route.dependant.dependencies  # codespell:ignore dependant
            found[f"{' '.join(route.methods)} {route.path}"] = {
                getattr(each.call, "permission", None) for each in wanted
            }
    return found


def test_every_route_that_gives_anything_asks_for_the_right_to_export(office: Office) -> None:
    (uid,) = office.store(1)
    found = asked(office)

    assert {path for path, needed in found.items() if needed != {Permission.EXPORT_ANSWERS}} == {
        "POST /sessions", "DELETE /sessions/{given}", "GET /users/current",
    }  # fmt: skip
    assert len(found) > 18
    for path in found:
        if path.startswith("GET /projects"):
            filled = path[4:].replace("{project}", "1").replace("{number}", "1").replace("{form}", quote(FORM, safe=""))
            filled = (
                filled.replace("{instance}", f"uuid:{uid}")
                .replace("{version}", "1")
                .replace("{way:path}", "Submissions")
            )
            assert office.ask(filled).status_code == 200, filled
            for role in Role:
                if not allowed(role, Permission.EXPORT_ANSWERS):
                    code, told = office.fails(filled, role)
                    assert code == 403.1
                    assert "may not export answers" in told
    assert {actor for actor, _, _ in office.trail()} == {"analyst"}


def test_what_takes_answers_out_is_noted_before(office: Office) -> None:
    (uid,) = office.store(1)
    for path in (
        "", ".xml", "/versions", "/fields", ".svc", ".svc/$metadata", "/submissions", f"/submissions/uuid:{uid}",
        f"/submissions/uuid:{uid}.xml", "/submissions.csv.zip", ".svc/Submissions", ".svc/Submissions.herd.cow",
        f".svc/Submissions('uuid:{uid}')",
    ):  # fmt: skip
        assert office.ask(f"{AT_FORM}{path}").status_code == 200, path

    assert office.trail() == [
        ("analyst", f"odk {what}", FORM)
        for what in ("submissions", "submission", "submission", "csv", "table", "table", "submission")
    ]


# -- forms --------------------------------------------------------------------------------------------------------------


def test_the_forms_are_the_surveys_that_were_published(office: Office, tmp_path: Path) -> None:
    publish(office.served.parts, tmp_path, "2/b")
    office.store(3)

    listed = office.ask("/projects/1/forms", headers={"x-extended-metadata": "true"}).json()

    assert [each["xmlFormId"] for each in listed] == ["leave_no_one_behind", FORM]
    form = listed[1]
    assert (form["version"], form["state"], form["submissions"]) == ("2/b", "open", 3)
    assert form["lastSubmission"] == "2026-11-20T08:02:00.000Z"
    xform = office.ask(f"{AT_FORM}.xml").content
    assert form["hash"] == hashlib.md5(xform).hexdigest()
    assert etree.fromstring(xform).find(".//{*}instance")[0].get("version") == "2/b"
    versions = office.ask(f"{AT_FORM}/versions").json()
    assert [each["version"] for each in versions] == ["2/b", "1"]
    assert office.ask(f"{AT_FORM}/versions/2%2Fb").json() == versions[0]
    old = office.ask(f"{AT_FORM}/versions/1.xml").content
    assert hashlib.sha256(old).hexdigest() == versions[1]["sha256"]
    project = office.ask("/projects", headers={"x-extended-metadata": "true"}).json()
    assert (project[0]["id"], project[0]["forms"], project[0]["lastSubmission"]) == (1, 2, "2026-11-20T08:02:00.000Z")


def test_a_survey_that_is_retired_stays_and_a_draft_is_not_there(office: Office) -> None:
    database = office.served.parts.database
    (version,) = database.read(lambda connection: surveys.of_survey(connection, FORM))

    def put(status: Any) -> None:
        database.write(lambda connection: surveys.set_status(connection, version.id, status, FIRST))

    put("retired")
    assert office.ask(AT_FORM).json()["state"] == "closed"
    put("draft")
    assert office.fails(AT_FORM)[0] == 404.1
    assert [each["xmlFormId"] for each in office.ask("/projects/1/forms").json()] == ["leave_no_one_behind"]


def test_the_fields_are_listed_with_their_types(office: Office) -> None:
    told = {each["path"]: each["type"] for each in office.ask(f"{AT_FORM}/fields?odata=true").json()}

    assert told["/where"] == "geopoint"
    assert (told["/herd"], told["/herd/cow"], told["/herd/cow/litres"]) == ("structure", "repeat", "decimal")


NOWHERE = [
    "/projects/2",
    "/projects/2/forms",
    "/projects/x",
    "/projects/1/forms/none",
    "/projects/1/forms/%00",
    "/nothing",
    "/projects/2/forms/leave_no_one_behind",
    f"{AT_FORM}/versions/3",
    f"{AT_FORM}/versions/___",
    f"{AT_FORM}/submissions/none",
    f"{AT_FORM}/submissions/uuid:0193a000-0000-7000-8000-000000000000",
    f"{AT_FORM}.svc/Nothing",
    f"{AT_FORM}.svc/Submissions.herd",
    f"{AT_FORM}.svc/Submissions('x')",
    f"{AT_FORM}.svc/Submissions('uuid:0193a000-0000-7000-8000-000000000000')/herd/cow",
    f"{AT_FORM}.svc/(",
    "/",
    f"{AT_FORM}.svc/Submissions//",
    f"{AT_FORM}/submissions/uuid:0193a000-0000-7000-8000-000000000000.xml",
]


def test_what_is_not_there_is_404(office: Office) -> None:
    assert {path: office.fails(path)[0] for path in NOWHERE} == dict.fromkeys(NOWHERE, 404.1)


def test_nothing_can_be_changed(office: Office) -> None:
    (uid,) = office.store(1)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for path in (
            AT_FORM,
            f"{AT_FORM}/submissions",
            f"{AT_FORM}/submissions/uuid:{uid}",
            f"{AT_FORM}.svc/Submissions",
        ):
            assert office.fails(path, Role.ADMIN, method)[0] == 405.1


# -- submissions ----------------------------------------------------------------------------------------------------------


def test_submissions_are_listed_the_newest_first_without_answers(office: Office) -> None:
    uids = office.store(3)

    listed = office.ask(f"{AT_FORM}/submissions").json()

    assert [each["instanceId"] for each in listed] == [f"uuid:{uid}" for uid in reversed(uids)]
    assert [each["instanceName"] for each in listed] == ["Farm 2", "Farm 1", "Farm 0"]
    assert len({each["submitterId"] for each in listed}) == 3
    assert all(0 < each["submitterId"] < 2**53 for each in listed)
    assert office.ask(f"{AT_FORM}/submissions/uuid:{uids[0]}").json() == listed[2]
    assert office.ask(f"{AT_FORM}/submissions/uuid:{uids[0]}/attachments").json() == []
    xml = office.ask(f"{AT_FORM}/submissions/uuid:{uids[0]}.xml")
    assert etree.fromstring(xml.content).findtext("farm") == "Farm 0"


def test_only_completed_runs_are_given_and_none_that_was_erased(office: Office) -> None:
    first, second, third = office.store(3)

    def work(connection: sa.Connection) -> None:
        connection.execute(sa.update(run).where(run.c.uid == first).values(state="declined"))
        found = connection.execute(sa.select(run.c.id).where(run.c.uid == second)).scalar_one()
        connection.execute(sa.delete(record).where(record.c.run_id == found))

    office.served.parts.database.write(work)

    assert [row["__id"] for row in office.feed().rows("Submissions")] == [f"uuid:{third}"]
    assert office.feed().page("Submissions", count="true")["@odata.count"] == 1
    assert len(office.ask(f"{AT_FORM}/submissions").json()) == 1
    for uid in (first, second):
        assert office.fails(f"{AT_FORM}/submissions/uuid:{uid}.xml")[0] == 404.1
        assert office.fails(f"{AT_FORM}.svc/Submissions('uuid:{uid}')")[0] == 404.1


def test_the_sheets_hold_every_record_and_every_repeat(office: Office) -> None:
    office.store(450)

    answer = office.ask(f"{AT_FORM}/submissions.csv.zip")

    assert answer.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    made = {name: list(csv.DictReader(io.TextIOWrapper(archive.open(name), "utf-8"))) for name in archive.namelist()}
    assert list(made) == ["milk_1.csv", "milk_1-cow.csv"]
    assert len({row["KEY"] for row in made["milk_1.csv"]}) == 450
    assert sum(int(row["herd-cows"]) for row in made["milk_1.csv"]) == len(made["milk_1-cow.csv"]) > 600
    assert made["milk_1.csv"][0]["where-Longitude"] == "31.05"
    some = office.ask(
        f"{AT_FORM}/submissions.csv.zip?$filter=__system/submissionDate lt 2026-11-20T08:05:00Z&groupPaths=false"
    )
    lines = zipfile.ZipFile(io.BytesIO(some.content)).read("milk_1.csv").decode().splitlines()
    assert len(lines) == 6
    assert ",cows," in lines[0]
    assert office.fails(f"{AT_FORM}/submissions.csv.zip?splitSelectMultiples=true")[0] == 501.1
    assert list(office.served.parts.settings.data_dir.glob("tmp*")) == []


# -- the feed -----------------------------------------------------------------------------------------------------------


def test_an_independent_reader_reads_every_table_as_the_metadata_says(office: Office) -> None:
    office.store(30)
    feed = office.feed()
    model = feed.model()

    assert feed.tables() == list(model.sets) == ["Submissions", "Submissions.herd.cow"]
    for table in feed.tables():
        rows = feed.rows(table)
        assert [problem for row in rows for problem in model.problems(table, row)] == []
    whole = feed.rows("Submissions", expand="*")
    assert [problem for row in whole for problem in model.problems("Submissions", row, expanded=True)] == []
    assert sum(len(row["herd"]["cow"]) for row in whole) == len(feed.rows("Submissions.herd.cow")) == 43
    assert feed.get("").json()["@odata.context"] == f"{feed.url}/$metadata"
    assert feed.client.get(f"{feed.url}/").json()["value"][0]["name"] == "Submissions"


def test_a_row_has_what_was_answered_and_a_pseudonym(office: Office) -> None:
    _, uid = office.store(2)

    row = office.feed().page("Submissions")["value"][0]

    assert row["__id"] == f"uuid:{uid}" == row["meta"]["instanceID"]
    assert row["__system"]["submissionDate"] == "2026-11-20T08:01:00.000Z"
    assert row["__system"]["submitterId"] == row["__system"]["submitterName"]
    assert row["where"] == {"type": "Point", "coordinates": [31.05, -17.83, 0]}
    assert office.feed().page("Submissions", wkt="true")["value"][0]["where"] == "POINT (31.05 -17.83 0)"
    assert (row["farm"], row["none"], row["herd"]["cows"]) == ("Farm 1", None, 1)
    assert "+263" not in json.dumps(row)


def test_the_link_of_a_row_leads_to_what_is_in_it(office: Office) -> None:
    office.store(4)
    feed = office.feed()
    for row in feed.rows("Submissions"):
        inside = feed.follow(row["herd"]["cow@odata.navigationLink"])
        assert len(inside) == row["herd"]["cows"]
        assert {each["__Submissions-id"] for each in inside} <= {row["__id"]}
        assert feed.follow(f"Submissions('{row['__id']}')") == [row]
        for each in inside:
            assert feed.follow(f"Submissions('{row['__id']}')/herd/cow('{quote(each['__id'], safe='')}')") == [each]
    newest = feed.rows("Submissions")[0]
    page = feed.page(f"Submissions('{newest['__id']}')/herd/cow", top=1, skip=1, count="true")
    assert (page["@odata.count"], [row["litres"] for row in page["value"]]) == (3, [1.5])


def test_a_page_has_what_was_asked_for(office: Office) -> None:
    office.store(10)
    feed = office.feed()
    ids = [row["__id"] for row in feed.rows("Submissions")]
    cows = [row["__id"] for row in feed.rows("Submissions.herd.cow")]

    assert [row["__id"] for row in feed.page("Submissions", top=3)["value"]] == ids[:3]
    assert [row["__id"] for row in feed.page("Submissions", top=3, skip=4)["value"]] == ids[4:7]
    assert [row["__id"] for row in feed.page("Submissions", skip=8)["value"]] == ids[8:]
    assert [row["__id"] for row in feed.page("Submissions.herd.cow", skip=5, top=2)["value"]] == cows[5:7]
    assert feed.page("Submissions", top=0)["value"] == []
    assert feed.page("Submissions", skip=99)["value"] == []
    assert "@odata.nextLink" not in feed.page("Submissions", top=10)
    counted = feed.page("Submissions", top=2, count="true")
    assert (counted["@odata.count"], len(counted["value"])) == (10, 2)
    assert feed.page("Submissions.herd.cow", top=1, count="true")["@odata.count"] == len(cows)
    dated = {"filter": "__system/submissionDate ge 2026-11-20T08:07:00Z", "count": "true"}
    assert feed.page("Submissions", **dated)["@odata.count"] == 3
    assert [row["__id"] for row in feed.page("Submissions", **dated)["value"]] == ids[:3]
    assert {row["__Submissions-id"] for row in feed.rows("Submissions.herd.cow", **dated)} <= set(ids[:3])
    chosen = feed.page("Submissions", select="__id,herd/cows", top=2)
    assert list(chosen["value"]) == [
        {"__id": ids[0], "herd": {"cows": 1}},
        {"__id": ids[1], "herd": {"cows": 0}},
    ]
    assert parse_qs(urlsplit(chosen["@odata.nextLink"]).query)["$select"] == ["__id,herd/cows"]


REFUSED = [
    ("$top=-1", 400.8),
    ("$top=x", 400.8),
    ("$skip=1.5", 400.8),
    ("$skip=99999999999999999999", 400.8),
    ("$top=²", 400.8),
    ("$filter=name eq 'x'", 501.5),
    ("$filter=((", 400.18),
    ("$filter=__system/submissionDate eq 5", 400.18),
    ("$filter=%00", 400.18),
    ("$expand=herd", 501.6),
    ("$select=herd&$expand=*", 501.11),
    ("$select=nothing", 400.23),
    ("$select=herd/cow/litres", 400.24),
    ("$orderby=__id", 501.1),
    ("$search=x", 501.1),
    ("$apply=x", 501.1),
    ("$skiptoken=x", 400.1),
    ("$skiptoken=01", 400.1),
    ("$skiptoken=01W10=", 400.1),
    ("$skiptoken=é", 400.1),
    ("$skiptoken=01WyIyMDI2LTAxLTAxIiwxZTk5OSwwXQ==", 400.1),
    ("$skiptoken=01WyIwMDAxLTAxLTAxIiwxLDBd", 400.1),
    ("$skiptoken=01W251bGwsMSwwXQ==", 400.1),
    ("$skiptoken=01WyIyMDI2LTAxLTAxIiwtMSwwXQ==", 400.1),
]


def test_what_the_feed_cannot_do_is_refused_as_central_does(office: Office) -> None:
    office.store(1)
    assert [(query, office.fails(f"{AT_FORM}.svc/Submissions?{query}")[0]) for query, _ in REFUSED] == REFUSED
    assert office.trail() == []


def test_links_have_https_where_a_proxy_took_it(serve: Callable[..., Served], tmp_path: Path) -> None:
    made = Office(serve(public_url="https://izwi.example.org"), tmp_path)
    made.store(2)

    page = made.ask(f"{AT_FORM}.svc/Submissions?$top=1", headers={"host": "izwi.example.org"}).json()
    other = made.ask(f"{AT_FORM}.svc/Submissions?$top=1").json()

    assert page["@odata.nextLink"].startswith("https://izwi.example.org/v1/projects/1/forms/milk%2F1.svc/Submissions?")
    assert other["@odata.nextLink"].startswith(f"{made.url}/v1/")


# -- while data arrives -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_pages_give_nothing_twice_and_miss_nothing_while_data_arrives(office: Office, seed: int) -> None:
    chance = Random(seed)
    at = lambda _: FIRST + timedelta(minutes=chance.randint(0, 20))  # noqa: E731 - many end in the same moment
    office.store(60, at)
    for table in ("Submissions", "Submissions.herd.cow"):
        before = {row["__id"] for row in office.feed().rows(table)}
        erased: set[str] = set()
        seen: list[str] = []
        for page in office.feed().pages(table, top=chance.randint(1, 7), count="true"):
            seen += [row["__id"] for row in page["value"]]
            office.store(chance.randint(0, 3), at)
            if chance.random() < 0.3:
                erased |= erase(office, chance.choice(sorted(before))[:41])
        after = {row["__id"] for row in office.feed().rows(table)}

        assert len(seen) == len(set(seen))
        assert {each for each in before if each[:41] not in erased} <= set(seen)
        assert after > before - {each for each in before if each[:41] in erased}


def erase(office: Office, name: str) -> set[str]:
    """Remove a record as erasure does."""

    def work(connection: sa.Connection) -> None:
        found = sa.select(run.c.id).where(run.c.uid == sa.literal(_uid(name), type_=run.c.uid.type))
        connection.execute(sa.delete(record).where(record.c.run_id.in_(found)))

    office.served.parts.database.write(work)
    return {name}


def _uid(name: str) -> UUID:
    return UUID(name.removeprefix("uuid:"))


def test_a_feed_that_breaks_off_does_not_look_whole(office: Office) -> None:
    office.store(600)
    headers = {"authorization": f"Bearer {office.tokens[Role.ANALYST]}"}

    address = f"{office.url}/v1{AT_FORM}.svc/Submissions"
    with httpx.Client(trust_env=False, timeout=60) as client, client.stream("GET", address, headers=headers) as answer:
        parts = answer.iter_raw()
        next(parts)
        office.served.parts.database.write(
            lambda connection: connection.execute(sa.update(record).values(xml="<broken"))
        )
        with pytest.raises(httpx.RemoteProtocolError):
            list(parts)
