"""A checker of finished records that knows the form's XForm and the ODK XForms specification, and not how records are made.

`problems` compares a record with the model: its paths, their order, what may be repeated, the types of values, the
metadata. `out_of_place` asks the engine anew what is relevant. `walk` is a respondent who says what chance tells her.
"""

import random
import re
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from lxml import etree

from app.flows.asking.document import Document
from app.flows.asking.engine import advance
from app.flows.asking.record import write
from app.flows.asking.repeats import ANOTHER
from app.flows.asking.state import Ended, Reply, State
from app.flows.flow import Flow, Question
from app.values import SMS_ROOM, USSD_ROOM

AT = datetime(2026, 11, 23, 12, 0, tzinfo=ZoneInfo("Africa/Harare"))
XF, JR = "{http://www.w3.org/2002/xforms}", "{http://openrosa.org/javarosa}"
_ZONE = r"(?:Z|[+-]\d{2}:\d{2})"
_DATE, _TIME = r"\d{4}-\d{2}-\d{2}", r"\d{2}:\d{2}:\d{2}\.\d{3}" + _ZONE
_VALUES: Mapping[str, str] = {
    "int": r"-?\d+", "integer": r"-?\d+", "decimal": r"-?\d+(\.\d+)?", "date": _DATE, "time": _TIME,
    "dateTime": f"{_DATE}T{_TIME}", "geopoint": r"-?[\d.]+ -?[\d.]+ -?[\d.]+ -?[\d.]+", "binary": r"",
}  # fmt: skip


class XForm:
    """What an XForm says of its records."""

    def __init__(self, xform: bytes) -> None:
        tree = etree.fromstring(xform)
        self.model = tree.find(f".//{XF}model")
        self.root = self.model.find(f"{XF}instance")[0]
        self.repeats = {self.path(each.get("nodeset")) for each in tree.iter(f"{XF}repeat")}
        self.binds = {self.path(each.get("nodeset")): each for each in tree.iter(f"{XF}bind")}
        lists = {each.get("id"): each for each in self.model.findall(f"{XF}instance")[1:]}
        self.choices: dict[str, set[str]] = {}
        for control in (*tree.iter(f"{XF}select1"), *tree.iter(f"{XF}select"), *tree.iter("{*}rank")):
            itemset = control.find(f"{XF}itemset")
            if itemset is not None and (found := re.match(r".*?instance\('([^']+)'\)", itemset.get("nodeset"))):
                value = itemset.find(f"{XF}value").get("ref")
                items = lists[found[1]].iter("{*}item")
                self.choices[self.path(control.get("ref"))] = {item.findtext(f"{{*}}{value}") for item in items}

    def path(self, ref: str) -> str:
        return re.sub(r"[\w.-]+:(?=[\w.-])", "", ref.strip())

    def type_of(self, path: str) -> str:
        bind = self.binds.get(path)
        return (bind.get("type") or "string").rpartition(":")[2] if bind is not None else "string"


def problems(form: XForm, record: str, uid: str) -> Iterator[str]:
    """Yield what is wrong with a record, by the form alone."""
    root = etree.fromstring(record)
    template = f"{JR}template"
    if dict(root.attrib) != {key: value for key, value in form.root.attrib.items() if key != template}:
        yield f"the root has {dict(root.attrib)}"
    yield from _walked(form, root, form.root, f"/{_name(root)}")
    named = [each.text for each in root.findall("{*}meta/{*}instanceID")]
    if named != [f"uuid:{uid}"] or str(uuid.UUID(uid)) != uid:
        yield f"instanceID is {named}"
    if re.search(r"(?<![\d.])\+?263\d{9}(?!\d)", record):
        yield "there is a phone number"


def _walked(form: XForm, element: Any, pattern: Any, path: str) -> Iterator[str]:
    if element.tag != pattern.tag.removeprefix(XF):
        yield f"{path} is written {element.tag}"
    if not len(pattern):
        yield from _value(form, element, path)
        return
    if (element.text or "").strip():
        yield f"{path} has a text beside its elements"
    order = list({_name(each): each for each in reversed(pattern)}.values())[::-1]
    names, last, seen = [_name(each) for each in order], -1, set()
    for child in element:
        name = _name(child)
        where = f"{path}/{name}"
        if name not in names:
            yield f"{where} is not in the model"
            continue
        place = names.index(name)
        if place < last:
            yield f"{where} is out of order"
        if name in seen and where not in form.repeats:
            yield f"{where} is there twice"
        last = place
        seen.add(name)
        yield from _walked(form, child, order[place], where)


def _value(form: XForm, element: Any, path: str) -> Iterator[str]:
    if len(element):
        yield f"{path} has elements"
    value, kind = element.text or "", form.type_of(path)
    if kind in _VALUES and value and not re.fullmatch(_VALUES[kind], value):
        yield f"{path} is no {kind}: {value}"
    if value == "NaN":
        yield f"{path} is NaN"
    if path in form.choices and not form.choices[path].issuperset(value.split(" ") if value else ()):
        yield f"{path} has what is no choice: {value}"


