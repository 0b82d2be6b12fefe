"""The console behind a real server in this process, and people with an account of each role who visit it."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from html import unescape
from typing import Any

import httpx
import pytest

from app.gateway import accounts as desk
from app.settings import Settings
from app.store import accounts, sign_ins
from app.store.accounts import Account
from app.values import Role
from tests.web.conftest import Served, serving

PASSWORD = "otter lantern gravel Tuesday"
_HASHED: list[str] = []


class Visitor:
    """Somebody with a browser, signed in or not."""

    def __init__(self, served: Served, name: str = "", role: Role | None = None) -> None:
        self.served, self.name, self.role = served, name, role
        self.url = f"http://127.0.0.1:{served.port}"
        self.account = add_account(served.parts.database, name, role) if role else None
        self.browser = httpx.Client(base_url=self.url, timeout=30, trust_env=False)
        if self.account:
            self.browser.cookies.set("izwi", begin(served.parts.database, self.account), domain="127.0.0.1")

    def get(self, path: str) -> httpx.Response:
        """Open a page."""
        return self.browser.get(path)

    def post(self, path: str, form: dict[str, Any] | None = None, **options: Any) -> httpx.Response:
        """Send a form from a page of ours, and stay where the answer leads to."""
        headers = {"Origin": self.url, **options.pop("headers", {})}
        return self.browser.post(path, data=form or {}, headers=headers, **options)

    def reads(self, path: str) -> str:
        """What a page says, without its tags; the page is there."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, words(answer.text)[:500])
        return words(answer.text)


class House:
    """A running service and its visitors."""

    def __init__(self, served: Served, stack: ExitStack) -> None:
        self.served, self.parts, self._stack = served, served.parts, stack

    def visitor(self, role: Role | None = Role.ADMIN, name: str = "") -> Visitor:
        """Somebody of this role; None: nobody who is known."""
        made = Visitor(self.served, name or (f"The {role}" if role else ""), role)
        self._stack.callback(made.browser.close)
        return made


def words(page: str) -> str:
    """The words of a page: no tags, no scripts, one space between them."""
    page = re.sub(r"(?s)<(script|style)\b.*?</\1>", " ", page)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


def add_account(database: Any, name: str, role: Role) -> Account:
    """An account with a password that is hashed once for all tests."""
    if not _HASHED:
        _HASHED.append(desk.hash_password(PASSWORD))
    now = datetime.now(UTC)
    made: Account = database.write(lambda connection: accounts.add(connection, name, role, _HASHED[0], "en", now))
    return made


def begin(database: Any, account: Account) -> str:
    """Sign an account in; the secret for its browser."""
    now = datetime.now(UTC)
    secret: str = database.write(lambda connection: sign_ins.begin(connection, account.id, "A test", now))
    return secret


BOTH = {"test_audit_and_cases", "test_broadcasts", "test_contacts", "test_people", "test_system"}
"""Modules whose pages have queries of their own; all others ask what is tested on both databases elsewhere."""


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Of both kinds where that matters."""
    name = "fresh_sqlite" if request.param == "sqlite" else "fresh_postgres"
    url: str = request.getfixturevalue(name)
    return url


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the second database where nothing hangs on it."""
    here = [each for each in items if "tests/console/" in each.path.as_posix()]
    gone = {each for each in here if each.path.stem not in BOTH and each.name.endswith("postgresql]")}
    items[:] = [each for each in items if each not in gone]


@pytest.fixture
def open_house(settings: Settings) -> Iterator[Callable[..., House]]:
    """Start a service with settings of the test's own."""
    with ExitStack() as stack:
        yield lambda **changes: House(stack.enter_context(serving(settings.model_copy(update=changes))), stack)


@pytest.fixture
def house(open_house: Callable[..., House]) -> House:
    """A service with the survey that ships."""
    return open_house()
