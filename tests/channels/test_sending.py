"""Sending through the provider's own library, to a test provider that behaves well, badly, and worse."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from app.channels.base import Sender, Sending
from tests.provider.process import ProviderProcess

ONE = "+263770000001"
TWO = "+263770000002"
THREE = "+263770000003"

SENT, REFUSED, RETRY, UNKNOWN = Sending.SENT, Sending.REFUSED, Sending.RETRY, Sending.UNKNOWN


def test_every_message_reaches_its_own_number_and_gets_its_own_id(sender: Sender, provider: ProviderProcess) -> None:
    results = sender.send("Mhoro ✅ & a+b", [ONE, TWO, THREE])

    assert [result.outcome for result in results] == [SENT, SENT, SENT]
    assert [(kept["number"], kept["messageId"]) for kept in provider.messages()] == [
        (number, result.provider_id) for number, result in zip((ONE, TWO, THREE), results, strict=True)
    ]
    assert {kept["message"] for kept in provider.messages()} == {"Mhoro ✅ & a+b"}
    assert (results[0].status, results[0].cost) == ("Success", "KES 0.8000")


def test_a_sender_id_stands_on_the_message(make_sender: Callable[..., Sender], provider: ProviderProcess) -> None:
    make_sender(sender="IZWI").send("Mhoro", [ONE])

    assert provider.messages()[0]["from"] == "IZWI"


def test_without_a_sender_id_the_provider_uses_its_own(sender: Sender, provider: ProviderProcess) -> None:
    sender.send("Mhoro", [ONE])

    assert provider.messages()[0]["from"] == "AFRICASTKNG"


def test_nobody_to_send_to_is_no_request(sender: Sender, provider: ProviderProcess) -> None:
    assert sender.send("Mhoro", []) == []

    assert provider.requests() == 0


@pytest.mark.parametrize(
    ("mode", "outcome", "reason"),
    [
        ("ok", SENT, ""),
        ("charset", SENT, ""),
        ("400", REFUSED, "bad request"),
        ("401", RETRY, "authentication"),
        ("404", REFUSED, "bad request"),
        ("429", RETRY, "throttled"),
        ("503", RETRY, "unavailable"),
        ("500", UNKNOWN, "server error"),
        ("accept-then-500", UNKNOWN, "server error"),
        ("accept-then-reset", UNKNOWN, "no answer"),
        ("accept-then-cut", UNKNOWN, "no answer"),
        ("redirect", UNKNOWN, "redirected"),
        ("refuse-all", REFUSED, "UserInBlacklist"),
        ("no-recipients", REFUSED, "InvalidSenderId"),
    ],
)
def test_each_behaviour_of_the_provider_has_its_outcome(
    sender: Sender, provider: ProviderProcess, mode: str, outcome: Sending, reason: str
) -> None:
    provider.set_mode(mode)

    results = sender.send("Mhoro", [ONE, TWO])

    assert [(result.outcome, result.reason) for result in results] == [(outcome, reason)] * 2


@pytest.mark.parametrize("mode", ["hang", "accept-then-hang"])
def test_a_send_without_an_answer_may_have_been_sent(
    make_sender: Callable[..., Sender], provider: ProviderProcess, mode: str
) -> None:
    provider.set_mode(mode)

    results = make_sender(send_timeout_seconds=0.2).send("Mhoro", [ONE])

    assert [(result.outcome, result.reason) for result in results] == [(UNKNOWN, "no answer")]


def test_only_a_surely_unsent_message_is_tried_again_and_arrives_once(
    sender: Sender, provider: ProviderProcess
) -> None:
    provider.set_mode("503", times=2)

    outcomes = [sender.send("Mhoro", [ONE])[0].outcome for _ in range(3)]

    assert outcomes == [RETRY, RETRY, SENT]
    assert len(provider.messages()) == 1


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (100, SENT),
        (101, SENT),
        (102, SENT),
        (401, REFUSED),
        (402, REFUSED),
        (403, REFUSED),
        (404, REFUSED),
        (405, RETRY),
        (406, REFUSED),
        (407, REFUSED),
        (409, REFUSED),
        (500, RETRY),
        (501, RETRY),
        (502, RETRY),
        (599, UNKNOWN),
    ],
)
def test_a_code_decides_for_its_own_number_only(
    sender: Sender, provider: ProviderProcess, code: int, outcome: Sending
) -> None:
    provider.set_mode("recipient-code", code=code, only=[TWO])

    results = sender.send("Mhoro", [ONE, TWO, THREE])

    assert [result.outcome for result in results] == [SENT, outcome, SENT]
    assert (results[1].provider_id != "") is (outcome is SENT)


def test_an_unfamiliar_code_with_an_id_counts_as_sent(sender: Sender, provider: ProviderProcess) -> None:
    provider.set_mode("recipient-code", code=199, messageId="ATXid_1")

    result = sender.send("Mhoro", [ONE])[0]

    assert (result.outcome, result.provider_id, result.reason) == (SENT, "ATXid_1", "unfamiliar status")


def test_a_number_that_the_answer_leaves_out_may_have_been_sent(sender: Sender, provider: ProviderProcess) -> None:
    provider.set_mode("leave-out", only=[TWO])

    results = sender.send("Mhoro", [ONE, TWO])

    assert [result.outcome for result in results] == [SENT, UNKNOWN]


@pytest.mark.parametrize(
    ("message", "outcome", "reason"),
    [
        ("InvalidSenderId", REFUSED, "InvalidSenderId"),
        ("InsufficientBalance", RETRY, "InsufficientBalance"),
        ("SomethingNew", REFUSED, "SomethingNew"),
        (f"Cannot send Mhoro to {ONE}", REFUSED, "refused without a recipient"),
        ("Sent to 1/1 Total Cost: KES 0.8000", UNKNOWN, "missing in the answer"),
        ("", UNKNOWN, "missing in the answer"),
    ],
)
def test_a_success_without_recipients_is_a_failure_and_gives_its_reason_but_no_numbers(
    sender: Sender, provider: ProviderProcess, message: str, outcome: Sending, reason: str
) -> None:
    provider.set_mode("no-recipients", message=message)

    result = sender.send("Mhoro", [ONE])[0]

    assert (result.outcome, result.reason) == (outcome, reason)


def answer(*recipients: object) -> str:
    return json.dumps({"SMSMessageData": {"Message": "Sent to 1/1", "Recipients": recipients}})


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("", UNKNOWN),
        ("<html><h1>502 Bad Gateway</h1></html>", UNKNOWN),
        ('{"SMSMessageData":{"Message":"Sent to 1/1","Recip', UNKNOWN),
        ("null", UNKNOWN),
        ("[]", UNKNOWN),
        ('"a string"', UNKNOWN),
        ('{"SMSMessageData":null}', UNKNOWN),
        ('{"SMSMessageData":[]}', UNKNOWN),
        ('{"SMSMessageData":{"Recipients":null}}', UNKNOWN),
        ('{"SMSMessageData":{"Recipients":"none"}}', UNKNOWN),
        ('{"SMSMessageData":{"Recipients":{"number":"+263770000001"}}}', UNKNOWN),
        ('{"SMSMessageData":{"Recipients":[]}}', UNKNOWN),
        ("[" * 100_000, UNKNOWN),
        (answer(None, 7, "x", [], {}), UNKNOWN),
        (answer({"number": ONE}), UNKNOWN),
        (answer({"number": ONE, "statusCode": [], "messageId": {}, "status": 7, "cost": None}), UNKNOWN),
        (answer({"number": ONE, "statusCode": 101, "messageId": "None"}), UNKNOWN),
        (answer({"number": [ONE], "statusCode": 101, "messageId": "ATXid_1"}), UNKNOWN),
        (answer({"number": ONE, "statusCode": "101", "messageId": "ATXid_1"}), SENT),
        (answer({"number": ONE[1:], "statusCode": 101, "messageId": "ATXid_1"}), SENT),
        (answer({"number": ONE, "statusCode": 101, "messageId": "A"}, {"number": ONE, "statusCode": 500}), SENT),
        (answer({"number": ONE, "statusCode": 500}, {"number": ONE, "statusCode": 101, "messageId": "A"}), SENT),
    ],
)
def test_no_answer_however_odd_stops_the_worker(
    sender: Sender, provider: ProviderProcess, body: str, outcome: Sending
) -> None:
    provider.set_mode("garbage", body=body)

    results = sender.send("Mhoro", [ONE])

    assert [result.outcome for result in results] == [outcome]


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "hello\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 201 Created\r\nContent-Length: 5, 7\r\n\r\nhello",
        "HTTP/1.1 201 Created\r\nContent-Length: none\r\n\r\nhello",
        "HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\n\r\nhello",
        "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello",
        "HTTP/1.1 201 Created\r\nContent-Type: \xff\r\n\r\n\xff\xfe\xfd",
        "HTTP/1.1 201 Created\r\n" + "X: y\r\n" * 200 + "\r\n",
        "HTTP/1.1 201 Created\r\nX: " + "y" * 70_000 + "\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: nowhere:\r\n\r\n",
    ],
)
def test_an_answer_that_is_no_http_comes_after_the_send(sender: Sender, provider: ProviderProcess, raw: str) -> None:
    provider.set_mode("garbage", raw=raw)

    results = sender.send("Mhoro", [ONE])

    assert [result.outcome for result in results] == [UNKNOWN]
    assert len(provider.messages()) == 1


@pytest.mark.parametrize(
    "number",
    ["", "+1234", "+2637700000011223344", "263770000001", "+063770000001", "+263770000001\n", "+263 770000001", "MTN"],
)
def test_what_is_no_number_is_refused_and_the_others_are_sent(
    sender: Sender, provider: ProviderProcess, number: str
) -> None:
    results = sender.send("Mhoro", [ONE, number, TWO])

    assert [result.outcome for result in results] == [SENT, REFUSED, SENT]
    assert [kept["number"] for kept in provider.messages()] == [ONE, TWO]


def test_a_number_that_comes_twice_in_a_batch_is_sent_once_and_kept_for_later(
    sender: Sender, provider: ProviderProcess
) -> None:
    results = sender.send("Mhoro", [ONE, TWO, ONE])

    assert [result.outcome for result in results] == [SENT, SENT, RETRY]
    assert len(provider.messages()) == 2


@pytest.mark.parametrize("body", ["", " \n", "half a sign \ud83d", "\x00"])
def test_a_text_that_cannot_be_sent_is_refused(sender: Sender, provider: ProviderProcess, body: str) -> None:
    results = sender.send(body, [ONE])

    assert [(result.outcome, result.reason) for result in results] == [(REFUSED, "unsendable text")]
    assert provider.requests() == 0


@pytest.mark.parametrize("key", ["", " ", "ké", "a\nb"])
def test_without_a_usable_key_nothing_leaves_and_nothing_is_lost(
    make_sender: Callable[..., Sender], provider: ProviderProcess, key: str
) -> None:
    results = make_sender(api_key=key).send("Mhoro", [ONE])

    assert [(result.outcome, result.reason) for result in results] == [(RETRY, "authentication")]
    assert provider.requests() == 0


def test_a_key_pasted_with_its_line_end_works(make_sender: Callable[..., Sender], provider: ProviderProcess) -> None:
    assert make_sender(api_key="a-key\n").send("Mhoro", [ONE])[0].outcome is SENT


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://"])
def test_a_wrong_base_url_waits_for_the_operator(make_sender: Callable[..., Sender], url: str) -> None:
    results = make_sender(url=url).send("Mhoro", [ONE])

    assert [(result.outcome, result.reason) for result in results] == [(RETRY, "settings")]


def test_a_provider_that_is_down_got_nothing_and_gets_it_when_it_is_back(
    sender: Sender, provider: ProviderProcess
) -> None:
    provider.stop()
    while_down = sender.send("Mhoro", [ONE])[0]
    provider.start()
    when_back = sender.send("Mhoro", [ONE])[0]

    assert (while_down.outcome, while_down.reason) == (RETRY, "unreachable")
    assert when_back.outcome is SENT
    assert len(provider.messages()) == 1


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port whose queue is full: the system answers no further connection, as a network that swallows packets."""
    with socket.socket() as listening, socket.socket() as first, socket.socket() as second:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


def test_a_connection_that_never_opens_sent_nothing(make_sender: Callable[..., Sender], deaf_port: int) -> None:
    sender = make_sender(url=f"http://127.0.0.1:{deaf_port}", send_timeout_seconds=0.2)

    results = sender.send("Mhoro", [ONE])

    assert [(result.outcome, result.reason) for result in results] == [(RETRY, "unreachable")]


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[str]:
    """A server whose certificate nobody signed but itself, as a proxy that listens in would show."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(hours=1))
    pem = certificate.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "stranger.pem").write_bytes(secret + pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "stranger.pem")

    def shake_hands() -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            context.wrap_socket(connection, server_side=True).close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=shake_hands)
        thread.start()
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def test_nothing_is_sent_to_a_stranger(make_sender: Callable[..., Sender], stranger: str) -> None:
    results = make_sender(url=stranger).send("Mhoro", [ONE])

    assert [(result.outcome, result.reason) for result in results] == [(RETRY, "certificate")]


def test_a_sender_never_shows_its_key(make_sender: Callable[..., Sender]) -> None:
    assert "a-key" not in repr(make_sender())
