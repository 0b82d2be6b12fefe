"""A provider to test against: Africa's Talking's messaging and airtime APIs on a loopback port, well behaved or not.

    python -m tests.provider.server --port 9000
    python -m tests.provider.server --port 9000 --reports http://127.0.0.1:8000/hooks/SECRET

and Izwi with IZWI_AFRICASTALKING_URL=http://127.0.0.1:9000 and any API key; one that begins with `wrong` is not told its
balance. With `--reports` (an address of `izwi hooks` without its last word) it posts a report on everything that it
accepts. It answers with the shapes and words that were recorded from the real one, and keeps every message it accepts, a
million of them if need be. How it behaves is set while it runs, for text messages or, with "of": "airtime", for airtime:

    POST /_test/mode      {"mode": "503", "times": 3}   the next three requests; without "times", until the next reset
                          {"mode": "recipient-code", "code": 405, "only": ["+263…"]}
                          {"delivery": {"url": "http://…", "status": ["Success", "Sent"], "repeat": 3, "early": true}}
                          {"of": "airtime", "check": "http://…/airtime-check"}   asks there before it pays
    POST /_test/schedule  {"seed": 7, "weights": {"ok": 90, "accept-then-hang": 2, "500": 4, "429": 2, "slow": 2},
                           "reports": {"once": 80, "twice": 8, "early": 6, "out-of-order": 3, "never": 3}, "seconds": 1}
                          draws what becomes of each request; the same seed deals the same fates in the same order
    POST /_test/prices    [{"prefix": "+26377", "price": 0.0125}]   USD a segment; what was accepted before is forgotten
    POST /_test/reset     forget all, be well again, let hanging requests go
    GET  /_test/messages    [{"number", "message", "messageId", "username", "from", "at"}], in the order they were accepted
    GET  /_test/counts      {"messages", "numbers", "most", "distinct"}: most to one number, and distinct texts to numbers;
                            with ?each also {"of": {number: [messages, distinct]}}
    GET  /_test/bill        {"currency", "total", "messages", "segments"}
    GET  /_test/payments    [{"number", "amount", "currency", "key", "requestId"}]: airtime that was paid
    GET  /_test/requests    how many sends were asked for, accepted or not; with ?airtime those for airtime
    GET  /_test/deliveries  [{"id", "status", "answer"}], after all reports under way are posted
"""

import argparse
import json
import re
import socket
import struct
import sys
import threading
import urllib.parse
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.provider.airtime import refused
from tests.provider.behaviour import Behaviour

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

ACCEPTED = frozenset({100, 101, 102})

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


