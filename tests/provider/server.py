"""A provider to test against: Africa's Talking's messaging API on a loopback port, well behaved or not.

    python -m tests.provider.server --port 8300

It answers with the shapes and words that were recorded from the real one, and keeps every message it accepts. How it
behaves is set while it runs:

    POST /_test/mode     {"mode": "503", "times": 3}   the next three sends; without "times", until the next reset
                         {"mode": "recipient-code", "code": 405, "only": ["+263…"]}
                         {"delivery": {"url": "http://…", "status": ["Success", "Sent"], "repeat": 3, "early": true}}
    POST /_test/reset    forget all messages, be well again, let hanging requests go
    GET  /_test/messages    [{"number", "message", "messageId", "from", "at"}], in the order they were accepted
    GET  /_test/requests    how many sends were asked for, accepted or not
    GET  /_test/deliveries  [{"id", "status", "answer"}], after all delivery reports under way are posted
"""

import argparse
import http.client
import json
import re
import socket
import struct
import sys
import threading
import urllib.parse
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODES = (
    "ok",
    "refuse-all",  # 201, every recipient with a status of its own that is final
    "recipient-code",  # 201, every recipient (or those in "only") with "code"
    "leave-out",  # 201, the recipients in "only" are accepted and not mentioned
    "no-recipients",  # 201, and nothing was sent: the reason stands in Message ("message" sets it)
    "charset",  # 201, with a content type that the SDK does not decode
    "garbage",  # 201, accepted, with "body" instead of an answer, or "raw" instead of all HTTP
    "accept-then-500",  # the worst of both: sent, and an error
    "accept-then-hang",  # sent, and no answer for "seconds"
    "accept-then-reset",  # sent, and the connection is torn down
    "accept-then-cut",  # sent, and half an answer
    "hang",  # not sent, no answer for "seconds"
    "redirect",  # not sent, led to a page (a captive portal)
    "400",
    "401",
    "404",
    "429",
    "500",
    "503",
)

CODES = {
    100: "Processed",
    101: "Success",
    102: "Success",
    401: "RiskHold",
    402: "InvalidSenderId",
    403: "InvalidPhoneNumber",
    404: "UnsupportedNumberType",
    405: "InsufficientBalance",
    406: "UserInBlacklist",
    407: "CouldNotRoute",
    409: "DoNotDisturbRejection",
    500: "InternalServerError",
    501: "GatewayError",
    502: "RejectedByGateway",
}

ERRORS = {
    "400": (400, "Request is missing required form field 'to'"),
    "401": (401, "The supplied authentication is invalid"),
    "404": (404, "The requested resource could not be found."),
    "429": (429, "Too many requests"),
    "500": (500, "There was an internal server error."),
    "503": (503, "The server is currently unavailable (because it is overloaded or down for maintenance)."),
}

JSON = "application/json"
NUMBER = re.compile(r"\+[1-9][0-9]{7,14}")


