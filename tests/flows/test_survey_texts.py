"""The words of the survey that ships and of the system: they convert, they fit, and NANGO's stay NANGO's."""

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from pyxform.xls2json_backends import get_xlsform
from pyxform.xls2xform import convert

FLOWS = Path(__file__).parents[2] / "app" / "flows"
SURVEY = FLOWS / "surveys" / "leave_no_one_behind.md"
LANGUAGES = ("English (en)", "Shona (sn)", "Ndebele (nd)")
PAGE = 160
LONGEST = {
    "{code}": "*384*12345#","{keyword}": "K" * 16, "{least}": "1", "{most}": "1000", "{step}": "0.5", "{count}": "5",
           "{example}": "2 1 4 3 2", "{tags}": ", ".join(["T" * 12] * 5)}  # fmt: skip

# GSM 03.38 without its extension characters, which cost two septets: our texts do without them.
GSM7 = set(
    "\n !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
    "¡£¤¥§¿ÄÅÆÇÉÑÖØÜßàäåæèéìñòöøùüΓΔΘΛΞΠΣΦΨΩ"
)

NANGO = {
    "inequality": "Which groups of people do you feel face the highest levels of inequality in your community?",
    "resources": "Which groups live without or are being denied basic resources?",
    "discrimination": "Which groups face the highest levels of discrimination and exclusion?",
    "factors": (
        "What are the primary socio-economic factors that contribute to the marginalization of people"
        " in your community?"
    ),
}
RE_ASKS = (
    "choose_number", "choose_numbers", "not_a_number", "not_whole", "not_a_date", "required", "not_valid", "give_order",
    "not_in_range", "not_in_steps", "not_a_date_mdy", "not_a_date_ymd", "not_a_month", "not_a_year", "not_a_time",
    "not_a_date_time", "not_a_date_time_mdy", "not_a_date_time_ymd", "not_a_place", "no_hint",
)  # fmt: skip
LETTERS = ("next_letter", "back_letter", "skip_letter")


@pytest.fixture(scope="module")
def sheets() -> dict[str, Any]:
    return sheets_of(SURVEY)


@pytest.fixture(scope="module")
def phrases() -> dict[str, dict[str, str]]:
    with (FLOWS / "phrases.csv").open(encoding="utf-8", newline="") as file:
        return {row.pop("key"): row for row in csv.DictReader(file)}


def sheets_of(path: Path) -> dict[str, Any]:
    form = get_xlsform(path)
    names = ("survey", "survey_header", "choices", "choices_header", "settings", "settings_header")
    return {name: getattr(form, name) for name in names}


def without_shorts(sheets: dict[str, Any]) -> dict[str, Any]:
    """`short::` is our own column, which our loader takes out before pyxform sees it."""
    return {
        name: [{key: value for key, value in row.items() if not key.startswith("short::")} for row in rows]
        for name, rows in sheets.items()
    }


def shown(row: dict[str, str], language: str) -> str:
    """What a phone shows of a row: its short text, else its label."""
    return row.get(f"short::{language}") or row[f"label::{language}"]


def test_the_survey_converts_without_a_warning(sheets: dict[str, Any]) -> None:
    result = convert(xlsform=without_shorts(sheets), validate=False)

    assert result.warnings == []
    root = etree.fromstring(result.xform.encode())
    role = root.xpath("string(//*[local-name()='bind'][@nodeset='/data/language']/@*[local-name()='role'])")
    ends = root.xpath("//*[local-name()='bind']/@*[local-name()='end']")
    assert role == "language"
    assert ends == ["declined", "screened_out", "completed"]


@pytest.mark.parametrize("name", NANGO)
def test_a_key_question_is_nangos_own(sheets: dict[str, Any], name: str) -> None:
    labels = {row["name"]: row["label::English (en)"] for row in sheets["survey"]}

    assert labels[name] == NANGO[name]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_there_and_plain_gsm7(sheets: dict[str, Any], language: str) -> None:
    for row in sheets["survey"] + sheets["choices"]:
        texts = (row[f"label::{language}"], row.get(f"short::{language}", ""))
        assert set("".join(texts)) <= GSM7, (row["name"], language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_screen_needs_a_third_page(
    sheets: dict[str, Any], phrases: dict[str, dict[str, str]], language: str
) -> None:
    """Every question fits one page with all its choices, except the three over all groups, which take two."""
    words = {key: row[language[-3:-1]] for key, row in phrases.items()}
    for row in sheets["survey"]:
        kind, _, list_name = row["type"].partition(" ")
        choices = [choice for choice in sheets["choices"] if choice["list_name"] == list_name]
        if "choice_filter" in row:
            choices = the_longest_left(choices, language)
        lines = [f"{number} {shown(choice, language)}" for number, choice in enumerate(choices, start=1)]
        if kind.startswith("select") and "required" not in row:
            lines.append(f"0 {words['skip']}")
        hint = f" {words['reply_numbers']}" if kind == "select_multiple" else ""
        size = len("\n".join([shown(row, language) + hint, *lines]))

        pages = 2 if row["type"] == "select_one groups" and "choice_filter" not in row else 1
        assert size <= pages * PAGE - (pages - 1) * 40, (row["name"], language, size)


def the_longest_left(choices: list[dict[str, str]], language: str) -> list[dict[str, str]]:
    """What a second question may still offer at most: without the shortest of the answers to the first."""
    left = [choice for choice in choices if choice["name"] not in {"nobody", "dont_know"}]
    left.remove(min(left, key=lambda choice: len(shown(choice, language))))
    return left


def test_nobody_is_asked_for_the_group_they_belong_to(sheets: dict[str, Any]) -> None:
    over_groups = {row["name"] for row in sheets["survey"] if row["type"].endswith(" groups")}

    questions = ("inequality", "resources", "discrimination")
    assert over_groups == {name for question in questions for name in (question, f"{question}_second")}


def test_every_phrase_is_there_and_fits(phrases: dict[str, dict[str, str]]) -> None:
    for key, row in phrases.items():
        assert set(row) == {"en", "sn", "nd", "status"}, key
        assert all(row.values()), key
        for language in ("en", "sn", "nd"):
            if not key.startswith("words_"):
                text = re.sub(r"\{\w+\}", lambda blank: LONGEST[blank[0]], row[language])
                assert set(text) <= GSM7, (key, language)
                assert len(text) <= (45 if key in RE_ASKS else PAGE), (key, language)


def test_words_are_upper_case_and_mean_one_thing(phrases: dict[str, dict[str, str]]) -> None:
    seen: dict[str, str] = {}
    for key, row in phrases.items():
        if key.startswith("words_"):
            for word in "|".join((row["en"], row["sn"], row["nd"])).split("|"):
                # Two words where what is done cannot be undone and one word could be an answer.
                assert re.fullmatch(r"[A-Z]+( [A-Z]+)?" if key == "words_delete" else r"[A-Z]+", word), (key, word)
                assert seen.setdefault(word, key) == key, word


@pytest.mark.parametrize("language", ["en", "sn", "nd"])
def test_the_letters_of_a_language_differ(phrases: dict[str, dict[str, str]], language: str) -> None:
    assert len({phrases[key][language] for key in LETTERS}) == len(LETTERS)
