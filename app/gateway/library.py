"""The surveys that can be asked: loads them from files into the store, and compiles each stored version once."""

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

from app.flows.comparing.diff import diff
from app.flows.flow import Compact, Flow
from app.flows.reading.faults import FormError
from app.gateway import bringing, versions
from app.gateway.bringing import File
from app.gateway.versions import How
from app.store import surveys
from app.store.unit import Database
from app.values import VersionStatus

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Edition:
    """A stored version, compiled."""

    version_id: int
    survey_id: int
    flow: Flow


@dataclass(frozen=True, slots=True)
class Shelf:
    """What could be asked when it was last looked; replaced as a whole, so that a turn sees one or the other."""

    change: int = -1
    newest: Mapping[str, Edition] = field(default_factory=dict)
    ids: Mapping[str, int] = field(default_factory=dict)
    compacts: tuple[tuple[str, Compact], ...] = ()
    """How records of each survey are written as one SMS."""


class Library:
    """All editions of all surveys. Runs keep the version that they began with; new ones get the published one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._editions: dict[int, Edition] = {}
        self._shelf = Shelf()
        self._lock = threading.Lock()

    def refresh(self) -> bool:
        """Look whether anything was published or retired, by whatever process; returns whether there was.

        When there was not it costs one look into an index. Only published versions are compiled now, others when a run
        needs them.
        """
        change = self._database.read(surveys.last_change)
        if change == self._shelf.change:
            return False
        ids, published = self._database.read(
            lambda connection: (surveys.ids(connection), surveys.published(connection))
        )
        # The number was read first: what changes in between is seen again the next time.
        newest = {each.survey: self._compiled(each.id, each.survey_id) for each in published}
        compacts = ((name, each.flow.compact) for name, each in sorted(newest.items()))
        self._shelf = Shelf(change, newest, ids, tuple((name, each) for name, each in compacts if each))
        return True

    def newest(self, survey: str) -> Edition | None:
        """The edition that a new run of a survey gets; None where it is not known, or not asked now."""
        return self._shelf.newest.get(survey)

    def survey_id(self, survey: str) -> int | None:
        """The key of a survey, whether or not new runs of it can begin."""
        return self._shelf.ids.get(survey)

    def compacts(self) -> Sequence[tuple[str, Compact]]:
        """How records of the surveys that can be asked are written as one SMS."""
        return self._shelf.compacts

    def edition(self, version_id: int) -> Edition:
        """The edition that a run is bound to."""
        edition = self._editions.get(version_id)
        if edition is None:
            version = self._database.read(lambda connection: surveys.by_id(connection, version_id))
            edition = self._compiled(version.id, version.survey_id)
        return edition

    def names(self) -> list[str]:
        """The surveys that can be asked."""
        return sorted(self._shelf.newest)

    def _compiled(self, version_id: int, survey_id: int) -> Edition:
        with self._lock:
            if version_id not in self._editions:
                self._editions[version_id] = Edition(
                    version_id, survey_id, versions.flow_of(self._database, version_id)
                )
            return self._editions[version_id]


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
    """Store the surveys of these files, and publish each unless a person retired it.

    One already stored costs nothing, and stays what a person made it. Returns what could not be taken, by file.
    """
    refused: dict[str, FormError] = {}
    for file, _ in unpublished(database, files):
        try:
            read = versions.read(file)
            before = _published(database, read.flow.id)
            how, version = versions.bring_published(database, read.content, datetime.now(UTC))
        except FormError as error:
            refused[file.name] = error
            continue
        if how is How.KNOWN:
            continue
        if version.status is VersionStatus.DRAFT:
            log.warning("survey %s is retired, so version %s waits as a draft", version.survey, version.version)
            continue
        log.info("published survey %s version %s", version.survey, version.version)
        if before is not None and diff(before, read.flow).warnings:
            log.warning(
                "survey %s: results of versions %s and %s do not line up everywhere; `izwi surveys diff %s` says where",
                version.survey, before.version, version.version, version.survey,
            )  # fmt: skip
    return refused


def _published(database: Database, survey: str) -> Flow | None:
    """What people get of a survey now."""
    version = versions.published_of(database.read(lambda connection: surveys.of_survey(connection, survey)))
    return versions.flow_of(database, version.id) if version is not None else None