@dataclass
class Behaviour:
    """What the provider does, what it has accepted, and the reports it owes."""

    mode: dict[str, Any] = field(default_factory=dict)
    delivery: dict[str, Any] = field(default_factory=dict)
    messages: list[dict[str, str]] = field(default_factory=list)
    deliveries: list[dict[str, str]] = field(default_factory=list)
    reporting: list[threading.Thread] = field(default_factory=list)
    requests: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    let_go: threading.Event = field(default_factory=threading.Event)

    def set(self, wish: dict[str, Any]) -> None:
        """Take a wish from a test; a mode that does not exist is a mistake in the test."""
        if wish.get("mode", "ok") not in MODES:
            raise ValueError(f"no such mode; there are {', '.join(MODES)}")
        with self.lock:
            self.mode = wish if "mode" in wish else self.mode
            self.delivery = wish.get("delivery", self.delivery)

    def reset(self) -> None:
        """Forget everything and let hanging requests go."""
        with self.lock:
            hanging, self.let_go = self.let_go, threading.Event()
            self.mode, self.delivery, self.requests = {}, {}, 0
            self.messages, self.deliveries = [], []
        hanging.set()

    def next_mode(self) -> dict[str, Any]:
        """Count a send and say how to treat it."""
        with self.lock:
            self.requests += 1
            mode = self.mode
            if "times" in mode:
                self.mode = {**mode, "times": mode["times"] - 1} if mode["times"] > 1 else {}
            return mode

    def accept(self, form: dict[str, str], number: str) -> str:
        """Keep one message and give it an id."""
        message_id = f"ATXid_{uuid.uuid4().hex}"
        kept = {"number": number, "message": form["message"], "messageId": message_id}
        kept |= {
            "from": form.get("from", "AFRICASTKNG"),
            "username": form["username"],
            "at": datetime.now(UTC).isoformat(),
        }
        with self.lock:
            self.messages.append(kept)
        return message_id

    def report(self, sent: list[dict[str, Any]]) -> Callable[[], None]:
        """Post the delivery reports now (early), or hand back what lets them go once the answer is out."""
        wish = self.delivery
        accepted = [recipient for recipient in sent if recipient["messageId"] != "None"]
        if not wish or not accepted:
            return lambda: None
        if wish.get("early"):
            self._post_reports(wish, accepted)
            return lambda: None
        answered = threading.Event()
        thread = threading.Thread(target=self._post_reports, args=(wish, accepted, answered), daemon=True)
        with self.lock:
            self.reporting.append(thread)
        thread.start()
        return answered.set

    def settled(self) -> list[dict[str, str]]:
        """Wait for the reports under way and tell what was answered to each."""
        with self.lock:
            reporting, self.reporting = self.reporting, []
        for thread in reporting:
            thread.join()
        return self.deliveries

    def _post_reports(
        self, wish: dict[str, Any], recipients: list[dict[str, Any]], answered: threading.Event | None = None
    ) -> None:
        if answered:
            answered.wait()
        status = wish.get("status", "Success")
        statuses = [status] if isinstance(status, str) else status
        for _ in range(wish.get("repeat", 1)):
            for status in statuses:
                for recipient in reversed(recipients):  # never in the order of the send
                    self.let_go.wait(wish.get("delay_ms", 0) / 1000)
                    self._post_report(wish, recipient, status)

    def _post_report(self, wish: dict[str, Any], recipient: dict[str, Any], status: str) -> None:
        form = {
            "id": recipient["messageId"],
            "status": status,
            "phoneNumber": recipient["number"],
            "networkCode": wish.get("networkCode", "99999"),
            "failureReason": wish.get("failureReason", ""),
            "retryCount": "0",
        }
        url = urllib.parse.urlsplit(wish["url"])
        connection = http.client.HTTPConnection(url.hostname or "", url.port or 80, timeout=10)
        try:
            connection.request(
                "POST",
                url.path or "/",
                urllib.parse.urlencode(form),
                {"Content-Type": "application/x-www-form-urlencoded"},
            )
            answer = str(connection.getresponse().status)
        except OSError as error:
            answer = type(error).__name__
        finally:
            connection.close()
        with self.lock:
            self.deliveries.append({"id": form["id"], "status": status, "answer": answer})


