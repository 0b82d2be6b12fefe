"""Where an inbound goes: which survey a service code or keyword starts, and which words are commands."""

from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from app.channels.simulated import SERVICE_CODE
from app.flows.phrases import fold, words
from app.settings import Settings

_KEYWORD_LENGTH = 32
_LEAST_LETTERS, _NEAR = 4, 0.75  # one letter of four may be another


class Command(StrEnum):
    """A word that works at any point of an SMS conversation, in every language."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    INFO = "info"
    WITHDRAW = "withdraw"
    DELETE = "delete"

    @property
    def leaves(self) -> bool:
        """Whether whoever sends it wants to be left alone."""
        return self in {Command.STOP, Command.WITHDRAW, Command.DELETE}


@dataclass(frozen=True, slots=True)
class Routes:
    """Service codes and keywords, folded for comparison."""

    survey: str
    codes: dict[str, str]
    keywords: dict[str, str]
    calls: dict[str, str]
    """By the figures of the number alone: the plus comes and goes."""

    @classmethod
    def of(cls, settings: Settings) -> "Routes":
        """Read them from the settings."""
        keywords = {fold(word): survey for word, survey in settings.keywords.items()}
        calls = {_figures(number): survey for number, survey in settings.missed_calls.items()}
        codes = dict(settings.service_codes)
        if settings.channel == "simulated" and settings.survey not in codes.values():
            codes.setdefault(SERVICE_CODE, settings.survey)
        return cls(settings.survey, codes, keywords, calls)

    @property
    def first_keyword(self) -> str:
        """The keyword that people are told of."""
        return next(iter(self.keywords), "").upper()

    def survey_of_code(self, service_code: str) -> str:
        """The survey that a dialled code starts. Codes are compared as they are: `*384*77#`."""
        return self.codes.get(service_code, self.survey)

    def code_of(self, survey: str) -> str:
        """The code that is dialled for a survey; empty where none is set."""
        return next((code for code, name in self.codes.items() if name == survey), "")

    def survey_of_call(self, number: str) -> str:
        """The survey that a call to this number begins."""
        return self.calls.get(_figures(number), self.survey)

    def survey_of_text(self, text: str, *, in_conversation: bool) -> str | None:
        """The survey whose keyword a message begins with; within a conversation the keyword must stand alone."""
        folded = fold(text[: 4 * _KEYWORD_LENGTH])
        word = (folded if in_conversation else folded.split(" ")[0]).strip(" .,!?;:\"'")
        return self.keywords.get(word) or (None if in_conversation else self._meant(word))

    def _meant(self, word: str) -> str | None:
        """The survey of the one keyword that a word nearly is: small keys, and a language that is not one's own."""
        if len(word) < _LEAST_LETTERS or not word.isalpha():
            return None
        near = {self.keywords[keyword] for keyword in get_close_matches(word, self.keywords, cutoff=_NEAR)}
        return near.pop() if len(near) == 1 else None


def _figures(number: str) -> str:
    return "".join(sign for sign in number if sign.isdigit())


def command_of(text: str) -> Command | None:
    """The command that a message is, if the whole of it is one."""
    if len(text) > _KEYWORD_LENGTH:
        return None
    word = fold(text)
    for command in Command:
        if word in words(f"words_{command}"):
            return command
    return None
