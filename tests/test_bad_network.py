"""Respondents over a bad network: whatever the line, the provider and the power do, no acknowledged answer is lost.

    make test                                                a few dozen stories on each database
    STORIES=2000 python -m pytest tests/test_bad_network.py   as many as one has time for

A story is made up by Hypothesis. When one fails it is shortened to the fewest events that still fail.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app.channels.base import Delivery as Report
from app.channels.base import Inbound, OptOut, SmsIn, UssdEnd, UssdTurn
from app.flows.phrases import PHRASES, words
from app.gateway.conversation import Outcome
from app.gateway.routing import Command
from app.gateway.turns import Failed
from app.gateway.typed import key_of
from app.settings import Settings
from tests.conftest import Clock
from tests.network import CODE, MINED_CODE, SETTINGS, Network, PowerCut
from tests.oracle import Oracle, Talk, must_fit

PHASES = [Phase.generate] if os.environ.get("NOSHRINK") else list(Phase)
PHONES = ("+263770000001", "+263770000002", "+263770000003")
JUNK = ("", " ", "0", "777", "xyz", "*", "2*1", "é😀", "007", "<b>", "-1", "HELP ME", "1 2 3 4 5")
SMS_WORDS = ("STOP", "mira", "START", "HELP", "MARKET", "market", "hello?", "END")
REPLY_KINDS = ("choose",) * 6 + ("several", "skip", "back", "more", "junk", "stop")
BATCHED = (
    "dial",
    "dial a path",
    "reply",
    "reply",
    "reply",
    "reply",
    "again",
    "late",
    "reply elsewhere",
    "sms",
    "sms",
    "sms again",
    "poison",
    "poison row",
)
MOODS = ("sent", "sent, and the report comes first", "retry", "refused", "down", "unknown", "worker dies")


@dataclass
class Phone:
    """One phone and what it has under way."""

    number: str
    dialled: list[Talk] = field(default_factory=list)
    sms: Talk = field(default_factory=lambda: Talk("", "sms"))
    ids: list[tuple[str, str]] = field(default_factory=list)
    last: Talk | None = None
    """Where this phone saw its last new screen: a reply to an older one may no longer be true."""


@dataclass
class Sent:
    """Something a phone did, on its way to the service."""

    phone: Phone
    inbound: Inbound
    talk: Talk | None = None
    words: str | None = None
    new: bool = True
    poison: bool = False


class RespondentsOverABadNetwork(RuleBasedStateMachine):
    """Phones, a provider, a worker and the power, doing what they like."""

    network: Network

    @initialize()
    def begin(self) -> None:
        self.network.clock.now = Clock().now
        self.network.begin()
        self.oracle = Oracle(self.network)
        self.phones = [Phone(number) for number in PHONES]
        self.count = 0

    # -- what phones and the provider do ---

    @rule(
        things=st.lists(
            st.tuples(st.integers(0, 2), st.sampled_from(BATCHED), st.sampled_from(REPLY_KINDS), st.integers(0, 24)),
            min_size=1,
            max_size=5,
        )
    )
    def arrive(self, things: list[tuple[int, str, str, int]]) -> None:
        """Several things arrive while the last commit is under way: they are one batch."""
        sent = [self.make(self.phones[place], what, kind, number) for place, what, kind, number in things]
        self.deliver([each for each in sent if each])

    @rule(place=st.integers(0, 2), steps=st.lists(st.integers(0, 24), min_size=1, max_size=8))
    def go_on_dialling(self, place: int, steps: list[int]) -> None:
        """One phone answers for a while, so that stories reach the end of the survey."""
        phone = self.phones[place]
        for number in steps:
            what = "reply" if phone.dialled and not phone.dialled[-1].over else "dial"
            sent = self.make(phone, what, "choose", number)
            assert sent
            self.deliver([sent])

    @rule(place=st.integers(0, 2), times=st.integers(2, 3), number=st.integers(0, 24))
    def the_same_post_several_times_in_one_batch(self, place: int, times: int, number: int) -> None:
        sent = self.make(self.phones[place], "reply", "choose", number)
        if sent:
            self.deliver([sent] * times)

    @rule(
        place=st.integers(0, 2),
        kind=st.sampled_from(REPLY_KINDS),
        number=st.integers(0, 24),
        when=st.sampled_from(["before commit", "after commit"]),
        retried=st.booleans(),
    )
    def the_power_fails(self, place: int, kind: str, number: int, when: str, retried: bool) -> None:
        """The service dies around a commit. Then the provider posts again, or the phone gives up and dials again."""
        phone = self.phones[place]
        sent = self.make(phone, "reply", kind, number) or self.make(phone, "sms", kind, number)
        assert sent
        self.network.database.cut = when
        with pytest.raises(PowerCut):
            self.network.take([sent.inbound])
        self.network.start()
        if retried or kind == "stop" or isinstance(sent.inbound, SmsIn):
            self.deliver([sent])
        else:
            phone.dialled[-1].over, phone.last = True, None

    @rule(place=st.integers(0, 2))
    def the_line_drops(self, place: int) -> None:
        phone = self.phones[place]
        if phone.dialled:
            phone.dialled[-1].over = True
            self.network.take([UssdEnd(phone.dialled[-1].ref, "Incomplete", "", 1200, 3)])

    @rule(place=st.integers(0, 2))
    def opts_out_at_the_provider(self, place: int) -> None:
        phone = self.phones[place]
        self.network.take([OptOut(phone.number)])
        self.network.stopped.add(phone.number)
        phone.last = None

    # -- what the worker and time do ---

    @rule(mood=st.sampled_from(MOODS))
    def the_worker_sends(self, mood: str) -> None:
        self.network.mood = mood
        try:
            self.network.delivery.deliver(self.network.channel, self.network.clock())
        except PowerCut:
            self.network.start()

    @rule(pick=st.integers(0, 50), deliveries=st.lists(st.sampled_from(list(Report)), min_size=1, max_size=3))
    def delivery_reports_come(self, pick: int, deliveries: list[Report]) -> None:
        ids = [*self.network.ids, "ATXid_of_nobody"]
        self.network.take([self.network.report(ids[pick % len(ids)], each) for each in deliveries])

    @rule(minutes=st.sampled_from([1, 2, 60, 600, 30 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.network.clock.pass_time(minutes=minutes)
        self.network.expiry.sweep(self.network.clock())
        self.network.expiry.expire(self.network.clock())

    # -- what must hold at any time ---

    @invariant()
    def everything_acknowledged_is_stored(self) -> None:
        self.oracle.check()

    def teardown(self) -> None:
        if hasattr(self, "oracle"):
            self.oracle.check_replay()

    # -- how things are made, and what is seen of them ---

    def make(self, phone: Phone, what: str, kind: str, number: int) -> Sent | None:
        """Make what arrives; None where this phone cannot do it now."""
        self.count += 1
        talk = phone.dialled[-1] if phone.dialled else None
        if what.startswith("sms"):
            return self.text_message(phone, kind, number, again=what == "sms again")
        if what.startswith("poison"):
            code = "\ud800" if what == "poison row" else MINED_CODE
            turn = UssdTurn(f"ATUid_{self.count}", phone.number, code, "64804", "")
            return Sent(phone, turn, poison=True)
        if what.startswith("dial"):
            talk = Talk(f"ATUid_{self.count}", "ussd", ["1", "1"] if what == "dial a path" else [])
            phone.dialled.append(talk)
            return Sent(phone, self.turn(phone, talk, talk.text), talk)
        if talk is None or not talk.screens:
            return None
        if what in {"again", "late"}:
            texts = sorted(talk.screens, key=len)
            text = texts[-1] if what == "again" else texts[number % len(texts)]
            return Sent(phone, self.turn(phone, talk, text), talk, new=False)
        if what == "reply elsewhere":
            talk = phone.dialled[number % len(phone.dialled)]  # two sessions at once, as two networks allow
        if talk.over or not talk.screens:
            return None
        said = said_to(talk, kind, number)
        talk.replies.append(said)
        return Sent(phone, self.turn(phone, talk, talk.text), talk, said)

    def text_message(self, phone: Phone, kind: str, number: int, *, again: bool) -> Sent:
        if again and phone.ids:
            provider_id, said = phone.ids[number % len(phone.ids)]
            return Sent(phone, self.message(phone, provider_id, said), new=False)
        said = (
            SMS_WORDS[number % len(SMS_WORDS)]
            if kind in {"stop", "junk", "more"} or not phone.sms.screen
            else said_to(phone.sms, kind, number)
        )
        phone.ids.append((f"in_{self.count}", said))
        return Sent(phone, self.message(phone, f"in_{self.count}", said), phone.sms, said)

    def message(self, phone: Phone, provider_id: str, said: str) -> SmsIn:
        return SmsIn(provider_id, phone.number, "30007", said, "", "64804")

    def turn(self, phone: Phone, talk: Talk, text: str) -> UssdTurn:
        return UssdTurn(talk.ref, phone.number, CODE, "64804", text)

    def deliver(self, sent: list[Sent]) -> None:
        """Hand a batch in and look at what comes back."""
        for each, outcome in zip(sent, self.network.take([each.inbound for each in sent]), strict=True):
            if each.poison:
                assert isinstance(outcome, Failed)
                continue
            assert isinstance(outcome, Outcome), "a turn failed that had nothing to do with the poison"
            if isinstance(each.inbound, UssdTurn):
                self.see_screen(each, each.inbound, outcome)
            elif isinstance(each.inbound, SmsIn) and each.new:
                self.see_message(each, each.inbound)

    def see_screen(self, sent: Sent, turn: UssdTurn, outcome: Outcome) -> None:
        talk, phone = sent.talk, sent.phone
        assert talk and outcome.screen
        screen = outcome.screen.text
        must_fit(screen, "ussd")
        if turn.text in talk.screens:
            assert screen == talk.screens[turn.text], "a retried turn got another screen"
            return
        talk.screens[turn.text] = screen
        if screen in PHRASES["stopped"].values():
            self.network.stopped.add(phone.number)
        self.note(sent, talk, screen, turn.text)
        talk.over = talk.over or outcome.screen.final

    def see_message(self, sent: Sent, message: SmsIn) -> None:
        """The screen of a text message is what the outbox holds for her."""
        phone, talk = sent.phone, phone_line(self.network, sent.phone)
        if message.provider_id in talk.screens:
            return
        folded = message.text.casefold()
        if folded in words(f"words_{Command.STOP}"):
            self.network.stopped.add(phone.number)
        elif folded in words(f"words_{Command.START}") or folded == "market":
            self.network.stopped.discard(phone.number)
            sent = replace(sent, words=None)
        replies = self.network.rows("SELECT body FROM outbox WHERE key = :key", key=f"reply:{message.provider_id}")
        screen = replies[0][0] if replies else ""
        talk.screens[message.provider_id] = screen
        turns = self.network.rows("SELECT count(*) FROM turn WHERE key = :key", key=key_of(message.provider_id))
        assert turns[0][0] == 1
        if screen:
            must_fit(screen, "sms")
            self.note(sent, talk, screen, message.provider_id)

    def note(self, sent: Sent, talk: Talk, screen: str, text: str) -> None:
        self.oracle.must_belong(talk, key_of(text))
        if sent.words is not None:
            self.oracle.replied(talk, sent.words, screen, fresh=sent.phone.last is talk)
        talk.see(screen)
        sent.phone.last = talk


def phone_line(network: Network, phone: Phone) -> Talk:
    """The SMS line of a phone; its name is known once the service has made it."""
    if not phone.sms.ref:
        found = network.rows("SELECT id FROM contact WHERE msisdn_hash = :hash", hash=network.hash_of(phone.number))
        phone.sms.ref = f"sms:{found[0][0]}"
    return phone.sms


def said_to(talk: Talk, kind: str, number: int) -> str:
    """What a person types at the screen that she sees."""
    if kind == "stop":
        return ("STOP", "mira", "Yekela")[number % 3]
    if kind == "junk":
        return JUNK[number % len(JUNK)]
    steering = {"skip": "skip", "back": "back", "more": "next"}
    if kind in steering:
        return talk.key_for(steering[kind]) or JUNK[number % len(JUNK)]
    entries = list(talk.entries())
    if kind == "several" and len(entries) > 1:
        return f"{entries[number % len(entries)]} {entries[-1]}"
    if entries:
        return entries[number % len(entries)]
    free = {"baskets": str(number), "helper": f" Tendai {number}", "since": f"{number % 9 + 1}/2/{2000 + number}"}
    return free.get(talk.question, str(number % 2 + 1))


@pytest.fixture
def network(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[Network]:
    made = Network(Settings(data_dir=tmp_path / "var", database_url=database_url, **SETTINGS), clock)
    yield made
    made.close()


def test_no_acknowledged_answer_is_lost_over_a_bad_network(network: Network) -> None:
    class Story(RespondentsOverABadNetwork):
        pass

    Story.network = network
    run_state_machine_as_test(
        Story,
        settings=hypothesis_settings(
            max_examples=int(os.environ.get("STORIES", "60")),
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            print_blob=False,
        ),
    )
