"""What the columns of a file mean: guessed from their headers and values, shown before anything is done, and overridden."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from app.gateway.contacts.numbers import Number, Numbers
from app.gateway.contacts.reading import File
from app.store.query import RESERVED
from app.values import attribute_name

PHONE, LANGUAGE, GROUPS = "phone", "language", "groups"
_SAMPLE = 200
_MOST_COLUMNS = 200
_ENOUGH = 0.6
"""So many of a column's values look like phone numbers if it holds them; some are always damaged."""

# Headers in English, Shona and Ndebele; a whole header or, for `_PHONE_PARTS`, any word of it.
_PHONES = set(
    "number numbers no contact contact_number contact_no contact_details whatsapp whatsapp_number sim line "
    "nhamba nhamba_dzenhare nhamba_yenhare nhamba_dzerunhare inombolo inombolo_yocingo inombolo_yefoni".split()
)
_PHONE_PARTS = set(
    "phone phones telephone tel cell cellphone cellular mobile msisdn nhare runhare mbozhanhare foni serura "
    "ucingo ifoni umakhalekhukhwini iselula".split()
)
_LANGUAGES = set("language languages lang locale preferred_language home_language mutauro rurimi ulimi ilimi".split())
_GROUPS = set("group groups group_name list lists boka mapoka chikwata zvikwata iqembu amaqembu iqela".split())
_PERSONAL = set(
    "name names surname first_name last_name full_name zita ibizo id id_number national_id email address".split()
)


class BadMapping(ValueError):
    """The columns cannot be understood, or do not fit what was asked for; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column and what it is read as: `phone`, `language`, `groups`, the name of an attribute, or nothing."""

    header: str
    place: int
    meaning: str
    why: str = ""
    """Why it is left out; or a warning."""


@dataclass(frozen=True, slots=True)
class Columns:
    """All columns of a file."""

    columns: tuple[Column, ...]
    header_row: int
    """The number of the row with the headers; 0 if there is none."""

    @property
    def phone(self) -> int:
        """The place of the column with the numbers."""
        return next(each.place for each in self.columns if each.meaning == PHONE)

    @property
    def language(self) -> int | None:
        """The place of the column with the languages, if there is one."""
        return next((each.place for each in self.columns if each.meaning == LANGUAGE), None)

    @property
    def groups(self) -> tuple[int, ...]:
        """The places of columns with names of groups."""
        return tuple(each.place for each in self.columns if each.meaning == GROUPS)

    @property
    def attributes(self) -> dict[int, str]:
        """Place → attribute."""
        return {each.place: each.meaning for each in self.columns if each.meaning not in {"", PHONE, LANGUAGE, GROUPS}}

    def as_json(self) -> dict[str, Any]:
        """For the record of the import."""
        return {each.header: each.meaning or None for each in self.columns}


def guess(file: File, numbers: Numbers, wanted: Iterable[tuple[str, str]], skipped: Iterable[str]) -> Columns:
    """Find out what each column means. `wanted` has (meaning, column). Raises `BadMapping`, or `BadFile`."""
    found = look(file, numbers, wanted, skipped)
    _check(found.columns, [each.header for each in found.columns])
    return found


def look(file: File, numbers: Numbers, wanted: Iterable[tuple[str, str]] = (), skipped: Iterable[str] = ()) -> Columns:
    """What each column seems to mean, even where that is not enough to read a list of contacts by."""
    sample = [(number, row) for number, row in islice(file.rows(), _SAMPLE) if any(cell.strip() for cell in row)]
    if not sample:
        raise BadMapping("there are no rows in it")
    header = _header([row for _, row in sample], numbers)
    headed = header is not None
    width = max(len(row) for _, row in sample)
    if width > _MOST_COLUMNS:
        raise BadMapping(
            f"it has {width:,} columns; a list of contacts has at most {_MOST_COLUMNS}. Take out what is not needed"
        )
    headers = _headers(sample[header][1] if header is not None else [], width)
    values = [row for _, row in sample[(header + 1) if header is not None else 0 :]]
    shares = [_share(values, place, numbers) for place in range(width)]
    given = {_place(headers, column): _meaning(meaning) for meaning, column in wanted}
    for column in skipped:
        given[_place(headers, column)] = ""
    found = _Guess(headers, shares, given, headed).columns()
    return Columns(found, sample[header][0] if header is not None else 0)


def _header(rows: Sequence[Sequence[str]], numbers: Numbers) -> int | None:
    """Which row has the headers: the first that is about as full as those with numbers; what stands above is a title."""
    found = (place for place, row in enumerate(rows) if any(isinstance(numbers.read(cell), Number) for cell in row))
    data = next(found, None)
    if data is None:
        return 0
    enough = _filled(rows[data]) * _ENOUGH
    return next((place for place in range(data) if _filled(rows[place]) >= enough), 0 if data else None)


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _headers(row: Sequence[str], width: int) -> list[str]:
    """What the columns are called: by their headers, else by the letters that a spreadsheet gives them."""
    found = list[str]()
    for place in range(width):
        header = " ".join(row[place].split()) if place < len(row) else ""
        header = header or _letters(place)
        taken = sum(each == header or each.startswith(f"{header} (") for each in found)
        found.append(f"{header} ({taken + 1})" if taken else header)
    return found


