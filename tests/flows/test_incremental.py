"""What a run's document works out after changes of answers is what a document made anew would work out of the same answers."""

import itertools
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from app.flows.asking.document import Document
from app.flows.asking.repeats import ANOTHER
from app.flows.asking.state import State
from app.flows.flow import Flow, Question, place_of
from app.flows.reading.compile import compile_form
from app.flows.reading.load import load
from app.flows.xpath.expressions import Moment
from tests.talk import AT

CHOICES = """
| choices | list_name | name | label |
| | yes_no | yes | Yes |
| | yes_no | no | No |
"""
# Repeats in a repeat, read from everywhere: in the same instance, across instances, from outside, by number.
NESTED = f"""
| survey | type | name | label | calculation | relevant | repeat_count | constraint | required |
| | integer | rooms | Rooms? | | | | | |
| | calculate | all_beds | | sum(${{beds}}) | | | | |
| | calculate | third | | indexed-repeat(${{beds}}, ${{room}}, 1, ${{bed}}, ${{rooms}}) | | | | |
| | begin_repeat | room | | | | ${{rooms}} | | |
| | calculate | place | | position(..) | | | | |
| | integer | people | People in ${{place}} of ${{rooms}}? | | | | . < 9 - ${{place}} | |
| | begin_repeat | bed | A bed | | ${{people}} > 0 | | | |
| | calculate | which | | concat(position(../..), '.', position(..)) | | | | |
| | integer | beds | Beds ${{which}}, of ${{here}} here and ${{all_beds}}? | | | | . <= ${{people}} | ${{here}} > 3 |
| | select_one yes_no | net | A net? | | ${{beds}} > 0 and ${{here}} > 1 | | | |
| | calculate | nets | | if(${{net}} = 'yes', ${{beds}}, 0) | | | | |
| | end_repeat | | | | | | | |
| | calculate | here | | sum(${{beds}}) | | | | |
| | calculate | rest | | ${{all_beds}} - ${{here}} | | | | |
| | text | why | Why so few? | | ${{rest}} > ${{here}} and count(${{bed}}) < 3 | | | |
| | end_repeat | | | | | | | |
| | begin_group | end | | | ${{all_beds}} > 4 | | | |
| | begin_repeat | lack | | | | count(/data/room/bed[net = 'no']) | | |
| | text | reason | Reason ${{nr}}? | | | | | |
| | calculate | nr | | position(..) + count(${{room}}) | | | | |
| | end_repeat | | | | | | | |
| | end_group | | | | | | | |
| | note | bye | ${{all_beds}} ${{first}} ${{words}} ${{sums}} | | | | | |
| | calculate | first | | /data/room[people > 1]/bed[1]/beds | | | | |
| | calculate | words | | join(' ', ${{why}} \\| ${{reason}}) | | | | |
| | calculate | sums | | string(/data/end) | | | | |
{CHOICES}"""
# How many there are, the last one says.
GROWING = f"""
| survey | type | name | label | calculation | relevant | repeat_count |
| | calculate | size | | count(${{child}}) | | |
| | begin_repeat | child | | | | if(${{size}} = 0 or indexed-repeat(${{more}}, ${{child}}, ${{size}}) = 'yes', \
${{size}} + 1, ${{size}}) |
| | integer | age | Age? | | | |
| | select_one yes_no | more | More? | | ${{age}} < 9 or ${{old}} > 1 | |
| | end_repeat | | | | | |
| | calculate | old | | count(/data/child[age >= 9]) | | |
| | begin_repeat | toy | | | ${{old}} > 0 | ${{size}} |
| | integer | toys | Of ${{old}} and ${{size}}? | | | |
| | end_repeat | | | | | |
| | calculate | sum | | sum(${{toys}}) * ${{size}} | | |
| | calculate | joined | | join('-', ${{toys}}) | | |
{CHOICES}"""
ROSTER = (Path(__file__).parents[1] / "forms" / "roster.md").read_text(encoding="utf-8")
FORMS = {"nested": NESTED, "growing": GROWING, "roster": ROSTER}
VALUES = ["yes", "no", "1", "2", "3", "5", "12", "40", "a", ""]


