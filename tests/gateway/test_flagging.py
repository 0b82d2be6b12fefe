"""Doubts about how runs came about: judged with their record, on both databases; nothing is ever removed by them."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from app import main
from app.cli.handset import NOON, Clock, Network
from app.gateway.flagging import Finished, bursts, crowds, is_fast, is_straight, twins
from app.gateway.library import Library
from app.gateway.recording import Recording
from app.models.care import flag
from app.models.runs import answer, record, run
from app.store import erasures, flags
from app.store.keys import Keys
from app.values import Mode, RunState
from tests.phone import Phone
from tests.reports.test_answers import PATH
from tests.talk import AT

OFTEN = "We walk far."


def take(network: Network, clock: Clock, number: str, *replies: str, seconds: float = 9) -> None:
    """One person takes the survey, with so many seconds for each screen."""
    phone = Phone(network, number)
    phone.dial()
    for words in replies or (*PATH, OFTEN):
        clock.pass_time(seconds=seconds)
        phone.reply(words)


def judge(parts: main.Parts, keys: Keys | None = None) -> dict[int, list[str]]:
    """Judge what is not judged yet; returns the flags of each run, by its place among all runs."""
    assert Recording(parts.settings, parts.database, Library(parts.database), keys or parts.keys).make_all(AT) == 0
    return flagged(parts)


def flagged(parts: main.Parts) -> dict[int, list[str]]:
    def read(connection: sa.Connection) -> dict[int, list[str]]:
        ids = list(connection.execute(sa.select(run.c.id).order_by(run.c.id)).scalars())
        found: dict[int, list[str]] = {place: [] for place in range(1, len(ids) + 1)}
        for row in connection.execute(sa.select(flag).order_by(flag.c.run_id, flag.c.kind)):
            found[ids.index(row.run_id) + 1].append(row.kind)
        return {place: kinds for place, kinds in found.items() if kinds}

    return parts.database.read(read)


def change(parts: main.Parts, statement: Any) -> None:
    parts.database.write(lambda connection: connection.execute(statement))


def choose_alike(parts: main.Parts) -> None:
    """Random order gives everybody another choice for the same reply: let all have chosen the same."""
    other = answer.alias()
    first = sa.select(sa.func.min(run.c.id)).scalar_subquery()
    same = sa.select(other.c.value).where(other.c.run_id == first, other.c.question == answer.c.question)
    change(parts, sa.update(answer).where(answer.c.choice_order.is_not(None)).values(value=same.scalar_subquery()))


def test_who_takes_her_time_has_no_flag(parts: main.Parts, network: Network, clock: Clock) -> None:
    take(network, clock, "+263770000001")

    assert judge(parts) == {}


def test_who_replies_before_the_screen_can_be_read_is_fast(parts: main.Parts, network: Network, clock: Clock) -> None:
    take(network, clock, "+263770000001", seconds=1.9)
    take(network, clock, "+263770000101", seconds=2)

    assert judge(parts) == {1: ["fast"]}


def test_who_always_takes_the_same_place_is_straight_whatever_stood_there(
    parts: main.Parts, network: Network, clock: Clock
) -> None:
    take(network, clock, "+263770000001", "2", "1", "1", *["1"] * 15, OFTEN)

    assert judge(parts) == {1: ["straight"]}


def test_the_same_choices_twice_flag_both_and_a_third_one_too(
    parts: main.Parts, network: Network, clock: Clock
) -> None:
    take(network, clock, "+263770000001")
    take(network, clock, "+263770000101")
    choose_alike(parts)
    assert judge(parts) == {1: ["identical"], 2: ["identical"]}

    take(network, clock, "+263770000201")
    choose_alike(parts)
    assert judge(parts) == {place: ["identical"] for place in (1, 2, 3)}


def test_one_that_was_judged_before_is_flagged_with_its_twin(parts: main.Parts, network: Network, clock: Clock) -> None:
    take(network, clock, "+263770000001")
    assert judge(parts) == {}

    take(network, clock, "+263770000101")
    choose_alike(parts)
    assert judge(parts) == {1: ["identical"], 2: ["identical"]}


def test_who_withdraws_before_she_is_judged_has_no_flag(parts: main.Parts, network: Network, clock: Clock) -> None:
    take(network, clock, "+263770000001", seconds=1)
    ((contact_id,),) = parts.database.read(lambda connection: connection.execute(sa.select(run.c.contact_id)).all())
    looked = Recording(parts.settings, parts.database, Library(parts.database), parts.keys)
    parts.database.write(lambda connection: erasures.withhold(connection, [contact_id], at=AT))

    assert looked.make(AT) == 0
    assert flagged(parts) == {}


def test_runs_that_ended_otherwise_are_not_judged(parts: main.Parts, network: Network, clock: Clock) -> None:
    take(network, clock, "+263770000001", seconds=1)
    change(parts, sa.update(run).values(state=RunState.SCREENED_OUT.value))

    assert judge(parts) == {}


def test_five_from_one_phone_within_an_hour_are_a_burst_and_of_many_people(
    parts: main.Parts, network: Network, clock: Clock
) -> None:
    for place in range(5):
        take(network, clock, f"+263770000{place}00")
        clock.pass_time(minutes=9)
    phone = sa.select(sa.func.min(run.c.contact_id)).scalar_subquery()
    change(parts, sa.update(run).values(contact_id=phone))

    assert judge(parts) == {place: ["burst", "many"] for place in range(1, 6)}


def test_five_numbers_beside_each_other_are_a_burst_and_others_are_not(
    parts: main.Parts, network: Network, clock: Clock
) -> None:
    for last in (0, 7, 42, 98):
        take(network, clock, f"+2637700001{last:02}")
    take(network, clock, "+263770000299")
    assert judge(parts) == {}

    take(network, clock, "+263770000199")
    assert judge(parts) == {place: ["burst"] for place in (1, 2, 3, 4, 6)}


def test_without_the_keys_no_phone_is_known_to_be_beside_another(
    parts: main.Parts, network: Network, clock: Clock
) -> None:
    for last in range(5):
        take(network, clock, f"+26377000010{last}")

    assert Recording(parts.settings, parts.database, Library(parts.database), None).make_all(AT) == 0
    assert flagged(parts) == {}


def test_with_the_keys_of_another_service_the_rest_is_judged(
    parts: main.Parts, network: Network, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for last in range(5):
        take(network, clock, f"+26377000010{last}", seconds=1)
    strange = Keys(parts.keys.lookup, {1: bytes(32)}, {}, parts.settings.data_dir)

    assert judge(parts, strange) == {place: ["fast"] for place in range(1, 6)}
    assert "keys.json does not fit" in caplog.text


def test_a_facilitator_may_take_many_people_through_in_an_hour(
    parts: main.Parts, network: Network, clock: Clock
) -> None:
    for last in range(5):
        take(network, clock, f"+26377000010{last}")
    change(parts, sa.update(run).values(mode=Mode.FACILITATOR.value))

    assert judge(parts) == {}


def test_judging_again_changes_nothing(parts: main.Parts, network: Network, clock: Clock) -> None:
    take(network, clock, "+263770000001", seconds=1)
    before = judge(parts)
    change(parts, sa.update(record).values(xml=None, made_at=None))

    assert judge(parts) == before == {1: ["fast"]}


# -- the rules by themselves ----------------------------------------------------------------------------------------------


def replies(*seconds: float) -> list[Any]:
    begun, found = NOON, []
    for each in seconds:
        found.append(SimpleNamespace(asked_at=begun, answered_at=begun + timedelta(seconds=each)))
        begun += timedelta(seconds=each)
    return found


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ((1, 1, 1, 1, 1), True),
        ((1, 1, 1, 1), False),
        ((1, 1, 30, 30, 1), True),
        ((1, 1, 30, 30, 30), False),
        ((2, 2, 2, 2, 2), False),
    ],
)
def test_half_of_at_least_five_replies_in_less_than_two_seconds_is_fast(
    seconds: tuple[float, ...], expected: bool
) -> None:
    assert is_fast(replies(*seconds)) is expected


def test_many_answers_in_one_message_are_one_reply() -> None:
    together = [SimpleNamespace(asked_at=NOON, answered_at=NOON + timedelta(seconds=1)) for _ in range(20)]

    assert not is_fast(together)


@pytest.mark.parametrize(
    ("places", "expected"),
    [([0] * 6, True), ([0] * 5, False), ([0] * 5 + [1], False), ([0] * 6 + [None], False), ([3] * 9, True)],
)
def test_six_times_the_same_place_is_straight(places: list[int | None], expected: bool) -> None:
    assert is_straight(places) is expected


def ended(run_id: int, minute: float, *, phone: int = 1, survey: int = 1, person: int = 0) -> Finished:
    return Finished(
        run_id, phone, survey, person or run_id, datetime(2026, 11, 23, 8, tzinfo=UTC) + timedelta(minutes=minute)
    )


def test_a_burst_is_five_in_any_hour_and_only_those_are_in_it() -> None:
    runs = [ended(place, minute) for place, minute in enumerate((0, 59, 60, 61, 70, 119, 200), 1)]

    assert bursts(runs, {}) == {2, 3, 4, 5, 6}
    assert bursts([ended(place, 15 * place) for place in range(1, 6)], {}) == {1, 2, 3, 4, 5}
    assert bursts([ended(place, 15.1 * place) for place in range(1, 6)], {}) == set()
    assert bursts([ended(place, place, survey=place % 2) for place in range(8)], {}) == set()


def test_a_phone_whose_cell_is_not_known_has_one_of_its_own() -> None:
    runs = [ended(place, place, phone=place) for place in range(5)]

    assert bursts(runs, {}) == set()
    assert bursts(runs, dict.fromkeys(range(5), 0)) == {0, 1, 2, 3, 4}
    assert bursts(runs, dict.fromkeys(range(4), 4)) == set()  # phone 4 is not in cell 4


def test_many_are_four_people_of_one_survey_not_four_runs() -> None:
    assert crowds([ended(place, place, person=place % 4) for place in range(8)]) == set(range(8))
    assert crowds([ended(place, place, person=place % 3 + 1) for place in range(8)]) == set()
    assert crowds([ended(place, place, survey=place) for place in range(8)]) == set()


def test_twins_are_those_of_this_batch_and_the_one_before() -> None:
    rows = [
        SimpleNamespace(run_id=run_id, vector=vector, other=other)
        for run_id, vector, other in ((1, b"a", None), (2, b"a", None), (3, b"b", 9), (4, b"c", None), (5, None, None))
    ]

    assert twins(rows) == {1, 2, 3, 9}


def test_cells_are_of_a_hundred_numbers(parts: main.Parts, network: Network, clock: Clock) -> None:
    for number in ("+263770000100", "+263770000199", "+263770000200"):
        Phone(network, number).dial()

    found = parts.database.read(lambda connection: flags.cells(connection, parts.keys, [1, 3]))

    assert found == {1: found[1], 2: found[1], 3: found[3]}
    assert found[1] != found[3]
