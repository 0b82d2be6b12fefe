"""The real service behind a real server in this process, and a provider that posts to it byte by byte if need be."""

import errno
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
import uvicorn

from app import main
from app.settings import Settings

NUMBER = "+263770000001"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Served:
    """A running service and how a provider reaches it."""

    def __init__(self, parts: main.Parts, port: int) -> None:
        self.parts, self.port = parts, port
        self.channel = next(iter(parts.lines))
        self.secret = parts.keys.hooks[self.channel][0]

    def request(
        self, path: str, body: bytes | str = b"", *, method: str = "POST", headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """Make one request; status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, FORM if headers is None else headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def post(self, hook: str, form: dict[str, str]) -> tuple[int, str]:
        """Post a form to a hook."""
        return self.request(f"/hooks/{self.secret}/{hook}", urlencode(form))

    def turn(self, text: str, *, session: str = "ATUid_1", number: str = NUMBER) -> str:
        """Take a USSD turn, which is answered with 200 whatever happens."""
        status, screen = self.post("ussd", ussd(text, session=session, number=number))
        assert status == 200
        assert screen.startswith(("CON ", "END "))
        return screen

    def sms(self, text: str, *, provider_id: str = "in_1", number: str = NUMBER) -> int:
        """Post a text message; the status."""
        return self.post("sms", {"id": provider_id, "from": number, "to": "30007", "text": text, "date": ""})[0]

    def send_raw(self, content: bytes, *, read: bool = True) -> bytes:
        """Write bytes on the line and hang up; what came back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as line:
            answer = b""
            try:
                line.sendall(content)
                line.shutdown(socket.SHUT_WR)
                while read and (part := line.recv(65536)):
                    answer += part
            except OSError as error:
                # A server that refuses a request before all of it is there hangs up, with a reset if more was on its way.
                if error.errno not in {errno.ECONNRESET, errno.ENOTCONN, errno.EPIPE}:
                    raise
            return answer

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Look into the database."""
        with self.parts.database.engine.connect() as connection:
            connection = connection.execution_options(izwi_read=True)
            return [tuple(row) for row in connection.exec_driver_sql(statement)]


def ussd(text: str, *, session: str = "ATUid_1", number: str = NUMBER) -> dict[str, str]:
    """The form of a turn."""
    return {
        "sessionId": session, "phoneNumber": number, "networkCode": "64804", "serviceCode": "*384*77#", "text": text,
    }  # fmt: skip


@contextmanager
def serving(settings: Settings) -> Iterator[Served]:
    """Serve until the end of the block."""
    parts = main.assemble(settings)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        main.create_app(parts), log_config=None, access_log=False, lifespan="on", proxy_headers=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        until(lambda: server.started)
        yield Served(parts, listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()


def until(holds: Callable[[], object], *, seconds: float = 20) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def serve(database_url: str, settings: Settings) -> Iterator[Callable[..., Served]]:
    """Start a service with settings of the test's own."""
    with ExitStack() as stack:
        yield lambda **changes: stack.enter_context(serving(settings.model_copy(update=changes)))


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    return serve()
