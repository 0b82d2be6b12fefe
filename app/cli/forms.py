"""`izwi check`: what a survey will look like, how long it is and what it costs, before anyone is asked."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from app.cli.drawing import table
from app.cli.root import fail, read_settings, say
from app.flows.asking.previews import Preview
from app.flows.review import bill, page
from app.flows.review.check import Report
from app.flows.review.findings import language, verdict
from app.flows.review.tariff import BadTariff, Tariff, read_tariff
from app.gateway import library as shelves
from app.gateway import reviewing
from app.gateway.bringing import File
from app.gateway.reviewing import Lines, Rooms, rooms_of
from app.settings import Settings
from app.values import Medium, Room

_WIDTH = 46


@click.command(short_help="Draw every screen of a survey; find faults; say what it costs")
@click.argument("survey")
@click.option("--json", "as_json", is_flag=True, help="For programs")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write one page to send to a colleague")
@click.option(
    "--tariff", type=click.Path(dir_okay=False, path_type=Path), help="CSV file of prices (see docs/check.md)"
)
@click.option(
    "--channel", type=click.Choice([str(medium) for medium in Medium]), help="Only as a dialled menu, or only by SMS"
)
@click.option("--brief", is_flag=True, help="Only what was found, not the screens")
@click.option("--strict", is_flag=True, help="End with exit status 1 for warnings too")
def check(
    survey: str, as_json: bool, html: Path | None, tariff: Path | None, channel: str | None, brief: bool, strict: bool
) -> None:
    """Check a survey: every screen in every language, what is wrong with it, how long it is and what it costs.

    SURVEY is a file (.xlsx, .xls, .csv, .md, .xml, .zip) or the id of a survey that ships, e.g. leave_no_one_behind.
    The exit status is 1 if it cannot be asked.
    """
    settings = read_settings()
    prices = _prices(tariff or settings.tariff)
    rooms = rooms_of(settings, channel)
    report = reviewing.of_file(_file(survey), rooms)
    lines, how = reviewing.priced(report, settings, prices, rooms, (tariff or settings.tariff or Path()).name)
    if html:
        _write(html, page.page(report, lines, rooms, how))
    if as_json:
        say(json.dumps(_as_json(report, lines), indent=2, ensure_ascii=False))
    else:
        _show(report, rooms, brief=brief or html is not None)
        _show_lengths(report, lines, rooms, how)
        say(f"\n{verdict(report.findings)}" + (f"\nThe page is in {html}." if html else ""))
    severities = {finding.severity for finding in report.findings}
    if "error" in severities or (strict and severities):
        raise SystemExit(1)


def _file(survey: str) -> File:
    """A survey by the path of its file, or by its id among those that ship."""
    path = Path(survey)
    if path.is_file():
        return path
    shipped = {file.name.rsplit(".", 1)[0]: file for file in shelves.shipped()}
    if survey not in shipped:
        fail(f"There is no file {survey}, and no such survey ships with Izwi; there are: {', '.join(sorted(shipped))}.")
    return shipped[survey]


def _prices(file: Path | None) -> Tariff | None:
    if file is None:
        return None
    try:
        return read_tariff(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        fail(f"The tariff {file} cannot be read; docs/check.md says what it looks like.", code=2)
    except BadTariff as error:
        fail(f"The tariff {file} cannot be used: {error}.", code=2)
    return None


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"The page cannot be written to {file} ({error.strerror}).", code=2)


# -- for people -----------------------------------------------------------------------------------------------------


def show(report: Report, settings: Settings, *, brief: bool) -> None:
    """Say what a survey is, draw its screens unless it shall be brief, and list what was found."""
    _show(report, rooms_of(settings), brief=brief)
    say(f"\n{verdict(report.findings)}")


def _show(report: Report, rooms: Rooms, *, brief: bool) -> None:
    flow = report.flow
    if flow:
        asked = sum(question.kind.asked for question in flow.questions)
        names = ", ".join(language(flow, locale) for locale in flow.locales)
        say(f"{flow.title} ({flow.id}, version {flow.version}): {asked} questions in {names}")
        if not brief:
            _show_screens(report, rooms)
    for severity, heading in (("error", "It cannot be asked as it is:"), ("warning", "Worth a look:")):
        found = [finding for finding in report.findings if finding.severity == severity]
        if found:
            say(f"\n{heading}")
        for finding in found:
            say(f"  {finding}")


def _show_lengths(report: Report, lines: Lines, rooms: Rooms, how: str) -> None:
    if report.flow is None:
        return
    heads, rows = page.columns(lines, rooms)
    names = [language(report.flow, line.locale) for line in lines]
    say("\nHow long it is:\n")
    say(table([("language", *heads), *((name, *row) for name, row in zip(names, rows, strict=True))], width=160))
    say(f"\n{how}")


def _show_screens(report: Report, rooms: Rooms) -> None:
    flow, shown = report.flow, ""
    by_key = {(each.locale, each.name, each.notes, each.medium): each for each in report.screens}
    first = next(iter(rooms))
    for screen in report.screens:
        if flow is None or screen.medium is not first:
            continue
        if screen.locale != shown:
            shown = screen.locale
            say(f"\n{'═' * 3} {language(flow, shown)} {'═' * 40}")
        message = by_key.get((screen.locale, screen.name, screen.notes, Medium.SMS))
        for line in _drawn(screen, message, rooms[first]):
            say(line)


def _drawn(screen: Preview, message: Preview | None, room: Room) -> Iterator[str]:
    above = f" below {', '.join(screen.notes)}" if screen.notes and screen.question else ""
    end = "" if screen.question else " (the end)"
    yield f"\n{screen.name or 'the end'}{above}{end if screen.name else ''}"
    for number, each in enumerate(screen.pages, start=1):
        yield "  ┌" + "─" * _WIDTH
        for line in each.text.split("\n"):
            yield f"  │ {line}"
        most = room.septets if each.encoding == "GSM-7" else room.ucs2
        count = f", page {number} of {len(screen.pages)}" if len(screen.pages) > 1 else ""
        yield f"  └ {each.units} of {most} {'septets' if each.encoding == 'GSM-7' else 'characters (UCS-2)'}{count}"
    if message:
        parts, units = sum(each.parts for each in message.pages), sum(each.units for each in message.pages)
        messages = f" in {len(message.pages)} messages" if len(message.pages) > 1 else ""
        encoding = "" if all(each.encoding == "GSM-7" for each in message.pages) else " (UCS-2)"
        joint = f" with {', '.join(message.together[1:])}" if message.together else ""
        if joint:
            yield from (f"    │ {line}" for each in message.pages for line in each.text.split("\n"))
        yield f"    as SMS{joint}: {units} characters{encoding}, {parts} part{'s' * (parts > 1)}{messages}"


# -- for programs ---------------------------------------------------------------------------------------------------


def _as_json(report: Report, lines: Lines) -> dict[str, Any]:
    flow = report.flow
    return {
        "survey": flow and flow.id,
        "version": flow and flow.version,
        "title": flow and flow.title,
        "languages": dict(flow.locales) if flow else {},
        "questions": sum(question.kind.asked for question in flow.questions) if flow else 0,
        "ok": not any(finding.severity == "error" for finding in report.findings),
        "findings": [
            {
                "severity": each.severity, "sheet": each.place.sheet, "row": each.place.row, "name": each.name,
                "language": each.language, "problem": each.problem, "cure": each.cure,
            }
            for each in report.findings
        ],
        "lengths": [_length(each) for each in lines],
        "walkers": report.lengths.walkers if report.lengths else 0,
        "stuck": list(report.lengths.stuck) if report.lengths else [],
        "screens": [
            {
                "name": each.name, "notes": list(each.notes), "end": each.question is None, "language": each.locale,
                "channel": str(each.medium), "parts": sum(page.parts for page in each.pages),
                "pages": [
                    {"text": page.text, "encoding": page.encoding, "units": page.units, "outside": page.outside}
                    for page in each.pages
                ],
            }
            for each in report.screens
        ],
    }  # fmt: skip


def _length(line: bill.Line) -> dict[str, Any]:
    return {
        "language": line.locale, "way": line.which.replace(" ", "_"), "questions": line.way.questions,
        "pages": line.way.pages, "seconds": line.seconds, "sessions": line.sessions, "messages": line.way.messages,
        "parts": line.way.parts,
        "costs": [
            {"operator": operator, "channel": str(medium), "currency": currency, "amount": str(amount)}
            for medium, costs in line.costs.items() for operator, cost in costs.items()
            for currency, amount in cost.items()
        ],
    }  # fmt: skip
