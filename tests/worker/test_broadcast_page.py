"""docs/broadcasts.md shows what the commands say: its transcript is played here, with the test provider that stammers once.

`python -m pytest tests/worker/test_broadcast_page.py --update-transcripts` writes it anew; reading the difference is the review.
"""

import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from app.cli import main
from app.models.people import contact
from tests.worker.conftest import Post
from tests.worker.sending import Office, write_tariff

PAGE = Path(__file__).parents[2] / "docs" / "broadcasts.md"
NUMBERS = [f"+2637700005{number:02}" for number in range(40)]
# What is done before and after the commands: `work` lets the worker do what is due.
COMMANDS = (
    "izwi broadcast new voices --survey leave_no_one_behind --budget 5.00 --remind 1",
    "izwi broadcast plan voices",
    "izwi broadcast start voices --yes",
    "work",
    "izwi broadcast status voices",
    "izwi broadcast unknown voices",
    "izwi broadcast unknown voices --send-again --yes",
    "work",
    "izwi broadcast status voices",
    "izwi channels list",
)


@pytest.fixture
def office(post: Post) -> Office:
    """Forty contacts who speak three languages; two of them have said STOP, three were asked last week."""
    office = Office(post)
    office.know(*NUMBERS)
    # The commands have the true time; the worker comes a little later, at an hour at which it may send.
    now = datetime.now(UTC)
    noon = now.replace(hour=10, minute=0)
    post.clock.now = now + timedelta(hours=1) if 7 <= now.hour < 15 else noon + timedelta(days=now.hour >= 10)

    def tell(connection: sa.Connection) -> None:
        def change(first: int, last: int, **values: Any) -> None:
            which = sa.select(contact.c.id).order_by(contact.c.id).offset(first).limit(last - first)
            connection.execute(sa.update(contact).where(contact.c.id.in_(which.scalar_subquery())).values(**values))

        change(0, 40, operator="Econet", locale="sn")
        change(20, 32, locale="nd")
        change(32, 40, locale="en")
        change(0, 2, stopped_at=now)
        change(2, 5, asked_at=now - timedelta(days=7))

    post.parts.database.write(tell)
    return office


def play(office: Office, tariff: str) -> str:
    """What is typed, and what is said."""
    settings, said = office.post.parts.settings, []
    environ = {
        "IZWI_DATA_DIR": str(settings.data_dir), "IZWI_DATABASE_URL": settings.database_url, "IZWI_TARIFF": tariff,
        "IZWI_SERVICE_CODES": '{"*384*77#": "leave_no_one_behind"}',
    }  # fmt: skip
    office.post.provider.set_mode("accept-then-500", times=1)
    for command in COMMANDS:
        if command == "work":
            office.work(minutes=1)
            continue
        result = CliRunner().invoke(main, shlex.split(command)[1:], env=environ)
        assert result.exit_code == 0, result.output
        said.append(f"$ {command}\n{result.output.strip()}\n")
    return re.sub(r"since \d{4}-\d\d-\d\d \d\d:\d\d", "since 2026-11-24 10:15", "\n".join(said))


def test_the_page_shows_what_the_commands_say(office: Office, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    said = play(office, write_tariff(tmp_path))

    before, rest = PAGE.read_text().split("<!-- transcript -->\n```\n")
    shown, after = rest.split("```\n<!-- /transcript -->", 1)
    if pytestconfig.getoption("--update-transcripts"):
        PAGE.write_text(f"{before}<!-- transcript -->\n```\n{said}```\n<!-- /transcript -->{after}")
    else:
        assert shown == said
    assert len(office.post.accepted()) == 35 + int(re.findall(r"([0-9]+) wait to be sent again", said)[0])
