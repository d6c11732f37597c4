"""Countdown: every step of a solution is checked, and chances are those of the mover who draws at random."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from itertools import permutations
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from beyondbase.completions import Completion, Finish, Problem
from beyondbase.errors import InputError
from beyondbase.graders import make_grader
from beyondbase.tasks.countdown import LARGEST, Numbers, outcomes, read_question, write_question

QUESTION = "20 13 11 6 4 -> 36"
STEPS = ("20 - 13 = 7", "11 + 7 = 18", "6 - 4 = 2", "18 * 2 = 36")
SOLUTION = "\n".join(STEPS) + "\n"
WORK = {"+": Fraction.__add__, "-": Fraction.__sub__, "*": Fraction.__mul__, "/": Fraction.__truediv__}
# Each of the many comparisons with chance fails by chance less than once in a million runs.
RARELY = 1e-6

Trace = tuple[tuple[int, str, int, int], ...]


def verdict(
    text: str, *, question: str = QUESTION, check: str = "steps", finish: Finish = "stop"
) -> tuple[str, str | None]:
    """What the grader says of a text: the outcome, and what the text states."""
    problems = {"1": Problem("1", question, question.split(" -> ")[1])}
    completion = Completion("1", 3, 7, text, 1, finish, None, None, None)
    (graded,) = make_grader("countdown", {"check": check}).grade(problems, [completion])
    assert (graded.problem_id, graded.index) == ("1", 3)
    assert graded.rule == ("expression" if graded.outcome in {"correct", "wrong"} else "")
    return graded.outcome, graded.answer


def written(trace: Trace) -> str:
    """A trace as a completion has it."""
    return "".join(f"{left} {sign} {right} = {result}\n" for left, sign, right, result in trace)


def steps(held: Sequence[int]) -> Iterator[tuple[tuple[int, str, int, int], tuple[int, ...]]]:
    """All steps on two numbers at different places, larger first, and what they leave: by brute force."""
    for at in permutations(range(len(held)), 2):
        left, right = (held[place] for place in at)
        rest = tuple(number for place, number in enumerate(held) if place not in at)
        for sign, work in WORK.items():
            result = work(Fraction(left), Fraction(right))
            if left >= right and result.denominator == 1 and 1 <= result <= LARGEST:
                yield (left, sign, right, int(result)), (*rest, int(result))


def traces(held: Sequence[int]) -> set[Trace]:
    """All different solutions, whatever their target."""
    if len(held) == 1:
        return {()}
    return {(step, *more) for step, left in steps(held) for more in traces(left)}


def drawn(numbers: Sequence[int], random: Random) -> Trace:
    """A trace of the mover who draws uniformly among the different steps."""
    held, found = tuple(numbers), []
    while len(held) > 1:
        step, held = random.choice(sorted(dict(steps(held)).items()))
        found.append(step)
    return tuple(found)


NUMBERS = st.lists(st.integers(1, 20), min_size=2, max_size=5)


@pytest.mark.parametrize("check", ["steps", "result"])
@pytest.mark.parametrize(
    "text",
    [
        SOLUTION,
        SOLUTION.rstrip(),
        SOLUTION.replace("\n", " \t\r\n") + "\n \n",
        SOLUTION.replace("11 + 7", "7 + 11").replace("18 * 2", "2 * 18"),
        "6 - 4 = 2\n20 - 13 = 7\n7 + 11 = 18\n18 * 2 = 36",
    ],
)
def test_solutions_are_correct(text: str, check: str) -> None:
    """Sums and products name their numbers in either order; blanks at the ends of lines do not count."""
    assert verdict(text, check=check) == ("correct", "36")


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        (SOLUTION.replace("11 + 7 = 18", "11 + 7 = 17").replace("18 *", "17 *"), "36"),
        (SOLUTION.replace("20 - 13 = 7", "20 - 13 = 8"), "36"),
        (SOLUTION.replace("20 - 13 = 7", "13 - 20 = 7"), "36"),
        (SOLUTION.replace("20 - 13 = 7", "20 - 13 = 07"), "36"),
        (SOLUTION.replace("20 - 13 = 7", "20-13=7"), "36"),
        (SOLUTION.replace("20 - 13 = 7", "Well: 20 - 13 = 7"), "36"),
        (SOLUTION.replace("20 - 13 = 7", "20 - 13 = 7."), "36"),
        (SOLUTION.replace("20", "२०"), "36"),
        (SOLUTION.replace("11 + 7 = 18\n", "11 + 7 = 18\n\n"), "36"),
        ("\n" + SOLUTION, "36"),
        ("18 * 2 = 36\n", "36"),
        ("20 - 13 = 7\n20 - 13 = 7\n11 + 7 = 18\n18 * 2 = 36\n", "36"),
        ("20 - 13 = 7\n6 + 6 = 12\n12 / 4 = 3\n29 + 7 = 36\n", "36"),
        ("13 + 11 = 24\n24 - 4 = 20\n20 + 6 = 26\n26 + 10 = 36\n", "36"),
        (SOLUTION + "36 + 0 = 36", "36"),
        (SOLUTION * 1000, "36"),
        ("1 + 1 = 2\n" + "x" * 1_000_000 + "\n18 * 2 = 36", "36"),
    ],
)
def test_a_right_result_of_wrong_steps_is_wrong_unless_results_alone_are_checked(
    text: str, stated: str
) -> None:
    """Arithmetic, numbers that are not there or used twice, steps too few or too many, and another form."""
    assert verdict(text) == ("wrong", stated)
    assert verdict(text, check="result") == ("correct", stated)


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("20 - 13 = 7\n11 + 7 = 18\n6 + 4 = 10\n18 + 10 = 28\n", "28"),
        (SOLUTION.replace("= 36", "= 036"), "036"),
        (SOLUTION.replace("= 36", "= -36"), "-36"),
        (SOLUTION.replace("= 36", "= 3600000000000"), None),
        (SOLUTION + "so it is 36", None),
        (SOLUTION + "9" * 1_000_000, None),
        (SOLUTION + "18 * 2 = " + "3" * 1_000_000, None),
    ],
)
@pytest.mark.parametrize("check", ["steps", "result"])
def test_another_result_is_wrong_whatever_is_checked(text: str, stated: str | None, check: str) -> None:
    """What the last line states is kept; a last line that is no step states nothing."""
    assert verdict(text, check=check) == ("wrong", stated)


@pytest.mark.parametrize("check", ["steps", "result"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "36",
        "= 36",
        "20 - 13",
        "((20-13)+11)*(6-4)=36",
        "__import__('os').system('false') = 36",
        "9**9**9**9",
        "20 - 13 = 7 20 - 13 = 7",
        "(" * 1_000_000,
        " " * 1_000_000 + "x",
        "1 + 1 = 2" + " " * 1_000_000 + "x",
        "\n" * 1_000_000,
        "\0\ud800\u2028",
    ],
)
def test_a_text_without_a_step_is_unparsed(text: str, check: str) -> None:
    """Hostile and huge texts are looked at, never run."""
    assert verdict(text, check=check) == ("unparsed", None)
    assert verdict(text, check=check, finish="length") == ("truncated", None)


@pytest.mark.parametrize("check", ["steps", "result"])
@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (SOLUTION, "correct"),
        (SOLUTION + " ", "correct"),
        (SOLUTION.rstrip(), "truncated"),
        (SOLUTION[:-2], "truncated"),
        (SOLUTION + "36", "truncated"),
        (SOLUTION.replace("= 36", "= 35"), "wrong"),
        ("20 - 13 = 7\n", "truncated"),
    ],
)
def test_a_text_that_was_cut_off_is_judged_where_its_lines_are_whole(
    text: str, outcome: str, check: str
) -> None:
    """A last line that may go on states nothing yet: 3 may become 36."""
    assert verdict(text, check=check, finish="length")[0] == outcome


def test_a_failed_completion_is_an_error() -> None:
    """An infrastructure error is never wrong, and never right."""
    assert verdict(SOLUTION, finish="error") == ("error", None)


@given(NUMBERS, st.randoms(use_true_random=False), st.data())
def test_every_legal_trace_is_correct_and_none_with_another_number_in_it(
    numbers: list[int], random: Random, data: st.DataObject
) -> None:
    """One digit changed anywhere makes a trace wrong; its last result decides where results are checked."""
    trace = drawn(numbers, random)
    question = write_question(tuple(numbers), trace[-1][3])
    assert verdict(written(trace), question=question) == ("correct", str(trace[-1][3]))
    row, place = data.draw(st.integers(0, len(trace) - 1)), data.draw(st.sampled_from([0, 2, 4]))
    lines = [line.split(" ") for line in written(trace).splitlines()]
    was = lines[row][place]
    lines[row][place] = str(data.draw(st.integers(1, LARGEST).filter(lambda number: str(number) != was)))
    changed = "\n".join(" ".join(line) for line in lines)
    assert verdict(changed, question=question)[0] == "wrong"
    last = (row, place) == (len(trace) - 1, 4)
    assert verdict(changed, question=question, check="result")[0] == ("wrong" if last else "correct")


def test_a_problem_that_is_none_of_countdown_is_refused() -> None:
    """The message names the problem, and says what was found."""
    grader = make_grader("countdown")
    for problem, message in (
        (Problem("7", "What is 1 + 1?", "2"), 'problem "7": countdown: found "What is 1 .*; use 2 to 6 num'),
        (Problem("7", QUESTION, "35"), f'problem "7": found the answer "35" to "{QUESTION}"; write its'),
    ):
        with pytest.raises(InputError, match=message):
            list(grader.grade({"7": problem}, []))
    with pytest.raises(InputError, match='problem "9": found a completion of it, but no such problem'):
        list(grader.grade({}, [Completion("9", 0, 0, "", 1, "stop", None, None, None)]))


def test_the_version_hangs_on_what_is_checked() -> None:
    """Verdicts of either kind never stand for the other."""
    names = {make_grader("countdown", {"check": check}).version for check in ("steps", "result")}
    assert len(names) == 2
    assert make_grader("countdown").version in names
    with pytest.raises(InputError, match=r'check: found "step" \(did you mean "steps"\?\); use one of steps'):
        make_grader("countdown", {"check": "step"})


@pytest.mark.parametrize(
    "text", ["", "1 2 3", "5 -> 5", "1 2 -> 0", "1 2 -> 100", "0 2 -> 2", "1 " * 7 + "-> 3"]
)
def test_a_text_that_is_no_question_is_refused(text: str) -> None:
    """Two to six numbers, and a target that a step can have."""
    with pytest.raises(InputError, match="use 2 to 6 numbers and a target from 1 to 99"):
        read_question(text)


def test_a_question_is_read_as_it_was_written() -> None:
    """Its numbers fall, so that equal problems have equal questions."""
    assert write_question((4, 20, 11, 13, 6), 36) == QUESTION
    assert read_question(QUESTION) == ((20, 13, 11, 6, 4), 36)


@pytest.mark.parametrize(
    ("numbers", "solutions", "chance"),
    [
        ((1, 2), {1: 1, 2: 2, 3: 1}, {1: 1 / 4, 2: 1 / 2, 3: 1 / 4}),
        ((5, 5), {1: 1, 10: 1, 25: 1}, {1: 1 / 3, 10: 1 / 3, 25: 1 / 3}),
        ((50, 60), {10: 1}, {10: 1}),
        # 1 + 1 leaves 1 and 2; 1 * 1 and 1 / 1 leave 1 and 1.
        ((1, 1, 1), {1: 1 + 4, 2: 2 + 2, 3: 1}, {1: 19 / 36, 2: 14 / 36, 3: 3 / 36}),
    ],
)
def test_outcomes_worked_out_by_hand(
    numbers: Numbers, solutions: dict[int, int], chance: dict[int, float]
) -> None:
    """Few numbers, where every move can be written down."""
    found = outcomes(numbers)
    assert {target: int(found.solutions[target]) for target in np.flatnonzero(found.solutions)} == solutions
    assert {target: float(found.chance[target]) for target in np.flatnonzero(found.chance)} == pytest.approx(
        chance
    )


@cache
def _random_numbers() -> list[Numbers]:
    random = Random(5)  # noqa: S311 - numbers to try, not a secret
    return [tuple(sorted(random.choices(range(1, 21), k=size))) for size in (2, 3, 3, 4, 4, 4)]


@pytest.mark.parametrize("numbers", [*_random_numbers(), (2, 2, 2, 2), (1, 1, 2, 4), (98, 99, 99)])
def test_outcomes_by_brute_force(numbers: Numbers) -> None:
    """All traces over places of numbers, written down and told apart; the chance of each from its forks."""
    found, all_traces = outcomes(numbers), traces(numbers)
    ends = Counter(trace[-1][3] for trace in all_traces)
    assert found.solutions.tolist() == [ends[target] for target in range(LARGEST + 1)]
    forks: defaultdict[Trace, set[object]] = defaultdict(set)
    for trace in all_traces:
        for size in range(len(trace)):
            forks[trace[:size]].add(trace[size])
    chance = np.zeros(LARGEST + 1)
    for trace in all_traces:
        chance[trace[-1][3]] += np.prod([1 / len(forks[trace[:size]]) for size in range(len(trace))])
    assert found.chance == pytest.approx(chance)
    assert found.chance.sum() == pytest.approx(1)


def test_chances_of_five_numbers_by_simulation() -> None:
    """The mover ends on each target as often as its chance says (exact binomial test of each)."""
    numbers, random, draws = (4, 6, 11, 13, 20), Random(17), 5000  # noqa: S311 - a simulation
    ends = Counter(drawn(numbers, random)[-1][3] for _ in range(draws))
    chance = outcomes(numbers).chance
    assert chance.sum() == pytest.approx(1)
    for target in range(1, LARGEST + 1):
        p = binomtest(ends[target], draws, min(1.0, float(chance[target]))).pvalue
        assert p > RARELY / LARGEST, (target, ends[target] / draws, chance[target])
