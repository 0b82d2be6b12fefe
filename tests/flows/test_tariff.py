"""What messages and menus cost, at the lists of prices that people write."""

from decimal import Decimal
from pathlib import Path

import pytest

from app.flows.review.tariff import BadTariff, Usage, read_tariff, total
from app.values import Medium

LIST = """\
# operator's own file
operator,prefix,channel,unit,price,currency
Econet,+263770001,sms,part,0.02,USD
Econet,+263770001,sms,reply,0.01,USD
Econet,+263770001,ussd,20s,0.01,USD
NetOne,+263770002,ussd,session,1.50,zwg
*,*,sms,part,0.05,USD
"""
HEAD = "operator,prefix,channel,unit,price,currency\n"


def test_the_longest_prefix_decides() -> None:
    tariff = read_tariff(LIST)
    usage = Usage(Medium.SMS, parts=3, replies=2)

    assert tariff.cost_for("+263770001001", usage) == {"USD": Decimal("0.08")}
    assert tariff.cost_for("+263770002001", usage) == {"USD": Decimal("0.15")}


def test_a_menu_costs_by_its_sessions_or_by_its_time() -> None:
    tariff = read_tariff(LIST)

    assert tariff.cost_for("+263770001001", Usage(Medium.USSD, sessions=1, seconds=41)) == {"USD": Decimal("0.03")}
    assert tariff.cost_for("+263770002001", Usage(Medium.USSD, sessions=2, seconds=41)) == {"ZWG": Decimal("3.00")}
    assert tariff.cost_for("+263770003001", Usage(Medium.USSD, sessions=2, seconds=41)) is None


def test_an_operator_without_a_price_has_no_cost() -> None:
    tariff = read_tariff(LIST)

    assert tariff.operators == ("Econet", "NetOne", "*")
    assert tariff.cost_at("Econet", Usage(Medium.SMS, parts=1, replies=1)) == {"USD": Decimal("0.03")}
    assert tariff.cost_at("NetOne", Usage(Medium.SMS, parts=1)) is None


def test_costs_add_up_currency_by_currency() -> None:
    usd, zwg = {"USD": Decimal("0.10")}, {"ZWG": Decimal(2)}

    assert total([usd, zwg, usd]) == {"USD": Decimal("0.20"), "ZWG": Decimal(2)}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it is empty; the columns are operator, prefix, channel, unit, price, currency"),
        ("# nothing\noperator,prefix\n", "line 2: there is no column channel, unit, price, currency"),
        (HEAD, "it has no prices"),
        (HEAD + "E,*,fax,part,1,USD", "line 2: the channel is 'fax'; write ussd or sms"),
        (HEAD + "\nE,*,sms,session,1,USD", "line 3: the unit is 'session'; for sms there are: part (each SMS"),
        (HEAD + "E,*,ussd,0s,1,USD", "line 2: the unit is '0s'; for ussd there are: session, 20s"),
        (HEAD + "E,077,sms,part,1,USD", "line 2: the prefix is '077'; write it like +26377, or * for all numbers"),
        (HEAD + "E,*,sms,part,cheap,USD", "line 2: the price is 'cheap', which is no amount; write it like 0.05"),
        (HEAD + "E,*,sms,part,-1,USD", "line 2: the price is '-1'"),
        (HEAD + "E,*,sms,part,1,dollars", "line 2: the currency is 'DOLLARS'; write its code, like USD"),
        (HEAD + "E,*,sms", "line 2: the unit is ''"),
    ],
)
def test_a_wrong_list_is_refused_by_its_line(text: str, problem: str) -> None:
    with pytest.raises(BadTariff) as told:
        read_tariff(text)

    assert str(told.value).startswith(problem)


def test_the_example_can_be_read() -> None:
    example = read_tariff((Path(__file__).parents[2] / "docs" / "tariff.csv").read_text(encoding="utf-8"))

    assert example.cost_for("+263770000001", Usage(Medium.USSD, sessions=2)) == {"USD": Decimal("0.10")}
