"""Plays the steps of a transcript on phones: what each step does, and how its outcome is written."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from app import main
from app.channels.simulated import SERVICE_CODE
from app.cli.handset import Clock, Handset, Journey, Network, NoSession, Stored
from app.cli.transcript import Block, Header, Look, Step, Typed, World, phone_of, span, write
from app.flows import gsm7
from app.flows.flow import Flow
from app.flows.questions.metadata import Metadata
from app.flows.reading.compile import compile_form
from app.gateway import library as shelves
from app.gateway.bringing import File, bring
from app.settings import Settings
from app.settings import load as read_settings
from app.values import Medium, RunState, Screen

KEYWORD = "IZWI"
# Runs that end by themselves say enough with their state.
_OF_THE_SURVEY = {RunState.COMPLETED, RunState.DECLINED, RunState.SCREENED_OUT}


class Stage:
    """Phones on a network, and the one that is in the hand."""

    def __init__(self, header: Header, parts: main.Parts, flow: Flow) -> None:
        header = replace(header, locale=header.locale or flow.locale)
        self.header, self.flow = header, flow
        self.clock = Clock(header.at)
        self.network = Network(parts, self.clock, seed=header.seed)
        self.medium = header.channel
        self.phones = [Handset(self.network, header.number)]
        self.phone = self.phones[0]
        self.rooms = {
            Medium.USSD: (parts.settings.ussd_septets, parts.settings.ussd_ucs2),
            Medium.SMS: (parts.settings.sms_septets, parts.settings.sms_ucs2),
        }
        if header.locale in flow.locales and not any(question.sets_language for question in flow.questions):
            # The form does not ask for it, so the phone has it from before.
            self.network.prefer(header.number, header.locale)

    def play(self, steps: Sequence[Step]) -> str:
        """Do all steps and write the transcript of them."""
        blocks = [Block(step, self.do(step)) for step in steps]
        return write(self.written_header(), blocks)

    def written_header(self) -> Header:
        """The header with the language that the first phone's last run is in."""
        journeys = self.phones[0].journeys()
        return replace(self.header, locale=journeys[-1].locale) if journeys else self.header

    def do(self, step: Step) -> list[str]:
        """Do one step; returns the lines that it shows."""
        match step:
            case Typed(words):
                return self.shown(self.type(words))
            case World(event):
                return self.shown(self.happen(event))
            case Look():
                return self.stored()
        return []

    def type(self, words: str) -> Screen | list[str]:
        """Type: a message by SMS, a reply in a session, else a code to dial."""
        if self.medium is Medium.SMS:
            return self.phone.text(words)
        if self.phone.in_session:
            return self.phone.reply(words)
        if not (words.startswith("*") and words.endswith("#")):
            raise NoSession
        return self.phone.dial(words)

    def happen(self, event: str) -> Screen | list[str] | None:
        """Let the world do something; returns what the phone shows of it."""
        time = span(event)
        number = len(self.phones) + 1 if event == "another phone" else phone_of(event)
        if time is not None:
            self.network.pass_time(time)
        elif number is not None:
            self.take_up(number)
        elif event.startswith("by "):
            self.medium = Medium(event.removeprefix("by "))
        elif event == "provider retries":
            return self.phone.retry()
        elif event == "an old request comes late":
            return self.phone.late()
        else:
            self.phone.drop()
        return None

    def take_up(self, number: int) -> None:
        """Take up phone 1, 2 … in its own place: the others keep their sessions."""
        while len(self.phones) < number:
            following = int(self.header.number) + len(self.phones)
            self.phones.append(Handset(self.network, f"+{following}"))
        self.phone = self.phones[number - 1]

    # -- how it is written --------------------------------------------------------------------------------------------

    def shown(self, what: Screen | list[str] | None) -> list[str]:
        """Write a screen, or messages, with the room that each takes."""
        if what is None:
            return []
        if isinstance(what, Screen):
            text = f"{'END' if what.final else 'CON'} {what.text}"
            return [*text.split("\n"), f"[{self.room_of(what.text, Medium.USSD)}]"]
        lines = []
        for body in what:
            lines += [*body.split("\n"), f"[{self.room_of(body, Medium.SMS)}, {gsm7.segments(body)[2]} SMS]"]
        return lines or ["(nothing comes)"]

    def room_of(self, text: str, medium: Medium) -> str:
        """Say how much of a page or message a text takes."""
        septets, ucs2 = self.rooms[medium]
        narrow, wide = gsm7.units(text)
        return f"UCS-2 {wide} of {ucs2}" if narrow is None else f"{narrow} of {septets}"

    def stored(self) -> list[str]:
        """Write everything that is stored of the phone in the hand."""
        lines = []
        for journey in self.phone.journeys():
            lines.append(_run(journey))
            lines += [self._answer(each) for each in journey.answers]
        if self.phone.stopped():
            lines.append("stopped: wants no messages")
        return lines or ["nothing"]

    def _answer(self, stored: Stored) -> str:
        line = f"{stored.question} " + ("skipped" if stored.value is None else f"= {self.value_of(stored)}")
        line += " (worked out)" if stored.raw is None else f" (raw {stored.raw})"
        line += "" if stored.medium is self.header.channel else f" by {stored.medium}"
        return line + (" set aside" if stored.set_aside else "")

    def value_of(self, stored: Stored) -> str | None:
        """A value as stored; pseudonyms are random, so that no two runs of a transcript would have the same."""
        kind = self.flow.spot(stored.question).kind
        is_random = isinstance(kind, Metadata) and kind.given in {"device", "who"}
        return "(her pseudonym)" if is_random else stored.value


