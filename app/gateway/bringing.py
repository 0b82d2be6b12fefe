"""A survey's file as someone brings it, with the files that lie beside it."""

import hashlib
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Protocol

from app.flows.reading import attachments
from app.flows.reading.load import Form, load
from app.flows.reading.parcels import MAX_UNPACKED, looks_like_a_form

SUFFIXES = (".xlsx", ".xls", ".csv", ".md", ".xml", ".zip")
_ZIPPED = (".xlsx", ".xlsm")


class File(Protocol):
    """A file that may hold a survey: on disk, or inside the package."""

    @property
    def name(self) -> str:
        """Its name without the folder."""
        ...

    def read_bytes(self) -> bytes:
        """Its content."""
        ...


def bring(file: File) -> Form:
    """Load a survey with what lies beside it; raises `FormError`."""
    return load(file.read_bytes(), file.name, attached(file))


def attached(file: File) -> Mapping[str, bytes]:
    """The files that a form may want: those in its folder, and before them those in `<form>-media` beside it."""
    if not isinstance(file, Path) or file.suffix.lower() == ".zip":
        return {}
    beside = {path.name: _read(path) for path in _lists(file.parent) if path != file}
    media = {path.name: _read(path) for path in _lists(_media_of(file))}
    return {name: each for name, each in beside.items() if not looks_like_a_form(name, each)} | media


def wanted(file: File) -> Mapping[str, bytes]:
    """The attached files that a survey names, or that lie in its own folder."""
    files = attached(file)
    media = {path.name for path in _lists(_media_of(file))} if isinstance(file, Path) else set()
    text = _text_of(file.read_bytes(), file.name) if files else b""
    return {name: files[name] for name in sorted(files) if name in media or name.rsplit(".", 1)[0].encode() in text}


def digest(file: File) -> str:
    """What tells whether a survey is another: SHA-256 of its file, and of the attached files that it names."""
    found = hashlib.sha256(file.read_bytes())
    for name, content in wanted(file).items():
        found.update(f"\n{name}\n".encode() + content)
    return found.hexdigest()


def is_survey(file: File) -> bool:
    """Say whether a file holds a survey, and not the rows of a list or something half written."""
    if not file.name.lower().endswith(SUFFIXES) or file.name.startswith((".", "~", "__")):
        return False
    return not file.name.lower().endswith(attachments.SUFFIXES) or looks_like_a_form(file.name, file.read_bytes())


def _media_of(file: Path) -> Path:
    return file.parent / f"{file.stem}-media"


def _lists(folder: Path) -> Iterator[Path]:
    """The files of a folder that may hold the rows of a list."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix.lower() in attachments.SUFFIXES and path.is_file():
            yield path


def _read(path: Path) -> bytes:
    """A file, or as much of one that is too large as shows that it is."""
    with path.open("rb") as file:
        return file.read(attachments.MAX_BYTES + 1)


def _text_of(content: bytes, name: str) -> bytes:
    """Where the names of files would stand; an Excel file is an archive."""
    if not name.lower().endswith(_ZIPPED):
        return content
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = [each for each in archive.infolist() if each.filename.endswith(".xml")]
            if sum(each.file_size for each in members) > MAX_UNPACKED:
                return b""
            return b"".join(map(archive.read, members))
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError):
        return b""
