"""How long a survey is: never less than what somebody can be asked, and what half of its respondents are asked."""

from itertools import product
from textwrap import dedent

import pytest

from app.flows.asking.engine import advance
from app.flows.asking.state import Reply, State
from app.flows.flow import Flow
from app.flows.reading.compile import compile_form
from app.flows.reading.load import load
from app.flows.review import longest
from app.flows.review.check import check
from app.flows.review.lengths import Lengths, Pace, Way
from app.flows.review.trial import Trial
from app.flows.review.walks import walks
from app.values import SMS_ROOM, USSD_ROOM, Medium
from tests.forms import autopsy, flow_of
from tests.talk import AT

FORKS = """\
| survey | type | name | label | relevant | bind::izwi:end |
|---|---|---|---|---|---|
| | select_one yes_no | go | Go? | | |
| | note | bye | Bye. | ${go} = 'no' | declined |
| | select_one yes_no | left | Left? | ${go} = 'yes' | |
| | text | l1 | L1? | ${left} = 'yes' | |
| | text | l2 | L2? | ${left} = 'yes' | |
| | text | r1 | R1? | ${left} = 'no' | |
| | select_one yes_no | up | Up? | ${go} = 'yes' | |
| | text | u1 | U1? | ${up} = 'yes' | |
| | text | d1 | D1? | ${up} = 'no' | |
| | text | d2 | D2? | ${up} = 'no' and ${l1} != '' | |

| choices | list_name | name | label |
|---|---|---|---|
| | yes_no | yes | Yes |
| | yes_no | no | No |
"""


def flow(form: str) -> Flow:
    return compile_form(load(form.encode(), "form.md"))


def lengths(form: str) -> Lengths:
    loaded = load(form.encode(), "form.md")
    found = check(loaded, compile_form(loaded), {Medium.USSD: USSD_ROOM, Medium.SMS: SMS_ROOM}).lengths
    assert found
    return found


def most(of: Flow) -> int:
    return longest.most(Trial(of), {each.name: (1,) for each in of.questions if each.kind.asked})[0]


def asked(of: Flow, replies: tuple[str, ...]) -> int:
    """How many questions somebody is asked who replies so, again and again."""
    step, count = advance(of, State(1, of.locale), Reply(None, USSD_ROOM), AT), 0
    while not step.state.ended:
        step = advance(of, step.state, Reply(replies[count % len(replies)], USSD_ROOM), AT)
        count += 1
    return count


def test_ways_that_shut_each_other_out_are_not_added_up() -> None:
    assert most(flow(FORKS)) == 7  # go, left, l1, l2, up, d1, d2


def test_nobody_is_asked_more_than_the_longest_way() -> None:
    of = flow(FORKS)

    assert max(asked(of, replies) for replies in product("12", repeat=6)) == most(of)


@pytest.mark.parametrize("name", ["household.md", "clinic.md", "plain.md"])
def test_no_walk_is_longer_than_the_longest_way(name: str) -> None:
    of = flow_of(name)

    assert max(len(walk.asked) for walk in walks(Trial(of))) <= most(of)


def test_a_search_that_takes_too_long_gives_too_much_rather_than_too_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(longest, "MOST_STEPS", 2)

    assert most(flow(FORKS)) >= 7


def test_the_same_walks_are_gone_every_time() -> None:
    of = flow_of("household.md")

    assert list(walks(Trial(of))) == list(walks(Trial(of)))


def test_the_typical_way_is_that_of_people_who_go_to_the_end() -> None:
    found = lengths(FORKS)

    (english,) = found.languages
    assert english.longest == Way(questions=7, pages=8, messages=8, parts=8)
    assert english.typical.questions in {5, 6}
    assert (found.walkers, found.stuck) == (50, ())


def test_a_question_that_takes_no_made_up_reply_is_named() -> None:
    form = """
        | survey | type | name | label | constraint | required |
        |---|---|---|---|---|---|
        | | text | code | Your code? | regex(., '[A-Z]{9}') | yes |
        | | text | rest | The rest? | | |
        """
    found = lengths(dedent(form))

    assert found.stuck == ("code",)
    assert (found.languages[0].longest.questions, found.languages[0].typical.questions) == (2, 1)


def test_what_repeats_is_counted_as_often_as_it_was_asked_at_most() -> None:
    form = """
        | survey | type | name | label | relevant |
        |---|---|---|---|---|
        | | begin_repeat | member | A member | |
        | | text | called | Called? | |
        | | select_one yes_no | child | A child? | |
        | | text | school | School? | ${child} = 'yes' and ${child} = 'no' |
        | | end_repeat | | | |
        | | text | rest | The rest? | count(${member}) > 2 |

        | choices | list_name | name | label |
        |---|---|---|---|
        | | yes_no | yes | Yes |
        | | yes_no | no | No |
        """
    found = lengths(dedent(form))

    assert found.repeats == ("member",)
    assert found.stuck == ()
    longest_, typical = found.languages[0].longest, found.languages[0].typical
    assert 3 <= typical.questions < longest_.questions


def test_sessions_follow_from_pages_and_pace() -> None:
    pace, way = Pace(screen_seconds=30, session_seconds=180), Way(6, 7, 7, 9)

    assert (pace.seconds(way), pace.sessions(way)) == (210, 2)
    assert pace.usage(way, Medium.SMS).parts == 9
    assert pace.usage(way, Medium.USSD).sessions == 2


def test_a_form_as_large_as_a_verbal_autopsy_is_compiled_and_checked() -> None:
    loaded = load(autopsy.form().encode(), "autopsy.md")

    of = compile_form(loaded)
    report = check(loaded, of, {Medium.USSD: USSD_ROOM, Medium.SMS: SMS_ROOM})

    assert sum(question.kind.asked for question in of.questions) > 440
    assert (len(of.calculates), len(of.locales)) == (100, 3)
    assert report.lengths
    assert report.lengths.languages[0].longest.questions < 200  # neonate, child and adult shut each other out
