"""Stages come and go: few at a time, one for each account, and nothing of them is left."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app import main
from app.cli.handset import Clock
from app.gateway.refusals import NotNow
from app.settings import Settings
from app.staging import IDLE, MOST, Stages
from app.store import surveys
from app.values import Medium
from app.web.console.stages import Wanted


@pytest.fixture
def wanted(parts: main.Parts) -> Wanted:
    (version,) = parts.database.read(surveys.every)
    xform = parts.database.read(lambda connection: surveys.xform(connection, version.id))
    return Wanted(version.survey, version.title, version.id, version.version, version.survey, xform, Medium.USSD, "")


@pytest.fixture
def stages(settings: Settings, clock: Clock, tmp_path: Path) -> Iterator[Stages]:
    made = Stages(settings, clock, tmp_path)
    yield made
    made.close()


def test_there_are_few_at_a_time_and_the_one_left_longest_gives_way(
    stages: Stages, wanted: Wanted, clock: Clock, tmp_path: Path
) -> None:
    for number in range(MOST):
        stages.begin(f"asker {number}", wanted)
        clock.pass_time(minutes=1)
    with pytest.raises(NotNow, match="people are trying surveys"):
        stages.begin("another", wanted)

    clock.pass_time(minutes=2)
    stages.begin("another", wanted)

    assert stages.find("asker 0") is None
    assert stages.find("asker 1") is not None
    assert len(list(tmp_path.glob("*/stage-*"))) == MOST


def test_what_nobody_touches_is_thrown_away_with_all_that_was_typed(
    stages: Stages, wanted: Wanted, clock: Clock, tmp_path: Path
) -> None:
    stages.begin("Rudo", wanted)
    clock.pass_time(seconds=IDLE.total_seconds() - 60)
    assert stages.find("Rudo") is not None
    clock.pass_time(seconds=IDLE.total_seconds())
    stages.sweep()
    assert stages.find("Rudo") is not None

    clock.pass_time(seconds=(IDLE + timedelta(seconds=1)).total_seconds())
    stages.sweep()

    assert stages.find("Rudo") is None
    assert not list(tmp_path.glob("*/stage-*"))


def test_whoever_begins_anew_has_one_stage_only_and_at_the_end_nothing_is_left(
    stages: Stages, wanted: Wanted, tmp_path: Path
) -> None:
    first = stages.begin("Rudo", wanted)
    second = stages.begin("Rudo", wanted)

    assert stages.find("Rudo") is second
    assert first is not second
    stages.close()
    assert not list(tmp_path.glob("izwi-*"))


def test_two_who_try_the_same_survey_do_not_meet(stages: Stages, wanted: Wanted) -> None:
    one, other = stages.begin("Rudo", wanted), stages.begin("Tendai", wanted)

    one.type("1")

    assert (len(one.view().kept), len(other.view().kept)) == (1, 0)
