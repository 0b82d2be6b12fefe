"""A project at KoboToolbox or ODK Central, as far as OpenRosa goes: it may ask for a password in several ways, answers
duplicates as either of them does, and fails, hangs, or accepts and says nothing, as it is told to.
"""

import base64
import hashlib
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

USER, PASSWORD, TOKEN = "field", "open sesame", "kobo-token"
_NONCE = "b0a5"


class Project:
    """The server and all that it has taken."""

    def __init__(self, *, auth: str = "none", like: str = "central") -> None:
        self.auth, self.like = auth, like
        self.forms: dict[str, tuple[str, bytes]] = {}
        self.media: dict[str, bytes] = {}
        self.kept: dict[str, bytes] = {}
        self.seen: Counter[str] = Counter()
        self.conflicts: list[str] = []
        self.plan: Callable[[], str] = lambda: "take"
        self.hang_seconds = 0.6
        self.lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"project": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1/projects/7"

    def add_form(self, form_id: str, version: str, xform: bytes) -> None:
        self.forms[form_id] = version, xform

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, xml: bytes) -> int:
        """Keep a record by its name, once."""
        root = etree.fromstring(xml)
        name = root.findtext("{*}meta/{*}instanceID") or ""
        with self.lock:
            self.seen[name] += 1
            if root.get("id") not in self.forms:
                return 404
            if name not in self.kept:
                self.kept[name] = xml
                return 201
            if self.kept[name] == xml:
                return 202 if self.like == "kobo" else 201
            self.conflicts.append(name)
            return 409


class _Handler(BaseHTTPRequestHandler):
    project: Project
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        if self._let_in():
            self._answer(204)

    def do_GET(self) -> None:
        if not self._let_in():
            return
        project, root = self.project, self.path.removeprefix("/v1/projects/7")
        if root == "/formList":
            self._answer(200, _form_list(project).encode())
        elif root.startswith("/forms/"):
            self._answer(200, project.forms[root.removeprefix("/forms/")][1])
        elif root == "/manifest":
            self._answer(200, _manifest(project).encode())
        elif root.startswith("/media/"):
            self._answer(200, project.media[root.removeprefix("/media/")])
        else:
            self._answer(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if not self._let_in():
            return
        assert self.headers["x-openrosa-version"] == "1.0"
        what = self.project.plan()
        if what.isdigit():
            self._answer(int(what))
        elif what == "closed":
            self._answer(
                409,
                b"<OpenRosaResponse><message>This form is not currently accepting submissions.</message></OpenRosaResponse>",
            )
        elif what in {"hang", "drop"}:
            self._fall_silent(what)
        else:
            status = self.project.take(_record_of(self.headers["content-type"], body))
            if what in {"take and hang", "take and drop"}:
                self._fall_silent(what.removeprefix("take and "))
            else:
                self._answer(500 if what == "take and fail" else status)

    def _fall_silent(self, how: str) -> None:
        if how == "hang":
            time.sleep(self.project.hang_seconds)
        self.close_connection = True

    def _let_in(self) -> bool:
        given = self.headers.get("authorization") or ""
        allowed = {
            "none": lambda: True,
            "basic": lambda: given == "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode(),
            "token": lambda: given == f"Token {TOKEN}",
            "digest": lambda: _digest_fits(given, self.command, self.path),
        }[self.project.auth]()
        if not allowed:
            scheme = {"digest": f'Digest realm="kobo", qop="auth", nonce="{_NONCE}"', "token": "Token"}
            self._answer(401, headers={"www-authenticate": scheme.get(self.project.auth, 'Basic realm="odk"')})
        return bool(allowed)

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in ({"content-length": str(len(body)), "x-openrosa-version": "1.0"} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _digest_fits(given: str, method: str, path: str) -> bool:
    parts = dict(re.findall(r'(\w+)="?([^",]+)"?', given.removeprefix("Digest ")))
    if not given.startswith("Digest ") or parts.get("nonce") != _NONCE:
        return False
    md5 = lambda text: hashlib.md5(text.encode()).hexdigest()  # noqa: E731
    first, second = md5(f"{USER}:kobo:{PASSWORD}"), md5(f"{method}:{path}")
    return parts["response"] == md5(f"{first}:{_NONCE}:{parts['nc']}:{parts['cnonce']}:auth:{second}")


def _record_of(kind: str, body: bytes) -> bytes:
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    (part,) = [
        each for each in message.walk() if each.get_param("name", header="content-disposition") == "xml_submission_file"
    ]
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


def _form_list(project: Project) -> str:
    forms = "".join(
        f"<xform><formID>{escape(name)}</formID><name>{escape(name)}</name><version>{escape(version)}</version>"
        f"<hash>md5:{hashlib.md5(xform).hexdigest()}</hash><downloadUrl>{project.url}/forms/{name}</downloadUrl>"
        + (f"<manifestUrl>{project.url}/manifest</manifestUrl>" if project.media else "")
        + "</xform>"
        for name, (version, xform) in project.forms.items()
    )
    return f'<?xml version="1.0"?><xforms xmlns="http://openrosa.org/xforms/xformsList">{forms}</xforms>'


def _manifest(project: Project) -> str:
    files = "".join(
        f"<mediaFile><filename>{name}</filename><hash>md5:x</hash><downloadUrl>{project.url}/media/{name}</downloadUrl></mediaFile>"
        for name in project.media
    )
    return f'<manifest xmlns="http://openrosa.org/xforms/xformsManifest">{files}</manifest>'
