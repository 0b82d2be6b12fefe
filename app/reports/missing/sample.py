"""What the figures of a survey can speak for: decided from how its respondents came to it, and said in words."""

from enum import StrEnum
from typing import NamedTuple

from app.store.profiles import Ways


class Basis(StrEnum):
    """How respondents were chosen."""

    NOBODY = "nobody"
    LIST = "list"
    """Everybody on a list was asked; nobody else answered."""
    MIXED = "mixed"
    SELF_SELECTED = "self_selected"
    FACILITATED = "facilitated"
    UNKNOWN = "unknown"


NOT_A_SAMPLE = "Not a probability sample."
_WHY = {
    Basis.NOBODY: "Nobody has completed this survey yet.",
    Basis.LIST: "All respondents are people on the list of a broadcast, and everybody in its audience was asked. So it is known "
    "who could be chosen: those on the list, each for certain, and nobody else. The figures speak for the people on that list "
    "who answer, not for the country.",
    Basis.MIXED: "Some respondents are on the list of a broadcast, others came in another way: they heard of the code, or a "
    "facilitator asked them. Nobody knows how likely each of these was to answer, so no margin of error can be worked out.",
    Basis.SELF_SELECTED: "The respondents came by themselves, because they had heard of the survey. Nobody knows how likely each "
    "was to come: who has no phone, no signal or no reason to trust us is missing, and no weight brings her back.",
    Basis.FACILITATED: "Facilitators chose whom they took through the survey. Nobody knows how likely each was to be chosen.",
    Basis.UNKNOWN: "How most respondents came to the survey is not known any more: their links to phones were cut, as they must "
    "be. So nobody can say how likely each was to be chosen.",
}
_WEIGHTED = (
    "Weights make respondents look like the population by province, sex, residence and age. "
    "They do not make a sample of them."
)


class Label(NamedTuple):
    """What is to stand beside every figure of a survey."""

    basis: Basis
    words: str


def label(ways: Ways) -> Label:
    """Say what respondents are a sample of, and why. Izwi draws nobody at random, so it is never one of a population."""
    basis = _basis(ways)
    if basis is Basis.NOBODY:
        return Label(basis, _WHY[basis])
    return Label(basis, f"{NOT_A_SAMPLE} {_WHY[basis]} {_WEIGHTED}")


def _basis(ways: Ways) -> Basis:
    total = sum(ways)
    if not total:
        return Basis.NOBODY
    if ways.unlinked * 2 > total:
        return Basis.UNKNOWN
    if ways.invited == total:
        return Basis.LIST
    if ways.invited or (ways.own and ways.facilitated):
        return Basis.MIXED
    return Basis.FACILITATED if ways.facilitated > ways.own else Basis.SELF_SELECTED
