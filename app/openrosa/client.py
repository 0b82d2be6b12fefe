"""OpenRosa as KoboToolbox and ODK Central speak it: which forms there are, and the sending of a record."""

import hashlib
from collections.abc import Generator
from dataclasses import dataclass
from email.utils import formatdate
from enum import StrEnum
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpx
from lxml import etree

from app.flows.reading.markup import parse_xml
from app.settings import TargetSettings

_MOST = 16 * 1024 * 1024
_CONNECT_SECONDS = 5.0
_CLOSED = b"not currently accepting"


class Outcome(StrEnum):
    """What came of a request."""

    THERE = "there"
    DUPLICATE = "duplicate"
    """There is one of this name, which may be ours."""
    REFUSED = "refused"
    LOCKED = "locked"
    """Nothing will be taken before somebody changes something: 401, 403, 404."""
    RETRY = "retry"
    UNKNOWN = "unknown"
    """It may be there."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a request, and a word for people."""

    outcome: Outcome
    reason: str = ""


class Unreachable(Exception):
    """The other side did not give what was asked for; the result says why."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.reason)
        self.result = result


@dataclass(frozen=True, slots=True)
class Listed:
    """A form that the other side has."""

    form_id: str
    name: str
    version: str
    hash: str
    url: str
    manifest: str


class _Challenged(httpx.Auth):
    """Answers whatever the other side asks for: digest where it can, else basic."""

    requires_response_body = True

    def __init__(self, user: str, password: str) -> None:
        self._digest, self._basic = httpx.DigestAuth(user, password), httpx.BasicAuth(user, password)
        self._chosen: httpx.Auth | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Ask first, and remember what was asked for."""
        if self._chosen is not None:
            yield from self._chosen.auth_flow(request)
            return
        answer = yield request
        asked = " ".join(answer.headers.get_list("www-authenticate")).lower()
        if answer.status_code != 401 or not asked:
            return
        self._chosen = self._digest if "digest " in asked else self._basic
        yield from self._chosen.auth_flow(request)


class Client:
    """One project on the other side."""

    def __init__(self, target: TargetSettings) -> None:
        self._root, self._welcome = target.url.rstrip("/") + "/", False
        headers = {"X-OpenRosa-Version": "1.0", "User-Agent": "Izwi"}
        if target.token:
            headers["Authorization"] = f"Token {target.token}"
        self._client = httpx.Client(
            auth=_Challenged(target.user, target.password) if target.user else None, headers=headers,
            timeout=httpx.Timeout(target.timeout_seconds, connect=_CONNECT_SECONDS), follow_redirects=False,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def forms(self) -> list[Listed]:
        """The forms that there are; raises `Unreachable`."""
        tree = self._xml(urljoin(self._root, "formList"))
        return [_listed(each) for each in tree.iter("{*}xform")]

    def form(self, listed: Listed) -> bytes:
        """The XForm of one; raises `Unreachable`."""
        return self._get(listed.url)

    def media(self, listed: Listed) -> dict[str, bytes]:
        """The files that belong to a form, by name; raises `Unreachable`."""
        if not listed.manifest:
            return {}
        found = {}
        for each in self._xml(listed.manifest).iter("{*}mediaFile"):
            name, url = _text(each, "filename"), _text(each, "downloadUrl")
            if name and "/" not in name and "\\" not in name and not name.startswith(".") and url:
                found[name] = self._get(url)
        return found

    def send(self, name: str, xml: str) -> Result:
        """Send a record. Whoever sends the same again gets the same: it is there once."""
        files = {"xml_submission_file": (f"{name}.xml", xml.encode(), "text/xml")}
        url = urljoin(self._root, "submission")
        try:
            if (locked := self._knock(url)) is not None:
                return locked
            answer = self._client.post(url, files=files, headers=_dated())
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            return Result(Outcome.RETRY, _word(error))
        except httpx.HTTPError as error:
            return Result(Outcome.UNKNOWN, _word(error))
        return _sent(answer)

    def _knock(self, url: str) -> Result | None:
        """Ask once whether we may come in, so that no record is sent for nothing to whoever wants a password first."""
        if self._welcome:
            return None
        try:
            answer = self._client.head(url, headers=_dated())
        except httpx.HTTPError as error:
            return Result(Outcome.RETRY, _word(error))
        if answer.status_code in {401, 403}:
            return _judged(answer.status_code)
        self._welcome = True
        return None

    def _xml(self, url: str) -> Any:
        try:
            return parse_xml(self._get(url))
        except etree.XMLSyntaxError:
            raise Unreachable(Result(Outcome.RETRY, "its answer is no XML")) from None

    def _get(self, url: str) -> bytes:
        if urlsplit(url)[:2] != urlsplit(self._root)[:2]:
            raise Unreachable(Result(Outcome.LOCKED, "it points to another server, which is not asked"))
        try:
            with self._client.stream("GET", url, headers=_dated()) as answer:
                if answer.status_code != 200:
                    raise Unreachable(_judged(answer.status_code))
                content = b""
                for part in answer.iter_bytes():
                    content += part
                    if len(content) > _MOST:
                        raise Unreachable(Result(Outcome.REFUSED, "it is too large"))
                return content
        except httpx.HTTPError as error:
            raise Unreachable(Result(Outcome.RETRY, _word(error))) from None


def digest(content: bytes) -> str:
    """How a form list tells forms apart."""
    return f"md5:{hashlib.md5(content, usedforsecurity=False).hexdigest()}"


def _sent(answer: httpx.Response) -> Result:
    if answer.status_code in {200, 201, 202}:
        return Result(Outcome.THERE)
    if answer.status_code == 409 and _CLOSED not in answer.content.lower():
        return Result(Outcome.DUPLICATE, "409")
    return _judged(answer.status_code)


def _judged(status: int) -> Result:
    if status in {401, 403, 404}:
        return Result(Outcome.LOCKED, str(status))
    if status == 429 or status >= 500:
        # Whoever answers so may have kept it; its name keeps it from being there twice.
        return Result(Outcome.UNKNOWN, str(status))
    return Result(Outcome.REFUSED, str(status))


def _word(error: httpx.HTTPError) -> str:
    """What happened, by its type: its own words may hold an address with a password in it."""
    return "time-out" if isinstance(error, httpx.TimeoutException) else "no connection"


def _dated() -> dict[str, str]:
    return {"Date": formatdate(usegmt=True)}


def _listed(element: Any) -> Listed:
    names = ("formID", "name", "version", "hash", "downloadUrl", "manifestUrl")
    return Listed(*(_text(element, name) for name in names))


def _text(element: Any, name: str) -> str:
    return (element.findtext(f"{{*}}{name}") or "").strip()
