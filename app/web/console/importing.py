"""/contacts/import: a list of contacts comes in: file, columns, report before anything is written, result, and back again."""

import csv
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Path, Request, UploadFile
from fastapi.responses import FileResponse, Response
from sqlalchemy.engine import Connection

from app.access import Permission
from app.channels import operators
from app.gateway.contacts import mapping, reading
from app.gateway.contacts.importing import FileChanged, Import
from app.gateway.contacts.kinds import Kind
from app.gateway.contacts.mapping import GROUPS, LANGUAGE, PHONE, BadMapping, Columns
from app.gateway.contacts.numbers import Numbers
from app.gateway.contacts.reading import BadFile
from app.gateway.contacts.report import Report
from app.gateway.contacts.rows import LONGEST_GROUP, Reader
from app.gateway.refusals import NotPossible, NotThere
from app.store import attributes, groups, imports, unimport
from app.store.audit import Trail
from app.values import locale_of, without_numbers
from app.web.allowing import needs
from app.web.console.office import Office, asker_of
from app.web.console.rendering import go, words_of
from app.web.console.tasks import Task
from app.web.console.uploads import Upload, Uploads

Token = Annotated[str, Path(max_length=40)]
Cells = Annotated[list[Annotated[str, Form(max_length=500)]], Form(max_length=500)]
_MANAGE = needs(Permission.MANAGE_CONTACTS)
_SHOWN, _SAMPLE_ROWS, _LONGEST = 3, 30, 30
_PATIENCE_SECONDS = 0.8
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Looked:
    """A list that was read to its end, ready to be written."""

    job: Import
    report: Report


def routes(office: Office) -> APIRouter:
    """The routes."""
    router = APIRouter()
    uploads = Uploads(office.desk.settings.data_dir / "lists", office.desk.now)
    looked: dict[str, Looked] = {}
    _bringing(router, office, uploads)
    _mapping(router, office, uploads, looked)
    _writing(router, office, uploads, looked)
    _results(router, office)
    return router


def _bringing(router: APIRouter, office: Office, uploads: Uploads) -> None:
    @router.get("/contacts/import", dependencies=[_MANAGE])
    def begin(request: Request) -> Response:
        """Ask for a file."""
        return office.page(request, "import_file", fault="")

    @router.post("/contacts/import", dependencies=[_MANAGE])
    def bring(request: Request, file: Annotated[UploadFile | None, File()] = None) -> Response:
        """Keep the file for now, and see what it is."""
        content = file.file.read() if file is not None else b""
        upload = uploads.add(asker_of(request).name, (file.filename or "list") if file is not None else "list", content)
        try:
            mapping.look(reading.read(uploads.path(upload)), _numbers(office))
        except (BadFile, BadMapping) as error:
            uploads.remove(upload.token)
            return office.page(request, "import_file", status=422, fault=f"{upload.name}: {error}")
        return go(f"/contacts/import/{upload.token}")

    @router.post("/contacts/import/{token}/cancel", dependencies=[_MANAGE])
    def give_up(request: Request, token: Token) -> Response:
        """Forget the file."""
        uploads.remove(uploads.find(token, asker_of(request).name).token)
        return go("/contacts", words_of(request).gettext("The list is removed. Nothing was brought in."))


def _mapping(router: APIRouter, office: Office, uploads: Uploads, looked: dict[str, Looked]) -> None:
    @router.get("/contacts/import/{token}", dependencies=[_MANAGE])
    def show(request: Request, token: Token) -> Response:
        """What each column is taken for."""
        return _show_columns(office, request, uploads, uploads.find(token, asker_of(request).name))

    @router.post("/contacts/import/{token}/sheet", dependencies=[_MANAGE])
    def choose(request: Request, token: Token, sheet: Annotated[str, Form(max_length=64)] = "") -> Response:
        """Take another sheet of the workbook."""
        upload = uploads.find(token, asker_of(request).name)
        upload.sheet, upload.wanted, upload.skipped = sheet or None, [], []
        try:
            mapping.look(reading.read(uploads.path(upload), upload.sheet), _numbers(office))
        except (BadFile, BadMapping) as error:
            return go(f"/contacts/import/{token}", str(error), wrong=True)
        uploads.keep(upload)
        return go(f"/contacts/import/{token}")

    @router.post("/contacts/import/{token}/look", dependencies=[_MANAGE])
    def look(
        request: Request,
        token: Token,
        column: Cells = [],  # noqa: B006 -- a form's default
        meaning: Cells = [],  # noqa: B006
        attribute: Cells = [],  # noqa: B006
        group: Annotated[str, Form(max_length=500)] = "",
        language: Annotated[str, Form(max_length=64)] = "",
    ) -> Response:
        """Read all rows and find out what would become of each; nothing is written."""
        upload = uploads.find(token, asker_of(request).name)
        _choose(upload, column, meaning, attribute, group, language)
        uploads.keep(upload)
        try:
            fault = _unfit(request, upload)
            job = None if fault else _job(office, uploads, upload)
        except (BadFile, BadMapping) as error:
            fault, job = str(error), None
        if job is None:
            return _show_columns(office, request, uploads, upload, fault)
        looked.pop(token, None)

        def work(task: Task) -> str:
            looked[token] = Looked(job, _look(job, uploads, upload, task))
            return words_of(request).gettext("The list is read. Nothing is written yet.")

        title = words_of(request).gettext("Reading the list")
        return _led(office, request, title, work, f"/contacts/import/{token}/report")


