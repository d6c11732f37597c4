"""Countdown beside reasoning-gym's scorer of it, and as an ordinary task from problems to verdicts."""

from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pipeline import PUPPETS, done, played, write_problems, write_tiny
from results_json import content_of
from study_factory import judged

from beyondbase.completions import Completion, Grade, Problem
from beyondbase.evidence.load import load_evidence
from beyondbase.extras import require
from beyondbase.graders import make_grader
from beyondbase.tasks.countdown import moves, outcomes, read_question, result_of, write_question

QUESTION = "20 13 11 6 4 -> 36"
STEPS = ("20 - 13 = 7", "11 + 7 = 18", "6 - 4 = 2", "18 * 2 = 36")
# Written 8 for 7 and then 18 for 19: the errors cancel, and the expression behind the steps is right.
CANCELLED = ("20 - 13 = 8", "11 + 8 = 18", *STEPS[2:])


class Scorer:
    """reasoning-gym's own scorer of Countdown, on expressions."""

    def __init__(self) -> None:
        library = require("reasoning_gym", "gym")
        self._dataset = library.create_dataset("countdown", size=1, seed=0)

    def right(self, expression: str, question: str) -> bool:
        """Whether it gives all points."""
        numbers, target = read_question(question)
        entry = {"metadata": {"numbers": list(numbers), "target": target}}
        return bool(self._dataset.score_answer(expression, entry) == 1)


def graded(lines: Any, question: str, check: str = "steps") -> Grade:
    """The grader's verdict of some steps."""
    problems = {"1": Problem("1", question, question.split(" -> ")[1])}
    completion = Completion("1", 0, 0, "\n".join(lines), 1, "stop", None, None, None)
    (one,) = make_grader("countdown", {"check": check}).grade(problems, [completion])
    return one.outcome


def nested(lines: Any, question: str) -> str | None:
    """The expression behind some steps, each number for what led to it; None where one is missing."""
    numbers, _ = read_question(question)
    held = [(number, str(number)) for number in numbers]
    last = ""
    for line in lines:
        left, sign, right, _, result = line.split(" ")
        parts = []
        for wanted in (int(left), int(right)):
            found = next((pair for pair in held if pair[0] == wanted), None)
            if found is None:
                return None
            held.remove(found)
            parts.append(found[1])
        last = f"({parts[0]} {sign} {parts[1]})"
        held.append((int(result), last))
    return last if len(held) == 1 else None


def legal(random: Random) -> tuple[list[str], str]:
    """A trace of the mover who draws at random, and its question."""
    numbers = [random.randint(1, 20) for _ in range(random.randint(2, 5))]
    held, lines = list(numbers), []
    while len(held) > 1:
        left, sign, right, result = random.choice(list(moves(tuple(held))))
        held = [*held, result]
        held.remove(left)
        held.remove(right)
        lines.append(f"{left} {sign} {right} = {result}")
    return lines, write_question(tuple(numbers), held[0])


def corrupted(lines: list[str], random: Random) -> list[str]:
    """The trace with one cell changed, two cells changed alike, a line gone, twice or elsewhere."""
    cells = [line.split(" ") for line in lines]
    row = random.randrange(len(cells))
    kind = random.choice(["number", "sign", "everywhere", "gone", "twice", "shuffled"])
    if kind == "number":
        cells[row][random.choice([0, 2, 4])] = str(random.randint(1, 40))
    elif kind == "sign":
        cells[row][1] = random.choice("+-*/")
    elif kind == "everywhere":
        old, new = cells[row][4], str(random.randint(1, 40))
        cells = [[new if cell == old else cell for cell in line] for line in cells]
    elif kind == "gone":
        del cells[row]
    elif kind == "twice":
        cells.insert(row, cells[row])
    else:
        random.shuffle(cells)
    return [" ".join(line) for line in cells]


def true(line: str) -> bool:
    """Whether a step's result is what its two numbers come to."""
    left, sign, right, _, result = line.split(" ")
    return result_of(int(left), sign, int(right)) == int(result)


def test_legal_traces_are_right_to_both() -> None:
    """The nested expression behind every legal trace gives reasoning-gym's full score."""
    random, scorer = Random(3), Scorer()  # noqa: S311 - traces to try
    for _ in range(150):
        lines, question = legal(random)
        expression = nested(lines, question)
        assert expression is not None
        assert scorer.right(expression, question), (lines, question)
        assert graded(lines, question) == graded(lines, question, "result") == "correct"


