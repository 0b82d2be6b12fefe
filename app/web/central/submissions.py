"""/submissions: the records of completed runs, one by one or all as CSV."""

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator
from functools import partial
from typing import IO, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from lxml import etree

from app.access import Permission
from app.reports.central import sheets
from app.reports.central.rows import name_of
from app.reports.records import file_name, moment
from app.store import submissions
from app.store.tokens import Token
from app.web.allowing import needs
from app.web.central.asking import read_filter
from app.web.central.forms import READ
from app.web.central.problems import Problem
from app.web.central.shelf import Form, Shelf

Reader = Annotated[Token, needs(Permission.EXPORT_ANSWERS)]
Filter = Annotated[str, Query(alias="$filter")]
_FORM = "/projects/{project}/forms/{form}"
_ONE = _FORM + "/submissions/{instance}"
_NAME = re.compile(r"uuid:([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})", re.IGNORECASE)
_CHUNK, _LINES = 1 << 16, 100
_PRIVATE = {"cache-control": "no-store"}


def routes(shelf: Shelf) -> APIRouter:
    """The routes."""
    router = APIRouter()
    _files(router, shelf)

    @router.get(_FORM + "/submissions")
    def list_submissions(project: str, form: str, asker: Reader) -> StreamingResponse:
        """All submissions, the newest first, without their answers."""
        found = shelf.form(project, form)
        shelf.note(asker, "odk submissions", found)
        told = (_told(row) for row in submissions.every(shelf.database, found.survey_id))
        return StreamingResponse(_as_list(told), media_type="application/json", headers=_PRIVATE)

    @router.get(_ONE + ".xml")
    def show_record(project: str, form: str, instance: str, asker: Reader) -> Response:
        """A record, as ODK Collect would have sent it."""
        found = shelf.form(project, form)
        row = find(shelf, found, instance)
        shelf.note(asker, "odk submission", found)
        return Response(
            f"<?xml version='1.0' encoding='UTF-8' ?>{row.xml}", media_type="application/xml", headers=_PRIVATE
        )

    @router.get(_ONE + "/attachments", dependencies=[READ])
    def list_attachments(project: str, form: str, instance: str) -> list[dict[str, Any]]:
        """None: phones like these send no pictures."""
        find(shelf, shelf.form(project, form), instance)
        return []

    @router.get(_ONE)
    def show_submission(project: str, form: str, instance: str, asker: Reader) -> dict[str, Any]:
        """A submission, without its answers."""
        found = shelf.form(project, form)
        row = find(shelf, found, instance)
        shelf.note(asker, "odk submission", found)
        return _told(row)

    return router


def find(shelf: Shelf, form: Form, name: str) -> Any:
    """The submission of this name."""
    named = _NAME.fullmatch(name)
    uid = UUID(named[1]) if named else None
    row = uid and shelf.database.read(lambda connection: submissions.one(connection, form.survey_id, uid))
    if row is None:
        raise Problem(404.1)
    return row


def _files(router: APIRouter, shelf: Shelf) -> None:
    @router.get(_FORM + "/submissions.csv.zip")
    def write_csv(
        project: str, form: str, asker: Reader, groups: Annotated[bool, Query(alias="groupPaths")] = True,
        split: Annotated[bool, Query(alias="splitSelectMultiples")] = False, wanted: Filter = "",
    ) -> StreamingResponse:  # fmt: skip
        """All records as CSV files, the root and each repeat. The answer begins when they are complete."""
        if split:
            raise Problem(501.1, "Choices in columns of their own are not there; they are in `izwi export`.")
        found = shelf.form(project, form)
        where = read_filter(wanted, shelf.now())
        shelf.note(asker, "odk csv", found)
        # No name leads to these files, and they are gone with the process.
        folder = shelf.settings.data_dir
        packed = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed when it is sent
        draft = partial(tempfile.TemporaryFile, "w+", encoding="utf-8", newline="", dir=folder)
        rows = submissions.every(shelf.database, found.survey_id, where=where)
        try:
            sheets.write_zip(packed, rows, found.name, shelf.tables(found), draft, short=not groups)
        except BaseException:
            packed.close()
            raise
        size = packed.tell()
        packed.seek(0)
        told = {"content-disposition": f'attachment; filename="{_plain(found.name)}.zip"', "content-length": str(size)}
        return StreamingResponse(_sent(packed), media_type="application/zip", headers=_PRIVATE | told)


def _sent(packed: IO[bytes]) -> Iterator[bytes]:
    with packed:
        while part := packed.read(_CHUNK):
            yield part


def _plain(name: str) -> str:
    return file_name(name).encode("ascii", "replace").decode().replace("?", "_")


def _told(row: Any) -> dict[str, Any]:
    """A submission without its answers. Programs expect a number for who sent it, so it is one made of the pseudonym."""
    number = int.from_bytes(hashlib.sha256(row.respondent.encode()).digest()[:6], "big")
    about = {
        "instanceId": name_of(row), "submitterId": number, "createdAt": moment(row.ended_at), "updatedAt": None,
        "deviceId": None, "userAgent": None, "reviewState": None,
        "instanceName": etree.fromstring(row.xml).findtext("{*}meta/{*}instanceName"),
    }  # fmt: skip
    return about | {"currentVersion": about | {"current": True, "formVersion": row.version}}


def _as_list(told: Iterator[Any]) -> Iterator[str]:
    """A list, some lines at a time; it has its last bracket when it is whole."""
    lines, begun = list[str](), False
    yield "["
    for each in told:
        lines.append(("," if begun else "") + json.dumps(each))
        begun = True
        if len(lines) == _LINES:
            yield "".join(lines)
            lines.clear()
    yield "".join(lines) + "]"
