"""A survey from a file with a fault to people's phones, and on a phone in the browser beside its picture."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from app.cli import stage
from app.cli.transcript import parse
from tests.browser.visiting import Visit

FORM = """
| survey | type | name | label::English (en) | label::Shona (sn) | label::Ndebele (nd) | required | relevant |
|---|---|---|---|---|---|---|---|
| | select_one yes_no | water | Is there water? | Pane mvura here? | Amanzi akhona na? | yes | |
| | integer | far | How far is it? | Kure zvakadini? | Kukhatshana kangakanani? | | ${%s} = 'no' |

| choices | list_name | name | label::English (en) | label::Shona (sn) | label::Ndebele (nd) |
|---|---|---|---|---|---|
| | yes_no | yes | Yes | Hongu | Yebo |
| | yes_no | no | No | Kwete | Hatshi |

| settings | form_id | form_title | version |
|---|---|---|---|
| | wells | Wells | 1 |
"""


def test_a_form_with_a_fault_is_mended_looked_at_in_three_languages_and_published(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    visitor, file = visit("coordinator"), tmp_path / "wells.md"
    page = visitor.go("/surveys")
    visitor.look("surveys")
    page.get_by_role("link", name="Bring a survey").click()
    file.write_text(FORM % "watre")
    _bring(page, file)
    expect(page.get_by_role("alert")).to_contain_text("wells.md cannot be asked as it is. Nothing was stored")
    expect(page.get_by_role("row").filter(has_text="watre")).to_be_visible()
    visitor.look("survey-faults")

    file.write_text(FORM % "water")
    _bring(page, file)
    expect(page.get_by_text("It is stored as a draft; nobody is asked it yet.")).to_be_visible()
    expect(page.get_by_text("Pane mvura here?").first).to_be_visible()  # by itself, when it is drawn
    expect(page.get_by_text("Amanzi akhona na?").first).to_be_visible()
    visitor.look("survey-screens")

    page.get_by_role("link", name="Publish").click()
    expect(page.get_by_text("It is the first version that people get.")).to_be_visible()
    visitor.look("survey-publish")
    page.get_by_role("button", name="Publish version 1").click()
    expect(page.get_by_role("status")).to_contain_text("It is published.")
    page.set_viewport_size({"width": 360, "height": 740})
    visitor.look("survey-narrow")
    page.get_by_role("link", name="Picture").click()
    expect(page.get_by_role("group", name="The way through Wells")).to_contain_text("water is No")
    visitor.look("survey-picture-narrow")


def test_a_survey_is_answered_to_its_end_beside_the_picture_and_saved_as_a_transcript(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    visitor = visit("coordinator", width=360)
    page = visitor.go("/try")
    visitor.look("try-which-narrow")
    page.get_by_role("link", name=re.compile("Version")).first.click()
    visitor.look("try-begin-narrow")
    page.get_by_role("button", name="Take up the phone").click()

    _reply(page, "1")
    _reply(page, "1")
    expect(page.locator(".flow .at")).to_contain_text("adult")
    kept = page.locator("[data-answers] tr")
    expect(kept).to_have_count(2)
    page.get_by_role("button", name="Drop the session").click()
    expect(page.locator("[data-screen]")).to_contain_text("No session.")
    page.get_by_role("button", name="Dial", exact=True).click()
    expect(page.locator("[data-screen]")).not_to_contain_text("No session.")
    page.get_by_role("button", name="Send the last request twice").click()
    expect(page.get_by_text("nothing that is stored changed")).to_be_visible()
    expect(kept).to_have_count(2)
    visitor.look("try-narrow")

    for _ in range(40):
        if page.locator("[data-timer]").count() == 0:
            break
        _reply(page, "1")
    expect(page.get_by_text("She has completed it.")).to_be_visible()
    page.set_viewport_size({"width": 1200, "height": 900})
    visitor.look("try-end")

    with page.expect_download() as download:
        page.get_by_role("link", name="Save as a transcript").click()
    header, steps = parse(saved := download.value.path().read_text(encoding="utf-8"))
    survey = stage.find(header.survey)
    assert survey is not None
    with stage.stage(header, survey, tmp_path / "again") as again:
        assert again.play(steps) == saved


def test_all_of_it_can_be_done_without_scripts(visit: Callable[..., Visit]) -> None:
    visitor = visit("facilitator", scripts=False)
    page = visitor.go("/try/leave_no_one_behind")
    page.get_by_role("button", name="Take up the phone").click()

    page.get_by_label("Reply").fill("1")
    page.get_by_role("button", name="Send", exact=True).click()

    expect(page.locator("[data-answers] tr")).to_have_count(1)
    page.get_by_role("button", name="By SMS").click()
    page.get_by_role("button", name="Send the keyword").click()
    expect(page.locator(".bubble.message")).to_have_count(1)


def _bring(page: Page, file: Path) -> None:
    page.get_by_label("The form").set_input_files(file)
    page.get_by_role("button", name="Check it and store it as a draft").click()


def _reply(page: Page, key: str) -> None:
    """Press a key of the phone, and Enter."""
    step = page.locator("[data-steps]")
    before = step.inner_text()
    page.locator(f'[data-key="{key}"]').click()
    page.get_by_label("Reply").press("Enter")
    expect(step).not_to_have_text(before)
