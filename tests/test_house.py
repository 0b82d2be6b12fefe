"""Rules of the house that a machine can check."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "app").rglob("*.py"))


def files_with(pattern: str) -> set[str]:
    return {str(path.relative_to(ROOT)) for path in SOURCES if re.search(pattern, path.read_text())}


def test_no_file_outgrows_its_name() -> None:
    assert {path.name: lines for path in SOURCES if (lines := len(path.read_text().splitlines())) > 400} == {}


def test_no_file_is_a_drawer() -> None:
    banned = {"utils", "helpers", "common", "manager", "service", "services", "misc"}

    assert {path.name for path in SOURCES if path.stem in banned} == set()


def test_only_the_unit_of_work_commits() -> None:
    assert files_with(r"\.(commit|begin)\(\)") <= {"app/store/unit.py", "app/store/schema.py"}


def test_the_clock_is_read_at_the_doors_only() -> None:
    doors = {"app/main.py", "app/worker/loop.py", "app/gateway/turns.py", "app/gateway/library.py"}

    assert files_with(r"datetime\.now\(") - {path for path in files_with("") if path.startswith("app/cli/")} <= doors


def test_the_providers_library_is_known_to_its_channel_only() -> None:
    assert files_with(r"^\s*(from|import) africastalking") <= {"app/channels/africastalking_sending.py"}


def test_init_files_hold_tables_or_nothing() -> None:
    tables = {
        "app/channels/__init__.py",
        "app/flows/xpath/functions/__init__.py",
        "app/flows/questions/__init__.py",
        "app/models/__init__.py",
        "app/cli/__init__.py",
    }
    full = {str(path.relative_to(ROOT)) for path in SOURCES if path.name == "__init__.py" and path.read_text().strip()}

    assert full == tables


def test_no_phone_number_outside_the_test_range_is_in_the_repository() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    texts = (ROOT / name for name in tracked.split("\0") if name and not name.endswith((".lock", ".png", ".xlsx")))
    found = set()
    for path in texts:
        if path.is_file():
            found |= set(re.findall(r"\+2637\d{8}", path.read_text(encoding="utf-8", errors="ignore")))

    assert {number for number in found if not number.startswith("+26377000")} == set()