def _letters(place: int) -> str:
    """A, B … Z, AA, AB …"""
    place += 1
    letters = ""
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _share(rows: Sequence[Sequence[str]], place: int, numbers: Numbers) -> float:
    """How many of a column's values are phone numbers."""
    values = [row[place] for row in rows if place < len(row) and row[place].strip()]
    return sum(isinstance(numbers.read(value), Number) for value in values) / len(values) if values else 0.0


def _place(headers: Sequence[str], column: str) -> int:
    """Which column somebody means by its header, in whatever case, or by its letter."""
    for form in (str, str.casefold, attribute_name):
        hits = [place for place, header in enumerate(headers) if form(header) == form(column) and form(column)]
        if len(hits) == 1:
            return hits[0]
    letters = [place for place in range(len(headers)) if _letters(place) == column.upper()]
    if letters:
        return letters[0]
    raise BadMapping(f"there is no column {column}. There are: {', '.join(headers)}")


def _meaning(text: str) -> str:
    name = attribute_name(text)
    if name in {PHONE, LANGUAGE, GROUPS, "group"}:
        return GROUPS if name == "group" else name
    if not name or name in RESERVED:
        raise BadMapping(f"{text} cannot be the name of an attribute: queries have that word already")
    return name


@dataclass
class _Guess:
    """What is known of the columns while they are told apart."""

    headers: Sequence[str]
    shares: Sequence[float]
    """How many of each column's values are phone numbers."""
    given: Mapping[int, str]
    headed: bool

    def columns(self) -> tuple[Column, ...]:
        phone = self._phone()
        found, taken = list[Column](), set(self.given.values())
        for place, header in enumerate(self.headers):
            if place == phone or place in self.given:
                column = Column(header, place, self.given.get(place, PHONE))
                if place in self.given and not column.meaning:
                    column = Column(header, place, "", "you said so")
            else:
                column = self._other(header, place, taken)
            taken.add(column.meaning)
            found.append(column)
        return tuple(found)

    def _phone(self) -> int | None:
        """The column with the numbers: as somebody said; by its header, if its values do not speak against it; by its
        values."""
        if PHONE in self.given.values():
            return next(place for place, meaning in self.given.items() if meaning == PHONE)
        open_ = [place for place in range(len(self.headers)) if place not in self.given]
        named = [place for place in open_ if _is_phone(self.headers[place])] if self.headed else []
        likely = [place for place in open_ if self.shares[place] >= _ENOUGH]
        best = [place for place in named if place in likely] or likely or named
        return best[0] if best else None

    def _other(self, header: str, place: int, taken: set[str]) -> Column:
        name = attribute_name(header)
        if not self.headed:
            return Column(header, place, "", f"has no header; --column NAME={header} brings it in")
        if self.shares[place] >= _ENOUGH:
            return Column(header, place, "", "holds phone numbers, and those are kept encrypted only")
        if name in _LANGUAGES and LANGUAGE not in taken:
            return Column(header, place, LANGUAGE)
        if name in _GROUPS:
            return Column(header, place, GROUPS)
        if not name:
            return Column(header, place, "", f"its header is no name; --column NAME={header} brings it in")
        name = _free(f"{name[:56]}_in_file" if name in RESERVED | {PHONE, LANGUAGE, GROUPS} else name, taken)
        warning = f"says who it is; --skip {header!r} unless you need it" if name in _PERSONAL else ""
        return Column(header, place, name, warning)


def _free(name: str, taken: set[str]) -> str:
    """A name that no other column has."""
    count, found = 1, name
    while found in taken:
        count += 1
        found = f"{name[:60]}_{count}"
    return found


def _is_phone(header: str) -> bool:
    name = attribute_name(header)
    return name in _PHONES or (not _PHONE_PARTS.isdisjoint(name.split("_")) and "name" not in name.split("_"))


def _check(columns: Sequence[Column], headers: Sequence[str]) -> None:
    meanings = [each.meaning for each in columns if each.meaning and each.meaning != GROUPS]
    doubled = sorted({each for each in meanings if meanings.count(each) > 1})
    if doubled:
        raise BadMapping(f"two columns would be {', '.join(doubled)}; name another with --column, or --skip one")
    if PHONE not in meanings:
        raise BadMapping(
            f"no column holds phone numbers; name it with --column phone=COLUMN. There are: {', '.join(headers)}"
        )
