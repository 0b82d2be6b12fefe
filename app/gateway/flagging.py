"""Doubts about how a run came about: pure judging of what is known of it. A flag removes nothing; analysts decide.

Where the same pattern has an innocent reason as often as not, there is no flag.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any, NamedTuple

from app.flows.flow import Flow, Question, key_of
from app.values import Doubt

# A screen of 160 characters takes a practised reader some five seconds, and the menu's way there and back two more.
# Under two seconds half of the screens were not read; five replies, for two quick ones after "Yes" say nothing.
FAST_SECONDS = 2.0
FAST_REPLIES = 5
# Six times the same place by chance: 1 in 3,000 among five choices.
STRAIGHT_CHOICES = 6
# With fewer answers many people agree by chance.
IDENTICAL_CHOICES = 6
# One person takes a survey once; a family shares a phone, but not five times within an hour.
BURST_RUNS = 5
BURST_SPAN = timedelta(hours=1)
# A household shares a phone; four people who answer on one should be a facilitator's, or be looked at.
MANY_PEOPLE = 4


class Finished(NamedTuple):
    """A completed run on a phone, as far as it can be one of too many."""

    id: int
    contact_id: int
    survey_id: int
    respondent_id: int
    ended_at: datetime


def doubts_of(flow: Flow, answers: Sequence[Any]) -> set[Doubt]:
    """What a run's own answers tell. An answer has what the table `answer` has; only typed ones are given here."""
    found = set()
    if is_fast(answers):
        found.add(Doubt.FAST)
    if is_straight([_place(each) for each, question in _choices(flow, answers) if question.kind.name == "select_one"]):
        found.add(Doubt.STRAIGHT)
    return found


def is_fast(answers: Iterable[Any]) -> bool:
    """Say whether half of the replies came too soon. Answers that came in one message are one reply."""
    begun = defaultdict[datetime, list[datetime]](list)
    for each in answers:
        begun[each.answered_at].append(each.asked_at)
    seconds = [(replied - min(asked)).total_seconds() for replied, asked in begun.items()]
    return len(seconds) >= FAST_REPLIES and median(seconds) < FAST_SECONDS


def is_straight(places: Sequence[int | None]) -> bool:
    """Say whether every choice was the one in the same place on the screen."""
    return len(places) >= STRAIGHT_CHOICES and None not in places and len(set(places)) == 1


def vector_of(flow: Flow, survey_id: int, answers: Iterable[Any]) -> bytes | None:
    """A hash that is the same for the same choices throughout; nothing where there are too few to say anything."""
    lines = []
    for each, question in _choices(flow, answers):
        several = question.kind.name == "select_multiple"  # whose choices may come in the order that she named them
        value = " ".join(sorted(each.value.split())) if several else each.value
        lines.append(f"{key_of(each.question, each.position)}={value}")
    if len(lines) < IDENTICAL_CHOICES:
        return None
    return hashlib.sha256("\n".join([str(survey_id), *sorted(lines)]).encode()).digest()


def twins(rows: Sequence[Any]) -> set[int]:
    """The runs in which the same was chosen as in another of them, or as in the `other` that each row names."""
    often = Counter(row.vector for row in rows if row.vector)
    alike = [row for row in rows if row.vector and (often[row.vector] > 1 or row.other)]
    return {row.run_id for row in alike} | {row.other for row in alike if row.other}


def bursts(runs: Iterable[Finished], cells: Mapping[int, int]) -> set[int]:
    """The runs of one survey that came too close together from one number, or from numbers beside each other.

    `cells` says which phones are beside each other; a phone that is not in it has a cell of its own.
    """
    found = set[int]()
    for together in _by(runs, lambda each: (each.survey_id, cells.get(each.contact_id, f"phone {each.contact_id}"))):
        together.sort(key=lambda each: each.ended_at)
        for begin, last in enumerate(together[BURST_RUNS - 1 :]):
            if last.ended_at - together[begin].ended_at <= BURST_SPAN:
                found |= {each.id for each in together[begin : begin + BURST_RUNS]}
    return found


def crowds(runs: Iterable[Finished]) -> set[int]:
    """The runs of one survey on phones that too many people answered it on."""
    return {
        each.id
        for together in _by(runs, lambda each: (each.survey_id, each.contact_id))
        if len({each.respondent_id for each in together}) >= MANY_PEOPLE
        for each in together
    }


def _by(runs: Iterable[Finished], key: Callable[[Finished], Hashable]) -> Iterable[list[Finished]]:
    groups = defaultdict[Hashable, list[Finished]](list)
    for each in runs:
        groups[key(each)].append(each)
    return groups.values()


def _choices(flow: Flow, answers: Iterable[Any]) -> Iterator[tuple[Any, Question]]:
    """The answers that were chosen from several; language and consent are no opinion."""
    for each in answers:
        question = flow.by_name.get(each.question)
        if question is None or question.choices is None or question.sets_language or question.consent:
            continue
        if each.value and len((each.choice_order or "").split()) > 1:
            yield each, question


def _place(answer: Any) -> int | None:
    """Where on the screen the chosen answer stood; nothing for one that was in the list before it changed."""
    shown = answer.choice_order.split()
    value = answer.value.replace(" ", "_")
    return shown.index(value) if value in shown else None
