"""The list that a select question chooses from: where its items are, and how they are filtered and ordered."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.flows.flow import Choice
from app.flows.reading.markup import XF

MAX_CHOICES = 3_000
_NODESET = re.compile(
    r"instance\(\s*(?:'([^']*)'|\"([^\"]*)\")\s*\)\s*/\s*[\w.-]+\s*/\s*[\w.-]+\s*(\[.*\])?\s*", re.DOTALL
)
_RANDOMIZE = re.compile(r"randomize\((.*)\)", re.DOTALL)
_LABEL = re.compile(r"jr:itext\(\s*([\w.-]+)\s*\)")


@dataclass(frozen=True, slots=True)
class Itemset:
    """An itemset of an XForm, taken apart."""

    name: str
    nodeset: str
    filtered: bool
    randomize: bool
    seed: str
    value: str
    label: str
    itext: bool
    """Whether `label` holds the key of a text rather than the text."""


def read(element: Any) -> Itemset | None:
    """Take an itemset apart, or return None if it does not choose from a list of the form's own."""
    nodeset, randomize, seed = _randomized((element.get("nodeset") or "").strip())
    match = _NODESET.fullmatch(nodeset)
    if match is None:
        return None
    value, label = element.find(f"{XF}value"), element.find(f"{XF}label")
    label_ref = "label" if label is None else (label.get("ref") or "label").strip()
    itext = _LABEL.fullmatch(label_ref)
    return Itemset(
        name=match[1] or match[2] or "",
        nodeset=nodeset,
        filtered=match[3] is not None,
        randomize=randomize,
        seed=seed,
        value="name" if value is None else (value.get("ref") or "name").strip(),
        label=itext[1] if itext else label_ref,
        itext=itext is not None,
    )


@dataclass(frozen=True, slots=True)
class Answers:
    """An itemset whose choices are answers of the form itself: those of all instances of a repeat."""

    value: str
    label: str
    """The paths of what is stored and of what is shown."""
    randomize: bool
    seed: str


def read_answers(element: Any) -> Answers | None:
    """Take an itemset of answers apart, or return None if it is none."""
    nodeset, randomize, seed = _randomized((element.get("nodeset") or "").strip())
    value, label = (element.find(f"{XF}{part}") for part in ("value", "label"))
    value_ref, label_ref = ("" if each is None else (each.get("ref") or "").strip() for each in (value, label))
    if not value_ref or "(" in label_ref or nodeset.startswith("instance("):
        return None
    return Answers(f"{nodeset}/{value_ref}", f"{nodeset}/{label_ref or value_ref}", randomize, seed)


def wrong(choices: Sequence[Choice], list_name: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a list of choices, and the way out."""
    where = f"the choice list {list_name}" if list_name else "its list of choices"
    if not choices:
        yield f"{where} is empty", "Add the choices to the choices sheet, under this list_name."
    if len(choices) > MAX_CHOICES:
        yield f"{where} has more than {MAX_CHOICES} choices", "Split it, and ask in two steps."
    seen: set[str] = set()
    for choice in choices:
        if not choice.name:
            yield f"{where} has a choice without a name", "Give each choice a name."
        elif choice.name.split() != [choice.name]:
            yield f"{where} has the choice name {choice.name!r} with a blank", "Write _ in place of the blank."
        elif choice.name in seen:
            yield f"{where} has the choice {choice.name} twice", "Give each choice of a list a name of its own."
        seen.add(choice.name)


def items(
    instance: Any, itemset: Itemset, texts: Callable[[str], Any]
) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any], bool]]:
    """Yield name, inline label, plain and short texts, and whether it is fixed, for each item of a list."""
    for item in instance[0]:
        name = (item.findtext(itemset.value) or "").strip()
        label = item.findtext(itemset.label) or ""
        plain, short = texts(label) if itemset.itext else ({}, {})
        fixed = (item.findtext("fixed") or "").strip().lower() in {"yes", "true", "1"}
        yield name, "" if itemset.itext else label, plain, short, fixed


def _randomized(nodeset: str) -> tuple[str, bool, str]:
    """Take `randomize(nodeset, seed)` apart: the nodeset, whether the order is random, and the seed's expression."""
    match = _RANDOMIZE.fullmatch(nodeset)
    if match is None:
        return nodeset, False, ""
    inside, depth, quote = match[1], 0, ""
    for place, character in enumerate(inside):
        if quote or character in "'\"":
            quote = "" if character == quote else quote or character
        depth += 0 if quote else (character in "([") - (character in ")]")
        if character == "," and depth == 0 and not quote:
            return inside[:place].strip(), True, inside[place + 1 :].strip()
    return inside.strip(), True, ""
