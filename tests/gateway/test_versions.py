"""Versions while people answer: who gets which, and a service that notices what another process decides."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app import main
from app.cli.handset import Clock, Network
from app.flows.reading.faults import FormError
from app.gateway import library, versions
from app.gateway.library import Library
from app.gateway.versions import How
from app.settings import Settings
from app.store import surveys
from app.store.surveys import Version
from app.store.unit import Database
from app.values import VersionStatus
from app.worker.watching import Watch
from tests.phone import Phone

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
FORM = """\
| survey | type | name | label |
|---|---|---|---|
| | integer | people | {question} |
| | text | why | Why? |
| settings | form_id | version |
| | meals | {version} |
"""


class Stored:
    """A file that exists for the test only."""

    def __init__(self, version: str, question: str = "How many?", name: str = "meals.md") -> None:
        self.name, self.content = name, FORM.format(version=version, question=question).encode()

    def read_bytes(self) -> bytes:
        return self.content


class Office:
    """Another process on the same database, where a coordinator decides."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)

    def bring(self, version: str, question: str = "How many?") -> versions.Brought:
        file = Stored(version, question)
        return versions.bring(self.database, versions.read(file).content, AT)

    def version(self, name: str) -> Version:
        found = self.database.read(lambda connection: surveys.of_survey(connection, "meals"))
        return next(each for each in found if each.version == name)

    def publish(self, name: str) -> None:
        found = self.database.read(lambda connection: surveys.of_survey(connection, "meals"))
        assert versions.publish(self.database, self.version(name), versions.published_of(found), AT)

    def retire(self, name: str) -> None:
        assert versions.retire(self.database, self.version(name), AT)

    def statuses(self) -> dict[str, str]:
        found = self.database.read(lambda connection: surveys.of_survey(connection, "meals"))
        return {each.version: str(each.status) for each in found}


@pytest.fixture
def office(settings: Settings) -> Iterator[Office]:
    made = Office(settings.database)
    yield made
    made.database.close()


@pytest.fixture
def parts(settings: Settings) -> Iterator[main.Parts]:
    made = main.assemble(settings.model_copy(update={"survey": "meals", "keywords": {"MEALS": "meals"}}), [Stored("1")])
    yield made
    made.close()


@pytest.fixture
def watch(parts: main.Parts) -> Watch:
    return Watch(parts.library, parts.keys)


def test_new_runs_get_what_was_published_and_running_ones_finish(
    network: Network, office: Office, watch: Watch
) -> None:
    before, after = Phone(network, "+263770000001"), Phone(network, "+263770000002")
    before.dial()
    before.reply("4")

    office.bring("2", "How many people?")
    office.publish("2")
    watch.look()

    assert after.dial().text.startswith("How many people?")
    assert before.reply("Because").final
    assert (before.run.flow.version, before.run.state) == ("1", "completed")
    assert after.run.flow.version == "2"
    assert office.statuses() == {"1": "replaced", "2": "published"}


def test_a_dropped_run_resumes_on_its_version_and_starts_again_on_the_new_one(
    phone: Phone, office: Office, watch: Watch
) -> None:
    phone.dial()
    phone.reply("4")
    phone.drop()
    office.bring("2", "How many people?")
    office.publish("2")
    watch.look()

    assert phone.dial().text.startswith("Welcome back.")
    assert phone.reply("1").text.startswith("Why?")
    assert phone.run.flow.version == "1"
    phone.drop()
    phone.dial()
    assert phone.reply("2").text.startswith("How many people?")
    assert [each.flow.version for each in phone.journeys()] == ["1", "2"]


def test_a_draft_is_not_asked(phone: Phone, office: Office, watch: Watch) -> None:
    assert office.bring("2", "How many people?").version.status == "draft"
    watch.look()

    assert phone.dial().text.startswith("How many?")


def test_a_retired_survey_says_neutrally_that_it_is_not_there(phone: Phone, office: Office, watch: Watch) -> None:
    office.retire("1")
    watch.look()

    screen = phone.dial()

    assert (screen.text, screen.final) == ("This service is not available now.", True)
    assert phone.sms("meals") == ["This service is not available now."]
    assert phone.journeys() == []


