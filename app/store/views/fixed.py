"""The views that always are: who answered, how it went, what was said, what the questions were. No number is in any."""

from collections.abc import Callable, Mapping

from app.flows.dictionary.variable import Missing, names_of
from app.store.views.sql import Dialect, View, name, text

# Dispositions of the American Association for Public Opinion Research, from the state and the reason of a run alone.
# Whether a break-off is a partial interview is for who reports: it takes a threshold (docs/data.md).
_BEGAN = (
    "CASE WHEN EXISTS (SELECT 1 FROM consent c WHERE c.run_id = run.id AND c.purpose = 'take_part') "
    "THEN EXISTS (SELECT 1 FROM consent c WHERE c.run_id = run.id AND c.purpose = 'take_part' AND c.granted) "
    "ELSE EXISTS (SELECT 1 FROM answer a WHERE a.run_id = run.id) END"
)
_AAPOR = (
    "CASE run.state WHEN 'completed' THEN '1.1' WHEN 'declined' THEN '2.11' WHEN 'screened_out' THEN '4.7' "
    f"WHEN 'stopped' THEN CASE WHEN {_BEGAN} THEN '2.12' ELSE '2.11' END "
    "WHEN 'expired' THEN CASE run.reason WHEN 'started_again' THEN NULL ELSE '2.12' END END"
)
_DISPOSITION = (
    "CASE run.state WHEN 'active' THEN 'under way' WHEN 'completed' THEN 'complete' WHEN 'declined' THEN 'refusal' "
    f"WHEN 'screened_out' THEN 'not eligible' WHEN 'stopped' THEN CASE WHEN {_BEGAN} THEN 'break-off' ELSE 'refusal' END "
    "ELSE CASE run.reason WHEN 'started_again' THEN 'begun anew' ELSE 'break-off' END END"
)
_OF_RUN = (
    "JOIN respondent p ON p.id = run.respondent_id JOIN survey_version v ON v.id = run.survey_version_id "
    "JOIN survey s ON s.id = v.survey_id"  # by its versions: there is an index from these to their runs
)


def views(dialect: Dialect) -> list[View]:
    """All of them."""
    found = []
    for view, (make, source, keys) in _VIEWS.items():
        columns = make(dialect)
        listed = ", ".join(f"{expression} AS {name(column)}" for column, expression in columns.items())
        origin = source(dialect) if callable(source) else source
        found.append(View(view, "", f"SELECT {listed} FROM {origin}", tuple(columns), keys, guarded=view == "answers"))
    return found


def channel_of_run() -> str:
    """`ussd`, `sms`, or `both` where she went on by the other."""
    by_answers = "SELECT CASE WHEN min(a.medium) = max(a.medium) THEN min(a.medium) ELSE 'both' END"
    by_session = "(SELECT min(t.medium) FROM session t WHERE t.run_id = run.id)"
    return f"coalesce(({by_answers} FROM answer a WHERE a.run_id = run.id), {by_session})"


def flags_of_run(dialect: Dialect) -> str:
    """The flags of a run, parted by blanks."""
    return dialect.joined("f.kind", "FROM flag f WHERE f.run_id = run.id", "f.kind", " ")


def _respondents(_: Dialect) -> dict[str, str]:
    return {
        "respondent": "p.pseudonym",
        "survey": "s.name",
        "person": "p.position",
        "first_seen_at": "p.created_at",
        "runs": "(SELECT count(*) FROM run WHERE run.respondent_id = p.id)",
    }


def _runs(dialect: Dialect) -> dict[str, str]:
    return {
        "run": dialect.uid("run.uid"),
        "respondent": "p.pseudonym",
        "survey": "s.name",
        "version": "v.version",
        "state": "run.state",
        "reason": "run.reason",
        "disposition": _DISPOSITION,
        "aapor": _AAPOR,
        "asked_in": "run.locale",
        "channel": channel_of_run(),
        "mode": "run.mode",
        "proxy": "run.proxy",
        "flags": flags_of_run(dialect),
        "last_question": "run.question",
        "started_at": "run.started_at",
        "ended_at": "run.ended_at",
    }


def _answers(dialect: Dialect) -> dict[str, str]:
    return {
        "respondent": "p.pseudonym",
        "run": dialect.uid("run.uid"),
        "survey": "s.name",
        "version": "v.version",
        "question": "a.question",
        "position": "a.position",
        "value": "a.value",
        "number": dialect.number("a.value"),
        "label": "l.label",
        "language": "a.locale",
        "channel": "a.medium",
        "attempts": "a.attempts",
        "asked_at": "a.asked_at",
        "answered_at": "a.answered_at",
    }


def _questions(_: Dialect) -> dict[str, str]:
    return {
        "survey": "s.name",
        "version": "v.version",
        "place": "q.place",
        "question": "q.name",
        "column_name": "q.column_name",
        "short": "q.short",
        "type": "q.type",
        "measure": "q.measure",
        "repeats": "q.repeats",
        "required": "q.required",
        "sensitive": "q.sensitive",
        "consent": "q.consent",
        "relevant": "q.relevant",
        "language": "l.language",
        "label": "l.label",
    }


