"""Lists on a small screen: several choices, filters, random order, pages, and the language of it all."""

import re

import pytest

from app.flows.asking.state import Answered, SetAside
from app.flows.questions.base import NUMBERS
from app.flows.xpath.functions.chance import shuffled_places
from app.values import SMS_ROOM
from tests.talk import Talk

ENTRY = re.compile(r"^(\d+) (?:Item|Another|I do)", re.MULTILINE)
CROPS = """\
    | survey | type | name | label |
    | | select_multiple crops | crops | What do you grow? |
    | choices | list_name | name | label |
    | | crops | maize | Maize |
    | | crops | beans | Beans |
    | | crops | millet | Millet |
"""
PLACES = """\
    | survey | type | name | label | choice_filter |
    | | select_one districts | district | District? | |
    | | select_one wards | ward | Ward? | district = ${district} |
    | choices | list_name | name | label | district |
    | | districts | gutu | Gutu | |
    | | districts | buhera | Buhera | |
    | | districts | none | Elsewhere | |
    | | wards | g1 | Gutu one | gutu |
    | | wards | g2 | Gutu two | gutu |
    | | wards | b1 | Buhera one | buhera |
"""


def long_list(count: int, parameters: str = "") -> str:
    rows = "\n".join(f"    | | items | item{number} | Item of number {number} |" for number in range(1, count + 1))
    return f"""\
    | survey | type | name | label | parameters |
    | | select_one items | item | Which one? | {parameters} |
    | choices | list_name | name | label |
{rows}
    | | items | other | Another one |
    | | items | dont_know | I do not know |
"""


@pytest.mark.parametrize("reply", ["1 3", "1,3", "3*1", "13", "maize, Millet"])
def test_several_choices_are_taken_however_they_are_written(reply: str) -> None:
    talk = Talk(CROPS)

    talk(reply)

    assert talk.answers == {"crops": "maize millet"}


def test_how_to_give_several_is_said_below_the_list() -> None:
    talk = Talk(CROPS)

    assert talk.lines[-2:] == ["(e.g. 1 3)", "0 Skip"]
    assert talk("1 7").startswith("Reply with the numbers, e.g. 1 3.\nWhat do you grow?")
    assert "(e.g. 1 3)" not in talk.lines


def test_a_filter_leaves_what_belongs_to_the_answer_before() -> None:
    talk = Talk(PLACES)

    assert talk("2").split("\n")[:2] == ["Ward?", "1 Buhera one"]


def test_a_list_with_nothing_left_is_not_asked() -> None:
    talk = Talk(PLACES)

    talk("3")

    assert talk.final
    assert talk.answers == {"district": "none"}


def test_a_choice_that_the_filter_no_longer_offers_is_set_aside_and_asked_again() -> None:
    talk = Talk(PLACES.replace("    | choices |", "    | | text | more | Anything else? | |\n    | choices |", 1))

    talk("1", "2", "88", "88", "2")

    assert SetAside("ward") in talk.events
    assert talk.lines[:2] == ["Ward?", "1 Buhera one"]


def test_every_entry_of_a_long_list_is_on_one_page_with_the_same_number_everywhere() -> None:
    talk = Talk(long_list(58), room=SMS_ROOM)
    pages = [talk.screen]

    while "99 More" in talk.lines:
        pages.append(talk("99"))

    numbers = [int(number) for number in ENTRY.findall("\n".join(pages))]
    assert numbers == list(range(1, 61))
    assert NUMBERS[86:90] == (87, 89, 90, 91)  # what steers, and what operators use, is never an entry
    assert not {0, 88, 98, 99} & set(NUMBERS)


def test_pages_turn_forward_and_back_and_any_number_may_be_given_on_any_page() -> None:
    talk = Talk(long_list(20))
    first = talk.screen

    second = talk("99")
    assert second != first
    assert talk("88") == first

    talk("15")
    assert talk.answers == {"item": "item15"}


def test_no_entry_is_passed_over_while_paging_after_a_refusal() -> None:
    talk = Talk(long_list(20))

    pages = [talk("nonsense")]
    while "99 More" in talk.lines:
        pages.append(talk("99"))

    assert ENTRY.findall("\n".join(pages)) == [str(number) for number in range(1, 23)]


def test_more_at_the_last_page_is_no_answer() -> None:
    talk = Talk(CROPS)

    assert talk("99").startswith("Reply with the numbers")


