"""One schedule: what happens, in an order that its seed gives. The same seed is the same story."""

import threading
import time
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import exc
from sqlalchemy.engine import Connection

from app.channels.base import OptOut, SmsIn, UssdTurn
from app.gateway.drafting import Draft
from app.gateway.hours import hours_of
from app.gateway.refusals import NotPossible
from app.store import broadcasts, channels
from app.store.broadcasts import Broadcast
from tests.faults.database import Fault, Killed
from tests.faults.provider import MOODS, PRICE, Provider
from tests.faults.real import RealProvider
from tests.faults.verdict import Watch, judge
from tests.faults.world import MARKET_CODE, OTHER_CODE, World

HOURS = ("08:00-19:00", "08:00-19:00", "00:00-24:00", "10:00-24:00", "00:00-13:00", "11:30-12:30")
ZONES = ("Africa/Harare",) * 5 + ("Europe/London",)
# Days on which clocks are changed in London, and one on which none is.
DAYS = (date(2026, 11, 23),) * 4 + (date(2026, 10, 24), date(2027, 3, 27))
DEEDS = {
    "deliver": 40, "feed": 20, "sweep": 5, "expire": 2, "person": 14, "report": 10, "jump": 6, "coordinator": 2, "mood": 4,
    "hold": 1,
}  # fmt: skip
FAULTS = ("before", "at statement", "at statement", "before commit", "after commit")


@dataclass(frozen=True, slots=True)
class Sort:
    """What may go wrong in a story."""

    kills: bool
    errors: bool
    moods: tuple[str, ...]
    together: bool
    """Whether other things happen in the middle of what a worker does."""
    threads: bool
    """Whether the workers are threads, really at once."""

    @classmethod
    def of(cls, seed: int, chance: Random) -> "Sort":
        """Most stories have everything; some have only a part, so that what is known there must be exact."""
        calm = ("well", "slow", "down", "refuses")
        moods = chance.choice((MOODS, MOODS, MOODS, calm, ("well",)))
        kills, errors, together = (chance.random() < likely for likely in (0.6, 0.6, 0.8))
        return cls(kills, errors, moods, together, threads=seed % 20 == 11)


