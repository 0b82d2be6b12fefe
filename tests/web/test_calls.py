"""What the provider is told when somebody calls: never to pick up, whatever else is wrong."""

from collections.abc import Callable

import pytest

from tests.web.conftest import NUMBER, Served
from tests.web.test_hooks import FORMS, away, locked

REJECT = (200, '<?xml version="1.0" encoding="UTF-8"?><Response><Reject/></Response>')


def test_a_call_is_rejected_and_the_survey_comes_by_message(served: Served) -> None:
    assert [served.post("voice", FORMS["voice"]) for _ in range(2)] == [REJECT, REJECT]

    assert served.rows("SELECT count(*) FROM outbox") == [(1,)]


def test_the_end_of_a_call_is_acknowledged(served: Served) -> None:
    assert served.post("voice", {**FORMS["voice"], "isActive": "0"}) == (200, "")

    assert served.rows("SELECT count(*) FROM outbox") == [(0,)]


@pytest.mark.parametrize("form", [{}, {"isActive": "1", "callerNumber": NUMBER}, {"isActive": "1", "sessionId": "x"}])
def test_a_call_that_cannot_be_read_is_rejected_too(served: Served, form: dict[str, str]) -> None:
    assert served.post("voice", form) == REJECT


def test_a_call_that_cannot_be_stored_is_rejected_too(serve: Callable[..., Served]) -> None:
    served = serve(turn_seconds=0.3)

    with locked(served) if served.parts.database.sqlite else away(served):
        assert served.post("voice", FORMS["voice"]) == REJECT
