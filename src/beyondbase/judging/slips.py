"""What a grader's slips, wrong answers that it accepts, do to an effect: from the counts of its arms."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from beyondbase import estimators
from beyondbase.evidence.chances import solved_by_chance
from beyondbase.inference.bounded import Floats
from beyondbase.inference.tipping import Alone, Always, Effect, Integers, Linear, Ungraded


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
        right = self.c if c is None else c
        if len(ks) == 1:
            return 1 - estimators.pass_at_k(self.n, right, ks[0])[:, None]
        return 1 - estimators.pass_at_k_curve(self.n, right, max(ks))[:, np.asarray(ks) - 1]

    def always(self, k: int, c: Integers) -> Floats:
        """Estimate that k answers are all accepted, shape (problems,)."""
        return estimators.pass_hat_k(self.n, c, k)

    def but_one(self, k: int) -> Floats:
        """Estimate that of k answers all but one are accepted: C(c, k - 1) (n - c) / C(n, k)."""
        if k == 1:
            return 1 - self.c / self.n
        before = estimators.pass_hat_k(self.n, self.c, k - 1)
        return before * (self.n - self.c) * k / (self.n - k + 1)


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
class AlwaysSolved:
    """The share of problems of which an arm's k answers are all right, minus that of another."""

    arms: tuple[Counted, Counted]
    k: int

    @cached_property
    def effect(self) -> Effect:
        """The effect for any share of wrong answers accepted."""
        one, other = self.arms
        return Always(
            (one.always(self.k, one.c), other.always(self.k, other.c)),
            (one.but_one(self.k), other.but_one(self.k)),
        )

    def favoured(self, *, up: bool) -> tuple[Counted, ...]:
        """The arm that has more of them."""
        return self.arms[:1] if up else self.arms[1:]

    def fall(self, arm: Counted, wrong: Integers, *, up: bool) -> Floats:  # noqa: ARG002 - the same both ways
        """One wrong answer is enough where every answer is drawn."""
        return arm.always(self.k, arm.c) - arm.always(self.k, arm.c - wrong)


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
