"""Pages that move by themselves."""

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx

from app.settings import Settings
from app.store import sign_ins
from app.store.unit import Database
from app.values import Role
from app.web.console.live import Live
from tests.console.conftest import House, add_account, begin, words


def events(house: House, path: str, visitor: Any, heard: list[str], enough: threading.Event) -> None:
    with visitor.browser.stream("GET", path, timeout=30) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        text = ""
        for part in stream.iter_text():
            text += part
            while "\n\n" in text:
                event, _, text = text.partition("\n\n")
                heard.append(words(event.replace("data: ", "")))
                enough.set()


def test_the_home_page_hears_of_a_new_run_and_ends_with_the_sign_in(house: House) -> None:
    visitor, heard, enough = house.visitor(Role.COORDINATOR), [], threading.Event()
    listening = threading.Thread(target=events, args=(house, "/live/home", visitor, heard, enough))
    listening.start()
    assert enough.wait(20)
    assert "Started 0" in heard[0]

    enough.clear()
    house.served.turn("")
    assert enough.wait(20)
    assert "Started 1" in heard[-1]

    with httpx.Client(base_url=visitor.url, cookies=dict(visitor.browser.cookies), trust_env=False) as other:
        assert other.post("/sign-out", headers={"Origin": visitor.url}).status_code == 303
    listening.join(20)
    assert not listening.is_alive()


def test_a_part_is_made_once_for_all_who_look_and_not_at_all_when_nobody_does(settings: Settings, parts: Any) -> None:
    made: list[int] = []

    def make() -> str:
        made.append(1)
        return f"<p>{min(len(made), 3)}</p>"

    async def play(database: Database) -> tuple[int, list[bytes]]:
        live = Live(database, lambda: datetime.now(UTC))
        account = add_account(database, "Rudo", Role.ADMIN)
        now = datetime.now(UTC)
        secrets = [begin(database, account) for _ in range(20)]
        found = database.read(lambda connection: [sign_ins.find(connection, each, now) for each in secrets])
        streams: list[AsyncIterator[Any]] = [
            aiter(live.stream("part", make, each, every=0.05).body_iterator) for each in found if each
        ]
        firsts = await asyncio.gather(*(anext(each) for each in streams))
        seconds = await asyncio.gather(*(anext(each) for each in streams))
        for each in streams:
            await each.aclose()  # type: ignore[attr-defined]
        assert live.parts == 0
        return len(made), [*firsts, *seconds]

    count, heard = asyncio.run(play(parts.database))
    assert count < 20
    assert len(heard) == 40
    assert all(each.startswith(b"id: ") for each in heard)
