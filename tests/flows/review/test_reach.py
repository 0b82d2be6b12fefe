"""What nobody can reach is found where it is certain, and nowhere else."""

from itertools import combinations, product
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.flows.reading.compile import compile_form
from app.flows.reading.load import load
from app.flows.review import reach
from app.flows.review.trial import Trial

FORM = """\
| survey | type | name | label | relevant | constraint | required | calculation | choice_filter |
|---|---|---|---|---|---|---|---|---|
| | select_one yes_no | a | A? | | | | | |
| | select_multiple goods | b | B? | | {constraint} | | | |
| | integer | n | N? | | . >= 0 and . <= 120 | | | |
| | decimal | d | D? | | | | | |
| | text | t | T? | | | | | |
| | calculate | old | | | | | if(${{n}} > 60, 1, 0) | |
| | calculate | words | | | | | concat(${{t}}, ${{n}}) | |
| | text | z | Z? | {relevant} | | {required} | | |
| | select_one goods | f | F? | | | | | {filter} |

| choices | list_name | name | label | of |
|---|---|---|---|---|
| | yes_no | yes | Yes | |
| | yes_no | no | No | |
| | goods | radio | Radio | yes |
| | goods | phone | Phone | yes |
| | goods | cart | Cart | no |
| | goods | pump | Pump | maybe |
"""


def trial(relevant: str = "", constraint: str = "", required: str = "", filter_: str = "") -> Trial:
    form = FORM.format(relevant=relevant, constraint=constraint, required=required, filter=filter_)
    return Trial(compile_form(load(dedent(form).encode(), "form.md")))


NEVER = [
    "${a} = 'yes' and ${a} = 'no'",
    "${n} > 5 and ${n} < 3",
    "${n} > 5 and ${n} < 6",
    "${n} > 200",
    "${n} = 5.5",
    "${d} > 2.5 and ${d} < 2.5",
    "${old} = 2",
    "${old} = 1 and ${n} < 30",
    "selected(${b}, 'radio') and not(selected(${b}, 'radio'))",
    "count-selected(${b}) > 4",
    "${t} = 'x' and ${t} = 'y'",
    "${b} = '' and selected(${b}, 'cart')",
    "false()",
]
MAYBE = [
    "${a} = 'yes' or ${a} = 'no'",
    "${n} > 5 and ${n} < 7",
    "${n} >= 120",
    "${n} * 2 = 11",  # nobody can, but that is arithmetic, and we do not guess
    "${d} > 2.5 and ${d} < 2.6",
    "${old} = 1 and ${n} > 30",
    "count-selected(${b}) = 2",
    "selected(${b}, 'radio') and selected(${b}, 'phone') and not(selected(${b}, 'cart'))",
    "${words} = 'nothing'",
    "string-length(${t}) = 1000",
    "${t} != 'x' and ${t} != ''",
    "today() > '2100-01-01'",
    "not(${n})",
    "random() > 2",
]


@pytest.mark.parametrize("relevant", NEVER)
def test_a_condition_that_is_never_true_is_found(relevant: str) -> None:
    assert [question.name for question, _ in reach.never_asked(trial(relevant))] == ["z"]


@pytest.mark.parametrize("relevant", MAYBE)
def test_a_condition_that_may_come_true_is_left_alone(relevant: str) -> None:
    assert list(reach.never_asked(trial(relevant))) == []


@pytest.mark.parametrize(
    ("constraint", "lost"),
    [
        ("count-selected(.) > 4", [("b", [])]),
        ("selected(., 'radio') and ${a} = 'maybe'", [("b", [])]),
        ("count-selected(.) = 3", []),
        ("regex(., 'nothing')", [("b", [])]),
        ("selected(., ${t})", []),
    ],
)
def test_a_constraint_that_nothing_satisfies_is_found(constraint: str, lost: list[tuple[str, list[str]]]) -> None:
    found = [(question.name, [each.name for each in some]) for question, some in reach.refused_by_constraint(
        trial(constraint=constraint))]  # fmt: skip

    assert found == lost


@pytest.mark.parametrize(
    ("filter_", "lost"),
    [
        ("of = ${a}", []),  # b offers the pump as well
        ("of = 'yes' or ${a} = 'yes'", []),
    ],
)
def test_a_choice_of_another_question_is_not_lost(filter_: str, lost: list[str]) -> None:
    assert [each.name for _, some in reach.filtered_out(trial(filter_=filter_)) for each in some] == lost


def test_a_choice_that_no_filter_lets_through_is_found() -> None:
    form = FORM.format(relevant="", constraint="", required="", filter="of = ${a}")
    form = form.replace("select_multiple goods", "select_multiple yes_no")

    found = list(reach.filtered_out(Trial(compile_form(load(form.encode(), "form.md")))))

    assert [(question.name, [each.name for each in some]) for question, some in found] == [("f", ["pump"])]


def test_a_requirement_that_is_never_true_is_found() -> None:
    assert [each.name for each in reach.never_required(trial(required="${n} > 200 and ${n} < 100"))] == ["z"]
    assert list(reach.never_required(trial(required="${n} > 100"))) == []


NUMBERS = [*map(str, range(-2, 9)), "61"]
ATOMS = st.one_of(
    st.builds("${{n}} {} {}".format, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), st.sampled_from([0, 3, 4, "''"])),
    st.builds("${{d}} {} {}".format, st.sampled_from(["=", "<", ">"]), st.sampled_from([2.5, 3, -1])),
    st.builds("count-selected(${{b}}) {} {}".format, st.sampled_from(["=", ">"]), st.integers(0, 4)),
    st.builds("selected(${{b}}, '{}')".format, st.sampled_from(["radio", "phone", "cart"])),
    st.sampled_from([
        "${b} = 'radio phone'", "${a} = 'yes'", "${a} != ''", "${n}", "not(${d})", "boolean(${b})", "${old} = 1",
        "if(${n} > 3, ${n}, 2) > 4", "${n} + ${d} > 5", "${t} = 'x'", "string-length(${t}) > 1",
    ]),
)  # fmt: skip
CONDITIONS = st.recursive(
    ATOMS,
    lambda inside: st.one_of(
        st.builds("({} and {})".format, inside, inside),
        st.builds("({} or {})".format, inside, inside),
        st.builds("not({})".format, inside),
    ),
    max_leaves=4,
)


@settings(max_examples=60, deadline=None)
@given(CONDITIONS)
def test_what_is_called_never_true_is_true_for_no_answers(relevant: str) -> None:
    tried = trial(relevant)
    if not list(reach.never_asked(tried)):
        return

    (condition,) = tried.flow.by_name["z"].relevant
    goods = ["radio", "phone", "cart", "pump"]
    several = [" ".join(some) for size in range(5) for some in combinations(goods, size)]
    everything = product(
        ["", "yes", "no"], several, ["", *NUMBERS], ["", "-2", "2.5", "2.7", "3", "9"], ["", "x", "xx"]
    )
    true = [
        answers
        for answers in (dict(zip("abndt", each, strict=True)) for each in everything)
        if not answers["n"].startswith("-") and tried.value(condition, tried.flow.by_name["z"], answers)
    ]
    assert true == []
