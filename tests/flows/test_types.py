"""How the question types go in a run: help, orders, times, skipped questions, hidden values and what is filled in by itself."""

import pytest

from app.flows.asking.state import Answered, Ended, Refused, State
from app.flows.reading.compile import compile_form
from app.flows.reading.faults import FormError
from app.flows.reading.load import load
from app.values import SMS_ROOM
from tests.forms import as_csv
from tests.talk import Talk

HINTS = """\
    | survey | type | name | label::English (en) | label::Shona (sn) | hint::English (en) | hint::Shona (sn) \
| guidance_hint::English (en) | required | bind::izwi:role |
    | | select_one languages | language | Language? | Mutauro? | | | | yes | language |
    | | text | village | Which village? | Musha upi? | Where you sleep. | Kwamunorara. | Not where you work. | yes | |
    | | integer | people | How many people? | Vangani? | | | | | |
    | choices | list_name | name | label::English (en) | label::Shona (sn) |
    | | languages | en | English | English |
    | | languages | sn | Shona | Shona |
    | settings | default_language |
    | | English (en) |
"""


def test_a_question_mark_shows_the_hints_and_is_neither_an_answer_nor_a_try() -> None:
    talk = Talk(HINTS, room=SMS_ROOM)
    assert talk("1") == "Which village?\n? Help"

    assert talk("?") == "Where you sleep.\nNot where you work.\nWhich village?"
    assert talk.events == ()
    assert talk(" ? ") == talk.screen

    talk("Gutu")
    answered = talk.events[0]
    assert isinstance(answered, Answered)
    assert (answered.value, answered.attempts) == ("Gutu", 1)


def test_help_is_in_her_language_and_says_so_where_there_is_none() -> None:
    talk = Talk(HINTS, room=SMS_ROOM)

    assert talk("2", "?").startswith("Kwamunorara.\nNot where you work.\nMusha upi?")
    assert talk("Gutu", "?") == "Hapana rumwe rubatsiro pamubvunzo uyu.\nVangani?\nP Pfuura"


def test_help_goes_away_with_the_next_reply_or_dial() -> None:
    talk = Talk(HINTS, room=SMS_ROOM)
    talk("1", "?")

    assert talk.redial() == "Which village?\n? Help"
    assert talk("?", "0").startswith("This question needs an answer.\nWhich village?")
    assert talk.events == (Refused("village", "needed"),)


RANK = """\
    | survey | type | name | label | choice_filter | parameters |
    | | select_multiple needs | known | Which do you know? | | |
    | | rank needs | order | Which matters most? | selected(${known}, name) | |
    | | note | first | You want ${first_name}. | | |
    | | calculate | first_name | | | |
    | choices | list_name | name | label |
    | | needs | water | Water |
    | | needs | roads | Roads |
    | | needs | light | Light |
"""
RANK = RANK.replace("| parameters |", "| parameters | calculation |").replace(
    "| | calculate | first_name | | | |",
    "| | calculate | first_name | | | | jr:choice-name(selected-at(${order}, 0), '${order}') |",
)


def test_an_order_is_of_what_the_filter_leaves() -> None:
    talk = Talk(RANK)
    talk("1 3")
    assert talk.lines[:4] == ["Which matters most?", "1 Water", "2 Light", "(all the numbers in your order)"]

    assert talk("1").startswith("Give each number once, in your order.")
    assert talk("21") == "You want Light."
    assert talk.answers["order"] == "light water"


def test_an_order_is_asked_again_when_the_list_is_another() -> None:
    talk = Talk(RANK.replace("| | note |", "| | text | more | Anything else? | | | |\n    | | note |", 1))
    talk("1 3", "21", "88", "88", "1 2 3")

    assert talk.lines[0] == "Which matters most?"
    assert "order" not in talk.answers


TIMES = """\
    | survey | type | name | label | constraint | default | bind::izwi:date_order |
    | | date | born | Born? | | | |
    | | date | wed | Married? | | | dmy |
    | | time | came | Came? | . != '' | | |
    | | dateTime | next | Next? | . > now() | | |
    | settings | form_id | izwi:date_order |
    | | times | mdy |
"""


def test_the_survey_says_how_dates_are_written_and_a_question_may_differ() -> None:
    talk = Talk(TIMES)
    assert talk.lines[:2] == ["Born?", "(month/day/year)"]

    assert talk("25/12/1990").startswith("Write month/day/year, e.g. 12/25/1990.")
    assert talk("12/25/1990").split("\n")[:2] == ["Married?", "0 Skip"]
    talk("25/12/2010", "2.30pm", "1/2/2020 8am")
    assert talk.lines[0] == "That answer is not possible."
    talk("1/2/2027 8am")

    assert talk.answers == {
        "born": "1990-12-25", "wed": "2010-12-25", "came": "14:30:00.000+02:00", "next": "2027-01-02T08:00:00.000+02:00",
    }  # fmt: skip


MEDIA = """\
    | survey | type | name | label | relevant | bind::izwi:typed | required |
    | | text | who | Who? | | | |
    | | image | photo | A picture? | | | no |
    | | geopoint | here | Where? | | | |
    | | geopoint | home | Where from? | | yes | |
    | | background-audio | sound | | | | |
    | | start-geopoint | began | | | | |
    | | audit | audit | | | | |
    | | barcode | code | Code? | | | |
    | | text | why | No picture? | ${photo} = '' | | |
"""


