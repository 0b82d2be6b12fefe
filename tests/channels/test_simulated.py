"""The simulated line reads what the real one reads and sends nothing."""

from pathlib import Path

import pytest

from app.channels.africastalking import AfricasTalking
from app.channels.base import Sending
from app.channels.simulated import Simulated
from app.settings import LineSettings
from tests.channels.wire import form_in, hook_of, samples

CHANNEL = Simulated(LineSettings())


@pytest.mark.parametrize("path", samples("simulated"), ids=lambda path: path.stem)
def test_the_simulated_line_reads_what_the_real_one_reads(path: Path) -> None:
    hook, form = hook_of(path, CHANNEL), form_in(path)

    assert CHANNEL.parse(hook, form) == AfricasTalking(LineSettings()).parse(hook, form)


def test_the_simulated_line_takes_every_message_and_gives_each_an_id_of_its_own() -> None:
    results = CHANNEL.sender().send("Mhoro", ["+263770000001", "+263770000002"])

    assert [result.outcome for result in results] == [Sending.SENT, Sending.SENT]
    assert len({result.provider_id for result in results}) == 2
    assert all(result.provider_id.startswith("SIM_") for result in results)
