"""Studies with log-probabilities of completions, which are made here of given numbers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from study_factory import write_study

from beyondbase.study import Study

TOKENS = 10
COLUMNS = "task,arm,problem_id,index,tokens,logprob,base_logprob,own_logprob"
Columns = Mapping[str, ArrayLike]


def scores_text(arms: Mapping[str, Columns], *, task: str = "T", tokens: int = TOKENS) -> str:
    """Write a file of log-probabilities.

    Args:
        arms: By arm the columns of log-probabilities, each of the shape (problems, completions); NaN is left
            empty, and a column that is not there is that of logprob.
        task: Of which task.
        tokens: Of every completion.
    """
    lines = [COLUMNS]
    for arm, columns in arms.items():
        first = np.asarray(next(iter(columns.values())), dtype=float)
        logprob = np.asarray(columns.get("logprob", first), dtype=float)
        table = [
            logprob,
            *(
                np.asarray(columns.get(name, logprob), dtype=float)
                for name in ("base_logprob", "own_logprob")
            ),
        ]
        for problem, index in np.ndindex(first.shape):
            cells = [
                "" if np.isnan(part[problem, index]) else repr(float(part[problem, index])) for part in table
            ]
            lines.append(",".join([task, arm, str(problem), str(index), str(tokens), *cells]))
    return "\n".join([*lines, ""])


def scored_study(
    folder: Path,
    arms: Mapping[str, Mapping[str, Any]],
    scores: Mapping[str, Columns],
    *,
    counts: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    **tables: Any,
) -> Study:
    """Write a study of counts and log-probabilities, and load it; without counts, half of 16 are right."""
    problems = len(np.asarray(next(iter(next(iter(scores.values())).values()))))
    known: Any = counts or dict.fromkeys(arms, (16, [8] * problems))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scores.csv").write_text(scores_text(scores))
    evidence = {"tallies": "counts.csv", "scores": "scores.csv"}
    return write_study(folder, arms, known, **({"evidence": evidence} | tables))


def likely(problems: int, completions: int, *, mean: float, seed: int, spread: float = 3.0) -> Any:
    """Draw log-probabilities of completions; problems differ too."""
    rng = np.random.default_rng(seed)
    own = rng.normal(0, 1, (problems, 1))
    return np.minimum(mean + own + rng.normal(0, spread, (problems, completions)), 0.0)
