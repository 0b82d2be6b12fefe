"""Several people on one phone: each has her own respondent, and nobody sees anything of whoever was before."""

from pathlib import Path

import pytest
from sqlalchemy.engine import Connection

from app.gateway import library as shelves
from app.main import Parts
from app.settings import Settings
from app.store import contacts, facilitators
from app.values import Msisdn
from tests.conftest import Clock
from tests.gateway.conftest import NUMBER, Line

SURVEY = Path(__file__).parents[1] / "surveys" / "shared.md"
WHO = "Who is answering?\n1 Me, as before\n2 Someone else on this phone"
PIN = "Please type your 4 digits or your word, or 0 if you have none."
NEW_PIN = "Choose 4 digits or a word (2-12 letters, not your name) to come back with, or 0 for none."
NEW_PIN_WRONG = "Please type 4 digits or a word (2-12 letters) that nobody else here has, or 0."
RUNS = "SELECT position, state, mode, proxy FROM run JOIN respondent r ON r.id = run.respondent_id ORDER BY run.id"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"survey": "shared", "keywords": {"SHARED": "shared"}})


@pytest.fixture
def line(line: Line, parts: Parts) -> Line:
    assert not shelves.publish(parts.database, [SURVEY])
    parts.library.refresh()
    return line


def runs(line: Line) -> list[tuple[object, ...]]:
    return [(*rest, bool(proxy)) for *rest, proxy in line.rows(RUNS)]


def test_the_first_one_is_not_asked_who_she_is(line: Line) -> None:
    assert line.play("s1", []).startswith("Which language?")


def test_she_goes_on_as_before(line: Line) -> None:
    line.play("s1", ["1", "1", "1"])

    assert line.play("s2", []) == WHO
    assert line.play("s3", ["1"]) == "Welcome back.\n1 Continue\n2 Start again"
    assert line.play("s4", ["1", "1"]).startswith("How many rooms")
    assert runs(line) == [(1, "active", "self", False)]


def test_someone_else_has_a_respondent_and_a_consent_of_her_own(line: Line) -> None:
    line.play("s1", ["1", "1", "1"])

    assert line.play("s2", ["2"]) == NEW_PIN
    assert line.play("s3", ["2", "12"]) == NEW_PIN_WRONG
    assert line.play("s4", ["2", "1234", "2", "1", "2", "7"]).startswith("Tatenda")

    assert runs(line) == [(1, "active", "self", False), (2, "completed", "self", True)]
    assert line.rows("SELECT count(DISTINCT run_id), count(*) FROM consent") == [(2, 2)]


def test_each_comes_back_by_her_digits_and_sees_nothing_of_the_other(line: Line) -> None:
    line.play("s1", ["1", "1", "1"])  # the first, without digits
    line.play("s2", ["2", "1234", "1", "1"])  # the second, as far as consent

    assert line.play("s3", ["1"]) == PIN
    assert line.play("s4", ["1", "1234", "1"]).startswith("For whom do you answer?")
    assert line.play("s5", ["1", "0", "1"]).startswith("How many rooms")


def test_wrong_digits_are_refused_three_times_and_never_kept(line: Line) -> None:
    line.play("s1", ["1", "1", "1"])
    line.play("s2", ["2", "1234", "1"])

    assert line.play("s3", ["1", "9999"]) == "Nobody here has these digits or this word.\n" + PIN
    assert line.play("s4", ["1", "9999", "8888", "7777"]) == "Thank you. Your answers are saved."

    columns = {"turn": "typed, screen", "run": "memory", "session": "text, asking", "inbound": "text", "answer": "raw"}
    kept = str([line.rows(f"SELECT {names} FROM {table}") for table, names in columns.items()])
    assert "9999" not in kept
    assert "1234" not in kept
    ((pin,),) = line.rows("SELECT pin_hash FROM respondent WHERE pin_hash IS NOT NULL")
    assert isinstance(pin, bytes | memoryview)
    assert len(bytes(pin)) == 16


