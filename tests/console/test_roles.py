"""Who may open what: every route of the console is asked as every role, and as nobody."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import Match

from app.access import MATRIX, WORDS, Permission, allowed
from app.gateway.accounts import Accounts
from app.gateway.phone_codes import PhoneCodes
from app.staging import Stages
from app.values import Role
from app.web.console.app import PARTS, routes_of
from app.web.console.door import OPEN
from app.web.console.limits import Limits
from app.web.console.live import Live
from app.web.console.office import Office
from app.web.console.rendering import Pages
from app.web.console.tasks import Tasks
from app.web.desk import Desk
from app.web.restarting import Restart
from tests.console.conftest import House, Visitor

Route = tuple[str, str]


@pytest.fixture
def database_url(fresh_sqlite: str) -> str:
    """Of one kind: who may open what hangs on neither."""
    return fresh_sqlite


def office(house: House) -> Office:
    """What pages work with; nothing of it is asked here."""
    parts = house.parts

    def now() -> datetime:
        return datetime.now(UTC)

    desk = Desk(parts.settings, parts.database, now)
    return Office(
        desk, Pages(parts.settings, now), Live(parts.database, now), Accounts(parts.database, desk.keys),
        PhoneCodes(parts.database, desk.keys), Limits(parts.settings), Tasks(now), Stages(parts.settings, now), Restart(),
    )  # fmt: skip


def permissions(house: House) -> dict[Route, set[Permission]]:
    """Every route, and what it asks for."""
    found: dict[Route, set[Permission]] = {}
    made = office(house)
    for route in routes_of(made).routes:
        assert isinstance(route, APIRoute)
        wanted = route.dependant.dependencies  # codespell:ignore dependant
        asked = [getattr(each.call, "permission", None) for each in wanted]
        for method in route.methods:
            found[method, route.path] = {each for each in asked if each is not None}
    return found


def path_of(route: str) -> str:
    """An address of a route, of something that is not there."""
    parts = route.split("/")
    return "/".join("1" if "_id" in each else "nothing" if each.startswith("{") else each for each in parts)


def ask(visitor: Visitor, method: str, path: str) -> httpx.Response:
    """The answer, without waiting for the end of what has none."""
    headers = {"Origin": visitor.url}
    with visitor.browser.stream(method, path, headers=headers, follow_redirects=False) as answer:
        return answer


def test_every_route_asks_for_exactly_one_permission_or_is_open_to_all(house: House) -> None:
    found = permissions(house)

    assert len(found) > 50
    lacking = {route for route, asked in found.items() if len(asked) != 1 and not route[1].startswith(OPEN)}
    assert lacking == set()
    open_to_all = {path for (_, path), asked in found.items() if not asked}
    assert open_to_all == {"/sign-in", "/sign-in/code", "/welcome", "/language"}


def test_no_route_is_hidden_behind_another(house: House) -> None:
    made = office(house)
    routes = routes_of(made).routes
    assert len(routes) == sum(len(part.routes(made).routes) for part in PARTS)

    for route in routes:
        assert isinstance(route, APIRoute)
        for method in route.methods:
            scope = {"type": "http", "method": method, "path": path_of(route.path), "root_path": "", "headers": []}
            first = next(each for each in routes if each.matches(scope)[0] is Match.FULL)
            assert first is route, (method, route.path)


def test_whoever_is_nobody_is_sent_to_sign_in_from_every_route(house: House) -> None:
    stranger = house.visitor(None)
    house.visitor(Role.ADMIN)

    for (method, path), asked in permissions(house).items():
        if asked:
            answer = ask(stranger, method, path_of(path))
            assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/sign-in"), (method, path)


@pytest.mark.parametrize("role", list(Role))
def test_every_route_is_refused_to_a_role_that_lacks_its_permission_and_open_to_one_that_has_it(
    house: House, role: Role
) -> None:
    visitor = house.visitor(role)
    for (method, path), asked in permissions(house).items():
        if not asked:
            continue
        (permission,) = asked
        if not allowed(role, permission):
            assert ask(visitor, method, path_of(path)).status_code == 403, (method, path, role)
        elif method == "GET":
            # What is not there is told as such; nothing is refused, and nothing goes wrong.
            assert ask(visitor, method, path_of(path)).status_code in {200, 303, 404, 409, 422}, (method, path, role)


def test_pages_lead_nobody_to_what_she_may_not_open(house: House) -> None:
    """Of what the navigation and the pages of this part link to."""
    asked = permissions(house)
    for role in Role:
        visitor = house.visitor(role)
        for page in ("/", "/me", "/begin"):
            for link in links(visitor.get(page).text):
                needed = asked.get(("GET", link), set())
                assert all(each in MATRIX[role] for each in needed), (role, page, link)


def links(page: str) -> Iterator[str]:
    return (each.partition("?")[0] for each in re.findall(r'href="(/[^"]*)"', page))


def test_every_permission_is_one_that_people_can_read_of(house: House) -> None:
    assert {each for asked in permissions(house).values() for each in asked} <= set(WORDS)
