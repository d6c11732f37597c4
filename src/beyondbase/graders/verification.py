"""The comparison of answers in grading processes: jobs of kind, gold answer and answer, decisions as JSON."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from beyondbase.graders.comparing import Comparer


def prepare(settings: Mapping[str, Any]) -> Callable[[Any], list[str]]:
    """Load the libraries, compare once so that no answer pays for it, and return what does the jobs."""
    logging.disable(logging.CRITICAL)
    comparer = Comparer(**settings)
    comparer.decide("value", r"\frac{\sin x}{2}", r"\sqrt{2}x")

    def do(job: Any) -> list[str]:
        decision = comparer.decide(*job)
        return [decision.verdict, decision.rule]

    return do
