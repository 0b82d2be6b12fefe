"""Settings: what is wrong stops the start and says why, without repeating what may be a secret."""

import json
import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import BadSettings, Settings, decided_outside, load


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


def test_what_was_kept_in_the_console_counts_below_the_file_and_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "console.toml").write_text(
        'africastalking_username = "kept"\nregion = "BW"\nzone = "Africa/Gaborone"\n'
    )
    file = tmp_path / "izwi.toml"
    file.write_text(f'data_dir = "{tmp_path}"\nregion = "ZM"\n')
    monkeypatch.setenv("IZWI_CONFIG", str(file))
    monkeypatch.setenv("IZWI_ZONE", "Africa/Lusaka")

    settings = load()

    assert (settings.africastalking_username, settings.region, settings.zone) == ("kept", "ZM", "Africa/Lusaka")
    assert decided_outside(["region", "zone", "africastalking_username"]) == {"region", "zone"}


@pytest.mark.parametrize("text", ["not TOML", "prot = 9000"])
def test_a_file_of_the_console_that_is_damaged_stops_the_start(tmp_path: Path, text: str) -> None:
    (tmp_path / "console.toml").write_text(text)

    with pytest.raises(BadSettings, match=r"console\.toml|IZWI_PROT"):
        load(data_dir=tmp_path)


def test_settings_cannot_be_changed_and_never_print_the_api_key() -> None:
    settings = Settings(africastalking_api_key="atsk_secret")

    assert "atsk_secret" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.port = 1


def test_one_channel_is_made_of_the_settings_of_a_single_channel() -> None:
    settings = load(africastalking_username="nango", africastalking_api_key="atsk_1", send_timeout_seconds=3)

    (line,) = settings.lines.values()
    assert list(settings.lines) == ["africastalking"]
    assert (line.username, line.api_key, line.send_timeout_seconds, line.operators) == ("nango", "atsk_1", 3, ())


def test_a_table_of_channels_takes_the_place_of_the_single_one(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {"econet": {"username": "nango", "operators": ["Econet"], "per_second": 20}, "other": {"sender": "33500"}}
    monkeypatch.setenv("IZWI_CHANNELS", json.dumps(table))

    lines = load(send_timeout_seconds=3).lines

    assert {name: (line.username, line.sender, line.operators, line.per_second) for name, line in lines.items()} == {
        "econet": ("nango", "", ("Econet",), 20),
        "other": ("sandbox", "33500", (), None),
    }
    assert {line.send_timeout_seconds for line in lines.values()} == {3}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            '{"econet": {"apikey": "hunter2"}}',
            "IZWI_CHANNELS, econet.apikey: there is no such key; known are provider,",
        ),
        ('{"econet": {"per_second": 0}}', "IZWI_CHANNELS, econet.per_second: Input should be greater than 0"),
        ('{"econet": {"provider": "hunter2"}}', "IZWI_CHANNELS, econet.provider: "),
        ('{"Econet line": {}}', "IZWI_CHANNELS: 'Econet line' is no name for a channel"),
        ('{"econet": ', "IZWI_CHANNELS: cannot be read; is it valid JSON?"),
    ],
)
def test_a_wrong_table_of_channels_stops_the_start_and_says_where(
    table: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IZWI_CHANNELS", table)

    with pytest.raises(BadSettings) as caught:
        load()

    assert str(caught.value).startswith(said)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("gift", "said"),
    [
        (
            {"amount": "0", "currency": "USD", "budget": "1"},
            "IZWI_AIRTIME, meal.amount: Input should be greater than 0",
        ),
        ({"amount": "1", "currency": "dollars", "budget": "1"}, "IZWI_AIRTIME, meal.currency: "),
        ({"amount": "1", "currency": "USD"}, "IZWI_AIRTIME, meal.budget: Field required"),
        ({"amount": "0.0000001", "currency": "USD", "budget": "1"}, "IZWI_AIRTIME, meal.amount: "),
        (
            {"amount": "1", "currency": "USD", "budget": "1", "most": 3},
            "IZWI_AIRTIME, meal.most: there is no such key; known are amount, currency, budget",
        ),
    ],
)
def test_airtime_is_given_with_an_amount_a_currency_and_a_budget_or_not_at_all(
    gift: dict[str, object], said: str
) -> None:
    with pytest.raises(BadSettings) as caught:
        load(airtime={"meal": gift})

    assert str(caught.value).startswith(said)


def test_no_channels_api_key_is_ever_printed() -> None:
    assert "atsk_secret" not in repr(load(channels={"econet": {"api_key": "atsk_secret"}}))
