"""What was typed: the whole of a session so far, as providers send it, and the part of it that is new."""

import hashlib


def key_of(text: str) -> int:
    """A 63-bit name for everything typed so far in a session (or a message's id): what makes a turn the same turn."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def difference(before: str, text: str) -> str:
    """What was typed since `before`: the provider sends all input of a session, joined by ``*``.

    By prefix, never by splitting: a reply may hold a ``*`` itself, be empty, or begin with zeros. Where the text does not
    go on from what we know (a turn never reached us), the last part is all that can be taken.
    """
    if not before:
        return text.removeprefix("*")  # after an empty first reply: "" and "1" arrive as "*1"
    if text.startswith(before + "*"):
        return text[len(before) + 1 :]
    return text.rpartition("*")[2]
