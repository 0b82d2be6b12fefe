"""Who is counted, on both databases: the latest completed run of each respondent, in steps of ten people."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app import main
from app.models.care import flag
from app.models.consents import consent
from app.models.runs import answer, run
from app.reports.figures.asking import Asked, pages, survey_of
from app.reports.figures.axes import NoSuchDimension
from app.reports.figures.counting import table
from app.reports.figures.page import Page
from app.reports.figures.table import NO_ANSWER, TOTAL
from app.reports.missing.desk import Desk
from app.values import Medium, RunState
from tests.reports.figures.people import SECRET
from tests.reports.figures.respondents import START, SURVEY, complete

HARARE = ZoneInfo("Africa/Harare")
WOMEN = [{"inequality": "RUR", "sex": "woman", "province": "ZW19", "resources_which": "food water"}] * 40
MEN = [{"inequality": "OLD", "sex": "man", "province": "ZW18", "resources_which": "food"}] * 30
SILENT: list[Mapping[str, str | None]] = [{"inequality": None, "sex": "man", "province": "ZW18"}] * 20


def counts(connection: Connection, *names: str) -> dict[tuple[str, ...], int]:
    found = table(connection, survey_of(connection, SURVEY, HARARE), names)
    return {key: cell.n for key, cell in found.cells.items()}


def asked(connection: Connection, question: str | None = None, **more: Any) -> list[Page]:
    return pages(connection, survey_of(connection, SURVEY, HARARE), SECRET, Asked(question, **more))


def test_answers_are_counted_by_several_things_at_once_and_who_said_nothing_too(parts: main.Parts) -> None:
    def work(connection: Connection) -> None:
        complete(connection, [*WOMEN, *MEN, *SILENT])
        assert counts(connection, "inequality", "sex") == {
            ("RUR", "woman"): 40, ("OLD", "man"): 30, (NO_ANSWER, "man"): 20,
        }  # fmt: skip
        assert counts(connection, "resources_which/water", "sex") == {
            ("yes", "woman"): 40, ("no", "man"): 30, (NO_ANSWER, "man"): 20,
        }  # fmt: skip
        found = counts(connection, "language", "channel", "mode", "version")
        assert found == {("en", "ussd", "self", "2026.11.4"): 90}

    parts.database.write(work)


def test_who_would_rather_not_say_gave_no_answer(parts: main.Parts) -> None:
    def work(connection: Connection) -> None:
        complete(connection, [*WOMEN, *([{"sex": "prefer_not_to_say"}] * 10)])
        assert counts(connection, "sex") == {("woman",): 40, (NO_ANSWER,): 10}

    parts.database.write(work)


def test_months_are_those_of_the_place_not_of_utc(parts: main.Parts) -> None:
    def work(connection: Connection) -> None:
        complete(connection, MEN)  # from 21:30 UTC, which is 23:30 there: after half an hour it is November
        assert counts(connection, "month") == {("2026-10",): 30}
        complete(connection, MEN)
        assert counts(connection, "month") == {("2026-10",): 30, ("2026-11",): 30}

    assert START.astimezone(HARARE).month == 10
    parts.database.write(work)


def test_only_her_latest_completed_run_counts_and_nothing_that_was_withdrawn(parts: main.Parts) -> None:
    def work(connection: Connection) -> None:
        people = complete(connection, MEN)
        complete(connection, WOMEN[:10], who=people[:10])
        complete(connection, WOMEN[:10], who=people[10:20], state=RunState.EXPIRED)
        assert counts(connection, "sex") == {("woman",): 10, ("man",): 20}
        set_aside = sa.update(answer).where(answer.c.question == "sex", answer.c.value == "woman")
        connection.execute(set_aside.values(set_aside_at=START))
        assert counts(connection, "sex") == {(NO_ANSWER,): 10, ("man",): 20}
        runs = connection.execute(sa.select(run.c.id).order_by(run.c.id)).scalars().all()
        withdraw(connection, runs[20:30])
        assert counts(connection, "sex") == {(NO_ANSWER,): 10, ("man",): 10}

    parts.database.write(work)


def withdraw(connection: Connection, runs: Sequence[int]) -> None:
    about = {"question": "consent", "purpose": "take_part", "granted": True, "text_hash": "", "locale": "en"}
    when = {"channel_id": 1, "medium": Medium.USSD, "at": START, "withdrawn_at": START, "withdrawn_by": "withdraw"}
    connection.execute(sa.insert(consent), [{"uid": uuid7(), "run_id": each, **about, **when} for each in runs])


@pytest.mark.parametrize("more", range(1, 10))
def test_figures_change_only_when_ten_more_people_completed(parts: main.Parts, more: int) -> None:
    def work(connection: Connection) -> None:
        complete(connection, MEN)
        before = table(connection, survey_of(connection, SURVEY, HARARE), ["sex"])
        complete(connection, WOMEN[:more])
        assert table(connection, survey_of(connection, SURVEY, HARARE), ["sex"]) == before
        complete(connection, WOMEN[more:10])
        assert counts(connection, "sex") == {("man",): 30, ("woman",): 10}

    parts.database.write(work)


def test_figures_can_be_weighted_to_the_census_and_say_so(parts: main.Parts) -> None:
    def work(connection: Connection) -> None:
        alike = {"province": "ZW19", "residence": "town", "age_band": "25-34"}
        complete(connection, [{"sex": "woman", "adult": "yes", **alike}] * 20)
        complete(connection, [{"sex": "man", "adult": "no", **alike}] * 60)
        about = Desk.of(connection, parts.settings, SURVEY, lambda key: parts.library.edition(key).flow, SECRET)
        weighing = about.weighing(connection)
        survey = survey_of(connection, SURVEY, HARARE)
        (plain,) = pages(connection, survey, b"key", Asked("adult"))
        (weighted,) = pages(connection, survey, b"key", Asked("adult"), weighing)

        def share(page: Page, name: str) -> float:
            return next(row.figures[0].share or 0 for row in page.rows if row.name == name)

        assert [row.figures[0].n for row in plain.rows] == [row.figures[0].n for row in weighted.rows]
        assert share(plain, "yes") == pytest.approx(0.25)
        assert share(weighted, "yes") == pytest.approx(0.52, abs=0.07)  # the census has 52 % women
        assert any("weighted to" in note for note in weighted.notes)
        assert not any("weighted to" in note for note in plain.notes)

    parts.database.write(work)


def test_flagged_respondents_can_be_left_out_as_a_slice(parts: main.Parts) -> None:
    def work(connection: Connection) -> None:
        complete(connection, [*WOMEN, *MEN])
        runs = connection.execute(sa.select(run.c.id).order_by(run.c.id)).scalars().all()
        connection.execute(sa.insert(flag), [{"run_id": each, "kind": "fast", "at": START} for each in runs[:20]])
        assert counts(connection, "flagged") == {("yes",): 20, ("no",): 50}
        (page,) = asked(connection, "sex", where=["flagged=no"])
        assert page.where == "flagged is no"

    parts.database.write(work)


def test_a_page_has_figures_by_group_and_those_of_all(parts: main.Parts) -> None:
    def work(connection: Connection) -> None:
        complete(connection, [*WOMEN, *MEN, *SILENT] * 2)
        (page,) = asked(connection, "inequality", by=["sex"], language="sn")
        shown = {
            (row.name, column.key): f.n
            for row in page.rows
            for column, f in zip(page.columns, row.figures, strict=True)
        }
        assert [column.label for column in page.columns][:3] == ["All", "Munhukadzi", "Munhurume"]
        assert abs((shown["RUR", (TOTAL,)] or 0) - 80) < 5
        assert shown["LGB", (TOTAL,)] is None

    parts.database.write(work)


def test_without_a_question_all_that_have_choices_are_shown(parts: main.Parts) -> None:
    def work(connection: Connection) -> None:
        complete(connection, [*WOMEN, *MEN])
        found = [page.question for page in asked(connection)]
        assert {"inequality", "resources_which", "province"} < set(found)
        assert not {"consent", "story", "language"} & {page.question for page in asked(connection, by=["language"])}

    parts.database.write(work)


@pytest.mark.parametrize(
    ("question", "more", "told"),
    [
        ("nothing", {}, "There is no question nothing"),
        ("sex", {"by": ["nothing"]}, "There is no nothing in"),
        ("sex", {"by": ["story"]}, "story has no choices"),
        ("sex", {"by": ["resources_which"]}, "name one, such as resources_which/food"),
        ("sex", {"by": ["resources_which/gold"]}, "There is no resources_which/gold"),
        ("sex", {"by": ["sex"]}, "sex is asked for twice"),
        ("sex", {"by": ["province", "age_band", "residence", "mode"]}, "At most 4 things"),
        ("sex", {"where": ["province"]}, "is no filter"),
        ("sex", {"where": ["province=Mars"]}, "province is never Mars"),
        ("sex", {"language": "xx"}, "It is not in xx"),
        ("inequality", {"by": ["discrimination", "resources", "resources_second"]}, "cells; at most"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_told_in_words(
    parts: main.Parts, question: str, more: dict[str, Any], told: str
) -> None:
    def work(connection: Connection) -> None:
        complete(connection, MEN)
        with pytest.raises(NoSuchDimension, match=told):
            asked(connection, question, **more)

    parts.database.write(work)
