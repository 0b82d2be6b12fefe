"""Somebody at a browser: what goes wrong in it is collected, and each page looked at is held against what all pages must be."""

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

from app.store import accounts
from app.store.accounts import Account
from app.store.unit import Database
from app.values import Role
from tests.console.conftest import add_account, begin
from tests.server import Served

_AXE = (Path(__file__).parent.parent / "vendor" / "axe.min.js").read_text()
_SERIOUS = {"serious", "critical"}


class World:
    """A running Izwi, and its database, which the test may look into and prepare."""

    def __init__(self, served: Served, folder: Path) -> None:
        self.served, self.url, self.folder = served, served.url, folder
        self.database = Database(f"sqlite:///{folder / 'data' / 'izwi.db'}")
        self._hooks: dict[str, str] = {}

    def hook(self, name: str) -> str:
        """The address that the provider posts to."""
        if not self._hooks:
            self._hooks = self.served.hooks()
        return self._hooks[name]

    @property
    def code(self) -> str:
        """The code for the first account, as it was printed."""
        found = re.search(r"first account, valid for 30 minutes: ([A-Z0-9-]+)", self.served.log.read_text())
        assert found
        return found[1]


class Visit:
    """A browser of its own."""

    def __init__(self, world: World, context: BrowserContext, role: str | None) -> None:
        self.world = world
        self.complaints: list[str] = []
        if role is not None:
            account = _account(world.database, f"The {role.replace('_', ' ')}", Role(role))
            context.add_cookies([{"name": "izwi", "value": begin(world.database, account), "url": world.url}])
        context.set_default_timeout(15_000)
        self._context = context
        self.page: Page = context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("request", self._request)

    def go(self, path: str) -> Page:
        """Open a page of the console."""
        self.page.goto(self.world.url + path)
        return self.page

    def look(self, name: str) -> None:
        """Hold what is shown now against what every page must be, and keep a picture where SCREENSHOTS says."""
        folder = os.environ.get("SCREENSHOTS")
        if folder:
            self.page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
        width = self.page.viewport_size["width"] if self.page.viewport_size else 0
        assert self.page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than the screen"
        self.page.evaluate(_AXE + "; void 0")
        found: dict[str, Any] = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        serious = [
            (each["id"], each["help"], [part["html"][:160] for part in each["nodes"]][:3])
            for each in found["violations"]
            if each["impact"] in _SERIOUS
        ]
        assert not serious, (name, serious)

    def close(self) -> None:
        """End it; nothing may have gone wrong."""
        self._context.close()
        assert not self.complaints, self.complaints

    def _console(self, message: ConsoleMessage) -> None:
        # A form that is shown again with its fault has this status, and Chromium calls it an error.
        if message.type == "error" and "status of 422" not in message.text:
            self.complaints.append(f"console: {message.text}")

    def _request(self, asked: Request) -> None:
        address = urlsplit(asked.url)
        if address.scheme not in {"data", "blob"} and address.netloc != urlsplit(self.world.url).netloc:
            self.complaints.append(f"request to another host: {address.netloc}")


def _account(database: Database, name: str, role: Role) -> Account:
    """The one of this name, for somebody may have several browsers."""
    found = database.read(lambda connection: accounts.secrets_of(connection, name))
    return found.account if found else add_account(database, name, role)
