"""What expressions say of themselves, what they follow from, and that none can stop a turn.

What each gives is in the tables of `tests/cases/expressions/`, which `test_expression_tables.py` reads.
"""

import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from app.flows.xpath.expressions import FUNCTIONS, JAVAROSA, BadExpression, Expression, Moment, check_functions
from app.flows.xpath.functions import ARGUMENTS
from app.flows.xpath.writing import parse

AT = Moment("2026-11-23T12:30:00.250+02:00", "en", 7)
# The question that each expression below belongs to is `q`; these are the other ones.
DATES, NUMBERS = {"dob"}, {"age", "zero"}
VALUES = {"dob": "2000-02-29", "age": "25", "zero": "0", "empty": "", "name": "Tariro Moyo", "word": "yes", "q": "5"}
LIST = etree.fromstring(
    "<l><root><item><name>a</name><label>Apple</label><size>1</size></item>"
    "<item><name>b</name><label>Bean</label><size>2</size></item>"
    "<item><name>c</name><label>Corn</label><size>2</size></item></root></l>"
)

# Whether a question has an answer, where its truth alone is wanted, as in `relevant`.
ANSWERED = [("${word}", True), ("${empty}", False), ("${zero}", False), ("${age}", True)]

TOO_MUCH = [("(" * 60 + "1" + ")" * 60, "nested too deeply"), ("1" + " + 1" * 5000, "longer than 8000 characters")]


def evaluate(source: str, want: str = "string") -> Any:
    for name in VALUES:
        source = source.replace(f"${{{name}}}", f" /data/{name} ")
    root = etree.Element("data")
    for name, value in VALUES.items():
        etree.SubElement(root, name).text = value or None
    parsed = parse(source, root="data", here="/data/q", type_of=type_of)
    check_functions(parsed)
    functions: dict[Any, Any] = {(None, name): function for name, function in FUNCTIONS.items()}
    functions[None, "instance"] = lambda _, name: [LIST]
    functions[JAVAROSA, "choice-name"] = lambda _, value, path, locale: "Yes!"
    expression = Expression(source, parsed, want, functions)
    expression.try_out(root, root.find("q"), AT)
    return expression(root, root.find("q"), AT)


def type_of(path: str) -> str:
    name = path.rsplit("/", 1)[-1]
    return "date" if name in DATES else "number" if name in NUMBERS else ""


@pytest.mark.parametrize(("source", "expected"), ANSWERED)
def test_the_truth_of_a_question_is_whether_it_has_an_answer(source: str, expected: bool) -> None:
    assert evaluate(source, "boolean") is expected


@pytest.mark.parametrize(("source", "expected"), TOO_MUCH)
def test_what_is_too_much_for_any_phone_is_refused(source: str, expected: str) -> None:
    with pytest.raises(BadExpression, match=expected):
        evaluate(source)


@pytest.mark.parametrize("pattern", ["(a+)+", "(a|a)*", "(a|aa)+", "(.*)*", ".*.*.*.*.*.*.*x", "((a?){20})*"])
def test_no_pattern_runs_away(pattern: str) -> None:
    began = time.process_time()

    matched = evaluate(f"regex('{'a' * 150}!', '{pattern}')", "boolean")

    assert matched is (pattern == "(.*)*")
    assert time.process_time() - began < 1


def test_a_number_that_is_none_is_nan() -> None:
    assert math.isnan(evaluate("${name}", "number"))


def test_an_expression_says_what_it_reads_and_compares() -> None:
    source = "/data/a = 'x' and selected(../b, 'y') and instance('l')/root/item[name = /data/c] and regex(., 'z')"

    parsed = parse(source, root="data", here="/data/q", type_of=lambda _: "")

    assert parsed.paths == ["/data/a", "/data/b", "/data/c", "/data/q"]
    assert parsed.compared == [("/data/a", "x"), ("/data/b", "y")]
    assert (parsed.instances, parsed.patterns) == (["l"], ["z"])


def test_the_relevance_of_a_group_is_worked_out_from_within_it() -> None:
    parsed = parse("../a = . or current()/../b", root="data", here="/data/g", type_of=lambda _: "", up=2)

    assert parsed.text == "../../../a = ../.. or boolean(string($here/../../../b))"
    assert parsed.paths == ["/data/a", "/data/g", "/data/b"]


def test_an_absolute_path_means_the_same_instance_of_a_repeat() -> None:
    source = "/data/r/g/a = 1 and instance('l')/root/item[name = /data/r/b] and count(/data/r) > 1"

    parsed = parse(source, root="data", here="/data/r/q", type_of=lambda _: "", repeats={"/data/r"})

    assert parsed.text == (
        "izwi-number(../g/a) = 1 and boolean(string(instance('l')/root/item[string(name) = $here/../b]))"
        " and count($doc/r) > 1"
    )
    assert parsed.paths == ["/data/r/g/a", "/data/r/b", "/data/r"]


def test_what_depends_on_more_than_the_answers_says_so() -> None:
    timeless = {source: compiled(source).timeless for source in ("/data/age > 1", "uuid()", "today()", "once(1)")}

    assert timeless == {"/data/age > 1": True, "uuid()": False, "today()": False, "once(1)": False}
    assert compiled("once(1)").reads_itself
    assert compiled("once(1)").paths == ()


def test_chance_follows_from_the_run_and_the_question() -> None:
    root = etree.fromstring("<data><r><q/></r><r><q/></r></data>")
    draw = compiled("uuid()", here="/data/r/q")
    first, second = root.findall("r/q")
    values = [
        draw(root, first, AT),
        draw(root, second, AT),
        draw(root, first, AT._replace(seed=8)),
        draw(root, first, AT._replace(instance="another")),
    ]

    assert len(set(values)) == 4
    assert draw(root, first, AT._replace(at="2030-01-01", locale="nd")) == values[0]


def test_a_text_cannot_be_doubled_without_end() -> None:
    root = etree.fromstring("<data><q/></data>")
    root[0].text = "x" * 60_000
    double = compiled("concat(., .)")

    assert double(root, root[0], AT) == ""


def compiled(source: str, here: str = "/data/q") -> Expression:
    parsed = parse(source, root="data", here=here, type_of=type_of)
    return Expression(source, parsed, "string", {(None, name): function for name, function in FUNCTIONS.items()})


TOKENS = [
    *"( ) [ ] , . .. / // * + - = != < >= | and or div mod 'x' '' '(' '2020-01-01' '%Q' 2 0.5 @a :: $here".split(),
    *"/data/age /data/empty ../q current() name instance('l')/root/item".split(),
    *(f"{name}(" for name in ARGUMENTS),
]


@given(st.lists(st.sampled_from(TOKENS), max_size=25))
def test_no_writing_breaks_the_reader(tokens: list[str]) -> None:
    source = " ".join(tokens)
    try:
        value = evaluate(source + ")" * (source.count("(") - source.count(")")))
    except BadExpression:
        return

    assert isinstance(value, str)
