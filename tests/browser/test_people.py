"""Codes from a phone, and a colleague who is invited."""

import time
from collections.abc import Callable

import pyotp
from playwright.sync_api import expect

from tests.browser.visiting import Visit
from tests.console.conftest import PASSWORD


def test_an_admin_sets_up_codes_signs_in_with_one_and_invites_a_colleague(visit: Callable[..., Visit]) -> None:
    admin = visit("admin")
    page = admin.go("/me")
    admin.look("me")
    page.get_by_role("link", name="Set up codes").click()
    admin.look("codes")
    secret = page.locator("code.letters").inner_text()
    page.get_by_label("The code that your phone shows now").fill(pyotp.TOTP(secret).now())
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Set them up").click()
    expect(page.locator("ol.paper li")).to_have_count(10)
    admin.look("codes-paper")
    page.get_by_role("link", name="I have them").click()
    expect(page.get_by_text("a code from your phone is asked for")).to_be_visible()

    page.get_by_role("button", name="Sign out", exact=True).first.click()
    page.get_by_label("Your name").fill("The admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    admin.look("sign-in-code")
    page.get_by_label("The code that your phone shows now").fill(pyotp.TOTP(secret).at(int(time.time()) + 30))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()

    admin.go("/people")
    page.get_by_label("As", exact=True).select_option("analyst")
    page.get_by_role("button", name="Make a code").click()
    code = page.locator("#code").inner_text()
    admin.look("people-code")

    colleague = visit(None, width=360)
    theirs = colleague.go("/welcome")
    theirs.get_by_label("Code").fill(code)
    theirs.get_by_label("Your name").fill("Chipo Analyst")
    theirs.get_by_label("Password").fill("copper thimble mango Wednesday")
    theirs.get_by_role("button", name="Go on").click()
    expect(theirs.get_by_role("heading", name="Home")).to_be_visible()
    for path, name in (("/me", "me-narrow"), ("/me/codes", "codes-narrow"), ("/people/roles", "roles-narrow")):
        colleague.go(path)
        colleague.look(name)

    admin.go("/people")
    expect(page.get_by_role("link", name="Chipo Analyst")).to_be_visible()
    admin.look("people")
    page.get_by_role("link", name="Chipo Analyst").click()
    admin.look("person")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Let her in no more").click()
    expect(page.get_by_text("She cannot sign in any more")).to_be_visible()
    colleague.go("/me")
    expect(theirs.get_by_role("heading", name="Sign in")).to_be_visible()

    page.get_by_role("link", name="What she did").click()
    expect(page.get_by_role("cell", name="account add")).to_be_visible()
    admin.go("/audit")
    expect(page.get_by_role("cell", name="account disable")).to_be_visible()
    admin.look("audit")
    page.set_viewport_size({"width": 360, "height": 740})
    admin.look("audit-narrow")