def _run(journey: Journey) -> str:
    line = f"run {journey.state}"
    if journey.state != RunState.COMPLETED:
        line += f" at {journey.question}"
    return line if journey.state in {RunState.ACTIVE, *_OF_THE_SURVEY} else f"{line} ({journey.reason})"


@contextmanager
def stage(header: Header, survey: File, folder: Path, *, database_url: str = "") -> Iterator[Stage]:
    """Set a stage in an empty folder: a whole service with this survey. Raises `FormError` if it cannot be asked."""
    is_shipped = survey in shelves.shipped()
    name = _stem(survey) if is_shipped else compile_form(bring(survey)).id
    parts = main.assemble(on_stage(read_settings(), name, folder, database_url), [survey])
    edition = parts.library.newest(name)
    assert edition is not None  # noqa: S101 -- it has just been published
    try:
        yield Stage(header, parts, edition.flow)
    finally:
        parts.close()


def on_stage(settings: Settings, survey: str, folder: Path, database_url: str = "") -> Settings:
    """The settings of a service that asks one survey, over a channel from which nothing leaves."""
    return settings.model_copy(
        update={
            "data_dir": folder, "database_url": database_url, "channel": "simulated", "channels": {}, "survey": survey,
            "keywords": {KEYWORD: survey}, "service_codes": {}, "surveys_dir": None, "targets": {}, "production": False,
        }
    )  # fmt: skip


@contextmanager
def throw_away_stage(header: Header, survey: File) -> Iterator[Stage]:
    """Set a stage that leaves nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="izwi-phone-"))
    try:
        with stage(header, survey, folder) as made:
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def first_words(medium: Medium) -> str:
    """What begins the survey: the code to dial, or the keyword to send."""
    return SERVICE_CODE if medium is Medium.USSD else KEYWORD


def find(survey: str, *, beside: Path = Path()) -> File | None:
    """Find a survey by its id among those that ship, or by the path of its file."""
    path = beside / survey
    if path.is_file():
        return path
    return next((file for file in shelves.shipped() if _stem(file) == survey), None)


def names() -> list[str]:
    """The ids of the surveys that ship."""
    return sorted(_stem(file) for file in shelves.shipped())


def _stem(file: File) -> str:
    """The name of a file without its kind; of a survey that ships, its id."""
    return file.name.rsplit(".", 1)[0]
