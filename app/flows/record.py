"""The finished record of a run: an instance of the form's own model, as ODK Collect would submit it.

What is not relevant is left out, and nothing else: a group or an instance of a repeat stays, also an empty one. Repeats
have the instances that were answered, and `meta/instanceID` is the run's own name (ODK XForms specification, "Metadata").
"""

from lxml import etree

from app.flows.document import Document
from app.flows.flow import Flow
from app.flows.repeats import ANOTHER
from app.flows.state import State


def write(flow: Flow, state: State, document: Document) -> str:
    """Write the record as XML. The document is made anew afterwards, for the record lacks what is not relevant."""
    root = document.whole()
    answers = state.answers  # what is answered is relevant
    under_condition = (
        *(each for each in flow.questions if each.kind is not ANOTHER and each.relevant),
        *flow.bare,
    )
    irrelevant = [
        document.node_of(spot)
        for question in under_condition
        for spot in document.spots(question)
        if spot.key not in answers and not document.relevant(spot)
    ]
    for element in irrelevant:
        if (parent := element.getparent()) is not None:
            parent.remove(element)
    identify(root, state.uid)
    for element in root.iter():
        element.text = element.text or None  # a question that was skipped is written like one that was not asked
    if flow.spelling is not None:
        root = flow.spelling.written(root)
    text: str = etree.tostring(root, encoding="unicode")
    document.torn()
    return text


def identify(root: etree._Element, uid: str) -> None:
    """Give the record its name, also where the form has no place for it."""
    meta = root.find("meta")
    if meta is None:
        meta = etree.SubElement(root, "meta")
    name = meta.find("instanceID")
    if name is None:
        name = etree.SubElement(meta, "instanceID")
    name.text = f"uuid:{uid}"
