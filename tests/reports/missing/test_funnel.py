"""Where people leave: each question with its causes, split by channel, operator, hour and language."""

from collections import Counter
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from app import main
from app.cli.handset import Network
from app.reports.figures.publish import Exit
from app.reports.figures.rules import Rules
from app.reports.figures.table import Cell, mark
from app.reports.missing.funnel import UNDER_WAY, Cause, Cells, cause_of, count, shown, stretches
from app.settings import Settings
from app.store import surveys
from app.store.funnels import By, Stand, stands
from tests.conftest import Clock
from tests.phone import Phone
from tests.reports.figures.people import SECRET
from tests.reports.missing.world import BEGAN, World

WAY_OUT = Exit(Rules(), SECRET)
CAUSES = [each.value for each in Cause]


@pytest.fixture
def world(parts: main.Parts) -> World:
    return World(parts)


def rows(found: dict[str, Any], side: str = "") -> dict[str, dict[str, Any]]:
    (wanted,) = [each for each in found["sides"] if each["side"] == side]
    return {row["question"]: row for row in wanted["questions"]}


def why(row: dict[str, Any]) -> dict[str, int | None]:
    return {name: row["causes"][name] for name in CAUSES if row["causes"][name] != 0}


def test_a_funnel_of_people_with_phones_is_that_of_a_hand_count(
    parts: main.Parts, network: Network, clock: Clock
) -> None:
    for number in range(60):
        phone = Phone(network, f"+2637700006{number:02}")
        phone.dial()
        phone.reply("1")
        if number < 20:
            phone.reply("2")  # declines
            continue
        phone.replies("1", "1", "1", "0")  # consent, adult, alone, inequality skipped
        if number < 35:
            phone.reply("STOP")

    found = rows(World(parts).ask("funnel"))

    def figures(name: str) -> list[Any]:
        return [found[name][each] for each in ("last", "reached", "left")]

    assert list(found) == ["language", "resources"]  # nobody left between, so these are no parts of their own
    assert figures("language") == ["inequality_second", 35, 20]
    assert why(found["language"]) == {"refused": 20}
    assert figures("resources") == ["story", 15, 15]
    assert why(found["resources"]) == {"stopped": 15}
    assert World(parts).ask("funnel")["sides"][0]["under_way"] == 25


def test_the_exact_count_knows_each_question(parts: main.Parts, network: Network) -> None:
    for number in range(7):
        phone = Phone(network, f"+2637700006{number:02}")
        phone.dial()
        phone.replies("1", *(["2"] if number < 3 else ["1", "1"]))

    def stood(connection: Connection) -> dict[tuple[str, str, str], int]:
        survey = surveys.ids(connection)["leave_no_one_behind"]
        found = stands(connection, survey, None, ZoneInfo("UTC"), longest_ms=100_000)
        return {key: cell.n for key, cell in count(found).items()}

    assert parts.database.read(stood) == {("", "consent", "refused"): 3, ("", "inequality", "under_way"): 4}


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"reason": "started_again"}, "started_again"),
        ({"end": ("Incomplete", 178_000)}, "timed_out"),
        ({"end": ("silence", None)}, "dropped"),
        ({"end": ("Incomplete", 40_000)}, "dropped"),
        ({"end": ("Failed", 40_000)}, "dropped"),
        ({"end": ("Success", 40_000)}, "expired"),
        ({"end": ("", None), "medium": "sms"}, "expired"),
        ({"end": None}, "expired"),
        ({"state": "screened_out", "reason": "under_age"}, "screened_out"),
        ({"state": "stopped", "reason": "withdraw_word"}, "stopped"),
        ({"state": "declined", "reason": "declined"}, "refused"),
    ],
)
def test_whoever_left_did_so_for_one_reason(world: World, options: dict[str, Any], cause: str) -> None:
    for _ in range(10):
        world.run(**({"state": "expired", "reason": "no_reply"} | options), question="adult")

    found = rows(world.ask("funnel"))

    assert (found["language"]["left"], why(found["language"])) == (10, {cause: 10})


def test_the_last_session_of_a_run_is_the_one_that_counts(world: World) -> None:
    for _ in range(10):
        phone = world.phone()
        world.run("expired", question="adult", phone=phone, end=("silence", None))
    later = [
        row | {"id": row["id"] + 5000, "uid": row["id"] + 5000, "ref": f"{row['ref']}b"}
        for row in world.rows["session"]
    ]
    for row in later:
        row.pop("uid")
        world.rows["session"].append(row | {"end_status": "Incomplete", "duration_ms": 180_000})

    found = rows(world.ask("funnel"))

    assert why(found["language"]) == {"timed_out": 10}


def test_each_run_is_on_one_side(world: World) -> None:
    for number in range(40):
        world.run(
            "expired" if number < 20 else "completed", question="adult" if number < 20 else "",
            answers={"consent": "yes"}, locale="sn" if number % 2 else "en",
            phone=world.phone("Econet" if number % 2 else "NetOne"), medium="sms" if number % 2 else "ussd",
            at=BEGAN + timedelta(hours=number % 2),
        )  # fmt: skip
    sides = {
        By.LANGUAGE: ["en", "sn"], By.OPERATOR: ["Econet", "NetOne"], By.CHANNEL: ["sms", "ussd"], By.HOUR: ["10", "11"],
    }  # fmt: skip

    for by, names in sides.items():
        found = world.ask("funnel", by)
        assert [(each["side"], each["completed"]) for each in found["sides"]] == [(name, 10) for name in names], by
        for name in names:
            assert rows(found, name)["language"]["reached"] == 20
            assert rows(found, name)["language"]["left"] == 10


