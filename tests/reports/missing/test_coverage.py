"""Respondents beside the population: shares, how many are short, what is hidden, and what they are a sample of."""

import itertools
from typing import Any

import pytest

from app import main
from app.cli.handset import Network
from app.reports.missing.coverage import NotTold
from app.reports.missing.sample import Basis, label
from app.reports.missing.weights import Unweighable
from app.store.profiles import Ways
from tests.phone import Phone
from tests.reports.missing.world import World
from tests.reports.test_answers import PATH, answered

WOMAN = {"province": "ZW19", "residence": "town", "sex": "woman", "age_band": "18-24"}
MAN = WOMAN | {"province": "ZW18", "residence": "rural", "sex": "man", "age_band": "65+"}


@pytest.fixture
def world(parts: main.Parts) -> World:
    return World(parts)


def put(world: World, count: int, answers: dict[str, Any], **options: Any) -> None:
    for _ in range(count):
        world.run(answers=answers, **options)


def table(found: dict[str, Any], *by: str) -> dict[str, Any]:
    (wanted,) = [each for each in found["tables"] if each["by"] == list(by)]
    return wanted


def test_who_answered_on_a_phone_is_counted_where_she_belongs(parts: main.Parts, network: Network) -> None:
    for number in range(12):
        answered(Phone(network, f"+2637700004{number:02}"), "Nothing to add.")
    world = World(parts)

    found = world.ask("coverage")

    assert PATH[13] == "10"  # Harare
    rows = {row["province"]: row for row in world.ask("coverage", [["province"]])["tables"][0]["rows"]}
    assert rows["ZW19"]["respondents"] == 12
    assert rows["ZW18"]["respondents"] == 0
    assert [each["by"] for each in found["tables"]] == [["province", "sex"], ["residence"], ["age"]]
    assert found["basis"] == "self_selected"
    assert found["words"].startswith("Not a probability sample. The respondents came by themselves")


def test_shares_ratios_and_how_many_are_short_are_those_of_a_hand_count(world: World) -> None:
    put(world, 30, WOMAN)
    put(world, 70, MAN)

    found = table(world.ask("coverage", [["residence"]]), "residence")

    assert (found["respondents"], found["unsaid"]) == (100, 0)
    assert found["rows"] == [
        {"residence": "rural", "respondents": 70, "share": 0.7, "expected": 0.614, "ratio": 1.14, "short": 0},
        # 38.6 % of 100 are 38.6 people: nine more than there are.
        {"residence": "town", "respondents": 30, "share": 0.3, "expected": 0.386, "ratio": 0.78, "short": 9},
    ]


def test_each_person_counts_once_and_only_if_she_has_completed(world: World) -> None:
    who = world.run(answers=WOMAN)
    put(world, 11, WOMAN)
    for _ in range(5):
        world.run(answers=MAN, who=who)
    put(world, 30, MAN, state="expired")

    found = table(world.ask("coverage", [["sex"]]), "sex")

    assert [(row["sex"], row["respondents"]) for row in found["rows"]] == [("woman", 12), ("man", 0)]


def test_few_are_hidden_with_all_that_would_tell_of_them(world: World) -> None:
    put(world, 3, WOMAN)
    put(world, 40, MAN)
    put(world, 20, MAN | {"age_band": "25-34"})

    found = table(world.ask("coverage", [["age"]]), "age")

    rows = {row["age"]: row for row in found["rows"]}
    assert rows["65+"]["respondents"] == 40
    for age in ("18-24", "25-34"):
        assert {rows[age][each] for each in ("respondents", "share", "ratio", "short")} == {None}
    assert rows["35-44"]["respondents"] == 0


def test_where_few_did_not_say_nothing_tells_how_few(world: World) -> None:
    put(world, 40, WOMAN)
    put(world, 50, MAN)
    put(world, 4, WOMAN | {"sex": "prefer_not_to_say"})

    found = table(world.ask("coverage", [["sex"]]), "sex")

    assert (found["respondents"], found["unsaid"]) == (94, None)
    (woman, man) = found["rows"]
    assert (woman["respondents"], man["respondents"]) == (None, 50)
    assert man["share"] == round(50 / 94, 3)


def test_a_survey_that_few_have_completed_shows_nothing(world: World) -> None:
    put(world, 9, WOMAN)

    for each in world.ask("coverage")["tables"]:
        assert (each["respondents"], each["unsaid"]) == (None, None)
        assert {row["respondents"] for row in each["rows"]} == {None}
    with pytest.raises(Unweighable, match="fewer than 10"):
        world.ask("weights")


def test_a_cut_that_the_population_is_not_told_by_is_refused_with_those_that_there_are(world: World) -> None:
    put(world, 12, WOMAN)

    with pytest.raises(NotTold, match=r"by province and age together\. It is told by: province, sex; residence; age"):
        world.ask("coverage", [["province", "age"]])
    with pytest.raises(NotTold):
        world.ask("coverage", [["nonsense"]])


def test_an_answer_that_the_population_has_no_category_for_counts_as_none_and_is_told(world: World) -> None:
    put(world, 20, WOMAN)
    put(world, 15, WOMAN | {"province": "ZW99"})
    put(world, 12, WOMAN | {"province": None})

    found = world.ask("coverage", [["province"]])

    assert found["not_in_population"] == ["province"]
    assert found["tables"][0]["unsaid"] == 27


def test_weights_bring_the_margins_to_the_census_and_name_who_is_not_there(world: World) -> None:
    for number, (residence, age) in enumerate(itertools.product(("rural", "town"), ("18-24", "65+")), start=1):
        put(world, 12 * number, WOMAN | {"residence": residence, "age_band": age})
        put(world, 10, MAN | {"residence": residence, "age_band": age})

    found = world.ask("weights", limit=1000)

    assert found["respondents"] == 160
    assert found["off"] <= 1e-6
    assert found["effective"] == pytest.approx(160 / found["design_effect"], abs=0.1)
    assert found["design_effect"] > 1
    gone = {tuple(each["category"]) for each in found["without"]}
    assert ("ZW10", "woman") in gone
    assert ("35-44",) in gone
    assert ("ZW18", "man") not in gone


def test_who_came_by_a_broadcast_is_told_from_who_came_by_herself(world: World) -> None:
    sent = world.broadcast("voices")
    for _ in range(12):
        world.run(answers=WOMAN, phone=world.recipient(sent, world.phone()))
    assert world.ask("coverage")["basis"] == "list"

    world.run(answers=WOMAN)
    assert world.ask("coverage")["basis"] == "mixed"


@pytest.mark.parametrize(
    ("ways", "basis"),
    [
        ((0, 0, 0, 0), Basis.NOBODY), ((5, 0, 0, 0), Basis.LIST), ((5, 1, 0, 0), Basis.MIXED),
        ((0, 5, 0, 0), Basis.SELF_SELECTED),
        ((0, 0, 5, 0), Basis.FACILITATED), ((0, 4, 3, 0), Basis.MIXED), ((2, 2, 0, 9), Basis.UNKNOWN),
        ((5, 0, 0, 1), Basis.MIXED), ((0, 5, 0, 1), Basis.SELF_SELECTED),
    ],
)  # fmt: skip
def test_the_label_says_what_it_is_and_that_it_is_no_sample(ways: tuple[int, ...], basis: Basis) -> None:
    found = label(Ways(*ways))

    assert found.basis is basis
    assert found.words.startswith("Not a probability sample.") is (basis is not Basis.NOBODY)
