"""Whether completions are fit to be counted: cut off, unread, empty, lost, or copies of each other."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from beyondbase.completions import Grade
from beyondbase.recipe import Health as Limits
from beyondbase.store import EMPTY_DIGEST, FINISHES, OUTCOMES, Rows

# One false alarm in a million sets: the alarm throws evidence away.
LEVEL = 1e-6
# Every two completions of a problem are compared; beyond these, more of them add nothing.
_COMPARISONS, _LONGEST = 400_000_000, 4096
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Health:
    """What became of the completions of one set, as shares of all.

    Attributes:
        completions: How many there are.
        truncated: Cut off before an answer was stated.
        unparsed: Ended without an answer that was found.
        errors: Lost by machinery.
        empty: Without any text.
        cut_off: Ended by the limit of tokens, whether an answer was stated before or not; None where
            another tool does not say why completions ended.
        distinct: Different texts per problem, as a share of its completions.
        copies: Repeating an earlier one beyond chance.
        tokens: Mean, median and 95 % point of the number of tokens; None where they are not known.
    """

    completions: int
    truncated: float
    unparsed: float
    errors: float
    empty: float
    cut_off: float | None
    distinct: float
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
        errors=_share(rows, "error"),
        empty=float(((rows.digest == EMPTY_DIGEST) & (rows.outcome != OUTCOMES.index("error"))).mean()),
        cut_off=float(cut[known].mean()) if known.any() else None,
        distinct=_distinct(rows) / size,
        copies=len(copied_indexes(_blocks(rows))) / max(int(rows.index.max()) + 1, 1),
        tokens=_lengths(tokens) if tokens.size else None,
    )


def complaints(health: Health, limits: Limits, *, arm: str, task: str) -> tuple[str, ...]:
    """Say why a set is no evidence, and which setting to change; empty if it is fit.

    Args:
        health: What was measured.
        limits: What the study allows.
        arm: The arm.
        task: The task.
    """
    remedies = {
        "truncated": ("were cut off before an answer", "raise max_tokens"),
        "unparsed": ("ended without an answer that was found", "correct the prompt, or the grader's options"),
        "empty": ("are empty", "correct the prompt or the stop rules"),
        "errors": ("were lost by machinery", "look at the server or the grader's limits, and sample again"),
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
    return tuple(found)


def copied_indexes(blocks: Iterable[Ints]) -> tuple[int, ...]:
    """Find the numbers of completions that repeat an earlier one's text on more problems than chance allows.

    If completions are independent draws, the texts of one problem are exchangeable: given how many of its
    pairs are equal, each pair of numbers (i, j) is equal with the same probability q, the share of equal
    pairs, and problems are independent. So the number of problems on which i equals j is a sum of
    independent indicators, and its tail is at most exp(-P KL(m / P || mean q)) (Hoeffding, JASA 58 (1963),
    theorem 1), here with Bonferroni over all pairs. A seed that was used twice, or a batch that was stored
    twice, makes the same pair equal on every problem.

    Args:
        blocks: For each problem the digest of each completion's text, by number; those of one length are
            compared with each other.

    Returns:
        The numbers j for which some i < j is beyond chance, in ascending order.
    """
    grouped: dict[int, list[Ints]] = {}
    for block in blocks:
        grouped.setdefault(min(block.size, _LONGEST), []).append(block[:_LONGEST])
    copied: set[int] = set()
    for size, group in grouped.items():
        if size > 1:
            copied |= set(_copied(group, size).tolist())
    return tuple(sorted(copied))


def _copied(group: list[Ints], size: int) -> Ints:
    equal = np.zeros((size, size), dtype=np.int32)
    expected = 0.0
    used = group[: max(1, _COMPARISONS // size**2)]
    pairs = size * (size - 1) / 2
    for block in used:
        same = block[:, None] == block[None, :]
        equal += same
        expected += (int(same.sum()) - size) / 2 / pairs
    least = _least_surprising(len(used), expected / len(used), LEVEL / pairs)
    return np.flatnonzero(np.triu(equal >= least, 1).any(axis=0))


def _least_surprising(problems: int, mean: float, level: float) -> int:
    """The least number of problems whose probability, bounded by Hoeffding, is below the level."""
    for count in range(math.floor(problems * mean) + 1, problems + 1):
        share = count / problems
        rest = (1 - share) * math.log((1 - share) / (1 - mean)) if share < 1 else 0.0
        if mean == 0 or problems * (share * math.log(share / mean) + rest) > -math.log(level):
            # Of one problem alone nothing can be said.
            return max(count, 2)
    return problems + 1


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


def _distinct(rows: Rows) -> int:
    order = np.lexsort((rows.digest, rows.problem))
    problem, digest = rows.problem[order], rows.digest[order]
    return 1 + int(((np.diff(problem) != 0) | (np.diff(digest) != 0)).sum())


def _share(rows: Rows, outcome: Grade) -> float:
    return float((rows.outcome == OUTCOMES.index(outcome)).mean())


def _lengths(tokens: Ints) -> tuple[float, float, float]:
    middle, high = np.quantile(tokens, [0.5, 0.95])
    return float(tokens.mean()), float(middle), float(high)
