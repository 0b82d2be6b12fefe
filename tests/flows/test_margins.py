"""izwi:margin: which question says where a respondent belongs, and every way to write it wrong."""

from textwrap import dedent

import pytest

from app.flows.reading.compile import compile_form
from app.flows.reading.faults import FormError
from app.flows.reading.load import load

FORM = """\
    | survey | type | name | label | calculation | repeat_count | bind::izwi:margin |
    {rows}
    | choices | list_name | name | label |
    | | sexes | female | Woman |
    | | sexes | male | Man |
    | settings | form_id | version |
    | | margins | 1 |
"""
SEX = "| | select_one sexes | sex | Woman or man? | | | sex female=woman male=man |"
BORN = "| | integer | born | Born in which year? | | | |"
BAND = "| | calculate | band | | if(${born} < 1990, '35-44', '18-24') | | age |"


def flow(*rows: str) -> object:
    text = dedent(FORM).format(rows="\n".join(row.strip() for row in rows))
    return compile_form(load(text.encode(), "form.md"))


def test_a_choice_means_the_category_that_the_mark_names() -> None:
    found = compile_form(load(dedent(FORM).format(rows="\n".join((SEX, BORN, BAND))).encode(), "form.md")).by_name

    assert found["sex"].margin is not None
    assert found["sex"].margin.dimension == "sex"
    assert [found["sex"].margin.category(each) for each in ("female", "male", "other")] == ["woman", "man", "other"]
    assert found["band"].margin is not None
    assert found["band"].margin.dimension == "age"
    assert found["born"].margin is None


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            ("| | select_one sexes | sex | Woman or man? | | | gender |",),
            "survey, row 2, sex: izwi:margin is 'gender'. Write one of: province, sex, residence, age",
        ),
        (
            (BORN.replace("| |\n", "").rstrip("| ") + " | | | age |",),
            "survey, row 2, born: izwi:margin is at a integer.",
        ),
        (
            ("| | select_one sexes | sex | Woman or man? | | | sex girl=woman |",),
            "survey, row 2, sex: izwi:margin names girl, which is no choice. Its choices are: female, male.",
        ),
        (
            ("| | select_one sexes | sex | Woman or man? | | | sex female |",),
            "survey, row 2, sex: izwi:margin says 'female'.",
        ),
        (
            (SEX, SEX.replace("| sex |", "| again |")),
            "survey, row 3, again: sex has izwi:margin sex too. Leave it at one of the two.",
        ),
        (
            ("| | begin_repeat | all | Each | | 2 | |", SEX, "| | end_repeat | | | | | |"),
            "survey, row 3, sex: izwi:margin is inside a repeat. Ask it once of each respondent, outside of repeats.",
        ),
    ],
)
def test_a_mark_that_cannot_be_used_is_told_by_its_row(rows: tuple[str, ...], told: str) -> None:
    with pytest.raises(FormError) as refused:
        flow(*rows)

    assert str(refused.value).startswith(told)
