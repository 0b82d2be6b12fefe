"""`izwi serve`, `izwi work`, `izwi migrate`: the long-running service and its tables."""

import signal
import socket
import subprocess
import sys
import threading

import click
import sqlalchemy as sa
import uvicorn

from app.cli.root import fail, log_to_stderr, say
from app.gateway import library
from app.settings import BadSettings, Settings, load
from app.store import keys, schema
from app.store.keys import KeysUnreadable
from app.store.unit import Database


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

    if preparing is not None and preparing.wait() != 0:
        fail("The database could not be made ready; the lines above say why.")
    try:
        parts = main.assemble(settings)
    except (main.NotReady, KeysUnreadable) as error:
        fail(str(error))
        return
    app = main.create_app(parts, with_worker=not no_worker, with_simulator=demo)
    config = uvicorn.Config(
        app, host=settings.host, port=settings.port, log_config=None, access_log=False, server_header=False,
        date_header=False, proxy_headers=False, lifespan="on", timeout_keep_alive=75, backlog=4096,
    )  # fmt: skip
    server = _Announcing(config, _announcement(settings, parts.keys.hooks[settings.channel][0], demo))
    server.run()
    sys.exit(0 if server.started else 1)


@click.command(short_help="Only send what the outbox holds")
def work() -> None:
    """Start only the worker: sends what the outbox holds, lets old runs expire."""
    settings = read_settings()
    log_to_stderr(settings.log_level)
    from app import main

    try:
        parts = main.assemble(settings)
    except (main.NotReady, KeysUnreadable) as error:
        fail(str(error))
        return
    worker, stop = main.make_worker(parts), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    worker.start()
    say("The worker runs; Ctrl-C ends it.", err=True)
    stop.wait()
    worker.stop()
    parts.close()


@click.command(short_help="Bring tables and surveys up to date")
@click.option("--quiet", is_flag=True, help="Say nothing when all goes well")
def migrate(quiet: bool) -> None:
    """Bring the database's tables up to date and publish new surveys. `izwi serve` does this by itself."""
    settings = read_settings()
    log_to_stderr(settings.log_level)
    from app import main

    keys.make_private(settings.data_dir)
    database = Database(settings.database)
    before = schema.current(database.engine)
    try:
        main.prepare(settings, database)
    except main.NotReady as error:
        fail(str(error))
    after = schema.current(database.engine)
    database.close()
    if not quiet:
        say(f"Up to date at {after}." if before == after else f"Brought from {before or 'nothing'} to {after}.")


def _start_preparing(settings: Settings) -> "subprocess.Popen[bytes] | None":
    """Make tables and surveys ready in a process of its own: what that needs (30 MB) would stay in a service for ever."""
    keys.make_private(settings.data_dir)
    database = Database(settings.database)
    try:
        ready = schema.current(database.engine) == schema.newest() and not library.unpublished(
            database, [*library.shipped(), *library.brought(settings.surveys)]
        )
    except sa.exc.OperationalError:
        fail("The database cannot be opened. Is IZWI_DATABASE_URL right, and is the server running?")
    finally:
        database.close()
    return None if ready else subprocess.Popen([sys.executable, "-m", "app", "migrate", "--quiet"])


def read_settings(**overrides: object) -> Settings:
    """Read the settings, or say what is wrong with them and end."""
    try:
        return load(**{name: value for name, value in overrides.items() if value is not None})
    except BadSettings as error:
        fail(f"These settings are wrong:\n{error}", code=2)
        raise


def _demo_channel(demo: bool) -> dict[str, str]:
    settings = read_settings()
    return {"channel": "simulated"} if demo and not settings.africastalking_api_key else {}


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


def _announcement(settings: Settings, secret: str, demo: bool) -> str:
    base = f"http://{settings.host}:{settings.port}"
    if not demo:
        return f"Izwi listens on {base}. `izwi hooks` shows the addresses to give to the provider."
    curl = (
        f"curl {base}/hooks/{secret}/ussd --data-urlencode 'sessionId=1' --data-urlencode 'phoneNumber=+263770000001' "
        "--data-urlencode 'serviceCode=*384*77#' --data-urlencode 'networkCode=99999' --data-urlencode 'text='"
    )
    return (
        f"\nIzwi runs with the sample survey. Nothing is sent to anybody.\n\n"
        f"Dial from the command line (then add what you reply: text=1, text=1*1, …):\n  {curl}\n\n"
        f"Dial with a phone in the browser:\n  {base}/simulator\n"
    )


class _Announcing(uvicorn.Server):
    """A server that says where it is once it listens."""

    def __init__(self, config: uvicorn.Config, announcement: str) -> None:
        super().__init__(config)
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then announce."""
        await super().startup(sockets=sockets)
        if self.started:
            say(self._announcement)
