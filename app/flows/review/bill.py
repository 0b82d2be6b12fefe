"""What the ways through a survey come to: time, sessions and money, in every language."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from app.flows.review.lengths import Lengths, Pace, Way
from app.flows.review.tariff import Cost, Tariff
from app.values import Medium

LONGEST, TYPICAL = "at most", "typical"


@dataclass(frozen=True, slots=True)
class Line:
    """One way in one language."""

    locale: str
    which: str
    way: Way
    seconds: float
    sessions: int
    costs: Mapping[Medium, Mapping[str, Cost]] = field(default_factory=dict)
    """Channel → operator → what it costs; an operator without a price is left out."""

    @property
    def minutes(self) -> int:
        """The time on a dialled menu, rounded up."""
        return -int(-self.seconds // 60)


def lines(found: Lengths, pace: Pace, tariff: Tariff | None, media: Iterable[Medium]) -> Iterator[Line]:
    """Yield the longest and the typical way of each language."""
    channels = tuple(media)
    for length in found.languages:
        for which, way in ((LONGEST, length.longest), (TYPICAL, length.typical)):
            costs = {medium: _costs(tariff, pace, way, medium) for medium in channels if tariff}
            yield Line(length.locale, which, way, pace.seconds(way), pace.sessions(way), costs)


def _costs(tariff: Tariff | None, pace: Pace, way: Way, medium: Medium) -> Mapping[str, Cost]:
    usage = pace.usage(way, medium)
    asked = {operator: tariff.cost_at(operator, usage) for operator in tariff.operators} if tariff else {}
    return {operator: cost for operator, cost in asked.items() if cost is not None}


def explained(found: Lengths, pace: Pace, tariff: str) -> str:
    """Say how times and costs were worked out. `tariff` names the list of prices, if there is one."""
    said = (
        f"“{LONGEST}” is the longest way that the survey's conditions allow, “{TYPICAL}” the median of {found.walkers} "
        "made-up respondents, of those who go to the end; nobody goes back, asks for help or mistypes. "
        f"Time: {pace.screen_seconds:g} s a screen, and networks end a session after {pace.session_seconds:g} s; "
        "the next one resumes."
    )
    if tariff:
        said += f" Prices: {tariff}."
    if found.repeats:
        said += (
            f" {', '.join(found.repeats)}: counted as often as one of them was asked at most, for there is no bound."
        )
    if found.stuck:
        said += f" No reply that was made up is taken at {', '.join(found.stuck)}: those respondents go no further."
    return said


def money(cost: Cost) -> str:
    """Write a cost: "USD 0.15"."""
    return " + ".join(f"{currency} {_amount(amount)}" for currency, amount in sorted(cost.items()))


def span(costs: Mapping[str, Cost]) -> str:
    """Write what something costs at all operators together: "USD 0.15", or "USD 0.15 to 0.30"."""
    spans: dict[str, list[Decimal]] = {}
    for cost in costs.values():
        for currency, amount in cost.items():
            spans.setdefault(currency, []).append(amount)
    return ", ".join(
        f"{currency} {_amount(min(each))}" + (f" to {_amount(max(each))}" if max(each) > min(each) else "")
        for currency, each in sorted(spans.items())
    )


def _amount(amount: Decimal) -> str:
    cents = amount.quantize(Decimal("0.01"))
    return f"{cents if cents == amount else amount.normalize():f}"
