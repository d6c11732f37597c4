"""beyondbase: statistical claims about what RL adds to a base language model, as a pytest suite."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beyondbase.errors import InputError
    from beyondbase.judging.algorithm_effects import (
        algorithms_alike,
        algorithms_within,
        distance_effects,
        spread_effects,
    )
    from beyondbase.judging.case import Case
    from beyondbase.judging.claim import Claim, claim
    from beyondbase.judging.effects import (
        above_base_everywhere,
        base_above_everywhere,
        between_problems,
        crossover_effect,
        efficiency_effect,
        expands,
        pass_effect,
        solves_alone,
    )
    from beyondbase.judging.family import Family, Judged, Judgement, gather
    from beyondbase.judging.likelihood_effects import (
        as_likely,
        entropy_effect,
        entropy_ratio,
        gap_recovered,
        same_entropy,
    )
    from beyondbase.judging.measure import Measure, above_everywhere, alike, greater, less
    from beyondbase.judging.selection import (
        Selection,
        algorithms,
        contrasts,
        entropy_matched,
        pairs,
        scored_pairs,
        training_runs,
    )
    from beyondbase.judging.verdict import Effect, Outcome, Verdict, all_of, any_of, given, opposite
    from beyondbase.notebook.verdicts import Verdicts, judge
    from beyondbase.study import Study, load_study

    __version__: str

# Where each name stands. No module of the package has the name of one of these: importing the module would
# put it in the name's place.
_HOMES = {
    "judging.algorithm_effects": (
        "algorithms_alike",
        "algorithms_within",
        "distance_effects",
        "spread_effects",
    ),
    "judging.case": ("Case",),
    "judging.claim": ("Claim", "claim"),
    "errors": ("InputError",),
    "judging.effects": (
        *("above_base_everywhere", "base_above_everywhere", "between_problems", "crossover_effect"),
        *("efficiency_effect", "expands", "pass_effect", "solves_alone"),
    ),
    "judging.family": ("Family", "Judged", "Judgement", "gather"),
    "judging.measure": ("Measure", "above_everywhere", "alike", "greater", "less"),
    "notebook.verdicts": ("Verdicts", "judge"),
    "judging.likelihood_effects": (
        "as_likely",
        "entropy_effect",
        "entropy_ratio",
        "gap_recovered",
        "same_entropy",
    ),
    "judging.selection": (
        *("Selection", "algorithms", "contrasts", "entropy_matched", "pairs", "scored_pairs"),
        "training_runs",
    ),
    "study": ("Study", "load_study"),
    "judging.verdict": ("Effect", "Outcome", "Verdict", "all_of", "any_of", "given", "opposite"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

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
    "Verdicts",
    "__version__",
    "above_base_everywhere",
    "above_everywhere",
    "algorithms",
    "algorithms_alike",
    "algorithms_within",
    "alike",
    "all_of",
    "any_of",
    "as_likely",
    "base_above_everywhere",
    "between_problems",
    "claim",
    "contrasts",
    "crossover_effect",
    "distance_effects",
    "efficiency_effect",
    "entropy_effect",
    "entropy_matched",
    "entropy_ratio",
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
    "spread_effects",
    "training_runs",
]


def __getattr__(name: str) -> Any:
    """Import a name where it is first used, so that the package itself is there at once."""
    if name == "__version__":
        value = import_module("importlib.metadata").version("beyondbase")
    elif name in _HOME_OF:
        value = getattr(import_module(f"beyondbase.{_HOME_OF[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
