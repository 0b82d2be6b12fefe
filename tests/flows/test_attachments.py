"""Files that come with a form: read as ODK reads them, refused with the row that wants them, and never a bomb."""

import io
import zipfile
from collections.abc import Mapping

import pytest

from app.flows.reading import attachments
from app.flows.reading.compile import compile_form
from app.flows.reading.faults import FormError
from app.flows.reading.load import Form, load
from tests.forms import FORMS, as_csv, as_xlsx

FROM_FILE = [["type", "name", "label", "parameters"], ["select_one_from_file shops.csv", "shop", "Which shop?", ""]]
WIDE = ",".join(f"c{n}" for n in range(100)).encode() + b"\na," * 3_001
SHOPS = b"name,label\ns1,First shop\ns2,Second shop\n"


def brought(file: str, content: bytes, parameters: str = "") -> Form:
    kind = "select_one_from_file"
    rows = [FROM_FILE[0], [f"{kind} {file}", "shop", "Which shop?", parameters]]
    return load(as_csv({"survey": rows}), "form.csv", {file: content})


def labels(form: Form) -> dict[str, str]:
    choices = compile_form(form).by_name["shop"].choices
    assert choices is not None
    return {choice.name: "".join(map(str, choice.labels["en"])) for choice in choices.choices}


def refusal(file: str, content: bytes, parameters: str = "") -> str:
    with pytest.raises(FormError) as refused:
        brought(file, content, parameters)
    assert len(refused.value.faults) == 1
    return str(refused.value.faults[0])


def zipped(files: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        SHOPS,
        b"name;label\r\ns1;First shop\r\ns2;Second shop\r\n",
        b"name\tlabel\ns1\tFirst shop\n\n ,\ns2\tSecond shop",
        '\ufeff"name","label"\n"s1","First shop"\n"s2", Second shop \n'.encode(),
    ],
)
def test_a_csv_file_is_read_with_any_of_odks_delimiters(content: bytes) -> None:
    found = labels(brought("shops.csv", content))

    assert found["s1"] == "First shop"
    assert found["s2"] == "Second shop"


def test_the_columns_are_those_that_the_form_names() -> None:
    content = b"code,label,title\ns1,x,First shop\n"

    assert labels(brought("shops.csv", content, "value=code label=title")) == {"s1": "First shop"}


def test_a_column_that_no_form_can_name_is_left_out_with_a_word() -> None:
    form = brought("shops.csv", b"name,label,opening hours\ns1,First shop,8-17\n")

    assert labels(form) == {"s1": "First shop"}
    (warning,) = form.warnings
    assert str(warning).startswith(
        "survey, row 2, shop: shops.csv: the column 'opening hours' is left out, for no form"
    )


def test_geojson_is_read_as_odk_does() -> None:
    content = b"""{"type": "FeatureCollection", "features": [
        {"type": "Feature", "id": 7, "properties": {"title": "Well", "deep": 4.5, "dry": false, "id": "x", "gone": null},
         "geometry": {"type": "Point", "coordinates": [31.05, -17.83]}},
        {"type": "Feature", "properties": {"title": "Road", "id": "r"},
         "geometry": {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}},
        {"type": "Feature", "properties": {"title": "Field", "id": "f"},
         "geometry": {"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [1, 2]]]}}]}"""

    form = brought("places.geojson", content)

    assert labels(form) == {"7": "Well", "r": "Road", "f": "Field"}
    items = list(compile_form(form).instances["places"][0])
    assert [(cell.tag, cell.text) for cell in items[0]] == [
        ("title", "Well"), ("deep", "4.5"), ("dry", "false"), ("id", "7"), ("geometry", "-17.83 31.05 0 0"),
    ]  # fmt: skip
    assert items[1].findtext("geometry") == "2 1 0 0; 4 3 0 0"
    assert items[2].findtext("geometry") == "2 1 0 0; 4 3 0 0; 2 1 0 0"


def test_an_xml_file_is_a_list_as_it_stands() -> None:
    content = b"<shops><shop><name>s1</name><label>First</label></shop></shops>"
    sheets = {
        "survey": [
            ["type", "name", "label", "calculation"],
            ["xml-external", "shops", "", ""],
            ["text", "shop", "Shop?", ""],
            ["calculate", "label", "", "instance('shops')/shops/shop[name = ${shop}]/label"],
        ]
    }

    flow = compile_form(load(as_csv(sheets), "form.csv", {"shops.xml": content}))

    assert flow.by_name["label"].calculate is not None
    assert flow.instances["shops"][0][0].findtext("label") == "First"


def test_an_xform_takes_its_files_too_and_what_is_stored_needs_none() -> None:
    xform = b"""<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><model>
        <instance><data id="x"><shop/></data></instance><instance id="shops" src="jr://file-csv/shops.csv"/>
        <bind nodeset="/data/shop" type="string"/></model></h:head><h:body><select1 ref="/data/shop"><label>Which?</label>
        <itemset nodeset="instance('shops')/root/item"><value ref="name"/><label ref="label"/></itemset></select1></h:body>
        </h:html>"""

    stored = load(xform, "form.xml", {"Shops.CSV": SHOPS}).xform

    assert labels(load(stored, "form.xml")) == {"s1": "First shop", "s2": "Second shop"}


