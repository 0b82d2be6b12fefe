"""What a form says about doing no harm: consent, sensitive questions, distress, proxies, and its own words for what Izwi says."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from app.flows.asking import dependencies
from app.flows.flow import Caution, ChoiceList, Margin, Question, Text
from app.flows.phrases import fold, holds
from app.flows.questions.base import QuestionType
from app.flows.reading import margins
from app.flows.reading.faults import Fault, FaultOf, Place
from app.flows.reading.markup import IZWI
from app.flows.reading.model import Model, name_of

# What people are asked to agree to: to take part; to be asked again another time; that their words are published, without
# or with their name; to be told what came of it (Cyber and Data Protection Act ss 10 and 11: consent is for a purpose).
PURPOSES = ("take_part", "contact_again", "story", "story_named", "results")
YES = frozenset({"yes", "OK"})
"""The values that agree: the choice `yes`, or what `acknowledge` stores."""
SAYS = ("info", "exit", "helpline", "safe", "later", "dial_instead", "who", "thank_you")
"""What a form may say in its own words: notes with `izwi:says`."""
_TRUE, _FALSE = frozenset(["yes", "true", "true()", "1"]), frozenset(["no", "false", "false()", "0"])
_MOST_PERSONS = 20


class Care:
    """Reads the marks of questions and of the whole form; what is wrong with one is a fault of its row."""

    def __init__(self, model: Model, fault: FaultOf) -> None:
        self.model, self.fault = model, fault
        self.says: dict[str, Mapping[str, Text]] = {}
        said = {path: self.truth(path, model.mark(path, "sensitive")) for path in model.binds}
        self._said = {path: truth for path, truth in said.items() if truth is not None}
        self._all = model.settings.get("sensitive", "").strip().lower() in _TRUE

    def truth(self, path: str, word: str) -> bool | None:
        """Read yes or no; None where nothing is said."""
        if word and word not in _TRUE | _FALSE:
            self.fault(name_of(path), f"izwi:sensitive is {word!r}", "Write yes or no.")
        return word in _TRUE if word else None

    def marks(self, path: str, kind: QuestionType, choices: ChoiceList | None) -> dict[str, Any]:
        """All that the marks make of a question."""
        sensitive = self.sensitive(path)
        if sensitive and choices is not None and kind.name in {"select_one", "select_multiple"}:
            choices = replace(choices, randomize=True)  # so that a figure that somebody glimpsed means nothing
        return {
            "choices": choices,
            "sensitive": sensitive,
            "consent": self.consent(path, kind, choices),
            "distress": self.distress(path, kind, choices),
            "proxy": self.proxy(path, choices),
            "margin": self.margin(path, kind, choices),
            "hxl": self._of(path, "hxl"),
        }

    def sensitive(self, path: str) -> bool:
        """What a question says, else the nearest group around it that says anything, else the whole form."""
        steps = path.split("/")
        around = ("/".join(steps[:depth]) for depth in range(len(steps), 1, -1))
        return next((self._said[each] for each in around if each in self._said), self._all)

    def consent(self, path: str, kind: QuestionType, choices: ChoiceList | None) -> str:
        """What an answer agrees to."""
        word = self._of(path, "consent")
        if word and (wrong := _wrong_consent(word, kind, choices)):
            self.fault(name_of(path), *wrong)
        return word

    def distress(self, path: str, kind: QuestionType, choices: ChoiceList | None) -> frozenset[str]:
        """The choices, or the words of a text, folded, at which somebody should look after her."""
        listed = [part.strip() for part in self._of(path, "distress").split("|") if part.strip()]
        if not listed:
            return frozenset()
        if choices is None and kind.name != "text":
            self.fault(name_of(path), f"izwi:distress is at a {kind.name}", "Put it at a text, or at a select.")
        self._must_be_choices(path, "distress", listed, choices)
        return frozenset(listed if choices else map(fold, listed))

    def proxy(self, path: str, choices: ChoiceList | None) -> frozenset[str]:
        """The choices by which she says that she answers for somebody else."""
        listed = self._of(path, "proxy").split()
        if listed and choices is None:
            self.fault(name_of(path), "izwi:proxy is at no select_one", "Put it at a select_one, with a choice's name.")
        self._must_be_choices(path, "proxy", listed, choices)
        return frozenset(listed)

    def margin(self, path: str, kind: QuestionType, choices: ChoiceList | None) -> Margin | None:
        """The margin of the population that an answer belongs to."""
        return margins.read(name_of(path), self._of(path, "margin"), kind, choices, self.fault)

    def takes_note(self, path: str, kind: QuestionType, labels: Mapping[str, Text]) -> bool:
        """Take the words of a note that stand for what Izwi says; False where it is an ordinary question."""
        word = self._of(path, "says")
        if not word:
            return False
        if word not in SAYS or kind.name != "note":
            cure = f"Put it at a note, and write one of: {', '.join(SAYS)}."
            self.fault(name_of(path), f"izwi:says is {word!r} at a {kind.name}", cure)
        elif any(not isinstance(piece, str) for text in labels.values() for piece in text):
            self.fault(name_of(path), "it repeats an answer", "Write it without ${…}: it is for everybody.")
        self.says[word] = labels
        return True

    def _must_be_choices(self, path: str, mark: str, listed: Iterable[str], choices: ChoiceList | None) -> None:
        if choices is None or choices.told is not None:
            return
        for name in sorted(set(listed) - {each.name for each in choices.choices}):
            known = ", ".join(each.name for each in choices.choices[:8])
            self.fault(name_of(path), f"izwi:{mark} names {name}, which is no choice", f"Its choices are: {known}.")

    def _of(self, path: str, name: str) -> str:
        bind = self.model.binds.get(path)
        return "" if bind is None else (bind.get(f"{IZWI}{name}") or "").strip()

    # -- the whole form -----------------------------------------------------------------------------------------------

    def caution(self, questions: Iterable[Question], faults: list[Fault]) -> Caution:
        """What the settings say; `faults` takes what is wrong with them."""
        any_sensitive = any(each.sensitive for each in questions)
        by_sms = self._setting("sensitive_by_sms", ("dial", "skip"), faults)
        leave = self._setting("quick_exit", ("yes", "00", "no"), faults) if self._has("quick_exit") else ""
        persons = self.model.settings.get("persons", "").strip() or "1"
        if not persons.isdigit() or not 1 <= int(persons) <= _MOST_PERSONS:
            faults.append(_bad("persons", persons, f"Write how many may answer on one phone: 1 to {_MOST_PERSONS}."))
            persons = "1"
        return Caution(
            sensitive=any_sensitive,
            by_sms=by_sms,
            leave=leave or ("yes" if any_sensitive else "no"),
            persons=int(persons),
            says=self.says,
            unsaid=self.unsaid(),
        )

    def unsaid(self) -> tuple[str, ...]:
        """The words that are in no message."""
        return tuple(filter(None, (fold(each) for each in self.model.settings.get("unsaid", "").split("|"))))

    def check_messages(self, questions: Iterable[Question]) -> None:
        """Refuse what would be sent as a message with a word in it that the form keeps out of them."""
        said = {word: [*texts.values()] for word, texts in self.says.items()}
        said |= {each.name: [*_texts(each)] for each in questions if not each.sensitive}
        for word in self.unsaid():
            for name, texts in said.items():
                pieces = (piece for text in texts for piece in text if isinstance(piece, str))
                if any(holds(piece, word) for piece in pieces):
                    cure = "Write it otherwise, or mark the question: bind::izwi:sensitive = yes."
                    self.fault(name, f"by SMS it would send {word!r}, which izwi:unsaid keeps out of messages", cure)

    def _has(self, name: str) -> bool:
        return bool(self.model.settings.get(name, "").strip())

    def _setting(self, name: str, known: tuple[str, ...], faults: list[Fault]) -> str:
        word = self.model.settings.get(name, "").strip().lower() or known[0]
        if word not in known:
            faults.append(_bad(name, word, f"Write one of: {', '.join(known)}."))
            return known[0]
        return word


def check_echoes(questions: Iterable[Question], fault: FaultOf) -> None:
    """Refuse every text that would repeat the answer to a sensitive question: nothing of it is ever on a screen again."""
    asked = list(questions)
    sensitive = {each.path: each.name for each in asked if each.sensitive}
    for question in asked if sensitive else ():
        for name in sorted({sensitive[path] for path in _shown(question) if path in sensitive}):
            cure = f"Take ${{{name}}} out of its texts and lists; conditions may read it."
            fault(question.name, f"its words repeat the answer to {name}, which is sensitive", cure)


def check_records(questions: Iterable[Question], tag_of: Mapping[str, str], fault: FaultOf) -> None:
    """Refuse a record that would carry a sensitive answer in one SMS."""
    for question in questions:
        if question.sensitive and question.name in tag_of:
            cure = "Take its compact_tag out: it is asked on a dialled menu only."
            fault(question.name, "it is sensitive, and never asked or answered by SMS", cure)


def _shown(question: Question) -> Iterable[str]:
    """The paths of all answers that a question's texts repeat, also by way of calculations."""
    listed = question.choices
    expressions = [listed.told] if listed is not None and listed.told is not None else []
    pieces = [piece for text in _texts(question) for piece in text]
    return dependencies.behind([*expressions, *(piece for piece in pieces if not isinstance(piece, str))])


