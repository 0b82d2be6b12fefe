"""Who is missing, as a program asks for it: the same documents as at the terminal, and refusals that say what helps."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.settings import Settings
from app.store import tokens
from app.values import Role
from tests.conftest import Clock
from tests.reports.missing.world import World
from tests.web.conftest import Served

WOMAN = {"province": "ZW19", "residence": "town", "sex": "woman", "age_band": "18-24"}
Ask = Callable[[str], tuple[int, Any]]


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    return serve()


def asking(served: Served, clock: Clock) -> Ask:
    token = served.parts.database.write(lambda c: tokens.add(c, "dashboard", clock(), role=Role.ANALYST))

    def ask(path: str) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"}
        status, answer = served.request(f"/api/v1/surveys/{path}", "", method="GET", headers=headers)
        return status, json.loads(answer)

    return ask


@pytest.fixture
def ask(served: Served, clock: Clock) -> Ask:
    return asking(served, clock)


def test_the_documents_are_those_of_the_desk(served: Served, ask: Ask) -> None:
    world = World(served.parts)
    sent = world.broadcast("voices")
    for _ in range(20):
        world.run(answers=WOMAN, phone=world.recipient(sent, world.phone()))
        world.run("expired", question="adult")
    world.write()

    for path, wanted in (
        ("coverage", world.ask("coverage")),
        ("coverage?by=province,sex", world.ask("coverage", [["province", "sex"]])),
        ("weights", world.ask("weights")),
        ("response", world.ask("response")),
        ("response?broadcast=voices", world.ask("response", "voices")),
        ("funnel", world.ask("funnel")),
    ):
        assert ask(f"leave_no_one_behind/{path}") == (200, json.loads(json.dumps(wanted))), path


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("nothing/funnel", 404, "There is no survey nothing that anybody was asked. There are: leave_no_one_behind."),
        ("a/b/funnel", 404, "There is no survey a/b"),
        ("leave_no_one_behind/response?broadcast=x", 404, "There is no broadcast x of leave_no_one_behind"),
        ("leave_no_one_behind/weights", 422, "Fewer than 10 people have completed this survey"),
        (
            "leave_no_one_behind/coverage?by=province,age",
            422,
            "The population is not told by province and age together.",
        ),
        ("leave_no_one_behind/funnel?by=shoe", 422, "by: input should be"),
        ("leave_no_one_behind/weights?limit=0", 422, "limit: input should be"),
    ],
)
def test_what_cannot_be_said_is_refused_with_what_helps(ask: Ask, path: str, status: int, told: str) -> None:
    found = ask(path)

    assert found[0] == status
    assert found[1]["error"].startswith(told)


class TestBadFile:
    @pytest.fixture
    def settings(self, settings: Settings, tmp_path: Path) -> Settings:
        file = tmp_path / "margins.csv"
        file.write_text("province,people\n")
        return settings.model_copy(update={"margins": file})

    def test_a_file_of_margins_that_cannot_be_used_is_told(self, ask: Ask) -> None:
        status, answer = ask("leave_no_one_behind/coverage")

        assert status == 503
        assert answer["error"].startswith(
            "The file with the population that IZWI_MARGINS names cannot be used: the columns"
        )
