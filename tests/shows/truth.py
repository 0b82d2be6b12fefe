"""What the database says of the runs that were completed: read from its tables and its XForm, past all code of exports."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from lxml import etree
from sqlalchemy.engine import Connection

SURVEY = "leave_no_one_behind"
LANGUAGE, CODE = "Shona (sn)", "sn"
"""Of the labels that are compared, as the XForm calls it; and as the options of exports do."""
_XF = "{http://www.w3.org/2002/xforms}"
_ANSWERS = sa.text(
    "SELECT respondent.pseudonym, answer.question, answer.value FROM answer JOIN run ON run.id = answer.run_id"
    " JOIN respondent ON respondent.id = run.respondent_id WHERE run.state = 'completed' AND answer.set_aside_at IS NULL"
)

Rows = dict[str, dict[str, str | None]]


@dataclass(frozen=True)
class Truth:
    """Respondent → variable → value, None where she skipped; and what choices are called."""

    rows: Rows
    choices: Mapping[str, Mapping[str, str]]
    """Question → choice → its words."""
    one: frozenset[str]
    """The questions of which one choice is taken."""
    texts: frozenset[str]

    @property
    def answers(self) -> int:
        """How many answers there are, skips included."""
        return sum(map(len, self.rows.values()))

    def label(self, variable: str, value: str | None) -> str:
        """The words of a value."""
        if not value:
            return ""
        named = self.choices.get(variable, {})
        return named[value] if variable in self.one else value


def read(connection: Connection) -> Truth:
    """Read it all."""
    rows: Rows = {}
    for pseudonym, question, value in connection.execute(_ANSWERS):
        rows.setdefault(pseudonym, {})[question] = value
    (xform,) = connection.execute(
        sa.text("SELECT xform FROM survey_version JOIN survey ON survey.id = survey_id WHERE name = :name"),
        {"name": SURVEY},
    ).one()
    tree = etree.fromstring(xform.encode())
    choices = {name: _choices(tree, control) for name, control in _controls(tree, "select1", "select")}
    return Truth(
        rows,
        choices,
        frozenset(name for name, _ in _controls(tree, "select1")),
        frozenset(name for name, control in _controls(tree, "input") if name not in _notes(tree)),
    )


def _controls(tree: Any, *kinds: str) -> list[tuple[str, Any]]:
    return [(each.get("ref").rpartition("/")[2], each) for kind in kinds for each in tree.iter(f"{_XF}{kind}")]


def _notes(tree: Any) -> set[str]:
    binds = (each for each in tree.iter(f"{_XF}bind") if "readonly" in each.attrib)
    return {each.get("nodeset").rpartition("/")[2] for each in binds}


def _choices(tree: Any, control: Any) -> dict[str, str]:
    (translation,) = (each for each in tree.iter(f"{_XF}translation") if each.get("lang") == LANGUAGE)
    words = {
        text.get("id"): next(each.text for each in text if "form" not in each.attrib)
        for text in translation
        if len(text)
    }
    nodeset = control.find(f"{_XF}itemset").get("nodeset")
    (name,) = set(re.findall(r"instance\('(\w+)'\)", nodeset))
    (instance,) = (each for each in tree.iter(f"{_XF}instance") if each.get("id") == name)
    return {item.findtext(f"{_XF}name"): words[item.findtext(f"{_XF}itextId")] for item in instance.iter(f"{_XF}item")}
