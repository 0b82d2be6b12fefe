"""Every transcript is played on both databases and must come out as it is written.

`pytest --update-transcripts` rewrites them; then the diff of the files is what to review.
"""

import difflib
import re
from pathlib import Path

import pytest

from app.cli import stage
from app.cli.transcript import parse

FOLDER = Path(__file__).parent / "transcripts"
FILES = sorted(FOLDER.glob("*.txt"))
ROOM = re.compile(r"^\[(?:UCS-2 )?(\d+) of (\d+)", re.MULTILINE)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_transcript_comes_out_as_written(
    path: Path, database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    written = path.read_text(encoding="utf-8")

    played = play(written, database_url, tmp_path / "var")

    if request.config.getoption("--update-transcripts"):
        path.write_text(played, encoding="utf-8")
    elif played != written:
        pytest.fail(difference(written, played, path.name), pytrace=False)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_screen_of_a_transcript_fits(path: Path) -> None:
    screens = ROOM.findall(path.read_text(encoding="utf-8"))

    assert screens
    assert all(int(used) <= int(room) for used, room in screens)


@pytest.mark.parametrize("locale", ["en", "sn", "nd"])
def test_the_survey_is_completed_in_every_language(locale: str) -> None:
    completed = [path.read_text(encoding="utf-8") for path in FILES]

    assert any(f"locale: {locale} " in text and "= run completed" in text for text in completed)


def play(text: str, database_url: str, folder: Path) -> str:
    header, steps = parse(text)
    survey = stage.find(header.survey, beside=FOLDER)
    assert survey is not None, f"there is no survey {header.survey}"
    with stage.stage(header, survey, folder, database_url=database_url) as made:
        return made.play(steps)


def difference(written: str, played: str, name: str) -> str:
    lines = difflib.unified_diff(
        written.splitlines(), played.splitlines(), f"{name} as written", f"{name} as played", lineterm="", n=5
    )
    return "\n".join([*lines, "", "If this is right: pytest --update-transcripts, and review the diff."])
