"""Forms that are made to fill the memory or to take for ever are refused, or cut to what a phone could ever be asked."""

import pytest

from app.flows.asking.instance import MOST_INSTANCES
from app.flows.reading.compile import compile_form
from app.flows.reading.faults import FormError
from app.flows.reading.load import load
from tests.talk import Talk

HEAD = "| survey | type | name | label | relevant | calculation | repeat_count |\n"
XFORM = (
    '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>x</h:title>'
    '<model><instance><data id="x"><a/>{instance}</data></instance></model></h:head><h:body>{body}</h:body></h:html>'
)


def nested(kind: str, depth: int, count: str = "") -> str:
    begin = "".join(f"| | begin_{kind} | g{level} | G | | | {count} |\n" for level in range(depth))
    return HEAD + begin + "| | text | a | A? | | | |\n" + f"| | end_{kind} | | | | | |\n" * depth


@pytest.mark.parametrize(
    ("form", "told"),
    [
        (nested("group", 51), "survey, row 52, g50: more than 50 groups are inside each other."),
        (nested("group", 1000), "survey, row 52, g50: more than 50 groups are inside each other."),
        (nested("repeat", 5), "survey, row 6, g4: more than 4 repeats are inside each other."),
        (
            HEAD + "| | begin_group | g | G | | | |\n| | end_repeat | | | | | |\n",
            "survey, row 3: a repeat ends here, but the",
        ),
        (
            HEAD + "| | begin_repeat | g | G | | | |\n| | text | a | A? | | | |\n",
            "survey, row 2, g: the repeat has no end.",
        ),
        (
            HEAD + f"| | text | a | A? | {'(' * 300}1{')' * 300} | | |\n",
            "survey, row 2, a: relevant: it is nested too deeply",
        ),
    ],
)
def test_what_is_too_deep_is_refused_with_its_row(form: str, told: str) -> None:
    with pytest.raises(FormError) as refused:
        compile_form(load(form.encode(), "form.md"))

    assert any(str(fault).startswith(told) for fault in refused.value.faults), refused.value.faults


def test_repeats_of_an_xform_that_are_too_deep_are_refused() -> None:
    paths = ["/data" + "/r" * depth for depth in range(1, 6)]
    body = "".join(f'<group><repeat nodeset="{path}">' for path in paths)
    body += f'<input ref="{paths[-1]}/a"><label>A?</label></input>' + "</repeat></group>" * 5
    form = XFORM.format(instance="<r>" * 5 + "<a/>" + "</r>" * 5, body=body)

    with pytest.raises(FormError, match="more than 4 repeats are inside each other"):
        compile_form(load(form.encode(), "form.xml"))


def test_repeats_in_repeats_never_make_more_instances_than_a_phone_could_ask() -> None:
    talk = Talk(nested("repeat", 4, "200"))

    for _ in range(3):
        talk("x")

    assert list(talk.answers) == ["a[1.1.1.1]", "a[1.2.1.1]", "a[1.3.1.1]"], "200 outer ones leave room for ten each"
    assert MOST_INSTANCES < 200**4


def test_a_long_chain_of_calculations_is_worked_out_step_by_step() -> None:
    chain = "".join(f"| | calculate | c{step} | | | ${{c{step - 1}}} + 1 | |\n" for step in range(1, 600))
    talk = Talk(
        HEAD
        + "| | integer | n | N? | | | |\n| | calculate | c0 | | | ${n} | |\n"
        + chain
        + "| | note | x | ${c599} | | | |\n"
    )

    assert talk("1") == "600"
