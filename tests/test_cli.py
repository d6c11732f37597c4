"""The command line: what `beyondbase report` writes, prints and refuses."""

import hashlib
import io
import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from made_results import made_results, replaced
from typer.testing import CliRunner, Result

from beyondbase import cli
from beyondbase.cli.report import report
from beyondbase.judging.waivers import today
from beyondbase.report import render_page
from beyondbase.report.markdown import render_summary
from beyondbase.report.terminal import not_applicable_lines, reason_lines, table_lines, verdicts_of
from beyondbase.results.compare import compare
from beyondbase.results.schema import Run, read_run

HOSTILE = "[bold red]a[/] [link=x]b[/link] :tada: \x1b[2J\x1b]8;;x\x07 c\nd\te\x85 \u202ef\u200f \ud800"
SHOWN = (
    "[bold red]a[/] [link=x]b[/link] :tada: \u241b[2J\u241b]8;;x\u2407 c\u2424d\u2409e\ufffd"
    " [U+202E]f[U+200F] \ufffd"
)


def run(*arguments: str | Path) -> Result:
    """Run the command inside this process."""
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def write(folder: Path, content: Any) -> Path:
    """Write a results.json."""
    folder.mkdir(exist_ok=True)
    path = folder / "results.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def refused(*arguments: str | Path) -> str:
    """What the command says when it refuses: on stderr alone, with exit code 2 and no traceback."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr


def test_version_is_printed() -> None:
    """--version prints name and version, and nothing else happens."""
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"beyondbase {version('beyondbase')}\n")


def test_help_names_the_commands() -> None:
    """Without arguments the help is shown, and report is a command of its own."""
    assert "report" in run().output
    help_text = run("report", "--help").output
    assert all(word in help_text for word in ("RESULTS", "--baseline", "--out"))


def test_report_writes_beside_the_results(tmp_path: Path) -> None:
    """Page and summary are written to the folder of the results, given by file or folder, and named."""
    path = write(tmp_path / "a", made_results())
    for given in (path, path.parent):
        result = run("report", given)
        assert result.exit_code == 0, result.output
        assert result.stdout.splitlines()[-2:] == [
            f"written: {path.with_name('index.html')}",
            f"written: {path.with_name('summary.md')}",
        ]
        assert path.with_name("summary.md").read_text("utf-8") == render_summary(made_results())
        assert path.with_name("index.html").read_text("utf-8") == render_page(made_results())
        path.with_name("summary.md").unlink()


def test_out_is_where_the_files_go(tmp_path: Path) -> None:
    """--out names another folder, which is made, and the folder of the results is left alone."""
    path = write(tmp_path / "a", made_results())
    assert run("report", path, "--out", tmp_path / "b" / "c").exit_code == 0
    assert {file.name for file in (tmp_path / "b" / "c").iterdir()} == {"index.html", "summary.md"}
    assert [file.name for file in path.parent.iterdir()] == ["results.json"]


def test_report_prints_the_table_of_the_run(tmp_path: Path) -> None:
    """Titles, headlines and the very lines that a run of pytest ends in are printed whole."""
    content = made_results()
    lines = run("report", write(tmp_path, content)).stdout.splitlines()
    verdicts = verdicts_of(content)
    table = [line for line, _ in table_lines(verdicts, day=today())]
    tail = [*reason_lines(content), *not_applicable_lines(content["studies"])]
    assert lines[0] == "A made study"
    assert lines[1].startswith("T, rl: RL leads at k = 1 by ")
    assert lines[2].startswith("U, rl: cannot be judged, its evidence is unfit for the reason below")
    start = 3
    assert lines[start : start + len(table) + len(tail)] == [*table, *tail]
    assert max(map(len, lines)) > 120


def test_an_unknown_run_is_told(tmp_path: Path) -> None:
    """Without a run.json of these results, the reason why command and date are not known is printed."""
    output = run("report", write(tmp_path, made_results())).stdout
    assert "when and by which command is not known: there is no run.json beside the results" in output


def test_a_known_run_is_shown(tmp_path: Path) -> None:
    """Command and date of run.json reach the files."""
    path = write(tmp_path, made_results())
    known = {
        "results_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "command": "pytest claims",
        "date": "2026-11-23T03:04:05Z",
    }
    path.with_name("run.json").write_text(json.dumps(known))
    assert isinstance(read_run(path), Run)
    assert "not known" not in run("report", path).stdout
    assert path.with_name("summary.md").read_text("utf-8") == render_summary(made_results(), run=known)
    assert path.with_name("index.html").read_text("utf-8") == render_page(made_results(), run=known)


def test_a_baseline_is_compared_with(tmp_path: Path) -> None:
    """--baseline prints what changed, and hands the comparison to both files."""
    old, new = made_results(), made_results()
    old["studies"][0]["verdicts"][0]["outcome"] = "REFUTED"
    old["studies"][0]["alpha"] = 0.1
    path = write(tmp_path / "new", new)
    result = run("report", path, "--baseline", write(tmp_path / "old", old))
    lines = result.stdout.splitlines()
    at = lines.index("since the earlier run")
    assert lines[at + 1].startswith("made: rl-leads-at-1[T/rl]: REFUTED before, SUPPORTED now; ")
    assert "made: alpha: 0.1 before, 0.05 now" in lines[at:]
    compared = compare(old, new)
    assert path.with_name("summary.md").read_text("utf-8") == render_summary(new, comparison=compared)
    assert path.with_name("index.html").read_text("utf-8") == render_page(new, comparison=compared)


def test_an_equal_baseline_is_said_to_be_so(tmp_path: Path) -> None:
    """Against itself nothing changed, and a pair that cannot be compared is told."""
    path = write(tmp_path, made_results())
    lines = run("report", path, "--baseline", path).stdout.splitlines()
    assert "made: No verdict changed, and no curve by more than noise." in lines
    assert any(line.startswith("made: U/rl: Cannot be compared: invalid in the old run") for line in lines)


def test_texts_reach_the_terminal_as_text(tmp_path: Path) -> None:
    """No markup, escape sequence or turned text of the results acts on the terminal; all of it is shown."""
    results = made_results()
    results["studies"][0] |= {"title": HOSTILE, "id": HOSTILE}
    results["studies"][0]["verdicts"][4]["remedy"] = HOSTILE
    results["studies"][0]["verdicts"][0]["claim"] = HOSTILE
    results["studies"].append(made_results()["studies"][0])
    output = run("report", write(tmp_path, results)).stdout
    idle = len(results["studies"][0]["not_applicable"])
    assert idle > 4
    # Title, a line per verdict, one of them by its claim too, a remedy, and the claims without a case.
    assert output.count(SHOWN) == 1 + 16 + 1 + 1 + idle
    assert not {letter for letter in output if not letter.isprintable()} - {"\n"}


def test_even_all_texts_may_be_hostile(tmp_path: Path) -> None:
    """Where every text is hostile, nothing else than text is printed."""
    results = replaced(made_results(), HOSTILE) | {"schema_version": 6}
    results["studies"][0] |= {key: [] for key in ("arms", "tasks", "verdicts", "pairs", "unfit", "examples")}
    result = run("report", write(tmp_path, results))
    assert result.exit_code == 0, result.output
    assert SHOWN in result.stdout
    assert not {letter for letter in result.stdout if not letter.isprintable()} - {"\n"}


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A path that is not there ends in one line."""
    path = tmp_path / "none.json"
    message = f"error: {path}: there is no such file; give a results.json; `nox -s claims` makes one\n"
    assert refused("report", path) == message


