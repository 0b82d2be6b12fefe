"""Raking: weights by which respondents are spread over the margins as the population is (iterative proportional fitting).

Each margin in turn is scaled to what it should be, until all fit at once (Deming and Stephan 1940). Pure arithmetic.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from app.reports.missing.refusals import Unanswerable

Profile = tuple[str, ...]
"""In which categories some respondents are, by dimension; `NOT_SAID` where they gave no answer."""
NOT_SAID = ""
OTHERS = ("the others",)
"""Categories that are taken together."""
_CLOSE = 1e-9
_MOST_ROUNDS = 2_000


class Target(NamedTuple):
    """What a margin should be: the places of its dimensions in a profile, and the share of each category."""

    places: tuple[int, ...]
    shares: Mapping[Profile, float]
    joined: frozenset[Profile] = frozenset()
    """Categories that are taken together."""

    def key(self, profile: Profile) -> Profile:
        """The category of a profile in this margin."""
        key = tuple(profile[place] for place in self.places)
        return OTHERS if key in self.joined else key


class Unrakable(Unanswerable):
    """No weights fit all margins at once; the message names the category that is furthest off."""

    def __init__(self, furthest: Profile, off: float) -> None:
        self.furthest, self.off = furthest, off
        super().__init__(
            f"no weights fit all margins at once: {' '.join(furthest) or 'one category'} stays {off:.0%} of all away from "
            "its share. The margins contradict each other for these respondents; take one out, or join categories"
        )


def rake(
    counts: Mapping[Profile, int], targets: Sequence[Target], start: Mapping[Profile, float] | None = None
) -> dict[Profile, float]:
    """The weight of one respondent of each profile; all weights together are as many as the respondents.

    `start` are weights to begin with. Raises `Unrakable` where the margins are not met to a billionth of a share.
    """
    total = sum(counts.values())
    masses = {profile: count * (start[profile] if start else 1.0) for profile, count in counts.items() if count}
    grouped = [(target.shares, _grouped(masses, target)) for target in targets]
    for _ in range(_MOST_ROUNDS):
        for shares, groups in grouped:
            for key, members in groups.items():
                there = sum(masses[each] for each in members)
                factor = shares.get(key, 0.0) * total / there if there else 0.0
                for each in members:
                    masses[each] *= factor
        furthest, off = _worst(masses, grouped)
        if off <= _CLOSE:
            return {profile: mass / counts[profile] for profile, mass in masses.items()}
    raise Unrakable(furthest, off)


def off_by(counts: Mapping[Profile, int], weights: Mapping[Profile, float], targets: Sequence[Target]) -> float:
    """How far the category that fits worst is from its share, as a share of all."""
    masses = {profile: counts[profile] * weight for profile, weight in weights.items()}
    return _worst(masses, [(target.shares, _grouped(masses, target)) for target in targets])[1]


_Grouped = tuple[Mapping[Profile, float], Mapping[Profile, Sequence[Profile]]]


def _worst(masses: Mapping[Profile, float], grouped: Sequence[_Grouped]) -> tuple[Profile, float]:
    total = sum(masses.values()) or 1.0
    found: tuple[Profile, float] = ((), 0.0)
    for shares, groups in grouped:
        for key, share in shares.items():
            off = abs(sum(masses[each] for each in groups.get(key, ())) / total - share)
            if off > found[1]:
                found = (key, off)
    return found


def _grouped(profiles: Iterable[Profile], target: Target) -> dict[Profile, list[Profile]]:
    groups = dict[Profile, list[Profile]]()
    for profile in profiles:
        groups.setdefault(target.key(profile), []).append(profile)
    return groups
