"""Exports: results.json in the forms of other tools, checked with their own readers and schemas."""

import json
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import passk_inference.io
import pytest
from formats_files import DATA
from made_results import made_content

from beyondbase.completions import Problem
from beyondbase.errors import InputError
from beyondbase.estimators import pass_at_k
from beyondbase.formats import KINDS, Imported, Row, export, store_import
from beyondbase.results.build import write_results

ARMS = ("base", "rl")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Write results of one study with a valid pair on task T."""
    path = tmp_path / "reports" / "results.json"
    write_results(made_content(), path)
    return path


def changed(results: Path, **task: Any) -> Path:
    """Change the task of the results."""
    content = json.loads(results.read_text())
    for item in content["studies"][0]["tasks"]:
        item.update(task)
    results.write_text(json.dumps(content))
    return results


def counts_of(results: Path, side: str) -> dict[str, tuple[int, int]]:
    """Read the counts of an arm from the results themselves."""
    pairs = json.loads(results.read_text())["studies"][0]["pairs"]
    table = next(pair["by_problem"] for pair in pairs if pair["task"] == "T")
    return {
        name: (c, n) for name, c, n in zip(table["id"], table[f"{side}_c"], table[f"{side}_n"], strict=True)
    }


def sampled(results: Path, samples: Path, *, twice: bool = False) -> Path:
    """Store samples with the counts of the results, one of them lost, or twice as many."""
    for side, arm in zip(("base", "other"), ARMS, strict=True):
        counts = counts_of(results, side)
        rows = [
            Row(name, f"text {i}", "stop", 3, None, "correct" if i < c else "wrong", str(i))
            for name, (c, n) in counts.items()
            for i in range(n)
        ]
        lost = Row(next(iter(counts)), "", "error", None, None, "error", None)
        imported = Imported(
            tool="test",
            trusted=True,
            grader=("g", "1"),
            identity={"tool": "test", "files": {}, "arm": arm},
            problems=tuple(Problem(name, f"question {name}", "7") for name in counts),
            rows=partial(
                iter, [*rows, *[replace(row, outcome="correct") for row in rows]] if twice else [lost, *rows]
            ),
        )
        store_import(imported, samples, "T", arm, grader=None)
    return samples


def refusal(*arguments: Any, **options: Any) -> str:
    """Export what must be refused, and return the message."""
    with pytest.raises(InputError) as caught:
        export(*arguments, **options)
    return str(caught.value)


def test_counts_are_read_by_passk_inference(results: Path, tmp_path: Path) -> None:
    """Its own reader takes the files of both arms for a pair with the very counts of the results."""
    paths = export("passk-inference", results, tmp_path / "out")
    study = json.loads(results.read_text())["studies"][0]["id"]
    assert paths == [tmp_path / "out" / study / "T" / f"{arm}.jsonl" for arm in ARMS]
    found = passk_inference.io.load_counts(paths[1])
    assert {name: (row["c"], row["n"]) for name, row in found.items()} == counts_of(results, "other")
    c_base, n_base, *_ = passk_inference.io.load_pair(*paths)
    assert sorted(zip(c_base, n_base, strict=True)) == sorted(counts_of(results, "base").values())


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_is_made_once_and_never_over_another(kind: str, results: Path, tmp_path: Path) -> None:
    """The same export again changes nothing; a file that differs is left alone, and no draft stays."""
    changed(results, dataset="org/data")
    out = tmp_path / "out"
    paths = export(kind, results, out)
    before = {path: path.read_bytes() for path in paths}
    assert export(kind, results, out) == paths
    paths[0].write_text("mine")
    assert refusal(kind, results, out).startswith(f"{paths[0]}: is there with another content")
    assert paths[0].read_text() == "mine"
    assert {path for path in out.rglob("*") if path.is_file()} == set(before)


def test_hub_entries_hold_percents_with_their_settings(results: Path, tmp_path: Path) -> None:
    """Each k of the tables is an entry; its value is 100 times pass@k."""
    changed(results, dataset="org/data", revision="abc", benchmark='The "T"')
    base, _ = export("hub", results, tmp_path / "out")
    text = base.read_text()
    assert base.parts[-3:] == ("base", ".eval_results", "T.yaml")
    assert text.startswith(
        '- dataset:\n    id: "org/data"\n    task_id: "The \\"T\\""\n    revision: "abc"\n  value: '
    )
    counts = np.array([*counts_of(results, "base").values()])
    mean = 100 * pass_at_k(counts[:, 1], counts[:, 0], [1]).mean()
    assert f"  value: {mean:.6f}"[:16] in text
    assert text.count("- dataset:") == text.count("notes: ") == 6
    assert '  notes: "pass@32, n=32' in text


def test_hub_entries_parse_as_yaml(results: Path, tmp_path: Path) -> None:
    """A YAML reader, where there is one, gets the values back, whatever the names hold."""
    yaml = pytest.importorskip("yaml")
    changed(results, dataset="org/data", benchmark="é: # \U0001f600 'x' \x7f\u2028")
    entries = yaml.safe_load(export("hub", results, tmp_path / "out")[0].read_text(encoding="utf-8"))
    assert entries[0]["dataset"] == {"id": "org/data", "task_id": "é: # \U0001f600 'x'   "}
    assert all(0 < entry["value"] <= 100 for entry in entries)


def test_hub_entries_need_a_dataset(results: Path, tmp_path: Path) -> None:
    """A value without its benchmark cannot be shown."""
    message = refusal("hub", changed(results, dataset=""), tmp_path / "out")
    assert 'add dataset = "org/name" to [tasks.T]' in message


def test_every_eval_ever_holds_pass_at_k_with_its_band(results: Path, tmp_path: Path) -> None:
    """The estimate and the limits are those of the results, and no standard error is made up."""
    paths = export("every-eval-ever", results, tmp_path / "out")
    record = json.loads(paths[0].read_text())
    assert [item["metric_config"]["metric_name"] for item in record["evaluation_results"]] == [
        f"pass@{k}" for k in (1, 2, 4, 8, 16, 32)
    ]
    pair = next(
        item for item in json.loads(results.read_text())["studies"][0]["pairs"] if item["task"] == "T"
    )
    last, place = record["evaluation_results"][-1]["score_details"], pair["curve"]["k"].index(32)
    band = pair["curve"]["base"]
    assert last["score"] == band["estimate"][place]
    assert last["uncertainty"]["confidence_interval"]["lower"] == band["lower"][place]
    assert "standard_error" not in last["uncertainty"]
    assert "detailed_evaluation_results" not in record
    assert paths[0].relative_to(tmp_path / "out").parts[0] == "data"
    assert len({path.name for path in paths}) == 2


def test_every_eval_ever_has_a_row_for_every_sample(results: Path, tmp_path: Path) -> None:
    """Each completion but the lost one is a row with its epoch; the rows add up to the counts."""
    samples = sampled(results, tmp_path / "samples")
    rows_file, record_file, *_ = export("every-eval-ever", results, tmp_path / "out", samples=samples)
    rows = [json.loads(line) for line in rows_file.read_text().split("\n") if line]
    record = json.loads(record_file.read_text())
    counts = counts_of(results, "base")
    right = Counter(row["sample_id"] for row in rows if row["evaluation"]["is_correct"])
    assert right == Counter({name: c for name, (c, _) in counts.items()})
    assert record["detailed_evaluation_results"]["total_rows"] == len(rows)
    assert len(rows) == sum(n for _, n in counts.values())
    assert record["detailed_evaluation_results"]["file_path"].endswith(rows_file.name)
    assert len({(row["sample_id"], row["metadata"]["epoch"]) for row in rows}) == len(rows)
    assert {row["evaluation_id"] for row in rows} == {record["evaluation_id"]}
    assert rows[0]["input"] == {"raw": f"question {rows[0]['sample_id']}", "reference": ["7"]}


def test_only_the_samples_that_were_judged_are_written(results: Path, tmp_path: Path) -> None:
    """A study that asks for fewer completions than are stored is of the first of them."""
    samples = sampled(results, tmp_path / "samples", twice=True)
    rows_file, *_ = export("every-eval-ever", results, tmp_path / "out", samples=samples)
    epochs = {json.loads(line)["metadata"]["epoch"] for line in rows_file.read_text().split("\n") if line}
    assert epochs == {str(number) for number in range(1, 33)}


def test_every_eval_ever_keeps_to_its_schema(results: Path, tmp_path: Path) -> None:
    """The schemas of every-eval-ever 0.3.0 take records and rows."""
    jsonschema = pytest.importorskip("jsonschema")
    folder = DATA / "every-eval-ever"
    aggregate, instance = (
        jsonschema.Draft7Validator(json.loads((folder / f"{name}.schema.json").read_text()))
        for name in ("eval", "instance_level_eval")
    )
    samples = sampled(results, tmp_path / "samples")
    for path in export("every-eval-ever", changed(results, dataset="o/d"), tmp_path / "out", samples=samples):
        if path.suffix == ".json":
            aggregate.validate(json.loads(path.read_text()))
        else:
            instance.validate(json.loads(path.read_text().split("\n")[0]))


def test_samples_of_other_results_are_refused(results: Path, tmp_path: Path) -> None:
    """Rows that do not add up to the aggregate would be another evaluation."""
    samples = sampled(results, tmp_path / "samples")
    content = json.loads(results.read_text())
    pair = next(item for item in content["studies"][0]["pairs"] if item["task"] == "T")
    pair["by_problem"]["base_c"][0] += 1
    results.write_text(json.dumps(content))
    message = refusal("every-eval-ever", results, tmp_path / "out", samples=samples)
    assert message.endswith("give the samples that the results were made from")
    assert not (tmp_path / "out").exists()
    message = refusal("every-eval-ever", results, tmp_path / "out", samples=tmp_path / "none")
    assert "give the folder that holds TASK/ARM/set.json" in message


def test_an_export_needs_a_known_kind_and_a_valid_pair(results: Path, tmp_path: Path) -> None:
    """What cannot be exported is said, with what to do."""
    assert 'found the kind "hubs" (did you mean "hub"?)' in refusal("hubs", results, tmp_path)
    assert "leave the samples out" in refusal("hub", results, tmp_path, samples=tmp_path)
    content = json.loads(results.read_text())
    content["studies"][0]["pairs"] = []
    for cause in content["studies"][0]["unfit"]:
        cause["pairs"] = []
    results.write_text(json.dumps(content))
    assert "found no valid pair" in refusal("passk-inference", results, tmp_path)
