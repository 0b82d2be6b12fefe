"""Every word and code that Africa's Talking is known to use has its row, and a new one is kept as it came."""

import pytest

from app.channels import africastalking_words as words
from app.channels.africastalking import AfricasTalking
from app.channels.base import MONEY, Delivery, DeliveryReport, Sender, Sending
from app.settings import LineSettings
from tests.provider.process import ProviderProcess

CHANNEL = AfricasTalking(LineSettings())
STATUSES = "Sent Submitted Buffered Success Failed Rejected AbsentSubscriber Expired".split()
REASONS = {
    "InsufficientCredit": "InsufficientCredit",
    "InvalidLinkId": "InvalidLinkId",
    "UserIsInactive": "UserIsInactive",
    "UserInBlackList": "UserInBlacklist",
    "UserAccountSuspended": "UserAccountSuspended",
    "NotNetworkSubcriber": "NotNetworkSubscriber",
    "NotNetworkSubscriber": "NotNetworkSubscriber",
    "UserNotSubscribedToProduct": "UserNotSubscribedToProduct",
    "UserDoesNotExist": "UserDoesNotExist",
    "DeliveryFailure": "DeliveryFailure",
    "DoNotDisturbRejection": "DoNotDisturbRejection",
}


def report(status: str, reason: str = "") -> DeliveryReport:
    found = CHANNEL.parse("delivery", {"id": "ATXid_1", "status": status, "failureReason": reason})
    assert isinstance(found, DeliveryReport)
    return found


def test_every_documented_status_has_a_row_and_no_other() -> None:
    assert set(words.DELIVERIES) == {status.casefold() for status in STATUSES}


@pytest.mark.parametrize(("given", "kept"), REASONS.items())
def test_a_reason_has_one_spelling_in_any_case(given: str, kept: str) -> None:
    assert {report("Failed", each).reason for each in (given, given.upper(), given.lower())} == {kept}
    assert kept in words.FAILURES.values()


def test_what_no_table_knows_is_kept_as_it_came() -> None:
    found = report("Teleported", "Sunspots (severe)")

    assert (found.delivery, found.status, found.reason) == (Delivery.UNCLEAR, "Teleported", "Sunspots (severe)")


def test_a_code_that_no_table_knows_is_kept_with_its_word(sender: Sender, provider: ProviderProcess) -> None:
    provider.set_mode("recipient-code", code=599)

    assert sender.send("Mhoro", ["+263770000001"])[0].status == "SomethingNew 599"


def test_only_money_is_a_reason_that_money_mends() -> None:
    retried = {reason for outcome, reason in words.RECIPIENT_CODES.values() if outcome is Sending.RETRY}

    assert {"InsufficientBalance"} == MONEY < retried


def test_a_sender_says_how_many_recipients_one_request_may_have(sender: Sender, provider: ProviderProcess) -> None:
    numbers = [f"+26377000{number:04d}" for number in range(sender.per_request)]

    results = sender.send("Mhoro", numbers)

    assert {result.outcome for result in results} == {Sending.SENT}
    assert provider.requests() == 1