class Story:
    """Plays one seed in a world."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.seed, self.chance = world, seed, Random(seed)
        self.sort = Sort.of(seed, self.chance)
        self.watch, self.deep = Watch(), False
        self.stalled = self.sort.threads
        self.count = 0
        self.plans: dict[str, Broadcast] = {}
        self.sessions: dict[str, tuple[str, str, str]] = {}

    def play(self) -> list[str]:
        """Play it to its end; returns what is wrong."""
        chance, world = self.chance, self.world
        provider = self.provider()
        self.lease = chance.choice((30, 60, 60, 90))
        world.begin(
            chance, provider, provider, zone=chance.choice(ZONES), lease_seconds=self.lease,
            broadcast_batch=chance.choice((3, 20, 500)), send_attempts=chance.choice((2, 3, 20)),
        )  # fmt: skip
        start = chance.choice(DAYS)
        world.clock.now = world.clock.now.replace(year=start.year, month=start.month, day=start.day)
        world.add_people(chance.choice((20, 20, 20, 30, 40, 60, 120)))
        self.names = [name for number in range(chance.choice((1, 1, 2))) if (name := self.draft(f"b{number}"))]
        world.database.between, world.database.fault = self.between, self.fault
        if self.sort.threads:
            self.go_on_together()
        else:
            for _ in range(chance.randint(60, 240)):
                self.step()
                if not self.chance.randrange(5):
                    self.watch.look(world)
        self.end()
        most = {name: world.broadcasting.find(name).remind_most for name in self.names}  # a command may have changed it
        plans = {which.id: replace(which, remind_most=most[name]) for name, which in self.plans.items()}
        # Of a worker that is held up, as threads may be at any time, the lease may end.
        return judge(world, plans, exact=not (self.sort.kills or self.sort.errors or self.stalled))

    def provider(self) -> Provider:
        """The provider of this story: in most it is inside the process, where it is fast."""
        chance = self.chance
        if self.world.process is not None and self.seed % 10 == 7:
            return RealProvider(chance, self.world.process)
        dear = chance.choice((PRICE, PRICE, PRICE * 9 // 10, PRICE * 11 // 10))
        return Provider(chance, self.sort.moods, dear=dear)

    def go_on_together(self) -> None:
        """Two workers that are threads, really at once; the seed gives what happens, and not in which order."""
        over = threading.Event()
        threads = [threading.Thread(target=self.work, args=(name, over)) for name in ("one", "two")]
        for thread in threads:
            thread.start()
        for _ in range(self.chance.randint(60, 120)):
            self.world.clock.pass_time(self.chance.choice((0.2, 1, 3)))
            self.outside(self.chance.choice(("person", "person", "report", "coordinator", "mood")))
            if not self.chance.randrange(12):
                self.jump()
            self.watch.look(self.world)
            time.sleep(0.002)  # the workers' turn
        over.set()
        for thread in threads:
            thread.join(60)

    def work(self, name: str, over: threading.Event) -> None:
        """One worker, in its thread."""
        chance = Random(f"{self.seed} {name}")
        try:
            while not over.is_set():
                self.world.act(
                    name, chance.choice(("deliver", "deliver", "deliver", "feed", "feed", "sweep", "expire"))
                )
        except Exception as error:
            self.world.faults.append(f"worker {name} ended: {type(error).__name__}")

    # -- the broadcasts -----------------------------------------------------------------------------------------------

    def draft(self, name: str) -> str:
        """Draft a broadcast, plan it, and start it; nothing goes wrong meanwhile."""
        chance, world = self.chance, self.world
        now, mode = world.clock(), chance.choice(("message", "invitation", "invitation", "conversation"))
        asks = mode != "message"
        later = now + timedelta(hours=chance.choice((1, 5, 20)))
        wish = Draft(
            name=name, mode=mode, survey="market" if asks else None,
            texts={} if asks else {"en": f"The meeting is on Friday. {name}", "sn": f"Musangano uri neChishanu. {name}"},
            starts_at=later if chance.random() < 0.3 else None,
            ends_at=later + timedelta(hours=chance.choice((6, 30, 80))) if chance.random() < 0.4 else None,
            hours=chance.choice(HOURS), at_night=True, weekdays=chance.choice(("1234567", "1234567", "1234", "67")),
            holidays=(now.date() + timedelta(days=1),) if chance.random() < 0.3 else (),
            expiry_hours=chance.choice((0.02, 0.5, 3, 24, 24, 100)), per_minute=chance.choice((None, None, 6, 30, 150)),
            remind_days=chance.choice((1, 2, 3)), remind_most=chance.choice((0, 1, 2, 3)) if asks else 0,
            rest_days=chance.choice((0, 1, 30)),
        )  # fmt: skip
        world.broadcasting.draft(wish, now)
        made = world.broadcasting.plan(name, now)
        if chance.random() < 0.4:
            budget = max(int(made.cost * chance.choice((1, 1, 1.3, 2))), 1)
            world.broadcasting.raise_budget(name, budget)
            world.broadcasting.plan(name, now)
        world.note(f"{name}: {wish.mode} {wish.hours} {wish.weekdays} expiry {wish.expiry_hours} ends {wish.ends_at}")
        self.plans[name] = world.broadcasting.start(name, now)
        return name

    # -- what happens -------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Let one thing happen."""
        self.world.clock.pass_time(self.chance.choice((0, 0.2, 0.5, 1, 3)))
        (deed,) = self.chance.choices(list(DEEDS), list(DEEDS.values()))
        match deed:
            case "deliver" | "feed" | "sweep" | "expire":
                self.world.act(self.chance.choice(("one", "two")), deed)
            case "jump":
                self.jump()
            case _:
                self.outside(deed)

    def outside(self, deed: str) -> None:
        """Something that is no worker's doing."""
        match deed:
            case "person":
                self.person()
            case "report":
                if said := self.world.provider.next_report():
                    self.world.take(said)
            case "coordinator":
                self.coordinator()
            case "mood":
                self.world.provider.change()
            case "hold":
                held = self.chance.random() < 0.4
                self.world.database.write(
                    lambda connection: channels.hold(connection, self.world.known.name, held=held)
                )

    def jump(self) -> None:
        """Let time pass: some minutes, some hours, or until shortly before the doors open or close."""
        world, chance = self.world, self.chance
        kind = chance.randrange(4)
        if kind == 0:
            world.clock.pass_time(chance.uniform(10, 600))
        elif kind == 1:
            world.clock.pass_time(chance.uniform(600, 30_000))
        else:
            which = self.plans[chance.choice(self.names)]
            local = world.clock().astimezone(ZoneInfo(which.zone))
            minute = which.opens if kind == 2 else which.closes
            day = local.replace(hour=0, minute=0, second=0, microsecond=0)
            to = day + timedelta(minutes=minute, seconds=-chance.uniform(0, 2 * self.lease))
            while to <= local:
                to += timedelta(days=1)
            world.clock.now = to.astimezone(world.clock.now.tzinfo)
        world.note("time has passed")

    def person(self) -> None:
        """Somebody does something on her phone."""
        number = self.chance.choice(list(self.world.people))
        self.count += 1
        match self.chance.choices(("dial", "other", "go on", "decline", "text", "opt out"), (4, 4, 4, 6, 6, 1))[0]:
            case "dial":
                self.dial(number, MARKET_CODE)
            case "other":
                self.dial(number, OTHER_CODE)
            case "go on":
                self.reply(number, "1")
            case "decline":
                self.decline(number)
            case "text":
                words = self.chance.choice(("STOP", "STOP", "START", "MARKET", "hello", "1"))
                self.world.note(f"contact {self.world.people[number]} texts {words}")
                self.world.take(SmsIn(f"in_{self.count}", number, "30007", words, "", "64804"))
            case "opt out":
                self.world.note(f"contact {self.world.people[number]} opts out")
                self.world.take(OptOut(number))

    def dial(self, number: str, code: str) -> None:
        """Dial; a session that was open is forgotten."""
        self.sessions[number] = (f"ATUid_{self.count}", code, "")
        self.world.note(f"contact {self.world.people[number]} dials {code}")
        self.world.take(UssdTurn(f"ATUid_{self.count}", number, code, "64804", ""))

    def decline(self, number: str) -> None:
        """Dial, choose a language, and decline: the shortest way through the survey."""
        self.dial(number, MARKET_CODE)
        self.reply(number, "1")
        self.reply(number, "2")

    def reply(self, number: str, words: str) -> None:
        """Reply to what is on the screen, if anything is."""
        if number in self.sessions:
            name, code, text = self.sessions[number]
            text = f"{text}*{words}" if text else words
            self.sessions[number] = (name, code, text)
            self.world.take(UssdTurn(name, number, code, "64804", text))

    def coordinator(self) -> None:
        """A coordinator changes her mind; the command may die on the way, or be told that the database is away."""
        world, chance = self.world, self.chance
        name = chance.choice(self.names)
        deed = chance.choices(("pause", "resume", "cancel", "remind", "budget"), (6, 8, 1, 3, 2))[0]
        try:
            match deed:
                case "pause":
                    world.broadcasting.pause(name)
                case "resume":
                    world.broadcasting.resume(name, world.clock())
                case "cancel":
                    world.broadcasting.cancel(name, world.clock())
                case "remind":
                    world.broadcasting.remind(name, world.clock())
                case "budget":
                    which = world.broadcasting.find(name)
                    world.broadcasting.raise_budget(name, (which.budget or which.spent) * 2 + 1)
        except NotPossible:
            return
        except (Killed, exc.DBAPIError):
            world.note(f"{name}: {deed} broke off")
            return
        world.note(f"{name}: {deed}")

    # -- what goes wrong ----------------------------------------------------------------------------------------------

    def between(self, point: str) -> None:
        """In the middle of what a worker does, something else happens, or it is held up."""
        if self.world.actor is None or self.deep or not self.sort.together or self.sort.threads:
            self.world.look(point)
            return
        self.deep = True
        try:
            draw = self.chance.random()
            if point == "read Requests._look" and draw < 0.3:
                self.at_the_last_moment()
            elif draw < 0.04:
                other = "two" if self.world.actor.name == "one" else "one"
                self.world.act(other, self.chance.choice(("deliver", "deliver", "feed", "sweep")))
            elif draw < 0.1:
                self.outside(self.chance.choice(("person", "person", "report", "coordinator")))
            elif draw < 0.12 and point not in {"before POST"}:
                self.stall()
        finally:
            self.deep = False
        self.world.look(point)

    def at_the_last_moment(self) -> None:
        """What concerns a message that is about to be sent."""
        world, chance = self.world, self.chance
        assert world.actor is not None
        claimed = chance.choice(list(world.actor.claimed.values()))
        number = next(each for each, key in world.people.items() if key == claimed.contact_id)
        self.count += 1
        match chance.choices(("stop", "other", "decline", "coordinator", "stall"), (4, 2, 1, 4, 1))[0]:
            case "stop":
                world.note(f"contact {claimed.contact_id} texts STOP")
                world.take(SmsIn(f"in_{self.count}", number, "30007", "STOP", "", "64804"))
            case "other":
                self.dial(number, OTHER_CODE)
            case "decline":
                self.decline(number)
            case "coordinator":
                self.coordinator()
            case "stall":
                self.stall()

    def stall(self) -> None:
        """A worker is held up."""
        self.stalled = True
        self.world.clock.pass_time(self.chance.choice((2, 20, 50, 100)))

    def fault(self, point: str) -> Fault | None:
        """Whether this goes wrong."""
        if point.endswith("Story.outside"):
            return None
        draw, sort = self.chance.random(), self.sort
        worker, post = self.world.actor is not None, point.endswith("POST")
        command = "Broadcasting" in point or "withdraw" in point
        if draw < (0.08 if command else 0.01) and sort.kills and (worker or command):
            where = "before" if post or point.startswith("read") else self.chance.choice(FAULTS)
            made = Fault("kill", where, self.chance.randrange(8))
        elif draw > 0.98 and sort.errors and not post:
            what = self.chance.choice(("error", "error", "gone"))
            where = "before" if point.startswith("read") else self.chance.choice(FAULTS)
            made = Fault(what, where, self.chance.randrange(8))
        else:
            return None
        self.world.note(f"{point}: {made}")
        return made

    # -- the end ------------------------------------------------------------------------------------------------------

    def end(self) -> None:
        """Everything is well again; the rest goes out, or its time passes."""
        world, chance = self.world, self.chance
        world.database.fault, world.database.between = (lambda _: None), world.look
        world.provider.mood = "well"
        world.database.write(lambda connection: channels.hold(connection, world.known.name, held=False))
        world.note("all is well")
        for name in self.names:
            if world.broadcasting.find(name).state == "paused" and chance.random() < 0.7:
                which = world.broadcasting.find(name)
                if which.budget is not None:
                    world.broadcasting.raise_budget(name, which.spent * 4 + 1_000_000_000)
                world.broadcasting.resume(name, world.clock())
        world.paced_until = world.clock()
        world.database.write(self.hurry)
        for _ in range(500):
            while world.act("one", "feed") + world.act("one", "deliver"):
                world.clock.pass_time(0.5)
            world.act("one", "sweep")
            world.act("one", "expire")
            if reports := [said for _ in range(40) if (said := world.provider.next_report())]:
                world.take(*reports)
            if self.is_over():
                break
            self.skip()
        self.watch.look(world)

    def hurry(self, connection: Connection) -> None:
        """Let the rest go as fast as it can: the pace was looked at long enough."""
        for which in self.plans.values():
            broadcasts.change(connection, which.id, {"per_minute": None})

    def skip(self) -> None:
        """Let some time pass, or all until the doors open."""
        clock = self.world.clock
        openings = [hours_of(which).next_opening(clock()) or clock() for which in self.running()]
        clock.pass_time(self.chance.choice((600, 7200, 20_000)))
        clock.now = max([clock.now, min(openings)] if openings else [clock.now])

    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        waiting = self.world.rows("SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')")[0][0]
        return not waiting and not self.running()

    def running(self) -> list[Broadcast]:
        """The broadcasts that go on."""
        return self.world.database.read(lambda connection: broadcasts.every(connection, "running", "scheduled"))


def replay(world: World, seed: int) -> tuple[list[str], list[str]]:
    """Play a seed; returns what is wrong, and the story."""
    story: Any = Story(world, seed)
    return story.play(), world.log
