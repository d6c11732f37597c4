"""lighteval: `details_TASK_TIME.parquet`, checked with lighteval 0.13.0.

A row is a problem with all its responses, but with one aggregated value per metric, so that every
response is scored anew, by its text after lighteval's own post-processing where there is one; the value of a
single response is compared with. The gold answer is what the task gives: some tasks give a worked solution,
of which a grader must find the answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from beyondbase.completions import Problem
from beyondbase.errors import InputError
from beyondbase.formats.readers.cells import mapping, name_in, text_in, texts_in
from beyondbase.formats.readers.choosing import without_choice
from beyondbase.formats.readers.gathering import Gathering, problem_of
from beyondbase.formats.readers.imported import Imported, Row, agreed, identity_of, ordered, yes_or_no
from beyondbase.messages import quote
from beyondbase.table.columns import opened_parquet, parquet_rows

TOOL = "lighteval"
_ROWS = 32
# Where a row stands, its document, the responses, and the metrics.
_Cells = tuple[str, dict[str, Any], dict[str, Any], Mapping[str, Any]]


def read(paths: Sequence[Path], pick: str | None) -> Imported:
    """Read the files of an arm.

    Args:
        paths: `details_*.parquet`, one per run.
        pick: Nothing; the texts are scored anew.

    Raises:
        InputError: The files hold no texts, or are not of one arm.
    """
    without_choice(TOOL, pick)
    files, gathering, tasks = ordered(paths), Gathering(once=True), set[str]()
    for path in files:
        for at, doc, response, _ in _cells(path):
            gathering.add(path, at, _problem(at, doc), n=len(_texts(at, response)))
            tasks.add(str(doc.get("task_name") or ""))
    if len(tasks) > 1:
        raise InputError(f"{files[0]}: found the tasks {', '.join(sorted(tasks))}; give files of one task")
    return Imported(
        tool=TOOL,
        trusted=False,
        grader=None,
        identity=identity_of(
            TOOL, files, task="".join(tasks), **agreed({path: _model(path) for path in files})
        ),
        problems=gathering.problems(files),
        rows=lambda: _rows(files),
        scored_by="metric",
    )


def _rows(files: Sequence[Path]) -> Iterator[Row]:
    for path in files:
        for at, doc, response, metric in _cells(path):
            name, texts = name_in(at, doc, "id"), _texts(at, response)
            found = response.get("output_tokens")
            tokens = found if isinstance(found, list) and len(found) == len(texts) else [None] * len(texts)
            # A value of several responses is theirs together.
            theirs = _score(metric) if len(texts) == 1 else None
            for text, ids in zip(texts, tokens, strict=True):
                yield Row(name, text, "unknown", len(ids) if ids else None, None, None, None, theirs)


def _score(metric: Mapping[str, Any]) -> bool | None:
    """What all metrics of a row say of its only response; None where they do not agree."""
    said = {yes_or_no(value) for value in metric.values() if value is not None}
    return said.pop() if len(said) == 1 else None


def _problem(at: str, doc: Mapping[str, Any]) -> Problem:
    found = doc.get("gold_index")
    index = found if isinstance(found, list) else [found]
    choices = doc.get("choices")
    golds = texts_in(at, doc, "choices") if isinstance(choices, list) else []
    # Several golds are alternatives: no single right answer to score anew with.
    first = index[0] if len(index) == 1 else None
    gold = golds[first] if isinstance(first, int) and 0 <= first < len(golds) else ""
    return problem_of(name_in(at, doc, "id"), question=text_in(at, doc, "query"), gold=gold)


def _model(path: Path) -> dict[str, str]:
    # .../details/ORG/MODEL/TIME/details_TASK_TIME.parquet
    _, found, below = path.absolute().as_posix().rpartition("/details/")
    if not found or below.count("/") < 2:
        return {}
    model = below.rsplit("/", 2)[0]
    # A model of a local path stands there with all its folders.
    return {"model": model if model.count("/") < 2 else model.rpartition("/")[2]}


def _texts(at: str, response: Mapping[str, Any]) -> list[str]:
    key = "text_post_processed" if response.get("text_post_processed") else "text"
    return texts_in(f"{at}: model_response", response, key)


def _cells(path: Path) -> Iterator[_Cells]:
    columns = ["doc", "model_response"]
    with opened_parquet(path, use="give it as lighteval wrote it") as file:
        names = file.schema_arrow.names
        absent = [name for name in columns if name not in names]
        if absent:
            found = quote(", ".join(names))
            raise InputError(f"{path}: found no column {absent[0]}, but {found}; give details_*.parquet")
        wanted = [*columns, *(name for name in ("metric",) if name in names)]
        # Few rows at a time: one holds all responses to its problem.
        for at, row in parquet_rows(path, file, _ROWS, wanted):
            metric = row.get("metric")
            known = metric if isinstance(metric, Mapping) else {}
            yield at, mapping(at, row["doc"]), mapping(at, row["model_response"]), known
