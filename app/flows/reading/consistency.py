"""What concerns more than one question of a form: names that are used twice, circles, and choices of other questions."""

from collections.abc import Iterable

from app.flows.asking import dependencies
from app.flows.flow import Question
from app.flows.reading.faults import Fault, Place
from app.flows.reading.model import absolute, name_of
from app.flows.reading.scope import Scope

LONGEST_NAME = 64


def check(scope: Scope, questions: tuple[Question, ...]) -> tuple[Question, ...]:
    """Check what concerns more than one question; returns the calculations in order."""
    if not any(question.kind.asked for question in questions) and not scope.faults:
        scope.fault("", "there is nothing to ask", "Add a question to the survey sheet.")
    for code in sorted(scope.texts.doubled):
        scope.fault("", f"two languages have the code {code}", "Give each language a code of its own: Shona (sn).")
    _check_names(scope, questions)
    cure = "Name a select question in both places: jr:choice-name(${x}, '${x}')."
    for path, wanted in scope.named:
        if absolute(wanted.strip(), scope.model.root.tag) not in scope.choices:
            scope.fault(name_of(path), f"jr:choice-name(): {name_of(wanted).strip()} is no select question", cure)
    try:
        return dependencies.in_order(questions)
    except dependencies.Circular as error:
        cure = "Break the circle: what decides about a question must come before it."
        scope.fault(error.names[0], f"questions depend on each other in a circle ({error})", cure)
        return ()


def check_counts(scope: Scope, anchors: Iterable[Question]) -> None:
    """Check that no two repeats decide about each other how often they are asked."""
    try:
        dependencies.check_counts(anchors)
    except dependencies.Circular as error:
        cure = "Break the circle: what decides how often a repeat is asked must come before it."
        scope.fault(error.names[0], f"repeats depend on each other in a circle ({error})", cure)


def _check_names(scope: Scope, questions: tuple[Question, ...]) -> None:
    """Answers are kept by name, so a name may be used once, whatever the group."""
    seen: dict[str, Question] = {}
    for question in questions:
        if question.name in seen:
            cure = "Give each question a name of its own, also in different groups."
            scope.fault(question.name, "the name is used for two questions", cure)
        if len(question.name) > LONGEST_NAME:
            scope.fault(question.name, f"the name is longer than {LONGEST_NAME} characters", "Shorten it.")
        seen[question.name] = question
    for part, column in (
        (scope.model.root.get("id") or "", "form_id"),
        (scope.model.root.get("version") or "", "version"),
    ):
        if len(part) > LONGEST_NAME:
            fault = Fault(Place("settings", 2), column, f"it is longer than {LONGEST_NAME} characters", "Shorten it.")
            scope.faults.append(fault)
