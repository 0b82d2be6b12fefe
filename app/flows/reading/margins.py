"""Which question says where a respondent belongs in the population (`izwi:margin`), and what its choices are called there."""

from collections.abc import Iterable

from app.flows.flow import ChoiceList, Margin, Question
from app.flows.questions.base import QuestionType
from app.flows.reading.faults import FaultOf

MARGINS = ("province", "sex", "residence", "age")
"""What a population can be cut by; a file of margins has a column for each."""
_KINDS = {"select_one", "calculate"}
_SAYS = f"Write one of: {', '.join(MARGINS)}; then, where a choice has another name there, choice=category."


def read(name: str, words: str, kind: QuestionType, choices: ChoiceList | None, fault: FaultOf) -> Margin | None:
    """Read the mark of a question: `sex`, or `sex female=woman male=man`. None where it has none that can be used."""
    dimension, *pairs = words.split() or [""]
    if not dimension:
        return None
    if dimension not in MARGINS:
        fault(name, f"izwi:margin is {dimension!r}", _SAYS)
        return None
    if kind.name not in _KINDS:
        fault(
            name,
            f"izwi:margin is at a {kind.name}",
            "Put it at a select_one, or at a calculate that gives the category.",
        )
        return None
    renamed = dict[str, str]()
    for pair in pairs:
        choice, _, category = pair.partition("=")
        if not choice or not category:
            fault(name, f"izwi:margin says {pair!r}", _SAYS)
        renamed[choice] = category
    if choices is not None and choices.told is None:
        known = {each.name for each in choices.choices}
        for choice in sorted(renamed.keys() - known):
            cure = f"Its choices are: {', '.join(sorted(known)[:8])}."
            fault(name, f"izwi:margin names {choice}, which is no choice", cure)
    return Margin(dimension, renamed)


def check(questions: Iterable[Question], fault: FaultOf) -> None:
    """Refuse a margin that two questions ask for, or that one person answers several times."""
    first = dict[str, str]()
    for question in questions:
        if question.margin is None:
            continue
        dimension = question.margin.dimension
        if question.repeats:
            fault(
                question.name, "izwi:margin is inside a repeat", "Ask it once of each respondent, outside of repeats."
            )
        if dimension in first:
            fault(question.name, f"{first[dimension]} has izwi:margin {dimension} too", "Leave it at one of the two.")
        first.setdefault(dimension, question.name)
