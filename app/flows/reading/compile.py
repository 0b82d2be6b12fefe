"""Compiles XForm XML into an immutable `Flow`, and refuses, with place and cure, what cannot be run."""

from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

from app.flows.asking import compact, dependencies, memory, repeats, together
from app.flows.comparing import grouping
from app.flows.flow import Choice, ChoiceList, Flow, Question, Repeat, Text
from app.flows.phrases import fold
from app.flows.questions.base import Accepted, QuestionType
from app.flows.questions.metadata import Metadata
from app.flows.reading import actions, care, consistency, guarding, itemset, itext, kinds, margins, model, unsupported
from app.flows.reading.faults import Fault, FormError, Place
from app.flows.reading.load import Form
from app.flows.reading.markup import IZWI, XF, parse_xml
from app.flows.reading.model import Model, name_of
from app.flows.reading.scope import Scope
from app.flows.reading.sheets import MOST_REPEATS
from app.flows.reading.wording import Wording
from app.flows.xpath.expressions import JAVAROSA, Expression
from app.values import RunState

_JR = f"{{{JAVAROSA}}}"
_XHTML = "{http://www.w3.org/1999/xhtml}"
_LAST = frozenset(["other", "none", "nobody", "dont_know", "do_not_know", "dk", "prefer_not_to_say", "refused", "skip"])
_ENDS = {RunState.COMPLETED, RunState.DECLINED, RunState.SCREENED_OUT}
_IGNORED = frozenset(["label", "hint", "help", "value", "itemset", "item", "output", "setvalue"])


def compile_form(form: Form) -> Flow:
    """Compile a loaded form; raises `FormError` with every fault found."""
    try:
        tree = parse_xml(form.xform)
    except etree.XMLSyntaxError as error:
        raise FormError(
            [Fault(Place("form", error.lineno), "", "it is no well-formed XML", "Export it again.")]
        ) from None
    found = model.read(tree)
    if found is None:
        raise FormError(
            [Fault(Place("form", None), "", "it is no XForm: no model with an instance", "Export it again.")]
        )
    return _Compiler(tree, found, form.places).flow()


