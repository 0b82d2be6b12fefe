"""Drafts of broadcasts that are changed and planned anew, and how long one takes in its hours."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from app import main
from app.flows.review.tariff import read_tariff
from app.gateway.broadcasting import Broadcasting
from app.gateway.drafting import Draft
from app.gateway.hours import Hours
from app.gateway.refusals import NotNow, NotPossible
from app.store import audit, contacts
from app.store.audit import Trail
from app.store.broadcasts import Broadcast
from app.values import Msisdn, Role
from tests.worker.sending import TARIFF

AT = datetime(2024, 11, 20, 8, tzinfo=UTC)
WISH = Draft(
    "news", "message", audience="language = sn", texts={"sn": "Mangwanani.", "en": "Good morning."}, hours="09:00-17:30",
    holidays=(date(2024, 12, 25),), per_minute=60, budget=5_000_000, weekdays="12345", rest_days=3,
)  # fmt: skip


@pytest.fixture
def office(parts: main.Parts) -> Broadcasting:
    known = [Msisdn("+263770000001")]
    parts.database.write(lambda connection: contacts.find_or_add(connection, parts.keys, known, AT))
    return Broadcasting(parts.settings, parts.database, parts.library, read_tariff(TARIFF))


def test_what_is_stored_of_a_draft_is_what_was_said(office: Broadcasting) -> None:
    which = office.draft(WISH, AT)

    assert office.drafting.of(which) == WISH
    assert list(which.texts) == ["sn", "en"]


def test_a_draft_that_is_stored_anew_has_to_be_planned_again(office: Broadcasting) -> None:
    office.draft(WISH, AT)
    seed = office.find("news").seed
    office.plan("news", AT)
    assert office.find("news").state == "checked"

    which = office.redraft(replace(WISH, audience="", texts={"en": "Good evening."}), AT)

    assert (which.state, which.plan, which.audience, which.seed) == ("draft", None, "", seed)
    with pytest.raises(NotNow, match="plan news"):
        office.start("news", AT)
    assert office.plan("news", AT).messages == 1
    office.start("news", AT)
    with pytest.raises(NotNow, match="only a draft is changed"):
        office.redraft(WISH, AT)


def test_a_draft_that_does_not_fit_leaves_what_is_stored(office: Broadcasting) -> None:
    office.draft(WISH, AT)

    with pytest.raises(NotPossible, match="no channel"):
        office.redraft(replace(WISH, channel="pigeon"), AT)
    assert office.drafting.of(office.find("news")) == WISH


def test_what_was_changed_while_it_was_planned_was_not_planned(parts: main.Parts, office: Broadcasting) -> None:
    class Slow(Broadcasting):
        """Somebody else stores the draft anew while this one looks at it."""

        def find(self, name: str) -> Broadcast:
            found = super().find(name)
            if not changed:
                changed.append(name)
                office.redraft(replace(WISH, texts={"en": "Good evening."}), AT)
            return found

    changed: list[str] = []
    office.draft(WISH, AT)
    slow = Slow(parts.settings, parts.database, parts.library, read_tariff(TARIFF))

    with pytest.raises(NotNow, match="at this very moment"):
        slow.plan("news", AT)
    assert office.find("news").state == "draft"
    assert slow.plan("news", AT).texts.keys() <= {"en"}


def test_people_whose_language_has_no_text_are_told_of(office: Broadcasting, parts: main.Parts) -> None:
    key = parts.database.read(lambda connection: contacts.find(connection, parts.keys, Msisdn("+263770000001")))
    parts.database.write(lambda connection: contacts.set_locales(connection, {key or 0: "nd"}))
    office.draft(replace(WISH, audience=""), AT)

    assert office.plan("news", AT).warnings == ["There is no text in nd: who speaks it gets the one in sn. People: 1."]


def test_what_a_coordinator_does_is_noted_with_what_it_did(office: Broadcasting, parts: main.Parts) -> None:
    pen = Trail(parts.keys.trail, "Rudo", Role.COORDINATOR)
    office.draft(replace(WISH, name="news 0770000001", audience=""), AT)
    name = "news 0770000001"
    office.plan(name, AT, pen)
    office.start(name, AT, pen)
    office.pause(name, AT, pen)
    office.raise_budget(name, 9_000_000, AT, pen)
    with pytest.raises(NotNow):
        office.pause(name, AT, pen)

    noted = [(each.actor, each.action, each.subject) for each in parts.database.read(audit.every)]
    deeds = ("broadcast plan", "broadcast start", "broadcast pause", "broadcast budget")
    assert noted == [("Rudo", deed, "news …") for deed in deeds]


def test_how_long_it_takes_counts_the_hours_only_in_which_it_may_send() -> None:
    hours = Hours("Africa/Harare", 8 * 60, 19 * 60, "12345", [date(2024, 11, 25)])
    friday = datetime(2024, 11, 22, 16, tzinfo=UTC)  # 18:00 there

    assert hours.end_of(1800, friday) == friday + timedelta(minutes=30)
    assert hours.end_of(2 * 3600, friday) == datetime(2024, 11, 26, 7, tzinfo=UTC)  # Tuesday: Monday is a holiday
    assert hours.end_of(11 * 3600 * 401, friday) is None


def test_izwis_own_words_are_given_for_a_survey_that_can_be_dialled(office: Broadcasting, parts: main.Parts) -> None:
    wish = Draft("voices", survey="leave_no_one_behind")

    with pytest.raises(NotPossible, match="No code is known"):
        office.drafting.texts(wish)
    settings = parts.settings.model_copy(update={"service_codes": {"*384*77#": "leave_no_one_behind"}})
    known = Broadcasting(settings, parts.database, parts.library, None)
    assert set(known.drafting.texts(wish)) == {"en", "sn", "nd"}
    assert all("*384*77#" in text for text in known.drafting.texts(wish).values())
