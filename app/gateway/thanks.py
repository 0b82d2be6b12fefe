"""Airtime as thanks: what somebody who has completed a survey is given. It is sent by the worker."""

from datetime import datetime

from app.money import in_millionths
from app.settings import AirtimeSettings, Settings
from app.store.airtime import Gift
from app.store.runs import Run


def due(settings: Settings, survey: str) -> AirtimeSettings | None:
    """What a survey gives as thanks, if anything."""
    return settings.airtime.get(survey)


def gift_of(found: AirtimeSettings, run: Run, *, contact_id: int, channel_id: int, at: datetime) -> Gift:
    """The airtime for the phone on which this run was completed."""
    return Gift(
        survey_id=run.survey_id,
        contact_id=contact_id,
        run_id=run.id,
        channel_id=channel_id,
        amount=in_millionths(found.amount),
        currency=found.currency,
        budget=in_millionths(found.budget),
        at=at,
    )
