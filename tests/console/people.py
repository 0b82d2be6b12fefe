"""Simulated people who have answered the survey that ships, for pages that need somebody to show."""

from datetime import UTC, datetime

from app import main
from app.gateway.demo import making
from app.gateway.demo.plan import Plan
from app.gateway.library import Library

SURVEY = "leave_no_one_behind"


def fill(parts: main.Parts, people: int = 400) -> None:
    """Let them answer; the same ones each time."""
    library = Library(parts.database)
    library.refresh()
    plan = Plan(SURVEY, people, 1, datetime(2026, 11, 20, tzinfo=UTC), 60)
    making.make(parts.settings, parts.database, library, plan, lambda _: None, processes=1)
