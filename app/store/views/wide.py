"""The views of one survey: a row for each run, one for each instance of a repeat, and one with labels in place of names.

Each value is looked up by itself (docs/decisions/D18): a query reads the columns that it names and no others.
"""

from collections.abc import Mapping, Sequence

from app.flows.dictionary.variable import Dictionary, Measure, Variable
from app.store.views import naming
from app.store.views.fixed import channel_of_run, flags_of_run
from app.store.views.sql import Dialect, View, name, text

_MOST_COLUMNS = 1500  # PostgreSQL takes 1,600
_MOST_SPLIT = 100
_KEYS = (("run",), ("respondent",), ("started_at",))


def views(dialect: Dialect, dictionary: Dictionary, versions: Mapping[int, str]) -> list[View]:
    """All views of a survey; `versions` are the keys of its versions with their names."""
    survey, owner = dictionary.survey, naming.of_survey(dictionary.survey)
    about = _about(dialect, versions)
    source = (
        "run JOIN respondent p ON p.id = run.respondent_id "
        f"WHERE run.survey_version_id IN ({', '.join(map(str, sorted(versions)))})"
    )
    place = "AND a.position = ''"
    values = _values(dialect, dictionary.of(), about, place)
    labels = _labels(dialect, dictionary.of(), about, place, dictionary.language)
    made = [
        _view(naming.of_survey(survey), owner, about | values, source, _KEYS),
        _view(naming.of_labels(survey), owner, about | labels, source, _KEYS),
    ]
    return made + [_repeat(dialect, dictionary, repeats, versions) for repeats in dictionary.repeats]


def _repeat(dialect: Dialect, dictionary: Dictionary, repeats: tuple[str, ...], versions: Mapping[int, str]) -> View:
    """A row for each instance: where one question of it has an answer that counts, the first of them stands for it."""
    variables = dictionary.of(*repeats)
    about = {
        "respondent": "p.pseudonym",
        "run": dialect.uid("run.uid"),
        "repeat_position": "i.position",
        "repeat_parent": "rtrim(rtrim(i.position, '0123456789'), '.')",
        "version": _version(versions),
    }
    names = ", ".join(text(each.name) for each in variables) or "''"
    source = (
        f"run JOIN respondent p ON p.id = run.respondent_id JOIN answer i ON i.run_id = run.id AND i.question IN ({names}) "
        f"AND i.set_aside_at IS NULL WHERE run.survey_version_id IN ({', '.join(map(str, sorted(versions)))}) "
        "AND NOT EXISTS (SELECT 1 FROM answer b WHERE b.run_id = i.run_id AND b.position = i.position "
        f"AND b.question IN ({names}) AND b.set_aside_at IS NULL AND b.id < i.id)"
    )
    columns = about | _values(dialect, variables, about, "AND a.position = i.position")
    keys = (("run", "repeat_position"), ("respondent",))
    owner = naming.of_survey(dictionary.survey)
    return _view(naming.of_repeat(dictionary.survey, repeats), owner, columns, source, keys)


def _view(view: str, owner: str, columns: Mapping[str, str], source: str, keys: tuple[tuple[str, ...], ...]) -> View:
    listed = ", ".join(f"{expression} AS {name(column)}" for column, expression in columns.items())
    return View(view, owner, f"SELECT {listed} FROM {source}", tuple(columns), keys)


def _about(dialect: Dialect, versions: Mapping[int, str]) -> dict[str, str]:
    return {
        "respondent": "p.pseudonym",
        "run": dialect.uid("run.uid"),
        "version": _version(versions),
        "state": "run.state",
        "reason": "run.reason",
        "asked_in": "run.locale",
        "channel": channel_of_run(),
        "mode": "run.mode",
        "proxy": "run.proxy",
        "flags": flags_of_run(dialect),
        "last_question": "run.question",
        "started_at": "run.started_at",
        "ended_at": "run.ended_at",
    }


def _version(versions: Mapping[int, str]) -> str:
    """There are few, and they never change: no table need be looked at."""
    whens = " ".join(f"WHEN {key} THEN {text(version)}" for key, version in sorted(versions.items()))
    return f"CASE run.survey_version_id {whens} END"


def _values(dialect: Dialect, variables: Sequence[Variable], about: Mapping[str, str], place: str) -> dict[str, str]:
    """A column for each variable, and right after one of many choices a column of 0 and 1 for each of them."""
    wide = list(variables[: _MOST_COLUMNS - len(about)])
    names = naming.Columns([*about, *(each.column for each in wide)])
    room = _MOST_COLUMNS - len(about) - len(wide)
    columns: dict[str, str] = {}
    for variable in wide:
        columns[variable.column] = _looked_up(variable, _value(dialect, variable), place)
        count = len(variable.categories)
        if variable.measure is not Measure.MANY or count > min(_MOST_SPLIT, room):
            continue
        room -= count
        for each in sorted(variable.categories, key=lambda category: category.code):
            chosen = dialect.holds("a.value", text(each.name))
            split = f"CASE WHEN a.value IS NULL THEN NULL WHEN {chosen} > 0 THEN 1 ELSE 0 END"
            columns[names.of(f"{variable.column}__{each.name}")] = _looked_up(variable, split, place)
    return columns


def _labels(
    dialect: Dialect, variables: Sequence[Variable], about: Mapping[str, str], place: str, language: str
) -> dict[str, str]:
    """The same without splitting, choices as they are called in the form's own language."""
    columns: dict[str, str] = {}
    for each in variables[: _MOST_COLUMNS - len(about)]:
        if each.measure is Measure.ONE:
            label = f"(SELECT l.label {_label_of(each, language)} AND l.name = a.value)"
            columns[each.column] = _looked_up(each, f"coalesce({label}, a.value)", place)
        elif each.measure in {Measure.MANY, Measure.ORDER}:
            chosen = dialect.holds("a.value", "l.name")
            labels = dialect.joined("l.label", f"{_label_of(each, language)} AND {chosen} > 0", chosen, "; ")
            columns[each.column] = _looked_up(each, f"coalesce({labels}, a.value)", place)
        else:
            columns[each.column] = _looked_up(each, _value(dialect, each), place)
    return columns


def _label_of(variable: Variable, language: str) -> str:
    return (
        f"FROM choice_label l WHERE l.survey_version_id = run.survey_version_id AND l.question = {text(variable.name)} "
        f"AND l.language = {text(language)}"
    )


def _value(dialect: Dialect, variable: Variable) -> str:
    if variable.measure is Measure.WHOLE:
        return dialect.whole("a.value")
    return dialect.number("a.value") if variable.measure is Measure.NUMBER else "a.value"


def _looked_up(variable: Variable, expression: str, place: str) -> str:
    """One value by the unique index of answers: run, question and position."""
    which = f"a.run_id = run.id AND a.question = {text(variable.name)} {place} AND a.set_aside_at IS NULL"
    return f"(SELECT {expression} FROM answer a WHERE {which})"
