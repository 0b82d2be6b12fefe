"""Between a person at a terminal and the phones of a stage: lines in, drawn screens or a plain transcript out."""

import contextlib
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from app.cli import drawing
from app.cli.handset import Journey
from app.cli.root import say
from app.cli.stage import Stage, first_words
from app.cli.transcript import HARARE, Block, Look, Step, Typed, World, write
from app.flows import phrases
from app.flows.flow import place_of
from app.reports.labels import question_label, value_label
from app.values import Medium

HELP = """\
Type a reply and press Enter. Besides, for what the world does:
  :drop      the session drops        :dial         dial again; by SMS, send the keyword
  :retry     the provider repeats     :wait 2h      time passes (30m, 2h, 25h, 3d)
  :sms :ussd go on by text message, or by the dialled menu
  :answers   what is stored           :quit         end, as Ctrl-D does"""
_WORLD = {"drop": "session dropped", "retry": "provider retries", "sms": "by sms", "ussd": "by ussd"}
_WAIT = re.compile(r"(\d{1,4}) ?(s|m|h|d|w)\w*")
_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"}


class Terminal:
    """One sitting with a phone."""

    def __init__(self, stage: Stage, language: str | None, *, drawn: bool) -> None:
        self.stage, self.language, self.drawn = stage, language, drawn
        self.blocks: list[Block] = []

    def run(self, save: Path | None) -> None:
        """Begin the survey, take lines until the end, show what was stored, and save the transcript."""
        if self.drawn:
            say(click.style(f"{self.stage.flow.title}. :help says what else you can do, :quit ends.", dim=True))
        else:
            say(f"{self.stage.header}\n")
        # Ctrl-C at any point ends the sitting; what happened until then is shown and saved.
        with contextlib.suppress(KeyboardInterrupt):
            self._act(Typed(first_words(self.stage.medium)))
            self._choose_language()
            for line in self._lines():
                if not self._take(line):
                    break
        if self.drawn:
            say()
        self._show_stored()
        if save is not None:
            self._save(save)

    def do(self, step: Step) -> None:
        """Do a step, and show what comes of it."""
        block = Block(step, self.stage.do(step))
        self.blocks.append(block)
        if self.drawn:
            self._draw(block)
        else:
            say(f"{block}\n")

    def _act(self, step: Step) -> None:
        """Do a step that was not typed as it is."""
        if self.drawn:
            say(click.style(f"  {step}", dim=True))
        self.do(step)

    def _save(self, path: Path) -> None:
        self.blocks.append(Block(Look(), self.stage.do(Look())))
        path.write_text(write(self.stage.written_header(), self.blocks), encoding="utf-8")
        say(f"Saved to {path}. In tests/transcripts, every `make test` plays it again.", err=not self.drawn)

    # -- what is typed ------------------------------------------------------------------------------------------------

    def _lines(self) -> Iterator[str]:
        if not self.drawn:
            yield from (line.rstrip("\r\n") for line in sys.stdin)
            return
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401 -- gives the prompt its arrows and its history
        with contextlib.suppress(EOFError):
            while True:
                yield input(self._prompt())

    def _prompt(self) -> str:
        if self.stage.medium is Medium.SMS:
            return "message> "
        return "reply> " if self.stage.phone.in_session else "(no session; :dial, or Enter to end)> "

    def _take(self, line: str) -> bool:
        """Take a line; False ends the sitting."""
        if line.startswith(":"):
            name, _, rest = line[1:].strip().partition(" ")
            return self._command(name.casefold(), rest.strip())
        if self.stage.medium is Medium.USSD and not self.stage.phone.in_session:
            if not line.strip():
                return False
            if not (line.startswith("*") and line.endswith("#")):
                self._hint("No session is open; :dial opens one.")
                return True
        if line.strip() or self.stage.medium is Medium.USSD:
            self.do(Typed(line))
        return True

    def _command(self, name: str, rest: str) -> bool:
        if name in {"quit", "q", "exit"}:
            return False
        if name in _WORLD:
            self._act(World(_WORLD[name]))
        elif name == "dial":
            self._dial(rest)
        elif name == "wait":
            self._wait(rest)
        elif name == "answers":
            self._show_stored()
        elif name == "help":
            say(HELP)
        else:
            self._hint(f"There is no :{name}; :help says what there is.")
        return True

    def _dial(self, code: str) -> None:
        if self.stage.phone.in_session and self.stage.medium is Medium.USSD:
            self._act(World("session dropped"))
        is_code = code.startswith("*") and code.endswith("#")
        self._act(Typed(code if is_code else first_words(self.stage.medium)))

    def _wait(self, words: str) -> None:
        match = _WAIT.fullmatch(words)
        if match is None:
            self._hint("How long? Such as :wait 30m, :wait 2h, :wait 25h, :wait 3d")
            return
        amount, unit = int(match[1]), _UNITS[match[2]]
        self._act(World(f"{amount} {unit} passes" if amount == 1 else f"{amount} {unit}s pass"))

    def _choose_language(self) -> None:
        """Answer the question for the language, if that is what the survey begins with."""
        journeys = self.stage.phone.journeys()
        question = journeys[-1].flow.by_name.get(place_of(journeys[-1].question)[0]) if journeys else None
        if not (self.language and question and question.sets_language and question.choices):
            return
        names = [choice.name for choice in question.choices.choices]
        numbered = not question.choices.randomize and question.choices.nodeset is None
        self._act(Typed(str(names.index(self.language) + 1) if numbered else self.language))

    # -- what is shown ------------------------------------------------------------------------------------------------

    def _draw(self, block: Block) -> None:
        """Draw each screen or message of a block as a phone; other lines as they are."""
        shown: list[str] = []
        for line in block.lines:
            if shown and line.startswith("[") and line.endswith("]"):
                say(self._phone(shown, line.strip("[]")))
                shown = []
            else:
                shown.append(line)
        for line in shown:
            say(click.style(f"  {line}", dim=True))

    def _phone(self, lines: Sequence[str], room: str) -> str:
        first, on_menu = lines[0], self.stage.medium is Medium.USSD
        place = ""
        if on_menu:
            place = "session closed" if first.startswith("END ") else self._page(lines)
        body = [first[4:], *lines[1:]] if on_menu else lines
        count, _, parts = room.partition(", ")
        return drawing.phone(
            body,
            title=_spread(f"{'USSD' if on_menu else 'SMS'} {self.stage.clock.now.astimezone(HARARE):%H:%M}", place),
            status=_spread(count if count.startswith("UCS-2") else f"{count} septets", parts),
        )

    def _page(self, lines: Sequence[str]) -> str:
        """Which page of several this is; nothing where there is only one."""
        journeys = self.stage.phone.journeys()
        if not journeys:
            return ""
        page, locale = journeys[-1].page, journeys[-1].locale
        steer = phrases.say("back" if page else "next", locale)
        return f"page {page + 1}" if any(line.endswith(f" {steer}") for line in lines[-2:]) else ""

    def _show_stored(self) -> None:
        for journey in self.stage.phone.journeys():
            count = len(journey.answers)
            open_at = f" at {journey.question}" if journey.state == "active" else ""
            line = f"Stored: run {journey.state}{open_at}, {count} answer{'' if count == 1 else 's'}"
            say(click.style(line, bold=True))
            if count:
                say(drawing.table(_rows(journey)))
            say()
        if self.stage.phone.stopped():
            say("This phone asked for silence: it is sent nothing more.")

    def _hint(self, words: str) -> None:
        say(words, err=not self.drawn)


def _rows(journey: Journey) -> Sequence[tuple[str, ...]]:
    flow, locale = journey.flow, journey.locale
    rows = [("question", "answer", "value", "typed")]
    for each in journey.answers:
        position = place_of(each.question)[1]
        question = question_label(flow, each.question, locale) or each.question
        question += f" [{position}]" if position else ""
        label = value_label(flow, each.question, each.value, locale) or each.value or "(skipped)"
        value = f"{each.value or ''}{' (set aside)' if each.set_aside else ''}"
        rows.append((question, label, value, each.raw or ""))
    return rows


def _spread(left: str, right: str) -> str:
    """Put two words at the two ends of a line of the phone."""
    return f"{left}{right.rjust(drawing.WIDTH - len(left))}"
