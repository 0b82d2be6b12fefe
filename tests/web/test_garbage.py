"""Ten thousand requests that no provider would make, half on each database: no 5xx, and nobody else notices."""

import http.client
import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlencode

from tests.journeys import Phone, compare, stored_journeys
from tests.web.conftest import FORM, Served, ussd

REQUESTS, CALLERS = 5000, 6
HOOKS = ("ussd", "ussd-end", "sms", "delivery", "opt-out")
FIELDS = (
    "sessionId", "phoneNumber", "networkCode", "serviceCode", "text", "id", "from", "to", "date", "status", "linkId",
    "failureReason", "durationInMillis", "hopsCount", "cost", "senderId", "", "é", "text[]",
)  # fmt: skip
WORDS = (
    "", " ", "0", "1", "1*1", "1*1*1", "*" * 10_000, "1" * 400, "-1", "9" * 12, "1e999", "NaN", "+263770000009",
    "0770000009", "ECONET", "*384*77#", "😀🇿🇼", "مرحبا\u202e", "\x00", "\ud7ff", "\ufeff", "ﷺ" * 200, "a" * 40_001,
    "IZWI", "STOP", "START", "' OR 1=1 --", "<script>", "../../etc", "%00%ff%zz", "2026-13-45", "Success", "\r\n\r\n",
    "٣", "²", "½", "1\u0000", "e\u0301" * 500, "STOP\u200b", "sms:1", "1.2.3", "true", "{}", "[]",
)  # fmt: skip
ODD_HEADERS: tuple[dict[str, str], ...] = (
    FORM, {}, {"Content-Type": "application/json"}, {"Content-Type": "multipart/form-data; boundary=x"},
    {"Content-Type": "text/plain; charset=utf-16"}, {"X-Long": "x" * 5000}, {"Content-Encoding": "gzip"},
    {"Expect": "nonsense"}, {"Transfer-Encoding": "chunked"}, {"Host": ""}, {"Connection": "upgrade", "Upgrade": "websocket"},
)  # fmt: skip
HALVES = (
    b"", b"\r\n" * 50, b"POST", b"POST /hooks/", b"POST %s HTTP/1.1\r\n", b"POST %s HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02",
    b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\ntext=1", b"GET \xff\xfe HTTP/1.1\r\n\r\n",
    b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
    b"POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"POST %s\r\n\r\n", b"\x00" * 2000,
    b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\nPOST %s HTTP/1.1\r\n", b"x" * 100_000,
)  # fmt: skip


def bodies(chance: random.Random) -> Iterator[bytes]:
    """Make bodies without end, from nearly right to pure noise."""
    while True:
        fields = [chance.choice(FIELDS) for _ in range(chance.randrange(12))]
        pairs = [(name, chance.choice(WORDS)) for name in fields]
        match chance.randrange(10):
            case 0:
                yield chance.randbytes(chance.randrange(300))
            case 1:
                yield "&".join(f"{name}={value}" for name, value in pairs).encode("utf-8", "replace")
            case 2:
                yield "&".join(f"{name}={quote(value, encoding='utf-16-le')}" for name, value in pairs).encode()
            case 3:
                yield urlencode(pairs).encode() + b"&" + chance.randbytes(50) + b"=%c3%28&" * chance.randrange(200)
            case 4 | 5:
                yield urlencode({**ussd("1"), "sessionId": chance.choice(WORDS), "text": chance.choice(WORDS)}).encode()
            case 6 | 7:
                form = {"id": chance.choice(WORDS), "from": "+263770000009", "to": chance.choice(WORDS)}
                yield urlencode({**form, "text": chance.choice(WORDS)}).encode()
            case 8 if not chance.randrange(40):
                yield b"text=" + bytes([chance.randrange(256)]) * 1_000_000
            case _:
                yield urlencode(pairs * chance.randrange(1, 4)).encode()


def make_noise(served: Served, count: int, seed: int) -> Counter[int]:
    """Post garbage over one connection that is kept where it can be; status → how often."""
    chance, statuses = random.Random(seed), Counter[int]()
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    made = bodies(chance)
    for _ in range(count):
        secret = (
            served.secret
            if chance.random() < 0.95
            else chance.choice(("", "x", "%00", "%2e%2e", served.secret + "%20"))
        )
        path = f"/hooks/{secret}/{chance.choice(HOOKS)}{chance.choice(('', '', '/', '?text=1', '/x'))}"
        headers = FORM if chance.random() < 0.8 else chance.choice(ODD_HEADERS)
        try:
            connection.request(chance.choice(("POST",) * 19 + ("PATCH",)), path, next(made), headers)
            answer = connection.getresponse()
            answer.read()
            statuses[answer.status] += 1
        except (OSError, http.client.HTTPException):
            statuses[0] += 1  # the server hung up, as it may on a request that is no HTTP
            connection.close()
    connection.close()
    return statuses


def test_garbage_is_answered_and_disturbs_nobody(served: Served) -> None:
    def post(form: dict[str, str]) -> str:
        return served.post("ussd", form)[1]

    phones = [Phone(f"+26377000{number:04d}", post, random.Random(number)) for number in (101, 102)]
    playing = [threading.Thread(target=phone.play) for phone in phones]
    for thread in playing:
        thread.start()

    with ThreadPoolExecutor(CALLERS) as callers:
        counts = callers.map(lambda seed: make_noise(served, REQUESTS // CALLERS + 1, seed), range(CALLERS))
        statuses = sum(counts, Counter[int]())
    for half in HALVES * 4:
        served.send_raw(half.replace(b"%s", f"/hooks/{served.secret}/ussd".encode()), read=len(half) % 2 == 0)

    for phone in phones:
        phone.finish.set()
    for thread in playing:
        thread.join(60)
    assert sum(statuses.values()) >= REQUESTS
    assert not [status for status in statuses if status >= 500], statuses
    assert statuses[0] < REQUESTS / 20, statuses
    assert not [fault for phone in phones for fault in phone.faults]
    assert sum(phone.broken for phone in phones) == 0
    known = {phone.number: phone.journeys for phone in phones}
    stored = stored_journeys(served.parts.database, served.parts.keys, list(known))
    verdict = compare(known, stored)
    assert verdict.good, verdict.details
    assert verdict.acknowledged > 20


def test_every_hostile_word_earns_a_screen(served: Served) -> None:
    """A pattern or a comparison that went wild over one of them would let the test's own client give up."""
    served.turn("")

    for number, word in enumerate(WORDS):
        assert served.turn("*".join(["1", *WORDS[:number], word])[:60_000], session=f"ATUid_{number}")
