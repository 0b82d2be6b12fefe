"""/forms/….svc: the feed that Excel, Power BI and pyODK read, table by table and page by page."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any
from urllib.parse import quote, urlencode, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from app.access import Permission
from app.reports.central import edmx, rows
from app.reports.central.fields import Table
from app.settings import Settings
from app.store import submissions
from app.store.submissions import Key
from app.store.tokens import Token
from app.web.allowing import needs
from app.web.central.asking import Mark, Wish, read
from app.web.central.forms import READ
from app.web.central.problems import Problem
from app.web.central.shelf import PROJECT, Form, Shelf
from app.web.central.submissions import find

Reader = Annotated[Token, needs(Permission.EXPORT_ANSWERS)]
_SERVICE = "/projects/{project}/forms/{form}.svc"
_STEP = re.compile(r"([^(]+)(?:\('((?:[^']|'')*)'\))?")
_HEADERS = {"cache-control": "no-store", "odata-version": "4.0"}
_LINES = 100


def routes(shelf: Shelf) -> APIRouter:
    """The routes."""
    router = APIRouter()

    @router.get(_SERVICE, dependencies=[READ])
    @router.get(_SERVICE + "/", dependencies=[READ])
    def list_tables(request: Request, project: str, form: str) -> Response:
        """The service document."""
        found = shelf.form(project, form)
        return _json(edmx.service(root_of(request, shelf.settings, found), shelf.tables(found)))

    @router.get(_SERVICE + "/$metadata", dependencies=[READ])
    def show_metadata(project: str, form: str) -> Response:
        """The types of all fields."""
        found = shelf.form(project, form)
        told = edmx.metadata(found.name, shelf.tables(found))
        return Response(told, media_type="application/xml", headers=_HEADERS)

    @router.get(_SERVICE + "/{way:path}")
    def show_table(request: Request, project: str, form: str, way: str, asker: Reader) -> Response:
        """The rows of a table, or of what a link of another row leads to."""
        found = shelf.form(project, form)
        steps = [_step(part) for part in way.split("/")]
        table = shelf.table(found, ".".join(name for name, _ in steps))
        wish = read(request.query_params, table, shelf.now())
        root = root_of(request, shelf.settings, found)
        if steps[0][1] is None and len(steps) == 1:
            shelf.note(asker, "odk table", found)
            return _page(shelf, found, wish, root, request.query_params)
        row = find(shelf, found, steps[0][1] or "")
        shelf.note(asker, "odk submission", found)
        return _of_one(row, wish, steps, root)

    return router


def root_of(request: Request, settings: Settings, form: Form) -> str:
    """The address of the feed of a form, as whoever asks sees it; a proxy in front of us may have taken the S of HTTPS."""
    seen, public = urlsplit(str(request.base_url)), urlsplit(settings.public_url)
    scheme = public.scheme if public.netloc and public.netloc == seen.netloc else seen.scheme
    return f"{scheme}://{seen.netloc}/v1/projects/{PROJECT}/forms/{quote(form.name, safe='')}.svc"


def _step(part: str) -> tuple[str, str | None]:
    found = _STEP.fullmatch(part.replace("%2F", "/").replace("%25", "%"))
    if found is None:
        raise Problem(404.1)
    return found[1], found[2]


def _page(shelf: Shelf, form: Form, wish: Wish, root: str, query: Any) -> StreamingResponse:
    count = _counted(shelf, form, wish) if wish.count else None

    def text() -> Iterator[str]:
        yield json.dumps(_about(root, wish.table, count))[:-1] + ', "value": ['
        last: Mark | None = None
        found = _found(shelf, form, wish)
        for number, lines in enumerate(_bunches(found, wish.top)):
            yield ("," if number else "") + ",".join(json.dumps(row, ensure_ascii=False) for _, row in lines)
            last = lines[-1][0]
        more = last is not None and wish.top is not None and next(found, None) is not None
        yield f'], "@odata.nextLink": {json.dumps(_next(root, wish.table, last, query))}}}' if more else "]}"

    return StreamingResponse(text(), media_type="application/json", headers=_HEADERS)


def _bunches(found: Iterator[Any], most: int | None) -> Iterator[list[tuple[Mark, Any]]]:
    left = islice(found, most)
    while lines := list(islice(left, _LINES)):
        yield lines


def _found(shelf: Shelf, form: Form, wish: Wish) -> Iterator[tuple[Mark, dict[str, Any]]]:
    """The rows that are wanted, the newest record first, each with its mark."""
    is_root, after = not wish.table.steps, wish.after
    skip = 0 if after else wish.skip
    found = submissions.every(
        shelf.database, form.survey_id, where=wish.where, after=after.key if after else None,
        itself=not is_root, skip=skip if is_root else 0,
    )  # fmt: skip
    for record in found:
        key = Key.of(record)
        for number, row in enumerate(rows.rows(record, wish.table, wish.look)):
            if after and not is_root and key == after.key and number <= after.number:
                continue
            if not is_root and skip:
                skip -= 1
                continue
            yield Mark(key, number), row


def _counted(shelf: Shelf, form: Form, wish: Wish) -> int:
    """How many rows there are, whatever the page. Those of a repeat are counted one by one."""
    if not wish.table.steps:
        return shelf.database.read(
            lambda connection: submissions.tally(connection, form.survey_id, wish.where)
        ).submissions
    found = submissions.every(shelf.database, form.survey_id, where=wish.where)
    return sum(1 for record in found for _ in rows.places(record, wish.table.steps))


def _of_one(record: Any, wish: Wish, steps: list[tuple[str, str | None]], root: str) -> Response:
    """What is in one record. The last name that a link holds is of the row that is meant, or that its rows are in."""
    found = list(zip(rows.places(record, wish.table.steps), rows.rows(record, wish.table, wish.look), strict=True))
    named = [each for _, each in steps[1:] if each is not None]
    if named and steps[-1][1] is not None:
        found = [each for each in found if each[0].id == named[-1]]
    elif named:
        found = [each for each in found if each[0].parent == named[-1]]
    most = None if wish.top is None else wish.skip + wish.top
    told = _about(root, wish.table, len(found) if wish.count else None)
    return _json(told | {"value": [row for _, row in found[wish.skip : most]]})


def _about(root: str, table: Table, count: int | None) -> dict[str, Any]:
    told: dict[str, Any] = {"@odata.context": f"{root}/$metadata#{table.name}"}
    return told if count is None else told | {"@odata.count": count}


def _next(root: str, table: Table, last: Mark | None, query: Any) -> str:
    kept = {name: value for name, value in query.items() if name not in {"$skip", "$skiptoken"}}
    return f"{root}/{quote(table.name)}?{urlencode(kept | {'$skiptoken': str(last)})}"


def _json(told: Any) -> Response:
    return Response(json.dumps(told, ensure_ascii=False), media_type="application/json", headers=_HEADERS)
