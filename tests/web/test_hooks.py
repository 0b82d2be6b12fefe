"""The doors for providers, over a real server: addresses, secrets, repeats, and what is answered when nothing works."""

import logging
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from app.settings import Settings
from app.store import keys
from tests import server
from tests.web.conftest import NUMBER, Served, until, ussd

FORMS = {
    "ussd": ussd(""),
    "ussd-end": {"sessionId": "ATUid_1", "status": "Incomplete", "durationInMillis": "11287", "cost": "KES 0.10"},
    "sms": {"id": "in_1", "from": NUMBER, "to": "30007", "text": "IZWI", "date": "2026-11-23 10:00:00"},
    "delivery": {"id": "ATXid_1", "status": "Success", "phoneNumber": NUMBER, "networkCode": "64804"},
    "opt-out": {"senderId": "30007", "phoneNumber": NUMBER},
    "airtime": {"requestId": "ATQid_1", "status": "Success", "phoneNumber": NUMBER, "description": "Delivered"},
    "voice": {
        "isActive": "1",
        "sessionId": "ATVId_1",
        "direction": "Inbound",
        "callerNumber": NUMBER,
        "destinationNumber": "+263770009000",
    },
    "airtime-check": {"transactionId": "ATQid_1", "phoneNumber": NUMBER, "currencyCode": "USD", "amount": "0.5"},
}
SORRY_SN = "END Pamusoroi, pane chatadza kushanda. Dhayarai zvakare; mhinduro dzenyu dzakachengetwa."
BUSY_SN = "END Sevhisi yakabatikana. Dhayarai zvakare mushure meminiti; mhinduro dzenyu dzakachengetwa."


