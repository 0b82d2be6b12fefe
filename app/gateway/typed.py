"""What was typed: the whole of a session so far, as providers send it, and the part of it that is new."""

import hashlib


def key_of(text: str) -> int:
    """A 63-bit name for everything typed so far in a session (or a message's id): what makes a turn the same turn."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


_HIDDEN = "\x1f"  # nobody types it


def hidden(text: str) -> str:
    """What is kept of a session's text where nothing that was typed may be: how long it was."""
    return text if text.startswith(_HIDDEN) else f"{_HIDDEN}{len(text)}"


def length(text: str) -> int:
    """How much was typed in a session so far."""
    return int(text[1:]) if text.startswith(_HIDDEN) else len(text)


def follows(before: str, text: str) -> bool:
    """Say whether a text goes on from what is known of a session."""
    return len(text) > length(before) and (before.startswith(_HIDDEN) or text.startswith(before))


def gone_on(before: str, text: str) -> str:
    """What is kept of the text of a session that goes on: a hidden one stays hidden."""
    return hidden(text) if before.startswith(_HIDDEN) else text


def difference(before: str, text: str) -> str:
    """What was typed since `before`: the provider sends all input of a session, joined by ``*``.

    By prefix, never by splitting: a reply may hold a ``*`` itself, be empty, or begin with zeros. Where the text does not
    go on from what we know (a turn never reached us), the last part is all that can be taken.
    """
    if before.startswith(_HIDDEN):
        return text[length(before) :].removeprefix("*")
    if not before:
        return text.removeprefix("*")  # after an empty first reply: "" and "1" arrive as "*1"
    if text.startswith(before + "*"):
        return text[len(before) + 1 :]
    return text.rpartition("*")[2]
