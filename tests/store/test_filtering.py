"""`$filter`: what it finds is what Python finds, on both databases; what cannot be read is refused, and how."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from app import main
from app.models.people import respondent
from app.models.runs import record, run
from app.store import filtering, submissions, surveys
from app.store.filtering import BadFilter, UnknownField
from tests.reports.test_central import ENDED
from tests.submissions import store_submissions

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
START = datetime(2025, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC)


@pytest.fixture
def survey(parts: main.Parts) -> int:
    """Forty submissions over two years."""
    store_submissions(
        parts.database, "leave_no_one_behind", [START + timedelta(days=20, seconds=1) * n for n in range(40)]
    )
    return parts.database.read(surveys.ids)["leave_no_one_behind"]


def moments(parts: main.Parts, survey: int, text: str) -> list[datetime]:
    where = filtering.parse(text, NOW)
    found = [row.ended_at for row in submissions.every(parts.database, survey, where=where)]
    assert parts.database.read(lambda connection: submissions.tally(connection, survey, where)).submissions == len(
        found
    )
    return found


DATE = "__system/submissionDate"
ALL = [START + timedelta(days=20, seconds=1) * n for n in range(40)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"{DATE} ge 2026-06-01", lambda at: at >= datetime(2026, 6, 1, tzinfo=UTC)),
        (f"{DATE} gt 2026-06-01T02:00:00+02:00", lambda at: at > datetime(2026, 6, 1, tzinfo=UTC)),
        (f"{DATE} lt 2026-06-01T02:00:00 02:00", lambda at: at < datetime(2026, 6, 1, tzinfo=UTC)),
        (f"2026-06-01T00:00Z le {DATE}", lambda at: at >= datetime(2026, 6, 1, tzinfo=UTC)),
        (f"{DATE} eq 2025-12-31T23:59:59.500Z", lambda at: at == START),
        (f"{DATE} ne 2025-12-31T23:59:59.500Z", lambda at: at != START),
        (f"$root/Submissions/{DATE} lt now()", lambda at: at < NOW),
        (f"year({DATE}) eq 2026", lambda at: at.year == 2026),
        (f"month({DATE}) le 3 and year({DATE}) gt 2025", lambda at: at.month <= 3 and at.year > 2025),
        (f"day({DATE}) eq 31 or hour({DATE}) ne 23", lambda at: at.day == 31 or at.hour != 23),
        (f"minute({DATE}) eq 59 and second({DATE}) ge 59", lambda at: at.minute == 59 and at.second >= 59),
        (f"year(now()) eq year({DATE})", lambda at: at.year == 2026),
        (f"not ({DATE} lt 2026-06-01 or {DATE} gt 2027-01-01)",
         lambda at: datetime(2026, 6, 1, tzinfo=UTC) <= at <= datetime(2027, 1, 1, tzinfo=UTC)),
        (f"not {DATE} lt 2026-06-01", lambda at: at >= datetime(2026, 6, 1, tzinfo=UTC)),
        ("__system/reviewState ne 'rejected'", lambda at: True),
        ("__system/reviewState eq null", lambda at: True),
        ("__system/updatedAt gt 2026-01-01", lambda at: False),
        ("year(__system/updatedAt) eq 2026", lambda at: False),
        ("1 eq 1", lambda at: True),
        ("__system/submitterId eq 'x''; drop'", lambda at: False),
    ],
)  # fmt: skip
def test_a_filter_finds_what_it_says(parts: main.Parts, survey: int, text: str, wanted: object) -> None:
    assert callable(wanted)
    assert moments(parts, survey, text) == [at for at in reversed(ALL) if wanted(at)]


def test_a_filter_finds_what_one_person_sent(parts: main.Parts, survey: int) -> None:
    with parts.database.engine.connect() as connection:
        statement = sa.select(respondent.c.pseudonym, run.c.ended_at).join(run, run.c.respondent_id == respondent.c.id)
        name, at = connection.execute(statement.join(record, record.c.run_id == run.c.id)).first() or ("", ENDED)

    assert moments(parts, survey, f"__system/submitterId eq '{name}'") == [at]


@pytest.mark.parametrize(
    "text",
    [
        DATE, f"{DATE} eq", f"{DATE} is 1", f"({DATE} eq 2026-01-01", f"{DATE} eq 2026-01-01)", f"{DATE} eq 2026-13-45",
        f"{DATE} eq 5", f"{DATE} eq 'x'", "year(5) eq 5", f"year({DATE} eq 5", "a;b", "'", "1", "not", "now( eq 1",
        f"{DATE} eq 2026-01-01 {DATE} eq 2026-01-01", "(" * 50 + "1 eq 1" + ")" * 50, "not " * 50 + "1 eq 1",
        "1 eq 1 or " * 300 + "1 eq 1", "1.5 eq 1", "and", "eq eq eq", "9999999999999999 eq 1",
    ],
)  # fmt: skip
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(BadFilter):
        filtering.parse(text, NOW)


@pytest.mark.parametrize("text", ["name eq 'x'", "__system/deviceId eq 'x'", f"__id eq 'x' or {DATE} eq 2026-01-01"])
def test_a_field_that_cannot_be_filtered_by_is_told_apart(text: str) -> None:
    with pytest.raises(UnknownField):
        filtering.parse(text, NOW)


WORDS = st.sampled_from(
    [
        DATE,
        "(",
        ")",
        "and",
        "or",
        "not",
        "eq",
        "lt",
        "now()",
        "year(",
        "5",
        "null",
        "'x'",
        "2026-01-01",
        ",",
        "\x00",
        "é",
    ]
)


@given(st.lists(WORDS, max_size=12).map(" ".join))
@settings(max_examples=300)
def test_no_words_do_anything_but_parse_or_be_refused(text: str) -> None:
    said = "read"
    try:
        filtering.parse(text, NOW)
    except BadFilter as error:
        said = str(error)

    assert said and "2026" not in said
