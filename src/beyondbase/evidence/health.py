"""Whether completions are fit to be counted: cut off, unread, empty, lost, or copies of each other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from beyondbase.completions import Grade
from beyondbase.store import EMPTY_DIGEST, FINISHES, OUTCOMES, Rows
from beyondbase.study.tables import HealthLimits

# One false alarm in a million sets: the alarm throws evidence away.
LEVEL = 1e-6
# Every two completions of a problem are compared; beyond these, more of them add nothing.
_COMPARISONS, _LONGEST = 400_000_000, 2048
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Health:
    """What became of the completions of one set, as shares of all.

    Attributes:
        completions: How many there are.
        truncated: Cut off before an answer was stated.
        unparsed: Ended without an answer that was found.
        undecided: With an answer of which the grader cannot tell whether it is right; counted as wrong.
        errors: Lost by machinery.
        empty: Without any text.
        cut_off: Ended by the limit of tokens, whether an answer was stated before or not; None where
            another tool does not say why completions ended.
        distinct: Different texts of a problem, summed, as a share of all completions.
        varied: Problems with two different texts or more, as a share of those with two completions or more;
            None where there are none.
        copies: Repeating an earlier one beyond chance.
        tokens: Mean, median and 95 % point of the number of tokens; None where they are not known.
    """

    completions: int
    truncated: float
    unparsed: float
    undecided: float
    errors: float
    empty: float
    cut_off: float | None
    distinct: float
    varied: float | None
    copies: float
    tokens: tuple[float, float, float] | None


def health_of(rows: Rows) -> Health:
    """Measure the completions of a set.

    Args:
        rows: All of its completions, by problem and index, every one graded.
    """
    size = rows.index.size
    known = rows.finish != FINISHES.index("unknown")
    cut = rows.finish == FINISHES.index("length")
    tokens = rows.tokens[rows.tokens >= 0]
    return Health(
        completions=size,
        truncated=_share(rows, "truncated"),
        unparsed=_share(rows, "unparsed"),
        undecided=_share(rows, "undecided"),
        errors=_share(rows, "error"),
        empty=float(((rows.digest == EMPTY_DIGEST) & (rows.outcome != OUTCOMES.index("error"))).mean()),
        cut_off=float(cut[known].mean()) if known.any() else None,
        distinct=int(_distinct(rows).sum()) / size,
        varied=_varied(rows),
        copies=float(np.isin(rows.index, copied_indexes(_blocks(rows))).mean()),
        tokens=_lengths(tokens) if tokens.size else None,
    )


def complaints(health: Health, limits: HealthLimits, *, arm: str, task: str) -> tuple[str, ...]:
    """Say why a set is no evidence, and which setting to change; empty if it is fit.

    Args:
        health: What was measured.
        limits: What the study allows.
    """
    remedies = {
        "truncated": ("were cut off before an answer", "raise max_tokens"),
        "unparsed": ("ended without an answer that was found", "correct the prompt, or the grader's options"),
        "empty": ("are empty", "correct the prompt or the stop rules"),
        "errors": (
            "were lost by machinery",
            "raise limit_s and memory_mib in [problems.TASK] grading, or mend the server and sample anew",
        ),
        "copies": ("repeat others beyond chance, so n is less than it seems", "draw them with other seeds"),
    }
    found = []
    for name, (words, remedy) in remedies.items():
        share, allowed = getattr(health, name), getattr(limits, name)
        if share > allowed:
            found.append(
                f"arm {arm!r} on {task!r}: {share:.1%} of its completions {words}, where [health] {name}"
                f" allows {allowed:.1%}: {remedy}, or allow more"
            )
    if health.varied is not None and health.varied < limits.varied:
        found.append(
            f"arm {arm!r} on {task!r}: only {health.varied:.1%} of its problems have two different texts,"
            f" where [health] varied asks for {limits.varied:.1%}: drawn at temperature 0, or from a cache?"
        )
    return tuple(found)


def doubt(health: Health, limits: HealthLimits, *, arm: str, task: str) -> str:
    """Say that more answers are undecided than may be, for verdicts that hang on them; empty if not.

    Args:
        health: What was measured.
        limits: What the study allows.
    """
    if health.undecided <= limits.undecided:
        return ""
    return (
        f"arm {arm!r} on {task!r}: of {health.undecided:.1%} of its completions the grader cannot tell"
        f" whether they are right, where [health] undecided allows {limits.undecided:.1%}, and the verdict"
        " would be another if they were: look at them, name another grader or its options, or allow more"
    )


def copied_indexes(blocks: Sequence[Ints]) -> tuple[int, ...]:
    """Find the numbers of completions that repeat an earlier one's text on more problems than chance allows.

    If completions are independent draws, the texts of one problem are exchangeable: given how many of its
    pairs are equal, each pair of numbers (i, j) is equal with the same probability q, the share of equal
    pairs, and problems are independent. So the number of problems on which i equals j is a sum of
    independent indicators, and its tail is at most exp(-P KL(m / P || mean q)) (Hoeffding, JASA 58 (1963),
    theorem 1), with P the problems that have both, and Bonferroni over all pairs. A seed that was used
    twice, or a batch that was stored twice, makes the same pair equal on every problem.

    Args:
        blocks: For each problem the digest of each completion's text, by number.

    Returns:
        The numbers j for which some i < j is beyond chance, in ascending order.
    """
    size = min(max((block.size for block in blocks), default=0), _LONGEST)
    if size < 2:
        return ()
    # Of each pair (i, j): problems that have both, those on which they are equal, and the sum of the q.
    there, equal, expected = (np.zeros((size, size)) for _ in range(3))
    for block in blocks[: max(1, _COMPARISONS // size**2)]:
        n = min(block.size, size)
        same = block[:n, None] == block[None, :n]
        there[:n, :n] += 1
        equal[:n, :n] += same
        expected[:n, :n] += (same.sum() - n) / max(n * (n - 1), 1)
    level = LEVEL / (size * (size - 1) / 2)
    return tuple(np.flatnonzero(np.triu(_surprising(there, equal, expected, level), 1).any(axis=0)).tolist())


def _surprising(
    there: NDArray[np.float64], equal: NDArray[np.float64], expected: NDArray[np.float64], level: float
) -> NDArray[np.bool_]:
    """Whether so many equal ones have a probability, by Hoeffding's bound, below the level."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share, mean = equal / there, expected / there
        distance = share * np.log(share / mean) + np.where(
            share < 1, (1 - share) * np.log((1 - share) / (1 - mean)), 0.0
        )
        # Of one problem alone nothing can be said.
        found: NDArray[np.bool_] = (equal >= 2) & (share > mean) & (there * distance > -math.log(level))
    return found


