"""How far algorithms end apart, where a run of training is one draw of its algorithm."""

from dataclasses import dataclass
from functools import cached_property
from itertools import permutations

import numpy as np

from beyondbase.inference.bounded import Floats, Values, values_of
from beyondbase.inference.runs import (
    Integers,
    close_limit,
    difference_limit,
    mean_variance,
    p_close,
    p_difference_less,
    variance_within,
)
from beyondbase.judging.case import Case


@dataclass(frozen=True, eq=False)
class AlgorithmRuns:
    """pass@k of all runs of some algorithms, problem by problem.

    Attributes:
        case: whose other arms are the runs.
        k: of pass@k.
    """

    case: Case
    k: int

    @cached_property
    def algorithms(self) -> tuple[str, ...]:
        """Their names, in the order of their first arms."""
        return tuple(dict.fromkeys(self.case.arm(name).algorithm or "" for name in self.case.others))

    @cached_property
    def groups(self) -> Integers:
        """The place of each run's algorithm, shape (runs,)."""
        places = [self.algorithms.index(self.case.arm(name).algorithm or "") for name in self.case.others]
        return np.array(places, dtype=np.int64)

    @cached_property
    def repeats(self) -> Integers:
        """Runs of each algorithm, shape (algorithms,)."""
        return np.bincount(self.groups)

    @cached_property
    def values(self) -> Floats:
        """pass@k, shape (problems, runs)."""
        return np.column_stack([self.case.pass_at_k(name, self.k) for name in self.case.others])

    @cached_property
    def averages(self) -> Floats:
        """pass@k averaged over the runs of each algorithm, shape (problems, algorithms)."""
        mine = self.groups[:, None] == np.arange(len(self.repeats))
        return np.asarray(self.values @ (mine / self.repeats))

    @cached_property
    def means(self) -> Floats:
        """Mean pass@k of each algorithm over runs and problems, shape (algorithms,)."""
        return np.asarray(self.averages.mean(axis=0))

    @property
    def width(self) -> float:
        """The greatest of these means minus the least."""
        return float(np.ptp(self.means))

    @cached_property
    def pairs(self) -> Integers:
        """Every two algorithms in both orders, shape (pairs, 2)."""
        return np.array([*permutations(range(len(self.repeats)), 2)], dtype=np.int64)

    @cached_property
    def differences(self) -> Values:
        """Of every pair of algorithms, the average of one minus that of the other."""
        return self._differences(self.averages, self.pairs)

    @cached_property
    def between_runs(self) -> Values:
        """Of every two runs in both orders, one minus the other."""
        return self._differences(self.values, np.array([*permutations(range(len(self.groups)), 2)]))

    def _differences(self, columns: Floats, pairs: Integers) -> Values:
        return values_of(columns[:, pairs[:, 0]] - columns[:, pairs[:, 1]], clusters=self.case.clusters)

    @cached_property
    def variance(self) -> float:
        """Pooled variance between the means of runs of one algorithm; NaN where none has two."""
        return variance_within(self.values.mean(axis=0), self.groups)[0]

    @property
    def degrees(self) -> int:
        """Degrees of freedom of that variance: runs less algorithms."""
        return len(self.groups) - len(self.repeats)

    @property
    def repeated(self) -> bool:
        """Whether limits take Student's t, and not how close all runs are.

        Settled by the numbers of runs alone, never by what they show. With fewer degrees of freedom than
        algorithms less one t is so wide that a study would lose by repeating a run.
        """
        return self.degrees >= len(self.repeats) - 1

    def error(self, repeats: Integers) -> Floats:
        """Standard errors of all pairs by the noise of runs, were there so many runs of each algorithm."""
        shares = 1 / repeats
        return np.asarray(np.sqrt(self.variance * shares[self.pairs].sum(axis=1)))

    def p_within(self, margin: float) -> float:
        """p-value against "some two algorithms differ by the margin or more" (Berger 1982)."""
        if not self.repeated:
            return p_close(self.between_runs, margin, len(self.repeats))
        return float(self._p_less(self.differences, margin).max())

    def p_apart(self, margin: float) -> float:
        """p-value against "no two algorithms differ by more than the margin" (Bonferroni)."""
        if not self.degrees:
            return 1.0
        return min(1.0, len(self.pairs) * float(self._p_less(self.differences.flipped(), -margin).min()))

    def _p_less(self, values: Values, margin: float) -> Floats:
        return p_difference_less(values, margin, self.error(self.repeats), self.degrees)

    def limits(self, tail: float) -> tuple[float, float]:
        """Limits of the range, each of which errs with at most `tail`: 0 and 1 where there are no better."""
        lower, upper, error = 0.0, 1.0, self.error(self.repeats)
        if self.degrees:
            share = tail / len(self.pairs)
            lower = max(-float(self._below(self.differences.flipped(), share, error).min()), 0.0)
        if self.repeated:
            upper = float(self._below(self.differences, tail, error).max())
        else:
            upper = close_limit(self.between_runs, tail, len(self.repeats))
        return lower, min(upper, 1.0)

    def components(self) -> tuple[float, float, float]:
        """Variances of pass@k: between algorithms, between runs of one, and by the draw of problems.

        Those of an analysis of variance, each less what the noise under it adds, and 0 where that is more
        (Searle, Casella and McCulloch 1992, section 3.6). NaN between runs, and taken for 0 above that, where
        no algorithm has two.
        """
        centred = self.averages - self.averages.mean(axis=1, keepdims=True)
        drawn = self._drawn(centred) / (len(self.repeats) - 1)
        runs = np.nan
        if self.degrees:
            within = self._drawn(self.values - self.averages[:, self.groups]) / self.degrees
            runs = max(self.variance - within, 0.0)
        noise = float(np.nan_to_num(runs)) * float((1 / self.repeats).mean())
        return max(float(self.means.var(ddof=1)) - noise - drawn, 0.0), runs, drawn

    def _drawn(self, columns: Floats) -> float:
        """Variance of the means of columns by the draw of problems, summed over columns."""
        return float(mean_variance(values_of(columns, clusters=self.case.clusters)).sum())

    @cached_property
    def to_base(self) -> Values:
        """By how much the base is above the average of the algorithms."""
        values = self.case.pass_at_k(self.case.base, self.k) - self.averages.mean(axis=1)
        return values_of(values, clusters=self.case.clusters)

    def limits_to_base(self, tail: float) -> tuple[float, float] | None:
        """Limits of the mean of `to_base`, each of which errs with at most `tail`; None without repeats."""
        if not self.degrees:
            return None
        error = np.array([np.sqrt(self.variance * (1 / self.repeats).sum()) / len(self.repeats)])
        lower, upper = (self._below(side, tail, error) for side in (self.to_base.flipped(), self.to_base))
        return -float(lower[0]), float(upper[0])

    def _below(self, values: Values, tail: float, error: Floats) -> Floats:
        return difference_limit(values, tail, error, self.degrees)
