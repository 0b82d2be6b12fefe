"""What a compiled survey is: an immutable `Flow` of questions in document order, with texts in every language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.flows.expressions import Expression
from app.flows.questions.base import QuestionType
from app.flows.questions.metadata import Metadata
from app.values import RunState

# A text with ${values} in it: fixed pieces and expressions, in turn.
Text = tuple[str | Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """One entry of a list. `fixed` keeps its place at the end when the order is random."""

    name: str
    labels: Mapping[str, Text]
    shorts: Mapping[str, Text]
    fixed: bool
    spoken: tuple[str, ...] = ()
    """Its name and labels in every language, folded, by which a typed reply may mean it."""
    lines: Mapping[str, str] = field(default_factory=dict)
    """What stands on the screen in each language, where no answer is part of it."""


@dataclass(frozen=True, slots=True, eq=False)
class ChoiceList:
    """The choices of one question: the whole list, or those that `nodeset` leaves of it now."""

    name: str
    choices: tuple[Choice, ...]
    nodeset: Expression | None = None
    randomize: bool = False
    seed: Expression | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One question, note or calculation of a form, with all that decides whether and how it is asked."""

    index: int
    name: str
    path: str
    kind: QuestionType
    labels: Mapping[str, Text]
    shorts: Mapping[str, Text]
    hint: Mapping[str, Text] = field(default_factory=dict)
    guidance: Mapping[str, Text] = field(default_factory=dict)
    relevant: tuple[Expression, ...] = ()
    constraint: Expression | None = None
    constraint_message: Mapping[str, Text] = field(default_factory=dict)
    required: Expression | bool = False
    required_message: Mapping[str, Text] = field(default_factory=dict)
    choices: ChoiceList | None = None
    default: str = ""
    calculate: Expression | None = None
    end: RunState | None = None
    sets_language: bool = False
    has_hint: bool = False
    silent: bool = False
    """Whether nobody sees it: a value that the form keeps for itself."""
    slot: int = 0
    """Where its element stands in the instance, counted in document order from the root."""


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """A survey as the engine runs it."""

    id: str
    title: str
    version: str
    locales: Mapping[str, str]
    locale: str
    questions: tuple[Question, ...]
    by_name: Mapping[str, Question]
    template: Any
    """The empty primary instance (an lxml element); copied, never changed."""
    calculates: tuple[Question, ...]
    """Calculations in an order in which each comes after those it reads."""
    dependents: Mapping[str, int]
    """For a question that others' relevance, choices or values read: the place of the first such other question."""
    instances: Mapping[str, Any] = field(default_factory=dict)
    kept: tuple[Question, ...] = ()
    """What the form keeps for itself and does not work out: hidden values, and those of `metadata`."""
    metadata: tuple[tuple[Question, Metadata], ...] = ()
    """What a smartphone would fill in by itself."""
