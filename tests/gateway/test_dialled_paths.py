"""What `text` holds: a path that was dialled at once, and an empty first reply."""

from tests.gateway.conftest import Line


def test_a_dialled_path_is_written_down_whole(line: Line) -> None:
    line.take(line.session("one", "1*1"))

    assert line.rows("SELECT typed, outcome FROM turn") == [("1*1", "answered")]
    assert line.rows("SELECT question, raw FROM answer ORDER BY id") == [("language", "1"), ("consent", "1")]


def test_nothing_of_a_dialled_path_counts_after_a_stop(line: Line) -> None:
    (screen,) = line.take(line.session("one", "1*STOP*1"))

    assert screen == "You will get no more messages. To start again send START."


def test_a_reply_after_an_empty_one_is_read_without_the_star_between_them(line: Line) -> None:
    line.take(line.session("one", ""))
    line.take(line.session("one", ""))

    line.take(line.session("one", "*1"))

    assert line.rows("SELECT question, value, raw FROM answer") == [("language", "en", "1")]
