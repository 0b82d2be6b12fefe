"""What expressions give: XPath 1.0 and ODK's functions and conversions, and that no expression can stop a turn."""

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
DATES, NUMBERS = {"dob", "visit"}, {"age", "n", "m", "zero"}
VALUES = {
    "dob": "2000-02-29", "visit": "2026-11-01", "age": "25", "n": "7", "m": "-2.5", "zero": "0", "empty": "",
    "several": "a c other", "name": "Tariro Moyo", "word": "yes", "and": "1", "div": "8", "mod": "3", "or": "x",
    "a-b": "9", "big": "3000000000", "q": "5", "no_date": "31/12/2020",
}  # fmt: skip
LIST = etree.fromstring(
    "<l><root><item><name>a</name><label>Apple</label><size>1</size></item>"
    "<item><name>b</name><label>Bean</label><size>2</size></item>"
    "<item><name>c</name><label>Corn</label><size>2</size></item></root></l>"
)

TRUE_OR_FALSE = [
    # comparisons
    ("${age} = 25", True),
    ("${age} = '25'", True),
    ("${age} = 25.0", True),
    ("${age} != 25", False),
    ("${age} > 7 and ${age} < 100", True),
    ("'10' > '9'", True),
    ("'abc' > 'abb'", False),
    ("${empty} = ''", True),
    ("${empty} != ''", False),
    ("${empty} < 18", False),
    ("${empty} >= 0", False),
    ("${empty} = 0", False),
    ("${word} = 'yes' or ${word} = 'no'", True),
    ("${word} = 'Yes'", False),
    ("1 = 1 = 1", True),
    ("3 > 2 > 1", False),
    ("true() = 'false'", True),
    # precedence
    ("true() or false() and false()", True),
    ("(true() or false()) and false()", False),
    ("1 + 2 * 3 = 7", True),
    ("(1 + 2) * 3 = 9", True),
    ("((${age}) + 1) > 25", True),
    ("2 + 3 > 4 - 1 and 7 mod 4 = 3", True),
    ("not(${word} = 'no')", True),
    ("-${age} < 0", True),
    ("- - 2 = 2", True),
    ("-(2 + 1) = -3", True),
    # names that are operators
    ("${and} = 1 and ${div} div ${mod} > 2", True),
    ("${or} = 'x' or ${mod} mod 2 = 0", True),
    ("${a-b} = 9", True),
    ("${n} -1 = 6", True),
    # the question itself and its neighbours
    (". = 5", True),
    (". > 0 and . < 10", True),
    ("../age = 25", True),
    ("current()/../age = 25", True),
    ("current() = 5", True),
    ("./../q = 5", True),
    # the truth of a question is whether it has an answer
    ("${word}", True),
    ("${empty}", False),
    ("${zero}", False),
    ("${age}", True),
    ("not(${empty})", True),
    ("boolean(${empty})", False),
    ("${empty} or ${word}", True),
    ("${empty} and ${word}", False),
    # dates
    ("${dob} > date('2000-01-01')", True),
    ("${dob} < '2000-03-01'", True),
    ("${dob} = '2000-02-29'", True),
    ("${dob} = date('2000-02-29')", True),
    ("${dob} <= today()", True),
    ("today() = '2026-11-23'", True),
    ("now() > today()", True),
    ("today() - ${visit} = 22", True),
    ("${visit} >= today() - 30", True),
    ("${visit} + 30 > today()", True),
    ("(today() - ${dob}) div 365.25 >= 18", True),
    ("int((today() - ${dob}) div 365.25) = 26", True),
    ("date('2020-02-30') = ''", True),
    ("${no_date} < today()", False),
    ("date(${empty}) = ''", True),
    ("coalesce(${empty}, ${dob}) < '2001-01-01'", True),
    ("if(${age} > 3, ${dob}, today()) < '2001-01-01'", True),
    ("-today() < 0", True),
    # several choices, texts
    ("selected(${several}, 'c')", True),
    ("selected(${several}, 'othe')", False),
    ("selected(${empty}, '')", True),
    ("selected(., '5')", True),
    ("contains(${name}, 'Moyo')", True),
    ("starts-with(${name}, 'Tar')", True),
    ("ends-with(${name}, 'Moyo')", True),
    ("regex(${age}, '[0-9]{2}')", True),
    ("regex(${age}, '[0-9]')", False),
    ("regex('abc', '^a.c$')", True),
    ("regex('+263770000123', '\\+2637[1378][0-9]{7}')", True),
    ("regex('Ngũgĩ', '\\p{L}+')", True),
    ("regex('Ngũgĩ wa-T.', '[\\p{L} .-]{2,40}')", True),
    ("regex('abc1', '[^\\p{N}]+')", False),
    ("regex('ab', '(a|b|c)*?')", True),
    ("regex('', 'x?')", True),
    ("regex('aaaa', 'a{2,3}')", False),
    ("regex('a-b', '[\\w-]+')", True),
    ("boolean-from-string('1')", True),
    ("boolean-from-string('no')", False),
    # lists
    ("count(instance('l')/root/item[size = 2]) = 2", True),
    ("instance('l')/root/item[name = 'b']/label = 'Bean'", True),
    ("count(instance('l')/root/item[selected(${several}, name)]) = 2", True),
    ("count(instance('l')/root/*) = 3", True),
    ("instance('l')/root/item[position() = last()]/name = 'c'", True),
    ("instance('l')/root/item[name = current()/../word]/label = ''", True),
    ("sum(instance('l')/root/item/size) = 5", True),
]  # fmt: skip

