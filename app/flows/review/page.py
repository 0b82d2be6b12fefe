"""What a check found as one page to send to a colleague: every screen drawn, no script, nothing from elsewhere."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from itertools import groupby
from urllib.parse import quote

from app.flows.asking.previews import Page, Preview
from app.flows.flow import Flow, Question
from app.flows.review import bill
from app.flows.review.check import Report
from app.flows.review.findings import Finding, language, verdict
from app.values import Medium, Room

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(report: Report, lines: Sequence[bill.Line], rooms: Mapping[Medium, Room], how: str) -> str:
    """Write the whole page. `how` says how times and costs were worked out."""
    flow = report.flow
    title = flow.title if flow else "A survey that cannot be asked"
    style = (files("app.flows.review") / "page.css").read_text(encoding="utf-8")
    body = [*_head(report, title), *_findings(report), *(_lengths(flow, lines, rooms, how) if flow else ())]
    if flow:
        body += _questions(flow, report, rooms)
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">',
            '<meta name="referrer" content="no-referrer"><meta name="robots" content="noindex">',
            f"<title>{escape(title)}: izwi check</title>",
            f"<style>\n{style}</style></head>",
            "<body>",
            *body,
            "</body></html>\n",
        ]
    )


def _head(report: Report, title: str) -> Iterator[str]:
    severities = {finding.severity for finding in report.findings}
    worst = "error" if "error" in severities else "warning" if severities else ""
    yield f"<h1>{escape(title)}</h1>"
    if flow := report.flow:
        asked = sum(question.kind.asked for question in flow.questions)
        names = ", ".join(language(flow, locale) for locale in flow.locales)
        about = f"{flow.id}, version {flow.version}: {asked} questions in {names}"
        yield f'<p class="soft">{escape(about)}</p>'
    yield f'<p class="verdict {worst}">{escape(verdict(report.findings))}</p>'


# -- what was found -------------------------------------------------------------------------------------------------


def _findings(report: Report) -> Iterator[str]:
    for severity, heading in (("error", "It cannot be asked as it is"), ("warning", "Worth a look")):
        found = [finding for finding in report.findings if finding.severity == severity]
        if found:
            yield f'<h2 id="{severity}s">{heading}</h2>\n<ul class="findings">'
            yield from (_finding(each, report.flow) for each in found)
            yield "</ul>"


def _finding(finding: Finding, flow: Flow | None) -> str:
    row = f", row {finding.place.row}" if finding.place.row else ""
    where = escape(f"{finding.place.sheet}{row}" + (f", {finding.name}" if finding.name else ""))
    if flow and finding.name in flow.by_name and flow.by_name[finding.name].kind.asked:
        where = f'<a href="#{_anchor(finding.name)}">{where}</a>'
    return f'<li class="{finding.severity}"><span class="where">{where}</span>{_said(finding)}</li>'


def _said(finding: Finding) -> str:
    spoken = f" [{finding.language}]" if finding.language else ""
    return escape(f"{spoken} {finding.problem}.") + f" <small>{escape(finding.cure)}</small>"


# -- how long it is -------------------------------------------------------------------------------------------------


def _lengths(flow: Flow, lines: Sequence[bill.Line], rooms: Mapping[Medium, Room], how: str) -> Iterator[str]:
    heads, rows = columns(lines, rooms)
    yield '<h2 id="length">How long it is</h2>\n<div class="wide"><table><thead><tr>'
    yield "".join(f'<th scope="col">{escape(head)}</th>' for head in ("language", *heads))
    yield "</tr></thead><tbody>"
    for line, cells in zip(lines, rows, strict=True):
        words = "".join(
            f'<td data-head="{escape(head)}">{escape(cell)}</td>' for head, cell in zip(heads, cells, strict=True)
        )
        yield f'<tr><th scope="row">{escape(language(flow, line.locale))}</th>{words}</tr>'
    yield f'</tbody></table></div>\n<p class="soft">{escape(how)}</p>'


def columns(lines: Iterable[bill.Line], media: Iterable[Medium]) -> tuple[list[str], list[list[str]]]:
    """The table of lengths: the heads of its columns, and a row of cells for each line, without the language."""
    channels, kept = set(media), list(lines)
    heads, rows = ["", "questions"], [[line.which, str(line.way.questions)] for line in kept]
    if Medium.USSD in channels:
        heads += ["pages", "minutes", "sessions"]
        for row, line in zip(rows, kept, strict=True):
            row += [str(line.way.pages), str(line.minutes), f"about {line.sessions}"]
    if Medium.SMS in channels:
        heads += ["messages", "SMS parts"]
        for row, line in zip(rows, kept, strict=True):
            row += [str(line.way.messages), str(line.way.parts)]
    for medium in Medium:
        if any(line.costs.get(medium) for line in kept):
            heads.append(f"cost {medium.upper()}")
            for row, line in zip(rows, kept, strict=True):
                row.append(bill.span(line.costs.get(medium, {})))
    return heads, rows


# -- every screen ---------------------------------------------------------------------------------------------------


def _questions(flow: Flow, report: Report, rooms: Mapping[Medium, Room]) -> Iterator[str]:
    yield '<h2 id="questions">Every screen</h2>'
    by_question: dict[str, list[Preview]] = {}
    for screen in report.screens:
        by_question.setdefault(screen.question.name if screen.question else "", []).append(screen)
    found: dict[str, list[Finding]] = {}
    for finding in report.findings:
        found.setdefault(finding.name, []).append(finding)
    for question in flow.questions:
        if question.name in by_question:
            yield from _question(flow, question, by_question[question.name], found.get(question.name, ()), rooms)
    if "" in by_question:
        yield '<article class="question" id="the-end"><header><h3>The end</h3></header>'
        yield from _variants(flow, by_question[""], rooms)
        yield "</article>"


def _question(
    flow: Flow, question: Question, screens: Sequence[Preview], found: Iterable[Finding], rooms: Mapping[Medium, Room]
) -> Iterator[str]:
    needed = "required" if question.required is True else ""
    about = ", ".join(filter(None, (question.kind.name, needed)))
    yield f'<article class="question" id="{escape(f"q-{question.name}")}">'
    yield f'<header><h3>{escape(question.name)}</h3><span class="soft">{escape(about)}</span></header>'
    if told := list(found):
        yield '<ul class="findings">'
        yield from (f'<li class="{each.severity}">{_said(each)}</li>' for each in told)
        yield "</ul>"
    yield from _variants(flow, screens, rooms)
    yield "</article>"


def _variants(flow: Flow, screens: Sequence[Preview], rooms: Mapping[Medium, Room]) -> Iterator[str]:
    """A question once for each way that notes may stand above it."""
    for notes, some in groupby(sorted(screens, key=lambda each: each.notes), key=lambda each: each.notes):
        if notes:
            above = "With the note" if len(notes) == 1 else "With the notes"
            yield f'<p class="soft">{above} {escape(", ".join(notes))}</p>'
        yield '<div class="languages">'
        drawn = list(some)
        for locale in flow.locales:
            yield f"<section><h4>{escape(language(flow, locale))}</h4>"
            yield f'<div class="screens" lang="{escape(locale)}">'
            for screen in drawn:
                if screen.locale == locale:
                    yield from _drawn(screen, rooms[screen.medium])
            yield "</div></section>"
        yield "</div>"


def _drawn(screen: Preview, room: Room) -> Iterator[str]:
    for number, each in enumerate(screen.pages, start=1):
        kind = "phone" if screen.medium is Medium.USSD else "sms"
        told = _room(each, room) if screen.medium is Medium.USSD else _parts(each)
        of = f", page {number} of {len(screen.pages)}" if len(screen.pages) > 1 else ""
        caption = f'<figcaption lang="en">{escape(told + of)}</figcaption>'
        yield f'<figure class="{kind}"><p class="shown">{_marked(each)}</p>{caption}</figure>'


def _room(shown: Page, room: Room) -> str:
    narrow = shown.encoding == "GSM-7"
    return f"{shown.units} of {room.septets if narrow else room.ucs2} {'septets' if narrow else 'characters (UCS-2)'}"


def _parts(shown: Page) -> str:
    wide = "" if shown.encoding == "GSM-7" else " (UCS-2)"
    return f"SMS: {shown.units} characters{wide}, {shown.parts} part{'s' * (shown.parts > 1)}"


def _marked(shown: Page) -> str:
    """The text, with a mark on every character that GSM-7 does not have."""
    pieces = (f"<mark>{escape(each)}</mark>" if each in shown.outside else escape(each) for each in shown.text)
    return "".join(pieces) if shown.outside else escape(shown.text)


def _anchor(name: str) -> str:
    return escape(quote(f"q-{name}"))
