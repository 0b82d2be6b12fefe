"""What columns mean, and what their values are: guessed from what is there, and said by whoever knows better."""

from pathlib import Path

import pytest

from app.channels import operators
from app.gateway.contacts import kinds, mapping, reading
from app.gateway.contacts.kinds import Kind, Misfit
from app.gateway.contacts.mapping import BadMapping, Columns
from app.gateway.contacts.numbers import Numbers

ZIMBABWE = Numbers("ZW", operators.read(None))


def guessed(folder: Path, text: str, *wanted: tuple[str, str], skip: tuple[str, ...] = ()) -> Columns:
    path = folder / "list.csv"
    path.write_text(text)
    return mapping.guess(reading.read(path), ZIMBABWE, wanted, skip)


def meanings(columns: Columns) -> list[str]:
    return [each.meaning for each in columns.columns]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Phone Number,Language,Group,Province", ["phone", "language", "groups", "province"]),
        ("Province,Cell No.,LANG,Groups", ["province", "phone", "language", "groups"]),
        ("Nharembozha yenhare,Mutauro,Boka,Dunhu", ["phone", "language", "groups", "dunhu"]),
        ("Inombolo yocingo,Ulimi,Iqembu,Isabelo", ["phone", "language", "groups", "isabelo"]),
        ("MSISDN,Home language,Lists,Date of Birth", ["phone", "language", "groups", "date_of_birth"]),
    ],
)
def test_headers_are_known_in_three_languages_and_in_any_order(
    tmp_path: Path, header: str, expected: list[str]
) -> None:
    row = ",".join("0770000001" if each == "phone" else "x" for each in expected)

    assert meanings(guessed(tmp_path, f"{header}\n{row}\n")) == expected


def test_values_tell_where_the_numbers_are_when_no_header_does(tmp_path: Path) -> None:
    columns = guessed(tmp_path, "Who,Reach her at,Age\nRudo,770000001,33\nTendai,0770000002,41\n,n/a,\n")

    assert meanings(columns) == ["who", "phone", "age"]


def test_values_beat_a_header_that_only_sounds_right(tmp_path: Path) -> None:
    columns = guessed(tmp_path, "Phone model,Contact name,M\nNokia,Rudo,0770000001\nItel,Tendai,0770000002\n")

    assert meanings(columns) == ["phone_model", "contact_name", "phone"]


def test_a_list_without_headers_has_the_letters_of_a_spreadsheet(tmp_path: Path) -> None:
    columns = guessed(tmp_path, "Rudo,0770000001\nTendai,0770000002\n")

    assert columns.header_row == 0
    assert [(each.header, each.meaning) for each in columns.columns] == [("A", ""), ("B", "phone")]
    assert columns.columns[0].why == "has no header; --column NAME=A brings it in"


@pytest.mark.parametrize("title", ["Farmers 2026,,\n", "Farmers 2026,,\n,,\nfor NANGO,,\n"])
def test_a_title_above_the_headers_is_no_header(tmp_path: Path, title: str) -> None:
    columns = guessed(tmp_path, title + "Village,Cell,Age\nMutoko,,50\nGweru,0770000001,33\n")

    assert columns.header_row == title.count("\n") + 1
    assert meanings(columns) == ["village", "phone", "age"]


def test_a_second_column_of_numbers_is_left_out(tmp_path: Path) -> None:
    columns = guessed(tmp_path, "Phone,Next of kin\n0770000001,0770000002\n0770000003,\n")

    assert meanings(columns) == ["phone", ""]
    assert columns.columns[1].why == "holds phone numbers, and those are kept encrypted only"


def test_who_knows_better_says_so(tmp_path: Path) -> None:
    text = "Phone,Phone 2,Prov,Lang spoken,Name\n0770000001,0770000002,Harare,sn,Rudo\n"

    columns = guessed(
        tmp_path, text, ("phone", "phone 2"), ("province", "C"), ("language", "Lang Spoken"), skip=("Phone", "name")
    )

    assert meanings(columns) == ["", "phone", "province", "language", ""]


