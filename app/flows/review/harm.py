"""What a form that asks for consent, or asks what is dangerous to answer, should not be without."""

from collections.abc import Iterator

from app.flows.reading.faults import Place
from app.flows.review.findings import Finder, Finding
from app.values import RunState


def findings(finder: Finder) -> Iterator[Finding]:
    """Yield what is missing in the whole form."""
    flow, form = finder.flow, Place("form", None)
    if not flow.caution.sensitive and not any(each.consent for each in flow.questions):
        return
    if "info" not in flow.caution.says:
        problem = "INFO does not tell who asks, why, how long answers are kept, and whom to complain to"
        yield finder.at(form, "", problem, "Add a note with bind::izwi:says = info.")
    if not any(each.end is RunState.SCREENED_OUT for each in flow.questions):
        problem = "nobody is screened out, so children may be asked"
        cure = "Ask whether she is 18 or older, and add a note with bind::izwi:end = screened_out."
        yield finder.at(form, "", problem, cure)
