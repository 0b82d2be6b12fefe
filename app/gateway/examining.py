"""Looks at everything that can be wrong, and says how to mend it: for `izwi doctor` and for its page in the console."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.channels import CHANNELS, operators
from app.gateway import clashes, library
from app.gateway.channels import Channels, Doing
from app.gateway.lines import Lines
from app.gateway.pushed import told
from app.settings import PREFIX, LineSettings, Settings
from app.store import airtime, keys, outbox, push, schema
from app.store.unit import Database
from app.store.views import renewing
from app.values import PushState

_ENOUGH_DISK = 500 * 1024 * 1024
_WAL_RESET_FIXED = (3, 51, 3)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `level` is ok, warning or error; `cure` says what to do."""

    level: str
    what: str
    cure: str = ""


def _data_dir(settings: Settings, _: datetime) -> Iterator[Finding]:
    folder = settings.data_dir
    if not folder.is_dir():
        yield Finding("warning", f"the data directory {folder} does not exist yet", "`izwi serve` makes it")
        return
    if not os.access(folder, os.W_OK):
        yield Finding("error", f"the data directory {folder} cannot be written", "give it to the user Izwi runs as")
    mode = folder.stat().st_mode & 0o077
    if mode:
        yield Finding("error", f"others can look into {folder}, where the keys are", f"chmod 700 {folder}")
    else:
        yield Finding("ok", f"the data directory {folder} is private")
    free = shutil.disk_usage(folder).free
    if free < _ENOUGH_DISK:
        yield Finding("error", f"only {free // 2**20} MB are free on the disk", "make room; under 500 MB it is risky")
    else:
        yield Finding("ok", f"{free // 2**30} GB are free on the disk")


def _key_file(settings: Settings, _: datetime) -> Iterator[Finding]:
    path = settings.data_dir / "keys.json"
    if not path.exists():
        yield Finding("warning", "there are no keys yet", "`izwi serve` makes them")
        return
    try:
        loaded = keys.load(settings.data_dir, ())
    except keys.KeysUnreadable as error:
        yield Finding("error", str(error), "never make a new one: every known phone would be lost")
        return
    if path.stat().st_mode & 0o077:
        yield Finding("error", "others can read the keys", f"chmod 600 {path}")
    rotating = [name for name, valid in loaded.hooks.items() if len(valid) > 1]
    if rotating:
        yield Finding(
            "warning", f"two hook secrets are valid for {', '.join(rotating)}", "`izwi hooks --retire` when done"
        )
    yield Finding("ok", "the keys can be read; keep a copy of keys.json apart from the database")


def _database(settings: Settings, at: datetime) -> Iterator[Finding]:
    if settings.database.startswith("sqlite") and not Path(settings.database.removeprefix("sqlite:///")).exists():
        yield Finding("warning", "there is no database yet", "`izwi serve` makes it")
        return
    database = Database(settings.database)
    try:
        current, newest = schema.current(database.engine), schema.newest()
        if current != newest:
            yield Finding("warning", f"the tables are at {current}, this Izwi needs {newest}", "`izwi migrate`")
            return
        yield Finding("ok", f"the database answers; its tables are at {current}")
        yield from _held(settings, database, at)
        yield from _outbox(database, at)
        yield from _airtime(database)
        yield from _pushes(settings, database)
        yield from _surveys(settings, database)
        yield from _views(database)
    except Exception as error:
        yield Finding("error", f"the database does not answer ({type(error).__name__})", "is IZWI_DATABASE_URL right?")
    finally:
        database.close()
    if settings.database.startswith("sqlite") and sqlite3.sqlite_version_info < _WAL_RESET_FIXED:
        yield Finding(
            "ok", f"SQLite {sqlite3.sqlite_version} has a rare fault when two processes write; Izwi writes from one"
        )


def _held(settings: Settings, database: Database, at: datetime) -> Iterator[Finding]:
    for each in Channels(settings, database).every(at):
        if each.doing is Doing.HELD:
            why = each.words.partition(";")[0]
            yield Finding(
                "warning", f"channel {each.name} sends nothing: {why}", f"`izwi channels release {each.name}`"
            )


def _outbox(database: Database, at: datetime) -> Iterator[Finding]:
    counts = database.read(outbox.counts)
    oldest = database.read(outbox.oldest_waiting)
    if counts.get("unknown"):
        yield Finding(
            "warning", f"{counts['unknown']} messages may or may not have been sent",
            "a delivery report will settle them, if one comes; they are never sent again by themselves",
        )  # fmt: skip
    if oldest and (at - oldest).total_seconds() > 300:
        yield Finding(
            "warning", f"{counts.get('queued', 0)} messages wait to be sent, the oldest for over 5 minutes",
            "does the worker run (`izwi serve` or `izwi work`), is the API key right, is there a link?",
        )  # fmt: skip


def _airtime(database: Database) -> Iterator[Finding]:
    counts = database.read(airtime.counts)
    if counts.get("unknown"):
        yield Finding(
            "warning", f"{counts['unknown']} gifts of airtime may or may not have been paid",
            "a report will settle them, if one comes; compare the rest with the provider's own list",
        )  # fmt: skip
    if counts.get("refused"):
        yield Finding(
            "warning", f"{counts['refused']} who completed a survey got no airtime: its budget is spent",
            "a larger budget in IZWI_AIRTIME is for those who come after",
        )  # fmt: skip