def _choices(_: Dialect) -> dict[str, str]:
    names = {why: ", ".join(map(text, sorted(names_of(why)))) for why in (Missing.REFUSED, Missing.DONT_KNOW)}
    folded = "replace(lower(c.name), '-', '_')"
    whens = " ".join(f"WHEN {folded} IN ({listed}) THEN {text(why)}" for why, listed in names.items())
    return {
        "survey": "s.name",
        "version": "v.version",
        "question": "c.question",
        "place": "c.place",
        "choice": "c.name",
        "code": "c.code",
        "missing": f"CASE {whens} END",
        "language": "l.language",
        "label": "l.label",
    }


def _messages(_: Dialect) -> dict[str, str]:
    columns = (
        "message direction channel kind broadcast state segments attempts price created_at due_at settled_at".split()
    )
    return {each: f"m.{each}" for each in columns}


def _messages_of(dialect: Dialect) -> str:
    """Both directions; neither words nor phones, nor what the provider said in words of its own."""
    sent = (
        f"SELECT {dialect.uid('o.uid')} AS message, 'out' AS direction, c.name AS channel, o.kind AS kind, "
        "b.name AS broadcast, o.state AS state, o.segments AS segments, o.attempts AS attempts, o.price AS price, "
        "o.created_at AS created_at, o.due_at AS due_at, o.settled_at AS settled_at FROM outbox o "
        "JOIN channel c ON c.id = o.channel_id LEFT JOIN broadcast b ON b.id = o.broadcast_id"
    )
    came = (
        f"SELECT {dialect.uid('i.uid')}, 'in', c.name, 'message', NULL, i.state, NULL, NULL, NULL, i.received_at, NULL, NULL "
        "FROM inbound i JOIN channel c ON c.id = i.channel_id"
    )
    return f"({sent} UNION ALL {came}) m"


def _sessions(dialect: Dialect) -> dict[str, str]:
    return {
        "run": dialect.uid("run.uid"),
        "respondent": "p.pseudonym",
        "survey": "s.name",
        "channel": "c.name",
        "medium": "t.medium",
        "turns": "t.turns",
        "started_at": "t.started_at",
        "ended_at": "t.ended_at",
        "end_status": "t.end_status",
        "duration_ms": "t.duration_ms",
    }


def _consents(dialect: Dialect) -> dict[str, str]:
    return {
        "respondent": "p.pseudonym",
        "run": dialect.uid("run.uid"),
        "survey": "s.name",
        "version": "v.version",
        "purpose": "c.purpose",
        "granted": "c.granted",
        "question": "c.question",
        "text_sha256": "c.text_hash",
        "language": "c.locale",
        "channel": "c.medium",
        "at": "c.at",
        "withdrawn_at": "c.withdrawn_at",
        "withdrawn_by": "c.withdrawn_by",
    }


_Columns = Callable[[Dialect], dict[str, str]]
_DESCRIBED = "JOIN survey_version v ON v.id = {0}.survey_version_id JOIN survey s ON s.id = v.survey_id"
_LABEL_OF_ANSWER = (
    "LEFT JOIN choice_label l ON l.survey_version_id = run.survey_version_id AND l.question = a.question "
    "AND l.name = a.value AND l.language = a.locale"
)
_VIEWS: Mapping[str, tuple[_Columns, str | Callable[[Dialect], str], tuple[tuple[str, ...], ...]]] = {
    "respondents": (_respondents, "respondent p JOIN survey s ON s.id = p.survey_id", (("respondent",),)),
    "runs": (_runs, f"run {_OF_RUN}", (("run",), ("respondent",), ("survey", "started_at"))),
    "answers": (
        _answers,
        f"answer a JOIN run ON run.id = a.run_id {_OF_RUN} {_LABEL_OF_ANSWER} WHERE a.set_aside_at IS NULL",
        (("run", "question"), ("respondent",), ("survey", "question")),
    ),
    "questions": (
        _questions,
        (
            f"question q {_DESCRIBED.format('q')} "
            "LEFT JOIN question_label l ON l.survey_version_id = q.survey_version_id AND l.question = q.name"
        ),
        (("survey", "question"),),
    ),
    "choices": (
        _choices,
        (
            f"choice c {_DESCRIBED.format('c')} LEFT JOIN choice_label l "
            "ON l.survey_version_id = c.survey_version_id AND l.question = c.question AND l.name = c.name"
        ),
        (("survey", "question", "choice"),),
    ),
    "messages": (_messages, _messages_of, (("created_at",),)),
    "sessions": (
        _sessions,
        (
            "session t JOIN channel c ON c.id = t.channel_id LEFT JOIN run ON run.id = t.run_id "
            "LEFT JOIN respondent p ON p.id = run.respondent_id LEFT JOIN survey s ON s.id = run.survey_id"
        ),
        (("run",), ("started_at",)),
    ),
    "consents": (_consents, f"consent c JOIN run ON run.id = c.run_id {_OF_RUN}", (("run",), ("respondent",))),
}
NAMES = tuple(_VIEWS)
