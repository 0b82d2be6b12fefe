"""Leaving in the middle, being too young, and needing help: what is stored of it, and what is not."""

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from app.gateway import library as shelves
from app.main import Parts
from app.settings import Settings
from app.store import recipients
from tests.conftest import Clock
from tests.gateway.conftest import Line

SURVEY = Path(__file__).parents[1] / "surveys" / "safety.md"
TO_THE_SAFE_SCREEN = ["1", "1", "1", "town"]
EXIT = "Network services. Thank you."


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"survey": "safety", "keywords": {"SAFETY": "safety"}})


@pytest.fixture
def line(line: Line, parts: Parts) -> Line:
    assert not shelves.publish(parts.database, [SURVEY])
    parts.library.refresh()
    return line


def typed(line: Line) -> str:
    """All that is kept of what was typed and shown, in every table that has any of it."""
    found = line.rows("SELECT typed FROM turn WHERE typed IS NOT NULL")
    found += line.rows("SELECT screen FROM turn") + line.rows("SELECT text FROM session")
    found += line.rows("SELECT value FROM answer") + line.rows("SELECT raw FROM answer")
    found += line.rows("SELECT memory FROM run") + line.rows("SELECT text FROM inbound")
    return "\n".join(str(each[0]) for each in found)


@pytest.mark.parametrize("leave", [["00"], ["88", "0", "0"]])
def test_a_quick_exit_leaves_nothing_of_the_sensitive_answers(line: Line, leave: list[str]) -> None:
    words = [*TO_THE_SAFE_SCREEN, "1", "once", "he came at night", *leave]

    assert line.play("s1", words) == EXIT

    assert line.rows("SELECT question FROM answer ORDER BY id") == [("language",), ("consent",), ("adult",), ("place",)]
    kept = typed(line)
    assert "he came at night" not in kept
    assert "once" not in kept
    assert "hurt you" not in kept
    assert line.rows("SELECT state FROM run") == [("active",)]


def test_a_repeat_of_the_last_request_after_an_exit_shows_the_same(line: Line) -> None:
    words = [*TO_THE_SAFE_SCREEN, "1", "once", "00"]
    line.play("s1", words)
    before = line.rows("SELECT count(*) FROM turn")

    assert line.take(line.session("s1", "*".join(words))) == [EXIT]
    assert line.take(line.session("s1", "*".join(words[:4]))) == [""]
    assert line.rows("SELECT count(*) FROM turn") == before


def test_who_comes_back_goes_on_where_she_was(line: Line) -> None:
    line.play("s1", [*TO_THE_SAFE_SCREEN, "1", "once", "00"])

    assert line.play("s2", []).startswith("Welcome back.")
    assert line.play("s3", ["0"]) == EXIT
    assert line.play("s4", ["1"]).startswith("Are you alone")
    assert line.play("s5", ["1", "1"]).startswith("Did anybody hurt you")


def test_later_plans_one_neutral_reminder_in_the_hours(line: Line, clock: Clock) -> None:
    line.play("s1", [*TO_THE_SAFE_SCREEN, "2"])
    line.play("s2", ["1", "2"])

    ((body, state, kind),) = line.rows("SELECT body, state, kind FROM outbox")
    assert (state, kind) == ("queued", "reminder")
    assert body.startswith("Some questions still wait for you. It is free. Please dial *384*77#.")
    assert line.rows("SELECT count(*) FROM turn WHERE outcome = 'ended'") == [(2,)]


def test_the_reminder_waits_for_the_morning(line: Line, clock: Clock) -> None:
    clock.pass_time(hours=7)  # the evening
    line.play("s1", [*TO_THE_SAFE_SCREEN, "2"])

    ((due,),) = line.parts.database.read(lambda c: list(map(tuple, c.exec_driver_sql("SELECT due_at FROM outbox"))))
    local = line.gateway._conversation.zone
    moment = due if not isinstance(due, str) else clock().fromisoformat(due.replace(" ", "T"))
    hour = (moment if moment.tzinfo else moment.replace(tzinfo=clock().tzinfo)).astimezone(local).hour
    assert hour == 8


