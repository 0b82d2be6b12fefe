"""What a broadcast will do, foreseen: people, messages, segments, cost and time; and how one stands that is under way."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from phonenumbers import country_code_for_region

from app.channels import operators
from app.flows import gsm7
from app.flows.review.tariff import BadTariff, Tariff, Usage, read_tariff
from app.gateway.hours import hours_of
from app.gateway.inviting import Wording
from app.gateway.library import Library
from app.gateway.routing import Routes
from app.money import MILLION
from app.settings import Settings
from app.store import audiences
from app.store.broadcasts import Broadcast
from app.store.unit import Database
from app.values import SMS_ROOM, Medium

_LONG = 3  # parts from which a text is worth a warning


@dataclass(frozen=True, slots=True)
class Text:
    """A text in one language, and how many get it."""

    text: str
    encoding: str
    units: int
    segments: int
    people: int


@dataclass(frozen=True, slots=True)
class Share:
    """What goes to one operator's phones. Money in millionths of the currency."""

    people: int
    segments: int
    price: int | None
    """Of one part; None where the tariff has none."""
    cost: int


@dataclass(slots=True)
class Plan:
    """What is foreseen. `faults` must be mended before it starts, `warnings` are to be read."""

    planned_at: str
    people: int = 0
    """In the audience."""
    messages: int = 0
    """To those who are not left out; the first message only."""
    segments: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    """Of those: who is answering another survey now, and waits."""
    texts: dict[str, Text] = field(default_factory=dict)
    operators: dict[str, Share] = field(default_factory=dict)
    cost: int = 0
    most: int = 0
    """With all reminders, if nobody answers."""
    currency: str = ""
    prices: dict[str, int] = field(default_factory=dict)
    version: int = 0
    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """As it is stored with the broadcast."""
        return asdict(self)


def plan(
    settings: Settings,
    database: Database,
    library: Library,
    tariff: Tariff | None,
    which: Broadcast,
    at: datetime,
) -> Plan:
    """Foresee what a broadcast would do if it started now."""
    made = Plan(planned_at=at.isoformat(), currency=which.currency)
    edition = None
    if which.survey_id is not None:
        editions = [each for name in library.names() if (each := library.newest(name))]
        edition = next((each for each in editions if each.survey_id == which.survey_id), None)
        if edition is None:
            made.faults.append("Its survey is not published any more.")
            return made
        made.version = edition.version_id
    room = SMS_ROOM._replace(septets=settings.sms_septets, ucs2=settings.sms_ucs2)
    flow = edition.flow if edition else None
    wording = Wording(which, flow, room, at.astimezone(ZoneInfo(which.zone)))
    counts = database.read(lambda connection: audiences.count_for(connection, which, at))
    made.prices = prices_of(settings, tariff, made)
    _count(made, wording, counts)
    _judge(made, which, tariff)
    if flow is not None:
        name = next(name for name in library.names() if library.newest(name) is edition)
        if which.mode == "invitation":
            _judge_way(made, Routes.of(settings), name)
        again = database.read(lambda connection: audiences.answered(connection, which, name, at))
        if again:
            made.warnings.append(
                f"People who have answered this survey already, and are asked again: {again:,}. "
                f"To leave them out, let the audience say: not completed {name}"
            )
    return made


def _count(made: Plan, wording: Wording, counts: list[audiences.Count]) -> None:
    texts: dict[str, tuple[str, int]] = {}
    people: dict[str, int] = {}
    shares: dict[str, list[int]] = {}
    strangers: dict[str, int] = {}
    for each in counts:
        made.people += each.people
        if each.left_out:
            made.left_out[each.left_out] = made.left_out.get(each.left_out, 0) + each.people
            continue
        made.waiting += each.people if each.waits else 0
        locale = wording.locale_of(each.locale)
        if each.locale and each.locale != locale:
            strangers[each.locale] = strangers.get(each.locale, 0) + each.people
        if locale not in texts:
            text = wording.text(0, locale)
            texts[locale] = text, gsm7.segments(text)[2]
        parts = texts[locale][1] * each.people
        people[locale] = people.get(locale, 0) + each.people
        share = shares.setdefault(each.operator, [0, 0])
        share[0] += each.people
        share[1] += parts
        made.messages += each.people
        made.segments += parts
    for locale, (text, _) in texts.items():
        made.texts[locale] = Text(text, *gsm7.segments(text), people[locale])
    for operator, (number, parts) in sorted(shares.items()):
        price = made.prices.get(operator)
        made.operators[operator] = Share(number, parts, price, parts * (price or 0))
    for locale, number in sorted(strangers.items()):
        first = wording.locale_of(None)
        made.warnings.append(
            f"There is no text in {locale}: who speaks it gets the one in {first}. People: {number:,}."
        )
    made.cost = sum(share.cost for share in made.operators.values())
    made.most = made.cost * (1 + (wording.which.remind_most if wording.which.asks else 0))


