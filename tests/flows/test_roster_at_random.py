"""Respondents who answer the roster at random: nothing stops it, every screen fits, and what she said stays said."""

from functools import cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from app.flows import gsm7
from app.flows.asking.document import Document
from app.flows.asking.engine import advance
from app.flows.asking.record import write
from app.flows.asking.state import Answered, Ended, Reply, Restored, SetAside, State, Step
from app.flows.flow import Flow
from app.flows.reading.compile import compile_form
from app.flows.reading.load import load
from app.values import SMS_ROOM, USSD_ROOM, Room
from tests.talk import AT

ROSTER = Path(__file__).parents[1] / "forms" / "roster.md"
REPLIES = st.one_of(
    st.sampled_from(["1", "2", "1", "2", "3", "4", "10", "30", "yes", "no"]),
    st.sampled_from(["back", "back", "88", "b", "99", "0", "s", "?", "", "Rudo", "skip", "more", "a" * 30]),
    st.none(),
)
ROOMS = st.sampled_from([USSD_ROOM, SMS_ROOM])


@cache
def roster() -> Flow:
    return compile_form(load(ROSTER.read_bytes(), ROSTER.name))


def turn(memory: str, words: str | None, room: Room) -> Step:
    return advance(roster(), State.loads(memory), Reply(words, room), AT)


@given(st.lists(REPLIES, max_size=60), ROOMS)
@settings(deadline=None, max_examples=60)
def test_whatever_is_replied_every_screen_fits_and_every_answer_is_kept(replies: list[str | None], room: Room) -> None:
    told: dict[str, str] = {}
    aside: dict[str, str] = {}
    memory = State(1, "en").dumps()
    for words in [None, *replies]:
        step = turn(memory, words, room)
        assert gsm7.fits(step.screen.text, room)
        for event in step.events:
            match event:
                case Answered(question, value):
                    told[question] = value or ""
                    aside.pop(question, None)
                case SetAside(question):
                    aside[question] = told.pop(question)
                case Restored(question):
                    told[question] = aside.pop(question)
        answers = {key: value for key, value in step.state.answers.items() if "+" not in key}
        assert answers == told
        assert {key: value for key, value in step.state.aside.items() if "+" not in key} == aside
        memory = step.state.dumps()


@given(st.lists(REPLIES, max_size=40))
@settings(deadline=None, max_examples=30)
def test_what_counts_is_what_exists_and_applies(replies: list[str | None]) -> None:
    memory = State(1, "en").dumps()
    for words in [None, *replies]:
        step = turn(memory, words, USSD_ROOM)
        memory = step.state.dumps()

    document = Document(roster(), State.loads(memory), AT)
    for key in step.state.answers:
        spot = roster().spot(key)
        assert document.exists(spot)
        assert document.relevant(spot)
    for key in step.state.aside:
        spot = roster().spot(key)
        assert not (document.exists(spot) and document.relevant(spot))


@given(st.lists(REPLIES, min_size=5, max_size=40))
@settings(deadline=None, max_examples=30)
def test_going_back_and_forth_changes_no_answer(replies: list[str | None]) -> None:
    memory = State(1, "en").dumps()
    for words in [None, *replies]:
        memory = turn(memory, words, USSD_ROOM).state.dumps()
    before = State.loads(memory)

    for words in ["back", None, "?", "back", "?", "back", None]:
        step = turn(memory, words, USSD_ROOM)
        assert (step.state.answers, step.state.aside) == (before.answers, before.aside)
        memory = step.state.dumps()


@given(st.lists(REPLIES, max_size=50))
@settings(deadline=None, max_examples=30)
def test_the_same_replies_come_to_the_same_state_and_record(replies: list[str | None]) -> None:
    runs = []
    for _ in range(2):
        memory, seen = State(1, "en").dumps(), []
        for words in [None, *replies]:
            step = turn(memory, words, USSD_ROOM)
            memory = step.state.dumps()
            seen.append((memory, step.screen, step.events))
        runs.append(seen)

    assert runs[0] == runs[1]


@given(st.integers(1, 6), st.integers(0, 3))
@settings(deadline=None, max_examples=15)
def test_a_household_of_any_size_comes_to_its_end(people: int, fields: int) -> None:
    replies = ["1"]
    for number in range(1, people + 1):
        replies += ["Rudo", "1", "30", "2", "1" if number < people else "2"]
    replies += ["1"] * (people > 1) + [str(fields), *["2.5"] * fields]
    memory = State(1, "en").dumps()

    for words in [None, *replies]:
        step = turn(memory, words, USSD_ROOM)
        memory = step.state.dumps()

    assert step.screen.final
    ended = step.events[-1]
    assert isinstance(ended, Ended)
    assert ended.calculated["people"] == str(people)
    record = write(roster(), step.state, AT)
    assert record.count("<member>") == people
    assert record.count("<field>") == fields
