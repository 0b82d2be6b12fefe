"""The words of the console: `python -m tests.console.catalogues` finds them all and brings them into each catalogue.

What was translated stays; what is new stands there untranslated, and is shown in English until somebody translates it.
"""

import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent.parent
CONSOLE = ROOT / "app" / "web" / "console"
WORDS = CONSOLE / "words"
_METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
_OPTIONS = {"**.html": {"newstyle_gettext": "true", "trim_blocks": "true", "extensions": "jinja2.ext.do"}}
_HEADER = """\
# Words of the console: drafts, for native speakers to review.
# `python -m tests.console.catalogues` brings in what is new.
"""


def found() -> Catalog:
    """Every word on a page, as the templates and the code have it."""
    catalog = Catalog(project="Izwi", header_comment=_HEADER, charset="utf-8", fuzzy=False)
    for _, _, message, comments, context in extract_from_dir(CONSOLE, _METHODS, _OPTIONS):
        catalog.add(message, auto_comments=comments, context=context)
    return catalog


def kept(locale: str) -> Catalog:
    """The catalogue of a language."""
    with (WORDS / f"{locale}.po").open("rb") as file:
        return read_po(file, locale)


def ids(catalog: Catalog) -> set[str]:
    """What a catalogue has words for."""
    return {str(message.id) for message in catalog if message.id}


def written(catalog: Catalog) -> bytes:
    """A catalogue as a file: one entry a text, in the order of the alphabet, so that changes are easily read."""
    out = io.BytesIO()
    write_po(out, catalog, width=0, no_location=True, omit_header=False, sort_output=True, ignore_obsolete=True)
    lines = out.getvalue().decode().splitlines()
    dated = (
        "POT-Creation-Date",
        "PO-Revision-Date",
        "Generated-By",
        "Last-Translator",
        "Language-Team",
        "Report-Msgid",
    )
    return (
        "\n".join(line for line in lines if not line.startswith(tuple(f'"{each}' for each in dated))) + "\n"
    ).encode()


def main() -> None:
    """Renew all catalogues."""
    template = found()
    for locale in ("sn", "nd"):
        path = WORDS / f"{locale}.po"
        catalog = (
            kept(locale)
            if path.exists()
            else Catalog(locale=locale, project="Izwi", header_comment=_HEADER, fuzzy=False)
        )
        catalog.update(template, no_fuzzy_matching=True)
        catalog.fuzzy = False
        path.write_bytes(written(catalog))
        done = sum(1 for message in catalog if message.id and any(message.string or ()))
        print(f"{locale}: {done} of {len(ids(catalog))} are translated")  # noqa: T201


if __name__ == "__main__":
    main()
