"""What the API takes and gives: money as a decimal string with its currency, moments as ISO 8601 with their offset."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.gateway.channels import Channel as Seen
from app.gateway.channels import Doing
from app.gateway.deciding import Decision
from app.gateway.drafting import Draft
from app.gateway.planning import Plan as Foreseen
from app.money import digits, millionths
from app.store.broadcasts import Broadcast
from app.store.cases import Case as Stored
from app.store.unknowns import Unknown as Counted


def _sensible(moment: datetime) -> datetime:
    if not 2000 <= moment.year <= 2999:
        raise ValueError("is no moment for a broadcast")
    return moment


Line = Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\x00-\x1f]*$")]
Text = Annotated[str, StringConstraints(max_length=4000, pattern=r"^[^\x00]*$")]
Texts = Annotated[dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,35}$")], Text], Field(max_length=50)]
Amount = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$")]
Moment = Annotated[AwareDatetime, AfterValidator(_sensible)]


class _Given(BaseModel):
    """What a program sends: a name that is not known is a mistake."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """What went wrong."""

    error: str = Field(description="A sentence: what is wrong, and how to mend it")


class Money(BaseModel):
    """An amount, exact."""

    amount: str = Field(description="A decimal number, such as 12.00 or 0.0079")
    currency: str = Field(description="ISO 4217; empty where no tariff is set")

    @classmethod
    def of(cls, amount: int, currency: str) -> "Money":
        """From millionths."""
        return cls(amount=digits(amount), currency=currency)


class NewBroadcast(_Given):
    """A draft. Only its name is needed, and a survey or, for a plain message, a text; docs/broadcasts.md explains the rest."""

    name: Line
    mode: Literal["invitation", "conversation", "message"] = "invitation"
    survey: Line | None = None
    audience: Text = Field("", description="Who gets it, in the language of segments; empty: everybody")
    texts: Texts = Field(default_factory=dict, description="Language → text; the first is for the rest")
    channel: Line = Field("", description="Empty: by operator")
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    hours: Line = "08:00-19:00"
    at_night: bool = Field(False, description="The hours reach into the night, and that is meant")
    weekdays: Line = Field("1234567", description="1 is Monday")
    holidays: list[date] = Field(default_factory=list, max_length=400)
    expiry_hours: float = Field(24, gt=0, le=8760, allow_inf_nan=False)
    per_minute: int | None = Field(None, ge=1, le=1_000_000)
    budget: Amount | None = Field(None, description="Most that it may cost, in the tariff's currency")
    remind_most: int = Field(0, ge=0, le=5)
    remind_days: int = Field(3, ge=1, le=365)
    remind_texts: Texts = Field(default_factory=dict)
    rest_days: int = Field(30, ge=0, le=3650)

    def as_draft(self) -> Draft:
        """As `Broadcasting` takes it."""
        values = self.model_dump(exclude={"budget", "holidays"})
        return Draft(**values, budget=_millionths(self.budget), holidays=tuple(self.holidays))


class Resume(_Given):
    """How to go on."""

    budget: Amount | None = Field(None, description="A new budget, where the old one is spent")

    @property
    def millionths(self) -> int | None:
        """The new budget."""
        return _millionths(self.budget)


class Decide(_Given):
    """What is decided of messages of unknown outcome."""

    decision: Decision


class Summary(BaseModel):
    """A broadcast in a list."""

    name: str
    mode: str
    state: str
    reason: str
    spent: Money
    budget: Money | None
    created_at: datetime
    starts_at: datetime | None
    started_at: datetime | None
    ends_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, which: Broadcast, zone: ZoneInfo) -> "Summary":
        """From the stored one."""
        return cls(
            name=which.name, mode=which.mode, state=which.state, reason=which.reason,
            spent=Money.of(which.spent, which.currency), budget=_money(which.budget, which.currency),
            created_at=which.created_at.astimezone(zone), starts_at=_at(which.starts_at, zone),
            started_at=_at(which.started_at, zone), ends_at=_at(which.ends_at, zone), ended_at=_at(which.ended_at, zone),
        )  # fmt: skip


class Standing(BaseModel):
    """How a broadcast stands."""

    name: str
    mode: str
    state: str
    reason: str
    people: dict[str, int] = Field(description="State, or reason to be left out → how many")
    messages: dict[str, int] = Field(description="State → how many")
    trouble: dict[str, int] = Field(description="State and reason → how many messages")
    stopped_since: int = Field(description="How many said STOP since it started")
    spent: Money = Field(description="With what messages under way will cost")
    budget: Money | None
    prepared: bool = Field(description="Whether all recipients are known")
    left: int = Field(description="How many are still to be sent")
    resting: bool = Field(description="Whether it waits for its hours")
    started_at: datetime | None
    ends_at: datetime | None

    @classmethod
    def of(cls, found: Mapping[str, Any], zone: ZoneInfo) -> "Standing":
        """From what `Broadcasting.status` says."""
        currency = found["currency"]
        money = {name: _money(found[name], currency) for name in ("spent", "budget")}
        moments = {name: _at(_read(found[name]), zone) for name in ("started_at", "ends_at")}
        return cls.model_validate({**found, **money, **moments})


class Share(BaseModel):
    """What goes to one operator's phones."""

    people: int
    segments: int
    price: Money | None = Field(description="Of one part; none where the tariff has none")
    cost: Money


class Wording(BaseModel):
    """A text in one language, and how many get it."""

    text: str
    encoding: str
    units: int
    segments: int
    people: int


