"""Files that long work made for somebody: fetched once, and gone after an hour or with the next start, whichever is first."""

import shutil
import threading
from pathlib import Path

FOLDER = "fetch"
_LASTS_SECONDS = 3600


def place(data_dir: Path, task_id: str, name: str) -> Path:
    """Where a task may put its file; it is removed after an hour."""
    folder = data_dir / FOLDER / task_id
    folder.mkdir(parents=True, mode=0o700)
    timer = threading.Timer(_LASTS_SECONDS, shutil.rmtree, (folder,), {"ignore_errors": True})
    timer.daemon = True
    timer.start()
    return folder / name


def remove(file: Path) -> None:
    """A file that was fetched, or is not wanted any more."""
    shutil.rmtree(file.parent, ignore_errors=True)


def sweep(data_dir: Path) -> None:
    """What was left by a process that ended."""
    shutil.rmtree(data_dir / FOLDER, ignore_errors=True)
