"""Respondents beside the population: shares, how many are short, what is hidden, and what they are a sample of."""

import itertools
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.engine import Connection

from app import main
from app.cli.handset import Network
from app.flows.dictionary.describe import describe
from app.flows.reading.compile import compile_form
from app.flows.reading.load import load
from app.reports.figures.asking import Asked, pages, survey_of
from app.reports.figures.axes import Survey
from app.reports.figures.publish import Exit
from app.reports.figures.rules import Rules
from app.reports.figures.table import NO_ANSWER
from app.reports.missing import population
from app.reports.missing.coverage import NotTold, compared, tables
from app.reports.missing.population import Margin
from app.reports.missing.respondents import places_of, read
from app.reports.missing.sample import Basis, label
from app.reports.missing.weights import Unweighable
from app.store.profiles import Ways
from tests.phone import Phone
from tests.reports.figures.people import SECRET
from tests.reports.missing.world import SURVEY, World
from tests.reports.test_answers import answered

WOMAN = {"province": "ZW19", "residence": "town", "sex": "woman", "age_band": "18-24"}
MAN = WOMAN | {"province": "ZW18", "residence": "rural", "sex": "man", "age_band": "65+"}

RESIDENCE = Margin(("residence",), {("rural",): 0.614, ("town",): 0.386})
THIRDS = Margin(("province",), {("A",): 0.5, ("B",): 0.3, ("C",): 0.2})
CALCULATED = """
| survey | type | name | label | calculation | bind::izwi:margin |
| | integer | born | In which year were you born? | | |
| | calculate | band | | if(${born} > 2001, 'young', '25-34') | age young=18-24 |
| settings | form_id | form_title | version |
| | ages | Ages | 1 |
"""


@pytest.fixture
def world(parts: main.Parts) -> World:
    return World(parts)


def put(world: World, count: int, answers: dict[str, Any], **options: Any) -> None:
    for _ in range(count):
        world.run(answers=answers, **options)


def everywhere() -> list[dict[str, Any]]:
    """A woman and a man in two provinces, rural and town, young and old."""
    sides = {"sex": ("woman", "man"), "province": ("ZW18", "ZW19"), "residence": ("rural", "town")}
    ages = {"age_band": ("18-24", "65+")}
    return [
        dict(zip((*sides, *ages), each, strict=True)) for each in itertools.product(*sides.values(), *ages.values())
    ]


def table(found: dict[str, Any], *by: str) -> dict[str, Any]:
    (wanted,) = [each for each in found["tables"] if each["by"] == list(by)]
    return wanted


def test_who_answered_on_a_phone_is_counted_where_she_belongs(parts: main.Parts, network: Network) -> None:
    for number in range(23):
        answered(Phone(network, f"+2637700004{number:02}"), "Nothing to add.")
    world = World(parts)

    found = world.ask("coverage")

    provinces = table(found, "province")
    assert (provinces["respondents"], provinces["unsaid"]) == (20, 0)  # three wait until there are ten
    assert (
        provinces["others"]["respondents"] == 20
    )  # nobody in nine provinces is a secret too, so it is in which all are
    assert [each["by"] for each in found["tables"]] == [["province"], ["sex"], ["residence"], ["age"]]
    assert found["basis"] == "self_selected"
    assert found["words"].startswith("Not a probability sample. The respondents came by themselves")


def test_shares_ratios_and_how_many_are_short_are_those_of_a_hand_count() -> None:
    found = compared({("rural",): 73, ("town",): 27}, 0, 100, RESIDENCE, 10)

    assert [(row.respondents, row.share, row.short) for row in found.rows] == [
        (73, 0.73, 0),
        (27, 0.27, 12),  # 38.6 % of 100 are 38.6 people: twelve more than there are
    ]
    assert [row.ratio for row in found.rows] == [pytest.approx(0.73 / 0.614), pytest.approx(0.27 / 0.386)]
    assert found.others is None


