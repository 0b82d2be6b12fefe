"""Settings: what is wrong stops the start and says why, without repeating what may be a secret."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import BadSettings, Settings, load


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("IZWI_"):
            monkeypatch.delenv(name)


def test_the_defaults_are_a_service_on_this_machine_with_sqlite() -> None:
    settings = load()

    assert (settings.host, settings.port, settings.production) == ("127.0.0.1", 8000, False)
    assert settings.database.startswith("sqlite:///")
    assert settings.database.endswith("/var/izwi.db")


def test_an_unknown_setting_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IZWI_PROT", "8000")

    with pytest.raises(BadSettings, match="IZWI_PROT: no such setting"):
        load()


def test_every_wrong_setting_is_named_and_no_value_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IZWI_PORT", "hunter2")
    monkeypatch.setenv("IZWI_ZONE", "Harare/Africa")
    monkeypatch.setenv("IZWI_DATABASE_URL", "mysql://someone:hunter2@there")

    with pytest.raises(BadSettings) as caught:
        load()

    said = str(caught.value)
    named = {line.split(":")[0] for line in said.splitlines()}
    assert named == {"IZWI_PORT", "IZWI_DATABASE_URL", "IZWI_ZONE"}
    assert "hunter2" not in said


def test_no_page_may_be_longer_than_any_network_shows() -> None:
    with pytest.raises(BadSettings, match="IZWI_USSD_SEPTETS"):
        load(ussd_septets=183)


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "izwi.toml"
    file.write_text('port = 9000\nregion = "ZM"\n[keywords]\nVOICE = "leave_no_one_behind"\n')
    monkeypatch.setenv("IZWI_CONFIG", str(file))
    monkeypatch.setenv("IZWI_PORT", "9001")

    settings = load()

    assert (settings.port, settings.region, settings.keywords) == (9001, "ZM", {"VOICE": "leave_no_one_behind"})


def test_a_file_with_an_unknown_setting_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "izwi.toml"
    file.write_text("prot = 9000\n")
    monkeypatch.setenv("IZWI_CONFIG", str(file))

    with pytest.raises(BadSettings, match="IZWI_PROT"):
        load()


def test_a_settings_file_that_is_not_there_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IZWI_CONFIG", "nowhere.toml")

    with pytest.raises(BadSettings, match="IZWI_CONFIG: there is no file"):
        load()


def test_settings_cannot_be_changed_and_never_print_the_api_key() -> None:
    settings = Settings(africastalking_api_key="atsk_secret")

    assert "atsk_secret" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.port = 1