def test_a_wrong_baseline_is_refused(tmp_path: Path) -> None:
    """Mistakes of the earlier results are told by their file, and nothing is written."""
    path = write(tmp_path / "new", made_results())
    old = write(tmp_path / "old", made_results() | {"schema_version": 1})
    assert refused("report", path, "--baseline", old).startswith(
        f"error: {old}: found schema_version 1, which is"
    )
    assert [file.name for file in path.parent.iterdir()] == ["results.json"]


def test_mistakes_are_shown_as_text(tmp_path: Path) -> None:
    """A message quotes what was found, but what was found does not act on the terminal."""
    message = refused("report", write(tmp_path, made_results() | {f"[red]{HOSTILE}": 1}))
    assert "[red][bold red]a[/]" in message
    assert not {letter for letter in message if not letter.isprintable()} - {"\n"}


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """Where a file cannot be written, one line says which and what to do."""
    path = write(tmp_path, made_results())
    (tmp_path / "file").write_text("")
    result = run("report", path, "--out", tmp_path / "file")
    assert result.exit_code == 2
    target = tmp_path / "file" / "index.html"
    assert result.stderr.startswith(f"error: {target}: cannot be written (")
    assert result.stderr.endswith("; choose a folder with --out\n")


def shell(*arguments: str | Path, **settings: str) -> subprocess.CompletedProcess[bytes]:
    """Run the installed command."""
    command = Path(sys.executable).with_name("beyondbase")
    return subprocess.run(  # noqa: S603 - our own command on our own files
        [command, *arguments], capture_output=True, check=False, env=os.environ | settings
    )


def test_the_installed_command_works(tmp_path: Path) -> None:
    """The script that is installed prints plain text to a pipe, whatever its encoding can hold."""
    path = write(tmp_path, made_results())
    plain = shell("report", path, PYTHONIOENCODING="utf-8")
    assert plain.returncode == 0, plain.stderr
    assert b"\x1b" not in plain.stdout
    assert plain.stdout.decode() == run("report", path).stdout
    results = made_results()
    results["studies"][0]["title"] = "π"
    narrow = shell("report", write(tmp_path, results), PYTHONIOENCODING="ascii", COLUMNS="20")
    assert (narrow.returncode, narrow.stderr) == (0, b"")
    assert narrow.stdout.startswith(b"\\u03c0\n")
    missing = shell("report", tmp_path / "none")
    assert (missing.returncode, missing.stdout) == (2, b"")
    assert missing.stderr.startswith(b"error: ")
    assert missing.stderr.count(b"\n") == 1


def test_a_terminal_has_colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal verdicts are coloured by outcome, and NO_COLOR is honoured."""
    shown = {}
    path = write(tmp_path, made_results())
    for no_color in ("", "1"):
        terminal = io.StringIO()
        terminal.isatty = lambda: True  # type: ignore[method-assign]
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("NO_COLOR", no_color)
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", terminal)
            report(path)
        shown[no_color] = terminal.getvalue()
    assert "\x1b[32mrl-leads-at-1 " in shown[""]
    assert "\x1b[31mrl-expands " in shown[""]
    assert "\x1b[3" not in shown["1"]
    assert "rl-leads-at-1 " in shown["1"]
