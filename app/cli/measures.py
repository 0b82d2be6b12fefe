"""How the documents of `app/reports/missing` look at a terminal, and as rows of a CSV file."""

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from app.cli.drawing import table

HIDDEN = "·"
OTHERS = "all with ·"
_WIDTH = 96
Document = Mapping[str, Any]


class Measure(NamedTuple):
    """A kind of document."""

    lines: Callable[[Document], list[str]]
    columns: Callable[[Document], Sequence[str]]
    rows: Callable[[Document], Iterable[dict[str, Any]]]


# -- coverage ---------------------------------------------------------------------------------------------------------


def _coverage(found: Document) -> list[str]:
    lines = [*_wrapped(found["words"]), *_strange(found)]
    for each in found["tables"]:
        heads = [*each["by"], "respondents", "share", "expected", "ratio", "short"]
        body = [[*(row[name] for name in each["by"]), *_compared(row)] for row in each["rows"]]
        if each["others"]:
            body.append([OTHERS, *[""] * (len(each["by"]) - 1), *_compared(each["others"])])
        unsaid = "" if each["unsaid"] == 0 else f"; {_count(each['unsaid'])} did not say"
        lines += ["", f"{_count(each['respondents'])} respondents{unsaid}", table([heads, *body])]
    return lines


def _compared(row: Mapping[str, Any]) -> list[str]:
    return [
        _count(row["respondents"]), _share(row["share"]), _share(row["expected"]), _plain(row["ratio"]), _count(row["short"])
    ]  # fmt: skip


def _coverage_columns(_: Document) -> Sequence[str]:
    return ("table", "province", "sex", "residence", "age", "respondents", "share", "expected", "ratio", "short")


def _coverage_rows(found: Document) -> Iterable[dict[str, Any]]:
    columns = _coverage_columns(found)
    for each in found["tables"]:
        others = {each["by"][0]: OTHERS, **each["others"]} if each["others"] else None
        for row in (*each["rows"], *([others] if others else ())):
            table_ = {"table": " ".join(each["by"])}
            yield dict.fromkeys(columns) | table_ | {name: row[name] for name in columns if name in row}


COVERAGE = Measure(_coverage, _coverage_columns, _coverage_rows)


# -- weights ----------------------------------------------------------------------------------------------------------

_FIGURES = {
    "respondents": "respondents", "effective": "they count as", "design_effect": "design effect (Kish)",
}  # fmt: skip


def _weights(found: Document) -> list[str]:
    lines = [
        *_wrapped(found["words"]),
        *_strange(found),
        "",
        f"Weighted by {'; '.join(map(', '.join, found['by']))} to {found['population']}",
    ]
    lines += [f"  {words:28} {_plain(found[name])}" for name, words in _FIGURES.items()]
    lines += [f"  {f'did not say {name}':28} {_count(count)}" for name, count in found["unsaid"].items()]
    if found["trimmed"]:
        lines.append(f"  Weights of more than {found['limit']:g} times the median were cut.")
    if found["off"]:
        lines.append(f"  Cutting weights leaves a category {found['off']:.0%} of all away from the population.")
    for each in found["together"]:
        names = ", ".join(map(" ".join, each["categories"]))
        said = f"{', '.join(each['by'])}: too few for weights of their own, so these are weighted as one"
        lines += ["", *_wrapped(f"{said} ({_share(each['share'])} of the population): {names}.")]
    return lines


def _weights_rows(found: Document) -> Iterable[dict[str, Any]]:
    for name in _FIGURES:
        yield {"what": name, "category": "", "figure": found[name]}
    for dimension, count in found["unsaid"].items():
        yield {"what": "unsaid", "category": dimension, "figure": count}
    for each in found["together"]:
        for category in each["categories"]:
            yield {"what": f"together by {' '.join(each['by'])}", "category": " ".join(category), "figure": None}


WEIGHTS = Measure(_weights, lambda _: ("what", "category", "figure"), _weights_rows)


# -- response ---------------------------------------------------------------------------------------------------------