def test_the_reminder_does_not_say_whose_answers_are_meant(line: Line) -> None:
    line.play("s1", [*TO_THE_SAFE_SCREEN, "2"])

    ((key,),) = line.rows("SELECT key FROM outbox")
    ((run,),) = line.rows("SELECT id FROM run")
    assert str(key).removeprefix("later:") != str(run)
    assert len(str(key)) > 30


def test_nobody_is_reminded_who_has_come_back(line: Line, clock: Clock) -> None:
    line.play("s1", [*TO_THE_SAFE_SCREEN, "2"])
    (key,) = line.rows("SELECT id FROM outbox")[0]
    waiting = partial(recipients.still_waiting, message_ids=[key])
    assert line.parts.database.read(waiting) == {key}

    clock.pass_time(minutes=10)
    line.play("s2", ["1", "1"])

    assert line.parts.database.read(waiting) == set()


def test_nothing_is_kept_of_who_is_too_young_but_why(line: Line) -> None:
    screen = line.play("s1", ["1", "1", "no"])

    assert screen == "Thank you. We ask older people."
    assert line.rows("SELECT state, reason, question FROM run") == [("screened_out", "too_young", "adult")]
    assert line.rows("SELECT count(*) FROM answer") == line.rows("SELECT count(*) FROM consent") == [(0,)]
    assert line.rows("SELECT count(*) FROM record") == [(0,)]
    assert not {"no", "1", "yes"} & set(typed(line).split("\n"))
    assert line.take(line.session("s1", "1*1*no")) == [screen]


def test_nothing_is_kept_of_who_is_too_young_by_sms(line: Line) -> None:
    for words in ("SAFETY", "1", "1", "hatshi"):
        line.take(line.message(words))

    assert line.rows("SELECT state, reason FROM run") == [("screened_out", "too_young")]
    assert "hatshi" not in typed(line)
    assert line.rows("SELECT count(*) FROM answer") == [(0,)]


def test_distress_opens_one_case_with_a_time_and_without_the_answer(line: Line, settings: Settings) -> None:
    line.play("s1", [*TO_THE_SAFE_SCREEN, "1", "often", "he has a Knife"])

    cases = line.rows("SELECT question, state, owner FROM distress_case ORDER BY id")
    assert cases == [("hurt", "open", ""), ("story", "open", "")]
    assert settings.case_hours == timedelta(hours=24) / timedelta(hours=1)
    assert line.take(line.session("s1", "*".join([*TO_THE_SAFE_SCREEN, "1", "often"])))[0].startswith(
        "You can call 0000"
    )


def test_info_is_told_by_sms_too(line: Line) -> None:
    line.take(line.message("INFO"))
    line.take(line.message("SAFETY"))
    line.take(line.message("2"))
    line.take(line.message("ruzivo"))

    bodies = [row[0] for row in line.rows("SELECT body FROM outbox ORDER BY id")]
    assert bodies[0] == "A test asks, to learn. Kept for a year. Complaints: 1 Test Street."
    assert bodies[-1] == "Bvunzo inobvunza. Gore rimwe. Zvichemo: 1 Test Street."


def test_consent_to_a_sensitive_question_goes_with_its_answer(line: Line, parts: Parts, tmp_path: Path) -> None:
    form = SURVEY.read_text(encoding="utf-8").replace("| default_language |", "| default_language | izwi:sensitive |")
    form = form.replace("| Safety | 1 | English (en) |", "| Safety | 2 | English (en) | yes |")
    file = tmp_path / "safety.md"
    file.write_text(
        form.replace("|---|---|---|---|---|\n| | safety", "|---|---|---|---|---|---|\n| | safety"), encoding="utf-8"
    )
    assert not shelves.publish(parts.database, [file])
    parts.library.refresh()

    assert line.play("s1", ["1", "en", "yes", "00"]) == EXIT

    assert line.rows("SELECT count(*) FROM answer") == line.rows("SELECT count(*) FROM consent") == [(0,)]
