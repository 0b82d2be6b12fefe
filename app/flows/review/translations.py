"""What the languages of a form have to do with each other: texts that one lacks, and texts that say different things."""

from collections.abc import Iterator, Mapping

from app.flows.flow import Choice, ChoiceList, Text
from app.flows.review import wording
from app.flows.review.findings import Finder, Finding

_NEEDED = ("label", "constraint_message", "required_message", "hint", "guidance_hint")


def findings(finder: Finder) -> Iterator[Finding]:
    """Yield what a translator should look at."""
    seen: set[str] = set()
    for question in finder.flow.questions:
        if question.silent:
            continue
        texts = wording.texts_of(question)
        for column in _NEEDED:
            for locale, problem, cure in _untranslated(finder, column, texts[column]):
                yield finder.of_question(question, problem, cure, locale)
        for locale, problem, cure in _different(finder, texts):
            yield finder.of_question(question, problem, cure, locale)
        if question.choices and question.choices.name not in seen and not _is_attached(finder, question.choices):
            seen.add(question.choices.name)
            for choice in question.choices.choices:
                yield from _of_choice(finder, question.choices.name or question.name, choice)


def _of_choice(finder: Finder, list_name: str, choice: Choice) -> Iterator[Finding]:
    if choice.labels == {finder.flow.locale: (choice.name,)} and not choice.name.isdigit():
        cure = "Write a label, if the name is not what they should read."
        yield finder.of_choice(list_name, choice, "the choice has no label, so people see its name", cure)
        return
    texts = {"label": choice.labels, "short": choice.shorts}
    for locale, problem, cure in (*_untranslated(finder, "label", choice.labels), *_different(finder, texts)):
        yield finder.of_choice(list_name, choice, problem, cure, locale)


def _untranslated(finder: Finder, column: str, texts: Mapping[str, Text]) -> Iterator[tuple[str, str, str]]:
    for locale in finder.flow.locales if texts else ():
        if locale not in texts:
            shown = finder.flow.locale if finder.flow.locale in texts else next(iter(texts))
            problem = f"there is no {column} in this language; people see the one in {finder.language(shown)}"
            yield locale, problem, f"Write it in the column {column}::{finder.language(locale)}."


def _different(finder: Finder, texts: Mapping[str, Mapping[str, Text]]) -> Iterator[tuple[str, str, str]]:
    for each in wording.differences(texts, finder.flow.locale, finder.written):
        other = finder.language(each.other)
        said = [f"lacks {each.lacks}"] if each.lacks else []
        said += [f"has {each.extra}"] if each.extra else []
        problem = f"its {each.column} {' and '.join(said)}, unlike the one in {other}"
        yield each.locale, problem, "Make the two say the same."


def _is_attached(finder: Finder, listed: ChoiceList) -> bool:
    """Say whether a list came in a file beside the sheets: such lists have one language."""
    return bool(finder.form.places) and all(name != listed.name for name, _ in finder.form.choice_places)
