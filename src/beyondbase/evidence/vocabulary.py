"""What the columns of tables are called, by whoever wrote them."""

# The plainest names first: of the first group that a table has a name of, there must be one.
NAMES: dict[str, tuple[tuple[str, ...], ...]] = {
    "id": (
        ("problem_id",),
        ("question_id", "task_id", "example_id", "doc_id", "unique_id", "prompt_id"),
        ("id", "idx", "index"),
    ),
    "correct": (
        ("correct", "is_correct", "passed"),
        # Not "label", which mostly is the right answer of a question.
        ("score", "reward", "accuracy", "acc", "exact_match"),
    ),
    "response": (("response", "completion", "output", "generation"), ("text", "solution", "output_response")),
    "n": (("n",), ("num_samples", "n_samples", "num_completions", "total")),
    "c": (("c",), ("num_correct", "n_correct", "correct_count")),
    "task": (("task", "task_name"), ("benchmark",), ("dataset", "dataset_name", "data_source")),
    "arm": (("arm",),),
    "finish": (("finish_reason", "stop_reason"),),
    "level": (("level",), ("difficulty",)),
    "cluster": (("cluster",),),
}


def plain(name: str) -> str:
    """Write the name of a column as the vocabulary has it."""
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def known_as(key: str) -> tuple[str, ...]:
    """All names of a column, the plainest first."""
    return tuple(name for group in NAMES[key] for name in group)
