"""The hours of a broadcast at their borders: with the time that a send may take, at midnight, and when clocks are changed."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.gateway.hours import Hours

MINUTE = timedelta(minutes=1)
EVERY_DAY, MONDAY_TO_FRIDAY = "1234567", "12345"


def at(text: str) -> datetime:
    """A moment in Harare, which is two hours ahead."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) - timedelta(hours=2)


@pytest.mark.parametrize(
    ("opens", "closes", "weekdays", "moment", "margin", "allowed"),
    [
        (8 * 60, 19 * 60, EVERY_DAY, "2026-11-23 18:58:59", MINUTE, True),
        (8 * 60, 19 * 60, EVERY_DAY, "2026-11-23 18:59:00", MINUTE, False),
        (8 * 60, 19 * 60, EVERY_DAY, "2026-11-23 07:59:59", MINUTE, False),
        (8 * 60, 24 * 60, EVERY_DAY, "2026-11-23 23:58:59", MINUTE, True),
        (8 * 60, 24 * 60, EVERY_DAY, "2026-11-23 23:59:30", MINUTE, False),
        (0, 24 * 60, EVERY_DAY, "2026-11-23 23:59:30", MINUTE, True),
        (0, 24 * 60, MONDAY_TO_FRIDAY, "2026-11-27 23:59:30", MINUTE, False),
        (0, 23 * 60, EVERY_DAY, "2026-11-23 22:30:00", timedelta(hours=2), False),
        (8 * 60, 19 * 60, EVERY_DAY, "2026-11-23 18:00:00", timedelta(hours=15), False),
    ],
)
def test_a_send_that_may_end_outside_of_the_hours_is_not_begun(
    opens: int, closes: int, weekdays: str, moment: str, margin: timedelta, allowed: bool
) -> None:
    assert Hours("Africa/Harare", opens, closes, weekdays).allow(at(moment), margin=margin) is allowed


def test_the_eve_of_a_holiday_ends_before_midnight() -> None:
    hours = Hours("Africa/Harare", 0, 24 * 60, EVERY_DAY, [date(2026, 12, 25)])

    assert hours.allow(at("2026-12-24 23:59:30"))
    assert not hours.allow(at("2026-12-24 23:59:30"), margin=MINUTE)


def test_a_send_is_as_long_as_it_is_when_clocks_are_put_on() -> None:
    hours = Hours("Europe/London", 0, 3 * 60, EVERY_DAY)

    # From 00:30 an hour and a half later it is 03:00 there: there is no hour from one to two that night.
    assert not hours.allow(datetime(2027, 3, 28, 0, 30, tzinfo=UTC), margin=timedelta(minutes=90))
    assert hours.allow(datetime(2027, 3, 28, 0, 30, tzinfo=UTC), margin=timedelta(minutes=89))
