"""What becomes of a run beside its answers: somebody leaves in the middle, must not be asked, or may need help."""

from collections.abc import Callable
from datetime import timedelta

from uuid_utils import uuid7

from app.flows import gsm7
from app.flows.asking.state import Left, State
from app.flows.phrases import say
from app.gateway.batch import Batch
from app.gateway.hours import Hours
from app.gateway.routing import Command
from app.gateway.typed import hidden
from app.settings import Settings
from app.store.cases import Raised
from app.store.outbox import Message
from app.store.runs import Run
from app.store.sessions import Session
from app.values import Medium, RunState

_OPENS, _CLOSES, _EVERY_DAY = 8 * 60, 19 * 60, "1234567"  # as broadcasts have them where nobody says otherwise


def left(batch: Batch, session: Session, run: Run, event: Left, *, code: str, settings: Settings) -> None:
    """She leaves: at once, and what she typed goes too; or for later, and is reminded once."""
    if event.later and event.remind:
        _remind(batch, session, run, code, settings)
    elif not event.later and session.medium == Medium.USSD:
        # Messages stay as they are: nothing sensitive is ever said in one.
        batch.hidden_sessions.add(session.id)
        session.text = hidden(session.text)


def screened_out(batch: Batch, session: Session, run: Run) -> None:
    """Nothing is kept of somebody who must not be asked, such as a child, but why."""
    batch.forgotten_runs.add(run.id)
    for key in [each for each in batch.answers if each[0] == run.id]:
        del batch.answers[key]
    batch.consents = [each for each in batch.consents if each.run_id != run.id]
    session.text = hidden(session.text)


def left_by_one(
    batch: Batch, session: Session, run: Run, word: Command, end: Callable[[Batch, Run, RunState, str], None]
) -> None:
    """One of many whom a facilitator takes through leaves: it is for her alone, and the phone is not hers."""
    if run.state == RunState.ACTIVE or word is not Command.STOP:
        end(batch, run, RunState.STOPPED, f"{word}_word")
    if word is not Command.STOP:
        screened_out(batch, session, run)
        state = State.loads(run.memory)
        run.memory = State(seed=state.seed, locale=state.locale, uid=state.uid, ended=run.state).dumps()


def distressed(batch: Batch, run: Run, question: str, settings: Settings) -> None:
    """Let a duty officer see to her."""
    due = batch.at + timedelta(hours=settings.case_hours)
    batch.cases.append(Raised(run.id, question, batch.at, due))


def _remind(batch: Batch, session: Session, run: Run, code: str, settings: Settings) -> None:
    """In the hours of broadcasts; it says no more than any reminder does, and its key does not say whose answers she gave."""
    contact_id = run.contact_id or session.contact_id
    hours = Hours(settings.zone, _OPENS, _CLOSES, _EVERY_DAY)
    due = hours.next_opening(batch.at + timedelta(hours=settings.later_hours))
    if not code or contact_id is None or due is None:
        return
    text = say("reminder_dial", run.locale).format(code=code)
    batch.outbox.append(
        Message(
            channel_id=session.channel_id,
            key=f"later:{uuid7()}",
            contact_id=contact_id,
            kind="reminder",
            body=text,
            segments=gsm7.segments(text)[2],
            at=batch.at,
            due=due,
            expires_at=hours.closing(due),
        )
    )
