"""Channels, the outbox, backups, the doctor, the record of processing, hook addresses, and connecting a provider."""

import re
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.settings import KEPT, Settings
from app.store import audit
from app.store import keys as vault
from app.values import Role
from tests.console.conftest import House, Visitor, words
from tests.provider.process import ProviderProcess


@pytest.fixture(scope="module")
def provider() -> Iterator[ProviderProcess]:
    with ProviderProcess() as process:
        yield process


def noted(house: House, actor: str = "The operator") -> list[tuple[str, str]]:
    found = house.parts.database.read(audit.every)
    return [(each.action, each.subject) for each in found if each.actor == actor]


def done(visitor: Visitor, path: str, form: dict[str, str] | None = None) -> str:
    """Begin long work, and wait for what came of it."""
    begun = visitor.post(path, form)
    assert begun.status_code == 303, words(begun.text)
    for _ in range(600):
        said = visitor.reads(begun.headers["location"])
        if "Go on" in said or "Back" in said:
            return said
        time.sleep(0.05)
    raise AssertionError("it takes too long")


def test_a_channel_is_held_and_released_and_both_are_noted(house: House) -> None:
    operator, name = house.visitor(Role.OPERATOR), house.served.channel
    assert "All is well" in operator.reads("/system")

    assert operator.post(f"/system/channels/{name}/hold").status_code == 303
    assert "Somebody holds it" in operator.reads("/system")
    assert operator.post(f"/system/channels/{name}/release").status_code == 303
    assert "All is well" in operator.reads("/system")
    assert noted(house) == [("channels hold", name), ("channels release", name)]
    assert operator.post("/system/channels/nowhere/hold").status_code == 404


def test_a_coordinator_sees_channels_but_not_how_the_service_is_run(house: House) -> None:
    coordinator = house.visitor(Role.COORDINATOR)
    assert "Backups" not in coordinator.reads("/system")

    for path in ("doctor", "backups", "hooks", "connect", "retention", "restart", f"channels/{house.served.channel}"):
        assert coordinator.get(f"/system/{path}").status_code == 403


def test_what_the_provider_said_is_listed_without_numbers(house: House) -> None:
    operator, name = house.visitor(Role.OPERATOR), house.served.channel
    assert "Nothing was sent" in operator.reads(f"/system/channels/{name}")
    house.served.sms("IZWI")
    for _ in range(200):
        page = operator.get(f"/system/channels/{name}").text
        if "1 sent" in words(page):
            break
        time.sleep(0.05)
    assert "1 sent" in words(page)
    assert "26377" not in page


def test_messages_of_unknown_outcome_are_decided_by_whoever_operates(house: House) -> None:
    operator = house.visitor(Role.OPERATOR)
    assert "Nothing waits" in operator.reads("/system/outbox")
    house.served.sms("IZWI")
    with house.parts.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE outbox SET state = 'unknown', reason = 'timeout', settled_at = created_at")

    page = operator.reads("/system/outbox")
    assert "timeout" in page
    assert house.visitor(Role.ANALYST).post("/system/outbox/unknown", {"decision": "sent"}).status_code == 403
    assert operator.post("/system/outbox/unknown", {"decision": "again"}).status_code == 422
    assert operator.post("/system/outbox/unknown", {"decision": "sent"}).status_code == 303
    assert house.served.rows("SELECT state FROM outbox") == [("sent",)]
    assert ("messages unknown", "count as sent") in noted(house)


def test_the_doctor_finds_on_a_page_what_the_command_finds(house: House) -> None:
    operator = house.visitor(Role.OPERATOR)

    page = operator.reads("/system/doctor")
    assert "The survey leave_no_one_behind can be asked" in page
    assert "keep a copy of keys.json" in page
    assert "othing is sent to anybody" not in page
    done(operator, "/system/doctor")
    page = operator.reads("/system/doctor")
    assert "othing is sent to anybody" in page
    assert "IZWI_PUBLIC_URL is not set" in page


def test_a_backup_is_made_verified_and_fetched(house: House) -> None:
    operator = house.visitor(Role.OPERATOR)
    assert "no backup in this folder" in operator.reads("/system/backups")

    assert "rows" in done(operator, "/system/backups")
    page = operator.get("/system/backups").text
    name = re.search(r"izwi-\d{8}-\d{6}\.backup", page)
    assert name
    assert "is whole" in done(operator, f"/system/backups/{name[0]}/verify")
    fetched = operator.post(f"/system/backups/{name[0]}/fetch")
    folder = house.parts.settings.backups
    assert fetched.content == (folder / name[0]).read_bytes()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {("backup", name[0]), ("backup fetch", name[0])} <= set(noted(house))
    assert "keys of" in done(operator, "/system/backups/forget")
    for path in ("keys.json", "..%2Fkeys.json", "izwi.db"):
        assert operator.post(f"/system/backups/{path}/fetch").status_code == 404


