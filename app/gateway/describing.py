"""Describes versions when they are published, so that whoever reads answers needs no form: their questions and choices."""

from collections.abc import Mapping
from functools import partial

from sqlalchemy.engine import Connection

from app.flows.dictionary.describe import describe
from app.flows.flow import Flow
from app.flows.reading.compile import compile_form
from app.flows.reading.load import Form
from app.store import descriptions, surveys
from app.store.unit import Database
from app.store.views import renewing


def compiled(xform: str) -> Flow:
    """A stored form, compiled."""
    return compile_form(Form(xform.encode(), {}, ()))


def ahead(database: Database, survey_id: int | None) -> Mapping[int, Flow]:
    """The versions of a survey that are described, compiled before anything is written: it may take a while."""
    if survey_id is None:
        return {}
    return database.read(
        lambda connection: {
            each: compiled(surveys.xform(connection, each)) for each in descriptions.described(connection, survey_id)
        }
    )


def add(connection: Connection, version_id: int, survey_id: int, known: Mapping[int, Flow]) -> None:
    """Describe a version that is published; one that was published before has its description already."""
    before = descriptions.described(connection, survey_id)
    if version_id in before:
        return
    flows = [known.get(each) or compiled(surveys.xform(connection, each)) for each in (*before, version_id)]
    descriptions.add(connection, version_id, len(flows), describe(flows[-1:]), describe(flows), flows[-1].guard)
    renewing.renew(connection, flows[-1].id)


def is_done(database: Database) -> bool:
    """Say whether every version that was ever published is described, and the views are as they should be."""
    there = not database.read(descriptions.undescribed)
    whole = not database.read(descriptions.unguarded)
    return there and whole and database.read(renewing.is_done)


def catch_up(database: Database) -> None:
    """Describe the versions that were published before there were descriptions, and make the views of everything.

    What a description has had from the beginning stays as it is: names and codes never change.
    """
    for version_id in database.read(descriptions.unguarded):
        flow = compiled(database.read(partial(surveys.xform, version_id=version_id)))
        own, said = describe([flow]), flow.guard
        database.write(partial(descriptions.guard, version_id=version_id, own=own, said=said))
    for version_id, survey_id in database.read(descriptions.undescribed):
        known = ahead(database, survey_id)
        database.write(partial(add, version_id=version_id, survey_id=survey_id, known=known))
    database.write(renewing.renew)
