"""How far algorithms end apart, where a run of training is one draw of its algorithm."""

from dataclasses import dataclass
from functools import cached_property
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from beyondbase.inference.bounded import Floats, Values, values_of
from beyondbase.inference.runs import (
    Integers,
    difference_limit,
    mean_variance,
    p_difference_less,
    variances_within,
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

    @property
    def single(self) -> tuple[str, ...]:
        """Algorithms with one run, whose noise nobody knows."""
        return tuple(name for name, some in zip(self.algorithms, self.repeats, strict=True) if some == 1)

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
        return self.case.mean(self.averages)

    @property
    def width(self) -> float:
        """The greatest of these means minus the least."""
        return float(np.ptp(self.means))

    @cached_property
    def pairs(self) -> Integers:
        """Every two algorithms in both orders, shape (pairs, 2)."""
        return np.array([*permutations(range(len(self.repeats)), 2)], dtype=np.int64)

    @cached_property
    def repeated(self) -> NDArray[np.bool_]:
        """Of which pairs both algorithms have two runs or more, so that it may be judged."""
        return np.asarray((self.repeats[self.pairs] > 1).all(axis=1))

    @cached_property
    def differences(self) -> Values:
        """Of every pair of algorithms, the average of one minus that of the other."""
        return self._gathered(self.averages[:, self.pairs[:, 0]] - self.averages[:, self.pairs[:, 1]])

    @cached_property
    def variances(self) -> Floats:
        """Variance between the means of runs of each algorithm, shape (algorithms,); NaN of a single run.

        No less than what the draw of problems and samples alone is seen to add, lest runs that happen to
        have equal means, as with few problems they may, count as runs that never differ.
        """
        within = variances_within(self.case.mean(self.values), self.groups)
        noise = np.bincount(self.groups, self._drawn(self.values - self.averages[:, self.groups]))
        return np.fmax(within, noise / np.where(self.repeats > 1, self.repeats - 1, np.nan))

    def errors(self, variances: Floats, repeats: Integers) -> Floats:
        """Standard errors of all pairs by the noise of runs, were there so many runs of each algorithm."""
        return np.asarray(np.sqrt((variances / repeats)[self.pairs].sum(axis=1)))

    def degrees(self, repeats: Integers) -> Integers:
        """Of freedom, of all pairs, were there so many runs of each algorithm."""
        return np.asarray(repeats[self.pairs].min(axis=1) - 1)

    def p_within(self, margin: float) -> float:
        """p-value against "some two algorithms differ by the margin or more" (Berger 1982)."""
        return 1.0 if self.single else float(self._p_less(self.differences, margin).max())

    def p_apart(self, margin: float) -> float:
        """p-value against "no two algorithms differ by more than the margin" (Bonferroni).

        Over the pairs that have repeated runs: which those are is known before their results.
        """
        if not self.repeated.any():
            return 1.0
        p = self._p_less(self.differences.flipped(), -margin)
        return min(1.0, len(p) * float(p.min()))

    def limits(self, tail: float) -> tuple[float, float]:
        """Limits of the range, each of which errs with at most `tail`: 0 and 1 where there are no better."""
        lower, upper = 0.0, 1.0
        if self.repeated.any():
            share = tail / int(self.repeated.sum())
            lower = max(-float(self._below(self.differences.flipped(), share).min()), 0.0)
        if not self.single:
            upper = float(self._below(self.differences, tail).max())
        return lower, min(upper, 1.0)

    def components(self) -> tuple[float, float, float]:
        """Variances of pass@k: between algorithms, between runs of one, and by the draw of problems.

        Those of an analysis of variance, each less what the noise under it adds, and 0 where that is more
        (Searle, Casella and McCulloch 1992, section 3.6); of runs, the mean over their degrees of freedom.
        NaN between runs, and taken for 0 above that, where no algorithm has two.
        """
        centred = self.averages - self.averages.mean(axis=1, keepdims=True)
        drawn = float(self._drawn(centred).sum()) / (len(self.repeats) - 1)
        runs, degrees = np.nan, int((self.repeats - 1).sum())
        if degrees:
            within = variances_within(self.case.mean(self.values), self.groups)
            noise = float(self._drawn(self.values - self.averages[:, self.groups]).sum())
            runs = max((float(np.nansum(within * (self.repeats - 1))) - noise) / degrees, 0.0)
        of_means = float(np.nan_to_num(runs)) * float((1 / self.repeats).mean())
        return max(float(self.means.var(ddof=1)) - of_means - drawn, 0.0), runs, drawn

    @cached_property
    def to_base(self) -> Values:
        """By how much the base is above the average of the algorithms."""
        return self._gathered(self.case.pass_at_k(self.case.base, self.k) - self.averages.mean(axis=1))

    def limits_to_base(self, tail: float) -> tuple[float, float] | None:
        """Limits of the mean of `to_base`, each of which errs with at most `tail`; None with a single run."""
        if self.single:
            return None
        error = np.sqrt([(self.variances / self.repeats).sum()]) / len(self.repeats)
        degrees = np.array([self.repeats.min() - 1])
        lower, upper = (
            difference_limit(side, tail, error, degrees) for side in (self.to_base.flipped(), self.to_base)
        )
        return -float(lower[0]), float(upper[0])

    def _p_less(self, values: Values, margin: float) -> Floats:
        judged, error, degrees = self._judged(values)
        return p_difference_less(judged, margin, error, degrees)

    def _below(self, values: Values, tail: float) -> Floats:
        judged, error, degrees = self._judged(values)
        return difference_limit(judged, tail, error, degrees)

    def _judged(self, values: Values) -> tuple[Values, Floats, Integers]:
        """Of pairs with repeated runs: the differences, their errors and degrees of freedom."""
        errors, degrees = self.errors(self.variances, self.repeats), self.degrees(self.repeats)
        return values.columns(self.repeated), errors[self.repeated], degrees[self.repeated]

    def _drawn(self, columns: Floats) -> Floats:
        """Variance of the mean of each column by the draw of problems; NaN where there is but one unit."""
        return mean_variance(self._gathered(columns))

    def _gathered(self, columns: Floats) -> Values:
        return values_of(columns, clusters=self.case.clusters, weights=self.case.weights)
