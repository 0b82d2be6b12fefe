"""Every word and code by which Africa's Talking says what became of a message, and what each means here.

Words are compared without their case: the same one is spelt differently in a report and in the answer to a send. A word
that stands in no table is stored as it came, and means nothing yet.
"""

from app.channels.base import Delivery, Sending

DELIVERIES = {
    "sent": Delivery.SENT,
    "submitted": Delivery.SENT,
    "buffered": Delivery.SENT,
    "success": Delivery.DELIVERED,
    "failed": Delivery.FAILED,
    "rejected": Delivery.FAILED,
    # The documents do not say whether these two are final. An expired message was discarded by the network, so it can
    # no longer arrive. An absent subscriber's phone is off; many networks hold the message and deliver it later, so
    # the door stays open for a later report.
    "expired": Delivery.FAILED,
    "absentsubscriber": Delivery.UNCLEAR,
}
"""Status of a delivery report."""

FAILURES = {
    word.casefold(): word
    for word in (
        "InsufficientCredit",  # hers, for a premium message; not ours
        "InvalidLinkId",
        "UserIsInactive",
        "UserInBlacklist",
        "UserAccountSuspended",
        "NotNetworkSubscriber",
        "UserNotSubscribedToProduct",
        "UserDoesNotExist",
        "DeliveryFailure",
        "DoNotDisturbRejection",
    )
} | {"notnetworksubcriber": "NotNetworkSubscriber"}  # as their documents misspell it
"""Reason of a report that a message failed, in one spelling."""

RECIPIENT_CODES = {
    100: (Sending.SENT, ""),
    101: (Sending.SENT, ""),
    102: (Sending.SENT, ""),
    401: (Sending.REFUSED, "RiskHold"),
    402: (Sending.REFUSED, "InvalidSenderId"),
    403: (Sending.REFUSED, "InvalidPhoneNumber"),
    404: (Sending.REFUSED, "UnsupportedNumberType"),
    405: (Sending.RETRY, "InsufficientBalance"),
    406: (Sending.REFUSED, "UserInBlacklist"),
    407: (Sending.REFUSED, "CouldNotRoute"),
    409: (Sending.REFUSED, "DoNotDisturbRejection"),
    500: (Sending.RETRY, "InternalServerError"),
    501: (Sending.RETRY, "GatewayError"),
    502: (Sending.RETRY, "RejectedByGateway"),
}
"""Code of one recipient in the answer to a send."""

# What an HTTP status says about the whole batch. A wrong key sent nothing: the messages wait until somebody mends it.
HTTP_STATUSES = {
    401: (Sending.RETRY, "authentication"),
    403: (Sending.RETRY, "authentication"),
    429: (Sending.RETRY, "throttled"),
    503: (Sending.RETRY, "unavailable"),
}

AIRTIME = {"sent": Sending.SENT, "success": Sending.SENT, "queued": Sending.SENT, "failed": Sending.REFUSED}
"""Status of one phone in the answer to airtime. Sent is not delivered: the report says that."""

AIRTIME_REPORTS = {"success": Delivery.DELIVERED, "failed": Delivery.FAILED}
"""Status of an airtime report."""

AIRTIME_MONEY = {"insufficientbalance", "insufficientcredit", "insufficientfunds"}
"""The account is empty, in the words that were seen for it, without spaces."""
