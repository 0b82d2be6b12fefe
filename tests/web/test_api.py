"""The JSON API as a coordinator's program meets it: tokens, verbs, money, times, and one shape for whatever is wrong."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import main
from app.settings import Settings
from app.store import broadcasts, contacts, outbox, tokens
from app.store.outbox import Message
from app.store.tallies import Changes
from app.values import Msisdn
from app.web.api.app import make_api
from app.web.errors import respond
from tests.conftest import Clock
from tests.web.conftest import Served, until, ussd

NUMBERS = tuple(f"+2637700003{number:02}" for number in range(4))
NEWS = {"name": "news", "mode": "message", "texts": {"en": "The meeting is on Friday."}}


class Program:
    """A coordinator's program with a token, and the service it talks to."""

    def __init__(self, parts: main.Parts, clock: Clock) -> None:
        self.parts, self.clock = parts, clock
        token = parts.database.write(lambda connection: tokens.add(connection, "dashboard", clock()))
        self.headers = {"authorization": f"Bearer {token}"}
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(make_api(parts.settings, parts.database, clock)), base_url="http://izwi"
        )
        self.loop = asyncio.Runner()

    def close(self) -> None:
        self.loop.run(self.client.aclose())
        self.loop.close()

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        more["headers"] = self.headers | more.get("headers", {})
        return self.loop.run(self.client.request(method, path, **more))

    def get(self, path: str, **query: str) -> Any:
        return self.ask("GET", path, params=query)

    def post(self, path: str, body: Any = None) -> Any:
        return self.ask("POST", path, **({} if body is None else {"json": body}))

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """The answer of a request that goes well."""
        answer = self.request(method, path, **more)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def fails(self, method: str, path: str, **more: Any) -> tuple[int, str]:
        """Status and sentence of one that does not."""
        answer = self.request(method, path, **more)
        assert answer.headers["content-type"] == "application/json"
        assert list(answer.json()) == ["error"], answer.text
        return answer.status_code, answer.json()["error"]

    def lose(self, name: str) -> None:
        """Let the messages of a broadcast that runs be of unknown outcome."""

        def work(connection: Any) -> None:
            which = broadcasts.by_name(connection, name)
            found = contacts.find_or_add(
                connection, self.parts.keys, [Msisdn(each) for each in NUMBERS], self.clock()
            ).values()
            changes, line = Changes(), next(iter(self.parts.lines.values())).id
            outbox.add_of_broadcast(
                connection,
                [
                    Message(line, f"b{each.id}", each.id, "message", "Hello", 1, self.clock(), self.clock(), which.id, 7)
                    for each in found
                ],
                changes,
            )  # fmt: skip
            for _ in found:
                changes.message(which.id, "queued", "unknown")
                changes.trouble(which.id, "unknown", "time-out")
            changes.write(connection)
            connection.exec_driver_sql(
                "UPDATE outbox SET state = 'unknown', reason = 'time-out', settled_at = created_at"
            )

        self.parts.database.write(work)


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    tariff = tmp_path / "tariff.csv"
    tariff.write_text("operator,prefix,channel,unit,price,currency\nany,*,sms,part,0.0079,USD\n")
    return settings.model_copy(update={"tariff": tariff, "service_codes": {"*384*77#": "leave_no_one_behind"}})


@pytest.fixture
def program(parts: main.Parts, clock: Clock) -> Iterator[Program]:
    made = Program(parts, clock)
    msisdns = [Msisdn(number) for number in NUMBERS]
    parts.database.write(lambda connection: contacts.find_or_add(connection, parts.keys, msisdns, clock()))
    yield made
    made.close()


# -- tokens -------------------------------------------------------------------------------------------------------------


def operations(program: Program) -> list[tuple[str, str]]:
    paths = program.get("/openapi.json")["paths"]
    return [(method.upper(), path.replace("{name}", "news")) for path, each in paths.items() for method in each]


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic {token}", "{token}", "Bearer {token}x", "Bearer \x7fé"],
)
def test_nothing_answers_without_a_token(program: Program, header: str | None) -> None:
    known = operations(program)
    assert len(known) > 10
    token = program.headers.pop("authorization").removeprefix("Bearer ")
    headers = {} if header is None else {"authorization": header.format(token=token).encode("latin-1")}

    for method, path in (*known, ("GET", "/openapi.json"), ("GET", "/nothing"), ("PUT", "/broadcasts"), ("GET", "/")):
        answer = program.request(method, path, headers=headers, content=b"{")
        assert (answer.status_code, list(answer.json())) == (401, ["error"]), path
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_that_was_taken_away_opens_nothing(program: Program) -> None:
    program.get("/broadcasts")
    (used,) = program.parts.database.read(tokens.every)
    assert used.last_used_at == program.clock()

    program.parts.database.write(lambda connection: tokens.remove(connection, "dashboard"))

    assert program.fails("GET", "/broadcasts")[0] == 401


