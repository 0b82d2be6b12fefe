"""Repeats: how often they are asked, going back into them, and answers of instances that vanish and come back."""

import pytest

from app.flows.asking.state import Answered, Restored, SetAside
from app.flows.reading.faults import FormError
from tests.talk import Talk

CHOICES = """\
    | choices | list_name | name | label |
    | | yes_no | yes | Yes |
    | | yes_no | no | No |
"""
MEMBERS = f"""\
    | survey | type | name | label | calculation | relevant |
    | | begin_repeat | member | A member | | |
    | | text | called | Who is number ${{place}}? | | |
    | | calculate | place | | position(..) | |
    | | integer | age | How old is ${{called}}? | | |
    | | select_one yes_no | school | Does ${{called}} go to school? | | ${{age}} < 18 |
    | | end_repeat | | | | |
    | | calculate | people | | count(${{member}}) | |
    | | calculate | years | | sum(${{age}}) | |
    | | text | eldest | Who decides among ${{people}}, ${{years}} years old? | | ${{people}} > 1 |
    | | text | wish | What do you wish? | | |
{CHOICES}"""
PLOTS = """\
    | survey | type | name | label | calculation | repeat_count | relevant |
    | | integer | plots | How many plots? | | | |
    | | begin_repeat | plot | | | ${plots} | |
    | | integer | size | How big is it? | | | |
    | | end_repeat | | | | | |
    | | text | help | Who helps? | | | count(${plot}) > 2 |
    | | text | wish | What do you wish? | | | |
"""
NESTED = f"""\
    | survey | type | name | label | calculation | repeat_count | relevant |
    | | begin_repeat | child | A child | | | |
    | | text | called | Name? | | | |
    | | integer | ills | How often ill? | | | |
    | | begin_repeat | ill | | | ${{ills}} | |
    | | integer | days | Days of illness ${{place}} of ${{called}}? | | | |
    | | calculate | place | | position(..) | | |
    | | end_repeat | | | | | |
    | | calculate | all_days | | sum(${{days}}) | | |
    | | end_repeat | | | | | |
    | | note | bye | ${{total}} days. | | | |
    | | calculate | total | | sum(${{all_days}}) | | |
{CHOICES}"""


def back_to(talk: Talk, opened: str) -> Talk:
    """Go back to a question."""
    while talk.state.open != opened:
        before = talk.state.open
        talk("back")
        assert talk.state.open != before, f"there is no way back to {opened}"
    return talk


def test_she_is_asked_for_another_one_until_she_says_no() -> None:
    talk = Talk(MEMBERS)

    assert talk("Rudo", "34") == "A member\nAdd another?\n1 Yes\n2 No\n88 Back"
    assert talk("1").startswith("Who is number 2?")
    talk("Tino", "9", "1")

    assert talk("2").startswith("Who decides among 2, 43 years old?")
    assert talk.answers["school[2]"] == "yes"


@pytest.mark.parametrize("word", ["yes", "Y", "hongu"])
def test_another_one_may_be_added_in_words(word: str) -> None:
    assert Talk(MEMBERS)("Rudo", "34", word).startswith("Who is number 2?")


def test_whether_there_is_another_one_needs_an_answer_and_is_none_itself() -> None:
    talk = Talk(MEMBERS)

    assert talk("Rudo", "34", "0").startswith("This question needs an answer.\nA member")
    talk("1")

    assert talk.events == ()


def test_back_leads_into_an_earlier_instance_and_an_answer_there_leads_on_again() -> None:
    talk = Talk(MEMBERS)
    talk("Rudo", "34", "1", "Tino", "9")

    assert talk("88").startswith("How old is Tino?")
    assert talk("b").startswith("Who is number 2?")
    assert talk("88").startswith("A member\nAdd another?")
    assert talk("88").startswith("How old is Rudo?")

    assert talk("14").startswith("Does Rudo go to school?")
    assert talk("2").startswith("Does Tino go to school?")
    assert talk.answers["school[1]"] == "no"


def test_a_member_added_by_mistake_is_taken_back_by_going_back_and_saying_no() -> None:
    talk = Talk(MEMBERS)
    talk("Rudo", "34", "1", "Tino")

    back_to(talk, "member+[1]")("2")

    assert talk.screen.startswith("What do you wish?")
    assert talk.answers == {"called[1]": "Rudo", "age[1]": "34", "member+[1]": "no"}
    assert SetAside("called[2]") in talk.events