def out_of_place(flow: Flow, state: State, record: str) -> Iterator[str]:
    """Yield where a record has what is not relevant, lacks what is, or has another value than the run."""
    root, document = _plain(etree.fromstring(record)), Document(flow, state, AT)
    expected: dict[str, tuple[Question, str]] = {}
    for question in flow.questions:
        if question.kind is ANOTHER:
            continue
        for spot in document.spots(question):
            if document.relevant(spot):
                expected[_place(spot)] = spot, state.answers.get(spot.key, "")
    names = {each.path for each in flow.questions if each.kind is not ANOTHER}
    there = {
        place: each
        for each in root.iter()
        if (place := re.sub(r"\[1\](?=\[)", "", _place_of(flow, each))) and re.sub(r"\[\d+\]", "", place) in names
    }
    yield from (f"{each} is not relevant" for each in there.keys() - expected.keys())
    yield from (f"{each} is missing" for each in expected.keys() - there.keys())
    for place in expected.keys() & there.keys():
        spot, value = expected[place]
        if spot.kind.asked and value and (there[place].text or "") != value:
            yield f"{place} is {there[place].text}, not {value}"
    for repeat in flow.repeats:
        yield from _counted(flow, document, root, repeat)


def _counted(flow: Flow, document: Document, root: Any, repeat: Any) -> Iterator[str]:
    outside = flow.inside[repeat.path]
    parents = root.findall("." + _below(outside)) if outside else [root]
    for parent in parents:
        position = ".".join(re.findall(r"\[(\d+)\]", _place_of(flow, parent)))
        place = repeat.path.removeprefix(outside or f"/{root.tag}").strip("/")
        found, wanted = len(parent.findall(place)), document.count(repeat, position)
        if found != wanted and (
            found or document.relevant(flow.at(flow.anchors[repeat.name], f"{position}.1".strip(".")))
        ):
            yield f"{repeat.name} is there {found} times, not {wanted}"


def _below(path: str) -> str:
    return "/" + path.strip("/").partition("/")[2]


def _place(spot: Question) -> str:
    """The path of a question with the numbers of the instances that it is in."""
    place, numbers = spot.path, spot.position.split(".") if spot.position else []
    for repeat, number in reversed(list(zip(spot.repeats, numbers, strict=True))):
        place = f"{repeat.path}[{number}]" + place.removeprefix(repeat.path)
    return place


def _place_of(flow: Flow, element: Any) -> str:
    repeats = {each.path for each in flow.repeats}
    steps, path = [], _path(element)
    while element is not None:
        number = 1 + sum(1 for _ in element.itersiblings(element.tag, preceding=True))
        steps.append(f"{element.tag}[{number}]" if path in repeats else element.tag)
        element, path = element.getparent(), path.rpartition("/")[0]
    return "/" + "/".join(reversed(steps))


def _path(element: Any) -> str:
    return "/" + "/".join(reversed([element.tag, *(each.tag for each in element.iterancestors())]))


def _name(element: Any) -> str:
    return etree.QName(element).localname


def _plain(root: Any) -> Any:
    for element in root.iter():
        element.tag = _name(element)
    return root


# -- respondents ----------------------------------------------------------------------------------------------------


class Walked(NamedTuple):
    """A run that came to its end."""

    state: State
    record: str
    how: str


def walk(flow: Flow, seed: int) -> Walked | None:
    """Let a respondent answer, skip, go back and talk nonsense; None where she found no end."""
    chance = random.Random(seed)
    uid = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    state = State(seed, chance.choice(list(flow.locales)), uid=uid, who="r" * 10)
    words = None
    for turn in range(600):
        room = USSD_ROOM if flow.caution.sensitive else SMS_ROOM
        step = advance(flow, State.loads(state.dumps()), Reply(words, room), AT)
        state = step.state
        for event in step.events:
            if isinstance(event, Ended):
                return Walked(state, write(flow, state, AT), event.state)
        words = _said(flow, state, chance, steady=turn > 120)
    return None


_WORDS = ("Tendai", "Chipo & Rudo", "<b>Gutu</b>", "a", "x", "Mutare", "NaN?", "Gweru ]]>", "Ñandú")


def _said(flow: Flow, state: State, chance: random.Random, *, steady: bool) -> str:
    question = flow.spot(state.open)
    luck = chance.random()
    if question.sensitive and not state.safe:
        return "1"  # she is alone
    if not steady and luck < 0.06:
        return chance.choice(["BACK", "?", "MORE", "", "xyzzy 12"])
    if luck > 0.9:
        return "SKIP"
    if question.kind is ANOTHER:
        return "2" if steady or chance.random() < 0.45 else "1"
    if question.choices is not None:
        return _chosen(flow, state, question, chance)
    minutes, day = chance.randint(10, 59), f"{chance.randint(1, 28)}/{chance.randint(1, 12)}"
    return {
        "integer": str(chance.choice([0, 1, 2, 3, 5, 18, 30])),
        "decimal": f"{chance.randint(0, 99)}.{chance.randint(0, 9)}",
        "range": str(chance.randint(0, 10)),
        "date": f"{day}/{chance.randint(1950, 2026)}",
        "time": f"{chance.randint(0, 23)}:{minutes}",
        "geopoint": f"-17.{chance.randint(0, 99)} 31.05",
        "dateTime": f"25/12/{chance.randint(1990, 2025)} 14:{minutes}",
    }.get(question.kind.name, chance.choice(_WORDS))


def _chosen(flow: Flow, state: State, question: Question, chance: random.Random) -> str:
    count = len(Document(flow, state, AT).choices(question))
    numbers = [str(each) for each in range(1, count + 1)]
    if question.kind.name == "rank":
        chance.shuffle(numbers)
        return " ".join(numbers)
    if question.kind.name == "select_multiple":
        return " ".join(chance.sample(numbers, chance.randint(1, min(3, count))))
    return numbers[0] if chance.random() < 0.4 else chance.choice(numbers)
