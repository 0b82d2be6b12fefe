"""What a compiled survey is: an immutable `Flow` of questions in document order, with texts in every language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.flows.guard import Guard
from app.flows.phrases import fold, say
from app.flows.questions.base import QuestionType
from app.flows.questions.metadata import Metadata
from app.flows.spelling import Spelling
from app.flows.xpath.expressions import Expression
from app.values import RunState

_MOST_SPOTS = 20_000

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


def answer_as_choice(name: str, label: str, locales: Iterable[str]) -> Choice:
    """A choice that is an answer to another question: the same words in every language."""
    labels = dict.fromkeys(locales, (label,))
    return Choice(name, labels, {}, fixed=False, spoken=(fold(label), fold(name)), lines=dict.fromkeys(locales, label))


@dataclass(frozen=True, slots=True, eq=False)
class ChoiceList:
    """The choices of one question: the whole list, or those that `nodeset` leaves of it now."""

    name: str
    choices: tuple[Choice, ...]
    nodeset: Expression | None = None
    by: Expression | None = None
    """Where the filter only compares a column with one answer: that answer; `groups` has the choices for each value."""
    groups: Mapping[str, tuple[Choice, ...]] = field(default_factory=dict)
    randomize: bool = False
    seed: Expression | None = None
    told: Expression | None = None
    """Where the choices are other answers, which `nodeset` gives: what they are called on the screen."""


@dataclass(frozen=True, slots=True, eq=False)
class Repeat:
    """Questions that are asked several times, such as those about each member of a household."""

    name: str
    path: str
    slot: int
    size: int
    """How many elements of the instance belong to it."""
    start: int
    end: int
    """The places of its first question, and of the one after its last: `Add another?`, where the respondent decides."""
    count: Expression | None
    asks: bool
    """Whether she is asked for another one."""
    template: Any

    @property
    def another(self) -> str:
        """The name of the question whether there is another one."""
        return f"{self.name}+"


@dataclass(frozen=True, slots=True, eq=False)
class Action:
    """A value that the form sets when something happens (XForms `setvalue`)."""

    target: str
    """The name of the question whose value it is."""
    value: Expression | None
    """None empties it."""


@dataclass(frozen=True, slots=True, eq=False)
class Compact:
    """How a record is written as one SMS (ODK XForms specification, "Compact Record Representation")."""

    prefix: str
    """The word that a record begins with."""
    delimiter: str
    tags: Mapping[str, str]
    """Tag, folded → the name of its question; empty where nobody is asked."""
    tag_of: Mapping[str, str]
    """The name of a question → its tag."""


@dataclass(frozen=True, slots=True, eq=False)
class Caution:
    """What a form does so that no answer harms who gave it."""

    sensitive: bool = False
    """Whether any question is sensitive."""
    by_sms: str = "dial"
    """What becomes of sensitive questions in an SMS conversation: `dial` offers the code, `skip` passes them over."""
    leave: str = "no"
    """How she leaves at once: `yes` by 0 and 0, or 00; `00` by that alone; `no`."""
    persons: int = 1
    """How many people may answer on one phone."""
    says: Mapping[str, Mapping[str, Text]] = field(default_factory=dict)
    """The form's own words for what Izwi says: phrase → language → text."""
    unsaid: tuple[str, ...] = ()
    """Words that are in no message, folded: they tell whoever reads a phone what it was used for."""


