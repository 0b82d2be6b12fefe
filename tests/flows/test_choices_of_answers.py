"""Choices that are other answers: `select_one ${name}`, as ODK Collect takes them from a repeat."""

from pathlib import Path

import pytest

from app.flows.asking.record import write
from app.flows.asking.state import Answered, Ended, Restored, SetAside
from app.flows.reading.compile import compile_form
from app.flows.reading.faults import FormError
from app.flows.reading.load import load
from app.reports.labels import value_label
from app.values import SMS_ROOM
from tests.talk import AT, Talk

ILLNESS = (Path(__file__).parents[1] / "forms" / "illness.md").read_text(encoding="utf-8")
HOUSEHOLD = ("1", "Rudo", "34", "1", "Mary Kate", "9", "1", "Tino", "40", "2")
XFORM = """<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>x</h:title>
<model><instance><data id="x"><child><name/><nick/></child><some/></data></instance>
<bind nodeset="/data/some" type="string"/></model></h:head>
<h:body><group><label>Child</label><repeat nodeset="/data/child"><input ref="/data/child/name"><label>Name?</label></input>
<input ref="/data/child/nick"><label>Nick?</label></input></repeat></group>
<{control} ref="/data/some"><label>Which?</label><itemset nodeset="{nodeset}"><value ref="name"/><label ref="nick"/></itemset>
</{control}></h:body></h:html>"""


def back_to(talk: Talk, opened: str) -> Talk:
    while talk.state.open != opened:
        before = talk.state.open
        talk("back")
        assert talk.state.open != before, f"there is no way back to {opened}"
    return talk


def xform(control: str = "select1", nodeset: str = "/data/child[./name != '']") -> Talk:
    return Talk(XFORM.format(control=control, nodeset=nodeset))


def test_the_members_of_the_household_are_the_choices() -> None:
    talk = Talk(ILLNESS)

    assert talk(*HOUSEHOLD).startswith("Who is ill?\n1 Rudo\n2 Mary Kate\n3 Tino\n")
    talk("2")

    assert talk.answers["ill"] == "Mary Kate"
    answered = talk.events[0]
    assert isinstance(answered, Answered)
    assert answered.order == "Rudo Mary_Kate Tino"


@pytest.mark.parametrize("said", ["mary kate", "Mary Kat", "2"])
def test_a_choice_may_be_named_in_words(said: str) -> None:
    talk = Talk(ILLNESS, room=SMS_ROOM)
    talk(*HOUSEHOLD)

    talk(said)

    assert talk.answers["ill"] == "Mary Kate"


def test_a_filter_looks_at_the_answers_of_each_instance_and_at_others() -> None:
    talk = Talk(ILLNESS)
    talk(*HOUSEHOLD)

    assert talk("1").startswith("Who cares for Rudo?\n1 Tino\n"), "Mary Kate is too young, and Rudo is ill herself"
    assert talk("1").startswith("Who went along to the clinic? (1 of 2)\n1 Mary Kate\n2 Tino\n"), "in a repeat too"
    talk("1", "2")

    assert talk.final
    assert talk.screen == "Thank you. Ill: Rudo. Carer: Tino."


def test_a_choice_whose_answer_is_another_by_now_is_set_aside_and_comes_back() -> None:
    talk = Talk(ILLNESS)
    talk(*HOUSEHOLD, "2", "1")
    assert talk.answers["carer"] == "Rudo"

    back_to(talk, "called[1]")("Rudha")
    assert SetAside("carer") in talk.events
    assert talk.state.open == "carer"

    back_to(talk, "called[1]")("Rudo")
    assert Restored("carer") in talk.events
    assert talk.answers["carer"] == "Rudo"


def test_a_choice_whose_instance_is_gone_is_set_aside() -> None:
    talk = Talk(ILLNESS)
    talk(*HOUSEHOLD, "3")
    assert talk.answers["ill"] == "Tino"

    back_to(talk, "member+[2]")("2")

    assert SetAside("ill") in talk.events
    assert talk.screen.startswith("Who is ill?\n1 Rudo\n2 Mary Kate\n")


def test_two_of_one_name_are_one_choice_and_who_has_no_name_is_none() -> None:
    talk = xform()
    talk("Rudo", "Ru", "1", "Rudo", "Dodo", "1", "skip", "Nobody", "1", "Tino", "skip", "2")

    assert talk.screen.startswith("Which?\n1 Ru\n2 Tino\n"), "the first of them, with her own label; else the value"
    talk("Ru")
    assert talk.answers["some"] == "Rudo"


def test_several_names_with_blanks_stay_apart() -> None:
    talk = xform("select")
    talk("Mary Kate", "skip", "1", "Tino", "skip", "2")

    talk("1 2")

    assert talk.answers["some"] == "Mary_Kate Tino"


def test_nobody_is_asked_to_choose_from_nothing() -> None:
    talk = xform(nodeset="/data/child[name = 'Rudo']")

    talk("Tino", "skip", "2")

    assert talk.final
    assert "some" not in talk.answers


def test_a_random_order_stays_the_same_through_a_run() -> None:
    names = [*"ABCDEFGH"]
    talk = xform(nodeset="randomize(/data/child[./name != ''], 42)")
    for number, name in enumerate(names, start=1):
        talk(name, "skip", "1" if number < len(names) else "2")
    shown = [line[2:] for line in talk.lines if line[:1].isdigit() and line[2:] in names]

    assert sorted(shown) == names
    assert shown != names
    talk.redial()
    assert [line[2:] for line in talk.lines if line[2:] in names] == shown


def test_the_record_has_the_answer_and_the_export_its_words() -> None:
    talk = Talk(ILLNESS)
    talk(*HOUSEHOLD, "2", "1", "1", "2")

    ended = talk.events[-1]
    assert isinstance(ended, Ended)
    assert "<ill>Mary Kate</ill>" in write(talk.flow, talk.state, AT)
    assert ended.calculated["who_ill"] == "Mary Kate"
    assert value_label(talk.flow, "ill", "Mary Kate", "sn") == "Mary Kate"
    assert value_label(talk.flow, "went[2]", "Tino", "en") == "Tino"


def test_several_from_an_xlsform_are_refused_for_pyxform_cannot_write_them() -> None:
    form = ILLNESS.replace("select_one ${called} | ill", "select_multiple ${called} | ill")

    with pytest.raises(FormError, match=r"ill: only one choice can be taken from other answers\."):
        compile_form(load(form.encode(), "form.md"))


def test_a_long_household_is_paged_through() -> None:
    talk = Talk(ILLNESS)
    talk("1")
    for number in range(1, 26):
        talk(f"Person {number}", "20", "1" if number < 25 else "2")
    seen = [talk.screen]
    while "99 More" in talk.screen:
        seen.append(talk("99"))

    listed = [line for screen in seen for line in screen.split("\n") if " Person " in line]
    assert listed == [f"{number} Person {number}" for number in range(1, 26)]
    talk("25")
    assert talk.answers["ill"] == "Person 25"
