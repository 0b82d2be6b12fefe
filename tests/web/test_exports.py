"""The data of surveys over the API: what the command gives, as a file that is whole, and an error for what cannot be."""

import http.client
import io
import json
import zipfile
from collections.abc import Callable

import pytest

from app.store import audit, tokens
from app.values import Role
from tests.cli.test_data import rows, run
from tests.conftest import Clock
from tests.reports.wells import fill
from tests.web.conftest import Served


class Program:
    """An analyst's program, and the service that it asks."""

    def __init__(self, served: Served, clock: Clock) -> None:
        self.served = served
        fill(served.parts)
        added = served.parts.database.write(
            lambda connection: tokens.add(connection, "Tsitsi", clock(), role=Role.ANALYST)
        )
        self.headers = {"Authorization": f"Bearer {added}"}

    def get(self, path: str) -> tuple[int, str]:
        return self.served.request(f"/api/v1/surveys/{path}", method="GET", headers=self.headers)


@pytest.fixture
def program(serve: Callable[..., Served], clock: Clock) -> Program:
    return Program(serve(), clock)


def test_the_api_gives_what_the_command_gives(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IZWI_DATA_DIR", str(program.served.parts.settings.data_dir))
    monkeypatch.setenv("IZWI_DATABASE_URL", program.served.parts.settings.database_url)
    monkeypatch.setenv("IZWI_CHANNEL", "simulated")

    status, text = program.get("wells/data?where=province=ma&where=works=no&labels=true&language=sn&state=all")

    assert status == 200
    options = ("--where", "province=ma", "--where", "works=no", "--labels", "--language", "sn", "--state", "all")
    assert text == run("export", "data", "wells", *options).stdout_bytes.decode()
    assert [row["works"] for row in rows(text)] == ["Kwete"]
    assert program.get("wells/dictionary") == (200, json.dumps(json.loads(
        run("dictionary", "wells", "--format", "json").stdout
    ), ensure_ascii=False, separators=(",", ":")))  # fmt: skip
    noted = program.served.parts.database.read(audit.every)
    assert ("Tsitsi", "export data", "wells") in [(each.actor, each.action, each.subject) for each in noted]


def test_the_api_gives_files_whole_and_leaves_nothing_behind(program: Program) -> None:
    before = set(program.served.parts.settings.data_dir.iterdir())
    line = http.client.HTTPConnection("127.0.0.1", program.served.port, timeout=30)
    line.request("GET", "/api/v1/surveys/wells/data?format=datapackage", headers=program.headers)
    answer = line.getresponse()
    content = answer.read()
    line.close()

    assert int(answer.headers["content-length"]) == len(content)
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''wells.zip"
    assert "datapackage.json" in zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert set(program.served.parts.settings.data_dir.iterdir()) - before == set()


@pytest.mark.parametrize(
    ("path", "status"),
    [("nosuch/data", 404), ("wells/data?format=doc", 422), ("wells/data?where=works=perhaps", 422),
     ("wells/data?table=cow", 422), ("wells/data?nothing=1", 422), ("wells/dictionary?language=nd", 422),
     ("wells/data?from=soon", 422)],
)  # fmt: skip
def test_what_the_api_cannot_give_is_told(program: Program, path: str, status: int) -> None:
    answered, text = program.get(path)

    assert (answered, list(json.loads(text))) == (status, ["error"])
