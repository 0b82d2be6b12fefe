"""Consent as data: each answer to a question for consent, in which words it was asked, and when it was taken back."""

import hashlib
import json
from collections.abc import Sequence

import pytest
from click.testing import CliRunner

from app.channels.base import OptOut
from app.cli.exporting import export
from app.flows.reading.compile import compile_form
from app.flows.reading.faults import FormError
from app.flows.reading.load import load
from app.main import Parts
from app.settings import Settings
from tests.gateway.conftest import NUMBER, Line

GIVEN = "SELECT question, purpose, granted, locale, medium, withdrawn_by FROM consent ORDER BY id"


def given(line: Line) -> Sequence[tuple[object, ...]]:
    return [(question, purpose, bool(yes), *rest) for question, purpose, yes, *rest in line.rows(GIVEN)]


def test_consent_is_kept_with_the_turn_that_gave_it(line: Line) -> None:
    line.play("s1", ["1", "1"])

    assert given(line) == [("consent", "take_part", True, "en", "ussd", "")]


def test_refusal_is_kept_too(line: Line) -> None:
    line.play("s1", ["2", "2"])

    assert given(line) == [("consent", "take_part", False, "sn", "ussd", "")]


def test_who_answers_again_has_both_answers_kept_and_the_last_counts(line: Line) -> None:
    line.play("s1", ["1", "1", "88", "2"])

    assert [row[2] for row in given(line)] == [True, False]


def test_the_words_are_those_that_were_read(line: Line, parts: Parts) -> None:
    line.play("s1", ["1", "1"])
    for words in ("IZWI", "1", "1"):
        line.take(line.message(words))

    edition = parts.library.newest("leave_no_one_behind")
    assert edition is not None
    question = edition.flow.by_name["consent"]
    texts = ["".join(map(str, each["en"])) for each in (question.shorts, question.labels)]
    hashes = [row[0] for row in line.rows("SELECT text_hash FROM consent ORDER BY id")]
    assert hashes == [hashlib.sha256(text.encode()).hexdigest() for text in texts[: len(hashes)]]


def test_a_screen_that_comes_again_gives_no_second_consent(line: Line) -> None:
    line.play("s1", ["1", "1"])
    line.take(line.session("s1", "1*1"), line.session("s1", "1*1"))

    assert len(given(line)) == 1


@pytest.mark.parametrize("how", ["text", "opt-out"])
def test_stop_takes_back_what_this_phone_agreed_to(line: Line, how: str) -> None:
    line.play("s1", ["1", "1"])
    line.take(line.message("STOP") if how == "text" else OptOut(NUMBER))

    assert given(line) == [("consent", "take_part", True, "en", "ussd", "stop")]
    line.take(line.message("STOP"))
    ((before, after),) = line.rows("SELECT count(*), count(withdrawn_at) FROM consent")
    assert (before, after) == (1, 1)


def test_the_export_says_who_agreed_to_what_and_never_a_number(
    line: Line, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IZWI_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("IZWI_DATABASE_URL", settings.database)
    line.play("s1", ["1", "1"])
    line.take(line.message("STOP"))

    result = CliRunner().invoke(export, ["consents", "--format", "jsonl"])

    assert (result.exit_code, result.stderr) == (0, "")
    assert NUMBER[1:] not in result.stdout
    (row,) = [json.loads(each) for each in result.stdout.splitlines()]
    assert (row["purpose"], row["granted"], row["withdrawn_by"]) == ("take_part", "yes", "stop")
    assert row["at"] <= row["withdrawn_at"]
    assert CliRunner().invoke(export, ["consents"]).stdout.startswith("respondent,survey,version,purpose,granted,")


def test_the_shipped_survey_asks_for_consent_to_each_use(parts: Parts) -> None:
    edition = parts.library.newest("leave_no_one_behind")

    assert edition is not None
    asked = {each.name: each.consent for each in edition.flow.questions if each.consent}
    assert asked == {"consent": "take_part", "story_consent": "story"}


def form(kind: str, word: str, choices: str = "yes no") -> str:
    listed = "".join(f"| | a | {name} | {name} |\n" for name in choices.split())
    return (
        "| survey | type | name | label | bind::izwi:consent |\n|---|---|---|---|---|\n"
        f"| | {kind} | agree | May we? | {word} |\n\n| choices | list_name | name | label |\n|---|---|---|---|\n{listed}"
    )


@pytest.mark.parametrize(
    ("kind", "word", "choices", "said"),
    [
        ("select_one a", "everything", "yes no", "Write one of: take_part"),
        ("text", "take_part", "yes no", "with a select_one, or with acknowledge"),
        ("select_one a", "take_part", "agree refuse", "only yes counts"),
        ("select_one a", "story", "yes", "only yes counts"),
    ],
)
def test_a_question_that_cannot_ask_for_consent_is_refused_at_load(
    kind: str, word: str, choices: str, said: str
) -> None:
    with pytest.raises(FormError, match=said):
        compile_form(load(form(kind, word, choices).encode(), "form.md"))
