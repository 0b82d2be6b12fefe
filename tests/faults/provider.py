"""A provider inside the process: it accepts, and its answers get lost, come late, are wrong, or do not come at all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from app.channels.base import Delivery, DeliveryReport, Sending, SendResult
from app.flows import gsm7

PRICE = 800_000
"""Of one part, in millionths of a shilling: what the test provider in `tests/provider` takes too."""
CURRENCY = "KES"

# How an answer is lost after which nobody knows, and how one comes that says that nothing was sent.
LOST = ("no answer", "server error", "unreadable answer", "redirected")
DOWN = ("unreachable", "throttled", "unavailable", "InsufficientBalance")
REFUSALS = ("UserInBlacklist", "InvalidPhoneNumber", "InvalidSenderId")
MOODS = ("well",) * 6 + ("slow", "lost", "lost", "in vain", "half", "down", "refuses", "stammers", "stammers", "raises")
REPORTS: tuple[tuple[str, ...], ...] = (
    (), ("delivered",), ("delivered",), ("sent", "delivered"), ("delivered", "sent", "delivered"), ("failed",),
    ("sent", "failed"), ("delivered", "failed"), ("failed", "delivered"), ("unclear", "delivered"), ("unclear",),
)  # fmt: skip


@dataclass(slots=True)
class Accepted:
    """A message that the provider took: it may have reached a phone."""

    provider_id: str
    number: str
    body: str
    cost: int


@dataclass(slots=True)
class Provider:
    """Accepts messages and answers as its mood is; the reports that it owes come whenever they are asked for."""

    chance: Random
    moods: Sequence[str] = MOODS
    mood: str = "well"
    dear: int = PRICE
    """What it really takes for a part."""
    accepted: dict[str, Accepted] = field(default_factory=dict)
    reports: list[DeliveryReport] = field(default_factory=list)
    lost: bool = False
    """Whether it ever left us without an answer."""
    pass_time: Callable[[float], None] = lambda _: None

    def change(self) -> None:
        """Be in another mood."""
        self.mood = self.chance.choice(self.moods)

    def send(self, body: str, recipients: Sequence[str]) -> list[SendResult]:
        """Send, and answer or not. Of two equal numbers the second is not sent, as the provider's own half does it."""
        numbers = list(dict.fromkeys(recipients))
        results = dict(zip(numbers, self._send(body, numbers), strict=True))
        again = SendResult(Sending.RETRY, reason="twice in one batch")
        return [results.pop(number, again) for number in recipients]

    def _send(self, body: str, recipients: Sequence[str]) -> list[SendResult]:
        self.pass_time(self.chance.choice((0.05, 0.3, 2.0)))
        match self.mood:
            case "down":
                return [SendResult(Sending.RETRY, reason=self.chance.choice(DOWN))] * len(recipients)
            case "refuses":
                return [SendResult(Sending.REFUSED, reason=self.chance.choice(REFUSALS))] * len(recipients)
            case "lost" | "half" | "in vain" | "raises":
                return self._lose(body, recipients)
            case "slow":
                self.pass_time(self.chance.uniform(3, 9.9))
        return [self._answer(body, number) for number in recipients]

    def _lose(self, body: str, recipients: Sequence[str]) -> list[SendResult]:
        self.lost = True
        count = {"lost": len(recipients), "in vain": 0}.get(self.mood, self.chance.randint(0, len(recipients)))
        for number in recipients[:count]:
            self.accept(body, number)
        reason = self.chance.choice(LOST)
        self.pass_time(10.0 if reason == "no answer" else 0.1)
        if self.mood == "raises":
            raise RuntimeError("a sender never raises, but this one does")
        return [SendResult(Sending.UNKNOWN, reason=reason)] * len(recipients)

    def _answer(self, body: str, number: str) -> SendResult:
        if self.mood == "stammers":
            match self.chance.randrange(8):
                case 0:
                    return SendResult(Sending.REFUSED, reason=self.chance.choice(REFUSALS))
                case 1 | 2:
                    return SendResult(Sending.RETRY, reason=self.chance.choice(("GatewayError", "throttled")))
                case 3:
                    self.lost = True
                    if self.chance.random() < 0.5:
                        self.accept(body, number)
                    return SendResult(Sending.UNKNOWN, reason="missing in the answer")
        taken = self.accept(body, number)
        return SendResult(
            Sending.SENT, provider_id=taken.provider_id, status="Success", cost=f"{CURRENCY} {taken.cost / 1e6:.4f}"
        )

    def accept(self, body: str, number: str) -> Accepted:
        """Take a message, and owe the reports on it."""
        cost = self.dear * gsm7.segments(body)[2]
        taken = Accepted(f"ATXid_{len(self.accepted):05}", number, body, cost)
        self.accepted[taken.provider_id] = taken
        for delivery in self.chance.choice(REPORTS):
            self.reports.append(report(taken, delivery))
        return taken

    def next_report(self) -> DeliveryReport | None:
        """One of the reports that it owes, in no order; some come again later."""
        if not self.reports:
            return None
        place = self.chance.randrange(len(self.reports))
        said = self.reports[place]
        if self.chance.random() < 0.8:
            del self.reports[place]
        return said


def report(taken: Accepted, delivery: str) -> DeliveryReport:
    """What is said of a message, as the hook reads it."""
    reason = "UserInBlacklist" if delivery == "failed" else ""
    return DeliveryReport(taken.provider_id, Delivery(delivery), delivery.title(), reason, "64804", taken.number)