def _writing(router: APIRouter, office: Office, uploads: Uploads, looked: dict[str, Looked]) -> None:
    desk = office.desk

    @router.get("/contacts/import/{token}/report", dependencies=[_MANAGE])
    def show(request: Request, token: Token) -> Response:
        """What would become of the rows."""
        upload = uploads.find(token, asker_of(request).name)
        found = looked.get(token)
        if found is None:  # Izwi was started again: what is known is the file and what its columns are
            return go(f"/contacts/import/{token}")
        before = desk.database.read(lambda connection: imports.before(connection, found.report.digest))
        return office.page(request, "import_report", upload=upload, report=found.report, before=before)

    @router.get("/contacts/import/{token}/rows.csv", dependencies=[_MANAGE])
    def rows(request: Request, token: Token) -> Response:
        """The same for each row, with numbers masked, to mend the list by."""
        path = uploads.rows(uploads.find(token, asker_of(request).name))
        if not path.exists():
            raise NotThere("The list was not read yet.")
        return FileResponse(path, filename="rows.csv", media_type="text/csv")

    @router.post("/contacts/import/{token}/commit", dependencies=[_MANAGE])
    def commit(request: Request, token: Token) -> Response:
        """Write it."""
        uploads.find(token, asker_of(request).name)
        found = looked.pop(token, None)
        if found is None:
            return go(f"/contacts/import/{token}")
        pen, words = desk.trail(asker_of(request)), words_of(request)

        def work(task: Task) -> str:
            _write(office, found, pen, task)
            uploads.remove(token)
            task.back = f"/contacts/imports/{found.job.recorded}"
            return words.gettext("The contacts are brought in.")

        return _led(office, request, words.gettext("Bringing the contacts in"), work, f"/contacts/import/{token}")


def _results(router: APIRouter, office: Office) -> None:
    desk = office.desk

    def find(import_id: int) -> unimport.Imported:
        found = desk.database.read(lambda connection: unimport.find(connection, import_id))
        if found is None:
            raise NotThere("There is no such import.")
        return found

    @router.get("/contacts/imports/{import_id}", dependencies=[_MANAGE])
    def show(request: Request, import_id: int) -> Response:
        """What came of an import."""
        return office.page(request, "import_result", which=find(import_id))

    @router.post("/contacts/imports/{import_id}/undo", dependencies=[_MANAGE])
    def undo(request: Request, import_id: int, sure: Annotated[str, Form(max_length=8)] = "") -> Response:
        """Take the contacts out again that it added, as far as nothing hangs on them yet."""
        which, words, pen, at = find(import_id), words_of(request), desk.trail(asker_of(request)), desk.now()
        if sure != "yes" or unimport.TAKEN_BACK in which.counts:
            return go(f"/contacts/imports/{import_id}", words.gettext("Nothing was done."), wrong=True)

        def work(task: Task) -> str:
            desk.database.write(
                lambda connection: pen.note(connection, "contacts import", f"taken back: sha256 {which.digest}", at=at)
            )
            removed = _take_out(office, which, task)
            desk.database.write(lambda connection: unimport.note(connection, which, removed))
            return words.gettext("%(count)s contacts are taken out again.") % {"count": f"{removed:,}"}

        return _led(office, request, words.gettext("Taking contacts out"), work, f"/contacts/imports/{import_id}")


def _take_out(office: Office, which: unimport.Imported, task: Task) -> int:
    last = removed = 0
    while True:
        work = partial(unimport.take_out, at=which.imported_at, after=last, count=_AT_ONCE)
        gone = office.desk.database.write(work)
        if gone is None:
            return removed
        last, removed = gone.last, removed + gone.removed
        task(removed, which.counts["new"])


def _led(office: Office, request: Request, title: str, work: Any, back: str) -> Response:
    """Begin something; what is done within a moment leads on at once, what takes longer shows how far it is."""
    task = office.tasks.begin(title, asker_of(request), work, back=back)
    until = time.monotonic() + _PATIENCE_SECONDS
    while not task.is_over and time.monotonic() < until:
        time.sleep(0.02)
    if task.is_over and task.state == "done":
        return go(task.back, task.said)
    return go(f"/tasks/{task.id}")