@cache
def flow(form: str) -> Flow:
    return compile_form(load(FORMS[form].encode(), f"{form}.md"))


def everything(document: Document, of: Flow) -> list[tuple[str, str]]:
    """All that an engine may ask of a document: what, and where."""
    found = [
        ("count", f"{repeat.name}[{spot.position.rpartition('.')[0]}]")
        for repeat in of.repeats
        for spot in document.spots(of.anchors[repeat.name])
    ]
    keys = [spot.key for question in of.questions for spot in document.spots(question)]
    found += [(what, key) for key in keys for what in ("relevant", "required", "choices", "label", "holds")]
    return [*found, ("calculated", ""), ("whole", "")]


def ask(document: Document, of: Flow, what: str, key: str) -> Any:
    """Ask one of these things."""
    name, position = place_of(key)
    if what == "count":
        return document.count(of.anchors[name].repeats[-1], position)
    if what == "calculated":
        return document.calculated()
    if what == "whole":
        return etree.tostring(document.whole())
    spot = of.spot(key)
    asked: dict[str, Callable[[], Any]] = {
        "relevant": lambda: document.relevant(spot),
        "required": lambda: document.required(spot),
        "choices": lambda: [each.name for each in document.choices(spot)],
        "label": lambda: document.text(spot.labels, spot),
        "holds": lambda: [document.holds(spot, value) for value in ("1", "7")],
    }
    return asked[what]()


def where_answers_may_be(of: Flow) -> Sequence[Question]:
    found = []
    for question in (each for each in of.questions if each.kind.asked):
        positions = itertools.product("123", repeat=len(question.repeats))
        found += [of.at(question, ".".join(position)) for position in positions]
    return found


@pytest.mark.parametrize("form", FORMS)
@given(data=st.data())
@settings(deadline=None, max_examples=30)
def test_what_is_gathered_from_the_answers_is_what_xpath_finds_in_the_instance(form: str, data: st.DataObject) -> None:
    of = flow(form)
    spots = where_answers_may_be(of)
    answers = data.draw(st.dictionaries(st.sampled_from([each.key for each in spots]), st.sampled_from(VALUES)))
    document = Document(of, State(1, of.locale, answers=answers), AT)
    root = document.whole()

    seen = 0
    for question in of.calculates:
        expression = question.calculate
        assert expression is not None
        for spot in document.spots(question) if expression.gathered or expression.stands else ():
            found = expression(root, document.node_of(spot), Moment(AT.isoformat(), "en", 1))
            assert document.value(expression, spot) == found, spot.key
            seen += 1
    assert seen


@pytest.mark.parametrize("form", FORMS)
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_after_any_changes_everything_is_as_in_a_document_made_anew(form: str, data: st.DataObject) -> None:
    of = flow(form)
    spots = where_answers_may_be(of)
    state = State(1, of.locale, answers={each.key: "yes" for each in spots if each.kind is ANOTHER})
    document = Document(of, state, AT)

    for _ in range(data.draw(st.integers(1, 6), label="changes")):
        spot = data.draw(st.sampled_from(spots), label="question")
        value = data.draw(st.sampled_from(VALUES), label="value")
        if value:
            state.answers[spot.key] = value
        else:
            state.answers.pop(spot.key, None)
        document.changed(spot)

        # What is asked in between decides what is there when the next change comes.
        asked = st.lists(st.sampled_from(everything(Document(of, state, AT), of)), max_size=8)
        for what, key in data.draw(asked, label="asked"):
            assert ask(document, of, what, key) == ask(Document(of, state, AT), of, what, key), (what, key)

    for what, key in everything(Document(of, state, AT), of):
        assert ask(document, of, what, key) == ask(Document(of, state, AT), of, what, key), (what, key)
