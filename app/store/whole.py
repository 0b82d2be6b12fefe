"""Files that are written whole or not at all, and folders that one process at a time writes into."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

if sys.platform != "win32":
    import fcntl

_LOCK = ".izwi.lock"


@contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears under its name only when it is complete and on the disk; until then whatever was there stays."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as draft:
        try:
            yield draft
            draft.flush()
            os.fsync(draft.fileno())
        except BaseException:
            Path(draft.name).unlink()
            raise
    Path(draft.name).replace(path)
    _keep_name(path.parent)


@contextmanager
def alone(folder: Path) -> Iterator[bool]:
    """Whether no other process of this machine is at work in a folder; none comes in until this ends, however it ends."""
    if sys.platform == "win32":
        yield True
        return
    with (folder / _LOCK).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _keep_name(folder: Path) -> None:
    """Let the new name itself outlive a power cut; not every file system of a stick can do that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
