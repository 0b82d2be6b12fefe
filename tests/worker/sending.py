"""Broadcasts at the test's own time: contacts, a coordinator, and a worker that feeds and sends."""

from pathlib import Path
from typing import Any

from app.flows.review.tariff import read_tariff
from app.gateway.broadcasting import Broadcasting
from app.gateway.drafting import Draft
from app.store import contacts
from app.values import Msisdn
from app.worker.feeding import Feeding
from tests.worker.conftest import Post

TARIFF = "operator,prefix,channel,unit,price,currency\nany,*,sms,part,0.02,USD\n"
PRICE = 20_000


class Office:
    """A coordinator with a tariff, and the worker that does what she starts."""

    def __init__(self, post: Post) -> None:
        parts = post.parts
        self.post = post
        self.broadcasting = Broadcasting(parts.settings, parts.database, parts.library, read_tariff(TARIFF))
        self.feeding = Feeding(parts.settings, parts.database, parts.library, parts.choice)

    def know(self, *numbers: str) -> None:
        """Add contacts."""
        msisdns = [Msisdn(number) for number in numbers]
        post = self.post
        post.parts.database.write(
            lambda connection: contacts.find_or_add(connection, post.parts.keys, msisdns, post.clock())
        )

    def send(self, name: str = "news", **wish: Any) -> None:
        """Draft, plan and start a broadcast."""
        given = {"mode": "message", "texts": {"en": "The meeting is on Friday."}} | wish
        self.broadcasting.draft(Draft(name, **given), self.post.clock())
        self.broadcasting.plan(name, self.post.clock())
        self.broadcasting.start(name, self.post.clock())

    def work(self, **later: float) -> None:
        """Let time pass, then feed, send and sweep until there is nothing to do."""
        self.post.clock.pass_time(**later)
        while self.feeding.feed(self.post.clock()) or self.post.deliver():
            pass
        self.post.expiry.sweep(self.post.clock())

    def status(self, name: str = "news") -> dict[str, Any]:
        """How it stands."""
        return self.broadcasting.status(name, self.post.clock())

    def counted(self) -> dict[str, int]:
        """What tallies must say of messages and trouble, counted one by one."""
        waiting = "CASE WHEN state IN ('queued', 'sending') THEN 'waiting' ELSE state END"
        rows = self.post.rows(
            f"SELECT 'messages:' || {waiting}, count(*) FROM outbox WHERE broadcast_id IS NOT NULL GROUP BY 1 UNION ALL "
            "SELECT 'trouble:' || state || ' ' || reason, count(*) FROM outbox "
            "WHERE broadcast_id IS NOT NULL AND state IN ('failed', 'unknown') GROUP BY 1"
        )
        return dict(rows)

    def tallied(self) -> dict[str, int]:
        """What they do say."""
        rows = self.post.rows("SELECT what, count FROM tally WHERE count <> 0 AND substr(what, 1, 7) <> 'people:'")
        return dict(rows)


def write_tariff(folder: Path) -> str:
    """A file with the tariff."""
    path = folder / "tariff.csv"
    path.write_text(TARIFF)
    return str(path)
