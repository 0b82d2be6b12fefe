"""Accounts: one's own, those of others, and codes from a phone."""

import re
import time
from collections.abc import Callable

import pyotp

from app.store import audit
from app.values import Role
from tests.console.conftest import PASSWORD, House, Visitor, words

ANOTHER = "copper thimble mango Wednesday"


def noted(house: House) -> list[tuple[str, str, str, str]]:
    return [(each.actor, each.action, each.subject, each.reason) for each in house.parts.database.read(audit.every)]


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return found[1]


def set_up(visitor: Visitor) -> tuple[str, list[str]]:
    """Set up codes; the secret, and the codes on paper."""
    page = visitor.get("/me/codes").text
    secret = re.search(r"[A-Z2-7]{32}", page)
    assert secret
    assert 'src="data:image/svg+xml' in page
    form = {"ticket": field(page, "ticket"), "code": pyotp.TOTP(secret[0]).now(), "password": PASSWORD}
    done = visitor.post("/me/codes", form)
    assert done.status_code == 200, words(done.text)
    return secret[0], re.findall(r"<code>(\w{5}-\w{5})</code>", done.text)


def next_code(secret: str) -> str:
    """The code that follows the one that was used."""
    return pyotp.TOTP(secret).at(int(time.time()) + 30)


def begin(house: House, name: str) -> tuple[Visitor, str]:
    """A stranger who knows the password; the ticket that she is given for her code."""
    stranger = house.visitor(None)
    asked = stranger.post("/sign-in", {"name": name, "password": PASSWORD})
    assert asked.status_code == 200
    assert "set-cookie" not in asked.headers
    return stranger, field(asked.text, "ticket")


def test_codes_are_asked_for_once_they_are_set_up_and_each_works_once(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR, "Rudo")
    before = visitor.browser.cookies["izwi"]
    secret, paper = set_up(visitor)
    assert len(set(paper)) == 10
    assert visitor.get("/me").status_code == 200
    assert visitor.browser.cookies["izwi"] != before

    stranger, ticket = begin(house, "Rudo")
    assert stranger.get("/").headers["location"] == "/sign-in"
    wrong = stranger.post("/sign-in/code", {"ticket": ticket, "code": "000000"})
    assert wrong.status_code == 401
    code = next_code(secret)
    inside = stranger.post("/sign-in/code", {"ticket": ticket, "code": f"{code[:3]} {code[3:]}", "next": "/me"})
    assert (inside.status_code, inside.headers["location"]) == (303, "/me")

    other, ticket = begin(house, "Rudo")
    assert other.post("/sign-in/code", {"ticket": ticket, "code": code}).status_code == 401
    assert other.post("/sign-in/code", {"ticket": ticket, "code": paper[0].lower()}).status_code == 303
    again, ticket = begin(house, "Rudo")
    assert again.post("/sign-in/code", {"ticket": ticket, "code": paper[0]}).status_code == 401
    assert "9 that are left" in visitor.reads("/me/codes")
    assert ("Rudo", "sign in refused", "Rudo", "code") in noted(house)


def test_tries_at_codes_are_few_wherever_they_come_from(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR, "Rudo")
    secret, _ = set_up(visitor)
    stranger, ticket = begin(house, "Rudo")

    said = [words(stranger.post("/sign-in/code", {"ticket": ticket, "code": f"{n:06}"}).text) for n in range(7)]
    assert "too many tries" in said[-1]
    assert "too many tries" in words(stranger.post("/sign-in/code", {"ticket": ticket, "code": next_code(secret)}).text)


def test_a_ticket_is_nothing_once_the_password_has_changed(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR, "Rudo")
    secret, _ = set_up(visitor)
    stranger, ticket = begin(house, "Rudo")
    assert visitor.post("/me/password", {"before": PASSWORD, "password": ANOTHER}).status_code == 303

    late = stranger.post("/sign-in/code", {"ticket": ticket, "code": next_code(secret)})
    assert late.status_code == 401
    assert "Begin again" in words(late.text)
    made_up = stranger.post("/sign-in/code", {"ticket": ticket[:-4] + "AAAA", "code": next_code(secret)})
    assert made_up.status_code == 401


def test_the_secret_of_codes_is_sealed_and_those_on_paper_are_hashed(house: House) -> None:
    secret, paper = set_up(house.visitor(Role.COORDINATOR, "Rudo"))

    rows = str(house.served.rows("SELECT totp FROM account")) + str(
        house.served.rows("SELECT digest FROM recovery_code")
    )
    assert "None" not in rows
    for each in (secret, *paper):
        assert each not in rows


