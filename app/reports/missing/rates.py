"""Response, cooperation, refusal and contact rates of the AAPOR's Standard Definitions, from counts of dispositions.

A count that is None is hidden. A rate is worked out where hidden counts stand in it only all together, so that they follow
from what is shown; else it is None.
"""

from collections.abc import Mapping

from app.reports.missing.dispositions import Group

Counts = Mapping[Group, int | None]


def eligibility(counts: Counts, people: int | None = None) -> float | None:
    """`e`: what share of those of unknown eligibility is taken to be eligible, namely as many as of those that are known.

    The proportional allocation (CASRO). Where nobody was found not to be eligible it is 1, which makes rates lower, not higher.
    """
    if counts.get(Group.NOT_ELIGIBLE, 0) == 0:
        return 1.0
    known, both = (_sum(counts, people, groups) for groups in ("I P R NC O", "I P R NC O NE"))
    return _over(known, both)


def rates(counts: Counts, people: int | None = None) -> dict[str, float | None]:
    """Every rate by its name; None where there is nobody it could be about. `people` is all of them, where it is known."""
    i, ip, r, known, met, answered = (
        _sum(counts, people, groups) for groups in ("I", "I P", "R", "I P R NC O", "I P R O", "I P R")
    )
    bases = {1: _sum(counts, people, "I P R NC O UH"), 2: _allocated(counts, people), 3: known}
    found: dict[str, tuple[float | None, float | None]] = {}
    for number, base in bases.items():
        found[f"RR{2 * number - 1}"], found[f"RR{2 * number}"] = (i, base), (ip, base)
    found |= {"COOP1": (i, met), "COOP2": (ip, met), "COOP3": (i, answered), "COOP4": (ip, answered)}
    found |= {f"REF{number}": (r, base) for number, base in bases.items()}
    found |= {f"CON{number}": (met, base) for number, base in bases.items()}
    return {name: _over(*each) for name, each in found.items()}


def participation(counts: Counts, people: int | None = None) -> dict[str, float | None]:
    """What can be said of people who came by themselves: nobody knows of how many, so it is of those who began."""
    began = _sum(counts, people, "I P R O")
    parts = {"completed": "I", "completed_or_half": "I P", "refused_or_broke_off": "R"}
    found = {name: _over(_sum(counts, people, groups), began) for name, groups in parts.items()}
    return found | {"screened_out": _over(_sum(counts, people, "NE"), _sum(counts, people, "I P R O NE"))}


def _allocated(counts: Counts, people: int | None) -> float | None:
    """Those who are eligible, and of the unknown as many as are taken to be."""
    e = eligibility(counts, people)
    if e == 1.0:
        return _sum(counts, people, "I P R NC O UH")
    known, unknown = _sum(counts, people, "I P R NC O"), _sum(counts, people, "UH")
    return None if e is None or known is None or unknown is None else known + e * unknown


def _sum(counts: Counts, people: int | None, letters: str) -> int | None:
    groups = {Group(each) for each in letters.split()}
    parts = [counts.get(each, 0) for each in groups]
    if None not in parts:
        return sum(each or 0 for each in parts)
    if people is None or any(count is None and each not in groups for each, count in counts.items()):
        return None
    return max(0, people - sum(count or 0 for each, count in counts.items() if each not in groups))


def _over(part: float | None, base: float | None) -> float | None:
    return min(1.0, part / base) if part is not None and base else None
