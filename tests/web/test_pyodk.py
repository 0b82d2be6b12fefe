"""The real pyODK reads a real server, with more submissions than fit on any page."""

import hashlib
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.store import surveys, tokens
from app.store.unit import Database
from app.values import Role
from tests.reports.test_records import MILK
from tests.server import ROOT, serving
from tests.submissions import store_submissions
from tests.web.central import FIRST, FORM, milk

from app.gateway import versions  # isort: skip

COUNT = 1_200
PACKAGES = Path(sys.prefix) / "pyodk"


def read(folder: Path, url: str, name: str, token: str) -> Any:
    """What pyODK reads, in a process with its own packages."""
    assert PACKAGES.is_dir(), "`make .venv/.pyodk` puts pyODK there"
    config = folder / "pyodk.toml"
    config.write_text(
        f'[central]\nbase_url = "{url}"\nusername = "{name}"\npassword = "{token}"\ndefault_project_id = 1\n'
    )
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "clients" / "read_with_pyodk.py"), str(config), str(folder / "cache"), FORM],
        env=os.environ | {"PYTHONPATH": str(PACKAGES), "NO_PROXY": "127.0.0.1"},
        check=False, capture_output=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_pyodk_lists_the_forms_and_fetches_the_whole_table(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "milk.md"
    file.write_text(MILK.replace("{version}", "1").replace("    |", "|"))
    with serving(tmp_path, database_url=database_url) as served:
        database = Database(database_url.replace("postgresql://", "postgresql+psycopg://", 1))
        versions.bring_published(database, versions.read(file).content, FIRST)
        uids = store_submissions(database, FORM, [FIRST + timedelta(minutes=each) for each in range(COUNT)], milk)
        token = database.write(lambda connection: tokens.add(connection, "pyODK", FIRST, role=Role.ANALYST))
        (version,) = database.read(lambda connection: surveys.of_survey(connection, FORM))
        xform = database.read(lambda connection: surveys.xform(connection, version.id))
        database.close()

        told = read(tmp_path, served.url, "pyODK", token or "")

    newest = [f"uuid:{uid}" for uid in reversed(uids)]
    assert told["forms"] == {"leave_no_one_behind": told["forms"]["leave_no_one_behind"], FORM: "1"}
    assert told["form"] == hashlib.md5(xform.encode()).hexdigest()
    assert told["listed"] == newest
    rows = told["table"]["value"]
    assert (told["table"]["@odata.count"], [row["__id"] for row in rows]) == (COUNT, newest)
    assert [row["farm"] for row in rows] == [f"Farm {each}" for each in reversed(range(COUNT))]
    assert len(told["repeats"]) == sum(row["herd"]["cows"] for row in rows) == sum(each % 4 for each in range(COUNT))
    assert [len(row["herd"].get("cow", [])) for row in told["expanded"]] == [3, 2, 1]
    assert told["expanded"][0]["where"] == "POINT (31.05 -17.83 0)"
    assert told["chosen"] == [{"__id": newest[each], "farm": f"Farm {COUNT - 1 - each}"} for each in (1, 2)]
    assert len(told["filtered"]) == 16 * 60
    assert f"<farm>Farm {COUNT - 1}</farm>" in told["xml"]
    assert told["refused"]["code"] == 404.1
