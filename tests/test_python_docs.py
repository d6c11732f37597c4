"""The example of docs/python.md does what it says."""

import re
from pathlib import Path
from typing import Any

import pytest

from beyondbase.notebook.verdicts import Verdicts

PAGE = (Path(__file__).parents[1] / "docs" / "python.md").read_text(encoding="utf-8")


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who copies the example gets its verdicts, its frame, its figure and its files."""
    pytest.importorskip("pandas")
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    exec(code, names)  # noqa: S102 - our own page
    verdicts = names["verdicts"]
    assert isinstance(verdicts, Verdicts)
    told = dict(re.findall(r"^(verdicts\[.*?\S)  # (\w[\w.]*)", code, flags=re.MULTILINE))
    assert len(told) == 2
    for expression, value in told.items():
        assert str(eval(expression, names)) == value  # noqa: S307 - our own page
    assert len(names["frame"]) == len(verdicts)
    assert len(names["figure"].axes) == 1
    assert sorted(path.name for path in Path("reports/mine").iterdir()) == [
        "index.html",
        "results.json",
        "summary.md",
    ]
