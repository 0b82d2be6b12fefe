"""What must hold whatever happened: of each request as it was made, and of the tables and the provider at the end."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.money import NotMoney, millionths
from app.store.outbox import TRANSITIONS
from tests.faults.provider import CURRENCY
from tests.faults.world import Request, World

AT_PROVIDER = {"sent", "delivered"}
_OUTBOX = "SELECT id, contact_id, kind, broadcast_id, body, state, price, cost, reason, provider_id, expires_at, {} FROM outbox"


def moment(value: Any) -> datetime:
    """A moment as either database gives it."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value.replace("Z", "+00:00"))
    return value if value.tzinfo else value.replace(tzinfo=UTC)


class Watch:
    """Looks at the outbox again and again: a state that is final stays, and none is skipped."""

    def __init__(self) -> None:
        self._states: dict[int, str] = {}
        self._reach = {state: _reachable(state) for state in TRANSITIONS}

    def look(self, world: World) -> None:
        """Compare with what was seen before."""
        for key, state in world.rows("SELECT id, state FROM outbox"):
            before = self._states.get(key, state)
            if state not in self._reach[before]:
                world.faults.append(f"message {key} went from {before} to {state}")
            self._states[key] = state


def _reachable(state: str) -> set[str]:
    found, new = {state}, {state}
    while new:
        # To queue an unknown one again is a person's decision, and nobody decides it in these stories.
        new = {to for each in new for to in TRANSITIONS[each] if (each, to) != ("unknown", "queued")} - found
        found |= new
    return found


def judge(world: World, plans: Mapping[int, Any], *, exact: bool) -> list[str]:
    """All that is wrong at the end of a story. `exact`: nothing happened but what the provider did."""
    rows = world.rows(_OUTBOX.format("created_at"))
    found = list(world.faults)
    for request in world.requests:
        found += of_request(request, plans)
    found += of_messages(world, rows)
    found += of_times(world, rows)
    found += of_reports(world)
    found += of_reminders(world, plans)
    for key in plans:
        found += of_tallies(world, key, rows)
        found += of_money(world, key, rows)
        found += of_people(world, key, rows)
        found += of_pace(world, plans[key], rows)
    if exact and not world.provider.lost and any(row.state == "unknown" for row in rows):
        found.append("a message is unknown, and nothing happened that could be its cause")
    return list(dict.fromkeys(found))


def of_request(request: Request, plans: Mapping[int, Any]) -> Iterator[str]:
    """What may never be in a request."""
    message, truth = request.message, request.truth
    who = f"{request.at:%a %H:%M:%S} {message.kind} {message.id} to contact {message.contact_id}"
    if message.contact_id in truth.stopped and message.kind != "stop":
        yield f"{who}: she had stopped"
    if message.broadcast_id is None:
        return
    which, state = plans[message.broadcast_id], truth.states.get(message.broadcast_id)
    if state != "running":
        yield f"{who}: its broadcast was {state}"
    if not is_open(which, request.at):
        yield f"{who}: in quiet hours"
    if which.ends_at is not None and request.at >= which.ends_at:
        yield f"{who}: after the end of its broadcast"
    key = (message.broadcast_id, message.contact_id)
    if which.asks and key in truth.elsewhere:
        yield f"{who}: another survey is under way there"
    if message.kind == "reminder" and key in truth.answered:
        yield f"{who}: she has answered"


def is_open(which: Any, at: datetime) -> bool:
    """Whether a broadcast may send, reckoned in another way than the worker does."""
    local = at.astimezone(ZoneInfo(which.zone))
    minute = local.hour * 60 + local.minute
    return (
        which.opens <= minute < which.closes
        and str(local.isoweekday()) in which.weekdays
        and local.date().isoformat() not in which.holidays
    )


def of_messages(world: World, rows: list[Any]) -> Iterator[str]:
    """Each message is at the provider once where that can be known, and else it is unknown."""
    names = {key: number for number, key in world.people.items()}
    taken = Counter((each.number, each.body) for each in world.provider.accepted.values())
    known = Counter(row.provider_id for row in rows if row.provider_id)
    unknown: Counter[tuple[str, str]] = Counter()
    for row in rows:
        key = (names[row.contact_id], row.body)
        if row.state in {"queued", "sending"}:
            yield f"message {row.id} is {row.state} at the end"
        if row.provider_id:
            accepted = world.provider.accepted.get(row.provider_id)
            if accepted is None or (accepted.number, accepted.body) != key or known[row.provider_id] > 1:
                yield f"message {row.id} has the id of another message, or of none"
            taken[key] -= 1
        elif row.state in AT_PROVIDER:
            yield f"message {row.id} is {row.state} without an id"
        elif row.state == "unknown":
            unknown[key] += 1
    for key, count in taken.items():
        if count > unknown[key]:
            yield f"the provider took {count} more for {key[0][-4:]} than can be: {key[1][:30]!r}"


def of_reports(world: World) -> Iterator[str]:
    """What was said of a message has moved it."""
    statement = (
        "SELECT DISTINCT o.id, o.state, r.delivery FROM outbox o JOIN delivery_report r ON r.provider_id = o.provider_id "
        "WHERE o.state IN ('sent', 'unknown') AND r.delivery IN ('delivered', 'failed')"
    )
    for key, state, delivery in world.rows(statement):
        yield f"message {key} is {state}, and was reported as {delivery}"


