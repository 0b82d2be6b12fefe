"""What a form becomes: questions in order, conditions of groups handed down, choices, languages, calculations in order."""

from datetime import datetime

import pytest

from app.flows import phrases
from app.flows.asking.document import Document
from app.flows.asking.engine import advance
from app.flows.asking.state import Reply, State
from app.flows.flow import Flow
from app.flows.questions import QUESTIONS
from app.flows.reading.compile import compile_form
from app.flows.reading.faults import FormError
from app.flows.reading.load import Form, load
from app.flows.xpath.expressions import Expression
from app.values import USSD_ROOM
from tests.forms import as_csv, flow_of

AT = datetime(2026, 11, 23, 12, 0, 0)  # noqa: DTZ001 -- only the calendar counts here

XFORM = """
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa">
  <h:head><h:title>By hand</h:title><model>
    <instance><d:data xmlns:d="urn:x" id="hand" version="2"><d:g><d:a/><d:b>2</d:b></d:g><d:c/></d:data></instance>
    <instance id="l"><root><item><code>x</code><text>X</text></item><item><code>y</code><text>Y</text></item></root></instance>
    <bind id="ba" nodeset="/d:data/d:g/d:a" type="xsd:string"/>
    <bind nodeset="g/b" type="int" relevant="../a = 'x'"/>
    <bind nodeset="/data/g" relevant="../c != 'never'"/>
    <bind nodeset="/data/c" type="select1"/>
  </model></h:head>
  <h:body>
    <!-- a comment -->
    <select1 bind="ba"><label>A<!-- another --> or not?</label>
      <itemset nodeset="instance('l')/root/item"><value ref="code"/><label ref="text"/></itemset></select1>
    <input ref="/data/g/b"><label>B of <output ref="/data/g/a"/>?</label></input>
    <select1 ref="/data/c"><label>C?</label><item><label>Never</label><value>never</value></item></select1>
  </h:body>
</h:html>
"""


def compiled(survey: list[list[str]], choices: list[list[str]] | None = None) -> Flow:
    sheets = {"survey": survey} | ({"choices": choices} if choices else {})
    return compile_form(load(as_csv(sheets), "form.csv"))


def document(flow: Flow, **answers: str) -> Document:
    return Document(flow, State(1, "en", answers=answers), AT)


def test_a_form_with_everything_uses_every_question_type() -> None:
    flows = [flow_of("household.md"), flow_of("clinic.md")]

    assert {question.kind.name for flow in flows for question in flow.questions} == set(QUESTIONS)


def test_questions_stand_in_the_order_of_the_form_and_calculations_after_them() -> None:
    flow = flow_of("household.md")

    names = [question.name for question in flow.questions]
    assert names[:6] == ["language", "welcome", "agree", "goodbye", "name", "people"]
    assert names[-2:] == ["age", "province_label"]
    assert [question.index for question in flow.questions] == list(range(len(names)))


def test_the_conditions_of_all_groups_around_it_are_a_questions_own() -> None:
    flow = flow_of("household.md")

    sources = [" ".join(each.source.split()) for each in flow.by_name["born"].relevant]
    assert sources == ["/data/agree = 'yes'", "/data/home/people > 0"]


def test_a_calculation_in_a_group_that_does_not_apply_has_no_value() -> None:
    flow = flow_of("household.md")

    answers = {"agree": "yes", "people": "2", "born": "2020-01-01"}
    assert document(flow, **answers).calculated()["age"] == "6"
    assert document(flow, **answers | {"people": "0"}).calculated()["age"] == ""


def test_a_choice_filter_leaves_the_choices_that_fit() -> None:
    flow = flow_of("household.md")

    left = document(flow, province="mw").choices(flow.by_name["district"])

    assert [choice.name for choice in left] == ["kariba", "chegutu"]


def test_a_fixed_choice_and_a_random_order_are_known() -> None:
    choices = flow_of("household.md").by_name["wants"].choices

    assert choices is not None
    assert choices.randomize
    assert [choice.name for choice in choices.choices if choice.fixed] == ["nothing"]


def test_a_seed_from_an_unanswered_question_is_a_seed_too() -> None:
    flow = compiled(
        [["type", "name", "label", "parameters"], ["integer", "s", "Seed?", ""],
         ["select_one l", "a", "A?", "randomize=true, seed=${s}"]],
        [["list_name", "name", "label"], ["l", "x", "X"], ["l", "y", "Y"]],
    )  # fmt: skip

    left = document(flow).choices(flow.by_name["a"])

    assert {choice.name for choice in left} == {"x", "y"}


def test_texts_have_their_values_and_languages() -> None:
    flow = flow_of("household.md")

    shown = document(flow, name="Rudo").text(flow.by_name["people"].shorts, flow.by_name["people"])
    assert shown == "How many live with you?"
    assert document(flow, name="Rudo").text(flow.by_name["people"].labels, flow.by_name["people"]).endswith(", Rudo?")
    assert dict(flow.locales) == {"en": "English", "sn": "Shona"}


def test_a_name_of_a_choice_is_shown_in_the_language_of_the_respondent() -> None:
    flow = flow_of("household.md")

    assert document(flow, agree="yes", province="mw").calculated()["province_label"] == "Mashonaland West"


def test_a_read_only_text_is_a_note() -> None:
    assert flow_of("household.md").by_name["summary"].kind is QUESTIONS["note"]


