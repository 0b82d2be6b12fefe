"""The questions marked as sensitive: `bind::izwi:sensitive` at a question or a group around it; the innermost counts."""

from collections.abc import Iterator, Mapping

from app.flows.asking.previews import Preview
from app.flows.flow import Flow, Question
from app.flows.reading import model
from app.flows.reading.load import Form
from app.flows.reading.markup import parse_xml

MARK = "sensitive"
_YES, _NO = frozenset(["yes", "true", "true()", "1"]), frozenset(["no", "false", "false()", "0"])


class Sensitive:
    """What a form says of its questions."""

    def __init__(self, form: Form, flow: Flow) -> None:
        found = model.read(parse_xml(form.xform))
        marks = {} if found is None else {path: found.mark(path, MARK) for path in found.binds}
        self.unread = [(model.name_of(path), mark) for path, mark in marks.items() if mark and mark not in _YES | _NO]
        """Names of questions and groups with a mark that is neither yes nor no, and the mark."""
        said = {path: mark in _YES for path, mark in marks.items() if mark}
        self.names = {question.name for question in flow.questions if _innermost(question.path, said)}
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


def _innermost(path: str, said: Mapping[str, bool]) -> bool:
    """What a question says, else the nearest group around it that says anything."""
    steps = path.split("/")
    around = ("/".join(steps[:depth]) for depth in range(len(steps), 1, -1))
    return next((said[each] for each in around if each in said), False)