# -- from draft to done ---------------------------------------------------------------------------------------------------


def test_a_broadcast_goes_from_draft_to_cancelled(program: Program) -> None:
    drafted = program.post("/broadcasts", NEWS | {"budget": "12.5", "starts_at": "2026-11-23T13:30:00+02:00"})
    assert (drafted["state"], drafted["budget"], drafted["spent"]) == (
        "draft", {"amount": "12.50", "currency": "USD"}, {"amount": "0.00", "currency": "USD"},
    )  # fmt: skip

    plan = program.post("/broadcasts/news/plan")
    assert (plan["people"], plan["messages"], plan["faults"]) == (4, 4, [])
    assert plan["cost"] == plan["most"] == {"amount": "0.0316", "currency": "USD"}
    assert plan["operators"][""]["price"] == {"amount": "0.0079", "currency": "USD"}
    assert plan["planned_at"] == "2026-11-23T12:00:00+02:00"
    assert plan["texts"]["en"]["text"] == "The meeting is on Friday."

    assert program.post("/broadcasts/news/start")["state"] == "scheduled"
    assert program.post("/broadcasts/news/pause")["reason"] == "somebody paused it"
    assert program.post("/broadcasts/news/resume", {"budget": "20.00"})["budget"]["amount"] == "20.00"
    assert program.post("/broadcasts/news/pause")["state"] == "paused"
    assert program.post("/broadcasts/news/resume")["state"] == "scheduled"
    cancelled = program.post("/broadcasts/news/cancel")
    assert (cancelled["state"], program.get("/broadcasts/news")) == ("cancelled", cancelled)
    (listed,) = program.get("/broadcasts")
    assert (listed["name"], listed["starts_at"], listed["ended_at"]) == (
        "news", "2026-11-23T13:30:00+02:00", "2026-11-23T12:00:00+02:00",
    )  # fmt: skip


def test_an_invitation_says_which_code_to_dial(program: Program) -> None:
    program.post("/broadcasts", {"name": "lnob", "survey": "leave_no_one_behind", "remind_most": 1})

    plan = program.post("/broadcasts/lnob/plan")

    assert "*384*77#" in plan["texts"]["en"]["text"]
    assert plan["most"]["amount"] == f"{2 * float(plan['cost']['amount']):.4f}"
    program.post("/broadcasts/lnob/start")
    assert program.post("/broadcasts/lnob/remind") == {"looked_at": 0}


def test_what_is_of_unknown_outcome_is_decided(program: Program) -> None:
    program.post("/broadcasts", NEWS)
    program.post("/broadcasts/news/plan")
    program.post("/broadcasts/news/start")
    program.lose("news")

    found = program.get("/broadcasts/news/unknown")
    assert found == {
        "count": 4, "reasons": [{"reason": "time-out", "count": 4, "since": "2026-11-23T12:00:00+02:00"}],
    }  # fmt: skip
    assert program.post("/broadcasts/news/unknown", {"decision": "again"}) == {"count": 4, "stay": 0}
    standing = program.get("/broadcasts/news")
    assert (standing["messages"], standing["trouble"]) == ({"waiting": 4}, {})
    assert standing["spent"] == {"amount": "0.000028", "currency": "USD"}
    assert program.post("/broadcasts/news/unknown", {"decision": "sent"}) == {"count": 0, "stay": 0}


def test_channels_are_told_of_and_paused(program: Program) -> None:
    (found,) = program.get("/channels")
    assert (found["name"], found["doing"], found["words"], found["next_try_at"]) == (
        "simulated",
        "sends",
        "sends",
        None,
    )

    assert program.post("/channels/simulated/hold")["doing"] == "held"
    assert program.get("/channels")[0]["words"].startswith("paused by somebody")
    assert program.post("/channels/simulated/release")["doing"] == "sends"
    assert program.fails("POST", "/channels/econet/hold") == (
        404, "There is no channel 'econet'. There are: simulated.",
    )  # fmt: skip


def test_a_segment_is_counted(program: Program) -> None:
    assert program.get("/segments/count") == {"query": "", "people": 4}
    assert program.get("/segments/count", query="not language is known") == {
        "query": "not language is known",
        "people": 4,
    }
    status, error = program.fails("GET", "/segments/count", params={"query": "provinze = Harare"})
    assert (status, error) == (422, "There is no attribute 'provinze'. There are: none yet.")


