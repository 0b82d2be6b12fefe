"""The format of transcripts: what is written can be read again, and what nobody knows is said by its line."""

from datetime import UTC, datetime, timedelta

import pytest

from app.cli.transcript import Block, Header, Look, NotATranscript, Remark, Typed, World, parse, span, write
from app.values import Medium

HEADER = Header("meals", Medium.SMS, "sn", "+263770000002", 77, datetime(2026, 12, 1, 6, 30, tzinfo=UTC))


def test_what_is_written_can_be_read_again() -> None:
    blocks = [
        Block(Remark("She eats.")),
        Block(Typed("*384*77#"), ["CON People?", "[7 of 160]"]),
        Block(Typed("")),
        Block(World("two hours pass")),
        Block(Look(), ["run active at people", "people = 3 (raw 3)"]),
        Block(Look(), ["nothing"]),
    ]

    header, steps = parse(write(HEADER, blocks))

    assert header == HEADER
    assert steps == [block.step for block in blocks]


def test_a_screen_that_looks_like_a_step_is_not_taken_for_one() -> None:
    text = write(Header("meals"), [Block(Typed("1"), ["CON One", "> two", "= three", "! four", "# five"])])

    assert parse(text)[1] == [Typed("1")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: a transcript begins with"),
        ("> 1", "line 1: a transcript begins with"),
        ("survey: x    colour: red", "line 1: nobody knows colour"),
        ("survey: x    channel: smoke", "line 1: "),
        ("survey: x\n\n! the roof falls in", "line 3: nobody knows `! the roof falls in`"),
    ],
)
def test_what_nobody_knows_is_said_by_its_line(text: str, says: str) -> None:
    with pytest.raises(NotATranscript, match=f"^{says}"):
        parse(text)


@pytest.mark.parametrize(
    ("event", "time"),
    [
        ("two hours pass", timedelta(hours=2)),
        ("25 hours pass", timedelta(hours=25)),
        ("1 minute passes", timedelta(minutes=1)),
        ("a day passes", timedelta(days=1)),
        ("many hours pass", None),
        ("session dropped", None),
    ],
)
def test_time_passes_in_words_or_figures(event: str, time: timedelta | None) -> None:
    assert span(event) == time
