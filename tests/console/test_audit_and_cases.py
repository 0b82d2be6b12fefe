"""What was done by whom, and cases of distress."""

import re
from datetime import UTC, datetime

import sqlalchemy as sa

from app.models.runs import run
from app.store import audit, cases
from app.store.audit import Trail
from app.store.cases import Raised
from app.values import Role
from tests.console.conftest import House, words
from tests.console.test_system import done
from tests.web.conftest import NUMBER


def write_down(house: House, count: int) -> None:
    pen, at = Trail(house.parts.keys.trail, "Chipo", Role.ANALYST), datetime(2026, 11, 1, 10, tzinfo=UTC)

    def work(connection: sa.Connection) -> None:
        for number in range(count):
            pen.note(connection, "export answers", f"survey_{number}", at=at, reason="=1+1")

    house.parts.database.write(work)


def test_the_record_is_shown_from_the_newest_with_filters_in_the_address(house: House) -> None:
    admin = house.visitor(Role.ADMIN, "Rudo")
    assert "Nothing was noted yet" in admin.reads("/audit")
    write_down(house, 120)
    house.visitor(None).post("/sign-in", {"name": "Rudo", "password": "not this one"})

    newest = admin.get("/audit").text
    assert "sign in refused" in newest
    older = re.search(r'href="(/audit\?before=\d+)"', newest)
    assert older
    second = admin.reads(older[1])
    assert "survey_70" in second
    assert "survey_119" not in second
    only = admin.reads("/audit?actor=Rudo")
    assert "survey_1" not in only
    assert "sign in refused" in only
    assert "survey_119" in admin.reads("/audit?action=export&until=2026-11-01")
    assert "Ask for less" in admin.reads("/audit?action=export&since=2026-11-02")


def test_the_record_is_fetched_as_csv_whole_and_without_formulas(house: House) -> None:
    admin = house.visitor(Role.ADMIN)
    write_down(house, 2_100)

    answer = admin.get("/audit?format=csv&actor=Chipo")
    rows = answer.content.decode("utf-8-sig").splitlines()
    assert len(rows) == 2_101
    assert rows[0] == "number,at,actor,role,action,subject,reason"
    assert rows[1].endswith("survey_2099,'=1+1")
    assert "attachment" in answer.headers["content-disposition"]


def test_it_is_proved_that_nobody_has_changed_the_record(house: House) -> None:
    admin = house.visitor(Role.ADMIN)
    write_down(house, 3)

    said = done(admin, "/audit/verify")
    assert "All 3 rows hold" in said
    head = re.search(r"3:[0-9a-f]{64}", said)
    assert head
    assert "Nothing was cut off since row 3" in done(admin, "/audit/verify", {"head": head[0]})
    assert admin.post("/audit/verify", {"head": "nonsense"}).status_code == 422
    with house.parts.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit SET actor = 'Tendai' WHERE number = 2")
    assert "Row 2 was changed" in done(admin, "/audit/verify")


def raise_case(house: House) -> cases.Case:
    house.served.turn("")
    house.served.turn("1")
    database = house.parts.database
    at = datetime.now(UTC)
    run_id = database.read(lambda connection: connection.execute(sa.select(run.c.id)).scalar_one())
    database.write(lambda connection: cases.add(connection, [Raised(run_id, "story", at, at)]))
    (case,) = database.read(cases.every)
    return case


def test_a_case_is_taken_revealed_and_closed_and_all_of_it_is_noted(house: House) -> None:
    officer = house.visitor(Role.DUTY_OFFICER, "Chipo")
    assert "No case waits" in officer.reads("/cases")
    case = raise_case(house)

    assert "nobody sees to it yet" in officer.reads("/cases")
    assert officer.post(f"/cases/{case.uid}/take").status_code == 303
    colleague = house.visitor(Role.DUTY_OFFICER, "Farai")
    assert "Chipo sees to it" in colleague.reads("/cases")
    assert colleague.post(f"/cases/{case.uid}/take").status_code == 409
    assert colleague.post(f"/cases/{case.uid}/close", {"outcome": "helped"}).status_code == 409

    assert NUMBER not in officer.get("/cases").text
    short = officer.post("/cases/reveal", {"pseudonym": case.pseudonym, "reason": "why"})
    assert (short.status_code, NUMBER in short.text) == (422, False)
    reason = "She asked to be called about the shelter"
    shown = officer.post("/cases/reveal", {"pseudonym": case.pseudonym, "reason": reason})
    assert NUMBER in words(shown.text)
    assert NUMBER not in officer.get("/cases").text
    assert officer.post(f"/cases/{case.uid}/close", {"outcome": ""}).status_code == 422
    assert officer.post(f"/cases/{case.uid}/close", {"outcome": "referred"}).status_code == 303
    assert "whom to turn to" in officer.reads("/cases/closed")

    found = [(each.actor, each.action, each.reason) for each in house.parts.database.read(audit.every)]
    assert found == [
        ("Chipo", "cases take", ""), ("Chipo", "contacts reveal", reason), ("Chipo", "cases close", "referred"),
    ]  # fmt: skip


def test_a_colleague_takes_a_case_over_when_that_is_meant(house: House) -> None:
    officer, colleague = house.visitor(Role.DUTY_OFFICER, "Chipo"), house.visitor(Role.DUTY_OFFICER, "Farai")
    case = raise_case(house)
    officer.post(f"/cases/{case.uid}/take")

    assert colleague.post(f"/cases/{case.uid}/take", {"over": "yes"}).status_code == 303
    assert "Farai sees to it" in officer.reads("/cases")
    assert officer.post("/cases/nonsense/take").status_code == 404
