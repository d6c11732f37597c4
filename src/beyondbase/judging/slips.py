"""What a grader's slips, wrong answers that it accepts, do to an effect: from the counts of its arms."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np
from scipy import stats

from beyondbase import estimators
from beyondbase.evidence.chances import solved_by_chance
from beyondbase.inference.bounded import Floats
from beyondbase.inference.luck import BeyondLuck
from beyondbase.inference.tipping import Alone, Effect, Integers, Linear, Often, Ungraded


@dataclass(frozen=True, eq=False)
class Counted:
    """An arm of an effect, by its counts or, where it guesses, by its chances.

    Attributes:
        name: of the arm.
        n: answers per problem.
        c: accepted ones.
        chances: of one guess per problem; None where answers were counted.
    """

    name: str
    n: Integers
    c: Integers
    chances: Floats | None = None

    def fails(self, ks: Sequence[int], c: Integers | None = None) -> Floats:
        """Estimates that none of k answers is accepted, shape (problems, ks), at other counts if given."""
        if self.chances is not None:
            return 1 - solved_by_chance(self.chances[:, None], np.asarray(ks))
        if ks == (0,):  # no answer solves nothing
            return np.ones((len(self.n), 1))
        right = self.c if c is None else c
        if len(ks) == 1:
            return 1 - estimators.pass_at_k(self.n, right, ks[0])[:, None]
        return 1 - estimators.pass_at_k_curve(self.n, right, max(ks))[:, np.asarray(ks) - 1]

    def often(self, k: int, least: int, c: Integers | None = None) -> Floats:
        """Estimates that so many of k answers are accepted, or more, shape (problems,)."""
        return self._reached(k, least, self.c if c is None else c)

    def seldom(self, k: int, most: int, c: Integers | None = None) -> Floats:
        """Estimates that so many of k answers are accepted, or fewer, shape (problems,)."""
        return self._reached(k, k - most, self.n - (self.c if c is None else c))

    def refused(self, k: int, most: int) -> Floats:
        """Estimates that of k answers 1, 2, .. `most` are refused, shape (problems, most)."""
        counts = np.arange(1, most + 1)
        n, c = self.n[:, None], self.c[:, None]
        return np.asarray(stats.hypergeom.pmf(counts, n, n - c, k), dtype=np.float64)

    def _reached(self, k: int, least: int, c: Integers) -> Floats:
        found = np.empty(len(c))
        for n in np.unique(self.n).tolist():
            rows = self.n == n
            found[rows] = _reached_table(n, k, least)[c[rows]]
        return found


# The search for the fewest wrong answers asks for one table again and again.
@lru_cache(maxsize=64)
def _reached_table(n: int, k: int, least: int) -> Floats:
    """For every c from 0 to n, the chance that k of n answers hold `least` of the c, or more."""
    return estimators.g_pass_at_k(n, np.arange(n + 1), k, least / k)


class Source(Protocol):
    """Where an effect comes from: what it is with slips, and which accepted answers speak for it."""

    @property
    def effect(self) -> Effect:
        """The effect for any share of wrong answers accepted."""
        ...

    def favoured(self, *, up: bool) -> tuple[Counted, ...]:
        """Arms whose accepted answers speak for the effect, or with `up` false against it."""
        ...

    def fall(self, arm: Counted, wrong: Integers, *, up: bool) -> Floats:
        """By how much each problem speaks less for the statement where so many answers are wrong."""
        ...


@dataclass(frozen=True, eq=False)
class PassSum:
    """A sum of weight times pass@k over arms, at one k each or over a grid that all share."""

    arms: tuple[Counted, ...]
    weights: tuple[float, ...]
    ks: tuple[tuple[int, ...], ...]

    @cached_property
    def effect(self) -> Effect:
        """The effect for any share of wrong answers accepted."""
        return Linear(
            self.weights,
            tuple(arm.fails(ks) for arm, ks in zip(self.arms, self.ks, strict=True)),
            tuple(np.asarray(ks) for ks in self.ks),
            tuple(arm.chances is None for arm in self.arms),
        )

    def favoured(self, *, up: bool) -> tuple[Counted, ...]:
        """Arms of positive weight, or of negative where the sum is to be small."""
        graded = ((arm, w) for arm, w in zip(self.arms, self.weights, strict=True) if arm.chances is None)
        return tuple(arm for arm, weight in graded if (weight > 0 if up else weight < 0))

    def fall(self, arm: Counted, wrong: Integers, *, up: bool) -> Floats:  # noqa: ARG002 - the same both ways
        """At the one k that there is."""
        place = self.arms.index(arm)
        ks = self.ks[place]
        return abs(self.weights[place]) * (arm.fails(ks, arm.c - wrong) - arm.fails(ks))[:, 0]

    def at(self, column: int) -> "PassSum":
        """The sum at one k of the grid."""
        return replace(self, ks=tuple((ks[column],) for ks in self.ks))


@dataclass(frozen=True, eq=False)
class SolvedAlone:
    """The share of problems that an arm solves in k answers and the base does not."""

    arm: Counted
    base: Counted
    k: int

    @cached_property
    def effect(self) -> Effect:
        """The effect for any share of wrong answers accepted."""
        return Alone(self.arm.fails((self.k,))[:, 0], self.base.fails((self.k,))[:, 0], self.k)

    def favoured(self, *, up: bool) -> tuple[Counted, ...]:
        """The arm where the share is to be great, else the base."""
        return (self.arm,) if up else (self.base,)

    def fall(self, arm: Counted, wrong: Integers, *, up: bool) -> Floats:
        """By the other arm's chance to let it count."""
        more = (arm.fails((self.k,), arm.c - wrong) - arm.fails((self.k,)))[:, 0]
        rest = self.base.fails((self.k,)) if up else 1 - self.arm.fails((self.k,))
        return more * rest[:, 0]