TEXTS = [
    ("${name}", "Tariro Moyo"),
    ("${age} + 1", "26"),
    ("1 div 4", "0.25"),
    ("1 div 3", "0.3333333333333333"),
    ("1 div 0", "Infinity"),
    ("-1 div 0", "-Infinity"),
    ("0 div 0", "NaN"),
    ("${empty} + 1", "NaN"),
    ("5 mod 3", "2"),
    ("-5 mod 3", "-2"),
    ("1.50", "1.5"),
    ("0.1 + 0.2", "0.30000000000000004"),
    ("${big} + 0", "3000000000"),
    ("${big} * 1000.5", "3001500000000"),
    ("0.000001 * 1", "0.000001"),
    ("concat(${name}, ' is ', ${age} + 0)", "Tariro Moyo is 25"),
    ("concat('=', ${big} * 2)", "=6000000000"),
    ("string(${big} * 2)", "6000000000"),
    ("true()", "true"),
    ("if(${age} >= 18, 'adult', 'child')", "adult"),
    ("if(${empty}, 'a', 'b')", "b"),
    ("if(selected(${several}, 'a'), ${name}, '')", "Tariro Moyo"),
    ("coalesce(${empty}, ${word})", "yes"),
    ("coalesce(${empty}, '', 'third')", "third"),
    ("count-selected(${several})", "3"),
    ("count-selected(${empty})", "0"),
    ("selected-at(${several}, 0)", "a"),
    ("selected-at(${several}, 2)", "other"),
    ("selected-at(${several}, 3)", ""),
    ("selected-at(${several}, -1)", ""),
    ("int(7.9)", "7"),
    ("int(-7.9)", "-7"),
    ("int('x')", "NaN"),
    ("round(2.5)", "3"),
    ("round(-2.5)", "-2"),
    ("round(2.345, 2)", "2.35"),
    ("round(1234, -2)", "1200"),
    ("abs(${m})", "2.5"),
    ("floor(2.7) + ceiling(2.1)", "5"),
    ("pow(2, 10)", "1024"),
    ("pow(-8, 0.5)", "NaN"),
    ("min(3, ${n}, 1.5)", "1.5"),
    ("max(3, ${n})", "7"),
    ("max(3, ${empty})", "3"),
    ("max(${empty}, ${empty})", "NaN"),
    ("string-length(${name})", "11"),
    ("substr(${name}, 0, 6)", "Tariro"),
    ("substr(${name}, -4)", "Moyo"),
    ("substring(${name}, 1, 3)", "Tar"),
    ("substring-before(${name}, ' ')", "Tariro"),
    ("substring-after(${name}, ' ')", "Moyo"),
    ("name(instance('l')/root/item[1]/label)", "label"),
    ("local-name(instance('l')/root/item[1])", "item"),
    ("normalize-space('  a   b ')", "a b"),
    ("translate('abc', 'ab', 'AB')", "ABc"),
    ("join(', ', ${word}, 'x', 2)", "yes, x, 2"),
    ("count-non-empty(${word} | ${empty} | ${age})", "2"),
    ("number('  12.5 ')", "12.5"),
    ("int('1e3')", "NaN"),
    ("number(date('1970-01-31'))", "30"),
    ("today()", "2026-11-23"),
    ("now()", "2026-11-23T12:30:00.250+02:00"),
    ("today() + 1", "20781"),
    ("date(today() + 1)", "2026-11-24"),
    ("date('2026-1-5')", "2026-01-05"),
    ("date-time('2026-01-05T08:30:00.000+02:00')", "2026-01-05T08:30:00"),
    ("decimal-date-time('1970-01-02T12:00:00')", "1.5"),
    ("decimal-date-time(${dob})", "11016"),
    ("format-date(${dob}, '%d/%m/%Y')", "29/02/2000"),
    ("format-date(${dob}, '%e %b %y %n %a')", "29 Feb 00 2 Tue"),
    ("format-date(today() - 1, '%Y-%m-%d')", "2026-11-22"),
    ("format-date-time(now(), '%H:%M %h')", "12:30 12"),
    ("format-date(${empty}, '%Y')", ""),
    ("jr:choice-name(${word}, ' /data/word ')", "Yes!"),
    ("instance('l')/root/item[name = ${or}]/label", ""),
    ("(instance('l')/root/item[size = 2])[2]/label", "Corn"),
    ("instance('l')/root/item[size = ${mod} - 1][1]/label", "Bean"),
]

