"""The surveys that can be asked: loads them from files into the store, and compiles each stored version once."""

import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

from app.flows.compile import compile_form
from app.flows.faults import FormError
from app.flows.flow import Flow
from app.flows.load import Form
from app.gateway import bringing
from app.gateway.bringing import File
from app.store import surveys
from app.store.unit import Database

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Edition:
    """A published version, compiled."""

    version_id: int
    survey_id: int
    flow: Flow


class Library:
    """All editions of all surveys. Runs keep the version that they began with; new ones get the newest."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._editions: dict[int, Edition] = {}
        self._newest: dict[str, int] = {}
        self._lock = threading.Lock()

    def refresh(self) -> None:
        """Look again what is published; only newest versions are compiled now, older ones when a run needs them."""
        versions = self._database.read(surveys.published)
        newest = {version.survey: version for version in versions}
        for version in newest.values():
            self._compiled(version)
        self._newest = {name: version.id for name, version in newest.items()}

    def newest(self, survey: str) -> Edition | None:
        """The edition that a new run of a survey gets."""
        version_id = self._newest.get(survey)
        return None if version_id is None else self._editions[version_id]

    def edition(self, version_id: int) -> Edition:
        """The edition that a run is bound to."""
        edition = self._editions.get(version_id)
        if edition is None:
            edition = self._compiled(self._database.read(lambda connection: surveys.by_id(connection, version_id)))
        return edition

    def names(self) -> list[str]:
        """The surveys that can be asked."""
        return sorted(self._newest)

    def _compiled(self, version: surveys.Version) -> Edition:
        with self._lock:
            if version.id not in self._editions:
                flow = compile_form(Form(version.xform.encode(), {}, ()))
                self._editions[version.id] = Edition(version.id, version.survey_id, flow)
            return self._editions[version.id]


def shipped() -> list[File]:
    """The surveys that come with Izwi."""
    return [file for file in resources.files("app.flows.surveys").iterdir() if bringing.is_survey(file)]


def brought(folder: Path) -> list[File]:
    """The surveys in an organisation's own folder."""
    return (
        [path for path in sorted(folder.iterdir()) if path.is_file() and bringing.is_survey(path)]
        if folder.is_dir()
        else []
    )


def unpublished(database: Database, files: Iterable[File]) -> list[tuple[File, str]]:
    """The files that are not stored yet, each with its digest."""
    found = [(file, bringing.digest(file)) for file in files]
    known = database.read(surveys.digests)
    return [each for each in found if each[1] not in known]


def publish(database: Database, files: Iterable[File]) -> Mapping[str, FormError]:
    """Store the surveys of these files; one already stored costs nothing. Returns what could not be taken, by file."""
    refused: dict[str, FormError] = {}
    for file, digest in unpublished(database, files):
        try:
            form = bringing.bring(file)
            flow = compile_form(form)
        except FormError as error:
            refused[file.name] = error
            continue
        _store(database, flow, form, file.read_bytes(), digest, file.name)
        log.info("published survey %s version %s", flow.id, flow.version)
    return refused


def _store(database: Database, flow: Flow, form: Form, content: bytes, digest: str, filename: str) -> None:
    database.write(
        lambda connection: surveys.publish(
            connection,
            name=flow.id,
            version=flow.version,
            title=flow.title,
            digest=digest,
            filename=filename,
            source=content,
            xform=form.xform.decode(),
            at=datetime.now(UTC),
        )
    )
