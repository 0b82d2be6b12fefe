"""What is made when it is first asked for is made once, and again only if that failed."""

import asyncio
from typing import Any

import pytest

from app.web.later import App, Later


class Counted:
    """Makes apps that note who asked."""

    def __init__(self, failures: int = 0) -> None:
        self.made, self.failures, self.asked = 0, failures, list[str]()

    def make(self) -> App:
        self.made += 1
        if self.made <= self.failures:
            raise OSError

        async def app(scope: Any, _: Any, __: Any) -> None:
            self.asked.append(scope["path"])

        return app


async def ask(later: Later, path: str) -> None:
    await later({"path": path}, None, None)


def test_many_who_ask_at_once_get_the_same_one() -> None:
    counted = Counted()
    later = Later(counted.make)
    assert counted.made == 0

    async def together() -> None:
        await asyncio.gather(*(ask(later, f"/{number}") for number in range(5)))
        await ask(later, "/again")

    asyncio.run(together())

    assert counted.made == 1
    assert sorted(counted.asked) == ["/0", "/1", "/2", "/3", "/4", "/again"]


def test_what_could_not_be_made_is_made_the_next_time() -> None:
    counted = Counted(failures=1)
    later = Later(counted.make)

    async def twice() -> None:
        with pytest.raises(OSError):  # noqa: PT011
            await ask(later, "/1")
        await ask(later, "/2")

    asyncio.run(twice())

    assert (counted.made, counted.asked) == (2, ["/2"])
