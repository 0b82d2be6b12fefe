"""Which question type a control of an XForm is, or a bind that no control asks for, fitted to what the form says of it."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.flows.flow import Choice, ChoiceList
from app.flows.phrases import fold, say
from app.flows.questions import QUESTIONS
from app.flows.questions.acknowledge import CONFIRMED
from app.flows.questions.base import BadMark, Fitting, QuestionType
from app.flows.reading import skipped, unsupported
from app.flows.reading.model import Model, name_of
from app.flows.reading.scope import Scope
from app.flows.xpath.expressions import JAVAROSA

CONTROLS = frozenset(["input", "select", "select1", "rank", "range", "trigger", "upload"])
LISTS = frozenset(["select", "select1", "rank"])
_PRELOAD = f"{{{JAVAROSA}}}preload"


def of_control(scope: Scope, control: Any, tag: str, path: str) -> QuestionType | None:
    """The type of a question, or None where nobody is asked, or where it is a fault that is told."""
    model, name = scope.model, name_of(path)
    if skipped.is_skipped(model, tag, path):
        for problem, cure in skipped.refused(model, tag, path):
            scope.fault(name, problem, cure)
        return None
    readonly = model.bind(path, "readonly")
    if readonly not in {"", "false()"}:
        if tag == "input" and readonly == "true()":
            return QUESTIONS["note"]
        cure = "Take read_only out, or make it a note."
        scope.fault(name, "a question that is read only, or read only at times, cannot be asked", cure)
        return None
    data_type = model.data_type(path)
    kind = next((each for each in QUESTIONS.values() if each.control == tag and data_type in each.data_types), None)
    if kind is None:
        scope.fault(name, f"a question of type {data_type} is not supported", unsupported.cure_of(data_type))
        return None
    return _fitted(scope, kind, path, dict(control.attrib))


def unasked(scope: Scope, asked: Mapping[str, Any]) -> Iterator[tuple[str, QuestionType, str]]:
    """Yield what the form keeps that nobody is asked: path, type, and the calculation if it has one."""
    model = scope.model
    for path, bind in model.binds.items():
        if path not in model.slots or path in asked:
            continue
        if source := model.bind(path, "calculate"):
            yield path, QUESTIONS["calculate"], source
        elif len(model.elements[path]) or "/meta/" in path or skipped.is_skipped(model, "", path):
            continue
        elif bind.get(_PRELOAD):
            if kind := _fitted(scope, QUESTIONS["metadata"], path, {}):
                yield path, kind, ""
        elif bind.get("type") and path not in model.controls:
            yield path, QUESTIONS["hidden"], ""


def confirmation(locales: Mapping[str, str]) -> ChoiceList:
    """The one entry of an `acknowledge`."""
    words = {locale: say("acknowledge", locale) for locale in locales}
    spoken = tuple(dict.fromkeys(map(fold, (CONFIRMED, *words.values()))))
    labels = {locale: (text,) for locale, text in words.items()}
    return ChoiceList("", (Choice(CONFIRMED, labels, {}, fixed=False, spoken=spoken, lines=words),))


def _fitted(scope: Scope, kind: QuestionType, path: str, marks: dict[str, str]) -> QuestionType | None:
    if not isinstance(kind, Fitting):
        return kind
    try:
        return kind.fitted(marks | _marks(scope.model, path))
    except BadMark as error:
        scope.fault(name_of(path), str(error), error.cure)
        return None


def _marks(model: Model, path: str) -> dict[str, str]:
    """What the bind says, without namespaces; what the settings say stands where it says nothing."""
    bind = model.binds.get(path)
    own = {} if bind is None else {key.rpartition("}")[2]: value for key, value in bind.items()}
    return {**model.settings, **own, "type": model.data_type(path)}
