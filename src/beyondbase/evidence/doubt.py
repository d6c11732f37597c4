"""What is not certain of the counts of an arm, though they are evidence."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Doubt:
    """Answers that the grader could not decide on, more of them than a study lets pass.

    Attributes:
        undecided: How many completions of each problem have such an answer; in the counts they are wrong.
        reason: What to say of verdicts that hang on them.
    """

    undecided: NDArray[np.int64]
    reason: str
