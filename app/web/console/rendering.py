"""Pages: templates, in the language and the time zone of whoever reads them, with the headers that keep a browser safe."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

import jinja2
from babel.dates import format_datetime
from babel.numbers import format_decimal, format_percent
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.access import Permission, allowed
from app.money import written
from app.settings import Settings
from app.values import Role
from app.web.allowing import ASKER, Asker
from app.web.console import wording

ASSETS = Path(str(resources.files("app.web.console") / "assets"))
_PAGES = Path(str(resources.files("app.web.console") / "pages"))
_SAID = "izwi-said"
LOCALE = "izwi_locale"
"""Where the door leaves the language that pages are shown in."""


class Pages:
    """What makes pages. Times are shown in the survey's zone; `now` is asked at each."""

    def __init__(self, settings: Settings, now: Any) -> None:
        self.settings, self._now, self._zone = settings, now, ZoneInfo(settings.zone)
        self._made: dict[str, jinja2.Environment] = {}

    def page(self, request: Request, template: str, /, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A whole page, or a part of one where the template's name begins with an underscore."""
        said = request.cookies.get(_SAID)
        asker: Asker | None = request.scope[ASKER]
        query = f"?{request.url.query}" if request.url.query and request.method == "GET" else ""
        shown = {"me": asker, "path": request.url.path, "here": request.url.path + query, "said": _unpacked(said)}
        role = asker.role if asker is not None else None
        content = self.text(template, request.scope[LOCALE], role=role, **(shown | values))
        response = HTMLResponse(content, status)
        if said is not None and not template.startswith("_"):
            response.delete_cookie(_SAID, path="/", httponly=True, samesite="lax")
        return response

    def text(self, template: str, locale: str, /, *, role: Role | None, **values: Any) -> str:
        """A template as text, for whoever has this role."""
        shown = {"may": _asking(role), "locale": locale, "now": self._now(), "settings": self.settings}
        return self._environment(locale).get_template(f"{template}.html").render(shown | values)

    def _environment(self, locale: str) -> jinja2.Environment:
        if locale not in self._made:
            self._made[locale] = self._new(locale)
        return self._made[locale]

    def _new(self, locale: str) -> jinja2.Environment:
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_PAGES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
            lstrip_blocks=True, extensions=["jinja2.ext.i18n", "jinja2.ext.do"], auto_reload=False,
        )  # fmt: skip
        words = wording.of(locale)
        environment.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]  # the extension's
        formats = wording.formats(locale)
        environment.filters |= {
            "when": lambda moment: format_datetime(moment, "d MMM y, HH:mm", self._zone, formats),
            "day": lambda moment: format_datetime(moment, "d MMM y", self._zone, formats),
            "iso": lambda moment: moment.isoformat(timespec="seconds"),
            "number": lambda value: format_decimal(value, locale=formats),
            "percent": lambda share: format_percent(share, "#,##0.0%", locale=formats),
            "ago": lambda moment: wording.ago(words, moment, self._now()),
            "span": lambda seconds: wording.span(words, seconds),
            "money": written,
            "locally": lambda moment: moment.astimezone(self._zone),
        }
        environment.globals |= {"role_words": lambda role: wording.role(words, role)}
        environment.globals |= {"asset": asset, "locales": wording.LOCALES, "Permission": Permission}
        return environment


def go(path: str, said: str = "", *, wrong: bool = False) -> RedirectResponse:
    """After something was done: the page to see next, with a sentence on it that says what was done."""
    response = RedirectResponse(path, 303)
    if said:
        packed = quote(("-" if wrong else "+") + said[:600])
        response.set_cookie(_SAID, packed, max_age=60, path="/", httponly=True, samesite="lax")
    return response


def words_of(request: Request) -> wording.Words:
    """The catalogue that sentences for whoever asks are taken from."""
    return wording.of(request.scope[LOCALE])


@cache
def asset(name: str) -> str:
    """The address of a file of ours; it changes with the file, so browsers may keep it for ever."""
    content = (ASSETS / name).read_bytes()
    return f"/assets/{name}?{hashlib.sha256(content).hexdigest()[:10]}"


def asset_response(name: str) -> Response:
    """A file of ours."""
    found = _shipped().get(name)
    if found is None:
        return Response("Not Found", 404)
    content, kind = found
    return Response(content, media_type=kind, headers={"cache-control": "public, max-age=31536000, immutable"})


@cache
def _shipped() -> Mapping[str, tuple[bytes, str]]:
    """All files of ours by name: nothing that somebody sends ever becomes a path."""
    kinds = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}
    return {
        str(path.relative_to(ASSETS)): (path.read_bytes(), kinds[path.suffix])
        for path in ASSETS.rglob("*")
        if path.suffix in kinds
    }


def _unpacked(said: str | None) -> tuple[bool, str] | None:
    """Whether it went wrong, and the sentence."""
    if not said:
        return None
    text = unquote(said)
    return text.startswith("-"), text[1:]


def _asking(role: Role | None) -> Any:
    def may(permission: str) -> bool:
        """Whether whoever reads the page may do this."""
        return role is not None and allowed(role, Permission(permission))

    return may


def moment_of(text: str, zone: ZoneInfo) -> datetime | None:
    """A moment as a browser's field for date and time gives it, which is meant in the zone."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        return None
