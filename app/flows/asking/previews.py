"""Every screen of a survey as it will be cut, in each language and on each kind of channel, before anyone is asked.

The engine itself composes them: each question is opened in a run whose earlier answers are samples.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.flows import gsm7
from app.flows.asking.document import Document
from app.flows.asking.engine import advance
from app.flows.asking.showing import MORE
from app.flows.asking.state import Reply, State, Step
from app.flows.flow import Flow, Question
from app.flows.phrases import say
from app.flows.questions.range import Range
from app.values import Medium, Room, RunState

_AT = datetime(2026, 1, 15, 12, 0, 0, tzinfo=UTC)
_SAMPLES = {
    "integer": "25", "decimal": "2.5", "date": "2000-12-25", "time": "14:30:00.000+02:00",
    "dateTime": "2000-12-25T14:30:00.000+02:00", "geopoint": "-17.83 31.05 0 0",
}  # fmt: skip
_SAMPLE_TEXT, _SAMPLE_CHOICE = "Tariro Moyo", "Rudo Ncube"
_CODE = "*384*77#"  # as long as codes are
_SEED = 1
_MOST_PAGES = 200
_MOST_TRIES = 200


@dataclass(frozen=True, slots=True)
class Page:
    """One page: what is on it, how much room it takes, and which of its characters GSM-7 does not have."""

    text: str
    encoding: str
    units: int
    parts: int
    """The SMS that it is billed as."""
    outside: str

    @classmethod
    def of(cls, text: str) -> "Page":
        """Measure a page."""
        encoding, units, parts = gsm7.segments(text)
        return cls(text, encoding, units, parts, gsm7.outside(text))


@dataclass(frozen=True, slots=True)
class Preview:
    """What a question, or the note that ends the survey, looks like in one language on one kind of channel."""

    question: Question | None
    locale: str
    medium: Medium
    pages: tuple[Page, ...]
    notes: tuple[str, ...] = ()
    """Notes that stand above the question."""
    together: tuple[str, ...] = ()
    """The questions that are in this message, where it asks several."""

    @property
    def name(self) -> str:
        """The name of the question; of the end of the survey, that of its last note."""
        return self.question.name if self.question else "".join(self.notes[-1:])


def previews(flow: Flow, rooms: Mapping[Medium, Room]) -> Iterator[Preview]:
    """Yield all screens, language by language in the order of the form."""
    endings = list(_endings(flow))
    opened = [
        (question, notes) for question in flow.questions if question.kind.asked for notes in _notes(flow, question)
    ]
    by_sms = next((each for each in flow.questions if each.sensitive), None)
    for locale in flow.locales:
        for question, notes in opened:
            answers = sample_answers(flow, question, locale)
            for medium, room in rooms.items():
                if question.sensitive and medium is Medium.SMS and question is not by_sms:
                    continue  # one message tells how to dial for all of them
                state = State(_SEED, locale, open=first(flow, question).key, answers=answers, notes=_keys(flow, notes))
                joint = advance(flow, state, Reply(None, room), _AT).state.together if flow.together else ()
                yield Preview(question, locale, medium, _pages(flow, state, room), notes, tuple(joint))
        for how, notes in endings:
            answers = sample_answers(flow, None, locale)
            for medium, room in rooms.items():
                state = State(_SEED, locale, answers=answers, notes=_keys(flow, notes), ended=how)
                yield Preview(None, locale, medium, _pages(flow, state, room), notes)


def sample_answers(flow: Flow, question: Question | None, locale: str) -> dict[str, str]:
    """Answers to all questions before this one; where they filter its choices, those that leave the longest list."""
    before = flow.questions[: question.index] if question else flow.questions
    answers = {first(flow, each).key: _sample(each) for each in before if each.kind.asked and each is not question}
    if question is None or question.choices is None or question.choices.nodeset is None:
        return answers
    best, most = answers, _length(flow, question, answers, locale)
    for read in _deciding(flow, question):
        for choice in (read.choices.choices if read.choices else ())[:_MOST_TRIES]:
            tried = best | {first(flow, read).key: choice.name}
            if (length := _length(flow, question, tried, locale)) > most:
                best, most = tried, length
    return best


def _keys(flow: Flow, names: Sequence[str]) -> list[str]:
    return [first(flow, flow.by_name[name]).key for name in names]


def first(flow: Flow, question: Question) -> Question:
    """A question at its first position."""
    return flow.at(question, ".".join("1" for _ in question.repeats))


def _deciding(flow: Flow, question: Question) -> list[Question]:
    """The select questions before this one that its filter reads."""
    nodeset = question.choices.nodeset if question.choices else None
    paths = nodeset.paths if nodeset else ()
    return [each for each in flow.questions[: question.index] if each.path in paths and each.choices]


def _length(flow: Flow, question: Question, answers: Mapping[str, str], locale: str) -> int:
    choices = Document(flow, State(_SEED, locale, answers=dict(answers)), _AT).choices(first(flow, question))
    return sum(len(choice.lines.get(locale, choice.name)) + 3 for choice in choices)


def _sample(question: Question) -> str:
    if question.choices and question.choices.told is not None:
        # Another one than the sample of a text, so that something is left of a list without those chosen before.
        return _SAMPLE_CHOICE if question.kind.name == "select_one" else "_".join(_SAMPLE_CHOICE.split())
    if question.choices and question.kind.name == "rank":
        return " ".join(choice.name for choice in question.choices.choices)
    if question.choices:
        return question.choices.choices[0].name
    if isinstance(question.kind, Range):
        return question.kind.blanks["least"]
    return question.default or _SAMPLES.get(question.kind.name, _SAMPLE_TEXT)


def _notes(flow: Flow, question: Question) -> Iterator[tuple[str, ...]]:
    """Yield the notes that stand above a question: those that always do, and then with each one that may."""
    between: list[Question] = []
    for each in reversed(flow.questions[: question.index]):
        if each.kind.asked or each.end:
            break
        between.insert(0, each)
    conditions = {expression.source for expression in question.relevant}
    always = [each for each in between if conditions.issuperset(expression.source for expression in each.relevant)]
    yield tuple(each.name for each in always)
    for some in between:
        if some not in always:
            yield tuple(each.name for each in between if each in always or each is some)


def _endings(flow: Flow) -> Iterator[tuple[RunState, tuple[str, ...]]]:
    """Yield how the survey can end: at notes that say so, and after the last question."""
    for question in flow.questions:
        if question.end:
            for notes in _notes(flow, question):
                yield question.end, (*notes, question.name)
    last = max((each.index for each in flow.questions if each.kind.asked or each.end), default=-1)
    rest = tuple(each.name for each in flow.questions[last + 1 :] if not each.silent)
    if last >= 0 and (flow.questions[last].end is None or flow.questions[last].relevant):
        yield RunState.COMPLETED, rest


def _pages(flow: Flow, state: State, room: Room) -> tuple[Page, ...]:
    """Open the question and page on; what the engine does not take as paging is an answer, so the pages are over."""
    step = advance(flow, state, Reply(None, room, code=_CODE), _AT)
    if state.open and room.medium is Medium.USSD and flow.spot(state.open).sensitive:
        step = advance(flow, step.state, Reply("YES", room), _AT)  # she is alone
    texts = [step.screen.text]
    while _goes_on(step) and len(texts) < _MOST_PAGES:
        step = advance(flow, step.state, Reply("MORE", room), _AT)
        if step.events:
            break
        texts.append(step.screen.text)
    return tuple(Page.of(text) for text in texts)


def _goes_on(step: Step) -> bool:
    """Say whether a page has the line that leads to the next one."""
    locale = step.state.locale
    word = say("next", locale)
    lines = {f"{MORE} {word}", f"{say('next_letter', locale)} {word}"}
    return not step.screen.final and not lines.isdisjoint(step.screen.text.split("\n")[-2:])
