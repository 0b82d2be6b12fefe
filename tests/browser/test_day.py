"""A coordinator's day, whole: from a fresh Izwi to an export."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import openpyxl
from playwright.sync_api import Page, expect

from tests.browser.connected import provider, world  # noqa: F401 -- fixtures
from tests.browser.visiting import Visit, World
from tests.console.conftest import PASSWORD
from tests.provider.process import ProviderProcess

PEOPLE = 40
PATIENCE = 90_000
FORM = """
| survey | type | name | label::English (en) | label::Shona (sn) | required |
|---|---|---|---|---|---|
| | select_one yes_no | water | Is there clean water near you? | Pane mvura yakachena pedyo newe here? | yes |
| | integer | minutes | How many minutes is it on foot? | Maminitsi mangani nemakumbo? | |

| choices | list_name | name | label::English (en) | label::Shona (sn) |
|---|---|---|---|---|
| | yes_no | yes | Yes | Ehe |
| | yes_no | no | No | Kwete |

| settings | form_id | form_title | version |
|---|---|---|---|
| | wells | Wells | 1 |
"""


def click(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def test_a_day_from_the_first_start_to_the_export(
    visit: Callable[..., Visit],
    world: World,  # noqa: F811
    provider: ProviderProcess,  # noqa: F811
    tmp_path: Path,
) -> None:
    visitor = visit(None)
    page = visitor.page
    page.on("dialog", lambda dialog: dialog.accept())

    _come_in(visitor, world)
    _bring_and_publish(visitor, tmp_path)
    numbers = _bring_contacts(visitor, tmp_path)
    _broadcast(visitor)
    expect(page.locator("[hx-sse\\:connect]").get_by_text("done", exact=True)).to_be_visible(timeout=PATIENCE)
    assert {each["number"] for each in provider.messages()} == set(numbers)

    for place, number in enumerate(numbers):
        _texts(world, number, "2" if place % 4 else "1", f"a{place}")
        _texts(world, number, str(5 + place), f"b{place}")

    visitor.go("/")
    card = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="Wells"))
    expect(card).to_contain_text(re.compile(rf"Completed\s*{PEOPLE}"), timeout=PATIENCE)
    visitor.look("day-home")

    visitor.go("/results/wells?question=water")
    expect(page.get_by_role("row").filter(has_text="No").first).to_be_visible(timeout=PATIENCE)
    visitor.look("day-results")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV", exact=True).click()
    shown = list(csv.DictReader(io.StringIO(waiting.value.path().read_text("utf-8-sig"))))
    assert {row["question"] for row in shown} == {"water"}

    visitor.go("/exports")
    page.get_by_label("Survey").first.select_option("wells")
    page.locator("form#data").get_by_role("button", name="Make the file").click()
    fetch = page.get_by_role("link", name=re.compile("^Fetch "))
    expect(fetch).to_be_visible(timeout=PATIENCE)
    with page.expect_download() as waiting:
        fetch.click()
    sheet = openpyxl.load_workbook(io.BytesIO(waiting.value.path().read_bytes()))["Data (codes)"]
    head, *rows = sheet.iter_rows(values_only=True)
    assert len(rows) == PEOPLE
    column = head.index("water")
    assert sorted({row[column] for row in rows}) == ["no", "yes"]


def _come_in(visitor: Visit, world: World) -> None:  # noqa: F811
    page = visitor.go("/")
    page.get_by_label("Code").fill(world.code)
    page.get_by_label("Your name").fill("Rudo Admin")
    page.get_by_label("Password").fill(PASSWORD)
    click(page, "Begin")
    expect(page.get_by_role("heading", name="Begin here")).to_be_visible()


def _bring_and_publish(visitor: Visit, folder: Path) -> None:
    page, file = visitor.page, folder / "wells.md"
    file.write_text(FORM)
    page.get_by_role("main").get_by_role("link", name="Bring a survey").click()
    page.get_by_label("The form").set_input_files(file)
    click(page, "Check it and store it as a draft")
    expect(page.get_by_text("Pane mvura yakachena").first).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="Publish").click()
    click(page, "Publish version 1")
    expect(page.get_by_role("status")).to_contain_text("It is published.")


def _bring_contacts(visitor: Visit, folder: Path) -> list[str]:
    numbers = [f"+26377000{number:04d}" for number in range(100, 100 + PEOPLE)]
    file = folder / "people.csv"
    file.write_text("number,language\n" + "".join(f"{each},en\n" for each in numbers))
    page = visitor.go("/contacts")
    page.get_by_role("link", name="Bring in a list").click()
    visitor.look("day-import")
    page.get_by_label("File, CSV or Excel").set_input_files(file)
    click(page, "Look at it")
    click(page, "See what becomes of the rows")
    page.get_by_role("button", name=re.compile("Add .* contacts")).click()
    expect(page.get_by_role("heading", name="A list that came in")).to_be_visible(timeout=PATIENCE)
    return numbers


def _broadcast(visitor: Visit) -> None:
    page = visitor.go("/broadcasts/new")
    page.get_by_label("Name", exact=True).fill("wells november")
    page.get_by_label("The first question of a survey as an SMS").check()
    page.get_by_label("Survey", exact=True).select_option("wells")
    page.get_by_label("Everybody").check()
    click(page, "Store, and go on")
    click(page, "Store, and go on")
    page.get_by_label("From this hour").fill("00:00")
    page.get_by_label("to this hour").fill("23:59")
    page.get_by_label("and that is meant").check()
    click(page, "Store, and check")
    click(page, "Check it now")
    visitor.look("day-check")
    page.get_by_role("button", name="Send it to", exact=False).last.click()


def _texts(world: World, number: str, text: str, key: str) -> None:  # noqa: F811
    form = {"id": key, "from": number, "to": "33500", "text": text, "date": ""}
    assert httpx.post(world.hook("sms"), data=form, trust_env=False, timeout=30).status_code == 200
