"""Being forgotten: by her own word on any channel, or by an officer; looked for afterwards in every table and file."""

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from app.channels.base import UssdTurn
from app.cli.root import main as izwi
from app.flows.phrases import say
from app.gateway.conversation import Outcome
from app.gateway.turns import Arrival
from app.models import metadata
from app.models.care import flag
from app.store import cases, erasures, facilitators
from app.store.cases import Raised
from app.worker.erasing import Erasing
from tests.worker.conftest import NUMBER, Post
from tests.worker.sending import Office

OTHER = "+263770000002"
WORDS = "zvinhu zvangu zvega"


def dial(post: Post, *replies: str, number: str = NUMBER, session: str = "s1") -> str:
    screen = ""
    for count in range(len(replies) + 1):
        text = "*".join(replies[:count])
        turn = UssdTurn(session, number, "*384*77#", "64804", text)
        (outcome,) = post.gateway.take_turns([Arrival(post.known.id, turn)])
        assert isinstance(outcome, Outcome)
        assert outcome.screen
        screen = outcome.screen.text
    return screen


def work(post: Post) -> None:
    """Send what waits, and forget whom it is time to forget."""
    while post.deliver():
        pass
    Erasing(post.parts.database).work(post.clock())


def everything(post: Post, contact_id: int) -> dict[str, int]:
    """How many rows of every table still point to a phone, or to anything of it."""
    found = {}
    for table in metadata.sorted_tables:
        if "contact_id" in table.c:
            ((count,),) = post.rows(f"SELECT count(*) FROM {table.name} WHERE contact_id = {contact_id}")
            found[table.name] = count
    ((found["contact"],),) = post.rows(f"SELECT count(*) FROM contact WHERE id = {contact_id}")
    return {name: count for name, count in found.items() if count}


def contact_of(post: Post) -> int:
    ((found,),) = post.rows("SELECT id FROM contact ORDER BY id LIMIT 1")
    return int(found)


def rows_of_people(post: Post) -> dict[str, int]:
    tables = ("answer", "consent", "record", "turn", "session", "run", "respondent", "inbound", "outbox", "contact",
              "distress_case", "flag", "facilitator")  # fmt: skip
    return {name: post.rows(f"SELECT count(*) FROM {name}")[0][0] for name in tables}


def grep(post: Post, words: str) -> list[str]:
    """The tables in which words can be read."""
    found = []
    with post.parts.database.engine.connect() as connection:
        connection = connection.execution_options(izwi_read=True)
        for table in metadata.sorted_tables:
            texts = [column for column in table.c if isinstance(column.type, sa.String)]
            for row in connection.execute(sa.select(*texts)) if texts else ():
                if any(words in str(each) for each in row):
                    found.append(table.name)
    return sorted(set(found))


@pytest.mark.parametrize("word", ["DELETE", "dzima zvese", "Sula konke."])
def test_whoever_writes_delete_is_forgotten_when_she_has_been_told(post: Post, word: str) -> None:
    for words in ("IZWI", "1", "1", "1", WORDS):
        post.text(words)
    dial(post, "1")
    post.deliver()
    contact_id = contact_of(post)
    assert grep(post, WORDS)

    post.text(word)
    Erasing(post.parts.database).work(post.clock())

    assert grep(post, WORDS) == []  # at once, even if the provider is away for days
    assert post.rows("SELECT kind, state FROM outbox") == [("stop", "queued")]
    work(post)
    assert post.accepted()[-1]["message"] == say("deleted", "en")
    assert everything(post, contact_id) == {}
    assert set(rows_of_people(post).values()) == {0}
    assert grep(post, NUMBER[1:]) == []
    ((asked_by, done, removed),) = post.rows("SELECT asked_by, done_at IS NOT NULL, removed FROM erasure")
    assert (asked_by, bool(done)) == ("word", True)
    assert json.loads(removed)["answers"] >= 1


def test_cases_flags_and_the_name_of_a_facilitator_go_too(post: Post) -> None:
    dial(post, "1", "1", "1")
    dial(post, "1", "1", "1", number=OTHER, session="s2")
    runs = [row[0] for row in post.rows("SELECT id FROM run ORDER BY id")]
    at = post.clock()

    def work_on(connection: Any) -> None:
        cases.add(connection, [Raised(each, "story", at, at) for each in runs])
        connection.execute(sa.insert(flag), [{"run_id": each, "kind": "fast", "at": at} for each in runs])
        facilitators.add(connection, contact_of(post), "Gokwe 1", at)

    post.parts.database.write(work_on)
    post.text("DELETE")
    work(post)

    assert post.rows("SELECT run_id FROM distress_case") == post.rows("SELECT run_id FROM flag") == [(runs[1],)]
    assert post.rows("SELECT name FROM facilitator") == []
    ((removed,),) = post.rows("SELECT removed FROM erasure")
    assert json.loads(removed)["cases"] == 1
    assert json.loads(removed)["phones"] == 1


def test_in_an_outage_who_waits_for_her_confirmation_is_not_gone_through_again(post: Post) -> None:
    dial(post, "1", "1", "1")
    post.text("DELETE")
    erasing = Erasing(post.parts.database)
    assert len(post.parts.database.read(erasures.pending)) == 1

    erasing.work(post.clock())

    assert post.parts.database.read(erasures.pending) == []
    work(post)
    assert set(rows_of_people(post).values()) == {0}
    ((removed,),) = post.rows("SELECT removed FROM erasure")
    assert json.loads(removed)["phones"] == 1


def test_nobody_elses_data_go(post: Post) -> None:
    dial(post, "1", "1", "1", number=OTHER, session="s2")
    post.text("IZWI", number=OTHER)
    before = {name: count for name, count in rows_of_people(post).items() if name != "outbox"}
    post.deliver()

    dial(post, "1", "1", "1")
    post.text("DELETE")
    work(post)

    after = {name: count for name, count in rows_of_people(post).items() if name != "outbox"}
    assert after == before