def _blocks(rows: Rows) -> list[Ints]:
    """The digests of each problem by number; a problem with gaps is left out, and so are lost completions."""
    starts = np.searchsorted(rows.problem, np.arange(len(rows.problem_ids) + 1))
    lost = rows.outcome == OUTCOMES.index("error")
    # A lost completion has no text of its own: a number that no other has stands for it.
    digest = np.where(lost, -np.arange(rows.digest.size) - 1, rows.digest)
    return [
        digest[begin:end]
        for begin, end in pairwise(starts)
        if end > begin and rows.index[end - 1] == end - begin - 1
    ]


def _distinct(rows: Rows) -> Ints:
    """The number of different texts of each problem."""
    order = np.lexsort((rows.digest, rows.problem))
    problem, digest = rows.problem[order], rows.digest[order]
    first = np.concatenate([[True], (np.diff(problem) != 0) | (np.diff(digest) != 0)])
    return np.bincount(problem[first], minlength=len(rows.problem_ids))


def _varied(rows: Rows) -> float | None:
    several = np.bincount(rows.problem, minlength=len(rows.problem_ids)) > 1
    return float((_distinct(rows)[several] > 1).mean()) if several.any() else None


def _share(rows: Rows, outcome: Grade) -> float:
    return float((rows.outcome == OUTCOMES.index(outcome)).mean())


def _lengths(tokens: Ints) -> tuple[float, float, float]:
    middle, high = np.quantile(tokens, [0.5, 0.95])
    return float(tokens.mean()), float(middle), float(high)