@dataclass(frozen=True, eq=False)
class SolvedBeyondLuck:
    """The share of problems that an arm solves alone, beyond what a second draw of the base would solve.

    Shown to be great by the excess of k answers, and small by the plain share (`inference.luck`).

    Attributes:
        arm: that solves them.
        base: of which there are two draws of k answers.
        k: the number of answers of a draw.
        plain: the share solved alone, at k to 2k answers.
    """

    arm: Counted
    base: Counted
    k: int
    plain: SolvedAlone

    @cached_property
    def effect(self) -> Effect:
        """The effect for any share of wrong answers accepted."""
        twice, once = (self.base.fails((k,))[:, 0] for k in (2 * self.k, self.k))
        arm, least = self.arm.fails((self.k,))[:, 0], int(self.base.n.min())
        return BeyondLuck(twice, once, arm, least, self.k, self.plain.effect)

    def favoured(self, *, up: bool) -> tuple[Counted, ...]:
        """The arm where the share is to be great, else the base."""
        return self.plain.favoured(up=up)

    def fall(self, arm: Counted, wrong: Integers, *, up: bool) -> Floats:
        """By what the arm no longer adds to the base's k answers, or as the plain share does."""
        if not up:
            return self.plain.fall(arm, wrong, up=False)
        more = arm.fails((self.k,), arm.c - wrong) - arm.fails((self.k,))
        return (more * self.base.fails((self.k,)))[:, 0]


@dataclass(frozen=True, eq=False)
class OftenSolved:
    """The share of problems of which at least `least` of an arm's k answers are right, minus another's."""

    arms: tuple[Counted, Counted]
    k: int
    least: int

    @cached_property
    def effect(self) -> Effect:
        """The effect for any share of wrong answers accepted."""
        one, other = (arm.often(self.k, self.least) for arm in self.arms)
        near, far = (arm.refused(self.k, self.k - self.least + 1) for arm in self.arms)
        return Often((one, other), (near, far))

    def favoured(self, *, up: bool) -> tuple[Counted, ...]:
        """The arm that has more of them."""
        return self.arms[:1] if up else self.arms[1:]

    def fall(self, arm: Counted, wrong: Integers, *, up: bool) -> Floats:  # noqa: ARG002 - the same both ways
        """Where every answer is drawn, so many wrong ones as leave fewer than `least`."""
        return arm.often(self.k, self.least) - arm.often(self.k, self.least, arm.c - wrong)


@dataclass(frozen=True, eq=False)
class SeldomSolved:
    """The share of problems of which at most `most` of an arm's k answers are right, minus another's.

    An answer that is accepted though wrong takes a problem from them. One of whose answers at most `most` are
    right has no more accepted if none of k - `most` wrong ones is, which has the chance (1 - e)^(k - most) or
    more: so the true share is at most that of the accepted over it, as if k - most answers had to be refused.
    """

    arms: tuple[Counted, Counted]
    k: int
    most: int

    @cached_property
    def effect(self) -> Effect:
        """The effect for any share of wrong answers accepted."""
        one, other = (arm.seldom(self.k, self.most)[:, None] for arm in self.arms)
        wrong = np.array([self.k - self.most])
        return Linear((-1.0, 1.0), (one, other), (wrong, wrong), (True, True), exact=self.most == 0)

    def favoured(self, *, up: bool) -> tuple[Counted, ...]:
        """The other arm, whose accepted answers take problems from its share."""
        return self.arms[1:] if up else self.arms[:1]

    def fall(self, arm: Counted, wrong: Integers, *, up: bool) -> Floats:  # noqa: ARG002 - the same both ways
        """By what is added to that arm's share."""
        return arm.seldom(self.k, self.most, arm.c - wrong) - arm.seldom(self.k, self.most)


@dataclass(frozen=True, eq=False)
class NoGrades:
    """An effect that hangs on no grade."""

    values: Floats
    support: tuple[float, float]

    @property
    def effect(self) -> Effect:
        """The plain values."""
        return Ungraded(self.values, *self.support)

    def favoured(self, *, up: bool) -> tuple[Counted, ...]:  # noqa: ARG002 - neither way
        """No arm."""
        return ()

    def fall(self, arm: Counted, wrong: Integers, *, up: bool) -> Floats:  # noqa: ARG002 - there is none
        """Nothing falls."""
        return np.zeros(len(self.values))
