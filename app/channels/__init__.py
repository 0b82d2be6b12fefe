"""The table of channels: the name that stands in a provider's hook URL, and what speaks for that provider."""

from collections.abc import Callable

from app.channels.africastalking import AfricasTalking
from app.channels.base import Channel
from app.channels.simulated import Simulated
from app.settings import LineSettings

CHANNELS: dict[str, Callable[[LineSettings], Channel]] = {
    "africastalking": AfricasTalking,
    "simulated": Simulated,
}
