"""Who is meant by a query: the same contacts on both databases, and a sentence where it cannot be understood."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection
from uuid_utils.compat import uuid7

from app.models import people
from app.models.broadcasts import broadcast, recipient
from app.models.runs import answer, run
from app.models.surveys import survey, survey_version
from app.store import query
from app.store.audience import BadSegment, audience, count
from app.store.unit import Database

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)

# Contact → language, operator, asked so many days ago, stopped, attributes. Keys are from 1 on, in this order.
CONTACTS = {
    "ane": ("sn", "Econet", 1, False, '{"province": "Masvingo", "age": 17, "born": "2009-03-01", "literate": "yes"}'),
    "bongani": ("nd", "NetOne", 40, False, '{"province": "Mashonaland West", "age": 18, "born": "2008-01-31"}'),
    "chipo": ("sn", "Econet", None, False, '{"province": "MASHONALAND west", "age": 60.5, "literate": "no"}'),
    "dumi": (None, "", None, True, '{"village": "Épworth \\"A\\""}'),
    "eve": ("en", "Telecel", 30, False, "{}"),
}
ATTRIBUTES = {"province": "text", "village": "text", "age": "number", "born": "date", "literate": "yes_no"}
GROUPS = {"farmers": (1, 2), "Health workers": (2, 5)}
SEGMENTS = {
    "adults": "age >= 18",
    "rural": "province = Masvingo or segment adults",
    "snake": "segment tail",
    "tail": "segment SNAKE",
    "broken": "age >= many",
}
# Contact → state and days since the last turn, in the survey that ships.
RUNS = {1: ("completed", 3), 2: ("declined", 20), 3: ("expired", 35), 5: ("active", 0)}
ANSWERED = (1, 3)
INVITED = {1: 1, 2: 2, 4: 0}


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """Five contacts and what is known of them."""
    database = Database(database_url.replace("postgresql://", "postgresql+psycopg://"))
    database.write(_fill)
    with database.engine.connect() as connection:
        yield connection
    database.close()


def _fill(connection: Connection) -> None:
    named = [
        {"id": key, "name": name, "kind": kind, "created_at": NOW}
        for key, (name, kind) in enumerate(ATTRIBUTES.items(), 1)
    ]
    connection.execute(sa.insert(people.attribute), named)
    for key, (locale, operator, asked, stopped, attributes) in enumerate(CONTACTS.values(), 1):
        row = {
            "id": key, "uid": uuid7(), "msisdn_hash": bytes([key]), "msisdn_sealed": b"-", "key_id": 1, "locale": locale,
            "operator": operator, "attributes": attributes, "created_at": NOW, "stopped_at": NOW if stopped else None,
            "asked_at": None if asked is None else NOW - timedelta(days=asked),
        }  # fmt: skip
        connection.execute(sa.insert(people.contact), row)
    for key, (name, members) in enumerate(GROUPS.items(), 1):
        connection.execute(
            sa.insert(people.contact_group), {"id": key, "uid": uuid7(), "name": name, "created_at": NOW}
        )
        connection.execute(sa.insert(people.group_member), [{"group_id": key, "contact_id": each} for each in members])
    for key, (name, text) in enumerate(SEGMENTS.items(), 1):
        row = {"id": key, "uid": uuid7(), "name": name, "query": text, "created_at": NOW, "changed_at": NOW}
        connection.execute(sa.insert(people.segment), row)
    _fill_runs(connection)
    _fill_broadcast(connection)


def _fill_runs(connection: Connection) -> None:
    survey_id, version_id = _survey(connection)
    for key, (state, days) in RUNS.items():
        at = NOW - timedelta(days=days)
        person = {
            "id": key,
            "uid": uuid7(),
            "pseudonym": f"p{key}",
            "contact_id": key,
            "survey_id": survey_id,
            "position": 1,
        }
        connection.execute(sa.insert(people.respondent), person | {"created_at": NOW})
        row = {
            "id": key, "uid": uuid7(), "contact_id": key, "respondent_id": key, "survey_id": survey_id,
            "survey_version_id": version_id, "state": state, "reason": "", "question": "", "locale": "sn", "memory": "{}",
            "revision": 1, "started_at": at, "touched_at": at, "ended_at": None if state == "active" else at,
        }  # fmt: skip
        connection.execute(sa.insert(run), row)
    for key in ANSWERED:
        row = {
            "id": key, "uid": uuid7(), "run_id": key, "question": "q", "position": "", "value": "1", "raw": "1",
            "locale": "sn", "channel_id": 1, "medium": "sms", "attempts": 1, "asked_at": NOW, "answered_at": NOW,
        }  # fmt: skip
        connection.execute(sa.insert(answer), row)


def _fill_broadcast(connection: Connection) -> None:
    row = {
        "id": 1, "uid": uuid7(), "name": "first", "mode": "invitation", "survey_id": _survey(connection)[0], "audience": "",
        "texts": "{}", "channel": "", "state": "running", "reason": "", "zone": "UTC", "opens": 0, "closes": 1440,
        "weekdays": "1234567", "holidays": "[]", "expiry_hours": 24, "currency": "USD", "spent": 0, "remind_days": 0,
        "remind_most": 0, "remind_texts": "{}", "rest_days": 0, "seed": 1, "prepared_to": 0, "next_ms": 0,
        "created_at": NOW, "revision": 1,
    }  # fmt: skip
    connection.execute(sa.insert(broadcast), row)
    waiting = {"broadcast_id": 1, "state": "waiting", "reason": "", "lapsed": 0}
    connection.execute(sa.insert(recipient), [waiting | {"contact_id": key, "rounds": n} for key, n in INVITED.items()])


def _survey(connection: Connection) -> tuple[int, int]:
    found = sa.select(survey_version.c.survey_id, survey_version.c.id).join(survey)
    return tuple(connection.execute(found.where(survey.c.name == "leave_no_one_behind")).one())  # type: ignore[return-value]


def meant(connection: Connection, text: str, at: datetime = NOW) -> str:
    """The contacts that a query means, by their first letters."""
    statement = sa.select(people.contact.c.id).where(audience(connection, text, at)).order_by(people.contact.c.id)
    return "".join(" abcde"[key] for key in connection.execute(statement).scalars())


def refused(connection: Connection, text: str) -> str:
    with pytest.raises(BadSegment) as caught:
        audience(connection, text, NOW, operators=("Econet", "NetOne"))
    return str(caught.value)


CASES = {
    "": "abcde",
    "   ": "abcde",
    "everybody": "abcde",
    "not everybody": "",
    "stopped": "d",
    "not stopped": "abce",
    "language = sn": "ac",
    "LANGUAGE = Shona": "ac",
    "language = 'ChiShona (sn)'": "ac",
    "language != sn": "bde",
    "language in (nd, English)": "be",
    "language is unknown": "d",
    "language is known and not stopped": "abce",
    "operator = econet": "ac",
    "operator != Econet": "bde",
    "operator is unknown": "d",
    "operator is not known": "d",
    "province = masvingo": "a",
    'province in (Masvingo, "Mashonaland West")': "abc",
    "province not in (Masvingo, Midlands)": "bcde",
    "province = “mashonaland WEST”": "bc",
    "province != Masvingo": "bcde",
    "not province = Masvingo": "bcde",
    "province is known": "abc",
    "province is empty": "de",
    "village = 'éPWORTH \"a\"'": "d",
    "village = 'Épworth \"a\"'": "d",
    "village = 'épworth \"A\"'": "d",
    "age >= 18": "bc",
    "age > 18": "c",
    "age ≥ 18": "bc",
    "age < 18": "a",
    "age <= 60.5": "abc",
    "age = 18.0": "b",
    "age in (17, 18)": "ab",
    "not age < 18": "bcde",
    "born < 2008-02-01": "b",
    "born >= 2008-01-31": "ab",
    "born = 2009-03-01": "a",
    "literate = yes": "a",
    "literate != Yes": "bcde",
    "literate in (no, yes)": "ac",
    "group = farmers": "ab",
    "group = FARMERS": "ab",
    'group in (farmers, "health workers")': "abe",
    'group = farmers and group = "Health workers"': "b",
    'group != "Health workers"': "acd",
    "group is known": "abe",
    "group is unknown": "cd",
    "completed leave_no_one_behind": "a",
    "declined leave_no_one_behind": "b",
    "began leave_no_one_behind": "abce",
    "half-way leave_no_one_behind": "c",
    "halfway leave_no_one_behind": "c",
    "invited leave_no_one_behind": "ab",
    "invited leave_no_one_behind and not completed leave_no_one_behind": "b",
    "not invited leave_no_one_behind": "cde",
    "last asked within 7 days": "a",
    "last asked within 30 days": "ae",
    "last asked more than 30 days ago": "b",
    "last asked before 30 days ago": "b",
    "not last asked within 30 days": "bcd",
    "last asked before 2026-10-20": "b",
    "last asked since 2026-10-20": "ae",
    "never asked": "cd",
    "last asked never": "cd",
    "last heard within 1 week": "ae",
    "last heard within 2 hours": "e",
    "last heard more than 1 month ago": "c",
    "last heard before 2026-11-20": "bc",
    "never heard": "d",
    "adults": "bc",
    " Adults ": "bc",
    "segment adults": "bc",
    "segment = adults": "bc",
    "not segment rural": "de",
    "age < 18 or age > 18 and language = nd": "a",
    "(age < 18 or age > 18) and language = sn": "ac",
    "not (age < 18 or language = nd)": "cde",
    "not not stopped": "d",
    "Language = sn AND NOT Province = Masvingo": "c",
    "group=farmers and\n  age>=18": "b",
    "language = sn and province in (Masvingo, \"Mashonaland West\")": "ac",
}  # fmt: skip


def test_queries_mean_whom_they_say(connection: Connection) -> None:
    found = {text: meant(connection, text) for text in CASES}

    assert found == CASES


def test_those_who_are_meant_can_be_counted(connection: Connection) -> None:
    assert count(connection, audience(connection, "age >= 18", NOW)) == 2


def test_a_date_begins_at_midnight_where_people_are(connection: Connection) -> None:
    kiritimati = timezone(timedelta(hours=14))  # where it is the 15th already when bongani was asked

    assert meant(connection, "last asked since 2026-10-15", NOW) == "ae"
    assert meant(connection, "last asked since 2026-10-15", NOW.astimezone(kiritimati)) == "abe"


def test_without_a_time_the_databases_own_clock_counts(connection: Connection) -> None:
    statement = sa.select(people.contact.c.id).where(audience(connection, "last asked within 20000 days"))

    assert len(connection.execute(statement).all()) == 3


def test_a_condition_can_stand_in_a_statement_about_the_same_tables(connection: Connection) -> None:
    condition = audience(connection, "invited leave_no_one_behind and group = farmers", NOW)
    joined = people.contact.join(recipient).join(people.group_member)

    found = connection.execute(sa.select(people.contact.c.id).select_from(joined).where(condition).distinct())

    assert sorted(found.scalars()) == [1, 2]


def together(words: str) -> str:
    return f'what belongs together goes into quotation marks ("{words}"); between two conditions stands `and` or `or`'


# Query → what is said of it, and what is marked; None at its end.
REFUSED = {
    "provice = Masvingo": ("there is no attribute 'provice'; is it 'province'?", "provice"),
    "colour = red": ("there is no attribute 'colour'. There are: age, born, literate, province, village", "colour"),
    "age >= 18 and group = famers": ("there is no group 'famers'; is it 'farmers'?", "famers"),
    "completed leave_no_one": ("there is no survey 'leave_no_one'; is it 'leave_no_one_behind'?", "leave_no_one"),
    "segment adult": ("there is no segment 'adult'; is it 'adults'?", "adult"),
    "operator = Ecnet": ("there is no operator 'Ecnet'; is it 'Econet'?", "Ecnet"),
    "language = chishn": ("'chishn' is no language that is known; write its code, e.g. sn", "chishn"),
    "age > old": ("age is a number, 'old' is not; write it like 18 or 2.5", "old"),
    "age > nan": ("age is a number, 'nan' is not; write it like 18 or 2.5", "nan"),
    "born > 1.2.1990": ("born is a date, '1.2.1990' is not; write it like 2026-11-30", "1.2.1990"),
    "literate = perhaps": ("literate is yes or no, not 'perhaps'", "perhaps"),
    "province > Masvingo": ("province is text: only =, != and in (…) are of use", "province"),
    "group > farmers": ("group can only be =, != or in (…)", "group"),
    "province = Mashonaland West": (together("Mashonaland West"), "Mashonaland West"),
    "province in (Mashonaland West)": (together("Mashonaland West"), "Mashonaland West"),
    "province in Masvingo": ("the values go into brackets: in (Masvingo, Midlands)", "Masvingo"),
    "province in (Masvingo": ("between values stands a comma, after the last one a bracket", None),
    "province in (Masvingo,)": ("a value is missing after the comma", ")"),
    "province =": ("a value is missing after =", None),
    "province = and": ("a value is missing after =", "and"),
    "province": ("after `province` comes =, !=, <, <=, >, >=, in (…), or: is known", None),
    "province = 'Masvingo": ("this quotation mark has no partner", "'"),
    "age ! 18": ("! means nothing here", "!"),
    "(age > 18": ("this bracket is never closed", "("),
    "age > 18)": ("this bracket closes nothing", ")"),
    "age > 18 stopped": (together("18 stopped"), "18 stopped"),
    "age > 18 and": ("a condition is missing here, for example: province = Masvingo", None),
    "= 18": ("a condition is missing here, for example: province = Masvingo", "="),
    "stopped = yes": ("`stopped` stands alone: stopped, or not stopped", "="),
    "completed": ("which survey? Write: completed SURVEY", None),
    "segment": ("which segment? Write: segment NAME", None),
    "number = 0": ("phone numbers are never searched; use an attribute, a group, a language or an operator", "number"),
    "last asked": (
        "write: last asked within 7 days, more than 30 days ago, before 2026-11-30, since 2026-11-30, or never",
        None,
    ),
    "last called within 7 days": ("write: last asked …, or: last heard …", "called"),
    "last asked before 30 days": ("`ago` is missing here", None),
    "last asked within 7 moons": (
        "write a date like 2026-11-30, or a time like 7 days, 36 hours, 2 weeks, 3 months",
        "7",
    ),
    "province is nice": ("write: province is known, or: province is unknown", "nice"),
    "segment snake": ("in the segment tail: the segment leads back to itself: snake → tail → snake", "SNAKE"),
    "broken": ("in the segment broken: age is a number, 'many' is not; write it like 18 or 2.5", "many"),
    "(" * 41 + "stopped" + ")" * 41: ("brackets and `not` are nested more than 40 deep", "("),
}


def test_what_cannot_be_understood_is_refused_with_its_place_and_a_cure(connection: Connection) -> None:
    found = {text: _reason_and_mark(refused(connection, text)) for text in REFUSED}

    assert found == REFUSED


def _reason_and_mark(said: str) -> tuple[str, str | None]:
    reason, line, marks = said.split("\n")
    return reason, line[marks.index("^") : len(marks)] or None


def test_the_place_is_drawn_below_the_line_that_is_meant(connection: Connection) -> None:
    assert refused(connection, "age >= 18\nand provice = Masvingo\nand not stopped") == (
        "there is no attribute 'provice'; is it 'province'?\n"
        "  and provice = Masvingo\n"
        "      ^^^^^^^"
    )  # fmt: skip


def test_a_query_of_a_million_letters_is_refused(connection: Connection) -> None:
    assert "longer than 4000 characters" in refused(connection, "a" * 1_000_000)


def test_the_longest_query_can_be_asked(connection: Connection) -> None:
    assert meant(connection, " or ".join(["age=18"] * 400)) == "b"


# -- the same in plain Python ---------------------------------------------------------------------------------------

PLAIN: dict[str, Callable[[int, dict[str, Any]], bool]] = {
    "stopped": lambda key, it: it["stopped"],
    "everybody": lambda key, it: True,
    "never asked": lambda key, it: it["asked"] is None,
    "last asked within 30 days": lambda key, it: it["asked"] is not None and it["asked"] <= 30,
    "last asked more than 5 days ago": lambda key, it: it["asked"] is not None and it["asked"] > 5,
    "last heard within 20 days": lambda key, it: key in RUNS and RUNS[key][1] <= 20,
    "language = sn": lambda key, it: it["language"] == "sn",
    "language != sn": lambda key, it: it["language"] != "sn",
    "language is unknown": lambda key, it: it["language"] is None,
    "operator in (Econet, NetOne)": lambda key, it: it["operator"] in {"Econet", "NetOne"},
    "group = farmers": lambda key, it: key in GROUPS["farmers"],
    "group != 'health workers'": lambda key, it: key not in GROUPS["Health workers"],
    "age >= 18": lambda key, it: it.get("age", 0) >= 18,
    "age < 18": lambda key, it: it.get("age", 99) < 18,
    "age != 18": lambda key, it: it.get("age") != 18,
    "born < 2009-01-01": lambda key, it: it.get("born", "9") < "2009-01-01",
    "province = 'mashonaland west'": lambda key, it: it.get("province", "").lower() == "mashonaland west",
    "province is known": lambda key, it: "province" in it,
    "literate = no": lambda key, it: it.get("literate") == "no",
    "completed leave_no_one_behind": lambda key, it: RUNS.get(key, ("",))[0] == "completed",
    "began leave_no_one_behind": lambda key, it: key in RUNS,
    "invited leave_no_one_behind": lambda key, it: INVITED.get(key, 0) > 0,
    "segment adults": lambda key, it: it.get("age", 0) >= 18,
}

Meaning = tuple[str, Callable[[int, dict[str, Any]], bool]]


def _not(one: Meaning) -> Meaning:
    return f"not ({one[0]})", lambda key, it: not one[1](key, it)


def _and(both: tuple[Meaning, Meaning]) -> Meaning:
    (left, is_left), (right, is_right) = both
    return f"({left}) and ({right})", lambda key, it: is_left(key, it) and is_right(key, it)


def _or(both: tuple[Meaning, Meaning]) -> Meaning:
    (left, is_left), (right, is_right) = both
    return f"({left}) or ({right})", lambda key, it: is_left(key, it) or is_right(key, it)


MEANINGS = st.recursive(
    st.sampled_from(sorted(PLAIN.items(), key=lambda item: item[0])),
    lambda inner: st.one_of(inner.map(_not), st.tuples(inner, inner).map(_and), st.tuples(inner, inner).map(_or)),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(meaning=MEANINGS)
def test_any_query_means_whom_plain_python_finds(connection: Connection, meaning: Meaning) -> None:
    text, holds = meaning
    facts = {
        key: {"language": language, "operator": operator, "asked": asked, "stopped": stopped, **json.loads(attributes)}
        for key, (language, operator, asked, stopped, attributes) in enumerate(CONTACTS.values(), 1)
    }

    assert meant(connection, text) == "".join(" abcde"[key] for key, it in facts.items() if holds(key, it))


@given(
    text=st.text(max_size=40)
    | st.lists(st.sampled_from("( ) , = != < not and or in is age sn last never".split())).map(" ".join)
)
def test_any_text_at_all_is_a_query_or_a_mistake_that_is_explained(text: str) -> None:
    try:
        query.parse(text)
    except BadSegment as error:
        said = str(error)
    else:
        return
    assert said
