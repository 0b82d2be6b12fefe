"""Broadcasts on pages: the steps of a draft, its check and start, and the page on which it goes."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.store import audit, contacts
from app.values import Msisdn, Role
from app.web.console import launching
from tests.console.conftest import House, Visitor, words
from tests.web.conftest import until
from tests.worker.sending import write_tariff

TEXTS = {
    "locale": ["en", "sn", "nd"],
    "text": ["We meet on Friday at ten.", "Tichasangana neChishanu.", ""],
    "first": "en",
}
TIMES = {
    "opens": "00:00", "closes": "23:59", "at_night": "yes", "weekday": list("1234567"), "expiry_hours": "24",
    "rest_days": "30", "remind_most": "0", "remind_days": "3", "budget": "50",
}  # fmt: skip


def know(house: House, count: int = 3) -> list[str]:
    """Add contacts."""
    numbers = [f"+26377000{place:04}" for place in range(1, count + 1)]
    now = datetime.now(UTC)
    house.parts.database.write(
        lambda connection: contacts.find_or_add(connection, house.parts.keys, [Msisdn(each) for each in numbers], now)
    )
    return numbers


def key_of(house: House, number: str) -> int:
    found = house.parts.database.read(lambda connection: contacts.find(connection, house.parts.keys, Msisdn(number)))
    assert found
    return found


@pytest.fixture
def office(open_house: Callable[..., House], tmp_path: Path) -> House:
    """A service with prices and a code to dial."""
    return open_house(tariff=Path(write_tariff(tmp_path)), service_codes={"*384*77#": "leave_no_one_behind"})


def draft(visitor: Visitor, name: str = "news", **changes: Any) -> None:
    """Take a plain message as far as the check."""
    for step, form in (
        ("new", {"name": name, "mode": "message", "who": "everybody"}), (f"{name}/message", TEXTS),
        (f"{name}/times", TIMES | changes), (f"{name}/check", {}),
    ):  # fmt: skip
        sent = visitor.post(f"/broadcasts/{step}", form)
        assert sent.status_code == 303, (step, words(sent.text)[:600])


def noted(house: House) -> list[tuple[str, str]]:
    return [(each.action, each.subject) for each in house.parts.database.read(audit.every)]


def states(house: House) -> dict[str, str]:
    return dict(house.served.rows("SELECT name, state FROM broadcast"))


def test_a_draft_goes_from_step_to_step_and_loses_nothing_on_the_way_back(office: House) -> None:
    visitor = office.visitor(Role.COORDINATOR)
    know(office)
    form = {"name": "voices", "mode": "invitation", "survey": "leave_no_one_behind", "who": "everybody"}

    assert visitor.post("/broadcasts/new", form).headers["location"] == "/broadcasts/voices/message"
    shown = visitor.get("/broadcasts/voices/message").text
    assert "*384*77#" in shown
    stored = visitor.post(
        "/broadcasts/voices/message", {"locale": "en", "text": "Please dial *384*77#.", "to": "audience"}
    )
    assert stored.headers["location"] == "/broadcasts/voices/audience"
    assert 'value="invitation" checked' in visitor.get("/broadcasts/voices/audience").text

    words_ = {
        "mode": "invitation",
        "survey": "leave_no_one_behind",
        "who": "words",
        "words": "language = sn or never asked",
    }
    assert visitor.post("/broadcasts/voices/audience", words_).status_code == 303
    assert "language = sn or never asked" in visitor.get("/broadcasts/voices/audience").text
    assert "Please dial *384*77#." in visitor.get("/broadcasts/voices/message").text
    typed = TIMES | {"starts": "2031-02-03T09:30", "holidays": "2031-02-04", "remind_most": "2", "per_minute": "60"}
    assert visitor.post("/broadcasts/voices/times", typed).headers["location"] == "/broadcasts/voices/check"
    times = visitor.get("/broadcasts/voices/times").text
    for value in ("2031-02-03T09:30", "2031-02-04", "60", "50.00", "23:59"):
        assert f'value="{value}"' in times, value
    assert "Kindly" not in times
    assert states(office) == {"voices": "draft"}


@pytest.mark.parametrize(
    ("step", "form", "said"),
    [
        ("new", {"name": "a/b", "mode": "message"}, "without a slash"),
        (
            "new",
            {"name": "x", "mode": "message", "who": "words", "words": "provice = Masvingo"},
            "there is no attribute",
        ),
        ("new", {"name": "news", "mode": "message"}, "already"),
        ("news/times", TIMES | {"opens": "22:00", "closes": "06:00"}, "end before they begin"),
        ("news/times", TIMES | {"at_night": ""}, "reach into the night"),
        ("news/times", TIMES | {"budget": "much"}, "no amount"),
        ("news/times", TIMES | {"per_minute": "fast"}, "whole number"),
        ("news/times", TIMES | {"holidays": "Christmas"}, "2026-12-25"),
    ],
)
def test_what_does_not_fit_is_said_and_what_was_typed_is_kept(
    office: House, step: str, form: dict[str, Any], said: str
) -> None:
    visitor = office.visitor(Role.COORDINATOR)
    know(office)
    draft(visitor)

    refused = visitor.post(f"/broadcasts/{step}", form)

    assert refused.status_code == 422
    assert said in words(refused.text)
    assert 'role="alert"' in refused.text
    for value in (form.get("name"), form.get("words"), form.get("budget"), form.get("holidays")):
        assert not value or value in refused.text
    assert states(office) == {"news": "checked"}


def test_the_check_says_who_gets_it_in_which_words_and_what_it_costs(office: House) -> None:
    visitor = office.visitor(Role.COORDINATOR)
    numbers = know(office, 4)
    speaker, silent = (key_of(office, each) for each in numbers[2:])
    office.parts.database.write(lambda connection: contacts.set_locales(connection, {speaker: "nd"}))
    office.parts.database.write(lambda connection: contacts.set_stopped(connection, {silent: datetime.now(UTC)}))
    draft(visitor, budget="0.01")

    said = visitor.reads("/broadcasts/news/check")
    for expected in (
        "in the audience 4",
        "asked for silence 1",
        "get a message 3",
        "0.06",
        "costs more than its budget",
    ):
        assert expected in said, expected
    assert "There is no text in nd: who speaks it gets the one in en. People: 1." in said
    assert "Send it to 3 people" not in said
    assert "It cannot start" in words(visitor.post("/broadcasts/news/start").text)
    assert ("broadcast plan", "news") in noted(office)


def test_above_a_limit_nothing_starts_before_the_number_of_people_is_typed(
    office: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert launching.ASKS_ABOVE == 100
    monkeypatch.setattr(launching, "ASKS_ABOVE", 2)
    visitor = office.visitor(Role.COORDINATOR)
    know(office)
    draft(visitor)
    assert "type how many people" in visitor.reads("/broadcasts/news/check")

    for wrong in ("", "4", "33", "three"):
        refused = visitor.post("/broadcasts/news/start", {"people": wrong})
        assert (refused.status_code, "Nothing was sent" in refused.text) == (422, True)
    assert states(office) == {"news": "checked"}
    assert visitor.post("/broadcasts/news/start", {"people": " 3 "}).headers["location"] == "/broadcasts/news"
    assert states(office)["news"] == "running"


def test_a_broadcast_is_paused_resumed_and_cancelled_and_each_is_noted(office: House) -> None:
    visitor = office.visitor(Role.COORDINATOR)
    know(office)
    draft(visitor, starts="2031-02-03T09:30")
    visitor.post("/broadcasts/news/start")

    assert "waits for its time" in visitor.reads("/broadcasts/news")
    assert "It is paused" in visitor.reads(visitor.post("/broadcasts/news/pause").headers["location"])
    visitor.post("/broadcasts/news/resume", {"budget": "80"})
    assert "80.00" in visitor.reads("/broadcasts/news")
    unsure = visitor.post("/broadcasts/news/cancel")
    assert (unsure.status_code, "Nothing was done" in unsure.text) == (422, True)
    assert visitor.post("/broadcasts/news/cancel", {"sure": "yes"}).status_code == 303
    assert "cancelled" in visitor.reads("/broadcasts")
    assert [action for action, subject in noted(office) if subject == "news"] == [
        "broadcast plan", "broadcast start", "broadcast pause", "broadcast budget", "broadcast resume", "broadcast cancel",
    ]  # fmt: skip
    assert visitor.get("/broadcasts/news/times").status_code == 409


def test_messages_of_unknown_outcome_are_decided_on_the_page(office: House) -> None:
    visitor = office.visitor(Role.COORDINATOR)
    know(office)
    draft(visitor)
    visitor.post("/broadcasts/news/start")
    until(lambda: not office.served.rows("SELECT 1 FROM broadcast WHERE state = 'running'"))
    office.parts.database.write(
        lambda connection: connection.execute(sa.text("UPDATE outbox SET state = 'unknown', reason = 'server error'"))
    )

    assert "3 since" in visitor.reads("/broadcasts/news/sure/unknown")
    assert visitor.post("/broadcasts/news/unknown", {"what": "again"}).status_code == 422
    sent = visitor.post("/broadcasts/news/unknown", {"what": "sent"})
    assert "3 count as sent now." in visitor.reads(sent.headers["location"])
    assert ("broadcast unknown", "count as sent: news") in noted(office)


def test_a_message_is_tried_on_one_phone_and_no_number_is_shown_again(office: House) -> None:
    visitor = office.visitor(Role.COORDINATOR)
    know(office)
    draft(visitor)

    refused = visitor.post("/broadcasts/news/test", {"number": "077", "locale": "en"})
    assert (refused.status_code, "no phone number" in refused.text) == (422, True)
    sent = visitor.post("/broadcasts/news/test", {"number": "0770000099", "locale": "sn"})
    assert sent.headers["location"] == "/broadcasts/news/check"
    rows = office.served.rows("SELECT body, kind, broadcast_id FROM outbox")
    assert rows == [("Tichasangana neChishanu.", "message", None)]
    assert ("broadcast test", "news") in noted(office)
    assert states(office) == {"news": "checked"}


def test_who_may_only_look_sees_the_page_and_changes_nothing(office: House) -> None:
    coordinator, operator = office.visitor(Role.COORDINATOR), office.visitor(Role.OPERATOR)
    know(office)
    draft(coordinator)
    coordinator.post("/broadcasts/news/start")

    page = operator.get("/broadcasts/news").text
    assert "How far people came" in page
    assert "<form" not in re.split("<main", page)[1].split("</main>")[0]
    for path in ("news/pause", "news/cancel", "news/check", "new"):
        assert operator.post(f"/broadcasts/{path}", {"sure": "yes"}).status_code == 403


def test_the_page_counts_who_started_and_shows_numbers_masked_only(office: House) -> None:
    visitor = office.visitor(Role.COORDINATOR)
    numbers = know(office)
    form = {"name": "voices", "mode": "invitation", "survey": "leave_no_one_behind", "who": "everybody"}
    visitor.post("/broadcasts/new", form)
    visitor.post("/broadcasts/voices/times", TIMES)
    visitor.post("/broadcasts/voices/check")
    visitor.post("/broadcasts/voices/start")
    until(lambda: len(office.served.rows("SELECT 1 FROM outbox")) == 3)
    office.served.turn("", number=numbers[0])
    office.served.turn("1", number=numbers[0])

    until(lambda: "Started the survey: 1" in visitor.reads("/broadcasts/voices"))
    page = visitor.get("/broadcasts/voices").text
    assert "+263…01" in page
    assert not any(number in page or number[4:] in page for number in numbers)


def test_the_list_says_the_next_step_where_nothing_was_sent(office: House) -> None:
    said = office.visitor(Role.COORDINATOR).reads("/broadcasts")

    assert "Nothing was sent yet" in said
    assert "New broadcast" in said


def test_a_text_is_counted_in_parts_while_it_is_written(office: House) -> None:
    visitor = office.visitor(Role.COORDINATOR)
    draft_form = {"name": "news", "mode": "message", "who": "everybody"}
    visitor.post("/broadcasts/new", draft_form)

    assert "5 of 160 characters · 1 part" in words(visitor.post("/broadcasts/news/preview", {"text": "Hello"}).text)
    long = words(visitor.post("/broadcasts/news/preview", {"text": "ŵ" * 71}).text)
    assert "2 parts" in long
    assert "more than twice as long: ŵ" in long


def test_the_first_question_goes_out_as_an_sms_and_who_is_silent_is_reminded(office: House) -> None:
    visitor = office.visitor(Role.COORDINATOR)
    know(office)
    form = {"name": "talk", "mode": "conversation", "survey": "leave_no_one_behind", "who": "everybody"}
    visitor.post("/broadcasts/new", form)
    assert "first screen of the survey" in visitor.reads("/broadcasts/talk/message")
    visitor.post("/broadcasts/talk/message", {"to": "times"})
    visitor.post("/broadcasts/talk/times", TIMES)
    visitor.post("/broadcasts/talk/check")
    visitor.post("/broadcasts/talk/start")
    until(lambda: "done" in visitor.reads("/broadcasts/talk").split("How far")[0])

    assert visitor.post("/broadcasts/talk/remind").status_code == 422
    reminded = visitor.post("/broadcasts/talk/remind", {"sure": "yes"})
    assert "3 people are looked at" in visitor.reads(reminded.headers["location"])
    until(lambda: len(office.served.rows("SELECT 1 FROM outbox WHERE kind = 'reminder'")) == 3)
    assert ("broadcast remind", "talk") in noted(office)
