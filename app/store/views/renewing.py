"""Keeps the views as they should be: made at the start, a survey's own replaced when a version of it is published.

What is as it should be is left alone. On PostgreSQL somebody's own view may stand on one of ours, or a long query hold it: then
the old one stays, and is tried again the next time (docs/decisions/D18).
"""

import logging
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import Connection

from app.store import descriptions, surveys
from app.store.views import fixed, naming, wide
from app.store.views.sql import SCHEMA, Dialect, View, name, text

log = logging.getLogger(__name__)

_MARK = "izwi"
_WAIT = "3s"
_LOCK = 0x12572  # any number that only this uses
_DEPENDED_ON, _HELD, _OTHER_COLUMNS = "2BP01", "55P03", "42P16"
_THERE = {
    "sqlite": "SELECT name, sql AS said FROM sqlite_master WHERE type = 'view' AND sql LIKE '%/* izwi %'",
    "postgresql": (
        "SELECT c.relname AS name, obj_description(c.oid, 'pg_class') AS said FROM pg_class c JOIN pg_namespace n "
        f"ON n.oid = c.relnamespace WHERE n.nspname = '{SCHEMA}' AND c.relkind = 'v' "
        "AND obj_description(c.oid, 'pg_class') LIKE 'izwi %'"
    ),
}
_NAMED = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')",
    "postgresql": (
        f"SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '{SCHEMA}'"
    ),
}
_GRANTS = """
SELECT coalesce(r.rolname, '') AS grantee FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL aclexplode(c.relacl) g LEFT JOIN pg_roles r ON r.oid = g.grantee
WHERE n.nspname = :schema AND c.relname = :view AND g.privilege_type = 'SELECT' AND g.grantee <> c.relowner
"""
_DEPENDENTS = """
SELECT DISTINCT d.oid::regclass::text AS name FROM pg_depend x JOIN pg_rewrite w ON w.oid = x.objid
JOIN pg_class d ON d.oid = w.ev_class JOIN pg_class c ON c.oid = x.refobjid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = :schema AND c.relname = :view AND d.oid <> c.oid AND x.classid = 'pg_rewrite'::regclass ORDER BY 1
"""


class Kept(NamedTuple):
    """A view that could not be replaced, and why."""

    view: str
    reason: str


def wanted(connection: Connection, survey: str | None = None) -> list[View]:
    """The views as they should be: all of them, or those of one survey."""
    dialect = Dialect(connection.dialect.name)
    names = [survey] if survey else sorted(surveys.ids(connection))
    found = [] if survey else fixed.views(dialect)
    for each in names:
        dictionary = descriptions.dictionary(connection, each)
        if dictionary is not None:
            found += wide.views(dialect, dictionary, descriptions.versions(connection, each))
    return found


def behind(connection: Connection) -> list[str]:
    """The views that are missing, or not as they should be, or too much."""
    if not _can_make(connection):
        return []
    there, here = _there(connection), {each.name: _said(connection, each) for each in wanted(connection)}
    return sorted(view for view in there.keys() | here.keys() if there.get(view) != here.get(view))


def is_done(connection: Connection) -> bool:
    """Say whether all views are as they should be."""
    return not behind(connection)


def renew(connection: Connection, survey: str | None = None, *, drop_dependents: bool = False) -> list[Kept]:
    """Make what is missing, replace what is another, drop what is too much; of one survey, or of all.

    Returns what had to stay as it was; with `drop_dependents` what others built on a view goes with it.
    """
    if not _can_make(connection):
        log.warning("there are no views for analysts: this role may not create the schema %s", SCHEMA)
        return []
    if connection.dialect.name == "postgresql":  # two processes that start together would make the same view twice
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    views = wanted(connection, survey)
    there = _there(connection)
    names = {each.name for each in views}
    mine = {view for view, said in there.items() if survey is None or _owner(said) == naming.of_survey(survey)}
    cascade = " CASCADE" if drop_dependents and connection.dialect.name == "postgresql" else ""
    kept: list[Kept] = []
    for view in sorted(mine - names):
        kept += _try(connection, view, [f"DROP VIEW {_full(connection, view)}{cascade}"])
    taken = set(connection.exec_driver_sql(_NAMED[connection.dialect.name]).scalars()) - there.keys()
    for each in views:
        if each.name in taken:
            kept.append(Kept(each.name, "something else has this name"))
        elif there.get(each.name) != _said(connection, each):
            kept += _replace(connection, each, there=each.name in there, cascade=cascade)
    for one in kept:
        log.warning("the view %s stays as it was: %s; `izwi views renew` tries again", *one)
    return kept


