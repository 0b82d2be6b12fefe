"""A service with a survey that has repeats, tokens of each role, and whoever reads it as if it were ODK Central."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from app.store import audit, tokens
from app.values import Role
from tests.odata import Feed
from tests.reports.test_records import publish
from tests.submissions import store_submissions
from tests.web.conftest import Served

FIRST = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
FORM = "milk/1"


def milk(number: int, uid: UUID) -> str:
    """A record with up to three cows."""
    cows = "".join(f"<cow><litres>{each}.5</litres><sick/></cow>" for each in range(number % 4))
    return (
        f'<data id="{FORM}" version="1"><farm>Farm {number}</farm><where>-17.83 31.05 0 0</where>'
        f"<herd><cows>{number % 4}</cows>{cows}</herd><all>{number}.5</all>"
        f"<meta><instanceID>uuid:{uid}</instanceID><instanceName>Farm {number}</instanceName></meta></data>"
    )


class Office:
    """The service, and programs that come to it."""

    def __init__(self, served: Served, folder: Path) -> None:
        self.served, self.url, self.count = served, f"http://127.0.0.1:{served.port}", 0
        publish(served.parts, folder, "1")
        self.tokens = {role: self._token(role) for role in Role}
        self.feeds: list[Feed] = []

    def _token(self, role: Role) -> str:
        added = self.served.parts.database.write(lambda connection: tokens.add(connection, str(role), FIRST, role=role))
        return added or ""

    def store(self, count: int, at: Callable[[int], datetime] | None = None) -> list[UUID]:
        """Store so many more submissions, the newest last."""
        first = self.count
        self.count += count
        ends = [(at or _usual)(number) for number in range(first, first + count)]
        return store_submissions(self.served.parts.database, FORM, ends, lambda number, uid: milk(first + number, uid))

    def feed(self, role: Role = Role.ANALYST, form: str = FORM) -> Feed:
        """The feed of a form, with Basic authentication as Excel sends it."""
        url = f"{self.url}/v1/projects/1/forms/{quote(form, safe='')}.svc"
        self.feeds.append(Feed(url, str(role), self.tokens[role]))
        return self.feeds[-1]

    def ask(
        self, path: str, role: Role | None = Role.ANALYST, method: str = "GET", headers: Any = None, **more: Any
    ) -> httpx.Response:
        """One request under /v1."""
        given = {} if role is None else {"authorization": f"Bearer {self.tokens[role]}"}
        with httpx.Client(trust_env=False, timeout=60) as client:
            return client.request(method, f"{self.url}/v1{path}", headers=given | (headers or {}), **more)

    def fails(self, path: str, role: Role | None = Role.ANALYST, method: str = "GET", **more: Any) -> tuple[float, str]:
        """The code of what is refused, in the shape that ODK Central gives it, and its words."""
        answer = self.ask(path, role, method, **more)
        told = json.loads(answer.content)
        assert told.keys() == {"message", "code"}
        assert int(told["code"]) == answer.status_code >= 400
        return told["code"], told["message"]

    def trail(self) -> list[tuple[str, str, str]]:
        """What was noted of whom."""
        found = self.served.parts.database.read(audit.every)
        return [(each.actor, each.action, each.subject) for each in found]

    def close(self) -> None:
        for each in self.feeds:
            each.close()


def _usual(number: int) -> datetime:
    return FIRST + timedelta(minutes=number)
