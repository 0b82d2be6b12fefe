"""What the provider says of our account, in words for `izwi doctor`."""

from app.channels.africastalking import AfricasTalking
from app.channels.base import Account
from app.settings import LineSettings
from tests.provider.process import ProviderProcess


def account(url: str, key: str = "a-key") -> Account:
    return AfricasTalking(LineSettings(api_key=key, url=url)).account()


def test_a_key_that_the_provider_takes_comes_with_the_balance(provider: ProviderProcess) -> None:
    found = account(provider.url)

    assert (found.usable, "KES 1785.50" in found.words) == (True, True)


def test_a_key_that_the_provider_does_not_take_is_said_in_words(provider: ProviderProcess) -> None:
    found = account(provider.url, key="")

    assert (found.usable, "does not take" in found.words) == (False, True)


def test_an_address_that_is_no_provider_is_said_in_words(provider: ProviderProcess) -> None:
    assert not account(f"{provider.url}/portal").usable
    assert account("http://127.0.0.1:9").words == "Africa's Talking cannot be reached from here"
    assert not account("no address at all").usable