def test_what_a_basic_phone_cannot_do_is_not_asked_and_stays_empty() -> None:
    talk = Talk(MEDIA)

    assert talk("Rudo").startswith("Where from?")
    assert talk("-17.83 31.05").startswith("No picture?")
    talk("None")

    assert talk.answers == {"who": "Rudo", "home": "-17.83 31.05 0 0", "why": "None"}
    assert talk.events[-1][:4] == ("completed", "", "why", {})


def test_what_is_not_asked_is_told_by_its_row() -> None:
    form = load(MEDIA.replace("    |", "|").encode(), "form.md")

    assert [str(each) for each in form.warnings] == [
        "survey, row 3, photo: nobody is asked: a basic phone cannot take pictures. Its answers stay empty.",
        "survey, row 4, here: nobody is asked: a basic phone does not know where it is. Its answers stay empty.",
        "survey, row 6, sound: nobody is asked: a basic phone cannot send sounds. Its answers stay empty.",
        "survey, row 7, began: nobody is asked: a basic phone does not know where it is. Its answers stay empty.",
        "survey, row 9, code: nobody is asked: a basic phone cannot read bar codes. Its answers stay empty.",
        "survey, row 8, audit: nobody is asked: Izwi keeps a record of every turn by itself. Its answers stay empty.",
    ]


METADATA = """\
    | survey | type | name | label | default | relevant |
    | | start | began | | | |
    | | end | finished | | | |
    | | today | day | | | |
    | | deviceid | device | | | |
    | | username | person | | | |
    | | phonenumber | number | | | |
    | | hidden | project | | wells | |
    | | text | wish | What do you wish, on ${day}, for ${project}? | | ${device} != '' |
    | settings | form_id | izwi:numbers |
    | | meta | yes |
"""


def test_what_a_smartphone_fills_in_is_there_from_the_start_and_never_a_number() -> None:
    talk = Talk(METADATA, state=State(1, "en", who="k7mp2"))
    assert talk.lines[0] == "What do you wish, on 2026-11-23, for wells?"
    assert talk.answers == {}

    talk("Water")

    ended = talk.events[-1]
    assert isinstance(ended, Ended)
    assert ended.calculated == {
        "began": "2026-11-23T12:00:00.000+02:00", "finished": "2026-11-23T12:00:00.000+02:00", "day": "2026-11-23",
        "device": "izwi:k7mp2", "person": "k7mp2", "number": "", "project": "wells",
    }  # fmt: skip


def test_who_wants_phone_numbers_is_told_that_there_are_none() -> None:
    warnings = [str(each) for each in load(METADATA.replace("    |", "|").encode(), "form.md").warnings]

    cure, instead = "Take the row out, if it is not needed elsewhere.", "Answers carry a pseudonym instead."
    assert warnings == [
        "survey, row 7, number: it stays empty: a phone number would tell who she is. " + cure,
        "settings, row 2, izwi:numbers: no form is given phone numbers, whatever this says. " + instead,
    ]


def test_what_or_other_adds_cannot_be_named() -> None:
    sheets = {
        "survey": [
            ["type", "name", "label"],
            ["select_one crops or_other", "crop", "Crop?"],
            ["note", "b", "${crop_other}"],
        ],
        "choices": [["list_name", "name", "label"], ["crops", "maize", "Maize"]],
    }

    with pytest.raises(FormError, match=r"row 3, b: label: there is no question crop_other\. What or_other adds"):
        load(as_csv(sheets), "form.csv")


@pytest.mark.parametrize(
    ("header", "other", "which"),
    [
        (["label"], {"en": "Other"}, {"en": "Which other?"}),
        (
            ["label::English (en)", "label::Shona (sn)", "label::French (fr)"],
            {"en": "Other", "sn": "Zvimwe", "fr": "Other"},
            {"en": "Which other?", "sn": "Zvimwe zvipi?", "fr": "Which other?"},
        ),
    ],
)
def test_or_other_adds_a_choice_and_a_question_in_every_language(
    header: list[str], other: dict[str, str], which: dict[str, str]
) -> None:
    sheets = {
        "survey": [["type", "name", *header], ["select_one crops or_other", "crop", *(["Crop?"] * len(header))]],
        "choices": [["list_name", "name", *header], ["crops", "maize", *(["Maize"] * len(header))]],
    }  # fmt: skip

    flow = compile_form(load(as_csv(sheets), "form.csv"))

    choices = flow.by_name["crop"].choices
    assert choices is not None
    assert {locale: "".join(map(str, text)) for locale, text in choices.choices[-1].labels.items()} == other
    labels = flow.by_name["crop_other"].labels
    assert {locale: "".join(map(str, text)) for locale, text in labels.items()} == which


def test_a_setting_that_nobody_reads_is_told() -> None:
    sheets = {"survey": [["type", "name", "label"], ["text", "a", "A?"]], "settings": [["izwi:date_ordr"], ["mdy"]]}

    form = load(as_csv(sheets), "form.csv")

    assert [str(each) for each in form.warnings] == [
        "settings, row 1, izwi:date_ordr: Izwi has no such setting, so it is not read. Is it izwi:date_order?"
    ]
