"""Pass@k and its relatives: pure functions of tallies.

In every signature n counts the completions of a problem, c the correct ones among them, k those drawn from
n without replacement. They are anything that numpy reads as integers, and broadcast; a result has their
broadcast shape unless its docstring says otherwise. k > n raises: no unbiased estimate exists there. Nothing
nearly equal is subtracted, so small values keep their digits: relative error below 1e-13 up to n = 2048.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_LARGEST_COUNT = 2**31 - 1  # so that the product of two counts fits int64


class _Stratum(NamedTuple):
    where: Integers  # flat positions of the problems that share one table
    n: int
    c: Integers  # the distinct c among them: the table's rows
    row: Integers  # which row each problem reads
    k: int  # the largest k asked of them


_Draws = tuple[Integers, Integers, Integers]
_Table = Callable[[_Stratum], Floats]


@dataclass(frozen=True, slots=True)
class SupportMetrics:
    """How the sets of problems that base and RL solve relate; NaN where a denominator is zero."""

    srr: float  # support retention rate: the share of the base's problems that RL still solves
    ndr: float  # net discovery rate: the share of RL's problems that the base does not solve
    sds: float  # support dynamic score: the harmonic mean of the two
    nscr: float  # net support change rate: discoveries minus losses over the problems that either solves


def pass_at_k(n: ArrayLike, c: ArrayLike, k: ArrayLike) -> Floats:
    """Estimate without bias the probability that at least one of k completions is correct.

    1 - C(n-c, k) / C(n, k): Chen et al. 2021, arXiv 2107.03374, equation 1.

    Raises:
        ValueError: If k > n, or the counts or shapes are unfit.
    """
    draws = _draws(n, c, k)
    return _look_up(_pass_table, draws, draws[2] - 1, per_k=False)


def pass_at_k_curve(n: ArrayLike, c: ArrayLike, k_max: int | None = None) -> Floats:
    """Estimate pass@k of each problem at every k from 1 to k_max (Chen et al. 2021, equation 1).

    Args:
        n: Completions: one number, or shape (problems,).
        c: Correct ones, shape (problems,).
        k_max: Largest k; by default the smallest n.

    Returns:
        Estimates of shape (problems, k_max); column j holds k = j + 1.

    Raises:
        ValueError: If k_max exceeds some n, there is no problem, or the counts or shapes are unfit.
    """
    draws = _problems(n, c, k_max)
    out = np.empty((draws[1].size, draws[2][0]))
    for stratum in _strata(draws, per_k=False):
        out[stratum.where] = _pass_table(stratum)[stratum.row]
    return out


def mean_pass_at_k_curve(n: ArrayLike, c: ArrayLike, k_max: int | None = None) -> Floats:
    """Average `pass_at_k_curve` over problems, shape (k_max,); arguments and errors are the same."""
    draws = _problems(n, c, k_max)
    total = np.zeros(draws[2][0])
    for stratum in _strata(draws, per_k=False):
        total += np.bincount(stratum.row).astype(np.float64) @ _pass_table(stratum)
    return np.minimum(total / draws[1].size, 1.0)


def pass_hat_k(n: ArrayLike, c: ArrayLike, k: ArrayLike) -> Floats:
    """Estimate without bias the probability that all of k completions are correct, pass^k.

    C(c, k) / C(n, k): Yao et al. 2024 (tau-bench), arXiv 2406.12045. Below 1e-290 it may lose digits or be 0.
    Raises as `pass_at_k`.
    """
    draws = _draws(n, c, k)
    return _look_up(_hat_table, draws, draws[2] - 1, per_k=False)


def g_pass_at_k(n: ArrayLike, c: ArrayLike, k: ArrayLike, tau: ArrayLike) -> Floats:
    """Estimate the probability that a share of k completions of at least tau is correct, G-Pass@k_tau.

    Sum over j >= ceil(tau k) of C(c, j) C(n-c, k-j) / C(n, k): Liu et al. 2024, arXiv 2412.13147. It is
    pass@k for tau <= 1/k, pass^k for tau = 1. Tau is read to 12 digits, so 0.1 of 30 is 3. Raises as
    `pass_at_k` and for tau outside (0, 1].
    """
    n_, c_, k_, tau_ = np.broadcast_arrays(*_draws(n, c, k), _share("tau", tau))
    return _look_up(_tail_table, (n_, c_, k_), _needed(tau_, k_), per_k=True)


def mg_pass_at_k(n: ArrayLike, c: ArrayLike, k: ArrayLike) -> Floats:
    """Average G-Pass@k_tau over tau from 1/2 to 1, mG-Pass@k.

    2/k times the sum of G-Pass@k_{i/k} over i = ceil(k/2)+1..k: Liu et al. 2024, arXiv 2412.13147. It has
    floor(k/2) terms, so it reaches 1 for even k only and is 0 for k = 1. Raises as `pass_at_k`.
    """
    draws = _draws(n, c, k)
    return _look_up(_mean_tail_table, draws, np.zeros_like(draws[2]), per_k=True)


def cover_at_tau(n: ArrayLike, c: ArrayLike, tau: ArrayLike) -> Floats:
    """Give 1 to the problems with c/n >= tau in (0, 1], 0 to the others; the mean over problems is Cover@tau.

    Dragoi et al. 2025, arXiv 2510.08325. Tau is read to 12 digits, so 3 of 20 reach 3 * 0.05. Raises for
    tau outside (0, 1].
    """
    draws = _draws(n, c, 1)
    return (draws[1] >= _needed(_share("tau", tau), draws[0])).astype(np.float64)


def bayes_pass_at_k(n: ArrayLike, c: ArrayLike, k: ArrayLike) -> tuple[Floats, Floats]:
    """Give mean and standard deviation of pass@k when the success rate has the prior Beta(1, 1).

    1 - E(1-p)^k and the root of E(1-p)^2k - (E(1-p)^k)^2 with p ~ Beta(c+1, n-c+1): Hariri et al. 2025
    (Bayes@N), arXiv 2510.04265. Raises as `pass_at_k`.
    """
    draws = _draws(n, c, k)
    zeros = np.zeros_like(draws[2])
    mean, sd = (_look_up(_posterior_table, draws, zeros + column, per_k=True) for column in (0, 1))
    return mean, sd


def support_metrics(both: float, base_only: float, rl_only: float) -> SupportMetrics:
    """Compare how many problems are solved by both models, by the base only, by the RL model only.

    Wu et al. 2025 (The Invisible Leash), arXiv 2507.14843, with P = both, S = base_only, E = rl_only:
    SRR = P/(P+S), NDR = E/(P+E), SDS = their harmonic mean, NSCR = (E-S)/(P+E+S). Expected counts need not
    be whole. Raises for a count that is negative or not finite.
    """
    counts = np.array([both, base_only, rl_only], dtype=np.float64)
    _refuse(~((counts >= 0) & (counts < np.inf)), lambda at: f"counts must be from 0, found {counts[at]}")
    p, s, e = counts.tolist()
    srr, ndr = _ratio(p, p + s), _ratio(e, p + e)
    return SupportMetrics(srr, ndr, sds=_ratio(2 * srr * ndr, srr + ndr), nscr=_ratio(e - s, p + e + s))


def detection_limit(n: int, confidence: float = 0.95) -> float:
    """Give the largest success probability that zero successes in n completions still allow.

    1 - (1-confidence)^(1/n): Clopper and Pearson 1934, one-sided upper bound at zero successes.

    Raises:
        ValueError: If n is no positive integer, or confidence is outside (0, 1).
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1), found {confidence}")
    return float(-np.expm1(np.log1p(-confidence) / _number("n", n, 1)))


