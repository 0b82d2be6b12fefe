"""A service that runs notices what the command line, another process, publishes and retires."""

import os
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import httpx

from tests.server import ROOT, Served, serving

MEALS = """\
| survey | type | name | label |
|---|---|---|---|
| | text | meal | What did you eat? |
| | text | where | Where? |
| settings | form_id | version |
| | meals | 1 |
"""
SESSIONS = count(1)
PATIENCE = 20.0


def izwi(served: Served, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT, env=os.environ | served.environ, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


def turn(address: str, text: str = "", *, session: str = "", number: str = "+263770009999") -> str:
    form = {
        "sessionId": session or f"s{next(SESSIONS)}", "phoneNumber": number, "serviceCode": "*384*77#",
        "networkCode": "64801", "text": text,
    }  # fmt: skip
    return httpx.post(address, data=form, timeout=10, trust_env=False).text


def until_it_says(words: str, address: str) -> None:
    """Dial from new phones until the screen begins with these words."""
    limit, screen = time.monotonic() + PATIENCE, ""
    while not screen.startswith(words):
        assert time.monotonic() < limit, f"it still says {screen!r}"
        screen = turn(address, number=f"+26377000{next(SESSIONS):04d}")
        time.sleep(0.1)


def test_a_running_service_asks_what_is_published_and_no_longer_what_is_retired(
    database_url: str, tmp_path: Path
) -> None:
    folder, file = tmp_path / "surveys", tmp_path / "meals.md"
    folder.mkdir()
    (folder / "meals.md").write_text(MEALS)
    file.write_text(MEALS.replace("| 1 |", "| 2 |").replace("What did", "What, then, did"))
    with serving(tmp_path, database_url=database_url, survey="meals", surveys_dir=str(folder)) as served:
        address = served.hooks()["ussd"]
        assert turn(address, session="running").startswith("CON What did you eat?")

        izwi(served, "surveys", "add", str(file))
        izwi(served, "surveys", "publish", "meals", "--yes")
        until_it_says("CON What, then, did you eat?", address)
        assert turn(address, "Sadza", session="running").startswith("CON Where?")

        izwi(served, "surveys", "retire", "meals")
        until_it_says("END This service is not available now.", address)
        assert turn(address, "Sadza*At home", session="running").startswith("END Thank you.")
    assert "surveys that can be asked now: leave_no_one_behind\n" in served.log.read_text()