class Handler(BaseHTTPRequestHandler):
    """The provider's HTTP doors."""

    protocol_version = "HTTP/1.1"
    server: "Provider"

    def do_GET(self) -> None:
        """Answer what a test or the library asks for."""
        behaviour = self.server.behaviour
        match urllib.parse.urlsplit(self.path).path:
            case "/_test/messages":
                self.answer(200, json.dumps(behaviour.messages))
            case "/_test/requests":
                self.answer(200, json.dumps(behaviour.requests))
            case "/_test/deliveries":
                self.answer(200, json.dumps(behaviour.settled()))
            case "/version1/user" if self.headers.get("apiKey"):
                self.answer(200, json.dumps({"UserData": {"balance": "KES 1785.50"}}))
            case "/version1/user":
                self.error("401")
            case "/portal":
                self.answer(200, "<html><body>Welcome to the guest network</body></html>", "text/html")
            case _:
                self.error("404")

    def do_POST(self) -> None:
        """Take a wish of a test, or messages."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        match self.path:
            case "/_test/mode":
                try:
                    self.server.behaviour.set(json.loads(body))
                except ValueError as error:
                    self.answer(400, str(error), "text/plain")
                else:
                    self.answer(200, "{}")
            case "/_test/reset":
                self.server.behaviour.reset()
                self.answer(200, "{}")
            case "/version1/messaging":
                self.messaging(dict(urllib.parse.parse_qsl(body, keep_blank_values=True)))
            case _:
                self.error("404")

    def messaging(self, form: dict[str, str]) -> None:
        """Treat one send as the mode of the hour says."""
        behaviour = self.server.behaviour
        mode = behaviour.next_mode()
        name = mode.get("mode", "ok")
        missing = next((key for key in ("username", "to", "message") if not form.get(key)), None)
        if not self.headers.get("apiKey"):
            self.error("401")
        elif missing:
            self.answer(400, f"Request is missing required form field '{missing}'", "text/plain; charset=UTF-8")
        elif name in ERRORS:
            self.error(name)
        elif name == "hang":
            behaviour.let_go.wait(mode.get("seconds", 20))
            self.close_connection = True
        elif name == "redirect":
            self.send_response(302)
            self.send_header("Location", "/portal")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif name == "no-recipients":
            self.answer(201, _messaging(mode.get("message", "InvalidSenderId"), []))
        else:
            self.accepting(form, mode, name)

    def accepting(self, form: dict[str, str], mode: dict[str, Any], name: str) -> None:
        """Accept what the mode lets through, and answer or fail to."""
        behaviour = self.server.behaviour
        recipients = [self.recipient(form, number, mode) for number in form["to"].split(",")]
        let_reports_go = behaviour.report(recipients)
        sent = sum(1 for recipient in recipients if recipient["messageId"] != "None")
        mentioned = [each for each in recipients if name != "leave-out" or each["number"] not in mode.get("only", ())]
        summary = f"Sent to {sent}/{len(recipients)} Total Cost: KES {sent * 0.8:.4f} Message parts: 1"
        body = _messaging(summary, mentioned[::-1])  # whoever matches answers by their place learns it here
        if name == "accept-then-hang":
            let_reports_go()
            behaviour.let_go.wait(mode.get("seconds", 20))
            self.close_connection = True
            return
        try:
            self.answer_as(name, mode, body)
        finally:
            let_reports_go()

    def answer_as(self, name: str, mode: dict[str, Any], body: str) -> None:
        """Answer a send that was accepted, well or badly."""
        match name:
            case "accept-then-500":
                self.error("500")
            case "accept-then-reset":
                self.reset_connection()
            case "accept-then-cut":
                self.answer(201, body, cut=len(body) // 2)
            case "garbage" if "raw" in mode:
                self.wfile.write(mode["raw"].encode("latin-1"))
                self.close_connection = True
            case "garbage":
                self.answer(201, mode.get("body", "<html>Bad gateway</html>"), mode.get("type", JSON))
            case "charset":
                self.answer(201, body, f"{JSON}; charset=utf-8")
            case _:
                self.answer(201, body)

    def recipient(self, form: dict[str, str], number: str, mode: dict[str, Any]) -> dict[str, Any]:
        """Accept or refuse one number, in the words of the real answers."""
        code = 101 if form.get("enqueue") == "0" else 102
        if not NUMBER.fullmatch(number):
            code = 403
        elif mode.get("mode") == "refuse-all":
            code = 406
        elif mode.get("mode") == "recipient-code" and number in mode.get("only", [number]):
            code = int(mode["code"])
        accepted = code in (100, 101, 102)
        return {
            "cost": "KES 0.8000" if accepted else "0",
            "messageId": self.server.behaviour.accept(form, number) if accepted else mode.get("messageId", "None"),
            "number": number,
            "status": CODES.get(code, "SomethingNew"),
            "statusCode": code,
        }

    def error(self, name: str) -> None:
        """Answer one of the recorded errors; they are plain text, even to a client that wants JSON."""
        status, text = ERRORS[name]
        self.answer(status, text, "text/plain; charset=UTF-8")

    def answer(self, status: int, body: str, content_type: str = JSON, cut: int | None = None) -> None:
        """Write an answer, or only its first `cut` bytes."""
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:cut])
        self.close_connection = self.close_connection or cut is not None

    def reset_connection(self) -> None:
        """Tear the connection down with a reset, as a dying network does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.rfile.close()
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the requests carry numbers and texts."""


class Provider(ThreadingHTTPServer):
    """The server with its behaviour."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.behaviour = Behaviour()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what half of the tests are about; anything else is a fault of this file."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _messaging(message: str, recipients: list[dict[str, Any]]) -> str:
    return json.dumps({"SMSMessageData": {"Message": message, "Recipients": recipients}}, separators=(",", ":"))


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description="A test provider that speaks Africa's Talking's messaging API")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with the process that started this one")
    wishes = parser.parse_args()
    provider = Provider(wishes.port)
    if wishes.until_stdin_closes:
        threading.Thread(target=_end_with_stdin, args=(provider,), daemon=True).start()
    sys.stdout.write(f"listening on {provider.server_port}\n")
    sys.stdout.flush()
    provider.serve_forever(poll_interval=0.05)


def _end_with_stdin(provider: Provider) -> None:
    sys.stdin.read()
    provider.shutdown()


if __name__ == "__main__":
    main()
