"""Compiles XForm XML into an immutable `Flow`, and refuses, with place and cure, what cannot be run."""

from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from app.flows import dependencies, itext
from app.flows.expressions import FUNCTIONS, JAVAROSA, PLACE, Expression, check_functions, text_of
from app.flows.faults import Fault, FormError, Place
from app.flows.flow import Choice, ChoiceList, Flow, Question, Text
from app.flows.load import XF, Form, parse_xml
from app.flows.phrases import fold
from app.flows.questions import QUESTIONS
from app.flows.questions.base import QuestionType
from app.flows.xpath import BadExpression, parse
from app.values import RunState

IZWI = "{urn:izwi:xforms}"
_JR = f"{{{JAVAROSA}}}"
_XHTML = "{http://www.w3.org/1999/xhtml}"
_LAST = frozenset("other none nobody dont_know do_not_know dk prefer_not_to_say refused skip".split())
_CONTROLS = frozenset("input select select1".split())
_IGNORED = frozenset("label hint help value itemset item output".split())


def compile_form(form: Form) -> Flow:
    """Compile a loaded form; raises `FormError` with every fault found."""
    try:
        tree = parse_xml(form.xform)
    except etree.XMLSyntaxError as error:
        raise FormError(
            [Fault(Place("form", error.lineno), "", "it is no well-formed XML", "Export it again.")]
        ) from None
    return _Compiler(tree, form.places).flow()


