"""What became of each person in the words of the AAPOR's Standard Definitions (9th edition), for mobile phones and text.

`docs/who-is-missing.md` has the table; a test holds the two to each other.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

from app.flows.flow import Flow, Question, place_of
from app.store.outcomes import Ended, Outcome
from app.values import RunState

PARTIAL = 0.5
"""Who got at least so far before she left has answered in part; who left before has broken off."""


class Group(StrEnum):
    """The letters of the formulas."""

    COMPLETE = "I"
    PARTIAL = "P"
    REFUSED = "R"
    NOT_REACHED = "NC"
    OTHER = "O"
    UNKNOWN = "UH"
    NOT_ELIGIBLE = "NE"
    NOT_SAMPLED = "-"
    """She was never to be asked: no rate knows her."""


class Disposition(NamedTuple):
    """A code with its meaning."""

    code: str
    words: str
    group: Group


COMPLETED = Disposition("1.1", "completed", Group.COMPLETE)
PARTLY = Disposition("1.2", "left after half of the questions or later", Group.PARTIAL)
REFUSED = Disposition("2.11", "refused, or asked for silence", Group.REFUSED)
BROKE_OFF = Disposition("2.12", "broke off before half of the questions", Group.REFUSED)
NO_REPLY = Disposition("2.2", "got the message and did not begin", Group.NOT_REACHED)
NOT_DELIVERED = Disposition("3.1", "not known whether the message arrived", Group.UNKNOWN)
NOT_TRIED = Disposition("3.11", "on the list, but not asked before it was over, or not yet", Group.UNKNOWN)
NO_SUCH_PHONE = Disposition("4.3", "there is no such phone", Group.NOT_ELIGIBLE)
SCREENED_OUT = Disposition("4.7", "not one of those the survey is for, such as a child", Group.NOT_ELIGIBLE)
NOT_SAMPLED = Disposition("-", "left out on purpose: answering already, or asked a short while ago", Group.NOT_SAMPLED)
# A form may say more: what its note with izwi:end = screened_out is called.
SCREENED: Mapping[str, Disposition] = {
    "unable": Disposition("2.32", "not able to answer", Group.OTHER),
    "language_unavailable": Disposition("2.33", "speaks a language that the survey has not", Group.OTHER),
    "out_of_country": Disposition("4.1", "not in the country", Group.NOT_ELIGIBLE),
    "quota_full": Disposition("4.8", "enough people like her have answered", Group.NOT_ELIGIBLE),
    "duplicate": Disposition("4.9", "has answered before", Group.NOT_ELIGIBLE),
}
EVERY = (
    COMPLETED, PARTLY, REFUSED, BROKE_OFF, NO_REPLY, *list(SCREENED.values())[:2], NOT_DELIVERED, NOT_TRIED,
    SCREENED["out_of_country"], NO_SUCH_PHONE, SCREENED_OUT, SCREENED["quota_full"], SCREENED["duplicate"], NOT_SAMPLED,
)  # fmt: skip
_BY_DELIVERY: Mapping[str, Disposition] = {
    "delivered": NO_REPLY,
    "no_such_phone": NO_SUCH_PHONE,
    "blocked": REFUSED,
    "never": NOT_TRIED,
    "waiting": NOT_TRIED,
}
_ON_PURPOSE = {"answering", "asked_lately"}

Flows = Callable[[int], Flow]
"""Gives the compiled form of a stored version."""


def of_outcome(outcome: Outcome, flows: Flows) -> Disposition:
    """The disposition of people with an outcome. A run says more than a message, a message more than a plan."""
    if outcome.run is not None:
        return of_run(outcome.run, flows)
    if outcome.stopped or outcome.reason == "stopped":
        return REFUSED
    if outcome.reason in _ON_PURPOSE and not outcome.asked:
        return NOT_SAMPLED
    return _BY_DELIVERY.get(outcome.delivery, NOT_DELIVERED)


def of_run(run: Ended, flows: Flows) -> Disposition:
    """The disposition of somebody who began. One who is still under way counts by how far she has got."""
    match run.state:
        case RunState.COMPLETED:
            return COMPLETED
        case RunState.DECLINED:
            return REFUSED
        case RunState.SCREENED_OUT:
            return SCREENED.get(run.reason, SCREENED_OUT)
    done = progress(flows(run.version_id), run.question)
    if run.state == RunState.STOPPED:
        return BROKE_OFF if done is not None else REFUSED
    return PARTLY if done is not None and done >= PARTIAL else BROKE_OFF


def progress(flow: Flow, at: str) -> float | None:
    """How much of the core of a form lies before a question; None before the first item of it."""
    core = core_of(flow)
    open_ = flow.by_name.get(place_of(at)[0])
    if open_ is None or not core or open_.index <= core[0].index:
        return None
    return sum(each.index < open_.index for each in core) / len(core)


def core_of(flow: Flow) -> list[Question]:
    """What a form is about: the questions after those that find out whether she wants to, and may, take part."""
    gates = [each.index for each in flow.questions if each.end in {RunState.DECLINED, RunState.SCREENED_OUT}]
    asked = [
        each
        for each in flow.questions[: flow.asked]
        if each.kind.asked and not each.silent and not each.sets_language and each.consent != "take_part"
    ]
    return [each for each in asked if each.index > max(gates, default=-1)] or asked
