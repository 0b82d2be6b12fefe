# ruff: noqa: E501 -- the rows of a form
"""Sensitive questions: only where it is safe, never by SMS, and with a way out at any screen that leaves nothing."""

import pytest

from app.flows.asking.state import Discarded, Distressed, Left, State
from app.flows.reading.compile import compile_form
from app.flows.reading.faults import FormError
from app.flows.reading.load import load
from app.values import SMS_ROOM, USSD_ROOM
from tests.talk import Talk

FORM = """
    | survey | type | name | label::English (en) | label::Shona (sn) | label::Ndebele (nd) | required | relevant | bind::izwi:sensitive | bind::izwi:says | bind::izwi:distress | bind::izwi:end |
    |---|---|---|---|---|---|---|---|---|---|---|---|
    | | select_one places | place | Where do you live? | Munogara kupi? | Lihlala ngaphi? | | | | | | |
    | | integer | rooms | How many rooms? | Makamuri mangani? | Izindlu ezingaki? | | | | | | |
    | | begin_group | home | Home | Kumba | Ekhaya | | | yes | | | |
    | | select_one hurts | hurt | Did anybody hurt you? | Pane akakukuvadzai here? | Ukhona olilimazileyo na? | | | | | often | |
    | | text | story | What happened? | Chii chakaitika? | Kwenzakalani? | | ${hurt} != 'never' | | | knife \\| banga | |
    | | end_group | | | | | | | | | | |
    | | select_one places | market | Where do you buy? | Munotenga kupi? | Lithenga ngaphi? | | | | | | |
    | | note | whom | Call 0000. | Fonai 0000. | Fonelani 0000. | | | | helpline | | |
    | | note | about | We ask. | Isu tinobvunza. | Yithi ababuzayo. | | | | info | | |

    | choices | list_name | name | label::English (en) | label::Shona (sn) | label::Ndebele (nd) |
    |---|---|---|---|---|---|
    | | places | town | Town | Dhorobha | Idolobho |
    | | places | village | Village | Musha | Umuzi |
    | | hurts | never | Never | Kwete | Hatshi |
    | | hurts | once | Once | Kamwe | Kanye |
    | | hurts | often | Often | Kazhinji | Kanengi |

    | settings | form_id | version | default_language |{columns}
    |---|---|---|---|{dashes}
    | | home | 1 | English (en) |{values}
"""
CODE = "*384*77#"
PLACE, HURT = "Where do you live?\n1 Town\n2 Village\n0 Skip", "Did anybody hurt you?"
SAFE = "Are you alone and is it safe to answer now?\n1 Yes\n2 Later\n88 Back"
EXIT = "Network services. Thank you."


def form(**settings: str) -> str:
    """The form, with settings of ours."""
    columns, values = (
        "".join(f" izwi:{name} |" for name in settings),
        "".join(f" {each} |" for each in settings.values()),
    )
    return FORM.replace("{columns}", columns).replace("{dashes}", "---|" * len(settings)).replace("{values}", values)


def talk(**settings: str) -> Talk:
    return Talk(form(**settings), code=CODE)


def by_sms(of: Talk) -> Talk:
    of.room = SMS_ROOM
    return of


def test_it_is_asked_whether_she_is_alone_before_the_first_sensitive_question_of_a_session() -> None:
    of = talk()

    assert of("1", "3") == SAFE
    assert of("perhaps") == f"Please reply with a number from the list.\n{SAFE}"
    assert of("1").startswith(HURT)
    assert of("once").startswith("What happened?")
    assert of.redial() == SAFE
    assert of("yes").startswith("What happened?")


@pytest.mark.parametrize(("locale", "screen"), [("sn", "Muri moga here"), ("nd", "Lilodwa yini")])
def test_it_is_asked_in_her_language(locale: str, screen: str) -> None:
    of = Talk(form(), state=State(1, locale))

    assert of("1", "3").startswith(screen)


def test_later_ends_the_session_and_the_question_waits() -> None:
    of = talk()

    assert of("1", "3", "2") == "Thank you. Please dial again when it suits you."
    assert (of.final, of.events) == (True, (Left(later=True, remind=True),))
    assert of.redial() == SAFE
    assert of.answers == {"place": "town", "rooms": "3"}


