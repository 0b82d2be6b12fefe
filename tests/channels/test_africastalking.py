"""What Africa's Talking posts, and what we make of it. The raw requests are in tests/wire/africastalking."""

from dataclasses import asdict, replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.channels.africastalking import AfricasTalking
from app.channels.africastalking_reading import TEXT_LIMIT, WORD_LIMIT
from app.channels.base import (
    AirtimeCheck,
    AirtimeReport,
    CallEnd,
    Delivery,
    DeliveryReport,
    Inbound,
    MissedCall,
    OptOut,
    SmsIn,
    Unreadable,
    UssdEnd,
    UssdTurn,
)
from app.settings import LineSettings
from app.values import Screen
from tests.channels.wire import form_in, hook_of, samples

CHANNEL = AfricasTalking(LineSettings())
SAMPLES = {path.stem: path for path in samples("africastalking")}

SESSION = "ATUid_e9d0662dea3f3db658e79d9b62f7900c"
DIALLED = UssdTurn(SESSION, "+263770000001", "*384*70421#", "99999", "")
BARE = UssdTurn(SESSION, "+263770000001", "", "", "")
IZWI = SmsIn(
    "ATXid_7468c9a251f9e9efcc6b2f7ea756a56c",
    "+263770000001",
    "12345",
    "IZWI",
    link_id="SampleLinkId123",
    network_code="64804",
)
NO_ID = SmsIn(
    "sha256:55160f4f032bec873a8afd16d0550cb5516a91a80f2668d9fb4f6d567fd7b902", "+263770000001", "12345", "1 2 3", "", ""
)


def sms(provider_id: str, text: str, *, sender: str = "+263770000001", recipient: str = "12345") -> SmsIn:
    return SmsIn(provider_id, sender, recipient, text, "", "")


def report(delivery: Delivery, status: str, reason: str = "", network_code: str = "") -> DeliveryReport:
    return DeliveryReport("ATXid_1", delivery, status, reason, network_code)


