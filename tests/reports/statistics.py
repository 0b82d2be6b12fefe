"""Readers of SPSS files. PSPP reads them by code of its own; where a machine lacks it, the library that wrote them must do.

Both give rows of texts: labels where there are labels, nothing where nothing is.
"""

import csv
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pyreadstat

PSPP = shutil.which("pspp")


class Read(NamedTuple):
    """What a reader finds in a file."""

    reader: str
    codes: list[dict[str, str]]
    labels: list[dict[str, str]]


def read_sav(path: Path) -> Read:
    """Read an SPSS file."""
    return _by_pspp(path, f"GET FILE='{path.name}'.") if PSPP else _by_library(path)


def run_script(folder: Path, script: str) -> Read | None:
    """Run a script of SPSS where there is a program that can."""
    return _by_pspp(folder / script, f"INSERT FILE='{script}'.") if PSPP else None


def _by_pspp(path: Path, begin: str) -> Read:
    found = []
    for cells in ("VALUES", "LABELS"):
        out = path.parent / f"{cells}.csv"
        save = f"SAVE TRANSLATE /OUTFILE='{out.name}' /TYPE=CSV /REPLACE /FIELDNAMES /CELLS={cells}."
        steps = path.parent / "steps.sps"
        steps.write_text(f"{begin}\n{save}\n")
        command = [str(PSPP), "-o", "told.txt", steps.name]
        done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + (path.parent / "told.txt").read_text()
        with out.open(encoding="utf-8", newline="") as text:
            found.append([{name: cell.strip() for name, cell in row.items()} for row in csv.DictReader(text)])
    return Read("pspp", *found)


def _by_library(path: Path) -> Read:
    codes, about = pyreadstat.read_sav(str(path), user_missing=True)
    labels = pyreadstat.set_value_labels(codes, about, formats_as_category=False)
    return Read("pyreadstat", _texts(codes), _texts(labels))


def _texts(frame: Any) -> list[dict[str, str]]:
    """Cells as texts, whole numbers without a point."""
    return [{name: _text(cell) for name, cell in row.items()} for row in frame.to_dict("records")]


def _text(cell: Any) -> str:
    if cell is None or cell != cell:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
