"""Writes an ODK expression for libxml2.

Some things differ between the two. Absolute paths mean the form's own instance even inside a predicate over another
instance, so they become paths from the variable ``$doc``; and inside a repeat they mean the same instance of it, so
they become relative there. ``current()`` means the question, ``$here``. Functions that need the time, the language or
the run get it as an argument, for the engine has no clock. Values convert as in JavaRosa: next to a date both sides of
an operator are days, next to a number both are numbers, and a question stands for its value: where a truth is wanted,
an empty one is false, though its element exists.
(W3C XPath 1.0 section 3; ODK XForms specification, "XPath Expressions"; JavaRosa's `TreeReference.contextualize`.)
"""

import re
from collections.abc import Callable, Collection, Container, Sequence

from app.flows.xpath.functions.dates import ESCAPES
from app.flows.xpath.functions.texts import ALGORITHMS, ENCODINGS
from app.flows.xpath.operands import Part, arithmetic, boolean, days, equality, figures, number, order, truth
from app.flows.xpath.paths import Form, Parsed, PathWriter
from app.flows.xpath.signatures import (
    ALL_TRUTHS,
    BOOLEANS,
    CHOOSING,
    DATES,
    EXACT,
    HIDDEN,
    NATIVE_NUMBERS,
    NATIVE_TEXTS,
    NUMBERS,
    NUMERIC,
    OF_ITSELF,
    OF_NODES,
    OURS,
    SITED,
)
from app.flows.xpath.syntax import (
    BadExpression,
    Bracket,
    Call,
    Chain,
    Literal,
    Minus,
    Number,
    Path,
    Step,
    Tree,
    Union,
    read,
)

_PATH = re.compile(r"(?:/[\w.-]+)+/([\w.-]+)")
# What must be known while the form is loaded is written in quotes: where it is kept, and what to say if it is not.
_IN_QUOTES = {
    "instance": ("instances", "instance() needs the name of a choice list in quotes"),
    "jr:choice-name": (
        "named", "jr:choice-name() needs the question in quotes as well: jr:choice-name(${x}, '${x}')"
    ),
}  # fmt: skip
_COUNTING = {"number", "figures", "decimal"}
_EQUAL = {"=", "!="}
_ORDER = {"<", "<=", ">", ">="}


def parse(
    source: str,
    *,
    root: str,
    here: str,
    type_of: Callable[[str], str],
    up: int = 0,
    repeats: Collection[str] = frozenset(),
    paths: Collection[str] = frozenset(),
) -> Parsed:
    """Read `source`, the expression of the node at path `here`, in a form whose root element is named `root`.

    `type_of` tells of an instance path whether it holds a "date", a "number", a "decimal", a "boolean" or anything else.
    `up` is how many steps above the node that it will be worked out at `here` is: a group's relevance is worked out at
    each of its questions. `repeats` are the paths that may be there several times, `paths` all there are, to know what *
    means.
    Raises `BadExpression`.
    """
    found = Parsed("", "")
    tree = read(source)
    part = _Writer(Form(root, type_of, repeats, paths), here, up, found).write(tree)
    if isinstance(tree, Call) and tree.name == "position" and set(found.paths) <= set(repeats):
        found.stands = max(found.near.values(), default=0)
    if "boolean" not in map(type_of, found.paths):  # a truth is compared where it stands, and is no text
        found.gathers = _gathers(tree, found)
    found.text, found.truth = part.text, truth(part)
    found.is_date, found.is_path = part.kind == "date", bool(part.path)
    return found


def _gathers(tree: Tree, found: Parsed) -> tuple[str, ...]:
    match tree:
        case Call("count" | "sum" as name, (Path(None, _, steps),)):
            glue = ""
        case Call("join" as name, (Literal() as literal, Path(None, _, steps))):
            glue = literal.value
        case _:
            return ()
    is_plain = len(found.paths) == 1 and not found.is_ordered and not any(each.predicates for each in steps)
    return (name, found.paths[0], glue) if is_plain else ()


def as_written(source: str, paths: Container[str]) -> str:
    """Write an expression as the author of an XLSForm did: ${name} for the path of a question."""
    named = _PATH.sub(lambda match: f"${{{match[1]}}}" if match[0] in paths else match[0], source)
    return re.sub(r"(?<=\() +| +(?=[]),])| +(?= )", "", named).strip()


