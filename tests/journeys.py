"""Phones that play the shipped survey, what they were acknowledged, and the comparison with what is stored.

A phone reads its screens: it knows a question by its English words and a choice by its number, and notes the value that
it gave. What it was shown is all it counts on.
"""

import random
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPException
from importlib import resources

import sqlalchemy as sa

from app.flows.flow import Flow, Text
from app.flows.reading.compile import compile_form
from app.flows.reading.load import load
from app.store.keys import Keys
from app.store.unit import Database
from app.values import Msisdn

SURVEY = "leave_no_one_behind"
CODE = "*384*77#"
_ENTRY = re.compile(r"(?m)^(\d+) (.+)$")
_WELCOME_BACK, _ALONE = "Welcome back.", "Are you alone"


@cache
def survey() -> Flow:
    """The survey that ships, compiled from its file."""
    file = resources.files("app.flows.surveys") / f"{SURVEY}.md"
    return compile_form(load(file.read_bytes(), f"{SURVEY}.md"))


@cache
def openings() -> Mapping[str, str]:
    """How each question begins on a screen → its name; the longest first, for one may begin another."""
    found = {}
    for question in survey().questions:
        texts = question.shorts if "en" in question.shorts else question.labels
        if question.kind.asked:
            found[_plain(texts["en"])[:60]] = question.name
    return dict(sorted(found.items(), key=lambda each: -len(each[0])))


def question_of(screen: str) -> str:
    """The question on a screen, or nothing where the screen goes on from another or says farewell."""
    return next((name for opening, name in openings().items() if opening in screen), "")


def choice_of(question: str, label: str) -> str | None:
    """The value that a choice stands for."""
    choices = survey().by_name[question].choices
    for choice in choices.choices if choices else ():
        texts = choice.shorts if "en" in choice.shorts else choice.labels
        if label in (_plain(texts["en"]), _plain(choice.labels["en"])):
            return choice.name
    return None


def _plain(text: Text) -> str:
    return "".join(piece for piece in text if isinstance(piece, str))