def _response(found: Document) -> list[str]:
    lines = []
    for each in found["sections"]:
        who = f"Broadcast {each['broadcast']}" if each["broadcast"] else "By themselves"
        lines += ["", f"{who}: {_count(each['people'])} people", *_wrapped(" ".join(each["words"]))]
        if each["people"] is None or not each["dispositions"]:
            continue
        body = [[what["code"], what["group"], _count(what["people"]), what["words"]] for what in each["dispositions"]]
        groups = [what["group"] for what in each["dispositions"]]
        several = [group for group in each["groups"] if groups.count(group) > 1]
        body += [["", group, _count(each["groups"][group]), "together"] for group in several]
        lines.append(table([["code", "group", "people", ""], *body]))
        if each["under_way"] != 0:
            some = "Some" if each["under_way"] is None else f"{each['under_way']:,}"
            lines.append(f"{some} are still under way, and count by how far they have got.")
        if each["e"] is not None:
            lines.append(f"e = {each['e']:.3f}")
        lines += [f"  {name:22} {_share(rate)}" for name, rate in each["rates"].items()]
    return lines[1:] or ["Nobody was asked, and nobody came by herself."]


def _response_rows(found: Document) -> Iterable[dict[str, Any]]:
    for each in found["sections"]:
        for what in each["dispositions"]:
            yield {"broadcast": each["broadcast"], "kind": "disposition", "name": what["code"], "group": what["group"],
                   "figure": what["people"]}  # fmt: skip
        for group, people in each["groups"].items():
            yield {"broadcast": each["broadcast"], "kind": "group", "name": group, "group": group, "figure": people}
        figures = ({"e": each["e"]} if each["e"] is not None else {}) | each["rates"]
        for name, figure in figures.items():
            yield {"broadcast": each["broadcast"], "kind": "rate", "name": name, "group": "", "figure": figure}


RESPONSE = Measure(_response, lambda _: ("broadcast", "kind", "name", "group", "figure"), _response_rows)


# -- funnel -----------------------------------------------------------------------------------------------------------

_COUNTS = ("reached", "left")
_CAUSES = ("refused", "screened_out", "stopped", "started_again", "timed_out", "dropped", "expired")


def _funnel(found: Document) -> list[str]:
    lines = []
    for side in found["sides"]:
        name = f"{found['by']} {side['side'] or 'not known'}: " if found["by"] else ""
        lines += ["", f"{name}{_count(side['completed'])} completed, {_count(side['under_way'])} under way"]
        if all(row["left"] is None for row in side["questions"]):
            continue
        causes = [each for each in _CAUSES if any(row["causes"].get(each, 0) != 0 for row in side["questions"])]
        heads = ["question", "to", *(each.replace("_", " ") for each in (*_COUNTS, *causes))]
        body = [
            [
                row["question"],
                "" if row["last"] == row["question"] else row["last"],
                *(_count(row[each]) for each in _COUNTS),
                *(_count(row["causes"][each]) for each in causes),
            ]
            for row in side["questions"]
        ]
        lines.append(table([heads, *body], width=160))
    return lines[1:] or ["Nobody has begun this survey yet."]


def _funnel_rows(found: Document) -> Iterable[dict[str, Any]]:
    for side in found["sides"]:
        for row in side["questions"]:
            counts = {each: row[each] for each in ("question", "last", *_COUNTS)}
            yield {"side": side["side"], **counts, **(row["causes"] or dict.fromkeys(_CAUSES))}


FUNNEL = Measure(_funnel, lambda _: ("side", "question", "last", *_COUNTS, *_CAUSES), _funnel_rows)


# -- all of them ------------------------------------------------------------------------------------------------------


def _strange(found: Document) -> list[str]:
    named = ", ".join(found["not_in_population"])
    return [f"Some answers to {named} are in no category of the population; they count as no answer."] if named else []


def _wrapped(words: str) -> list[str]:
    return textwrap.wrap(words, _WIDTH)


def _count(count: int | None) -> str:
    return HIDDEN if count is None else f"{count:,}"


def _share(share: float | None) -> str:
    return HIDDEN if share is None else f"{share:.1%}"


def _plain(figure: float | None) -> str:
    return HIDDEN if figure is None else f"{figure:,g}" if isinstance(figure, int) else f"{figure:,.2f}"
