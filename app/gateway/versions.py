"""The life of a survey's versions: brought as a draft, published, replaced by the next one, retired."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy.engine import Connection

from app.flows.flow import Flow
from app.flows.reading.compile import compile_form
from app.flows.reading.faults import Fault, FormError, Place
from app.flows.reading.load import Form
from app.gateway import bringing, describing, packing
from app.gateway.bringing import File
from app.gateway.refusals import NotNow
from app.settings import Settings
from app.store import surveys
from app.store.audit import Trail
from app.store.surveys import Content, Version
from app.store.unit import Database
from app.values import VersionStatus

Note = Callable[[Connection], None]
"""Writes down who does it, as the last thing of the transaction."""


def _no_note(_: Connection) -> None:
    """Whoever types a command is known to the machine."""


class How(StrEnum):
    """What became of a file that was brought."""

    NEW = "new"
    RENEWED = "renewed"
    """A draft of the same version was there, and gave way: nobody had been asked it."""
    KNOWN = "known"
    """The same file, or another that makes the same form, was there already; nothing was changed."""


class Brought(NamedTuple):
    """The version that a file is stored as, and how that came about."""

    how: How
    version: Version


class Read(NamedTuple):
    """A file that can be asked."""

    form: Form
    flow: Flow
    content: Content


def read(file: File) -> Read:
    """Read a file as something that can be stored; raises `FormError` if it cannot be asked."""
    form = bringing.bring(file)
    flow = compile_form(form)
    digest, source = bringing.digest(file), packing.packed(file.name, file.read_bytes(), bringing.wanted(file))
    return Read(form, flow, Content(flow.id, flow.version, flow.title, digest, file.name, source, form.xform.decode()))


def bring(database: Database, content: Content, at: datetime) -> Brought:
    """Store a file as a draft; raises `FormError` if its version is taken by another one."""

    def work(connection: Connection) -> Brought:
        versions = surveys.of_survey(connection, content.name)
        if known := _known(connection, versions, content):
            return Brought(How.KNOWN, known)
        same = [each for each in versions if each.version == content.version]
        drafts = [each for each in same if each.status is VersionStatus.DRAFT]
        if len(same) > len(drafts):
            raise taken(content)
        for draft in drafts:
            surveys.drop_draft(connection, draft.id)
        added = surveys.add(connection, content, VersionStatus.DRAFT, at)
        return Brought(How.RENEWED if drafts else How.NEW, surveys.by_id(connection, added))

    return database.write(work)


def throw_away(database: Database, version_id: int, at: datetime, trail: Trail) -> None:
    """Forget a draft, which nobody was ever asked. Raises `NotNow` where it is none any more."""

    def work(connection: Connection) -> None:
        version = surveys.by_id(connection, version_id)
        if version.status is not VersionStatus.DRAFT:
            raise NotNow(f"Version {version.version} is no draft: people may have answered it. It can be retired.")
        surveys.drop_draft(connection, version_id)
        trail.note(connection, "survey throw away", f"{version.survey} {version.version}", at=at)

    database.write(work)


def bring_published(database: Database, content: Content, at: datetime) -> Brought:
    """Store a file and publish it at once, unless a person has retired this survey: then it waits as a draft.

    Raises `FormError` if its version is taken by another file.
    """
    earlier = _earlier(database, content.name)

    def work(connection: Connection) -> Brought:
        versions = surveys.of_survey(connection, content.name)
        if known := _known(connection, versions, content):  # another process was faster
            return Brought(How.KNOWN, known)
        if any(each.version == content.version for each in versions):
            raise taken(content)
        statuses = {each.status for each in versions}
        added = surveys.add(connection, content, VersionStatus.DRAFT, at)
        if VersionStatus.PUBLISHED in statuses or VersionStatus.RETIRED not in statuses:
            _publish(connection, surveys.by_id(connection, added), published_of(versions), at, earlier)
        return Brought(How.NEW, surveys.by_id(connection, added))

    return database.write(work)


def taken(content: Content) -> FormError:
    """Say that there is another file with the same version; results are kept by version, so the two would be mixed."""
    problem = f"version {content.version} of {content.name} is stored already, with other content"
    cure = "Raise the version in the settings sheet: results are kept by version."
    return FormError([Fault(Place("settings", 2), "version", problem, cure)])


def publish(
    database: Database, version: Version, instead_of: Version | None, at: datetime, note: Note = _no_note
) -> bool:
    """Let new runs get this version from now on; runs under way finish on theirs.

    False, and nothing is changed, if either of the two is no longer as the person saw it who decided this.
    """
    earlier = _earlier(database, version.survey)

    def work(connection: Connection) -> bool:
        versions = surveys.of_survey(connection, version.survey)
        if version not in versions or published_of(versions) != instead_of:
            return False
        _publish(connection, version, instead_of, at, earlier)
        note(connection)
        return True

    return database.write(work)


def retire(database: Database, version: Version, at: datetime, note: Note = _no_note) -> bool:
    """Begin no more runs of this version; those under way finish. False if it is no longer as it was seen."""

    def work(connection: Connection) -> bool:
        if version not in surveys.of_survey(connection, version.survey):
            return False
        surveys.set_status(connection, version.id, VersionStatus.RETIRED, at)
        note(connection)
        return True

    return database.write(work)


def flow_of(database: Database, version_id: int) -> Flow:
    """A stored version, compiled."""
    xform = database.read(lambda connection: surveys.xform(connection, version_id))
    return describing.compiled(xform)


def published_of(versions: Sequence[Version]) -> Version | None:
    """The published one of a survey's versions."""
    return next((each for each in versions if each.status is VersionStatus.PUBLISHED), None)


def newest_draft(versions: Sequence[Version]) -> Version | None:
    """The draft that was brought last."""
    return next((each for each in reversed(versions) if each.status is VersionStatus.DRAFT), None)


def asked_before(versions: Sequence[Version], than: Version) -> Version | None:
    """The version to compare with: the published one, or for that one the last that it replaced."""
    published = published_of(versions)
    if published is not None and published.id != than.id:
        return published
    asked = [each for each in versions if each.published_at is not None and each.id != than.id]
    return max(asked, key=lambda each: each.change, default=None)


def is_started(settings: Settings, survey: str) -> bool:
    """Whether anything that people dial or send begins this survey."""
    return survey in {settings.survey, *settings.service_codes.values(), *settings.keywords.values()}


def _known(connection: Connection, versions: list[Version], content: Content) -> Version | None:
    """The version that a file is stored as: by its bytes, or by the form that they make.

    Excel writes other bytes when it saves a form unchanged, and a list may lie beside a form that does not use it.
    """
    for each in versions:
        same = each.version == content.version and surveys.xform(connection, each.id) == content.xform
        if same or each.digest == content.digest:
            return each
    return None


def _publish(
    connection: Connection, version: Version, instead_of: Version | None, at: datetime, earlier: Mapping[int, Flow]
) -> None:
    """Publish, and describe what it asks; `earlier` versions were compiled before, for here all turns wait."""
    if instead_of is not None and instead_of.id != version.id:
        surveys.set_status(connection, instead_of.id, VersionStatus.REPLACED, at)
    surveys.set_status(connection, version.id, VersionStatus.PUBLISHED, at)
    describing.add(connection, version.id, version.survey_id, earlier)


def _earlier(database: Database, survey: str) -> Mapping[int, Flow]:
    return describing.ahead(database, database.read(surveys.ids).get(survey))
