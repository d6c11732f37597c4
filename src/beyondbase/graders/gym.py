"""reasoning-gym's tasks, graded without showing a model's text to code that would run it.

What counts as right, by dataset:

- One right answer (most): the text or, word by word, the numbers are equal; blanks do not count.
- Rules of our own, where reasoning-gym's scorer runs the text as Python (countdown, puzzle24,
  polynomial_multiplication, n_queens, ...) or accepts what is wrong (see `beyondbase.graders.gym_rules`).
- reasoning-gym's own scorer, for puzzles with many right answers. It runs in processes limited in time
  and memory. Only scorers whose source was read (version 0.1.25) are used, and only a score of exactly
  1 is correct: partial credit is wrong.

The two datasets of integrals are refused: their scorers run the text as Python, and checking an integral
needs more than arithmetic. So is any dataset that is not listed here.

The dataset of a problem is `entry["metadata"]["source_dataset"]`, as reasoning-gym writes it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version as version_of_library
from typing import Annotated, Any, ClassVar

from beyondbase.completions import Completion, Graded, Problem
from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.graders.comparing.decision import LONGEST
from beyondbase.graders.extraction import find_answer
from beyondbase.graders.gym_rules import RULES
from beyondbase.graders.options import Extract, Option, check_options
from beyondbase.graders.pool import Failure, Limits, Pool
from beyondbase.graders.protocol import Grader, Ruling, grade_answers, version_of
from beyondbase.messages import quote, suggest

# Their scorers were read: they neither run the text nor write anything, and what they accept is right.
_SCORED = """
    advanced_geometry boxnet calendar_arithmetic codeio complex_arithmetic cryptarithm decimal_arithmetic
    fraction_simplification graph_color group_anagrams jugs kakurasu knight_swap knights_knaves
    palindrome_generation palindrome_partitioning power_function propositional_logic quantum_lock rubiks_cube
    rush_hour shortest_path sokoban time_intervals tower_of_hanoi word_ladder word_sorting
"""
SCORED = frozenset(_SCORED.split())
# Run in grading processes only.
_SCORING = "beyondbase.graders.gym_scorers"
REFUSED = {
    "simple_integration": "its scorer runs a model's text as Python",
    "intermediate_integration": "its scorer runs a model's text as Python",
    "composite": "its problems must name the dataset that each is from",
}


@dataclass(frozen=True)
class GymGrader(Grader):
    """Grades reasoning-gym's tasks."""

    name: ClassVar[str] = "gym"
    extract: Extract = ("tag", "boxed", "answer")
    settings: Annotated[
        Mapping[str, Any], Option("a table: what the dataset was made with, beyond size and seed")
    ] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def version(self) -> str:
        """What its verdicts hang on."""
        require("reasoning_gym", "gym")
        return version_of(2, self, f"reasoning-gym-{version_of_library('reasoning-gym')}")

    def grade(self, problems: Mapping[str, Problem], completions: Iterable[Completion]) -> Iterator[Graded]:
        """Grade completions, in their order; the processes end with the iteration.

        Raises:
            InputError: A problem is of a dataset that is refused, or of none.
        """
        for problem in problems.values():
            check_dataset(problem)
        require("reasoning_gym", "gym")
        known: dict[tuple[str, str], Ruling] = {}
        with Pool(_SCORING, dict(self.settings), self.limits) as pool:
            yield from grade_answers(
                problems, completions, find=self._find, judge=lambda stated: _judge(stated, known, pool)
            )

    def _find(self, text: str, cut: bool) -> str | None:  # noqa: FBT001 - the shape of every Find
        return find_answer(text, self.extract, cut=cut)


def dataset_of(problem: Problem) -> str:
    """Name the dataset that a problem is from; empty where the problem does not say."""
    return str(_metadata(problem).get("source_dataset", ""))


def check_dataset(problem: Problem) -> None:
    """Refuse a problem whose dataset cannot be graded safely.

    Raises:
        InputError: It cannot, or the problem does not name it.
    """
    name = dataset_of(problem)
    if name in RULES or name in SCORED:
        return
    known = sorted({*RULES, *SCORED})
    why = REFUSED.get(name) or (
        f"no dataset that this grader knows{suggest(name, known)}"
        if name
        else "no source_dataset in its metadata"
    )
    raise InputError(
        f"problem {quote(problem.id)}: found the reasoning-gym dataset {quote(name)}: {why}; "
        "use another dataset, or the exact grader where a problem has one right answer"
    )


def _metadata(problem: Problem) -> Mapping[str, Any]:
    found = problem.entry.get("metadata", problem.entry)
    return found if isinstance(found, Mapping) else {}


def _judge(
    stated: Sequence[tuple[Problem, str]], known: dict[tuple[str, str], Ruling], pool: Pool
) -> list[Ruling]:
    new = {
        (problem.id, answer): (problem, answer)
        for problem, answer in stated
        if (problem.id, answer) not in known
    }
    scored = {}
    for key, (problem, answer) in new.items():
        rule = RULES.get(dataset_of(problem))
        if len(answer) > LONGEST and answer != problem.gold:
            known[key] = Ruling("wrong", "text")
        elif rule:
            right = rule(problem.gold, answer, _metadata(problem))
            known[key] = Ruling("correct" if right else "wrong", "rules")
        else:
            scored[key] = _job(problem, answer)
    for key, result in zip(scored, pool.run(list(scored.values())), strict=True):
        failed = isinstance(result, Failure)
        known[key] = Ruling("error" if failed else "correct" if result is True else "wrong", "scorer")
    return [known[problem.id, answer] for problem, answer in stated]


def _job(problem: Problem, answer: str) -> list[Any]:
    entry = {"question": problem.question, "answer": problem.gold, "metadata": dict(_metadata(problem))}
    return [dataset_of(problem), answer, entry]
