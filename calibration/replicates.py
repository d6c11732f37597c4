"""What one chunk of replicates of a cell yields: coverages, widths and errors, a number per replicate."""

from collections.abc import Iterable, Mapping, Sequence

import likelihoods
import numpy as np
from cells import (
    ALPHA,
    PASS_TABLE,
    Cell,
    Observed,
    Tails,
    clusters_of,
    dense_grid,
    draw,
    verdicts,
)
from laws import FAMILIES, KS, Floats, Truth
from passk_inference import core
from scipy import stats

from beyondbase.estimators import crossover
from beyondbase.inference.band import (
    Band,
    p_all_greater,
    p_any_less,
    simultaneous_band,
)
from beyondbase.inference.bounded import Values, values_of
from beyondbase.inference.crossing import crossover_interval
from beyondbase.inference.multiplicity import holm
from beyondbase.judging.verdict import Outcome, Verdict

CHUNK = 25
BASE_ARM_EVERY = 2  # the base arm's own band would be a third of the cost of a replicate
PUBLISHED_DRAWS = 1000
T_PROBLEMS = 30
T_KS = (1, 16, 64)
HOLM_CLAIMS = ("rl-leads-at-1", "base-ahead-at-128", "rl-solved-is-subset", "sampling-gap")

Sample = dict[str, float]
Totals = dict[str, tuple[int, float]]


def run_chunk(cell: Cell, truths: Mapping[str, Truth], start: int, stop: int) -> Totals:
    """Count and sum of every quantity over the replicates from `start` to before `stop`."""
    return add({}, ({key: (1, x) for key, x in one.items()} for one in _samples(cell, truths, start, stop)))


def add(totals: Totals, further: Iterable[Totals]) -> Totals:
    """Sum of totals, in the order given."""
    out = dict(totals)
    for more in further:
        for key, (count, total) in more.items():
            before = out.get(key, (0, 0.0))
            out[key] = (before[0] + count, before[1] + total)
    return out


def _samples(cell: Cell, truths: Mapping[str, Truth], start: int, stop: int) -> list[Sample]:
    if cell.block == "holm":
        return _family(cell, truths, start, stop)
    if cell.block == "likelihoods":
        return likelihoods.samples(cell, start, stop)
    truth = truths[cell.law]
    drawn = [draw(cell, replicate) for replicate in range(start, stop)]
    samples = [_bands(cell, truth, one, start + i) for i, one in enumerate(drawn)]
    tails = Tails(cell, truth, drawn)
    if cell.block != "dense":
        _merge(samples, _errors(verdicts(tails)))
        _merge(samples, [_everywhere(cell, truth, one) for one in drawn])
    if cell.block == "bands" and cell.problems == T_PROBLEMS:
        _merge(samples, _one_sided(tails, drawn))
    return samples


def _merge(samples: Sequence[Sample], further: Sequence[Sample]) -> None:
    for sample, more in zip(samples, further, strict=True):
        sample.update(more)


def _bands(cell: Cell, truth: Truth, one: Observed, seed: int) -> Sample:
    ks = dense_grid() if cell.block == "dense" else KS
    columns = np.asarray(ks) - 1
    rows = (PASS_TABLE[one.rl] - PASS_TABLE[one.base])[:, columns]
    clusters, target = clusters_of(cell), truth.difference[columns]
    values = values_of(rows, clusters=clusters)
    band = simultaneous_band(values, alpha=ALPHA, seed=seed)
    sample = {
        "coverage": _covers(band.lower, band.upper, target),
        "width": float((band.upper - band.lower).mean()),
    }
    sample |= _crossing(ks, values, truth) | _published(rows, target, band, seed)
    if seed % BASE_ARM_EVERY == 0:
        curve = values_of(PASS_TABLE[one.base][:, columns], support=(0.0, 1.0), clusters=clusters)
        alone = simultaneous_band(curve, alpha=ALPHA, seed=seed)
        sample["coverage of the base arm"] = _covers(alone.lower, alone.upper, truth.base[columns])
    return sample


def _covers(lower: Floats, upper: Floats, target: Floats) -> float:
    # a mean of exactly 0 or 1 may miss its limit by rounding alone
    return float(np.all((lower <= target + 1e-9) & (target <= upper + 1e-9)))


