"""What a form says about figures: never less than the floor, and what is wrong is told by sheet and row."""

import pytest

from app.flows.flow import Flow
from app.flows.guard import Guard
from app.flows.reading.compile import compile_form
from app.flows.reading.faults import FormError
from app.flows.reading.load import load
from app.gateway.library import shipped

FORM = """
| survey | type | name | label | bind::izwi:area | bind::izwi:bands |
|---|---|---|---|---|---|
| | select_one places | place | Where do you live? | {area} | |
| | integer | age | How old are you? | | {bands} |
| | text | why | Why? | | {text} |

| choices | list_name | name | label |
|---|---|---|---|
| | places | a | A |
| | places | b | B |

| settings | form_id | version | izwi:smallest | izwi:high_risk |
|---|---|---|---|---|
| | home | 1 | {smallest} | {high_risk} |
"""


def flow(**said: str) -> Flow:
    filled = dict.fromkeys(("area", "bands", "text", "smallest", "high_risk"), "") | said
    return compile_form(load(FORM.format(**filled).strip().encode(), "home.md"))


def test_a_form_that_says_nothing_has_the_floor() -> None:
    assert flow().guard == Guard(10, frozenset(), {}, {})


def test_a_form_asks_for_more_care_and_says_what_is_a_place_and_where_bands_begin() -> None:
    found = flow(area="district", bands="18 25 35", smallest="30", high_risk="b").guard
    assert found == Guard(30, frozenset({"b"}), {"place": "district"}, {"age": (18, 25, 35)})


@pytest.mark.parametrize(
    ("said", "problem", "place"),
    [
        ({"smallest": "9"}, "which is below the floor", "settings"),
        ({"smallest": "many"}, "it is 'many'", "settings"),
        ({"high_risk": "b \\| c"}, "it names c, which is no choice", "settings"),
        ({"area": "continent"}, "izwi:area is 'continent'", "survey"),
        ({"bands": "25 18"}, "izwi:bands is '25 18'", "survey"),
        ({"bands": "18 old"}, "izwi:bands is '18 old'", "survey"),
        ({"text": "18"}, "izwi:bands is at a text", "survey"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_place_and_cure(said: dict[str, str], problem: str, place: str) -> None:
    with pytest.raises(FormError, match=problem) as refused:
        flow(**said)

    (fault,) = refused.value.faults
    assert fault.cure
    assert fault.place.sheet == place


def test_lgbt_people_and_refugees_are_at_high_risk_in_the_survey_that_ships() -> None:
    (file,) = [each for each in shipped() if each.name.startswith("leave_no_one_behind")]
    assert compile_form(load(file.read_bytes(), file.name)).guard.high_risk == {"LGB", "REF"}
