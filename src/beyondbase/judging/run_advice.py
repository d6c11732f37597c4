"""What would show that algorithms end alike, or that they do not: more runs, more problems, or both."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from beyondbase.inference.assurance import Pilot, remedy
from beyondbase.inference.bounded import ROUNDING, Values, lower_limit, p_less, upper_limit
from beyondbase.inference.runs import deviates
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
        points = f"{100 * self.margin:g} points"
        how = f"within {points} of each other" if self.within else f"more than {points} apart"
        name = f"algorithms {how} at k = {self.runs.k}"
        share = level if self.within else level / len(self.runs.pairs)
        runs = self._enough_runs(share / 2)
        if self.runs.single:
            return f"{name}: {one_run_each(self.runs.single)}; {_more_runs(runs)}."
        problems = self._more_problems(share / 2, seed)
        more = [f"about {runs} runs of each algorithm (labels.seed), if they go on as these"] if runs else []
        ways = [*more, *([problems] if problems else [])]
        if not ways:
            return f"{name}: takes more runs of each algorithm and more problems; how many cannot be told."
        alone = "" if problems else "; more problems alone would not"
        return f"{name}: {' or '.join(ways)} would probably decide{alone}."

    def _enough_runs(self, tail: float) -> int | None:
        """The least number of each algorithm that would do, were averages and spread to stay as they are.

        An algorithm with one run is taken to vary as the others do on average. None where no number does, or
        none has two runs.
        """
        runs, variances = self.runs, self.runs.variances
        if np.isnan(variances).all():
            return None
        variances = np.where(np.isnan(variances), np.nanmean(variances), variances)
        limit = upper_limit(runs.differences, tail) if self.within else lower_limit(runs.differences, tail)
        room = self.margin - limit if self.within else limit - self.margin
        every = np.all if self.within else np.any
        for repeats in range(2, MOST_RUNS + 1):
            counts = np.maximum(runs.repeats, repeats)
            if every(deviates(tail, runs.degrees(counts)) * runs.errors(variances, counts) <= room):
                return repeats
        return None

    def _more_problems(self, tail: float, seed: int) -> str | None:
        """How many would do with the runs at hand; None where no number does, or a hundredfold would not."""
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
        values = runs.differences if self.within else runs.differences.flipped()
        noise = deviates(tail, runs.degrees(runs.repeats)) * runs.errors(runs.variances, runs.repeats)
        # No mean is below the least possible one.
        thresholds = np.maximum((self.margin if self.within else -self.margin) - noise, values.low)
        p = p_less(values, thresholds)
        # Of pairs that are it but for rounding the first, on every machine.
        at = int(np.argmax(p >= p.max() * (1 - TIE) if self.within else p <= p.min() * (1 + TIE)))
        return values.columns(np.arange(len(p)) == at), float(thresholds[at])


def one_run_each(algorithms: Sequence[str]) -> str:
    """What is to be said of algorithms with one run."""
    *some, last = algorithms
    names = f"{', '.join(some)} and {last} have one run each" if some else f"{last} has one run"
    return f"{names}, so that algorithm and run cannot be told apart"


def _more_runs(enough: int | None) -> str:
    if enough:
        return f"about {enough} runs of each (labels.seed), if they go on as these, would probably decide"
    return "train three of each or more (labels.seed), as problems or samples do not show how runs differ"