READ: list[tuple[str, str, Inbound]] = [
    ("a first dial as captured has an empty text", "ussd-first-dial", DIALLED),
    ("a third turn carries all replies so far", "ussd-third-turn", replace(DIALLED, text="1*1*0")),
    ("an absent text is an empty one", "ussd-no-text", DIALLED),
    ("session and number are enough for a turn", "ussd-only-what-is-indispensable", BARE),
    ("an empty reply keeps its empty segment", "ussd-empty-reply", replace(BARE, text="1*")),
    ("typed asterisks stay as they came", "ussd-asterisks-typed", replace(BARE, text="7*a*b*****")),
    ("a typed hash and leading zeros stay", "ussd-hash-and-zeros-typed", replace(BARE, text="1*#*0042")),
    ("accents and signs stay", "ussd-accents-and-signs-typed", replace(BARE, text="1*café & a+b=100%")),
    ("spaces around a reply stay", "ussd-spaces-typed", replace(BARE, text="1* two ")),
    ("a plus that became a space is put right", "ussd-plus-not-encoded", BARE),
    ("bytes that are not UTF-8 become a mark", "ussd-latin-1", replace(BARE, text="1*Zo\N{REPLACEMENT CHARACTER}")),
    (
        "a NUL becomes a mark that a database takes",
        "ussd-nul-typed",
        replace(BARE, text="1*a\N{REPLACEMENT CHARACTER}b"),
    ),
    ("a field that comes twice counts once", "ussd-field-twice", replace(BARE, text="1")),
    ("unknown fields do no harm", "ussd-unknown-fields", replace(BARE, text="1")),
    ("an end has a cost without currency", "ussd-end-incomplete", UssdEnd(SESSION, "Incomplete", "0.00", 11287, 2)),
    ("an end has a cost with currency", "ussd-end-with-currency", UssdEnd(SESSION, "Success", "KES 0.10", 41000, 7)),
    ("the session is enough for an end", "ussd-end-bare", UssdEnd(SESSION, "", "", None, None)),
    ("counts that are none are left out", "ussd-end-odd-counts", UssdEnd(SESSION, "Failed", "", None, None)),
    ("a keyword arrives", "sms-keyword", IZWI),
    ("a blank message is kept", "sms-blank", sms("1000123", "")),
    ("a message without an id gets one from its content", "sms-no-id", NO_ID),
    ("an empty id counts as none", "sms-empty-id", NO_ID),
    ("no date is a reason to refuse", "sms-odd-date", sms("ATXid_1", "yes", recipient="")),
    ("a name may write to us", "sms-from-a-name", sms("ATXid_2", "Your bundle has expired", sender="MTN")),
    ("both numbers get their plus back", "sms-plus-not-encoded", sms("ATXid_3", "IZWI", recipient="+263770000002")),
    ("lines and signs of any script arrive", "sms-two-lines-in-ndebele", sms("ATXid_4", "Yebo\nSiyabonga ✅")),
    (
        "a delivery is final",
        "delivery-success",
        DeliveryReport(
            "ATXid_7468c9a251f9e9efcc6b2f7ea756a56c", Delivery.DELIVERED, "Success", "", "64804", "+263770000001"
        ),
    ),
    (
        "sent is under way",
        "delivery-sent",
        DeliveryReport("ATXid_1", Delivery.SENT, "Sent", "", "64804", "+263770000001"),
    ),
    ("submitted is under way", "delivery-submitted", report(Delivery.SENT, "Submitted")),
    ("buffered is under way", "delivery-buffered", report(Delivery.SENT, "Buffered")),
    ("failed has a reason", "delivery-failed", report(Delivery.FAILED, "Failed", "DeliveryFailure", "64804")),
    (
        "their misspelt reason is spelt right",
        "delivery-rejected-misspelt",
        report(Delivery.FAILED, "Rejected", "NotNetworkSubscriber"),
    ),
    (
        "one reason has one spelling",
        "delivery-rejected-blacklist",
        report(Delivery.FAILED, "Rejected", "UserInBlacklist"),
    ),
    ("an absent subscriber may still get it", "delivery-absent", report(Delivery.UNCLEAR, "AbsentSubscriber")),
    ("an expired message was thrown away", "delivery-expired", report(Delivery.FAILED, "Expired")),
    ("a new status is kept as it is", "delivery-new-status", report(Delivery.UNCLEAR, "Teleported")),
    ("a status is known in any case", "delivery-other-case", report(Delivery.DELIVERED, "SUCCESS")),
    (
        "airtime arrived",
        "airtime-success",
        AirtimeReport(
            "ATQid_b48953ea1f0b795c2cec8d0e2a4500ad",
            Delivery.DELIVERED,
            "Success",
            "Airtime Delivered Successfully",
            "+263770000001",
        ),
    ),
    (
        "a description may quote a number and is not kept then",
        "airtime-failed-with-a-number-in-its-words",
        AirtimeReport("ATQid_1", Delivery.FAILED, "Failed", "", "+263770000001"),
    ),
    ("a new status of airtime is kept", "airtime-bare", AirtimeReport("ATQid_1", Delivery.UNCLEAR, "Pending", "")),
    ("airtime is asked about", "airtime-check", AirtimeCheck("+263770000001", Decimal("0.5"), "USD")),
    (
        "a currency may stand before the amount",
        "airtime-check-currency-in-the-amount",
        AirtimeCheck("+263770000001", Decimal(5), "USD"),
    ),
    (
        "somebody calls",
        "voice-rings",
        MissedCall("ATVId_5389c866eb760cba818893cb8f068c93", "+263770000001", "+263770009000"),
    ),
    ("a call is over", "voice-over", CallEnd("ATVId_1")),
    ("a caller gets her plus back", "voice-plus-not-encoded", MissedCall("ATVId_1", "+263770000001", "")),
    ("a subscriber opts out", "opt-out", OptOut("+263770000001")),
    ("a subscriber opts out with a lost plus", "opt-out-plus-not-encoded", OptOut("+263770000001")),
]

REFUSED = [
    ("a turn needs a session", "ussd-no-session", "sessionId"),
    ("a blank session is none", "ussd-blank-session", "sessionId"),
    ("a turn needs a number", "ussd-no-number", "phoneNumber"),
    ("an empty body is no turn", "ussd-nothing", "sessionId"),
    ("JSON is no form", "ussd-json", "sessionId"),
    ("an end needs a session", "ussd-end-no-session", "sessionId"),
    ("a message needs a sender", "sms-no-sender", "from"),
    ("a report needs a status", "delivery-no-status", "status"),
    ("a report needs an id", "delivery-no-id", "id"),
    ("an opt-out needs a number", "opt-out-no-number", "phoneNumber"),
    ("an airtime report needs an id", "airtime-no-id", "requestId"),
    ("a call needs a number", "voice-no-number", "callerNumber"),
    ("a call needs a session", "voice-no-session", "sessionId"),
    ("a check needs a number", "airtime-check-no-number", "phoneNumber"),
]


