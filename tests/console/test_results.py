"""Results: what the page shows is what the command and its own files say, and nothing of few people."""

import csv
import io
import json
import re
import threading
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from sqlalchemy.engine import Connection

from app.reports.figures.asking import Asked, pages, survey_of
from app.reports.figures.page import Page
from app.reports.figures.published import Figure
from app.store import audit
from app.values import Role
from app.web.console import mapping
from app.web.console.kept import Kept
from tests.conftest import Clock
from tests.console.conftest import House, Visitor, words
from tests.console.people import SURVEY, fill

RESULTS = f"/results/{SURVEY}"


def complete(visitor: Visitor, path: str) -> str:
    """A page with all its figures, as a browser has it when what was being counted has come."""
    text = visitor.get(path).text
    while found := re.search(r'(?s)<section class="question"[^>]*hx-get="([^"]+)".*?</section>', text):
        text = text.replace(found[0], visitor.get(unescape(found[1])).text)
    return text


def table_of(text: str, name: str) -> list[list[str]]:
    """The first table of a question: cells as words."""
    section = re.search(rf'(?s)<section class="question" id="q-{name}".*?</section>', text)
    assert section, name
    body = re.search(r"(?s)<tbody>(.*?)</tbody>", section[0])
    assert body
    lines = re.findall(r"(?s)<tr.*?</tr>", body[1])
    return [[words(cell) for cell in re.findall(r"(?s)<t[hd].*?</t[hd]>", line)] for line in lines]


def asked(house: House, **what: Any) -> Page:
    """What `izwi report` works out."""
    parts = house.parts

    def work(connection: Connection) -> list[Page]:
        survey = survey_of(connection, SURVEY, ZoneInfo(parts.settings.zone))
        return pages(connection, survey, parts.keys.figures, Asked(**what))

    return parts.database.read(work)[0]


def said(figure: Figure) -> list[str]:
    """A figure as the page shows it: its share with its interval, and people."""
    if figure.n is None:
        return ["·", "·"]
    if figure.share is None or figure.low is None or figure.high is None:
        return ["", f"{figure.n:,}"]
    return [f"{100 * figure.share:.0f} % {100 * figure.low:.0f}\u2013{100 * figure.high:.0f}", f"{figure.n:,}"]


def test_the_page_shows_the_figures_of_the_one_exit(house: House) -> None:
    fill(house.parts)
    text = complete(house.visitor(Role.COORDINATOR), RESULTS)

    page = asked(house, question="inequality")
    shown = table_of(text, "inequality")
    assert [row[2:] for row in shown] == [said(row.figures[0]) for row in page.rows]
    assert any(row[3] == "·" for row in shown)
    assert "fewer than 10 people, fewer than 20 of groups at high risk" in words(text)
    assert "Not a probability sample" in words(text)
    assert len(re.findall(r'<section class="question"', text)) == 15
    noted = [(each.action, each.subject) for each in house.parts.database.read(audit.every)]
    assert noted.count(("report figures", SURVEY)) == 1


def test_each_question_says_how_many_were_asked_and_kept_silent(house: House) -> None:
    fill(house.parts)
    text = words(complete(house.visitor(Role.ANALYST), f"{RESULTS}?question=province"))
    told = re.search(
        r"Answered: ([\d,·]+) · asked: ([\d,·]+) · skipped: ([\d,·]+) · would rather not say: ([\d,·]+)", text
    )
    assert told, text[:800]

    # The same, counted by hand: of the runs that count, how many have which kind of answer.
    with house.parts.database.engine.connect() as connection:
        rows = connection.execution_options(izwi_read=True).exec_driver_sql(
            "SELECT a.value FROM run r LEFT JOIN answer a ON a.run_id = r.id AND a.question = 'province' "
            "AND a.set_aside_at IS NULL WHERE r.state = 'completed'"
        )
        values = [row[0] for row in rows]
    refused = values.count("prefer_not_to_say")
    exact = (len(values) - refused - values.count(None), len(values) - values.count(None), None, refused)
    for shown, count in zip(told.groups(), exact, strict=True):
        if count is None or count < 10:
            assert shown == "·"
        else:
            assert shown == "·" or abs(int(shown.replace(",", "")) - count) <= 20  # rounded, and the last few wait