def _texts(question: Question) -> Iterable[Text]:
    """All that a question may show, in every language."""
    texts = [question.labels, question.shorts, question.hint, question.guidance]
    texts += [question.constraint_message, question.required_message]
    for choice in question.choices.choices if question.choices else ():
        texts += [choice.labels, choice.shorts]
    return [text for each in texts for text in each.values()]


def _bad(name: str, word: str, cure: str) -> Fault:
    return Fault(Place("settings", 2), f"izwi:{name}", f"it is {word!r}", cure)


def _wrong_consent(word: str, kind: QuestionType, choices: ChoiceList | None) -> tuple[str, str] | None:
    """Say what is wrong with `izwi:consent` at a question, and the cure; None where it is right."""
    if word not in PURPOSES:
        return f"izwi:consent is {word!r}", f"Write one of: {', '.join(PURPOSES)}."
    if kind.name == "acknowledge":
        return None
    if kind.name != "select_one" or choices is None:
        return f"izwi:consent is at a {kind.name}", "Ask for consent with a select_one, or with acknowledge."
    names = {each.name for each in choices.choices}
    if "yes" not in names or len(names) < 2:
        cure = "Give the list a choice named yes, and one that refuses; only yes counts as consent."
        return "nobody can tell which choice gives consent", cure
    return None