@pytest.mark.parametrize(("name", "inbound"), [case[1:] for case in READ], ids=[case[0] for case in READ])
def test_a_request_is_read(name: str, inbound: Inbound) -> None:
    path = SAMPLES[name]

    assert CHANNEL.parse(hook_of(path, CHANNEL), form_in(path)) == inbound


@pytest.mark.parametrize(("name", "field"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_request_that_lacks_the_indispensable_is_unreadable(name: str, field: str) -> None:
    path = SAMPLES[name]

    with pytest.raises(Unreadable, match=f"^field {field} is missing$"):
        CHANNEL.parse(hook_of(path, CHANNEL), form_in(path))


def test_every_sample_on_disk_has_a_case() -> None:
    told = (
        {"sms-no-id-a-minute-later", "airtime-check-odd-amount"}
        | {case[1] for case in READ}
        | {case[1] for case in REFUSED}
    )

    assert told == set(SAMPLES)


def test_the_same_words_a_minute_later_are_another_message() -> None:
    first = CHANNEL.parse("sms", form_in(SAMPLES["sms-no-id"]))
    later = CHANNEL.parse("sms", form_in(SAMPLES["sms-no-id-a-minute-later"]))

    assert isinstance(first, SmsIn) and isinstance(later, SmsIn)
    assert first.provider_id != later.provider_id


def test_an_unknown_hook_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        CHANNEL.parse("fax", {})


def test_a_call_is_never_picked_up() -> None:
    assert CHANNEL.reject_call() == b'<?xml version="1.0" encoding="UTF-8"?><Response><Reject/></Response>'


def test_an_amount_that_is_none_is_unreadable() -> None:
    with pytest.raises(Unreadable, match=r"^field amount is no amount$"):
        CHANNEL.parse("airtime-check", form_in(SAMPLES["airtime-check-odd-amount"]))


@pytest.mark.parametrize(("ok", "body"), [(True, b'{"status":"Validated"}'), (False, b'{"status":"Failed"}')])
def test_a_check_is_answered_with_one_of_two_words(ok: bool, body: bytes) -> None:
    assert CHANNEL.render_check(ok) == body


def test_huge_fields_are_cut_to_a_size_that_the_store_takes() -> None:
    form = {"id": "i", "from": "+" + "2" * 9999, "to": "t" * 9999, "text": "x" * 99_999, "linkId": "l" * 9999}

    message = CHANNEL.parse("sms", form)

    assert isinstance(message, SmsIn)
    assert (len(message.sender), len(message.recipient), len(message.link_id)) == (WORD_LIMIT,) * 3
    assert len(message.text) == TEXT_LIMIT


def test_two_huge_ids_that_begin_alike_stay_two() -> None:
    ids = [CHANNEL.parse("delivery", {"id": "A" * 500 + last, "status": "Sent"}) for last in "12"]

    assert all(isinstance(report, DeliveryReport) and len(report.provider_id) <= WORD_LIMIT for report in ids)
    assert ids[0] != ids[1]


@pytest.mark.parametrize(
    ("screen", "body"),
    [
        (Screen("How many people live here?", final=False), b"CON How many people live here?"),
        (Screen("Tatenda.\nMazvita.", final=True), b"END Tatenda.\nMazvita."),
        (Screen("Café ✅", final=False), "CON Café ✅".encode()),
        (Screen("", final=True), b"END "),
    ],
)
def test_a_screen_begins_with_the_word_that_the_provider_looks_for(screen: Screen, body: bytes) -> None:
    assert CHANNEL.render(screen) == body


@given(
    st.sampled_from(CHANNEL.hooks),
    st.dictionaries(
        st.sampled_from(
            ["sessionId", "phoneNumber", "from", "to", "id", "status", "text", "date", "cost", "hopsCount"]
        ),
        st.text(st.characters(exclude_categories=()), max_size=200),
    ),
)
def test_any_form_is_read_into_what_a_store_takes_or_is_unreadable(hook: str, form: dict[str, str]) -> None:
    try:
        inbound = CHANNEL.parse(hook, form)
    except Unreadable:
        return

    words = [value for value in asdict(inbound).values() if isinstance(value, str)]
    assert not any("\x00" in word for word in words)
    assert "".join(words).encode("utf-8")
