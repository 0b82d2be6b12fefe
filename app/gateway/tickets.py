"""Tickets: something that we tell a browser to bring back soon. It is sealed, so that nobody reads or changes it on the way."""

import base64
import secrets
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.store.keys import Keys

_NONCE = 12


def sealed(keys: Keys, kind: str, content: str, until: datetime) -> str:
    """A ticket that is good for one kind of thing, until then."""
    return base64.urlsafe_b64encode(seal(keys, f"ticket {kind}", f"{until.timestamp():.0f} {content}")).decode()


def content_of(keys: Keys, kind: str, ticket: str, at: datetime) -> str | None:
    """What is in a ticket; None where it is none of ours, of another kind, or too old."""
    try:
        until, _, content = unseal(keys, f"ticket {kind}", base64.urlsafe_b64decode(ticket)).partition(" ")
    except (ValueError, InvalidTag):
        return None
    return content if at.timestamp() < int(until) else None


def seal(keys: Keys, what: str, content: str) -> bytes:
    """Seal something with the secret of accounts: AES-256-GCM, nonce first. It opens as the same thing only."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(keys.accounts).encrypt(nonce, content.encode(), what.encode())


def unseal(keys: Keys, what: str, content: bytes) -> str:
    """Open what was sealed."""
    return AESGCM(keys.accounts).decrypt(content[:_NONCE], content[_NONCE:], what.encode()).decode()
