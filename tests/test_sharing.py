"""Judging in several processes: the same results, and all of the work done by them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from plugin_project import HEAD, LEADS, claim_text, counts_text, outcome_project, study_text
from study_factory import BASE, RL, write_study

from beyondbase.plugin import processes as sharing
from beyondbase.plugin.suite import Suite
from beyondbase.results.build import results_of

CLAIMS = [
    *("rl-leads-at-1", "base-overtakes", "rl-sharpens", "rl-solved-is-subset", "algorithms-end-alike"),
    *("rl-expands", "base-reaches-rl"),
]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study of four arms that is small, but counts as large here."""
    rates = np.linspace(0.05, 0.9, 40)
    rng = np.random.default_rng(1)
    arms = {"base": BASE} | {f"rl{i}": RL | {"algorithm": f"A{i}"} for i in range(3)}
    counts = {arm: (16, rng.binomial(16, rates)) for arm in arms}
    return write_study(tmp_path, arms, counts, claims=CLAIMS).path


def results(study: Path, processes: int | None) -> tuple[str, sharing.Findings]:
    """The bytes of results.json, and what was found in several processes."""
    suite = Suite([], [study], processes=processes)
    (name,) = suite.families
    content = results_of([suite.judgement(name)], known=suite.findings.pairs)
    return json.dumps(content), suite.findings


@pytest.mark.parametrize("processes", [2, 3])
def test_any_number_of_processes_gives_the_same_bytes(
    study: Path, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    """Verdicts and summaries are those of one process, and every one of them was found by the several."""
    alone, nothing = results(study, 1)
    assert nothing == sharing.Findings()
    monkeypatch.setattr(sharing, "_WANTED", 1)
    shared, found = results(study, processes)
    assert shared == alone
    (family,) = Suite([], [study]).families.values()
    (verdicts,), (pairs,) = found.verdicts.values(), found.pairs.values()
    assert sorted(verdicts) == list(range(len(family.found)))
    assert sorted(pairs) == list(range(3))


def test_only_a_large_study_takes_several(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody asks, processes are as many as the work is worth and there are processors for."""
    monkeypatch.setattr(sharing, "_processors", lambda: 3)
    seen = [sharing._processes(work, None) for work in (1, 399_999, 800_000, 1e9)]  # noqa: SLF001
    assert seen == [0, 0, 2, 3]
    assert results(study, None)[1] == sharing.Findings()


def test_shares_cost_about_the_same() -> None:
    """The dearest part has a share of its own where it is worth all others."""
    parts: dict[sharing.Part, float] = {("s", "verdict", place): 1.0 for place in range(10)}
    shares = sharing._divided({("s", "pair", 0): 10.0} | parts, 2)  # noqa: SLF001
    assert sorted(map(len, shares)) == [1, 10]


def test_what_fails_or_warns_is_left_to_who_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim whose code fails, or warns, is tested where its traceback and its warning have a reader."""
    monkeypatch.setattr(sharing, "_WANTED", 1)
    (tmp_path / "claims").mkdir()
    warns = claim_text("warns", f"warnings.warn('so') or {LEADS}")
    text = "import warnings\n" + HEAD + claim_text("rl-leads", LEADS) + claim_text("broken", "1 / 0") + warns
    (tmp_path / "claims" / "test_own.py").write_text(text, encoding="utf-8")
    (tmp_path / "counts.csv").write_text(counts_text(), encoding="utf-8")
    (tmp_path / "study.toml").write_text(study_text(), encoding="utf-8")
    suite = Suite([tmp_path / "claims"], [tmp_path / "study.toml"], alone=True, processes=2)
    assert list(suite.findings.verdicts["small"]) == [0]
    with pytest.warns(UserWarning, match="so"):
        judged = suite.judgement("small").judged
    assert isinstance(judged[1].error, ZeroDivisionError)


def test_workers_of_xdist_judge_nothing(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under -n every claim's code runs once, before the workers start, unless it fails."""
    project = outcome_project(pytester)
    monkeypatch.setenv("ONCE", str(project.path / "once"))
    # A second time there would be such a folder.
    project.claims(
        claim_text("rl-leads", f'__import__("os").mkdir(__import__("os").environ["ONCE"]) or {LEADS}')
    )
    (project.path / "claims/test_one.py").unlink()
    (project.path / "claims/test_two.py").unlink()
    project.study(study=study_text())
    project.run("-n", "2").assert_outcomes(passed=1)


def test_failures_keep_their_traceback_under_xdist(pytester: pytest.Pytester) -> None:
    """Where a claim's code fails in a run with workers, its own line is shown as in a run without."""
    result = outcome_project(pytester).run("-n", "2", "-k", "broken")
    result.stdout.fnmatch_lines([">*return 1 / 0", "E*ZeroDivisionError: division by zero"])


def test_a_process_ends_with_who_started_it(tmp_path: Path) -> None:
    """A child does not outlive its parent, even one that was killed."""
    # It waits for its order from a pipe that nobody writes, as for work without end.
    os.mkfifo(tmp_path / "endless")
    starter = (
        "import sys, time\nfrom pathlib import Path\nfrom beyondbase.plugin import processes as sharing\n"
        f"child = sharing._start(Path({str(tmp_path / 'endless')!r}))\n"
        "print(child.pid, flush=True)\ntime.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True) as parent:  # noqa: S603
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 120
    while Path(f"/proc/{child}").exists() and _state(child) != "Z":
        assert time.monotonic() < deadline, "the child lives on"
        time.sleep(0.1)


def _state(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
