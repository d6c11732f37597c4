"""What to do about a cell of counts that is no count: shares, percentages, separators, a second header."""

import re

from beyondbase.evidence.vocabulary import known_as, plain

_KNOWN_AS = {
    "problem_id": (*known_as("id"), "problem"),
    "n": (*known_as("n"), "samples", "completions"),
    "c": (*known_as("c"), "correct", "passed"),
    "arm": ("model", "model_name"),
    "task": known_as("task"),
}
_SHARES = ("accuracy", "acc", "rate", "share", "pass_rate", "mean", "score", "percent", "pass@1", "pass_at_1")
_WHOLE = "write a whole number"
_RIGHT = "how many of the n completions are correct"
_FORMS = {
    r"\d+([.,]\d+)?\s*%": f"this is a percentage; {{whole}}, {_RIGHT}",
    r"0?[.,]\d+": f"this is a share; {{whole}}, {_RIGHT}",
    r"\d+[.,]0*": "{whole}, {number}",
    r"\d{1,3}([,.'\u2019 \u00a0\u202f]\d{3})+": "{whole} without separators, {number}",
    r"(?i:true|false)": f'{{whole}}, {_RIGHT} ("beyondbase import csv" counts samples)',
}


def column_hint(name: str) -> str:
    """Say what a column of another name should be called, or hold; "" where that is not plain."""
    for column, names in _KNOWN_AS.items():
        if plain(name) in (column, *names):
            return f'; rename it to {column}, or let "beyondbase init" read the file'
    if plain(name) in _SHARES:
        return "; write counts instead of shares: n completions of each problem, of which c are correct"
    return ""


def count_remedy(name: str, text: str) -> str:
    """Say what to write instead of a cell that is no count.

    Args:
        name: Its column, "n" or "c".
        text: What stands in it.
    """
    if text == name:
        return "the header stands here a second time; delete this line"
    said = next((words for form, words in _FORMS.items() if re.fullmatch(form, text)), None)
    if said is None:
        return f"{_WHOLE} of at most 9 digits, such as 128"
    number = re.sub(r"[^0-9]", "", re.sub(r"[.,]0*$", "", text))
    return said.format(whole=_WHOLE, number=number)