def test_categories_that_are_not_shown_are_compared_together() -> None:
    found = compared({("A",): 61, ("B",): None, ("C",): None}, 4, 100, THIRDS, 10)

    assert [row.share for row in found.rows] == [61 / 96, None, None]
    assert found.others is not None
    assert (found.others.respondents, found.others.expected) == (35, 0.5)
    assert found.others.short == 13
    assert compared({("A",): 95}, 0, 100, THIRDS, 10).others is None  # five: too few


def test_where_it_is_not_shown_how_many_did_not_say_shares_are_of_all() -> None:
    found = compared({("rural",): 50, ("town",): None}, None, 94, RESIDENCE, 10)

    assert found.rows[0].share == 50 / 94
    assert found.others is not None
    assert found.others.respondents == 44


def test_what_leaves_is_rounded_and_goes_by_what_figures_show(world: World) -> None:
    put(world, 30, WOMAN)
    put(world, 70, MAN)

    found = table(world.ask("coverage", [["residence"]]), "residence")

    assert (found["respondents"], found["unsaid"], found["others"]) == (100, 0, None)
    assert found["rows"] == [
        {"residence": "rural", "respondents": 70, "share": 0.7, "expected": 0.614, "ratio": 1.14, "short": 0},
        {"residence": "town", "respondents": 30, "share": 0.3, "expected": 0.386, "ratio": 0.78, "short": 9},
    ]


def test_coverage_and_report_show_the_same_figures(world: World) -> None:
    for number, answers in enumerate((WOMAN, MAN, WOMAN | {"province": "ZW15"}, MAN | {"province": "ZW10"})):
        put(world, 23 + 5 * number, answers)

    rows = table(world.ask("coverage", [["province", "sex"]]), "province", "sex")["rows"]

    def report(connection: Connection) -> dict[tuple[str, str], int | None]:
        survey = survey_of(connection, SURVEY, ZoneInfo("Africa/Harare"))
        (page,) = pages(connection, survey, SECRET, Asked("province", by=["sex"]))
        return {
            (row.name, column.key[0]): figure.n
            for row in page.rows
            for column, figure in zip(page.columns, row.figures, strict=True)
        }

    shown = world.parts.database.read(report)
    assert [shown[row["province"], row["sex"]] for row in rows] == [row["respondents"] for row in rows]


def test_each_person_counts_once_by_her_latest_run_and_only_if_she_has_completed(world: World) -> None:
    who = [world.run(answers=WOMAN) for _ in range(40)]
    for each in who[:20]:
        world.run(answers=MAN, who=each)
    put(world, 30, MAN, state="expired")

    found = table(world.ask("coverage", [["sex"]]), "sex")

    assert [(row["sex"], row["respondents"]) for row in found["rows"]] == [("woman", 20), ("man", 20)]


def test_few_and_nobody_are_hidden_with_all_that_would_tell_of_them(world: World) -> None:
    put(world, 5, WOMAN)
    put(world, 40, MAN)
    put(world, 25, MAN | {"age_band": "25-34"})

    found = table(world.ask("coverage", [["age"]]), "age")

    rows = {row["age"]: row for row in found["rows"]}
    assert rows["65+"]["respondents"] == 40
    for age in ("18-24", "25-34", "35-44", "45-54", "55-64"):
        assert {rows[age][each] for each in ("respondents", "share", "ratio", "short")} == {None}
    assert found["others"]["respondents"] == 30
    assert found["others"]["categories"] == [["18-24"], ["25-34"], ["35-44"], ["45-54"], ["55-64"]]


def test_a_survey_with_more_care_hides_more(world: World) -> None:
    put(world, 60, WOMAN)
    put(world, 30, MAN)
    put(world, 10, MAN | {"residence": "town"})
    world.write()

    def shown(connection: Connection, smallest: int) -> list[int | None]:
        survey = survey_of(connection, SURVEY, ZoneInfo("Africa/Harare"))
        people = population.read(None)
        found = read(connection, survey, places_of(world.flow(world.version_id), survey, people, people))
        way_out = Exit(Rules(smallest, max(20, smallest)), SECRET)
        return [row.respondents for row in tables(found, people, way_out, [["residence"]])[0].rows]

    assert world.parts.database.read(lambda connection: shown(connection, 10)) == [30, 70]
    assert world.parts.database.read(lambda connection: shown(connection, 40)) == [None, None]


