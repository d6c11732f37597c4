"""A run that names a study ends well only if its claims were collected, judged and told."""

import pytest
from plugin_project import LEADS, TRAILS, Project, claim_text, simple_project, whole_output

SKIP = 'import unittest\n\n\ndef leave():\n    raise unittest.SkipTest("no numpy")\n'


def test_paths_of_an_ini_file_do_not_take_the_place_of_claims(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where addopts name tests, a study that is named is judged all the same."""
    project = simple_project(pytester, claim_text("rl-trails", TRAILS))
    project.write("tests/test_ok.py", "def test_ok():\n    pass\n")
    project.write("pytest.ini", "[pytest]\naddopts = tests\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", "tests")
    result = project.run("--study=fixtures/small")
    assert result.ret == pytest.ExitCode.TESTS_FAILED, whole_output(result)
    assert project.outcomes() == {"rl-trails": "REFUTED"}


def test_a_study_of_which_nothing_is_told_is_no_success(pytester: pytest.Pytester) -> None:
    """Tests that are named beside a study may pass, but the run says that no claim was."""
    project = simple_project(pytester)
    project.write("tests/test_ok.py", "def test_ok():\n    pass\n")
    assert project.run("tests", "--study=fixtures/small").ret == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_a_claim_that_pytest_does_not_collect_stops_the_run(
    pytester: pytest.Pytester, workers: list[str]
) -> None:
    """It would be judged with the others, and its refutation told by nobody."""
    project = simple_project(pytester, claim_text("rl-leads", LEADS), claim_text("hidden", TRAILS))
    path = project.path / "claims" / "test_claims.py"
    path.write_text(path.read_text().replace("def test_hidden", "def check_hidden"))
    result = project.run("--study=fixtures/small", *workers)
    assert result.ret not in {0, pytest.ExitCode.TESTS_FAILED}
    assert "pytest does not collect hidden" in whole_output(result)


@pytest.mark.parametrize(
    "leaves",
    ['pytest.exit("bye", returncode=0)', "leave()", 'pytest.skip("no")', "sys.exit(0)"],
)
def test_a_claim_that_leaves_is_invalid(pytester: pytest.Pytester, leaves: str) -> None:
    """What pytest or Python takes for an order to skip or to end well is no verdict, and ends as an error."""
    project = Project(pytester)
    project.claims(f"import sys\n{SKIP}" + claim_text("leaving", leaves))
    project.study()
    result = project.run("--study=fixtures/small")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(errors=1)
    assert project.outcomes() == {"leaving": "INVALID"}


@pytest.mark.parametrize(
    "name",
    ["test_nope.py", "test_sec41_sharpening.py::test_nope", "test_sec41_sharpening.py::test_rl_sharpens[x]"],
)
def test_a_claim_that_is_asked_for_and_not_there_is_told(pytester: pytest.Pytester, name: str) -> None:
    """A list of names in CI does not lose one that was renamed."""
    project = simple_project(pytester)
    (project.path / "claims" / "test_claims.py").unlink()
    there = "beyondbase/claims/test_versus_paper.py::test_rl_covers_more_reliably"
    arguments = ("-p", "no:cacheprovider", f"beyondbase/claims/{name}", there, "--study=fixtures/small")
    result = pytester.runpytest_inprocess(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"found no claim beyondbase/claims/{name}" in whole_output(result)
    assert pytester.runpytest_inprocess(*arguments[:2], *arguments[3:]).ret in {0, 1}


def test_settings_of_names_do_not_hide_the_suites_claims(pytester: pytest.Pytester) -> None:
    """Whatever an ini file calls tests, all claims of the suite that apply are told."""
    project = simple_project(pytester)
    (project.path / "claims" / "test_claims.py").unlink()
    project.write("pytest.ini", "[pytest]\npython_functions = it_*\n")
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--study=fixtures/small")
    assert sum(result.parseoutcomes().values()) > 5


VERDICT = """
from dataclasses import dataclass


@dataclass(frozen=True)
class Own(Verdict):
    more: object = None

"""


@pytest.mark.parametrize("more", ["None", "(x for x in ())"], ids=["own class", "what cannot travel"])
def test_verdicts_of_ones_own_making_are_told_by_workers(pytester: pytest.Pytester, more: str) -> None:
    """A Verdict that does not travel between processes is judged where it is told."""
    project = simple_project(pytester, VERDICT + claim_text("own", f'Own("x", 1.0, 1e-30, more={more})'))
    for workers in ([], ["-n", "2"]):
        result = project.run("--study=fixtures/small", *workers)
        result.assert_outcomes(failed=1)
        assert result.ret == pytest.ExitCode.TESTS_FAILED, whole_output(result)
