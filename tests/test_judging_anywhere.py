"""Judging from any folder, with nothing of the repository in it: whose claims, whose reports, which paths."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from plugin_project import FAR, HEAD, LEADS, claim_text, counts_text, study_text

ROOT = Path(__file__).parents[1]
SUITE = ["rl-leads-at-1", "rl-likely-under-base"]


def write_study(folder: Path, name: str = "small", *, file: str = "study.toml", **parts: str) -> Path:
    """Write a study of two arms that one claim of the suite, and any of the user's, is judged on."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "counts.csv").write_text(counts_text(), encoding="utf-8")
    head = parts.pop("head", f"claims = {SUITE}")
    (folder / file).write_text(study_text(name, head=head, **parts), encoding="utf-8")
    return folder / file


def write_claim(folder: Path, text: str, file: str = "test_own.py") -> Path:
    """Write a module of claims."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(HEAD + text, encoding="utf-8")
    return folder / file


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module in a folder as a user does, whose own settings do not count."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTEST_ADDOPTS": "", "COLUMNS": "200"}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(  # noqa: S603 - our own interpreter and arguments
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600
    )


def claims_shown(result: subprocess.CompletedProcess[str]) -> list[str]:
    """The claims in the table of verdicts, in its order."""
    lines = result.stdout.partition("= verdicts =")[2].splitlines()
    return [line.split()[0] for line in lines if " rl  " in line]


@pytest.mark.parametrize(
    "command",
    [("beyondbase", "judge", "study.toml"), ("pytest", "--study", "study.toml"), ("pytest", "--study=.")],
    ids=["judge", "pytest", "pytest with a folder"],
)
def test_a_folder_with_a_study_alone_is_judged(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Where there is nothing but a study, the suite's claims judge it, and the report lies beside it."""
    write_study(tmp_path)
    result = run(tmp_path, *command)
    assert (result.returncode, claims_shown(result)) == (0, ["rl-leads-at-1"]), result.stdout + result.stderr
    assert {path.name for path in tmp_path.iterdir()} - {".pytest_cache"} == {
        *("study.toml", "counts.csv", "reports")
    }
    assert "written: reports/index.html" in result.stdout
    assert "beyondbase/claims/test_sec31_crossing.py ." in result.stdout, "names are short"
    made_by = json.loads((tmp_path / "reports" / "run.json").read_text(encoding="utf-8"))["command"]
    assert made_by == " ".join(command).replace("judge study", "judge --study=study")


