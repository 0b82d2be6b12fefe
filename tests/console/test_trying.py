"""Surveys on phones in the console: what happens on a stage stays there, and looks as it does in real life."""

import re
from collections.abc import Callable
from pathlib import Path

from app.cli import stage
from app.cli.transcript import parse
from app.store import surveys
from app.values import Role
from tests.console.conftest import House, Visitor, words
from tests.console.test_surveys import FORMS, bring, upload
from tests.web.conftest import until

SHIPPED = "leave_no_one_behind"
TARIFF = "operator,prefix,channel,unit,price,currency\nEconet,+26377,ussd,session,0.02,USD\nEconet,+26377,sms,part,0.05,USD\n"


def take_up(house: House, visitor: Visitor, survey: str = SHIPPED, **form: str) -> str:
    """Take up a phone; what the page says then."""
    found = house.parts.database.read(lambda connection: surveys.of_survey(connection, survey))
    answer = visitor.post(f"/try/{survey}/begin", {"version": str(found[-1].id), **form})
    assert answer.status_code == 303, words(answer.text)
    return visitor.reads(f"/try/{survey}")


def act(visitor: Visitor, what: str, typed: str = "", survey: str = SHIPPED) -> str:
    """Do something with the phone; the page, with its tags."""
    answer = visitor.post(f"/try/{survey}/act", {"act": what, "words": typed}, headers={"HX-Request": "true"})
    assert answer.status_code == 200, words(answer.text)
    return answer.text


def send(visitor: Visitor, *replies: str, survey: str = SHIPPED) -> str:
    return [act(visitor, "send", each, survey) for each in replies][-1]


def screen(page: str) -> str:
    found = re.search(r'(?s)class="glass"[^>]*>(.*?)</div>', page)
    return found[1].strip() if found else ""


def answers(page: str) -> int:
    """How many answers are shown to be stored."""
    return page.partition("<tbody data-answers>")[2].partition("</tbody>")[0].count("<tr>")


def runs(house: House) -> int:
    return int(house.served.rows("SELECT count(*) FROM run")[0][0])


def test_a_survey_is_answered_to_its_end_beside_the_picture_and_nothing_of_it_is_real(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    bring(house, visitor)

    assert "Is there water? 1 Yes 2 No" in take_up(house, visitor, "two_wells")
    asked = send(visitor, "2", survey="two_wells")
    assert 'box question seen"' in asked
    assert 'box question seen at"' in asked
    assert 'class="way enter taken"' in asked
    page = send(visitor, "7", survey="two_wells")

    assert "She has completed it." in words(page)
    assert answers(page) == 2
    assert page.count("taken") == 3
    assert runs(house) == 0


def test_a_dropped_session_goes_on_where_it_was_and_a_request_that_comes_twice_changes_nothing(house: House) -> None:
    visitor = house.visitor(Role.FACILITATOR)
    take_up(house, visitor)
    before = send(visitor, "1", "1", "1")

    assert "No session" in screen(act(visitor, "drop"))
    again = act(visitor, "dial")
    assert "1" in screen(again)
    twice = act(visitor, "duplicate")

    assert "nothing that is stored changed" in words(twice)
    assert screen(twice) == screen(again)
    assert answers(twice) == answers(before) == 3


def test_an_answer_that_comes_too_late_is_stored_all_the_same(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    take_up(house, visitor)
    send(visitor, "1")

    slow = act(visitor, "slow", "1")
    assert answers(slow) == 2
    assert "No session" in screen(slow)
    act(visitor, "dial")
    late = act(visitor, "late")
    assert "nothing that is stored changed" in words(late)


def test_what_cannot_be_done_now_is_said_on_the_page(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    take_up(house, visitor)
    act(visitor, "drop")

    assert "No session is open. Dial first." in words(send(visitor, "1"))
    for _ in range(4):
        page = act(visitor, "another")
    assert "Phone 5" in words(page)
    assert "There are 5 phones already." in words(act(visitor, "another"))
    assert "A phone cannot do that." in words(act(visitor, "fly"))
    assert visitor.post(f"/try/{SHIPPED}/act", {"act": "drop"}).status_code == 303


def test_several_phones_keep_their_own_sessions(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    take_up(house, visitor)
    first = send(visitor, "1")
    act(visitor, "another")
    second = act(visitor, "dial")

    back = act(visitor, "phone-1")

    assert screen(back) == screen(first)
    assert screen(second) != screen(first)


def test_messages_have_their_parts_and_their_cost(open_house: Callable[..., House], tmp_path: Path) -> None:
    tariff = tmp_path / "prices.csv"
    tariff.write_text(TARIFF)
    house = open_house(tariff=tariff)
    visitor = house.visitor(Role.COORDINATOR)
    bring(house, visitor)

    page = take_up(house, visitor, "two_wells", medium="sms", locale="sn")

    assert "Pane mvura here?" in page
    assert re.search(r"\d+ of 459 · 1 SMS", page)
    assert "USD 0.05" in page
    assert "USD 0.07" in words([act(visitor, each, survey="two_wells") for each in ("ussd", "dial")][-1])


def test_a_run_expires_when_days_pass(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    take_up(house, visitor)
    send(visitor, "1")

    assert "She is in the middle of it." in words(act(visitor, "hour"))
    act(visitor, "day")
    assert "it has expired" in words(act(visitor, "day"))


def test_a_transcript_that_was_saved_is_played_again_word_for_word(house: House, tmp_path: Path) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    take_up(house, visitor)
    send(visitor, "2", "1", "1", "1")
    act(visitor, "duplicate")
    act(visitor, "drop")
    act(visitor, "hour")
    act(visitor, "dial")
    act(visitor, "another")
    act(visitor, "dial")

    saved = visitor.get(f"/try/{SHIPPED}/transcript").text

    header, steps = parse(saved)
    survey = stage.find(header.survey)
    assert survey is not None
    with stage.stage(header, survey, tmp_path / "again") as made:
        assert made.play(steps) == saved


def test_simulated_people_answer_on_the_stage_only_and_are_counted_in_its_picture(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    take_up(house, visitor)

    begun = visitor.post(f"/try/{SHIPPED}/people")
    until(
        lambda: "200 simulated people have answered, on your stage only." in visitor.reads(begun.headers["location"]),
        seconds=60,
    )

    page = visitor.get(f"/try/{SHIPPED}").text
    assert "Counts are of 200 simulated people" in words(page)
    assert page.count('class="came"') > 3
    assert runs(house) == 0


def test_a_draft_is_tried_before_anybody_is_asked_it_and_each_has_a_phone_of_her_own(house: House) -> None:
    coordinator, other = house.visitor(Role.COORDINATOR, "Rudo"), house.visitor(Role.COORDINATOR, "Tendai")
    assert upload(coordinator, ("roster.md", (FORMS / "roster.md").read_bytes())).status_code == 303

    assert "Language" in take_up(house, coordinator, "roster")
    assert other.post("/try/roster/act", {"act": "dial"}).status_code == 404
    assert "Take up the phone" in other.reads("/try/roster")

    assert coordinator.post("/try/roster/end").status_code == 303
    assert "Take up the phone" in coordinator.reads("/try/roster")