def test_the_record_of_processing_is_written_and_that_is_noted(house: House) -> None:
    admin = house.visitor(Role.ADMIN)
    assert "Write it" in admin.reads("/system/processing")

    assert "Chapter 12:07" in words(admin.post("/system/processing").text)
    file = admin.post("/system/processing", {"as_file": "yes"})
    assert file.headers["content-disposition"].endswith('.md"')
    assert file.text.startswith("# Record of processing")
    assert noted(house, "The admin") == [("report processing", "all")] * 2
    assert house.visitor(Role.OPERATOR).get("/system/processing").status_code == 403


def test_hook_addresses_are_hidden_until_somebody_asks_and_that_is_noted(house: House) -> None:
    operator, channel = house.visitor(Role.OPERATOR), house.served.channel
    secret = house.served.secret
    assert secret not in operator.get("/system/hooks").text
    assert not noted(house)

    shown = operator.post(f"/system/hooks/{channel}/show").text
    assert f"/hooks/{secret}/ussd" in shown
    operator.post(f"/system/hooks/{channel}/rotate")
    keys = vault.load(house.parts.settings.data_dir, (channel,))
    assert (len(keys.hooks[channel]), keys.hooks[channel][1]) == (2, secret)
    assert "two secrets are valid" in operator.reads("/system/hooks")
    operator.post(f"/system/hooks/{channel}/retire")
    assert secret not in vault.load(house.parts.settings.data_dir, (channel,)).hooks[channel]
    assert [action for action, _ in noted(house)] == ["hooks show", "hooks rotate", "hooks retire"]
    assert operator.post("/system/hooks/nowhere/show").status_code == 404


def test_a_wrong_key_is_told_in_plain_words_and_never_shown_again(
    open_house: Callable[..., House], provider: ProviderProcess
) -> None:
    house = open_house(africastalking_url=provider.url)
    operator = house.visitor(Role.ADMIN)

    wrong = operator.post("/system/connect", {"username": "nango", "api_key": "wrong-key", "act": "test"})
    assert wrong.status_code == 422
    assert "does not take this user name and API key" in words(wrong.text)
    assert "wrong-key" not in wrong.text
    assert 'value="nango"' in wrong.text
    blank = operator.post("/system/connect", {"username": "nango", "api_key": "two words", "act": "keep"})
    assert "letters and figures" in words(blank.text)
    assert not (house.parts.settings.data_dir / KEPT).exists()


def test_a_key_that_was_tried_is_kept_for_the_next_start(
    open_house: Callable[..., House], provider: ProviderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = open_house(africastalking_url=provider.url)
    operator = house.visitor(Role.ADMIN)

    tried = operator.post("/system/connect", {"username": "nango", "api_key": 'a"key', "act": "test"})
    assert "the balance is KES 1785.50" in words(tried.text)
    ticket = re.search(r'name="ticket" value="([^"]+)"', tried.text)
    assert ticket
    form = {"username": "nango", "sender": "30007", "ticket": ticket[1], "act": "keep"}
    kept = operator.post("/system/connect", form)
    assert (kept.status_code, kept.headers["location"]) == (303, "/system/restart")

    folder = house.parts.settings.data_dir
    assert stat.S_IMODE((folder / KEPT).stat().st_mode) == 0o600
    line = Settings(data_dir=folder).lines["africastalking"]
    assert (line.username, line.api_key, line.sender) == ("nango", 'a"key', "30007")
    assert ("connect", "nango") in noted(house, "The admin")
    assert "key" not in str(house.parts.database.read(audit.every))
    monkeypatch.setenv("IZWI_AFRICASTALKING_API_KEY", "of the machine")
    assert Settings(data_dir=folder).africastalking_api_key == "of the machine"
    assert operator.post("/system/connect", form).status_code == 422
    assert "IZWI_AFRICASTALKING_API_KEY" in operator.reads("/system/connect")


def test_a_service_that_others_start_is_not_started_again_here(house: House) -> None:
    operator = house.visitor(Role.OPERATOR)

    assert "started by something else" in operator.reads("/system/restart")
    assert operator.post("/system/restart").status_code == 409


def test_how_long_things_are_kept_is_shown(house: House, tmp_path: Path) -> None:
    assert "7 days" in house.visitor(Role.OPERATOR).reads("/system/retention")
