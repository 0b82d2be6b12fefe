"""`izwi segments`, as a coordinator uses it who wants to know whom a broadcast would reach."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from uuid_utils.compat import uuid7

from app import main
from app.cli.contacts import contacts
from app.cli.segments import segments
from app.models.broadcasts import broadcast
from app.models.people import contact
from app.settings import Settings

LIST = "Cell,Language,Province,Age\n0770000001,sn,Masvingo,17\n0770000002,nd,Harare,41\n0770000003,sn,Harare,60\n"


@pytest.fixture(autouse=True)
def parts(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[main.Parts]:
    """Three contacts, brought in from a list."""
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IZWI_DATABASE_URL", database_url)
    monkeypatch.setenv("IZWI_CHANNEL", "simulated")
    made = main.assemble(Settings(), [])
    (tmp_path / "list.csv").write_text(LIST)
    assert CliRunner().invoke(contacts, ["import", str(tmp_path / "list.csv"), "--yes"]).exit_code == 0
    yield made
    made.close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(segments, list(arguments))


def ok(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 1, result.output
    return result.stderr


def test_a_description_says_at_once_how_many_it_means(parts: main.Parts) -> None:
    assert ok("count", "age >= 18") == "2 contacts are meant.\n"
    assert ok("count", "age < 18") == "1 contact is meant.\n"

    silent = sa.update(contact).where(contact.c.locale == "nd").values(stopped_at=datetime.now(UTC))
    parts.database.write(lambda connection: connection.execute(silent))

    assert ok("count", "province = Harare") == ("2 contacts are meant. 1 of them asked for silence and get nothing.\n")
    assert ok("count", "") == "3 contacts are meant. 1 of them asked for silence and get nothing.\n"


def test_what_is_wrong_with_a_description_is_said_with_its_place() -> None:
    assert refused("count", "age >= 18 and provice = Harare") == (
        "there is no attribute 'provice'; is it 'province'?\n"
        "  age >= 18 and provice = Harare\n"
        "                ^^^^^^^\n"
    )  # fmt: skip
    assert "there is no operator 'Econot'; is it 'Econet'?" in refused("count", "operator = Econot")


def test_a_saved_segment_is_counted_anew_each_time(tmp_path: Path) -> None:
    assert ok("add", "adults", "age >= 18") == "Saved. 2 contacts are in adults now.\n"
    assert ok("add", "old", "segment adults and age >= 60") == "Saved. 1 contact is in old now.\n"
    assert ok("list") == "adults  2\n  age >= 18\nold  1\n  segment adults and age >= 60\n"

    (tmp_path / "more.csv").write_text("Cell,Age\n0770000004,70\n")
    CliRunner().invoke(contacts, ["import", str(tmp_path / "more.csv"), "--yes"])

    listed = json.loads(ok("list", "--json"))["segments"]
    assert [(each["name"], each["contacts"]) for each in listed] == [("adults", 3), ("old", 2)]


def test_another_description_takes_the_place_of_one_only_when_told_so() -> None:
    ok("add", "adults", "age >= 18")
    assert ok("add", "adults", "age >= 18") == "Saved. 2 contacts are in adults now.\n"

    assert refused("add", "Adults", "age >= 21") == (
        "There is a segment adults already: age >= 18\n--change gives it this description.\n"
    )
    assert ok("add", "Adults", "age >= 50", "--change") == "Saved. 1 contact is in Adults now.\n"
    assert ok("list") == "adults  1\n  age >= 50\n"


@pytest.mark.parametrize("name", ["group", "two words", "", "18", "x" * 65, "a'b"])
def test_a_name_that_a_query_could_not_say_is_refused(name: str) -> None:
    assert "cannot be a name" in refused("add", name, "age >= 18")
    assert "No segment is saved yet" in ok("list")


def test_a_segment_that_leads_back_to_itself_is_not_saved() -> None:
    ok("add", "a", "age >= 18")
    ok("add", "b", "segment a")

    assert "the segment leads back to itself: a → b → a" in refused("add", "a", "segment b", "--change")
    assert ok("count", "a") == "2 contacts are meant.\n"


def test_a_segment_in_use_is_not_removed(parts: main.Parts) -> None:
    ok("add", "adults", "age >= 18")
    ok("add", "old", "not (language = nd or not segment ADULTS)")
    parts.database.write(lambda connection: connection.execute(sa.insert(broadcast).values(message("Adults"))))

    assert refused("remove", "adults") == (
        "adults is in use by the segment old, the broadcast june. Nothing was removed.\n"
    )
    assert ok("remove", "old") == "old is removed. It was: not (language = nd or not segment ADULTS)\n"
    over = sa.update(broadcast).values(state="done")
    parts.database.write(lambda connection: connection.execute(over))
    assert ok("remove", "ADULTS") == "adults is removed. It was: age >= 18\n"
    assert refused("remove", "adults") == "There is no segment adults. There are: none.\n"


def test_a_segment_that_has_lost_what_it_speaks_of_is_listed_with_its_fault(parts: main.Parts) -> None:
    ok("add", "adults", "age >= 18")
    parts.database.write(lambda connection: connection.execute(sa.text("DELETE FROM attribute")))

    assert ok("list") == "adults  cannot be used: there is no attribute 'age'. There are: none yet\n  age >= 18\n"


def message(audience: str) -> dict[str, object]:
    return {
        "uid": uuid7(), "name": "june", "mode": "message", "audience": audience, "texts": "{}", "channel": "",
        "state": "scheduled", "reason": "", "zone": "UTC", "opens": 0, "closes": 1440, "weekdays": "1234567",
        "holidays": "[]", "expiry_hours": 24, "currency": "USD", "spent": 0, "remind_days": 0, "remind_most": 0,
        "remind_texts": "{}", "rest_days": 0, "seed": 1, "prepared_to": 0, "next_ms": 0,
        "created_at": datetime.now(UTC), "revision": 1,
    }  # fmt: skip