def _judge(made: Plan, which: Broadcast, tariff: Tariff | None) -> None:
    """Say what is wrong, and what should be read before it starts."""
    faults, warnings = made.faults, made.warnings
    if not made.messages:
        faults.append("Nobody would get it: see who is left out, and why.")
    unpriced = {name or "unknown": share.people for name, share in made.operators.items() if share.price is None}
    listed = ", ".join(f"{name} ({people:,} people)" for name, people in unpriced.items())
    if tariff is None:
        (faults if which.budget is not None else warnings).append(
            "There is no tariff, so nobody knows what it costs: name a file in IZWI_TARIFF."
        )
    elif unpriced:
        (faults if which.budget is not None else warnings).append(f"The tariff has no price for {listed}.")
    if which.budget is not None and made.cost > which.budget:
        faults.append("It costs more than its budget: raise the budget, or choose fewer people.")
    elif which.budget is not None and made.most > which.budget:
        warnings.append("With all reminders it may cost more than its budget; then it pauses.")
    for locale, text in made.texts.items():
        _judge_text(made, locale, text)
    if which.opens < 7 * 60 or which.closes > 20 * 60:
        warnings.append("It may send at night, because somebody said that this is meant.")


def _judge_way(made: Plan, routes: Routes, survey: str) -> None:
    """Whether those who are invited get to this survey, and not to another."""
    code = routes.code_of(survey)
    words = [word for word, name in routes.keywords.items() if name == survey]
    if not code and not words and survey != routes.survey:
        made.faults.append(
            f"Nothing that people dial or write begins {survey}: they would get to {routes.survey}. "
            "Name it in IZWI_SERVICE_CODES or IZWI_KEYWORDS first."
        )
    elif code and survey != routes.survey and not any(code in text.text for text in made.texts.values()):
        made.warnings.append(
            f"The text does not say {code}, which is dialled for {survey}; other codes begin other surveys."
        )


def _judge_text(made: Plan, locale: str, text: Text) -> None:
    if not text.text.strip():
        made.faults.append(f"The text in {locale} is empty.")
    if "{" in text.text:
        made.warnings.append(f"The text in {locale} is sent as it stands: Izwi fills in nothing for {{…}}.")
    if text.encoding != "GSM-7":
        characters = " ".join(gsm7.outside(text.text))
        made.warnings.append(f"The text in {locale} needs characters that make it longer: {characters}")
    if text.segments >= _LONG:
        made.warnings.append(f"The text in {locale} takes {text.segments} parts, and each is paid for.")


def prices_of(settings: Settings, tariff: Tariff | None, made: Plan) -> dict[str, int]:
    """Operator → the price of one part, in millionths; "" stands for numbers of no known operator."""
    if tariff is None:
        return {}
    known = operators.read(settings.operators)
    # A number of no known operator is taken for one of this country: the tariff may have one price for all of it.
    examples: dict[str, list[str]] = {"": [f"+{country_code_for_region(settings.region)}"]}
    for prefix, operator in known.prefixes.items():
        examples.setdefault(operator, []).append(prefix)
    prices: dict[str, int] = {}
    for operator, prefixes in examples.items():
        costs = [tariff.cost_for(prefix, Usage(Medium.SMS, parts=1)) for prefix in prefixes]
        found = {int(cost[made.currency] * MILLION) for cost in costs if cost and made.currency in cost}
        if found:
            prices[operator] = max(found)
        if len(found) > 1:
            made.warnings.append(f"The tariff has several prices for {operator}; the highest is reckoned with.")
    return prices


def tariff_of(settings: Settings) -> Tariff | None:
    """The prices to reckon with, if any are set. Raises `BadTariff`."""
    if settings.tariff is None:
        return None
    try:
        text = settings.tariff.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise BadTariff("it cannot be read") from None
    return read_tariff(text)


def currency_of(tariff: Tariff | None) -> str:
    """The currency of the prices of SMS; empty where there is no tariff, or more than one currency."""
    currencies = {each.currency for each in tariff.prices if each.medium is Medium.SMS} if tariff else set()
    return currencies.pop() if len(currencies) == 1 else ""


def standing(which: Broadcast, counts: Mapping[str, int], stopped: int, at: datetime) -> dict[str, Any]:
    """How a broadcast stands, for people and programs alike."""
    people = {what.removeprefix("people:"): n for what, n in counts.items() if what.startswith("people:")}
    messages = {what.removeprefix("messages:"): n for what, n in counts.items() if what.startswith("messages:")}
    trouble = {what.removeprefix("trouble:"): n for what, n in counts.items() if what.startswith("trouble:")}
    prepared = which.prepared_at is not None
    return {
        "name": which.name, "mode": which.mode, "state": which.state, "reason": which.reason, "people": people,
        "messages": messages, "trouble": trouble, "stopped_since": stopped, "currency": which.currency,
        "spent": which.spent, "budget": which.budget, "prepared": prepared,
        "left": people.get("waiting", 0) + messages.get("waiting", 0),
        "resting": which.state == "running" and not hours_of(which).allow(at),
        "started_at": _iso(which.started_at), "ends_at": _iso(which.ended_at or which.ends_at),
    }  # fmt: skip


def time_left(left: int, per_second: float) -> timedelta | None:
    """How long the rest takes at this rate, the night not counted."""
    return timedelta(seconds=round(left / per_second)) if per_second > 0 else None


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at is not None else None
