"""`izwi simulate` as someone uses it who pipes replies in; what it saves is a transcript that plays again as it is."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import drawing, stage
from app.cli.phone import simulate
from app.cli.transcript import parse

MEALS = """\
| survey | type | name | label | constraint | constraint_message |
|---|---|---|---|---|---|
| | integer | people | How many people ate here last night? | . > 0 and . < 100 | Between 1 and 99, please. |
| | note | bye | Thank you. | | |
| settings | form_id | version |
| | meals | 1 |
"""


def run(*arguments: str, replies: str = "") -> Result:
    return CliRunner().invoke(simulate, list(arguments), input=replies)


def play_again(path: Path, folder: Path) -> str:
    header, steps = parse(path.read_text(encoding="utf-8"))
    survey = stage.find(header.survey, beside=path.parent)
    assert survey is not None
    with stage.stage(header, survey, folder) as made:
        return made.play(steps)


@pytest.fixture
def meals(tmp_path: Path) -> Path:
    path = tmp_path / "forms" / "meals.md"
    path.parent.mkdir()
    path.write_text(MEALS, encoding="utf-8")
    return path


def test_piped_replies_give_a_plain_conversation_and_a_table_of_what_was_stored(meals: Path) -> None:
    result = run(str(meals), replies="twelve\n0\n12\n")

    assert result.exit_code == 0
    assert "CON Please reply with a whole number.\nHow many people ate here last night?\n" in result.output
    assert "CON Between 1 and 99, please.\n" in result.output
    assert "END Thank you.\n[10 of 160]\n" in result.output
    assert "Stored: run completed, 1 answer\n" in result.output
    assert result.output.rstrip().endswith("How many people ate here last night?  12      12     12")


@pytest.mark.parametrize("channel", ["ussd", "sms"])
def test_a_saved_transcript_plays_again_as_it_is(channel: str, tmp_path: Path) -> None:
    saved = tmp_path / "saved.txt"
    replies = "1\n1\n:retry\nnonsense\n3\n:drop\n:wait 2h\n:dial\n1\n:sms\nizwi\n1\n:answers\n"

    arguments = ["leave_no_one_behind", "--channel", channel, "--language", "sn", "--save", str(saved)]
    result = run(*arguments, replies=replies)

    written = saved.read_text(encoding="utf-8")
    assert result.exit_code == 0
    assert "= language = sn (raw 2)" in written
    assert "! 2 hours pass" in written
    assert play_again(saved, tmp_path / "var") == written


def test_a_saved_transcript_finds_its_form_beside_it(meals: Path, tmp_path: Path) -> None:
    saved = meals.parent / "saved.txt"

    run(str(meals), "--save", str(saved), replies="12\n")

    written = saved.read_text(encoding="utf-8")
    assert written.startswith("survey: meals.md ")
    assert play_again(saved, tmp_path / "var") == written


def test_a_language_answers_the_question_for_it() -> None:
    result = run("leave_no_one_behind", "--language", "nd")

    assert "> 3\nCON INANGO" in result.output
    assert "Stored: run active at consent, 1 answer" in result.output


def test_a_reply_without_a_session_is_not_sent(meals: Path) -> None:
    result = run(str(meals), replies=":drop\n12\n")

    assert "No session is open" in result.output
    assert "Stored: run active at people, 0 answers" in result.output


def test_a_form_with_a_fault_is_named_by_sheet_row_and_cure(meals: Path) -> None:
    meals.write_text(MEALS.replace("integer", "fancy"), encoding="utf-8")

    result = run(str(meals))

    assert result.exit_code == 1
    assert "survey, row 2, people: the question type fancy is not supported" in result.output
    assert "Use one of: " in result.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["no_such_survey"], "leave_no_one_behind"),
        (["leave_no_one_behind", "--language", "fr"], "it has en, sn, nd"),
        (["leave_no_one_behind", "--save", "no/such/folder/x.txt"], "There is no folder"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments: list[str], says: str) -> None:
    result = run(*arguments)

    assert result.exit_code == 2
    assert says in result.output


@pytest.mark.parametrize("word", ["help", "wait", "wait long", "nonsense"])
def test_a_command_never_becomes_an_answer(word: str, meals: Path) -> None:
    result = run(str(meals), replies=f":{word}\n:quit\n12\n")

    assert result.exit_code == 0
    assert "0 answers" in result.output


def test_every_line_of_a_drawn_phone_is_as_wide_as_the_others() -> None:
    lines = ["What do you grow? Say all that you grow, one by one", "1 Maize", "2 A" + "b" * 40, "", "99 More"]

    drawn = drawing.phone(lines, title="USSD", status="90 of 160 septets").splitlines()

    assert {len(line) for line in map(plain, drawn)} == {drawing.WIDTH + 4}


def test_a_table_gives_way_where_the_line_is_short() -> None:
    text = drawing.table([("question", "answer"), ("How many people ate here last night?", "12")], width=30)

    assert max(map(len, text.splitlines())) <= 30
    assert "…" in text


def plain(line: str) -> str:
    return line.replace("\x1b[2m", "").replace("\x1b[0m", "")


def test_a_transcript_is_played_again_and_what_comes_out_differently_is_shown(meals: Path) -> None:
    saved = meals.parent / "saved.txt"
    run(str(meals), "--save", str(saved), replies="0\n12\n")

    same = run(str(saved))
    assert (same.exit_code, same.output) == (0, "4 steps, and all comes out as it is written.\n")

    meals.write_text(MEALS.replace("Between 1 and 99", "From 1 to 99"), encoding="utf-8")
    other = run(str(saved))
    assert other.exit_code == 1
    assert "-CON Between 1 and 99, please." in other.output
    assert "+CON From 1 to 99, please." in other.output


def test_what_only_looks_like_a_transcript_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "strange.txt"
    file.write_text("survey: nothing_of_ours\n\n> 1\n", encoding="utf-8")
    assert run(str(file)).exit_code == 2

    file.write_text("survey: leave_no_one_behind\n\n! the sky falls\n", encoding="utf-8")
    refused = run(str(file))
    assert refused.exit_code == 2
    assert "nobody knows" in refused.output
