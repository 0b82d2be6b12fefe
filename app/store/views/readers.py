"""Roles of PostgreSQL that see the views and nothing else: what an analyst's program logs in as."""

import re
import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy.engine import Connection

from app.store.views.sql import SCHEMA, name, text

_NAME = re.compile(r"[a-z_][a-z0-9_]{2,62}")
_MARK = "izwi reader: sees the schema of views only"


class Reader(NamedTuple):
    """A role with the password that is shown once."""

    name: str
    password: str


class NotAReader(ValueError):
    """The message says why this role cannot be made, or is left alone."""


def check(connection: Connection, role: str) -> bool:
    """Say whether a reader of this name is there; raises `NotAReader` where the name is another role's."""
    if connection.dialect.name != "postgresql":
        raise NotAReader("On SQLite there are no roles: `izwi snapshot FILE` writes a file that holds the views alone.")
    if not _NAME.fullmatch(role):
        raise NotAReader("A role needs a name of 3 to 63 small letters, figures and _, e.g. analyst_moyo.")
    found = connection.exec_driver_sql(
        "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = %(role)s", {"role": role}
    ).first()
    if found is not None and found[0] != _MARK:
        raise NotAReader(f"There is a role {role} already, which Izwi did not make: it is left as it is.")
    return found is not None


def may_make(connection: Connection) -> bool:
    """Whether our own role may make others."""
    mine = "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    return bool(connection.exec_driver_sql(mine).scalar())


def new(role: str) -> Reader:
    """A reader with a password of its own."""
    return Reader(role, secrets.token_urlsafe(24))


def making(connection: Connection, reader: Reader, *, there: bool) -> list[str]:
    """The statements that make a reader, or give one that is there a new password. The password itself is in none."""
    role, database, owner = name(reader.name), name(_one(connection, "current_database()")), name(_owner(connection))
    driver: Any = connection.connection.dbapi_connection
    verifier = driver.pgconn.encrypt_password(reader.password.encode(), reader.name.encode(), b"scram-sha-256").decode()
    attributes = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT CONNECTION LIMIT 20"
    return [
        f"{'ALTER' if there else 'CREATE'} ROLE {role} {attributes if not there else 'LOGIN'} PASSWORD {text(verifier)}",
        f"COMMENT ON ROLE {role} IS {text(_MARK)}",
        f"ALTER ROLE {role} IN DATABASE {database} SET search_path = {SCHEMA}",
        f"ALTER ROLE {role} IN DATABASE {database} SET default_transaction_read_only = on",
        f"GRANT CONNECT ON DATABASE {database} TO {role}",
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO {role}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {role}",
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {SCHEMA} GRANT SELECT ON TABLES TO {role}",
    ]


def removing(connection: Connection, role: str) -> list[str]:
    """The statements that take a reader away."""
    quoted, database = name(role), name(_one(connection, "current_database()"))
    return [
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {name(_owner(connection))} IN SCHEMA {SCHEMA} REVOKE ALL ON TABLES FROM {quoted}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {SCHEMA} FROM {quoted}",
        f"REVOKE ALL ON SCHEMA {SCHEMA} FROM {quoted}",
        f"REVOKE ALL ON DATABASE {database} FROM {quoted}",
        f"DROP ROLE {quoted}",
    ]


def run(connection: Connection, statements: Sequence[str]) -> None:
    """Run them, in the transaction at hand."""
    for each in statements:
        connection.exec_driver_sql(each, execution_options={"no_parameters": True})


def _owner(connection: Connection) -> str:
    """Whoever makes the views."""
    return _one(connection, "current_user")


def _one(connection: Connection, what: str) -> str:
    return str(connection.exec_driver_sql(f"SELECT {what}").scalar_one())
