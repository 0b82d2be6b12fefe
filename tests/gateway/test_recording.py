"""Finished records: noted with the last answer, made when there is time, the same whoever makes them."""

import logging

import pytest
import sqlalchemy as sa

from app import main
from app.cli.handset import Network
from app.gateway.library import Library
from app.gateway.recording import Recording
from app.models.runs import record, run
from tests.phone import Phone
from tests.reports.test_answers import PATH
from tests.talk import AT


def finish(network: Network, *numbers: int) -> None:
    for number in numbers:
        phone = Phone(network, f"+26377000000{number}")
        phone.dial()
        phone.replies(*PATH, "We walk far.")


def recording(parts: main.Parts) -> Recording:
    return Recording(parts.settings, parts.database, Library(parts.database), parts.keys)


def texts(parts: main.Parts) -> list[str | None]:
    query = sa.select(record.c.xml).order_by(record.c.run_id)
    return list(parts.database.read(lambda connection: connection.execute(query).scalars().all()))


def test_a_record_waits_until_there_is_time_and_is_then_the_same_for_ever(parts: main.Parts, network: Network) -> None:
    finish(network, 1)
    assert texts(parts) == [None]

    assert recording(parts).make(AT) == 1
    (made,) = texts(parts)
    assert made is not None
    assert "<story>We walk far.</story>" in made

    assert recording(parts).make(AT) == 0
    assert texts(parts) == [made]


def test_all_that_are_missing_are_made_a_few_at_a_time(parts: main.Parts, network: Network) -> None:
    finish(network, 1, 2, 3)
    maker = recording(parts)

    assert [maker.make(AT, 2), maker.make(AT, 2), maker.make(AT, 2)] == [2, 1, 0]
    assert None not in texts(parts)


def test_one_that_cannot_be_made_is_said_once_and_keeps_nobody_waiting(
    parts: main.Parts, network: Network, caplog: pytest.LogCaptureFixture
) -> None:
    finish(network, 1, 2)
    first = sa.select(sa.func.min(run.c.id)).scalar_subquery()
    broken = sa.update(run).where(run.c.id == first).values(memory='{"seed": "not a number"')
    parts.database.write(lambda connection: connection.execute(broken))
    maker = recording(parts)

    with caplog.at_level(logging.ERROR):
        assert maker.make_all(AT) == 1
        assert maker.make_all(AT) == 1

    unmade, made = texts(parts)
    assert unmade is None
    assert made is not None
    assert len(caplog.records) == 1
    assert "We walk far" not in caplog.text
