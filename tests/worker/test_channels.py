"""What people are told of channels: that one sends, is paused, has no money or cannot be reached, since when, and what helps."""

import json
from datetime import timedelta

import pytest

from app.channels.base import LINE_IS_DOWN
from app.gateway.channels import WORDS, Channel, Channels, Doing
from app.gateway.refusals import NotThere
from app.store.audit import Trail
from app.values import Role
from tests.worker.conftest import NUMBER, Post
from tests.worker.sending import Office
from tests.worker.test_unknown import izwi

NAME = "africastalking"
PEN = Trail(b"a secret", "Rudo", Role.OPERATOR)


def seen(post: Post) -> Channel:
    return Channels(post.parts.settings, post.parts.database).find(NAME, post.clock())


def test_every_trouble_that_stops_a_line_has_words() -> None:
    assert set(WORDS) == set(LINE_IS_DOWN)


def test_a_channel_that_sends_says_how_many(post: Post) -> None:
    assert (seen(post).doing, seen(post).words, seen(post).waiting, seen(post).last_minute) == ("sends", "sends", 0, 0)

    post.text("IZWI")
    assert (seen(post).waiting, seen(post).last_minute) == (1, 0)
    post.deliver()
    assert (seen(post).waiting, seen(post).last_minute) == (0, 1)
    post.clock.pass_time(seconds=61)
    assert seen(post).last_minute == 0


def test_a_channel_without_money_says_so_and_when_it_is_tried_again(post: Post) -> None:
    post.provider.set_mode("recipient-code", code=405)
    post.text("IZWI")
    post.deliver()

    found = seen(post)

    assert found.doing is Doing.IN_TROUBLE
    assert found.words == ("no money: top up the account with the provider (since 12:00); Izwi tries again at 12:10")
    assert (found.waiting, found.since, found.next_try_at) == (1, post.clock(), post.clock() + timedelta(minutes=10))
    post.clock.pass_time(days=1)
    assert seen(post).words.endswith("(since 12:00 on 23 November); Izwi tries again now")


def test_an_outage_is_told_since_its_beginning_until_a_message_gets_through(post: Post) -> None:
    post.text("IZWI")
    post.deliver()
    post.provider.stop()
    try:
        post.text("1")
        post.deliver(minutes=5)
        began = post.clock()
        for _ in range(4):
            post.deliver(minutes=2)
        assert (seen(post).trouble, seen(post).since) == ("unreachable", began)
        assert "cannot be reached" in seen(post).words
        assert "(since 12:05)" in seen(post).words
    finally:
        post.provider.start()

    post.deliver(minutes=2)

    assert (seen(post).doing, seen(post).since, seen(post).next_try_at) == (Doing.RECOVERS, None, None)


def test_a_paused_channel_sends_nothing_until_somebody_releases_it(post: Post) -> None:
    known = Channels(post.parts.settings, post.parts.database)
    known.hold(NAME, PEN, post.clock())
    post.text("IZWI")
    post.deliver(hours=1)
    assert (post.states(), seen(post).doing) == (["queued"], Doing.HELD)
    assert "izwi channels release africastalking" in seen(post).words

    known.release(NAME, PEN, post.clock())
    post.deliver()

    assert (post.states(), seen(post).doing) == (["sent"], Doing.SENDS)


def test_a_channel_that_is_not_there_is_said(post: Post) -> None:
    with pytest.raises(NotThere, match="There are: africastalking"):
        Channels(post.parts.settings, post.parts.database).hold("vodacom", PEN, post.clock())


def test_the_commands_pause_a_channel_and_show_what_it_said(post: Post) -> None:
    post.text("IZWI")
    post.deliver()

    assert "africastalking: sends" in izwi(post, "channels", "list").output
    assert "is paused" in izwi(post, "channels", "hold", NAME).output
    listed = izwi(post, "channels", "list", "--json").output
    assert [(each["name"], each["doing"]) for each in json.loads(listed)] == [(NAME, "held")]
    assert "is released" in izwi(post, "channels", "release", NAME).output
    log = izwi(post, "channels", "log", NAME).output
    assert "1 sms" in log
    assert "1 sent" in log
    assert NUMBER[1:] not in log
    strange = izwi(post, "channels", "hold", "vodacom")
    assert (strange.exit_code, strange.output) == (1, "There is no channel 'vodacom'. There are: africastalking.\n")


def test_status_names_channels_in_trouble_and_broadcasts_under_way(post: Post) -> None:
    office = Office(post)
    office.know(NUMBER)
    assert "channel " not in izwi(post, "status").output

    post.provider.set_mode("recipient-code", code=405)
    office.send("harvest")
    office.work()

    said = izwi(post, "status").output
    assert "channel   africastalking: no money: top up" in said
    assert "broadcast harvest: running, 1 left" in said
    plain = json.loads(izwi(post, "status", "--json").output)
    assert plain["broadcasts"] == [{"name": "harvest", "state": "running", "reason": "", "left": 1}]
    assert list(plain["channels"]) == [NAME]