def test_where_it_is_not_shown_how_many_said_nothing_no_part_of_them_is(house: House) -> None:
    fill(house.parts, 60)
    found = [asked(house, question=each) for each in ("province", "sex", "residence", "age_band", "factors")]
    hidden = [page.question for page in found for row in page.rows if row.name == "-" and row.figures[0].n is None]
    assert hidden

    visitor = house.visitor(Role.ANALYST)
    for question in hidden:
        assert "asked: · · skipped: ·" in words(complete(visitor, f"{RESULTS}?question={question}"))


def test_files_at_the_same_address_say_what_the_page_says(house: House) -> None:
    fill(house.parts)
    visitor = house.visitor(Role.ANALYST)
    query = f"{RESULTS}?question=factors&by=sex&where=residence=rural"
    page = asked(house, question="factors", by=("sex",), where=("residence=rural",))

    text = complete(visitor, query)
    rows = list(csv.DictReader(io.StringIO(visitor.get(f"{query}&format=csv").text)))
    assert [row["n"] for row in rows if not row["group"]] == [
        "" if row.figures[0].n is None else str(row.figures[0].n) for row in page.rows
    ]
    assert [[row[2], row[3]] for row in table_of(text, "factors")] == [said(row.figures[0]) for row in page.rows]

    (told,) = json.loads(visitor.get(f"{query}&format=json").text)
    assert [[each["n"] for each in row["figures"]] for row in told["rows"]] == [
        [each.n for each in row.figures] for row in page.rows
    ]
    book = openpyxl.load_workbook(io.BytesIO(visitor.get(f"{query}&format=xlsx").content))
    sheet = [list(row) for row in book["Figures"].iter_rows(values_only=True)]
    assert sheet[0] == list(rows[0])
    assert [["" if cell is None else str(cell) for cell in row] for row in sheet[1:]] == [
        [cell.removeprefix("'") for cell in row.values()]
        for row in rows  # a cell that says "-" is no formula in Excel
    ]


def test_provinces_are_on_a_map_with_its_credit(house: House) -> None:
    fill(house.parts)
    visitor = house.visitor(Role.ANALYST)

    own = complete(visitor, f"{RESULTS}?question=province")
    page = asked(house, question="province")
    titles = dict(re.findall(r"<path class=\"m\d\"[^>]*><title>([^:<]+): ([^<]+)</title>", own))
    expected = {
        row.label: "not shown" if row.figures[0].share is None else f"{100 * row.figures[0].share:.0f} %"
        for row in page.rows
        if row.name.startswith("ZW")
    }
    assert titles == expected
    assert len(titles) == 10
    assert "ZIMSTAT / OCHA ROSEA" in own

    of_choice = complete(visitor, f"{RESULTS}?question=sex&by=province&choice=man")
    assert "Man: share in each province" in words(of_choice)
    assert 'class="map"' not in complete(visitor, f"{RESULTS}?question=sex&by=residence")


def test_labels_are_in_the_language_of_the_page_or_the_one_that_was_chosen(house: House) -> None:
    fill(house.parts, 60)
    visitor = house.visitor(Role.ANALYST)

    assert "Munhukadzi" in complete(visitor, f"{RESULTS}?question=sex&language=sn")
    visitor.post("/language", {"locale": "nd", "next": "/"})
    assert "Owesifazana" in complete(visitor, f"{RESULTS}?question=sex")


def test_shares_can_be_weighted_to_the_census_and_people_stay_people(house: House) -> None:
    fill(house.parts)
    visitor = house.visitor(Role.ANALYST)
    plain, weighted = (
        table_of(complete(visitor, f"{RESULTS}?question=residence{more}"), "residence")
        for more in ("", "&weights=rake")
    )

    assert [row[3] for row in plain] == [row[3] for row in weighted]
    assert [row[2] for row in plain] != [row[2] for row in weighted]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("where=sex", "is no filter"),
        ("where=sex=bird", "is no filter"),
        ("by=nothing", "There is no nothing"),
        ("question=nothing", "There is no question nothing"),
        ("language=fr", "It is not in fr"),
    ],
)
def test_what_there_is_not_is_told_in_a_sentence(house: House, query: str, sentence: str) -> None:
    answer = house.visitor(Role.ANALYST).get(f"{RESULTS}?{query}")

    assert answer.status_code == 422
    assert sentence in words(answer.text)


