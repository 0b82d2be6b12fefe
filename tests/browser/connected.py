"""An Izwi that is connected to the test provider, with prices and a code to dial."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.visiting import World
from tests.provider.process import ProviderProcess
from tests.server import serving
from tests.worker.sending import write_tariff


@pytest.fixture
def provider() -> Iterator[ProviderProcess]:
    """A provider that sends to nobody."""
    with ProviderProcess() as process:
        yield process


@pytest.fixture
def world(tmp_path: Path, provider: ProviderProcess) -> Iterator[World]:
    """The Izwi."""
    settings = {
        "channel": "africastalking", "africastalking_api_key": "a-key", "africastalking_url": provider.url,
        "tariff": write_tariff(tmp_path), "service_codes": '{"*384*77#": "leave_no_one_behind"}',
    }  # fmt: skip
    with serving(tmp_path, **settings) as served:
        yield World(served, tmp_path)