def test_a_survey_that_few_have_completed_shows_nothing(world: World) -> None:
    put(world, 9, WOMAN)

    for each in world.ask("coverage")["tables"]:
        assert (each["respondents"], each["others"]) == (None, None)
        assert {row["respondents"] for row in each["rows"]} == {None}
    with pytest.raises(Unweighable, match="fewer than 10"):
        world.ask("weights")


def test_calculations_have_the_categories_of_the_service_whatever_they_are_compared_with(tmp_path: Path) -> None:
    """Else somebody could tell people apart by one file with a category and one without."""
    flow = compile_form(load(CALCULATED.encode(), "ages.md"))
    survey = Survey(1, describe([flow]), flow.guard, ZoneInfo("UTC"), None)
    chosen = population.Population("chosen", (population.Margin(("age",), {("18-24",): 1.0}),))

    (way,) = places_of(flow, survey, chosen, population.read(None)).ways

    assert way.categories == ("young", "18-24", "25-34", "35-44", "45-54", "55-64", "65+")
    assert [way.category(each) for each in ("young", "37", None)] == ["young", NO_ANSWER, NO_ANSWER]


def test_a_cut_that_the_population_is_not_told_by_is_refused_with_those_that_there_are(world: World) -> None:
    put(world, 12, WOMAN)

    with pytest.raises(NotTold, match=r"by province and age together\. It is told by: province, sex; residence; age"):
        world.ask("coverage", [["province", "age"]])
    with pytest.raises(NotTold):
        world.ask("coverage", [["nonsense"]])


def test_an_answer_that_the_population_has_no_category_for_counts_as_none_and_is_told(
    world: World, tmp_path: Path
) -> None:
    file = tmp_path / "population.csv"
    file.write_text("province,sex,residence,age,population\n,woman,,,1\n")
    put(world, 20, WOMAN)
    put(world, 30, MAN)

    found = world.ask("coverage", [["sex"]], margins=file)

    assert found["not_in_population"] == ["sex"]
    assert found["tables"][0]["unsaid"] == 30


def test_weights_bring_the_margins_to_the_census_and_take_those_together_who_are_few(world: World) -> None:
    for number, answers in enumerate(everywhere(), start=1):
        put(world, 5 * number, answers)

    found = world.ask("weights", limit=1000)

    assert found["respondents"] == 680
    assert found["off"] == 0
    assert found["effective"] % 5 == 0
    assert found["design_effect"] == round(680 / found["effective"], 2) > 1
    together = {tuple(each["by"]): each for each in found["together"]}
    assert ["35-44"] in together["age",]["categories"]
    assert not {"largest", "median"} & set(found)  # from which the few in a category could be reckoned


def test_weights_tell_no_more_of_few_than_of_a_few_more(world: World) -> None:
    """A weight is a share of the population over a share of the respondents: it would tell how many these are."""
    for answers in everywhere():
        put(world, 20, answers)
    put(world, 2, WOMAN | {"age_band": "35-44"})
    put(world, 8, WOMAN)
    two = world.ask("weights", limit=1000)
    put(world, 4, WOMAN | {"age_band": "35-44"})
    put(world, 6, WOMAN)

    six = world.ask("weights", limit=1000)

    assert two["together"] == six["together"]
    assert abs(two["design_effect"] - six["design_effect"]) < 0.1  # by themselves they would change it by more than 1


def test_who_came_by_a_broadcast_is_told_from_who_came_by_herself(world: World) -> None:
    sent = world.broadcast("voices")
    for _ in range(20):
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
