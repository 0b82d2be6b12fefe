"""Who a simulated respondent is, and what she would choose: drawn from weights, so that some things go together."""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib import resources
from random import Random

_TRAITS = ("province", "residence", "sex", "age_band", "language")  # each may depend on those before it
_FIRST_OF_TWO = "_second"  # what comes second is drawn like what came first


@dataclass(frozen=True, slots=True)
class Persona:
    """What is true of one person, asked or not."""

    chance: Random
    traits: Mapping[str, str]
    patience: float
    """How likely she is to go on after a screen."""
    pace: float
    """Seconds that she needs for one."""

    @classmethod
    def drawn(cls, chance: Random) -> "Persona":
        """Draw somebody."""
        traits: dict[str, str] = {}
        for name in _TRAITS:
            weighed = {choice: _weight(name, choice, traits) for choice in _weights()[name]}
            traits[name] = chance.choices(list(weighed), list(weighed.values()))[0]
        older = {"55-64": 0.01, "65+": 0.02}.get(traits["age_band"], 0.0)
        return cls(chance, traits, 0.985 - older, 7 + chance.lognormvariate(1.4, 0.6))

    def picks(self, question: str, choices: Sequence[str], count: int = 1) -> list[str]:
        """What she chooses of a list, the most fitting first."""
        if question in self.traits and self.traits[question] in choices:
            return [self.traits[question]]
        left = {choice: _weight(question, choice, self.traits) for choice in choices}
        picked = []
        for _ in range(min(count, len(left))):
            (choice,) = self.chance.choices(list(left), list(left.values()))
            picked.append(choice)
            del left[choice]
        return picked


@cache
def _weights() -> Mapping[str, Mapping[str, Sequence[tuple[str, str, float]]]]:
    """Question → choice → (question, choice, factor): the weight itself stands under no question."""
    found: dict[str, dict[str, list[tuple[str, str, float]]]] = defaultdict(lambda: defaultdict(list))
    with resources.files(__package__).joinpath("weights.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            condition = (row["if_question"], row["if_choice"], float(row["weight"]))
            found[row["question"]][row["choice"]].append(condition)
    return found


def _weight(question: str, choice: str, traits: Mapping[str, str]) -> float:
    known = _weights().get(question) or _weights().get(question.removesuffix(_FIRST_OF_TWO))
    if known is None or choice not in known:
        # A list that nobody weighed: some of its choices are liked more than others, by all respondents alike.
        return 1 / (1 + blake2b(f"{question} {choice}".encode(), digest_size=1).digest()[0] % 7)
    weight = 1.0
    for question_, choice_, factor in known[choice]:
        if not question_ or traits.get(question_) == choice_:
            weight *= factor
    return weight
