"""The finished record of a run: an instance of the form's own model, as ODK Collect would submit it.

It follows from what the run remembers, so it need not be written in the turn that ends the run.

What is not relevant is left out, and nothing else: a group or an instance of a repeat stays, also an empty one. Repeats
have the instances that were answered, and `meta/instanceID` is the run's own name (ODK XForms specification, "Metadata").
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from lxml import etree

from app.flows.asking.document import Document
from app.flows.asking.repeats import ANOTHER
from app.flows.asking.state import State
from app.flows.flow import Flow, Question
from app.values import RunState


def write(flow: Flow, state: State, at: datetime) -> str:
    """Write the record as XML. `state` is what the run remembered at its end, `at` that moment in the survey's own zone."""
    document = Document(flow, state.copy(), at)
    root = document.whole()
    for element in [document.node_of(spot) for spot in _irrelevant(flow, state, document)]:
        if (parent := element.getparent()) is not None:
            parent.remove(element)
    identify(root, state.uid)
    for element in root.iter():
        element.text = element.text or None  # a question that was skipped is written like one that was not asked
    if flow.spelling is not None:
        root = flow.spelling.written(root)
    text: str = etree.tostring(root, encoding="unicode")
    return text


def _irrelevant(flow: Flow, state: State, document: Document) -> Iterator[Question]:
    """Yield what does not apply. What is answered does; and on the way to the end all was asked that did."""
    answers, relevant = state.answers, document.relevant
    went_through = state.ended == RunState.COMPLETED
    asked = (question for question in flow.questions if question.kind is not ANOTHER)
    for question in chain(flow.bare, asked):
        if not question.relevant or question.key in answers:
            continue
        if question.repeats:
            yield from (spot for spot in document.spots(question) if spot.key not in answers and not relevant(spot))
        elif (went_through and _is_always_asked(question)) or not relevant(question):
            yield question


def _is_always_asked(question: Question) -> bool:
    """Say whether a question is asked whenever it applies: one with a filtered list may have nothing to choose from."""
    is_question = question.kind.asked and question.kind is not ANOTHER  # which stands for groups here
    return is_question and (question.choices is None or question.choices.nodeset is None)


def identify(root: etree._Element, uid: str) -> None:
    """Give the record its name, also where the form has no place for it."""
    meta = root.find("meta")
    if meta is None:
        meta = etree.SubElement(root, "meta")
    name = meta.find("instanceID")
    if name is None:
        name = etree.SubElement(meta, "instanceID")
    name.text = f"uuid:{uid}"
