"""The table of channels is whole: no file outside it, and no row without requests to try it on."""

import subprocess
import sys
from pathlib import Path

import pytest

import app.channels
from app.channels import CHANNELS
from app.settings import LineSettings
from tests.channels.wire import form_in, hook_of, samples

FOLDER = Path(app.channels.__file__).parent


def test_every_channel_file_is_in_the_table() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__", "base", "operators"}

    assert {name.partition("_")[0] for name in files} == set(CHANNELS)  # a large channel has files for its parts


@pytest.mark.parametrize("name", CHANNELS)
def test_every_channel_has_requests_on_disk_that_it_can_read(name: str) -> None:
    channel = CHANNELS[name](LineSettings())
    files = [path for path in samples(name) if path.suffix == ".http"]

    assert files
    for path in files:
        channel.parse(hook_of(path, channel), form_in(path))


def test_reading_and_answering_load_no_library_of_a_provider() -> None:
    script = """
import sys
from app.channels import CHANNELS
from app.settings import LineSettings
from app.values import Screen

for make in CHANNELS.values():
    channel = make(LineSettings())
    channel.parse("ussd", {"sessionId": "s", "phoneNumber": "+263770000001"})
    channel.render(Screen("Mhoro", final=True))
print(*{"africastalking", "requests", "urllib3"} & set(sys.modules))
"""

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=FOLDER.parents[1], capture_output=True, text=True, check=False
    )

    assert (done.stdout.strip(), done.stderr) == ("", "")