def test_answers_of_an_instance_that_vanished_come_back_with_it() -> None:
    talk = Talk(MEMBERS)
    talk("Rudo", "34", "1", "Tino", "9", "1", "2", "Rudo")

    back_to(talk, "member+[1]")("2")
    assert talk.answers == {"called[1]": "Rudo", "age[1]": "34", "member+[1]": "no"}

    talk("88", "1")
    assert Restored("age[2]") in talk.events
    assert talk.answers["eldest"] == "Rudo"
    assert talk.lines[0] == "What do you wish?", "all that is known already is not asked again"


def test_fewer_set_instances_aside_with_all_that_depends_on_how_many_there_are() -> None:
    talk = Talk(PLOTS)
    talk("3", "10", "20", "30", "Rudo")

    back_to(talk, "plots")("1")

    assert talk.answers == {"plots": "1", "size[1]": "10"}
    assert {each.question for each in talk.events if isinstance(each, SetAside)} == {"size[2]", "size[3]", "help"}
    assert talk.lines[0] == "What do you wish?"


def test_more_are_asked_and_those_that_were_answered_before_come_back() -> None:
    talk = Talk(PLOTS)
    talk("2", "10", "20")
    back_to(talk, "plots")("1")

    back_to(talk, "plots")("4")

    assert talk.answers == {"plots": "4", "size[1]": "10", "size[2]": "20"}
    assert talk.state.open == "size[3]"


@pytest.mark.parametrize("count", ["0", "skip", "-3"])
def test_none_are_asked_where_the_count_is_none(count: str) -> None:
    talk = Talk(PLOTS)

    assert talk(count).startswith("What do you wish?")


def test_no_more_are_asked_than_a_respondent_can_bear() -> None:
    talk = Talk(PLOTS)
    talk("100000")
    for _ in range(200):
        talk("1")

    assert talk.screen.startswith("Who helps?")


def test_a_count_is_worked_out_of_what_another_repeat_says() -> None:
    talk = Talk(f"""\
        | survey | type | name | label | calculation | repeat_count |
        | | begin_repeat | member | A member | | |
        | | integer | age | How old? | | |
        | | calculate | small | | if(${{age}} < 5, 1, 0) | |
        | | end_repeat | | | | |
        | | begin_repeat | card | | | sum(${{small}}) |
        | | select_one yes_no | has_card | Has the child a card? | | |
        | | end_repeat | | | | |
        | | text | wish | What do you wish? | | |
    {CHOICES}""")
    talk("3", "1", "40", "1", "4", "2", "1")
    assert talk.state.open == "has_card[2]"

    back_to(talk, "age[3]")("14")

    assert talk.state.open == "wish"
    assert talk.answers["has_card[1]"] == "yes"


def test_a_count_may_look_at_the_last_instance_as_odk_s_own_example_does() -> None:
    # https://docs.getodk.org/form-logic/#repeating-as-long-as-a-condition-is-met
    talk = Talk(f"""\
        | survey | type | name | label | calculation | repeat_count |
        | | calculate | count | | count(${{child}}) | |
        | | begin_repeat | child | | | if(${{count}} = 0 or indexed-repeat(${{more}}, ${{child}}, ${{count}}) = 'yes', \
${{count}} + 1, ${{count}}) |
        | | text | called | What is the child called? | | |
        | | select_one yes_no | more | Are there more children? | | |
        | | end_repeat | | | | |
        | | note | bye | ${{count}} children. | | |
    {CHOICES}""")

    talk("Tino", "1", "Chipo", "1", "Farai")
    back_to(talk, "more[2]")("2")
    assert talk.screen == "2 children."
    assert talk.final

    assert talk.answers == {"called[1]": "Tino", "more[1]": "yes", "called[2]": "Chipo", "more[2]": "no"}
    assert talk.state.aside == {"called[3]": "Farai"}


def test_a_later_instance_may_open_a_question_of_an_earlier_one() -> None:
    talk = Talk(f"""\
        | survey | type | name | label | relevant | calculation |
        | | begin_repeat | member | A member | | |
        | | integer | age | How old? | | |
        | | text | carer | Who cares for this one? | ${{age}} < ${{years}} div 4 | |
        | | end_repeat | | | | |
        | | calculate | years | | | sum(${{age}}) |
    {CHOICES}""")
    talk("9", "1")
    assert talk.state.open == "age[2]"

    talk("40")
    assert talk.state.open == "carer[1]"

    talk("Rudo")
    assert talk.state.open == "member+[2]"


