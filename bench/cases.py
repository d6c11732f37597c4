"""The grader of mathematical answers on cases chosen for trouble, beside math-verify: docs/grading.md.

Run by `nox -s cases`. Both tables of the tests are graded by both graders, each case by kind: how many wrong
answers are accepted, how many right ones refused. The kinds are chosen for trouble, and in one of the tables
by us: rates on them are no rates on models' answers.
"""

import csv
from collections import Counter
from pathlib import Path

from beyondbase.completions import Completion, Problem
from beyondbase.graders import Grader, Limits, MathGrader, MathVerifyGrader
from beyondbase.graders.comparing import Comparer

ROOT = Path(__file__).parents[1]
TABLES = {"shared": "grading_cases.csv", "ours": "comparing_cases.csv"}
PAGE = ROOT / "docs/grading.md"
Case = dict[str, str]


def main() -> None:
    """Print the tables, and put them into the page."""
    for name, file in TABLES.items():
        path = ROOT / "tests/sampling/data" / file
        cases = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        lines = table(cases)
        print(f"{name}: {file}", *lines, sep="\n")
        put(f"cases {name}", lines)


def put(name: str, lines: list[str]) -> None:
    """Replace what stands between two marks of the page."""
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(start)
    _, _, after = rest.partition(end)
    PAGE.write_text(before + start + "\n".join(lines) + "\n" + end + after, encoding="utf-8")


def table(cases: list[Case]) -> list[str]:
    """Count by kind what each grader gets wrong."""
    limits = Limits(seconds=5, workers=1)
    ours, theirs = (
        mistakes(cases, grader) for grader in (MathGrader(limits=limits), MathVerifyGrader(limits=limits))
    )
    undecided = Counter(case["kind"] for case in cases if is_undecided(case))
    kinds = list(dict.fromkeys(case["kind"] for case in cases))
    sizes = Counter(case["kind"] for case in cases)
    rows = [row(kind, sizes[kind], ours, theirs, undecided[kind]) for kind in kinds]
    for counts in (sizes, undecided, *ours, *theirs):
        counts["all"] = sum(counts[kind] for kind in kinds)
    return [
        "| kind | cases | wrong accepted: ours | theirs | right refused: ours | theirs | undecided |",
        "|---|---|---|---|---|---|---|",
        *rows,
        row("all", sizes["all"], ours, theirs, undecided["all"]),
    ]


def row(kind: str, size: int, ours: list[Counter[str]], theirs: list[Counter[str]], undecided: int) -> str:
    """One kind's line."""
    counts = [counted[at][kind] for at in range(2) for counted in (ours, theirs)]
    return "| " + " | ".join(map(str, (kind, size, *counts, undecided))) + " |"


def mistakes(cases: list[Case], grader: Grader) -> list[Counter[str]]:
    """By kind, how many wrong answers a grader accepts, and how many right ones it refuses."""
    problems = {str(at): Problem(str(at), "?", case["gold"]) for at, case in enumerate(cases)}
    completions = [
        Completion(str(at), 0, 0, rf"\boxed{{{case['answer']}}}", 1, "stop", None, None, None)
        for at, case in enumerate(cases)
    ]
    accepted, refused = Counter[str](), Counter[str]()
    for case, graded in zip(cases, grader.grade(problems, completions), strict=True):
        accepts = graded.outcome == "correct"
        accepted[case["kind"]] += accepts and case["expected"] == "wrong"
        refused[case["kind"]] += not accepts and case["expected"] == "correct"
    return [accepted, refused]


def is_undecided(case: Case) -> bool:
    """Whether a case is neither proved the same nor different."""
    return _COMPARER.decide("value", case["gold"], case["answer"]).verdict == "undecided"


_COMPARER = Comparer()

if __name__ == "__main__":
    main()