class Handler(BaseHTTPRequestHandler):
    """The provider's HTTP doors."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Provider"

    def do_GET(self) -> None:
        """Answer what a test or the library asks for."""
        url = urllib.parse.urlsplit(self.path)
        if url.path.startswith("/_test/"):
            self.tell(url.path.removeprefix("/_test/"), url.query)
        elif url.path == "/version1/user" and not (self.headers.get("apiKey") or "wrong").startswith("wrong"):
            self.answer(200, json.dumps({"UserData": {"balance": "KES 1785.50"}}))
        elif url.path == "/version1/user":
            self.error("401")
        elif url.path == "/portal":
            self.answer(200, "<html><body>Welcome to the guest network</body></html>", "text/html")
        else:
            self.error("404")

    def tell(self, what: str, query: str) -> None:
        """Answer what a test asks for."""
        behaviour = self.server.behaviour
        told: dict[str, Callable[[], Any]] = {
            "messages": behaviour.ledger.messages,
            "counts": lambda: behaviour.ledger.counts(each=query == "each"),
            "bill": behaviour.ledger.bill,
            "payments": lambda: behaviour.payments.paid,
            "requests": lambda: behaviour.requests[query or "sms"],
            "deliveries": behaviour.reporter.settled,
        }
        if what in told:
            self.answer(200, json.dumps(told[what]()))
        else:
            self.error("404")

    def do_POST(self) -> None:
        """Take a wish of a test, messages or airtime."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        behaviour = self.server.behaviour
        wishes: dict[str, Callable[[Any], None]] = {
            "/_test/mode": behaviour.set,
            "/_test/schedule": behaviour.schedule,
            "/_test/prices": behaviour.price,
            "/_test/reset": lambda _: behaviour.reset(),
        }
        if self.path in wishes:
            try:
                wishes[self.path](json.loads(body or "null"))
            except (ValueError, KeyError, TypeError) as error:
                self.answer(400, str(error), "text/plain")
            else:
                self.answer(200, "{}")
        elif self.path == "/version1/messaging":
            self.treat("sms", ("username", "to", "message"), body, self.messages)
        elif self.path == "/version1/airtime/send":
            self.treat("airtime", ("username", "recipients"), body, self.airtime)
        else:
            self.error("404")

    def treat(
        self, kind: str, fields: tuple[str, ...], body: str,
        accept: Callable[[dict[str, str], dict[str, Any]], tuple[str, list[dict[str, Any]]]],
    ) -> None:  # fmt: skip
        """Treat one request as the mode of the hour says."""
        form = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
        behaviour = self.server.behaviour
        mode = behaviour.next_mode(kind)
        name, let_go = mode.get("mode", "ok"), behaviour.reporter.let_go
        missing = next((key for key in fields if not form.get(key)), None)
        if not self.headers.get("apiKey"):
            self.error("401")
        elif missing:
            self.answer(400, f"Request is missing required form field '{missing}'", "text/plain; charset=UTF-8")
        elif name in ERRORS:
            self.error(name)
        elif name == "hang":
            let_go.wait(mode.get("seconds", 20))
            self.close_connection = True
        elif name == "redirect":
            self.redirect()
        elif name == "no-recipients" and kind == "airtime":
            self.answer(201, refused(mode.get("message", "Insufficient balance")))
        elif name == "no-recipients":
            self.answer(201, _messaging(mode.get("message", "InvalidSenderId"), []))
        else:
            answer, accepted = accept(form, mode)
            self.answer_accepted(name, mode, answer, behaviour.report(kind, mode, accepted), let_go)

    def answer_accepted(
        self, name: str, mode: dict[str, Any], answer: str, let_reports_go: Callable[[], None], let_go: threading.Event
    ) -> None:
        """Answer what was accepted, or fail to."""
        if name == "accept-then-hang":
            let_reports_go()
            let_go.wait(mode.get("seconds", 20))
            self.close_connection = True
            return
        if name == "slow":
            let_go.wait(mode.get("seconds", 1))
        try:
            self.answer_as(name, mode, answer)
        finally:
            let_reports_go()

    def messages(self, form: dict[str, str], mode: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
        """Accept the messages that the mode lets through; the answer, and those that a report is owed for."""
        numbers = form["to"].split(",")
        usual, only = (101 if form.get("enqueue") == "0" else 102), mode.get("only")
        codes = [_code(number, usual, mode) for number in numbers]
        taken = [number for number, code in zip(numbers, codes, strict=True) if code in ACCEPTED]
        kept = iter(self.server.behaviour.ledger.accept(form, taken))
        recipients = [
            _recipient(number, code, next(kept) if code in ACCEPTED else (mode.get("messageId", "None"), "0"))
            for number, code in zip(numbers, codes, strict=True)
        ]
        accepted = [each for each in recipients if each["messageId"] != "None"]
        mentioned = [
            each for each in recipients if mode.get("mode") != "leave-out" or each["number"] not in (only or ())
        ]
        summary = (
            f"Sent to {len(accepted)}/{len(recipients)} Total Cost: KES {len(accepted) * 0.8:.4f} Message parts: 1"
        )
        return _messaging(summary, mentioned[::-1]), accepted  # whoever matches answers by their place learns it here

    def airtime(self, form: dict[str, str], mode: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
        """Pay what the mode lets through."""
        recipients = json.loads(form["recipients"])
        return self.server.behaviour.payments.send(recipients, self.headers.get("Idempotency-Key", ""), mode)

    def redirect(self) -> None:
        """Lead to a page, as a captive portal does."""
        self.send_response(302)
        self.send_header("Location", "/portal")
        self.send_header("Content-Length", "0")
        self.end_headers()

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


def _code(number: str, usual: int, mode: dict[str, Any]) -> int:
    if not NUMBER.fullmatch(number):
        return 403
    if mode.get("mode") == "refuse-all":
        return 406
    if mode.get("mode") == "recipient-code" and number in mode.get("only", [number]):
        return int(mode["code"])
    return usual


def _recipient(number: str, code: int, kept: tuple[str, str]) -> dict[str, Any]:
    """One number in the words of the real answers."""
    message_id, cost = kept
    status = CODES.get(code, "SomethingNew")
    return {"cost": cost, "messageId": message_id, "number": number, "status": status, "statusCode": code}


def _messaging(message: str, recipients: list[dict[str, Any]]) -> str:
    return json.dumps({"SMSMessageData": {"Message": message, "Recipients": recipients}}, separators=(",", ":"))


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description="A test provider that speaks Africa's Talking's messaging API")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--reports", metavar="URL", help="hooks to post reports to, without their last word")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with the process that started this one")
    wishes = parser.parse_args()
    provider = Provider(wishes.port)
    if wishes.reports:
        provider.behaviour.report_to(wishes.reports)
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
