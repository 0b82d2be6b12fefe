"""What an attacker tried, and what must not work again."""

import http.client
import socket
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.gateway.accounts import Accounts
from app.gateway.people import People
from app.gateway.refusals import NotNow, NotPossible
from app.store import demo, push
from app.values import Role
from app.web.console import files
from app.web.console.rendering import asset, asset_response
from app.web.console.tasks import Task, Tasks
from tests.console.conftest import House, add_account, words
from tests.console.people import SURVEY, fill
from tests.web.conftest import until


@pytest.mark.parametrize(
    "name", ["{secret}", "%2f{secret}", "../{secret}", "..%2f..%2fapp.py", "izwi.css%00", "a" * 300, ""]
)
def test_nothing_but_what_ships_comes_out_of_the_assets(house: House, tmp_path: Path, name: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("nobody else's")
    connection = http.client.HTTPConnection("127.0.0.1", house.served.port, timeout=20)

    connection.request("GET", "/assets/" + name.format(secret=secret))
    answer = connection.getresponse()
    body = answer.read()
    connection.close()

    assert answer.status == 404
    assert b"nobody" not in body


def test_what_ships_does_come() -> None:
    name = asset("izwi.css").removeprefix("/assets/").partition("?")[0]
    assert asset_response(name).status_code == 200


def test_a_file_of_a_task_lies_and_goes_by_the_task_alone(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{}")
    path = files.place(tmp_path, "task")
    path.write_text("rows")

    assert path.parent == tmp_path / files.FOLDER / "task"
    files.remove(tmp_path, "task")
    assert not path.exists()
    assert (tmp_path / "keys.json").exists()


def test_readers_who_read_nothing_keep_nobody_out(house: House) -> None:
    admin = house.visitor(Role.ADMIN)
    big = house.parts.settings.data_dir / "backups" / "izwi-20261128-100000.backup"
    big.parent.mkdir(exist_ok=True)
    big.write_bytes(bytes(40_000_000))
    cookie = admin.browser.cookies["izwi"]
    slow = []
    for _ in range(5):
        line = socket.create_connection(("127.0.0.1", house.served.port))
        line.sendall(
            f"POST /system/backups/{big.name}/fetch HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\n"
            f"Content-Length: 0\r\nCookie: izwi={cookie}\r\n\r\n".encode()
        )
        slow.append(line)
    heads = [line.recv(64) for line in slow]
    assert all(head.startswith(b"HTTP/1.1 200") for head in heads), heads

    assert admin.get("/").status_code == 200
    for line in slow:
        line.close()


def test_simulated_people_are_pushed_to_no_project(house: House) -> None:
    fill(house.parts, 40)
    database, at = house.parts.database, datetime.now(UTC)

    assert database.write(lambda connection: push.add_all(connection, "kobo", [SURVEY], at)) == 0


def test_simulated_people_are_not_mixed_with_real_ones(house: House) -> None:
    house.served.turn("")
    refused = house.visitor(Role.ADMIN).post("/begin/simulated")

    assert refused.status_code == 422
    assert "People have answered already" in words(refused.text)
    assert house.parts.database.read(demo.count) == 0


def test_who_may_not_come_in_any_more_has_left_no_code_behind(house: House) -> None:
    database, at = house.parts.database, datetime.now(UTC)
    desk = Accounts(database, house.parts.keys)
    first, second = (add_account(database, name, Role.ADMIN) for name in ("Rudo", "Tendai"))
    code = People(database, house.parts.keys, desk.trail(second)).invite(Role.ADMIN, at)

    People(database, house.parts.keys, desk.trail(first)).disable(second, at)

    with pytest.raises(NotPossible, match="not valid"):
        desk.accept(code, "Ghost", "otter lantern gravel Tuesday", locale="en", at=at)


def test_nobody_gives_herself_a_new_password_by_a_code(house: House) -> None:
    admin = house.visitor(Role.ADMIN)
    assert admin.account
    for what in ("reset", "take-codes"):
        answer = admin.post(f"/people/{admin.account.id}/{what}")
        assert answer.status_code == 422, what
        assert "another admin has to" in words(answer.text)


class _Somebody:
    def __init__(self, name: str, role: Role) -> None:
        self.name, self.role = name, role


def test_what_somebody_began_in_another_role_is_not_hers_any_more() -> None:
    tasks = Tasks(lambda: datetime.now(UTC))
    begun = tasks.begin("Export", _Somebody("Rudo", Role.ANALYST), lambda _: "done", back="/")

    assert tasks.find(begun.id, _Somebody("Rudo", Role.ANALYST)) is begun
    with pytest.raises(NotPossible):
        tasks.find(begun.id, _Somebody("Rudo", Role.FACILITATOR))


def test_nobody_fills_the_queue_of_long_work() -> None:
    tasks, go_on = Tasks(lambda: datetime.now(UTC)), threading.Event()

    def wait(_: Task) -> str:
        go_on.wait(20)
        return "done"

    one = _Somebody("Rudo", Role.FACILITATOR)
    for _ in range(3):
        tasks.begin("People", one, wait, back="/")
    with pytest.raises(NotNow):
        tasks.begin("People", one, wait, back="/")
    other = tasks.begin("Export", _Somebody("Tendai", Role.ANALYST), wait, back="/")
    go_on.set()
    until(lambda: other.is_over)


def test_an_officer_who_may_see_a_number_sees_no_story_with_it(house: House) -> None:
    house.served.turn("")
    officer = house.visitor(Role.DUTY_OFFICER)

    refused = officer.post("/contacts/1/reveal", {"reason": ""})
    assert refused.status_code == 422
    assert "What happened" not in refused.text
    shown = officer.post("/contacts/1/reveal", {"reason": "She asked to be called back"})
    assert "+263770000001" in shown.text
    assert "What happened" not in shown.text


def test_a_segment_of_segments_of_segments_is_refused(house: House) -> None:
    coordinator = house.visitor(Role.COORDINATOR)
    coordinator.post("/contacts/segments", {"name": "s0", "query": "stopped"})
    for number in range(1, 5):
        query = " or ".join([f"segment s{number - 1}"] * 12)
        refused = coordinator.post("/contacts/segments", {"name": f"s{number}", "query": query})
        if refused.status_code == 422:
            break
    assert refused.status_code == 422
    assert "more than 500 conditions" in words(refused.text)
    assert coordinator.get("/contacts/segments").status_code == 200


def test_a_list_with_thousands_of_columns_is_refused_at_once(house: House) -> None:
    content = (",".join(["x"] * 2_000) + "\n").encode() * 200
    answer = house.visitor(Role.COORDINATOR).post("/contacts/import", files={"file": ("wide.csv", content, "text/csv")})

    assert answer.status_code == 422
    assert "2,000 columns" in words(answer.text)


def test_whoever_may_bring_no_file_sends_none(house: House) -> None:
    content = bytes(200_000)
    answer = house.visitor(Role.FACILITATOR).post("/surveys/upload", files={"form": ("x.csv", content, "text/csv")})

    assert answer.status_code == 413


def test_a_host_that_is_no_name_is_told_so(house: House) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", house.served.port, timeout=20)
    connection.request("GET", "/sign-in", headers={"Host": "["})
    assert connection.getresponse().status == 421
    connection.close()
