"""`izwi serve` and `izwi work`: the long-running service. What is heavy is imported while the tables are made ready."""

import os
import signal
import socket
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.root import fail, log_to_stderr, read_settings, say
from app.settings import Settings

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from app.main import Parts


@click.command(short_help="Take what the provider sends, and send messages")
@click.option("--host", help="Address to listen on  [default: IZWI_HOST or 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on  [default: IZWI_PORT or 8000]")
@click.option("--no-worker", is_flag=True, help="Take turns only; another process runs `izwi work`")
@click.option("--demo", is_flag=True, help="With the phone in the browser; sends nothing unless an API key is set")
def serve(host: str | None, port: int | None, no_worker: bool, demo: bool) -> None:
    """Start the service: the provider's hooks, and the worker that sends."""
    settings = read_settings(host=host, port=port, **_demo_channel(demo))
    log_to_stderr(settings.log_level)
    demo = demo and not settings.production and _is_loopback(settings.host)
    _check_port(settings)
    preparing = _start_preparing(settings)
    from app import main
    from app.web.listening import listen
    from app.web.restarting import Restart

    if preparing is not None:
        preparing.join()
        if preparing.exitcode != 0:
            fail("The database could not be made ready; the lines above say why.")
    parts = _assemble(settings)
    restart = Restart()
    app = main.create_app(parts, with_worker=not no_worker, with_simulator=demo, restart=restart)
    announcement = _announcement(settings, parts, demo)
    well = listen(app, settings, lambda: say(announcement), restart)
    if restart.wanted:
        _begin_again()
    sys.exit(0 if well else 1)


def _begin_again() -> None:
    """Become the same command anew, under the same process number: whoever started it notices nothing."""
    say("Izwi starts again, as was asked for in the console.", err=True)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 -- it is this very command


@click.command(short_help="Only send what the outbox holds")
def work() -> None:
    """Start only the worker: sends what the outbox holds, lets old runs expire."""
    settings = read_settings()
    log_to_stderr(settings.log_level)
    from app import main

    parts = _assemble(settings)
    worker, stop = main.make_worker(parts), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    worker.start()
    say("The worker runs; Ctrl-C ends it.", err=True)
    stop.wait()
    worker.stop()
    parts.close()


def _assemble(settings: Settings) -> "Parts":
    from app.gateway.preparing import NotReady
    from app.main import assemble
    from app.store.keys import KeysUnreadable

    try:
        return assemble(settings)
    except (NotReady, KeysUnreadable) as error:
        fail(str(error))
        raise


def _start_preparing(settings: Settings) -> "BaseProcess | None":
    """Make tables and surveys ready in a process of its own, where there is something to do.

    What that needs (30 MB) would stay in a service for ever; and at the very first start it goes on beside our own start.
    """
    import multiprocessing

    from app.cli import migrating

    if _is_ready(settings):
        return None
    # A fork has what is imported by now, and so is ready half a second before a new interpreter.
    linux = sys.platform == "linux"
    context = multiprocessing.get_context("fork") if linux else multiprocessing.get_context("spawn")
    child = context.Process(target=migrating.migrate.callback, kwargs={"quiet": True})
    child.start()
    return child


def _is_ready(settings: Settings) -> bool:
    from sqlalchemy.exc import OperationalError

    from app.gateway import preparing
    from app.store.unit import Database

    file = settings.database.removeprefix("sqlite:///")
    if file != settings.database and not Path(file).exists():
        return False
    database = Database(settings.database)
    try:
        return preparing.is_ready(settings, database)
    except OperationalError:
        fail("The database cannot be opened. Is IZWI_DATABASE_URL right, and is the server running?")
        raise
    finally:
        database.close()


def _demo_channel(demo: bool) -> dict[str, Any]:
    settings = read_settings()
    keyless = all(not line.api_key for line in settings.lines.values())
    return {"channel": "simulated", "channels": {}} if demo and keyless else {}


def _is_loopback(host: str) -> bool:
    return host in {"127.0.0.1", "localhost", "::1"}


def _check_port(settings: Settings) -> None:
    """Find out now whether the port is free: a sentence is better than a stack trace after the start."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            fail(
                f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}. Is Izwi running already? IZWI_PORT"
            )


def _announcement(settings: Settings, parts: "Parts", demo: bool) -> str:
    base = f"http://{settings.host}:{settings.port}"
    console = _console(settings.public_url.rstrip("/") or base, parts)
    if not demo:
        return f"Izwi listens on {base}. `izwi hooks` shows the addresses to give to the provider.\n\n{console}"
    secret = parts.keys.hooks[next(iter(settings.lines))][0]
    curl = (
        f"curl -s {base}/hooks/{secret}/ussd --data-urlencode 'sessionId=1' --data-urlencode 'phoneNumber=+263770000001' "
        "--data-urlencode 'serviceCode=*384*77#' --data-urlencode 'networkCode=99999' --data-urlencode 'text='"
    )
    return (
        f"\nIzwi runs with the sample survey. Nothing is sent to anybody.\n\n"
        f"Dial from the command line (then add what you reply: text=1, text=1*1, …):\n  {curl}\n\n"
        f"Dial with a phone in the browser:\n  {base}/simulator\n\n{console}"
    )


def _console(base: str, parts: "Parts") -> str:
    """Where the console is; for the very first account with its code, which nobody else may see."""
    from app.gateway.accounts import Accounts

    code = Accounts(parts.database, parts.keys).first_code(datetime.now(UTC))
    first = f"\n  Your code for the first account, valid for 30 minutes: {code}\n" if code else "\n"
    return f"Open the console:\n  {base}/{first}"
