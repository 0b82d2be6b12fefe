"""One change from a version of a survey to another, in plain words, and what it means for the results."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What was changed. The value names it in JSON."""

    TITLE = "title"
    LANGUAGE_ADDED = "language_added"
    LANGUAGE_REMOVED = "language_removed"
    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    MOVED = "moved"
    TYPE = "type"
    LABEL = "label"
    SHORT = "short"
    HINT = "hint"
    GUIDANCE_HINT = "guidance_hint"
    RELEVANT = "relevant"
    RANGE = "range"
    PRECISION = "precision"
    DATE_ORDER = "date_order"
    FILLED_IN = "filled_in"
    CONSTRAINT = "constraint"
    CONSTRAINT_MESSAGE = "constraint_message"
    REQUIRED = "required"
    REQUIRED_MESSAGE = "required_message"
    DEFAULT = "default"
    CALCULATION = "calculation"
    CHOICE_FILTER = "choice_filter"
    RANDOMIZE = "randomize"
    END = "end"
    CHOICE_ADDED = "choice_added"
    CHOICE_REMOVED = "choice_removed"
    CHOICE_RENAMED = "choice_renamed"
    CHOICE_LABEL = "choice_label"
    CHOICE_SHORT = "choice_short"
    CHOICES_MOVED = "choices_moved"
    ROWS = "rows"
    INTO_REPEAT = "into_repeat"
    OUT_OF_REPEAT = "out_of_repeat"
    OTHER_REPEAT = "other_repeat"
    REPEAT_COUNT = "repeat_count"
    PREFIX = "prefix"
    DELIMITER = "delimiter"
    COMPACT_TAG = "compact_tag"
    TOGETHER = "together"


_WHAT = {
    Kind.TITLE: "title", Kind.TYPE: "type", Kind.LABEL: "label", Kind.SHORT: "short label",
    Kind.HINT: "hint", Kind.GUIDANCE_HINT: "guidance hint", Kind.RANGE: "range of numbers", Kind.PRECISION: "precision",
    Kind.DATE_ORDER: "order of dates", Kind.FILLED_IN: "value that is filled in",
    Kind.RELEVANT: "condition (relevant)", Kind.CONSTRAINT: "constraint", Kind.CONSTRAINT_MESSAGE: "constraint message",
    Kind.REQUIRED: "duty to answer (required)", Kind.REQUIRED_MESSAGE: "required message", Kind.DEFAULT: "default",
    Kind.CALCULATION: "calculation", Kind.CHOICE_FILTER: "choice filter", Kind.RANDOMIZE: "random order",
    Kind.END: "end of the survey", Kind.CHOICE_LABEL: "label", Kind.CHOICE_SHORT: "short label",
    Kind.REPEAT_COUNT: "number of times it is asked (repeat_count)", Kind.COMPACT_TAG: "tag in a record (compact_tag)",
    Kind.PREFIX: "prefix of records by SMS", Kind.DELIMITER: "delimiter of records by SMS",
    Kind.TOGETHER: "list of questions in one SMS (field-list)",
}  # fmt: skip
_SENTENCES = {
    Kind.LANGUAGE_ADDED: "the language {after} added",
    Kind.LANGUAGE_REMOVED: "the language {before} removed",
    Kind.ADDED: "added, {after}",
    Kind.REMOVED: "removed, {before}",
    Kind.RENAMED: "renamed, it was {before}",
    Kind.MOVED: "moved, it came {came} and comes {comes} now",
    Kind.CHOICE_ADDED: "the choice {choice} added, “{after}”",
    Kind.CHOICE_REMOVED: "the choice {choice} removed, “{before}”",
    Kind.CHOICE_RENAMED: "the choice {before} renamed to {choice}, “{after}”",
    Kind.CHOICES_MOVED: "the choices come in another order",
    Kind.INTO_REPEAT: "moved into the repeat {after}",
    Kind.OUT_OF_REPEAT: "moved out of the repeat {before}",
    Kind.OTHER_REPEAT: "moved from the repeat {before} to the repeat {after}",
    Kind.ROWS: "other rows: {before} are gone, {after} are new",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `name` is that of the question, the repeat or the list of choices; empty for the survey itself."""

    kind: Kind
    name: str = ""
    choice: str = ""
    language: str = ""
    before: str = ""
    after: str = ""
    questions: tuple[str, ...] = ()
    """The questions that use the list."""
    warning: str = ""
    """Why results of the two versions would no longer line up; empty if they do."""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"

    @property
    def where(self) -> str:
        """The question, or the list with its questions; with the language where that matters."""
        users = ", ".join(self.questions)
        name = f"{self.name} ({users})" if users and users != self.name else self.name or "the survey"
        return f"{name} [{self.language}]" if self.language else name

    @property
    def what(self) -> str:
        """What was changed, in words."""
        if sentence := _SENTENCES.get(self.kind):
            places = {"came": _place(self.before), "comes": _place(self.after)}
            return sentence.format(choice=self.choice, before=self.before, after=self.after, **places)
        before, after = f"“{self.before}”", f"“{self.after}”"
        of = f" of the choice {self.choice}" if self.choice else ""
        what = f"the {_WHAT[self.kind]}{of}"
        if not self.before:
            return f"{what} added, {after}"
        return f"{what} changed from {before} to {after}" if self.after else f"{what} removed, {before}"


def _place(name: str) -> str:
    return f"after {name}" if name else "first"
