"""Several channels behind one server: each has addresses of its own, and answers go out by the way that they came in."""

import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner

from app.cli.doctor import doctor
from app.cli.looking import hooks, status
from app.settings import LineSettings, Settings
from tests.web.conftest import NUMBER, Served, ussd

CHANNELS = {
    "econet": LineSettings(provider="simulated", operators=("Econet",)),
    "other": LineSettings(provider="simulated"),
}


@pytest.fixture
def two(serve: Callable[..., Served]) -> Served:
    return serve(channels=CHANNELS)


@pytest.fixture
def at_home(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line, with the settings of the service."""
    table = {"econet": {"provider": "simulated", "operators": ["Econnet"]}, "other": {"operators": ["NetOne"]}}
    monkeypatch.setenv("IZWI_CHANNELS", json.dumps(table))
    monkeypatch.setenv("IZWI_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("IZWI_DATABASE_URL", settings.database_url)


def post(served: Served, channel: str, hook: str, form: dict[str, str]) -> int:
    secret = served.parts.keys.hooks[channel][0]
    return served.request(f"/hooks/{secret}/{hook}", urlencode(form))[0]


def test_a_message_is_answered_by_the_channel_that_it_came_by(two: Served) -> None:
    for channel, number in (("econet", NUMBER), ("other", "+263770000002")):
        form = {"id": "in_1", "from": number, "to": "30007", "text": "IZWI"}
        assert post(two, channel, "sms", form) == 200

    rows = two.rows("SELECT c.name, o.contact_id FROM outbox o JOIN channel c ON c.id = o.channel_id ORDER BY o.id")
    assert rows == [("econet", 1), ("other", 2)]
    assert two.rows("SELECT name, provider FROM channel ORDER BY id") == [
        ("econet", "simulated"), ("other", "simulated"),
    ]  # fmt: skip


def test_the_same_session_id_on_two_channels_is_two_sessions(two: Served) -> None:
    for channel, number in (("econet", NUMBER), ("other", "+263770000002")):
        assert post(two, channel, "ussd", ussd("", number=number)) == 200

    assert two.rows("SELECT count(*), count(DISTINCT channel_id) FROM session") == [(2, 2)]


def test_an_operators_phones_go_to_its_own_channel_first(two: Served) -> None:
    econet, other = (two.parts.lines[name].id for name in ("econet", "other"))

    assert (two.parts.choice.for_number(NUMBER), two.parts.choice.for_operator("NetOne")) == ([econet, other], [other])


def test_each_channel_has_its_own_addresses_and_keeps_them_when_the_other_changes(two: Served, at_home: None) -> None:
    def addresses(*options: str) -> dict[str, str]:
        said = CliRunner().invoke(hooks, ["--json", *options])
        assert said.exit_code == 0, said.output
        return {each["name"]: each["hooks"]["sms"] for each in json.loads(said.stdout)["channels"]}

    before = addresses()
    after = addresses("--rotate", "--channel", "econet") | addresses("--channel", "other")

    assert before["econet"] != before["other"]
    assert (before["econet"] != after["econet"], before["other"]) == (True, after["other"])


def test_a_channel_that_is_not_there_is_told(at_home: None) -> None:
    said = CliRunner().invoke(hooks, ["--channel", "telecel"])

    assert (said.exit_code, said.output) == (1, "There is no channel telecel. There are: econet, other.\n")


def test_the_status_shows_each_channels_messages(two: Served, at_home: None) -> None:
    post(two, "econet", "sms", {"id": "in_1", "from": NUMBER, "to": "30007", "text": "IZWI"})

    found = json.loads(CliRunner().invoke(status, ["--json"]).stdout)["messages_by_channel"]

    assert (sum(found["econet"].values()), found["other"]) == (1, {})


def test_the_doctor_looks_at_each_channel_and_at_the_operators_that_they_are_for(two: Served, at_home: None) -> None:
    said = CliRunner().invoke(doctor, []).output

    assert "channel econet: nothing is sent to anybody" in said
    assert "channel other: there is no API key" in said
    assert "no phone is ever Econnet's" in said
    assert "no channel is for Econet, Telecel" in said
