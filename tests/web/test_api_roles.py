"""Who may do what through the API: each route asks for a permission, and what is done is noted under the token's name."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute

from app.access import Permission, allowed
from app.models.runs import run
from app.store import audit, cases, tokens
from app.store.cases import Raised
from app.values import Role
from app.web.api import broadcasts, channels, exports, figures, missing
from app.web.api import cases as routes_of_cases
from app.web.desk import Desk
from tests.conftest import Clock
from tests.web.conftest import Served

NEWS = {"name": "news", "mode": "message", "texts": {"en": "The meeting is on Friday."}}


class Office:
    """A service, and people with a token of each role."""

    def __init__(self, served: Served, clock: Clock) -> None:
        self.served, self.clock = served, clock
        self.tokens = {role: self._token(role) for role in Role}
        served.turn("")

    def _token(self, role: Role) -> str:
        added = self.served.parts.database.write(
            lambda connection: tokens.add(connection, f"the {role}", self.clock(), role=role)
        )
        return added or ""

    def ask(self, role: Role, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        status, answer = self.served.request(
            f"/api/v1{path}", "" if body is None else json.dumps(body), method=method,
            headers={"Authorization": f"Bearer {self.tokens[role]}", "Content-Type": "application/json"},
        )  # fmt: skip
        return status, json.loads(answer)

    def raise_case(self) -> str:
        at, database = self.clock(), self.served.parts.database
        run_id = database.read(lambda connection: connection.execute(sa.select(run.c.id)).scalar_one())
        database.write(lambda connection: cases.add(connection, [Raised(run_id, "story", at, at)]))
        (case,) = database.read(cases.every)
        return str(case.uid)

    def trail(self) -> list[tuple[str, str, str, str]]:
        found = self.served.parts.database.read(audit.every)
        return [(each.actor, each.role, each.action, each.subject) for each in found]


@pytest.fixture
def office(serve: Callable[..., Served], clock: Clock) -> Office:
    return Office(serve(), clock)


def permissions(served: Served, clock: Clock) -> dict[tuple[str, str], set[Permission]]:
    """Every route, and what it asks for."""
    desk, found = Desk(served.parts.settings, served.parts.database, clock), {}
    routers = (broadcasts, channels, routes_of_cases, exports, figures, missing)
    for made in (each.routes(desk) for each in routers):
        for route in made.routes:
            assert isinstance(route, APIRoute)
            wanted = route.dependant.dependencies  # codespell:ignore dependant
            asked = {getattr(each.call, "permission", None) for each in wanted} - {None}
            for method in route.methods:
                found[method, route.path] = asked
    return found


def test_every_route_asks_for_one_permission_and_whoever_lacks_it_is_told_who_has_it(office: Office) -> None:
    found = permissions(office.served, office.clock)
    assert len(found) > 14
    for (method, path), asked in found.items():
        (permission,) = asked
        for role in Role:
            if not allowed(role, permission):
                path = path.replace("{survey:path}", "{survey}")
                filled = (
                    path.replace("{name}", "news")
                    .replace("{survey}", "leave_no_one_behind")
                    .replace("{uid}", "0193a000-0000-7000-8000-000000000000")
                )
                status, answer = office.ask(role, method, filled, {} if method == "POST" else None)
                assert status == 403, (role, method, path)
                assert answer["error"].startswith(f"The role {role.replace('_', ' ')} may not "), answer
    assert office.trail() == []


def test_what_starts_goes_on_and_ends_is_noted_under_the_tokens_name(office: Office) -> None:
    for path, body in (
        ("", NEWS), ("/news/plan", None), ("/news/start", None), ("/news/pause", None), ("/news/resume", None),
        ("/news/cancel", None),
    ):  # fmt: skip
        status, answer = office.ask(Role.COORDINATOR, "POST", f"/broadcasts{path}", body)
        assert status in {200, 201}, answer
    assert office.ask(Role.COORDINATOR, "POST", "/broadcasts/news/start")[0] == 409

    assert office.trail() == [
        ("the coordinator", "coordinator", f"broadcast {verb}", "news")
        for verb in ("plan", "start", "pause", "resume", "cancel")
    ]


def test_an_officer_takes_a_case_and_closes_it(office: Office) -> None:
    uid = office.raise_case()
    (listed,) = office.ask(Role.DUTY_OFFICER, "GET", "/cases")[1]
    assert (listed["uid"], listed["question"], listed["state"], listed["owner"]) == (uid, "story", "open", "")

    def decide(role: Role, **body: Any) -> tuple[int, Any]:
        return office.ask(role, "POST", f"/cases/{uid}", body)

    assert decide(Role.DUTY_OFFICER, decision="close", outcome="helped")[0] == 409
    assert decide(Role.DUTY_OFFICER, decision="take")[1]["owner"] == "the duty_officer"
    assert decide(Role.ADMIN, decision="take")[0] == 409
    assert decide(Role.ADMIN, decision="take", over=True)[1]["owner"] == "the admin"
    assert decide(Role.ADMIN, decision="close", outcome="no_need")[1]["outcome"] == "no_need"
    assert office.ask(Role.ADMIN, "GET", "/cases")[1] == []
    assert len(office.ask(Role.ADMIN, "GET", "/cases?all=true")[1]) == 1
    assert [each[2:] for each in office.trail()] == [("cases take", uid), ("cases take", uid), ("cases close", uid)]


@pytest.mark.parametrize(
    "body",
    [{}, {"decision": "close"}, {"decision": "take", "outcome": "helped"}, {"decision": "close", "outcome": "x"},
     {"decision": "close", "outcome": "helped", "over": True}],
)  # fmt: skip
def test_a_decision_that_does_not_fit_is_422(office: Office, body: Any) -> None:
    status, answer = office.ask(Role.ADMIN, "POST", f"/cases/{office.raise_case()}", body)

    assert status == 422, answer
    assert office.trail() == []


def test_a_case_that_is_not_there_is_404(office: Office) -> None:
    path = "/cases/0193a000-0000-7000-8000-000000000000"
    assert office.ask(Role.ADMIN, "POST", path, {"decision": "take"})[0] == 404
    assert office.ask(Role.ADMIN, "POST", "/cases/abc", {"decision": "take"})[0] == 404
