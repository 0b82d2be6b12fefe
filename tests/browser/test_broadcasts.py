"""From a list of contacts to a broadcast that is done, against the test provider."""

import io
import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from app.gateway.contacts import sample
from tests.browser.connected import provider, world  # noqa: F401 -- fixtures
from tests.browser.visiting import Visit, World
from tests.provider.process import ProviderProcess

PEOPLE = 150
_SLOW = 60_000


def look(visitor: Visit, name: str) -> None:
    """Look at a page on a wide screen and on a phone."""
    visitor.look(name)
    visitor.page.set_viewport_size({"width": 360, "height": 740})
    visitor.look(f"{name}-narrow")
    visitor.page.set_viewport_size({"width": 1200, "height": 900})


def click(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def test_a_list_is_mended_a_segment_described_and_a_broadcast_sent_paused_and_done(
    visit: Callable[..., Visit],
    world: World,  # noqa: F811
    provider: ProviderProcess,  # noqa: F811
) -> None:
    visitor = visit("coordinator")
    page = visitor.go("/contacts")
    look(visitor, "contacts-empty")
    page.get_by_role("link", name="Bring in a list").click()

    # a list that cannot be read, then one that can
    broken = {"name": "people.csv", "mimeType": "text/csv", "buffer": b'Cell No,Ward\n0770000001,"Ward 1\n'}
    page.get_by_label("File, CSV or Excel").set_input_files([broken])  # type: ignore[list-item]
    click(page, "Look at it")
    expect(page.get_by_role("alert")).to_contain_text("quotation mark")
    look(visitor, "import-refused")
    out = io.StringIO()
    sample.write(out, PEOPLE)
    mended = broken | {"buffer": out.getvalue().encode()}
    page.get_by_label("File, CSV or Excel").set_input_files([mended])  # type: ignore[list-item]
    click(page, "Look at it")
    expect(page.get_by_role("heading", name="What the columns are")).to_be_visible()
    page.get_by_label("What Name of ward is").select_option("left out")
    look(visitor, "import-columns")
    click(page, "See what becomes of the rows")
    expect(page.get_by_role("heading", name="What becomes of the rows")).to_be_visible()
    look(visitor, "import-report")
    page.get_by_role("button", name=re.compile("Add .* contacts")).click()
    expect(page.get_by_role("heading", name="A list that came in")).to_be_visible()
    look(visitor, "import-result")

    # a segment, counted while it is typed
    page.get_by_role("link", name="Describe a segment").click()
    meant = page.locator(".counted")
    everybody = meant.inner_text()
    page.get_by_label("Who is meant").press_sequentially("sex = F")
    expect(meant).not_to_have_text(everybody)
    page.get_by_label("About").select_option("attribute:household_size")
    page.get_by_label("Compared").select_option("at least")
    page.get_by_role("combobox", name="Value").fill("2")
    click(page, "Add it")
    expect(page.get_by_label("Who is meant")).to_have_value("sex = F and household_size >= 2")
    page.get_by_label("Name", exact=True).fill("women")
    look(visitor, "segment")
    click(page, "Save")
    look(visitor, "segments")

    # a broadcast, step by step
    visitor.go("/broadcasts/new")
    page.get_by_label("Name", exact=True).fill("voices november")
    page.get_by_label("A message without a survey").check()
    page.get_by_label("A saved segment").check()
    expect(page.locator(".counted")).not_to_contain_text(everybody.split()[0])
    page.get_by_label("Everybody").check()
    expect(page.locator(".counted")).to_contain_text(everybody.split()[0])
    look(visitor, "broadcast-audience")
    click(page, "Store, and go on")
    page.get_by_label("Text").first.press_sequentially("We meet at the clinic on Friday.")
    expect(page.locator("#phone-en .bubble")).to_have_text("We meet at the clinic on Friday.")
    expect(page.locator("#phone-en")).to_contain_text("32 of 160 characters")
    page.get_by_label("Text").nth(1).fill("Tichasangana kukiriniki neChishanu.")
    look(visitor, "broadcast-message")
    click(page, "Audience")
    expect(page.get_by_label("A message without a survey")).to_be_checked()
    page.get_by_role("button", name="Message", exact=True).click()
    expect(page.get_by_label("Text").first).to_have_value("We meet at the clinic on Friday.")
    click(page, "Store, and go on")
    page.get_by_label("From this hour").fill("00:00")
    page.get_by_label("to this hour").fill("23:59")
    page.get_by_label("and that is meant").check()
    page.get_by_label("Messages a minute, at most").fill("900")
    page.get_by_label("At most, in the money of your prices").fill("20")
    look(visitor, "broadcast-times")
    click(page, "Store, and check")
    click(page, "Check it now")
    people = page.locator(".figures.large dd").first.inner_text()
    look(visitor, "broadcast-check")

    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_label("To be sure").fill("17")
    page.get_by_role("button", name="Send it to", exact=False).last.click()
    expect(page.get_by_role("alert")).to_contain_text("not the number of people")
    assert provider.messages() == []
    page.get_by_label("To be sure").fill(people)
    page.get_by_role("button", name="Send it to", exact=False).last.click()

    # it goes on by itself, waits when it is told to, and a reload loses nothing
    live = page.locator("[hx-sse\\:connect]")
    expect(live).to_contain_text("is being sent")
    expect(live).to_contain_text("a minute", timeout=_SLOW)
    click(page, "Pause")
    expect(live).to_contain_text("Somebody paused it")
    look(visitor, "broadcast-paused")
    before = page.get_by_label("Messages that went out").get_attribute("value")
    page.reload()
    expect(page.get_by_label("Messages that went out")).to_have_attribute("value", before or "")
    click(page, "Go on")
    expect(live.get_by_text("done", exact=True)).to_be_visible(timeout=_SLOW)
    look(visitor, "broadcast-done")
    assert len(provider.messages()) == int(people)
    assert len({each["number"] for each in provider.messages()}) == int(people)

    visitor.go("/broadcasts")
    look(visitor, "broadcasts")
    visitor.go("/contacts")
    look(visitor, "contacts")
    page.get_by_label("Phone number").fill(provider.messages()[0]["number"])
    click(page, "Look up")
    expect(page.get_by_role("heading", name="A contact")).to_be_visible()
    look(visitor, "contact")
