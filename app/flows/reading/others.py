"""`or_other`: pyxform adds a choice “Other” and a question for which, in English; here they get the form's languages."""

from collections.abc import Mapping
from typing import Any

from lxml import etree

from app.flows.phrases import PHRASES, say
from app.flows.reading import itext
from app.flows.reading.markup import XF

SUFFIX = "_other"
_CHOICE, _QUESTION = "Other", "Specify other."  # what pyxform writes


def translate(tree: Any, lists: Mapping[str, str]) -> None:
    """Write both in every language; `lists` is the choice list of each question with `or_other`."""
    texts = tree.find(f".//{XF}itext")
    languages = [] if texts is None else list(texts)
    for name, list_name in lists.items():
        for control in tree.iter(f"{XF}input"):
            label = control.find(f"{XF}label")
            if (
                (control.get("ref") or "").endswith(f"/{name}{SUFFIX}")
                and label is not None
                and label.text == _QUESTION
            ):
                _write_label(label, f"{control.get('ref')}:label", languages)
        _write_choice(tree, list_name, languages)


def covers(language: str) -> bool:
    """Say whether Izwi has these words in a language."""
    return itext.code_of(language) in PHRASES["other"]


def _write_label(label: Any, key: str, languages: list[Any]) -> None:
    if not languages:
        label.text = say("specify_other", "en")
        return
    label.text = None
    label.set("ref", f"jr:itext('{key}')")
    for translation in languages:
        text = etree.SubElement(translation, f"{XF}text", id=key)
        etree.SubElement(text, f"{XF}value").text = say("specify_other", itext.code_of(translation.get("lang")))


def _write_choice(tree: Any, list_name: str, languages: list[Any]) -> None:
    """The texts of the choice are already there in every language, as the English word."""
    keys = {
        item.findtext(f"{XF}itextId")
        for instance in tree.iter(f"{XF}instance")
        if instance.get("id") == list_name
        for item in instance.iter(f"{XF}item")
        if item.findtext(f"{XF}name") == "other"
    }
    for translation in languages:
        for text in translation.iter(f"{XF}text"):
            value = text.find(f"{XF}value")
            if text.get("id") in keys and value is not None and value.text == _CHOICE:
                value.text = say("other", itext.code_of(translation.get("lang")))
