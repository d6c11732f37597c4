"""What a run writes beside its results: which run it was, and the summary."""

import hashlib
import json
import re
import shlex
from datetime import UTC, datetime

import pytest
from plugin_project import FAR, Project, claim_text, outcome_project, simple_project, study_text, whole_output
from results_json import recorded

from beyondbase.errors import InputError
from beyondbase.plugin.recorder import run_of
from beyondbase.report.markdown import render_summary
from beyondbase.results.schema import Run, check_results, read_results, read_run

WAIVE = '\n[waive]\nbase-leads = {{ reason = "known", owner = "me", until = {until} }}\n'


@pytest.fixture(autouse=True)
def _own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests stand in no build that fixes the time."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)


def run_json(project: Project) -> dict[str, str]:
    """The content of run.json."""
    content: dict[str, str] = json.loads((project.path / "reports/run.json").read_text(encoding="utf-8"))
    return content


def test_a_run_writes_four_files_and_says_so(pytester: pytest.Pytester) -> None:
    """Results, run, page and summary are written and named, in this order."""
    project = simple_project(pytester)
    result = project.run()
    names = [line.rpartition("/")[2] for line in result.outlines if line.startswith("written: ")]
    assert names == ["results.json", "run.json", "index.html", "summary.md"]
    assert {path.name for path in (project.path / "reports").iterdir()} == set(names)


def test_results_follow_the_schema(pytester: pytest.Pytester) -> None:
    """What a run writes can be read back, also where a claim's code fails."""
    project = outcome_project(pytester)
    project.run()
    assert read_results(project.path / "reports") == recorded(project.results())


def test_run_says_command_date_and_results(pytester: pytest.Pytester) -> None:
    """run.json holds the command as typed, the date to the second and the hash of results.json."""
    project = simple_project(pytester)
    before = datetime.now(UTC).replace(microsecond=0)
    project.run("-k", "rl and not (xx or yy)", "-q")
    run = run_json(project)
    assert run["results_sha256"] == hashlib.sha256(project.results_file().read_bytes()).hexdigest()
    program, *arguments = shlex.split(run["command"])
    assert program == "pytest"
    assert arguments[-3:] == ["-k", "rl and not (xx or yy)", "-q"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", run["date"])
    assert before <= datetime.fromisoformat(run["date"]) <= datetime.now(UTC)
    assert read_run(project.results_file()) == Run(**run)


def test_results_do_not_depend_on_the_run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs at different times differ in run.json alone."""
    project = simple_project(pytester)
    seen = []
    for epoch in ("0", "86400"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
        project.run()
        seen.append((project.results_file().read_bytes(), run_json(project)["date"]))
    assert seen[0][0] == seen[1][0]
    assert [date for _, date in seen] == ["1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z"]


@pytest.mark.parametrize("text", ["", "now", "1.5", "9" * 30, "nan"])
def test_a_date_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """SOURCE_DATE_EPOCH must be whole seconds."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    with pytest.raises(InputError, match=r"SOURCE_DATE_EPOCH: found .*; use whole seconds since 1970"):
        run_of(b"", [])


def test_a_wrong_date_does_not_keep_the_rest(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a wrong SOURCE_DATE_EPOCH the other files are written, and the run fails with one line."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "now")
    project = simple_project(pytester)
    result = project.run()
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines(
        ["not written: *run.json: SOURCE_DATE_EPOCH: found 'now'; use whole seconds*"]
    )
    assert "Traceback" not in whole_output(result)
    assert {path.name for path in (project.path / "reports").iterdir()} == {
        *("results.json", "index.html", "summary.md")
    }
    assert "when and by which command is not known" in (project.path / "reports/summary.md").read_text(
        "utf-8"
    )


def test_no_run_is_told_of_results_that_were_not_written(pytester: pytest.Pytester) -> None:
    """Where results.json cannot be written there is no run.json either, and the rest is written."""
    project = simple_project(pytester)
    project.results_file().mkdir(parents=True)
    result = project.run()
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines(["not written: *results.json: Is a directory; see --report-dir"])
    assert {path.name for path in (project.path / "reports").iterdir()} == {
        *("results.json", "index.html", "summary.md")
    }


def test_the_summary_is_that_of_the_results(pytester: pytest.Pytester) -> None:
    """summary.md shows the whole study, whatever was selected, and the run that wrote it."""
    project = outcome_project(pytester)
    project.run("-k", "far_ahead")
    run, results = run_json(project), check_results(project.results(), "results.json")
    text = (project.path / "reports/summary.md").read_text("utf-8")
    assert text == render_summary(results, run=Run(**run))
    assert "known-refuted" in text
    assert "far" in run["command"]


@pytest.mark.parametrize(
    ("until", "remark"),
    [("2999-01-31", "waived until 2999-01-31 by me"), ("2020-01-31", "waiver of me ran out on 2020-01-31")],
)
def test_waivers_are_remarked_in_the_table(pytester: pytest.Pytester, until: str, remark: str) -> None:
    """The line of a waived verdict says until when and by whom, or that this has run out."""
    project = outcome_project(pytester)
    project.study(study=study_text(tail=WAIVE.format(until=until)))
    result = project.run("-q")
    (line,) = [line for line in result.outlines if line.startswith("base-leads ")]
    assert line.endswith(f"; expected SUPPORTED; {remark}")
    (other,) = [line for line in result.outlines if line.startswith("rl-leads ")]
    assert "wai" not in other


def test_only_verdicts_that_ran_are_listed(pytester: pytest.Pytester) -> None:
    """The table and the reasons name what was selected, though the results hold the whole family."""
    project = outcome_project(pytester)
    result = project.run("-k", "far_ahead")
    table = [line.split()[0] for line in result.outlines if "  T  " in line]
    assert table == ["far-ahead"]
    reasons = [line for line in result.outlines if line.startswith(("INVALID:", "INCONCLUSIVE:"))]
    assert len(reasons) == 1
    assert reasons[0].startswith("INCONCLUSIVE: far-ahead[T/rl]: RL far ahead at k = 1: may never be decided")
    assert len(project.outcomes()) == 8


def test_names_cannot_steer_the_terminal(pytester: pytest.Pytester) -> None:
    """Control characters of a claim's texts are shown by their pictures, on one line."""
    claim = claim_text("odd", FAR).replace("RL far ahead", "\\x1b[2J\\u202eA\\nB")
    project = simple_project(pytester, claim)
    text = whole_output(project.run("-q"))
    assert "\N{SYMBOL FOR ESCAPE}[2J[U+202E]A\N{SYMBOL FOR NEWLINE}B" in text
    assert "\x1b[2J" not in text