def _published(rows: Floats, target: Floats, band: Band, seed: int) -> Sample:
    """Band of passk-inference 0.3.1, with its `compare`'s [-1, 1] on columns without spread."""
    found = core.simultaneous_band(rows, bootstrap=PUBLISHED_DRAWS, alpha=ALPHA, seed=seed)
    flat = found["degenerate_columns"]
    lower, upper = found["lower"].copy(), found["upper"].copy()
    lower[flat], upper[flat] = -1.0, 1.0
    spread = np.setdiff1d(np.arange(len(target)), flat)
    return {
        "published coverage": _covers(lower, upper, target),
        "published width": float((upper - lower).mean()),
        "width where spread": float((band.upper - band.lower)[spread].sum()),
        "published width where spread": float((upper - lower)[spread].sum()),
    }


def _crossing(ks: Sequence[int], values: Values, truth: Truth) -> Sample:
    true = crossover(truth.difference)
    if true is None:
        return {}
    found = crossover_interval(ks, values, None, alpha=ALPHA)
    return {"crossing": float(found.lower <= true and (found.upper is None or true <= found.upper))}


def _errors(claims: Mapping[str, Sequence[Verdict]]) -> list[Sample]:
    """Whether each verdict is SUPPORTED or REFUTED: either is an error on one side of its margin."""
    return [
        {
            key: value
            for name, verdict in zip(claims, row, strict=True)
            for key, value in _decided(name, verdict)
        }
        for row in zip(*claims.values(), strict=True)
    ]


def _decided(name: str, verdict: Verdict) -> list[tuple[str, float]]:
    outcome = verdict.outcome(ALPHA)
    return [(f"{which}: {name}", float(outcome is which)) for which in (Outcome.SUPPORTED, Outcome.REFUTED)]


def _everywhere(cell: Cell, truth: Truth, one: Observed) -> Sample:
    """`measures.above_everywhere` against the least true difference."""
    columns = np.asarray(KS) - 1
    than = float(truth.difference[columns].min())
    values = values_of((PASS_TABLE[one.rl] - PASS_TABLE[one.base])[:, columns], clusters=clusters_of(cell))
    verdict = Verdict("", p_all_greater(values, than), p_any_less(values, than))
    return dict(_decided("above-everywhere", verdict))


def _one_sided(tails: Tails, drawn: Sequence[Observed]) -> list[Sample]:
    """One-sided errors at ALPHA of the t interval and of ours, per k and side."""
    out: list[Sample] = [{} for _ in drawn]
    for k in T_KS:
        true = tails.truth[f"difference@{k}"]
        for sample, one, ours in zip(out, drawn, tails.above(f"difference@{k}"), strict=True):
            low, high = _t_errors(one.passes("rl", k) - one.passes("base", k), true)
            sample |= {f"t lower@{k}": low, f"t upper@{k}": high}
            sample[f"ours lower@{k}"] = float(ours.p_support <= ALPHA)
            sample[f"ours upper@{k}"] = float(ours.p_refute <= ALPHA)
    return out


def _t_errors(x: Floats, true: float) -> tuple[float, float]:
    reach = float(stats.t.ppf(1 - ALPHA, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x)))
    return float(x.mean() - reach > true + 1e-12), float(x.mean() + reach < true - 1e-12)


def _family(cell: Cell, truths: Mapping[str, Truth], start: int, stop: int) -> list[Sample]:
    """Holm over twelve verdicts, four claims on each of three independent tasks, all at their margin."""
    claims: list[list[Verdict]] = []
    for law, problems in FAMILIES[cell.law]:
        task = Cell(f"{cell.name}/task", law, problems)
        drawn = [draw(task, replicate) for replicate in range(start, stop)]
        claims += verdicts(Tails(task, truths[law], drawn), HOLM_CLAIMS).values()
    return [_family_errors(row) for row in zip(*claims, strict=True)]


def _family_errors(row: Sequence[Verdict]) -> Sample:
    adjusted = holm([verdict.p for verdict in row])
    found = [verdict.outcome(ALPHA, p) for verdict, p in zip(row, adjusted.tolist(), strict=True)]
    supported, refuted = Outcome.SUPPORTED in found, Outcome.REFUTED in found
    return {
        "any SUPPORTED": float(supported),
        "any REFUTED": float(refuted),
        "any decided": float(supported or refuted),
    }
