"""The phone in the browser: posts Africa's Talking's own forms to the real hooks, and shows what is stored beside it.

On loopback in a demo only. The page carries a hook's secret and can read any phone's answers, so a service that is
reachable from outside must never mount it.
"""

from datetime import datetime
from importlib import resources
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from sqlalchemy.engine import Connection

from app.channels.simulated import SERVICE_CODE
from app.flows.flow import key_of
from app.gateway.library import Library
from app.reports.labels import question_label, value_label
from app.settings import Settings
from app.store import answers, contacts, outbox
from app.store.keys import Keys
from app.store.unit import Database
from app.values import Msisdn, NotAPhoneNumber
from app.web.hooks import Line

NUMBERS = tuple(f"+26377000000{number}" for number in range(1, 6))
SHORT_CODE = "33500"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {"content-security-policy": _POLICY, "referrer-policy": "no-referrer", "cache-control": "no-store"}
_FILES = {"phone.css": "text/css", "phone.js": "text/javascript"}


class Look(BaseModel):
    """The phones to look at; in a body, for a number never stands in a URL."""

    numbers: list[str]


def mount(app: FastAPI, settings: Settings, database: Database, keys: Keys, library: Library, line: Line) -> None:
    """Add the page and what it asks for."""
    window = _Window(settings, database, keys, library, settings.lines[line.name].sender)

    @app.get("/simulator", include_in_schema=False)
    def page() -> Response:
        return Response(_file("page.html"), media_type="text/html", headers=_HEADERS)

    @app.get("/simulator/config", include_in_schema=False)
    def config(request: Request) -> JSONResponse:
        if not _is_local(request):
            return JSONResponse({"error": "only on this machine"}, status_code=403)
        secret = keys.hooks[line.name][0]
        hooks = {hook: f"/hooks/{secret}/{hook}" for hook in line.channel.hooks}
        return JSONResponse({"hooks": hooks, **window.config()}, headers=_HEADERS)

    @app.post("/simulator/look", include_in_schema=False)
    def look(wanted: Look, request: Request) -> JSONResponse:
        if not _is_local(request):
            return JSONResponse({"error": "only on this machine"}, status_code=403)
        phones = {number: window.phone(number) for number in wanted.numbers if number in NUMBERS}
        return JSONResponse({"phones": phones}, headers=_HEADERS)

    @app.get("/simulator/{name}", include_in_schema=False)
    def asset(name: str) -> Response:
        if name not in _FILES:
            return Response("Not Found", status_code=404)
        return Response(_file(name), media_type=_FILES[name], headers=_HEADERS)


class _Window:
    """What the page may see of the store."""

    def __init__(self, settings: Settings, database: Database, keys: Keys, library: Library, short_code: str) -> None:
        self._settings, self._database, self._keys, self._library = settings, database, keys, library
        self._short_code = short_code or SHORT_CODE

    def config(self) -> dict[str, Any]:
        return {
            "service_code": next(iter(self._settings.service_codes), SERVICE_CODE),
            "short_code": self._short_code,
            "keyword": next(iter(self._settings.keywords), ""),
            "septets": self._settings.ussd_septets,
            "ucs2": self._settings.ussd_ucs2,
            "hard_septets": 182,
            "numbers": NUMBERS,
        }

    def phone(self, number: str) -> dict[str, Any]:
        try:
            msisdn = Msisdn.parse(number, region=self._settings.region)
        except NotAPhoneNumber:
            return _EMPTY
        return self._database.read(lambda connection: self._phone(connection, msisdn))

    def _phone(self, connection: Connection, msisdn: Msisdn) -> dict[str, Any]:
        contact_id = contacts.find(connection, self._keys, msisdn)
        if contact_id is None:
            return _EMPTY
        rows = answers.of_contact(connection, contact_id)
        messages = outbox.of_contact(connection, contact_id)
        return {
            "run": _run(rows[0]) if rows else None,
            "answers": [self._answer(row) for row in rows if row.question is not None],
            "messages": [
                {
                    "id": str(each.id), "body": each.body, "state": each.state, "provider_id": each.provider_id,
                    "segments": each.segments, "at": _time(each.created_at),
                }
                for each in messages
            ],
        }  # fmt: skip

    def _answer(self, row: Any) -> dict[str, Any]:
        flow = self._library.edition(row.version_id).flow
        return {
            "question": key_of(row.question, row.position), "value": row.value,
            "label": question_label(flow, row.question, row.run_locale), "raw": row.raw,
            "value_label": value_label(flow, row.question, row.value, row.run_locale),
            "channel": row.medium, "answered_at": _time(row.answered_at), "set_aside": row.set_aside_at is not None,
        }  # fmt: skip


_EMPTY: dict[str, Any] = {"run": None, "answers": [], "messages": []}


def _run(row: Any) -> dict[str, Any]:
    return {"survey": row.survey, "version": row.version, "state": row.state, "question": row.open}


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _file(name: str) -> bytes:
    return resources.files("app.web.simulator").joinpath(name).read_bytes()


def _is_local(request: Request) -> bool:
    """Only this machine's browser, and only by this machine's names: a page elsewhere may not read it by a trick of DNS."""
    return request.url.hostname in {"127.0.0.1", "localhost", "::1"}
