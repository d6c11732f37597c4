"""Tasks of lm-eval whose answers are known to need more than the usual grader, as lm-eval 0.4.13 has them.

`hashes` and `stated` follow the filters that want an answer in one form ("#### 5", "The answer is 5."); the
last number of a text counts only under filters that take it too, and only where the text states no answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True)
class KnownTask:
    """What the table [problems.TASK] should say of some tasks.

    Attributes:
        tasks: Their names, with * for any part.
        filters: The filters under which it holds, with * for any part.
        table: Keys of the table.
    """

    tasks: tuple[str, ...]
    filters: tuple[str, ...]
    table: Mapping[str, Any]


_ANY = ("*",)
_STATED = ("gsm8k_cot*", "gsm8k_platinum_cot*", "mgsm_*", "asdiv_cot*")
_MARKED = ("gsm8k", "gsm8k_platinum", "gsm_plus", "gsm_plus_mini")
_FREE = {"extract": ["boxed", "hashes", "stated", "number"]}
_NUMBER = {"answers": "number", "marker": "####"}


def _letters(letters: str) -> dict[str, Any]:
    return {"answers": "choice", "grading": {"letters": letters}}


KNOWN: tuple[KnownTask, ...] = (
    KnownTask(_MARKED, ("strict-match",), {**_NUMBER, "grading": {"extract": ["hashes"]}}),
    KnownTask(
        _STATED, ("strict-match", "score-first", "maj@*"), {**_NUMBER, "grading": {"extract": ["stated"]}}
    ),
    KnownTask((*_MARKED, *_STATED), _ANY, {**_NUMBER, "grading": _FREE}),
    KnownTask(
        ("minerva_math*", "leaderboard_math_*"),
        _ANY,
        {"answers": "expression", "grading": {"extract": ["boxed", "stated"]}},
    ),
    KnownTask(
        ("hendrycks_math*",),
        _ANY,
        {"answers": "expression", "grading": {"extract": ["boxed", "stated", "answer"]}},
    ),
    KnownTask(
        ("aime", "aime24", "aime25"),
        _ANY,
        {"answers": "number", "grading": {"extract": ["boxed", "stated", "answer"]}},
    ),
    KnownTask(("gpqa_*", "mmlu_flan_*", "mmlu_*_generative", "arc_challenge_chat"), _ANY, _letters("ABCD")),
    KnownTask(("mmlu_pro*",), _ANY, _letters("ABCDEFGHIJ")),
    KnownTask(
        ("bbh_cot_*",),
        _ANY,
        {"answers": "text", "grading": {"extract": ["stated", "boxed"], "case": False}},
    ),
    KnownTask(
        ("bbh_fewshot_*", "bbh_zeroshot_*"),
        _ANY,
        {"answers": "text", "grading": {"extract": ["stated", "boxed", "whole"], "case": False}},
    ),
)


def known_table(task: str, picked: str) -> Mapping[str, Any]:
    """Say what the table of a task should hold; nothing where the task is not known.

    Args:
        task: What lm-eval calls it.
        picked: The filter.
    """
    for known in KNOWN:
        if any(fnmatchcase(task, name) for name in known.tasks) and any(
            fnmatchcase(picked, name) for name in known.filters
        ):
            return known.table
    return {}
