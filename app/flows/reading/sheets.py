"""Looks an XLSForm's sheets through before they are converted, to name all faults at once and each by its row."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from app.flows.reading.faults import Fault, Place, nearest
from app.flows.reading.others import SUFFIX
from app.flows.reading.unsupported import kind_of, refused_types

Row = tuple[int, Mapping[str, str]]
_REFERENCE = re.compile(r"\$\{\s*([^}]*?)\s*\}")
_NAME = re.compile(r"[^\W\d][\w.-]*")
_LISTED = {"select_one", "select_multiple", "rank"}
_FROM_FILE = {"select_one_from_file", "select_multiple_from_file"}
_EXTERNAL = {"csv-external", "xml-external"}
_YES = {"yes", "true", "true()"}
_ALIASES = {
    "survey": {
        "command": "type", "tag": "name", "value": "name", "caption": "label", "relevance": "relevant",
        "calculate": "calculation", "readonly": "read_only", "count": "repeat_count", "jr:count": "repeat_count",
        "constraining_message": "constraint_message", "requiredmsg": "required_message",
    },
    "choices": {"value": "name", "caption": "label", "list name": "list_name"},
    "settings": {"id_string": "form_id", "set_form_id": "form_id"},
}  # fmt: skip
_COLUMNS = {
    "survey": frozenset(
        [
            "type",
            "name",
            "label",
            "hint",
            "guidance_hint",
            "relevant",
            "constraint",
            "constraint_message",
            "required",
            "required_message",
            "default",
            "calculation",
            "choice_filter",
            "appearance",
            "parameters",
            "read_only",
            "repeat_count",
            "trigger",
            "short",
            "media",
            "image",
            "audio",
            "video",
            "big-image",
            "autoplay",
            "note",
            "disabled",
            "bind",
            "body",
            "instance",
            "save_to",
            "compact_tag",
            "rows",
            "intent",
        ]
    ),
    "choices": frozenset(
        ["list_name", "name", "label", "short", "fixed", "media", "image", "audio", "video", "big-image"]
    ),
}
_UNSEEN = {
    "media": "a basic phone shows no pictures and plays no sounds", "image": "a basic phone shows no pictures",
    "big-image": "a basic phone shows no pictures", "audio": "a basic phone plays no sounds",
    "video": "a basic phone shows no pictures",
}  # fmt: skip

MOST_GROUPS, MOST_REPEATS = 50, 4
_FLATTEN = "Ask with fewer levels."


@lru_cache(maxsize=1024)  # a form has few headers, and asks for each of them in every cell
def column_of(header: str, sheet: str) -> str:
    """The XLSForm column that a header means, whatever its spelling and language: "Label::Shona (sn)" is label."""
    base = header.partition("::")[0].strip().lower()
    if base in _ALIASES.get(sheet, {}):
        return _ALIASES[sheet][base]
    plain = "_".join(base.split())
    single = plain.partition(":")[0]
    plain = single if single in {"label", "hint", "media", "bind", "short"} else plain
    return _ALIASES.get(sheet, {}).get(plain, plain)


def rows(book: Mapping[str, Any], sheet: str) -> list[Row]:
    """Rows of a sheet with their numbers as a spreadsheet counts them, columns named as XLSForm does; no empty ones."""
    found: list[Row] = []
    for number, row in enumerate(book.get(sheet) or [], start=2):
        cells: dict[str, str] = {}
        for header, value in row.items():
            column = column_of(header, sheet)
            if value not in {None, ""}:
                cells.setdefault(column, str(value).strip())
        if cells and cells.get("disabled", "").lower() not in _YES:
            found.append((number, cells))
    return found


def places(book: Mapping[str, Any]) -> dict[str, Place]:
    """The row of each question; a group's only where no question has the same name."""
    found: dict[str, Place] = {}
    for number, row in rows(book, "survey"):
        kind = kind_of(row.get("type", ""))
        name = row.get("name") or ("audit" if kind == "audit" else "")
        if name and not (kind.startswith("begin") and name in found):
            found[name] = Place("survey", number)
            if _list_with_other(row):
                found.setdefault(name + SUFFIX, Place("survey", number))
    return found


def with_other(book: Mapping[str, Any]) -> dict[str, str]:
    """The questions with `or_other`, and the list that each chooses from."""
    found = {row["name"]: _list_with_other(row) for _, row in rows(book, "survey") if row.get("name")}
    return {name: list_name for name, list_name in found.items() if list_name}


