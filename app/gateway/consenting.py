"""What somebody agreed to, in the words that she read: made of an answer to a question that asks for consent."""

import hashlib
from datetime import datetime

from app.flows.asking.state import Answered
from app.flows.flow import Flow, Question
from app.flows.reading.care import YES
from app.store.consents import Consent
from app.store.runs import Run
from app.store.sessions import Session
from app.values import Medium


def given(event: Answered, question: Question, run: Run, session: Session, flow: Flow, at: datetime) -> Consent:
    """The consent that an answer to a question for consent gave or refused."""
    return Consent(
        run_id=run.id,
        question=question.name,
        purpose=question.consent,
        granted=event.value in YES,
        text_hash=hash_of(flow, question, event.locale, session.medium),
        locale=event.locale,
        channel_id=session.channel_id,
        medium=session.medium,
        at=at,
    )


def hash_of(flow: Flow, question: Question, locale: str, medium: str) -> str:
    """SHA-256 of the words that ask: the short ones of a menu where there are any, else the full ones.

    What stands for an earlier answer counts as a blank: the words are the same for everybody who was asked so.
    """
    texts = question.shorts if medium == Medium.USSD and locale in question.shorts else question.labels
    words = "".join(piece if isinstance(piece, str) else "{}" for piece in flow.wording(texts, locale))
    return hashlib.sha256(words.encode()).hexdigest()
