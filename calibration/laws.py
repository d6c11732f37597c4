"""Laws of a problem's success probabilities under base and RL, and what is true of them.

A law gives each arm a quantile function; a Gaussian copula couples them. Success probabilities of the
paper's own cells come from its accuracy histograms (Yue et al., arXiv 2504.13837v2, Fig. 13).
"""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import resources

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Floats = NDArray[np.float64]
Quantile = Callable[[Floats], Floats]

CORRELATION = 0.85
SAMPLES = 128
KS = (1, 2, 4, 8, 16, 32, 64, 128)
TAUS = (0.5, 0.75)
STEPS = np.array([100.0, 200.0, 450.0])
SOBOL_POWER = 20
DIGITS = 9  # an effect below 1e-9 is none
BINS = ("0.0", *(f"({i / 10},{(i + 1) / 10}]" for i in range(9)), "(0.9,1.0)", "1.0")
EDGES = np.array([0.0, *np.arange(11) / 10, 1.0])


@dataclass(frozen=True)
class Law:
    """Quantile functions of the success probability, base and RL."""

    base: Quantile
    rl: Quantile


@dataclass(frozen=True, eq=False)
class Expected:
    """Success probabilities of problems, and the expectation of each estimate given them."""

    base: Floats
    middle: Floats
    rl: Floats

    def passes(self, arm: str, k: int) -> Floats:
        """Expectation of pass@k."""
        return np.asarray(1 - (1 - getattr(self, arm)) ** k)

    def always(self, arm: str) -> Floats:
        """Probability that all samples are correct."""
        return np.asarray(getattr(self, arm) ** SAMPLES)

    def covers(self, arm: str, tau: float) -> Floats:
        """Probability that a share `tau` of the samples is correct."""
        return np.asarray(special.bdtrc(np.ceil(tau * SAMPLES) - 1, SAMPLES, getattr(self, arm)))


@dataclass(frozen=True, eq=False)
class Truth:
    """True means under a law.

    Attributes:
        base: pass@k of the base, k = 1 .. SAMPLES.
        difference: pass@k of RL minus the base's, k = 1 .. SAMPLES.
        effects: true mean of each effect, by name.
        error: greatest distance of any of these from a second rule.
    """

    base: Floats
    difference: Floats
    effects: Mapping[str, float]
    error: float


def arms(law: Law, base: Floats, rl: Floats) -> Expected:
    """Success probabilities at the normal scores of base and RL; the middle checkpoint lies halfway."""
    p_base, p_rl = law.base(special.ndtr(base)), law.rl(special.ndtr(rl))
    return Expected(p_base, (p_base + p_rl) / 2, p_rl)


def coupled(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """Normal scores with the copula's correlation, from two independent ones."""
    return first, CORRELATION * first + np.sqrt(1 - CORRELATION**2) * second


def truth_of(
    law: Law, effects: Mapping[str, Callable[[Expected], Floats]], *, power: int = SOBOL_POWER
) -> Truth:
    """True means, and how far another rule is from them.

    Effects: 2^power scrambled Sobol points (Owen 1998), checked by a second scrambling of a quarter as
    many. Curves: midpoints of each arm's quantile function, checked by the Sobol points.
    """
    fine, check = _means(law, effects, power, seed=1), _means(law, effects, power - 2, seed=2)
    midpoints = (np.arange(2**power) + 0.5) / 2**power
    base, rl = _curve(law.base(midpoints)), _curve(law.rl(midpoints))
    error = max(float(np.abs(fine - check).max()), float(np.abs(fine[len(effects) :] - [*base, *rl]).max()))
    values = fine[: len(effects)].round(DIGITS).tolist()
    return Truth(base, rl - base, dict(zip(effects, values, strict=True)), error)


def _means(law: Law, effects: Mapping[str, Callable[[Expected], Floats]], power: int, seed: int) -> Floats:
    points = stats.qmc.Sobol(2, rng=np.random.default_rng(seed)).random_base2(power)
    first, second = special.ndtri(np.clip(points, 1e-12, 1 - 1e-12)).T
    expected = arms(law, *coupled(first, second))
    values = [float(effect(expected).mean()) for effect in effects.values()]
    return np.array([*values, *_curve(expected.base), *_curve(expected.rl)])


def _curve(p: Floats) -> Floats:
    wrong, out = np.ones_like(p), np.empty(SAMPLES)
    for k in range(SAMPLES):
        wrong *= 1 - p
        out[k] = 1 - wrong.mean()
    return out


def histogram(benchmark: str, model: str, arm: str) -> Floats:
    """Numbers of problems in the 12 bins of v2 Fig. 13: 0, ten intervals, 1."""
    text = (
        resources.files("beyondbase.results.paper")
        .joinpath("fig13_accuracy_histograms.csv")
        .read_text("utf-8")
    )
    wanted = (benchmark, model, arm)
    rows = csv.DictReader(text.splitlines())
    row = next(row for row in rows if (row["benchmark"], row["model"], row["arm"]) == wanted)
    return np.array([row[name] for name in BINS], dtype=np.float64)


def from_histogram(counts: Floats, u: Floats) -> Floats:
    """Quantiles of the law that is uniform within each bin, with atoms at 0 and 1."""
    return np.asarray(np.interp(u, np.concatenate([[0.0], np.cumsum(counts) / counts.sum()]), EDGES))


def from_beta(a: float, b: float, zeros: float, u: Floats) -> Floats:
    """Quantiles of Beta(a, b) with an added atom at 0."""
    return np.where(u <= zeros, 0.0, special.betaincinv(a, b, np.maximum(u - zeros, 0) / (1 - zeros)))


def _constant(value: float, zeros: float, u: Floats) -> Floats:
    return np.where(u <= zeros, 0.0, value)


def _beta(a: float, b: float, zeros: float = 0.0) -> Quantile:
    return partial(from_beta, a, b, zeros)


def _paper(benchmark: str, model: str) -> Law:
    base, rl = (partial(from_histogram, histogram(benchmark, model, arm)) for arm in ("base", "rl"))
    return Law(base, rl)


LAWS: dict[str, Law] = {
    "uniform": Law(_beta(1, 1), _beta(1, 1)),
    "u-shaped": Law(_beta(0.3, 0.3), _beta(0.15, 0.12)),
    "zero-inflated": Law(_beta(0.5, 2, 0.4), _beta(0.6, 1, 0.5)),
    "saturated": Law(_beta(8, 0.4), _beta(4, 0.1)),
    "minerva-7b": _paper("Minerva", "Qwen2.5-7B"),
    "math500-7b": _paper("MATH500", "Qwen2.5-7B"),
    "aime24-32b": _paper("AIME24", "Qwen2.5-32B"),
    "gsm8k-14b": _paper("GSM8K", "Qwen2.5-14B"),
    "rare-collapse": Law(partial(_constant, 0.9, 0.0), partial(_constant, 0.93, 0.06)),
}
FAMILIES: dict[str, tuple[tuple[str, int], ...]] = {
    "paper": (("aime24-32b", 30), ("minerva-7b", 272), ("math500-7b", 500)),
    "small": (("saturated", 30), ("rare-collapse", 30), ("zero-inflated", 30)),
}


def laws_in(name: str) -> tuple[str, ...]:
    """Laws of success that a cell needs: its own, or those of its family."""
    return (name,) if name in LAWS else tuple(dict.fromkeys(law for law, _ in FAMILIES.get(name, ())))
