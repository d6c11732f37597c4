"""What would show that algorithms end alike, or that they do not: more runs, more problems, or both."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from beyondbase.inference.assurance import Pilot, remedy
from beyondbase.inference.bounded import ROUNDING, Values, lower_limit, p_less, upper_limit
from beyondbase.inference.runs import ratio_at
from beyondbase.judging.algorithm_runs import AlgorithmRuns
from beyondbase.judging.remedies import units_text
from beyondbase.judging.verdict import TIE

MOST_RUNS = 100


@dataclass(frozen=True, eq=False)
class MoreRuns:
    """One side of the statement that algorithms lie within a margin.

    Attributes:
        runs: at hand.
        margin: as a difference of shares.
        within: which side.
    """

    runs: AlgorithmRuns
    margin: float
    within: bool = True

    @property
    def favourable(self) -> bool:
        """Whether the range at hand lies on this side, and not at the margin but for rounding."""
        beyond = self.runs.width - self.margin
        return bool(beyond < -ROUNDING if self.within else beyond > ROUNDING)

    def text(self, level: float, *, seed: int = 0) -> str:
        """What would show this side at a one-sided level, in words."""
        how = "within" if self.within else "more than"
        name = f"algorithms {how} {100 * self.margin:g} points of each other at k = {self.runs.k}"
        share = level if self.within else level / len(self.runs.pairs)
        problems = self._more_problems(share / 2, seed)
        if not self.runs.degrees:
            return f"{name}: {_first_runs(problems)}."
        repeats = self._enough_runs(share / 2)
        ways = [
            *(
                [f"about {repeats} runs of each algorithm (labels.seed), if they go on as these"]
                if repeats
                else []
            ),
            *([problems] if problems else []),
        ]
        if not ways:
            return f"{name}: takes more runs of each algorithm and more problems; how many cannot be told."
        alone = "" if problems else "; more problems alone would not"
        return f"{name}: {' or '.join(ways)} would probably decide{alone}."

    def _enough_runs(self, tail: float) -> int | None:
        """The least number of each algorithm that would do, were averages and spread to stay as they are."""
        values = self.runs.differences
        limit = upper_limit(values, tail) if self.within else lower_limit(values, tail)
        room = self.margin - limit if self.within else limit - self.margin
        every = all if self.within else any
        for repeats in range(2, MOST_RUNS + 1):
            counts = np.maximum(self.runs.repeats, repeats)
            needed = _deviates(tail, int(counts.sum()) - len(counts)) * self.runs.error(counts)
            if every(needed <= room):
                return repeats
        return None

    def _more_problems(self, tail: float, seed: int) -> str | None:
        """How many would do with the runs at hand; None where no number does, or a hundredfold would not."""
        if not self.within and not self.runs.degrees:
            return None
        values, threshold = self._deciding(tail)
        gains = values.sizes * threshold - values.sums[:, 0]
        pilot = Pilot(gains, values.sizes, threshold - values.high, np.nan, self.runs.case.k_max)
        if not pilot.favourable:
            return None
        found = remedy(pilot, tail, float(p_less(values, threshold)[0]), seed=seed)
        return units_text(found.more, pilot) if found.more else None

    def _deciding(self, tail: float) -> tuple[Values, float]:
        """The difference that decides, and below what its mean over problems must be shown to be."""
        runs = self.runs
        values = runs.differences if runs.repeated or not self.within else runs.between_runs
        if self.within and not runs.repeated:
            thresholds = np.full(values.mean.shape, self.margin * ratio_at(tail, len(runs.repeats)))
        else:
            noise = _deviates(tail, runs.degrees) * runs.error(runs.repeats)
            thresholds = self.margin - noise if self.within else -self.margin - noise
        values = values if self.within else values.flipped()
        p = p_less(values, thresholds)
        # Of pairs that are it but for rounding the first, on every machine.
        at = int(np.argmax(p >= p.max() * (1 - TIE) if self.within else p <= p.min() * (1 + TIE)))
        return values.columns(np.arange(len(p)) == at), float(thresholds[at])


def _deviates(tail: float, degrees: int) -> float:
    """Student's t at a tail; finite, so that runs without any noise need no room at all."""
    return float(min(stats.t.isf(tail, degrees), np.finfo(np.float64).max))


def _first_runs(problems: str | None) -> str:
    """What to say where no algorithm has two runs, so that nobody knows how much runs differ."""
    need = "one run of each does not tell how much runs differ: train at least two of each (labels.seed)"
    return f"{need}, or take {problems}" if problems else f"{need}; more problems alone would not decide"
