"""The room a text takes: septets by 3GPP TS 23.038, UCS-2 units, and the parts an SMS is billed as."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flows import gsm7
from app.values import Medium, Room


@pytest.mark.parametrize(
    ("text", "septets", "wide"),
    [
        ("", 0, 0),
        ("Sarudza mutauro", 15, 15),
        ("@£$¥èéùìòÇØøÅå", 14, 14),
        ("€", 2, 1),
        ("[a|b]", 8, 5),
        ("a\nb", 3, 3),
        ("ê", None, 1),
        ("ŵ", None, 1),
        ("😀", None, 2),
        ("a😀b", None, 4),
    ],
)
def test_a_text_takes_its_septets_and_units(text: str, septets: int | None, wide: int) -> None:
    assert gsm7.units(text) == (septets, wide)


@pytest.mark.parametrize(
    ("text", "billed"),
    [
        ("a" * 160, ("GSM-7", 160, 1)),
        ("a" * 161, ("GSM-7", 161, 2)),
        ("a" * 306, ("GSM-7", 306, 2)),
        ("a" * 307, ("GSM-7", 307, 3)),
        ("€" * 80, ("GSM-7", 160, 1)),
        ("a" * 152 + "€" + "a" * 10, ("GSM-7", 164, 2)),
        ("a" * 152 + "€" + "a" * 152, ("GSM-7", 306, 3)),
        ("ê" * 70, ("UCS-2", 70, 1)),
        ("ê" * 71, ("UCS-2", 71, 2)),
        ("ê" * 66 + "😀" + "ê" * 66, ("UCS-2", 134, 3)),
    ],
)
def test_a_message_is_billed_in_parts_that_cut_no_character(text: str, billed: tuple[str, int, int]) -> None:
    assert gsm7.segments(text) == billed


def test_characters_outside_the_alphabet_are_named_once_in_order() -> None:
    assert gsm7.outside("Ndokufarira êŵê €") == "êŵ"


@given(st.text(gsm7.BASIC + gsm7.EXTENSION), st.text(gsm7.BASIC + gsm7.EXTENSION))
def test_two_texts_take_as_much_as_one_after_the_other(one: str, two: str) -> None:
    first, second, both = gsm7.units(one)[0], gsm7.units(two)[0], gsm7.units(one + two)[0]

    assert first is not None
    assert second is not None
    assert both == first + second


@given(st.text())
def test_one_character_outside_makes_the_whole_text_wide(text: str) -> None:
    septets, wide = gsm7.units(text)

    assert (septets is None) == bool(gsm7.outside(text))
    assert wide >= len(text)


@given(st.text(max_size=600))
def test_a_message_never_takes_more_parts_than_its_length_can_explain(text: str) -> None:
    encoding, count, parts = gsm7.segments(text)

    smallest = 152 if encoding == "GSM-7" else 66
    assert 1 <= parts <= max(1, -(-count // smallest))


def test_a_text_fits_a_room_by_its_own_encoding() -> None:
    room = Room(Medium.USSD, 160, 80)

    assert gsm7.fits("a" * 160, room)
    assert not gsm7.fits("a" * 159 + "€", room)
    assert gsm7.fits("ê" * 80, room)
    assert not gsm7.fits("ê" * 81, room)
