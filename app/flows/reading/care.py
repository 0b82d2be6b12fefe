"""What a form says about doing no harm: which of its questions asks for consent, and to what."""

from app.flows.flow import ChoiceList
from app.flows.questions.base import QuestionType

# What people are asked to agree to: to take part; to be asked again another time; that their words are published, without
# or with their name; to be told what came of it (Cyber and Data Protection Act ss 10 and 11: consent is for a purpose).
PURPOSES = ("take_part", "contact_again", "story", "story_named", "results")
YES = frozenset({"yes", "OK"})
"""The values that agree: the choice `yes`, or what `acknowledge` stores."""


def wrong_consent(word: str, kind: QuestionType, choices: ChoiceList | None) -> tuple[str, str] | None:
    """Say what is wrong with `izwi:consent` at a question, and the cure; None where it is right."""
    if word not in PURPOSES:
        return f"izwi:consent is {word!r}", f"Write one of: {', '.join(PURPOSES)}."
    if kind.name == "acknowledge":
        return None
    if kind.name != "select_one" or choices is None:
        return f"izwi:consent is at a {kind.name}", "Ask for consent with a select_one, or with acknowledge."
    names = {each.name for each in choices.choices}
    if "yes" not in names or len(names) < 2:
        cure = "Give the list a choice named yes, and one that refuses; only yes counts as consent."
        return "nobody can tell which choice gives consent", cure
    return None
