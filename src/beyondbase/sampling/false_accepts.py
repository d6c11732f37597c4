"""How often a grader accepts answers to other problems: a measure of false accepts that costs no label.

The answers of an arm are graded once more, as answers to another problem of the same task and of the same
kind whose right answer is another. What is accepted then is right by chance (its text is the other right
answer, as 5 is of many problems) or by leniency.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from beyondbase.completions import Completion, Graded, Problem
from beyondbase.evidence.accepts import Accepts
from beyondbase.graders import Grader
from beyondbase.graders.comparing import decide_plainly
from beyondbase.graders.comparing.numbers import Precision
from beyondbase.graders.exact import normalise
from beyondbase.inference.clustered import clustered_share
from beyondbase.store import SampleSet

# Comparisons for each arm.
MOST = 2_000
ALPHA = 0.05
_EXACT = Precision(tolerance=0, places=0, percent="strict")


@dataclass(frozen=True)
class _Pair:
    """An answer, and the problem that it is graded for."""

    arm: str
    completion: Completion
    asked: Problem
    other: Problem


def false_accepts(  # noqa: PLR0913 - a grader, its name, what it grades, how that is chosen, and who is told
    grader: Grader,
    problems: Sequence[Problem],
    sets: Mapping[str, SampleSet],
    by: tuple[str, str],
    *,
    seed: int,
    tell: Callable[[str, int, int], object] = lambda _arm, _done, _wanted: None,
) -> dict[str, Accepts]:
    """Grade answers of each arm as answers to other problems.

    Args:
        grader: Who grades.
        problems: Those of the task.
        sets: The graded sets by arm.
        by: The name and version under which they are graded.
        seed: Chooses the other problems, the same for all arms.
        tell: Called with an arm, how many of its answers are compared, and how many will be.

    Returns:
        What came of it by arm, without those that have no answer to compare.

    Raises:
        InputError: As the grader, or a shard is damaged.
    """
    shifts = _Shifts(problems, np.random.default_rng(seed))
    pairs = [pair for arm, store in sets.items() for pair in _pairs(arm, store, by, shifts)]
    # Names of no problem of the task, so that the grader keeps none of its verdicts.
    asked = {f"{place}": replace(pair.other, id=f"{place}") for place, pair in enumerate(pairs)}
    completions = [replace(pair.completion, problem_id=f"{place}") for place, pair in enumerate(pairs)]
    found: defaultdict[str, list[tuple[_Pair, Graded]]] = defaultdict(list)
    wanted = Counter(pair.arm for pair in pairs)
    for arm, count in wanted.items():
        tell(arm, 0, count)
    done: Counter[str] = Counter()
    for pair, graded in zip(pairs, grader.grade(asked, completions), strict=True):
        done[pair.arm] += 1
        tell(pair.arm, done[pair.arm], wanted[pair.arm])
        if graded.outcome in {"correct", "wrong", "undecided"}:
            found[pair.arm].append((pair, graded))
    return {arm: _counted(some) for arm, some in found.items()}


class _Shifts:
    """Gives each problem others of its kind, in an order that the seed chooses."""

    def __init__(self, problems: Sequence[Problem], rng: np.random.Generator) -> None:
        self._by_id = {problem.id: problem for problem in problems}
        groups: defaultdict[tuple[str, ...], list[Problem]] = defaultdict(list)
        for problem in problems:
            groups[_kind(problem)].append(problem)
        self._groups = groups
        self._places = {item.id: place for group in groups.values() for place, item in enumerate(group)}
        # Cyclic, so that each right answer is compared with as many answers as any other of its kind.
        self._steps = {kind: 1 + rng.permutation(len(group) - 1) for kind, group in groups.items()}
        size = len(self._by_id)
        chosen = rng.choice(size, MOST, replace=False) if size > MOST else np.arange(size)
        self._chosen = {problems[place].id for place in chosen.tolist()}
        self.each = max(1, MOST // max(1, size))

    def other(self, name: str, turn: int) -> Problem | None:
        """The problem that an answer is graded for; None where no right answer is another.

        Args:
            name: The problem that was answered.
            turn: The number of the answer.
        """
        asked = self._by_id.get(name)
        if asked is None or name not in self._chosen:
            return None
        group, steps, place = self._groups[_kind(asked)], self._steps[_kind(asked)], self._places[name]
        for offset in range(len(steps)):
            step = int(steps[(turn + offset) % len(steps)])
            other = group[(place + step) % len(group)]
            if not _alike(asked.gold, other.gold):
                return other
        return None

    def asked(self, name: str) -> Problem:
        return self._by_id[name]


def _pairs(arm: str, store: SampleSet, by: tuple[str, str], shifts: _Shifts) -> Iterator[_Pair]:
    for batch in store.answered(*by, k=shifts.each):
        for completion in batch:
            # By its number and not by its place, which hangs on how the samples lie on the disk.
            other = shifts.other(completion.problem_id, completion.index)
            if other is not None:
                yield _Pair(arm, completion, shifts.asked(completion.problem_id), other)


def _counted(found: Sequence[tuple[_Pair, Graded]]) -> Accepts:
    hits = [graded.outcome == "correct" for _, graded in found]
    alike = [hit and _by_chance(pair, graded) for hit, (pair, graded) in zip(hits, found, strict=True)]
    lower, upper = clustered_share(
        hits,
        [pair.asked.cluster or pair.asked.id for pair, _ in found],
        [pair.other.cluster or pair.other.id for pair, _ in found],
        distinct=len({(graded.answer, pair.other.id) for pair, graded in found}),
        alpha=ALPHA,
    )
    return Accepts(len(found), sum(hits), sum(alike), lower, upper)


def _by_chance(pair: _Pair, graded: Graded) -> bool:
    return graded.rule in {"text", "choice"} or _alike(graded.answer or "", pair.other.gold)


def _kind(problem: Problem) -> tuple[str, ...]:
    """What right answers have in common: words are never taken for a number, nor a set for a value."""
    about = problem.entry.get("metadata")
    source = about.get("source_dataset", "") if isinstance(about, Mapping) else ""
    number = problem.gold.strip().lstrip("-").replace(",", "").replace(".", "", 1).isdigit()
    return str(problem.entry.get("answer_type", "")), str(source), "number" if number else ""


def _alike(one: str, other: str) -> bool:
    plain, same = normalise(one, case=False), normalise(other, case=False)
    decision = decide_plainly("value", plain, same, _EXACT)
    return decision is not None and decision.verdict == "same"
