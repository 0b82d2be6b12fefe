"""Pages of a small screen: none over its room, no word lost, no entry split, no number an operator uses."""

import re

from hypothesis import given
from hypothesis import strategies as st

from app.flows import gsm7
from app.flows.questions.base import NUMBERS
from app.flows.screens import Layout, pages
from app.values import Medium, Room

PLAIN = st.sampled_from("abcdefghijklmnopqrstuvwxyzABC0123456789,.?!'@£ÆØ")
WIDE = st.sampled_from("ab €{}~ŵêḓ中文ش😀")
WORD = st.text(st.one_of(PLAIN, WIDE), min_size=1, max_size=14)
LONG_WORD = st.text(PLAIN, min_size=60, max_size=400)
PARAGRAPH = st.lists(st.one_of(WORD, WORD, WORD, LONG_WORD), min_size=1, max_size=70).map(" ".join)
LABEL = st.lists(WORD, min_size=1, max_size=2).map(lambda words: " ".join(words)[:20])
ROOM = st.one_of(
    st.builds(Room, st.just(Medium.USSD), st.integers(100, 182), st.integers(60, 91)),
    st.just(Room(Medium.SMS, 459, 201)),
)


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    labels = draw(st.lists(LABEL, max_size=40))
    numbers = NUMBERS
    return Layout(
        paragraphs=tuple(draw(st.lists(PARAGRAPH, min_size=1, max_size=3))),
        entries=tuple(f"{number} {label}" for number, label in zip(numbers, labels, strict=False)),
        foot=tuple(draw(st.lists(st.just("0 Skip"), max_size=1))),
        back_on_first=draw(st.booleans()),
    )


def without_steering(page: str) -> list[str]:
    return [line for line in page.split("\n") if line not in {"99 More", "88 Back"}]


@given(layouts(), ROOM)
def test_no_page_takes_more_room_than_there_is(layout: Layout, room: Room) -> None:
    assert all(gsm7.fits(page, room) for page in pages(layout, room))


@given(layouts(), ROOM)
def test_no_word_is_lost_or_said_twice(layout: Layout, room: Room) -> None:
    shown = "".join("".join(without_steering(page)) for page in pages(layout, room))

    everything = "".join([*layout.paragraphs, *layout.entries, *layout.foot])
    assert re.sub(r"\s", "", shown) == re.sub(r"\s", "", everything)


@given(layouts(), ROOM)
def test_no_entry_is_split(layout: Layout, room: Room) -> None:
    lines = [line for page in pages(layout, room) for line in without_steering(page)]

    count = len(layout.entries) + len(layout.foot)
    assert lines[len(lines) - count :] == [*layout.entries, *layout.foot]


@given(layouts(), ROOM)
def test_every_page_but_the_last_goes_on_and_every_page_but_the_first_goes_back(layout: Layout, room: Room) -> None:
    found = pages(layout, room)

    assert [page.endswith("99 More") or "99 More\n88 Back" in page for page in found[:-1]] == [True] * (len(found) - 1)
    assert all(page.endswith("88 Back") for page in found[1:])
    assert "99 More" not in found[-1].split("\n")


@given(layouts(), ROOM)
def test_a_page_is_never_without_words(layout: Layout, room: Room) -> None:
    assert all(without_steering(page) for page in pages(layout, room))


def test_a_list_has_no_number_that_steers_or_that_operators_use() -> None:
    numbers = {str(number) for number in NUMBERS}

    assert numbers.isdisjoint({"0", "00", "88", "98", "99"})
    assert len(numbers) == len(NUMBERS)


def test_a_sentence_on_its_own_does_not_push_the_question_off_the_screen() -> None:
    question = " ".join(["word"] * 27)

    first, *_ = pages(Layout(("Please reply with a number.", question), ("1 Yes", "2 No")), Room(Medium.USSD, 160, 80))

    assert "word word" in first
