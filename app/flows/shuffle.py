"""The random order of choices: the same for the same seed on every machine (ODK XForms specification, `randomize()`)."""

from functools import lru_cache

from app.flows.flow import Choice

_MODULUS = 2_147_483_647


@lru_cache(maxsize=4096)
def shuffled(choices: tuple[Choice, ...], seed: int) -> tuple[Choice, ...]:
    """Shuffle by Fisher and Yates with the Park-Miller generator; choices that are fixed stay last, in their order."""
    order = [choice for choice in choices if not choice.fixed]
    number = seed % _MODULUS or _MODULUS - 1
    for last in range(len(order) - 1, 0, -1):
        number = number * 16_807 % _MODULUS
        other = int((number - 1) / (_MODULUS - 1) * (last + 1))
        order[last], order[other] = order[other], order[last]
    return (*order, *(choice for choice in choices if choice.fixed))
