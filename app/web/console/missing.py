"""Who is missing, and where people leave: what pages ask `app/reports/missing`, all in one place."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.engine import Connection

from app.reports.missing.desk import Desk as Answers
from app.reports.missing.desk import Document
from app.store.funnels import By
from app.web.desk import Desk

# Counts of coverage and weights are exact: for whoever may see the answers anyway.
SIDES = tuple(each.value for each in By)


def answers(desk: Desk, connection: Connection, survey: str) -> Answers:
    """What is asked of one survey is answered by this."""
    return Answers.of(connection, desk.settings, survey, desk.flow, desk.figures_key)


def coverage(desk: Desk, survey: str) -> Callable[[Connection], Document]:
    """Respondents beside the population."""
    return lambda connection: answers(desk, connection, survey).coverage(connection)


def weights(desk: Desk, survey: str) -> Callable[[Connection], Document]:
    """How they would be weighted."""
    return lambda connection: answers(desk, connection, survey).weights(connection)


def response(desk: Desk, survey: str) -> Callable[[Connection], Document]:
    """What became of everybody who was asked."""
    return lambda connection: answers(desk, connection, survey).response(connection)


def funnel(desk: Desk, survey: str, by: str) -> Callable[[Connection], Document]:
    """Where people leave."""
    side = By(by) if by else None
    return lambda connection: answers(desk, connection, survey).funnel(connection, side)


def coverage_rows(found: Document) -> tuple[list[str], list[list[Any]]]:
    """The tables of coverage as one: a row a category."""
    dimensions = list(dict.fromkeys(name for each in found["tables"] for name in each["by"]))
    columns = ["table", *dimensions, "respondents", "share", "expected", "ratio", "short"]
    rows = [
        [" ".join(each["by"]), *(row.get(name) for name in columns[1:])]
        for each in found["tables"]
        for row in [*each["rows"], *_others(each)]
    ]
    return columns, rows


def _others(table: Document) -> list[Document]:
    """What is not shown by itself, together."""
    return [table["others"] | dict.fromkeys(table["by"], "·")] if table["others"] else []


def funnel_counts(found: Document) -> list[str]:
    """The numbers that are told of each question."""
    first: Document = next((row for side in found["sides"] for row in side["questions"]), {})
    return [name for name in first if name not in {"question", "last", "causes"}]


def funnel_rows(found: Document) -> tuple[list[str], list[list[Any]]]:
    """The funnels as one table: a row a question."""
    counts = funnel_counts(found)
    causes = list(dict.fromkeys(c for side in found["sides"] for row in side["questions"] for c in row["causes"]))
    rows = [
        [side["side"], row["question"], *(row[each] for each in counts), *(row["causes"].get(each) for each in causes)]
        for side in found["sides"]
        for row in side["questions"]
    ]
    return ["side", "question", *counts, *causes], rows


def response_rows(found: Document) -> tuple[list[str], list[list[Any]]]:
    """Dispositions and rates as one table."""
    rows: list[list[Any]] = []
    for each in found["sections"]:
        rows += [[each["broadcast"], "disposition", what["code"], what["people"]] for what in each["dispositions"]]
        rows += [[each["broadcast"], "rate", name, rate] for name, rate in each["rates"].items()]
    return ["broadcast", "kind", "name", "figure"], rows
