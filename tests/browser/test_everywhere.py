"""What holds on every page: small screens, dark and high contrast, the keyboard, other languages, no scripts, lost links."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from app.store import accounts, sign_ins
from app.values import Role
from tests.browser.visiting import Visit, World
from tests.console.conftest import PASSWORD
from tests.server import ROOT, serving

PATIENCE = 60_000
_ROLES = [each.value for each in Role]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One Izwi for all of these, with simulated people."""
    folder = tmp_path_factory.mktemp("everywhere")
    with serving(folder, "--demo") as served:
        subprocess.run(
            [sys.executable, "-m", "app", "demo-data", "--respondents", "120"],
            cwd=ROOT, env=os.environ | served.environ, check=True, capture_output=True,
        )  # fmt: skip
        yield World(served, folder)


def linked(page: Page) -> list[str]:
    """The pages of the navigation that can be seen."""
    links = page.locator("nav:visible a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    return sorted(set(links))


def walk(visitor: Visit, name: str) -> list[str]:
    """Look at every page of the navigation, and at the first page that each leads to."""
    page, seen = visitor.go("/"), []
    if page.get_by_text("Menu", exact=True).is_visible():
        page.get_by_text("Menu", exact=True).click()
    for path in linked(page):
        visitor.go(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        visitor.look(f"{name}{path.replace('/', '-')}")
        seen.append(path)
    return seen


def test_every_page_is_fine_on_a_small_screen_in_the_dark(visit: Callable[..., Visit]) -> None:
    visitor = visit("admin", width=360)
    visitor.page.emulate_media(color_scheme="dark")

    assert len(walk(visitor, "dark")) > 11


def test_every_page_is_fine_in_high_contrast(visit: Callable[..., Visit]) -> None:
    visitor = visit("admin")
    visitor.page.emulate_media(contrast="more")

    assert len(walk(visitor, "contrast")) > 11


@pytest.mark.parametrize("role", _ROLES)
def test_everybody_can_open_all_that_she_is_shown(visit: Callable[..., Visit], role: str) -> None:
    visitor = visit(role)
    page = visitor.go("/")

    for path in linked(page):
        answer = page.goto(f"{visitor.world.url}{path}")
        assert answer is not None
        assert answer.status == 200, path
        assert page.locator("nav a[aria-current=page]").count() >= 1, path


def test_the_keyboard_is_enough_to_sign_in_and_to_open_a_survey(visit: Callable[..., Visit]) -> None:
    visit("coordinator")  # so that the account is there
    visitor = visit(None)
    page = visitor.go("/sign-in")
    page.keyboard.type("The coordinator")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Home")).to_be_visible()

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == "Leave No One Behind":
            break
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/surveys/leave_no_one_behind"))


@pytest.mark.parametrize(("locale", "broadcasts"), [("sn", "Mashoko kuvazhinji"), ("nd", "Imilayezo yabanengi")])
def test_pages_are_in_the_language_of_whoever_reads_them(
    visit: Callable[..., Visit], locale: str, broadcasts: str
) -> None:
    visitor = visit("coordinator")
    page = visitor.go("/")
    page.locator("#locale").select_option(locale)

    expect(page.get_by_role("link", name=broadcasts)).to_be_visible()
    visitor.look(f"home-{locale}")
    page.locator("#locale").select_option("en")
    expect(page.get_by_role("link", name="Broadcasts")).to_be_visible()


def test_without_scripts_every_page_can_be_read_and_a_draft_written(visit: Callable[..., Visit]) -> None:
    visitor = visit("coordinator", scripts=False)
    page = visitor.go("/")
    for path in linked(page):
        visitor.go(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()

    visitor.go("/broadcasts/new")
    page.get_by_label("Name", exact=True).fill("without scripts")
    page.get_by_label("A message without a survey").check()
    page.get_by_role("button", name="Store, and go on").click()
    page.get_by_label("Text").first.fill("We meet on Friday.")
    page.get_by_role("button", name="Store, and go on").click()
    visitor.go("/broadcasts")
    expect(page.get_by_role("link", name="without scripts")).to_be_visible()


def test_what_is_not_there_and_what_is_not_allowed_is_said_in_words(visit: Callable[..., Visit]) -> None:
    visitor = visit("moderator")
    page = visitor.go("/surveys")
    expect(page.get_by_role("heading", name="Not for you")).to_be_visible()
    expect(page.get_by_text("Who may: ")).to_be_visible()
    visitor.look("not-allowed")

    visitor.go("/nothing/here")
    expect(page.get_by_role("heading", name="Not there")).to_be_visible()
    visitor.complaints.clear()  # the browser complains of both


def test_whoever_was_signed_out_elsewhere_comes_back_to_the_same_page(visit: Callable[..., Visit]) -> None:
    visitor = visit("analyst")
    page = visitor.go("/exports")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    database = visitor.world.database
    found = database.read(lambda connection: accounts.secrets_of(connection, "The analyst"))
    assert found
    database.write(lambda connection: sign_ins.end_all(connection, found.account.id))

    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Your name").fill("The analyst")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/exports$"))


def test_a_live_page_goes_on_when_the_link_comes_back(visit: Callable[..., Visit]) -> None:
    visitor = visit("coordinator")
    page = visitor.go("/")
    card = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="Leave No One Behind"))
    expect(card).to_contain_text("Started")
    before = _started(page)

    page.context.set_offline(True)
    _dial(visitor.world, "+263770000021")
    page.context.set_offline(False)

    expect(card.locator("dd").nth(2)).not_to_have_text(str(before), timeout=PATIENCE)
    assert _started(page) == before + 1
    visitor.complaints.clear()  # of the link that was lost


def test_two_people_see_the_same_moment(visit: Callable[..., Visit]) -> None:
    one, other = visit("coordinator"), visit("analyst", width=360)
    pages = [each.go("/") for each in (one, other)]
    before = _started(pages[0])

    _dial(one.world, "+263770000022")

    for page in pages:
        card = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="Leave No One Behind"))
        expect(card.locator("dd").nth(2)).to_have_text(f"{before + 1:,}", timeout=PATIENCE)


def _started(page: Page) -> int:
    card = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="Leave No One Behind"))
    return int(card.locator("dd").nth(2).inner_text().replace(",", ""))


def _dial(world: World, number: str) -> None:
    form = {"sessionId": f"live-{number[-2:]}", "phoneNumber": number, "serviceCode": "*384*77#", "text": ""}
    answer = httpx.post(world.hook("ussd"), data=form | {"networkCode": "99999"}, trust_env=False, timeout=30)
    assert answer.text.startswith("CON ")