# -- what goes wrong -----------------------------------------------------------------------------------------------------


def test_what_is_not_there_is_404_and_says_what_there_is(program: Program) -> None:
    program.post("/broadcasts", NEWS)

    assert program.fails("GET", "/broadcasts/harvest") == (404, "There is no broadcast 'harvest'. There are: news.")
    assert {program.fails("POST", f"/broadcasts/harvest/{verb}")[0] for verb in ("plan", "start", "pause")} == {404}
    for path in ("/broadcast", "/broadcasts/", "/", "/docs", "/redoc", "/broadcasts/news/blow"):
        status, error = program.fails("GET", path)
        assert status == 404, path
        assert "/api/v1/openapi.json" in error
    assert program.fails("DELETE", "/broadcasts/news")[0] == 405


def test_what_a_state_forbids_is_409_and_says_why(program: Program) -> None:
    program.post("/broadcasts", NEWS)

    assert program.fails("POST", "/broadcasts", json=NEWS) == (
        409, "There is a broadcast 'news' already; choose another name.",
    )  # fmt: skip
    assert program.fails("POST", "/broadcasts/news/start") == (
        409, "The broadcast 'news' is draft. `izwi broadcast plan news` comes first.",
    )  # fmt: skip
    assert {
        verb: program.fails("POST", f"/broadcasts/news/{verb}")[0] for verb in ("pause", "resume", "remind")
    } == dict.fromkeys(("pause", "resume", "remind"), 409)
    program.post("/broadcasts", {**NEWS, "name": "dear", "budget": "0.01"})
    program.post("/broadcasts/dear/plan")
    status, error = program.fails("POST", "/broadcasts/dear/start")
    assert (status, error) == (
        409, "It cannot start: It costs more than its budget: raise the budget, or choose fewer people.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": ""}, "A broadcast needs a name"),
        ({"name": "a/b"}, "without a slash"),
        ({"name": "\x00"}, "name: string should match"),
        ({"name": "\ud800"}, "name: input should be a valid string"),
        ({"name": 5}, "name: input should be a valid string"),
        ({"mode": "blast"}, "mode: input should be 'invitation'"),
        (
            {"mode": "invitation", "survey": "meals"},
            "There is no published survey 'meals'; there are: leave_no_one_behind.",
        ),
        ({"texts": {}}, "A plain message needs a text."),
        ({"texts": {"en": "\x00"}}, "texts.en: string should match"),
        ({"hours": "8-19"}, "written like 08:00-19:00"),
        ({"hours": "02:00-03:00"}, "would wake people"),
        ({"weekdays": "89"}, "Weekdays are written"),
        ({"channel": "econet"}, "There is no channel 'econet'; there are: simulated."),
        ({"audience": "province ="}, "A value is missing after =."),
        ({"audience": "age > \x00"}, "audience: string should match"),
        ({"budget": "12,50"}, "budget: string should match"),
        ({"budget": 12.5}, "budget: input should be a valid string"),
        ({"budget": "0"}, "The budget must be more than nothing."),
        ({"expiry_hours": 1e300}, "expiry_hours: input should be less"),
        ({"starts_at": "2026-11-24T10:00:00"}, "starts_at: input should have timezone info"),
        ({"starts_at": "0001-01-01T00:00:00+14:00"}, "starts_at: is no moment"),
        ({"ends_at": "2026-11-20T10:00:00+02:00"}, "has ended already"),
        ({"holidays": ["25.12."]}, "holidays: input should be a valid date"),
        ({"colour": "red"}, "colour: extra inputs are not permitted"),
        ({"+263770000001": "x"}, "The body: extra inputs are not permitted"),
    ],
)
def test_what_does_not_fit_is_422_and_says_what_would(program: Program, change: dict[str, Any], told: str) -> None:
    body = json.dumps(NEWS | change)

    status, error = program.fails("POST", "/broadcasts", content=body, headers={"content-type": "application/json"})

    assert status == 422
    assert told in error
    assert program.get("/broadcasts") == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"5", b'{"name": NaN}'])
def test_a_body_that_is_no_draft_is_422(program: Program, body: bytes) -> None:
    assert program.fails("POST", "/broadcasts", content=body, headers={"content-type": "application/json"})[0] == 422


def test_a_body_that_is_too_large_is_refused(program: Program) -> None:
    body = json.dumps(NEWS | {"texts": {"en": "x" * 300_000}})

    assert program.fails("POST", "/broadcasts", content=body, headers={"content-type": "application/json"}) == (
        413, "The body is too large.",
    )  # fmt: skip


