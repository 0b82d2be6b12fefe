"""Dispositions of everybody who was asked, and the rates that follow from them."""

import csv
import re
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from app import main
from app.cli.handset import Network
from app.reports.missing.desk import NoSuch
from app.reports.missing.dispositions import EVERY, Group, core_of, progress
from app.reports.missing.rates import eligibility, participation, rates
from app.reports.missing.response import Counted, count
from app.store import broadcasts, outcomes
from tests.phone import Phone
from tests.reports.missing.world import BEGAN, World

PAGE = (Path(__file__).parents[3] / "docs" / "who-is-missing.md").read_text()
# As they are printed: the implementation has none of these texts.
FORMULAS = """\
RR1,I/((I+P)+(R+NC+O)+(UH+UO))
RR2,(I+P)/((I+P)+(R+NC+O)+(UH+UO))
RR3,I/((I+P)+(R+NC+O)+e*(UH+UO))
RR4,(I+P)/((I+P)+(R+NC+O)+e*(UH+UO))
RR5,I/((I+P)+(R+NC+O))
RR6,(I+P)/((I+P)+(R+NC+O))
COOP1,I/((I+P)+R+O)
COOP2,(I+P)/((I+P)+R+O)
COOP3,I/((I+P)+R)
COOP4,(I+P)/((I+P)+R)
REF1,R/((I+P)+(R+NC+O)+(UH+UO))
REF2,R/((I+P)+(R+NC+O)+e*(UH+UO))
REF3,R/((I+P)+(R+NC+O))
CON1,((I+P)+R+O)/((I+P)+R+O+NC+(UH+UO))
CON2,((I+P)+R+O)/((I+P)+R+O+NC+e*(UH+UO))
CON3,((I+P)+R+O)/((I+P)+R+O+NC)
"""
COUNTS = st.fixed_dictionaries({each: st.integers(0, 500) for each in ("I", "P", "R", "NC", "O", "UH", "NE")})


@pytest.fixture
def world(parts: main.Parts) -> World:
    return World(parts)


def printed(counts: dict[str, int]) -> dict[str, float | None]:
    """The rates by the formulas as they are printed, in exact fractions."""
    given_ = {name: Fraction(count) for name, count in counts.items()} | {"UO": Fraction(0)}
    known = sum(given_[name] for name in ("I", "P", "R", "NC", "O"))
    both = known + given_["NE"]
    given_["e"] = known / both if both else Fraction(1)
    found: dict[str, float | None] = {}
    for name, formula in csv.reader(StringIO(FORMULAS)):
        try:
            found[name] = float(eval(formula, {"__builtins__": {}}, given_))
        except ZeroDivisionError:
            found[name] = None
    return found


@given(COUNTS)
def test_every_rate_is_that_of_the_printed_formula(counts: dict[str, int]) -> None:
    grouped = {Group(name): count for name, count in counts.items()}

    found = rates(grouped)

    assert found == {name: rate if rate is None else pytest.approx(rate) for name, rate in printed(counts).items()}
    assert 0 <= eligibility(grouped) <= 1


def test_rates_of_an_example_are_those_of_a_hand_count() -> None:
    counts = {Group.COMPLETE: 40, Group.PARTIAL: 10, Group.REFUSED: 20, Group.NOT_REACHED: 30, Group.UNKNOWN: 50,
              Group.NOT_ELIGIBLE: 25}  # fmt: skip

    found = rates(counts)

    assert eligibility(counts) == 100 / 125
    assert (found["RR1"], found["RR3"], found["RR6"]) == (40 / 150, 40 / 140, 50 / 100)
    assert (found["COOP1"], found["REF1"], found["CON3"]) == (40 / 70, 20 / 150, 70 / 100)


def test_participation_is_of_those_who_began() -> None:
    counts = {Group.COMPLETE: 30, Group.PARTIAL: 10, Group.REFUSED: 20, Group.NOT_ELIGIBLE: 15}

    assert participation(counts) == {
        "completed": 0.5, "completed_or_half": 40 / 60, "refused_or_broke_off": 20 / 60, "screened_out": 15 / 75,
    }  # fmt: skip
    assert set(participation({}).values()) == {None}


