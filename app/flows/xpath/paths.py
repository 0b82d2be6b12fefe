"""Writes the paths of an expression: to questions, to other instances of a repeat, and into lists of choices."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from itertools import takewhile

from app.flows.xpath.operands import Part, truth
from app.flows.xpath.syntax import BadExpression, Bracket, Call, Path, Step, Tree

_MOST_INSIDE = 3  # predicates inside predicates: each one multiplies the work by the length of a list


@dataclass(slots=True)
class Parsed:
    """An expression written for libxml2, and what can be told about it before it is ever worked out."""

    text: str
    truth: str
    """The same, where only its truth is wanted."""
    is_date: bool = False
    is_path: bool = False
    reads_itself: bool = False
    """Whether it keeps what its own question has already (`once()`)."""
    paths: list[str] = field(default_factory=list)
    near: dict[str, int] = field(default_factory=dict)
    """For each of them in how many repeats, from the outermost on, it is sure to mean the question's own instance."""
    counted: list[str] = field(default_factory=list)
    """Those of the paths of which it only asks how many there are, or where one stands among them."""
    stands: int = 0
    """Where it is nothing but which instance of a repeat around it the question is in (`position(..)`): of which one."""
    gathers: tuple[str, ...] = ()
    """Where it is nothing but `count()`, `sum()` or `join()` of a plain path: which, of what path, with what between."""
    is_ordered: bool = False
    """Whether it needs all that is in the form, in the form's order."""
    functions: list[tuple[str, int]] = field(default_factory=list)
    """The functions it calls, with the number of arguments."""
    instances: list[str] = field(default_factory=list)
    columns: list[tuple[str, str]] = field(default_factory=list)
    """Columns that pulldata() looks into, each with its list."""
    patterns: list[str] = field(default_factory=list)
    compared: list[tuple[str, str]] = field(default_factory=list)
    """Questions and the fixed values that they are compared with."""
    named: list[str] = field(default_factory=list)
    """Questions whose choices jr:choice-name() looks names up in."""
    texts: list[str] = field(default_factory=list)
    """Keys of texts that jr:itext() looks up."""


@dataclass(frozen=True, slots=True)
class Form:
    """What must be known of a form: the name of its root, its paths, which are repeats, and what they hold."""

    root: str
    type_of: Callable[[str], str]
    repeats: Collection[str] = frozenset()
    paths: Collection[str] = frozenset()


