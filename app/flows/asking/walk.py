"""The order in which the questions of a form with repeats come: those of a repeat once for each instance of it."""

from collections.abc import Iterator

from app.flows.asking.document import Document
from app.flows.flow import Flow, Question, Repeat


def onward(flow: Flow, document: Document, index: int = 0, after: Question | None = None) -> Iterator[Question]:
    """Yield the questions that can be seen: those from place `index` on, or those that come after a question."""
    index = index if after is None else after.index + 1
    numbers = [int(number) for number in after.position.split(".")] if after and after.position else []
    around = list(after.repeats) if after else []
    while True:
        index = _leave(document, around, numbers, index)
        if index >= flow.asked:
            return
        question = flow.questions[index]
        if len(question.repeats) > len(around):
            entered = question.repeats[len(around)]
            if document.count(entered, _dotted(numbers)):
                around.append(entered)
                numbers.append(1)
            else:
                index = entered.end
            continue
        yield flow.at(question, _dotted(numbers))
        index += 1


def _leave(document: Document, around: list[Repeat], numbers: list[int], index: int) -> int:
    """At the end of a repeat go on with its next instance, or with what comes after it; returns the place."""
    while around and index >= around[-1].end:
        if numbers[-1] < document.count(around[-1], _dotted(numbers[:-1])):
            numbers[-1] += 1
            return around[-1].start
        around.pop()
        numbers.pop()
    return index


def _dotted(numbers: list[int]) -> str:
    return ".".join(map(str, numbers))
