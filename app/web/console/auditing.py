"""/audit: what was done by whom, with filters in the address; and whether anybody has touched what is written of it."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response, StreamingResponse

from app.access import Permission
from app.gateway.refusals import NotPossible
from app.reports.lines import moment, write_csv
from app.store import audit
from app.store.audit import Entry, Head, Wanted
from app.web.allowing import needs
from app.web.console.office import Office, asker_of
from app.web.console.rendering import go, moment_of, words_of
from app.web.console.tasks import Task

_READS = needs(Permission.READ_AUDIT)
_ON_A_PAGE, _AT_ONCE = 50, 2_000
_COLUMNS = ("number", "at", "actor", "role", "action", "subject", "reason")
Text = Annotated[str, Query(max_length=128)]


def routes(office: Office) -> APIRouter:
    """The routes."""
    router, desk = APIRouter(), office.desk

    def wanted(since: str, until: str, actor: str, action: str) -> Wanted:
        first, last = moment_of(since, desk.zone), moment_of(until, desk.zone)
        until_end = last + timedelta(days=1) if last is not None and "T" not in until else last  # that day is meant too
        return Wanted(_utc(first), _utc(until_end), actor.strip(), action.strip())

    @router.get("/audit", dependencies=[_READS])
    def show(
        request: Request,
        since: Text = "",
        until: Text = "",
        actor: Text = "",
        action: Text = "",
        before: int | None = None,
        format: Text = "",
    ) -> Response:
        """What was done, the newest first."""
        which, typed = (
            wanted(since, until, actor, action),
            {"since": since, "until": until, "actor": actor, "action": action},
        )
        if format == "csv":
            return _file(office, which)
        rows = desk.database.read(lambda _: audit.latest(_, which, before=before, count=_ON_A_PAGE + 1))
        actors, actions = desk.database.read(audit.named)
        asked = {name: value for name, value in typed.items() if value}
        older = urlencode(asked | {"before": rows[-2].number}) if len(rows) > _ON_A_PAGE else ""
        shown: dict[str, Any] = {"rows": rows[:_ON_A_PAGE], "actors": actors, "actions": actions, "older": older}
        shown |= {"typed": typed, "newest": before is None, "filtered": bool(asked), "query": urlencode(asked)}
        return office.page(request, "audit", **shown)

    @router.get("/audit/verify", dependencies=[_READS])
    def ask(request: Request) -> Response:
        """How one proves that nobody has changed it."""
        return office.page(request, "audit_verify", head="", fault="")

    @router.post("/audit/verify", dependencies=[_READS])
    def verify(request: Request, head: Annotated[str, Form(max_length=200)] = "") -> Response:
        """Go along the chain, in a task: it may be long."""
        words = words_of(request)
        try:
            known = Head.parse(head) if head.strip() else None
        except ValueError:
            fault = words.gettext("A head is written like 12:9f3c…, as it was shown here or by a command.")
            return office.page(request, "audit_verify", status=422, head=head, fault=fault)
        title, owner = words.gettext("Verify the record"), asker_of(request)
        task = office.tasks.begin(title, owner, lambda task: _verified(office, known, task), back="/audit")
        return go(f"/tasks/{task.id}")

    return router


def _verified(office: Office, known: Head | None, task: Task) -> str:
    found = office.desk.database.read(lambda connection: audit.verify(connection, office.desk.keys.trail, head=known))
    task(found.rows, found.rows)
    if found.broken is not None:
        raise NotPossible(f"Row {found.broken} {found.what}. The {found.rows} rows before it hold.")
    since = f" Nothing was cut off since row {known.number}." if known else ""
    if not found.rows:
        return "Nothing was noted yet."
    return f"All {found.rows} rows hold.{since} Write this down elsewhere, it proves later that nothing was cut off: {found.head}"


def _file(office: Office, which: Wanted) -> Response:
    """All rows that are wanted as CSV, some at a time."""
    name = f"izwi-audit-{office.desk.now():%Y-%m-%d}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_lines(office, which), media_type="text/csv; charset=utf-8", headers=headers)


def _lines(office: Office, which: Wanted) -> Iterator[bytes]:
    yield "\ufeff".encode()  # a spreadsheet takes it for UTF-8 then
    before: int | None = None
    while True:
        rows = office.desk.database.read(partial(audit.latest, wanted=which, before=before, count=_AT_ONCE))
        written = io.StringIO()
        write_csv(written, _COLUMNS, map(_plain, rows))
        text = written.getvalue()
        yield (text if before is None else text.partition("\r\n")[2]).encode()
        if len(rows) < _AT_ONCE:
            return
        before = rows[-1].number


def _plain(entry: Entry) -> list[Any]:
    return [entry.number, moment(entry.at), *entry[2:]]


def _utc(found: datetime | None) -> datetime | None:
    return found.astimezone(UTC) if found is not None else None
