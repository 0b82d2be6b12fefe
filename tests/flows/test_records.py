"""Finished records: what ODK Collect would submit, checked against the form itself for many respondents."""

from importlib import resources
from pathlib import Path

import pytest

from app.flows.asking.record import write
from app.flows.asking.state import State
from app.flows.flow import Flow
from app.flows.reading.compile import compile_form
from app.flows.reading.load import load
from app.gateway.bringing import bring
from app.values import SMS_ROOM
from tests.records import XForm, out_of_place, problems, walk
from tests.talk import AT, Talk

TESTS = Path(__file__).parent.parent
FORMS = {
    path.stem: path
    for path in (
        *sorted((TESTS / "forms").glob("*.md")),
        TESTS / "surveys" / "market.md",
        resources.files("app.flows.surveys") / "leave_no_one_behind.md",
    )
}
RUNS = 60
UID = "0190f0a0-1111-7222-8333-444455556666"


@pytest.mark.parametrize("name", FORMS)
def test_the_records_of_chance_respondents_are_as_the_form_says(name: str) -> None:
    form = bring(FORMS[name])
    flow, model = compile_form(form), XForm(form.xform)

    ends = [run for seed in range(RUNS) if (run := walk(flow, seed))]

    assert len(ends) > RUNS * 0.8
    for run in ends:
        found = [*problems(model, run.record, run.state.uid), *out_of_place(flow, run.state, run.record)]
        assert found == [], run.record


def test_the_respondents_of_the_family_fill_repeats_in_repeats() -> None:
    flow = compile_form(bring(FORMS["family"]))
    records = [run.record for seed in range(RUNS) if (run := walk(flow, seed))]

    assert sum(record.count("<person>") > 1 for record in records) > 10
    assert sum(record.count("<cow>") > 1 for record in records) > 5
    assert any("<grown>" in record for record in records)
    assert any("<person>" not in record for record in records)


BROKEN = {
    "no number": ("<rooms>", "<rooms>many", "/data/house/rooms is no decimal"),
    "a node of no model": ("<head>", "<extra/><head>", "/data/extra is not in the model"),
    "a value less": ("<source>radio</source>", "", "/data/source is missing"),
    "a place less": ("<place/>", "", "place is there 1 times, not 2"),
    "a group twice": ("<house>", "<house/><house>", "/data/house is there twice"),
    "another version": ('version="2026-11"', "", "the root has"),
    "another name": ("uuid:", "", "instanceID is"),
    "a false answer": ("<at_home>yes", "<at_home>no", "/data/at_home is no, not yes"),
    "a value that is none": ("<sure>", "<sure>NaN", "/data/sure is NaNOK"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_the_checker_finds_a_broken_record(what: str) -> None:
    form = bring(FORMS["family"])
    flow, model = compile_form(form), XForm(form.xform)
    before, after, says = BROKEN[what]
    run = next(
        run for seed in range(200)
        if (run := walk(flow, seed)) and all(each[0] in run.record for each in BROKEN.values())
    )  # fmt: skip

    broken = run.record.replace(before, after, 1)

    found = [*problems(model, broken, run.state.uid), *out_of_place(flow, run.state, broken)]
    assert any(each.startswith(says) for each in found), found


def record_of(form: str, *replies: str) -> str:
    """The record of a run with these replies."""
    talk = Talk(form, room=SMS_ROOM, state=State(1, "default", uid=UID, who="abcdefgh"))
    talk(*replies)
    assert talk.state.ended
    return write(talk.flow, talk.state, AT)


def test_what_is_not_relevant_is_left_out_and_an_empty_group_stays() -> None:
    form = """\
        | survey | type | name | label | relevant | calculation |
        | | text | word | A word? | | |
        | | begin_group | kept | Kept | | |
        | | text | inside | Inside? | ${word} = 'a' | |
        | | end_group | | | | |
        | | begin_group | gone | Gone | ${word} = 'a' | |
        | | text | deep | Deep? | | |
        | | end_group | | | | |
        | | image | seen | See | ${word} = 'a' | |
        | | image | shown | Show | | |
        | | calculate | sum | | ${word} = 'a' | 1 + 1 |
        | | note | bye | Bye | | |
        | settings | form_id | version |
        | | words | 3 |
    """

    assert record_of(form, "b") == (
        '<data id="words" version="3"><word>b</word><kept/><shown/><bye/>'
        f"<meta><instanceID>uuid:{UID}</instanceID></meta></data>"
    )


def test_an_instance_of_a_repeat_stays_when_nothing_in_it_is_relevant() -> None:
    form = """\
        | survey | type | name | label | relevant | repeat_count |
        | | text | word | A word? | | |
        | | begin_repeat | row | Row | | 3 |
        | | text | cell | Cell? | ${word} = 'a' | |
        | | end_repeat | | | | |
        | settings | form_id | version |
        | | rows | 1 |
    """

    assert "<row/><row/><row/>" in record_of(form, "b")


def test_what_is_no_number_is_no_value() -> None:
    form = """\
        | survey | type | name | label | calculation |
        | | integer | age | Age? | |
        | | calculate | next | | ${age} + 1 |
        | | calculate | known | | if(${next} = '', 'no', 'yes') |
        | settings | form_id | version |
        | | ages | 1 |
    """

    assert "<age/><next/><known>no</known>" in record_of(form, "SKIP")
    assert "<age>7</age><next>8</next><known>yes</known>" in record_of(form, "7")


def test_a_default_that_is_worked_out_is_in_each_instance() -> None:
    form = """\
        | survey | type | name | label | default | repeat_count |
        | | integer | many | How many? | | |
        | | begin_repeat | row | Row | | ${many} |
        | | text | cell | Cell? | concat('nr ', position(..)) | |
        | | end_repeat | | | | |
        | settings | form_id | version |
        | | rows | 1 |
    """

    assert "<row><cell>nr 1</cell></row><row><cell>x</cell></row>" in record_of(form, "2", "SKIP", "x")


XFORM = """\
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
    xmlns:orx="http://openrosa.org/xforms" xmlns:odk="http://www.opendatakit.org/xforms"
    xmlns:jr="http://openrosa.org/javarosa">
  <h:head><h:title>Old</h:title><model>
    <instance>
      <data id="old" orx:version="7" odk:prefix="w">
        <word odk:tag="w"/><row jr:template=""><cell/></row>
        <orx:meta><orx:instanceID/></orx:meta>
      </data>
    </instance>
    <bind nodeset="/data/word" type="string"/><bind nodeset="/data/row/cell" type="string"/>
    <bind nodeset="/data/orx:meta/orx:instanceID" type="string" jr:preload="uid"/>
  </model></h:head>
  <h:body>
    <input ref="/data/word"><label>A word?</label></input>
    <repeat nodeset="/data/row" jr:count="2"><input ref="/data/row/cell"><label>Cell?</label></input></repeat>
  </h:body>
</h:html>
"""


def test_names_and_attributes_are_written_as_the_form_writes_them() -> None:
    flow: Flow = compile_form(load(XFORM.encode(), "old.xml"))

    run = walk(flow, 1)

    assert run is not None
    assert list(problems(XForm(XFORM.encode()), run.record, run.state.uid)) == []
    assert 'id="old" orx:version="7" odk:prefix="w"><word odk:tag="w">' in run.record
    assert "<orx:meta><orx:instanceID>uuid:" in run.record
    assert "jr:template" not in run.record
