"""The documents say what is so: settings, commands, paths, make targets and the transcript of the README."""

import json
import re
from pathlib import Path

import click
import pytest

from app.channels import operators
from app.cli.root import COMMANDS, VERSION, main
from app.gateway import flagging
from app.gateway.contacts.numbers import Number, Numbers
from app.settings import PREFIX, Settings
from app.store.query import parse
from app.values import Doubt

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
DOCUMENTS = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/decisions/README.md",
    "docs/xlsform.md",
    "docs/surveys.md",
    "docs/contacts.md",
    "docs/records.md",
    "docs/exports.md",
    "docs/check.md",
    "docs/broadcasts.md",
    "docs/do-no-harm.md",
    "docs/api.md",
    "docs/backup.md",
    "docs/data.md",
    "docs/who-is-missing.md",
    "docs/odk.md",
    "docs/figures.md",
    "docs/security.md",
    "docs/console.md",
]


def between(name: str) -> str:
    """The part of the README between two comments."""
    return README.split(f"<!-- {name} -->\n")[1].split(f"<!-- /{name} -->")[0]


def settings_table() -> str:
    """The settings as a table, from the class itself: `python -m tests.test_docs` writes it into the README."""
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        written = json.dumps(default) if isinstance(default, bool | dict) else str(default)
        shown = "" if default in ("", None, {}) else f"`{written}`"
        lines.append(f"| `{PREFIX}{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(lines) + "\n"


def test_the_readme_lists_every_setting_as_it_is() -> None:
    assert between("settings") == settings_table()


def test_the_readme_names_every_command() -> None:
    assert {command for command in COMMANDS if f"`izwi {command}" not in README} == set()


def subcommands() -> list[str]:
    """Every command of a group, as one types it."""
    found = []
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        if isinstance(command, click.Group):
            found += [f"izwi {name} {each}" for each in command.commands]
    return found


def test_a_document_names_every_command_of_a_group() -> None:
    texts = " ".join(" ".join((ROOT / document).read_text().split()) for document in DOCUMENTS)

    assert len(subcommands()) > 6
    assert {command for command in subcommands() if f"`{command}" not in texts} == set()


def test_the_documents_name_no_command_that_is_not_there() -> None:
    groups = {command.split()[1] for command in subcommands()}
    for document in DOCUMENTS:
        named = re.findall(r"`izwi ([a-z-]+)(?: ([a-z]+)\b)?", (ROOT / document).read_text())
        assert {name for name, _ in named} <= set(COMMANDS), document
        within = {f"izwi {name} {rest}" for name, rest in named if name in groups and rest}
        assert within <= set(subcommands()), document


def test_the_transcript_of_the_readme_is_played_by_the_tests() -> None:
    shown = between("transcript").strip().strip("`").strip().split("\n…\n")

    whole = (ROOT / "tests" / "transcripts" / "dropped_continue.txt").read_text()
    assert all(piece.strip() in whole for piece in shown)
    assert sum(len(piece.splitlines()) for piece in shown) > 20


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_a_document_names_is_there(document: str) -> None:
    text = (ROOT / document).read_text()
    named = re.findall(r"`((?:app|tests|docs|bench|migrations)/[\w./-]+)`", text)
    linked = re.findall(r"\]\((?!https?:)([\w./-]+)(?:#[\w-]+)?\)", text)

    missing = {path for path in named if not (ROOT / path).exists()}
    missing |= {path for path in linked if not ((ROOT / document).parent / path).exists()}

    assert missing == set()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_that_a_document_names_is_there(document: str) -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"`?make ([a-z][a-z-]+)", (ROOT / document).read_text()))
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))

    assert named & {"run", "test", "check", "bench", "kill", "image", "migration", "floors", "help"} <= targets


def test_every_query_that_is_shown_can_be_asked() -> None:
    shown = (ROOT / "docs" / "contacts.md").read_text().split("<!-- queries -->\n")[1].split("<!-- /queries -->")[0]
    queries = shown.strip().strip("`").strip().splitlines()

    assert len(queries) > 12
    assert {query for query in queries if parse(query) is None} == set()


def test_damaged_numbers_are_read_as_the_document_says() -> None:
    numbers, checked = Numbers("ZW", operators.read(None)), 0
    for line in (ROOT / "docs" / "contacts.md").read_text().splitlines():
        shown = re.match(r"\| (`.+`) \| (`\+263770000001`|nothing) \|", line)
        for cell in re.findall(r"`([^`]+)`", shown[1]) if shown else ():
            found = numbers.read(cell)
            assert (f"`{found.msisdn.e164}`" if isinstance(found, Number) else "nothing") == shown[2], cell
            checked += 1
    assert checked > 8


def test_the_flags_are_those_that_there_are_with_their_thresholds() -> None:
    told = (ROOT / "docs" / "do-no-harm.md").read_text().split("<!-- flags -->\n")[1].split("<!-- /flags -->")[0]
    when = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", told, re.MULTILINE))

    assert list(when) == [each.value for each in Doubt]
    assert {kind: [int(each) for each in re.findall(r"\d+", text)] for kind, text in when.items()} == {
        "fast": [flagging.FAST_REPLIES, flagging.FAST_SECONDS],
        "straight": [flagging.STRAIGHT_CHOICES],
        "identical": [flagging.IDENTICAL_CHOICES],
        "burst": [flagging.BURST_RUNS, flagging.BURST_SPAN.total_seconds() / 60, 2],
        "many": [flagging.MANY_PEOPLE],
    }


def test_the_version_is_the_packages() -> None:
    assert f'version = "{VERSION}"' in (ROOT / "pyproject.toml").read_text()


if __name__ == "__main__":
    before, after = README.split("<!-- settings -->\n")[0], README.split("<!-- /settings -->")[1]
    table = f"<!-- settings -->\n{settings_table()}<!-- /settings -->"
    (ROOT / "README.md").write_text(before + table + after)
