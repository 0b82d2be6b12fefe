"""How the test provider behaves: the mode of the hour, or a schedule of faults from a seed, and the reports it owes."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.provider.airtime import Payments
from tests.provider.ledger import Ledger, Prices
from tests.provider.reporting import Errand, Report, Reporter

MODES = (
    "ok",
    "slow",  # as it should be, after "seconds"
    "refuse-all",  # 201, every recipient with a status of its own that is final
    "recipient-code",  # 201, every recipient (or those in "only") with "code"
    "leave-out",  # 201, the recipients in "only" are accepted and not mentioned
    "no-recipients",  # 201, and nothing was sent: the reason stands in Message ("message" sets it)
    "charset",  # 201, with a content type that the SDK does not decode
    "garbage",  # 201, accepted, with "body" instead of an answer, or "raw" instead of all HTTP
    "accept-then-500",  # the worst of both: sent, and an error
    "accept-then-hang",  # sent, and no answer for "seconds"
    "accept-then-reset",  # sent, and the connection is torn down
    "accept-then-cut",  # sent, and half an answer
    "hang",  # not sent, no answer for "seconds"
    "redirect",  # not sent, led to a page (a captive portal)
    "400",
    "401",
    "404",
    "429",
    "500",
    "503",
)

REPORTS: dict[str, dict[str, Any] | None] = {
    "once": {},
    "twice": {"repeat": 2},
    "early": {"early": True},
    "out-of-order": {"status": ["Success", "Sent"]},
    "never": None,
}

KINDS = ("sms", "airtime")


class Schedule:
    """Draws what becomes of each request from a seed: the n-th request meets the n-th fate, in every run."""

    def __init__(self, wish: dict[str, Any]) -> None:
        weights, reports = wish.get("weights") or {"ok": 1}, wish.get("reports") or {"once": 1}
        if strange := [name for name in (*weights, *reports) if name not in MODES and name not in REPORTS]:
            raise ValueError(f"no such fate: {', '.join(strange)}; there are {', '.join((*MODES, *REPORTS))}")
        self._chance = random.Random(wish["seed"])
        self._modes, self._reports = (list(weights), list(weights.values())), (list(reports), list(reports.values()))
        self._more = {key: value for key, value in wish.items() if key in {"seconds", "message", "body"}}

    def draw(self) -> dict[str, Any]:
        """The fate of the next request."""
        (mode,), (report,) = (self._chance.choices(names, weights) for names, weights in (self._modes, self._reports))
        return {**self._more, "mode": mode, "report": report}


@dataclass
class Behaviour:
    """What the provider does, what it has accepted, and the reports it owes."""

    url: str = ""
    modes: dict[str, dict[str, Any]] = field(default_factory=dict)
    delivery: dict[str, dict[str, Any]] = field(default_factory=dict)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    ledger: Ledger = field(default_factory=Ledger)
    payments: Payments = field(default_factory=Payments)
    reporter: Reporter = field(default_factory=Reporter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def set(self, wish: dict[str, Any]) -> None:
        """Take a wish from a test; a mode that does not exist is a mistake in the test."""
        kind = _kind(wish)
        if wish.get("mode", "ok") not in MODES:
            raise ValueError(f"no such mode; there are {', '.join(MODES)}")
        with self.lock:
            if "mode" in wish:
                self.modes[kind] = wish
            if "delivery" in wish:
                self.delivery[kind] = wish["delivery"]
            if "check" in wish:
                self.payments.check = wish["check"]

    def schedule(self, wish: dict[str, Any]) -> None:
        """Let a schedule decide from now on."""
        made = Schedule(wish)
        with self.lock:
            self.schedules[_kind(wish)] = made

    def price(self, wish: list[dict[str, Any]]) -> None:
        """Set what messages cost from now on; what was accepted is forgotten with its bill."""
        self.ledger = Ledger(Prices.of(wish))

    def reset(self) -> None:
        """Forget everything and let hanging requests go."""
        with self.lock:
            before, self.reporter = self.reporter, Reporter()
            self.requests = dict.fromkeys(KINDS, 0)
            self.modes, self.schedules, self.delivery = {}, {}, self._usual_delivery()
            self.ledger, self.payments = Ledger(), Payments()
        before.retire()

    def _usual_delivery(self) -> dict[str, dict[str, Any]]:
        return {"sms": {"url": f"{self.url}/delivery"}, "airtime": {"url": f"{self.url}/airtime"}} if self.url else {}

    def report_to(self, url: str) -> None:
        """Post reports to these hooks, also after a reset."""
        self.url = url.rstrip("/")
        self.delivery = self._usual_delivery()

    def next_mode(self, kind: str) -> dict[str, Any]:
        """Count a request and say how to treat it."""
        with self.lock:
            self.requests[kind] += 1
            mode = self.modes.get(kind, {})
            if not mode and kind in self.schedules:
                return self.schedules[kind].draw()
            if "times" in mode:
                self.modes[kind] = {**mode, "times": mode["times"] - 1} if mode["times"] > 1 else {}
            return mode

    def report(self, kind: str, mode: dict[str, Any], accepted: list[dict[str, Any]]) -> Callable[[], None]:
        """Post the reports now (early), or hand back what lets them go once the answer is out."""
        how = REPORTS[mode.get("report", "once")]
        wish = self.delivery.get(kind)
        if not wish or not accepted or how is None:
            return lambda: None
        wish = {**wish, **how}
        make = _airtime_report if kind == "airtime" else _delivery_report
        status = wish.get("status", "Success")
        reports = [
            make(wish, each, one)
            for _ in range(wish.get("repeat", 1))
            for one in ([status] if isinstance(status, str) else status)
            for each in reversed(accepted)  # never in the order of the send
        ]
        errand, reporter = Errand(reports, wish.get("delay_ms", 0) / 1000), self.reporter
        if wish.get("early"):
            reporter.post_now(errand)
            return lambda: None
        reporter.post(errand)
        return errand.answered.set


def _kind(wish: dict[str, Any]) -> str:
    kind: str = wish.get("of", "sms")
    if kind not in KINDS:
        raise ValueError(f"of what? There are {', '.join(KINDS)}")
    return kind


def _delivery_report(wish: dict[str, Any], recipient: dict[str, Any], status: str) -> Report:
    form = {
        "id": recipient["messageId"],
        "status": status,
        "phoneNumber": recipient["number"],
        "networkCode": wish.get("networkCode", "99999"),
        "failureReason": wish.get("failureReason", ""),
        "retryCount": "0",
    }
    return Report(wish["url"], form)


def _airtime_report(wish: dict[str, Any], entry: dict[str, Any], status: str) -> Report:
    form = {
        "phoneNumber": entry["phoneNumber"],
        "description": wish.get("description", "Airtime Delivered Successfully" if status == "Success" else "Failed"),
        "status": entry.get("fate", status),
        "requestId": entry["requestId"],
        "discount": entry["discount"],
        "value": entry["amount"],
    }
    return Report(wish["url"], form, as_json=not wish.get("form"))