@pytest.mark.parametrize("typed", ["Mvura", "MVURA", " mvura. ", "mvúra"])
def test_a_word_stands_for_the_digits_in_any_case_and_without_accents(line: Line, typed: str) -> None:
    line.play("s1", ["1", "1", "1"])
    line.play("s2", ["2", "Mvura", "1", "1"])

    assert line.play("s3", ["1", typed, "1"]).startswith("For whom do you answer?")
    assert line.play("s4", ["1", "0", "1"]).startswith("How many rooms")


@pytest.mark.parametrize(
    "typed", ["a", "abcdefghijklm", "two words", "ab1", "12345", "12", "STOPPED!x", "help", "ndapota9", "٣٣٣٣", "🙂🙂"]
)
def test_what_is_no_word_and_no_digits_is_not_taken(line: Line, typed: str) -> None:
    line.play("s1", ["1", "1"])

    assert line.play("s2", ["2", typed]) == NEW_PIN_WRONG
    assert line.rows("SELECT count(*) FROM respondent") == [(1,)]


@pytest.mark.parametrize("typed", ["ab", "abcdefghijkl", "chivabvu"])
def test_a_word_may_have_two_to_twelve_letters(line: Line, typed: str) -> None:
    line.play("s1", ["1", "1"])

    assert line.play("s2", ["2", typed]).startswith("Which language?")


def test_a_word_is_never_kept_and_never_shown(line: Line) -> None:
    line.play("s1", ["1", "1", "1"])
    shown = [line.play("s2", ["2", "mukwerete", "1"]), line.play("s3", ["2", "mukwerete"])]
    shown += [line.play("s4", ["1", "mukwereta"]), line.play("s5", ["1", "mukwerete", "1"])]

    kept = []
    for table in ("turn", "run", "session", "inbound", "answer", "respondent", "outbox"):
        kept += line.rows(f'SELECT * FROM "{table}"')
    assert "mukwer" not in (str(kept) + str(shown)).casefold()
    ((pin,),) = line.rows("SELECT pin_hash FROM respondent WHERE pin_hash IS NOT NULL")
    assert bytes(pin) == line.parts.keys.find_pin(line.rows("SELECT id FROM contact")[0][0], "mukwerete")


def test_wrong_words_and_digits_are_refused_three_times_together(line: Line) -> None:
    line.play("s1", ["1", "1", "1"])
    line.play("s2", ["2", "mvura", "1"])

    assert line.play("s3", ["1", "moto", "1234", "mhepo"]) == "Thank you. Your answers are saved."
    assert line.play("s4", ["1", "moto", "1234", "mvura", "1"]).startswith("May we ask you")


def test_nobody_finds_out_by_trying_which_words_are_taken(line: Line) -> None:
    line.play("s1", ["1", "1", "1"])
    line.play("s2", ["2", "mvura", "1"])

    assert line.play("s3", ["2", "mvura", "mvura", "mvura"]) == "Thank you. Your answers are saved."
    assert line.play("s4", ["2", "x", "mvura", "moto"]).startswith("Which language?")


def test_digits_that_another_has_are_not_given_twice(line: Line) -> None:
    line.play("s1", ["1", "1"])
    line.play("s2", ["2", "1234", "1"])

    assert line.play("s3", ["2", "1234"]) == NEW_PIN_WRONG
    assert line.play("s3b", ["2", "0"]).startswith("Which language?")


def test_no_more_than_the_survey_allows(line: Line) -> None:
    line.play("s1", ["1", "1"])
    line.play("s2", ["2", "0", "1"])
    line.play("s3", ["2", "0", "1"])

    assert line.play("s4", ["2"]) == "Thank you. Your answers are saved."
    assert len(runs(line)) == 3


def test_who_has_finished_is_thanked_and_not_asked_again(line: Line) -> None:
    line.play("s1", ["1", "1", "1", "3"])

    assert line.play("s2", ["1"]) == "Thank you. Your answers are saved."


def test_the_question_who_can_be_left_at_once(line: Line) -> None:
    line.play("s1", ["1", "1"])

    assert line.play("s2", ["0"]) == "Network services. Thank you."
    assert line.play("s3", ["nonsense"]) == f"Please reply with a number from the list.\n{WHO}"


def test_stop_works_there_too_and_ends_everybodys_runs_by_sms(line: Line) -> None:
    line.play("s1", ["1", "1"])
    line.play("s2", ["2", "0", "1"])

    assert line.play("s3", ["STOP"]).startswith("You will get no more messages.")
    line.take(line.message("STOP"))

    assert [state for _, state, *_ in runs(line)] == ["stopped", "stopped"]


