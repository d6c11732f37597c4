"""Problems of a task: from a declared benchmark, a dataset of the Hub, or a file."""

from pathlib import Path

from beyondbase.completions import Problem
from beyondbase.errors import InputError
from beyondbase.files import AnyPath
from beyondbase.tasks.benchmarks import Layout, find_benchmark
from beyondbase.tasks.problems import make_problems
from beyondbase.tasks.tables import read_hub, read_table


def load_benchmark(
    name: str, *, path: AnyPath | None = None, revision: str | None = None
) -> tuple[Problem, ...]:
    """Load a declared benchmark.

    Args:
        name: What the literature calls it, such as "MATH500".
        path: A local copy with the same columns; it may hold some of the rows only.
        revision: A commit of the Hub other than the declared one.

    Raises:
        InputError: There is no such benchmark, it cannot be loaded, or the Hub has other rows than declared.
    """
    benchmark = find_benchmark(name)
    if path is not None:
        return load_file(path, benchmark.layout)
    revision = revision or benchmark.revision
    problems = load_hub(
        benchmark.dataset,
        config=benchmark.config,
        split=benchmark.split,
        revision=revision,
        layout=benchmark.layout,
    )
    if len(problems) != benchmark.rows:
        found = f"found {len(problems)} problems at revision {revision}, where {name} has {benchmark.rows}"
        raise InputError(f"{benchmark.dataset}: {found}; give another revision, or a local copy as path")
    return problems


def load_hub(
    dataset: str,
    *,
    layout: Layout,
    split: str = "test",
    config: str | None = None,
    revision: str | None = None,
) -> tuple[Problem, ...]:
    """Load the problems of any dataset of the Hub, or of its copy in the cache.

    Raises:
        InputError: It cannot be loaded, or its rows are not those of the layout.
    """
    rows = read_hub(dataset, config=config, split=split, revision=revision)
    return make_problems(rows, layout, place=dataset)


def load_file(path: AnyPath, layout: Layout) -> tuple[Problem, ...]:
    """Load the problems of a .jsonl or .parquet file.

    Raises:
        InputError: The file cannot be read, or its rows are not those of the layout.
    """
    return make_problems(read_table(Path(path)), layout, place=str(path))
