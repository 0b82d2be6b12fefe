"""The watch over what is logged can fail: a test that logs something personal fails, however it was logged."""

import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.privacy import look_through, look_through_process, texts_of
from tests.talk import Talk

ROOT = Path(__file__).parents[1]
CONFTEST = """
import pytest
from tests.privacy import Watch

def pytest_configure(config):
    config.pluginmanager.register(Watch())
"""
CARELESS = '''
import logging
import pytest
from types import SimpleNamespace
from app.gateway.turns import Gateway
from tests.talk import Talk

log = logging.getLogger("app.careless")
FORM = """
    | survey | type | name | label              |
    |        | text | q    | What troubles you? |
"""

def typed(words):
    try:
        Gateway.take_turns(None, [SimpleNamespace(inbound=SimpleNamespace(text=words))])
    except AttributeError:
        pass  # this gateway is none, but the turn was seen

def test_number(): log.warning("from %s", "+263770000017")
def test_local_number(): log.debug("from 0770000017!")
def test_in_a_url(): logging.getLogger("uvicorn.access").info('GET /x?phone=263770000017')
def test_typed(): typed("1*1*my brother"); log.info("took %r", "my brother")
def test_text(): Talk(FORM); log.error("cannot show: What troubles you?")
def test_traceback():
    try:
        raise ValueError("0770000017")
    except ValueError:
        log.exception("it failed")
def test_without_handlers():
    log.propagate = False
    log.warning("0770000017")

@pytest.fixture
def left_behind():
    yield
    log.warning("0770000017")

def test_afterwards(left_behind): pass

def test_harmless():
    typed("1*1*my brother")
    Talk(FORM)
    log.warning("run 770000 of version 2026.11 failed after 26377000 ms: %s", "ValueError")
'''


def test_whoever_logs_something_personal_fails(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_careless.py").write_text(CARELESS)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip

    failed = {
        line.split("::")[1].split(" ")[0] for line in done.stdout.splitlines() if re.match("(FAILED|ERROR) .*::", line)
    }
    assert failed == {
        "test_number", "test_local_number", "test_in_a_url", "test_typed", "test_text", "test_traceback",
        "test_without_handlers", "test_afterwards",
    }, done.stdout  # fmt: skip


@pytest.mark.parametrize("logged", ["a +263770000017 b", "263770000017", "0770000017", "x=0770000017&"])
def test_a_number_is_seen_in_every_form(logged: str) -> None:
    with pytest.raises(AssertionError, match="was logged"):
        look_through(logged)


def test_what_only_looks_like_a_number_is_none() -> None:
    look_through("run 12637700000171, digest 9f0770000017123, +263…17")


def test_what_a_process_wrote_is_looked_through_for_texts_of_the_survey_that_ships() -> None:
    look_through_process("  curl -s http://127.0.0.1/hooks/x/ussd --data-urlencode 'phoneNumber=+263770000001'")
    with pytest.raises(AssertionError, match="was logged"):
        look_through_process("ValueError: Which province do you live in?")
    with pytest.raises(AssertionError, match="was logged"):
        look_through_process("typed: my brother", "my brother")


def test_texts_are_those_of_questions_and_choices() -> None:
    talk = Talk(
        """
        | survey  | type         | name  | label              | hint                      |
        |         | select_one c | q     | What troubles you? | Whatever comes to mind    |
        | choices | list_name    | name  | label              |                           |
        |         | c            | water | The dry boreholes  |                           |
        |         | c            | no    | Nothing            |                           |
        """
    )

    assert {"What troubles you?", "Whatever comes to mind", "The dry boreholes"} == set(texts_of(talk.flow))


def test_our_loggers_are_heard_at_every_level() -> None:
    assert logging.getLogger("app.gateway.turns").isEnabledFor(logging.DEBUG)