def test_too_much_at_once_is_told_at_the_question(house: House) -> None:
    fill(house.parts, 30)
    text = complete(
        house.visitor(Role.ANALYST),
        f"{RESULTS}?question=factors&by=sex&by=age_band&where=residence=rural&where=province=ZW19",
    )

    assert "At most 4 things" in words(text)


def test_the_only_survey_is_shown_at_once_and_one_that_nobody_was_asked_is_empty(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)

    assert visitor.get("/results").headers["location"] == RESULTS
    assert "Respondents who are counted" in visitor.reads(RESULTS)
    assert visitor.get("/results/nothing").status_code == 404


def test_who_is_missing_and_where_people_leave_are_shown_and_given_as_files(house: House) -> None:
    fill(house.parts)
    visitor = house.visitor(Role.ANALYST)

    rows = list(csv.DictReader(io.StringIO(visitor.get(f"{RESULTS}/missing?format=csv").text)))
    page = visitor.reads(f"{RESULTS}/missing")
    # Of few people, what is together in the census is shown one by one.
    assert {row["table"] for row in rows} >= {"residence", "age"}
    assert "Masvingo" in page
    assert "Design effect" in page

    rows = list(csv.DictReader(io.StringIO(visitor.get(f"{RESULTS}/leaving?by=language&format=csv").text)))
    assert {row["side"] for row in rows} >= {"en", "sn", "nd"}
    assert "Why they left" in visitor.reads(f"{RESULTS}/leaving?by=language")
    assert "People who came by themselves" in visitor.reads(f"{RESULTS}/response")
    assert openpyxl.load_workbook(io.BytesIO(visitor.get(f"{RESULTS}/response?format=xlsx").content)).sheetnames


def test_who_is_missing_is_for_those_who_may_see_figures(house: House) -> None:
    coordinator = house.visitor(Role.COORDINATOR)

    assert coordinator.get(f"{RESULTS}/missing").status_code == 200
    assert "Who is missing" in coordinator.reads(RESULTS)
    assert house.visitor(Role.OPERATOR).get(f"{RESULTS}/missing").status_code == 403


def test_what_takes_long_is_counted_once_beside_the_page(clock: Clock) -> None:
    kept, going, counted = Kept(clock), threading.Event(), []

    def count() -> int:
        going.wait(20)
        counted.append(1)
        return len(counted)

    assert kept.get("key", count, wait=0.01) is None
    assert kept.get("key", count, wait=0.01) is None
    going.set()
    found = kept.get("key", count, wait=20)
    assert found is not None
    assert (found.value, counted) == (1, [1])
    assert kept.get("key", count, wait=0) == found


def test_what_failed_is_told_and_tried_again(clock: Clock) -> None:
    kept, answers = Kept(clock), [ValueError("away"), 7]

    def count() -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(ValueError, match="away"):
        kept.get("key", count, wait=20)
    found = kept.get("key", count, wait=20)
    assert found is not None
    assert found.value == 7


def test_the_map_leaves_out_what_is_not_shown_and_shades_by_size() -> None:
    drawn = mapping.draw({"ZW10": ("Bulawayo", 0.1), "ZW11": ("Manicaland", 0.2), "ZW12": ("Mash Central", None)})
    steps = {each.place.code: each.step for each in drawn.places}

    assert (steps["ZW10"], steps["ZW11"], steps["ZW12"], steps["ZW19"]) == (1, 5, 0, 0)
    assert len(drawn.places) == 10
    assert not mapping.knows(["yes", "no"])


def test_a_page_of_results_is_small(house: House) -> None:
    fill(house.parts)
    visitor = house.visitor(Role.ANALYST)
    complete(visitor, RESULTS)  # so that all of it is counted

    with visitor.browser.stream("GET", RESULTS, headers={"accept-encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        assert sum(len(part) for part in answer.iter_raw()) <= 15_000