def of_times(world: World, rows: list[Any]) -> Iterator[str]:
    """None is sent after its time."""
    expiry = {row.id: moment(row.expires_at) for row in rows}
    for request in world.requests:
        if request.at >= expiry[request.message.id]:
            yield f"message {request.message.id} was in a request after its time"


def of_reminders(world: World, plans: Mapping[int, Any]) -> Iterator[str]:
    """One first message a person, and at most so many reminders."""
    sent: Counter[tuple[int, int, str]] = Counter()
    for request in world.requests:
        if request.accepted and request.message.broadcast_id is not None:
            sent[request.message.broadcast_id, request.message.contact_id, request.message.kind] += 1
    for (key, contact, kind), count in sent.items():
        most = plans[key].remind_most if kind == "reminder" else 1
        if count > most:
            yield f"broadcast {key}: contact {contact} got {count} times a {kind}"


def of_tallies(world: World, key: int, rows: list[Any]) -> Iterator[str]:
    """The tallies are what one counts."""
    counted: Counter[str] = Counter()
    people = "SELECT state, reason, count(*) FROM recipient WHERE broadcast_id = :key GROUP BY state, reason"
    for state, reason, count in world.rows(people, key=key):
        counted[f"people:{reason or state}"] += count
    for row in rows:
        if row.broadcast_id == key:
            counted["messages:" + ("waiting" if row.state in {"queued", "sending"} else row.state)] += 1
            if row.state in {"failed", "unknown"}:
                counted[f"trouble:{row.state} {row.reason}"] += 1
    kept = dict(world.rows("SELECT what, count FROM tally WHERE broadcast_id = :key", key=key))
    for what in sorted(counted.keys() | kept.keys()):
        if counted[what] != kept.get(what, 0):
            yield f"broadcast {key}: {kept.get(what, 0)} {what} are tallied, and there are {counted[what]}"


def of_money(world: World, key: int, rows: list[Any]) -> Iterator[str]:
    """What is spent follows from the messages, and neither it nor the provider's bill is over the budget."""
    (budget, spent), *_ = world.rows("SELECT budget, spent FROM broadcast WHERE id = :key", key=key)
    due = sum(_cost(row) for row in rows if row.broadcast_id == key)
    if spent != due:
        yield f"broadcast {key} has spent {spent}, and its messages come to {due}"
    prices = {row.id: row.price for row in rows}
    bill = over = 0
    for request in world.requests:
        if request.message.broadcast_id == key and request.accepted:
            cost = world.provider.accepted[request.accepted].cost
            bill += cost
            over += max(cost - prices[request.message.id], 0)  # it took more than the tariff says
    if budget is not None and max(spent, bill) > budget + over:
        yield f"broadcast {key}: budget {budget}, spent {spent}, the provider's bill {bill}"


def _cost(row: Any) -> int:
    if row.state in {"cancelled", "expired"} or (row.state == "failed" and row.provider_id is None):
        return 0
    try:
        return millionths(row.cost, CURRENCY)
    except NotMoney:
        return int(row.price)


def of_people(world: World, key: int, rows: list[Any]) -> Iterator[str]:
    """Nobody is forgotten."""
    (state, ends_at, reason), *_ = world.rows("SELECT state, ends_at, reason FROM broadcast WHERE id = :key", key=key)
    places = world.rows("SELECT contact_id, state, reason, due_at FROM recipient WHERE broadcast_id = :key", key=key)
    if state in {"running", "scheduled"}:
        yield f"broadcast {key} is {state} at the end"
    if state not in {"done", "cancelled"}:
        return
    if state == "done" and len(places) != len(world.people):
        yield f"broadcast {key} has {len(places)} recipients of {len(world.people)}"
    messages = defaultdict(set)
    for row in rows:
        if row.broadcast_id == key:
            messages[row.contact_id].add(row.state)
    over = state == "cancelled" or (ends_at is not None and reason == "its end time came")
    for place in places:
        for fault in _of_place(place, messages[place.contact_id], over=over):
            yield f"broadcast {key}: contact {place.contact_id} {fault}"


def _of_place(place: Any, sent: set[str], *, over: bool) -> Iterator[str]:
    if place.state == "waiting" or place.due_at is not None:
        yield "still waits"
    if place.state == "left_out" and not place.reason:
        yield "is left out for no reason"
    if place.state in {"written", "ended"} and not sent:
        yield f"is {place.state} and was never written to"
    if place.state == "written" and not over and sent == {"expired"}:
        yield "is written to, and all that was written has expired"


def of_pace(world: World, which: Any, rows: list[Any]) -> Iterator[str]:
    """No more messages a minute than were wished."""
    pace, until = which.per_minute, world.paced_until
    times = sorted(moment(row.created_at) for row in rows if row.broadcast_id == which.id) if pace else []
    times = [at for at in times if until is None or at < until]
    first = 0
    for place, at in enumerate(times):
        while at - times[first] >= timedelta(minutes=1):
            first += 1
        if place - first + 1 > pace + pace // 60 + 1:
            yield f"broadcast {which.id} wrote {place - first + 1} messages in a minute"
            return
