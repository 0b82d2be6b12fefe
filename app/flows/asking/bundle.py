"""Replies to several questions that came as one message: each is judged by its own question, the wrong ones are asked again.

What waits in `State.pending` is kept as soon as its question is reached, which it is when all before it is answered: what a
form asks first, such as consent, is asked before anything of a record is kept.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from app.flows.asking import compact, together
from app.flows.asking.showing import BACK, HELP, MORE, SKIP
from app.flows.asking.state import Record, milliseconds
from app.flows.flow import Question
from app.flows.questions.base import Accepted, Refused
from app.flows.screens import pages
from app.values import Medium

if TYPE_CHECKING:
    from app.flows.asking.engine import Turn

_MOST_JOINT_TRIES = 2
_MOST_TOLD, _LONGEST_TOLD = 5, 12


def take_waiting(turn: "Turn") -> None:
    """Take a record that came now, or go on with what an earlier one left waiting if there is a new answer."""
    if turn.reply.record is not None and not turn.state.ended:
        _take_record(turn, turn.reply.record)
    elif turn.kept:
        _settle(turn)


def _take_record(turn: "Turn", record: Record) -> None:
    state = turn.state
    state.record, state.page, state.refused, state.told = record.digest, 0, "", {}
    state.asked_ms = milliseconds(turn.at)
    _tell(turn, "not_understood", record.unknown)
    state.pending.update(record.answers)
    _settle(turn)


def _settle(turn: "Turn") -> None:
    """Keep all that can be kept of what waits, and ask for the first that is wrong or missing."""
    state = turn.state
    while not state.ended:
        wrong = _keep_reached(turn)
        if wrong is not None:
            turn.open(wrong, [])
        elif turn.kept or state.open in state.pending:
            turn.go_on(0)
        _drop(turn)
        turn.kept = False
        typed = state.pending.pop(state.open, None)
        if typed is None:
            return
        question = turn.flow.spot(state.open)
        value, why = _judged(turn, question, typed)
        if why:
            turn.refuse(question, why)
            return
        turn.keep(question, value, typed, None)
    turn.kept = False
    _drop(turn)


def _keep_reached(turn: "Turn") -> Question | None:
    """Keep what waits as far as it is reached; returns an answered question for which something wrong came now."""
    state, wrong = turn.state, None
    changed = bool(state.pending)
    while changed:
        changed, wrong = False, None
        for question in turn.following(0, None):
            if question.key in state.pending and _applies(turn, question):
                typed = state.pending[question.key]
                value, why = _judged(turn, question, typed)
                if not why:
                    changed = _keep(turn, question, value, typed) or changed
                elif question.key in state.answers:
                    wrong = wrong or question
                elif _holds_up(turn, question):
                    break
            elif _comes_first(turn, question):
                break
    return wrong


def _keep(turn: "Turn", question: Question, value: str, typed: str) -> bool:
    """Keep one answer; the same one again changes nothing."""
    del turn.state.pending[question.key]
    if turn.state.answers.get(question.key) == value:
        return False
    turn.keep(question, value, typed, None)
    turn.state.open, turn.state.tries = question.key, 0  # if the survey ends by it, it is where the run ended
    return True


def _judged(turn: "Turn", question: Question, typed: str) -> tuple[str, str]:
    result = compact.understood(question, typed, turn.document.choices(question))
    return _or_skipped(turn, question, typed, result)


def _or_skipped(turn: "Turn", question: Question, typed: str, result: Accepted | Refused) -> tuple[str, str]:
    if not isinstance(result, Accepted) and together.is_skip(question, typed, turn.state.locale):
        return turn.left_out(question)
    return turn.judged(question, result)


def _applies(turn: "Turn", question: Question) -> bool:
    if turn.is_hidden(question) or not turn.document.exists(question):
        return False
    return turn.document.relevant(question) and turn.answerable(question)


def _comes_first(turn: "Turn", question: Question) -> bool:
    """Say whether nothing after this can be kept yet: it must be answered first, or the survey ends here."""
    if question.kind.asked:
        return question.key not in turn.state.answers and _applies(turn, question)
    return question.end is not None and turn.document.relevant(question)


def _holds_up(turn: "Turn", question: Question) -> bool:
    """Say whether what comes after a wrong answer must wait for the right one: it may be what she agrees to by it."""
    return (
        question.name in turn.flow.dependents
        or question.kind.name == "acknowledge"
        or (question.choices is not None and question.constraint is not None)
    )


def _drop(turn: "Turn") -> None:
    """Take away, and tell, what was said to questions that she is not asked."""
    state, flow = turn.state, turn.flow
    here = flow.spot(state.open).index if state.open else flow.asked
    spots = [flow.spot(key) for key in state.pending]
    gone = [each for each in spots if state.ended or (each.index < here and not _applies(turn, each))]
    for each in gone:
        del state.pending[each.key]
    tag_of = flow.compact.tag_of if flow.compact else {}
    _tell(turn, "not_needed", [tag_of[each.name] for each in gone if each.name in tag_of])


def _tell(turn: "Turn", phrase: str, tags: Sequence[str]) -> None:
    if tags:
        told = [each[:_LONGEST_TOLD] for each in tags[:_MOST_TOLD]]
        turn.state.told[phrase] = ", ".join(told) + (" ..." if len(tags) > _MOST_TOLD else "")


# -- questions that are asked in one message --------------------------------------------------------------------------


def gather(turn: "Turn") -> None:
    """Look whether the open question is asked together with those after it."""
    state, repeated = turn.state, turn.state.refused in {"not_together", "help"}
    if repeated and state.open in state.together[:1] and state.tries < _MOST_JOINT_TRIES:
        return
    if state.refused == "not_together":
        state.refused = ""
    state.together = [] if turn.reply.room.medium is not Medium.SMS else _to_ask_with(turn)


def _to_ask_with(turn: "Turn") -> list[str]:
    """The questions for one message: those of the open one's group, before any of them was answered, if they fit."""
    state, flow = turn.state, turn.flow
    if not state.open or state.refused or state.tries:
        return []
    opened = flow.spot(state.open)
    members = [flow.at(flow.by_name[name], opened.position) for name in flow.together.get(opened.name, ())]
    asked = [each for each in members if _applies(turn, each)]
    known = any(each.key in state.answers or each.key in state.pending for each in asked)
    if len(asked) < 2 or known or asked[0].key != state.open:
        return []
    fits = len(pages(together.layout(turn.showing, asked), turn.reply.room)) == 1
    return [each.key for each in asked] if fits else []