def test_judge_ends_as_pytest_would(tmp_path: Path) -> None:
    """A finding against expectation ends with 1, whatever options are handed on and how."""
    write_study(tmp_path, tail='[expect]\nrl-leads-at-1 = "REFUTED"')
    for arguments in (["-q", "--maxfail=3"], ["--", "-q", "--maxfail", "3", "-k", "leads"], ["-n", "2"]):
        result = run(tmp_path, "beyondbase", "judge", "study.toml", *arguments)
        assert result.returncode == 1, result.stdout + result.stderr
        assert claims_shown(result) == ["rl-leads-at-1"]
        assert "warning" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.toml"], "absent.toml: there is no such file; give a study file in TOML"),
        ([], "name a study file or its folder: beyondbase judge STUDY; fixtures/ here holds none"),
        (["study.toml", "--inconclusive=perhaps"], "invalid choice: 'perhaps'"),
        (["study.toml", "--alpha", "5"], "found '5'; use a number between 0 and 0.5"),
    ],
)
def test_mistakes_of_judge_end_with_2(tmp_path: Path, arguments: list[str], message: str) -> None:
    """A mistake is told without a traceback, and ends with the code of mistakes of all our commands."""
    write_study(tmp_path)
    result = run(tmp_path, "beyondbase", "judge", *arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert not (tmp_path / "reports").exists()


def test_judge_without_a_study_takes_the_built_in(tmp_path: Path) -> None:
    """Where fixtures/ holds studies, judge without a name judges these, with one report for all."""
    for name in ("one", "two"):
        write_study(tmp_path / "fixtures" / name, name)
    result = run(tmp_path, "beyondbase", "judge", "-q")
    assert result.returncode == 0, result.stdout + result.stderr
    assert claims_shown(result) == ["rl-leads-at-1"] * 2
    assert [line for line in result.stdout.splitlines() if "index.html" in line] == [
        "written: reports/index.html"
    ]


def test_own_claims_come_in_addition(tmp_path: Path) -> None:
    """Claims of claims/ where the user stands join the suite's, also in a file named like ours."""
    write_claim(tmp_path / "claims", claim_text("own", LEADS), "test_floor.py")
    (tmp_path / "claims" / "test_other.py").write_text("def test_other():\n    raise ValueError\n")
    study = write_study(tmp_path / "elsewhere", head=f"claims = {[*SUITE, 'own']}")
    write_claim(tmp_path / "elsewhere" / "claims", claim_text("not-mine", FAR))
    seen = []
    for arguments in (
        ["pytest", "--study", str(study)],
        ["pytest", "claims/test_floor.py", "--study", str(study)],
    ):
        result = run(tmp_path, *arguments)
        assert result.returncode == 0, result.stdout + result.stderr
        seen.append((claims_shown(result), (study.parent / "reports" / "results.json").read_bytes()))
    assert [shown for shown, _ in seen] == [["rl-leads-at-1", "own"], ["own"]]
    assert seen[0][1] == seen[1][1], "the family is the same, whatever is collected"


def test_tests_of_the_users_folder_do_not_run(tmp_path: Path) -> None:
    """A study is named, and no test: claims alone run, whatever testpaths and other folders hold."""
    write_study(tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_mine.py").write_text("def test_mine():\n    raise ValueError\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = tests\n")
    result = run(tmp_path, "pytest", "--study", "study.toml")
    assert (result.returncode, claims_shown(result)) == (0, ["rl-leads-at-1"])
    assert "1 passed" in result.stdout


def test_a_copy_of_the_claims_is_the_claims(tmp_path: Path) -> None:
    """A folder that someone copied claims/ into judges as without the copy."""
    write_study(tmp_path)
    alone = run(tmp_path, "pytest", "--study", "study.toml")
    before = (tmp_path / "reports" / "results.json").read_bytes()
    shutil.copytree(ROOT / "claims", tmp_path / "claims")
    for arguments in ([], ["claims"]):
        result = run(tmp_path, "pytest", "--study", "study.toml", *arguments)
        assert (result.returncode, claims_shown(result)) == (0, claims_shown(alone)), result.stderr
        assert "1 passed" in result.stdout
        assert (tmp_path / "reports" / "results.json").read_bytes() == before


def test_an_id_of_the_suite_is_not_taken(tmp_path: Path) -> None:
    """A claim of the user's that has the id of one of ours ends in one line, with three ways out."""
    write_study(tmp_path, head='claims = ["rl-leads-at-1"]')
    write_claim(tmp_path / "claims", claim_text("rl-leads-at-1", FAR))
    result = run(tmp_path, "beyondbase", "judge", "study.toml")
    assert result.returncode == 2
    (line,) = [line for line in result.stderr.splitlines() if line]
    assert "test_own.py: claim id 'rl-leads-at-1' is taken by the suite's" in line
    assert "rename yours, delete the file" in line
    (tmp_path / "pytest.ini").write_text("[pytest]\nbeyondbase_suite = false\n")
    result = run(tmp_path, "beyondbase", "judge", "study.toml", "--inconclusive=fail")
    assert "Finding rl-leads-at-1." in (tmp_path / "reports" / "results.json").read_text()


@pytest.mark.parametrize("arguments", [[], ["claims"], ["tests"]])
def test_projects_without_studies_are_left_alone(tmp_path: Path, arguments: list[str]) -> None:
    """Where no study is and no claim of ours, pytest runs as if the plugin were not there."""
    for folder in ("tests", "claims"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"test_{folder}.py").write_text("def test_plain(): pass\n")
    # As where the library is installed below the project.
    packaged = tmp_path / "lib" / "beyondbase"
    shutil.copytree(ROOT / "src" / "beyondbase", packaged)
    shutil.copytree(ROOT / "claims", packaged / "claims")
    environment = {**os.environ, "PYTHONPATH": str(packaged.parent), "PYTEST_ADDOPTS": "--ignore=lib"}
    command = [sys.executable, "-m", "pytest", *arguments]
    result = subprocess.run(  # noqa: S603 - our own interpreter and arguments
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "verdicts" not in result.stdout


def test_a_node_as_shown_can_be_run_again(tmp_path: Path) -> None:
    """The name that pytest shows of a claim of the suite runs that claim alone."""
    write_study(tmp_path, head='claims = ["rl-leads-at-1", "rl-sharpens"]\nalpha = 0.04')
    node = "beyondbase/claims/test_sec31_crossing.py::test_rl_leads_at_1[small/T/rl]"
    result = run(tmp_path, "pytest", "--study", "study.toml", node)
    assert (result.returncode, claims_shown(result)) == (0, ["rl-leads-at-1"]), result.stderr


def test_each_study_has_a_report_beside_it(tmp_path: Path) -> None:
    """Studies judged at once are reported each beside its file, and two files of a folder apart."""
    files = [
        write_study(tmp_path / "a", "one"),
        write_study(tmp_path / "a", "two", file="two.toml"),
        write_study(tmp_path / "b", "three"),
    ]
    result = run(tmp_path, "beyondbase", "judge", "-q", *map(str, files))
    assert result.returncode == 0, result.stdout + result.stderr
    for place, name in (("a/reports", "one"), ("a/reports/two", "two"), ("b/reports", "three")):
        assert f'"id": "{name}"' in (tmp_path / place / "results.json").read_text()
        assert f"written: {tmp_path / place}/index.html" in result.stdout or (
            f"written: {place}/index.html" in result.stdout
        )


def test_no_report_is_written_over_that_of_another_study(tmp_path: Path) -> None:
    """A folder that holds another study's results, or somebody else's file, is refused before judging."""
    first, second = write_study(tmp_path / "a", "one"), write_study(tmp_path / "b", "two")
    assert run(tmp_path, "beyondbase", "judge", str(first), "--report-dir", "out").returncode == 0
    before = (tmp_path / "out" / "results.json").read_bytes()
    result = run(tmp_path, "beyondbase", "judge", str(second), "--report-dir", "out")
    assert result.returncode == 2
    assert "out/results.json: holds results of one, not of two; name another folder" in result.stderr
    assert (tmp_path / "out" / "results.json").read_bytes() == before
    assert run(tmp_path, "beyondbase", "judge", str(first), "--report-dir", "out").returncode == 0
    (tmp_path / "out" / "results.json").write_text("[1]")
    result = run(tmp_path, "beyondbase", "judge", str(first), "--report-dir", "out")
    assert result.returncode == 2
    assert "is no results.json of beyondbase, so it is not overwritten" in result.stderr


def test_nox_takes_paths_from_where_the_user_stands(tmp_path: Path) -> None:
    """`nox -f` of a repository elsewhere judges the study named from here, and reports as named from here."""
    write_study(tmp_path / "here")
    pytest_ = tmp_path / "bin" / "pytest"
    pytest_.parent.mkdir()
    pytest_.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pytest "$@"\n')
    pytest_.chmod(0o755)
    path = os.pathsep.join([str(pytest_.parent), os.environ["PATH"]])
    nox = (sys.executable, "-m", "nox", "--no-venv", "--no-install", "-f", str(ROOT / "noxfile.py"), "-s")
    study = ["--study", "study.toml"]
    for options, place in (
        (study, "reports"),
        ([*study, "--report-dir", "made"], "made"),
        (["--report-dir", "of-the-built-in"], "of-the-built-in"),
    ):
        result = subprocess.run(  # noqa: S603 - our own interpreter and arguments
            [*nox, "claims", "--", *options],
            cwd=tmp_path / "here",
            env={**os.environ, "PATH": path, "PYTEST_ADDOPTS": ""},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        assert (tmp_path / "here" / place / "index.html").is_file()
        shutil.rmtree(tmp_path / "here" / place)
