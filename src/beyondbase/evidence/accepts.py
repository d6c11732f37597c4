"""How often a grader accepted answers to other problems, as it was measured and kept."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Accepts:
    """What became of an arm's answers when they were graded as answers to other problems.

    Attributes:
        compared: Answers that were graded so.
        accepted: Those that the grader called right.
        alike: Those of them that are the other right answer letter by letter, or the same plain number: they
            are right by chance, and no grader can tell.
        lower: Of the share accepted, at a confidence of 95 %.
        upper: As lower.
    """

    compared: int
    accepted: int
    alike: int
    lower: float
    upper: float
