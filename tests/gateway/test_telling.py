"""INFO at what is asked around a survey tells who asks, why and how long, and then the same screen again."""

from pathlib import Path

import pytest

from app.flows.phrases import say
from app.gateway import library as shelves
from app.main import Parts
from app.settings import Settings
from tests.conftest import Clock
from tests.gateway.conftest import Line
from tests.gateway.test_persons import NEW_PIN, PIN, SURVEY, WHO, register

WORDS = {"en": ("1", "INFO"), "sn": ("2", "Ruzivo"), "nd": ("3", "ulwazi")}
TOLD = {
    "en": "A test asks, to learn. Kept for a year. Complaints: 1 Test Street.",
    "sn": "Bvunzo inobvunza. Gore rimwe. Zvichemo: 1 Test Street.",
    "nd": "Ukuhlolwa kuyabuza. Umnyaka. Izikhalazo: 1 Test Street.",
}
ROOMS = {"en": "How many rooms has the home?", "sn": "Imba ine makamuri mangani?", "nd": "Indlu ilezindlu ezingaki?"}
STATES = "SELECT state FROM run ORDER BY id"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"survey": "shared", "keywords": {"SHARED": "shared"}})


@pytest.fixture
def line(line: Line, parts: Parts) -> Line:
    assert not shelves.publish(parts.database, [SURVEY])
    parts.library.refresh()
    return line


@pytest.fixture
def terse(line: Line, parts: Parts, tmp_path: Path) -> Line:
    """The same survey without words of its own for INFO: Izwi's fill a screen by themselves."""
    form = SURVEY.read_text(encoding="utf-8").replace("| Shared phone | 1 |", "| Shared phone | 2 |")
    file = tmp_path / "shared.md"
    file.write_text("\n".join(row for row in form.splitlines() if "| about |" not in row), encoding="utf-8")
    assert not shelves.publish(parts.database, [file])
    parts.library.refresh()
    return line


def screen(locale: str, *phrases: str) -> str:
    first, *others = phrases
    return "\n".join([say(first, locale), *(f"{number} {say(each, locale)}" for number, each in enumerate(others, 1))])


def who(locale: str) -> str:
    return screen(locale, "who", "who_before", "who_else")


def welcome(locale: str) -> str:
    return screen(locale, "welcome_back", "continue", "start_again")


def sent(line: Line) -> str:
    return str(line.rows("SELECT body FROM outbox ORDER BY id DESC")[0][0])


@pytest.mark.parametrize("locale", ["en", "sn", "nd"])
def test_info_is_told_by_menu_and_the_screen_comes_again(line: Line, locale: str) -> None:
    number, word = WORDS[locale]
    line.play("s1", [number, "1", "1"])

    assert line.play("s2", []) == who(locale)
    assert line.play("s3", [word]) == f"{TOLD[locale]}\n{who(locale)}"
    assert line.play("s4", [word, "1"]) == welcome(locale)
    assert line.play("s5", ["1", word]) == f"{TOLD[locale]}\n{welcome(locale)}"
    assert line.play("s6", [word, word, "1", word, "1"]) == line.play("s7", ["1", "1"])
    assert line.rows(STATES) == [("active",)]


@pytest.mark.parametrize("locale", ["en", "sn", "nd"])
def test_info_is_told_by_message_and_the_screen_comes_again(line: Line, locale: str) -> None:
    number, word = WORDS[locale]
    for words in ("SHARED", number, "1", "1", "SHARED"):
        line.take(line.message(words))
    assert sent(line) == who(locale)

    line.take(line.message(word))
    assert sent(line) == f"{TOLD[locale]}\n{who(locale)}"
    line.take(line.message("1"))
    assert sent(line) == welcome(locale)
    line.take(line.message(word))
    assert sent(line) == f"{TOLD[locale]}\n{welcome(locale)}"
    line.take(line.message("1"))
    assert sent(line).startswith(ROOMS[locale])


def test_elsewhere_it_is_told_as_before(line: Line, clock: Clock) -> None:
    line.take(line.message("INFO"))
    assert sent(line) == TOLD["en"]
    for words in ("SHARED", "1", "INFO"):
        line.take(line.message(words))
    assert sent(line) == TOLD["en"]

    for words in ("1", "1", "SHARED"):
        line.take(line.message(words))
    clock.pass_time(hours=30)
    line.take(line.message("INFO"))
    assert sent(line) == TOLD["en"]


@pytest.mark.parametrize("locale", ["en", "sn", "nd"])
def test_what_does_not_fit_goes_on_and_comes_back(terse: Line, locale: str) -> None:
    number, word = WORDS[locale]
    terse.play("s1", [number, "1", "1"])
    more, back = f"99 {say('next', locale)}", f"88 {say('back', locale)}"

    first = terse.play("s2", [word])
    second = terse.play("s3", [word, "99"])
    assert first.endswith(more)
    assert second.endswith(back)
    assert " ".join((first.removesuffix(more) + second.removesuffix(back)).split()) == " ".join(
        f"{say('info', locale)} {who(locale)}".split()
    )
    assert terse.play("s4", [word, "99", "88"]) == first
    assert terse.play("s5", [word, "99", "99"]) == f"{say('choose_number', locale)}\n{who(locale)}"
    assert terse.play("s6", [word, "99", "1"]) == terse.play("s7", [word, "1"]) == welcome(locale)
    assert terse.play("s8", ["1", word, "99"]).endswith(f"2 {say('start_again', locale)}\n{back}")
    assert terse.play("s9", ["1", word, "99", "1"]).split("\n")[0] == terse.play("s10", ["1", "1"]).split("\n")[0]


def test_99_without_info_is_no_page(line: Line) -> None:
    line.play("s1", ["1", "1", "1"])

    assert line.play("s2", ["99"]) == f"Please reply with a number from the list.\n{WHO}"


def test_info_counts_as_no_try_and_is_nobodys_word(line: Line) -> None:
    line.play("s1", ["1", "1", "1"])
    assert line.play("s2", ["2", "INFO"]) == f"{TOLD['en']}\n{NEW_PIN}"
    line.play("s3", ["2", "mvura", "1"])

    assert line.play("s4", ["1", "moto", "INFO"]) == f"{TOLD['en']}\n{PIN}"
    assert line.play("s5", ["1", "moto", "INFO", "1234", "INFO", "mvura"]).endswith("1 Continue\n2 Start again")
    assert line.play("s6", ["1", "moto", "INFO", "1234", "INFO", "mhepo"]) == "Thank you. Your answers are saved."
    assert line.rows("SELECT count(*) FROM turn WHERE outcome = 'helped'") == [(6,)]


def test_a_facilitator_is_told_between_two_people(line: Line, clock: Clock) -> None:
    register(line, clock)
    after = "Thank you. Your answers are saved.\n1 Next person\n2 That is all"

    assert line.play("s1", ["1", "1", "1", "3", "INFO"]) == f"{TOLD['en']}\n{after}"
    assert line.play("s2", ["1", "1", "1", "3", "INFO", "1"]).startswith("Which language?")
