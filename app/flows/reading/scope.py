"""Where a form's expressions are compiled: its model, its lists, its functions, and the faults found so far."""

import re
from collections.abc import Container, Mapping
from typing import Any

from app.flows.flow import Choice
from app.flows.reading.faults import Fault, Place, nearest
from app.flows.reading.itext import Texts
from app.flows.reading.model import Model, name_of
from app.flows.xpath.expressions import JAVAROSA, Expression, Moment, check_functions
from app.flows.xpath.functions import FUNCTIONS
from app.flows.xpath.functions.lists import PullData
from app.flows.xpath.functions.values import text_of
from app.flows.xpath.paths import Parsed
from app.flows.xpath.syntax import BadExpression
from app.flows.xpath.writing import as_written, parse

_HELD = {
    "date": "date", "dateTime": "date", "time": "date", "int": "number", "integer": "number", "long": "number",
    "decimal": "decimal", "double": "decimal", "float": "decimal", "boolean": "boolean",
}  # fmt: skip
_CURRENT = re.compile(r"current\(\)((?:/\.\.)+)((?:/[\w.-]+)+)")
_DEPTH = 12
_TRIAL = Moment("2026-01-01T12:00:00", "", 1)  # any moment will do to find what can never be worked out


class Scope:
    """What an expression of a form may name; gathers faults so that a form's author sees all of them at once."""

    def __init__(self, found: Model, places: Mapping[str, Place], texts: Texts) -> None:
        self.model, self.places, self.texts = found, places, texts
        self.faults: list[Fault] = []
        self.choices: dict[str, dict[str, Choice]] = {}
        """The choices of each select question, by path; jr:choice-name() looks in here."""
        self.open_lists: set[str] = set()
        """The select questions whose choices are other answers."""
        self.named: list[tuple[str, str]] = []
        """Questions, and the select question that they look a choice's name up in."""
        self.types: dict[str, str] = {}
        self.made: list[Expression] = []
        self.repeats: frozenset[str] = frozenset()
        """Paths that may be there several times."""
        self.depth = 0
        self.functions: dict[tuple[str | None, str], Any] = {(None, name): each for name, each in FUNCTIONS.items()}
        instances = found.instances
        self.functions[None, "instance"] = lambda _, name: [instances[text_of(name)]]
        self.functions[None, "pulldata"] = PullData(instances)
        self.functions[None, "version"] = lambda _: found.root.get("version") or ""
        self.functions[JAVAROSA, "choice-name"] = _names_of(self.choices, self.open_lists, texts.default)
        self.functions[JAVAROSA, "itext"] = _texts_of(texts)

    def value(self, source: str, path: str, column: str) -> Expression | None:
        """Compile an expression whose value the question holds, as its data type has it."""
        return self.expression(source, path, "string", column, data_type=self.model.data_type(path))

    def expression(
        self, source: str, path: str, want: str, column: str, up: int = 0, data_type: str = ""
    ) -> Expression | None:
        """Compile an expression and try it out once; what is wrong with it is a fault of the question."""
        try:
            parsed = parse(
                source, root=self.model.root.tag, here=path, type_of=self.type_of, up=up,
                repeats=self.repeats, paths=self.model.slots,
            )  # fmt: skip
            self.check(parsed)
            expression = Expression(source, parsed, want, self.functions, data_type)
            self.made.append(expression)
            expression.try_out(self.model.root, self.model.elements[path], _TRIAL)
        except BadExpression as error:
            self.fault(name_of(path), f"{column}: {error}", f"Mend: {as_written(source, self.model.slots)}")
            return None
        self.named.extend((path, each) for each in parsed.named)
        return expression

    def check(self, parsed: Parsed) -> None:
        """Raise `BadExpression` for what the form does not have."""
        check_functions(parsed)
        for read in parsed.paths:
            self.check_path(read)
        for name in parsed.instances:
            self.check_list(name)
        for name, column in parsed.columns:
            self.check_column(name, column)
        for key in parsed.texts:
            if key not in self.texts.texts:
                raise BadExpression(f"there is no text {key}")

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

    def check_column(self, name: str, column: str) -> None:
        rows = self.model.instances[name][0] if len(self.model.instances[name]) else ()
        columns = dict.fromkeys(cell.tag for row in rows for cell in row)
        if column not in columns:
            meant = nearest(column, columns)
            raise BadExpression(f"the list {name} has no column {column}" + (f"; is it {meant}?" if meant else ""))

    def type_of(self, path: str) -> str:
        """Whether a path holds a date, a truth, a whole number or a decimal; a calculation holds a date if it gives one."""
        if path not in self.types:
            self.types[path] = _HELD.get(self.model.data_type(path), "")
            source = self.model.bind(path, "calculate")
            if source and self.types[path] != "date":
                return self.type_of_calculation(source, path)
        return self.types[path]

    def is_text(self, path: str, here: str) -> bool:
        """Say whether a path means one answer for the question at `here`, and one that is compared as a text."""
        repeated = any(path.startswith(f"{each}/") and not here.startswith(f"{each}/") for each in self.repeats)
        leaf = path in self.model.slots and not len(self.model.elements[path])
        return leaf and not repeated and not self.type_of(path)

    def without_current(self, source: str, here: str) -> str:
        """Write `current()/../x` of a question, as pyxform does in a repeat, as the path that it means."""

        def written(match: re.Match[str]) -> str:
            start = "/".join(here.split("/")[: -match[1].count("..")])
            path = start + match[2]
            # Down into a repeat it would mean all instances, where the path would mean the question's own.
            into = any(each.startswith(f"{start}/") and path.startswith(f"{each}/") for each in self.repeats)
            return match[0] if into else path

        return _CURRENT.sub(written, source)

    def type_of_calculation(self, source: str, path: str) -> str:
        """Read a calculation, and those it reads, a few deep; a circle is told of later, and so is what is wrong."""
        if self.depth >= _DEPTH:
            del self.types[path]
            return ""
        self.depth += 1
        try:
            tag = self.model.root.tag
            if parse(source, root=tag, here=path, type_of=self.type_of, repeats=self.repeats).is_date:
                self.types[path] = "date"
        except BadExpression:
            self.types[path] = ""
        self.depth -= 1
        return self.types[path]

    def fault(self, name: str, problem: str, cure: str) -> None:
        """Keep a fault, with the row of the question that it belongs to."""
        self.faults.append(Fault(self.places.get(name, Place("form", None)), name, problem, cure))


def _names_of(choices: Mapping[str, Mapping[str, Choice]], open_lists: Container[str], default: str) -> Any:
    """The function jr:choice-name(): the label of a choice in the language that the survey is asked in.

    Of a choice that is itself an answer it is that answer.
    """

    def choice_name(_: Any, value: Any, path: Any, locale: str) -> str:
        if text_of(path).strip() in open_lists:
            return text_of(value)
        choice = choices.get(text_of(path).strip(), {}).get(text_of(value))
        if choice is None:
            return ""
        text = choice.labels.get(locale) or choice.labels.get(default) or next(iter(choice.labels.values()))
        return "".join(piece for piece in text if isinstance(piece, str))

    return choice_name


def _texts_of(texts: Texts) -> Any:
    """The function jr:itext(): a text of the form, without the answers in it, in the language it is asked in."""

    def itext(_: Any, key: Any, locale: str) -> str:
        plain, _short = texts.forms(text_of(key))
        element = plain.get(locale, plain.get(texts.default))
        return "" if element is None else "".join(element.itertext()).strip()

    return itext
