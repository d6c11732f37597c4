"""reasoning-gym's tasks: every dataset is graded or refused, and no text of a model is run."""

import contextlib
import json
import warnings
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.completions import Completion, Grade, Graded, Problem
from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.graders import GymGrader, Limits
from beyondbase.graders.arithmetic import NotArithmetic, evaluate
from beyondbase.graders.gym import REFUSED, SCORED
from beyondbase.graders.gym_rules import RULES, number

COUNTDOWN = {"source_dataset": "countdown", "numbers": [6, 61, 94, 4], "target": 309}
PUZZLE24 = {"source_dataset": "puzzle24", "numbers": [8, 5, 10, 6]}
# Problems whose dataset lists no answer: one of those that are right, from the problem itself.
ANSWERS = {
    "graph_color": lambda item: json.dumps(item["metadata"]["possible_answer"]),
    "rubiks_cube": lambda item: item["metadata"]["example_correct_answer"],
    "propositional_logic": lambda item: item["metadata"]["example_answer"],
}
UNANSWERED = {"boxnet", "rush_hour"}


def problem(gold: str, metadata: Mapping[str, Any], name: str = "1") -> Problem:
    """A problem as the task's loader makes it: what is kept of the item is JSON."""
    return Problem(name, "?", gold, entry=json.loads(json.dumps({"metadata": metadata})))


def grade(problems: Sequence[Problem], answers: Sequence[str], **options: Any) -> list[Graded]:
    """Grade one answer to each problem, in tags."""
    completions = [
        Completion(item.id, 0, 0, f"so <answer>{answer}</answer>", 1, "stop", None, None, None)
        for item, answer in zip(problems, answers, strict=True)
    ]
    found = list(GymGrader(**options).grade({item.id: item for item in problems}, completions))
    assert {item.rule for item in found if item.answer is not None} <= {"rules", "scorer", "text"}
    return found


def outcomes(gold: str, metadata: Mapping[str, Any], answers: Sequence[str], **options: Any) -> list[Grade]:
    """Grade answers to one problem."""
    problems = [problem(gold, metadata, str(at)) for at in range(len(answers))]
    return [item.outcome for item in grade(problems, answers, **options)]


def test_every_dataset_is_graded_by_one_way_or_refused() -> None:
    """None is forgotten, and none has two."""
    known = set(require("reasoning_gym.factory", "gym").DATASETS)
    assert set(RULES) | SCORED | set(REFUSED) == known
    assert not set(RULES) & SCORED
    assert not (set(RULES) | SCORED) & set(REFUSED)


def test_gold_answers_are_right_and_those_of_other_problems_are_not() -> None:
    """On two problems of every dataset, after a trip through JSON; a wrong answer never gets all points."""
    library = require("reasoning_gym", "gym")
    problems, answers = [], []
    for name in sorted((SCORED | set(RULES)) - UNANSWERED):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = library.create_dataset(name, size=2, seed=9)
            items = [dataset[at] for at in range(2)]
        for at, item in enumerate(items):
            answer = ANSWERS.get(name, lambda item: item["answer"])(item)
            for trial, text in (("right", answer), ("wrong", "zzz 77 zzz")):
                problems.append(problem(item["answer"] or "", item["metadata"], f"{name} {at} {trial}"))
                answers.append(text)
    found = grade(problems, answers, limits=Limits(workers=2))
    unexpected = [
        (item.problem_id, item.outcome)
        for item in found
        if item.outcome != ("correct" if item.problem_id.endswith("right") else "wrong")
    ]
    assert not unexpected


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("94*4 - 61 - 6", "correct"),
        ("(94 × 4) − 61 - 6", "correct"),  # noqa: RUF001 - as models write
        ("-6 - 61 + 4*94", "correct"),
        ("94*4 - 61 - 6 = 309", "wrong"),
        ("94*4 - 67", "wrong"),
        ("309", "wrong"),
        ("94*4 - 61 - 6 + 0", "wrong"),
        ("94*4 - 61 - 3 - 3", "wrong"),
        ("94*4/1 - 61 - 6", "wrong"),
        ("94**4 - 61 - 6", "wrong"),
        ("9**9**9", "wrong"),
        ("94*4 - 61 - 6/(4-4)", "wrong"),
        ("(" * 5000 + "1" + ")" * 5000, "wrong"),
        ("9" * 100_000, "wrong"),
        ("\x00", "wrong"),
        ("\u0666 + 61", "wrong"),
    ],
)
def test_countdown_wants_each_given_number_once_and_the_target(answer: str, outcome: Grade) -> None:
    """Worked out exactly by a parser of + - * / and brackets."""
    assert outcomes("94*4 - 61 - 6", COUNTDOWN, [answer]) == [outcome]