def test_codes_are_set_up_and_removed_with_the_password_only(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR, "Rudo")
    page = visitor.get("/me/codes").text
    secret = re.search(r"[A-Z2-7]{32}", page)
    assert secret
    form = {"ticket": field(page, "ticket"), "code": pyotp.TOTP(secret[0]).now(), "password": "not this one"}
    refused = visitor.post("/me/codes", form)
    assert refused.status_code == 422
    assert secret[0] in refused.text  # her phone has it by now

    set_up(visitor)
    assert visitor.post("/me/codes/remove", {"password": "not this one"}).status_code == 422
    assert visitor.post("/me/codes/paper", {"password": "not this one"}).status_code == 422
    assert visitor.post("/me/codes/remove", {"password": PASSWORD}).status_code == 303
    assert house.visitor(None).post("/sign-in", {"name": "Rudo", "password": PASSWORD}).status_code == 303


def test_an_admin_on_a_public_address_sets_up_codes_first(open_house: Callable[..., House]) -> None:
    house = open_house(public_url="http://izwi.example.org")
    admin, coordinator = house.visitor(Role.ADMIN), house.visitor(Role.COORDINATOR)
    assert admin.get("/people").headers["location"] == "/me/codes"
    assert admin.post("/people/invite", {"role": "admin"}).headers["location"] == "/me/codes"
    assert coordinator.get("/").status_code == 200

    assert "admins need codes" in admin.reads("/me/codes")
    set_up(admin)
    assert admin.get("/people").status_code == 200


def test_another_password_ends_all_other_browsers(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR, "Rudo")
    elsewhere = house.visitor(None)
    elsewhere.post("/sign-in", {"name": "Rudo", "password": PASSWORD})
    assert elsewhere.get("/").status_code == 200
    before = visitor.browser.cookies["izwi"]

    wrong = visitor.post("/me/password", {"before": "not this one", "password": ANOTHER})
    assert (wrong.status_code, "not your password" in words(wrong.text)) == (422, True)
    assert visitor.post("/me/password", {"before": PASSWORD, "password": "short"}).status_code == 422
    assert visitor.post("/me/password", {"before": PASSWORD, "password": ANOTHER}).status_code == 303

    assert elsewhere.get("/").headers["location"] == "/sign-in"
    assert visitor.get("/").status_code == 200
    assert visitor.browser.cookies["izwi"] != before
    visitor.browser.cookies.set("izwi", before, domain="127.0.0.1")
    assert visitor.get("/").headers["location"] == "/sign-in"
    assert ("Rudo", "account password", "Rudo", "by herself") in noted(house)


def test_browsers_are_listed_and_ended_by_their_owner_only(house: House) -> None:
    visitor, other = house.visitor(Role.COORDINATOR, "Rudo"), house.visitor(Role.ANALYST, "Tendai")
    phone = house.visitor(None)
    headers = {"User-Agent": "Mozilla/5.0 (Linux; Android 10) Firefox/140.0"}
    phone.post("/sign-in", {"name": "Rudo", "password": PASSWORD}, headers=headers)

    page = visitor.get("/me").text
    assert "Firefox Android" in words(page)
    (number,) = re.findall(r"/me/browsers/(\d+)/end", page)
    other.post(f"/me/browsers/{number}/end")
    assert phone.get("/").status_code == 200
    visitor.post(f"/me/browsers/{number}/end")
    assert phone.get("/").headers["location"] == "/sign-in"

    phone.post("/sign-in", {"name": "Rudo", "password": PASSWORD})
    visitor.post("/me/browsers/end")
    assert (phone.get("/").status_code, visitor.get("/").status_code) == (303, 200)


def given(page: str) -> str:
    found = re.search(r"(?:[A-Z2-9]{4}-){3}[A-Z2-9]{4}", page)
    assert found
    return found[0]


def test_somebody_is_invited_with_a_role_and_chooses_her_own_password(house: House) -> None:
    admin = house.visitor(Role.ADMIN, "Rudo")
    code = given(admin.post("/people/invite", {"role": "duty_officer"}).text)
    assert code not in admin.get("/people").text
    assert "Somebody new: duty officer" in admin.reads("/people")

    invited = house.visitor(None)
    made = invited.post("/welcome", {"code": code, "name": "Chipo", "password": ANOTHER})
    assert made.status_code == 303
    assert invited.get("/people").status_code == 403
    assert "duty officer" in invited.reads("/me")
    assert "Chipo" in admin.reads("/people")
    assert ("Chipo", "account add", "Chipo", "duty_officer, by Rudo") in noted(house)
    assert ("Rudo", "account invite", "duty_officer", "") in noted(house)


