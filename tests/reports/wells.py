"""A survey with everything that exports must carry, in two versions, and runs of it that are written past the gateway."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from app import main
from app.flows.dictionary.variable import Dictionary
from app.gateway import versions
from app.models.people import respondent
from app.models.runs import answer, run
from app.store import descriptions, surveys
from app.store.unit import Database
from app.values import RunState

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LONG = "How often in the last twelve months did the pump of this well stand still, for whatever reason there may have been?"
FORM = """\
| survey | type | name | label::English (en) | label::Shona (sn) | relevant | bind::izwi:hxl |
|---|---|---|---|---|---|---|
| | select_one provinces | province | Province | Dunhu | | |
| | select_one yn | works | Does it "work"? | Rinoshanda here? | | |
| | select_multiple uses | uses | What for? | Zvei? | ${works} = 'yes' | |
| | integer | stood | LONG | Kangani? | | #affected+times |
| | decimal | metres | How deep? | Kudzika? | | |
| | date | dug | When was it dug? | Rini? | | |
| | text | story | Anything to say? | Zvimwe? | | |
| | begin_repeat | user | | | | |
| | text | called | Who uses it? | Ndiani? | | |
| | integer | litres | How many litres? | Marita mangani? | | |
| | begin_repeat | trip | | | | |
| | integer | minutes | How long? | Nguva? | | |
| | end_repeat | | | | | |
| | end_repeat | | | | | |
NEW
| choices | list_name | name | label::English (en) | label::Shona (sn) |
|---|---|---|---|---|
| | provinces | mw | Mashonaland West | Mash West |
| | provinces | ma | Manicaland, the east | Manicaland |
| | yn | yes | Yes | Hongu |
| | yn | no | No | Kwete |
| | yn | dont_know | Don't know | Handizivi |
| | yn | refused | =Not saying | Handitauri |
| | uses | drink | Drinking | Kunwa |
| | uses | cook | Cooking | Kubika |

| settings | form_id | form_title | version | default_language |
|---|---|---|---|---|
| | wells | Wells & pumps | VERSION | English (en) |
"""
STORY = '=HYPERLINK("http://x","y")'
# What seven runs have, by question and place; the first four are completed.
RUNS: tuple[Mapping[str, str | None], ...] = (
    {
        "province": "mw", "works": "yes", "uses": "cook drink", "stood": "3", "metres": "12.50", "dug": "1987-05-01",
        "story": STORY, "called 1": "Rudo", "litres 1": "20", "minutes 1.1": "15", "minutes 1.2": "30", "called 2": "Chipo",
        "litres 2": None, "paid": "yes",
    },
    {"province": "ma", "works": "no", "stood": None, "metres": None, "dug": None, "story": "Mvura, “kure”\nnhasi"},
    {"province": "ma", "works": "dont_know", "stood": "-4", "metres": "7", "story": None},
    {"province": "mw", "works": "refused", "stood": "0", "story": "+5", "minutes 3.1": "9"},
    {"province": "mw"},
    {"province": "ma", "works": "yes"},
    {},
)  # fmt: skip
STATES = (*[RunState.COMPLETED] * 4, RunState.STOPPED, RunState.EXPIRED, RunState.ACTIVE)


class Stored:
    """The file of a version."""

    def __init__(self, version: str) -> None:
        self.name = "wells.md"
        new = "| | select_one yn | paid | Do you pay? | Munobhadhara here? | | |\n" if version == "2" else ""
        self.content = FORM.replace("LONG", LONG).replace("NEW\n", new + "\n").replace("VERSION", version)

    def read_bytes(self) -> bytes:
        return self.content.encode()


def fill(parts: main.Parts, times: int = 1, first: int = 0) -> Dictionary:
    """Publish both versions, and write the runs; the first is of the second version. Returns the dictionary."""
    database = parts.database
    ids = [
        versions.bring_published(database, versions.read(Stored(name)).content, AT).version.id for name in ("1", "2")
    ]  # the second takes the place of the first
    survey_id = database.read(surveys.ids)["wells"]
    for time in range(first, first + times):
        for place, (given, state) in enumerate(zip(RUNS, STATES, strict=True)):
            version = ids[1] if place == 0 else ids[0]
            add(
                database, survey_id, version, given, state=state, at=AT + timedelta(days=place), name=f"p{time}x{place}"
            )
    found = database.read(lambda connection: descriptions.dictionary(connection, "wells"))
    assert found is not None
    return found


def add(
    database: Database, survey_id: int, version_id: int, given: Mapping[str, str | None], *, state: RunState, at: datetime,
    name: str,
) -> None:  # fmt: skip
    """Write one run with its answers, one of them set aside."""

    def work(connection: Any) -> None:
        person = {"uid": uuid7(), "pseudonym": name, "survey_id": survey_id, "position": 1, "created_at": at}
        key = connection.execute(sa.insert(respondent).values(person).returning(respondent.c.id)).scalar_one()
        ended = None if state is RunState.ACTIVE else at + timedelta(minutes=5)
        about = {
            "uid": uuid7(), "respondent_id": key, "survey_id": survey_id, "survey_version_id": version_id, "state": state,
            "reason": "", "question": "story", "locale": "sn" if name.endswith(("1", "3")) else "en", "memory": "{}",
            "revision": 1, "started_at": at, "touched_at": at, "ended_at": ended,
        }  # fmt: skip
        run_id = connection.execute(sa.insert(run).values(about).returning(run.c.id)).scalar_one()
        for question, value in {**given, "called 9": "nobody, for it was set aside"}.items():
            which, _, position = question.partition(" ")
            values = {
                "uid": uuid7(), "run_id": run_id, "question": which, "position": position, "value": value, "raw": value,
                "locale": about["locale"], "channel_id": 1, "medium": "sms" if which == "story" else "ussd", "attempts": 1,
                "asked_at": at, "answered_at": at + timedelta(seconds=30),
                "set_aside_at": at if position == "9" else None,
            }  # fmt: skip
            connection.execute(sa.insert(answer).values(values))

    database.write(work)