def take_joint(turn: "Turn", typed: str) -> None:
    """Take a reply to several questions."""
    state, questions = turn.state, [turn.flow.spot(key) for key in turn.state.together]
    ways = list(together.splits(typed, questions))
    steer = "" if ways else _steering(turn, questions, typed)
    if steer == MORE:
        state.page += 1
        return
    state.page, state.told = 0, {}
    if typed.strip() == HELP:
        state.refused = "help"
    elif steer == BACK:
        turn.back(questions[0])
    elif steer == SKIP:
        _take_parts(turn, questions, [typed] * len(questions), skipped=True)
    elif ways:
        likely = (way for way in ways if all(_reads(turn, *each) for each in zip(questions, way, strict=True)))
        _take_parts(turn, questions, next(likely, ways[0]), skipped=False)
    else:
        turn.refuse(questions[0], "not_together")


def _steering(turn: "Turn", questions: Iterable[Question], typed: str) -> str:
    return next((steer for each in questions if (steer := turn.steering(each, typed))), "")


def _reads(turn: "Turn", question: Question, part: str) -> bool:
    result = question.kind.read(part, turn.document.choices(question))
    return isinstance(result, Accepted) or together.is_skip(question, part, turn.state.locale)


def _take_parts(turn: "Turn", questions: Sequence[Question], parts: Sequence[str], *, skipped: bool) -> None:
    """Keep the good parts at once; the wrong ones wait until their questions are asked again, alone."""
    last = turn.state.open
    for question, part in zip(questions, parts, strict=True):
        if skipped:
            value, why = turn.left_out(question)
        else:
            result = question.kind.read(part, turn.document.choices(question))
            value, why = _or_skipped(turn, question, part, result)
        if why:
            turn.state.pending[question.key] = part
        else:
            turn.keep(question, value, part, turn.showing.order_of(question))
            last = question.key
    turn.state.open = last
    _settle(turn)
