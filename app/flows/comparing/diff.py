"""What changed from one version of a survey to another, and where the results of the two would no longer line up.

Results are kept by version, question name and choice name. So a new wording is a change; a new name, a new type or a new
meaning of an old name is a warning.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise

from app.flows.comparing.changes import Change, Kind
from app.flows.comparing.fits import OTHER_ANSWERS, of_fit
from app.flows.comparing.meaning import may_differ, may_differ_at_choice, same_words, words_of
from app.flows.comparing.messages import of_field_lists, of_records, of_tag
from app.flows.comparing.repeating import is_part, of_place, of_repeats, renamed_repeats
from app.flows.comparing.rows import of_rows
from app.flows.flow import Choice, ChoiceList, Flow, Question, Text
from app.flows.xpath.expressions import Expression
from app.flows.xpath.writing import as_written

_MEASURED = frozenset(["integer", "decimal", "range", "date", "time", "dateTime"])
_LISTED = {"select_one": "one choice", "select_multiple": "several choices", "rank": "an order of choices"}
_REMOVED = "it can no longer be chosen, so its share before and after does not compare"
_RANKED = "it takes a place in every order, so places before and after do not compare"


@dataclass(frozen=True, slots=True)
class Diff:
    """All changes, in the order of the new version: the survey, its questions, its repeats, its lists of choices."""

    changes: tuple[Change, ...]

    @property
    def warnings(self) -> tuple[Change, ...]:
        """The changes after which results would no longer line up."""
        return tuple(change for change in self.changes if change.warning)


def diff(before: Flow, after: Flow) -> Diff:
    """Compare two versions of a survey."""
    made = _Differ(before, after)
    return Diff(
        (
            *made.of_survey(),
            *of_records(before, after),
            *made.of_questions(),
            *made.of_repeats(),
            *of_field_lists(before, after, made.old_name),
            *made.of_lists(),
            *of_rows(before, after),
        )
    )


class _Differ:
    """One comparison. Texts are compared in the languages that both versions have."""

    def __init__(self, before: Flow, after: Flow) -> None:
        self.before, self.after = before, after
        self.paths = {each.path for flow in (before, after) for each in flow.questions}
        self.locales = [locale for locale in after.locales if locale in before.locales]
        own = (locale for locale in (after.locale, before.locale) if locale in self.locales)
        self.own = next(own, "")
        """The language by which a meaning is told."""
        self.old, self.new = ([each for each in flow.questions if not is_part(flow, each)] for flow in (before, after))
        self.renamed = self._renamed()
        self.repeats = renamed_repeats(before, after, self.old_name)

    def of_survey(self) -> Iterator[Change]:
        """The title and the languages."""
        yield from _unless_same(Change(Kind.TITLE, before=self.before.title, after=self.after.title))
        for locale, name in self.after.locales.items():
            if locale not in self.before.locales:
                yield Change(Kind.LANGUAGE_ADDED, after=name or locale)
        for locale, name in self.before.locales.items():
            if locale not in self.after.locales:
                yield Change(Kind.LANGUAGE_REMOVED, before=name or locale)

    def old_name(self, name: str) -> str:
        """What a question was called before."""
        return self.renamed.get(name, name)

    # -- questions ----------------------------------------------------------------------------------------------------

    def of_questions(self) -> Iterator[Change]:
        """Questions, notes and calculates: the order of the new version, then what it no longer has."""
        renamed, moved = self.renamed, self.moved()
        for question in self.new:
            old = self.before.by_name.get(self.old_name(question.name))
            if old is None:
                yield Change(Kind.ADDED, question.name, after=self.described(question))
                continue
            if old.name != question.name:
                yield self.rename(old, question)
            if question.name in moved:
                yield moved[question.name]
            yield from of_place(old, question, self.repeats, answered=not _says_only(question))
            yield from of_tag(self.before, old, self.after, question)
            yield from self.of_question(old, question)
        for question in self.old:
            if question.name not in self.after.by_name and question.name not in renamed.values():
                warning = "" if _says_only(question) else "it gets no more answers; those given stay under this name"
                yield Change(Kind.REMOVED, question.name, before=self.described(question), warning=warning)

    def _renamed(self) -> Mapping[str, str]:
        """New name → old name, of questions that are gone under one name and are there under another."""
        gone = [each for each in self.old if each.name not in self.after.by_name]
        found: dict[str, str] = {}
        for question in self.new:
            if question.name in self.before.by_name:
                continue
            old = next((each for each in gone if self.is_same(each, question)), None)
            if old is not None:
                found[question.name] = old.name
                gone.remove(old)
        return found

    def is_same(self, old: Question, new: Question) -> bool:
        """Say whether two questions of other names are one: the same label, or for calculates the same calculation."""
        if old.kind.name != new.kind.name:
            return False
        if new.calculate is not None:
            return self.written(old.calculate) == self.written(new.calculate)
        labels = self.text(old.labels, self.own), self.text(new.labels, self.own)
        return all(labels) and same_words(*labels)

    def rename(self, old: Question, new: Question) -> Change:
        warning = f"answers are kept as {old.name} until now and as {new.name} from then on"
        return Change(Kind.RENAMED, new.name, before=old.name, warning="" if _says_only(new) else warning)

    def moved(self) -> Mapping[str, Change]:
        """Those that are asked at another place among the others; nobody sees where a silent one stands."""
        old, new = (
            [each.name for each in questions if not each.silent and each.name in other.by_name]
            for questions, other in ((self.old, self.after), (self.new, self.before))
        )
        blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
        stayed = {name for block in blocks for name in new[block.b : block.b + block.size]}
        places = [{name: previous for previous, name in pairwise(["", *names])} for names in (old, new)]
        return {
            name: Change(Kind.MOVED, name, before=places[0][name], after=places[1][name])
            for name in new
            if name not in stayed and name in places[0]
        }

    def of_question(self, old: Question, new: Question) -> Iterator[Change]:
        """A question that both versions have."""
        name = new.name
        if old.kind.name != new.kind.name:
            yield Change(Kind.TYPE, name, before=old.kind.name, after=new.kind.name, warning=_type_warning(old, new))
        for locale in self.locales:
            for change in self.of_text(Kind.LABEL, old.labels, new.labels, locale):
                asks = locale == self.own and not _says_only(new) and change.before and change.after
                warned = asks and may_differ(change.before, change.after)
                warning = "the question may ask something else now" if warned else ""
                yield replace(change, name=name, warning=warning)
        yield from self.of_texts(Kind.SHORT, name, old.shorts, new.shorts)
        yield from self.of_texts(Kind.HINT, name, old.hint, new.hint)
        yield from self.of_texts(Kind.GUIDANCE_HINT, name, old.guidance, new.guidance)
        for change in (*self.of_rules(old, new), *of_fit(old, new)):
            yield from _unless_same(change)
        yield from self.of_texts(Kind.CONSTRAINT_MESSAGE, name, old.constraint_message, new.constraint_message)
        yield from self.of_texts(Kind.REQUIRED_MESSAGE, name, old.required_message, new.required_message)

    def of_rules(self, old: Question, new: Question) -> Iterator[Change]:
        """What decides whether and how it is asked, changed or not."""
        name = new.name
        worked_out = "it is worked out in another way: values before and after do not compare"
        other = OTHER_ANSWERS if _MEASURED.issuperset((old.kind.name, new.kind.name)) else ""
        pairs: tuple[tuple[Kind, str, str, str], ...] = (
            (Kind.RELEVANT, self.all_of(old.relevant), self.all_of(new.relevant), ""),
            (Kind.CONSTRAINT, self.written(old.constraint), self.written(new.constraint), other),
            (Kind.REQUIRED, self.written(old.required), self.written(new.required), ""),
            (Kind.DEFAULT, _default(self.before, old), _default(self.after, new), ""),
            (Kind.CALCULATION, self.written(old.calculate), self.written(new.calculate), worked_out),
            (Kind.END, old.end or "", new.end or "", ""),
        )
        for kind, before, after, warning in pairs:
            yield Change(kind, name, before=before, after=after, warning=warning)
        if old.choices and new.choices:
            filters = self.written(old.choices.nodeset), self.written(new.choices.nodeset)
            yield Change(Kind.CHOICE_FILTER, name, before=filters[0], after=filters[1])
            orders = ("yes" if each.choices and each.choices.randomize else "no" for each in (old, new))
            yield Change(Kind.RANDOMIZE, name, before=next(orders), after=next(orders))

    def of_repeats(self) -> Iterator[Change]:
        """What is asked several times, and how often; the words that ask for another one."""
        for change in of_repeats(self.before, self.after, self.repeats, self.written):
            yield from _unless_same(change)
        for repeat in self.after.repeats:
            old = self.before.by_name.get(f"{self.repeats.get(repeat.name, repeat.name)}+")
            new = self.after.by_name.get(repeat.another)
            for change in self.of_texts(Kind.LABEL, repeat.name, old.labels, new.labels) if old and new else ():
                before, after = (each.rpartition("\n")[0] for each in (change.before, change.after))
                yield replace(change, before=before, after=after)

    # -- choices ------------------------------------------------------------------------------------------------------

    def of_lists(self) -> Iterator[Change]:
        """The choices of each list once, with the questions that use it."""
        users: dict[tuple[str, str], list[Question]] = {}
        pairs: dict[tuple[str, str], tuple[ChoiceList, ChoiceList]] = {}
        for question in self.after.questions:
            old = self.before.by_name.get(self.old_name(question.name))
            if old and old.choices and question.choices:
                key = (old.choices.name or old.name, question.choices.name or question.name)
                pairs.setdefault(key, (old.choices, question.choices))
                users.setdefault(key, []).append(question)
        for key, (before, after) in pairs.items():
            names = tuple(each.name for each in users[key])
            ranked = any(each.kind.name == "rank" for each in users[key])
            for change in self.of_choices(before.choices, after.choices):
                if ranked and change.kind is Kind.CHOICE_ADDED:
                    change = replace(change, warning=_RANKED)
                yield replace(change, name=key[1], questions=names)

    def of_choices(self, old: Sequence[Choice], new: Sequence[Choice]) -> Iterator[Change]:
        was, now = ({choice.name: choice for choice in choices} for choices in (old, new))
        gone = {words_of(self.label(self.before, each)): each for each in reversed(old) if each.name not in now}
        had = {locale: self.by_words(old, locale) for locale in self.locales}
        renamed: set[str] = set()
        for choice in new:
            if choice.name in was:
                yield from self.of_choice(was[choice.name], choice, had)
                continue
            label = self.label(self.after, choice)
            same = gone.pop(words_of(label), None)
            if same is None:
                yield Change(Kind.CHOICE_ADDED, choice=choice.name, after=label)
                continue
            renamed.add(same.name)
            warning = f"it is kept as {same.name} until now and as {choice.name} from then on"
            yield Change(Kind.CHOICE_RENAMED, choice=choice.name, before=same.name, after=label, warning=warning)
        for choice in old:
            if choice.name not in now and choice.name not in renamed:
                before = self.label(self.before, choice)
                yield Change(Kind.CHOICE_REMOVED, choice=choice.name, before=before, warning=_REMOVED)
        if [each.name for each in old if each.name in now] != [each.name for each in new if each.name in was]:
            yield Change(Kind.CHOICES_MOVED)

    def of_choice(self, old: Choice, new: Choice, had: Mapping[str, Mapping[tuple[str, ...], str]]) -> Iterator[Change]:
        """A choice that both lists have; a label that another choice had is worst of all."""
        for locale in self.locales:
            for change in self.of_text(Kind.CHOICE_LABEL, old.labels, new.labels, locale):
                other = had[locale].get(words_of(change.after), old.name) if change.after else old.name
                warning = ""
                if other != old.name:
                    warning = f"it has the label now that {other} had"
                elif locale == self.own and change.before and may_differ_at_choice(change.before, change.after):
                    warning = "the same name may mean something else now"
                yield replace(change, choice=new.name, warning=warning)
        for change in self.of_texts(Kind.CHOICE_SHORT, "", old.shorts, new.shorts):
            yield replace(change, choice=new.name)

    def by_words(self, choices: Sequence[Choice], locale: str) -> Mapping[tuple[str, ...], str]:
        """What choices say → the first of them; a list of thousands is compared in one go."""
        texts = ((self.text(each.labels, locale), each.name) for each in reversed(choices))
        return {words_of(text): name for text, name in texts if text}

    # -- words --------------------------------------------------------------------------------------------------------

    def of_texts(self, kind: Kind, name: str, old: Mapping[str, Text], new: Mapping[str, Text]) -> Iterator[Change]:
        for locale in self.locales:
            for change in self.of_text(kind, old, new, locale):
                yield replace(change, name=name)

    def of_text(self, kind: Kind, old: Mapping[str, Text], new: Mapping[str, Text], locale: str) -> Iterator[Change]:
        before, after = self.text(old, locale), self.text(new, locale)
        yield from _unless_same(Change(kind, language=self.language(locale), before=before, after=after))

    def text(self, texts: Mapping[str, Text], locale: str) -> str:
        """A text as the author wrote it."""
        pieces = texts.get(locale, ())
        return "".join(each if isinstance(each, str) else self.written(each) for each in pieces)

    def written(self, rule: Expression | bool | None) -> str:
        """An expression as the author wrote it; nothing for one that is not there."""
        if isinstance(rule, bool):
            return "yes" if rule else "no"
        return as_written(rule.source, self.paths) if rule is not None else ""

    def all_of(self, rules: Sequence[Expression]) -> str:
        written = list(dict.fromkeys(self.written(rule) for rule in rules))
        return written[0] if len(written) == 1 else " and ".join(f"({each})" for each in written)

    def language(self, locale: str) -> str:
        """A language as the form calls it; nothing where there is only one."""
        name = self.after.locales.get(locale) or locale
        return name if len(self.after.locales) > 1 or len(self.before.locales) > 1 else ""

    def described(self, question: Question) -> str:
        flow = self.after if self.after.by_name.get(question.name) is question else self.before
        label = self.text(question.labels, flow.locale) or self.written(question.calculate)
        return f"{question.kind.name} “{label}”" if label else question.kind.name

    def label(self, flow: Flow, choice: Choice) -> str:
        return self.text(choice.labels, flow.locale) or choice.name


def _unless_same(change: Change) -> Iterator[Change]:
    if change.before != change.after:
        yield change


def _says_only(question: Question) -> bool:
    """A note has no answers that could line up."""
    return not question.kind.asked and not question.silent


def _default(flow: Flow, question: Question) -> str:
    """What stands in the form; a `hidden` question is nothing else."""
    return question.default or (_text_at(flow, question.slot) if question.kind.name == "hidden" else "")


def _text_at(flow: Flow, slot: int) -> str:
    return next((each.text or "" for place, each in enumerate(flow.template.iter()) if place == slot), "").strip()


def _type_warning(old: Question, new: Question) -> str:
    before, after = (_LISTED.get(each.kind.name, f"of type {each.kind.name}") for each in (old, new))
    return "" if _says_only(old) and _says_only(new) else f"answers are {before} until now and {after} from then on"
