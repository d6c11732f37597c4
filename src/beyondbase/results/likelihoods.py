"""What the report shows of how likely and how varied responses are: perplexities and entropies."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from beyondbase.evidence.likelihoods import Likelihoods
from beyondbase.evidence.tallies import Tally
from beyondbase.inference.band import simultaneous_band
from beyondbase.inference.bounded import Floats, values_of
from beyondbase.inference.ratios import ratio_t_limits, t_limits
from beyondbase.inference.typical import typical_limits, typical_ratio
from beyondbase.judging.likelihood_effects import entropy_logs, perplexity
from beyondbase.results.schema.likelihoods import Distribution, Likelihood
from beyondbase.results.schema.record import Interval
from beyondbase.study import Study
from beyondbase.study.arms import Key

POINTS = 25
# The grid of a distribution leaves out this share of the completions at either end.
TAIL = 0.01


def likelihood_summaries(study: Study, tallies: Mapping[Key, Tally]) -> list[Likelihood]:
    """One entry per arm and task with log-probabilities, in the order of tasks and arms."""
    found = {key: _Scored(study, tally) for key, tally in tallies.items() if tally.likelihoods is not None}
    groups = {key: (key[0], study.base_of(key[1])) for key in found}
    grids = {group: _grid([found[key] for key in found if groups[key] == group]) for group in groups.values()}
    return [_entry(key, scored, grids[groups[key]], found.get(groups[key])) for key, scored in found.items()]


class _Scored:
    """The completions of an arm on a task that have log-probabilities, by problem."""

    def __init__(self, study: Study, tally: Tally) -> None:
        if tally.likelihoods is None:
            raise ValueError("the tally has no log-probabilities")
        self.study = study
        self.all: Likelihoods = tally.likelihoods
        self._problems = len(tally.problem_ids)
        rows = np.flatnonzero(self.all.counts(self._problems))
        self.clusters = tally.clusters and [tally.clusters[row] for row in rows]
        self.problems = [tally.problem_ids[row] for row in rows], self.clusters

    def groups(self, values: Floats) -> list[Floats]:
        """Values of completions, for each problem that has some."""
        return [part for part in self.all.by_problem(values, self._problems) if part.size]

    def known(self, column: Literal["logprob", "base_logprob", "own_logprob"]) -> Floats | None:
        """Log-probabilities, where every completion has one that is finite."""
        values: Floats = getattr(self.all, column)
        return values if values.size and np.isfinite(values).all() else None


def _entry(key: Key, scored: _Scored, grid: Floats | None, base: _Scored | None) -> Likelihood:
    own = scored.known("own_logprob")
    return Likelihood.model_construct(
        task=key[0],
        arm=key[1],
        base=scored.study.base_of(key[1]),
        completions=len(scored.all.index),
        perplexity_under_base=_perplexity(scored, scored.known("base_logprob")),
        perplexity_under_itself=_perplexity(scored, scored.known("logprob")),
        entropy=None if own is None else _mean(scored, [-part.mean() for part in scored.groups(own)]),
        entropy_per_token=None if own is None else _per_token(scored, own),
        distribution=_distribution(scored, grid),
        entropy_ratio=_ratio(scored, base),
    )


def _perplexity(scored: _Scored, values: Floats | None) -> Interval | None:
    """The median of each problem's completions, averaged over problems."""
    if values is None:
        return None
    return _mean(scored, [perplexity(part) for part in scored.groups(values / scored.all.tokens)])


def _per_token(scored: _Scored, own: Floats) -> Interval:
    """Nats per token drawn: mean entropy of a response over the mean number of its tokens."""
    nats = np.array([-part.mean() for part in scored.groups(own)])
    tokens = np.array([part.mean() for part in scored.groups(scored.all.tokens.astype(np.float64))])
    limits = ratio_t_limits(nats, tokens, clusters=scored.clusters, alpha=scored.study.alpha)
    return _interval(float(nats.mean() / tokens.mean()), limits)


def _ratio(scored: _Scored, base: _Scored | None) -> Interval | None:
    """Entropy over the base's on a typical problem, where both are known of the same problems."""
    if base is None or scored is base or scored.problems != base.problems:
        return None
    if scored.known("own_logprob") is None or base.known("own_logprob") is None:
        return None
    logs, _ = entropy_logs(scored.all, base.all)
    limits = typical_limits(logs, clusters=scored.clusters, alpha=scored.study.alpha)
    return _interval(typical_ratio(logs), limits)


def _mean(scored: _Scored, values: Sequence[float]) -> Interval:
    found = np.array(values)
    limits = t_limits(found, clusters=scored.clusters, alpha=scored.study.alpha)
    return _interval(float(found.mean()), limits)


def _interval(estimate: float, limits: tuple[float | None, float | None]) -> Interval:
    return Interval.model_construct(estimate=estimate, lower=limits[0], upper=limits[1])


def _surprises(scored: _Scored) -> Floats | None:
    """Logarithms of perplexities under the base: nats per token."""
    values = scored.known("base_logprob")
    return None if values is None else -values / scored.all.tokens


def _grid(arms: Sequence[_Scored]) -> Floats | None:
    """Where the distributions of a base and the arms beside it are shown: even steps over nearly all."""
    known = [values for values in map(_surprises, arms) if values is not None]
    if not known:
        return None
    least, most = np.quantile(np.concatenate(known), [TAIL, 1 - TAIL]).tolist()
    return np.unique(np.round(np.linspace(least, most, POINTS), 4))


def _distribution(scored: _Scored, grid: Floats | None) -> Distribution | None:
    """Share of completions with at most so many nats per token, mean over problems, with its band."""
    values = _surprises(scored)
    if values is None or grid is None:
        return None
    shares = np.array([(part[:, None] <= grid).mean(axis=0) for part in scored.groups(values)])
    checked = values_of(shares, support=(0.0, 1.0), clusters=scored.clusters)
    band = simultaneous_band(checked, alpha=scored.study.alpha, seed=scored.study.seed)
    return Distribution.model_construct(
        nats=grid.tolist(),
        estimate=band.estimate.tolist(),
        lower=band.lower.tolist(),
        upper=band.upper.tolist(),
    )