def _pushes(settings: Settings, database: Database) -> Iterator[Finding]:
    for each in database.read(push.counts):
        if each.target not in settings.targets and each.state is PushState.QUEUED:
            yield Finding(
                "warning", f"{each.records} records wait for {each.target}, which IZWI_TARGETS does not name",
                "name it, or leave them: nothing is sent",
            )  # fmt: skip
        elif each.state is PushState.STOPPED:
            what, help_ = told(each)
            yield Finding("warning", f"{each.records} records of {each.survey} stopped on their way to {what}", help_)
    if gone := database.read(push.forgotten):
        yield Finding(
            "warning", f"{len(gone)} records that were taken back here are, or may be, in other projects still",
            "`izwi push forgotten` lists them; somebody has to remove them there",
        )  # fmt: skip


def _surveys(settings: Settings, database: Database) -> Iterator[Finding]:
    shelf = library.Library(database)
    shelf.refresh()
    tables = (settings.service_codes, settings.keywords, settings.missed_calls)
    wanted = [settings.survey, *(name for table in tables for name in table.values()), *settings.airtime]
    for name in dict.fromkeys(wanted):
        if shelf.newest(name) is None and shelf.survey_id(name) is not None:
            yield Finding("warning", f"the survey {name} is not asked now", f"`izwi surveys publish {name}` asks it")
        elif shelf.newest(name) is None:
            yield Finding("error", f"there is no survey {name}", f"put its XLSForm into {settings.surveys} and restart")
        else:
            yield Finding("ok", f"the survey {name} can be asked")
    prefixes = {name: written.prefix for name, written in shelf.compacts()}
    for clash in clashes.clashes(settings, prefixes):
        yield Finding("warning", clash.problem, clash.cure)


def _views(database: Database) -> Iterator[Finding]:
    if behind := database.read(renewing.behind):
        yield Finding(
            "warning", f"{len(behind)} views of analysts are behind: {', '.join(behind)}", "`izwi views renew`"
        )


def _provider(settings: Settings, _: datetime) -> Iterator[Finding]:
    for name, line in settings.lines.items():
        yield _account(settings, name, line)
    try:
        shipped = operators.read(settings.operators)
    except (OSError, ValueError) as error:
        yield Finding("error", f"the list of operators cannot be read: {error}", "is IZWI_OPERATORS right?")
        return
    lines = Lines(dict(enumerate(settings.lines.values())), shipped)
    if strange := lines.strange():
        yield Finding("error", f"no phone is ever {', '.join(strange)}'s", f"there are: {', '.join(shipped.names)}")
    if unserved := [name for name in shipped.names if not lines.for_operator(name)]:
        yield Finding("warning", f"no channel is for {', '.join(unserved)}", "let one channel name no operators")


def _account(settings: Settings, name: str, line: LineSettings) -> Finding:
    """Whether the provider takes a channel's key; with one channel alone its name is not needed."""
    where = f"channel {name}: " if len(settings.lines) > 1 else ""
    key, username = (
        ("api_key", "username")
        if settings.channels
        else (f"{PREFIX}AFRICASTALKING_API_KEY", f"{PREFIX}AFRICASTALKING_USERNAME")
    )
    if line.provider == "africastalking" and not line.api_key:
        return Finding("warning", f"{where}there is no API key, so no SMS is sent (USSD needs none)", f"set {key}")
    account = CHANNELS[line.provider](line).account()
    cure = "" if account.usable else f"is {username} the one that the key belongs to; is there a link?"
    return Finding("ok" if account.usable else "error", where + account.words, cure)


def _reach(settings: Settings, _: datetime) -> Iterator[Finding]:
    if not settings.public_url:
        yield Finding("warning", "IZWI_PUBLIC_URL is not set", "set it to how the provider reaches this server")
    elif not settings.public_url.startswith("https://"):
        yield Finding("warning", "the provider would reach this server without TLS", "put it behind HTTPS")
    if settings.public_url:
        import httpx  # here, for it takes 5 MB, and a service seldom looks at itself

        try:
            found = httpx.get(settings.public_url.rstrip("/") + "/healthz", timeout=5).status_code == 200
        except (httpx.HTTPError, httpx.InvalidURL):
            found = False
        if found:
            yield Finding("ok", f"Izwi answers at {settings.public_url}")
        else:
            cure = "is Izwi running, and does the proxy in front pass requests on to it?"
            yield Finding("error", f"Izwi does not answer at {settings.public_url}/healthz", cure)
    if settings.production is False and settings.host not in {"127.0.0.1", "localhost", "::1"}:
        yield Finding("warning", "Izwi listens for other machines", "set IZWI_PRODUCTION=true on a live service")


Look = Callable[[Settings, datetime], Iterator[Finding]]
HERE: tuple[Look, ...] = (_data_dir, _key_file, _database)
"""What is looked at on this machine, and so at once."""
OUTSIDE: tuple[Look, ...] = (_provider, _reach)
"""What others are asked about, which may take some seconds."""


def examine(settings: Settings, looks: tuple[Look, ...], at: datetime) -> list[Finding]:
    """Look, and tell all that was found."""
    return [finding for look in looks for finding in look(settings, at)]