def test_few_are_hidden_and_a_side_of_few_shows_nothing(world: World) -> None:
    for number in range(35):
        world.run("expired" if number < 5 else "stopped" if number < 20 else "active", question="adult", locale="en")
        world.run("declined", question="adult", locale="sn")
    for _ in range(5):
        world.run("stopped", question="adult", locale="nd")

    found = world.ask("funnel", By.LANGUAGE)

    assert [rows(found, name)["language"]["left"] for name in ("en", "nd", "sn")] == [None, None, 35]
    assert rows(world.ask("funnel"))["language"]["left"] == 60
    assert why(rows(world.ask("funnel"))["language"]) == {"expired": None, "stopped": None, "refused": 35}


def test_questions_at_which_few_left_are_taken_together() -> None:
    left = {"a": 3, "b": 4, "c": 12, "d": 0, "e": 9, "f": 30, "g": 2}
    stood: Cells = {("", name, Cause.EXPIRED): Cell(n, mark(n, n)) for name, n in left.items() if n}

    each = [(name,) for name in left]
    assert stretches(each, stood, 10) == [("a", "b", "c", "d", "e"), ("f", "g")]
    assert stretches(each, stood, 30) == [("a", "b", "c", "d", "e", "f", "g")]
    assert stretches(each, {}, 10) == [tuple(left)]


def test_a_split_funnel_has_as_many_stretches_as_its_larger_sides_allow() -> None:
    left = {
        ("en", "a"): 40,
        ("en", "b"): 15,
        ("en", "c"): 15,
        ("sn", "a"): 30,
        ("sn", "b"): 4,
        ("sn", "c"): 20,
        ("nd", "a"): 7,
    }
    stood: Cells = {(side, name, Cause.EXPIRED): Cell(n, mark(n, n)) for (side, name), n in left.items()}

    sides = {side.name: side.rows for side in shown({}, stood, ["a", "b", "c"], "language", WAY_OUT)}

    assert [(row.first, row.last) for row in sides["sn"]] == [("a", "b"), ("c", "c")]
    assert [(row.first, row.last) for row in shown({}, stood, ["a", "b", "c"], "", WAY_OUT)[0].rows] == [
        ("a", "a"),
        ("b", "b"),
        ("c", "c"),
    ]


def test_who_completed_is_what_figures_say_and_all_else_is_the_sum_of_what_is_shown(world: World) -> None:
    for number in range(53):
        world.run("completed", locale="en" if number < 27 else "sn")
        world.run("expired", question="adult" if number % 2 else "province", locale="en" if number % 4 < 2 else "sn")

    for by in (None, By.LANGUAGE):
        for side in world.ask("funnel", by)["sides"]:
            (first, last) = side["questions"]
            assert last["reached"] == side["completed"] + last["left"]
            assert first["reached"] == last["reached"] + first["left"]


class InBerlin:
    """Where clocks are put back in October."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"zone": "Europe/Berlin"})


class TestClocksThatChange(InBerlin):
    def test_the_hour_is_that_of_the_respondents_clock_on_that_day(self, world: World) -> None:
        for _ in range(10):
            world.run("active", question="adult", at=BEGAN.replace(month=7))  # 08:30 UTC is 10:30 in summer
            world.run("active", question="adult", at=BEGAN)

        assert [(each["side"], each["under_way"]) for each in world.ask("funnel", By.HOUR)["sides"]] == [
            ("09", 10),
            ("10", 10),
        ]


STATES = ("active", "expired", "stopped", "declined", "screened_out")
STANDS = st.lists(
    st.builds(
        Stand, side=st.sampled_from(["a", "b"]), question=st.sampled_from(["x", "y", "z[1]", "z[2]"]),
        state=st.sampled_from(STATES), reason=st.sampled_from(["", "no_reply", "started_again"]),
        medium=st.sampled_from(["ussd", "sms", ""]), end=st.sampled_from(["open", "silence", "incomplete", "closed", ""]),
        timed_out=st.booleans(), runs=st.integers(1, 50),
    )
)  # fmt: skip


@given(STANDS)
def test_no_run_is_lost_and_none_is_counted_twice(stood: list[Stand]) -> None:
    found = count(stood)

    left, open_ = Counter[str](), 0
    for (_, _, end), cell in found.items():
        if end == UNDER_WAY:
            open_ += cell.n
        else:
            left[end] += cell.n
    assert open_ == sum(each.runs for each in stood if each.state == "active")
    assert sum(left.values()) + open_ == sum(each.runs for each in stood)
    assert {cause_of(each) is None for each in stood if each.state != "active"} <= {False}


@given(STANDS)
def test_nothing_that_is_shown_is_few(stood: list[Stand]) -> None:
    for side in shown({}, count(stood), ["x", "y", "z"], "", WAY_OUT):
        for row in side.rows:
            seen = [side.under_way, row.reached, row.left, *row.causes.values()]
            assert [each for each in seen if each is not None and 0 < each < 5] == []
