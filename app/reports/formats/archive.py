"""Zip files whose members are streamed, one after another."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO

from app.reports.formats.delimited import text


class Archive:
    """A zip under way; all its files have the moment of the export."""

    def __init__(self, made: zipfile.ZipFile, at: datetime) -> None:
        self._made, self._at = made, at

    @contextmanager
    def file(self, name: str) -> Iterator[IO[str]]:
        """A text file in it."""
        info = zipfile.ZipInfo(name, self._at.timetuple()[:6])
        info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
        with self._made.open(info, "w", force_zip64=True) as member, text(member) as out:
            yield out

    def put(self, name: str, content: str) -> None:
        """A small text file, as a whole."""
        with self.file(name) as out:
            out.write(content)


@contextmanager
def zipped(out: IO[bytes], at: datetime) -> Iterator[Archive]:
    """Write a zip."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        yield Archive(made, at)
