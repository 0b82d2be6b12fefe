"""Keys, and what is copied from the page: each text is run, or at least its address fetched, as it stands there."""

import csv
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import httpx
import pytest

from app.gateway.library import Library
from app.gateway.recording import Recording
from app.store import audit, tokens
from app.values import Role
from tests.console.conftest import House, Visitor, words
from tests.reports.wells import fill

PYODK = Path(sys.prefix) / "pyodk"


def code(page: str, name: str) -> str:
    """What the button beside it copies."""
    found = re.search(rf'(?s)<pre id="code-{name}"[^>]*>(.*?)</pre>', page)
    assert found, name
    return unescape(found[1])


def with_key(visitor: Visitor, name: str = "report", role: str = "analyst") -> tuple[str, str]:
    """Make a key: the page that shows it, and the key."""
    answer = visitor.post("/connect/keys", {"name": name, "role": role, "survey": "wells"})
    assert answer.status_code == 200, words(answer.text)
    found = re.search(r'id="new-key">([^<]+)<', answer.text)
    assert found
    return answer.text, found[1]


def ran(command: list[str] | str, folder: Path, **environ: str) -> str:
    """What a program says that is run in a folder of its own."""
    there = os.environ | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"} | environ
    done = subprocess.run(
        command, cwd=folder, env=there, shell=isinstance(command, str), capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def expected(key: str, visitor: Visitor, kind: str = "csv") -> bytes:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.get(f"{visitor.url}/api/v1/surveys/wells/data?format={kind}", headers=headers, trust_env=False).content


@pytest.fixture
def admin(house: House) -> Visitor:
    fill(house.parts)
    return house.visitor(Role.ADMIN)


def test_a_key_is_shown_once_and_taken_away_again(house: House) -> None:
    admin = house.visitor(Role.ADMIN)
    _, key = with_key(admin)

    (stored,) = house.parts.database.read(tokens.every)
    assert (stored.name, stored.role) == ("report", Role.ANALYST)
    assert key not in admin.get("/connect").text
    assert "report analyst" in admin.reads("/connect")
    again = admin.post("/connect/keys", {"name": "report", "role": "admin"})
    assert again.status_code == 422
    assert "There is a token 'report' already" in words(again.text)
    assert admin.post("/connect/keys", {"name": "+263770000001"}).status_code == 422

    assert admin.post("/connect/keys/remove", {"name": "report"}).status_code == 303
    assert not house.parts.database.read(tokens.every)
    assert admin.post("/connect/keys/remove", {"name": "report"}).status_code == 404
    noted = [(each.actor, each.action, each.subject, each.reason) for each in house.parts.database.read(audit.every)]
    assert noted[-2:] == [
        ("The admin", "tokens add", "report", "analyst"),
        ("The admin", "tokens remove", "report", ""),
    ]


def test_keys_are_for_admins(house: House) -> None:
    analyst = house.visitor(Role.ANALYST)

    page = analyst.reads("/connect")
    assert "Admins make keys" in page
    assert analyst.post("/connect/keys", {"name": "report"}).status_code == 403
    assert analyst.post("/connect/keys/remove", {"name": "report"}).status_code == 403
    assert house.visitor(Role.MODERATOR).get("/connect").status_code == 403


def test_what_is_copied_for_curl_and_python_runs_as_it_stands(admin: Visitor, tmp_path: Path) -> None:
    page, key = with_key(admin)

    ran(code(page, "curl"), tmp_path)
    assert (tmp_path / "wells.csv").read_bytes() == expected(key, admin)
    assert '"question"' in ran(code(page, "curl-figures"), tmp_path)
    rows = list(csv.reader(io.StringIO(expected(key, admin).decode("utf-8-sig"))))
    (tmp_path / "izwi.py").write_text(code(page, "python"))
    assert ran([sys.executable, "izwi.py"], tmp_path).strip() == f"{len(rows) - 1} {rows[0]}"


def test_what_is_copied_for_pyodk_runs_as_it_stands(admin: Visitor, tmp_path: Path) -> None:
    page, key = with_key(admin)
    parts = admin.served.parts
    Recording(parts.settings, parts.database, Library(parts.database), parts.keys).make_all(datetime.now(UTC))
    (tmp_path / "pyodk.toml").write_text(code(page, "pyodk-config"))
    (tmp_path / "izwi_pyodk.py").write_text(code(page, "pyodk"))

    said = ran([sys.executable, "izwi_pyodk.py"], tmp_path, PYTHONPATH=str(PYODK), HOME=str(tmp_path))
    feed = httpx.get(
        f"{code(page, 'excel')}/Submissions?$top=0&$count=true", auth=("report", key), trust_env=False
    ).json()
    assert int(said) == feed["@odata.count"]


def test_the_addresses_for_other_programs_answer(admin: Visitor, tmp_path: Path) -> None:
    page, key = with_key(admin)
    headers = {"Authorization": f"Bearer {key}"}

    for name, begins in (("r", b"respondent"), ("stata", b"<stata_dta>"), ("spss", b"$FL2")):
        (address,) = re.findall(r"https?://[^\s'\"\\]+", code(page, name))
        answer = httpx.get(address, headers=headers, trust_env=False)
        assert answer.status_code == 200, name
        assert answer.content.startswith(begins), name
        assert key in code(page, name)
    for name in ("excel", "powerbi"):
        (address,) = re.findall(r"https?://[^\s'\"\\]+", code(page, name))
        assert "Submissions" in httpx.get(address, auth=("report", key), trust_env=False).text


def test_the_views_of_the_sql_snippet_are_there(admin: Visitor) -> None:
    parts = admin.served.parts
    text = code(admin.get("/connect?survey=wells").text, "psql")
    statement = re.search(r'"(SELECT [^"]+)"', text)

    assert statement
    assert ("psql " in text) is (parts.database.engine.dialect.name == "postgresql")
    with parts.database.engine.connect() as connection:
        found = connection.execution_options(izwi_read=True).exec_driver_sql(statement[1]).scalar_one()
    assert found > 0


def test_addresses_are_those_by_which_this_server_is_reached(open_house: Callable[..., House]) -> None:
    house = open_house(public_url="https://izwi.example.org/")
    fill(house.parts)

    page = house.visitor(Role.ANALYST).get("/connect?survey=wells").text
    assert code(page, "excel") == "https://izwi.example.org/v1/projects/1/forms/wells.svc"
    assert "YOUR_KEY" in code(page, "curl")
    assert "YOUR_KEYS_NAME" in code(page, "pyodk-config")
