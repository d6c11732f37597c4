"""beyondbase: statistical claims about what RL adds to a base language model, as a pytest suite."""

from beyondbase.cases import Case
from beyondbase.claim import Claim, claim
from beyondbase.errors import InputError
from beyondbase.findings import (
    above_base_everywhere,
    crossover_effect,
    efficiency_effect,
    expands,
    solves_alone,
)
from beyondbase.judge import Family, Judged, Judgement, gather, judge
from beyondbase.measures import Measure, above_everywhere, alike, greater, less
from beyondbase.selection import Selection, algorithms, contrasts, pairs, training_runs
from beyondbase.study import Study, load_study
from beyondbase.verdict import Effect, Outcome, Verdict, all_of, any_of, opposite

__all__ = [
    "Case",
    "Claim",
    "Effect",
    "Family",
    "InputError",
    "Judged",
    "Judgement",
    "Measure",
    "Outcome",
    "Selection",
    "Study",
    "Verdict",
    "above_base_everywhere",
    "above_everywhere",
    "algorithms",
    "alike",
    "all_of",
    "any_of",
    "claim",
    "contrasts",
    "crossover_effect",
    "efficiency_effect",
    "expands",
    "gather",
    "greater",
    "judge",
    "less",
    "load_study",
    "opposite",
    "pairs",
    "solves_alone",
    "training_runs",
]
