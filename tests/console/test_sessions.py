"""How long somebody stays signed in, what her browser holds for it, and which names Izwi is called by."""

import asyncio
import re
from collections.abc import Callable

import httpx
import pytest

from app import main
from app.cli.handset import Clock
from app.staging import Stages
from app.store import accounts, sign_ins
from app.values import Role
from app.web.console.app import make_console
from app.web.restarting import Restart
from tests.console.conftest import PASSWORD, House, add_account


@pytest.fixture
def is_in(parts: main.Parts, clock: Clock) -> Callable[[], bool]:
    """Whether a browser in which somebody signed in just now is still let in, by the test's own time."""
    account = add_account(parts.database, "Rudo", Role.COORDINATOR)
    secret = parts.database.write(lambda connection: sign_ins.begin(connection, account.id, "A test", clock()))
    console = make_console(
        parts.settings, parts.database, clock, Stages(parts.settings, clock), at_end=lambda _: None, restart=Restart()
    )

    async def ask() -> int:
        transport, cookies = httpx.ASGITransport(console), {"izwi": secret}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", cookies=cookies) as browser:
            return (await browser.get("/me")).status_code

    def looked() -> bool:
        status = asyncio.run(ask())
        assert status in {200, 303}
        return status == 200

    return looked


def test_after_twelve_hours_without_her_she_has_to_sign_in_again(is_in: Callable[[], bool], clock: Clock) -> None:
    clock.pass_time(hours=11)
    assert is_in()
    clock.pass_time(hours=11)
    assert is_in()
    clock.pass_time(hours=12, minutes=1)
    assert not is_in()


def test_after_seven_days_she_has_to_sign_in_again_in_any_case(is_in: Callable[[], bool], clock: Clock) -> None:
    for _ in range(16):
        clock.pass_time(hours=10)
        assert is_in()
    clock.pass_time(hours=9)
    assert not is_in()


def test_who_was_disabled_is_out_at_once(is_in: Callable[[], bool], parts: main.Parts, clock: Clock) -> None:
    assert is_in()
    parts.database.write(lambda connection: accounts.change(connection, 1, disabled_at=clock()))
    assert not is_in()


def test_a_secret_that_somebody_planted_is_replaced_and_opens_nothing(house: House) -> None:
    house.visitor(Role.COORDINATOR, "Rudo")
    victim, planted = house.visitor(None), "A" * 43
    victim.browser.cookies.set("izwi", planted, domain="127.0.0.1")

    victim.post("/sign-in", {"name": "Rudo", "password": PASSWORD})
    assert victim.get("/me").status_code == 200
    thief = house.visitor(None)
    thief.browser.cookies.set("izwi", planted, domain="127.0.0.1")
    assert thief.get("/me").status_code == 303


def test_who_signs_in_again_leaves_no_earlier_secret_behind(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR, "Rudo")
    before = visitor.browser.cookies["izwi"]

    visitor.post("/sign-in", {"name": "Rudo", "password": PASSWORD})
    assert visitor.browser.cookies["izwi"] != before
    other = house.visitor(None)
    other.browser.cookies.set("izwi", before, domain="127.0.0.1")
    assert other.get("/me").status_code == 303


def test_no_script_and_no_other_site_gets_at_a_cookie(house: House) -> None:
    house.visitor(Role.COORDINATOR, "Rudo")
    stranger = house.visitor(None)

    inside = stranger.post("/sign-in", {"name": "Rudo", "password": PASSWORD})
    spoken = stranger.post("/language", {"locale": "sn"})
    said = stranger.post("/me/browsers/end")
    cookies = [each.headers["set-cookie"] for each in (inside, spoken, said)]
    assert re.match(r"izwi=[\w-]{43}; ", cookies[0])
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie


def test_by_another_name_nobody_comes_in(open_house: Callable[..., House]) -> None:
    house = open_house(public_url="https://izwi.example.org")
    visitor = house.visitor(Role.COORDINATOR)

    assert visitor.browser.get("/me", headers={"Host": "elsewhere.example"}).status_code == 421
    assert visitor.browser.get("/me", headers={"Host": "izwi.example.org.elsewhere.example"}).status_code == 421
    assert visitor.browser.get("/assets/izwi.css", headers={"Host": "elsewhere.example"}).status_code == 200
    for own in ("izwi.example.org", "127.0.0.1:8000", "localhost:8000", "[::1]:8000"):
        assert visitor.browser.get("/sign-in", headers={"Host": own}).status_code == 200


def test_an_admin_signs_somebody_out_everywhere(house: House) -> None:
    admin, visitor = house.visitor(Role.ADMIN), house.visitor(Role.COORDINATOR)

    admin.post(f"/people/{visitor.account.id}/sign-out")
    assert visitor.get("/me").status_code == 303


def test_no_header_of_a_proxy_is_believed(house: House) -> None:
    house.visitor(Role.COORDINATOR, "Rudo")
    stranger = house.visitor(None)

    claims = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "elsewhere.example", "Forwarded": "proto=https"}
    inside = stranger.post("/sign-in", {"name": "Rudo", "password": PASSWORD}, headers=claims)
    assert inside.headers["set-cookie"].startswith("izwi=")
    # Whoever says that she comes from another address each time is still one.
    for n in range(9):
        address = {"X-Forwarded-For": f"192.0.2.{n}"}
        last = stranger.post("/sign-in", {"name": "Rudo", "password": "not this one"}, headers=address)
    assert "too many tries" in last.text


def test_behind_a_proxy_of_this_machine_each_address_has_its_own_tries(open_house: Callable[..., House]) -> None:
    house = open_house(public_url="http://izwi.example.org")
    house.visitor(Role.COORDINATOR, "Rudo")
    stranger, form = house.visitor(None), {"name": "Rudo", "password": "not this one"}

    for n in range(9):
        headers = {
            "X-Forwarded-For": f"203.0.113.{n}, 192.0.2.1"
        }  # what she says herself comes first, and counts for nothing
        last = stranger.post("/sign-in", form, headers=headers)
    assert "too many tries" in last.text
    elsewhere = {"X-Forwarded-For": "192.0.2.2"}
    assert stranger.post("/sign-in", form | {"password": PASSWORD}, headers=elsewhere).status_code == 303