def test_a_run_on_a_retired_survey_goes_on_and_ends(phone: Phone, office: Office, watch: Watch) -> None:
    phone.dial()
    phone.reply("4")
    office.retire("1")
    watch.look()

    phone.drop()

    assert phone.dial().text.startswith("Why?")  # no offer to start again: that would be a new run
    assert phone.reply("Because").final
    assert phone.run.state == "completed"
    assert phone.dial().text == "This service is not available now."


def test_starting_again_when_it_was_retired_meanwhile_goes_on(phone: Phone, office: Office, watch: Watch) -> None:
    phone.dial()
    phone.reply("4")
    phone.drop()
    phone.dial()
    office.retire("1")
    watch.look()

    assert phone.reply("2").text.startswith("Why?")
    assert len(phone.journeys()) == 1


def test_an_old_run_on_a_retired_survey_expires(phone: Phone, office: Office, watch: Watch, clock: Clock) -> None:
    phone.dial()
    office.retire("1")
    watch.look()
    clock.pass_time(hours=25)

    assert phone.dial().text == "This service is not available now."
    assert phone.run.state == "expired"


def test_a_keyword_goes_on_with_a_run_on_a_retired_survey(phone: Phone, office: Office, watch: Watch) -> None:
    phone.sms("meals")
    phone.sms("4")
    office.retire("1")
    watch.look()

    assert phone.sms("meals")[0].startswith("Why?")
    phone.sms("Because")
    assert phone.run.state == "completed"
    assert phone.sms("meals") == ["This service is not available now."]


def test_publishing_undoes_retiring(phone: Phone, office: Office, watch: Watch) -> None:
    office.retire("1")
    watch.look()
    office.publish("1")
    watch.look()

    assert phone.dial().text.startswith("How many?")


def test_one_can_go_back_to_an_older_version(phone: Phone, office: Office, watch: Watch) -> None:
    office.bring("2", "How many people?")
    office.publish("2")
    office.publish("1")
    watch.look()

    assert phone.dial().text.startswith("How many?")
    assert office.statuses() == {"1": "published", "2": "replaced"}


def test_nothing_is_read_again_when_nothing_changed(parts: main.Parts, office: Office) -> None:
    statements: list[str] = []
    sa.event.listen(parts.database.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))

    assert not parts.library.refresh()

    assert len([each for each in statements if each.startswith("SELECT")]) == 1
    assert "max(" in statements[-1]


def test_what_the_watch_cannot_see_it_sees_later(parts: main.Parts, office: Office, phone: Phone) -> None:
    class Away(Database):
        def read(self, work: Callable[[sa.Connection], object]) -> object:  # type: ignore[override]
            raise sa.exc.OperationalError("", None, Exception())

    seen = parts.library._database
    office.retire("1")
    parts.library._database = Away(parts.settings.database)
    Watch(parts.library, parts.keys).look()
    assert phone.dial().text.startswith("How many?")

    parts.library._database = seen
    Watch(parts.library, parts.keys).look()
    assert phone.dial().text.startswith("How many?")  # her run goes on
    assert parts.library.newest("meals") is None


def test_a_version_that_is_no_longer_as_it_was_seen_is_not_published(office: Office, parts: main.Parts) -> None:
    seen = office.bring("2", "How many people?").version
    current = office.version("1")
    office.bring("2", "How many persons?")

    assert not versions.publish(office.database, seen, current, AT)
    assert not versions.publish(office.database, office.version("2"), None, AT)
    assert not versions.retire(office.database, replace(current, status=VersionStatus.REPLACED), AT)
    assert office.statuses() == {"1": "published", "2": "draft"}


# -- what is brought ------------------------------------------------------------------------------------------------


def test_the_same_file_again_changes_nothing(office: Office, parts: main.Parts) -> None:
    assert office.bring("1").how is How.KNOWN
    first = office.bring("2", "How many people?")

    assert office.bring("2", "How many people?") == versions.Brought(How.KNOWN, first.version)


def test_a_file_with_other_bytes_that_makes_the_same_form_is_no_other_content(
    office: Office, parts: main.Parts, caplog: pytest.LogCaptureFixture
) -> None:
    again = Stored("1")
    again.content += b"\n\n"
    office.retire("1")

    assert versions.bring(office.database, versions.read(again).content, AT).how is How.KNOWN
    assert library.publish(office.database, [again]) == {}

    assert office.statuses() == {"1": "retired"}
    assert "published" not in caplog.text


