"""Whether two tallies of one arm may come from the same chances of success, problem by problem.

Both counts of a problem are binomial draws, the stored as well as the fresh. So fresh counts are not tested
against the stored share as if that were the true chance, which would reject too often, but by exact tests
given how many of all completions are right: these need not know the chance.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from beyondbase.evidence.tallies import Tally
from beyondbase.inference.bounded import Floats
from beyondbase.inference.multiplicity import holm
from beyondbase.inference.tables import told

Ints = NDArray[np.int64]
Key = tuple[str, str]

# Counts whose probabilities differ by less than this are equally likely, as in R's fisher.test.
TIES = 1 + 1e-7
# Ends of a law that are rarer than this are left out of the law of a sum...
_RARE = 1e-30
# ... so that no p is told from this.
LEAST = 1e-20


@dataclass(frozen=True)
class ProblemTest:
    """What two tallies say of one problem.

    Attributes:
        problem_id: The problem.
        fresh: How many completions are correct in the first, and of how many.
        stored: The same in the second.
        p: Of Fisher's test.
        p_adjusted: The same, adjusted over all tests of the run.
    """

    problem_id: str
    fresh: tuple[int, int]
    stored: tuple[int, int]
    p: float
    p_adjusted: float


@dataclass(frozen=True)
class Agreement:
    """What two tallies say of one arm on one task.

    Attributes:
        problems: The tests of the problems that both hold, in the order of the first.
        left_out: How many problems only one of the two holds.
        fresh: The mean over the problems of the share of correct completions, in the first.
        stored: The same in the second.
        p_adjusted: Of the test of all problems together, adjusted over all tests of the run.
    """

    task: str
    arm: str
    problems: tuple[ProblemTest, ...]
    left_out: int
    fresh: float
    stored: float
    p_adjusted: float

    @property
    def least(self) -> ProblemTest:
        """The problem with the smallest p."""
        return min(self.problems, key=lambda test: told(test.p))

    def differing(self, alpha: float) -> list[ProblemTest]:
        """The problems on which the two differ, the clearest first."""
        found = [test for test in self.problems if test.p_adjusted <= alpha]
        return sorted(found, key=lambda test: told(test.p))

    def agrees(self, alpha: float) -> bool:
        """Whether no test of this arm rejects."""
        return self.p_adjusted > alpha and not self.differing(alpha)


@dataclass(frozen=True, eq=False)
class _Pair:
    """The counts of the problems that two tallies share: n, c, other n, other c."""

    ids: tuple[str, ...]
    counts: tuple[Ints, Ints, Ints, Ints]
    left_out: int


def compare_tallies(fresh: Mapping[Key, Tally], stored: Mapping[Key, Tally]) -> list[Agreement]:
    """Test each (task, arm) that both hold on the problems that both hold, where there are any.

    There is a test of each problem and one of all together; Holm's adjustment runs over all tests of all
    arms, so the chance that any rejects where all chances are the same is at most alpha. Half of the weight
    of an arm is that of its test of all problems together: as one of many alike it would hardly ever show the
    small shift that it is there for.
    """
    pairs = {key: _pair(fresh[key], stored[key]) for key in fresh if key in stored}
    pairs = {key: pair for key, pair in pairs.items() if pair.ids}
    if not pairs:
        return []
    raw = [np.append(problem_p(*pair.counts), overall_p(*pair.counts)) for pair in pairs.values()]
    ends = np.cumsum([p.size for p in raw])
    weights = [np.append(np.full(p.size - 1, 0.5 / (p.size - 1)), 0.5) for p in raw]
    adjusted = np.split(holm(np.concatenate(raw), weights=np.concatenate(weights)), ends[:-1])
    return [_agreement(*each) for each in zip(pairs, pairs.values(), raw, adjusted, strict=True)]


def same_counts(fresh: Tally, stored: Tally) -> bool:
    """Whether both hold equal counts of every problem that they share, some of it right and some wrong.

    Two draws hardly ever agree so, but copies do. Where all is right or all is wrong they may well.
    """
    n, c, other_n, other_c = _pair(fresh, stored).counts
    equal = np.array_equal(n, other_n) and np.array_equal(c, other_c)
    return equal and bool(((c > 0) & (c < n)).any())


def problem_p(n: ArrayLike, c: ArrayLike, other_n: ArrayLike, other_c: ArrayLike) -> Floats:
    """Two-sided exact p, per problem, that two chances of success are the same.

    Args:
        n: Completions in the first tally, shape (problems,).
        c: How many of them are correct.
        other_n: As `n`, in the second.
        other_c: As `c`, in the second.

    Source: Fisher (1935), The logic of inductive inference; all counts of the first that are no likelier than
    its own, given the sum of both.
    """
    rows = _rows(n, c, other_n, other_c)
    laws = [_law(*row) for row in rows]
    found = [_two_sided(p, row[1] - first) for row, (first, p) in zip(rows, laws, strict=True)]
    return np.array(found, dtype=np.float64)


def overall_p(n: ArrayLike, c: ArrayLike, other_n: ArrayLike, other_c: ArrayLike) -> float:
    """Two-sided exact p that the chances of success are the same on every problem, by the sum of correct.

    It sees a small shift of all problems in one direction that no problem shows alone, and not shifts that
    cancel. Given the sum of both tallies on each problem, the correct of the first are a sum of independent
    hypergeometric counts; p is that of all sums that are no likelier.

    Args:
        n: As in `problem_p`, like the others.
        c: See `n`.
        other_n: See `n`.
        other_c: See `n`.

    Source: the exact test that a common odds ratio is 1 (Gart 1970, Biometrika 57:471), by the law whose
    limits Mehta, Patel and Gray (1985, JASA 80:969) compute.
    """
    rows = _rows(n, c, other_n, other_c)
    first, law = 0, np.ones(1)
    for row in rows:
        start, p = _without_rare(*_law(*row))
        first, law = _without_rare(first + start, np.convolve(law, p))
    return _two_sided(law, sum(row[1] for row in rows) - first)


def _rows(*counts: ArrayLike) -> list[tuple[int, int, int, int]]:
    return [(int(n), int(c), int(m), int(d)) for n, c, m, d in np.column_stack(counts)]


def _law(n: int, c: int, other_n: int, other_c: int) -> tuple[int, Floats]:
    """The law of c given the sum c + other_c: its least value, and the probabilities from there on.

    It is hypergeometric; from the ratios of neighbours it is there far sooner than from scipy.stats.
    """
    right = c + other_c
    first, last = max(0, right - other_n), min(n, right)
    x = np.arange(first, last)
    steps = np.log((n - x) * (right - x)) - np.log((x + 1) * (other_n - right + x + 1))
    logs = np.append(0.0, np.cumsum(steps))
    p = np.exp(logs - logs.max())
    return first, p / p.sum()


def _without_rare(first: int, p: Floats) -> tuple[int, Floats]:
    kept = np.flatnonzero(p > _RARE)
    return first + int(kept[0]), p[kept[0] : kept[-1] + 1]


def _two_sided(p: Floats, at: int) -> float:
    """The probability of all values that are no likelier than the one at a place, which may lie outside."""
    limit = p[at] * TIES if 0 <= at < p.size else 0.0
    return float(np.clip(p[p <= limit].sum(), LEAST, 1.0))


def _pair(fresh: Tally, stored: Tally) -> _Pair:
    place = {name: number for number, name in enumerate(stored.problem_ids)}
    ours = [number for number, name in enumerate(fresh.problem_ids) if name in place]
    ids = tuple(fresh.problem_ids[number] for number in ours)
    theirs = [place[name] for name in ids]
    counts = (fresh.n[ours], fresh.c[ours], stored.n[theirs], stored.c[theirs])
    left_out = len(fresh.problem_ids) + len(stored.problem_ids) - 2 * len(ids)
    return _Pair(ids, counts, left_out)


def _agreement(key: Key, pair: _Pair, raw: Floats, adjusted: Floats) -> Agreement:
    n, c, other_n, other_c = pair.counts
    rows = zip(pair.ids, _rows(*pair.counts), raw[:-1].tolist(), adjusted[:-1].tolist(), strict=True)
    return Agreement(
        *key,
        problems=tuple(ProblemTest(name, (c, n), (d, m), *p) for name, (n, c, m, d), *p in rows),
        left_out=pair.left_out,
        fresh=float(np.mean(c / n)),
        stored=float(np.mean(other_c / other_n)),
        p_adjusted=float(adjusted[-1]),
    )