class PathWriter:
    """Writes the paths of one expression. What stands in their predicates may be any expression: `write` writes it.

    `base` is the path that relative ones start from, None in other data; `inside` counts predicates.
    """

    def __init__(self, form: Form, here: str, up: int, found: Parsed, write: Callable[[Tree], Part]) -> None:
        self.form, self.found, self.up, self.write = form, found, up, write
        self.here = here.split("/")[1:]
        self.base: list[str] | None = self.here
        self.inside = 0

    def path(self, tree: Path, *, this_one: bool = False) -> Part:
        """Write a path; `this_one` if a path to a repeat means the instance that the question is in, not all."""
        if tree.start is not None:
            return self.from_start(tree.start, tree.steps)
        if tree.is_absolute:
            return self.absolute(tree.steps, this_one=this_one)
        text = "" if self.inside or not self.up else self.above(0)
        return self.walk(text, self.base, tree.steps, len(self.base or ()), 0 if self.inside else len(self.here))

    def absolute(self, steps: tuple[Step, ...], *, this_one: bool) -> Part:
        if not steps or steps[0].slash == "//":
            raise BadExpression("a path with // is not supported; name the question: ${name}")
        if steps[0].name != self.form.root:
            raise BadExpression(f"a path must start with /{self.form.root}; name the question: ${{name}}")
        if depth := self.shared(steps, this_one=this_one):
            return self.walk(self.ancestor(depth), self.here[:depth], steps[depth:], depth, depth)
        return self.walk("$doc", [self.form.root], (Step("", "", steps[0].predicates), *steps[1:]), 1)

    def from_start(self, start: Call | Bracket, steps: tuple[Step, ...]) -> Part:
        """Read on after a call or a bracket; from other nodes of the form that could lead anywhere unnoticed."""
        if isinstance(start, Call) and start.name == "current":
            return self.current(steps)
        part = self.write(start)
        if part.nodes == "own" and part.path and isinstance(start, Bracket):
            trail = part.path.split("/")[1:]
            return self.walk(part.text, trail, steps, 1 if part.many else len(trail))
        if part.nodes != "other":
            symbol = "[" if steps[0].predicates and not steps[0].name else steps[0].slash
            raise BadExpression(f"{symbol} after a bracket is not supported; name the question: ${{name}}")
        return self.walk(part.text, None, steps, 0)

    def current(self, steps: tuple[Step, ...]) -> Part:
        return self.walk("$here" + "/.." * self.up, self.here, steps, len(self.here), len(self.here))

    # -- where the question is ------------------------------------------------------------------------------------

    def above(self, levels: int) -> str:
        """Go up from the question at hand, or from the group around it that the expression belongs to."""
        return "/".join([".."] * (levels + self.up)) or "."

    def ancestor(self, depth: int) -> str:
        """The node around the question that is as deep as that, the root being 1."""
        climb = len(self.here) - depth
        return "$here" + "/.." * (climb + self.up) if self.inside else self.above(climb)

    def itself(self) -> str:
        """The node that the expression is worked out at."""
        return "." if self.inside else self.above(0)

    def question(self) -> str:
        """The node that the expression belongs to, also from inside a predicate."""
        return self.ancestor(len(self.here))

    def shared(self, steps: tuple[Step, ...], *, this_one: bool) -> int:
        """How deep the innermost repeat is that the question and an absolute path are both in; 0 if there is none.

        The path means the same instance of it, unless it has a predicate that says which one. The repeat itself means
        all its instances, for count(${repeat}) asks for that.
        """
        plain = [step.name for step in takewhile(lambda step: step.is_name and not step.predicates, steps)]
        for depth in range(min(len(plain), len(self.here)), 1, -1):
            same = plain[:depth] == self.here[:depth] and self.is_repeat(plain[:depth])
            if same and (depth < len(steps) or this_one):
                return depth
        return 0

    def is_repeat(self, trail: list[str]) -> bool:
        return "/" + "/".join(trail) in self.form.repeats

    # -- step by step ---------------------------------------------------------------------------------------------

    def walk(self, text: str, trail: list[str] | None, steps: tuple[Step, ...], bound: int, near: int = 0) -> Part:
        """Write steps after `text`. `trail` is the path so far in the form itself, None in other data.

        `bound` is how deep the path is certain to mean one instance of each repeat, `near` how deep the question's own.
        """
        relative, attribute = not text, False
        for step in steps:
            if step.name:
                if trail is not None:
                    trail = self.go(step, trail)
                    bound, near = (min(each, len(trail)) if step.name == ".." else each for each in (bound, near))
                    attribute = step.name.startswith("@")
                # "." after something says nothing; at the start it is the node itself.
                text = text if step.name == "." and text else f"{text}{step.slash or '/' * bool(text)}{step.name}"
            for predicate in step.predicates:
                text += self.predicate(predicate, trail)
        if trail is None:
            return Part(text, nodes="other", many=True, relative=relative and self.inside > 0)
        self.found.is_ordered |= attribute
        return self.own(text, trail, bound, near) if not attribute else Part(f"string({text})")

    def go(self, step: Step, trail: list[str]) -> list[str]:
        """Where one step leads to in the form itself."""
        name = step.name
        if step.slash == "//":
            raise BadExpression("a path with // is not supported; name the question: ${name}")
        if name == "." or (name.startswith("@") and name[1:].isidentifier()):
            return trail
        if name == "..":
            if len(trail) < 2:
                raise BadExpression("the path leads out of the form")
            return trail[:-1]
        if name != "*" and not step.is_name:
            raise BadExpression(f"the path step {name} is not supported; name the question: ${{name}}")
        return [*trail, name]

    def own(self, text: str, trail: list[str], bound: int, near: int = 0) -> Part:
        path = "/" + "/".join(trail)
        many = "*" in trail or any(self.is_repeat(trail[:depth]) for depth in range(bound + 1, len(trail) + 1))
        self.note_paths(self.matching(trail) if "*" in trail else [path], trail[:near])
        self.found.is_ordered |= "*" in trail
        held = "" if "*" in trail else self.form.type_of(path)
        if held == "boolean" and not many:  # it holds 1 or 0, of which the text 0 would be true
            return Part(f"({text} = '1' or {text} = 'true')", held, path)
        kind = {"number": "figures", "boolean": ""}.get(held, held)
        return Part(text, kind, path, nodes="own", many=many)

    def note_paths(self, paths: list[str], near: list[str]) -> None:
        """Keep paths; as far as `near` they mean what the question is in."""
        shared = sum(1 for depth in range(2, len(near) + 1) if self.is_repeat(near[:depth]))
        self.found.paths += paths
        for path in paths:
            self.found.near[path] = min(shared, self.found.near.get(path, shared))

    def matching(self, trail: list[str]) -> list[str]:
        """The paths of the form that a path with * may mean."""
        found = []
        for path in self.form.paths:
            steps = path.split("/")[1:]
            if len(steps) == len(trail) and all(step in {"*", name} for step, name in zip(trail, steps, strict=True)):
                found.append(path)
        return found

    def predicate(self, tree: Tree, trail: list[str] | None) -> str:
        if self.inside == _MOST_INSIDE:
            raise BadExpression("it has too many conditions in square brackets inside each other; use calculates")
        outer, self.base = self.base, trail
        self.inside += 1
        part = self.write(tree)
        self.base = outer
        self.inside -= 1
        return f"[{truth(part) if part.nodes else part.text}]"
