"""A word of the provider that nobody knows yet is found in the database as it came."""

import pytest

from tests.provider.process import ProviderProcess
from tests.worker.conftest import Post


def test_a_report_in_new_words_is_stored_and_settles_nothing(post: Post) -> None:
    post.text("IZWI")
    post.deliver()

    post.take(post.report("Teleported"))

    assert post.rows("SELECT delivery, status, reason FROM delivery_report") == [("unclear", "Teleported", "")]
    assert post.states() == ["sent"]


@pytest.mark.parametrize(("message_id", "state"), [("None", "unknown"), ("ATXid_1", "sent")])
def test_an_answer_in_a_new_code_is_stored_with_its_message(
    post: Post, provider: ProviderProcess, message_id: str, state: str
) -> None:
    provider.set_mode("recipient-code", code=599, messageId=message_id)
    post.text("IZWI")

    post.deliver()

    assert post.rows("SELECT state, status, reason FROM outbox") == [(state, "SomethingNew 599", "unfamiliar status")]