def test_the_core_of_the_survey_begins_after_consent_and_age(world: World) -> None:
    flow = world.flow(world.version_id)

    assert core_of(flow)[0].name == "inequality"
    assert progress(flow, "adult") is None
    assert progress(flow, "inequality") is None
    assert progress(flow, "inequality_second") == pytest.approx(1 / len(core_of(flow)))
    assert progress(flow, "story") == pytest.approx(1 - 1 / len(core_of(flow)))


def counted(world: World, broadcast: str) -> Counted:
    """The people of a broadcast by their disposition, before anything is hidden."""
    world.write()

    def work(connection: Connection) -> Counted:
        (key,) = [each.id for each in broadcasts.every(connection) if each.name == broadcast]
        return count(outcomes.of_broadcast(connection, key), world.flow)

    return world.parts.database.read(work)


def people(found: dict[str, Any], place: int = 0) -> dict[str, int | None]:
    return {each["code"]: each["people"] for each in found["sections"][place]["dispositions"]}


def test_each_recipient_has_the_disposition_that_fits(world: World) -> None:
    sent = world.broadcast("voices")

    def one(how: str | None = None, question: str = "", reason: str = "", phone: int = 0, **options: Any) -> None:
        phone = world.recipient(sent, phone or world.phone(), reason="" if how else reason, **options)
        if how is not None:
            world.run(how, question=question, reason=reason, phone=phone)

    one("completed")
    one("expired", "province", "no_reply")
    one("active", "sex")
    one("declined", "consent", "declined")
    one("stopped", "consent", "stop_word")
    one(phone=world.phone(stopped_at=BEGAN))
    one(state="left_out", reason="stopped", rounds=0, message="")
    one(message="failed", why="UserInBlacklist")
    one("stopped", "province", "stop_word")
    one("expired", "inequality_second", "no_reply")
    one("expired", "language", "started_again")
    one()
    one("screened_out", "adult", "unable")
    one("screened_out", "language", "language_unavailable")
    one(message="sent")
    one(message="unknown")
    one(message="failed", why="UserIsInactive")
    one(message="expired", rounds=0)
    one(state="left_out", reason="too_late", rounds=0, message="")
    one(state="waiting", rounds=0, message="")
    one("screened_out", "adult", "out_of_country")
    one(message="failed", why="InvalidPhoneNumber")
    one("screened_out", "adult", "under_age")
    one("screened_out", "adult", "quota_full")
    one("screened_out", "adult", "duplicate")
    one(state="left_out", reason="asked_lately", rounds=0, message="")
    one(state="left_out", reason="answering", rounds=0, message="")

    found = counted(world, "voices")

    assert {what.code: cell.n for what, cell in found.dispositions.items()} == {
        "1.1": 1, "1.2": 2, "2.11": 5, "2.12": 3, "2.2": 1, "2.32": 1, "2.33": 1, "3.1": 3, "3.11": 3, "4.1": 1, "4.3": 1,
        "4.7": 1, "4.8": 1, "4.9": 1, "-": 2,
    }  # fmt: skip
    assert (found.under_way.n, found.ended.n) == (1, 26)
    groups = {group: cell.n for group, cell in found.groups.items()}
    assert eligibility(groups) == 14 / 19
    assert rates(groups)["RR1"] == 1 / 20
    assert rates(groups)["CON3"] == 13 / 14


def test_what_leaves_is_rounded_and_what_is_few_is_hidden_with_what_would_tell_of_it(world: World) -> None:
    sent = world.broadcast("voices")
    for number, (how, question) in enumerate([("completed", ""), ("expired", "story"), ("expired", "consent")] * 40):
        if how == "completed" or number < 60:
            world.run(how, question=question, phone=world.recipient(sent, world.phone()))
    for number in range(37):
        world.recipient(sent, world.phone(), message="failed" if number < 3 else "delivered")

    (section,) = world.ask("response", "voices")["sections"]

    assert section["people"] in {115, 120}
    assert section["groups"]["I"] == 40
    assert section["groups"]["UH"] is None
    hidden = [group for group, n in section["groups"].items() if n is None]
    assert len(hidden) == 2
    # What is hidden stands in the first rates all together, so they can be told; in others it does not.
    assert section["rates"]["RR1"] == round(40 / section["people"], 4)
    assert section["rates"]["RR5"] is None
    for group in section["groups"]:
        own = [each["people"] for each in section["dispositions"] if each["group"] == group]
        assert section["groups"][group] is not None or set(own) == {None}


