"""A survey that many have answered: rows as the gateway writes them, put in at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app import main
from app.flows.flow import Flow
from app.models.broadcasts import broadcast, recipient
from app.models.messages import outbox
from app.models.people import contact, respondent
from app.models.runs import answer, run, session
from app.reports.missing.desk import Desk
from app.store import sessions, surveys
from app.values import VersionStatus
from tests.reports.figures.people import SECRET

BEGAN = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
SURVEY = "leave_no_one_behind"
_BROADCAST = {
    "mode": "conversation", "audience": "", "texts": "{}", "channel": "", "state": "running", "reason": "",
    "zone": "Africa/Harare", "opens": 480, "closes": 1140, "weekdays": "1234567", "holidays": "[]", "expiry_hours": 24.0,
    "currency": "USD", "spent": 0, "remind_days": 3, "remind_most": 0, "remind_texts": "{}", "rest_days": 0, "next_ms": 0,
    "seed": 1, "prepared_to": 0, "created_at": BEGAN, "started_at": BEGAN, "revision": 0,
}  # fmt: skip


@dataclass
class World:
    """What is put in; `write` writes it."""

    parts: main.Parts
    survey: str = SURVEY
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        def look(connection: sa.Connection) -> tuple[int, int, int]:
            found = surveys.of_survey(connection, self.survey)
            (version,) = [each for each in found if each.status is VersionStatus.PUBLISHED]
            line = sessions.ensure_channel(connection, name="simulated", provider="simulated", at=BEGAN)
            return version.survey_id, version.id, line

        self.survey_id, self.version_id, self.channel_id = self.parts.database.write(look)
        self._ids = count(1000)

    def put(self, table: sa.Table, **values: Any) -> int:
        key = next(self._ids)
        known = {"id": key} if "id" in table.c else {}
        if "uid" in table.c:
            known["uid"] = UUID(int=key)
        self.rows.setdefault(table.name, []).append(known | values)
        return key

    def phone(self, operator: str = "Econet", stopped_at: datetime | None = None) -> int:
        key = next(self._ids)
        return self.put(
            contact, msisdn_hash=key.to_bytes(8), msisdn_sealed=b"", key_id=1, created_at=BEGAN, operator=operator,
            locale=None, stopped_at=stopped_at, asked_at=None,
        )  # fmt: skip

    def run(
        self, state: str = "completed", *, at: datetime = BEGAN, question: str = "", reason: str = "", phone: int | None = -1,
        answers: Mapping[str, str | None] | None = None, who: int | None = None, locale: str = "en", mode: str = "self",
        end: tuple[str, int | None] | None = ("Success", 60_000), medium: str = "ussd",
    ) -> int:  # fmt: skip
        """A run, and its session unless `end` is None; returns the respondent."""
        contact_id = self.phone() if phone == -1 else phone
        if who is None:
            who = self.put(
                respondent, pseudonym=f"r{next(self._ids)}", contact_id=contact_id, survey_id=self.survey_id, position=1,
                created_at=at, pin_hash=None,
            )  # fmt: skip
        key = self.put(
            run, contact_id=contact_id, respondent_id=who, survey_id=self.survey_id, survey_version_id=self.version_id,
            state=state, reason=reason, question=question, locale=locale, memory="{}", revision=1, started_at=at,
            touched_at=at, ended_at=None if state == "active" else at, mode=mode,
        )  # fmt: skip
        for name, value in (answers or {}).items():
            self.put(
                answer, run_id=key, question=name, position="", value=value, raw="1", locale=locale,
                channel_id=self.channel_id, medium=medium, attempts=1, choice_order=None, asked_at=at, answered_at=at,
                set_aside_at=None,
            )  # fmt: skip
        if end is not None:
            status, duration = end
            self.put(
                session, channel_id=self.channel_id, medium=medium, ref=f"s{key}", contact_id=contact_id, run_id=key, shown=1,
                asking="", text="", address="", network_code="", turns=3, started_at=at, touched_at=at,
                ended_at=at + timedelta(minutes=2) if status else None, end_status=status, cost="", duration_ms=duration,
            )  # fmt: skip
        return who

    def broadcast(self, name: str) -> int:
        return self.put(broadcast, name=name, survey_id=self.survey_id, **_BROADCAST)

    def recipient(
        self, of: int, phone: int, state: str = "written", reason: str = "", rounds: int = 1, message: str = "delivered",
        why: str = "",
    ) -> int:  # fmt: skip
        """A phone on the list of a broadcast, and the message to it unless that is empty; returns the phone."""
        self.put(
            recipient, broadcast_id=of, contact_id=phone, state=state, reason=reason, rounds=rounds, lapsed=0, due_at=None,
            asked_at=BEGAN,
        )  # fmt: skip
        if message:
            self.put(
                outbox, channel_id=self.channel_id, key=f"b{of}:{phone}", contact_id=phone, kind="invitation", broadcast_id=of,
                priority=1, body="", segments=1, state=message, due_at=BEGAN, expires_at=BEGAN, attempts=1, status="",
                reason=why, cost="", created_at=BEGAN,
            )  # fmt: skip
        return phone

    def write(self) -> None:
        def work(connection: sa.Connection) -> None:
            for table in (contact, respondent, run, answer, session, broadcast, recipient, outbox):
                if rows := self.rows.pop(table.name, None):
                    connection.execute(sa.insert(table), rows)

        self.parts.database.write(work)

    def flow(self, version_id: int) -> Flow:
        return self.parts.library.edition(version_id).flow

    def ask(self, what: str, *arguments: Any, **options: Any) -> dict[str, Any]:
        """A document of the desk."""
        self.write()

        def work(connection: sa.Connection) -> dict[str, Any]:
            desk = Desk.of(connection, self.parts.settings, self.survey, self.flow, SECRET)
            found: dict[str, Any] = getattr(desk, what)(connection, *arguments, **options)
            return found

        return self.parts.database.read(work)
