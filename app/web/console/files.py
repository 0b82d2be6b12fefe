"""Files that long work made for somebody: fetched once, and gone after an hour or with the next start, whichever is first."""

import shutil
import threading
from pathlib import Path

FOLDER = "fetch"
_NAME = "file"
_LASTS_SECONDS = 3600


def place(data_dir: Path, task_id: str) -> Path:
    """Where a task may put its file, whatever people will call it; it is removed after an hour."""
    folder = data_dir / FOLDER / task_id
    folder.mkdir(parents=True, mode=0o700)
    timer = threading.Timer(_LASTS_SECONDS, shutil.rmtree, (folder,), {"ignore_errors": True})
    timer.daemon = True
    timer.start()
    return folder / _NAME


def remove(data_dir: Path, task_id: str) -> None:
    """The file of a task, which was fetched or is not wanted any more. Its place is known by the task alone."""
    shutil.rmtree(data_dir / FOLDER / task_id, ignore_errors=True)


def sweep(data_dir: Path) -> None:
    """What was left by a process that ended."""
    shutil.rmtree(data_dir / FOLDER, ignore_errors=True)
