"""What is written down of an answer: with the session that it came in, and the moment."""

from datetime import UTC, datetime

from app.flows.asking import state as events
from app.flows.flow import place_of
from app.store.answers import Answer
from app.store.runs import Run
from app.store.sessions import Session


def given(event: events.Answered, run: Run, session: Session, at: datetime) -> Answer:
    """An answer that she gave."""
    question, position = place_of(event.question)
    return Answer(
        run_id=run.id,
        question=question,
        position=position,
        value=event.value,
        raw=event.raw,
        locale=event.locale,
        channel_id=session.channel_id,
        medium=session.medium,
        attempts=event.attempts,
        choice_order=event.order,
        asked_at=datetime.fromtimestamp(event.asked_ms / 1000, UTC),
        answered_at=at,
    )


def worked_out(name: str, value: str, run: Run, session: Session, at: datetime) -> Answer:
    """A value that the form worked out."""
    question, position = place_of(name)
    return Answer(
        run_id=run.id, question=question, position=position, value=value or None, raw=None, locale=run.locale,
        channel_id=session.channel_id, medium=session.medium, attempts=0, choice_order=None, asked_at=at, answered_at=at,
    )  # fmt: skip