def drop(connection: Connection) -> None:
    """Drop all views, before tables are changed: SQLite renames no table, and PostgreSQL alters no column, under a view."""
    for view in sorted(_there(connection)):
        _try(connection, view, [f"DROP VIEW {_full(connection, view)}"])
    if connection.dialect.name == "postgresql" and not connection.exec_driver_sql(_NAMED["postgresql"]).first():
        with connection.begin_nested() as savepoint:
            try:
                connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {SCHEMA}")
            except exc.DBAPIError:  # somebody has a function there, or it is another role's
                savepoint.rollback()


def dependents(connection: Connection, view: str) -> Sequence[str]:
    """What others built on a view of ours. PostgreSQL only: SQLite asks nobody."""
    return connection.execute(sa.text(_DEPENDENTS), {"schema": SCHEMA, "view": view}).scalars().all()


def _there(connection: Connection) -> dict[str, str]:
    """Our views, each with what tells whether it is as it should be."""
    return {row.name: row.said for row in connection.execute(sa.text(_THERE[connection.dialect.name]))}


def _said(connection: Connection, view: View) -> str:
    """SQLite keeps the statement itself; PostgreSQL rewrites it, so there a comment has its digest."""
    if connection.dialect.name == "sqlite":
        return _statement(connection, view)
    return f"{_MARK} {sha256(_statement(connection, view).encode()).hexdigest()[:16]} {view.owner}".strip()


def _owner(said: str) -> str:
    """Whose view it is: the first name of its survey's views, or nobody's."""
    if said.startswith(_MARK):
        return said.split(" ")[2] if said.count(" ") > 1 else ""
    return said.partition(f"/* {_MARK} ")[2].partition(" */")[0]


def _statement(connection: Connection, view: View, verb: str = "CREATE VIEW") -> str:
    mark = f"/* {_MARK} {view.owner} */" if connection.dialect.name == "sqlite" else ""
    return f"{verb} {_full(connection, view.name)}{_barrier(connection, view)} AS {mark} {view.select}"


def _barrier(connection: Connection, view: View) -> str:
    """Where a view leaves rows out, what a query asks of the others must never be tried on them."""
    return " WITH (security_barrier)" if view.guarded and connection.dialect.name == "postgresql" else ""


def _full(connection: Connection, view: str) -> str:
    return name(view) if connection.dialect.name == "sqlite" else f"{SCHEMA}.{name(view)}"


def _can_make(connection: Connection) -> bool:
    """Whether the schema is there and ours, or can be made."""
    if connection.dialect.name == "sqlite":
        return True
    may = (
        f"SELECT CASE WHEN EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = '{SCHEMA}') "
        f"THEN has_schema_privilege('{SCHEMA}', 'CREATE') ELSE has_database_privilege(current_database(), 'CREATE') END"
    )
    return bool(connection.exec_driver_sql(may).scalar())


def _replace(connection: Connection, view: View, *, there: bool, cascade: str) -> list[Kept]:
    """Drop and make a view; where others stand on it, change it under them if only columns were added at its end."""
    if connection.dialect.name == "sqlite":
        drop_first = [f"DROP VIEW {name(view.name)}"] if there else []
        return _try(connection, view.name, [*drop_first, _statement(connection, view)])
    if not there:
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    full, said = _full(connection, view.name), _said(connection, view)
    grantees = connection.execute(sa.text(_GRANTS), {"schema": SCHEMA, "view": view.name}).scalars().all()
    after = [f"COMMENT ON VIEW {full} IS {text(said)}"]
    after += [f"GRANT SELECT ON {full} TO {name(each) if each else 'PUBLIC'}" for each in grantees]
    anew = [f"DROP VIEW IF EXISTS {full}{cascade}", _statement(connection, view), *after]
    kept = _try(connection, view.name, anew)
    if kept and there:
        in_place = [_statement(connection, view, "CREATE OR REPLACE VIEW"), *after]
        if not _try(connection, view.name, in_place):
            return []
    return kept


def _try(connection: Connection, view: str, statements: Sequence[str]) -> list[Kept]:
    """Run statements, all or none of them; returns what is in their way."""
    with connection.begin_nested() as savepoint:
        try:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_WAIT}'")
            for each in statements:
                connection.exec_driver_sql(each, execution_options={"no_parameters": True})
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        except exc.DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None)
            if state not in {_DEPENDED_ON, _HELD, _OTHER_COLUMNS}:
                raise
            savepoint.rollback()
        else:
            return []
    if state == _HELD:
        return [Kept(view, "a query that is under way holds it")]
    return [Kept(view, f"{', '.join(dependents(connection, view))} depends on it")]
