"""`izwi check`: what a survey will look like before it is asked, and what is wrong with it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from app.cli.root import fail, read_settings, say
from app.flows.check import Finding, Report, language, refused
from app.flows.check import check as look_over
from app.flows.compile import compile_form
from app.flows.faults import FormError
from app.flows.previews import Preview
from app.gateway import library as shelves
from app.gateway.bringing import File, bring
from app.settings import Settings
from app.values import Medium, Room

_WIDTH = 46


@click.command(short_help="Draw every screen of a survey; find faults")
@click.argument("survey")
@click.option("--json", "as_json", is_flag=True, help="For programs")
@click.option("--brief", is_flag=True, help="Only what was found, not the screens")
@click.option("--strict", is_flag=True, help="End with exit status 1 for warnings too")
def check(survey: str, as_json: bool, brief: bool, strict: bool) -> None:
    """Check a survey: every screen in every language, and what is wrong with it.

    SURVEY is a file (.xlsx, .xls, .csv, .md, .xml, .zip) or the id of a survey that ships, e.g. leave_no_one_behind.
    The exit status is 1 if it cannot be asked.
    """
    settings = read_settings()
    report = report_on(_file(survey), settings)
    if as_json:
        say(json.dumps(_as_json(report), indent=2, ensure_ascii=False))
    else:
        show(report, settings, brief=brief)
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


def report_on(file: File, settings: Settings) -> Report:
    """Look a file over, as a survey on the channels of these settings."""
    rooms = {
        Medium.USSD: Room(Medium.USSD, settings.ussd_septets, settings.ussd_ucs2),
        Medium.SMS: Room(Medium.SMS, settings.sms_septets, settings.sms_ucs2),
    }
    try:
        form = bring(file)
        flow = compile_form(form)
    except FormError as error:
        return refused(error.faults)
    return look_over(form, flow, rooms)


# -- for people -----------------------------------------------------------------------------------------------------


def show(report: Report, settings: Settings, *, brief: bool) -> None:
    """Say what a survey is, draw its screens unless it shall be brief, and list what was found."""
    flow = report.flow
    if flow:
        asked = sum(question.kind.asked for question in flow.questions)
        names = ", ".join(language(flow, locale) for locale in flow.locales)
        say(f"{flow.title} ({flow.id}, version {flow.version}): {asked} questions in {names}")
        if not brief:
            _show_screens(report, settings)
    for severity, heading in (("error", "It cannot be asked as it is:"), ("warning", "Worth a look:")):
        found = [finding for finding in report.findings if finding.severity == severity]
        if found:
            say(f"\n{heading}")
        for finding in found:
            say(f"  {finding}")
    say(f"\n{_summary(report.findings)}")


def _summary(findings: tuple[Finding, ...]) -> str:
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    if not findings:
        return "Nothing is wrong: it can be asked as it is."
    counts = [f"{n} {word}{'s' * (n > 1)}" for n, word in ((errors, "error"), (warnings, "warning")) if n]
    return ", ".join(counts) + (": it cannot be asked." if errors else ": it can be asked.")


def _show_screens(report: Report, settings: Settings) -> None:
    flow, shown = report.flow, ""
    by_key = {(each.locale, each.name, each.notes, each.medium): each for each in report.screens}
    for screen in report.screens:
        if flow is None or screen.medium is not Medium.USSD:
            continue
        if screen.locale != shown:
            shown = screen.locale
            say(f"\n{'═' * 3} {language(flow, shown)} {'═' * 40}")
        message = by_key.get((screen.locale, screen.name, screen.notes, Medium.SMS))
        for line in _drawn(screen, message, settings):
            say(line)


def _drawn(screen: Preview, message: Preview | None, settings: Settings) -> Iterator[str]:
    above = f" below {', '.join(screen.notes)}" if screen.notes and screen.question else ""
    end = "" if screen.question else " (the end)"
    yield f"\n{screen.name or 'the end'}{above}{end if screen.name else ''}"
    for number, page in enumerate(screen.pages, start=1):
        yield "  ┌" + "─" * _WIDTH
        for line in page.text.split("\n"):
            yield f"  │ {line}"
        room = settings.ussd_septets if page.encoding == "GSM-7" else settings.ussd_ucs2
        count = f", page {number} of {len(screen.pages)}" if len(screen.pages) > 1 else ""
        yield f"  └ {page.units} of {room} {'septets' if page.encoding == 'GSM-7' else 'characters (UCS-2)'}{count}"
    if message:
        parts, units = sum(page.parts for page in message.pages), sum(page.units for page in message.pages)
        messages = f" in {len(message.pages)} messages" if len(message.pages) > 1 else ""
        encoding = "" if all(page.encoding == "GSM-7" for page in message.pages) else " (UCS-2)"
        joint = f" with {', '.join(message.together[1:])}" if message.together else ""
        if joint:
            yield from (f"    │ {line}" for page in message.pages for line in page.text.split("\n"))
        yield f"    as SMS{joint}: {units} characters{encoding}, {parts} part{'s' * (parts > 1)}{messages}"


# -- for programs ---------------------------------------------------------------------------------------------------


def _as_json(report: Report) -> dict[str, Any]:
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
