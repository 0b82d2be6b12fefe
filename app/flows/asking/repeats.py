"""What a form repeats: the question whether there is another one, and where each repeat stands among the questions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.flows.flow import Choice, ChoiceList, Question, Repeat, Text
from app.flows.phrases import fold, say, words
from app.flows.questions.base import Accepted, Refused, Shown, choose
from app.flows.reading.model import Model


class Another:
    """`Add another? 1 Yes 2 No`: asked after each instance of a repeat whose number the form does not say."""

    name, control, data_types = "another", "", ()
    asked, figures_steer, hint = True, True, ""

    def read(self, reply: str, shown: Sequence[Shown]) -> Accepted | Refused:
        """Accept yes or no."""
        name = choose(reply.strip(), shown)
        return Refused("choose_number") if name is None else Accepted(name)


ANOTHER = Another()


@dataclass(frozen=True, slots=True)
class Span:
    """A repeat as it was met among the controls."""

    path: str
    start: int
    end: int
    count: Any
    asks: bool


def yes_no(locales: Mapping[str, str]) -> ChoiceList:
    """The two entries of the question whether there is another one."""
    return ChoiceList("", tuple(_entry(name, locales) for name in ("yes", "no")))


def _entry(name: str, locales: Mapping[str, str]) -> Choice:
    lines = {locale: say(name, locale) for locale in locales}
    labels = {locale: (text,) for locale, text in lines.items()}
    spoken = tuple(dict.fromkeys((*map(fold, lines.values()), *words(f"words_{name}"))))
    return Choice(name, labels, {}, fixed=True, spoken=spoken, lines=lines)


def asking(labels: Mapping[str, Text], locales: Mapping[str, str]) -> dict[str, Text]:
    """The words of that question: what it is that is repeated, and whether there is another."""
    found = {}
    for locale in locales:
        label = labels.get(locale) or next(iter(labels.values()), ())
        found[locale] = (*label, "\n" if label else "", say("add_another", locale))
    return {locale: tuple(piece for piece in text if piece) for locale, text in found.items()}


def built(spans: Sequence[Span], model: Model, names: Mapping[str, str]) -> tuple[Repeat, ...]:
    """The repeats of a form, outer ones first."""
    found = []
    for span in sorted(spans, key=lambda each: each.path.count("/")):
        element = model.elements[span.path]
        found.append(
            Repeat(
                name=names[span.path],
                path=span.path,
                slot=model.slots[span.path],
                size=sum(1 for _ in element.iter()),
                start=span.start,
                end=span.end,
                count=span.count,
                asks=span.asks,
                template=element,
            )
        )
    return tuple(found)


def around(path: str, repeats: Sequence[Repeat]) -> tuple[Repeat, ...]:
    """The repeats that a path is in, the outermost first."""
    return tuple(each for each in repeats if path.startswith(f"{each.path}/"))


def by_slot(slots: Mapping[str, int], repeats: Sequence[Repeat]) -> tuple[tuple[Repeat, ...], ...]:
    """For each element: the repeats that it is in, or is itself, the outermost first."""
    return tuple(around(f"{path}/", repeats) for path in sorted(slots, key=slots.__getitem__))


def placed(questions: Sequence[Question], repeats: Sequence[Repeat]) -> tuple[Question, ...]:
    """The questions, each with the repeats that it is in and the key of its answer."""
    by_path = {each.path: each for each in repeats}
    found = []
    for question in questions:
        outside = around(question.path, repeats)
        mine = (*outside, by_path[question.path]) if question.kind is ANOTHER else outside
        found.append(replace(question, repeats=mine, key=question.name))
    return tuple(found)
