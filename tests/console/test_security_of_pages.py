"""What pages tell browsers, and what they show of what somebody wrote."""

import pytest
import sqlalchemy as sa

from app.models.access import account
from app.store import audit
from app.values import Role
from tests.console.conftest import PASSWORD, House, words
from tests.console.test_people import given

HOSTILE = "<script>alert(1)</script> {{ 7 * 7 }} \"onclick='x'"


def test_what_somebody_wrote_is_shown_as_text(house: House) -> None:
    admin = house.visitor(Role.ADMIN)
    code = given(admin.post("/people/invite", {"role": "analyst"}).text)
    house.visitor(None).post("/welcome", {"code": code, "name": HOSTILE, "password": PASSWORD})

    for path in ("/people", "/audit", f"/audit?actor={HOSTILE}"):
        page = admin.get(path).text
        assert "<script>alert" not in page
        assert "{{ 7 * 7 }}" in words(page)


@pytest.mark.parametrize("path", ["/", "/sign-in", "/me", "/nowhere", "/assets/izwi.css", "/audit?format=csv"])
def test_every_page_tells_the_browser_to_be_careful(house: House, path: str) -> None:
    answer = house.visitor(Role.ADMIN).get(path)

    policy = answer.headers["content-security-policy"]
    for rule in (
        "default-src 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ):
        assert rule in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "access-control-allow-origin" not in answer.headers


def test_nothing_is_changed_by_looking(house: House) -> None:
    admin, other = house.visitor(Role.ADMIN), house.visitor(Role.COORDINATOR)

    for path in (
        "/sign-out",
        f"/people/{other.account.id}/disable",
        "/me/browsers/end",
        "/system/restart",
        "/cases/reveal",
    ):
        assert admin.get(path).status_code in {200, 404, 405}
    assert (admin.get("/me").status_code, other.get("/me").status_code) == (200, 200)
    assert house.parts.database.read(audit.every) == []


def test_fields_that_no_form_has_change_nothing(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR, "Rudo")

    visitor.post("/language", {"locale": "en", "role": "admin", "name": "Tendai"})
    visitor.post("/me/password", {"before": PASSWORD, "password": "copper thimble mango Wednesday", "role": "admin"})
    assert house.served.rows("SELECT name, role FROM account") == [("Rudo", "coordinator")]


def test_a_password_is_kept_as_argon2id_only(house: House) -> None:
    house.visitor(Role.COORDINATOR)

    with house.parts.database.engine.connect() as connection:
        (kept,) = connection.execute(sa.select(account.c.password)).scalars()
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_long_work_is_shown_to_whoever_began_it(house: House) -> None:
    admin, other = house.visitor(Role.ADMIN, "Rudo"), house.visitor(Role.ADMIN, "Tendai")

    begun = admin.post("/audit/verify").headers["location"]
    assert admin.get(begun).status_code == 200
    assert other.get(begun).status_code == 404
    assert other.post(f"{begun}/end").status_code == 404


def test_a_page_that_cannot_be_made_says_so_and_nothing_of_why(house: House) -> None:
    admin = house.visitor(Role.ADMIN)
    with house.parts.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE audit RENAME TO elsewhere")
    answer = admin.get("/audit")

    assert answer.status_code in {500, 503}
    said = words(answer.text)
    assert "The database cannot be reached now" in said or said == "Internal Server Error"
    for word in ("audit.c", "elsewhere", "no such table", "does not exist", "Traceback", "sqlalchemy"):
        assert word not in answer.text