def test_words_of_queries_and_doubled_headers_get_names_of_their_own(tmp_path: Path) -> None:
    text = "Phone,Operator,Age,Age,,Number\n0770000001,Econet,1,2,3,4\n"

    assert meanings(guessed(tmp_path, text)) == ["phone", "operator_in_file", "age", "age_2", "e", "number_in_file"]


def test_a_column_that_says_who_it_is_comes_with_a_warning(tmp_path: Path) -> None:
    columns = guessed(tmp_path, "Phone,Surname\n0770000001,Moyo\n")

    assert columns.columns[1].why == "says who it is; --skip 'Surname' unless you need it"


@pytest.mark.parametrize(
    ("text", "wanted", "says"),
    [
        ("a,b\n1,2\n", [], "no column holds phone numbers; name it with --column phone=COLUMN. There are: a, b"),
        ("Phone,b\n0770000001,2\n", [("x", "c c")], "there is no column c c. There are: Phone, b"),
        ("Phone,b\n0770000001,2\n", [("phone", "b"), ("phone", "Phone")], "two columns would be phone"),
        ("Phone,b\n0770000001,2\n", [("operator", "b")], "operator cannot be the name of an attribute"),
        ("Phone,b\n0770000001,2\n", [("!", "b")], "! cannot be the name of an attribute"),
    ],
)
def test_columns_that_make_no_sense_are_refused(
    tmp_path: Path, text: str, wanted: list[tuple[str, str]], says: str
) -> None:
    with pytest.raises(BadMapping, match=says):
        guessed(tmp_path, text, *wanted)


# -- kinds ----------------------------------------------------------------------------------------------------------


def kind_of(*values: str) -> Kind:
    found = kinds.ALL
    for value in values:
        found &= kinds.possible(value)
    return kinds.best(found)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (("18", "2.5", "-3", "0", "2,5"), Kind.NUMBER),
        (("18", "none"), Kind.TEXT),
        (("018", "19"), Kind.TEXT),  # codes begin with 0
        (("1,000", "2,000"), Kind.TEXT),  # a thousand, or one?
        (("12345678901234567890",), Kind.TEXT),
        (("2009-03-01", "30/11/2026", "1.2.1990", "2009-03-01T00:00:00"), Kind.DATE),
        (("13/12/2009", "12/13/2009"), Kind.TEXT),  # some write the month first
        (("31/02/2009",), Kind.TEXT),
        (("1/2/90",), Kind.TEXT),
        (("2009-03-01", "18"), Kind.TEXT),
        (("yes", "No", "Y"), Kind.YES_NO),
        (("hongu", "kwete", "yebo", "hatshi"), Kind.YES_NO),
        (("yes", "maybe"), Kind.TEXT),
    ],
)
def test_the_kind_of_an_attribute_is_told_from_its_whole_column(values: tuple[str, ...], kind: Kind) -> None:
    assert kind_of(*values) == kind


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Kind.NUMBER, "18", 18),
        (Kind.NUMBER, "2,5", 2.5),
        (Kind.DATE, "1/2/1990", "1990-02-01"),
        (Kind.YES_NO, "Hongu", "yes"),
        (Kind.TEXT, "018", "018"),
    ],
)
def test_a_value_is_kept_as_its_kind_has_it(kind: Kind, text: str, value: object) -> None:
    assert kinds.stored(kind, text) == value
    assert type(kinds.stored(kind, text)) is type(value)


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        (Kind.NUMBER, "many", "is not a number"),
        (Kind.DATE, "soon", "is not a date like 2026-11-30 or 30/11/2026"),
        (Kind.YES_NO, "1", "is not yes or no"),
        (Kind.TEXT, "x" * 256, "is longer than 255 characters"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_without_being_shown(kind: Kind, text: str, says: str) -> None:
    with pytest.raises(Misfit, match=f"^{says}$"):
        kinds.stored(kind, text)
