"""Who is asked a question, in words: its conditions, read aloud."""

from app.flows.flow import Flow, Question, plain
from app.flows.xpath.syntax import BadExpression, Bracket, Call, Chain, Literal, Minus, Number, Path, Tree, read

_WORDS = {
    "=": "is", "!=": "is not", "<": "is less than", "<=": "is at most", ">": "is more than", ">=": "is at least",
    "and": "and", "or": "or", "+": "plus", "-": "minus", "*": "times", "div": "divided by", "mod": "modulo",
}  # fmt: skip
_EQUALITY = {"=", "!="}


def in_words(flow: Flow, question: Question) -> str:
    """All conditions of a question, its groups' among them: `adult is Yes; inequality is answered and …`."""
    return "; ".join(dict.fromkeys(said(flow, each.source) for each in question.relevant))


def said(flow: Flow, source: str) -> str:
    """One condition in words; as it is written, where nobody would say it."""
    try:
        return _Reader(flow).say(read(source))
    except (BadExpression, _Unsaid):
        return " ".join(source.split())


class _Unsaid(Exception):
    """Nobody would say it like that: the expression itself is shown."""


class _Reader:
    def __init__(self, flow: Flow) -> None:
        self._paths = {question.path: question for question in flow.questions}
        self._flow = flow

    def say(self, tree: Tree) -> str:
        match tree:
            case Chain():
                return self._chain(tree)
            case Bracket(inside):
                return f"({self.say(inside)})"
            case Path():
                question = self._question(tree)
                if question is None:
                    raise _Unsaid
                return question.name
            case Literal():
                return tree.value or "empty"
            case Number(text):
                return text
            case Minus(signs, inside):
                return f"{signs}{self.say(inside)}"
            case Call(name, arguments):
                return self._call(name, arguments)
            case _:
                raise _Unsaid

    def _chain(self, tree: Chain) -> str:
        operators = {operator for operator, _ in tree.rest}
        if operators <= _EQUALITY and len(tree.rest) == 1:
            ((operator, right),) = tree.rest
            return self._equality(tree.first, operator, right)
        said = self.say(tree.first)
        for operator, value in tree.rest:
            said += f" {_WORDS[operator]} {self.say(value)}"
        return said

    def _equality(self, left: Tree, operator: str, right: Tree) -> str:
        """A choice by its label; what is compared with nothing is answered or not."""
        if isinstance(left, Literal) and not isinstance(right, Literal):
            left, right = right, left
        question = self._question(left)
        if question is not None and isinstance(right, Literal):
            if not right.value:
                return f"{question.name} is {'not answered' if operator == '=' else 'answered'}"
            return f"{question.name} {_WORDS[operator]} {self._label(question, right.value)}"
        return f"{self.say(left)} {_WORDS[operator]} {self.say(right)}"

    def _call(self, name: str, arguments: tuple[Tree, ...]) -> str:
        match name, arguments:
            case "selected", (chosen, Literal() as wanted):
                question = self._question(chosen)
                if question is not None:
                    return f"{question.name} includes {self._label(question, wanted.value)}"
            case "not", (inside,):
                return f"not ({self.say(inside)})"
            case (("string" | "number" | "boolean" | "int"), (inside,)):
                return self.say(inside)
            case "count-selected", (chosen,):
                return f"the number of choices in {self.say(chosen)}"
            case _:
                pass
        raise _Unsaid

    def _question(self, tree: Tree) -> Question | None:
        if not isinstance(tree, Path) or tree.start is not None or any(step.predicates for step in tree.steps):
            return None
        if not tree.is_absolute:  # from the question or from a group around it: names are unique, so its end will do
            return self._flow.by_name.get(tree.steps[-1].name)
        return self._paths.get("".join(f"{step.slash}{step.name}" for step in tree.steps))

    def _label(self, question: Question, name: str) -> str:
        choices = question.choices.choices if question.choices is not None else ()
        for choice in choices:
            if choice.name == name:
                return plain(self._flow.wording(choice.labels, self._flow.locale)) or name
        return name
