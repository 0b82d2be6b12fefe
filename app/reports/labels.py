"""The words behind a stored value: a question's label and the labels of the choices it names, in a language."""

from collections.abc import Mapping

from app.flows.flow import Flow, Text, place_of, plain


def question_label(flow: Flow, key: str, locale: str) -> str:
    """A question's full words; a value that stands in them is written as its place, `…`."""
    question = flow.by_name.get(place_of(key)[0])
    return "" if question is None else _plain(question.labels, flow, locale)


def value_label(flow: Flow, key: str, value: str | None, locale: str) -> str:
    """The labels of the choices a value names, joined by `; `; empty for a question without choices.

    A choice that is itself an answer is its own label.
    """
    question = flow.by_name.get(place_of(key)[0])
    if question is None or question.choices is None or value is None:
        return ""
    by_name = {choice.name: choice for choice in question.choices.choices}
    if question.choices.told is not None:
        return "; ".join(question.chosen(value))
    chosen = [by_name[each] for each in value.split() if each in by_name]
    return "; ".join(_plain(choice.labels, flow, locale) for choice in chosen)


def _plain(texts: Mapping[str, Text], flow: Flow, locale: str) -> str:
    return plain(flow.wording(texts, locale))
