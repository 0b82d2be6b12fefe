"""Each requirement of the facts on doing no harm has its code and its tests, or says plainly that it is still to come.

The table stands in `docs/do-no-harm.md`; what is proven here is what no other test is about.
"""

import re
from pathlib import Path

import pytest

from app.channels.base import SmsIn, UssdTurn
from app.gateway import library as shelves
from app.gateway.turns import Arrival, Gateway
from app.main import Parts
from app.settings import Settings
from tests.gateway.conftest import NUMBER, Line
from tests.gateway.conftest import line as line  # the fixture
from tests.journeys import survey

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "do-no-harm.md").read_text(encoding="utf-8")
ROWS = re.findall(r"(?m)^\| (\d+) \| (.+?) \| (.+?) \| (.+?) \|$", PAGE)
LATER = re.compile(r"to come: issue (\d+)")


def test_all_eighteen_requirements_are_in_the_table() -> None:
    assert [int(number) for number, *_ in ROWS] == list(range(1, 19))


@pytest.mark.parametrize(("number", "what", "code", "tests"), ROWS, ids=[number for number, *_ in ROWS])
def test_a_requirement_has_code_and_tests_that_are_there(number: str, what: str, code: str, tests: str) -> None:
    if LATER.search(code):
        assert tests == "none", f"{number} is to come, so nothing tests it"
        return
    files = re.findall(r"`([\w./]+)`", code)
    named = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", tests)

    assert files and named, what
    assert [file for file in files if not (ROOT / file).exists()] == []
    for file, name in named:
        text = (ROOT / "tests" / file).read_text(encoding="utf-8")
        assert f"def {name}(" in text if name else "def test_" in text, (file, name)


def test_the_shipped_survey_asks_nobody_who_she_is() -> None:
    """Requirement 1: no name, no number of a paper, no exact age, no place but the province, nothing of the phone."""
    kinds = {each.kind.name for each in survey().questions}
    free = [each.name for each in survey().questions if each.kind.name in {"text", "integer", "decimal", "date"}]

    assert not kinds & {"geopoint", "deviceid", "phonenumber", "username", "barcode", "integer", "date"}
    assert free == ["story"]
    assert not survey().metadata
    assert not any(word in each.name for each in survey().questions for word in ("ward", "district", "name", "birth"))


def test_what_is_sensitive_in_the_shipped_survey_is_never_sent_by_sms(line: Line) -> None:
    """Requirements 4 and 6: no group's name and no answer is in any message."""
    groups = next(each.choices for each in survey().questions if each.name == "inequality")
    assert groups is not None
    names = [text[0] for each in groups.choices for text in each.labels.values() if not each.fixed]

    for number, words in enumerate(("IZWI", "1", "1", "1", "0", "1", "0", *["1"] * 9)):
        line.take(SmsIn(f"m{number}", NUMBER, "30007", words, "", "64804"))

    bodies = "\n".join(str(row[0]) for row in line.rows("SELECT body FROM outbox"))
    assert "Which province do you live in?" in bodies  # she went on by SMS
    assert [name for name in names if str(name) in bodies] == []
    assert "LGBT" not in bodies


def test_nothing_joins_two_surveys_but_the_phone(parts: Parts, line: Line, settings: Settings) -> None:
    """Requirement 2: each respondent has a name of her own in each survey, made by chance."""
    assert not shelves.publish(parts.database, [ROOT / "tests" / "surveys" / "safety.md"])
    parts.library.refresh()
    both = settings.model_copy(update={"service_codes": {"*384*78#": "safety"}})
    gateway = Gateway(both, parts.database, parts.keys, parts.library)
    for session, code in (("one", "*384*77#"), ("two", "*384*78#")):
        gateway.take_turns([Arrival(line.channel_id, UssdTurn(session, NUMBER, code, "64804", "1"))])

    rows = line.rows("SELECT survey_id, contact_id, pseudonym, uid FROM respondent")
    surveys, phones, pseudonyms, uids = (set(column) for column in zip(*rows, strict=True))
    assert (len(surveys), len(phones), len(pseudonyms), len(uids)) == (2, 1, 2, 2)
    assert all(re.fullmatch("[2-9a-hjkmnp-z]{10}", str(name)) for name in pseudonyms)
