"""Answers in long form, one row each, with the labels of their version: for analysts, pseudonymous."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Protocol

from sqlalchemy.engine import Connection

from app.flows.flow import Flow
from app.reports.labels import question_label, value_label
from app.reports.lines import harmless
from app.store import answers
from app.values import Doubt

COLUMNS = (
    "respondent", "survey", "version", "question", "label", "value", "value_label", "raw", "language", "channel",
    "answered_at", "mode", "proxy", "flags",
)  # fmt: skip
_MOST_WORDS = 50_000


class Flows(Protocol):
    """Gives the compiled form of a stored version."""

    def __call__(self, version_id: int) -> Flow:
        """Return it."""
        ...


def rows(
    connection: Connection,
    flows: Flows,
    *,
    survey: str | None,
    language: str | None,
    without: Collection[Doubt] = (),
    neutral: bool = False,
) -> Iterator[Sequence[Any]]:
    """Yield the answers of runs that have none of the flags in `without`; labels are in `language`, or as each was asked.

    With `neutral`, texts that a spreadsheet would run have their apostrophe already: only what people wrote, or the form
    says, can be such a text, and looking at each cell would take longer than reading it.
    """
    words = _Words(flows, neutral=neutral)
    for found in answers.export(connection, survey_name=survey, without=without):
        (
            respondent, name, version_id, version, question, position, value, raw, locale, medium, answered_at, mode, proxy,
            flags, _,
        ) = found  # fmt: skip
        label, value_label = words.of(version_id, question, value, language or locale)
        if neutral:
            value, raw = value and harmless(value), raw and harmless(raw)
            name, version = harmless(name), harmless(version)
        yield (
            respondent, name, version, f"{question}[{position}]" if position else question, label, value, value_label,
            raw, locale, medium, answered_at, mode, proxy, " ".join(sorted(flags.split())) if flags else "",
        )  # fmt: skip


class _Words:
    """The words of questions and choices, each looked up once: the same few are said in millions of rows."""

    def __init__(self, flows: Flows, *, neutral: bool) -> None:
        self._flows, self._neutral = flows, neutral
        self._questions: dict[tuple[int, str, str], tuple[str, bool]] = {}
        self._found: dict[tuple[int, str, str | None, str], tuple[str, str]] = {}

    def of(self, version_id: int, question: str, value: str | None, locale: str) -> tuple[str, str]:
        """A question's label, and the labels of the choices in its value."""
        key = (version_id, question, value, locale)
        found = self._found.get(key)
        return self._look(*key) if found is None else found

    def _look(self, version_id: int, question: str, value: str | None, locale: str) -> tuple[str, str]:
        about = self._questions.get((version_id, question, locale))
        if about is None:
            flow = self._flows(version_id)
            asked = flow.by_name.get(question)
            about = self._safe(question_label(flow, question, locale)), asked is not None and asked.choices is not None
            self._questions[version_id, question, locale] = about
        label, chosen = about
        if not chosen:  # whatever people write is not kept in memory
            return label, ""
        if len(self._found) >= _MOST_WORDS:
            self._found.clear()
        found = label, self._safe(value_label(self._flows(version_id), question, value, locale))
        self._found[version_id, question, value, locale] = found
        return found

    def _safe(self, text: str) -> str:
        return harmless(text) if self._neutral else text
