"""The texts of a form in its languages: ODK XForms itext."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.flows.reading.markup import XF

_CODE = re.compile(r"\(([A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*)\)\s*$")
_ENGLISH = "English"  # what a language without a name is taken for
_MISSING = "-"  # what pyxform writes where a language has no text


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts of a form: key → language → form ("" or "short") → element."""

    locales: Mapping[str, str]
    default: str
    texts: Mapping[str, Mapping[str, Mapping[str, Any]]]
    doubled: frozenset[str] = frozenset()
    """Codes that two languages of the form have."""

    def forms(self, key: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the plain and the short texts of a key by language; a missing one is left out."""
        by_locale = self.texts.get(key, {})
        plain = {locale: forms[""] for locale, forms in by_locale.items() if "" in forms}
        return plain, {locale: forms["short"] for locale, forms in by_locale.items() if "short" in forms}

    def guidance(self, key: str) -> dict[str, Any]:
        """Return the longer hints of a key by language."""
        return {locale: forms["guidance"] for locale, forms in self.texts.get(key, {}).items() if "guidance" in forms}


def read(tree: Any) -> Texts:
    """Gather the itext of a form. A form without translations speaks one unnamed language, English if nothing else."""
    locales: dict[str, str] = {}
    texts: dict[str, dict[str, dict[str, Any]]] = {}
    doubled: set[str] = set()
    default = ""
    for translation in tree.iter(f"{XF}translation"):
        language = translation.get("lang") or "default"
        locale, name = code_of(language), _CODE.sub("", language).strip() or language
        name = _ENGLISH if name == "default" else name
        if locales.setdefault(locale, name) not in {name, _ENGLISH}:
            doubled.add(locale)
        locales[locale] = name
        if translation.get("default") == "true()" or not default:
            default = locale
        for text in translation.iter(f"{XF}text"):
            forms = texts.setdefault(text.get("id"), {}).setdefault(locale, {})
            for value in text.iter(f"{XF}value"):
                if (value.text or "").strip() != _MISSING or len(value):
                    forms[value.get("form") or ""] = value
    return Texts(locales or {"en": _ENGLISH}, default or "en", texts, frozenset(doubled))


def key_of(ref: str) -> str:
    """The key that a reference `jr:itext('key')` names."""
    return ref[len("jr:itext(") : -1].strip("'\" ")


def code_of(language: str) -> str:
    """The code of a language as XLSForm names it: "Shona (sn)" is sn; a bare name is its own code; "default" is en."""
    match = _CODE.search(language)
    if match:
        return match[1].lower()
    return "en" if language == "default" else language.strip().lower()


def tidy(text: str) -> str:
    """Single spaces, no blank lines, no blanks at a line's ends (but one between a text and a value it holds)."""
    text = re.sub(r"[^\S\n]+", " ", text)
    return re.sub(r" ?(\n ?)+", "\n", text)