def test_corrupted_traces_are_never_right_to_us_alone() -> None:
    """What we call correct has a right expression; where all steps are true, the two agree throughout."""
    random, scorer = Random(4), Scorer()  # noqa: S311 - traces to try
    seen: Counter[tuple[str, bool, bool]] = Counter()
    for _ in range(600):
        lines, question = legal(random)
        lines = corrupted(lines, random)
        expression = nested(lines, question)
        right = expression is not None and scorer.right(expression, question)
        found, steps_true = graded(lines, question), all(map(true, lines))
        seen[found, right, steps_true] += 1
        assert (found == "correct") <= right
        assert (found == "correct") <= (graded(lines, question, "result") == "correct")
        if steps_true:
            assert (found == "correct") == right, (lines, question)
    # All three kinds came up: still right, plainly wrong, and a right expression behind a wrong step.
    assert seen["correct", True, True] > 5
    assert seen["wrong", False, True] + seen["wrong", False, False] > 100
    assert seen["wrong", True, False] > 5


def test_a_right_expression_behind_wrong_steps_is_where_the_two_differ() -> None:
    """reasoning-gym sees the expression alone; here every written step counts, unless results are checked."""
    expression = nested(CANCELLED, QUESTION)
    assert expression == "((11 + (20 - 13)) * (6 - 4))"
    assert Scorer().right(expression, QUESTION)
    assert graded(CANCELLED, QUESTION) == "wrong"
    assert graded(CANCELLED, QUESTION, "result") == "correct"
    assert graded(STEPS, QUESTION) == "correct"


def test_countdown_is_an_ordinary_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a file of problems with levels, by sampling and grading, to verdicts above the floor of chance."""
    rows = [
        {"id": f"c{at}", "question": write_question(numbers, target), "answer": target, "level": "easy"}
        for at, (numbers, target) in enumerate([((20, 13, 11, 6, 4), 36), ((2, 3), 6), ((5, 5), 25)])
    ]
    write_problems(tmp_path / "problems.jsonl", rows)
    answers = {"c0": STEPS, "c1": ("3 * 2 = 6",), "c2": ("5 * 5 = 25",)}
    played(monkeypatch, lambda name, index: "\n".join(answers[name] if index % 2 else CANCELLED) + "\n")
    chances = {row["id"]: outcome_chance(row["question"]) for row in rows}
    lines = [f"countdown,{name},{chance!r}" for name, chance in chances.items()]
    (tmp_path / "chance.csv").write_text("\n".join(["task,problem_id,chance", *lines, ""]))
    tables: dict[str, Any] = {
        "arms": PUPPETS | {"chance": {"role": "guess", "chance": "chance.csv"}},
        "tasks": {"countdown": {}},
        "grid": {"k_large_min": 2},
        "health": {"varied": 0.0, "copies": 1.0},
    }
    where = {"file": "problems.jsonl", "id": "id", "level": "level", "grader": "countdown"}
    study = write_tiny(tmp_path, tmp_path, problems={"countdown": where}, **tables)
    assert "chance" not in done("plan", study)
    done("sample", study)
    assert "chance" not in done("status", study)
    tally = load_evidence(study).tallies["countdown", "base"]
    assert (tally.c.tolist(), tally.n.tolist(), tally.levels) == ([2, 2, 2], [4, 4, 4], ("easy",) * 3)
    judgement = judged(study)
    assert "base-beats-chance[countdown/chance]" in {entry.id for entry in judgement.judged}
    (pair,) = content_of(judgement)["studies"][0]["pairs"]
    assert pair["floors"][0]["estimate"][0] == pytest.approx(sum(chances.values()) / 3)
    looser = where | {"grading": {"check": "result"}}
    study = write_tiny(tmp_path, tmp_path, problems={"countdown": looser}, **tables)
    done("grade", study)
    # Of the first problem the wrong steps end in the right result; to the other two they state another.
    assert load_evidence(study).tallies["countdown", "base"].c.tolist() == [4, 2, 2]


def outcome_chance(question: str) -> float:
    """The chance of the mover who draws at random."""
    numbers, target = read_question(question)
    return float(outcomes(tuple(sorted(numbers))).chance[target])
