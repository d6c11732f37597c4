"""From per-problem values to elementary verdicts: greater, less, alike, above everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import nan

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from beyondbase.inference.assurance import Pilot
from beyondbase.inference.band import p_all_greater, p_any_less
from beyondbase.inference.bounded import (
    ROUNDING,
    Floats,
    Values,
    lower_limit,
    p_greater,
    p_less,
    upper_limit,
    values_of,
)
from beyondbase.judging.slips import Source
from beyondbase.judging.thresholds import Threshold
from beyondbase.judging.verdict import Effect, Verdict, all_of, opposite

TIE = 1e-9


@dataclass(frozen=True, eq=False)
class Measure:
    """Per-problem values whose mean over problems is an effect.

    Attributes:
        name: what the mean is, in words, direction included ("RL - base pass@8").
        values: shape (problems,), or (problems, k) for a curve.
        support: least and greatest possible value of one problem.
        clusters: label per problem, or None.
        within: mean sampling variance of the values within a problem; NaN where unknown.
        samples: least samples per problem behind the values.
        kept_k: the k of the effect, where it would grow with the samples unless the study sets it.
        alpha: intervals are shown at level 1 - alpha.
        slips: what a grader's slips do to the values; None where that is not known.
        weights: of the problems in the mean; None where all count alike.
    """

    name: str
    values: Floats
    support: tuple[float, float] = (-1.0, 1.0)
    clusters: Sequence[str] | None = None
    within: float = nan
    samples: int = 1
    alpha: float = 0.05
    kept_k: int | None = None
    slips: Source | None = None
    weights: Floats | None = None

    def checked(self) -> Values:
        """The values as units of resampling."""
        return self._checked

    def effect(self) -> Effect:
        """Mean with its two-sided interval at level 1 - alpha."""
        return self._effect

    # Once, however many statements are made of one measure: an interval is half of what a verdict takes.
    @cached_property
    def _checked(self) -> Values:
        return values_of(self.values, support=self.support, clusters=self.clusters, weights=self.weights)

    @cached_property
    def _effect(self) -> Effect:
        values = self.checked()
        return Effect(
            self.name,
            float(values.mean[0]),
            float(lower_limit(values, self.alpha / 2)[0]),
            float(upper_limit(values, self.alpha / 2)[0]),
            1 - self.alpha,
        )

    def pilots(self, threshold: float) -> tuple[Pilot, Pilot]:
        """What a remedy is computed from, above a threshold and below it."""
        values, (low, high) = self.checked(), self.support
        gains = values.sums[:, 0] - values.sizes * threshold
        # What is at the threshold but for rounding leans to neither side, on any machine.
        gains = np.where(np.abs(gains) <= ROUNDING * (high - low) * values.sizes, 0.0, gains)
        above = Pilot(gains, values.sizes, low - threshold, self.within, self.samples, kept_k=self.kept_k)
        return above, replace(above, gains=-gains, worst=threshold - high)

    def threshold(self, than: float, columns: NDArray[np.bool_] | None = None) -> Threshold | None:
        """The statement that the mean is greater, to be tried with slips; see `Threshold` for the columns."""
        return None if self.slips is None else Threshold(self.slips, than, self.clusters, columns=columns)


def greater(measure: Measure, than: float, statement: str) -> Verdict:
    """The mean is greater than a threshold; refuted when it is shown to be less."""
    values = measure.checked()
    return Verdict(
        statement,
        p_support=float(p_greater(values, than)[0]),
        p_refute=float(p_less(values, than)[0]),
        effect=measure.effect(),
        pilots=measure.pilots(than),
        slips=measure.threshold(than),
    )


def greater_between(least: Measure, most: Measure, than: float, statement: str, *, gap: str) -> Verdict:
    """An effect that lies between two means is greater than a threshold: shown by one, refuted by the other.

    Args:
        least: whose mean is at most the effect; its slips know both sides.
        most: whose mean is at least the effect, and whose values are at least those of `least`.
        than: threshold.
        statement: one sentence.
        gap: why no number of problems decides where the threshold lies between the two means.
    """
    return Verdict(
        statement,
        p_support=float(p_greater(least.checked(), than)[0]),
        p_refute=float(p_less(most.checked(), than)[0]),
        effect=most.effect(),
        pilots=(least.pilots(than)[0], most.pilots(than)[1]),
        slips=least.threshold(than),
        gap=gap,
    )


def less(measure: Measure, than: float, statement: str) -> Verdict:
    """The mean is less than a threshold; refuted when it is shown to be greater."""
    return opposite(statement, greater(measure, than, statement))


def alike(measure: Measure, margin: float, statement: str) -> Verdict:
    """The mean lies within plus or minus a margin: two one-sided tests (Schuirmann 1987)."""
    return all_of(
        statement,
        greater(measure, -margin, f"{measure.name} above -{margin:g}"),
        less(measure, margin, f"{measure.name} below {margin:g}"),
    )


def above_everywhere(curve: Measure, than: float, statement: str, *, ks: Sequence[int]) -> Verdict:
    """Every column of a curve has a mean greater than a threshold; the effect is the least of them.

    For it every k must speak, against it one: looked for at the powers of two and at the last k only, because
    every k that is looked at costs, and neighbours say nearly the same.
    """
    values = curve.checked()
    # Columns that are alike but for rounding are many at large k: the first of them, on every machine.
    p, contrary = p_greater(values, than), p_less(values, than)
    least = int(np.argmax(values.mean <= values.mean.min() + TIE))
    weakest = int(np.argmax(p >= p.max() - TIE))
    octaves = np.array([k & (k - 1) == 0 or k == ks[-1] for k in ks])
    surest = int(np.argmax(octaves & (contrary <= contrary[octaves].min() + TIE)))
    above, below = (
        _column(curve, at, ks[at]).pilots(than)[side] for side, at in enumerate((weakest, surest))
    )
    return Verdict(
        statement,
        p_support=p_all_greater(values, than),
        p_refute=p_any_less(values.columns(octaves), than),
        effect=_column(curve, least, ks[least]).effect(),
        pilots=(above, replace(below, looks=float(octaves.sum()))),
        slips=curve.threshold(than, octaves),
    )


def ratio_limits(
    parts: Floats, wholes: Floats, *, clusters: Sequence[str] | None = None, alpha: float = 0.05
) -> tuple[float, float]:
    """Two-sided limits, at level 1 - alpha, of the mean of `parts` over the mean of `wholes`.

    They are the ratios r at which "the mean of part - r whole is zero" is just not rejected (Fieller 1954),
    by the bound that means have.

    Args:
        parts: per problem, between -whole and whole; some whole is not zero.
        wholes: per problem, between 0 and 1.
        clusters: label per problem, or None.
        alpha: both tails together.
    """
    lower, upper = (_least_ratio(sign * parts, wholes, clusters, alpha / 2) for sign in (1, -1))
    return lower, -upper


def _least_ratio(parts: Floats, wholes: Floats, clusters: Sequence[str] | None, tail: float) -> float:
    def excess(ratio: float) -> float:
        rest = values_of(parts - ratio * wholes, support=(-1 - ratio, 1 - ratio), clusters=clusters)
        return float(p_greater(rest)[0]) - tail

    # At -1 nothing is below zero: p is 0, or 1 where all parts are as small as they can be.
    return -1.0 if excess(-1.0) >= 0 else float(optimize.brentq(excess, -1.0, 1.0))


def _column(curve: Measure, index: int, k: int) -> Measure:
    name, values = f"{curve.name} at k = {k}", curve.values[:, index]
    return replace(curve, name=name, values=values, within=nan, kept_k=None, slips=None)
