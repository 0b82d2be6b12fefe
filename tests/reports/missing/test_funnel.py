"""Where people leave: each question with its causes, split by channel, operator, hour and language."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import main
from app.cli.handset import Network
from app.reports.missing import exit as way_out
from app.reports.missing import funnel
from app.reports.missing.funnel import Cause, cause_of, count
from app.settings import Settings
from app.store.funnels import By, Passed, Stand
from tests.conftest import Clock
from tests.phone import Phone
from tests.reports.missing.world import BEGAN, World

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

    def figures(name: str) -> list[int | None]:
        return [found[name][each] for each in ("shown", "answered", "skipped", "under_way", "left")]

    assert figures("language") == [60, 60, 0, 0, 0]
    assert figures("consent") == [60, 40, 0, 0, 20]
    assert why(found["consent"]) == {"refused": 20}
    assert figures("adult") == [40, 40, 0, 0, 0]
    assert figures("inequality") == [40, 0, 40, 0, 0]
    assert figures("resources") == [40, 0, 0, 25, 15]
    assert why(found["resources"]) == {"stopped": 15}
    assert figures("province") == [0, 0, 0, 0, 0]
    assert list(found)[:4] == ["language", "consent", "adult", "inequality"]
    assert "thank_you" not in found


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

    assert (found["adult"]["left"], why(found["adult"])) == (10, {cause: 10})


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

    assert why(found["adult"]) == {"timed_out": 10}


def test_each_run_is_on_one_side(world: World) -> None:
    for number in range(24):
        world.run(
            "expired", question="adult", answers={"consent": "yes"}, locale="sn" if number % 2 else "en",
            phone=world.phone("Econet" if number % 2 else "NetOne"), medium="sms" if number % 2 else "ussd",
            at=BEGAN + timedelta(hours=number % 2),
        )  # fmt: skip
    sides = {
        By.LANGUAGE: ["en", "sn"], By.OPERATOR: ["Econet", "NetOne"], By.CHANNEL: ["sms", "ussd"], By.HOUR: ["10", "11"],
    }  # fmt: skip

    for by, names in sides.items():
        found = world.ask("funnel", by)
        assert [(each["side"], each["runs"]) for each in found["sides"]] == [(name, 12) for name in names], by
        for name in names:
            assert rows(found, name)["consent"]["answered"] == 12
            assert rows(found, name)["adult"]["left"] == 12


def test_who_went_back_is_at_one_place_only_and_what_was_set_aside_is_not_counted(world: World) -> None:
    for _ in range(10):
        world.run("active", question="consent", answers={"language": "en", "consent": "yes"})
    for row in world.rows["answer"]:
        if row["question"] == "language":
            row["set_aside_at"] = BEGAN

    found = rows(world.ask("funnel"))

    assert (found["consent"]["shown"], found["consent"]["under_way"], found["consent"]["answered"]) == (10, 10, 0)
    assert found["language"]["shown"] == 0


def test_few_are_hidden_and_a_side_of_few_shows_nothing(world: World) -> None:
    for number in range(32):
        world.run("expired" if number < 4 else "stopped" if number < 20 else "active", question="adult", locale="en")
    for _ in range(3):
        world.run("expired", question="adult", locale="nd")

    found = world.ask("funnel", By.LANGUAGE)

    assert why(rows(found, "en")["adult"]) == {"stopped": None, "expired": None}
    assert rows(found, "en")["adult"]["left"] == 20
    assert [each["runs"] for each in found["sides"]] == [32, None]
    assert {
        value for row in rows(found, "nd").values() for name, value in row.items() if name in {"shown", "left"}
    } == {None}


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

        assert [(each["side"], each["runs"]) for each in world.ask("funnel", By.HOUR)["sides"]] == [
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
    found = count(stood, [Passed("a", "z", 1000, 3)])

    left, open_ = Counter[Cause](), 0
    for tallies in found.values():
        for tally in tallies.values():
            left += tally.left
            open_ += tally.under_way
    assert open_ == sum(each.runs for each in stood if each.state == "active")
    assert sum(left.values()) + open_ == sum(each.runs for each in stood)
    assert {cause_of(each) is None for each in stood if each.state != "active"} <= {False}


@given(st.lists(st.integers(0, 40), min_size=10, max_size=10))
def test_nothing_that_is_shown_of_a_question_is_few(counts: list[int]) -> None:
    tally = funnel.Tally(*counts[:3], left=Counter(dict(zip(Cause, counts[3:], strict=True))))

    row = funnel._row("q", tally, hidden=False)

    seen = [row.shown, row.answered, row.skipped, row.under_way, row.left, *row.causes.values()]
    assert [each for each in seen if each is not None and 0 < each < way_out.FLOOR] == []
    if row.left is not None:
        gone = [tally.left[cause] for cause, there in row.causes.items() if there is None]
        assert len(gone) != 1
    if row.left is None:
        assert all(not there for there in row.causes.values())
