"""Contacts on pages: lists that come in, segments, and what happened on one phone."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from app.gateway.refusals import NotThere
from app.store import audit, contacts, groups
from app.values import Role
from app.web.console.uploads import KEPT, Uploads
from tests.console.conftest import House, Visitor, words
from tests.web.conftest import until

LIST = """Ward,Cell No,Language,Age,Groups
Ward 1,0770000001,Shona,34,farmers;youth
Ward 2,770000002,Ndebele,,farmers
Ward 3,0770000001,Shona,20,
Ward 4,0242 000 000,,50,
Ward 5,none,,41,
Ward 6,077 000 0006,Klingon,28,
"""
COLUMNS = {
    "column": ["Ward", "Cell No", "Language", "Age", "Groups"],
    "meaning": ["attribute", "phone", "language", "attribute", "groups"],
    "attribute": ["ward", "", "", "age", ""],
}  # fmt: skip


def bring(visitor: Visitor, content: str | bytes = LIST, name: str = "people.csv") -> str:
    """Send a file; the page of its columns."""
    sent = visitor.post("/contacts/import", files={"file": (name, content, "application/octet-stream")})
    assert sent.status_code == 303, words(sent.text)[:500]
    return str(sent.headers["location"])


def look(visitor: Visitor, page: str, form: dict[str, Any] | None = None) -> str:
    """Have the rows looked at; the page of the report."""
    sent = visitor.post(f"{page}/look", form or COLUMNS)
    assert sent.status_code == 303, words(sent.text)[:500]
    until(lambda: "Waiting" not in visitor.reads(sent.headers["location"]))
    return f"{page}/report"


def commit(visitor: Visitor, page: str) -> str:
    """Bring a list in; the page of its result."""
    sent = visitor.post(f"{page}/commit").headers["location"]
    assert sent.startswith("/contacts/imports/")
    return str(sent)


def known(house: House) -> list[tuple[Any, ...]]:
    return house.served.rows("SELECT locale, attributes FROM contact ORDER BY id")


def lists(house: House) -> list[Path]:
    return [each for each in (house.parts.settings.data_dir / "lists").rglob("*") if each.is_file()]


def test_a_list_comes_in_step_by_step_and_its_file_is_gone_afterwards(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    assert "There is no contact yet" in visitor.reads("/contacts")

    page = bring(visitor)
    columns = visitor.get(page).text
    assert "Ward 1" in columns
    assert "770000001" not in columns
    assert all(each.stat().st_mode & 0o077 == 0 for each in [*lists(house), *(each.parent for each in lists(house))])
    report = look(visitor, page)
    said = visitor.reads(report)
    for expected in (
        "Rows 6", "new contacts 3", "the same number as a row above 1", "not a mobile phone 1", "no number that can be read 1",
        "the same number as in row 2", "its language is not known", "Add 3 contacts and change 0",
    ):  # fmt: skip
        assert expected in said, expected
    assert known(house) == []

    rows = visitor.get(f"{page}/rows.csv").text
    assert "4,duplicate,the same number as in row 2,+263…01" in rows
    result = commit(visitor, page)
    assert "New 3" in visitor.reads(result)
    assert {locale for locale, _ in known(house)} == {"sn", "nd", None}
    assert lists(house) == []
    assert visitor.get(page).status_code == 404
    assert "farmers 2" in visitor.reads("/contacts")
    noted = [each for each in house.parts.database.read(audit.every) if each.action == "contacts import"]
    assert [each.actor for each in noted] == [visitor.name]


def test_a_file_that_cannot_be_read_is_refused_with_its_row_and_not_kept(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)

    for content, said in ((b"", "it is empty"), (b"\xd0\xcf\x11\xe0 old", "save it as .xlsx")):
        refused = visitor.post("/contacts/import", files={"file": ("people.csv", content)})
        assert (refused.status_code, said in words(refused.text)) == (422, True)
    broken = visitor.post("/contacts/import", files={"file": ("people.csv", b'a,b\n1,"never closed\n')})
    assert broken.status_code == 422
    assert "quotation mark" in words(broken.text)
    assert lists(house) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"meaning": ["attribute", "skip", "language", "attribute", "groups"]}, "one column with the phone numbers"),
        (
            {"meaning": ["language", "phone", "language", "attribute", "groups"]},
            "Only one column can have the language",
        ),
        ({"attribute": ["group", "", "", "number", ""]}, "cannot be the name"),
        ({"language": "Klingon"}, "language is not known"),
        ({"group": "x" * 65}, "at most 64"),
    ],
)
def test_columns_that_cannot_be_are_refused_and_the_choice_is_kept(
    house: House, change: dict[str, Any], said: str
) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    page = bring(visitor)

    refused = visitor.post(f"{page}/look", COLUMNS | {"group": "clinic"} | change)

    assert refused.status_code == 422
    assert said in words(refused.text)
    assert change.get("language", "") in refused.text
    assert change.get("group", "clinic") in refused.text


def test_a_sheet_is_chosen_and_whoever_did_not_bring_a_list_does_not_see_it(house: House) -> None:
    book = openpyxl.Workbook()
    book.active.append(["notes"])
    sheet = book.create_sheet("People")
    sheet.append(["Phone", "Province"])
    sheet.append([770000009, "Masvingo"])
    content = io.BytesIO()
    book.save(content)
    visitor, other = house.visitor(Role.COORDINATOR), house.visitor(Role.ADMIN)

    page = bring(visitor, content.getvalue(), "people.xlsx")
    assert visitor.post(f"{page}/sheet", {"sheet": "People"}).status_code == 303
    assert "Province" in visitor.reads(page)
    assert other.get(page).status_code == 404
    report = look(visitor, page, {"column": ["Phone", "Province"], "meaning": ["phone", "skip"], "attribute": ["", ""]})
    assert "its first 0 was lost" in visitor.reads(report)
    assert visitor.post(f"{page}/cancel").status_code == 303
    assert lists(house) == []


def test_an_import_is_taken_back_as_far_as_nothing_hangs_on_it(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    page = bring(visitor)
    look(visitor, page)
    result = commit(visitor, page)
    house.served.turn("", number="+263770000001")
    [stopped] = [row[0] for row in house.served.rows("SELECT id FROM contact WHERE locale = 'nd'")]
    house.parts.database.write(lambda connection: contacts.set_stopped(connection, {stopped: datetime.now(UTC)}))

    assert len(known(house)) == 3
    visitor.post(f"{result}/undo")
    assert len(known(house)) == 3
    visitor.post(f"{result}/undo", {"sure": "yes"})
    until(lambda: "1 of the new contacts were taken out again" in visitor.reads(result))
    assert {locale for locale, _ in known(house)} == {"sn", "nd"}
    assert [each.contacts for each in house.parts.database.read(groups.every)] == [2, 1]
    assert "Take it back" not in visitor.reads(result)


def test_lists_that_nobody_comes_back_for_are_forgotten_after_an_hour(tmp_path: Path) -> None:
    now = [datetime(2026, 11, 28, 9, tzinfo=UTC)]
    uploads = Uploads(tmp_path / "lists", lambda: now[0])
    old = uploads.add("Rudo", "people.csv", b"phone\n")
    now[0] += KEPT - timedelta(minutes=1)
    young = uploads.add("Rudo", "../../people.csv", b"phone\n")
    assert uploads.sweep() == 2
    now[0] += timedelta(minutes=2)

    assert Uploads(tmp_path / "lists", lambda: now[0]).find(young.token, "Rudo").name == "../../people.csv"
    with pytest.raises(NotThere):
        uploads.find(old.token, "Rudo")
    for token in ("../lists", "..", "", young.token + "/.."):
        with pytest.raises(NotThere):
            uploads.find(token, "Rudo")


def people(house: House, visitor: Visitor) -> None:
    """Contacts with an age and groups."""
    page = bring(visitor)
    look(visitor, page)
    commit(visitor, page)


def test_a_segment_is_put_together_from_fields_counted_and_saved(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    people(house, visitor)

    one = visitor.get("/contacts/segments/new?about=field:group&sign==&value=farmers")
    assert "2 contacts are meant now" in words(one.text)
    two = visitor.get(
        "/contacts/segments/new?query=group+%3D+farmers&about=attribute:age&sign=%3E%3D&value=30&joiner=and"
    )
    assert "group = farmers and age >= 30" in words(two.text)
    assert "1 contact is meant now" in words(two.text)
    assert "+263…01" in two.text
    told = words(visitor.get("/contacts/segments/count?query=grop+%3D+farmers").text)
    assert "is it 'group'" in told or "there is no attribute" in told

    form = {"name": "farmers_of_30", "query": "group = farmers and age >= 30"}
    assert visitor.post("/contacts/segments", form).status_code == 303
    assert "1 contact" in visitor.reads("/contacts/segments")
    taken = visitor.post("/contacts/segments", {"name": "Farmers_of_30", "query": "everybody"})
    assert (taken.status_code, "of this name already" in words(taken.text)) == (422, True)
    round_ = visitor.post("/contacts/segments", {"name": "loop", "query": "segment loop"})
    assert round_.status_code == 422
    changed = form | {"query": "age > 99", "before": "farmers_of_30"}
    assert visitor.post("/contacts/segments", changed).status_code == 303
    assert "age > 99" in visitor.reads("/contacts/segments/farmers_of_30")
    assert visitor.post("/contacts/segments/farmers_of_30/remove").status_code == 303
    assert "No segment is saved yet" in visitor.reads("/contacts/segments")


@pytest.mark.parametrize(
    ("fields", "query"),
    [
        ("about=survey:not completed&value=leave_no_one_behind", "not completed leave_no_one_behind"),
        ("about=asked:&value=30", "last asked more than 30 days ago or never asked"),
        ("query=age > 3&about=asked:&value=30", "age > 3 and (last asked more than 30 days ago or never asked)"),
        ("query=age > 3 or age < 2&about=field:language&value=sn", "(age > 3 or age < 2) and language = sn"),
        ("about=attribute:ward&sign=!=&value=Ward 1", 'ward != "Ward 1"'),
        ("about=attribute:age&sign=is unknown", "age is unknown"),
    ],
)
def test_each_field_gives_a_condition_that_can_be_counted(house: House, fields: str, query: str) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    people(house, visitor)

    said = words(visitor.browser.get("/contacts/segments/new?" + fields).text)

    assert query in said
    assert "meant now" in said
    assert "cannot be understood" not in said


def test_a_phone_is_found_by_its_number_and_its_story_has_no_answer_and_no_number(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    served = house.served
    served.turn("")
    for text in ("1", "1*1", "1*1*1", "1*1*1*30"):
        served.turn(text)
    served.sms("my secret words")

    assert "No contact has this number" in words(visitor.post("/contacts/find", {"number": "0770000077"}).text)
    assert visitor.post("/contacts/find", {"number": "77"}).status_code == 422
    found = visitor.post("/contacts/find", {"number": "077 000 0001"}).headers["location"]
    assert "770000001" not in found
    page = visitor.get(found).text
    said = words(page)
    for expected in (
        "+263…01",
        "Began the survey leave_no_one_behind",
        "Dialled in over simulated",
        "She wrote a message",
    ):
        assert expected in said, expected
    assert "Agreement to take part: given" in said
    replies = [row[0] for row in served.rows("SELECT body FROM outbox")]
    assert replies
    assert not any(hidden in said for hidden in ("770000001", "secret", *replies))
    assert "See the number" not in said
    assert visitor.get("/contacts/999999").status_code == 404


def test_she_is_stopped_and_started_again_on_her_wish_and_both_are_noted(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    house.served.turn("")
    house.served.turn("1")
    page = visitor.post("/contacts/find", {"number": "0770000001"}).headers["location"]

    short = visitor.post(f"{page}/stop", {"reason": "wish"})
    assert (short.status_code, "Say why" in short.text) == (422, True)
    told = visitor.post(f"{page}/stop", {"reason": "She rang 0770000001 and said so"})
    assert (told.status_code, "no phone number" in told.text) == (422, True)
    assert visitor.post(f"{page}/stop", {"reason": "She rang the office and said so"}).status_code == 303
    assert "asked for silence" in visitor.reads(page)
    assert house.served.rows("SELECT state, reason FROM run") == [("stopped", "wish")]
    assert visitor.post(f"{page}/stop", {"reason": "She rang the office and said so"}).status_code == 422
    assert visitor.post(f"{page}/restart", {"reason": "She came by and asked for it"}).status_code == 303
    assert "asked for silence on" not in visitor.reads(page)

    noted = [(each.action, each.subject, each.reason) for each in house.parts.database.read(audit.every)]
    number = page.rsplit("/", 1)[1]
    assert noted == [
        ("contacts stop", f"contact {number}", "She rang the office and said so"),
        ("contacts restart", f"contact {number}", "She came by and asked for it"),
    ]


def test_a_number_is_shown_to_whoever_may_see_it_and_the_look_is_noted_first(house: House) -> None:
    admin, coordinator = house.visitor(Role.ADMIN), house.visitor(Role.COORDINATOR)
    house.served.turn("")
    page = admin.post("/contacts/find", {"number": "0770000001"}).headers["location"]
    reason = {"reason": "She asked to be called back"}

    assert coordinator.post(f"{page}/reveal", reason).status_code == 403
    assert admin.post(f"{page}/reveal", {"reason": "x"}).status_code == 422
    shown = admin.post(f"{page}/reveal", reason)
    assert "+263770000001" in shown.text
    assert "set-cookie" not in shown.headers
    assert "770000001" not in admin.get(page).text
    [noted] = house.parts.database.read(audit.every)
    assert (noted.action, noted.reason) == ("contacts reveal", reason["reason"])
