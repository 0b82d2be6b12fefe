"""Bringing surveys in: every kind of file, and every fault named by sheet, row and name, with the way out."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest

from app.flows.flow import Flow, Text
from app.flows.reading.compile import compile_form
from app.flows.reading.faults import FormError
from app.flows.reading.load import load
from app.flows.xpath.expressions import Expression
from app.gateway.bringing import attached
from tests.forms import FORMS, as_csv, as_xlsx, sheets_of

# Each sentence must be told; where the list is the whole of it, nothing else may be.
BROKEN: dict[str, list[str]] = {
    "types.md": [
        "survey, row 8, order: the question type select_one_external is not supported. Use select_one_from_file",
        "survey, row 9, ward: search() in the appearance is not supported. Use select_one_from_file.",
        "survey, row 11, thing: the question type fancy is not supported. Use one of: acknowledge, begin_group",
    ],
    "required_media.md": [
        "survey, row 3, photo: it is required, but a basic phone cannot take pictures. Make it not required, or ask",
        "survey, row 4, place: it is required, but a basic phone does not know where it is.",
        "survey, row 6, born: izwi:date_order is 'ddmmyy'. Write one of dmy, mdy, ymd.",
        "survey, row 7, pleased: the range goes from 10 to 1. Let start be less than end.",
    ],
    "no_files.md": [
        "survey, row 2, ward: the file nowhere.csv is missing. Put it beside the form, or into the folder no_files-media, or",
        "survey, row 3, fees: the file fees.csv is missing.",
        "survey, row 5, shop: broken_rows.csv has no column code. Is it kode? Write value=… into parameters; it has the",
        "survey, row 6, place: broken.geojson: it is no FeatureCollection. Export it again",
        "survey, row 7, item: broken_list.xml: it cannot be read as XML (a document type is not allowed",
    ],
    "names.md": [
        "survey, row 2, a question: this cannot be a name. Begin with a letter",
        "survey, row 3: there is no name. Write a short name",
        "survey, row 4, third: there is no type. Write what it is in the type column",
        "survey, row 7, name: the name is used already in row 5. Give each question a name of its own",
        "survey, row 9: no group is open that could end here. Take the row out.",
        "survey, row 10, never: the group has no end. Add a row of type end_group.",
        "survey, row 11, 7th: this cannot be a name.",
    ],
    "lists.md": [
        "survey, row 2, a: there is no choice list yesno. Is it yes_no?",
        "survey, row 3, b: no choice list is named. Write e.g. select_one yes_no.",
        "survey, row 4, c: there is no choice list colours. Add its choices to the choices sheet",
        "choices, row 3, yes: the list yes_no has this choice already in row 2.",
        "choices, row 4, Perhaps: the choice has no name.",
        "choices, row 5, do not know: the name of a choice cannot have blanks. Write _",
        "choices, row 6, x: there is no list_name.",
    ],
    "references.md": [
        "survey, row 2, age: label: there is no question names. Is it ${name}?",
        "survey, row 3, name: relevant: there is no question agee. Is it ${age}?",
        "survey, row 4, last: label: last-saved#age is not supported. Ask again",
    ],
    "expressions.md": [
        "survey, row 2, age: constraint: expected a question, a value or a function but found 'the end'. Mend: . > 0 and",
        "survey, row 3, word: constraint: the pattern (a cannot be used: a bracket is not closed. Mend: regex(., '(a')",
        "survey, row 3, word: relevant: there is no /data/word/age; is it ${age}? Mend: age > 3",
        "survey, row 4, more: relevant: sum() needs a list of questions or choices. Mend: coalesce(${age}) and sum('x')",
        "survey, row 5, other: required: the function rondom() is not supported; is it random()? Mend: rondom() > 1",
        "survey, row 5, other: relevant: if() takes 3 value(s), not 2. Mend: if(${age}, 1)",
        "survey, row 6, path: calculation: there is no /data/nowhere/age; is it ${age}? Mend: /data/nowhere/age",
        "survey, row 7, list: calculation: there is no choice list wards. Mend: instance('wards')/root/item[name = ${age}]",
        "survey, row 8, label: jr:choice-name(): word is no select question. Name a select question in both places",
    ],
    "circles.md": [
        "survey, row 3, one: questions depend on each other in a circle (one → two → one). Break the circle",
    ],
    "circle_of_a_group.md": [
        "survey, row 3, has_children: questions depend on each other in a circle (has_children → has_children).",
    ],
    "half_run.md": [
        "survey, row 2, count: the default many is no integer.",
        "survey, row 3, fine: the default maybe is no choice. Write the name of one of the choices, not its label.",
        "survey, row 5, sum: a question that is asked cannot have a calculation. Make it a calculate",
        "survey, row 6, seen: a question that is read only, or read only at times, cannot be asked.",
        "survey, row 7, told: a note cannot have a default. Write the text into its label.",
        "survey, row 8, over: izwi:end is for notes only.",
        "survey, row 9, done: izwi:end is 'finished'. Write completed, declined or screened_out.",
        "survey, row 10, language: the form has no language yes. Its languages are: en.",
        "survey, row 10, language: the form has no language no. Its languages are: en.",
        "survey, row 11, who: izwi:role is 'speaker' at a text. Write language",
    ],
    "shorts.md": [
        "survey, row 2, a: there is a short text but no label in Shona(sn). Write a label::Shona(sn), spelled the same",
    ],
    "no_label.csv": ["survey, row 3, b: the survey element named 'b' has no label or hint."],
    "no_survey.csv": ["no_survey.csv: XLSForm has no sheet questions. Name the sheets survey, choices and settings"],
    "encrypted.md": ["settings, public_key: encrypted submissions are not supported. Take public_key out"],
    "entities.md": ["entities: entities are not supported. Take the entities sheet out."],
    "nothing.md": ["form: there is nothing to ask. Add a question to the survey sheet."],
    "parameters.md": [
        "survey, row 2, a: the 'parameters' value is invalid. The accepted parameter keys for this question type are",
    ],
    "not_a_form.xml": ["form: it is no XForm: no model with an instance."],
    "torn.xml": ["torn.xml, row 2: it cannot be read as XML (Premature end of data"],
    "entity.xml": ["entity.xml: it cannot be read as XML (a document type is not allowed"],
    "xform.xml": [
        "form, a: relevant: there is no question nowhere. Mend: /data/nowhere = 1",
        "form, b: izwi:typed is 'please'. Write yes, or nothing.",
        "form, d: choices: there is no question name. Mend: /data/g/name",
        "form, d: choices: there is no question label. Mend: /data/g/label",
        "form, gone: it asks for /data/gone, which the instance does not have.",
        "form, f: the repeat has no questions. Put questions into it, or take it out.",
        "form, lost: an action sets what is no question. Take the trigger or default out.",
        "form, a: the name is used for two questions. Give each question a name of its own",
    ],
}


def faults_of(content: bytes, name: str, files: Mapping[str, bytes] | None = None) -> list[str]:
    with pytest.raises(FormError) as refused:
        compile_form(load(content, name, files or {}))
    return [str(fault) for fault in refused.value.faults]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_form_is_refused_with_every_fault_and_its_place(name: str) -> None:
    path = FORMS / "broken" / name

    faults = faults_of(path.read_bytes(), name, attached(path))

    for told, expected in zip(faults, BROKEN[name], strict=True):
        assert told.startswith(expected)


def test_every_broken_form_has_its_sentences() -> None:
    assert {path.name for path in (FORMS / "broken").iterdir() if path.is_file()} == set(BROKEN)


@pytest.mark.parametrize("kind", ["xlsx", "csv", "xml"])
def test_the_same_form_is_the_same_flow_in_every_kind_of_file(kind: str) -> None:
    form = load((FORMS / "household.md").read_bytes(), "household.md")
    sheets = sheets_of("household.md")
    content = {"xlsx": as_xlsx(sheets), "csv": as_csv(sheets), "xml": form.xform}[kind]

    other = load(content, f"household.{kind}")

    assert described(compile_form(other)) == described(compile_form(form))
    assert dict(other.places) == ({} if kind == "xml" else dict(form.places))


def test_a_fault_has_the_row_of_the_spreadsheet_when_rows_are_empty() -> None:
    sheets = {"survey": [["type", "name", "label"], [], [], ["fancy", "photo", "A picture"]]}

    faults = faults_of(as_xlsx(sheets), "form.xlsx")

    assert [fault.split(":")[0] for fault in faults] == ["survey, row 4, photo"]


def test_headers_may_be_spelled_as_pyxform_allows() -> None:
    sheets = {
        "survey": [["Type", "Name", "Label", "Relevance"], ["integer", "a", "A?", ""], ["note", "b", "B", "${a} > 1"]],
    }

    form = load(as_xlsx(sheets), "form.xlsx")

    flow = compile_form(form)
    assert [(each.name, len(each.relevant)) for each in flow.questions] == [("a", 0), ("b", 1)]
    assert form.places["b"].row == 3


def test_a_row_that_is_switched_off_is_not_looked_at() -> None:
    sheets = {"survey": [["type", "name", "label", "disabled"], ["text", "a", "A?", ""], ["image", "b", "B?", "yes"]]}

    flow = compile_form(load(as_xlsx(sheets), "form.xlsx"))

    assert list(flow.by_name) == ["a"]


def test_a_form_in_one_language_keeps_its_short_texts() -> None:
    flow = compile_form(load((FORMS / "plain.md").read_bytes(), "plain.md"))

    question = flow.by_name["water"]
    assert question.shorts == {"en": ("Is clean water near?",)}
    assert question.labels["en"][0].startswith("Is there clean water")


def test_a_form_in_one_language_says_which_by_its_setting() -> None:
    sheets = sheets_of("plain.md") | {"settings": [["default_language"], ["Shona (sn)"]]}

    flow = compile_form(load(as_csv(sheets), "plain.csv"))

    assert (flow.locale, dict(flow.locales)) == ("sn", {"sn": "Shona"})
    assert flow.by_name["water"].shorts == {"sn": ("Is clean water near?",)}


def test_our_own_columns_need_no_namespace_in_the_settings() -> None:
    sheets = {"survey": [["type", "name", "label", "bind::izwi:end"], ["text", "a", "A?", ""],
                         ["note", "b", "Bye", "completed"]]}  # fmt: skip

    flow = compile_form(load(as_csv(sheets), "form.csv"))

    assert flow.by_name["b"].end == "completed"


def test_columns_that_nobody_reads_are_told() -> None:
    header = ["type", "name", "label", "relevant if", "hint", "media::image", "review notes"]
    sheets = {"survey": [header, ["text", "a", "A?", "1 = 2", "Help", "a.png", "ok"]]}

    form = load(as_csv(sheets), "form.csv")

    why = "a basic phone shows no pictures and plays no sounds"
    cure = "What must be known to answer belongs into the label."
    assert [str(warning) for warning in form.warnings] == [
        "survey, row 1, relevant if: XLSForm has no such column, so it is not read. Is it relevant?",
        f"survey, row 1, media::image: the column is not used: {why}. {cure}",
    ]


def test_an_xform_in_another_encoding_is_stored_in_utf_8() -> None:
    xform = load((FORMS / "household.md").read_bytes(), "household.md").xform.decode()
    declared = '<?xml version="1.0" encoding="iso-8859-1"?>' + xform.replace("Welcome.", "Bienvenue à tous.")

    form = load(declared.encode("iso-8859-1", "xmlcharrefreplace"), "household.xml")

    assert compile_form(form).by_name["welcome"].labels["en"][0].startswith("Bienvenue à tous.")
    assert form.xform.decode("utf-8")


def test_an_excel_file_that_unpacks_to_gigabytes_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(6):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", b"0" * 10_000_000)

    faults = faults_of(file.getvalue(), "bomb.xlsx")

    assert faults == ["bomb.xlsx: the file unpacks to more than 50 MB. Leave pictures out."]


def test_entities_in_an_excel_file_are_not_read() -> None:
    sheets = as_xlsx({"survey": [["type", "name", "label"], ["text", "a", "A?"]]})
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sheets)) as old, zipfile.ZipFile(file, "w") as new:
        for member in old.namelist():
            content = old.read(member)
            if member == "xl/worksheets/sheet1.xml":
                content = content.replace(b"<worksheet", b'<!DOCTYPE w [<!ENTITY e "text">]><worksheet', 1)
                content = content.replace(b"<v>0</v>", b"<v>&e;</v>")
            new.writestr(member, content)

    assert faults_of(file.getvalue(), "form.xlsx")


@pytest.mark.parametrize("suffix", ["xlsx", "xls", "csv", "md", "xml"])
@pytest.mark.parametrize(
    "content", [b"", b"hello", b"PK\x03\x04rubbish", bytes(range(256)) * 40, b"|" * 500, b"," * 500]
)
def test_what_is_no_form_is_refused_with_one_sentence(content: bytes, suffix: str) -> None:
    faults = faults_of(content, f"thing.{suffix}")

    assert len(faults) == 1


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("form.pdf", b"%PDF", "form.pdf: a file of the kind .pdf is no survey. Bring an XLSForm as .xlsx"),
        ("form", b"", "form: a file of the kind .form is no survey."),
        ("form.md", b"|" * 6_000_000, "form.md: the file is larger than 5 MB."),
        ("form.md", b"| survey |" + b"#" * 30_000, "form.md: a line is longer than 20000 characters."),
        ("form.csv", "survey\n,type,name,label\n,text,a,Où?".encode("cp1252"), "form.csv: its letters are not written in UTF-8"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused(name: str, content: bytes, expected: str) -> None:
    assert faults_of(content, name)[0].startswith(expected)


def test_a_csv_file_as_excel_writes_it_is_read() -> None:
    content = "\ufeffsurvey\r\n,type,name,label\r\n,text,a,Fine?\r\n".encode()

    assert list(compile_form(load(content, "form.csv")).by_name) == ["a"]


def described(flow: Flow) -> list[Any]:
    """All that a flow is made of, comparable."""
    return [
        (flow.id, flow.title, flow.version, dict(flow.locales), flow.locale, dict(flow.dependents)),
        *(
            (
                each.name, each.path, each.kind.name, texts(each.labels), texts(each.shorts), sources(*each.relevant),
                sources(each.constraint, each.calculate), texts(each.constraint_message), each.required,
                texts(each.required_message), each.default, each.end, each.sets_language, each.slot,
                each.choices and (each.choices.name, each.choices.randomize, sources(each.choices.nodeset)),
                each.choices and [(c.name, texts(c.labels), texts(c.shorts), c.fixed) for c in each.choices.choices],
            )
            for each in flow.questions
        ),
    ]  # fmt: skip


def texts(by_locale: Mapping[str, Text]) -> dict[str, list[str]]:
    return {key: [p if isinstance(p, str) else p.source.strip() for p in text] for key, text in by_locale.items()}


def sources(*expressions: Expression | None) -> list[str]:
    return ["" if each is None else " ".join(each.source.split()) for each in expressions]
