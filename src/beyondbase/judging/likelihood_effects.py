"""How likely responses are, and how varied: effects of perplexity and entropy for claims."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from beyondbase.evidence.likelihoods import ROUNDING, Likelihoods
from beyondbase.inference.bounded import Floats
from beyondbase.inference.ranks import win_share, win_share_variance
from beyondbase.inference.ratios import ratio_t_limits, t_limits
from beyondbase.inference.typical import bounded_logs, log_means, typical_limits, typical_ratio
from beyondbase.judging.case import Case
from beyondbase.judging.measure import Measure, greater, less
from beyondbase.judging.slips import NoGrades
from beyondbase.judging.verdict import Effect, Verdict, all_of, invalid

# Perplexities that differ by less than one part in a thousand are equal: the same text, scored on another
# path through the same model, differs in its last digits.
TIE = 1e-3
_WHERE = {"base_logprob": "under its base", "own_logprob": "under itself as it was drawn"}


def as_likely(pair: Case, direction: Callable[[Measure, float, str], Verdict], than: float) -> Verdict:
    """How likely the other arm's completions are under the base, beside the base's own.

    The effect is, for each problem, the chance that a completion of the other arm has at most the perplexity
    under the base of a completion of the base: 1/2 where both are draws from the base.

    Args:
        pair: A base and another arm.
        direction: `greater` or `less`.
        than: What the mean of these chances is compared with.
    """
    name = pair.short(pair.other)
    statement = f"chance that {name} is at least as likely under the base as the base's own"
    unfit = unscored(pair, dict.fromkeys((pair.base, pair.other), "base_logprob"))
    if unfit:
        return invalid(statement, *unfit)
    measure = win_measure(pair, statement)
    verdict = direction(measure, than, f"{statement}, against {than:g}")
    shown = tuple(
        median_perplexity(pair, arm, under)
        for arm, under in ((pair.base, "base"), (pair.other, "base"), (pair.other, "itself"))
    )
    return verdict.about(verdict.statement, replace(measure.effect(), unit="probability"), shown)


def win_measure(pair: Case, name: str) -> Measure:
    """Chances, problem by problem, that the other arm is at least as likely under the base as the base."""
    arms = pair.other, pair.base
    ours, theirs = (_of_problems(pair, arm, "base_logprob", per_token=True) for arm in arms)
    groups = list(zip(ours, theirs, strict=True))
    wins = np.array([win_share(one, other, tie=TIE) for one, other in groups])
    return Measure(
        name,
        wins,
        (0.0, 1.0),
        pair.clusters,
        float(np.mean([win_share_variance(one, other, tie=TIE) for one, other in groups])),
        min(one.size for one in ours),
        pair.study.alpha,
        slips=NoGrades(wins, (0.0, 1.0)),
    )


def median_perplexity(case: Case, arm: str, under: str) -> Effect:
    """The median perplexity of an arm's completions, problem by problem, averaged over problems.

    Args:
        case: With log-probabilities of the arm.
        arm: Whose completions.
        under: The "base", or the arm "itself" at temperature 1.
    """
    column = "base_logprob" if under == "base" else "logprob"
    values = np.array([perplexity(part) for part in _of_problems(case, arm, column, per_token=True)])
    name = f"median perplexity of {case.short(arm)} under {'the base' if under == 'base' else 'itself'}"
    return _mean_effect(case, name, values, "perplexity")


def perplexity(per_token: Floats) -> float:
    """The median perplexity, exp(-mean log-probability of a token), of some completions."""
    return float(np.exp(-np.median(per_token)))


def entropies(case: Case, arm: str) -> Floats:
    """Entropy of an arm's responses to each problem, as it was drawn, in nats.

    The mean of -log p(response) over responses drawn from p: unbiased for the entropy of the whole response,
    which by the chain rule is the sum of those of its tokens given what stands before them (Cover and
    Thomas 2006, theorem 2.5.1).
    """
    return np.array([-part.mean() for part in _of_problems(case, arm, "own_logprob")])


def entropy_effect(case: Case, arm: str) -> Effect:
    """Mean entropy of an arm's responses."""
    name = f"entropy of a response of {case.short(arm)}, nats"
    return _mean_effect(case, name, entropies(case, arm), "nats")


def same_entropy(case: Case) -> Verdict:
    """A typical problem's entropy is the base's, within margins.entropy of it; INVALID where shown otherwise.

    Two one-sided tests (Schuirmann 1987) of the typical ratio, against 1 - margin and 1 + margin.
    """
    name, margin = case.short(case.other), case.margins.entropy
    statement = f"{name} has the entropy of the base"
    unfit = unscored(case, dict.fromkeys((case.base, case.other), "own_logprob"))
    if unfit:
        return invalid(statement, *unfit)
    ratio = entropy_ratio(case)
    above = f"entropy of {name} above {1 - margin:g} of the base's"
    below = f"entropy of {name} below {1 + margin:g} of the base's"
    verdict = all_of(
        statement,
        greater(_from_ratio(case, 1 - margin), 0.0, above).about(above, ratio),
        less(_from_ratio(case, 1 + margin), 0.0, below).about(below, ratio),
    )
    if verdict.p_refute > case.study.alpha or ratio.estimate is None:
        return verdict
    change = "lower" if ratio.estimate > 1 else "higher"
    found = f"arm {case.other!r} has {ratio.estimate:.3g} times the entropy of {case.base!r}"
    use = f"draw it at a {change} temperature, or raise margins.entropy = {margin:g}"
    return invalid(statement, f"{found} on a typical problem of {case.task!r}: {use}")


