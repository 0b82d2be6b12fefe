"""Response, cooperation, refusal and contact rates of the AAPOR's Standard Definitions, from counts of dispositions."""

from collections.abc import Mapping

from app.reports.missing.dispositions import Group

Counts = Mapping[Group, int]


def eligibility(counts: Counts) -> float:
    """`e`: what share of those of unknown eligibility is taken to be eligible, namely as many as of those that are known.

    The proportional allocation (CASRO). Where nobody was found not to be eligible it is 1, which makes rates lower, not higher.
    """
    known = _sum(counts, "I", "P", "R", "NC", "O")
    both = known + _sum(counts, "NE")
    return known / both if both else 1.0


def rates(counts: Counts) -> dict[str, float | None]:
    """Every rate by its name; None where there is nobody it could be about."""
    i, ip, r, o = (_sum(counts, *each) for each in (("I",), ("I", "P"), ("R",), ("O",)))
    nc, unknown, e = _sum(counts, "NC"), _sum(counts, "UH"), eligibility(counts)
    known, met = ip + r + nc + o, ip + r + o
    bases = {1: known + unknown, 2: known + e * unknown, 3: known}
    found: dict[str, tuple[float, float]] = {}
    for number, base in bases.items():
        found[f"RR{2 * number - 1}"], found[f"RR{2 * number}"] = (i, base), (ip, base)
    found |= {"COOP1": (i, met), "COOP2": (ip, met), "COOP3": (i, ip + r), "COOP4": (ip, ip + r)}
    found |= {f"REF{number}": (r, base) for number, base in bases.items()}
    found |= {f"CON{number}": (met, base) for number, base in bases.items()}
    return {name: part / base if base else None for name, (part, base) in found.items()}


def participation(counts: Counts) -> dict[str, float | None]:
    """What can be said of people who came by themselves: nobody knows of how many, so it is of those who began."""
    began = _sum(counts, "I", "P", "R", "O")
    parts = {"completed": ("I",), "completed_or_half": ("I", "P"), "refused_or_broke_off": ("R",)}
    found = {name: _sum(counts, *groups) / began if began else None for name, groups in parts.items()}
    everybody = began + _sum(counts, "NE")
    return found | {"screened_out": _sum(counts, "NE") / everybody if everybody else None}


def _sum(counts: Counts, *groups: str) -> int:
    return sum(counts.get(Group(each), 0) for each in groups)
