"""What passes between tasks, engines, graders and the store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Grade = Literal["correct", "wrong", "undecided", "unparsed", "truncated", "error"]
Finish = Literal["stop", "length", "error", "unknown"]


@dataclass(frozen=True)
class Problem:
    """One question with a checkable answer.

    Attributes:
        id: Its name within the task.
        question: What the prompt asks.
        gold: The answer that a grader compares with.
        level: Its difficulty, where the task says so.
        cluster: What it is resampled with, where the task says so.
        entry: What a scorer needs beyond the gold answer.
    """

    id: str
    question: str
    gold: str
    level: str | None = None
    cluster: str | None = None
    entry: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Completion:
    """One generated response to a problem.

    Attributes:
        problem_id: The problem.
        index: Its number among the problem's completions, from 0.
        seed: What it was drawn with, below 2**63; None where another tool drew it.
        text: The response.
        tokens: How many tokens were generated, where that is known.
        finish: Why generation ended; "unknown" where another tool does not say.
        logprob: Sum over the generated tokens, under the sampling model at temperature 1.
        token_ids: The generated tokens, where they are kept.
        token_logprobs: The log-probability of each, where they are kept.
    """

    problem_id: str
    index: int
    seed: int | None
    text: str
    tokens: int | None
    finish: Finish
    logprob: float | None
    token_ids: tuple[int, ...] | None
    token_logprobs: tuple[float, ...] | None


@dataclass(frozen=True)
class Graded:
    """What a grader said of one completion.

    Attributes:
        problem_id: The problem.
        index: The completion's number.
        outcome: What became of it; an infrastructure error is "error", never "wrong", and an answer of which
            no rule of the grader could tell whether it is right is "undecided".
        answer: What was extracted from the text, if anything.
        rule: Which rule of the grader decided; "" where no answer was judged, or where that is not known.
    """

    problem_id: str
    index: int
    outcome: Grade
    answer: str | None
    rule: str = ""
