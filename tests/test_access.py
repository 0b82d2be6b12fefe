"""The table of who may do what, in docs/do-no-harm.md, is the one in the code."""

import re
from pathlib import Path

from app.access import WORDS, Permission, allowed
from app.values import Role

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "do-no-harm.md"


def table() -> str:
    """The matrix as a table, from the code: `python -m tests.test_access` writes it into the document."""
    heads = [each.replace("_", " ") for each in Role]
    lines = [f"| may | {' | '.join(heads)} |", "|---|" + ":-:|" * len(heads)]
    for permission in Permission:
        marks = ["x" if allowed(role, permission) else "" for role in Role]
        lines.append(f"| {WORDS[permission]} | {' | '.join(marks)} |")
    return "\n".join(lines) + "\n"


def test_the_document_shows_who_may_do_what() -> None:
    assert PAGE.read_text().split("<!-- matrix -->\n")[1].split("<!-- /matrix -->")[0] == table()


def test_every_permission_has_words() -> None:
    assert set(WORDS) == set(Permission)
    assert all(re.fullmatch(r"[a-z][^.|]+", words) for words in WORDS.values())


if __name__ == "__main__":
    before, rest = PAGE.read_text().split("<!-- matrix -->\n")
    PAGE.write_text(f"{before}<!-- matrix -->\n{table()}<!-- /matrix -->{rest.split('<!-- /matrix -->')[1]}")