def sampling_gap(base_n: ArrayLike, base_c: ArrayLike, rl_n: ArrayLike, rl_c: ArrayLike, k: int) -> Floats:
    """Subtract the RL model's pass@1 from the base's pass@k, problem by problem, shape (problems,).

    The mean is the sampling efficiency gap (Delta SE) of Yue et al. 2025, arXiv 2504.13837, section 4.3.

    Raises:
        ValueError: If the models differ in their problems, k > base_n, or the counts or shapes are unfit.
    """
    base, rl = pass_at_k(base_n, base_c, _number("k", k, 1)), pass_at_k(rl_n, rl_c, 1)
    if base.shape != rl.shape:
        raise ValueError(f"base and RL need the same problems, found shapes {base.shape} and {rl.shape}")
    return base - rl


def crossover(difference: ArrayLike) -> int | None:
    """Find the first k from which the base stays strictly above, given RL minus base at k = 1..K, shape (K,).

    It is 1 if the base is above throughout, None if it is not above at K.

    Raises:
        ValueError: If the differences are not one row of finite numbers.
    """
    found = np.asarray(difference, dtype=np.float64)
    if found.ndim != 1 or not found.size or not np.isfinite(found).all():
        raise ValueError(f"difference must be a row of finite numbers, found shape {found.shape}: {found}")
    not_above = np.flatnonzero(found >= 0)
    first = int(not_above[-1]) + 2 if not_above.size else 1
    return first if first <= found.size else None


def _strata(draws: _Draws, *, per_k: bool) -> Iterator[_Stratum]:
    n, c, k = (array.ravel() for array in draws)
    key = n * (int(k.max(initial=0)) + 1) + k if per_k else n
    order = np.argsort(key, kind="stable")
    for where in np.split(order, np.flatnonzero(np.diff(key[order])) + 1) if key.size else ():
        distinct, row = np.unique(c[where], return_inverse=True)
        yield _Stratum(where, int(n[where[0]]), distinct, row, int(k[where].max()))


def _look_up(table: _Table, draws: _Draws, column: Integers, *, per_k: bool) -> Floats:
    out, column = np.empty(draws[0].size), column.ravel()
    for stratum in _strata(draws, per_k=per_k):
        out[stratum.where] = table(stratum)[stratum.row, column[stratum.where]]
    return out.reshape(draws[0].shape)


