"""Cases, numbers, facilitators and reports as those who look after respondents meet them at the terminal."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from app import main as service
from app.cli.handset import Network
from app.cli.root import main
from app.models.care import distress_case
from app.models.people import respondent
from app.models.runs import run as runs
from app.settings import Settings
from app.store import audit, cases, facilitators
from app.store.cases import Raised
from tests.conftest import Clock
from tests.phone import Phone

NUMBER = "+263770000001"
REASON = "She asked to be called back"
NOW = datetime.now(UTC)


class Hub:
    """A hub on which somebody has answered, with one case of distress that is overdue."""

    def __init__(self) -> None:
        self.parts = service.assemble(Settings())
        phone = Phone(Network(self.parts, Clock()), NUMBER)
        phone.dial()
        phone.replies("1", "1", "1")
        self.pseudonym = str(self.one(sa.select(respondent.c.pseudonym)))
        run_id = self.one(sa.select(runs.c.id))
        raised = Raised(run_id, "story", NOW - timedelta(hours=30), NOW - timedelta(hours=6))
        self.parts.database.write(lambda connection: cases.add(connection, [raised]))
        self.case = str(self.one(sa.select(distress_case.c.uid)))

    def one(self, statement: Any) -> Any:
        return self.parts.database.read(lambda connection: connection.execute(statement).scalar_one())

    def trail(self) -> list[tuple[str, str, str, str]]:
        found = self.parts.database.read(audit.every)
        assert NUMBER[1:] not in repr(found)
        return [(each.actor, each.action, each.subject, each.reason) for each in found]


@pytest.fixture
def hub(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("IZWI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("IZWI_DATABASE_URL", database_url)
    monkeypatch.setenv("IZWI_CHANNEL", "simulated")
    made = Hub()
    yield made
    made.parts.close()


def run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(main, list(arguments), input=typed or None)


def sit(monkeypatch: pytest.MonkeyPatch, name: str, role: str) -> None:
    """Let somebody sit down at the terminal with a token of their own."""
    monkeypatch.delenv("IZWI_TOKEN", raising=False)
    monkeypatch.setenv("IZWI_TOKEN", run("tokens", "add", name, "--role", role).stdout.split()[-1])


# -- numbers ------------------------------------------------------------------------------------------------------------


def test_a_number_is_shown_to_who_may_see_it_and_the_look_is_noted(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    sit(monkeypatch, "Rudo", "duty_officer")

    shown = run("contacts", "reveal", hub.pseudonym, "--reason", REASON)

    assert (shown.exit_code, shown.output) == (0, f"{NUMBER}\n")
    assert hub.trail()[-1] == ("Rudo", "contacts reveal", hub.pseudonym, REASON)


@pytest.mark.parametrize("reason", ["", "no", "1234567890", "a b c d e f g", f"call {NUMBER} back", "x" * 256])
def test_a_look_needs_a_reason_that_says_something_and_holds_no_number(hub: Hub, reason: str) -> None:
    refused = run("contacts", "reveal", hub.pseudonym, "--reason", reason)

    assert refused.exit_code == 1
    assert NUMBER not in refused.output
    assert hub.trail() == []


def test_a_pseudonym_that_nobody_has_or_whose_phone_was_forgotten_is_told(hub: Hub) -> None:
    assert "Nobody has the pseudonym x" in run("contacts", "reveal", "x", "--reason", REASON).output

    hub.parts.database.write(lambda connection: connection.execute(sa.update(respondent).values(contact_id=None)))

    assert "was forgotten" in run("contacts", "reveal", hub.pseudonym, "--reason", REASON).output
    assert hub.trail() == []


# -- cases --------------------------------------------------------------------------------------------------------------


def test_a_case_goes_from_open_to_closed(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    sit(monkeypatch, "Rudo", "duty_officer")
    listed = run("cases", "list").output
    assert f"{hub.case}  {hub.pseudonym}  leave_no_one_behind, story: OVERDUE, open" in listed
    early = run("cases", "close", hub.case, "--outcome", "helped")
    assert (early.exit_code, "nobody has taken it yet" in early.output) == (1, True)

    assert run("cases", "take", hub.case).exit_code == 0
    assert "taken, Rudo sees to it" in run("cases", "list").output
    assert run("cases", "close", hub.case, "--outcome", "referred").exit_code == 0

    assert run("cases", "list").output == "No case waits for anybody.\n"
    (told,) = json.loads(run("cases", "list", "--all", "--json").output)
    assert (told["state"], told["owner"], told["outcome"], told["overdue"]) == ("closed", "Rudo", "referred", False)
    assert set(told) == {"uid", "pseudonym", "survey", "question", "state", "owner", "raised_at", "due_at", "closed_at",
                         "outcome", "overdue"}  # fmt: skip
    assert [each[1:] for each in hub.trail()[-2:]] == [
        ("cases take", hub.case, ""), ("cases close", hub.case, "referred")
    ]  # fmt: skip
    assert run("cases", "take", hub.case).exit_code == 1


def test_a_colleagues_case_is_taken_over_only_where_that_is_meant(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    sit(monkeypatch, "Rudo", "duty_officer")
    run("cases", "take", hub.case)
    monkeypatch.delenv("IZWI_TOKEN")
    assert "is Rudo's: take it first" in run("cases", "close", hub.case, "--outcome", "no_need").output

    refused = run("cases", "take", hub.case)
    assert (refused.exit_code, "Rudo sees to the case" in refused.output) == (1, True)
    assert run("cases", "take", hub.case, "--over").exit_code == 0
    assert "terminal sees to it" in run("cases", "list").output


@pytest.mark.parametrize("uid", ["x", "0193a000-0000-7000-8000-000000000000"])
def test_a_case_that_is_not_there_is_told(hub: Hub, uid: str) -> None:
    refused = run("cases", "take", uid)

    assert (refused.exit_code, refused.output) == (1, f"There is no case {uid}.\n")


def test_no_figure_of_the_status_tells_of_a_case(hub: Hub) -> None:
    for command in (("status", "--json"), ("status",), ("doctor", "--json")):
        assert "case" not in run(*command).output.replace("Markdown", ""), command


# -- facilitators -------------------------------------------------------------------------------------------------------


def test_a_facilitator_is_named_and_let_go(hub: Hub) -> None:
    added = run("facilitators", "add", "Gokwe 1", typed=f"{NUMBER}\n")
    assert (added.exit_code, NUMBER in added.output) == (0, False)
    new = run("facilitators", "add", "Gokwe 2", typed="0770000002\n")
    again = run("facilitators", "add", "Gokwe 3", typed=f"{NUMBER}\n")
    assert (new.exit_code, again.exit_code) == (0, 1)
    assert [line.split("  ")[0] for line in run("facilitators", "list").output.splitlines()] == ["Gokwe 1", "Gokwe 2"]

    assert run("facilitators", "remove", "Gokwe 2").exit_code == 0
    assert "There are: Gokwe 1." in run("facilitators", "remove", "Gokwe 2").output
    assert [(action, subject) for _, action, subject, _ in hub.trail()] == [
        ("facilitators add", "Gokwe 1"), ("facilitators add", "Gokwe 2"), ("facilitators remove", "Gokwe 2")
    ]  # fmt: skip
    assert run("facilitators", "add", NUMBER, typed="0770000003\n").exit_code == 2
    assert run("facilitators", "add", "Gokwe 4", typed="12\n").exit_code == 1


def test_who_was_forgotten_is_made_no_facilitator(hub: Hub) -> None:
    run("facilitators", "add", "Gokwe 1", typed=f"{NUMBER}\n")
    assert run("erase", "--yes", typed=f"{NUMBER}\n").exit_code == 0

    refused = run("facilitators", "add", "Gokwe 1", typed=f"{NUMBER}\n")

    assert (refused.exit_code, "asked to be forgotten" in refused.output) == (1, True)
    assert hub.parts.database.read(facilitators.every) == []


# -- what is noted ------------------------------------------------------------------------------------------------------


def test_what_is_done_at_the_terminal_is_noted(hub: Hub, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("phone\n+263770000005\n")
    for command in (
        ("export", "answers"), ("export", "records", "--survey", "leave_no_one_behind"), ("export", "consents"),
        ("contacts", "import", str(people), "--yes"), ("keys", "rotate"), ("tokens", "add", "dashboard"),
        ("tokens", "remove", "dashboard"),
        ("broadcast", "new", "news", "--mode", "message", "--text", "en=Hello"),
        ("broadcast", "plan", "news"), ("broadcast", "start", "news", "--yes"), ("broadcast", "pause", "news"),
        ("broadcast", "resume", "news"), ("broadcast", "cancel", "news", "--yes"),
        ("report", "breach", "--noticed", "2024-11-20 14:00", "--what", "laptop"), ("report", "processing"),
    ):  # fmt: skip
        result = run(*command)
        assert result.exit_code == 0, (command, result.output)
    assert run("erase", "--yes", typed=f"{NUMBER}\n").exit_code == 0

    noted = [(action, subject) for _, action, subject, _ in hub.trail()]
    receipt = run("erase", "--receipts").output.split()[0]
    assert noted[:3] == [
        ("export answers", "all"),
        ("export records", "leave_no_one_behind"),
        ("export consents", "all"),
    ]
    assert noted[3][0] == "contacts import"
    assert noted[4:] == [
        ("keys rotate", "key 2"), ("tokens add", "dashboard"), ("tokens remove", "dashboard"),
        ("broadcast plan", "news"), ("broadcast start", "news"), ("broadcast pause", "news"), ("broadcast resume", "news"),
        ("broadcast cancel", "news"),
        ("report breach", "noticed 2024-11-20T12:00Z"), ("report processing", "all"), ("erase", receipt),
    ]  # fmt: skip
    verified = run("audit", "verify")
    assert (verified.exit_code, "All 15 rows hold." in verified.output) == (0, True)


def test_what_could_not_be_done_is_not_noted(hub: Hub) -> None:
    run("tokens", "add", "dashboard")
    before = hub.trail()

    for command in (
        ("tokens", "add", "dashboard"), ("tokens", "remove", "x"), ("cases", "close", hub.case, "--outcome", "helped"),
        ("broadcast", "start", "x"), ("export", "answers", "--survey", "x"),
    ):  # fmt: skip
        assert run(*command).exit_code == 1
    assert hub.trail() == before


def test_verify_ends_with_one_where_a_row_was_changed_and_proves_a_head(hub: Hub) -> None:
    for _ in range(3):
        run("export", "consents")
    head = run("audit", "verify").output.split()[-1]
    assert "Nothing was cut off since row 3." in run("audit", "verify", "--head", head).output
    assert run("audit", "verify", "--head", "x").exit_code == 2

    hub.parts.database.write(lambda connection: connection.execute(sa.text("DELETE FROM audit WHERE number = 3")))
    cut = run("audit", "verify", "--head", head)
    assert (cut.exit_code, cut.output) == (1, "Row 3 and what followed it was cut off. The 2 rows before it hold.\n")
    hub.parts.database.write(
        lambda connection: connection.execute(sa.text("UPDATE audit SET subject = 'x' WHERE number = 1"))
    )
    changed = run("audit", "verify")
    assert (changed.exit_code, "Row 1 was changed" in changed.output) == (1, True)


def test_the_trail_is_listed_from_a_day_on(hub: Hub) -> None:
    run("export", "consents")

    assert run("audit", "list", "--since", "2999-01-01").output == "Nothing was noted yet.\n"
    (entry,) = json.loads(run("audit", "list", "--since", "2020-01-01", "--json").output)
    assert (entry["number"], entry["actor"], entry["role"], entry["action"]) == (
        1,
        "terminal",
        "admin",
        "export consents",
    )


# -- reports ------------------------------------------------------------------------------------------------------------


def test_the_report_of_a_breach_says_what_was_held_and_until_when_to_tell(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IZWI_CONTROLLER", "NANGO, 1 Example Road, Harare")
    run("contacts", "reveal", hub.pseudonym, "--reason", REASON)
    noticed = NOW - timedelta(hours=1)
    file = tmp_path / "breach.md"

    made = run(
        "report", "breach", "--noticed", f"{noticed + timedelta(hours=2):%Y-%m-%d %H:%M}", "--what", "a | laptop\nstolen",
        "--from", "2026-01-01", "--to", "2999-01-01", "--output", str(file),
    )  # fmt: skip

    assert made.exit_code == 0, made.output
    text = file.read_text()
    assert f"**{noticed + timedelta(hours=26):%Y-%m-%d %H:%M}** (Africa/Harare), 22 whole hours from now" in text
    for line in (
        "| controller | NANGO, 1 Example Road, Harare |", "a \\| laptop stolen", "| phone numbers (encrypted) | 1 |",
        "| cases of distress | 1 |", "| leave_no_one_behind | 1 | 1 | 3 |",
        f"| terminal | admin | contacts reveal | {hub.pseudonym} |", "The trail holds: 1 rows",
    ):  # fmt: skip
        assert line in text, line
    assert NUMBER not in text
    assert REASON not in text
    late = run("report", "breach", "--noticed", "2026-01-01 10:00", "--what", "x").output
    assert "THIS TIME IS OVER" in late
    assert run("report", "breach", "--noticed", "2999-01-01", "--what", "x").exit_code == 1


def test_the_record_of_processing_says_what_is_processed_and_leaves_open_what_only_a_person_knows(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = run("report", "processing").output

    assert "| controller, name and address | (to be filled in) |" in text
    for part in ("| leave_no_one_behind | Leave No One Behind |", "`province`", "| text | `story`", "to answer the survey",
                 "7 days", "30 days", "AES-256-GCM", "none: it is simulated"):  # fmt: skip
        assert part in text, part
    monkeypatch.setenv("IZWI_CHANNEL", "africastalking")
    monkeypatch.setenv("IZWI_CONTROLLER", "NANGO")
    monkeypatch.setenv("IZWI_AFRICASTALKING_API_KEY", "secret-key")
    text = run("report", "processing").output
    assert "| africastalking | Africa's Talking |" in text
    assert "NANGO" in text
    assert "secret-key" not in text