class _Writer:
    """Writes values, operators and calls, and has paths written."""

    def __init__(self, form: Form, here: str, up: int, found: Parsed) -> None:
        self.found = found
        self.paths = PathWriter(form, here, up, found, self.write)

    def write(self, tree: Tree) -> Part:
        match tree:
            case Number(text):
                return Part(written := figures(text), "number", exact=written.isdigit())
            case Literal(text):
                return Part(text, literal=tree.value)
            case Chain(first, rest):
                return self.chain(first, rest)
            case Minus(signs, inside):
                return Part(signs + number(self.write(inside)), "number", exact=isinstance(inside, Number))
            case Union(parts):
                return self.union(parts)
            case Bracket(inside):
                part = self.write(inside)
                return Part(f"({part.text})", part.kind, part.path, None, part.nodes, part.many, part.exact)
            case Call():
                return self.call(tree)
            case Path():
                return self.paths.path(tree)

    def chain(self, first: Tree, rest: Sequence[tuple[str, Tree]]) -> Part:
        left = self.write(first)
        for operator, tree in rest:
            right = self.write(tree)
            if operator in {"and", "or"}:
                left = Part(f"{truth(left)} {operator} {truth(right)}", "boolean")
            elif operator in _EQUAL:
                self.note_compared(left, right)
                left = equality(left, operator, right)
            else:
                left = (order if operator in _ORDER else arithmetic)(left, operator, right)
        return left

    def note_compared(self, left: Part, right: Part) -> None:
        for one, other in ((left, right), (right, left)):
            if one.path and other.literal is not None:
                self.found.compared.append((one.path, other.literal))

    def union(self, trees: Sequence[Tree]) -> Part:
        parts = [self.write(tree) for tree in trees]
        if not all(part.nodes for part in parts):
            raise BadExpression("on both sides of | there must be paths")
        nodes = "own" if any(part.nodes == "own" for part in parts) else "other"
        self.found.is_ordered |= nodes == "own"
        return Part(" | ".join(part.text for part in parts), nodes=nodes, many=True)

    # -- calls ----------------------------------------------------------------------------------------------------

    def call(self, tree: Call) -> Part:
        name = tree.name
        self.found.functions.append((name, len(tree.arguments)))
        match name:
            case "current" if not tree.arguments:
                return self.paths.current(())
            case "indexed-repeat":
                return self.indexed_repeat(tree.arguments)
            case "pulldata":
                return self.pulldata(tree.arguments)
            case "position" if not tree.arguments and not self.paths.inside:
                if self.paths.is_repeat(self.paths.here):
                    self.count_only(self.paths.own("", self.paths.here, len(self.paths.here), len(self.paths.here)))
                return self.position(self.paths.itself(), self.paths.here[-1])
            case "position" if len(tree.arguments) == 1 and isinstance(tree.arguments[0], Path):
                path = self.count_only(self.paths.path(tree.arguments[0], this_one=True))
                return self.position(f"({path.text})[1]", path.path.rpartition("/")[2] or "*")
        arguments = [self.write(each) for each in tree.arguments]
        if not arguments and name in OF_ITSELF:
            arguments = [self.paths.path(Path(None, is_absolute=False, steps=(Step("", "."),)))]
        self.note(name, arguments)
        if name == "count" and arguments:
            self.count_only(arguments[0])
        texts = [self.argument(name, place, part, len(arguments)) for place, part in enumerate(arguments)]
        if name == "once":
            self.found.reads_itself = True
            texts.insert(0, self.paths.itself())
        return self.result(name, self.with_hidden(name, texts), arguments)

    def count_only(self, part: Part) -> Part:
        """Keep that of these nodes nothing is read: it matters only how many there are."""
        if part.path:
            self.found.counted.append(part.path)
        return part

    def with_hidden(self, name: str, texts: list[str]) -> str:
        if name in SITED:
            texts = ["$run", self.site(), self.paths.question(), *texts]
        elif name == "property":
            texts = ["$properties", *texts]
        elif name in HIDDEN:
            texts = [*texts, HIDDEN[name]]
        called = "izwi-once" if name == "once" else OURS.get(name, name) if texts else name
        return f"{called}({', '.join(texts)})"

    def site(self) -> str:
        """Write which call this is, and in a predicate at which item: each has a chance of its own."""
        number = len(self.found.functions)
        self.found.is_ordered |= bool(self.paths.inside) and self.paths.base is not None
        return f"concat('{number} ', count(preceding-sibling::*))" if self.paths.inside else f"'{number}'"

    def position(self, node: str, name: str) -> Part:
        """Write the place of a node among those of its name: 0 if there is none. A function of ours would be given a
        copy of an item of other data, without its neighbours."""
        return Part(f"(count({node}/preceding-sibling::{name}) + count({node}))", "number", exact=True)

    def result(self, name: str, text: str, arguments: Sequence[Part]) -> Part:
        """What a call gives."""
        if name in {"instance", "randomize"}:
            return Part(text, nodes=arguments[0].nodes or "other" if arguments else "other", many=True)
        if name in CHOOSING:
            given = arguments[CHOOSING[name] :]
            kinds = {part.kind for part in given}
            kind = "date" if "date" in kinds else "decimal" if kinds <= _COUNTING else ""
            nodes = next((part.nodes for part in given if part.many and part.nodes), "")
            return Part(text, "boolean" if kinds == {"boolean"} else kind, nodes=nodes, many=bool(nodes))
        for kind, names in (("date", DATES), ("number", NUMBERS), ("boolean", BOOLEANS)):
            if name in names:
                return Part(text, kind, exact=name in EXACT)
        return Part(text)

    def argument(self, name: str, place: int, part: Part, count: int) -> str:
        """Write one value of a call, converted to what the function takes."""
        if name in ALL_TRUTHS or (name == "if" and place == 0):
            return truth(part)
        if name in CHOOSING and part.nodes == "own" and not part.many:
            return f"string({part.text})"
        if name.endswith("checklist") and place > 1 and (name == "checklist" or place % 2 == 0):
            return self.factor(part, alone=count == (3 if name == "checklist" else 4))
        if name in NATIVE_NUMBERS or (name == "substring" and place > 0):
            return number(part)
        if part.kind == "date" and name in NUMERIC:
            return days(part)
        if part.kind == "number" and (name in NATIVE_TEXTS or (name == "substring" and place == 0)):
            return f"izwi-string({part.text})"
        return part.text

    def factor(self, part: Part, *, alone: bool) -> str:
        """Write what a checklist counts; a list of nodes that is all there is counts node by node."""
        if not (alone and part.many):
            return boolean(part)
        return f"({part.text})[number(.) != 0]" if part.is_number else part.text

    def note(self, name: str, arguments: Sequence[Part]) -> None:
        """Keep what must be checked once the whole form is known, and check what can be now."""
        last = arguments[-1].literal if arguments else None
        if name in OF_NODES and arguments and not arguments[0].nodes:
            raise BadExpression(f"{name}() needs a list of questions or choices")
        if name in _IN_QUOTES:
            kept, problem = _IN_QUOTES[name]
            if last is None:
                raise BadExpression(problem)
            getattr(self.found, kept).append(last)
        elif last is None:
            self.note_method(name, arguments)
        elif name == "regex":
            self.found.patterns.append(last)
        elif name == "jr:itext":
            self.found.texts.append(last)
        elif name == "selected" and arguments[0].path:
            self.found.compared.append((arguments[0].path, last))
        elif name in {"format-date", "format-date-time"}:
            self.note_format(name, last)
        else:
            self.note_method(name, arguments)

    def note_format(self, name: str, wanted: str) -> None:
        for escape in re.findall(r"%(.?)", wanted.replace("%%", "")):
            if not escape or escape not in ESCAPES:
                known = ", ".join(f"%{each}" for each in ESCAPES)
                raise BadExpression(f"{name}() does not know %{escape}; there are {known}")

    def note_method(self, name: str, arguments: Sequence[Part]) -> None:
        if name != "digest":
            return
        for part, known in zip(arguments[1:], (tuple(ALGORITHMS), ENCODINGS), strict=False):
            value = part.literal
            if value is not None and value.upper().replace("-", "") not in {each.upper() for each in known}:
                raise BadExpression(f"digest() does not know {value}; there are {', '.join(known)}")

    # -- calls that are paths -------------------------------------------------------------------------------------

    def pulldata(self, trees: Sequence[Tree]) -> Part:
        """Write a look-up in a list. The list and its columns are in quotes, so that they can be checked."""
        *names, key = [self.write(tree) for tree in trees] or [Part("")]
        if len(names) == 3 and names[0].literal is None:
            raise BadExpression("pulldata() needs the name of the list in quotes")
        if len(names) == 3:
            name = (names[0].literal or "").removesuffix(".csv")
            self.found.instances.append(name)
            self.found.columns += [(name, each.literal) for each in names[1:] if each.literal is not None]
            names[0] = Part(f"'{name}'")
        return Part(f"pulldata({', '.join(part.text for part in (*names, key))})")

    def indexed_repeat(self, trees: Sequence[Tree]) -> Part:
        """Write the path to a question in chosen instances of repeats around it.

        The chosen ones are picked by a function, not by a predicate, where `..` would mean something else. Repeats
        that nothing is said about are those that the question is in.
        """
        trails = [self.plain(tree) for tree in (*trees[:1], *trees[1::2])]
        indexes = [self.write(tree).text for tree in trees[2::2]]
        if not trails or len(trails) - 1 != len(indexes):
            raise BadExpression("indexed-repeat() takes a question, and one to five repeats, each with a number")
        target, *groups = trails
        chosen: dict[int, str] = {}
        for group, index in zip(groups, indexes, strict=True):
            if target[: len(group)] != group or not self.paths.is_repeat(group) or len(group) == len(target):
                raise BadExpression(f"indexed-repeat(): {group[-1]} is no repeat around {target[-1]}")
            chosen[len(group)] = index
        text = "$doc"
        for depth in range(2, len(target) + 1):
            text = f"{text}/{target[depth - 1]}"
            if depth in chosen:
                text = f"izwi-pick({text}, {chosen[depth]})"
            elif target[:depth] == self.paths.here[:depth] and self.paths.is_repeat(target[:depth]):
                text = f"izwi-pick({text}, {self.position(self.paths.ancestor(depth), target[depth - 1]).text})"
        return self.paths.own(text, target, len(target))

    def plain(self, tree: Tree) -> list[str]:
        """The steps of a path without conditions."""
        part = self.count_only(self.paths.path(tree)) if isinstance(tree, Path) else Part("")
        if not part.path or "[" in part.text:
            raise BadExpression("indexed-repeat() takes a question, and one to five repeats, each with a number")
        return part.path.split("/")[1:]
