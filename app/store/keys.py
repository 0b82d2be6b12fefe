"""The secrets that live outside the database: the keys of phone numbers, and the secrets in hook addresses.

One file, ``keys.json`` in the data directory, readable by its owner only. Whoever has the database but not this file
cannot read a number nor find one by trying them all (docs/decisions/D7). Lose it, and nobody can be written to again.
"""

import base64
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.values import Msisdn

_FILE = "keys.json"
_SECRET_BYTES = 24
_HASH_BYTES = 16


class KeysUnreadable(Exception):
    """The key file is there but cannot be used; nothing may start without it, for new keys would orphan all contacts."""


class Sealed(NamedTuple):
    """An encrypted number, and the id of the key that opens it."""

    sealed: bytes
    key_id: int


@dataclass
class Keys:
    """The keys of one installation. `seals` are by id, so that a new one can come in while old rows wait."""

    lookup: bytes
    seals: Mapping[int, bytes]
    hooks: Mapping[str, tuple[str, ...]]
    """Channel → its valid secrets, the current one first; two while one replaces the other."""
    data_dir: Path
    """Where the file is: another process may put a new key into it (`rotate`)."""

    @property
    def current(self) -> int:
        """The id of the key that new numbers are sealed with."""
        return max(self.seals)

    def find(self, msisdn: Msisdn) -> bytes:
        """The keyed hash that a number is found by: HMAC-SHA256 of E.164, cut to 16 bytes."""
        return hmac.digest(self.lookup, msisdn.e164.encode(), "sha256")[:_HASH_BYTES]

    def find_pin(self, contact_id: int, said: str) -> bytes:
        """The keyed hash of the digits or the word by which one of several people on a phone comes back."""
        return hmac.digest(self.lookup, f"pin:{contact_id}:{said}".encode(), "sha256")[:_HASH_BYTES]

    @property
    def trail(self) -> bytes:
        """The secret of the audit trail. It comes from the key of the hash, which never changes: no copy need know of it."""
        return hmac.digest(self.lookup, b"izwi audit trail", "sha256")

    @property
    def figures(self) -> bytes:
        """The secret by which figures are rounded (docs/decisions/D19). It never changes either: no figure may change by it."""
        return hmac.digest(self.lookup, b"izwi figures", "sha256")

    @property
    def accounts(self) -> bytes:
        """The secret that codes of people who work with the console are kept by."""
        return hmac.digest(self.lookup, b"izwi accounts", "sha256")

    def seal(self, msisdn: Msisdn) -> Sealed:
        """Encrypt a number with the current key: AES-256-GCM, nonce first."""
        key_id, nonce = self.current, secrets.token_bytes(12)
        return Sealed(nonce + AESGCM(self.seals[key_id]).encrypt(nonce, msisdn.e164.encode(), None), key_id)

    def unseal(self, sealed: bytes, key_id: int) -> Msisdn:
        """Decrypt a number."""
        if key_id not in self.seals:
            self.refresh()
        return Msisdn(AESGCM(self.seals[key_id]).decrypt(sealed[:12], sealed[12:], None).decode())

    def refresh(self) -> None:
        """Learn the keys that came into the file since; what is known already is never forgotten here."""
        known = _seals(json.loads((self.data_dir / _FILE).read_text()))
        if not known.keys() <= self.seals.keys():
            self.seals = {**self.seals, **known}  # whole: another thread may be looking

    def channel_of(self, secret: str) -> str | None:
        """Name the channel whose hook carries this secret; every valid secret is compared, in constant time each."""
        found = None
        given = secret.encode()
        for channel, valid in self.hooks.items():
            for each in valid:
                if hmac.compare_digest(given, each.encode()):
                    found = channel
        return found


def there(data_dir: Path) -> bool:
    """Whether there is a key file, so that looking for it makes none."""
    return (data_dir / _FILE).exists()


def load(data_dir: Path, channels: tuple[str, ...]) -> Keys:
    """Read the key file; make it on the first start, and add a hook secret for a channel that has none."""
    path = data_dir / _FILE
    try:
        data: Any = json.loads(path.read_text()) if path.exists() else _new()
        missing = [channel for channel in channels if not data["hooks"].get(channel)]
        for channel in missing:
            data["hooks"][channel] = [new_secret()]
        if missing or not path.exists():
            _save(path, data)
        return Keys(
            lookup=base64.b64decode(data["lookup"]),
            seals=_seals(data),
            hooks={channel: tuple(valid) for channel, valid in data["hooks"].items()},
            data_dir=data_dir,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise KeysUnreadable(f"{path} is damaged ({type(error).__name__}); restore it from its backup") from None


def rotate_hook(data_dir: Path, channel: str) -> None:
    """Put a new secret before the current one; both are valid until `retire_hook`."""
    path = data_dir / _FILE
    data = json.loads(path.read_text())
    data["hooks"][channel] = [new_secret(), *data["hooks"].get(channel, [])][:2]
    _save(path, data)


def retire_hook(data_dir: Path, channel: str) -> None:
    """Keep only the newest secret of a channel."""
    path = data_dir / _FILE
    data = json.loads(path.read_text())
    data["hooks"][channel] = data["hooks"][channel][:1]
    _save(path, data)


def rotate(data_dir: Path, at: datetime) -> int:
    """Make a new key for numbers, and begin to use it; returns its id. Older ones still open what they sealed."""
    path = data_dir / _FILE
    data = json.loads(path.read_text())
    new = max(map(int, data["seals"])) + 1
    data["seals"][str(new)] = _key()
    data["rotated_at"] = at.isoformat()
    _save(path, data)
    return new


def rotated_at(data_dir: Path) -> datetime | None:
    """When the newest key was made, if it was not the first."""
    said = json.loads((data_dir / _FILE).read_text()).get("rotated_at")
    return datetime.fromisoformat(said) if said else None


def retire(data_dir: Path) -> None:
    """Destroy all keys for numbers but the newest: what older ones sealed, a backup above all, stays shut for ever."""
    path = data_dir / _FILE
    data = json.loads(path.read_text())
    newest = max(data["seals"], key=int)
    data["seals"] = {newest: data["seals"][newest]}
    _save(path, data)


def new_secret() -> str:
    """A secret of 192 bits that is fit for a URL."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def make_private(directory: Path) -> None:
    """Make a directory that only its owner can look into."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def _new() -> dict[str, Any]:
    return {"lookup": _key(), "seals": {"1": _key()}, "hooks": {}}


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _seals(data: Any) -> dict[int, bytes]:
    return {int(number): base64.b64decode(key) for number, key in data["seals"].items()}


def _save(path: Path, data: object) -> None:
    """Write the file whole or not at all, for its owner only."""
    make_private(path.parent)
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(data, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
