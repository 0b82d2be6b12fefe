"""A list of contacts to try an import with, damaged as spreadsheets damage lists. Its numbers are nobody's: +26377000xxxx."""

import csv
from random import Random
from typing import IO

MOST = 10_000
PROVINCES = (
    "Bulawayo", "Harare", "Manicaland", "Mashonaland Central", "Mashonaland East", "Mashonaland West", "Masvingo",
    "Matabeleland North", "Matabeleland South", "Midlands",
)  # fmt: skip
_HEADER = (
    "Name of ward",
    "Cell No",
    "Preferred language",
    "Province",
    "Sex",
    "Born",
    "Can read",
    "Household size",
    "Groups",
)
_NDEBELE = {"Bulawayo", "Matabeleland North", "Matabeleland South"}


def write(out: IO[str], count: int) -> None:
    """Write `count` rows; the same ones each time."""
    writer, random = csv.writer(out), Random(263)
    writer.writerow(_HEADER)
    for place in range(count):
        province = random.choice(PROVINCES)
        language = random.choices(_languages(province), (16, 3, 1))[0]
        born = f"{random.randint(1, 28):02}/{random.randint(1, 12):02}/{random.randint(1946, 2008)}"
        groups = ";".join(name for name in ("farmers", "health workers", "youth") if random.random() < 0.2)
        row = [f"Ward {random.randint(1, 33)}", _number(place, random), language, province, random.choice("FM"), born]
        writer.writerow([*row, random.choice(("yes", "yes", "no", "")), random.randint(1, 12), groups])


def _languages(province: str) -> tuple[str, str, str]:
    return ("Ndebele", "English", "Shona") if province in _NDEBELE else ("Shona", "English", "Ndebele")


def _number(place: int, random: Random) -> str:
    """A number as it stands in such lists: most are right, some damaged, some twice, some none."""
    local = f"77000{place:04}"
    if place % 100 == 50:  # a row that somebody has copied
        local = f"77000{random.randrange(place):04}"
    forms = {
        3: local,
        13: f"77 000 {local[5:]}",
        23: f"263{local}",
        33: f"'0{local}",
        43: f"{local}.0",
        53: f"0{local[:2]}\u00a0{local[2:5]}\u00a0{local[5:]}",
        63: f"+263 (0) {local}",
        73: f"{local[0]}.{local[1:]}E+08",
    }
    wrong = {17: "7.7E+08", 37: "0242 000 000", 57: "none", 77: f"0{local[:-2]}", 97: ""}
    step = place % 200
    return wrong.get(step) or ("" if step in wrong else forms.get(place % 100, f"0{local}"))