@contextmanager
def locked(served: Served) -> Iterator[None]:
    """Another program holds the database's one write lock: no turn can be committed."""
    path = served.parts.database.engine.url.database
    with closing(sqlite3.connect(path or "", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def away(served: Served) -> Iterator[None]:
    """PostgreSQL takes no connections to this database, and cuts those that there are."""
    url = served.parts.database.engine.url
    admin = sa.create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS false")
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        connection.exec_driver_sql(cut, (url.database,))
        yield
        connection.exec_driver_sql(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS true")
    admin.dispose()


def test_every_hook_answers_with_and_without_a_trailing_slash(served: Served) -> None:
    assert set(FORMS) == set(served.parts.lines[served.channel].channel.hooks)

    found = {hook + slash: served.post(hook + slash, form)[0] for hook, form in FORMS.items() for slash in ("", "/")}

    assert found == dict.fromkeys(found, 200)


def test_whatever_does_not_fit_is_not_found(served: Served) -> None:
    good = f"/hooks/{served.secret}"
    paths = [
        "/hooks/wrong/ussd", f"{good}x/ussd", f"{good[:-1]}/ussd", f"/hooks/{served.secret.upper()}/ussd", "/hooks//ussd",
        f"{good}/fax", f"{good}/USSD", f"{good}/", good, "/hooks", "/hooks/%C3%A9/ussd", "/hooks/%ff%00/ussd",
    ]  # fmt: skip

    assert {path: served.request(path)[0] for path in paths} == dict.fromkeys(paths, 404)
    assert {served.request(f"{good}/ussd", method=method)[0] for method in ("GET", "PUT", "DELETE", "HEAD")} == {404}


def test_two_secrets_are_valid_while_one_replaces_the_other(settings: Settings, serve: Callable[..., Served]) -> None:
    first = serve().secret
    keys.rotate_hook(settings.data_dir, settings.channel)
    served = serve()
    second = served.secret
    assert first != second

    assert served.request(f"/hooks/{first}/ussd")[0] == served.request(f"/hooks/{second}/ussd")[0] == 200

    keys.retire_hook(settings.data_dir, settings.channel)
    served = serve()
    assert (served.request(f"/hooks/{first}/ussd")[0], served.request(f"/hooks/{second}/ussd")[0]) == (404, 200)


def test_the_same_post_three_times_earns_the_same_screen_and_one_answer(served: Served) -> None:
    served.turn("")

    screens = {served.turn("1") for _ in range(3)}

    assert len(screens) == 1
    assert served.rows("SELECT question, raw FROM answer") == [("language", "1")]
    assert served.rows("SELECT count(*) FROM turn") == [(2,)]


@pytest.mark.parametrize(
    "body",
    ["", "&&&", "text=1", "sessionId=&phoneNumber=%2B263770000001", "sessionId=1", '{"sessionId": "1"}', "\0" * 99],
)
def test_an_unreadable_turn_still_ends_with_a_screen(served: Served, body: str) -> None:
    assert served.request(f"/hooks/{served.secret}/ussd", body) == (200, "END This service is not available now.")


def test_a_message_is_answered_with_200_when_it_is_stored_and_again_when_it_comes_again(served: Served) -> None:
    assert [served.sms("IZWI"), served.sms("IZWI")] == [200, 200]

    assert served.rows("SELECT provider_id FROM inbound") == [("in_1",)]
    assert served.rows("SELECT kind FROM outbox") == [("reply",)]


def test_a_message_that_cannot_be_read_is_refused(served: Served) -> None:
    path = f"/hooks/{served.secret}/sms"

    assert served.request(path, "text=IZWI")[0] == 400
    assert served.request(path, b"text=" + b"x" * 1_000_000)[0] == 413
    assert served.rows("SELECT count(*) FROM inbound") == [(0,)]


def test_ids_as_long_as_the_store_takes_are_stored(served: Served) -> None:
    assert served.sms("IZWI", provider_id="i" * 128) == 200
    assert served.sms("HELP", provider_id="j" * 500) == 200

    assert served.rows("SELECT count(*) FROM outbox") == [(2,)]


def test_a_session_of_absurd_length_is_closed(served: Served) -> None:
    served.turn("")

    form = {"sessionId": "ATUid_1", "status": "Success", "durationInMillis": "999999999999", "hopsCount": "9" * 12}

    assert served.post("ussd-end", form)[0] == 200
    assert served.rows("SELECT end_status FROM session") == [("Success",)]


def test_half_a_request_is_no_turn(served: Served) -> None:
    served.turn("")
    body = f"sessionId=ATUid_1&phoneNumber=%2B{NUMBER[1:]}&serviceCode=*384*77%23&text=1"
    head = f"POST /hooks/{served.secret}/ussd HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body) + 1}\r\n\r\n"

    served.send_raw((head + body).encode())  # "text=12" was on its way when the line broke

    assert served.turn("").startswith("CON ")  # it is served after the one that broke
    assert served.rows("SELECT count(*) FROM turn") == [(1,)]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_nothing_is_promised_while_the_database_is_away(serve: Callable[..., Served]) -> None:
    served = serve()
    served.turn("")
    served.turn("2")

    with away(served):
        assert served.turn("2*1") == SORRY_SN
        assert served.sms("IZWI") == 503
        assert served.post("delivery", FORMS["delivery"])[0] == 503

    assert served.turn("2*1").startswith("CON ")
    assert served.sms("IZWI") == 200
    assert served.rows("SELECT question, raw FROM answer ORDER BY id") == [("language", "2"), ("consent", "1")]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_turn_that_takes_too_long_gets_a_sentence_and_counts_once(serve: Callable[..., Served]) -> None:
    served = serve(turn_seconds=0.3)
    served.turn("")
    served.turn("2")

    with locked(served):
        assert served.turn("2*1") == SORRY_SN

    until(lambda: served.rows("SELECT count(*) FROM turn") == [(3,)])
    assert served.turn("2*1").startswith("CON ")
    assert served.rows("SELECT question, raw FROM answer ORDER BY id") == [("language", "2"), ("consent", "1")]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_queue_says_so_in_her_language(serve: Callable[..., Served]) -> None:
    served = serve(turn_seconds=1, queue_limit=1)
    served.turn("")
    served.turn("2")

    with locked(served):
        taken = [threading.Thread(target=served.turn, args=("",), kwargs={"session": f"w{place}"}) for place in (1, 2)]
        for thread in taken:
            thread.start()
        until(lambda: served.turn("2*1") == BUSY_SN)
        assert served.sms("IZWI") == 503

    for thread in taken:
        thread.join()
    until(lambda: served.turn("2*1").startswith("CON "))


def test_neither_secret_nor_number_nor_answer_is_logged(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    served.turn("")
    served.turn("1")
    served.sms("My name is Rudo")
    served.sms("STOP", provider_id="in_2", number="0770000002")
    served.post("delivery", FORMS["delivery"])
    served.request(f"/hooks/{served.secret}x/ussd")
    served.request(f"/hooks/{served.secret}/ussd", b"\xff" * 100_000)

    # `izwi serve` has no access log; pytest listens to that logger in spite of it.
    logged = "\n".join(record.getMessage() for record in caplog.records if record.name != "uvicorn.access")
    assert_private(logged, served.secret)


def test_a_server_of_its_own_writes_neither_secret_nor_number_nor_answer(tmp_path: Path) -> None:
    with server.serving(tmp_path, log_level="debug") as process:
        hook = process.hooks()["ussd"]
        for text in ("", "1", "1*My name is Rudo", "x" * 99_999):
            assert httpx.post(hook, data=ussd(text), trust_env=False).status_code == 200
        assert httpx.post(hook.replace("/ussd", "/sms"), data=FORMS["sms"], trust_env=False).status_code == 200
        assert httpx.get(hook, trust_env=False).status_code == 404

    assert_private(process.log.read_text(), hook.split("/")[-2])


def assert_private(logged: str, secret: str) -> None:
    assert secret not in logged
    assert "Rudo" not in logged
    assert not re.search(r"(\+263|\b0)?77000000\d", logged)


def test_whoever_tries_wrong_secrets_is_turned_away_and_turns_go_on(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    tried = [served.request(f"/hooks/{'x' * 32}/ussd", "text=")[0] for _ in range(33)]
    assert (set(tried[:30]), set(tried[30:])) == ({404}, {429})

    assert served.turn("").startswith("CON ")
    assert served.request(f"/hooks/{served.secret}/nothing", "")[0] == 404
    assert sum("wrong hook secrets" in each.getMessage() for each in caplog.records) == 1
