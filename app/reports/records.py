"""Finished records for the tools of the ODK world: one XML document, or a folder of submissions, packed."""

import re
import zipfile
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import IO, Any
from xml.sax.saxutils import quoteattr

from lxml import etree

from app.flows.reading.markup import IZWI

NAMESPACE = IZWI.strip("{}")
_UNSAFE = re.compile(r"[^\w.-]+|^\.+")
_FIRST = datetime(1980, 1, 1)  # noqa: DTZ001 - what a zip file gives its files where nobody says when they were made


def write_xml(out: IO[bytes], found: Iterable[Any]) -> int:
    """Write one document with all records, each as it is stored; returns their number."""
    out.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<izwi:records xmlns:izwi="{NAMESPACE}">\n'.encode())
    count = 0
    for row in found:
        about = {
            "survey": row.survey, "version": row.version, "respondent": row.respondent, "state": row.state,
            "language": row.locale, "submissionDate": moment(row.ended_at),
        }  # fmt: skip
        attributes = " ".join(f"{name}={quoteattr(str(value))}" for name, value in about.items())
        out.write(f"<izwi:record {attributes}>{row.xml}</izwi:record>\n".encode())
        count += 1
    out.write(b"</izwi:records>\n")
    return count


def write_zip(out: IO[bytes], found: Iterable[Any], xform: Callable[[int], str]) -> int:
    """Write the folders that ODK Briefcase keeps: the form, and beside it each record as a file; returns their number.

    `xform` gives the form of a version: the newest that has records is the form of its survey, all are in `versions`.
    """
    count, folders, forms = 0, _Names(), dict[str, dict[int, str]]()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for row in found:
            folder = folders.of(row.survey)
            forms.setdefault(folder, {})[row.version_id] = row.version
            name = instance_id(etree.fromstring(row.xml)).replace(":", "")
            _put(archive, f"forms/{folder}/instances/{name}/submission.xml", row.xml, row.ended_at)
            count += 1
        for folder, versions in forms.items():
            names = _Names()
            for version_id in sorted(versions):
                _put(archive, f"forms/{folder}/versions/{names.of(versions[version_id])}.xml", xform(version_id))
            _put(archive, f"forms/{folder}/{folder}.xml", xform(max(versions)))
    return count


def instance_id(root: Any) -> str:
    """The name of a record: `uuid:` and the run's own."""
    return root.findtext("{*}meta/{*}instanceID") or ""


def moment(at: datetime) -> str:
    """A moment in UTC, as ODK Central writes it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def file_name(text: str) -> str:
    """A text as the name of a file: what may have any letters in it."""
    return _UNSAFE.sub("_", text) or "_"


def _put(archive: zipfile.ZipFile, name: str, xml: str, at: datetime = _FIRST) -> None:
    info = zipfile.ZipInfo(name, at.timetuple()[:6])
    info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
    archive.writestr(info, f"<?xml version='1.0' encoding='UTF-8' ?>{xml}".encode())


class _Names:
    """Names of files for what may have any letters in it; another one for each."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def of(self, text: str) -> str:
        if text not in self._names:
            safe = file_name(text)
            taken = {name.lower() for name in self._names.values()}
            name, number = safe, 1
            while name.lower() in taken:
                number += 1
                name = f"{safe}_{number}"
            self._names[text] = name
        return self._names[text]
