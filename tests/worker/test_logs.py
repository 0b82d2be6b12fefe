"""With every library at its most talkative, sending says nothing of anybody: the watch over the suite looks it through."""

import logging

import pytest

from app.worker.erasing import Erasing
from tests.worker.conftest import NUMBER, Post

STORY = "ndakarambidzwa kupinda muchipatara"


def test_sending_at_the_level_of_debugging_names_no_number_and_no_words(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    post.text("IZWI")
    post.text(STORY)
    for mode in ("503", "refuse-all", "hang"):
        post.provider.set_mode(mode, times=1, seconds=1)
        post.deliver(hours=1)
        post.text("IZWI", provider_id=f"again_{mode}")
    post.deliver(hours=1)
    post.take(post.report("Failed"))
    post.text("DELETE")
    while post.deliver():
        pass
    Erasing(post.parts.database).work(post.clock())

    assert post.accepted()
    assert {"app.worker.erasing", "urllib3.connectionpool"} <= {record.name for record in caplog.records}
    assert NUMBER[1:] not in caplog.text
    assert STORY not in caplog.text