def test_repeats_that_decide_about_each_other_are_refused() -> None:
    with pytest.raises(FormError, match="repeats depend on each other in a circle") as refused:
        Talk("""\
            | survey | type | name | label | repeat_count |
            | | begin_repeat | cow | | count(${calf}) |
            | | text | called | Name? | |
            | | end_repeat | | | |
            | | begin_repeat | calf | | count(${cow}) |
            | | text | name | Name? | |
            | | end_repeat | | | |
        """)

    assert "cow → calf → cow" in str(refused.value) or "calf → cow → calf" in str(refused.value)


def test_repeats_inside_each_other_count_and_sum_for_themselves() -> None:
    talk = Talk(NESTED)

    talk("Tino", "2", "3")
    assert talk.screen.startswith("Days of illness 2 of Tino?")
    talk("4", "1", "Chipo", "0", "1", "Farai", "1")
    assert talk.screen.startswith("Days of illness 1 of Farai?")

    assert talk("5", "2") == "12 days."
    calculated = talk.events[-1]
    assert talk.answers["days[1.2]"] == "4"
    assert {"all_days[1]": "7", "all_days[2]": "0", "all_days[3]": "5"}.items() <= calculated.calculated.items()


def test_an_instance_takes_those_inside_it_along() -> None:
    talk = Talk(NESTED)
    talk("Tino", "1", "3", "1", "Chipo", "1", "5")

    back_to(talk, "child+[1]")("2")
    assert talk.final
    assert talk.screen == "3 days."
    assert talk.state.aside == {"called[2]": "Chipo", "ills[2]": "1", "days[2.1]": "5"}


def test_a_group_hands_its_condition_down_to_repeats_inside_it() -> None:
    talk = Talk(f"""\
        | survey | type | name | label | relevant |
        | | select_one yes_no | farms | Do you farm? | |
        | | begin_group | farm | | ${{farms}} = 'yes' |
        | | begin_repeat | plot | A plot | |
        | | integer | size | How big? | |
        | | begin_group | sold | | ${{size}} > 5 |
        | | integer | price | What did it bring? | |
        | | end_group | | | |
        | | end_repeat | | | |
        | | end_group | | | |
        | | text | help | Who helps? | count(${{plot}}) > 0 |
        | | text | wish | What do you wish? | |
    {CHOICES}""")
    talk("1", "9", "100", "1", "3", "2", "Rudo")

    back_to(talk, "farms")("2")
    assert talk.answers == {"farms": "no"}

    talk("88", "1")
    assert talk.answers["price[1]"] == "100"
    assert talk.state.open == "wish"


def test_a_worked_out_default_is_that_of_each_instance_as_it_begins() -> None:
    talk = Talk(f"""\
        | survey | type | name | label | default |
        | | text | village | Your village? | |
        | | begin_repeat | member | A member | |
        | | text | home | Where does she live? | concat(${{village}}, ' ', position(..)) |
        | | end_repeat | | | |
    {CHOICES}""")

    talk("Gutu", "Buhera 1")
    assert "0 = Gutu 2" in talk("1").split("\n")

    talk("0")
    assert (talk.answers["home[1]"], talk.answers["home[2]"]) == ("Buhera 1", "Gutu 2")


def test_a_trigger_sets_values_in_its_own_instance_and_from_outside_in_all() -> None:
    talk = Talk(f"""\
        | survey | type | name | label | calculation | trigger |
        | | text | village | Your village? | | |
        | | begin_repeat | member | A member | | |
        | | text | called | Who? | | |
        | | calculate | loud | | concat(${{called}}, '!') | ${{called}} |
        | | calculate | home | | ${{village}} | ${{village}} |
        | | text | work | ${{loud}} of ${{home}} does what? | | |
        | | end_repeat | | | | |
    {CHOICES}""")
    assert talk("Gutu", "Rudo").startswith("Rudo! of Gutu does what?")

    assert talk("x", "1", "Tino").startswith("Tino! of  does what?")
    assert talk.state.given == {"home[1]": "Gutu", "loud[1]": "Rudo!", "loud[2]": "Tino!"}
    back_to(talk, "village")("Buhera")

    assert (talk.state.given["home[1]"], talk.state.given["home[2]"]) == ("Buhera", "Buhera")


def test_places_are_kept_with_the_answers_that_are_told() -> None:
    talk = Talk(NESTED)

    talk("Tino", "1", "3")

    answered = talk.events[0]
    assert isinstance(answered, Answered)
    assert answered.question == "days[1.1]"
