"""`start`, `end`, `today`, `deviceid` and the like: what a smartphone fills in by itself. Never a phone number."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.flows.questions.base import Accepted, Refused, Shown

# What the form asks for: jr:preload and jr:preloadParams → what it gets. What is not here stays empty: a phone number, a
# SIM's number and an e-mail address would tell who she is (D7).
_GIVEN = {
    ("timestamp", "start"): "moment",
    ("timestamp", "end"): "end",
    ("date", "today"): "day",
    ("property", "deviceid"): "device",
    ("property", "uri:deviceid"): "device",
    ("property", "username"): "who",
    ("property", "uri:username"): "who",
}


class Metadata:
    """One such value. `who` is the respondent's pseudonym, the only identity that answers carry."""

    name, control, data_types = "metadata", "", ()
    asked, figures_steer, hint = False, False, ""

    def __init__(self, given: str = "") -> None:
        self.given = given

    def fitted(self, marks: Mapping[str, str]) -> "Metadata":
        """Take over what the form asks for."""
        return Metadata(_GIVEN.get((marks.get("preload", ""), marks.get("preloadParams", "")), ""))

    def read(self, reply: str, shown: Sequence[Shown]) -> Accepted | Refused:
        """Never asked, so nothing is an answer."""
        return Refused("not_valid")

    def value(self, at: datetime, who: str) -> str:
        """What it is when the run begins, or, for its end, now."""
        if self.given in {"moment", "end"}:
            return at.isoformat(timespec="milliseconds")
        if self.given == "day":
            return at.date().isoformat()
        if not who:
            return ""
        return {"device": f"izwi:{who}", "who": who}.get(self.given, "")
