"""What `izwi contacts import` shows: how it reads the columns, what becomes of the rows, and how far it is."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import click

from app.cli.root import fail, say
from app.gateway.contacts.kinds import Kind
from app.gateway.contacts.mapping import GROUPS, LANGUAGE, PHONE, Columns
from app.gateway.contacts.reading import File
from app.gateway.contacts.report import Category, Report

NOBODY_TO_ASK = 3
_EVERY_SECONDS = 0.5
_EVERY_ROWS = 100_000
_CALLED = {Kind.TEXT: "text", Kind.NUMBER: "number", Kind.DATE: "date, day first", Kind.YES_NO: "yes or no"}
_MEANINGS = {PHONE: "phone number", LANGUAGE: "language", GROUPS: "groups"}
_BECOMES = {
    Category.NEW: "new",
    Category.CHANGED: "known already, something changes",
    Category.UNCHANGED: "known already, nothing changes",
    Category.STOPPED: "asked for silence, left as they are",
}
_LEFT_OUT = {
    Category.DUPLICATE: "the same number as a row above",
    Category.NOT_MOBILE: "not a mobile phone",
    Category.INVALID: "no number that can be read",
    Category.BLANK: "blank",
}
_MOST_REASONS = 12


def show_columns(file: File, columns: Columns, known: Mapping[str, Kind]) -> None:
    """Show what each column is read as."""
    headers = f"; its headers are in row {columns.header_row}" if columns.header_row > 1 else ""
    say(f"{file.path.name}: {file.described}{headers}\n")
    width = max(len(each.header) for each in columns.columns)
    for each in columns.columns:
        meaning = _MEANINGS.get(each.meaning) or (f"attribute {each.meaning}" if each.meaning else "left out")
        kind = f" ({_CALLED[known[each.meaning]]})" if each.meaning in known else ""
        why = f": {each.why}" if each.why else ""
        say(f"  {each.header:{width}}  {meaning}{kind}{why}")
    say()


def show_report(report: Report) -> None:
    """Show what becomes of the rows: two sums that leave none out."""
    read = sum(report.counts[each] for each in _BECOMES)
    say(f"{report.rows:10,} rows")
    say(f"{read:10,} have a mobile number" + (f", {report.repaired:,} of them repaired" if report.repaired else ""))
    for category, words in _BECOMES.items():
        if report.counts[category]:
            say(f"{report.counts[category]:14,} {words}")
    for category, words in _LEFT_OUT.items():
        if report.counts[category]:
            say(f"{report.counts[category]:10,} left out: {words}")
    _show_counts("Repaired numbers", report.repairs)
    for category in (Category.INVALID, Category.NOT_MOBILE):
        reasons = {reason: count for (each, reason), count in report.reasons.items() if each is category}
        _show_counts(f"Left out, {_LEFT_OUT[category]}", reasons)
    _show_counts("Values left out; the rest of their rows is taken", report.notes)
    _show_counts("Languages", {name or "none": count for name, count in report.languages.items()})
    _show_rows(report)
    if report.kinds:
        say("\nNew attributes: " + ", ".join(f"{name} ({_CALLED[kind]})" for name, kind in report.kinds.items()))


def _show_counts(title: str, counts: Mapping[str, int]) -> None:
    if not counts:
        return
    say(f"\n{title}")
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    for words, count in ranked[:_MOST_REASONS]:
        say(f"{count:10,} {words}")
    if rest := sum(count for _, count in ranked[_MOST_REASONS:]):
        say(f"{rest:10,} others")


def _show_rows(report: Report) -> None:
    """The first rows that are left out, with their reasons."""
    shown = sorted((each for found in report.examples.values() for each in found), key=lambda each: each.row)
    if shown:
        more = sum(report.counts[each] for each in report.examples) > len(shown)
        say("\nRows that are left out" + (", the first of each kind (--report FILE has them all)" if more else ""))
        for each in shown:
            say(f"  row {each.row}: {each.reason}" + (f" ({each.masked})" if each.masked else ""))


def ask(report: Report) -> None:
    """Ask whether to go on; end if not, or if there is nobody to ask."""
    new, changed = report.counts[Category.NEW], report.counts[Category.CHANGED]
    try:
        agreed = click.confirm(f"\nAdd {new:,} contacts and change {changed:,}?", default=True)
    except click.Abort:
        say()
        fail("Nobody answered, so nothing was imported; --yes imports without asking.", code=NOBODY_TO_ASK)
        return
    if not agreed:
        fail("Nothing was imported.")


@contextmanager
def progress(verb: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Say how far it is: on a terminal in one line, else in a line now and then."""
    live, last = sys.stderr.isatty(), [time.monotonic(), 0.0]

    def step(done: int) -> None:
        of = f" of {total:,}" if total else ""
        if live and time.monotonic() - last[0] > _EVERY_SECONDS:
            last[0] = time.monotonic()
            click.echo(f"\r{done:,}{of} rows {verb} ", nl=False, err=True)
        elif not live and done // _EVERY_ROWS > last[1]:
            last[1] = done // _EVERY_ROWS
            click.echo(f"{done:,}{of} rows {verb}", err=True)

    yield step
    if live:
        click.echo("\r\033[K", nl=False, err=True)