def test_a_code_that_was_withdrawn_is_nothing(house: House) -> None:
    admin = house.visitor(Role.ADMIN)
    code = given(admin.post("/people/invite", {"role": "analyst"}).text)
    (number,) = re.findall(r"/people/invitations/(\d+)/withdraw", admin.get("/people").text)
    admin.post(f"/people/invitations/{number}/withdraw")

    assert house.visitor(None).post("/welcome", {"code": code, "name": "Chipo", "password": ANOTHER}).status_code == 422
    assert admin.post("/people/invite", {"role": "queen"}).status_code == 422


def test_a_new_password_by_a_code_does_not_go_around_the_codes(house: House) -> None:
    admin, visitor = house.visitor(Role.ADMIN, "Rudo"), house.visitor(Role.COORDINATOR, "Tendai")
    secret, _ = set_up(visitor)
    code = given(admin.post(f"/people/{visitor.account.id}/reset").text)
    assert visitor.get("/").headers["location"] == "/sign-in"

    assert visitor.post("/sign-in", {"name": "Tendai", "password": PASSWORD}).status_code == 401
    asked = visitor.post("/welcome", {"code": code, "name": "", "password": ANOTHER})
    assert (asked.status_code, "Your code" in words(asked.text)) == (200, True)
    assert visitor.get("/").status_code == 303
    inside = visitor.post("/sign-in/code", {"ticket": field(asked.text, "ticket"), "code": next_code(secret)})
    assert inside.status_code == 303
    assert visitor.get("/").status_code == 200

    admin.post(f"/people/{visitor.account.id}/take-codes")
    assert house.visitor(None).post("/sign-in", {"name": "Tendai", "password": ANOTHER}).status_code == 303
    assert ("Rudo", "account codes", "Tendai", "taken away") in noted(house)


def test_a_code_for_a_new_password_ends_with_the_account(house: House) -> None:
    admin, visitor = house.visitor(Role.ADMIN), house.visitor(Role.COORDINATOR, "Tendai")
    code = given(admin.post(f"/people/{visitor.account.id}/reset").text)

    admin.post(f"/people/{visitor.account.id}/disable")
    assert visitor.post("/welcome", {"code": code, "name": "", "password": ANOTHER}).status_code == 422
    admin.post(f"/people/{visitor.account.id}/enable")
    assert visitor.post("/welcome", {"code": code, "name": "", "password": ANOTHER}).status_code == 422


def test_another_role_and_an_end_sign_her_out_at_once(house: House) -> None:
    admin, visitor = house.visitor(Role.ADMIN, "Rudo"), house.visitor(Role.COORDINATOR, "Tendai")
    number = visitor.account.id
    admin.post(f"/people/{number}/role", {"role": "analyst"})
    assert visitor.get("/").headers["location"] == "/sign-in"
    visitor.post("/sign-in", {"name": "Tendai", "password": PASSWORD})
    assert visitor.get("/contacts/").status_code in {403, 404}
    assert "analyst" in visitor.reads("/me")

    admin.post(f"/people/{number}/disable")
    assert visitor.get("/").headers["location"] == "/sign-in"
    assert visitor.post("/sign-in", {"name": "Tendai", "password": PASSWORD}).status_code == 401
    assert admin.post(f"/people/{number}/reset").status_code == 409
    admin.post(f"/people/{number}/enable")
    assert visitor.post("/sign-in", {"name": "Tendai", "password": PASSWORD}).status_code == 303
    did = [(action, reason) for actor, action, _, reason in noted(house) if actor == "Rudo"]
    assert ("account role", "coordinator → analyst") in did
    assert {"account disable", "account enable"} <= {action for action, _ in did}


def test_the_last_admin_cannot_be_lost(house: House) -> None:
    admin, second = house.visitor(Role.ADMIN, "Rudo"), house.visitor(Role.ADMIN, "Tendai")
    for path in ("disable", "role"):
        assert admin.post(f"/people/{admin.account.id}/{path}", {"role": "analyst"}).status_code == 422
    assert admin.post(f"/people/{second.account.id}/role", {"role": "analyst"}).status_code == 303

    # She is signed in no more, and whoever acts from elsewhere cannot take the last one either.
    assert second.get("/").status_code == 303
    assert "Rudo" in admin.reads("/people")


def test_the_table_of_roles_is_the_one_in_the_code(house: House) -> None:
    page = house.visitor(Role.FACILITATOR).reads("/people/roles")

    assert "give accounts and tokens, and take them away" in page
    assert "duty officer" in page
