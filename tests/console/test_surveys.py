"""A survey's way through the console: brought, looked at, published, compared, retired."""

import io
import re
import zipfile
from pathlib import Path
from typing import Any

from app.store import audit, surveys
from app.values import Role, VersionStatus
from tests.console.conftest import House, Visitor, words
from tests.web.conftest import until

FORMS = Path(__file__).parent.parent / "forms"
SHIPPED = "leave_no_one_behind"
TWO = """
| survey | type | name | label::English (en) | label::Shona (sn) | required | relevant |
|---|---|---|---|---|---|---|
| | select_one yes_no | water | Is there water? | Pane mvura here? | yes | |
| | integer | far | How far is it? | Kure zvakadini? | | ${water} = 'no' |
{more}
| choices | list_name | name | label::English (en) | label::Shona (sn) |
|---|---|---|---|---|
| | yes_no | yes | Yes | Hongu |
| | yes_no | no | No | Kwete |

| settings | form_id | form_title | version |
|---|---|---|---|
| | two_wells | Two wells | {version} |
"""
MORE = "| | text | why | Why is that? | Nemhaka yei? | | |\n"


def two(version: str = "1", more: str = "") -> bytes:
    return TWO.replace("{version}", version).replace("{more}\n", more).encode()


def upload(visitor: Visitor, *files: tuple[str, bytes]) -> Any:
    return visitor.post("/surveys/upload", files=[("files", file) for file in files])


def stored(house: House, survey: str) -> list[surveys.Version]:
    return house.parts.database.read(lambda connection: surveys.of_survey(connection, survey))


def bring(house: House, visitor: Visitor, version: str = "1", more: str = "") -> surveys.Version:
    answer = upload(visitor, ("two.md", two(version, more)))
    assert answer.status_code == 303, words(answer.text)
    return stored(house, "two_wells")[-1]


def publish(house: House, visitor: Visitor, version: surveys.Version, **form: str) -> Any:
    seen = next((each.id for each in stored(house, version.survey) if each.status is VersionStatus.PUBLISHED), 0)
    return visitor.post(f"/surveys/{version.survey}/{version.id}/publish", {"seen": str(seen), **form})


def test_faults_of_a_form_are_told_by_sheet_row_name_and_cure_and_nothing_is_stored(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)

    answer = upload(visitor, ("references.md", (FORMS / "broken" / "references.md").read_bytes()))

    said = words(answer.text)
    assert answer.status_code == 422
    assert "references.md cannot be asked as it is. Nothing was stored" in said
    assert "Sheet Row Name What is wrong What helps" in said
    assert "${" in said
    assert house.parts.database.read(surveys.ids).keys() == {SHIPPED}


def test_every_broken_form_is_refused_with_a_sentence(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)

    for file in sorted((FORMS / "broken").glob("*.*")):
        if file.is_file():
            answer = upload(visitor, (file.name, file.read_bytes()))
            assert answer.status_code == 422, file.name
            assert "to mend" in words(answer.text), file.name


def test_a_form_is_brought_published_replaced_and_retired(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR, "Rudo")
    first = bring(house, visitor)
    assert "draft" in visitor.reads("/surveys/two_wells")
    asked = visitor.reads(f"/surveys/two_wells/{first.id}/publish")
    assert "It is the first version that people get." in asked
    assert "Nobody is in the middle of it now." in asked

    assert publish(house, visitor, first).status_code == 303
    second = bring(house, visitor, "2", MORE)
    asked = visitor.reads(f"/surveys/two_wells/{second.id}/publish")
    assert "Until now people get version 1." in asked
    assert "why added" in asked
    assert publish(house, visitor, second).status_code == 303
    assert visitor.post(f"/surveys/two_wells/{second.id}/retire").status_code == 303

    assert [each.status for each in stored(house, "two_wells")] == [VersionStatus.REPLACED, VersionStatus.RETIRED]
    noted = [(each.actor, each.action, each.subject) for each in house.parts.database.read(audit.every)]
    assert noted[-3:] == [
        ("Rudo", "survey publish", "two_wells 1"),
        ("Rudo", "survey publish", "two_wells 2"),
        ("Rudo", "survey retire", "two_wells 2"),
    ]