class _Compiler:
    """One compilation; gathers faults so that a form's author sees all of them at once."""

    def __init__(self, tree: Any, found: Model, places: Mapping[str, Place]) -> None:
        self.tree, self.model, self.places = tree, found, places
        self.texts = itext.read(tree)
        self.scope = Scope(found, places, self.texts)
        self.fault, self.expression = self.scope.fault, self.scope.expression
        self.wording = Wording(self.scope)
        self.care = care.Care(found, self.scope.fault)
        self.questions: dict[str, Question] = {}
        self.conditions: dict[tuple[str, int], Expression | None] = {}
        self.spans: list[repeats.Span] = []

    def flow(self) -> Flow:
        """Compile everything and check it."""
        root = self.model.root
        self.scope.faults.extend(unsupported.refused_elements(self.tree, self.model, self.places))
        body = self.tree.find(f"{_XHTML}body")
        self.scope.repeats = frozenset(self.model.path(each) for each in self.tree.iter(f"{XF}repeat"))
        self.body(body if body is not None else [])
        asked = len(self.questions)
        self.unasked()
        spans = repeats.built(self.spans, self.model, {span.path: name_of(span.path) for span in self.spans})
        questions = repeats.placed(tuple(self.questions.values()), spans)
        set_by = actions.read(self.tree, self.model, self.scope, {each.path: each for each in questions})
        calculates, bare = consistency.check(self.scope, questions), self.bare(spans)
        written = compact.read(self.model, questions, self.fault)
        care.check_records(questions, written.tag_of if written else {}, self.fault)
        margins.check(questions, self.fault)
        caution = self.care.caution(questions, self.scope.faults)
        guard = guarding.read(self.model, questions, self.fault, self.scope.faults)
        if self.scope.faults:
            raise FormError(self.scope.faults)
        anchors = {each.name: self.anchor(each, spans) for each in spans}
        memory.remember(questions, calculates, actions.targets(set_by), (*bare, *anchors.values()))
        within = repeats.by_slot(self.model.slots, spans)
        dependencies.look_ahead(self.scope.made, calculates, self.model.slots, within)
        dependencies.gather(questions, self.model.slots, within)
        consistency.check_counts(self.scope, anchors.values())
        care.check_echoes(questions, self.fault)
        self.care.check_messages(questions)
        if self.scope.faults:
            raise FormError(self.scope.faults)
        changes = dependencies.Readers(questions, anchors.values()).changes()
        dependents = dependencies.dependents(changes, questions)
        return Flow(
            id=root.get("id") or root.tag,
            title=self.tree.findtext(f"{_XHTML}head/{_XHTML}title") or root.get("id") or "",
            version=root.get("version") or "1",
            locales=self.texts.locales,
            locale=self.texts.default,
            questions=questions,
            by_name={question.name: question for question in questions},
            template=root,
            calculates=calculates,
            dependents=dependents,
            changes=changes,
            instances=self.model.instances,
            kept=tuple(question for question in questions if question.silent and question.calculate is None),
            metadata=tuple((each, each.kind) for each in questions if isinstance(each.kind, Metadata)),
            asks_who=any(each.asks_who for each in self.scope.made)
            or any(isinstance(q.kind, Metadata) for q in questions),
            asked=asked,
            repeats=spans,
            anchors=anchors,
            growing=dependencies.growing(spans),
            inside={
                each.path: "".join(outer.path for outer in repeats.around(each.path, spans)[-1:]) for each in spans
            },
            within=within,
            by_slot={each.slot: each for each in questions if each.kind is not repeats.ANOTHER},
            shape=self.model.shape(),
            bare=bare,
            spelling=self.model.spelling,
            rechecked=tuple(each for each in questions if each.looks_around or isinstance(each.required, Expression)),
            once=tuple(each for each in calculates if each.calculate and each.calculate.reads_itself),
            compact=written,
            caution=caution,
            guard=guard,
            cautious=caution.sensitive or caution.leave != "no",
            together=together.read(self.tree, self.model, questions, dependents, set_by["on_change"]),
            **set_by,
        )

    # -- questions ------------------------------------------------------------------------------------------------

    def body(self, parent: Any) -> None:
        """Walk the controls in document order."""
        for control in parent:
            tag, path = etree.QName(control).localname, self.model.path(control)
            if tag == "group":
                self.body(control)
            elif tag == "repeat":
                self.repeat(control, path)
            elif tag in kinds.CONTROLS:
                self.question(control, tag, path)
            elif tag not in _IGNORED and tag not in unsupported.CONTROLS:
                self.fault(name_of(path), f"the control <{tag}> is not supported", unsupported.SEE_DOCS)

    def question(self, control: Any, tag: str, path: str) -> None:
        name = name_of(path)
        if path not in self.model.slots:
            self.fault(name, f"it asks for {path}, which the instance does not have", "Export the form again.")
            return
        kind = kinds.of_control(self.scope, control, tag, path)
        if kind is None:
            return
        labels, shorts = self.wording.labels(control, path)
        hint, guidance = self.wording.hints(control, path)
        if kind.asked and not labels:
            self.fault(name, "there is no label, so there is nothing to ask", "Write a label.")
        if self.care.takes_note(path, kind, labels):
            return
        choices = self.choice_list(control, path) if tag in kinds.LISTS else None
        constraint = self.condition(path, "constraint")
        if kind.name == "acknowledge":
            choices = kinds.confirmation(self.texts.locales)
        self.add(
            path,
            kind,
            labels=labels,
            shorts=shorts,
            hint=hint,
            guidance=guidance,
            has_hint=bool(hint or guidance) and kind.asked,
            constraint=constraint,
            looks_around=constraint is not None and (not constraint.timeless or set(constraint.paths) != {path}),
            constraint_message=self.wording.message(path, "constraintMsg"),
            required=self.required(path),
            required_message=self.wording.message(path, "requiredMsg"),
            default=self.default(path, kind, choices),
            end=self.end(path, kind),
            sets_language=self.sets_language(path, kind, choices),
            **self.care.marks(path, kind, choices),
        )

    def repeat(self, control: Any, path: str) -> None:
        """Walk the questions of a repeat; where the form does not say how often, the respondent is asked."""
        start = len(self.questions)
        self.body(control)
        if path not in self.model.slots or start == len(self.questions):
            self.fault(name_of(path), "the repeat has no questions", "Put questions into it, or take it out.")
            return
        if sum(path.startswith(f"{other}/") for other in self.scope.repeats) >= MOST_REPEATS:
            self.fault(
                name_of(path), f"more than {MOST_REPEATS} repeats are inside each other", "Ask with fewer levels."
            )
        source = (control.get(f"{_JR}count") or "").strip()
        asks = not source and control.get(f"{_JR}noAddRemove") not in {"true()", "true"}
        if asks:
            around = control.getparent()
            labels, shorts = self.wording.labels(around, path) if etree.QName(around).localname == "group" else ({}, {})
            locales = self.texts.locales
            self.add(
                path, repeats.ANOTHER, name=f"{name_of(path)}+", labels=repeats.asking(labels, locales), required=True,
                shorts=repeats.asking(shorts, locales) if shorts else {}, choices=repeats.yes_no(locales),
            )  # fmt: skip
        count = self.expression(source, path, "number", "repeat_count") if source else None
        self.spans.append(repeats.Span(path, start, len(self.questions), count, asks))

    def anchor(self, repeat: Repeat, spans: Sequence[Repeat]) -> Question:
        """A stand-in for the element of a repeat itself."""
        return self.stand_in(repeat.path, repeat.name, (*repeats.around(repeat.path, spans), repeat))

    def bare(self, spans: Sequence[Repeat]) -> tuple[Question, ...]:
        """Stand-ins for what has a condition of its own and is no question; a record lacks it where it does not hold."""
        taken = self.questions.keys() | {each.path for each in spans}
        return tuple(
            self.stand_in(path, path, repeats.around(path, spans))
            for path in self.model.binds
            if path in self.model.slots and path not in taken and self.model.bind(path, "relevant")
        )

    def stand_in(self, path: str, name: str, within: tuple[Repeat, ...]) -> Question:
        return Question(
            index=0, name=name, path=path, kind=repeats.ANOTHER, labels={}, shorts={},
            relevant=self.relevant(path), slot=self.model.slots[path], repeats=within, key=name,
        )  # fmt: skip

    def unasked(self) -> None:
        """Binds without a control are questions that nobody is asked."""
        for path, question in self.questions.items():
            if question.kind is not repeats.ANOTHER and self.model.bind(path, "calculate"):
                cure = "Make it a calculate, and show its value in another label with ${name}."
                self.fault(name_of(path), "a question that is asked cannot have a calculation", cure)
        for path, kind, source in kinds.unasked(self.scope, self.questions):
            calculate = self.scope.value(source, path, "calculation") if source else None
            margin = self.care.margin(path, kind, None)
            self.add(path, kind, labels={}, shorts={}, calculate=calculate, silent=True, margin=margin)

    def add(self, path: str, kind: QuestionType, name: str = "", **parts: Any) -> None:
        name, slot = name or name_of(path), self.model.slots[path]
        if path in self.questions:
            self.fault(name, "it is asked twice", "Take one of the two out.")
        self.questions[path] = Question(
            index=len(self.questions), name=name, path=path, kind=kind, relevant=self.relevant(path), slot=slot, **parts
        )

    # -- parts of a question --------------------------------------------------------------------------------------

    def default(self, path: str, kind: QuestionType, choices: ChoiceList | None) -> str:
        """A fixed default must be something that the respondent could answer; it is what a skipped question gets."""
        value = (self.model.elements[path].text or "").strip()
        if not value:
            return ""
        if not kind.asked:
            self.fault(name_of(path), "a note cannot have a default", "Write the text into its label.")
        elif choices is not None:
            unknown = set(value.split()) - {choice.name for choice in choices.choices}
            if unknown:
                cure = "Write the name of one of the choices, not its label."
                self.fault(name_of(path), f"the default {', '.join(sorted(unknown))} is no choice", cure)
        elif not isinstance(kind.read(value, ()), Accepted):
            self.fault(name_of(path), f"the default {value} is no {kind.name}", "Write a value that could be answered.")
        return value

    def end(self, path: str, kind: QuestionType) -> RunState | None:
        bind = self.model.binds.get(path)
        word = None if bind is None else bind.get(f"{IZWI}end")
        if word is None:
            return None
        if word not in _ENDS:
            self.fault(name_of(path), f"izwi:end is {word!r}", "Write completed, declined or screened_out.")
            return None
        if kind.asked:
            self.fault(name_of(path), "izwi:end is for notes only", "Put a note after this question, with izwi:end.")
        return RunState(word)

    def sets_language(self, path: str, kind: QuestionType, choices: ChoiceList | None) -> bool:
        bind = self.model.binds.get(path)
        role = None if bind is None else bind.get(f"{IZWI}role")
        if role is None:
            return False
        if role != "language" or kind.name != "select_one" or choices is None:
            cure = "Write language, at a select_one whose choices are the codes of the form's languages."
            self.fault(name_of(path), f"izwi:role is {role!r} at a {kind.name}", cure)
            return False
        for choice in choices.choices:
            if choice.name not in self.texts.locales:
                known = ", ".join(sorted(self.texts.locales))
                self.fault(name_of(path), f"the form has no language {choice.name}", f"Its languages are: {known}.")
        return True

    def required(self, path: str) -> Expression | bool:
        source = self.model.bind(path, "required")
        if source in {"", "false()"}:
            return False
        return source == "true()" or self.expression(source, path, "boolean", "required") or False

    def relevant(self, path: str) -> tuple[Expression, ...]:
        """Conditions of a question and of all groups around it, the outermost first; worked out at the question."""
        steps, found = path.split("/"), []
        for depth in range(2, len(steps) + 1):
            owner, up = "/".join(steps[:depth]), len(steps) - depth
            if (owner, up) not in self.conditions:
                self.conditions[owner, up] = self.condition(owner, "relevant", up)
            if condition := self.conditions[owner, up]:
                found.append(condition)
        return tuple(found)

    def condition(self, path: str, attribute: str, up: int = 0) -> Expression | None:
        source = self.model.bind(path, attribute)
        if not source or source == "true()":
            return None
        return self.expression(source, path, "boolean", attribute, up)

    # -- choices --------------------------------------------------------------------------------------------------

    def choice_list(self, control: Any, path: str) -> ChoiceList:
        element = control.find(f"{XF}itemset")
        if element is not None and itemset.read(element) is None:
            return self.answers(element, path)
        found = ChoiceList("", self.inline_choices(control, path)) if element is None else self.listed(element, path)
        for problem, cure in itemset.wrong(found.choices, found.name) if found.name or element is None else ():
            self.fault(name_of(path), problem, cure)
        self.scope.choices[path] = {choice.name: choice for choice in found.choices}
        return found

    def inline_choices(self, control: Any, path: str) -> tuple[Choice, ...]:
        items = control.findall(f"{XF}item")
        values = [(item.findtext(f"{XF}value") or "").strip() for item in items]
        return tuple(
            self.choice(value, *self.wording.labels(item, path), fixed=False)
            for value, item in zip(values, items, strict=True)
        )

    def listed(self, element: Any, path: str) -> ChoiceList:
        """Compile an itemset; the list has no name if it cannot be used, which is a fault already told."""
        found = itemset.read(element)
        if found is None:
            return ChoiceList("", ())
        nodeset = self.expression(found.nodeset, path, "places", "choice_filter")
        instance = self.model.instances.get(found.name)
        if instance is None:
            return ChoiceList("", ())  # the expression has said so
        choices = []
        for value, label, plain, short, fixed in itemset.items(instance, found, self.texts.forms):
            labels, shorts = self.wording.rendered(plain, short, path)
            if text := itext.tidy(label).strip():
                labels = {self.texts.default: (text,)}
            choices.append(self.choice(value, labels, shorts, fixed=fixed))
        decided = None
        if found.filtered and nodeset:
            filtered = self.scope.without_current(found.nodeset, path)
            decided = grouping.grouped(filtered, instance, choices, lambda read: self.scope.is_text(read, path))
        return ChoiceList(
            name=found.name,
            choices=tuple(choices),
            nodeset=nodeset if found.filtered else None,
            by=self.expression(decided[0], path, "string", "choice_filter") if decided else None,
            groups=decided[1] if decided else {},
            randomize=found.randomize,
            seed=self.expression(found.seed, path, "string", "parameters") if found.seed else None,
        )

    def answers(self, element: Any, path: str) -> ChoiceList:
        """Compile an itemset whose choices are other answers."""
        found = itemset.read_answers(element)
        self.scope.choices[path] = {}
        if found is None:
            cure = "Choose from a list of the choices sheet, or from answers in a repeat: select_one ${name}."
            self.fault(name_of(path), "it is not clear what it chooses from", cure)
            return ChoiceList("", ())
        self.scope.open_lists.add(path)
        return ChoiceList(
            name="",
            choices=(),
            nodeset=self.expression(found.value, path, "texts", "choices"),
            randomize=found.randomize,
            seed=self.expression(found.seed, path, "string", "parameters") if found.seed else None,
            told=self.expression(found.label, path, "texts", "choices"),
        )

    def choice(self, name: str, labels: Mapping[str, Text], shorts: Mapping[str, Text], *, fixed: bool) -> Choice:
        texts = (text for by_locale in (labels, shorts) for text in by_locale.values())
        spoken = (fold(piece) for text in texts for piece in text if isinstance(piece, str) and len(text) == 1)
        return Choice(
            name=name,
            labels=labels or {self.texts.default: (name,)},
            shorts=shorts,
            fixed=fixed or name in _LAST,
            spoken=tuple(dict.fromkeys((fold(name), *spoken))),
            lines=self.lines(labels or {self.texts.default: (name,)}, shorts),
        )

    def lines(self, labels: Mapping[str, Text], shorts: Mapping[str, Text]) -> Mapping[str, str]:
        """What stands on the screen in each language, where no answer is part of it."""
        fallback = labels.get(self.texts.default) or next(iter(labels.values()))
        texts = {locale: shorts.get(locale) or labels.get(locale) or fallback for locale in self.texts.locales}
        pieces = {locale: text[0] for locale, text in texts.items() if len(text) == 1}
        return {locale: piece for locale, piece in pieces.items() if isinstance(piece, str)}