def file_places(book: Mapping[str, Any]) -> dict[str, tuple[Place, str]]:
    """The row that wants each attached file, and the name in it."""
    found: dict[str, tuple[Place, str]] = {}
    for number, row in rows(book, "survey"):
        kind, words = kind_of(row.get("type", "")), row.get("type", "").split()
        name = f"{row.get('name')}.{kind[:3]}" if kind in _EXTERNAL else words[-1] if kind in _FROM_FILE else ""
        found.setdefault(name, (Place("survey", number), row.get("name", "")))
    return found


def _list_with_other(row: Mapping[str, str]) -> str:
    """The list of a question with `or_other`, or an empty string."""
    words = row.get("type", "").lower().replace(" or other", " or_other").split()
    return row["type"].split()[len(words) - 2] if words[-1:] == ["or_other"] and len(words) > 2 else ""


def choice_places(book: Mapping[str, Any]) -> dict[tuple[str, str], Place]:
    """The row of each choice, by list and name."""
    found = rows(book, "choices")
    return {(row.get("list_name", ""), row.get("name", "")): Place("choices", number) for number, row in found}


def faults(book: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield what is wrong with the sheets of an XLSForm, as far as it can be told row by row."""
    survey, choices = rows(book, "survey"), rows(book, "choices")
    yield from refused_types(survey)
    yield from _wrong_names(survey)
    yield from _doubled_names(survey)
    yield from _wrong_groups(survey)
    yield from _wrong_lists(survey, choices)
    yield from _wrong_choices(choices, _allows_duplicates(book))
    yield from _wrong_references(book, {row["name"] for _, row in survey if row.get("name")})
    if rows(book, "entities"):
        yield Fault(Place("entities", None), "", "entities are not supported", "Take the entities sheet out.")


def warnings(book: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield what would silently be left out: columns that nothing reads, and what a basic phone cannot show."""
    for sheet, known in _COLUMNS.items():
        headers = (book.get(f"{sheet}_header") or [{}])[0]
        used = {header for row in book.get(sheet) or [] for header, value in row.items() if value not in {None, ""}}
        for header in (header for header in headers if header in used):
            column = column_of(header, sheet)
            if column in _UNSEEN:
                cure = "What must be known to answer belongs into the label."
                yield Fault(Place(sheet, 1), header, f"the column is not used: {_UNSEEN[column]}", cure)
            elif column not in known and (meant := nearest(column, known)):
                yield Fault(Place(sheet, 1), header, "XLSForm has no such column, so it is not read", f"Is it {meant}?")


def _wrong_names(survey: list[Row]) -> Iterator[Fault]:
    for number, row in survey:
        kind, name, place = kind_of(row.get("type", "")), row.get("name", ""), Place("survey", number)
        if not kind:
            if name or row.get("label"):
                yield Fault(place, name, "there is no type", "Write what it is in the type column, e.g. text.")
        elif not name:
            if kind not in {"note", "end_group", "end_repeat", "end_loop", "audit"}:
                yield Fault(place, "", "there is no name", "Write a short name without blanks.")
        elif not _NAME.fullmatch(name):
            cure = "Begin with a letter; go on with letters, figures, _ - or a full stop; no blanks."
            yield Fault(place, name, "this cannot be a name", cure)


def _doubled_names(survey: list[Row]) -> Iterator[Fault]:
    """Answers are kept by name, so a name may be used once, also in different groups."""
    seen: dict[str, int] = {}
    for number, row in survey:
        name, is_group = row.get("name", ""), kind_of(row.get("type", "")).startswith(("begin_", "end_"))
        if name and not is_group and seen.setdefault(name, number) != number:
            cure = "Give each question a name of its own, also in different groups."
            yield Fault(Place("survey", number), name, f"the name is used already in row {seen[name]}", cure)


def _wrong_groups(survey: list[Row]) -> Iterator[Fault]:
    """Groups and repeats that have no beginning or end, end one another, or are too deep for any phone."""
    opened: list[tuple[int, str, str]] = []
    for number, row in survey:
        verb, _, what = kind_of(row.get("type", "")).partition("_")
        if what not in {"group", "repeat"}:
            continue
        place = Place("survey", number)
        if verb == "begin":
            opened.append((number, row.get("name", ""), what))
            repeats = sum(each == "repeat" for _, _, each in opened)
            if len(opened) == MOST_GROUPS + 1:
                yield Fault(
                    place, row.get("name", ""), f"more than {MOST_GROUPS} groups are inside each other", _FLATTEN
                )
            elif what == "repeat" and repeats == MOST_REPEATS + 1:
                yield Fault(
                    place, row.get("name", ""), f"more than {MOST_REPEATS} repeats are inside each other", _FLATTEN
                )
        elif not opened:
            yield Fault(place, "", f"no {what} is open that could end here", "Take the row out.")
        else:
            begun, name, last = opened.pop()
            if last != what:
                problem = f"a {what} ends here, but the {last} {name} of row {begun} is open"
                yield Fault(place, "", problem, f"Write end_{last} first.")
    for number, name, what in opened:
        yield Fault(Place("survey", number), name, f"the {what} has no end", f"Add a row of type end_{what}.")


def _wrong_lists(survey: list[Row], choices: list[Row]) -> Iterator[Fault]:
    lists = list(dict.fromkeys(row.get("list_name", "") for _, row in choices))
    for number, row in survey:
        if kind_of(row.get("type", "")) not in _LISTED:
            continue
        words = row["type"].split()
        name = _list_with_other(row) or words[-1]
        place = Place("survey", number)
        if len(words) < 2:
            yield Fault(place, row.get("name", ""), "no choice list is named", f"Write e.g. {words[0]} yes_no.")
        elif _REFERENCE.fullmatch(name):
            if words[0] == "select_multiple":  # pyxform stops at it
                problem = "only one choice can be taken from other answers"
                yield Fault(place, row.get("name", ""), problem, f"Write select_one {name}, in a repeat if need be.")
        elif name not in lists:
            meant = nearest(name, lists)
            cure = f"Is it {meant}?" if meant else "Add its choices to the choices sheet, with this list_name."
            yield Fault(place, row.get("name", ""), f"there is no choice list {name}", cure)


def _wrong_choices(choices: list[Row], allows_duplicates: bool) -> Iterator[Fault]:
    seen: dict[tuple[str, str], int] = {}
    for number, row in choices:
        list_name, name, place = row.get("list_name", ""), row.get("name", ""), Place("choices", number)
        if not list_name:
            yield Fault(place, name, "there is no list_name", "Write the list that the choice belongs to.")
        elif not name:
            yield Fault(place, row.get("label", ""), "the choice has no name", "Write a short name without blanks.")
        elif len(name.split()) > 1:
            yield Fault(place, name, "the name of a choice cannot have blanks", "Write _ in place of the blank.")
        elif (list_name, name) in seen:
            first = seen[list_name, name]
            cure = "Give each choice of a list a name of its own"
            cure += (
                "; Izwi cannot tell them apart, whatever allow_choice_duplicates says." if allows_duplicates else "."
            )
            yield Fault(place, name, f"the list {list_name} has this choice already in row {first}", cure)
        seen.setdefault((list_name, name), number)


def _allows_duplicates(book: Mapping[str, Any]) -> bool:
    return any(row.get("allow_choice_duplicates", "").lower() in _YES for _, row in rows(book, "settings"))


def _wrong_references(book: Mapping[str, Any], names: set[str]) -> Iterator[Fault]:
    others = with_other(book)
    for sheet in ("survey", "choices", "settings"):
        active = {number for number, _ in rows(book, sheet)}
        for number, row in enumerate(book.get(sheet) or [], start=2):
            unknown: dict[str, str] = {}
            for header, value in row.items():
                for name in _REFERENCE.findall(str(value or "")):
                    if name not in names and name != "instanceID":
                        unknown.setdefault(name, header)
            for name, header in unknown.items() if number in active else ():
                meant = nearest(name, names)
                problem, cure = f"{header}: there is no question {name}", "Check the spelling of the name."
                if name.removesuffix(SUFFIX) in others:
                    cure, meant = "What or_other adds cannot be named: add a choice other and a text question.", ""
                if name.startswith("last-saved#"):
                    problem, cure = f"{header}: {name} is not supported", "Ask again; Izwi keeps no last answers."
                yield Fault(
                    Place(sheet, number), row.get("name") or "", problem, f"Is it ${{{meant}}}?" if meant else cure
                )