def test_delete_works_in_a_dialled_session_and_says_nothing_of_what_was_asked(post: Post) -> None:
    assert dial(post, "1", "1", "delete") == say("deleted", "en")
    work(post)

    assert set(rows_of_people(post).values()) == {0}
    assert dial(post, session="s9").startswith("Choose language")


def test_who_comes_back_before_it_is_done_keeps_what_she_says_then(post: Post) -> None:
    dial(post, "1", "1", "1")
    post.text("DELETE")
    post.clock.pass_time(seconds=1)
    dial(post, "1", "1", session="s2")
    work(post)

    assert rows_of_people(post)["run"] == 1
    assert [row[0] for row in post.rows("SELECT question FROM answer ORDER BY id")] == ["language", "consent"]
    ((done,),) = post.rows("SELECT count(*) FROM erasure WHERE done_at IS NOT NULL AND contact_id IS NULL")
    assert done == 1


def test_who_comes_back_by_text_message_is_written_to_again(post: Post) -> None:
    dial(post, "1", "1", "1")
    post.text("DELETE")
    post.clock.pass_time(seconds=1)
    post.text("IZWI")
    post.deliver()
    work(post)
    work(post)

    assert post.rows("SELECT count(*) FROM erasure WHERE done_at IS NULL") == [(0,)]
    assert post.rows("SELECT state FROM run") == [("active",)]
    assert len(post.accepted()) == 2  # that it is done, and the first question


def test_a_phone_that_cannot_be_forgotten_now_keeps_no_other_one_waiting(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    dial(post, "1", "1", "1")
    dial(post, "1", "1", "1", number=OTHER, session="s2")
    post.text("DELETE")
    post.text("DELETE", number=OTHER)
    whole = erasures.erase

    def fail_once(connection: sa.Connection, which: erasures.Erasure, **more: Any) -> bool:
        if which.id == 1:
            raise sa.exc.IntegrityError("", {}, Exception())
        return whole(connection, which, **more)

    monkeypatch.setattr(erasures, "erase", fail_once)
    work(post)
    assert rows_of_people(post)["contact"] == 1
    monkeypatch.undo()
    work(post)
    assert rows_of_people(post)["contact"] == 0


def test_a_broadcasts_figures_stay_and_no_file_brings_her_back(post: Post, tmp_path: Path) -> None:
    office = Office(post)
    office.know(NUMBER, OTHER)
    office.send()
    office.feeding.feed(post.clock())
    post.text("DELETE")
    work(post)
    office.work()

    status = office.status()
    assert (status["state"], status["people"]) == ("done", {"written": 1, "stopped": 1})
    assert len({each["number"] for each in post.accepted()}) == 2  # the other one, and her own confirmation
    path = tmp_path / "list.csv"
    path.write_text(f"phone\n{NUMBER}\n{OTHER}\n")
    said = run(post, "contacts", "import", str(path), "--yes")
    assert said.exit_code == 0, said.output
    ((count,),) = post.rows("SELECT count(*) FROM contact")
    assert count == 1


def run(post: Post, *arguments: str, given: str | None = None) -> Any:
    settings = post.parts.settings
    environ = {"IZWI_DATA_DIR": str(settings.data_dir), "IZWI_DATABASE_URL": settings.database}
    return CliRunner().invoke(izwi, list(arguments), env=environ, input=given)


def test_who_was_written_to_before_stays_counted_so(post: Post) -> None:
    office = Office(post)
    office.know(NUMBER, OTHER)
    office.send()
    office.work()
    post.text("DELETE")
    work(post)

    assert office.status()["people"] == {"written": 2}
    assert post.rows("SELECT count(*) FROM recipient") == [(1,)]


def test_an_officer_forgets_a_phone_and_sees_the_receipt(post: Post) -> None:
    dial(post, "1", "1", "1")
    post.text("IZWI")

    said = run(post, "erase", "--yes", given=f"{NUMBER}\n")

    assert said.exit_code == 0, said.output
    assert "1 respondents, 1 runs, 3 answers" in said.output
    assert NUMBER[1:] not in said.output
    assert set(rows_of_people(post).values()) == {0}
    (receipt,) = json.loads(run(post, "erase", "--json").output)
    assert (receipt["asked_by"], receipt["removed"]["answers"]) == ("officer", 3)
    assert "by an officer, gone" in run(post, "erase", "--receipts").output
    assert run(post, "erase", "--yes", given=f"{NUMBER}\n").output.endswith("Nothing is known of this number.\n")
    assert "no phone number" in run(post, "erase", given="12\n").output


def test_an_officer_who_is_not_sure_changes_nothing(post: Post) -> None:
    dial(post, "1", "1", "1")

    assert run(post, "erase", given=f"{NUMBER}\nn\n").exit_code == 1
    assert rows_of_people(post)["answer"] == 3


@pytest.mark.parametrize(("word", "left"), [("STOP", 2), ("WITHDRAW", 0), ("ndabuda", 0)])
def test_withdraw_takes_answers_out_of_use_and_stop_only_ends_the_talking(post: Post, word: str, left: int) -> None:
    dial(post, "1", "1")
    post.text("STOP")
    post.text(word)
    post.deliver()

    ((counting,),) = post.rows("SELECT count(*) FROM answer WHERE set_aside_at IS NULL")
    assert counting == left
    ((by,),) = post.rows("SELECT withdrawn_by FROM consent")
    assert by == ("stop" if left else "withdraw")
    exported = run(post, "export", "answers", "--format", "jsonl").output.splitlines()
    assert len([line for line in exported if line.startswith("{")]) == left
