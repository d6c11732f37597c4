"""Rules for the size that is told, under normal means: what each promises, and what becomes of it.

Scores are in standard errors of the pilot, whose data grow r-fold. For a pilot of score z the final score is
normal about sqrt(r) z, its variance r - 1 over a flat posterior and 1 - 1 / r if the truth is as it looks.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from laws import Floats
from scipy import special

from beyondbase.inference.assurance import NEARBY, POWER, SUGGESTIVE

RULES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "power at the estimate": lambda as_it_looks, _: as_it_looks,
    "predictive power": lambda _, predictive: predictive,
    "the mean of both": lambda as_it_looks, predictive: (as_it_looks + predictive) / 2,
}
GROWTHS = np.exp(np.linspace(1e-3, np.log(NEARBY), 2_000))
STEPS = 2_000


@dataclass(frozen=True, eq=False)
class Promises:
    """Scores of undecided pilots that are promised a size, and the sizes."""

    scores: Floats
    growths: Floats
    target: float

    def kept_at(self, distance: float) -> float:
        """Share kept by a truth so many standard errors beyond the threshold."""
        r, weight = self.growths, np.exp(-((self.scores - distance) ** 2) / 2)
        lead = self.scores / np.sqrt(r) + (r - 1) / np.sqrt(r) * distance - self.target
        return float(np.average(special.ndtr(lead / np.sqrt(1 - 1 / r)), weights=weight))

    def kept(self) -> float:
        """Share kept by truths at any distance alike."""
        return float(_chances(self.scores, self.growths, self.target)[1].mean())

    def kept_as_it_looks(self) -> Floats:
        """Chance of each to be kept by a truth that is its estimate."""
        return _chances(self.scores, self.growths, self.target)[0]


def promises(rule: str, level: float) -> Promises:
    """What a rule promises the pilots of each score at a level."""
    target = float(-special.ndtri(level))
    scores = np.linspace(float(-special.ndtri(max(SUGGESTIVE, level))), target, STEPS, endpoint=False)
    enough = RULES[rule](*_chances(scores[:, None], GROWTHS, target)) >= POWER
    told = enough.any(axis=1)
    return Promises(scores[told], GROWTHS[enough.argmax(axis=1)][told], target)


def _chances(scores: Floats, growths: Floats, target: float) -> tuple[Floats, Floats]:
    """Chances of being shown: as it looks, and over a flat posterior."""
    lead = np.sqrt(growths) * scores - target
    return special.ndtr(lead / np.sqrt(1 - 1 / growths)), special.ndtr(lead / np.sqrt(growths - 1))
