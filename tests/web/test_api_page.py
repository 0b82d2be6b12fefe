"""docs/api.md is what the API does: its examples are run in their order, against a service of their own."""

import json
import re
import shlex
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote_plus

from app.store import cases, channels, tokens
from app.store.cases import Raised
from app.values import Role
from tests.conftest import Clock
from tests.web.conftest import Served

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
BASE = "http://127.0.0.1:8000"


def examples() -> Iterator[list[str]]:
    """Each call of curl, as the words that a shell makes of it."""
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("curl "):
                yield shlex.split(line)


def run(served: Served, words: list[str], given: dict[str, str]) -> tuple[str, str, int, Any]:
    """Do what curl would: method, path, status and answer."""
    method, path, headers, body, query = "", "", {}, "", ""
    rest = iter(words[1:])
    for word in rest:
        match word:
            case "-s" | "-G":
                pass
            case "-X":
                method = next(rest)
            case "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = Template(value).substitute(given)
            case "-d":
                body = next(rest)
            case "--data-urlencode":
                name, _, value = next(rest).partition("=")
                query = f"?{name}={quote_plus(value)}"
            case _:
                assert word.startswith(BASE), f"what does {word} do?"
                path = Template(word.removeprefix(BASE)).substitute(given)
    method = method or ("POST" if body else "GET")
    status, answer = served.request(path + query, body, method=method, headers=headers)
    return method, path, status, json.loads(answer)


def test_every_example_works_and_none_is_missing(serve: Callable[..., Served], clock: Clock, tmp_path: Path) -> None:
    tariff = tmp_path / "tariff.csv"
    tariff.write_text("operator,prefix,channel,unit,price,currency\nany,*,sms,part,0.0079,USD\n")
    served = serve(tariff=tariff)
    served.sms("HELP")
    database = served.parts.database
    # So that the broadcast is not done before it is paused: the page releases the channel at its end.
    database.write(lambda connection: channels.hold(connection, served.channel, held=True))
    token = database.write(lambda connection: tokens.add(connection, "dashboard", clock())) or ""
    given = {"TOKEN": token, **an_officer_and_a_case(served, clock())}

    answers = [run(served, words, given) for words in examples()]

    assert [(path, answer) for _, path, status, answer in answers if status not in {200, 201}] == []
    shown = json.loads(PAGE.split("<!-- standing -->\n```json\n")[1].split("```")[0])
    (standing,) = [answer for method, path, _, answer in answers if (method, path) == ("GET", shown_path(shown))]
    assert list(standing) == list(shown)
    assert (standing["state"], standing["budget"]) == (shown["state"], shown["budget"])
    _, described = served.request("/api/v1/openapi.json", method="GET", headers={"Authorization": f"Bearer {token}"})
    known = {
        (
            method.upper(),
            path.replace("/channels/{name}", "/channels/simulated")
            .replace("{name}", "meeting")
            .replace("{survey}", "leave_no_one_behind")
            .replace("{uid}", given["CASE"]),
        )
        for path, methods in json.loads(described)["paths"].items()
        for method in methods
    }
    tried = {(method, path.removeprefix("/api/v1").partition("?")[0]) for method, path, _, _ in answers}
    # Reminders are for surveys; all else is shown.
    assert known - tried == {("POST", "/broadcasts/meeting/remind")}


def an_officer_and_a_case(served: Served, at: datetime) -> dict[str, str]:
    """A duty officer's token, and the case of somebody who may need help."""
    served.turn("")
    ((run_id,),) = served.rows("SELECT id FROM run")
    database, raised = served.parts.database, Raised(run_id, "story", at, at)
    database.write(lambda connection: cases.add(connection, [raised]))
    (case,) = database.read(cases.every)
    officer = database.write(lambda connection: tokens.add(connection, "Rudo", at, role=Role.DUTY_OFFICER)) or ""
    return {"OFFICER": officer, "CASE": str(case.uid)}


def shown_path(shown: dict[str, Any]) -> str:
    return f"/api/v1/broadcasts/{shown['name']}"


def test_the_page_tells_of_every_status() -> None:
    told = {int(number) for row in re.findall(r"^\| ([0-9, ]+) \|", PAGE, re.MULTILINE) for number in row.split(", ")}

    assert told == {401, 403, 404, 409, 422, 500, 503}
