"""The last lines of a run: one cause told once, and what the numbers of pytest's own last line mean."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from beyondbase.report.terminal import counted, some
from beyondbase.results.schema.verdicts import VerdictRecord
from beyondbase.study.kinds import ANY, NAMES, PAPER
from beyondbase.visible import one_line

# As pytest sorts reports: by the word of its last line.
Stats: TypeAlias = dict[str, list[Any]]
Verdicts: TypeAlias = Mapping[tuple[str, str], VerdictRecord]

PROPERTY, UNFIT = "beyondbase", "unfit"
WORDS = ("failed", "passed", "skipped", "xfailed", "xpassed", "error")


def verdict_of(report: Any) -> tuple[str, str] | None:
    """The study and the id of the verdict behind a test's report, if it is of a claim."""
    # Under xdist, properties are all that reaches the controller.
    for name, value in getattr(report, "user_properties", ()):
        if name == PROPERTY:
            # A key is the study's id, which holds no space, and the verdict's.
            study, _, verdict = str(value).partition(" ")
            return study, verdict
    return None


@contextmanager
def causes_apart(stats: Stats, verdicts: Verdicts) -> Iterator[None]:
    """Keep repeated causes of INVALID verdicts out of pytest's lists of errors, and in its counts.

    Unfit evidence is told below the table, each cause once; of code that fails one traceback is enough.
    """
    every = stats.get("error", [])
    told: set[str] = set()
    if every:
        stats["error"] = [report for report in every if not _told(report, verdicts, told)]
    try:
        yield
    finally:
        if every:
            stats["error"] = every


def _told(report: Any, verdicts: Verdicts, told: set[str]) -> bool:
    verdict = verdicts.get(verdict_of(report) or ("", ""))
    if report.when != "setup" or verdict is None or verdict.outcome != "INVALID":
        return False
    if UNFIT in dict(report.user_properties):
        return True
    new = set(verdict.invalid) - told
    told |= new
    return not new


def closing_lines(stats: Stats, verdicts: Verdicts) -> list[str]:
    """What passed, failed, skipped and xfailed means here, in words: a line for each that there is."""
    return [line for word in WORDS if (line := _line(word, list(_verdicts(stats.get(word, ()), verdicts))))]


def _verdicts(reports: Iterable[Any], verdicts: Verdicts) -> Iterator[VerdictRecord]:
    """Verdicts of some reports in the order of the table, since workers report in any order."""
    found = Counter(map(verdict_of, reports))
    for key, verdict in verdicts.items():
        yield from [verdict] * found[key]


def _line(word: str, verdicts: Sequence[VerdictRecord]) -> str:
    groups: dict[str, list[VerdictRecord]] = {}
    for verdict in verdicts:
        groups.setdefault(_why(word, verdict), []).append(verdict)
    told = [f"{_counts(group)}{', ' * bool(why)}{why}{_names(word, group)}" for why, group in groups.items()]
    # As pytest writes it, which knows one plural.
    plural = "s" if word == "error" and len(verdicts) > 1 else ""
    return one_line(f"  {len(verdicts):,} {word}{plural}: {'; '.join(told)}") if told else ""


def _why(word: str, verdict: VerdictRecord) -> str:
    """Why the test of a verdict ended so."""
    if word == "passed":
        if verdict.outcome == PAPER[verdict.kind]:
            return "as the paper says"
        met = verdict.as_expected and verdict.expected != ANY
        return "as the study expects" if met else "of which nothing is expected"
    if word in {"failed", "error"}:
        return "which was not expected" if word == "failed" else "see INVALID above"
    if word == "skipped":
        return ""
    if verdict.as_expected and verdict.expected != PAPER[verdict.kind]:
        return "as the study expects, not as the paper says"
    return "waived" if verdict.waiver and not verdict.as_expected else "marked so"


def _counts(verdicts: Sequence[VerdictRecord]) -> str:
    found = Counter((verdict.kind, verdict.outcome) for verdict in verdicts)
    parts = [f"{counted(n, NAMES[kind])} {outcome.lower()}" for (kind, outcome), n in found.items()]
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def _names(word: str, verdicts: Sequence[VerdictRecord]) -> str:
    return f": {some([verdict.id for verdict in verdicts])}" if word == "failed" else ""