def _look(job: Import, uploads: Uploads, upload: Upload, task: Task) -> Report:
    path = uploads.rows(upload)
    path.touch(mode=0o600)
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(("row", "category", "reason", "number"))
        try:
            return job.look(
                lambda each: writer.writerow((each.row, each.category, each.reason, each.masked)), task,
                locale=locale_of(upload.language) if upload.language else None,
            )  # fmt: skip
        except (BadFile, BadMapping) as error:
            raise NotPossible(f"{error} Nothing was brought in.") from None


def _write(office: Office, found: Looked, pen: Trail, task: Task) -> None:
    desk, report = office.desk, found.report
    at = desk.now()

    def note(connection: Connection) -> None:
        pen.note(connection, "contacts import", f"sha256 {report.digest}", at=at)

    desk.database.write(note)
    try:
        found.job.write(report, lambda done: task(done, report.to_write), at=at)
    except FileChanged:
        raise NotPossible("The list has changed since it was read. Nothing was brought in.") from None


def _choose(
    upload: Upload, column: Sequence[str], meaning: Sequence[str], attribute: Sequence[str], group: str, language: str
) -> None:
    """Keep what somebody said of the columns."""
    chosen = list(zip(column, meaning, attribute, strict=False))
    upload.skipped = [header for header, what, _ in chosen if what == "skip"]
    upload.wanted = [
        [name.strip() or header if what == "attribute" else what, header]
        for header, what, name in chosen
        if what != "skip"
    ]
    upload.groups = [name for each in group.split(",") if (name := " ".join(each.split()))]
    upload.language = language.strip()


def _unfit(request: Request, upload: Upload) -> str:
    """What is wrong with the choice, in words for whoever made it."""
    words = words_of(request)
    meanings = [meaning for meaning, _ in upload.wanted]
    if meanings.count(PHONE) != 1:
        return words.gettext("Choose one column with the phone numbers.")
    if meanings.count(LANGUAGE) > 1:
        return words.gettext("Only one column can have the language.")
    if upload.language and locale_of(upload.language) is None:
        return words.gettext("This language is not known. Write its code, such as sn.")
    if any(len(each) > LONGEST_GROUP for each in upload.groups):
        return words.gettext("The name of a group has at most %(count)d characters.") % {"count": LONGEST_GROUP}
    return ""


def _job(office: Office, uploads: Uploads, upload: Upload) -> Import:
    desk = office.desk
    numbers = _numbers(office)
    source = reading.read(uploads.path(upload), upload.sheet)
    wanted = [(meaning, header) for meaning, header in upload.wanted]
    columns = mapping.guess(source, numbers, wanted, upload.skipped)
    known = {name: Kind(kind) for name, kind in desk.database.read(attributes.kinds).items()}
    reader = Reader(source, columns, numbers, known, upload.groups)
    return Import(desk.database, desk.keys, operators.read(desk.settings.operators), source, columns, reader)


def _numbers(office: Office) -> Numbers:
    settings = office.desk.settings
    return Numbers(settings.region, operators.read(settings.operators))


def _show_columns(office: Office, request: Request, uploads: Uploads, upload: Upload, fault: str = "") -> Response:
    numbers = _numbers(office)
    source = reading.read(uploads.path(upload), upload.sheet)
    columns = mapping.look(source, numbers)
    said = {header: meaning for meaning, header in upload.wanted} | dict.fromkeys(upload.skipped, "")
    shown = [_column(each, said) for each in columns.columns]
    there = office.desk.database.read(groups.names)
    return office.page(
        request, "import_columns", status=422 if fault else 200, upload=upload, source=source, fault=fault, columns=shown,
        samples=_samples(source, columns), sheets=reading.sheets(source), groups=there,
    )  # fmt: skip


def _column(each: mapping.Column, said: Mapping[str, str]) -> dict[str, Any]:
    meaning = said.get(each.header, each.meaning)
    plain = meaning in {PHONE, LANGUAGE, GROUPS}
    return {
        "header": each.header, "place": each.place, "what": meaning if plain else "attribute" if meaning else "skip",
        "attribute": "" if plain else meaning, "personal": bool(each.meaning and each.why),
    }  # fmt: skip


def _samples(source: reading.File, columns: Columns) -> dict[int, list[str]]:
    """The first values of each column, so that it is known again; what looks like a number is not shown."""
    found: dict[int, list[str]] = {each.place: [] for each in columns.columns}
    rows = (cells for row, cells in islice(source.rows(), _SAMPLE_ROWS) if row > columns.header_row)
    for cells in rows:
        for place, shown in found.items():
            value = " ".join(cells[place].split()) if place < len(cells) else ""
            hidden = "•••" if without_numbers(value) != value else value[:_LONGEST]
            if value and len(shown) < _SHOWN and hidden not in shown:
                shown.append(hidden)
    return found
