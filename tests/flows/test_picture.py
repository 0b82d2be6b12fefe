"""The picture of a survey's way: what stands behind which condition, where it stands, and which way somebody took."""

from pathlib import Path
from textwrap import dedent

import pytest

from app.cli import stage
from app.flows.flow import Flow
from app.flows.picture import mermaid
from app.flows.picture.outline import Block, Item, Kind, Part, items, outline
from app.flows.picture.plan import END, WIDTH, Plan, Sort, plan, way
from app.flows.reading.compile import compile_form
from app.flows.reading.load import load
from app.gateway.bringing import bring

FORMS = Path(__file__).parent.parent / "forms"
HEAD = "| survey | type | name | label | relevant | bind::izwi:end |\n|---|---|---|---|---|---|\n"
LISTS = """
| choices | list_name | name | label |
|---|---|---|---|
| | yes_no | yes | Yes |
| | yes_no | no | No |
"""


def flow_of(rows: str) -> Flow:
    return compile_form(load((HEAD + dedent(rows).strip() + "\n" + LISTS).encode(), "form.md"))


def told(parts: tuple[Part, ...]) -> list[object]:
    """An outline in short: names, and (condition or group, what is behind it)."""
    return [
        each.name if isinstance(each, Item) else ((each.name or each.condition), told(each.parts)) for each in parts
    ]


CONSENT = """
    | | select_one yes_no | agree | Do you agree? | | |
    | | note | bye | Thank you all the same. | ${agree} = 'no' | declined |
    | | select_one yes_no | adult | Are you 18? | ${agree} = 'yes' | |
    | | integer | age | How old are you? | ${adult} = 'yes' | |
    | | text | work | What do you do? | ${adult} = 'yes' | |
    | | text | last | Is there more? | ${agree} = 'yes' | |
"""


def test_what_can_be_seen_by_nobody_else_stands_behind_the_same_condition() -> None:
    assert told(outline(flow_of(CONSENT))) == [
        "agree",
        ("agree is No", ["bye"]),
        ("agree is Yes", ["adult", ("adult is Yes", ["age", "work"]), "last"]),
    ]


def test_what_is_true_of_an_empty_answer_too_stands_by_itself() -> None:
    rows = """
        | | select_one yes_no | agree | Do you agree? | | |
        | | integer | age | How old are you? | ${agree} = 'yes' | |
        | | text | why | Why not? | ${age} != 7 | |
    """

    assert [each[0] if isinstance(each, tuple) else each for each in told(outline(flow_of(rows)))] == [
        "agree", "agree is Yes", "age is not 7",
    ]  # fmt: skip


def test_groups_and_repeats_are_told_with_their_condition() -> None:
    found = outline(compile_form(bring(FORMS / "roster.md")))

    member = next(each for each in found if isinstance(each, Block))
    assert (member.name, member.is_repeat, member.condition) == ("member", True, "")
    child = next(each for each in member.parts if isinstance(each, Block))
    assert (child.name, child.is_repeat, child.condition) == (
        "child",
        False,
        "age is at least 5 and age is less than 18",
    )


def drawn(name: str) -> tuple[Flow, Plan]:
    file = stage.find(name) or FORMS / f"{name}.md"
    flow = compile_form(bring(file))
    return flow, plan(outline(flow))


@pytest.mark.parametrize(
    "name", ["leave_no_one_behind", "household", "roster", "family", "clinic", "harvest", "illness"]
)
def test_everything_is_drawn_once_inside_the_picture_and_nothing_lies_on_something_else(name: str) -> None:
    flow, made = drawn(name)

    boxes = [box for box in made.boxes if box.item is not None]
    seen = [each.name for each in flow.questions if not each.silent and each.kind.name != "another"]
    assert [box.id for box in boxes] == seen
    for before, after in zip(made.boxes, made.boxes[1:], strict=False):
        assert before.y + before.height < after.y
    assert all(box.x >= 0 and box.x + WIDTH <= made.width and box.y + box.height <= made.height for box in made.boxes)
    assert all(frame.x >= 0 and frame.x + frame.width <= made.width for frame in made.frames)


@pytest.mark.parametrize(
    "name", ["leave_no_one_behind", "household", "roster", "family", "clinic", "harvest", "illness"]
)
def test_a_way_leads_to_everything_and_none_leads_on_from_an_ending(name: str) -> None:
    _, made = drawn(name)

    targets = {line.target for line in made.lines}
    assert targets >= {box.id for box in made.boxes[1:]}
    endings = {box.id for box in made.boxes if box.item is not None and box.item.kind is Kind.ENDING}
    assert not endings & {line.source for line in made.lines}


def test_the_way_that_somebody_took_goes_past_what_she_was_not_asked() -> None:
    made = plan(outline(flow_of(CONSENT)))

    taken = [made.lines[place] for place in sorted(way(made, ["agree", "adult", "last", END]))]
    assert [(line.source, line.target) for line in taken if line.sort is Sort.PASS] == [
        ("agree", "·0"),
        ("adult", "·1"),
    ]
    assert {"age", "work", "bye"}.isdisjoint(line.target for line in taken)
    assert taken[-1].target == END
    assert way(made, ["agree"]) == frozenset()


def test_the_text_for_mermaid_has_every_question_condition_and_group() -> None:
    text = mermaid.text(outline(compile_form(bring(FORMS / "household.md"))))

    assert text.startswith("flowchart TD\n")
    assert 'n0["language: Language"]' in text
    assert '-->|"people is more than 0"|' in text
    assert 'subgraph gn4["home"]' in text
    assert text.count("subgraph") == text.count("  end\n")


def test_words_that_mean_something_to_mermaid_are_written_so_that_they_do_not() -> None:
    text = mermaid.text(outline(flow_of('| | text | a | Say "#1" <b> | | |')))

    assert "a: Say #quot;#35;1#quot; #lt;b#gt;" in text


def test_all_items_of_an_outline_come_in_the_forms_order() -> None:
    flow = flow_of(CONSENT)

    assert [each.name for each in items(outline(flow))] == ["agree", "bye", "adult", "age", "work", "last"]