@dataclass
class Journey:
    """One run as its phone knows it: the acknowledged values, and everything that was ever posted for a question."""

    acknowledged: dict[str, str | None] = field(default_factory=dict)
    posted: dict[str, set[str | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What the comparison found."""

    acknowledged: int
    missing: int
    doubled: int
    """Stored twice, or for a question that this was no reply to."""
    lost_runs: int
    details: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        return not (self.missing or self.doubled or self.lost_runs)


class Phone:
    """Dials, replies, and dials again; what happens on the line is left to chance."""

    def __init__(self, number: str, post: Callable[[dict[str, str]], str], chance: random.Random) -> None:
        self.number, self._post, self._chance = number, post, chance
        self.finish, self.hang_up = threading.Event(), threading.Event()
        self.journeys: list[Journey] = []
        self.faults: list[str] = []
        self.screens = self.broken = self._sessions = 0

    def play(self) -> None:
        """Play surveys until told to finish; the last one is played to its end."""
        while not self.hang_up.is_set():
            if self._session() and self.finish.is_set():
                return

    def _session(self) -> bool:
        """Play one session; True when the survey came to its end in it."""
        self._sessions += 1
        session = f"ATUid_{self.number[-4:]}_{self._sessions}"
        replies: list[str] = []
        screen = self._turn(session, replies, retried=True)
        while screen is not None:
            if screen.startswith("END"):
                return True
            if _WELCOME_BACK in screen or _ALONE in screen:
                replies.append("1")
                screen = self._turn(session, replies, retried=True)
                continue
            question = question_of(screen)
            if not question:
                self.faults.append(f"no question on the screen {screen!r}")
                return True
            self._begin(question, resumed=len(replies) > 0)
            words, value = self._reply(question, screen)
            self.journeys[-1].posted.setdefault(question, set()).add(value)
            replies.append(words)
            screen = self._turn(session, replies, retried=self._chance.random() < 0.6)
            if screen is not None:
                self.journeys[-1].acknowledged[question] = value
                if question_of(screen) == question or "sorry" in screen.lower():
                    self.faults.append(f"{words!r} to {question} was refused: {screen!r}")
        return False

    def _begin(self, question: str, *, resumed: bool) -> None:
        """The first question without a welcome back means a new run, unless nothing was answered in the last one."""
        first = question == survey().questions[0].name and not resumed
        if not self.journeys or (first and self.journeys[-1].acknowledged):
            self.journeys.append(Journey())

    def _reply(self, question: str, screen: str) -> tuple[str, str | None]:
        """What to type, and the value that it stands for."""
        if question == "language":
            return "1", "en"
        if question == "adult":
            return "1", "yes"  # of whoever says no, nothing is kept
        if question in {"consent", "story_consent"}:
            return ("2", "no") if self._chance.random() < 0.05 else ("1", "yes")
        entries = [(number, choice_of(question, label)) for number, label in _ENTRY.findall(screen)]
        entries = [each for each in entries if each[1] is not None]
        if not entries:
            words = f"Word {self._chance.randrange(10**6)}"
            return words, words
        if "0 Skip" in screen and self._chance.random() < 0.1:
            return "0", None
        return self._chance.choice(entries)

    def _turn(self, session: str, replies: Sequence[str], *, retried: bool) -> str | None:
        """Post a turn until its screen comes; None where the phone gives up after the line broke."""
        form = {"sessionId": session, "phoneNumber": self.number, "serviceCode": CODE, "networkCode": "64804"}
        form["text"] = "*".join(replies)
        while not self.hang_up.is_set():
            try:
                screen = self._post(form)
            except (OSError, HTTPException):
                self.broken += 1  # nothing answers, or the line broke before the screen was there
                if not retried:
                    return None
                time.sleep(0.1)
            else:
                self.screens += 1
                return screen
        return None


def stored_journeys(
    database: Database, keys: Keys, numbers: Sequence[str]
) -> dict[str, list[dict[str, list[str | None]]]]:
    """Number → its runs in order → question → the values of all rows of it."""
    statement = sa.text(
        "SELECT r.id, a.question, a.value FROM contact c JOIN run r ON r.contact_id = c.id "
        "LEFT JOIN answer a ON a.run_id = r.id WHERE c.msisdn_hash = :hash ORDER BY r.id, a.id"
    )
    found = {}
    with database.engine.connect() as connection:
        for number in numbers:
            runs: dict[int, dict[str, list[str | None]]] = {}
            for run_id, question, value in connection.execute(statement, {"hash": keys.find(Msisdn(number))}):
                answers = runs.setdefault(run_id, {})
                if question is not None:
                    answers.setdefault(question, []).append(value)
            found[number] = list(runs.values())
    return found


def compare(
    journeys: Mapping[str, Sequence[Journey]], stored: Mapping[str, Sequence[Mapping[str, Sequence[str | None]]]]
) -> Verdict:
    """Count what was acknowledged and is not there, what is there twice or was never said, and runs that are gone."""
    acknowledged = missing = doubled = lost_runs = 0
    details = []
    for number, known in journeys.items():
        runs = stored.get(number, ())
        lost_runs += abs(len(known) - len(runs))
        for place, journey in enumerate(known):
            answers = runs[place] if place < len(runs) else {}
            acknowledged += len(journey.acknowledged)
            for question, value in journey.acknowledged.items():
                if value not in answers.get(question, ()):
                    missing += 1
                    details.append(
                        f"phone {number[-4:]} run {place}: {question} is {answers.get(question)}, not {value}"
                    )
            for question, values in answers.items():
                if len(values) > 1 or not journey.posted.get(question, set()).issuperset(values):
                    doubled += 1
                    details.append(f"phone {number[-4:]} run {place}: {question} is {values}")
    return Verdict(acknowledged, missing, doubled, lost_runs, tuple(details))
