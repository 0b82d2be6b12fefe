"""Lists of contacts on their way in: each in a folder that only Izwi can look into, removed when it is brought in, when
somebody gives it up, or an hour after it was last touched.
"""

import json
import secrets
import shutil
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from app.gateway.refusals import NotThere
from app.store.keys import make_private

KEPT = timedelta(hours=1)
_STATE = "state.json"
_SUFFIXES = {".csv", ".txt", ".xlsx"}


@dataclass
class Upload:
    """A list, and what was said of it so far."""

    token: str
    owner: str
    name: str
    """As its owner calls it."""
    touched_at: str
    suffix: str = ".csv"
    sheet: str | None = None
    wanted: list[list[str]] = field(default_factory=list)
    """Meaning and column, for each column that is brought in."""
    skipped: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    language: str = ""


class Uploads:
    """All lists of this process's data folder."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self._folder, self._now = folder, now
        self._sweeping: threading.Timer | None = None
        self.sweep()

    def add(self, owner: str, name: str, content: bytes) -> Upload:
        """Keep a list for its owner."""
        suffix = Path(name).suffix.lower()
        token = secrets.token_urlsafe(12)
        made = Upload(token, owner, name[:120], "", suffix if suffix in _SUFFIXES else ".csv")
        make_private(self._folder)
        make_private(self._folder / token)
        path = self.path(made)
        path.touch(mode=0o600)
        path.write_bytes(content)
        self.keep(made)
        self._plan()
        return made

    def find(self, token: str, owner: str) -> Upload:
        """One of somebody's own. Raises `NotThere` where it is gone."""
        found = self._read(self._folder / token) if token.replace("-", "").replace("_", "").isalnum() else None
        if found is None or found.owner != owner:
            raise NotThere("This list is not here any more: lists are kept for an hour only. Bring it again.")
        return found

    def keep(self, upload: Upload) -> None:
        """Keep what was said of it."""
        upload.touched_at = self._now().isoformat()
        path = self._folder / upload.token / _STATE
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(upload)))

    def path(self, upload: Upload) -> Path:
        """The list itself."""
        return self._folder / upload.token / f"list{upload.suffix}"

    def rows(self, upload: Upload) -> Path:
        """What becomes of each row, with numbers masked."""
        return self._folder / upload.token / "rows.csv"

    def remove(self, token: str) -> None:
        """Forget a list."""
        shutil.rmtree(self._folder / token, ignore_errors=True)

    def sweep(self) -> int:
        """Forget lists that nobody has touched for an hour; returns how many are left."""
        left = 0
        for each in self._folder.iterdir() if self._folder.is_dir() else ():
            found = self._read(each)
            if found is None or datetime.fromisoformat(found.touched_at) < self._now() - KEPT:
                self.remove(each.name)
            else:
                left += 1
        return left

    def _plan(self) -> None:
        """Look again by and by, as long as there is a list."""
        if self._sweeping is None:
            self._sweeping = threading.Timer(KEPT.total_seconds() / 6, self._look)
            self._sweeping.daemon = True
            self._sweeping.start()

    def _look(self) -> None:
        self._sweeping = None
        if self.sweep():
            self._plan()

    def _read(self, folder: Path) -> Upload | None:
        try:
            values: dict[str, Any] = json.loads((folder / _STATE).read_text())
            return Upload(**values)
        except (OSError, ValueError, TypeError):
            return None