def test_puzzle24_wants_the_numbers_that_were_given() -> None:
    """Reasoning-gym's scorer takes any four; thirds are exact."""
    right, other = "10*(8 - 5) - 6", "6*4*1*1"
    assert outcomes(right, PUZZLE24, [right, other]) == ["correct", "wrong"]
    assert outcomes("", PUZZLE24 | {"numbers": [3, 3, 8, 8]}, ["8/(3-8/3)"]) == ["correct"]


@pytest.mark.parametrize("name", sorted(RULES))
def test_no_rule_runs_what_a_model_wrote(name: str, tmp_path: Path) -> None:
    """Not where reasoning-gym's own scorer would have: our rules read text as text."""
    marker = tmp_path / "ran"
    attack = f"__import__('os').system('touch {marker}')"
    metadata = {"source_dataset": name, "numbers": [1], "valid_answers": ["Q _"]}
    assert outcomes("1", metadata, [attack, f"[{attack}]", "9**9**9"]) == ["wrong"] * 3
    assert not marker.exists()


def test_no_scorer_runs_what_a_model_wrote_or_holds_up_the_next_answer(tmp_path: Path) -> None:
    """All scorers that are used, on problems of their own; one that hangs costs an error, not a wrong."""
    marker = tmp_path / "ran"
    attack = f"__import__('os').system('touch {marker}')"
    hostile = (attack, f"[{attack}]", "9**9**9", "[" * 3000, "1e999999999", "\x00\u202e", "A+99999999999")
    library = require("reasoning_gym", "gym")
    problems, answers = [], []
    for name in sorted(SCORED):
        item = library.create_dataset(name, size=1, seed=3)[0]
        right = [item["answer"]] if name == "jugs" else []
        for text in (*hostile, *right):
            problems.append(problem(item["answer"] or "", item["metadata"], f"{name} {text}"))
            answers.append(text)
    graded = grade(problems, answers, limits=Limits(seconds=1, workers=2))
    found = {item.problem_id: item.outcome for item in graded}
    assert found["rush_hour A+99999999999"] == "error"
    assert [name.split()[0] for name, outcome in found.items() if outcome == "correct"] == ["jugs"]
    assert not marker.exists()


