"""Where a form's expressions are compiled: its model, its lists, its functions, and the faults found so far."""

from collections.abc import Mapping
from typing import Any

from app.flows.expressions import JAVAROSA, Expression, check_functions
from app.flows.faults import Fault, Place, nearest
from app.flows.flow import Choice
from app.flows.functions import FUNCTIONS, text_of
from app.flows.model import Model, name_of
from app.flows.xpath import BadExpression, as_written, parse

_NUMBERS = frozenset(["int", "integer", "long", "decimal", "double", "float"])
_DEPTH = 12
_TRIAL = "2026-01-01T12:00:00"  # any moment will do to find what can never be worked out


class Scope:
    """What an expression of a form may name; gathers faults so that a form's author sees all of them at once."""

    def __init__(self, found: Model, places: Mapping[str, Place], locale: str) -> None:
        self.model, self.places, self.locale = found, places, locale
        self.faults: list[Fault] = []
        self.choices: dict[str, dict[str, Choice]] = {}
        """The choices of each select question, by path; jr:choice-name() looks in here."""
        self.named: list[tuple[str, str]] = []
        """Questions, and the select question that they look a choice's name up in."""
        self.types: dict[str, str] = {}
        self.depth = 0
        self.functions: dict[tuple[str | None, str], Any] = {(None, name): each for name, each in FUNCTIONS.items()}
        instances = found.instances
        self.functions[None, "instance"] = lambda _, name: [instances[text_of(name)]]
        self.functions[JAVAROSA, "choice-name"] = _names_of(self.choices, locale)

    def expression(self, source: str, path: str, want: str, column: str, up: int = 0) -> Expression | None:
        """Compile an expression and try it out once; what is wrong with it is a fault of the question."""
        try:
            parsed = parse(source, root=self.model.root.tag, here=path, type_of=self.type_of, up=up)
            check_functions(parsed)
            for read in parsed.paths:
                self.check_path(read)
            for name in parsed.instances:
                self.check_list(name)
            expression = Expression(source, parsed, want, self.functions)
            node = self.model.elements[path]
            expression.try_out(self.model.root, node, _TRIAL, self.locale)
        except BadExpression as error:
            self.fault(name_of(path), f"{column}: {error}", f"Mend: {as_written(source, self.model.slots)}")
            return None
        self.named.extend((path, each) for each in parsed.named)
        return expression

    def check_path(self, path: str) -> None:
        if path not in self.model.slots:
            name = name_of(path)
            meant = nearest(name, (name_of(each) for each in self.model.slots))
            problem = f"there is no {path}" if meant == name else f"there is no question {name}"
            raise BadExpression(problem + (f"; is it ${{{meant}}}?" if meant else ""))

    def check_list(self, name: str) -> None:
        if name in self.model.external:
            raise BadExpression(f"the list {name} is in another file, which is not supported yet; put it into choices")
        if name not in self.model.instances:
            raise BadExpression(f"there is no choice list {name}")

    def type_of(self, path: str) -> str:
        """Whether a path holds a date or a number; a calculation holds a date if it gives one."""
        if path not in self.types:
            data_type = self.model.data_type(path)
            if data_type in {"date", "dateTime"}:
                self.types[path] = "date"
            else:
                self.types[path] = "number" if data_type in _NUMBERS else ""
                if source := self.model.bind(path, "calculate"):
                    return self.type_of_calculation(source, path)
        return self.types[path]

    def type_of_calculation(self, source: str, path: str) -> str:
        """Read a calculation, and those it reads, a few deep; a circle is told of later, and so is what is wrong."""
        if self.depth >= _DEPTH:
            del self.types[path]
            return ""
        self.depth += 1
        try:
            if parse(source, root=self.model.root.tag, here=path, type_of=self.type_of).is_date:
                self.types[path] = "date"
        except BadExpression:
            self.types[path] = ""
        self.depth -= 1
        return self.types[path]

    def fault(self, name: str, problem: str, cure: str) -> None:
        """Keep a fault, with the row of the question that it belongs to."""
        self.faults.append(Fault(self.places.get(name, Place("form", None)), name, problem, cure))


def _names_of(choices: Mapping[str, Mapping[str, Choice]], default: str) -> Any:
    """The function jr:choice-name(): the label of a choice in the language that the survey is asked in."""

    def choice_name(_: Any, value: Any, path: Any, locale: str) -> str:
        choice = choices.get(text_of(path).strip(), {}).get(text_of(value))
        if choice is None:
            return ""
        text = choice.labels.get(locale) or choice.labels.get(default) or next(iter(choice.labels.values()))
        return "".join(piece for piece in text if isinstance(piece, str))

    return choice_name
