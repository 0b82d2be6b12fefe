"""Phone numbers as spreadsheets leave them: repaired where that is certain, refused with a reason where it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.channels import operators
from app.gateway.contacts.numbers import Number, Numbers, Refused, Repair
from app.values import Msisdn, NotAPhoneNumber

ZIMBABWE = Numbers("ZW", operators.read(None))
ONE = "+263770000001"

READ = {
    ONE: "",
    "0770000001": "",
    "00263770000001": "",
    "770000001": "ZERO",
    "263770000001": "PLUS",
    "77 000 0001": "SPACES ZERO",
    "077-000-0001": "SPACES",
    "077.000.0001": "SPACES",
    "(077) 000/0001": "SPACES",
    " 0770000001 ": "SPACES",
    "+263 (0) 77 000 0001": "SPACES BOTH",
    "+2630770000001": "BOTH",
    "'0770000001": "MARKS",
    "\u20190770000001": "MARKS",
    '="0770000001"': "MARKS",
    "0770000001\u00a0": "MARKS",
    "077\u00a0000\u202f0001": "MARKS SPACES",
    "\u202a+263770000001\u202c": "MARKS",
    "\uff10770000001": "MARKS",
    "770000001.0": "DECIMALS ZERO",
    "770000001,00": "DECIMALS ZERO",
    "263770000001.0": "DECIMALS PLUS",
    "7.70000001E+08": "POWER ZERO",
    "7,70000001e8": "POWER ZERO",
    "2.63770000001E+11": "POWER PLUS",
}

REFUSED = {
    "": "there is no number",
    "  \u200b ": "there is no number",
    "7.7E+08": "Excel has cut digits off; format the column as text, and write the number again",
    "7.7000000E+08": "Excel has cut digits off; format the column as text, and write the number again",
    "2.6377E+11": "Excel has cut digits off; format the column as text, and write the number again",
    "7.7E+99": "Excel has cut digits off; format the column as text, and write the number again",
    "0770000001 / 0770000002": "more than one number in one cell; give each its own row",
    "0770000001, 0770000002": "more than one number in one cell; give each its own row",
    "0770000001 or 0770000002": "more than one number in one cell; give each its own row",
    "none": "not a phone number: something else than figures is in it",
    "077000OOO1": "not a phone number: something else than figures is in it",
    "0800FLOWERS": "not a phone number: something else than figures is in it",
    "+": "not a phone number: something else than figures is in it",
    "*151#": "not a phone number: something else than figures is in it",
    "#VALUE!": "not a phone number: something else than figures is in it",
    "+26377000001": "too long or too short for a mobile phone",
    "07700000011": "too long or too short for a mobile phone",
    "0770000001123": "too long or too short for a phone number",
    "+999770000001": "not a phone number",
    "0740000001": "no such number is given out",
    "33500": "too long or too short for a phone number",
    "0": "not a phone number",
}

NOT_MOBILE = {
    "0242000000": "a landline, not a mobile phone",
    "+263 24 2000000": "a landline, not a mobile phone",
    "08644000000": "a number of an internet telephone, not a mobile phone",
}


@pytest.mark.parametrize("cell", READ)
def test_a_number_is_read_and_what_was_repaired_is_said(cell: str) -> None:
    repairs = tuple(Repair[name] for name in READ[cell].split())

    assert ZIMBABWE.read(cell) == Number(Msisdn(ONE), repairs)


@pytest.mark.parametrize("cell", REFUSED)
def test_what_cannot_be_read_for_certain_is_refused_in_words(cell: str) -> None:
    assert ZIMBABWE.read(cell) == Refused(REFUSED[cell])


@pytest.mark.parametrize("cell", NOT_MOBILE)
def test_a_number_that_gets_no_messages_is_told_apart(cell: str) -> None:
    assert ZIMBABWE.read(cell) == Refused(NOT_MOBILE[cell], mobile=False)


def test_a_number_without_plus_is_a_local_one_before_it_is_a_foreign_one() -> None:
    nobodys = "2015550123"  # of the range that North America keeps for stories

    assert ZIMBABWE.read(f"1{nobodys}") == Number(Msisdn(f"+1{nobodys}"), (Repair.PLUS,))
    assert Numbers("US", operators.read(None)).read(nobodys) == Number(Msisdn(f"+1{nobodys}"))


def test_what_could_be_two_numbers_of_a_country_is_not_guessed() -> None:
    germany = Numbers("DE", operators.read(None))  # where numbers have many lengths, and some begin like its code

    found = {germany.read(f"49{rest:08}") for rest in range(2_010_000, 2_010_400)}

    assert Refused("it can be read in two ways; write it with + and the country code") in found


def test_an_operators_prefix_makes_a_number_mobile_before_the_world_knows_it(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "operators.csv"
    file.write_text("operator,codes,prefixes\nNew,,+26374\n")

    assert isinstance(Numbers("ZW", operators.read(file)).read("0740000001"), Number)


@given(
    st.sampled_from(["", "+", "0", "00", "263", "+263", "00263", "0263", "+2630"]),
    st.sampled_from(["77", "71", "73", "74", "751", "24", "86", "8", ""]),
    st.text("0123456789", max_size=9),
    st.sampled_from(["", " ", "-", "."]),
)
def test_the_quick_way_finds_what_the_slow_one_finds(before: str, prefix: str, rest: str, between: str) -> None:
    cell = f"{before}{between}{prefix}{between}{rest}"

    quick = ZIMBABWE._quick(cell)

    assert quick is None or quick == ZIMBABWE._slow(cell)


@given(st.text("0123456789", min_size=5, max_size=9))
def test_a_right_number_is_the_one_that_a_turn_comes_from(rest: str) -> None:
    for cell in (f"0{rest}", f"+263{rest}", f"00263{rest}"):
        found = ZIMBABWE.read(cell)
        if isinstance(found, Number):
            assert found == Number(Msisdn.parse(cell, region="ZW"))


@given(st.text(max_size=30))
def test_any_text_at_all_is_read_or_refused_and_never_shown(cell: str) -> None:
    found = ZIMBABWE.read(cell)

    if isinstance(found, Refused):
        # A cell may be a piece of the refusal itself, such as "a ph"; what has figures in it may be somebody's number.
        assert sum(each.isdigit() for each in cell) < 2 or cell.strip() not in found.reason
    else:
        try:
            assert Msisdn.parse(found.msisdn.e164, region="ZW") == found.msisdn
        except NotAPhoneNumber:
            pytest.fail("it cannot be written to")
