"""Stories are read by moderators: what she agreed to stands beside them, who she is nowhere."""

import re
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from app.models.consents import consent
from app.models.people import respondent
from app.models.runs import answer
from app.store import audit
from app.values import Role
from tests.console.conftest import House, words
from tests.console.people import fill


def told(house: House) -> list[tuple[Any, ...]]:
    """All words that are stored: run, uid, value."""
    with house.parts.database.engine.connect() as connection:
        wanted = sa.select(answer.c.run_id, answer.c.uid, answer.c.value).where(
            answer.c.question == "story", answer.c.value.is_not(None)
        )
        return [tuple(row) for row in connection.execution_options(izwi_read=True).execute(wanted)]


def test_stories_are_listed_page_by_page_each_once(house: House) -> None:
    fill(house.parts, 900)
    visitor = house.visitor(Role.MODERATOR)

    seen: list[str] = []
    path: str | None = "/stories"
    while path:
        text = visitor.get(path).text
        seen += re.findall(r'href="/stories/([0-9a-f-]{36})"', text)
        older = re.search(r'href="(/stories\?survey=[^"]+before=\d+)"', text)
        path = older[1].replace("&amp;", "&") if older else None
    assert len(seen) == len(set(seen)) > 25
    assert set(seen) <= {str(uid) for _, uid, _ in told(house)}


def test_a_story_is_read_with_what_she_agreed_to_and_the_reading_is_noted(house: House) -> None:
    fill(house.parts, 300)
    visitor = house.visitor(Role.MODERATOR)
    text = visitor.get("/stories").text
    uid = re.findall(r'href="/stories/([0-9a-f-]{36})"', text)[0]
    (value,) = [value for _, each, value in told(house) if str(each) == uid]

    page = visitor.reads(f"/stories/{uid}")
    assert value in page
    assert "may be told, without her name" in page
    with house.parts.database.engine.connect() as connection:
        names = connection.execution_options(izwi_read=True).execute(sa.select(respondent.c.pseudonym)).scalars().all()
    assert not any(name in text or name in page for name in names)
    (noted,) = [each for each in house.parts.database.read(audit.every) if each.action == "story read"]
    assert (noted.actor, uid in noted.subject) == ("The moderator", True)


def test_a_story_that_was_taken_back_is_gone(house: House) -> None:
    fill(house.parts, 300)
    visitor = house.visitor(Role.MODERATOR)
    uid = re.findall(r'href="/stories/([0-9a-f-]{36})"', visitor.get("/stories").text)[0]
    ((run_id, _, _),) = [row for row in told(house) if str(row[1]) == uid]

    def withdraw(connection: Any, purpose: str) -> None:
        connection.execute(
            sa.update(consent)
            .where(consent.c.run_id == run_id, consent.c.purpose == purpose)
            .values(withdrawn_at=datetime.now(UTC), withdrawn_by="withdraw")
        )

    house.parts.database.write(lambda connection: withdraw(connection, "story"))
    assert "not to be told" in visitor.reads(f"/stories/{uid}")
    house.parts.database.write(lambda connection: withdraw(connection, "take_part"))
    assert visitor.get(f"/stories/{uid}").status_code == 404
    assert uid not in visitor.get("/stories").text


def test_stories_are_for_moderators_only(house: House) -> None:
    for role in (Role.COORDINATOR, Role.ANALYST, Role.DUTY_OFFICER, Role.OPERATOR):
        assert house.visitor(role).get("/stories").status_code == 403
    empty = house.visitor(Role.MODERATOR).get("/stories")
    assert "There is nothing to read here yet" in words(empty.text)
    assert house.visitor(Role.ADMIN).get("/stories/0190a5b4-0000-7000-8000-000000000000").status_code == 404
