"""Graders: from a completion and its problem to one of six outcomes, with the rule that decided.

`correct` and `wrong` are verdicts on an answer; `undecided` is an answer that was looked at in full and of
which no rule could tell either. `unparsed` is a completion that ended without stating one, `truncated` one
that was cut off before it did, `error` one that failed, or whose answer the grader could not judge within
its limits. An error is never wrong; what is undecided counts as wrong and is told apart.

Graders are made from a task's settings by `make_grader`, or directly: `MathGrader(tolerance=1e-3)`. They
read completions as they come; `grade_batches` gives verdicts back in the batches that completions came in.
A grader of one's own is a dataclass with `Option`s and an entry point: examples/grader.
"""

from beyondbase.graders.choice import ChoiceGrader
from beyondbase.graders.countdown import CountdownGrader
from beyondbase.graders.exact import ExactGrader
from beyondbase.graders.gym import GymGrader
from beyondbase.graders.make import make_grader, options_of
from beyondbase.graders.math_verify import MathVerifyGrader
from beyondbase.graders.maths import MathGrader
from beyondbase.graders.options import Option, expect
from beyondbase.graders.pool import Limits
from beyondbase.graders.protocol import Grader, Ruling, grade_answers, grade_batches, version_of

__all__ = [
    "ChoiceGrader",
    "CountdownGrader",
    "ExactGrader",
    "Grader",
    "GymGrader",
    "Limits",
    "MathGrader",
    "MathVerifyGrader",
    "Option",
    "Ruling",
    "expect",
    "grade_answers",
    "grade_batches",
    "make_grader",
    "options_of",
    "version_of",
]