def test_no_error_says_a_phone_number_back(program: Program, caplog: pytest.LogCaptureFixture) -> None:
    number = NUMBERS[0]
    with caplog.at_level(logging.DEBUG):
        told = [
            program.fails("GET", f"/broadcasts/{number}"),
            program.fails("GET", "/segments/count", params={"query": f"province = {number}"}),
            program.fails("GET", "/segments/count", params={"query": number}),
            program.fails("POST", "/broadcasts", json=NEWS | {"mode": number}),
            program.fails("POST", f"/channels/{number}/hold"),
        ]

    assert {status for status, _ in told} == {404, 422}
    assert not [error for _, error in told if number[5:] in error]
    assert number[5:] not in "".join(record.getMessage() for record in caplog.records if "httpx" not in record.name)


def test_a_date_in_an_error_stays_readable() -> None:
    told = respond(422, "2026-11-30 or 2026-11-30 10:00, not +263 77 000 0001, 0770-000-001, 263770000001 or 12,000.")

    assert json.loads(bytes(told.body)) == {"error": "2026-11-30 or 2026-11-30 10:00, not …, …, … or 12,000."}


def test_a_tariff_that_cannot_be_read_is_said_and_no_path(program: Program) -> None:
    file = program.parts.settings.tariff
    assert file is not None
    file.unlink()

    status, error = program.fails("POST", "/broadcasts", json=NEWS)

    assert (status, error) == (503, "The tariff that IZWI_TARIFF names cannot be used: it cannot be read.")


def test_what_nobody_foresaw_is_told_by_its_type_only(program: Program, caplog: pytest.LogCaptureFixture) -> None:
    with program.parts.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE broadcast RENAME TO lost")

    with caplog.at_level(logging.ERROR):
        status, error = program.fails("GET", "/broadcasts")

    assert status in {500, 503}
    assert "SELECT" not in error
    logged = "".join(f"{record.getMessage()}{record.exc_text or ''}" for record in caplog.records)
    assert "the API could not answer" in logged
    assert "SELECT" not in logged


# -- beside the hooks ----------------------------------------------------------------------------------------------------


def test_the_description_is_of_the_api_alone(program: Program) -> None:
    described = program.get("/openapi.json")

    assert described["servers"] == [{"url": "/api/v1"}]
    assert set(described["paths"]) == {
        "/broadcasts", "/broadcasts/{name}", "/channels", "/segments/count", "/channels/{name}/hold",
        "/channels/{name}/release", "/broadcasts/{name}/unknown", "/cases", "/cases/{uid}",
        *(f"/broadcasts/{{name}}/{verb}" for verb in ("plan", "start", "pause", "resume", "cancel", "remind")),
        *(f"/surveys/{{survey}}/{what}" for what in (
            "coverage", "weights", "response", "funnel", "data", "dictionary", "figures",
        )),
    }  # fmt: skip
    for path, methods in described["paths"].items():
        for method in methods.values():
            assert method["security"] == [{"HTTPBearer": []}], path
            assert {"401", "403", "404", "409", "422"} <= set(method["responses"]), path
            shape = method["responses"]["422"]["content"]["application/json"]["schema"]
            assert shape == {"$ref": "#/components/schemas/Problem"}


def test_a_running_service_sends_what_a_program_starts_while_turns_go_on(
    serve: Callable[..., Served], clock: Clock
) -> None:
    served = serve()
    database = served.parts.database
    token = database.write(lambda connection: tokens.add(connection, "dashboard", clock()))
    assert served.request("/api/v1/broadcasts", method="GET", headers={})[0] == 401
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    def ask(method: str, path: str, body: Any = None) -> Any:
        content = b"" if body is None else json.dumps(body).encode()
        status, answer = served.request(f"/api/v1{path}", content, method=method, headers=headers)
        assert status in {200, 201}, answer
        return json.loads(answer)

    for number in NUMBERS:
        served.sms("HELP", provider_id=number, number=number)
    ask("POST", "/broadcasts", NEWS | {"hours": "00:00-24:00", "at_night": True})
    ask("POST", "/broadcasts/news/plan")
    ask("POST", "/broadcasts/news/start")
    with ThreadPoolExecutor(8) as many:
        asked = [many.submit(ask, "GET", "/broadcasts/news") for _ in range(40)]
        turns = [
            served.post("ussd", ussd("", session=f"ATUid_{number}", number=NUMBERS[number % 4]))[1]
            for number in range(40)
        ]
        assert {each.result()["name"] for each in asked} == {"news"}
    assert {turn[:4] for turn in turns} == {"CON "}
    until(lambda: ask("GET", "/broadcasts/news")["state"] == "done")
    assert ask("GET", "/broadcasts/news")["messages"] == {"sent": 4}
