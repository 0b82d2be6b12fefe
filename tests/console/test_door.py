"""Who comes in, and from where."""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest

from app.gateway.accounts import Accounts
from app.store import audit
from app.values import Role
from tests.console.conftest import PASSWORD, House, words

ROOT = Path(__file__).parent.parent.parent


def first_code(house: House) -> str:
    code = Accounts(house.parts.database, house.parts.keys).first_code(datetime.now(UTC))
    assert code
    return code


def test_whoever_has_no_account_is_sent_to_sign_in_and_back_afterwards(house: House) -> None:
    house.visitor(Role.ADMIN, "Rudo Admin")
    stranger = house.visitor(None)

    sent = stranger.get("/surveys?page=2")
    assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in?next=/surveys%3Fpage%3D2")

    form = {"name": "Rudo Admin", "password": PASSWORD, "next": "/?a=1"}
    inside = stranger.post("/sign-in", form)
    assert (inside.status_code, inside.headers["location"]) == (303, "/?a=1")
    assert stranger.get("/").status_code == 200


def test_the_first_code_makes_an_admin_once(house: House) -> None:
    code, stranger = first_code(house), house.visitor(None)
    assert stranger.get("/sign-in").headers["location"] == "/welcome"

    weak = stranger.post("/welcome", {"code": code, "name": "Rudo", "password": "izwi izwi izwi"})
    assert weak.status_code == 422
    assert "easy to guess" in words(weak.text)
    made = stranger.post("/welcome", {"code": code.lower(), "name": "Rudo", "password": PASSWORD})
    assert (made.status_code, made.headers["location"]) == (303, "/begin")
    assert "Rudo" in stranger.reads("/")

    again = house.visitor(None).post("/welcome", {"code": code, "name": "Tendai", "password": PASSWORD})
    assert again.status_code == 422
    assert "not valid" in words(again.text)
    said = [(each.actor, each.action) for each in house.parts.database.read(audit.every)]
    assert said == [("Rudo", "account add"), ("Rudo", "sign in")]


def test_there_is_no_code_for_the_first_account_once_there_is_one(house: House) -> None:
    house.visitor(Role.ANALYST)

    assert Accounts(house.parts.database, house.parts.keys).first_code(datetime.now(UTC)) is None


def test_a_wrong_password_and_a_wrong_name_are_told_alike_and_too_many_tries_are_ended(house: House) -> None:
    house.visitor(Role.ADMIN, "Rudo")
    stranger = house.visitor(None)

    wrong = [stranger.post("/sign-in", {"name": name, "password": "not this one"}) for name in ("Rudo", "Nobody")]
    assert [each.status_code for each in wrong] == [401, 401]
    assert len({words(each.text) for each in wrong}) == 1

    for _ in range(8):
        last = stranger.post("/sign-in", {"name": "Rudo", "password": "not this one"})
    assert "too many tries" in words(last.text)
    assert "too many tries" in words(stranger.post("/sign-in", {"name": "Rudo", "password": PASSWORD}).text)


def test_signing_out_ends_this_browser_at_once(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    secret = visitor.browser.cookies["izwi"]

    assert visitor.post("/sign-out").status_code == 303
    visitor.browser.cookies.set("izwi", secret)
    assert visitor.get("/").headers["location"] == "/sign-in"


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Origin": ""}, {"Sec-Fetch-Site": "cross-site"}, {}],
)
def test_what_is_sent_from_elsewhere_changes_nothing(house: House, headers: dict[str, str]) -> None:
    visitor = house.visitor(Role.ADMIN)

    assert visitor.browser.post("/sign-out", headers=headers).status_code == 403
    assert visitor.get("/").status_code == 200


@pytest.mark.parametrize("path", ["//elsewhere.example", "/\\elsewhere.example", "https://elsewhere.example", "x"])
def test_nobody_is_led_elsewhere_after_signing_in(house: House, path: str) -> None:
    house.visitor(Role.ADMIN, "Rudo")

    sent = house.visitor(None).post("/sign-in", {"name": "Rudo", "password": PASSWORD, "next": path})
    assert sent.headers["location"] == "/"


def test_pages_are_not_kept_and_may_load_nothing_of_others(house: House) -> None:
    page = house.visitor(Role.ADMIN).get("/")

    assert page.headers["cache-control"] == "no-store"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"


def test_over_tls_the_cookie_is_this_hosts_alone(open_house: Callable[..., House]) -> None:
    house = open_house(public_url="https://izwi.example.org")
    house.visitor(Role.COORDINATOR, "Rudo")
    stranger = house.visitor(None)

    headers = {"Host": "izwi.example.org", "Origin": "https://izwi.example.org"}
    inside = stranger.post("/sign-in", {"name": "Rudo", "password": PASSWORD}, headers=headers)
    assert re.match(
        r"__Host-izwi=[\w-]{43}; HttpOnly; Max-Age=\d+; Path=/; SameSite=lax; Secure", inside.headers["set-cookie"]
    )
    assert "strict-transport-security" in inside.headers


def test_an_upload_that_is_too_large_is_not_read(house: House) -> None:
    visitor = house.visitor(Role.ADMIN)

    assert visitor.post("/sign-in", {"name": "x" * 70_000}).status_code == 413


def test_files_of_others_are_as_they_came() -> None:
    for folder in (Path(str(resources.files("app.web.console"))) / "assets" / "vendor", ROOT / "tests" / "vendor"):
        told = (folder / "VENDOR.txt").read_text()
        files = [each for each in folder.iterdir() if each.suffix == ".js"]
        assert files
        for file in files:
            line = next(line for line in told.splitlines() if line.startswith(f"{file.name} "))
            assert line.split()[-1] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_nothing_of_ours_names_another_host_or_styles_in_line() -> None:
    console = Path(str(resources.files("app.web.console")))
    own = [
        each for each in console.rglob("*") if each.suffix in {".html", ".css", ".js"} and "vendor" not in each.parts
    ]
    assert len(own) > 5
    for file in own:
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"(src|href|action|url\()\s*=?\s*[\"']?https?:", text), file
        assert not re.search(r"<[^>]*\s(style|on[a-z]+)=|<style|<script(?![^>]*\bsrc=)", text), file
