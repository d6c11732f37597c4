"""Replicates of perplexities and entropies: draw log-probabilities under a law, and ask the library."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from cells import ALPHA, Cell, clusters_of, generator, scores
from laws import Floats
from numpy.typing import NDArray
from scipy import special, stats

from beyondbase.evidence.likelihoods import Likelihoods
from beyondbase.inference.bounded import Values, p_greater, p_less, values_of
from beyondbase.inference.ranks import win_share
from beyondbase.inference.ratios import t_limits
from beyondbase.inference.typical import bounded_logs, typical_ratio
from beyondbase.judging.likelihood_effects import TIE, entropy_logs

COMPLETIONS = 8  # as many as `beyondbase score` asks for
NATS = 10.0
TOKENS = 100
BASE_SHAPE, OTHER_SHAPE = 6.0, 2.0
LOW, HIGH = 0.9, 1.1
TRUE_RATIOS = (LOW, 1.0, HIGH)
POWER = 18
SOBOL_SEED = 3

Sample = dict[str, float]
Flags = NDArray[np.bool_]
# Both take the normal scores of problems.
Score = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True)
class Entropies:
    """Logarithms of the base's entropy, and of the other arm's over it."""

    base: Score
    ratio: Score


def _rare(share: float, factor: float) -> Score:
    """The least entropies of the base are multiplied by a factor, the others by about 1."""
    return lambda x, y: 0.2 * y + np.log(factor) * (special.ndtr(x) < share)


def _lean(x: Floats, y: Floats) -> Floats:
    """Of two lognormal entropies with sigma .9 and .3, correlation .9."""
    return 0.3 * (0.9 * x + float(np.sqrt(1 - 0.9**2)) * y) - 0.9 * x


def _plain(x: Floats, _: Floats) -> Floats:
    return 0.3 * x


ENTROPIES = {
    "even": Entropies(_plain, lambda _, y: 0.2 * y),
    "lognormal": Entropies(lambda x, _: 0.9 * x, _lean),
    "skewed": Entropies(_plain, lambda _, y: 0.3 * special.log_ndtr(y)),
    "heavy-tailed": Entropies(_plain, lambda _, y: 0.3 * special.stdtrit(3, special.ndtr(y))),
    "rare-tenfold": Entropies(_plain, _rare(0.05, 10)),
    "rare-nil": Entropies(_plain, _rare(0.01, 1e-3)),
}
# By how much the log-perplexities of the other arm, N(-shift, 1), are below the base's, N(0, 1).
SHIFTS: dict[str, Score] = {
    "alike": lambda x, _: 0 * x,
    "scattered": lambda x, _: x - 0.1,
    "polarised": lambda x, _: np.where(x < 0, -2.5, 2.5),
    "rare-far": lambda x, _: np.where(special.ndtr(x) < 0.05, -5.0, 0.1),
}
LAWS = (*(f"entropy/{name}" for name in ENTROPIES), *(f"perplexity/{name}" for name in SHIFTS))


def samples(cell: Cell, start: int, stop: int) -> list[Sample]:
    """What the replicates from `start` to before `stop` of a cell yield."""
    kind, law = cell.law.split("/")[:2]
    found = _of_ratios(cell, law, start, stop) if kind == "entropy" else _of_chances(cell, law, start, stop)
    return [dict(zip(found, map(float, row), strict=True)) for row in zip(*found.values(), strict=True)]


@dataclass(frozen=True)
class Ratios:
    """The typical ratio, the mean of the logarithms of ratios, and the base's mean entropy."""

    typical: float
    log: float
    base: float


@cache
def ratios_under(law: str, seed: int = SOBOL_SEED) -> Ratios:
    """What is true under a law of entropies, by 2^POWER scrambled Sobol points."""
    scores_ = _points(seed)
    base, logs = ENTROPIES[law].base(*scores_), ENTROPIES[law].ratio(*scores_)
    return Ratios(typical_ratio(logs), float(logs.mean()), NATS * float(np.exp(base).mean()))


@cache
def chance_under(law: str, seed: int = SOBOL_SEED) -> float:
    """The mean chance of the other arm to be at least as likely as the base, by as many points."""
    return float(special.ndtr(SHIFTS[law](*_points(seed)) / np.sqrt(2)).mean())