@pytest.mark.parametrize(
    ("file", "content", "parameters", "told"),
    [
        ("shops.csv", b"", "", "shops.csv: it has no rows. Write a header and a row for each choice."),
        ("shops.csv", b"name,label\n", "", "shops.csv: it has no rows."),
        ("shops.csv", b"name,name\na,b\n", "", "shops.csv: it has two columns name."),
        ("shops.csv", "name,label\na,Où\n".encode("cp1252"), "", "shops.csv: its letters are not written in UTF-8."),
        ("shops.csv", SHOPS, "value=nam", "shops.csv has no column nam. Is it name? Write value=… into parameters; it has"),
        ("shops.csv", b"name,label\n" + b"a,b\n" * 20_001, "", "shops.csv: it has more than 20000 rows."),
        ("shops.csv", ",".join(f"c{n}" for n in range(101)).encode(), "", "shops.csv: it has more than 100 columns."),
        ("shops.csv", b"x" * 5_000_001, "", "shops.csv: the file is larger than 5 MB."),
        ("shops.csv", b'name,label\na,"' + b"b" * 200_000, "", "shops.csv: it cannot be read as CSV"),
        ("shops.xml", b"<root/>", "", "shops.xml: it has no rows."),
        ("shops.xml", b"<r>" + b"<i/>" * 20_001 + b"</r>", "", "shops.xml: it has more than 20000 rows."),
        ("shops.xml", b"<r><i>" + b"<c/>" * 300_000 + b"</i></r>", "", "shops.xml: it has more than 300000 cells."),
        ("shops.csv", WIDE, "", "shops.csv: it has more than 300000 cells."),
        ("shops.xml", b"<root>", "", "shops.xml: it cannot be read as XML"),
        ("shops.xml", b'<!DOCTYPE r [<!ENTITY e "x">]><r><i>&e;</i></r>', "", "shops.xml: it cannot be read as XML"),
        ("shops.geojson", b"{}", "", "shops.geojson: it cannot be read as GeoJSON."),
        ("shops.geojson", b"[" * 100_000, "", "shops.geojson: it cannot be read as GeoJSON."),
        ("shops.geojson", b'{"type": "FeatureCollection", "features": [1]}', "", "shops.geojson: it cannot be read as"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_a_fault_of_the_row_that_wants_it(
    file: str, content: bytes, parameters: str, told: str
) -> None:
    assert refusal(file, content, parameters).startswith(f"survey, row 2, shop: {told}")


def test_files_may_not_be_too_large_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "MAX_TOGETHER", 10)

    assert "the attached files are larger than 20 MB together" in refusal("shops.csv", SHOPS)


# -- in one .zip --------------------------------------------------------------------------------------------------------

FORM = as_xlsx({"survey": FROM_FILE})


@pytest.mark.parametrize(
    "files",
    [
        {"form.xlsx": FORM, "shops.csv": SHOPS},
        {"survey/form.xlsx": FORM, "survey/media/shops.csv": SHOPS, "__MACOSX/._form.xlsx": b"", ".DS_Store": b""},
        {"form.csv": as_csv({"survey": FROM_FILE}), "shops.csv": SHOPS},
        {"pack.xlsx": FORM, "draft.xlsx": FORM, "shops.csv": SHOPS},
    ],
)
def test_a_form_and_its_files_may_come_in_one_zip(files: Mapping[str, bytes]) -> None:
    assert labels(load(zipped(files), "pack.zip")) == {"s1": "First shop", "s2": "Second shop"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (zipped({"shops.csv": SHOPS}), "pack.zip: it holds no form."),
        (zipped({"a.xlsx": FORM, "b.xlsx": FORM}), "pack.zip: it holds several forms (a.xlsx, b.xlsx)."),
        (zipped({"a.bin": b"0" * 60_000_000}), "pack.zip: the file unpacks to more than 50 MB or 200 files."),
        (zipped({f"{n}.csv": b"" for n in range(201)}), "pack.zip: the file unpacks to more than 50 MB or 200 files."),
        (b"PK\x03\x04rubbish", "pack.zip: the file cannot be read as .zip."),
        (zipped({"form.xlsx": FORM}), "survey, row 2, shop: the file shops.csv is missing."),
    ],
)
def test_a_zip_that_cannot_be_used_is_refused(content: bytes, told: str) -> None:
    with pytest.raises(FormError) as refused:
        load(content, "pack.zip")

    assert [str(each)[: len(told)] for each in refused.value.faults] == [told]


def test_the_form_with_everything_is_the_same_out_of_its_zip() -> None:
    media = {path.name: path.read_bytes() for path in (FORMS / "clinic-media").iterdir()}
    form = (FORMS / "clinic.md").read_bytes()

    assert load(zipped({"clinic.md": form, **media}), "clinic.zip").xform == load(form, "clinic.md", media).xform
