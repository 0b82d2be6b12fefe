"""The questions that a form marks as sensitive: `bind::izwi:sensitive` at a question, or at a group around it."""

from collections.abc import Iterator

from app.flows import model
from app.flows.flow import Flow, Question
from app.flows.load import Form
from app.flows.markup import parse_xml
from app.flows.previews import Preview

MARK = "sensitive"
_YES, _NO = frozenset(["yes", "true", "true()", "1"]), frozenset(["", "no", "false", "false()", "0"])


class Sensitive:
    """What a form says of its questions."""

    def __init__(self, form: Form, flow: Flow) -> None:
        found = model.read(parse_xml(form.xform))
        marks = {} if found is None else {path: found.mark(path, MARK) for path in found.binds}
        self.unread = [(model.name_of(path), mark) for path, mark in marks.items() if mark not in _YES | _NO]
        """Names of questions and groups with a mark that is neither yes nor no, and the mark."""
        marked = {path for path, mark in marks.items() if mark in _YES}
        self.names = {question.name for question in flow.questions if _or_around(question.path) & marked}
        self.flow = flow

    def __contains__(self, question: Question) -> bool:
        return question.name in self.names

    def echoes(self, screen: Preview) -> Iterator[str]:
        """Yield the sensitive questions whose answers a screen repeats."""
        paths = {question.path: question.name for question in self.flow.questions if question.name in self.names}
        shown = [self.flow.by_name[name] for name in screen.notes] + ([screen.question] if screen.question else [])
        for question in shown:
            pieces = (piece for text in (*question.labels.values(), *question.shorts.values()) for piece in text)
            read = {path for piece in pieces if not isinstance(piece, str) for path in piece.paths}
            yield from (paths[path] for path in sorted(read & paths.keys()))


def _or_around(path: str) -> set[str]:
    steps = path.split("/")
    return {"/".join(steps[:depth]) for depth in range(2, len(steps) + 1)}
