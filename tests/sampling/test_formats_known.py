"""Tasks of lm-eval that need no table: texts in the form that it asks for get the grades that they should."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from formats_files import GSM8K, lines, rows_of

from beyondbase.completions import Completion, Problem
from beyondbase.formats import read_samples
from beyondbase.formats.helping import toml_options
from beyondbase.formats.readers.known_tasks import KNOWN, known_table
from beyondbase.graders import make_grader
from beyondbase.study.tables import Problems

DOCS = Path(__file__).parents[2] / "docs" / "sampling.md"
# Task, filter, right answer, a text, and what should become of it.
MINERVA = "Final Answer: The final answer is ${}$. I hope it is correct."
CASES = [
    ("gsm8k", "strict-match", "42", "40 + 2 = 42\n#### 42", "correct"),
    ("gsm8k", "strict-match", "1042", "so\n#### 1,042\n\n", "correct"),
    ("gsm8k", "strict-match", "42", "so\n#### 43. Or 42", "unparsed"),
    ("gsm8k", "strict-match", "42", "The answer is 42.", "unparsed"),
    ("gsm8k", "flexible-extract", "42", "The answer is 42.", "correct"),
    ("gsm8k", "flexible-extract", "42", "She pays $42 for 3.\n\\boxed{42}", "correct"),
    ("gsm8k", "flexible-extract", "42", "She pays **$42**.", "correct"),
    ("gsm8k", "flexible-extract", "42", "The answer is 7, and 42 is none.", "wrong"),
    ("gsm8k", "flexible-extract", "42", "\n#### 7\nI was asked for 42", "wrong"),
    ("gsm8k", "flexible-extract", "42", "The answer is 42 million.", "wrong"),
    ("gsm8k", "flexible-extract", "42", "The answer is at least 42.", "wrong"),
    ("gsm8k", "flexible-extract", "42", "I do not know", "unparsed"),
    ("gsm8k_cot", "strict-match", "42", "40 + 2 = 42. The answer is 42.", "correct"),
    ("gsm8k_cot", "strict-match", "42", "40 + 2 = 42.", "unparsed"),
    ("gsm8k_cot_llama", "strict-match", "42", "The final answer is $42.", "correct"),
    ("minerva_math_algebra", "none", "[2,5)", MINERVA.format("[2,5)"), "correct"),
    ("minerva_math_algebra", "none", "-\\frac{2}{3}", "so $\\boxed{-\\frac23}$.", "correct"),
    ("minerva_math500", "none", "24", MINERVA.format("42") + " 24", "wrong"),
    ("leaderboard_math_algebra_hard", "none", "16", MINERVA.format("16"), "correct"),
    ("hendrycks_math_geometry", "none", "\\frac{1}{2}", "Answer: $\\dfrac{1}{2}$\n", "correct"),
    ("aime24", "none", "204", "We get $1$ and $2$.\n\\boxed{204}", "correct"),
    ("aime25", "none", "070", "The answer is $\\boxed{70}$", "correct"),
    ("gpqa_diamond_cot_zeroshot", "flexible-extract", "(B)", "(A) is wrong. The answer is (B).", "correct"),
    ("gpqa_main_generative_n_shot", "strict-match", "(B)", " (A)", "wrong"),
    ("mmlu_anatomy_generative", "get_response", "C", " C", "correct"),
    ("mmlu_flan_cot_zeroshot_anatomy", "strict-match", "(C)", "So the answer is (C).", "correct"),
    ("mmlu_pro_law", "custom-extract", "J", "The answer is (J).", "correct"),
    ("arc_challenge_chat", "remove_whitespace", "D", " D", "correct"),
    ("bbh_cot_zeroshot_boolean_expressions", "strict-match", "True", "So the answer is True.", "correct"),
    ("bbh_cot_fewshot_navigate", "get-answer", "No", "So the answer is Yes.", "wrong"),
    ("bbh_cot_fewshot_date_understanding", "get-answer", "(B)", "So the answer is (B).", "correct"),
    ("bbh_fewshot_word_sorting", "none", "ant bee", " ant bee", "correct"),
    ("bbh_fewshot_word_sorting", "none", "ant bee", " bee ant", "wrong"),
]  # fmt: skip


def graded(table: Mapping[str, Any], gold: str, text: str) -> str:
    """Grade a text by a table [problems.TASK]."""
    known = Problems().completed(table)
    grader = make_grader(known.graded_by, known.grading)
    problems = {"1": Problem("1", "q", gold, entry={"answer_type": known.answers})}
    one = Completion("1", 0, None, text, None, "unknown", None, None, None)
    return next(iter(grader.grade(problems, [one]))).outcome


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: f"{known.tasks[0]} {known.filters[0]}")
def test_known_tables_are_tables_of_a_study(known: Any) -> None:
    """Their keys and options exist, and the page on sampling has them word for word."""
    table = Problems.model_validate(known.table)
    make_grader(table.graded_by, table.grading)
    tasks = ", ".join(f"`{name}`" for name in known.tasks)
    filters = "any" if known.filters == ("*",) else ", ".join(f"`{name}`" for name in known.filters)
    keys = {key: value for key, value in known.table.items() if key != "grading"}
    row = f"| {tasks} | {filters} | `{toml_options(keys, known.table['grading'])}` |"
    assert row in DOCS.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(("task", "picked", "gold", "text", "outcome"), CASES)
def test_texts_of_known_tasks_are_graded(task: str, picked: str, gold: str, text: str, outcome: str) -> None:
    """Right answers in the form that lm-eval asks for are found, and none is right by chance of another."""
    assert graded(known_table(task, picked), gold, text) == outcome


def test_every_known_table_has_a_case() -> None:
    """A table that nobody tried may be wrong."""
    tried = [known_table(task, picked) for task, picked, *_ in CASES]
    assert all(known.table in tried for known in KNOWN)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("samples_gsm8k_2026-11-29T06-24-19.146950.jsonl", True),
        ("samples_gsm8k.jsonl", True),
        ("samples_gsm8k_2026-11-29T06-24-19.146950.jsonl.gz", True),
        ("samples_gsm8k_mine_2026-11-29T06-24-19.146950.jsonl", False),
        ("gsm8k.jsonl", False),
    ],
)
def test_a_task_is_known_by_the_name_of_its_file(name: str, known: bool, tmp_path: Path) -> None:  # noqa: FBT001 - what is expected
    """Another task, or a file that was called otherwise, has no table but the study's."""
    path = lines(tmp_path / name, rows_of(GSM8K))
    assert bool(read_samples("lm-eval", [path], pick="strict-match").defaults) == known


def test_files_of_two_tasks_have_no_common_table(tmp_path: Path) -> None:
    """One of them would be graded by the other's."""
    rows = [row for row in rows_of(GSM8K) if row["filter"] == "strict-match"]
    paths = [lines(tmp_path / f"samples_{name}.jsonl", rows) for name in ("gsm8k", "gsm8k_cot")]
    lines(paths[1], [row | {"exact_match": 0.0} for row in rows])
    assert read_samples("lm-eval", paths).defaults == {}