def test_a_group_is_shown_where_its_outcomes_are_not(world: World) -> None:
    sent = world.broadcast("voices")
    for number in range(40):
        world.run("completed", phone=world.recipient(sent, world.phone()))
        world.run(
            "declined" if number < 35 else "stopped", question="province", phone=world.recipient(sent, world.phone())
        )

    (section,) = world.ask("response", "voices")["sections"]

    assert section["groups"] == {"I": 40, "R": 40}
    assert people(world.ask("response", "voices")) == {"1.1": 40, "2.11": None, "2.12": None}


@given(COUNTS)
def test_a_rate_of_what_is_shown_is_the_rate_or_it_is_not_told(counts: dict[str, int]) -> None:
    whole = {Group(name): n for name, n in counts.items()}
    shown = {group: n if n >= 50 else None for group, n in whole.items()}

    told = rates(shown, sum(counts.values()))

    for name, rate in rates(whole).items():
        assert told[name] is None or told[name] == pytest.approx(rate)


def test_a_completed_run_counts_more_than_a_later_one_and_a_reminder_that_arrived_more_than_a_message_that_did_not(
    world: World,
) -> None:
    sent = world.broadcast("voices")
    for _ in range(10):
        phone = world.recipient(sent, world.phone(), message="failed", why="InvalidPhoneNumber")
        who = world.run("expired", question="consent", phone=phone)
        world.run("completed", phone=phone, who=who)
        world.run("expired", question="consent", phone=phone, who=who)

    found = world.ask("response", "voices")

    assert people(found) == {"1.1": 10}


def test_runs_from_before_a_broadcast_are_not_its_answers(world: World) -> None:
    sent = world.broadcast("voices")
    for _ in range(10):
        world.run("completed", phone=world.recipient(sent, world.phone()), at=BEGAN.replace(year=2025))

    found = world.ask("response")

    assert people(found) == {"2.2": 10}
    assert people(found, 1) == {"1.1": 10}


def test_people_who_come_by_themselves_have_no_response_rate(parts: main.Parts, network: Network) -> None:
    for number in range(50):
        phone = Phone(network, f"+2637700005{number:02}")
        phone.dial()
        phone.replies("1", "2" if number < 20 else "1")

    found = World(parts).ask("response")

    (section,) = found["sections"]
    assert "there is no response rate" in section["words"][0]
    assert section["e"] is None
    assert set(section["rates"]) == {"completed", "completed_or_half", "refused_or_broke_off", "screened_out"}
    assert people(found) == {"2.11": 20, "2.12": 30}
    assert section["under_way"] == 30


def test_a_broadcast_that_lost_links_says_that_its_rates_are_too_low(world: World) -> None:
    sent = world.broadcast("voices")
    for _ in range(15):
        world.recipient(sent, world.phone())
        world.run("completed", phone=None)

    found = world.ask("response", "voices")

    assert found["sections"][0]["words"][1].startswith("About 15 runs since this broadcast began have no link")


def test_of_few_people_nothing_is_shown(world: World) -> None:
    sent = world.broadcast("voices")
    for _ in range(9):
        world.run("completed", phone=world.recipient(sent, world.phone()))

    (section,) = world.ask("response", "voices")["sections"]

    assert section["people"] is None
    assert (section["dispositions"], section["rates"]) == ([], {})


def test_a_broadcast_that_is_not_there_is_told_with_those_that_are(world: World) -> None:
    world.broadcast("voices")

    with pytest.raises(NoSuch, match="There are: voices"):
        world.ask("response", "nothing")


def test_the_page_has_the_table_of_dispositions() -> None:
    table = PAGE.split("<!-- dispositions -->\n")[1].split("<!-- /dispositions -->")[0]
    told = re.findall(r"^\| ([\d.]+|-) \| ([A-Z]+|-) \| (.+?) \|", table, re.MULTILINE)

    assert told == [(each.code, each.group.value, each.words) for each in EVERY]


def test_the_page_has_every_rate() -> None:
    for name in rates({}):
        assert f"`{name}`" in PAGE
