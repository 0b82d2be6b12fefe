"""What a form sets by itself when something happens: XForms `setvalue`, as dynamic defaults and triggers become."""

from collections.abc import Mapping
from typing import Any

from lxml import etree

from app.flows.flow import Action, Question
from app.flows.reading.model import Model, name_of
from app.flows.reading.scope import Scope

_START = frozenset(["odk-instance-first-load", "xforms-ready", "odk-instance-load"])
_NEW, _CHANGED = "odk-new-repeat", "xforms-value-changed"


def read(tree: Any, model: Model, scope: Scope, questions: Mapping[str, Question]) -> dict[str, Any]:
    """The actions of a form, by what makes them happen."""
    start: list[Action] = []
    new: dict[str, list[Action]] = {}
    changed: dict[str, list[Action]] = {}
    for element in tree.iter("{*}setvalue"):
        path = model.path(element)
        if path not in questions:
            scope.fault(name_of(path), "an action sets what is no question", "Take the trigger or default out.")
            continue
        source = (element.get("value") or element.text or "").strip()
        written = source if element.get("value") else f"'{source}'"
        column = "calculation" if _CHANGED in (element.get("event") or "") else "default"
        value = scope.value(written, path, column) if source else None
        action = Action(questions[path].name, value)
        for event in (element.get("event") or "").split():
            if event in _START and not questions[path].repeats:
                start.append(action)
            elif event == _NEW or event in _START:
                new.setdefault(questions[path].repeats[-1].name, []).append(action)
            elif event == _CHANGED:
                trigger = questions.get(model.path(element.getparent()))
                if trigger is not None:
                    changed.setdefault(trigger.name, []).append(action)
            else:
                name = etree.QName(element).localname
                scope.fault(name_of(path), f"the event {event} of <{name}> is not supported", "Use a trigger column.")
    return {
        "at_start": tuple(start),
        "on_new": {name: tuple(dict.fromkeys(each)) for name, each in new.items()},
        "on_change": {name: tuple(each) for name, each in changed.items()},
    }


def targets(found: Mapping[str, Any]) -> frozenset[str]:
    """The names of the questions that some actions set."""
    by_event = (found["at_start"], *found["on_new"].values(), *found["on_change"].values())
    return frozenset(action.target for each in by_event for action in each)
