"""Files that are written whole or not at all."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from app.cli.root import fail
from app.store.whole import whole


@contextmanager
def whole_file(output: Path | None) -> Iterator[IO[bytes]]:
    """The standard output, or a file that appears under its name only when it is complete and on the disk."""
    if output is None:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if not output.parent.is_dir():
        fail(f"There is no folder {output.parent}.")
    with whole(output) as out:
        yield out


@contextmanager
def whole_text(output: Path | None) -> Iterator[IO[str]]:
    """The same for text, in UTF-8 and with line ends as they are written."""
    with whole_file(output) as out:
        text = io.TextIOWrapper(out, encoding="utf-8", newline="")
        try:
            yield text
        finally:
            text.detach()  # else it would close the standard output
