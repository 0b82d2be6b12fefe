"""How the file of a survey is kept with those that lay beside it, and given back: one .zip for all of them.

A form without attached files, and a .zip that somebody brought, are kept as they are.
"""

import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import PurePath

from app.flows.reading import parcels

# A .zip ends with its comment: by this one our own are told from those that were brought, and from Excel's.
_OURS = b"izwi: a form, and the files that lay beside it"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a .zip can tell: the same files make the same bytes


def packed(name: str, content: bytes, files: Mapping[str, bytes]) -> bytes:
    """What is kept of a form and the attached files that it names."""
    if not files:
        return content
    kept = BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, each in {name: content, **_beside(name, files)}.items():
            archive.writestr(zipfile.ZipInfo(path, _EPOCH), each, zipfile.ZIP_DEFLATED)
        archive.comment = _OURS
    return kept.getvalue()


def as_brought(name: str, kept: bytes) -> bytes:
    """The file itself, byte for byte."""
    return _members(kept)[name] if kept.endswith(_OURS) else kept


def laid_out(name: str, kept: bytes) -> dict[str, bytes]:
    """The form and its files as they can be brought again: by their paths, the files in a folder `<form>-media`."""
    if kept.endswith(_OURS):
        return _members(kept)
    if not name.lower().endswith(".zip"):
        return {name: kept}
    form, content, files = parcels.unpacked(kept, name)
    return {form: content, **_beside(form, files)}


def _beside(name: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{PurePath(name).stem}-media/{PurePath(each).name}": content for each, content in files.items()}


def _members(kept: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(kept)) as archive:
        return {each.filename: archive.read(each) for each in archive.infolist()}
