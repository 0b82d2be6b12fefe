"""What a look at a survey finds, and where that is in the organisation's own file."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.flows.asking.previews import Preview
from app.flows.flow import Choice, Flow, Question
from app.flows.reading.faults import Fault, Place
from app.flows.reading.load import Form
from app.flows.xpath.writing import as_written


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend (error) or to look at (warning)."""

    severity: str
    place: Place
    name: str
    language: str
    problem: str
    cure: str

    def __str__(self) -> str:
        language = f" [{self.language}]" if self.language else ""
        return f"{Fault(self.place, self.name + language, self.problem, self.cure)}"


class Finder:
    """Writes warnings about a form's parts, each with its place."""

    def __init__(self, form: Form, flow: Flow) -> None:
        self.form, self.flow = form, flow
        self.paths = {question.path for question in flow.questions}

    def of_question(self, question: Question, problem: str, cure: str, locale: str = "") -> Finding:
        """A warning about a question."""
        return self.at(self.place(question.name), question.name, problem, cure, locale)

    def of_screen(self, screen: Preview, problem: str, cure: str) -> Finding:
        """A warning about what a question looks like in one language."""
        return self.at(self.place(screen.name), screen.name, problem, cure, screen.locale)

    def of_choice(self, list_name: str, choice: Choice, problem: str, cure: str, locale: str = "") -> Finding:
        """A warning about a choice."""
        place = self.form.choice_places.get((list_name, choice.name), Place("choices", None))
        return self.at(place, f"{list_name} {choice.name}".strip(), problem, cure, locale)

    def at(self, place: Place, name: str, problem: str, cure: str, locale: str = "") -> Finding:
        """A warning about anything."""
        return Finding("warning", place, name, self.language(locale) if locale else "", problem, cure)

    def place(self, name: str) -> Place:
        """The row of a question."""
        return self.form.places.get(name, Place("form", None))

    def written(self, source: str) -> str:
        """An expression as its author wrote it."""
        return as_written(source, self.paths)

    def language(self, locale: str) -> str:
        return language(self.flow, locale)


def language(flow: Flow, locale: str) -> str:
    """A language as XLSForm names it: "Shona (sn)"."""
    name = flow.locales.get(locale, locale)
    return name if name.lower() == locale else f"{name} ({locale})"


def verdict(findings: Sequence[Finding]) -> str:
    """Say in a line what was found."""
    errors = sum(finding.severity == "error" for finding in findings)
    if not findings:
        return "Nothing is wrong: it can be asked as it is."
    counted = ((errors, "error"), (len(findings) - errors, "warning"))
    counts = [f"{count} {word}{'s' * (count > 1)}" for count, word in counted if count]
    return ", ".join(counts) + (": it cannot be asked." if errors else ": it can be asked.")
