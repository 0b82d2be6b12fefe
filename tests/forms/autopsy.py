"""Writes a form as large as the WHO verbal autopsy: the same kinds of questions, groups, conditions and calculations.

Made from counts, not from WHO's texts: `python -m tests.forms.autopsy FILE.md` writes it out to look at.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

LANGUAGES = {"en": "English (en)", "sn": "Shona (sn)", "nd": "Ndebele (nd)"}
_LABELS = [f"label::{language}" for language in LANGUAGES.values()]
_SURVEY = ["type", "name", *_LABELS, "required", "relevant", "constraint", "calculation", "choice_filter"]
_CHOICES = ["list_name", "name", *_LABELS, "province"]
_SETTINGS = {"form_id": "autopsy", "form_title": "As large as a verbal autopsy", "version": "1"}
_AGES = ("neonate", "child", "adult")
_PROVINCES, _DISTRICTS, _TRADES = 10, 60, 120
Row = dict[str, str]


def form(questions: int = 450, calculates: int = 100) -> str:
    """The form as Markdown, with about so many questions in groups three deep, in three languages."""
    sheets = {
        "survey": (_SURVEY, [*_opening(), *_modules(questions - 14, calculates - 4)]),
        "choices": (_CHOICES, list(_choices())),
        "settings": (["form_id", "form_title", "version"], [_SETTINGS]),
    }  # fmt: skip
    lines = ["# As large as a verbal autopsy\n"]
    for sheet, (columns, rows) in sheets.items():
        lines.append(f"| {sheet} | {' | '.join(columns)} |")
        lines.append("|---" * (len(columns) + 1) + "|")
        lines += [f"| | {' | '.join(row.get(column, '') for column in columns)} |" for row in rows]
        lines.append("")
    return "\n".join(lines)


def _row(kind: str, name: str, text: str = "", **cells: str) -> Row:
    said = {"en": text, "sn": f"{text} (chiShona)", "nd": f"{text} (isiNdebele)"} if text else {}
    return {"type": kind, "name": name, **{f"label::{LANGUAGES[code]}": each for code, each in said.items()}, **cells}


def _opening() -> Iterator[Row]:
    yield _row("select_one yes_no", "consent", "Do you agree to this interview?", required="yes")
    yield _row("begin_group", "about", "About the deceased", relevant="${consent} = 'yes'")
    yield _row("text", "name", "What was the name of the deceased?")
    yield _row("select_one sexes", "sex", "Was the deceased a woman or a man?", required="yes")
    yield _row("integer", "age_years", "How old was the deceased, in years?", constraint=". >= 0 and . <= 120")
    yield _row("integer", "age_days", "And in days?", constraint=". >= 0 and . <= 364", relevant="${age_years} = 0")
    yield _row("date", "died", "When did the death happen?", constraint=". <= today()")
    yield _row("calculate", "is_neonate", calculation="if(${age_years} = 0 and ${age_days} < 28, 1, 0)")
    yield _row("calculate", "is_child", calculation="if(${is_neonate} = 0 and ${age_years} < 12, 1, 0)")
    yield _row("calculate", "is_adult", calculation="if(${age_years} >= 12, 1, 0)")
    yield _row("calculate", "who", calculation="coalesce(${name}, 'the deceased')")
    yield _row("select_one provinces", "province", "In which province did ${who} live?")
    yield _row("select_one districts", "district", "In which district?", choice_filter="province = ${province}")
    yield _row("select_one trades", "trade", "What was the work of ${who}?")
    yield _row("select_one places", "place", "Where did the death happen?")
    yield _row("end_group", "")


def _modules(questions: int, calculates: int) -> Iterator[Row]:
    """Modules for each age, with groups of symptoms inside, each opened by a first question."""
    asked = module = 0
    while asked < questions:
        age = _AGES[module % 3]
        yield _row(
            "begin_group", f"m{module}", f"Module {module}", relevant=f"${{consent}} = 'yes' and ${{is_{age}}} = 1"
        )
        for symptom in range(3):
            group = f"m{module}s{symptom}"
            sex = " and ${sex} = 'female'" if symptom == 2 and age == "adult" else ""
            yield _row(
                "select_one yes_no_dk", group, f"Did ${{who}} have the sign {group} before death?", required="yes"
            )
            yield _row("begin_group", f"{group}_more", f"About {group}", relevant=f"${{{group}}} = 'yes'{sex}")
            yield from _symptom(group)
            asked += 6
            if calculates > 0:
                yield _row("calculate", f"{group}_score", calculation=_score(group))
                calculates -= 1
            yield _row("end_group", "")
        yield _row("end_group", "")
        module += 1
    yield _row("text", "narrative", "Please tell in your own words what happened.", relevant="${consent} = 'yes'")
    for left in range(calculates):
        yield _row("calculate", f"total_{left}", calculation=f"number(${{m{left % module}s0_score}}) + {left}")


def _symptom(group: str) -> Iterator[Row]:
    yield _row("integer", f"{group}_days", "For how many days did it last?", constraint=". >= 0 and . < 10000")
    yield _row("select_one severity", f"{group}_how", "How severe was it?")
    yield _row("select_multiple signs", f"{group}_with", "What else was seen together with it? Name everything.")
    long = f"${{{group}_how}} = 'severe' and ${{{group}_days}} > 7"
    yield _row("begin_group", f"{group}_long", "If it was long", relevant=long)
    yield _row("select_one yes_no_dk", f"{group}_care", "Did ${who} receive any treatment or care for it?")
    where = f"selected(${{{group}_with}}, 'fever') or ${{{group}_care}} = 'yes'"
    yield _row("select_one places", f"{group}_where", "Where was the care given?", relevant=where)
    yield _row("end_group", "")


def _score(group: str) -> str:
    return f"if(${{{group}}} = 'yes', 1, 0) + if(${{{group}_days}} > 7, 1, 0) + count-selected(${{{group}_with}})"


def _choices() -> Iterator[Row]:
    lists = {
        "yes_no": ("yes", "no"), "yes_no_dk": ("yes", "no", "dk", "ref"), "sexes": ("female", "male", "unknown"),
        "severity": ("mild", "moderate", "severe", "dk"),
        "signs": ("fever", "cough", "rash", "swelling", "vomiting", "bleeding", "pain", "other", "none"),
        "places": ("hospital", "clinic", "home", "on_the_way", "other", "dk"),
        "provinces": tuple(f"p{number}" for number in range(_PROVINCES)),
        "districts": tuple(f"d{number}" for number in range(_DISTRICTS)),
        "trades": tuple(f"t{number}" for number in range(_TRADES)),
    }  # fmt: skip
    for list_name, names in lists.items():
        for number, name in enumerate(names):
            row = _row("", name, f"{name.replace('_', ' ').capitalize()} of {list_name.replace('_', ' ')}")
            province = {"province": f"p{number % _PROVINCES}"} if list_name == "districts" else {}
            yield {**row, "list_name": list_name, **province}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(form(), encoding="utf-8")
