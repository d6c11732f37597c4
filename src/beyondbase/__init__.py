"""beyondbase: statistical claims about what RL adds to a base language model, as a pytest suite."""

from beyondbase.cases import Case
from beyondbase.claim import Claim, claim
from beyondbase.errors import InputError
from beyondbase.findings import (
    above_base_everywhere,
    base_above_everywhere,
    crossover_effect,
    efficiency_effect,
    expands,
    pass_effect,
    solves_alone,
)
from beyondbase.judge import Family, Judged, Judgement, gather, judge
from beyondbase.measures import Measure, above_everywhere, alike, greater, less
from beyondbase.responses import as_likely, entropy_effect, gap_recovered, same_entropy
from beyondbase.selection import (
    Selection,
    algorithms,
    contrasts,
    entropy_matched,
    pairs,
    scored_pairs,
    training_runs,
)
from beyondbase.study import Study, load_study
from beyondbase.verdict import Effect, Outcome, Verdict, all_of, any_of, given, opposite

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
    "as_likely",
    "base_above_everywhere",
    "claim",
    "contrasts",
    "crossover_effect",
    "efficiency_effect",
    "entropy_effect",
    "entropy_matched",
    "expands",
    "gap_recovered",
    "gather",
    "given",
    "greater",
    "judge",
    "less",
    "load_study",
    "opposite",
    "pairs",
    "pass_effect",
    "same_entropy",
    "scored_pairs",
    "solves_alone",
    "training_runs",
]
