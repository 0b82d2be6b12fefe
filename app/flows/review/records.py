"""What of a record in one SMS (`compact_tag`) can never be answered so."""

from collections.abc import Iterator

from app.flows.review.findings import Finder, Finding


def findings(finder: Finder) -> Iterator[Finding]:
    """Yield a warning for each tag in a repeat.

    ODK's compact representation has no way to say where an instance begins or ends, so it is for single questions
    (pyxform, pull request 214: "we don't have any notion of closing a tag").
    """
    written = finder.flow.compact
    for name, tag in written.tag_of.items() if written else ():
        question = finder.flow.by_name.get(name)
        if question is not None and question.repeats:
            problem = f"a record by SMS cannot answer it: it is in the repeat {question.repeats[-1].name}"
            cure = f"Take the compact_tag {tag} out; she is asked it after her record."
            yield finder.of_question(question, problem, cure)
