"""Text to paste into other programs, with this server's own addresses and the survey's own names."""

import json
from typing import NamedTuple
from urllib.parse import quote

from sqlalchemy.engine import make_url

from app.store.views import naming
from app.store.views.sql import SCHEMA

KEY = "YOUR_KEY"
"""Stands where the key is to be put; it is shown once, when it is made."""


class Snippet(NamedTuple):
    """One program: what to do, and what to paste."""

    id: str
    program: str
    code: str
    file: str = ""
    """What the text is to be saved as, where it is a file."""


def of(base: str, survey: str, database: str, name: str, key: str = KEY) -> list[Snippet]:
    """All snippets for a survey. `name` is what the key is called; ODK's programs take it for the user."""
    plain = quote(survey, safe="")
    feed = f"{base}/v1/projects/1/forms/{plain}.svc"
    data = f"{base}/api/v1/surveys/{plain}/data"
    return [
        Snippet("excel", "Excel", feed),
        Snippet("powerbi", "Power BI", _power_bi(feed)),
        Snippet("r", "R", _r(data, key), "izwi.R"),
        Snippet("stata", "Stata", _stata(data, key), "izwi.do"),
        Snippet("spss", "SPSS", _spss(data, key), "izwi.sps"),
        Snippet("python", "Python", _python(data, key), "izwi.py"),
        Snippet("pyodk-config", "pyODK", _pyodk_config(base, name, key), "pyodk.toml"),
        Snippet("pyodk", "pyODK", _pyodk(survey), "izwi_pyodk.py"),
        Snippet("psql", "psql", _psql(database, survey)),
        Snippet("curl", "curl", f'curl -fsS -o {plain}.csv "{data}?format=csv" \\\n  -H "Authorization: Bearer {key}"'),
        Snippet("curl-figures", "curl", _curl_figures(base, plain, key)),
    ]


def _power_bi(feed: str) -> str:
    return "\n".join([
        "let",
        f'  Source = OData.Feed("{feed}", null, [Implementation = "2.0"]),',
        '  Submissions = Source{[Name = "Submissions", Signature = "table"]}[Data]',
        "in",
        "  Submissions",
    ])  # fmt: skip


def _r(data: str, key: str) -> str:
    return "\n".join([
        "file <- tempfile(fileext = '.csv')",
        f"download.file('{data}?format=csv&bom=false', file,",
        f"              headers = c(Authorization = 'Bearer {key}'))",
        "answers <- read.csv(file, fileEncoding = 'UTF-8')",
        "str(answers)",
    ])  # fmt: skip


def _stata(data: str, key: str) -> str:
    return "\n".join([
        f'shell curl -fsS -o izwi.dta "{data}?format=dta" -H "Authorization: Bearer {key}"',
        "use izwi.dta, clear",
        "describe",
    ])  # fmt: skip


def _spss(data: str, key: str) -> str:
    return "\n".join([
        f"HOST COMMAND=['curl -fsS -o izwi.sav \"{data}?format=sav\" -H \"Authorization: Bearer {key}\"'].",
        "GET FILE='izwi.sav'.",
        "DISPLAY DICTIONARY.",
    ])  # fmt: skip


def _python(data: str, key: str) -> str:
    return "\n".join([
        "import csv",
        "import io",
        "import urllib.request",
        "",
        "request = urllib.request.Request(",
        f'    "{data}?format=csv&bom=false",',
        f'    headers={{"Authorization": "Bearer {key}"}},',
        ")",
        "with urllib.request.urlopen(request) as answer:",
        '    rows = list(csv.DictReader(io.TextIOWrapper(answer, "utf-8", newline="")))',
        "print(len(rows), list(rows[0]) if rows else [])",
    ])  # fmt: skip


def _pyodk_config(base: str, name: str, key: str) -> str:
    return "\n".join([
        "[central]", f'base_url = "{base}"', f'username = "{name}"', f'password = "{key}"', "default_project_id = 1",
    ])  # fmt: skip


def _pyodk(survey: str) -> str:
    return "\n".join([
        "from pyodk.client import Client",
        "",
        'with Client(config_path="pyodk.toml") as client:',
        f'    table = client.submissions.get_table(form_id={json.dumps(survey)})',
        'print(len(table["value"]))',
    ])  # fmt: skip


def _psql(database: str, survey: str) -> str:
    url, view = make_url(database), naming.of_survey(survey)
    if url.get_backend_name() == "sqlite":
        return f'izwi snapshot izwi.sqlite\nsqlite3 izwi.sqlite "SELECT count(*) FROM {view}"'  # noqa: S608 -- text for people
    port = f":{url.port}" if url.port else ""
    return "\n".join([
        "izwi views reader analyst_name     # makes the reader, and shows its password once",
        f'psql "postgresql://analyst_name@{url.host or "localhost"}{port}/{url.database}" \\',
        f'  -c "SELECT count(*) FROM {SCHEMA}.{view}"',  # noqa: S608 -- text for people
    ])  # fmt: skip


def _curl_figures(base: str, survey: str, key: str) -> str:
    return f'curl -fsS "{base}/api/v1/surveys/{survey}/figures" \\\n  -H "Authorization: Bearer {key}"'
