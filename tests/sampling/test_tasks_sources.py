"""Problems from the Hub, its cache, and reasoning-gym."""

import json
from pathlib import Path
from typing import Any

import datasets
import pytest
from reasoning_gym.factory import DATASETS

from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.tasks import Columns, Layout, load_benchmark, load_gym, load_hub, problems_digest


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A Hub that holds AIME24 with 30 rows, and remembers how it was asked."""
    asked: list[dict[str, Any]] = []

    def load_dataset(**arguments: Any) -> datasets.Dataset:
        asked.append(arguments)
        if arguments["path"] != "HuggingFaceH4/aime_2024":
            raise ConnectionError(f"Couldn't reach\n {arguments['path']}")
        rows = 30 if arguments["revision"].startswith("2fe8") else 29
        return datasets.Dataset.from_list(
            [{"id": i, "problem": f"{i}?", "answer": "033"} for i in range(rows)]
        )

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.setattr("beyondbase.hub.knock", lambda _: "")
    return asked


def test_a_benchmark_is_loaded_at_its_revision(hub: list[dict[str, Any]]) -> None:
    """The declared id, split and commit are asked for; ids are the numbers of the rows."""
    problems = load_benchmark("AIME24")
    assert [problem.id for problem in problems] == [str(i) for i in range(30)]
    assert (problems[3].question, problems[3].gold) == ("3?", "033")
    assert hub == [
        {
            "path": "HuggingFaceH4/aime_2024",
            "name": None,
            "split": "train",
            "revision": "2fe88a2f1091d5048c0f36abc874fb997b3dd99a",
        }
    ]


@pytest.mark.usefixtures("hub")
def test_a_benchmark_with_other_rows_is_refused() -> None:
    """Another revision with fewer problems is another benchmark."""
    with pytest.raises(InputError, match="found 29 problems at revision main, where AIME24 has 30"):
        load_benchmark("AIME24", revision="main")


@pytest.mark.usefixtures("hub")
def test_a_dataset_out_of_reach_is_one_line() -> None:
    """The loader's words stand in the message, with what to do."""
    with pytest.raises(InputError) as caught:
        load_benchmark("GSM8K")
    assert str(caught.value) == (
        "openai/gsm8k (main), split test: cannot be loaded (ConnectionError: Couldn't reach openai/gsm8k); "
        "correct the name, split or revision, or give a local copy as path"
    )


def test_a_file_of_another_site_is_loaded_by_its_format(hub: list[dict[str, Any]]) -> None:
    """Omni-MATH-Rule is no dataset of the Hub but a file."""
    with pytest.raises(InputError, match=r"omni_math_rule\.jsonl, split train: cannot be loaded"):
        load_benchmark("Omni-MATH-Rule")
    assert hub[0]["path"] == "json"
    assert hub[0]["data_files"].endswith("omni_math_rule.jsonl")


def test_a_dataset_is_loaded_through_the_real_library(tmp_path: Path) -> None:
    """A folder with a split in it goes the whole way; its mistakes have their row."""
    rows = [{"q": "1?", "a": 1.0}, {"q": "2?", "a": None}]
    (tmp_path / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    layout = Layout(Columns("q", "a"))
    with pytest.raises(InputError, match=r"split test: row 2: a: found null; store text, or a number"):
        load_hub(str(tmp_path), layout=layout, split="test")
    with pytest.raises(InputError, match=r"split dev: cannot be loaded \(ValueError: Unknown split"):
        load_hub(str(tmp_path), layout=layout, split="dev")


def test_gym_problems_hang_on_name_size_and_seed() -> None:
    """The same seed gives the same problems; the scorer gets the whole item."""
    problems = load_gym("chain_sum", size=5, seed=3, settings={"min_terms": 2, "max_terms": 2})
    assert [problem.id for problem in problems] == ["0", "1", "2", "3", "4"]
    assert problems[0].entry["answer"] == problems[0].gold
    assert problems[0].entry["metadata"]["source_dataset"] == "chain_sum"
    again = load_gym("chain_sum", size=5, seed=3, settings={"min_terms": 2, "max_terms": 2})
    other = load_gym("chain_sum", size=5, seed=4, settings={"min_terms": 2, "max_terms": 2})
    assert problems_digest(problems) == problems_digest(again) != problems_digest(other)


def test_a_longer_gym_task_only_adds_problems() -> None:
    """Problems of a smaller size are the first of a larger one."""
    assert load_gym("gcd", size=3, seed=1) == load_gym("gcd", size=9, seed=1)[:3]


# The library behind arc_agi leaves a file open.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", sorted(set(DATASETS) - {"composite"}))
def test_every_gym_dataset_makes_problems(name: str) -> None:
    """Every dataset of reasoning-gym has questions; puzzles without a single answer have an empty one."""
    (problem,) = load_gym(name, size=1, seed=1)
    assert problem.question.strip()
    unanswered = {"boxnet", "graph_color", "propositional_logic", "rubiks_cube", "rush_hour"}
    assert (problem.gold == "") == (name in unanswered)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "chain_sums", "size": 1}, r'gym: found "chain_sums".*did you mean "chain_sum"'),
        ({"name": "chain_sum", "size": 0}, "size: found 0; use at least 1"),
        (
            {"name": "chain_sum", "size": 1, "settings": {"terms": 2}},
            r'gym "chain_sum": .*correct its settings \(terms\)',
        ),
        (
            {"name": "chain_sum", "size": 1, "settings": {"min_terms": 0}},
            r"correct its settings \(min_terms\)",
        ),
        ({"name": "composite", "size": 1}, r'gym "composite": cannot be made .*\(none\)'),
    ],
)
def test_gym_mistakes_are_one_line(arguments: dict[str, Any], message: str) -> None:
    """Names, sizes and settings that reasoning-gym does not take."""
    with pytest.raises(InputError, match=message):
        load_gym(**arguments)


def test_a_missing_extra_is_one_line() -> None:
    """What is not installed is named with what installs it."""
    with pytest.raises(InputError, match=r"no_such_library.*pip install 'beyondbase\[tasks\]'"):
        require("no_such_library", "tasks")
