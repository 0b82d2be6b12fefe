"""The hours in which a broadcast may send: never at night, never on a day that is not its own."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.store.broadcasts import Broadcast

_DAYS_AHEAD = 400


@dataclass(frozen=True, slots=True)
class Hours:
    """Minutes of the day from `opens` to `closes` in a zone, on these weekdays (1 is Monday), but for holidays."""

    zone: str
    opens: int
    closes: int
    weekdays: str
    holidays: Collection[date] = ()

    def allow(self, at: datetime, *, margin: timedelta = timedelta(0)) -> bool:
        """Whether a message may go out now, and still may after `margin`, which is how long a send may take."""
        zone = ZoneInfo(self.zone)
        local, last = at.astimezone(zone), (at + margin).astimezone(zone)
        if not (self._is_a_day(local.date()) and self.opens <= _minute(local) < self.closes):
            return False
        if last.date() == local.date():
            return _minute(last) < self.closes
        # Over midnight only where this day has no end and the next no beginning.
        round_the_clock = self.opens == 0 and self.closes == 24 * 60
        return round_the_clock and last - local < timedelta(days=1) and self._is_a_day(last.date())

    def next_opening(self, at: datetime) -> datetime | None:
        """The next moment at which it may send, `at` itself if it may now; None if it never may."""
        if self.allow(at):
            return at
        zone = ZoneInfo(self.zone)
        local = at.astimezone(zone)
        for ahead in range(_DAYS_AHEAD):
            day = local.date() + timedelta(days=ahead)
            opening = datetime.combine(day, time(self.opens // 60, self.opens % 60), zone)
            if self._is_a_day(day) and opening >= local:
                return opening.astimezone(at.tzinfo)
        return None

    def closing(self, at: datetime) -> datetime:
        """When the day of a moment closes."""
        midnight = datetime.combine(at.astimezone(ZoneInfo(self.zone)).date(), time(0), ZoneInfo(self.zone))
        return (midnight + timedelta(minutes=self.closes)).astimezone(at.tzinfo)

    def end_of(self, seconds: float, at: datetime) -> datetime | None:
        """When so many seconds of sending are over that begin now or at the next opening; None if there are too few hours."""
        moment = self.next_opening(at)
        for _ in range(_DAYS_AHEAD):
            if moment is None:
                return None
            closing = self.closing(moment)
            if (room := (closing - moment).total_seconds()) >= seconds:
                return moment + timedelta(seconds=seconds)
            seconds -= room
            moment = self.next_opening(closing)
        return None

    def _is_a_day(self, day: date) -> bool:
        return str(day.isoweekday()) in self.weekdays and day not in self.holidays


def hours_of(which: Broadcast) -> Hours:
    """The hours of a broadcast."""
    holidays = [date.fromisoformat(each) for each in which.holidays]
    return Hours(which.zone, which.opens, which.closes, which.weekdays, holidays)


def _minute(local: datetime) -> int:
    return local.hour * 60 + local.minute


def minutes_of(text: str) -> int:
    """Read a time of day such as 08:00 (24:00 is the end of the day). Raises ValueError."""
    hour, _, minute = text.partition(":")
    if not (hour.isdigit() and minute.isdigit() and int(minute) < 60 and int(hour) * 60 + int(minute) <= 24 * 60):
        raise ValueError(f"{text!r} is no time of day; write it like 08:00")
    return int(hour) * 60 + int(minute)


def written(minutes: int) -> str:
    """Write a minute of the day: 08:00."""
    return f"{minutes // 60:02}:{minutes % 60:02}"
