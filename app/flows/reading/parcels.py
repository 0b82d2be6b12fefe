"""A form and its attached files in one .zip, as ODK and KoboToolbox hand them out."""

import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO

from app.flows.reading.faults import Fault, FormError, Place

MAX_UNPACKED = 50_000_000
MAX_MEMBERS = 200
_FORMS = (".xlsx", ".xlsm", ".xls", ".md")
_MAYBE = (".xml", ".csv")
_SHEETS = ("survey", "choices", "settings")


def looks_like_a_form(name: str, content: bytes) -> bool:
    """Say whether a file is a form; .xml and .csv files may as well hold the rows of a list."""
    lowered = name.lower()
    if lowered.endswith(".xml"):
        return b"http://www.w3.org/2002/xforms" in content
    if lowered.endswith(".csv"):
        first = content.decode("utf-8", "replace").removeprefix("\ufeff").lstrip()[:100].lower()
        return first.split("\n")[0].split(",")[0].strip(" \r\"'") in _SHEETS
    return lowered.endswith(_FORMS)


def unpacked(content: bytes, filename: str) -> tuple[str, bytes, Mapping[str, bytes]]:
    """The form in a .zip, its name, and the files that came with it; raises `FormError`."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = [each for each in archive.infolist() if not each.is_dir() and not _is_litter(each.filename)]
            if len(members) > MAX_MEMBERS or sum(each.file_size for each in members) > MAX_UNPACKED:
                raise _refused(filename, "the file unpacks to more than 50 MB or 200 files", "Leave pictures out.")
            files = {each.filename.rsplit("/", 1)[-1]: archive.read(each) for each in members}
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError, NotImplementedError):
        raise _refused(filename, "the file cannot be read as .zip", "Pack it again, without a password.") from None
    name = _form_of(files, filename)
    return name, files.pop(name), files


def _form_of(files: Mapping[str, bytes], filename: str) -> str:
    """Which file is the form: an Excel file before an XForm, and the one named like the .zip before others."""
    stem = filename.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    for kinds in (_FORMS, _MAYBE):
        found = [name for name, each in files.items() if name.lower().endswith(kinds) and looks_like_a_form(name, each)]
        named = [name for name in found if name.rsplit(".", 1)[0] == stem]
        if len(named or found) == 1:
            return (named or found)[0]
        if found:
            several = ", ".join(sorted(found)[:5])
            raise _refused(filename, f"it holds several forms ({several})", "Pack one form into each .zip.")
    raise _refused(filename, "it holds no form", "Put the XLSForm (.xlsx) and its files into it.")


def _is_litter(path: str) -> bool:
    """What computers leave in archives."""
    return path.startswith("__MACOSX/") or path.rsplit("/", 1)[-1].startswith((".", "~"))


def _refused(filename: str, problem: str, cure: str) -> FormError:
    return FormError([Fault(Place(filename, None), "", problem, cure)])
