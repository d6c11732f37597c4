"""How likely completions were: log-probabilities of some completions of an arm on a task."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from beyondbase.inference.bounded import Floats

Ints = NDArray[np.int64]
# Nats per token: a sum over many tokens that were nearly certain may be rounded to just above 0.
ROUNDING = 1e-4


@dataclass(frozen=True, eq=False)
class Likelihoods:
    """Log-probabilities of completions as arrays of one length, by problem and index; NaN where unknown.

    Attributes:
        problem: The row of each completion's problem in the tally of the arm.
        index: Its number among the problem's completions.
        tokens: How many tokens were generated, the one that ends the completion among them.
        logprob: Sum over these, under the arm itself at temperature 1.
        base_logprob: Under its base at temperature 1; of a base arm the same as logprob.
        own_logprob: Under the arm itself at the temperature that it was drawn with.
        unfit: Why some of them are no evidence; empty if all are.
    """

    problem: Ints
    index: Ints
    tokens: Ints
    logprob: Floats
    base_logprob: Floats
    own_logprob: Floats
    unfit: tuple[str, ...] = ()

    def counts(self, problems: int) -> Ints:
        """How many completions each problem has.

        Args:
            problems: How many problems the tally has.
        """
        return np.bincount(self.problem, minlength=problems)

    def by_problem(self, values: Floats, problems: int) -> list[Floats]:
        """Values of completions as one array for each problem.

        Args:
            values: One for each completion.
            problems: How many problems the tally has.
        """
        return np.split(values, np.cumsum(self.counts(problems))[:-1])

    def sorted(self) -> "Likelihoods":
        """The same completions, by problem and index."""
        order = np.lexsort((self.index, self.problem))
        columns = ("problem", "index", "tokens", "logprob", "base_logprob", "own_logprob")
        return replace(self, **{name: getattr(self, name)[order] for name in columns})

    def rows(self, problem_ids: Sequence[str]) -> list[tuple[str, int, int, float, float, float]]:
        """The completions one by one, with the ids of their problems."""
        names = [problem_ids[row] for row in self.problem.tolist()]
        numbers = (self.index, self.tokens, self.logprob, self.base_logprob, self.own_logprob)
        return list(zip(names, *(column.tolist() for column in numbers), strict=True))


def likelihoods_digest(rows: Sequence[tuple[str, str, str, int, int, float, float, float]]) -> str:
    """Compute the sha256 of log-probabilities in any order and format of their file, in hexadecimal.

    Args:
        rows: task, arm, problem, index, tokens and the three log-probabilities.
    """
    lines = sorted(",".join(map(repr, row)).encode() + b"\n" for row in rows)
    return hashlib.sha256(b"".join(lines)).hexdigest()