class Plan(BaseModel):
    """What a broadcast would do."""

    planned_at: datetime
    people: int = Field(description="In the audience")
    messages: int = Field(description="To those who are not left out")
    segments: int
    left_out: dict[str, int] = Field(description="Why → how many")
    waiting: int = Field(description="Of those who get a message: who answers another survey first")
    texts: dict[str, Wording]
    operators: dict[str, Share]
    cost: Money
    most: Money = Field(description="With all reminders, if nobody answers")
    faults: list[str] = Field(description="To be mended before it can start")
    warnings: list[str]

    @classmethod
    def of(cls, made: Foreseen, zone: ZoneInfo) -> "Plan":
        """From what `Broadcasting.plan` foresaw."""
        plain, currency = made.as_json(), made.currency
        plain["operators"] = {
            name: {**share, "price": _money(share["price"], currency), "cost": Money.of(share["cost"], currency)}
            for name, share in plain["operators"].items()
        }
        money = {name: Money.of(plain[name], currency) for name in ("cost", "most")}
        return cls.model_validate({**plain, **money, "planned_at": _at(_read(made.planned_at), zone)})


class Reminded(BaseModel):
    """What came of `remind`."""

    looked_at: int = Field(description="People who were written to; those of them who have not answered are reminded")


class Reason(BaseModel):
    """So many messages of unknown outcome."""

    reason: str
    count: int
    since: datetime

    @classmethod
    def of(cls, found: Counted, zone: ZoneInfo) -> "Reason":
        """From the store's."""
        return cls(reason=found.reason, count=found.count, since=found.since.astimezone(zone))


class Unknown(BaseModel):
    """Messages of which nobody knows whether they were sent."""

    count: int
    reasons: list[Reason]


class Decided(BaseModel):
    """What came of a decision."""

    count: int = Field(description="Messages of which it was decided")
    stay: int = Field(
        description="Messages that stay as they are: sending them again would do no good, for their phones asked for silence, "
        "were written to since, or began the survey"
    )


class Channel(BaseModel):
    """What a channel is doing."""

    name: str
    provider: str
    doing: Doing
    words: str = Field(description="The same for people, with what helps")
    trouble: str
    since: datetime | None
    next_try_at: datetime | None
    waiting: int = Field(description="Messages that wait to go over it")
    last_minute: int = Field(description="Messages that went over it in the last minute")
    per_second: float | None = Field(
        description="Most in a second, by the settings; none: as many as the provider takes"
    )

    @classmethod
    def of(cls, seen: Seen, zone: ZoneInfo) -> "Channel":
        """From the gateway's."""
        moments = {"since": _at(seen.since, zone), "next_try_at": _at(seen.next_try_at, zone)}
        names = ("name", "provider", "doing", "words", "trouble", "waiting", "last_minute", "per_second")
        return cls.model_validate({**{name: getattr(seen, name) for name in names}, **moments})


class CaseDecision(_Given):
    """What an officer does with a case: take it, or close it with an outcome."""

    decision: Literal["take", "close"]
    outcome: Literal["helped", "referred", "no_contact", "no_need"] | None = Field(None, description="For `close` only")
    over: bool = Field(False, description="Take it over from the colleague who sees to it")

    @model_validator(mode="after")
    def _fits(self) -> "CaseDecision":
        if (self.decision == "close") != (self.outcome is not None) or (self.over and self.decision == "close"):
            raise ValueError("a case is closed with an outcome, and taken without one")
        return self


class Case(BaseModel):
    """A respondent who may need help. The question is named; its answer never is."""

    uid: str
    pseudonym: str
    survey: str
    question: str
    state: Literal["open", "taken", "closed"]
    owner: str = Field(description="Who sees to it; empty: nobody yet")
    raised_at: datetime
    due_at: datetime
    overdue: bool
    closed_at: datetime | None
    outcome: str

    @classmethod
    def of(cls, found: Stored, at: datetime, zone: ZoneInfo) -> "Case":
        """From the store's."""
        moments = {name: _at(getattr(found, name), zone) for name in ("raised_at", "due_at", "closed_at")}
        return cls.model_validate(found._asdict() | moments | {"uid": str(found.uid), "overdue": found.overdue(at)})


class Count(BaseModel):
    """How many contacts a segment has now."""

    query: str
    people: int


def _millionths(amount: str | None) -> int | None:
    return None if amount is None else millionths(amount, "")


def _money(amount: int | None, currency: str) -> Money | None:
    return None if amount is None else Money.of(amount, currency)


def _at(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return moment.astimezone(zone) if moment is not None else None


def _read(moment: str | None) -> datetime | None:
    return datetime.fromisoformat(moment) if moment is not None else None


class Figure(BaseModel):
    """A cell of a table."""

    n: int | None = Field(description="Rounded to 5; null: not shown")
    weighted: int | None = Field(description="The same for the weighted number; null where there are no weights")
    share: float | None = Field(description="Of those who answered, 0 to 1")
    low: float | None = Field(description="Where the 95 % interval of the share begins")
    high: float | None = Field(description="Where it ends")


class FigureColumn(BaseModel):
    """Respondents who are alike."""

    group: list[str | None] = Field(description="A category of each `by`; null: all")
    label: str
    base: int | None = Field(description="How many of them answered; null: not shown")


class FigureRow(BaseModel):
    """A choice."""

    choice: str
    label: str
    figures: list[Figure] = Field(description="One for each column")


class Figures(BaseModel):
    """What people answered to one question."""

    survey: str
    question: str
    label: str
    where: str
    by: list[str]
    columns: list[FigureColumn]
    rows: list[FigureRow]
    notes: list[str] = Field(description="To be shown wherever the figures are")
