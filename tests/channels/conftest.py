"""A provider process for each worker, well again before every test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.channels.africastalking import AfricasTalking
from app.channels.base import Sender
from app.settings import LineSettings
from tests.provider.process import ProviderProcess


@pytest.fixture(scope="session")
def provider_process() -> Iterator[ProviderProcess]:
    with ProviderProcess() as process:
        yield process


@pytest.fixture
def provider(provider_process: ProviderProcess) -> ProviderProcess:
    provider_process.reset()
    return provider_process


@pytest.fixture
def make_sender(provider: ProviderProcess) -> Callable[..., Sender]:
    def make(**changes: Any) -> Sender:
        return AfricasTalking(LineSettings(**{"api_key": "a-key", "url": provider.url, **changes})).sender()

    return make


@pytest.fixture
def sender(make_sender: Callable[..., Sender]) -> Sender:
    return make_sender()