def _points(seed: int) -> Floats:
    points = stats.qmc.Sobol(2, rng=np.random.default_rng(seed)).random_base2(POWER)
    return np.asarray(special.ndtri(np.clip(points, 1e-12, 1 - 1e-12)).T)


def draw_arms(cell: Cell, law: str, replicate: int) -> tuple[Likelihoods, Likelihoods]:
    """Completions of the other arm and of the base, of one replicate."""
    rng = generator(cell, replicate)
    x, y = scores(cell, rng)
    base = NATS * np.exp(ENTROPIES[law].base(x, y))
    other = base * np.exp(ENTROPIES[law].ratio(x, y))
    theirs, ours = (
        _scored(level[:, None] * rng.gamma(shape, 1 / shape, (cell.problems, COMPLETIONS)))
        for level, shape in ((base, BASE_SHAPE), (other, OTHER_SHAPE))
    )
    return ours, theirs


def _scored(surprises: Floats) -> Likelihoods:
    problem, index = np.indices(surprises.shape).reshape(2, -1)
    logprob = -surprises.ravel()
    return Likelihoods(problem, index, np.full(len(problem), TOKENS), logprob, logprob, logprob)


def draw_chances(cell: Cell, law: str, replicate: int) -> Floats:
    """Chances to be at least as likely, as the claims estimate them, of one replicate."""
    rng = generator(cell, replicate)
    shift = SHIFTS[law](*scores(cell, rng))
    theirs, ours = rng.standard_normal((2, cell.problems, COMPLETIONS))
    pairs = zip(shift[:, None] + ours, theirs, strict=True)
    return np.array([win_share(*pair, tie=TIE) for pair in pairs])


def _of_ratios(cell: Cell, law: str, start: int, stop: int) -> dict[str, Flags]:
    truth = ratios_under(law)
    drawn = [draw_arms(cell, law, replicate) for replicate in range(start, stop)]
    logs = np.column_stack([entropy_logs(*arms)[0] for arms in drawn])

    def values(factor: float) -> Values:
        return values_of(bounded_logs(logs, factor * truth.typical), clusters=clusters_of(cell))

    found = _errors(values(1.0), 0.0)
    for true in TRUE_RATIOS:
        # In units of the true ratio, so that one law serves all.
        parts = p_greater(values(LOW / true)), p_less(values(HIGH / true))
        found[f"alike at {true:g}"] = np.maximum(*parts) <= ALPHA
    means = np.array([_mean_covers(cell, base, truth.base) for _, base in drawn])
    return found | _t_errors(cell, logs - truth.log) | {"mean of the base": means}


def _mean_covers(cell: Cell, base: Likelihoods, true: float) -> bool:
    """Whether the limits that the report shows beside the base's mean entropy hold it."""
    labels = clusters_of(cell)
    entropies = -base.own_logprob.reshape(-1, COMPLETIONS).mean(axis=1)
    lower, upper = t_limits(entropies, clusters=None if labels is None else list(map(str, labels)))
    return lower is not None and upper is not None and lower <= true <= upper


def _of_chances(cell: Cell, law: str, start: int, stop: int) -> dict[str, Flags]:
    true = chance_under(law)
    chances = np.column_stack([draw_chances(cell, law, replicate) for replicate in range(start, stop)])
    found = _errors(values_of(chances, support=(0.0, 1.0), clusters=clusters_of(cell)), true)
    return found | _t_errors(cell, chances - true)


def _errors(values: Values, true: float) -> dict[str, Flags]:
    """Coverage of the interval, which inverts both tests, and whether each rejects the truth."""
    tails = {"lower": p_greater(values, true), "upper": p_less(values, true)}
    covers = np.minimum(*tails.values()) > ALPHA / 2
    return {"interval": covers} | {f"{side} limit": p <= ALPHA for side, p in tails.items()}


def _t_errors(cell: Cell, distances: Floats) -> dict[str, Flags]:
    """The same of Student's test that the mean, or that of clusters' sums, is zero."""
    labels = clusters_of(cell)
    starts = np.arange(cell.problems) if labels is None else np.unique(labels, return_index=True)[1]
    p = np.asarray(stats.ttest_1samp(np.add.reduceat(distances, starts), 0, alternative="greater").pvalue)
    return {"t lower": p <= ALPHA, "t upper": p >= 1 - ALPHA}
