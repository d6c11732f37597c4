"""Small changes of gold answers, of which the comparison may accept none: docs/grading.md.

Run by `nox -s mutants`. The golds and right answers of the tests' tables are changed in one place, in every
way:
another digit, the other sign, another operator, function, bracket or comparison. Each accepted mutant is
listed, to be judged by hand; golds that such a change leaves what they are, as it does the sign of (-2)^2,
are in `EQUAL`, and any other one fails the run.
"""

import csv
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator

from cases import ROOT, TABLES, put

from beyondbase.graders.comparing import Comparer

_SWAPS = {
    "+": "-",
    "-": "+",
    "<": ">",
    ">": "<",
    "*": "+",
    "[": "(",
    r"\le": r"\ge",
    r"\ge": r"\le",
    r"\sin": r"\cos",
    r"\cos": r"\sin",
    r"\cdot": "+",
    r"\times": "+",
    r"\pi": "e",
    r"\cup": r"\cap",
}
_TOKEN = re.compile(r"\d|[-+<>*]|\[(?!\\begin)|\\(?:le|ge|sin|cos|cdot|times|pi|cup)(?![a-z])")
# Judged by hand: the same value, the same set, or the same number of combinations.
EQUAL = re.compile(
    r"\(-1\)\^|\\binom|\\choose|binomial\(|\\cup|or\} x < |\\\{1,2,2\\\}|^[\uff10-\uff19\uff0e]+$"
    r"|^-0$|^\(-2\)\^2$|^\\left\|-5|^\|\{-5"
)


def main() -> None:
    """Print what is accepted; fail where that is more than the same."""
    golds = sorted(texts())
    chosen = [(gold, mutant) for gold in golds for mutant in mutants(gold)]
    comparer, counts, start = Comparer(), Counter[str](), time.perf_counter()
    accepted = []
    for gold, mutant in chosen:
        decision = comparer.decide("value", gold, mutant)
        counts[decision.verdict] += 1
        if decision.verdict == "same":
            accepted.append((gold, mutant, decision.rule))
    took = time.perf_counter() - start
    false = [each for each in accepted if not EQUAL.search(each[0])]
    told = [
        *(f"{counts[each]:,}" for each in ("different", "undecided")),
        len(accepted) - len(false),
        len(false),
    ]
    lines = [
        "| golds | mutants | different | undecided | accepted, the same by value | accepted falsely |",
        "|---|---|---|---|---|---|",
        "| " + " | ".join(map(str, (f"{len(golds):,}", f"{len(chosen):,}", *told))) + " |",
    ]
    print(*lines, f"{took:.0f} s", *accepted, sep="\n")
    put("mutants", lines)
    sys.exit(len(false))


def texts() -> Iterator[str]:
    """Gold answers and right ones that a change of one place can make wrong."""
    found = set()
    for file in TABLES.values():
        table = (ROOT / "tests/sampling/data" / file).read_text(encoding="utf-8")
        for case in csv.DictReader(table.splitlines()):
            if case["kind"] != "hostile":
                found |= {case["gold"], case["answer"]} if case["expected"] == "correct" else {case["gold"]}
    return (text for text in found if _TOKEN.search(text))


def mutants(gold: str) -> Iterator[str]:
    """A gold answer, changed in one place."""
    for found in _TOKEN.finditer(gold):
        others = set("0123456789") - {found[0]} if found[0].isdigit() else {_SWAPS[found[0]]}
        for other in sorted(others):
            yield gold[: found.start()] + other + gold[found.end() :]


if __name__ == "__main__":
    main()
