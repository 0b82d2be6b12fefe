"""What a person does with the phones of ``/simulator``, played in a real browser against a running Izwi."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, expect

FIRST_OPTION = re.compile(r"^ *([1-9][0-9]?)\W", re.MULTILINE)
A_NUMBER = "30"
STEPS = 4


def journey(base_url: str, page: Page) -> None:
    """Answer by menu, lose the call, go on, send a request twice, and begin once more by SMS on a second phone."""
    complaints = _watch(base_url, page)
    page.goto(f"{base_url}/simulator")
    phone = page.locator("[data-phones] > [data-phone]").first
    stored = page.locator("[data-answers] tr")

    _dial(phone)
    for _ in range(STEPS):
        _answer(phone)
    kept = _kept(page)
    assert kept > 0
    expect(stored).to_have_count(kept)

    phone.locator("[data-act=drop]").click()
    expect(phone).to_have_attribute("data-mode", "idle")
    _dial(phone)
    assert _kept(page) == kept

    screen = phone.locator("[data-screen]").inner_text()
    phone.locator("[data-act=duplicate]").click()
    expect(phone.locator("[data-note]")).to_have_attribute("data-verdict", "same")
    expect(phone.locator("[data-screen]")).to_have_text(screen, use_inner_text=True)
    assert _kept(page) == kept
    expect(stored).to_have_count(kept)

    page.locator("[data-add-phone]").click()
    second = page.locator("[data-phones] > [data-phone]").nth(1)
    expect(second).to_have_attribute("data-chosen", "true")
    second.locator("[data-tab=sms]").click()
    second.locator("[data-act=keyword]").click()
    expect(second.locator("[data-bubble=inbound]")).to_have_count(1)
    expect(second.locator("[data-bubble=outbound]").first).to_be_visible()

    expect(page.locator('[data-log] li:not([data-status="200"])')).to_have_count(0)
    assert not complaints, complaints


def _watch(base_url: str, page: Page) -> list[str]:
    """Collect what must not happen: an error in the console, a script that fails, a request to another host."""
    complaints: list[str] = []

    def console(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(f"console: {message.text}")

    def request(asked: Request) -> None:
        address = urlsplit(asked.url)
        if address.scheme != "data" and address.netloc != urlsplit(base_url).netloc:
            complaints.append(f"request to another host: {address.netloc}")

    page.on("console", console)
    page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
    page.on("request", request)
    return complaints


def _kept(page: Page) -> int:
    """How many answers of the one phone are stored, by a look that began after this call."""
    for _ in range(2):  # the first one may have been under way
        look = page.wait_for_event("response", lambda response: response.url.endswith("/simulator/look"))
    [phone] = look.json()["phones"].values()
    return len(phone["answers"])


def _dial(phone: Locator) -> None:
    phone.locator("[data-act=dial]").click()
    expect(phone).to_have_attribute("data-mode", "con")


def _answer(phone: Locator) -> None:
    """Take the first option of the screen, or type a number where it lists none; by keypad only."""
    step = phone.locator("[data-step]").inner_text()
    option = FIRST_OPTION.search(phone.locator("[data-screen]").inner_text())
    for digit in option[1] if option else A_NUMBER:
        phone.locator(f'[data-key="{digit}"]').click()
    phone.locator("[data-act=send]").click()
    expect(phone.locator("[data-step]")).not_to_have_text(step)
    expect(phone).to_have_attribute("data-mode", "con")
