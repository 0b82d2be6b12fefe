"""`range`: a number between two bounds, in even steps."""

from collections.abc import Mapping, Sequence
from decimal import Decimal as Exact
from decimal import InvalidOperation

from app.flows.questions.base import Accepted, BadMark, Refused, Shown
from app.flows.questions.decimal import Decimal
from app.flows.questions.integer import Integer

_STEERING = (Exact(0), Exact(88), Exact(99))
_WHOLE = ("int", "integer", "long")


class Range:
    """A number from `start` to `end` in steps of `step`; figures steer unless 0, 88 or 99 would be answers."""

    name, control, data_types = "range", "range", ("int", "decimal", "string", *_WHOLE[1:], "double", "float")
    asked = True

    def __init__(self, start: str = "1", end: str = "10", step: str = "1", *, whole: bool = True) -> None:
        self.start, self.end, self.step = Exact(start), Exact(end), Exact(step)
        self.whole = whole
        self.figures_steer = not any(map(self._on_grid, _STEERING))
        plain = self.step == 1 and self.start == int(self.start)
        self.hint = "reply_range" if plain else "reply_steps"
        self._refusal = "not_in_range" if plain else "not_in_steps"
        self.blanks = {"least": start, "most": end, "step": step}

    def fitted(self, marks: Mapping[str, str]) -> "Range":
        """Take over the bounds of a form."""
        whole = marks.get("type", "int") in _WHOLE
        start, end, step = (_number(marks, name, whole=whole) for name in ("start", "end", "step"))
        if Exact(step) <= 0:
            raise BadMark(f"the step {step} of the range is not more than 0", "Write e.g. step=1.")
        if Exact(start) >= Exact(end):
            raise BadMark(f"the range goes from {start} to {end}", "Let start be less than end.")
        return Range(start, end, step, whole=whole)

    def read(self, reply: str, shown: Sequence[Shown]) -> Accepted | Refused:
        """Accept a number that is one of the steps."""
        result = (Integer() if self.whole else Decimal()).read(reply, shown)
        if isinstance(result, Accepted) and not self._on_grid(Exact(result.value)):
            return Refused(self._refusal)
        return result

    def _on_grid(self, number: Exact) -> bool:
        return self.start <= number <= self.end and (number - self.start) % self.step == 0


def _number(marks: Mapping[str, str], name: str, *, whole: bool) -> str:
    text = marks.get(name, "").strip()
    try:
        number = Exact(text)
    except InvalidOperation:
        number = Exact("NaN")
    if not number.is_finite() or abs(number.adjusted()) > 15 or (whole and number != int(number)):
        kind = "whole number" if whole else "number"
        raise BadMark(f"the {name} of the range is {text!r}, which is no {kind}", "Write e.g. start=1 end=10 step=1.")
    return f"{number.normalize():f}"