@dataclass(frozen=True, slots=True, eq=False)
class Margin:
    """That a question says where a respondent belongs in the population, e.g. by sex."""

    dimension: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    """What choices are called in the figures of the population, where that is not their name."""

    def category(self, value: str) -> str:
        """What a value is called in the figures of the population."""
        return self.renamed.get(value, value)


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
    looks_around: bool = False
    """Whether the constraint reads anything but the answer itself, so that it may no longer hold later."""
    constraint_message: Mapping[str, Text] = field(default_factory=dict)
    required: Expression | bool = False
    required_message: Mapping[str, Text] = field(default_factory=dict)
    choices: ChoiceList | None = None
    default: str = ""
    calculate: Expression | None = None
    end: RunState | None = None
    sets_language: bool = False
    consent: str = ""
    """What the answer agrees to or refuses; empty: it is no question for consent."""
    sensitive: bool = False
    """Whether nothing of it may be in a message or be seen a second time."""
    distress: frozenset[str] = frozenset()
    """Choices, or words of a text, at which somebody should look after her."""
    proxy: frozenset[str] = frozenset()
    """Choices by which she says that she answers for somebody else."""
    margin: Margin | None = None
    hxl: str = ""
    """Its tag of the Humanitarian Exchange Language, for exports."""
    has_hint: bool = False
    silent: bool = False
    """Whether nobody sees it: a value that the form keeps for itself."""
    slot: int = 0
    """Where its element stands in the instance, counted in document order from the root."""
    repeats: tuple[Repeat, ...] = ()
    """The repeats that it is in, the outermost first."""
    position: str = ""
    """Which instance of them is meant: 2.1 is the first inner one of the second outer one."""
    key: str = ""
    """What its answer is kept under: its name, and its position in square brackets where it has one."""

    def chosen(self, value: str) -> list[str]:
        """The names of the choices that a value stands for; one that is another answer may have blanks in it."""
        return [value] * bool(value) if self.kind.name == "select_one" else value.split()


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What becomes another when an answer does, or when there are more or fewer instances of a repeat.

    Each with a depth: of that many repeats, from the outermost on, only the instances that the change was in are meant.
    """

    asked: tuple[tuple[int, int], ...]
    """Places of questions that it may open, close or narrow."""
    calculates: tuple[tuple[Question, int], ...]
    repeats: tuple[tuple[Repeat, int], ...]
    """Repeats that may have more or fewer instances."""


NO_CHANGE = Change((), (), ())


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
    dependents: Mapping[str, tuple[int, ...]]
    """For a question that others' relevance or choices read, also through calculations: the places of those others."""
    changes: Mapping[str, Change] = field(default_factory=dict)
    """What an answer changes, by the name of its question; and the number of instances of a repeat, by its path."""
    instances: Mapping[str, Any] = field(default_factory=dict)
    kept: tuple[Question, ...] = ()
    """What the form keeps for itself and does not work out: hidden values, and those of `metadata`."""
    metadata: tuple[tuple[Question, Metadata], ...] = ()
    """What a smartphone would fill in by itself."""
    asks_who: bool = False
    """Whether it wants a name of the respondent or of her phone; it gets her pseudonym."""
    asked: int = 0
    """How many of the questions are there to be seen; those after them are silent."""
    repeats: tuple[Repeat, ...] = ()
    """All repeats, outer ones before those inside them."""
    anchors: Mapping[str, "Question"] = field(default_factory=dict)
    """For each repeat a stand-in for its own element, at which its conditions are worked out."""
    growing: frozenset[str] = frozenset()
    """Repeats whose count reads what is inside them: there is one more as long as the one before says so."""
    inside: Mapping[str, str] = field(default_factory=dict)
    """For the path of each repeat: that of the one around it, or an empty text."""
    within: tuple[tuple[Repeat, ...], ...] = ()
    """For each element of the instance: the repeats that it is in, or is itself, the outermost first."""
    by_slot: Mapping[int, "Question"] = field(default_factory=dict)
    """The questions by the place of their element."""
    shape: tuple[tuple[int, str, str | None], ...] = ()
    """For each element of the instance: the place of its parent, its name, and the value that the form gives it."""
    at_start: tuple[Action, ...] = ()
    on_new: Mapping[str, tuple[Action, ...]] = field(default_factory=dict)
    """What a new instance of a repeat sets, by the repeat's name."""
    on_change: Mapping[str, tuple[Action, ...]] = field(default_factory=dict)
    """What a new answer sets, by its question's name."""
    once: tuple[Question, ...] = ()
    """Calculations that keep the value they first had."""
    rechecked: tuple[Question, ...] = ()
    """What is looked at once more before the end: answers that later ones may make impossible, or leave wanting."""
    compact: Compact | None = None
    together: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For each question that is asked together with others in one SMS: all of them, by name."""
    bare: tuple[Question, ...] = ()
    """Stand-ins for what has a condition of its own and is no question: groups, and what nobody is asked. Their name is
    their path."""
    spelling: Spelling | None = None
    """The names of the instance as the form writes them, where they have namespaces."""
    caution: Caution = Caution()
    guard: Guard = field(default_factory=Guard)
    cautious: bool = False
    """Whether a reply may mean something that no question asks: to leave at once, or that it is safe to go on."""
    spots: dict[str, Question] = field(default_factory=dict)
    """Questions at positions in repeats, as far as they were needed."""

    def wording(self, texts: Mapping[str, Text], locale: str) -> Text:
        """A text in a language; in the form's first one where it has none in that."""
        return texts.get(locale) or texts.get(self.locale) or next(iter(texts.values()), ())

    def says(self, key: str, locale: str) -> str:
        """What Izwi says, in the form's own words where it has some."""
        if own := self.caution.says.get(key):
            return "".join(piece for piece in self.wording(own, locale) if isinstance(piece, str))
        return say(key, locale)

    def spot(self, key: str) -> Question:
        """The question that an answer is kept under, at its position."""
        found = self.by_name.get(key) or self.spots.get(key)
        if found is None:
            name, position = place_of(key)
            found = self.at(self.by_name[name], position)
        return found

    def at(self, question: Question, position: str) -> Question:
        """A question at a position."""
        if not position:
            return question
        key = f"{question.name}[{position}]"
        found = self.spots.get(key)
        if found is None:
            found = replace(question, position=position, key=key)
            if len(self.spots) < _MOST_SPOTS:
                self.spots[key] = found
        return found

    def itself(self, repeat: Repeat, position: str) -> Question:
        """The stand-in for an instance of a repeat, at its position."""
        key = key_of(repeat.path, position)  # a path: a question may have the name of a repeat
        found = self.spots.get(key)
        if found is None:
            found = replace(self.anchors[repeat.name], position=position, key=key)
            if len(self.spots) < _MOST_SPOTS:
                self.spots[key] = found
        return found


def plain(text: Text) -> str:
    """The words of a text; a value that stands in them is written as its place, `…`."""
    return "".join(piece if isinstance(piece, str) else "…" for piece in text)


def key_of(name: str, position: str) -> str:
    """What the answer of a question at a position is kept under."""
    return f"{name}[{position}]" if position else name


def place_of(key: str) -> tuple[str, str]:
    """The name and the position that a key stands for."""
    if not key.endswith("]"):
        return key, ""
    name, _, position = key.partition("[")
    return name, position[:-1]
