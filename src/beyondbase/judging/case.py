"""Cases: arms of one task, aligned by problem, on which a claim is judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil, floor

import numpy as np

from beyondbase import estimators
from beyondbase.evidence.chances import solved_by_chance
from beyondbase.evidence.tallies import Tally
from beyondbase.inference.bounded import Floats
from beyondbase.inference.precision import sampling_variance
from beyondbase.judging.measure import Measure
from beyondbase.judging.slips import Counted, OftenSolved, PassSum, SeldomSolved, SolvedAlone, Source
from beyondbase.study import Margins, Study
from beyondbase.study.arms import Arm

DENSE_BELOW = 16
SAME = 1e-12  # by which a share of samples may miss a whole number of them for rounding
POINTS_PER_OCTAVE = 8


@dataclass(frozen=True, eq=False)
class Case:
    """Arms of one task whose tallies stand side by side, row by row the same problem.

    Attributes:
        study: that the case belongs to.
        task: name of the task.
        base: the base arm.
        others: the arms compared with it or with each other, in the order that the claim needs.
        label: the arm that names the case.
        tallies: per arm, all with the same problem ids; as read where `mismatch` is not empty.
        mismatch: why the tallies cannot stand side by side, or are no evidence at all.
        chances: exact chances of every arm that guesses on the task, by arm, in the rows of the tallies.
        parts: of a case over all tasks (see `pool`), the cases of each of them.
        weights: of the problems in every mean, in row order, 1 on average; None where all count alike.
    """

    study: Study
    task: str
    base: str
    others: tuple[str, ...]
    label: str
    tallies: Mapping[str, Tally]
    mismatch: tuple[str, ...]
    chances: Mapping[str, Floats] = field(default_factory=dict)
    parts: tuple["Case", ...] = ()
    weights: Floats | None = None

    @property
    def id(self) -> str:
        """Name of the case within its study."""
        return f"{self.task}/{self.label}"

    @property
    def margins(self) -> Margins:
        """Margins of the study."""
        return self.study.margins

    @property
    def other(self) -> str:
        """The arm that is compared with the base, in a case of two."""
        return self.others[0]

    @property
    def problem_ids(self) -> tuple[str, ...]:
        """Problems in row order."""
        return self._counted.problem_ids

    @cached_property
    def k_max(self) -> int:
        """Largest k that every problem of every arm allows."""
        return min(int(tally.n.min()) for tally in self.tallies.values())

    @property
    def even(self) -> bool:
        """Whether all problems of all arms have the same number of samples, which is then k_max."""
        return all(bool((tally.n == self.k_max).all()) for tally in self.tallies.values())

    @property
    def clusters(self) -> tuple[str, ...] | None:
        """What each problem is resampled with, or None."""
        return self._counted.clusters

    @property
    def _counted(self) -> Tally:
        """The tally of the arm that names the case, or of the base where that arm has chances instead."""
        return self.tallies.get(self.label, self.tallies[self.base])

    @property
    def independent(self) -> bool:
        """Whether every problem is a draw of its own: no two share a cluster."""
        return self.clusters is None or len(set(self.clusters)) == len(self.clusters)

    @property
    def k_large(self) -> int:
        """The "large k" of the claims: the study's, or the largest that the samples allow."""
        return self.study.k_large or self.k_max

    def arm(self, name: str) -> Arm:
        """Settings of an arm."""
        return self.study.arms[name]

    @property
    def k_needed(self) -> int:
        """How many samples of every problem a claim about large k wants."""
        return max(self.study.k_large or 0, self.study.grid.k_large_min)

    @property
    def undersampled(self) -> tuple[str, ...]:
        """Arms with fewer samples of some problem than claims about large k want."""
        return tuple(arm for arm, tally in self.tallies.items() if int(tally.n.min()) < self.k_needed)

    def pass_at_k(self, arm: str, k: int) -> Floats:
        """pass@k of each problem."""
        if arm in self.chances:
            return solved_by_chance(self.chances[arm], k)
        tally = self.tallies[arm]
        return estimators.pass_at_k(tally.n, tally.c, k)

    def difference(self, k: int, *, arm: str | None = None, minus: str | None = None) -> Measure:
        """Difference of pass@k between two arms, by default the other arm minus the base."""
        arm, minus = arm or self.other, minus or self.base
        return self.measure(
            f"{self.short(arm)} - {self.short(minus)} pass@{k}",
            self.pass_at_k(arm, k) - self.pass_at_k(minus, k),
            within=self._pass_variance(arm, k) + self._pass_variance(minus, k),
            k=k,
            slips=self._pass_sum({arm: 1.0, minus: -1.0}, (k,)),
        )

    def often_difference(self, tau: float) -> Measure:
        """Difference of the expected share of problems of whose K samples drawn at least tau are right.

        At least ceil(tau K) of K, drawn without replacement from each arm's own n: the hypergeometric tail,
        G-Pass@K of Liu et al. 2024 (arXiv 2412.13147). K is the large k for both arms, so that an arm with
        more samples has no lead. Tau in (0, 1].
        """
        k, arms = self.k_large, (self.counts(self.other), self.counts(self.base))
        least = max(ceil(tau * k * (1 - SAME)), 1)
        one, other = (arm.often(k, least) for arm in arms)
        name = f"{self._against} share with {least} or more of k = {k} right"
        return self.measure(name, one - other, k=k, slips=OftenSolved(arms, k, least))

    def seldom_difference(self, tau: float) -> Measure:
        """Difference of the expected share of problems of whose K samples drawn at most tau are right.

        At most floor(tau K) of K, drawn as in `often_difference`. Below K = 1 / tau that is none of them,
        1 - pass@K. Tau in [0, 1).
        """
        k, arms = self.k_large, (self.counts(self.other), self.counts(self.base))
        most = floor(tau * k * (1 + SAME))
        one, other = (arm.seldom(k, most) for arm in arms)
        name = f"{self._against} share with {f'{most} or fewer' if most else 'none'} of k = {k} right"
        return self.measure(name, one - other, k=k, slips=SeldomSolved(arms, k, most))

    def alone_share(self, k: int | None = None) -> Measure:
        """Share of problems that the other arm solves in k samples drawn and the base does not.

        k is the large k where it is not given. Part of it is luck: see `beyondbase.judging.alone`.
        """
        k = k or self.k_large
        alone = self.pass_at_k(self.other, k) * (1 - self.pass_at_k(self.base, k))
        name = f"share that only {self.short(self.other)} solves at k = {k}"
        slips = SolvedAlone(self.counts(self.other), self.counts(self.base), k)
        return self.measure(name, alone, support=(0.0, 1.0), slips=slips)

    def cover(self, arm: str, tau: float) -> Floats:
        """Whether at least a share tau of a problem's samples is correct, in k_max samples drawn.

        Where n is k_max this is 1 or 0. With more it is the probability over the draw, G-Pass@k_max of
        tau: c / n itself would be compared with tau at another noise in each arm.
        """
        tally = self.tallies[arm]
        return estimators.g_pass_at_k(tally.n, tally.c, self.k_max, tau)

    def cover_difference(self, tau: float) -> Measure:
        """Difference of Cover@tau in k_max samples drawn, the other arm minus the base."""
        name = f"{self.short(self.other)} - {self.short(self.base)} Cover@tau at tau = {tau:g}"
        return self.measure(name, self.cover(self.other, tau) - self.cover(self.base, tau))

    def sampling_gap(self, k: int) -> Measure:
        """Base pass@k minus the other arm's pass@1 (Delta SE of the paper, section 4.3)."""
        base, other = self.tallies[self.base], self.tallies[self.other]
        return self.measure(
            f"{self.short(self.base)} pass@{k} - {self.short(self.other)} pass@1",
            estimators.sampling_gap(base.n, base.c, other.n, other.c, k),
            within=self._pass_variance(self.base, k) + self._pass_variance(self.other, 1),
            k=k,
            slips=PassSum((self.counts(self.base), self.counts(self.other)), (1.0, -1.0), ((k,), (1,))),
        )

    def difference_curve(
        self, ks: Sequence[int], *, arm: str | None = None, minus: str | None = None
    ) -> Measure:
        """Difference of pass@k over a grid, by default the other arm minus the base, shape (problems, ks)."""
        arm, minus = arm or self.other, minus or self.base
        columns = np.asarray(ks) - 1
        values = self.curve(arm)[:, columns] - self.curve(minus)[:, columns]
        slips = self._pass_sum({arm: 1.0, minus: -1.0}, tuple(ks))
        return self.measure(f"{self.short(arm)} - {self.short(minus)} pass@k", values, slips=slips)

    def curve(self, arm: str) -> Floats:
        """pass@k of each problem for k = 1 .. k_max, shape (problems, k_max)."""
        if arm in self.chances:
            return solved_by_chance(self.chances[arm][:, None], np.arange(1, self.k_max + 1))
        tally = self.tallies[arm]
        return estimators.pass_at_k_curve(tally.n, tally.c, self.k_max)

    def mean_curve(self, arm: str) -> Floats:
        """Mean of pass@k over problems for k = 1 .. k_max of an arm with counts, shape (k_max,)."""
        if self.weights is not None:
            return self.mean(self.curve(arm))
        tally = self.tallies[arm]
        return estimators.mean_pass_at_k_curve(tally.n, tally.c, self.k_max)

    def trend(self, k: int) -> Measure:
        """Change of pass@k along the training steps of `others`, by the least-squares slope."""
        steps = np.array([self.arm(name).step for name in self.others], dtype=np.float64)
        centred = steps - steps.mean()
        weights = centred * np.ptp(steps) / (centred**2).sum()
        reach = float(weights[weights > 0].sum())
        return self.measure(
            f"change of pass@{k} from step {steps.min():.0f} to {steps.max():.0f}",
            np.column_stack([self.pass_at_k(name, k) for name in self.others]) @ weights,
            support=(-reach, reach),
            within=sum(w**2 * self._pass_variance(a, k) for w, a in zip(weights, self.others, strict=True)),
            k=k,
            slips=self._pass_sum(dict(zip(self.others, weights.tolist(), strict=True)), (k,)),
        )

    def measure(  # noqa: PLR0913 - what a case cannot know of values
        self,
        name: str,
        values: Floats,
        *,
        support: tuple[float, float] = (-1.0, 1.0),
        within: float = np.nan,
        k: int = 1,
        slips: Source | None = None,
    ) -> Measure:
        """Per-problem values with what the case knows of them; `k` where they are at one."""
        grows = k == self.k_max > 1 and self.study.k_large is None
        kept_k = k if grows else None
        # What slips do is known of plain means only.
        known_slips = slips if self.weights is None else None
        known = (self.clusters, within, self.k_max, self.study.alpha, kept_k, known_slips)
        return Measure(name, values, support, *known, weights=self.weights)

    def mean(self, values: Floats) -> Floats:
        """Mean of values over problems, along the first axis, each with its weight."""
        return np.asarray(np.average(values, axis=0, weights=self.weights))

    def counts(self, arm: str) -> Counted:
        """Counts of an arm, or its chances where it guesses."""
        if arm in self.chances:
            nothing = np.zeros(len(self.problem_ids), dtype=np.int64)
            return Counted(arm, nothing, nothing, self.chances[arm])
        tally = self.tallies[arm]
        return Counted(arm, tally.n, tally.c)

    def grid(self) -> tuple[int, ...]:
        """All k up to 16, then eight per octave, k_max and the study's own: what bands stand on."""
        octaves = np.arange(np.log2(DENSE_BELOW), np.log2(self.k_max), 1 / POINTS_PER_OCTAVE)
        dense = {*range(1, DENSE_BELOW + 1), *np.round(2**octaves).astype(int).tolist(), self.k_max}
        return tuple(sorted(k for k in dense | set(self.table_grid()) if k <= self.k_max))

    def table_grid(self) -> tuple[int, ...]:
        """The k that tables show: the study's, or powers of two and k_max."""
        powers = {2**i for i in range(self.k_max.bit_length())} | {self.k_max}
        return tuple(k for k in sorted(self.study.grid.k or powers) if k <= self.k_max)

    def short(self, arm: str) -> str:
        """What to call an arm in a sentence: its role, or its name where roles are not enough."""
        same = [name for name in (self.base, *self.others) if self.arm(name).role == self.arm(arm).role]
        role: str = self.arm(arm).role
        return arm if len(same) > 1 else {"rl": "RL"}.get(role, role)

    @property
    def _against(self) -> str:
        return f"{self.short(self.other)} - {self.short(self.base)}"

    def _pass_sum(self, weights: Mapping[str, float], ks: tuple[int, ...]) -> PassSum:
        arms = tuple(map(self.counts, weights))
        return PassSum(arms, tuple(weights.values()), (ks,) * len(arms))

    def _pass_variance(self, arm: str, k: int) -> float:
        if arm in self.chances:
            return 0.0
        tally = self.tallies[arm]
        return float(sampling_variance(tally.n, tally.c / tally.n, k).mean())
