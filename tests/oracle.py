"""What the phones of `test_bad_network` remember, and what must be in the database because of what they were shown.

It reads screens as a person does: a question is known by the name in brackets that its label begins with, a choice by
its number. A reply counts as acknowledged when the next screen shows another question or the survey's farewell.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from app.flows import gsm7
from app.flows.asking.engine import advance
from app.flows.asking.state import Reply, State
from app.flows.flow import Flow
from app.flows.phrases import PHRASES
from app.values import Medium, Room, Screen
from tests.network import Network

ANY: Literal["any value"] = "any value"
FAREWELLS = ("Farewell.", "Chisarai.", "Done.", "Zvapera.")
ROOMS = {"ussd": Room(Medium.USSD, 160, 80), "sms": Room(Medium.SMS, 459, 201)}
_OPEN = re.compile(r"\[(\w+)\]")
_ENTRY = re.compile(r"(?m)^(\d+) (.+)$")
_STEERING = {key: set(PHRASES[key].values()) for key in ("next", "back", "skip")}
_WELCOME_BACK = tuple(PHRASES["welcome_back"].values())


@dataclass
class Talk:
    """A dialled session or an SMS line as one phone sees it."""

    ref: str
    medium: str
    replies: list[str] = field(default_factory=list)
    screens: dict[str, str] = field(default_factory=dict)
    """The text (of a session) or the id (of a message) → the screen that it earned."""
    screen: str = ""
    question: str = ""
    over: bool = False

    @property
    def text(self) -> str:
        return "*".join(self.replies)

    def entries(self) -> dict[str, str]:
        """Number → label of the choices on the screen."""
        pairs = _ENTRY.findall(self.screen)
        return {number: label for number, label in pairs if label not in set().union(*_STEERING.values())}

    def key_for(self, steering: str) -> str | None:
        """What the screen says one has to type for More, Back or Skip."""
        for line in self.screen.splitlines():
            key, _, word = line.partition(" ")
            if word in _STEERING[steering]:
                return key
        return None

    def see(self, screen: str) -> None:
        """Read a screen."""
        self.screen = screen
        if found := _OPEN.findall(screen):
            self.question = found[-1]
        elif screen.startswith((*_WELCOME_BACK, *FAREWELLS)):
            self.question = ""


def must_fit(screen: str, medium: str) -> None:
    assert gsm7.fits(screen, ROOMS[medium]), f"does not fit on one page: {screen!r}"


class Oracle:
    """Which answers were acknowledged, by run and question."""

    def __init__(self, network: Network) -> None:
        self.network, self.flow = network, network.flow
        self.names = {
            (question.name, "".join(map(str, text))): choice.name
            for question in self.flow.questions
            if question.choices
            for choice in question.choices.choices
            for text in choice.labels.values()
        }
        self.acknowledged: dict[tuple[int, str], str | None] = {}
        self.states: dict[int, str] = {}

    def meant(self, talk: Talk, words: str) -> str | None:
        """The value that a reply to this screen stands for; ANY where the screen alone does not tell."""
        question, entries = talk.question, talk.entries()
        if words == talk.key_for("skip"):
            return None
        if question == "helper":
            return words.strip()
        if question == "baskets" and words.isdigit():
            return str(int(words))
        if question == "since" and (date := re.fullmatch(r"(\d)/(\d)/(\d{4})", words)):
            return f"{date[3]}-0{date[2]}-0{date[1]}"
        if question == "days":
            days = [self.names["days", entries[each]] for each in words.split() if each in entries]
            return " ".join(sorted(set(days), key=["mon", "wed", "sat"].index)) if days else ANY
        return self.names.get((question, entries[words]), ANY) if words in entries else ANY

    def replied(self, talk: Talk, words: str, screen: str, *, fresh: bool) -> None:
        """Note a reply and the screen that came back."""
        shown = _OPEN.findall(screen)
        moved = screen.startswith(FAREWELLS) or (shown and shown[-1] != talk.question)
        steered = words and words in {talk.key_for("back"), talk.key_for("next")}
        if fresh and talk.question and moved and not steered:
            run_id = self.network.rows("SELECT run_id FROM session WHERE ref = :ref", ref=talk.ref)[0][0]
            self.acknowledged[run_id, talk.question] = self.meant(talk, words)

    def must_belong(self, talk: Talk, key: int) -> None:
        """A reply is an answer to no question but the one that its own screen showed."""
        statement = "SELECT t.outcome, t.question FROM turn t JOIN session s ON s.id = t.session_id"
        (turn,) = self.network.rows(f"{statement} WHERE s.ref = :ref AND t.key = :key", ref=talk.ref, key=key)
        if turn.outcome == "answered" and talk.question:
            assert turn.question == talk.question, f"taken as an answer to {turn.question}, typed at {talk.question}"

    # -- what must hold at any time ---

    def check(self) -> None:
        """Compare the database with all that was acknowledged, said and sent."""
        rows = self.network.rows("SELECT run_id, question, value FROM answer")
        stored = {(row[0], row[1]): row[2] for row in rows}
        assert len(stored) == len(rows), "a question of a run is stored twice"
        for key, value in self.acknowledged.items():
            assert key in stored, f"the answer to {key} was acknowledged and is not stored"
            assert value in (ANY, stored[key]), f"{key}: meant {value!r}, stored {stored[key]!r}"
        active = self.network.rows("SELECT contact_id, survey_id FROM run WHERE state = 'active'")
        assert len(set(active)) == len(active), "a phone is asked the same survey twice at a time"
        stopped = self.network.rows("SELECT count(*) FROM contact WHERE stopped_at IS NOT NULL")[0][0]
        assert stopped == len(self.network.stopped), f"{stopped} phones are stopped, not {self.network.stopped}"
        self.check_sending()

    def check_sending(self) -> None:
        assert not self.network.wrongly_sent, self.network.wrongly_sent
        rows = self.network.rows(
            "SELECT o.id, o.state, o.body, c.msisdn_hash FROM outbox o JOIN contact c ON c.id = o.contact_id"
        )
        wanted: dict[tuple[bytes, str], int] = defaultdict(int)
        for number, state, body, phone in rows:
            before = self.states.get(number, state)
            assert before == state or before not in {"delivered", "failed", "cancelled", "expired"}, (before, state)
            assert before not in {"sent", "unknown"} or state not in {"queued", "sending"}, "sent and tried again"
            self.states[number] = state
            wanted[bytes(phone), body] += 1
        for (phone, body), count in self.network.accepted.items():
            assert count <= wanted[self.network.hash_of(phone), body], f"sent too often: {body!r}"

    def check_replay(self) -> None:
        """Play the turns of every run through a fresh engine: the same screens, and the answers that are stored."""
        turns = defaultdict(list)
        statement = (
            "SELECT t.run_id, t.typed, t.outcome, t.screen, t.final, t.at, s.medium, "
            "t.id = (SELECT min(id) FROM turn WHERE session_id = s.id) "
            "FROM turn t JOIN session s ON s.id = t.session_id WHERE t.run_id IS NOT NULL ORDER BY t.id"
        )
        for row in self.network.rows(statement):
            turns[row[0]].append(row)
        answers = self.network.rows(
            "SELECT run_id, question, value FROM answer WHERE set_aside_at IS NULL AND raw IS NOT NULL"
        )
        for run_id, memory in self.network.rows("SELECT id, memory FROM run"):
            stored = {question: value for run, question, value in answers if run == run_id}
            last = State.loads(memory)
            ends = [replayed(self.flow, turns[run_id], last.seed, locale) for locale in self.flow.locales]
            assert any(isinstance(end, State) and end.answers == last.answers for end in ends), ends
            remembered = {name: value or None for name, value in last.answers.items()}
            assert remembered == stored, f"run {run_id} remembers {remembered}, stored is {stored}"


def replayed(flow: Flow, turns: list[Any], seed: int, locale: str) -> State | str:
    """Play stored turns; what differs if a screen is not the one that was shown."""
    state = State(seed=seed, locale=locale)
    for _, typed, outcome, screen, final, at, medium, first in turns:
        if outcome in {"helped", "stopped", "failed"} or screen.startswith(_WELCOME_BACK):
            continue
        if outcome == "ended" and screen in PHRASES["thank_you"].values():
            continue  # The run had ended elsewhere: the engine never saw this turn.
        if outcome == "shown" and not screen:
            continue
        moment = at if isinstance(at, datetime) else datetime.fromisoformat(at)
        if typed and first and medium == Medium.USSD:
            path: list[str | None] = [None, *typed.split("*")]  # dialled at once
        else:
            path = [typed if outcome in {"answered", "refused", "steered", "ended"} else None]
        for words in path:
            step = advance(flow, state, Reply(words, ROOMS[medium]), moment.astimezone(ZoneInfo("Africa/Harare")))
            state = State.loads(step.state.dumps())
        if step.screen != Screen(screen, bool(final)):
            return f"{typed!r} earned {screen!r}, and now {step.screen!r}"
    return state