def test_a_question_stores_what_stood_in_its_default() -> None:
    assert flow_of("household.md").by_name["people"].default == "4"


def test_a_calculation_comes_after_those_it_reads_however_long_the_chain() -> None:
    rows = [["calculate", f"c{n}", "", f"${{c{n + 1}}} + 1"] for n in range(1500)]
    survey = [["type", "name", "label", "calculation"], ["integer", "c1500", "Count?", ""], *rows]

    flow = compiled(survey)

    assert flow.calculates[0].name == "c1499"
    assert document(flow, c1500="1").calculated()["c0"] == "1501"


def test_a_calculation_that_gives_a_date_is_compared_as_one() -> None:
    survey = [
        ["type", "name", "label", "calculation", "relevant"],
        ["date", "visit", "When?", "", ""],
        ["calculate", "due", "", "date(${visit} + 30)", ""],
        ["note", "late", "Late", "", "${due} < today()"],
    ]

    flow = compiled(survey)

    assert document(flow, visit="2026-10-01").relevant(flow.by_name["late"])
    assert not document(flow, visit="2026-11-01").relevant(flow.by_name["late"])


def test_a_condition_that_reads_only_answers_is_worked_out_once() -> None:
    flow = flow_of("household.md")

    conditions = {each.source.strip(): each for question in flow.questions for each in question.relevant}
    assert {source: each.memo is not None for source, each in conditions.items()} == dict.fromkeys(conditions, True)


def test_an_xform_written_by_hand_is_understood() -> None:
    flow = compile_form(load(XFORM.encode(), "hand.xml"))

    a, b, c = flow.questions
    assert (flow.id, flow.title, flow.version) == ("hand", "By hand", "2")
    assert [a.choices and [each.name for each in a.choices.choices], c.choices and len(c.choices.choices)] == [
        ["x", "y"],
        1,
    ]
    assert a.labels == {"en": ("A or not?",)}
    assert b.default == "2"
    assert document(flow, a="x").text(b.labels, b) == "B of x?"
    assert [document(flow, a="x", c=value).relevant(b) for value in ("", "never")] == [True, False]


def test_a_stored_form_compiles_without_knowing_its_rows() -> None:
    form = load(XFORM.encode(), "hand.xml")

    assert compile_form(Form(form.xform, {}, ())).id == "hand"


@pytest.mark.parametrize(("name", "limit"), [("n" * 64, True), ("n" * 65, False)])
def test_a_name_may_be_as_long_as_the_store_can_keep(name: str, limit: bool) -> None:
    survey = [["type", "name", "label"], ["text", name, "A?"]]

    if limit:
        assert list(compiled(survey).by_name) == [name]
        return
    with pytest.raises(FormError, match="the name is longer than 64 characters"):
        compiled(survey)


def test_two_columns_for_one_language_are_refused() -> None:
    survey = [["type", "name", "label::French (fr)", "label::Français (fr)"], ["text", "a", "A?", "A?"]]

    with pytest.raises(FormError, match="two languages have the code fr"):
        compiled(survey)


def test_expressions_of_a_thousand_questions_compile_soon() -> None:
    rows = [["integer", f"q{n}", f"Question {n}?", f"${{q{max(n - 1, 0)}}} > {n}" if n else ""] for n in range(1000)]

    flow = compiled([["type", "name", "label", "relevant"], *rows])

    assert len(flow.questions) == 1000
    assert all(isinstance(each, Expression) for question in flow.questions for each in question.relevant)


def test_a_control_character_in_an_answer_does_not_stop_a_turn() -> None:
    flow = compiled([["type", "name", "label", "relevant"], ["text", "a", "A?", ""], ["text", "b", "B?", "${a} != ''"]])
    state = advance(flow, State(seed=1, locale="en"), Reply(None, USSD_ROOM), AT).state

    step = advance(flow, state, Reply("Ru\x07do\x00", USSD_ROOM), AT)

    assert step.state.answers == {"a": "Rudo"}
    assert step.state.open == "b"


def test_words_of_the_system_are_in_every_language_of_the_survey_that_ships() -> None:
    assert {"en", "sn", "nd"} <= set(phrases.PHRASES["next"])


def test_what_is_worked_out_once_is_kept_from_turn_to_turn() -> None:
    flow = compiled(
        [
            ["type", "name", "label", "calculation"],
            ["text", "word", "Word?", ""],
            ["calculate", "began", "", "once(now())"],
            ["calculate", "number", "", "once(random())"],
        ]
    )
    state = State(1, "en")
    first = Document(flow, state, AT)
    first.settle()
    kept = dict(state.given)

    later = Document(flow, State(1, "en", answers={"word": "x"}, given=dict(kept)), AT.replace(hour=15))

    assert kept.keys() == {"began", "number"}
    assert later.calculated() == first.calculated() == kept
    assert kept["began"].startswith("2026-11-23T12:00:00")


def test_an_expression_knows_the_run_but_not_more() -> None:
    flow = compiled(
        [
            ["type", "name", "label", "calculation"],
            ["text", "word", "Word?", ""],
            ["calculate", "who", "", "concat(property('username'), ' of ', version())"],
            ["calculate", "code", "", "uuid(8)"],
        ]
    )
    runs = [Document(flow, State(1, "en", who="line1", uid=name), AT).calculated() for name in ("a", "b")]

    assert runs[0]["who"] == f"line1 of {flow.template.get('version') or ''}"
    assert runs[0]["code"] != runs[1]["code"]
