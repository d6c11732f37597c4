"""A small results.json as the suite itself makes it: every outcome, a waiver, an invalid pair, examples."""

import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from study_factory import BASE, RL, drawn, judged, write_study

from beyondbase.results.build import results_of

WAIVED = {"reason": "known since May", "owner": "the eval team", "until": date(2031, 1, 31)}
EXPECT = {"rl-leads-at-1": {"verdict": "SUPPORTED", "reason": "as the paper says"}}


def made_results() -> dict[str, Any]:
    """The content of a results.json with one study, fresh at every call."""
    content: dict[str, Any] = json.loads(_text())
    return content


def replaced(value: Any, text: str) -> Any:
    """The same results with every free text replaced, and names replaced wherever they stand."""
    if isinstance(value, str):
        return text
    if isinstance(value, list):
        return [replaced(item, text) for item in value]
    if isinstance(value, Mapping):
        fixed = {
            "outcome",
            "family_over",
            "expected",
            "kind",
            "role",
            "unit",
            "until",
            "sha256",
            "schema_version",
        }
        return {key: item if key in fixed else replaced(item, text) for key, item in value.items()}
    return value


@cache
def _text() -> str:
    with TemporaryDirectory() as folder:
        return json.dumps(results_of([judged(_study(Path(folder)))]))


def _study(folder: Path) -> Any:
    rates = np.linspace(0.05, 0.6, 90)
    counts = {
        ("T", "base"): drawn(rates, 32, 1),
        ("T", "rl"): drawn(np.where(rates < 0.15, 0.0, rates + 0.35), 32, 2),
        ("U", "base"): drawn(rates[:5], 8, 3),
        ("U", "rl"): drawn(rates[:6], 8, 4),
    }
    folder.joinpath("some.jsonl").write_text(
        json.dumps({"task": "T", "arm": "rl", "problem_id": "0", "outcome": "wrong", "text": "It is\n12."})
    )
    return write_study(
        folder,
        {"base": BASE, "rl": RL | {"labels": {"data": "8k"}}},
        counts,
        evidence={"tallies": "counts.csv", "examples": "some.jsonl"},
        expect=EXPECT,
        waive={"rl-leads-at-1[U/rl]": WAIVED},
        pooled="none",
    )
