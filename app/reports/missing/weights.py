"""Weights for respondents: raked to the population's margins, none too large, and what that costs in precision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.reports.figures.publish import Exit
from app.reports.figures.rules import STEP
from app.reports.figures.table import Cell
from app.reports.missing.population import Margin, Population
from app.reports.missing.raking import NOT_SAID, OTHERS, Profile, Target, off_by, rake
from app.reports.missing.refusals import Unanswerable

LIMIT = 5.0
"""No weight is more than so many times the median of those that fit the margins."""
_ROUNDS = 100
_ROUNDING = 1 + 1e-6
_WORTH_IT = 0.9
"""One more round is done as long as it leaves less than this of what margins are off."""


class Unweighable(Unanswerable):
    """There is nothing to weight, or nothing to weight it to; the message says which."""


@dataclass(frozen=True, slots=True)
class Empty:
    """A category of the population that no respondent is in: no weight can speak for it."""

    dimensions: tuple[str, ...]
    key: Profile
    share: float
    """Of the population."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The weight of a respondent of each profile; over all respondents they have the mean 1."""

    dimensions: tuple[str, ...]
    by_profile: Mapping[Profile, float]
    respondents: int
    design_effect: float
    """Kish's: how many times fewer respondents would have told as much, had none needed a weight."""
    median: float
    largest: float
    trimmed: int
    """How many respondents have a weight that was cut."""
    off: float
    """How far the category that fits worst is from its share; nothing but rounding where none had to give way."""
    unsaid: Mapping[str, int]
    """Dimension → how many respondents gave no answer that is in it."""
    without: tuple[Empty, ...]

    @property
    def effective(self) -> float:
        """As how many respondents these count, where their figures are weighted."""
        return self.respondents / self.design_effect

    def of(self, profile: Profile) -> float:
        """The weight of one respondent of this profile, by category of each dimension in their order; `""` for no answer."""
        return self.by_profile[profile]


def weigh(
    counts: Mapping[Profile, int],
    dimensions: Sequence[str],
    population: Population,
    *,
    limit: float = LIMIT,
    joined: Mapping[tuple[str, ...], frozenset[Profile]] | None = None,
) -> Weights:
    """Weight respondents, of whom there are so many of each profile. Raises `Unweighable` and `Unrakable`.

    `joined` are the categories of a margin that are taken together, as they are too few each.
    """
    counts = {profile: count for profile, count in counts.items() if count}
    total = sum(counts.values())
    if not total:
        raise Unweighable("there are no respondents yet")
    margins = usable(population, dimensions)
    if not margins:
        raise Unweighable("no question of this survey has izwi:margin, so nobody knows what to weight to")
    targets, without = list[Target](), list[Empty]()
    for margin in margins:
        together = (joined or {}).get(margin.dimensions, frozenset())
        target, missing = _target(counts, dimensions, margin, together)
        targets.append(target)
        without += missing
    found, cap = _trimmed(counts, targets, limit)
    squares = sum(count * found[profile] ** 2 for profile, count in counts.items())
    return Weights(
        dimensions=tuple(dimensions),
        by_profile=found,
        respondents=total,
        design_effect=total * squares / sum(count * found[profile] for profile, count in counts.items()) ** 2,
        median=_median(counts, found),
        largest=max(found.values()),
        trimmed=sum(count for profile, count in counts.items() if cap and found[profile] * _ROUNDING >= cap),
        off=off_by(counts, found, targets),
        unsaid={
            name: sum(count for profile, count in counts.items() if profile[place] == NOT_SAID)
            for place, name in enumerate(dimensions)
        },
        without=tuple(without),
    )


def size(made: Weights, respondents: Cell, way_out: Exit) -> tuple[int, int]:
    """How many respondents there are, and as how many they count where they are weighted: as they are shown."""
    shown = way_out.alone(Cell(respondents.n, respondents.mark, made.effective))
    people = shown.n or way_out.rules.smallest
    return people, min(people, max(STEP, shown.weighted or 0))


def usable(population: Population, dimensions: Sequence[str]) -> list[Margin]:
    """The margins of a population as far as a survey asks for their dimensions."""
    found = dict[tuple[str, ...], Margin]()
    for margin in population.margins:
        if asked := tuple(each for each in margin.dimensions if each in dimensions):
            found.setdefault(asked, margin.over(asked))
    return list(found.values())


def _target(
    counts: Mapping[Profile, int], dimensions: Sequence[str], margin: Margin, joined: frozenset[Profile]
) -> tuple[Target, list[Empty]]:
    """What a margin should be: the population's shares among those who said; who did not say stays as many as they are."""
    places = tuple(dimensions.index(each) for each in margin.dimensions)
    expected, there, bare = dict[Profile, float](), dict[Profile, int](), Target(places, {}, joined)
    for key, share in margin.shares.items():
        category = OTHERS if key in joined else key
        expected[category] = expected.get(category, 0.0) + share
    for profile, count in counts.items():
        category = bare.key(profile)
        there[category] = there.get(category, 0) + count
    total, said = sum(there.values()), sum(count for key, count in there.items() if NOT_SAID not in key)
    without = [Empty(margin.dimensions, key, share) for key, share in expected.items() if share and key not in there]
    known = sum(expected.get(key, 0.0) for key in there)
    shares = {
        key: count / total if NOT_SAID in key else expected.get(key, 0.0) / known * said / total
        for key, count in there.items()
        if NOT_SAID in key or known
    }
    return Target(places, shares, joined), without


def _trimmed(
    counts: Mapping[Profile, int], targets: Sequence[Target], limit: float
) -> tuple[dict[Profile, float], float]:
    """Rake, cut what is too large, and rake again until both hold. Returns the limit too; 0 where none was too large.

    Where they cannot both hold, the limit does: more rounds would bring ever more weights to nothing, to fit a little better.
    """
    found = rake(counts, targets)
    cap = limit * _median(counts, found)
    if max(found.values()) <= cap * _ROUNDING:
        return found, 0.0
    best, before = (1.0, found, cap), 1.0
    for _ in range(_ROUNDS):
        cut = {profile: min(weight, cap) for profile, weight in found.items()}
        mean = sum(count * cut[profile] for profile, count in counts.items()) / sum(counts.values())
        scaled = {profile: weight / mean for profile, weight in cut.items()}
        off = off_by(counts, scaled, targets)
        best = min(best, (off, scaled, cap / mean), key=lambda each: each[0])
        if off > _WORTH_IT * before:
            break
        before, found = off, rake(counts, targets, cut)
        if max(found.values()) <= cap * _ROUNDING:
            return found, cap
    return best[1], best[2]


def _median(counts: Mapping[Profile, int], weights: Mapping[Profile, float]) -> float:
    """The weight that half of the respondents are at or below."""
    passed, half = 0, sum(counts.values()) / 2
    for weight, count in sorted((weight, counts[profile]) for profile, weight in weights.items()):
        passed += count
        if passed >= half:
            return weight
    return 0.0
