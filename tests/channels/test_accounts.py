"""Several accounts at one provider, in one process."""

from app.channels.africastalking import AfricasTalking
from app.settings import LineSettings
from tests.provider.process import ProviderProcess

ONE, TWO = "+263770000001", "+263770000002"


def test_two_accounts_never_mix(provider: ProviderProcess) -> None:
    first, second = (
        AfricasTalking(LineSettings(username=name, api_key="a-key", sender=sender, url=provider.url)).sender()
        for name, sender in (("nango", "33500"), ("nango-bulk", "IZWI"))
    )

    for sender, number in ((first, ONE), (second, TWO), (first, TWO), (second, ONE)):
        sender.send("Mhoro", [number])

    assert [(kept["username"], kept["from"], kept["number"]) for kept in provider.messages()] == [
        ("nango", "33500", ONE),
        ("nango-bulk", "IZWI", TWO),
        ("nango", "33500", TWO),
        ("nango-bulk", "IZWI", ONE),
    ]
