"""What is sent to us, read whole before anybody is kept busy with it: whoever sends slowly waits outside."""

import asyncio
from typing import Any


async def read_body(receive: Any, most: int, seconds: float) -> bytes | None:
    """All that is sent; None where it is more than `most` bytes, or does not come."""
    parts: list[bytes] = []
    length, more = 0, True
    try:
        async with asyncio.timeout(seconds):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                parts.append(message.get("body", b""))
                length, more = length + len(parts[-1]), message.get("more_body", False)
                if length > most:
                    return None
    except TimeoutError:
        return None
    return b"".join(parts)


def again(body: bytes, receive: Any) -> Any:
    """An ASGI `receive` that gives this body, then what comes afterwards."""
    given = False

    async def read() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return read
