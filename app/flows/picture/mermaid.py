"""The picture of a survey's way as text for Mermaid, which many editors and wikis draw."""

from collections.abc import Iterator, Sequence

from app.flows.picture.outline import Item, Kind, Part, items
from app.flows.picture.plan import END, Sort, plan

_SHAPES = {Kind.QUESTION: ("[", "]"), Kind.NOTE: ("(", ")"), Kind.ENDING: ("([", "])")}


def text(parts: Sequence[Part]) -> str:
    """Write it."""
    return "\n".join(["flowchart TD", *_lines(parts)]) + "\n"


def _lines(parts: Sequence[Part]) -> Iterator[str]:
    drawn = plan(parts)
    names = {box.id: f"n{place}" for place, box in enumerate(drawn.boxes)}
    names |= {dot: f"m{place}" for place, dot in enumerate(drawn.dots)}
    for item in items(parts):
        left, right = _SHAPES[item.kind]
        yield f'  {names[item.name]}{left}"{_said(item)}"{right}'
    if END in names:
        yield f'  {names[END]}(["{END}"])'
    for dot in drawn.dots:
        yield f'  {names[dot]}((" "))'
    yield from _groups(parts, names, "  ")
    for line in drawn.lines:
        arrow = "-.->" if line.sort in {Sort.PASS, Sort.AGAIN} else "-->"
        label = f'|"{_plain(line.condition)}"|' if line.condition else ""
        yield f"  {names[line.source]} {arrow}{label} {names[line.target]}"


def _groups(parts: Sequence[Part], names: dict[str, str], indent: str) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Item):
            continue
        if not part.name:
            yield from _groups(part.parts, names, indent)
            continue
        first = names[next(items(part.parts)).name]
        title = f"{part.name} ↻" if part.is_repeat else part.name
        yield f'{indent}subgraph g{first}["{_plain(title)}"]'
        yield from (f"{indent}  {names[each.name]}" for each in part.parts if isinstance(each, Item))
        yield from _groups(part.parts, names, indent + "  ")
        yield f"{indent}end"


def _said(item: Item) -> str:
    return _plain(f"{item.name}: {item.words}" if item.words else item.name)


def _plain(text: str) -> str:
    """Mermaid ends a text at a quote, and takes # for the beginning of a character's number."""
    return text.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")
