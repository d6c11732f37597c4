"""How many wrong answers a grader may accept before a finding on pass@k falls.

Say that on one problem a wrong answer of an arm is accepted with probability e, by whatever rule: completions
of a problem are independent, so whether a wrong one is accepted is an independent event too. Then an answer
is refused with probability f' = f (1 - e), where f is the true chance of a wrong one, and f^k = f'^k / (1 -
e)^k. The share of draws of k answers that are all refused estimates f'^k without bias (Chen et al. 2021, as a
U-statistic Hoeffding 1948), so divided by (1 - e)^k it estimates the true fail@k without bias: the map is
linear. With e unknown, unequal between problems and arms, but at most `share`, each effect below is replaced
by values whose mean given the problem is at most the true effect and that have known ends. So the test of
their mean (`bounded`) shows the true effect, whatever the slips were, as long as none of these probabilities
is above `share`. All values fall as `share` rises, hence p rises, and the greatest share at which a finding
is still shown, its tipping point, is found by bisection.

The values are told times `scale` = (1 - share)^k, so that they stay in the range of the plain ones.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from beyondbase.inference.bounded import Floats, p_greater, values_of
from beyondbase.inference.graphical import LEAST, Procedure

Integers: TypeAlias = NDArray[np.int64]

# One wrong answer in so many, from the least share to the greatest, with two digits.
MOST_DIGITS = 7
ONE_IN = (
    10**MOST_DIGITS,
    *(d * 10**z for z in range(MOST_DIGITS - 2, -1, -1) for d in range(99, 9, -1)),
    *range(9, 1, -1),
)
SHARES = tuple(1 / number for number in ONE_IN)
NONE = -1
EVEN = 1e-9  # of the greatest weight: a sum of weights that is smaller is zero


class Slipped(NamedTuple):
    """Values with a mean of at most `scale` times the true effect, shape (problems, columns); their ends."""

    values: Floats
    low: float
    high: float
    scale: Floats


class Effect(Protocol):
    """An effect whose values are known for whatever share of wrong answers was accepted."""

    def slipped(self, share: float, *, up: bool, alike: bool) -> Slipped:
        """Values for the statement that the effect, or with `up` false its negative, is great.

        Args:
            share: the greatest chance that a wrong answer is accepted, on any problem.
            up: whether the effect is to be shown greater than something, or less: then it is negated.
            alike: whether on each problem all arms have the same chance; else each arm has its own.
        """
        ...


@dataclass(frozen=True, eq=False)
class Linear:
    """The sum of weight times pass@k over arms.

    On a problem it is sum w - sum w f^k. Whatever is accepted in an arm with w < 0 speaks for the effect, so
    the worst that can be is e = share in all arms with w > 0 and none in the others. Where all arms have the
    same e on a problem, and the weights the sum zero, it is - sum w t^k f'^k with t = 1 / (1 - e). That takes
    its least value at an end of t's range if all k are the same (it is then t^k times a number), or if k = 1
    in the arms with w < 0 (it is then concave in t). The lesser of both ends is concave in the estimates, so
    that its mean is at most the true effect (Jensen).

    Attributes:
        weights: of each arm.
        fails: estimates of f'^k of each arm, shape (problems, columns).
        ks: k of each arm, shape (columns,).
        graded: whether the arm's answers were graded at all, and not its chances computed.
        exact: whether an estimate over (1 - e)^k has the true chance for its mean, and not a greater one
            (then that chance is at least the estimate's mean): alike chances are no help without.
    """

    weights: tuple[float, ...]
    fails: tuple[Floats, ...]
    ks: tuple[Integers, ...]
    graded: tuple[bool, ...]
    exact: bool = True

    def slipped(self, share: float, *, up: bool, alike: bool) -> Slipped:
        """As `Effect` says; where alike is no help, arms are taken to have each its own chance."""
        weights = tuple(weight if up else -weight for weight in self.weights)
        if alike and self.exact and self._at_ends(weights):
            most = np.max(self.ks, axis=0)
            ends = (
                self._times(weights, powers, share, most) for powers in ([k * 0 for k in self.ks], self.ks)
            )
            values, low, high = zip(*ends, strict=True)
            return Slipped(np.minimum(*values), min(low), max(high), (1 - share) ** most)
        hurt = [one and weight > 0 for one, weight in zip(self.graded, weights, strict=True)]
        powers = [k * one for k, one in zip(self.ks, hurt, strict=True)]
        most = np.max(powers, axis=0)
        return Slipped(*self._times(weights, powers, share, most), (1 - share) ** most)

    def _at_ends(self, weights: Sequence[float]) -> bool:
        same = all((k == self.ks[0]).all() for k in self.ks)
        single = all((k == 1).all() for k, weight in zip(self.ks, weights, strict=True) if weight < 0)
        even = abs(sum(weights)) < EVEN * max(map(abs, weights))
        return all(self.graded) and even and (same or single)

    def _times(
        self, weights: Sequence[float], powers: Sequence[Integers], share: float, most: Integers
    ) -> tuple[Floats, float, float]:
        """The effect with each f'^k over (1 - share)^power, times (1 - share)^most; and its ends."""
        scale = (1 - share) ** most
        terms = [w * (1 - share) ** (most - power) for w, power in zip(weights, powers, strict=True)]
        whole = scale * sum(weights)
        values = whole - sum((t * x for t, x in zip(terms, self.fails, strict=True)), np.zeros(1))
        low = whole - sum(np.maximum(term, 0) for term in terms)
        high = whole - sum(np.minimum(term, 0) for term in terms)
        return values, float(low.min()), float(high.max())


@dataclass(frozen=True, eq=False)
class Alone:
    """The share of problems that one arm solves in k answers and the base does not: (1 - f^k) times its f^k.

    The two are independent given the problem, so their product is unbiased. What is accepted of the arm can
    only raise its share, and of the base only lower it: to show that it is great the worst is e = share in
    the arm and none in the base (1 - f^k of the arm is a chance, never below zero, whatever its estimate), to
    show that it is small the other way round. Alike in both arms, with t = 1 / (1 - e)^k, it is t b (1 - t a)
    for the two fail@k a and b; its greatest value over t is convex in b and ab, so that of the estimates is
    on the safe side.

    Attributes:
        arm: estimates of f'^k of the arm, shape (problems,).
        base: those of the base.
        k: the number of answers.
    """

    arm: Floats
    base: Floats
    k: int

    def slipped(self, share: float, *, up: bool, alike: bool) -> Slipped:
        """As `Effect` says."""
        scale = (1 - share) ** self.k
        if up:
            return _slipped(self.base * (scale - self.arm), scale - 1, scale, scale)
        if not alike:
            return _slipped(-self.base * (1 - self.arm), -1, 0, scale)
        with np.errstate(divide="ignore"):
            worst = np.clip(scale / (2 * self.arm), scale, 1)
        return _slipped(-self.base * worst * (scale - worst * self.arm), -scale, 0, scale**2)


@dataclass(frozen=True, eq=False)
class Often:
    """The share of problems of which all but w of k answers are right, or more, in one arm minus another.

    Where r answers are refused, r up to w, some that are accepted have to be wrong for the truth to fall
    short: w + 1 - r of the k - r. Each is, independently, with chance f e / p', where p' is that of being
    accepted and f e = f' e / (1 - e). So many are with a chance of at most their mean number over w + 1 - r
    (Markov). In sum the true chance is at least that of the accepted, less e / (1 - e) times the sum over s
    = 1 .. w + 1 of s / (w + 2 - s) times the chance that s are refused; all have unbiased estimates. For w =
    0 that is p'^k - e / (1 - e) k f' p'^(k-1), the tangent of a power.

    Attributes:
        whole: estimates that at most w are refused, of either arm, shape (problems,).
        refused: estimates that 1, 2, .. w + 1 are, shape (problems, w + 1).
    """

    whole: tuple[Floats, Floats]
    refused: tuple[Floats, Floats]

    def slipped(self, share: float, *, up: bool, alike: bool) -> Slipped:  # noqa: ARG002 - no help
        """As `Effect` says; slips alike in both arms are bounded as if the other arm had none."""
        one, other = (0, 1) if up else (1, 0)
        odds, most = share / (1 - share), self.refused[one].shape[1]
        counts = np.arange(1, most + 1)
        lost = self.refused[one] @ (counts / (most + 1 - counts))
        values = self.whole[one] - self.whole[other] - odds * lost
        return _slipped(values, -1 - odds * most, 1, 1)


@dataclass(frozen=True, eq=False)
class Ungraded:
    """Values that hang on no grade, such as log-probabilities."""

    values: Floats
    low: float
    high: float

    def slipped(self, share: float, *, up: bool, alike: bool) -> Slipped:  # noqa: ARG002 - none matters
        """As `Effect` says: the plain values."""
        if up:
            return _slipped(self.values, self.low, self.high, 1)
        return _slipped(-self.values, -self.high, -self.low, 1)


def _slipped(values: Floats, low: float, high: float, scale: float) -> Slipped:
    return Slipped(values[:, None], float(low), float(high), np.array([scale], dtype=np.float64))


def p_with_slips(found: Slipped, than: float, *, clusters: ArrayLike | None = None) -> Floats:
    """p-value against "the true effect is at most `than`", per column, for values of `slipped`.

    Args:
        found: the values.
        than: threshold of the effect, negated where the effect is.
        clusters: label per problem, or None.
    """
    threshold = than * found.scale
    support = (found.low - float(threshold.max()), found.high - float(threshold.min()))
    return p_greater(values_of(found.values - threshold, support=support, clusters=clusters))


def greatest_share(shown: Callable[[float], bool], *, least: int = NONE, below: int | None = None) -> int:
    """Place in `SHARES` of the greatest at which a finding is still shown; `NONE` where none is.

    Args:
        shown: whether it is, which must not turn from false to true as the share rises.
        least: a place at which it is known to be shown.
        below: it is not asked for at this place and above.
    """
    low, high = least + 1, max(len(SHARES) if below is None else below, least + 1)
    return bisect_left(range(low, high), x=True, key=lambda place: not shown(SHARES[place])) + low - 1


def tipping_points(
    findings: Mapping[int, Callable[[float, float], bool]], alpha: float, procedure: Procedure
) -> dict[int, int]:
    """Places in `SHARES` of tipping points that hold for all findings of a family together.

    At any one share the tests with slips are tests of the true effects, and the procedure on them keeps the
    chance of any false finding at `alpha`. A tipping point here is a share up to which the procedure still
    makes the finding, so the chance that any false one has a tipping point at or above the true share is at
    most alpha. Of the findings that have a share of alpha the one is taken next that bears most at the level
    that it first had; it has the level that it has by then, and none outlasts those before it, without which
    it has less. So all that are taken at a share are rejected there: what may be taken in any order, is.

    Args:
        findings: by their place in the family, whether each is shown at a share and a level; rising with the
            level, falling with the share.
        alpha: of the family.
        procedure: over the family, at its start.
    """
    places, first, most = dict.fromkeys(findings, NONE), dict[int, int](), len(SHARES) - 1
    left = set(findings)
    while left and most > NONE:
        shares = procedure.shares
        able = sorted(at for at in left if shares[at] > LEAST)
        if not able:
            break
        for at in set(able) - set(first):
            first[at] = greatest_share(partial(_at_level, findings[at], alpha * shares[at]))
        at = max(able, key=lambda place: first[place])
        if first[at] < most:
            shown = partial(_at_level, findings[at], alpha * shares[at])
            most = greatest_share(shown, least=first[at], below=most + 1)
        places[at] = most
        left.remove(at)
        procedure = procedure.without(at)
    return places


def _at_level(finding: Callable[[float, float], bool], level: float, share: float) -> bool:
    return finding(share, level)


def slip_limit(n: ArrayLike, c: ArrayLike, tail: float) -> Floats:
    """The share of wrong answers accepted at which c or more of n wrong ones are, with chance `tail`.

    No smaller share has so great a chance. It is the lower limit of Clopper and Pearson (1934); zero where c
    is.
    """
    counts, right = np.broadcast_arrays(np.asarray(n, np.float64), np.asarray(c, np.float64))
    limit = special.betaincinv(np.maximum(right, 1), counts - right + 1, tail)
    return np.where(right > 0, limit, 0.0)
