"""Two processes on one PostgreSQL take the same turns at the same moment: one session, one run, one answer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from app import main
from app.channels.base import UssdTurn
from app.gateway.conversation import Outcome
from app.gateway.turns import Arrival, Gateway
from app.models.runs import answer, run, session, turn
from app.settings import Settings

TEXTS = ("", "1", "1*1", "1*1*1")
PHONES = 12


@pytest.fixture
def gateways(fresh_postgres: str, tmp_path: Path) -> Iterator[list[tuple[main.Parts, Gateway]]]:
    settings = Settings(data_dir=tmp_path / "var", database_url=fresh_postgres, channel="simulated")
    made = [main.assemble(settings) for _ in range(2)]
    yield [(parts, Gateway(parts.settings, parts.database, parts.keys, parts.library)) for parts in made]
    for parts in made:
        parts.close()


def test_the_same_turns_in_two_processes_are_taken_once(gateways: list[tuple[main.Parts, Gateway]]) -> None:
    parts = gateways[0][0]
    channel_id = parts.lines["simulated"].id
    screens: dict[tuple[int, str], set[str]] = {}

    with ThreadPoolExecutor(2) as pool:
        for text in TEXTS:
            batch = [
                Arrival(channel_id, UssdTurn(f"s{phone}", f"+2637700000{phone:02d}", "*384*77#", "", text))
                for phone in range(PHONES)
            ]
            for outcomes in pool.map(lambda pair, turns=batch: pair[1].take_turns(turns), gateways):
                for phone, outcome in enumerate(outcomes):
                    assert isinstance(outcome, Outcome)
                    assert outcome.screen
                    screens.setdefault((phone, text), set()).add(outcome.screen.text)

    def count(table: sa.Table) -> int:
        return parts.database.read(
            lambda connection: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        )

    assert {len(texts) for texts in screens.values()} == {1}
    assert [count(table) for table in (session, run, turn, answer)] == [PHONES, PHONES, PHONES * 4, PHONES * 3]
