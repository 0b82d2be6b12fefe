"""The dictionary of a survey: names and codes that stay, whatever a later version does."""

import pytest

from app.flows.dictionary.describe import ABOUT, describe
from app.flows.dictionary.variable import Measure, Missing
from app.flows.flow import Flow
from app.flows.reading.compile import compile_form
from app.flows.reading.load import load

HEAD = "| survey | type | name | label::English (en) | label::Shona (sn) | relevant | required |\n|---|---|---|---|---|---|---|\n"
SETTINGS = (
    "\n| settings | form_id | form_title | version | default_language |\n|---|---|---|---|---|\n"
    "| | wells | Wells | {version} | English (en) |\n"
)


def form(rows: str, choices: str = "", version: str = "1") -> Flow:
    listed = (
        "\n| choices | list_name | name | label::English (en) | label::Shona (sn) |\n|---|---|---|---|---|\n" + choices
    )
    text = HEAD + rows + (listed if choices else "") + SETTINGS.format(version=version)
    return compile_form(load(text.encode(), "wells.md"))


YES_NO = "| | yn | yes | Yes | Hongu |\n| | yn | no | No | Kwete |\n"


def test_a_variable_says_what_it_is_in_each_language() -> None:
    flow = form(
        "| | select_one yn | works | Does it work? | Rinoshanda here? | | yes |\n"
        "| | integer | days | Days since ${works}? | Mazuva? | ${works} = 'no' | |\n"
        "| | note | bye | Thanks | Tatenda | | |\n",
        YES_NO,
    )

    works, days = describe([flow]).variables

    assert (works.measure, works.required, works.relevant) == (Measure.ONE, True, "")
    assert works.labels == {"en": "Does it work?", "sn": "Rinoshanda here?"}
    assert [(each.name, each.code, each.labels["sn"]) for each in works.categories] == [
        ("yes", 1, "Hongu"), ("no", 2, "Kwete"),
    ]  # fmt: skip
    assert (days.measure, days.relevant, days.labels["en"]) == (Measure.WHOLE, "works is No", "Days since …?")


def test_codes_stay_when_a_choice_comes_in_before_them() -> None:
    rows = "| | select_one yn | works | Does it work? | Rinoshanda here? | | |\n"
    old = form(rows, YES_NO)
    new = form(rows, "| | yn | partly | Partly | Zvishoma |\n" + YES_NO, "2")

    (works,) = describe([old, new]).variables

    assert {each.name: each.code for each in works.categories} == {"yes": 1, "no": 2, "partly": 3}
    assert works.versions == ("1", "2")


def test_choices_that_are_figures_are_their_own_codes() -> None:
    flow = form(
        "| | select_one n | many | How many? | Zvingani? | | |\n",
        "| | n | 0 | None | Hapana |\n| | n | 99 | Many | Zvakawanda |\n",
    )

    (many,) = describe([flow]).variables

    assert [each.code for each in many.categories] == [0, 99]


def test_what_only_an_older_version_has_stands_at_the_end_under_its_own_name() -> None:
    old = form("| | text | depth | Depth? | Kudzika? | | |\n| | text | owner | Owner? | Muridzi? | | |\n")
    new = form("| | text | owner | Owner? | Muridzi? | | |\n| | text | Depth | Depth? | Kudzika? | | |\n", version="2")

    found = describe([old, new]).variables

    assert [(each.name, each.column, each.short) for each in found] == [
        ("owner", "owner", "owner"), ("Depth", "Depth_2", "Depth_2"), ("depth", "depth", "depth"),
    ]  # fmt: skip


def test_a_type_that_changed_holds_both() -> None:
    before = form("| | integer | depth | Depth? | Kudzika? | | |\n")
    measured = form("| | decimal | depth | Depth? | Kudzika? | | |\n", version="2")
    told = form("| | text | depth | Depth? | Kudzika? | | |\n", version="3")

    assert describe([before, measured]).variables[0].measure is Measure.NUMBER
    assert describe([before, measured, told]).variables[0].measure is Measure.TEXT


@pytest.mark.parametrize("name", ABOUT)
def test_no_question_takes_the_name_of_a_column_that_every_table_has(name: str) -> None:
    (variable,) = describe([form(f"| | text | {name} | Well? | Tsime? | | |\n")]).variables

    assert variable.name == name
    assert (variable.column, variable.short) == (f"{name}_2", f"{name}_2")


def test_long_and_unusual_names_are_cut_for_programs_and_never_alike() -> None:
    long = "a" * 63
    rows = "".join(f"| | text | {name} | Q | M | | |\n" for name in (f"{long}1", f"{long}2", "_2nd.part-b"))

    one, two, three = describe([form(rows)]).variables

    assert {len(one.column), len(two.column)} == {63}
    assert one.column != two.column
    assert (one.short, two.short) == ("a" * 32, "a" * 30 + "_2")
    assert (three.column, three.short) == ("_2nd.part-b", "q2nd_part_b")


def test_choices_that_mean_no_answer_are_known() -> None:
    flow = form(
        "| | select_one yn | works | Does it work? | Rinoshanda here? | | |\n",
        YES_NO + "| | yn | dont_know | Do not know | Handizivi |\n| | yn | prefer_not_to_say | No answer | Handidi |\n",
    )  # fmt: skip

    (works,) = describe([flow]).variables

    assert [each.missing for each in works.categories] == [None, None, Missing.DONT_KNOW, Missing.REFUSED]


@pytest.mark.parametrize(
    ("relevant", "words"),
    [
        ("${works} = 'yes'", "works is Yes"),
        ("${works} != ''", "works is answered"),
        ("'' = ${works}", "works is not answered"),
        ("${works} = 'no' or ${depth} >= 5", "works is No or depth is at least 5"),
        ("not(${depth} < 5)", "not (depth is less than 5)"),
        ("selected(${works}, 'yes') and (${depth} = 3)", "works includes Yes and (depth is 3)"),
        ("string-length(${works}) = 2", "string-length( /data/works ) = 2"),
    ],
)
def test_who_is_asked_is_said_in_words(relevant: str, words: str) -> None:
    rows = (
        "| | select_one yn | works | Does it work? | Rinoshanda here? | | |\n"
        "| | integer | depth | Depth? | Kudzika? | | |\n"
        f"| | text | why | Why? | Sei? | {relevant} | |\n"
    )

    assert describe([form(rows, YES_NO)]).variables[-1].relevant == words