def test_a_draft_may_be_mended_under_its_version(office: Office, parts: main.Parts) -> None:
    office.bring("2", "How many persons?")

    assert office.bring("2", "How many people?").how is How.RENEWED
    assert office.statuses() == {"1": "published", "2": "draft"}


@pytest.mark.parametrize("status", ["published", "replaced", "retired"])
def test_a_version_that_was_asked_never_changes(status: str, office: Office, parts: main.Parts) -> None:
    if status == "replaced":
        office.bring("2", "How many people?")
        office.publish("2")
    if status == "retired":
        office.retire("1")

    with pytest.raises(
        FormError, match=r"version 1 of meals is stored already, with other content\. Raise the version"
    ):
        office.bring("1", "How many persons?")

    assert office.statuses()["1"] == status


def test_the_next_start_leaves_a_retired_survey_alone(office: Office, parts: main.Parts) -> None:
    office.retire("1")

    assert library.publish(office.database, [Stored("1")]) == {}
    assert office.statuses() == {"1": "retired"}


def test_a_new_version_of_a_retired_survey_waits_as_a_draft(
    office: Office, parts: main.Parts, caplog: pytest.LogCaptureFixture
) -> None:
    office.retire("1")

    assert library.publish(office.database, [Stored("2")]) == {}

    assert office.statuses() == {"1": "retired", "2": "draft"}
    assert "survey meals is retired, so version 2 waits as a draft" in caplog.text


@pytest.mark.parametrize(("question", "warned"), [("How many people?", False), ("Who cooked for you?", True)])
def test_the_log_warns_where_results_no_longer_line_up(
    question: str, warned: bool, office: Office, parts: main.Parts, caplog: pytest.LogCaptureFixture
) -> None:
    library.publish(office.database, [Stored("2", question)])

    said = "survey meals: results of versions 1 and 2 do not line up everywhere; `izwi surveys diff meals` says where"
    assert (said in caplog.text) is warned
    assert question not in caplog.text


def test_a_changed_file_with_the_same_version_is_not_taken_at_the_start(office: Office, parts: main.Parts) -> None:
    refused = library.publish(office.database, [Stored("1", "How many persons?"), Stored("2", "How many people?")])

    assert str(refused["meals.md"]) == (
        "settings, row 2, version: version 1 of meals is stored already, with other content. "
        "Raise the version in the settings sheet: results are kept by version."
    )
    assert office.statuses() == {"1": "replaced", "2": "published"}


def test_two_processes_that_start_together_publish_a_file_once(settings: Settings, office: Office) -> None:
    content = versions.read(Stored("1")).content
    main.assemble(settings, [Stored("1")]).close()

    again = versions.bring_published(office.database, content, AT + timedelta(hours=1))

    assert again == versions.Brought(How.KNOWN, office.version("1"))


def test_two_that_decide_at_once_leave_one_published_version(
    settings: Settings, office: Office, parts: main.Parts
) -> None:
    """Each of many changes gets a number of its own, also when two processes count at the same moment."""
    from concurrent.futures import ThreadPoolExecutor

    names = [str(number) for number in range(2, 8)]
    others = [Office(settings.database) for _ in range(2)]

    def bring_and_publish(job: tuple[Office, str]) -> None:
        at, name = job
        at.bring(name, f"How many, {name}?")
        current = versions.published_of(at.database.read(lambda connection: surveys.of_survey(connection, "meals")))
        versions.publish(at.database, at.version(name), current, AT)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(bring_and_publish, [(others[index % 2], name) for index, name in enumerate(names)]))

    found = office.database.read(lambda connection: surveys.of_survey(connection, "meals"))
    assert len({each.change for each in found}) == len(found) == 7
    assert sum(each.status is VersionStatus.PUBLISHED for each in found) == 1
    for each in others:
        each.database.close()


def test_a_library_of_another_process_sees_it(office: Office, parts: main.Parts, tmp_path: Path) -> None:
    there = Library(office.database)
    there.refresh()
    office.bring("2", "How many people?")
    office.publish("2")

    assert there.refresh()

    edition = there.newest("meals")
    assert edition is not None
    assert edition.flow.version == "2"
    assert there.survey_id("meals") == edition.survey_id
