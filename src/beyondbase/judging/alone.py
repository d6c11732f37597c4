"""What an arm solves and its base does not: how much of it, and how much beyond luck."""

from dataclasses import replace

from beyondbase import estimators
from beyondbase.inference.luck import least_excess
from beyondbase.judging.case import Case
from beyondbase.judging.measure import Measure, greater_between
from beyondbase.judging.slips import SolvedAlone, SolvedBeyondLuck
from beyondbase.judging.verdict import Effect, Verdict, opposite


def solves_alone(pair: Case) -> Verdict:
    """The other arm solves more than margins.subset of the problems alone, beyond luck.

    A second draw of the base would solve some problems too that the first did not. What is beyond that,
    theta, lies between the net excess and the plain share (`beyondbase.inference.luck`), so it is shown by
    the one and refuted by the other. Where the margin lies between them, it cannot be told from luck.
    """
    excess, plain = alone_excess(pair), pair.alone_share(_plain_size(pair))
    verdict = greater_between(excess, plain, pair.margins.subset, _words(pair, "more"), gap=_gap(pair))
    limits = tuple(_detection_limit(pair, arm) for arm in (pair.base, pair.other))
    return replace(verdict, details=(*_beside_luck(pair), *limits))


def solves_little_alone(pair: Case) -> Verdict:
    """The other arm solves less than margins.subset of the problems alone, beyond luck."""
    return opposite(_words(pair, "less"), solves_alone(pair))


def draw_size(pair: Case) -> int:
    """The greatest k, up to the large k, of which every problem of the base has two draws.

    0 where that would be less than [grid] k_large_min: at small k an arm that is merely quicker than its base
    solves much alone.
    """
    k = min(pair.k_large, int(pair.tallies[pair.base].n.min()) // 2)
    return k if k >= pair.study.grid.k_large_min else 0


def alone_excess(pair: Case) -> Measure:
    """By how much k samples of the other arm beside k of the base solve more than 2k of the base.

    That is the share solved alone in k samples, minus what a second draw of the base solves alone. k is
    `draw_size`, and the excess 0 where that is.
    """
    k, base, arm = draw_size(pair), pair.counts(pair.base), pair.counts(pair.other)
    twice, once, other = (
        counts.fails((size,))[:, 0] for counts, size in ((base, 2 * k), (base, k), (arm, k))
    )
    source = SolvedBeyondLuck(arm, base, k, SolvedAlone(arm, base, _plain_size(pair)))
    support = (least_excess(int(base.n.min()), k), 1.0)
    name = f"net share that {pair.short(pair.other)} solves alone beyond luck at k = {k}"
    return pair.measure(name, twice - once * other, support=support, slips=source)


def _plain_size(pair: Case) -> int:
    """At which k the plain share is taken: the large k, if that is no more than two draws."""
    k = draw_size(pair)
    return min(pair.k_large, 2 * k) if k else pair.k_large


def _words(pair: Case, than: str) -> str:
    """The statement, with the k of the excess and that of the plain share."""
    sizes = " and ".join(map(str, dict.fromkeys(k for k in (draw_size(pair), _plain_size(pair)) if k)))
    share = f"{than} than {100 * pair.margins.subset:g} % of the problems"
    return f"{pair.short(pair.other)} alone solves {share} beyond luck (k = {sizes})"


def _beside_luck(pair: Case) -> tuple[Effect, ...]:
    """The share solved alone in one draw, unless that is the headline; that of a second draw; the excess."""
    k = draw_size(pair)
    if not k:
        return ()
    more = pair.pass_at_k(pair.base, 2 * k) - pair.pass_at_k(pair.base, k)
    name = f"share that only a second draw of {pair.short(pair.base)} solves at k = {k}"
    luck = pair.measure(name, more, support=(0.0, 1.0))
    plain = () if k == _plain_size(pair) else (pair.alone_share(k),)
    return tuple(measure.effect() for measure in (*plain, luck, alone_excess(pair)))


def _gap(pair: Case) -> str:
    k = draw_size(pair)
    if not k:
        more = 2 * pair.study.grid.k_large_min
        return f"cannot be told from luck with fewer than {more} samples of the base, whatever the problems"
    return f"cannot be told from luck at k = {k}, where no number of problems decides; more samples may"


def _detection_limit(pair: Case, arm: str) -> Effect:
    n, level = int(pair.tallies[arm].n.min()), 1 - pair.study.alpha
    return Effect(
        f"detection limit of {arm}: success probability that 0 of {n:,} right leaves possible",
        None,
        None,
        float(estimators.detection_limit(n, level)),
        level,
        "probability",
    )