@pytest.mark.parametrize(
    ("name", "gold", "answer", "outcome"),
    [
        ("gcd", "6", "6", "correct"),
        ("gcd", "6", " 6.0 ", "correct"),
        ("gcd", "1", "10", "wrong"),
        ("chain_sum", "1234", "1,234", "correct"),
        ("gsm_symbolic", "288", "$288", "correct"),
        ("gsm_symbolic", "5", "5 or 6", "wrong"),
        ("game_of_life_halting", "True", "False", "wrong"),
        ("game_of_life", "[[0,1],[1,0]]", "[[0, 1], [1, 0]]", "correct"),
        ("game_of_life", "[[0,1],[1,0]]", "[[0,1],[1,0],[1,1]]", "wrong"),
        ("number_sorting", "['1', '2.5']", '["1", "2.50"]', "correct"),
        ("number_sorting", "['1', '2.5']", "['1', '2.0']", "wrong"),
        ("figlet_font", "ABCDEFGHIJKL", "abcdefghijkl", "correct"),
        ("figlet_font", "ABCDEFGHIJKL", "ABCDEFGHIJXX", "wrong"),
        ("coin_flip", "3.051757812e-05", "1/32768", "correct"),
        ("coin_flip", "3.051757812e-05", "0", "wrong"),
        ("polynomial_equations", "-3.625, 0.0", "0, -3.625", "correct"),
        ("polynomial_equations", "", "no idea", "wrong"),
        ("polynomial_equations", "", '""', "correct"),
        ("prime_factorization", "2 × 2 × 5", "5 * 2 * 2", "correct"),  # noqa: RUF001 - as asked for
        ("prime_factorization", "2 × 2 × 5", "4 × 5", "wrong"),  # noqa: RUF001 - as asked for
        ("prime_factorization", "2 × 2 × 5", "two", "wrong"),  # noqa: RUF001 - as asked for
        ("bitwise_arithmetic", "0x5b993", "0x5B993", "correct"),
        ("bitwise_arithmetic", "0x5b993", "375187", "correct"),
        ("bitwise_arithmetic", "-0x3", "0x3", "wrong"),
        ("polynomial_multiplication", "x**2 + 2*x*y + y**2", "(x+y)^2", "correct"),
        ("polynomial_multiplication", "x**2 + 2*x*y + y**2", "x**2 + y**2", "wrong"),
        ("polynomial_multiplication", "x**2", "x**2 + z - z", "wrong"),
        ("polynomial_multiplication", "x**2", "((((x**99)**99)**99)**99)**99", "wrong"),
        ("rotate_matrix", "1 2\n3 4", "1  2 \n3 4\n", "correct"),
        ("rotate_matrix", "1 2\n3 4", "1 2 3 4", "wrong"),
        ("caesar_cipher", "GO ON", "go on", "wrong"),
        ("spell_backward", "tac", "TAC", "correct"),
        ("n_queens", "", "Q _\n_ _", "correct"),
        ("n_queens", "", "_ Q\n_ _", "wrong"),
    ],
)
def test_what_the_rules_accept(name: str, gold: str, answer: str, outcome: Grade) -> None:
    """Where reasoning-gym's scorers would give part of the points, or all of them for what is wrong."""
    metadata = {"source_dataset": name, "valid_answers": ["Q _\n_ _"]}
    assert outcomes(gold, metadata, [answer]) == [outcome]


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"source_dataset": "simple_integration"}, "its scorer runs a model's text as Python"),
        ({"source_dataset": "countdow"}, r'no dataset that this grader knows \(did you mean "countdown"\?\)'),
        ({}, "no source_dataset in its metadata"),
    ],
)
def test_what_cannot_be_graded_safely_is_refused(metadata: dict[str, Any], message: str) -> None:
    """By the problem's name, before anything is graded."""
    with pytest.raises(InputError, match=message):
        outcomes("1", metadata, ["1"])


def test_the_answer_is_where_the_task_says() -> None:
    """In tags by default, in a box or on a line where there are none."""
    gcd = problem("6", {"source_dataset": "gcd"})
    texts = ["<answer>6</answer>", r"\boxed{6}", "Answer: 6", "it is 6"]
    completions = [Completion("1", at, 0, text, 1, "stop", None, None, None) for at, text in enumerate(texts)]
    found = [item.outcome for item in GymGrader().grade({"1": gcd}, completions)]
    assert found == ["correct", "correct", "correct", "unparsed"]
    boxed = [item.outcome for item in GymGrader(extract=("boxed",)).grade({"1": gcd}, completions)]
    assert boxed == ["unparsed", "correct", "unparsed", "unparsed"]


def test_the_version_names_the_library() -> None:
    """And changes with the options."""
    assert GymGrader().version.startswith("2-reasoning-gym-0.1.")
    assert GymGrader(settings={"max_value": 3}).version != GymGrader().version


TREE = st.recursive(
    st.integers(0, 99).map(str),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner),
    max_leaves=8,
)


@given(TREE)
def test_arithmetic_is_exact(text: str) -> None:
    """The value is Python's on fractions, written here by ourselves; dividing by zero is no value."""
    exact = "".join(f"Fraction({part})" if part.isdigit() else part for part in _parts(text))
    try:
        expected = eval(exact, {"Fraction": Fraction})  # noqa: S307 - made above, of digits and signs
    except ZeroDivisionError:
        with pytest.raises(NotArithmetic):
            evaluate(text)
    else:
        assert evaluate(text).value == expected


def _parts(text: str) -> list[str]:
    return text.replace("(", "( ").replace(")", " )").split()


@given(st.text(alphabet="0123456789+-*/() x^", max_size=30))
def test_arithmetic_refuses_or_gives_a_number(text: str) -> None:
    """Nothing else happens, whatever the text."""
    with contextlib.suppress(NotArithmetic):
        assert isinstance(evaluate(text).value, Fraction)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e3", Fraction(1000)),
        (" -2.50 ", Fraction(-5, 2)),
        ("1/3", Fraction(1, 3)),
        ("1/0", None),
        ("1e9999999", None),
        ("\u0661", None),
        ("nan", None),
        ("", None),
    ],
)
def test_numbers_are_read_exactly_and_bounded(text: str, value: Fraction | None) -> None:
    """Digits of other scripts, and sizes that would take the memory, are no numbers."""
    assert number(text) == value