def test_who_is_asked_by_sms_too(line: Line) -> None:
    line.play("s1", ["1", "1", "1"])
    for words in ("SHARED", "2", "1", "SHARED", "1"):
        line.take(line.message(words))

    bodies = [str(row[0]).split("\n")[0] for row in line.rows("SELECT body FROM outbox ORDER BY id")]
    dial = "Please dial *384*77# to go on. It is free."  # nobody types digits into a message
    assert bodies == ["Who is answering?", "Which language?", "May we ask you?", "Who is answering?", dial]
    assert [position for position, *_ in runs(line)] == [1, 2]


def test_a_word_at_the_question_who_ends_everything_under_way(line: Line) -> None:
    line.play("s1", ["1", "1", "1"])
    line.play("s2", ["2", "0", "1"])

    assert line.play("s3", ["WITHDRAW"]).startswith("Done.")

    assert [state for _, state, *_ in runs(line)] == ["stopped", "stopped"]
    assert line.rows("SELECT count(*) FROM answer WHERE set_aside_at IS NULL") == [(0,)]


def test_one_of_many_on_a_facilitators_phone_leaves_for_herself_alone(line: Line, clock: Clock) -> None:
    register(line, clock)
    line.play("s1", ["1", "1", "1", "3"])

    line.play("s2", ["2", "1", "DELETE"])

    assert [state for _, state, *_ in runs(line)] == ["completed", "stopped"]
    assert {row[0] for row in line.rows("SELECT run_id FROM answer")} == {
        row[0] for row in line.rows("SELECT min(id) FROM run")
    }
    assert line.rows("SELECT count(*) FROM erasure") == [(0,)]
    assert line.play("s3", ["1"]).startswith("May we ask you")


def test_delete_after_the_end_leaves_nothing_of_that_one_person(line: Line, clock: Clock) -> None:
    register(line, clock)

    assert line.play("s1", ["2", "1", "1", "3", "DELETE"]).startswith("Zvaitwa.")

    assert line.rows("SELECT count(*) FROM answer") == line.rows("SELECT count(*) FROM record") == [(0,)]
    assert "myself" not in str(line.rows("SELECT memory FROM run"))
    assert [state for _, state, *_ in runs(line)] == ["stopped"]


def test_who_leaves_at_the_question_who_is_told_so_in_her_language(line: Line) -> None:
    line.play("s1", ["2", "1", "1"])

    assert line.play("s2", ["MIRA"]).startswith("Hamuchatumirwi")


def register(line: Line, clock: Clock) -> None:
    """Let the phone be a facilitator's."""
    keys, at = line.parts.keys, clock()

    def work(connection: Connection) -> bool:
        found = contacts.find_or_add(connection, keys, [Msisdn(NUMBER)], at)
        return facilitators.add(connection, found[NUMBER].id, "north", at)

    assert line.parts.database.write(work)


def test_a_facilitator_takes_several_people_through_one_after_another(line: Line, clock: Clock) -> None:
    register(line, clock)

    end = line.play("s1", ["1", "1", "1", "3"])
    assert end == "Thank you.\n1 Next person\n2 That is all"
    assert line.play("s2", ["1", "1", "2", "4", "1", "1", "2"]).endswith("1 Next person\n2 That is all")
    assert line.play("s3", ["1", "2", "2"]) == "Thank you. Your answers are saved."

    assert runs(line) == [
        (1, "completed", "facilitator", False),
        (2, "completed", "facilitator", True),
        (3, "declined", "facilitator", False),
        (4, "declined", "facilitator", False),
    ]


def test_a_facilitators_dropped_session_goes_on_or_the_next_person_begins(line: Line, clock: Clock) -> None:
    register(line, clock)
    line.play("s1", ["1", "1", "1"])

    assert line.play("s2", []) == "Welcome back.\n1 Continue\n2 Next person"
    assert line.play("s3", ["2"]).startswith("Which language?")
    assert line.play("s4", []).startswith("Which language?")  # nothing was answered yet
    assert [state for _, state, *_ in runs(line)] == ["active", "active"]
