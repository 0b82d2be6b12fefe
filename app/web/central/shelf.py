"""The surveys as ODK Central has forms: all that were ever published, in one project."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from app.reports import nested
from app.reports.central import fields
from app.reports.central.fields import Node, Table
from app.reports.records import moment
from app.settings import Settings
from app.store import keys as vault
from app.store import submissions, surveys
from app.store.audit import Trail
from app.store.surveys import Version
from app.store.tokens import Token
from app.store.unit import Database
from app.values import VersionStatus
from app.web.central.problems import Problem

PROJECT = "1"
NO_VERSION = "___"
"""How ODK Central writes the version of a form that has none in an address."""


@dataclass(frozen=True, slots=True)
class Form:
    """A survey with its versions but for drafts, the newest last."""

    survey_id: int
    name: str
    versions: tuple[Version, ...]

    @property
    def current(self) -> Version:
        """The version that is asked now, else the last that was."""
        return next((each for each in self.versions if each.status == VersionStatus.PUBLISHED), self.versions[-1])


class Shelf:
    """What the routes work with."""

    def __init__(self, settings: Settings, database: Database, now: Callable[[], datetime]) -> None:
        self.settings, self.database, self.now = settings, database, now
        self._secret = vault.load(settings.data_dir, tuple(settings.lines)).trail
        # A version never changes, so neither does what follows from some.
        self._hashes: dict[int, dict[str, str]] = {}
        self._nodes: dict[tuple[int, ...], tuple[Node, ...]] = {}

    def note(self, asker: Token, action: str, form: Form) -> None:
        """Note that somebody takes answers out, before she gets any."""
        pen = Trail(self._secret, asker.name, asker.role)
        self.database.write(lambda connection: pen.note(connection, action, form.name, at=self.now()))

    def forms(self) -> list[Form]:
        """All forms, by name."""
        found: dict[str, list[Version]] = {}
        for version in self.database.read(surveys.every):
            if version.status != VersionStatus.DRAFT:
                found.setdefault(version.survey, []).append(version)
        return [Form(each[0].survey_id, name, tuple(each)) for name, each in sorted(found.items())]

    def form(self, project: str, name: str) -> Form:
        """A form by its name as it stands in an address."""
        name = unquote(name)
        if project != PROJECT or "\x00" in name:
            raise Problem(404.1)
        versions = self.database.read(lambda connection: surveys.of_survey(connection, name))
        known = tuple(each for each in versions if each.status != VersionStatus.DRAFT)
        if not known:
            raise Problem(404.1)
        return Form(known[0].survey_id, name, known)

    def version(self, form: Form, name: str) -> Version:
        """A version of a form by its name as it stands in an address; where it was brought twice, the last."""
        name = unquote(name)
        wanted = "" if name == NO_VERSION else name
        for each in reversed(form.versions):
            if each.version == wanted:
                return each
        raise Problem(404.1)

    def xform(self, version: Version) -> str:
        """The XForm of a version."""
        return self.database.read(lambda connection: surveys.xform(connection, version.id))

    def tables(self, form: Form) -> list[Table]:
        """The tables of a form in all its versions."""
        return fields.tables(self.nodes(form))

    def table(self, form: Form, name: str) -> Table:
        """One of them by its name."""
        for table in self.tables(form):
            if table.name == name:
                return table
        raise Problem(404.1)

    def nodes(self, form: Form) -> tuple[Node, ...]:
        """The fields of a form: those that are asked now, then those of earlier versions, the newest first."""
        order = [form.current, *(each for each in reversed(form.versions) if each is not form.current)]
        key = tuple(each.id for each in order)
        if key not in self._nodes:
            self._nodes[key] = fields.merge([nested.fields_of(self.xform(each)) for each in order])
        return self._nodes[key]

    def told(self, form: Form, version: Version, *, extended: bool = False) -> dict[str, Any]:
        """A version of a form as ODK Central tells of it."""
        published = next((each.published_at for each in form.versions if each.published_at), None)
        about = {
            "projectId": int(PROJECT), "xmlFormId": form.name, "name": version.title or None, "version": version.version,
            "state": "open" if form.current.status == VersionStatus.PUBLISHED else "closed",
            "createdAt": moment(form.versions[0].created_at), "updatedAt": moment(form.current.changed_at),
            "publishedAt": _when(version.published_at or published), "keyId": None, "enketoId": None,
            "enketoOnceId": None, "draftToken": None, "webformsEnabled": False,
        }  # fmt: skip
        if extended:
            tally = self.database.read(lambda connection: submissions.tally(connection, form.survey_id))
            about |= {"submissions": tally.submissions, "lastSubmission": _when(tally.last), "reviewStates": None}
        return about | self._hashed(version)

    def _hashed(self, version: Version) -> dict[str, str]:
        if version.id not in self._hashes:
            xform = self.xform(version).encode()
            self._hashes[version.id] = {
                "hash": hashlib.md5(xform, usedforsecurity=False).hexdigest(),
                "sha": hashlib.sha1(xform, usedforsecurity=False).hexdigest(),
                "sha256": hashlib.sha256(xform).hexdigest(),
            }
        return self._hashes[version.id]


def _when(at: datetime | None) -> str | None:
    return None if at is None else moment(at)