@pytest.mark.parametrize("word", ["0 0", "00"])
def test_she_can_leave_at_any_screen_and_nothing_sensitive_is_kept_of_this_session(word: str) -> None:
    of = talk()
    of("1", "3", "1", "once", "my story", "88", "88", "never")
    assert set(of.answers) == {"place", "rooms", "hurt"}
    assert "my story" in of.memory  # set aside, for it may come back
    of("88", "88")

    of(*word.split())

    assert (of.screen, of.final) == (EXIT, True)
    assert of.events == (Discarded("hurt"), Discarded("story"), Left(later=False))
    assert "my story" not in of.memory
    assert "never" not in of.memory
    assert of.answers.keys() == {"place", "rooms"}
    assert of.redial() == SAFE
    assert of("1").startswith(HURT)


def test_what_was_said_in_an_earlier_session_stays() -> None:
    of = talk()
    of("1", "3", "1", "once")
    of.redial()

    of("1", "words", "00")

    assert of.answers.keys() == {"place", "rooms", "hurt"}


def test_after_a_zero_the_skip_is_a_letter_so_that_the_second_zero_leaves() -> None:
    of = talk()

    assert of.screen == PLACE
    assert of("1", "0") == "Are you alone and is it safe to answer now?\n1 Yes\n2 Later\n88 Back"
    assert of("1", "0") == "What happened?\nS Skip\n88 Back"
    assert of("s").startswith("Where do you buy?\n1 Town\n2 Village\n0 Skip")
    assert "story" in of.answers  # skipped, which is an answer too
    assert of("0") == "Thank you. Your answers are saved."


def test_a_zero_that_is_an_answer_stays_one() -> None:
    of = talk()

    of("0", "0")

    assert of.answers == {"place": "", "rooms": "0"}
    assert of("0") == EXIT  # nobody needs a zero at this screen


def test_a_form_can_do_without_it_or_with_00_alone() -> None:
    of = talk(quick_exit="no")
    assert of("1", "3", "1", "0", "0").startswith("Where do you buy?")
    of = talk(quick_exit="00")
    assert of("1", "3", "1", "0", "0").endswith("Where do you buy?\n1 Town\n2 Village\n0 Skip\n88 Back")
    assert of("00") == EXIT


def test_a_form_without_sensitive_questions_has_it_only_if_it_says_so() -> None:
    plain = form(quick_exit="yes").replace("| Ekhaya | | | yes |", "| Ekhaya | | | |")

    assert Talk(plain)("0", "5", "0", "0") == EXIT
    assert Talk(plain.replace("| yes |", "| |"))("0", "5", "0", "0") != EXIT


def test_by_sms_she_is_told_the_code_and_nothing_of_the_question() -> None:
    of = by_sms(talk())
    of.redial()

    offer = "Please dial *384*77# to go on. It is free. Reply 0 to leave those questions out and go on here."
    assert of("1", "3") == offer
    assert of("2") == of("88") == of("?") == offer
    assert "hurt" not in of.answers
    assert of("0").startswith("Where do you buy?")
    assert of("1") == "Thank you. Your answers are saved."
    assert of.answers.keys() == {"place", "rooms", "market"}


def test_who_dials_after_all_is_asked_what_was_left_out() -> None:
    of = by_sms(talk())
    of("1", "3", "0")

    of.room = USSD_ROOM

    assert of.redial() == SAFE
    assert of("1").startswith(HURT)


def test_a_form_may_pass_them_over_by_sms() -> None:
    of = by_sms(talk(sensitive_by_sms="skip"))

    assert of("1", "3").startswith("Where do you buy?")


def test_what_was_begun_on_a_menu_goes_on_by_sms_without_them() -> None:
    of = talk(sensitive_by_sms="skip")
    of("1", "3", "1")

    assert by_sms(of).redial().startswith("Where do you buy?")
    assert "88" not in by_sms(of)("88").split()  # back goes to what may be shown


@pytest.mark.parametrize("seed", range(1, 9))
def test_choices_are_in_random_order(seed: int) -> None:
    shown = {Talk(form(), seed=each)("1", "3", "1") for each in range(seed, seed + 12)}

    assert len(shown) >= 3


@pytest.mark.parametrize(
    ("replies", "key"),
    [
        (("1", "3", "1", "often"), "hurt"),
        (("1", "3", "1", "once", "He had a Knife!"), "story"),
        (("1", "3", "1", "once", "akanga aine banga"), "story"),
    ],
)
def test_words_and_choices_of_distress_are_told_and_the_help_line_is_shown_once(
    replies: tuple[str, ...], key: str
) -> None:
    of = talk()
    of(*replies)

    assert Distressed(key) in of.events
    assert of.lines[0] == "Call 0000."
    assert "0000" not in of("x" if key == "hurt" else "1")