def test_a_version_whose_results_would_not_line_up_is_published_by_whoever_says_that_she_knows(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    publish(house, visitor, bring(house, visitor, "1", MORE))
    second = bring(house, visitor, "2")

    unsure = publish(house, visitor, second)
    assert unsure.status_code == 422
    assert "Nothing was published" in words(unsure.text)
    assert stored(house, "two_wells")[-1].status is VersionStatus.DRAFT
    assert publish(house, visitor, second, sure="yes").status_code == 303
    assert stored(house, "two_wells")[-1].status is VersionStatus.PUBLISHED


def test_who_decides_on_what_is_no_longer_so_changes_nothing(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    publish(house, visitor, bring(house, visitor))
    second = bring(house, visitor, "2", MORE)

    answer = visitor.post(f"/surveys/two_wells/{second.id}/publish", {"seen": "0"})

    assert answer.status_code == 409
    assert stored(house, "two_wells")[-1].status is VersionStatus.DRAFT


def test_every_screen_is_drawn_in_every_language_with_its_room(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    version = bring(house, visitor)
    path = f"/surveys/two_wells/{version.id}/screens"
    until(lambda: "it can be asked" in visitor.reads(path) or "Nothing is wrong" in visitor.reads(path))

    page = visitor.get(path)

    assert "Pane mvura here? 1 Hongu 2 Kwete" in words(page.text)
    assert "Is there water? 1 Yes 2 No" in words(page.text)
    assert "of 160" in words(page.text)
    assert "minutes" in words(page.text)
    assert "Pane mvura" not in visitor.reads(f"{path}?language=en")


def test_what_izwi_check_finds_stands_on_the_page_by_sheet_and_row(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    assert upload(visitor, ("hard.md", (FORMS / "hard_to_read.md").read_bytes())).status_code == 303
    (survey,) = house.parts.database.read(surveys.ids).keys() - {SHIPPED}
    path = f"/surveys/{survey}/{stored(house, survey)[0].id}/screens"
    until(lambda: "What was found" in visitor.reads(path))

    page = visitor.get(path)

    assert "GSM-7 phones do not have" in words(page.text)
    assert "<mark>" in page.text


def test_the_picture_has_each_question_its_condition_and_its_count(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    version = bring(house, visitor)

    page = visitor.get(f"/surveys/two_wells/{version.id}/flow")

    assert page.text.count('class="box question') == 2
    assert "water is No" in words(page.text)
    assert "Nobody was asked yet" in words(page.text)
    assert '-->|"water is No"|' in visitor.get(f"/surveys/two_wells/{version.id}/flow?format=mermaid").text


def test_the_picture_counts_whom_it_may_count_and_shows_the_latest_turns_masked(house: House) -> None:
    admin, coordinator = house.visitor(Role.ADMIN), house.visitor(Role.COORDINATOR)
    for number in range(24):
        phone, session = f"+2637700{number:05}", f"s{number}"
        house.served.turn("", session=session, number=phone)
        house.served.turn("1", session=session, number=phone)
        house.served.turn("1*1" if number % 2 else "1*2", session=session, number=phone)
    (version,) = stored(house, SHIPPED)
    path = f"/surveys/{SHIPPED}/{version.id}/flow"

    until(lambda: re.search(">1[05]</text>", admin.get(path).text))

    turns = words(admin.get(f"{path}?question=language").text)
    assert "answered ••••" in turns
    assert "USSD" in turns
    assert "+263" not in turns
    assert "those only who may export answers" in words(coordinator.get(f"{path}?question=language").text)


def test_files_are_given_back_as_they_were_brought(house: House) -> None:
    visitor = house.visitor(Role.ANALYST)
    coordinator = house.visitor(Role.COORDINATOR)
    version = bring(house, coordinator)
    lists = [(path.name, path.read_bytes()) for path in sorted((FORMS / "clinic-media").iterdir())]
    assert upload(coordinator, ("clinic.md", (FORMS / "clinic.md").read_bytes()), *lists).status_code == 303
    (clinic,) = house.parts.database.read(surveys.ids).keys() - {SHIPPED, "two_wells"}

    assert visitor.get(f"/surveys/two_wells/{version.id}/file").content == two()
    assert visitor.get(f"/surveys/two_wells/{version.id}/file?form=xform").content.startswith(b"<")
    packed = visitor.get(f"/surveys/{clinic}/{stored(house, clinic)[0].id}/file")
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert "clinic.md" in archive.namelist()
        assert len(archive.namelist()) > 1


def test_two_versions_are_compared(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    publish(house, visitor, bring(house, visitor))
    bring(house, visitor, "2", MORE)

    said = visitor.reads("/surveys/two_wells/diff")

    assert "From version 1 to version 2" in said
    assert "why added" in said


def test_the_list_says_what_is_asked_and_what_waits(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    bring(house, visitor)

    said = visitor.reads("/surveys")

    assert "Leave No One Behind is asked" in said
    assert "Two wells draft" in said
    assert "Nothing that people dial begins it yet." in said


def test_several_forms_at_once_are_refused(house: House) -> None:
    answer = upload(house.visitor(Role.COORDINATOR), ("one.md", two()), ("other.md", two("2")))

    assert answer.status_code == 422
    assert "there are several forms: one.md, other.md" in words(answer.text)


def test_what_is_not_there_is_said_so(house: House) -> None:
    visitor = house.visitor(Role.ADMIN)

    assert visitor.get("/surveys/nothing").status_code == 404
    assert visitor.get(f"/surveys/{SHIPPED}/999/flow").status_code == 404
    assert upload(visitor, ("", b"")).status_code == 422


def test_pages_of_surveys_are_small(house: House) -> None:
    visitor = house.visitor(Role.ADMIN)
    (version,) = stored(house, SHIPPED)
    screens = f"/surveys/{SHIPPED}/{version.id}/screens"
    until(lambda: "Nothing is wrong" in visitor.reads(screens))

    for path in ("/surveys", f"/surveys/{SHIPPED}", screens, f"/surveys/{SHIPPED}/{version.id}/flow"):
        with visitor.browser.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
            assert len(b"".join(answer.iter_raw())) < 15_000, path


def test_a_draft_can_be_thrown_away_and_what_was_asked_cannot(house: House) -> None:
    visitor = house.visitor(Role.COORDINATOR)
    draft = bring(house, visitor)

    thrown = visitor.post(f"/surveys/two_wells/{draft.id}/throw-away")
    assert thrown.headers["location"] == "/surveys"
    assert stored(house, "two_wells") == []
    assert "Two wells" not in visitor.reads("/surveys")
    assert visitor.get("/").status_code == 200

    (asked,) = stored(house, SHIPPED)
    assert visitor.post(f"/surveys/{SHIPPED}/{asked.id}/throw-away").status_code == 409
    assert len(stored(house, SHIPPED)) == 1
