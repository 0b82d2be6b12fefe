"""The provider as a process of its own (`tests/provider`), reached through the provider's own library."""

from collections.abc import Sequence
from random import Random

from app.channels.africastalking import AfricasTalking
from app.channels.base import Sending, SendResult
from app.settings import Settings
from tests.faults.provider import PRICE, REPORTS, Accepted, Provider, report
from tests.provider.process import ProviderProcess

SECONDS = 0.3
"""How long an answer is waited for; the story's own clock counts ten."""
MODES = (
    ("ok",) * 8
    + ("refuse-all", "recipient-code", "leave-out", "no-recipients", "charset", "garbage", "accept-then-500")
    + ("accept-then-hang", "accept-then-reset", "accept-then-cut", "hang", "redirect", "401", "429", "500", "503")
)


class RealProvider(Provider):
    """Behaves in all the ways that the test provider knows; what it accepted is asked of it."""

    def __init__(self, chance: Random, process: ProviderProcess) -> None:
        super().__init__(chance)
        process.reset()
        self._process = process
        settings = Settings(
            africastalking_api_key="a-key", africastalking_url=process.url, send_timeout_seconds=SECONDS
        )
        self._sender = AfricasTalking(settings.lines["africastalking"]).sender()

    def change(self) -> None:
        """Be in another mood, for a while."""
        self.mood = self.chance.choice(MODES)

    def send(self, body: str, recipients: Sequence[str]) -> list[SendResult]:
        """Send through the library."""
        mode = self.mood if self.mood in MODES else "ok"
        some = self.chance.sample(list(recipients), self.chance.randint(1, len(recipients)))
        more = {
            "recipient-code": {"code": self.chance.choice((402, 403, 405, 406, 409, 501, 502)), "only": some},
            "leave-out": {"only": some},
            "no-recipients": {"message": self.chance.choice(("InvalidSenderId", "InsufficientBalance"))},
            "accept-then-hang": {"seconds": 2 * SECONDS},
            "hang": {"seconds": 2 * SECONDS},
        }
        self._process.set_mode(mode, **more.get(mode, {}))
        results = self._sender.send(body, recipients)
        self.pass_time(10.0 if "hang" in mode else 0.3)
        self.lost = self.lost or any(each.outcome is Sending.UNKNOWN for each in results)
        for message in self._process.messages()[len(self.accepted) :]:
            taken = Accepted(message["messageId"], message["number"], message["message"], PRICE)
            self.accepted[taken.provider_id] = taken
            self.reports += [report(taken, delivery) for delivery in self.chance.choice(REPORTS)]
        return results