def test_other_words_are_no_distress() -> None:
    of = talk()

    of("1", "3", "1", "once", "knifed and bangas")

    assert not any(isinstance(each, Distressed) for each in of.events)
    assert "0000" not in of.screen


def test_info_is_told_and_the_question_asked_again() -> None:
    of = talk()

    assert of("info") == f"We ask.\n{PLACE}"
    assert of("1").startswith("How many rooms?")


def test_a_long_info_before_the_safe_screen_can_be_read_to_its_end() -> None:
    long = " ".join(f"word{number}" for number in range(40))
    of = Talk(form().replace("We ask. |", f"{long} |"), code=CODE)

    first = of("1", "3", "info")
    assert first.endswith("99 More")
    assert "word39" in of("99")
    assert of("99") == SAFE
    assert of("1").startswith(HURT)


SURVEY = """
    | survey | type | name | label | relevant | calculation | constraint_message | bind::izwi:sensitive | bind::izwi:end | bind::izwi:says | bind::izwi:distress | bind::izwi:proxy | compact_tag |
    |---|---|---|---|---|---|---|---|---|---|---|---|---|
    | | select_one yn | hiv | Are you ill? | | | | yes | | | | | |
    {row}

    | choices | list_name | name | label |
    |---|---|---|---|
    | | yn | yes | Yes |
    | | yn | no | No |

    | settings | form_id | version | {columns}
    |---|---|---|---|
    | | ill | 1 | {values}
"""


def test_words_that_out_are_in_no_message() -> None:
    row = "| | text | b | Are you hiv positive? | | | | | | | | | |"
    sent = SURVEY.format(row=row, columns="izwi:unsaid |", values="HIV \\| aids |")

    with pytest.raises(FormError, match="by SMS it would send 'hiv'"):
        Talk(sent)
    assert Talk(sent.replace("hiv positive", "hivemind")).flow.caution.unsaid == ("hiv", "aids")


def test_nothing_is_kept_of_who_is_screened_out() -> None:
    row = "| | note | young | Only for adults. | ${hiv} = 'no' | | | | screened_out | | | | |"
    of = Talk(SURVEY.format(row=row, columns="", values=""), seed=2)

    screen = of("1", "no")

    assert screen == "Only for adults."
    assert (of.state.ended, of.answers) == ("screened_out", {})
    assert '"no"' not in of.memory


@pytest.mark.parametrize(
    ("row", "columns", "values", "problem"),
    [
        ("| | text | b | You said ${hiv}. | | | | | | | | | |", "", "", "its words repeat the answer to hiv"),
        ("| | calculate | c | | | ${hiv} | | | | | | | |\n    | | text | b | So: ${c}. | | | | | | | | | |", "", "",
         "its words repeat the answer to hiv"),
        ("| | text | b | B | | | ${hiv}! | | | | | | |", "", "", "its words repeat the answer to hiv"),
        ("| | text | b | B | | | | perhaps | | | | | |", "", "", "izwi:sensitive is 'perhaps'"),
        ("| | text | b | B | | | | | | helpline | | | |", "", "", "izwi:says is 'helpline' at a text"),
        ("| | note | b | B | | | | | | nonsense | | | |", "", "", "izwi:says is 'nonsense' at a note"),
        ("| | note | b | ${hiv} | | | | | | info | | | |", "", "", "it repeats an answer"),
        ("| | integer | b | B | | | | | | | 3 | | |", "", "", "izwi:distress is at a integer"),
        ("| | select_one yn | b | B | | | | | | | maybe | | |", "", "", "izwi:distress names maybe, which is no choice"),
        ("| | select_one yn | b | B | | | | | | | | other | |", "", "", "izwi:proxy names other, which is no choice"),
        ("| | text | b | B | | | | | | | | yes | |", "", "", "izwi:proxy is at no select_one"),
        ("| | text | b | B | | | | yes | | | | | b |", "prefix |", "ILL |", "never asked or answered by SMS"),
        ("| | text | b | B | | | | | | | | | |", "izwi:persons |", "many |", "it is 'many'"),
        ("| | text | b | B | | | | | | | | | |", "izwi:quick_exit |", "maybe |", "it is 'maybe'"),
        ("| | text | b | B | | | | | | | | | |", "izwi:sensitive_by_sms |", "never |", "it is 'never'"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused(row: str, columns: str, values: str, problem: str) -> None:
    text = SURVEY.format(row=row, columns=columns, values=values)

    with pytest.raises(FormError, match=problem) as refused:
        compile_form(load("\n".join(each.strip() for each in text.splitlines()).encode(), "form.md"))

    assert all(each.cure for each in refused.value.faults)
