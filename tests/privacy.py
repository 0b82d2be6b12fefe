"""Nothing personal is logged: every test of the suite is watched for it.

Each record that any logger makes while a test runs is kept with its traceback, and looked through when the test has ended. It
may hold no phone number, nothing that was typed in a turn of this test, and no text of a form that was compiled in it.
`look_through` does the same for what a process of its own has written.
"""

import logging
import re
import traceback
from collections.abc import Generator, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from app.flows.flow import Flow, Text
from app.flows.reading.compile import compile_form
from app.gateway import bringing
from app.gateway.library import shipped
from app.gateway.turns import Gateway

NUMBER = re.compile(r"(?<!\d)(?:\+?263|0)77000\d{4}(?!\d)")
# Shorter ones are words of any sentence.
_LABEL, _TYPED = 12, 6
# What the tests ask of the API is logged by the library of the client, on the client's side.
_CLIENT = re.compile(r"httpx: HTTP Request: \w+ http://izwi/")
# What a demo prints to be copied is no log, and its number is nobody's.
_DEMO = re.compile(r"^  curl -s .*$", re.MULTILINE)


class Watch:
    """A plugin of pytest. It asks the makers of records, not a handler: a test may take all handlers away."""

    def __init__(self) -> None:
        self._logged: list[str] = []
        self._flows: list[Flow] = []
        self._typed: set[str] = set()

    def pytest_configure(self) -> None:
        """Begin to watch."""
        made, taken, compiled = logging.getLogRecordFactory(), Gateway.take_turns, Flow.__init__

        def make(*given: Any, **more: Any) -> logging.LogRecord:
            record = made(*given, **more)
            told = traceback.format_exception(*record.exc_info) if record.exc_info else []
            line = f"{record.name}: {record.getMessage()}\n"
            if not _CLIENT.match(line):
                self._logged.append("".join([line, *told, record.stack_info or ""]))
            return record

        def take_turns(gateway: Gateway, arrivals: Any, *given: Any, **more: Any) -> Any:
            for each in arrivals:
                self._typed.update(getattr(each.inbound, "text", "").split("*"))
            return taken(gateway, arrivals, *given, **more)

        def compile_flow(flow: Flow, *given: Any, **more: Any) -> None:
            compiled(flow, *given, **more)
            self._flows.append(flow)

        logging.setLogRecordFactory(make)
        Gateway.take_turns, Flow.__init__ = take_turns, compile_flow  # type: ignore[method-assign]  # it watches every test

    def pytest_runtest_setup(self) -> None:
        """Hear everybody at the level of a service, and our own at any."""
        logging.getLogger().setLevel(logging.INFO)
        logging.getLogger("app").setLevel(logging.DEBUG)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, Any, Any]:
        """Watch a test, and what made things ready for it."""
        return self._watched((yield))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Generator[None, Any, Any]:
        """Watch what clears up after it."""
        return self._watched((yield))

    def _watched(self, result: Any) -> Any:
        logged, flows = list(self._logged), list(self._flows)
        typed = self._typed - {flow.id for flow in flows}  # a keyword is the name of a survey, and no answer
        self._logged.clear()
        self._flows.clear()
        self._typed.clear()
        if logged:
            look_through("\n".join(logged), (*_words(typed), *(text for flow in flows for text in texts_of(flow))))
        return result


def look_through(logged: str, secrets: Iterable[str] = ()) -> None:
    """Find no number in what was logged, and none of these texts."""
    found = [match[0] for match in NUMBER.finditer(logged)] + [each for each in secrets if each in logged]
    assert not found, f"{sorted(set(found))} was logged:\n{logged}"


def look_through_process(logged: str, *typed: str) -> None:
    """Find nothing personal in what a process of our own wrote, where it asked the survey that ships."""
    look_through(_DEMO.sub("", logged), (*typed, *_shipped_texts()))


def texts_of(flow: Flow) -> Iterator[str]:
    """The texts of a form that are long enough to be told from any sentence."""
    for question in flow.questions:
        choices = question.choices.choices if question.choices else ()
        yield from _pieces(question.labels, question.shorts, question.hint, question.constraint_message)
        yield from _pieces(*(each.labels for each in choices))


def _pieces(*texts: Mapping[str, Text]) -> Iterator[str]:
    for wordings in texts:
        for text in wordings.values():
            yield from (piece.strip() for piece in text if isinstance(piece, str) and len(piece.strip()) >= _LABEL)


def _words(typed: Iterable[str]) -> Iterator[str]:
    return (each.strip() for each in typed if len(each.strip()) >= _TYPED and not each.strip().isdigit())


@cache
def _shipped_texts() -> frozenset[str]:
    return frozenset(text for file in shipped() for text in texts_of(compile_form(bringing.bring(file))))
