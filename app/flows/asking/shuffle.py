"""The random order of choices: the same for the same seed on every machine (ODK XForms specification, `randomize()`)."""

from functools import lru_cache

from app.flows.flow import Choice
from app.flows.xpath.functions.chance import shuffled_places


@lru_cache(maxsize=1024)
def shuffled(choices: tuple[Choice, ...], seed: int) -> tuple[Choice, ...]:
    """Shuffle as ODK does; choices that are fixed stay last, in their order."""
    free = [choice for choice in choices if not choice.fixed]
    order = (free[place] for place in shuffled_places(len(free), seed))
    return (*order, *(choice for choice in choices if choice.fixed))