class _Compiler:
    """One compilation; gathers faults so that a form's author sees all of them at once."""

    def __init__(self, tree: Any, places: Mapping[str, Place]) -> None:
        self.tree, self.places = tree, places
        self.faults: list[Fault] = []
        model = tree.find(f".//{XF}model")
        instances = [] if model is None else model.findall(f"{XF}instance")
        if not instances or not len(instances[0]):
            raise FormError([Fault(Place("form", None), "", "there is no model with an instance", "Is it an XForm?")])
        self.root = _plain(instances[0][0])
        self.slots = {path: slot for slot, (path, _) in enumerate(_walk(self.root))}
        self.instances = {each.get("id"): _numbered(_plain(each)) for each in instances[1:] if len(each)}
        self.binds = {bind.get("nodeset"): bind for bind in tree.iter(f"{XF}bind")}
        self.texts = itext.read(tree)
        self.choices: dict[str, dict[str, Choice]] = {}
        self.questions: list[Question] = []
        self.functions: dict[tuple[str | None, str], Any] = {(None, name): each for name, each in FUNCTIONS.items()}
        self.functions[None, "instance"] = lambda _, name: self.instances_of(text_of(name))
        self.functions[JAVAROSA, "choice-name"] = self.choice_name

    def flow(self) -> Flow:
        """Compile everything and check it."""
        body = self.tree.find(f"{_XHTML}body")
        self.body(body if body is not None else [], ())
        self.calculations()
        self.unseen()
        by_name = {question.name: question for question in self.questions}
        try:
            calculates = dependencies.in_order([q for q in self.questions if q.calculate])
        except dependencies.Circular as error:
            self.fault(error.name, f"its calculation depends on itself ({error})", "Break the circle.")
            calculates = ()
        if self.faults:
            raise FormError(self.faults)
        self.memorable(by_name)
        title = self.tree.findtext(f"{_XHTML}head/{_XHTML}title") or self.root.get("id") or ""
        return Flow(
            id=self.root.get("id") or self.root.tag,
            title=title,
            version=self.root.get("version") or "1",
            locales=self.texts.locales,
            locale=self.texts.default,
            questions=tuple(self.questions),
            by_name=by_name,
            template=self.root,
            calculates=calculates,
            dependents=dependencies.dependents(self.questions),
            instances=self.instances,
        )

    # -- questions ------------------------------------------------------------------------------------------------

    def body(self, parent: Any, relevant: tuple[Expression, ...]) -> None:
        """Walk the controls in document order; relevance is handed down from groups."""
        for control in parent:
            if not isinstance(control.tag, str):
                continue
            tag = etree.QName(control).localname
            path = self.path_of(control)
            if tag == "group":
                own = self.condition(path, "relevant")
                self.body(control, (*relevant, own) if own else relevant)
            elif tag in _CONTROLS:
                self.question(control, tag, path, relevant)
            elif tag not in _IGNORED:
                cure = "Take it out; docs/xlsform.md lists what a basic phone can ask."
                self.fault(_name(path), f"the control <{tag}> is not supported", cure)

    def path_of(self, control: Any) -> str:
        ref = control.get("ref") or control.get("nodeset") or ""
        bind = control.get("bind")
        if bind:
            ref = next((path for path, each in self.binds.items() if each.get("id") == bind), ref)
        return ref if ref.startswith("/") or not ref else f"/{self.root.tag}/{ref}"

    def question(self, control: Any, tag: str, path: str, relevant: tuple[Expression, ...]) -> None:
        name, bind = _name(path), self.binds.get(path)
        if path not in self.slots:
            self.fault(name, f"it asks for {path}, which the instance does not have", "Export the form again.")
            return
        kind = _kind(tag, bind)
        if kind is None:
            data_type = bind.get("type") if bind is not None else ""
            cure = "Use text, integer, decimal, date, select_one, select_multiple or note."
            self.fault(name, f"a question of type {data_type} is not supported", cure)
            return
        own = self.condition(path, "relevant")
        labels, shorts = self.labels(control, path)
        self.questions.append(
            Question(
                index=len(self.questions),
                name=name,
                path=path,
                kind=kind,
                labels=labels,
                shorts=shorts,
                relevant=(*relevant, own) if own else relevant,
                constraint=self.condition(path, "constraint"),
                constraint_message=self.message(path, "constraintMsg"),
                required=self.required(path),
                required_message=self.message(path, "requiredMsg"),
                choices=self.choice_list(control, path) if tag != "input" else None,
                default=(self.element(path).text or "").strip(),
                end=self.end(bind, name),
                sets_language=bind is not None and bind.get(f"{IZWI}role") == "language",
                slot=self.slots[path],
            )
        )

    def calculations(self) -> None:
        """Binds with a calculation and no control are questions that nobody is asked."""
        for path, bind in self.binds.items():
            if not bind.get("calculate") or path not in self.slots:
                continue
            if any(question.path == path for question in self.questions):
                cure = "Make it a calculate, or take the calculation out."
                self.fault(_name(path), "a question that is asked cannot have a calculation yet", cure)
                continue
            calculate = self.expression(bind.get("calculate"), path, "string", "calculation")
            own = self.condition(path, "relevant")
            self.questions.append(
                Question(
                    index=len(self.questions), name=_name(path), path=path, kind=QUESTIONS["calculate"], labels={},
                    shorts={}, relevant=(own,) if own else (), calculate=calculate, slot=self.slots[path],
                )
            )  # fmt: skip

    def unseen(self) -> None:
        """Refuse what would silently be left out: repeats and events that set values."""
        for tag, problem in (("repeat", "repeats are not"), ("setvalue", "setvalue events are not")):
            if self.tree.find(f".//{XF}{tag}") is not None:
                self.faults.append(Fault(Place("form", None), "", f"{problem} supported yet", "Take them out."))

    def memorable(self, by_name: Mapping[str, Question]) -> None:
        """Tell expressions which answers they read; one that reads anything else must be worked out every time."""
        asked = {question.path: question.name for question in by_name.values() if question.kind.asked}
        for question in by_name.values():
            nodeset = question.choices.nodeset if question.choices else None
            for expression in (*question.relevant, nodeset, question.required):
                if isinstance(expression, Expression) and expression.timeless and asked.keys() >= set(expression.paths):
                    expression.reads = tuple(asked[path] for path in expression.paths)
                    expression.memo = {}

    # -- parts of a question --------------------------------------------------------------------------------------

    def end(self, bind: Any, name: str) -> RunState | None:
        word = None if bind is None else bind.get(f"{IZWI}end")
        if word is None:
            return None
        if word not in {RunState.COMPLETED, RunState.DECLINED, RunState.SCREENED_OUT}:
            self.fault(name, f"izwi:end is {word!r}", "Write completed, declined or screened_out.")
            return None
        return RunState(word)

    def required(self, path: str) -> Expression | bool:
        source = self.bind(path, "required")
        if source in {"", "false()"}:
            return False
        if source == "true()":
            return True
        return self.expression(source, path, "boolean", "required") or False

    def condition(self, path: str, attribute: str) -> Expression | None:
        source = self.bind(path, attribute)
        return self.expression(source, path, "boolean", attribute) if source and source != "true()" else None

    def bind(self, path: str, attribute: str) -> str:
        bind = self.binds.get(path)
        return "" if bind is None else (bind.get(attribute) or "").strip()

    def message(self, path: str, attribute: str) -> Mapping[str, Text]:
        bind = self.binds.get(path)
        source = None if bind is None else bind.get(_JR + attribute)
        return {} if not source else self.localized(source, None, path)[0]

    def labels(self, control: Any, path: str) -> tuple[Mapping[str, Text], Mapping[str, Text]]:
        label = control.find(f"{XF}label")
        return ({}, {}) if label is None else self.localized(label.get("ref") or "", label, path)

    def localized(self, ref: str, inline: Any, path: str) -> tuple[Mapping[str, Text], Mapping[str, Text]]:
        """Texts by language, plain and short: from itext where `ref` names one, else from the element or the words."""
        if ref.startswith("jr:itext("):
            key = ref[len("jr:itext(") : -1].strip("'\" ")
            plain, short = self.texts.forms(key)
        else:
            plain, short = ({self.texts.default: inline} if inline is not None else {}), {}
            if ref:
                return {self.texts.default: (ref,)}, {}
        return (
            {locale: self.text(value, path) for locale, value in plain.items()},
            {locale: self.text(value, path) for locale, value in short.items()},
        )

    def text(self, value: Any, path: str) -> Text:
        """Turn an element with `<output>`s into pieces; blank lines and doubled spaces are no use on a small screen."""
        pieces: list[str | Expression] = [value.text or ""]
        for output in value:
            expression = self.expression(output.get("value") or "''", path, "string", "label")
            pieces.extend([expression] if expression else [])
            pieces.append(output.tail or "")
        pieces = [itext.tidy(piece) if isinstance(piece, str) else piece for piece in pieces]
        if isinstance(pieces[0], str):
            pieces[0] = pieces[0].lstrip()
        if isinstance(pieces[-1], str):
            pieces[-1] = pieces[-1].rstrip()
        return tuple(piece for piece in pieces if piece)

    def choice_list(self, control: Any, path: str) -> ChoiceList:
        itemset = control.find(f"{XF}itemset")
        if itemset is None:
            items = [
                self.choice(item.findtext(f"{XF}value") or "", *self.labels(item, path), fixed=False)
                for item in control.findall(f"{XF}item")
            ]
            return ChoiceList("", tuple(items))
        nodeset, randomize, seed = itext.randomized(itemset.get("nodeset") or "")
        name = nodeset.partition("instance(")[2].partition(")")[0].strip("'\" ")
        choices = tuple(self.item(item, path) for instance in self.instances_of(name) for item in instance[0])
        self.choices[path] = {choice.name: choice for choice in choices}
        return ChoiceList(
            name=name,
            choices=choices,
            nodeset=self.expression(nodeset, path, "places", "choice_filter") if "[" in nodeset else None,
            randomize=randomize,
            seed=self.expression(seed, path, "number", "parameters") if seed else None,
        )

    def item(self, item: Any, path: str) -> Choice:
        name = item.findtext("name") or item.findtext("value") or ""
        key = item.findtext("itextId")
        if key:
            plain, short = self.texts.forms(key)
        else:
            plain, short = {self.texts.default: item.find("label")}, {}
        labels = {locale: self.text(value, path) for locale, value in plain.items() if value is not None}
        shorts = {locale: self.text(value, path) for locale, value in short.items()}
        return self.choice(name, labels, shorts, fixed=(item.findtext("fixed") or "").lower() in {"yes", "true", "1"})

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

    # -- expressions ----------------------------------------------------------------------------------------------

    def expression(self, source: str, path: str, want: str, column: str) -> Expression | None:
        try:
            parsed = parse(source, root=self.root.tag, here=path, is_date=self.is_date)
            check_functions(parsed)
            expression = Expression(source, parsed, want, self.functions)
        except BadExpression as error:
            self.fault(_name(path), f"{column}: {error}", f"The expression is: {source.strip()}")
            return None
        for read in expression.paths:
            if read not in self.slots and read != path:
                cure = "Check the spelling of the question it names."
                self.fault(_name(path), f"{column}: there is no {read}", cure)
                return None
        return expression

    def is_date(self, path: str) -> bool:
        return self.bind(path, "type") in {"date", "dateTime"}

    def instances_of(self, name: str) -> list[Any]:
        instance = self.instances.get(name)
        return [] if instance is None else [instance]

    def choice_name(self, _: Any, value: Any, path: Any, locale: str) -> str:
        choice = self.choices.get(text_of(path).strip(), {}).get(text_of(value))
        if choice is None:
            return ""
        text = choice.labels.get(locale) or next(iter(choice.labels.values()))
        return "".join(piece for piece in text if isinstance(piece, str))

    def element(self, path: str) -> Any:
        return next(element for each, element in _walk(self.root) if each == path)

    def fault(self, name: str, problem: str, cure: str) -> None:
        self.faults.append(Fault(self.places.get(name, Place("form", None)), name, problem, cure))


def _kind(tag: str, bind: Any) -> QuestionType | None:
    if tag == "input" and bind is not None and bind.get("readonly") == "true()":
        return QUESTIONS["note"]
    data_type = ((bind.get("type") if bind is not None else "") or "string").rpartition(":")[2]
    return next((k for k in QUESTIONS.values() if k.control == tag and data_type in k.data_types), None)


def _plain(element: Any) -> Any:
    """Copy an instance without namespaces, which XForms expressions do not use, and without the blanks around tags."""
    copy = etree.Element(etree.QName(element).localname, {etree.QName(k).localname: v for k, v in element.items()})
    copy.text = (element.text or "").strip() or None
    for child in element:
        if isinstance(child.tag, str):
            copy.append(_plain(child))
    return copy


def _numbered(instance: Any) -> Any:
    """Give each item of a list its place: libxml2 would copy an element of another document, but not an attribute."""
    for place, item in enumerate(instance[0]):
        item.set(PLACE, str(place))
    return instance


def _walk(element: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    path = f"{path}/{element.tag}"
    yield path, element
    for child in element:
        yield from _walk(child, path)


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]