def entropy_ratio(case: Case) -> Effect:
    """Entropy of the other arm's responses to a typical problem, over that of the base's."""
    ours, theirs = (_likelihoods(case, arm) for arm in (case.other, case.base))
    logs, _ = entropy_logs(ours, theirs)
    lower, upper = typical_limits(logs, clusters=case.clusters, alpha=case.study.alpha)
    name = f"entropy of {case.short(case.other)} on a typical problem, times the base's"
    return Effect(name, typical_ratio(logs), lower, upper, 1 - case.study.alpha, "ratio")


def entropy_logs(ours: Likelihoods, theirs: Likelihoods) -> tuple[Floats, Floats]:
    """Logarithms of the ratios of entropies, problem by problem, and their sampling variances.

    Args:
        ours: Completions of one arm.
        theirs: Completions of another, of the same problems.
    """
    (one, noise), (other, more) = _log_entropies(ours), _log_entropies(theirs)
    return one - other, noise + more


def _log_entropies(arm: Likelihoods) -> tuple[Floats, Floats]:
    """An entropy below what log-probabilities are rounded by counts as that, so that it has a logarithm."""
    _, groups = np.unique(arm.problem, return_inverse=True)
    tokens = np.bincount(groups, arm.tokens) / np.bincount(groups)
    return log_means(np.maximum(-arm.own_logprob, 0.0), groups, least=ROUNDING * tokens)


def gap_recovered(case: Case, first: str) -> Effect:
    """Which share of the gap between an arm and the base the other arm closes, in pass@k at large k.

    Args:
        case: A base, another arm and the first.
        first: The arm whose gap it is.
    """
    k = case.k_large
    start = case.pass_at_k(first, k)
    parts, wholes = case.pass_at_k(case.other, k) - start, case.pass_at_k(case.base, k) - start
    name = f"share of the gap of {first} at k = {k} that {case.other} closes"
    return _ratio_effect(case, name, parts, wholes, "probability")


def unscored(case: Case, columns: Mapping[str, str]) -> tuple[str, ...]:
    """Why log-probabilities of a case cannot carry a claim; empty if they can.

    Args:
        columns: Which log-probabilities are needed of which arms.
    """
    reasons = [reason for arm, column in columns.items() for reason in _absent(case, arm, column)]
    return tuple(reasons) or tuple(_uneven(case, *columns))


def _absent(case: Case, arm: str, column: str) -> list[str]:
    found, at = case.tallies[arm].likelihoods, f"arm {arm!r} on {case.task!r}"
    if found is None:
        return [f"{at} has no log-probabilities: {_remedy(case, column)}"]
    missing = int(np.isnan(getattr(found, column)).sum())
    if not missing:
        return []
    which = f"{missing:,} of {len(found.index):,} completions have no log-probability {_WHERE[column]}"
    return [*found.unfit] or [f"{at}: {which}: {_remedy(case, column)}"]


def _remedy(case: Case, column: str) -> str:
    study = case.study
    if study.samples is None:
        return f"add them to {', '.join(map(str, study.score_paths)) or 'a file, as [evidence] scores'}"
    plain = ", which takes top_p = 1, top_k = 0 and the transformers engine" * (column == "own_logprob")
    return f"run beyondbase score --study {study.path}{plain}"


def _uneven(case: Case, arm: str, other: str) -> list[str]:
    counts = [_likelihoods(case, name).counts(len(case.problem_ids)) for name in (arm, other)]
    for row in np.flatnonzero((counts[0] != counts[1]) | (counts[0] == 0))[:1]:
        at = f"problem {case.problem_ids[row]!r} on {case.task!r}"
        found = f"{counts[0][row]} completions of arm {arm!r} and {counts[1][row]} of arm {other!r}"
        use = "keep and score the same number of every problem in both"
        return [f"{at} has log-probabilities of {found}: {use}"]
    return []


def _likelihoods(case: Case, arm: str) -> Likelihoods:
    found = case.tallies[arm].likelihoods
    if found is None:
        raise ValueError(f"arm {arm!r} has no log-probabilities")
    return found


def _of_problems(case: Case, arm: str, column: str, *, per_token: bool = False) -> list[Floats]:
    found = _likelihoods(case, arm)
    values = getattr(found, column)
    return found.by_problem(values / found.tokens if per_token else values, len(case.problem_ids))


def _from_ratio(case: Case, ratio: float) -> Measure:
    """How far the entropies of the other arm are from so many times the base's, as bounded logarithms."""
    ours, theirs = (_likelihoods(case, arm) for arm in (case.other, case.base))
    logs, noise = entropy_logs(ours, theirs)
    values = bounded_logs(logs, ratio)
    return Measure(
        f"log ratio of entropies less that of {ratio:g}",
        values,
        clusters=case.clusters,
        within=float(np.mean((1 - values**2) ** 2 * noise)),
        samples=int(ours.counts(len(case.problem_ids)).min()),
        alpha=case.study.alpha,
        slips=NoGrades(values, (-1.0, 1.0)),
    )


def _mean_effect(case: Case, name: str, values: Floats, unit: str) -> Effect:
    if not np.isfinite(values).all():
        return Effect(name, None, None, None, 1 - case.study.alpha, unit)
    lower, upper = t_limits(values, clusters=case.clusters, alpha=case.study.alpha)
    return Effect(name, float(values.mean()), lower, upper, 1 - case.study.alpha, unit)


def _ratio_effect(case: Case, name: str, parts: Floats, wholes: Floats, unit: str) -> Effect:
    whole = float(wholes.mean())
    if not whole > 0:
        return Effect(name, None, None, None, 1 - case.study.alpha, unit)
    lower, upper = ratio_t_limits(parts, wholes, clusters=case.clusters, alpha=case.study.alpha)
    return Effect(name, float(parts.mean()) / whole, lower, upper, 1 - case.study.alpha, unit)
