"""What keeps a sensitive answer from harm: never by SMS, only where it is safe, and a way out at any screen that leaves nothing.

`0` skips a question, so after a `0` the next screen offers its skip by letter: a second `0` is then free to mean that she
must leave at once. `00` means it at any time.
"""

from typing import TYPE_CHECKING

from app.flows.asking.state import Discarded, Left
from app.flows.flow import Question
from app.flows.phrases import fold, holds, say, words
from app.flows.screens import Layout
from app.values import Medium, Screen

if TYPE_CHECKING:
    from app.flows.asking.engine import Turn
    from app.flows.asking.showing import Showing

_SKIP, _LEAVE, _BACK, _MORE = "0", "00", "88", "99"


def renew(turn: "Turn") -> None:
    """A session begins, or the run went on elsewhere: whether it is safe is asked anew."""
    state = turn.state
    state.zero, state.safe, state.fresh, state.find = False, False, [], ""
    if not turn.flow.caution.sensitive or not state.open:
        return
    if state.passed and turn.reply.room.medium is Medium.USSD:
        state.passed = False  # she dialled after all: what was passed over is asked now
        turn.go_on(0)
    elif turn.flow.spot(state.open).sensitive and passes(turn):
        turn.go_on(0)


def takes(turn: "Turn", typed: str) -> bool:
    """Take a reply that is about her safety; False where it is one to the open question."""
    state, word = turn.state, typed.strip()
    question = turn.flow.spot(state.open)
    is_second, state.zero = state.zero, word == _SKIP
    if _is_leaving(turn, question, word, is_second):
        leave(turn)
    elif not question.sensitive:
        return False
    elif turn.reply.room.medium is Medium.SMS:
        _answer_by_sms(turn, question, word)
    elif not state.safe:
        _answer_whether_safe(turn, question, word)
    elif word == _SKIP and question.kind.name == "text":
        turn.skip(question, typed)  # nobody's story is "0", and it may be the first half of leaving
    else:
        return False
    return True


def _is_leaving(turn: "Turn", question: Question, word: str, is_second: bool) -> bool:
    how = turn.flow.caution.leave
    if how == "no" or word not in {_SKIP, _LEAVE}:
        return False
    if word == _LEAVE:
        return True
    takes_zero = not question.kind.figures_steer and not asks_whether_safe(turn.showing, question)
    return how == "yes" and is_second and not takes_zero


def leave(turn: "Turn") -> None:
    """End the session with an innocent text, and keep nothing of the sensitive answers that were given in it."""
    _discard(turn)
    _part(turn, turn.flow.says("exit", turn.state.locale), Left(later=False))


def _discard(turn: "Turn") -> None:
    state, flow = turn.state, turn.flow
    fresh = [flow.spot(key) for key in state.fresh]
    for question in fresh:
        state.answers.pop(question.key, None)
        state.aside.pop(question.key, None)
        state.pending.pop(question.key, None)
        for action in flow.on_change.get(question.name, ()):
            for spot in turn.document.spots(flow.by_name[action.target]):
                state.given.pop(spot.key, None)
        turn.document.changed(question)
        turn.events.append(Discarded(question.key))
    if fresh:
        turn.reconcile(fresh)
        turn.go_on(0)


def _part(turn: "Turn", text: str, event: Left) -> None:
    state = turn.state
    state.page, state.tries, state.refused, state.told, state.find = 0, 0, "", {}, ""
    state.zero, state.safe, state.fresh = False, False, []
    turn.events.append(event)
    turn.parting = Screen(text, final=True)


# -- is it safe? ------------------------------------------------------------------------------------------------------


def asks_whether_safe(showing: "Showing", question: Question) -> bool:
    """Say whether it is asked first if she is alone."""
    return question.sensitive and not showing.state.safe and showing.room.medium is Medium.USSD


def layout_of_safe(showing: "Showing") -> Layout:
    """The screen before the first sensitive question of a session."""
    locale, flow = showing.state.locale, showing.flow
    words_of = {"safe": say("choose_number", locale), "info": flow.says("info", locale)}
    refusal = tuple(filter(None, (words_of.get(showing.state.refused),)))
    entries = (f"1 {say('yes', locale)}", f"2 {say('later_word', locale)}")
    return Layout(
        (*showing.told(), *refusal, flow.says("safe", locale)), entries,
        more=f"{_MORE} {say('next', locale)}", back=f"{_BACK} {say('back', locale)}", back_on_first=bool(showing.state.answers),
    )  # fmt: skip


def _answer_whether_safe(turn: "Turn", question: Question, word: str) -> None:
    state, folded = turn.state, fold(word)
    if word == "1" or folded in words("words_yes"):
        state.safe, state.refused, state.page = True, "", 0
    elif word == "2" or folded in words("words_no") or folded == fold(say("later_word", state.locale)):
        _part(turn, turn.flow.says("later", state.locale), Left(later=True, remind=not state.later))
        state.later = True
    elif (word == _MORE or folded in words("words_next")) and state.page + 1 < len(turn.showing.pages()):
        state.page += 1
    elif word == _BACK or folded in words("words_back"):
        turn.back(question)
    else:
        state.refused, state.page = "info" if folded in words("words_info") else "safe", 0


# -- by SMS -----------------------------------------------------------------------------------------------------------


def passes(turn: "Turn") -> bool:
    """Say whether sensitive questions are passed over now: by SMS, where the form says so, she does, or there is no code."""
    if turn.reply.room.medium is not Medium.SMS:
        return False
    return turn.state.passed or turn.flow.caution.by_sms == "skip" or not turn.reply.code


def layout_by_sms(showing: "Showing") -> Layout:
    """What stands in a message in place of a sensitive question: how to dial."""
    text = showing.flow.says("dial_instead", showing.state.locale)
    return Layout((*showing.told(), text.replace("{code}", showing.code)))


def _answer_by_sms(turn: "Turn", question: Question, word: str) -> None:
    folded = fold(word)
    if word == _SKIP or folded in words("words_skip"):
        turn.state.passed = True
        turn.go_on(question.index)


# -- distress ---------------------------------------------------------------------------------------------------------


def is_distress(question: Question, value: str) -> bool:
    """Say whether an answer holds a choice, or a word, that the form lists."""
    if question.choices is not None:
        return not question.distress.isdisjoint(question.chosen(value))
    return any(holds(value, each) for each in question.distress)