# What JavaRosa would stop a form for, or worse: here it is nothing, and the survey goes on.
HARMLESS = [
    ("date(100000000000)", ""),
    ("date(1 div 0)", ""),
    ("format-date(99999999, '%Y')", ""),
    ("date(-99999999)", ""),
    ("round(${age}, ${empty})", "25"),
    ("round(${age}, 99999)", "NaN"),
    ("round(1 div 0, 2)", "Infinity"),
    ("pow(10, 100000)", "Infinity"),
    ("pow(0, -1)", "Infinity"),
    ("substr(${name}, ${empty})", "Tariro Moyo"),
    ("substr(${name}, 0, 99999999999)", "Tariro Moyo"),
    ("selected-at(${several}, ${empty})", "a"),
    ("int(9999999999999999999999) > 1", "true"),
    ("count(${age}) + sum(${empty})", "1"),
    ("format-date(today(), ${name})", "Tariro Moyo"),
]

REFUSED = [
    ("${age} >", "expected a question, a value or a function but found 'the end'"),
    ("${age} 5", "did not expect '5'"),
    ("(1 + 2", "expected ')' but found the end"),
    ("'open", "cannot read it from"),
    ("1 ; 2", "cannot read it from '; 2'"),
    ("$at = 1", "expected a question, a value or a function but found '$'"),
    ("rondom() > 0.5", "the function rondom() is not supported; is it random()?"),
    ("izwi-same(1, 1)", "the function izwi-same() is not supported"),
    ("format-date(., '%Y %')", "format-date() does not know %"),
    ("izwi-days(1)", "the function izwi-days() is not supported"),
    ("coalesce()", "coalesce() takes 1 or more value(s), not 0"),
    ("if(1, 2)", "if() takes 3 value(s), not 2"),
    ("today('x')", "today() takes 0 value(s), not 1"),
    ("round(1, 2, 3)", "round() takes 1 to 2 value(s), not 3"),
    ("regex(., '(a')", "a bracket is not closed"),
    ("regex(., '(?=x)y')", "(?…) is not supported"),
    ("regex(., '(a)\\1')", "\\1 is not supported"),
    ("regex(., '[z-a]')", "[z-a] cannot be read"),
    ("regex(., 'a{3000}')", "a {count} is too large"),
    ("instance(${word})/root/item", "instance() needs the name of a choice list in quotes"),
    ("//age > 3", "a path with // is not supported"),
    ("count(/data/*[/data/*[/data/*[/data/*[1]]]])", "too many conditions in square brackets inside each other"),
    ("/other/age", "a path must start with /data"),
    ("../../../x", "the path leads out of the form"),
    ("(${age} | ${n})[1]", "[ after a bracket is not supported"),
    ("if(1, ${age}, ${n})/../q", "/ after a bracket is not supported"),
    ("ancestor::data", "the path step ancestor::data is not supported"),
    ("(" * 60 + "1" + ")" * 60, "nested too deeply"),
    ("1" + " + 1" * 5000, "longer than 8000 characters"),
    ("sum('x')", "sum() needs a list of questions or choices"),
    ("count(3)", "count() needs a list"),
    ("name(3)", "cannot be worked out"),
]


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


@pytest.mark.parametrize(("source", "expected"), TRUE_OR_FALSE)
def test_a_condition_is_what_odk_makes_of_it(source: str, expected: bool) -> None:
    assert evaluate(source, "boolean") is expected


@pytest.mark.parametrize(("source", "expected"), TEXTS)
def test_a_value_is_written_as_odk_writes_it(source: str, expected: str) -> None:
    assert evaluate(source) == expected


@pytest.mark.parametrize(("source", "expected"), HARMLESS)
def test_what_cannot_be_worked_out_does_not_stop_a_turn(source: str, expected: str) -> None:
    assert evaluate(source) == expected


@pytest.mark.parametrize(("source", "expected"), REFUSED)
def test_a_bad_expression_is_refused_and_says_why(source: str, expected: str) -> None:
    with pytest.raises(BadExpression) as refused:
        evaluate(source)

    assert expected in str(refused.value)


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