def test_a_long_question_is_paged_word_by_word() -> None:
    words = [f"word{number}" for number in range(60)]
    talk = Talk(f"""\
        | survey | type | name | label |
        | | text | story | {" ".join(words)} |
    """)

    pages = [talk.screen]
    while "99 More" in talk.lines:
        pages.append(talk("99"))

    assert len(pages) > 1
    assert re.findall(r"word\d+", " ".join(pages)) == words


def test_random_order_is_the_same_for_a_seed_and_keeps_other_and_dont_know_last() -> None:
    form = long_list(6, "randomize=true")

    orders = [Talk(form, seed=seed, room=SMS_ROOM).lines for seed in (1, 1, 2, 3)]

    assert orders[0] == orders[1]
    assert len({tuple(order) for order in orders}) == 3
    for order in orders:
        assert [line.partition(" ")[2] for line in order[7:9]] == ["Another one", "I do not know"]


def test_a_number_means_the_choice_that_stood_there_and_the_order_is_kept() -> None:
    talk = Talk(long_list(6, "randomize=true"), seed=7, room=SMS_ROOM)
    shown = talk.lines[3].partition("number ")[2]

    talk("3")

    assert talk.answers == {"item": f"item{shown}"}
    answered = talk.events[0]
    assert isinstance(answered, Answered)
    assert answered.order is not None
    assert answered.order.split()[2] == f"item{shown}"
    assert answered.order.split()[-2:] == ["other", "dont_know"]


def test_the_language_changes_with_its_answer_and_short_texts_are_for_menus() -> None:
    form = """\
        | survey | type | name | label::English (en) | label::Shona (sn) | short::English (en) | short::Shona (sn) \
| bind::izwi:role |
        | | select_one languages | lang | Language? | Mutauro? | | | language |
        | | integer | fields | How many fields have you? | Mune minda mingani? | Fields? | Minda? | |
        | choices | list_name | name | label::English (en) | label::Shona (sn) |
        | | languages | en | English | English |
        | | languages | sn | Shona | Shona |
        | settings | form_id | default_language | namespaces |
        | | x | English (en) | izwi="urn:izwi:xforms" |
    """
    talk = Talk(form)
    assert talk("2") == "Minda?\nP Pfuura\nD Dzokera"
    assert talk("aa").startswith("Pindurai nenhamba yakazara.")

    assert talk("d", "1").startswith("Fields?")
    assert Talk(form, room=SMS_ROOM)("1").startswith("How many fields have you?")


def test_a_seed_gives_the_order_that_odk_collect_gives() -> None:
    # JavaRosa's own case: RandomizeTypesTest.
    assert "".join("abcdefgh"[place] for place in shuffled_places(8, 1234)) == "gfedahbc"


@pytest.mark.parametrize("filter_", ["prov = ${prov}", "${prov} = prov"])
def test_in_a_repeat_a_list_is_found_by_the_answer_of_the_same_instance(filter_: str) -> None:
    talk = Talk(f"""\
        | survey | type | name | label | choice_filter |
        | | begin_repeat | farm | A farm | |
        | | select_one provinces | prov | Province? | |
        | | begin_group | where | Where | |
        | | select_one districts | dist | District? | {filter_} |
        | | end_group | | | |
        | | end_repeat | | | |
        | choices | list_name | name | label | prov |
        | | provinces | a | A | |
        | | provinces | b | B | |
        | | districts | one | One | a |
        | | districts | two | Two | b |
    """)
    listed = talk.flow.by_name["dist"].choices

    assert listed is not None
    assert listed.by is not None, "the rows are grouped, not looked through"
    assert talk("1").startswith("District?\n1 One\n0 Skip")
    assert talk("1", "1", "2").startswith("District?\n1 Two\n0 Skip")


def test_a_filter_that_looks_at_all_instances_is_no_look_up() -> None:
    talk = Talk("""\
        | survey | type | name | label | choice_filter |
        | | begin_repeat | farm | A farm | |
        | | select_one provinces | prov | Province? | |
        | | select_one districts | dist | District? | prov = current()/../../farm/prov |
        | | end_repeat | | | |
        | choices | list_name | name | label | prov |
        | | provinces | a | A | |
        | | provinces | b | B | |
        | | districts | one | One | a |
        | | districts | two | Two | b |
    """)
    listed = talk.flow.by_name["dist"].choices

    assert listed is not None
    assert listed.by is None
    assert talk("1", "1", "1", "2").startswith("District?\n1 One\n2 Two\n")