def _pass_table(stratum: _Stratum) -> Floats:
    hit = np.minimum(stratum.c[:, None] / (stratum.n - np.arange(stratum.k)), 1.0)
    with np.errstate(divide="ignore"):
        table: Floats = -np.expm1(np.cumsum(np.log1p(-hit), axis=1))
    table[:, 0] = hit[:, 0]  # pass@1 is c/n to the last bit
    return table


def _hat_table(stratum: _Stratum) -> Floats:
    drawn = np.arange(stratum.k)
    return np.cumprod(np.maximum(stratum.c[:, None] - drawn, 0) / (stratum.n - drawn), axis=1)


def _tail_table(stratum: _Stratum) -> Floats:
    """P(at least j of k correct), j = 0..k: hypergeometric weights by their ratios outwards from the mode."""
    n, c, k, j = stratum.n, stratum.c[:, None], stratum.k, np.arange(stratum.k)
    up, down = np.maximum((c - j) * (k - j), 0), np.maximum((j + 1) * (n - c - k + j + 1), 0)
    above = j >= (k + 1) * (c + 1) // (n + 2)  # the mode
    ratio = np.where(above, up, down) / np.where(above, down, up)
    weights = np.ones((c.size, k + 1))
    weights[:, 1:] *= np.cumprod(np.where(above, ratio, 1.0), axis=1)
    weights[:, :-1] *= np.cumprod(np.where(above, 1.0, ratio)[:, ::-1], axis=1)[:, ::-1]
    tails: Floats = np.cumsum(weights[:, ::-1], axis=1)[:, ::-1]
    return tails / tails[:, :1]


def _mean_tail_table(stratum: _Stratum) -> Floats:
    total: Floats = _tail_table(stratum)[:, (stratum.k + 1) // 2 + 1 :].sum(axis=1, keepdims=True)
    return total * 2 / stratum.k


def _posterior_table(stratum: _Stratum) -> Floats:
    """Mean and sd, by logs of E(1-p)^k and of E(1-p)^2k / (E(1-p)^k)^2, a product of factors above 1."""
    n, c, k, j = stratum.n, stratum.c[:, None], stratum.k, np.arange(stratum.k)
    miss = np.log1p(-(c + 1) / (n + 2 + j)).sum(axis=1)
    spread = np.log1p(k * (c + 1) / ((n + 2 + k + j) * (n - c + 1 + j))).sum(axis=1)
    sd = np.exp(miss + (spread + np.log(-np.expm1(-spread))) / 2)
    return np.stack([-np.expm1(miss), sd], axis=1)


def _needed(tau: Floats, n: Integers) -> Integers:
    return np.maximum(np.ceil(tau * n * (1 - 1e-12)), 1).astype(np.int64)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else nan


def _draws(n: ArrayLike, c: ArrayLike, k: ArrayLike) -> _Draws:
    n_, c_, k_ = np.broadcast_arrays(_whole("n", n, 1), _whole("c", c, 0), _whole("k", k, 1))
    _refuse(c_ > n_, lambda at: f"c={c_[at]} exceeds n={n_[at]}")
    _refuse(k_ > n_, lambda at: f"k={k_[at]} exceeds n={n_[at]}")
    return n_, c_, k_


def _problems(n: ArrayLike, c: ArrayLike, k_max: int | None) -> _Draws:
    n_, c_ = _whole("n", n, 1), _whole("c", c, 0)
    if c_.ndim != 1 or not c_.size or n_.shape not in {(), c_.shape}:
        raise ValueError(f"c needs shape (problems,), n that or (); found c {c_.shape} and n {n_.shape}")
    return _draws(n_, c_, n_.min() if k_max is None else _number("k_max", k_max, 1))


def _whole(name: str, values: ArrayLike, least: int) -> Integers:
    found = np.asarray(values)
    if found.dtype.kind not in "iuf":
        raise ValueError(f"{name} must hold integers, found dtype {found.dtype}")
    fit = (found >= least) & (found <= _LARGEST_COUNT) & (found == np.floor(found))
    _refuse(~fit, lambda at: f"{name} must hold integers from {least} to {_LARGEST_COUNT}, found {found[at]}")
    return found.astype(np.int64)


def _number(name: str, value: int, least: int) -> int:
    found = _whole(name, value, least)
    if found.ndim:
        raise ValueError(f"{name} must be one integer, found shape {found.shape}")
    return int(found)


def _share(name: str, values: ArrayLike) -> Floats:
    found = np.asarray(values, dtype=np.float64)
    _refuse(~((found > 0) & (found <= 1)), lambda at: f"{name} must be in (0, 1], found {found[at]}")
    return found


def _refuse(bad: NDArray[np.bool_], message: Callable[[tuple[int, ...]], str]) -> None:
    if bad.any():
        at = tuple(np.argwhere(bad)[0].tolist())
        raise ValueError(message(at) + (f" at index {at[0] if len(at) == 1 else at}" if at else ""))
