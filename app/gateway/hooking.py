"""The addresses that a provider is given. Each holds a secret; a new one comes in beside the present, which is then retired."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.channels import CHANNELS
from app.settings import Settings
from app.store import keys as vault


@dataclass(frozen=True, slots=True)
class Addresses:
    """Those of one channel."""

    name: str
    provider: str
    hooks: Mapping[str, str]
    """What comes in by it → its address."""
    valid_secrets: int


def addresses(settings: Settings) -> list[Addresses]:
    """All addresses, with the newest secret of each channel, as the key file has them now."""
    lines = settings.lines
    loaded = vault.load(settings.data_dir, tuple(lines))
    base = settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"
    return [
        Addresses(
            name, line.provider,
            {hook: f"{base}/hooks/{loaded.hooks[name][0]}/{hook}" for hook in CHANNELS[line.provider](line).hooks},
            len(loaded.hooks[name]),
        )
        for name, line in lines.items()
    ]  # fmt: skip
