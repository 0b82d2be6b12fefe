"""From answers to figures, files and other programs."""

import csv
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import openpyxl
from playwright.sync_api import Page, expect

from tests.browser.visiting import Visit, World
from tests.server import ROOT

SURVEY = "leave_no_one_behind"
PATIENCE = 90_000


def fill(world: World, people: int = 500) -> None:
    """Let simulated people answer, by the command."""
    subprocess.run(
        [sys.executable, "-m", "app", "demo-data", "--respondents", str(people)],
        cwd=ROOT, env=os.environ | world.served.environ, check=True, capture_output=True,
    )  # fmt: skip


def downloaded(page: Page, name: str) -> bytes:
    """What a link of this name gives."""
    with page.expect_download(timeout=PATIENCE) as waiting:
        page.get_by_role("link", name=name, exact=True).click()
    return Path(waiting.value.path()).read_bytes()


def test_results_by_province_are_filtered_mapped_printed_and_taken_along(
    visit: Callable[..., Visit], world: World
) -> None:
    fill(world)
    visitor = visit("analyst")
    page = visitor.go("/results")
    expect(page.get_by_role("heading", name="Leave No One Behind")).to_be_visible()
    expect(page.get_by_text("Being counted")).to_have_count(0, timeout=PATIENCE)  # all of it has come by itself
    visitor.look("results")

    page.get_by_text("Compare, filter, weight").click()
    page.get_by_label("Set beside").select_option(label="Which province do you live in?")
    page.get_by_label("Only people of").select_option("flagged=no")
    page.get_by_label("Question", exact=True).select_option(label="Do you live in a rural area or in a town?")
    page.get_by_role("button", name="Show", exact=True).first.click()
    expect(page).to_have_url(re.compile("by=province.*question=residence"))
    expect(page.get_by_role("img", name=re.compile("share in each province"))).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("ZIMSTAT / OCHA ROSEA")).to_be_visible()
    page.get_by_label("Show on the map").select_option(label="Town / city")
    expect(page.get_by_role("img", name="Town / city: share in each province")).to_be_visible(timeout=PATIENCE)
    visitor.look("results-map")

    shown = page.locator("table.bars tbody tr").evaluate_all("rows => rows.map(row => row.cells[3].innerText)")
    rows = list(csv.DictReader(io.StringIO(downloaded(page, "CSV").decode())))
    told = [row["n"] for row in rows if row["question"] == "residence" and not row["group"]]
    assert [each.replace(",", "").replace("·", "") for each in shown] == told
    assert any(told)
    sheet = openpyxl.load_workbook(io.BytesIO(downloaded(page, "Excel"))).active
    assert sheet is not None
    assert sheet.max_row == len(rows) + 1

    page.emulate_media(media="print")
    expect(page.get_by_role("navigation").first).to_be_hidden()
    visitor.look("results-print")
    page.emulate_media(media="screen", color_scheme="dark")
    page.set_viewport_size({"width": 360, "height": 740})
    visitor.look("results-narrow-dark")
    for name, heading in (("missing", "What weights would do"), ("leaving", "All")):
        visitor.go(f"/results/{SURVEY}/{name}")
        expect(page.get_by_role("heading", name=heading)).to_be_visible(timeout=PATIENCE)
        while page.get_by_role("link", name="Look again").count():
            page.wait_for_timeout(500)
            page.reload()
        visitor.look(f"results-{name}-narrow")


def test_data_is_exported_and_a_program_fetches_it_with_a_key(visit: Callable[..., Visit], world: World) -> None:
    fill(world, 150)
    visitor = visit("admin", width=360)
    page = visitor.go("/exports")
    expect(page.get_by_text(re.compile(r"\d+ runs, \d+ columns, roughly"))).to_be_visible()
    visitor.look("exports-narrow")
    page.get_by_text("Which answers, and how").click()
    page.get_by_label("completed").first.check()
    page.get_by_label("left unfinished").check()
    page.get_by_role("button", name="Count first").click()
    runs = re.search(r"(\d+) runs", page.get_by_text(re.compile(r"\d+ runs, ")).inner_text())
    assert runs
    visitor.look("exports-options-narrow")
    page.locator("form#data").get_by_role("button", name="Make the file").click()
    expect(page.get_by_text("The file can be fetched once")).to_be_visible(timeout=PATIENCE)
    visitor.look("export-done-narrow")
    book = openpyxl.load_workbook(io.BytesIO(downloaded(page, f"Fetch {SURVEY}.xlsx")))
    assert book["Data (codes)"].max_row == int(runs[1]) + 1

    page.set_viewport_size({"width": 1200, "height": 900})
    page.goto(f"{world.url}/connect")
    page.get_by_label("Name: who or what it is for").fill("report")
    page.get_by_role("button", name="Make a key").click()
    expect(page.get_by_role("heading", name="The key of report")).to_be_visible()
    visitor.look("connect-key")
    text = page.locator("#code-curl").inner_text()
    subprocess.run(text, shell=True, cwd=world.folder, check=True, env=os.environ | {"NO_PROXY": "127.0.0.1"})
    fetched = list(csv.DictReader(io.StringIO((world.folder / f"{SURVEY}.csv").read_text("utf-8-sig"))))
    assert {row["state"] for row in fetched} == {"completed"}
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Take away report").click()
    expect(page.get_by_text("The key “report” is valid no more.")).to_be_visible()
    assert subprocess.run(text, shell=True, cwd=world.folder, check=False, capture_output=True).returncode != 0

    visitor.go(f"/exports/dictionary/{SURVEY}?counts=1")
    page.set_viewport_size({"width": 360, "height": 740})
    visitor.look("dictionary-narrow")
    visitor.go("/stories")
    visitor.look("stories-narrow")
    page.get_by_role("main").get_by_role("link").first.click()
    expect(page.get_by_text("That you read it is in the trail.")).to_be_visible()
    visitor.look("story-narrow")
