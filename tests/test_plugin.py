"""Claims as pytest items: what each verdict does to its test, what is printed and what is written."""

import json

import pytest
from plugin_project import (
    LEADS,
    Project,
    claim_text,
    counts_text,
    outcome_project,
    simple_project,
    study_text,
    whole_output,
    words_of,
)


def test_every_verdict_has_its_outcome(pytester: pytest.Pytester) -> None:
    """SUPPORTED passes, REFUTED fails, INCONCLUSIVE skips, INVALID errs; expectations turn these."""
    result = outcome_project(pytester).run("-v")
    result.stdout.fnmatch_lines(
        [
            "*::test_rl_leads[[]small/T/rl] PASSED*",
            "*::test_base_leads[[]small/T/rl] FAILED*",
            "*::test_far_ahead[[]small/T/rl] SKIPPED*",
            "*::test_at_large_k[[]small/T/rl] ERROR*",
            "*::test_broken[[]small/T/rl] ERROR*",
            "*::test_known_refuted[[]small/T/rl] XFAIL*",
            "*::test_surprise[[]small/T/rl] FAILED*",
            "*::test_known_open[[]small/T/rl] XFAIL*",
        ],
        consecutive=True,
    )
    result.assert_outcomes(passed=1, failed=2, skipped=1, errors=2, xfailed=2)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_messages_say_the_verdict_in_one_line(pytester: pytest.Pytester) -> None:
    """A verdict that is not wanted is told in one line; only broken code shows a traceback, and its own."""
    result = outcome_project(pytester).run("-rsx")
    result.stdout.fnmatch_lines(
        [
            "*ERROR at setup of test_broken*",
            ">*return 1 / 0",
            "E*ZeroDivisionError: division by zero",
            "claims/test_one.py:*: ZeroDivisionError",
            "*= FAILURES =*",
            "*_ test_base_leads*",
            "REFUTED: base ahead at k = 1: RL - base pass@1 +* [[]+*, +*] pts, adjusted p = *, expected *",
            "*_ test_surprise*",
            "[[]XPASS(strict)] SUPPORTED: RL ahead at k = 1: *, expected REFUTED by the study",
            "*= verdicts =*",
            "INVALID: at-large-k[[]T/rl]: too few samples for claims about large k, which need n >= 16 *",
            "INVALID: broken[[]T/rl]: the claim's code failed: *",
        ]
    )
    assert whole_output(result).count("\nE ") == 1, "only one traceback"
    assert "ERROR at setup of test_at_large_k" not in whole_output(result)
    result.stdout.fnmatch_lines(["SKIPPED*INCONCLUSIVE: RL far ahead *problems would probably decide*"])
    result.stdout.fnmatch_lines(["XFAIL*REFUTED as expected: seen before"])
    result.stdout.fnmatch_lines(["XFAIL*INCONCLUSIVE as expected: no reason given"])


def test_inconclusive_can_fail(pytester: pytest.Pytester) -> None:
    """--inconclusive=fail fails what is undecided, with the remedy, but not where that is expected."""
    result = outcome_project(pytester).run("--inconclusive=fail", "-k", "far_ahead or known_open")
    result.assert_outcomes(failed=1, xfailed=1, deselected=6)
    result.stdout.fnmatch_lines(["INCONCLUSIVE: RL far ahead at k = 1: *problems would probably decide*"])


def test_a_broken_claim_leaves_the_others_alone(pytester: pytest.Pytester) -> None:
    """One claim whose code fails is INVALID in the results, and the rest keep their verdicts."""
    project = outcome_project(pytester)
    project.run("-q")
    assert project.outcomes() == {
        "rl-leads": "SUPPORTED",
        "base-leads": "REFUTED",
        "far-ahead": "INCONCLUSIVE",
        "at-large-k": "INVALID",
        "broken": "INVALID",
        "known-refuted": "REFUTED",
        "surprise": "SUPPORTED",
        "known-open": "INCONCLUSIVE",
    }


@pytest.mark.parametrize(
    ("returns", "error"),
    [
        pytest.param("None", "None", id="no verdict"),
        pytest.param("Verdict('x', float('nan'), 0.5)", "nan", id="no number"),
        pytest.param("pytest.fail('gave up')", "gave up", id="pytest.fail"),
        pytest.param("pytest.skip('not today')", "not today", id="pytest.skip"),
    ],
)
def test_what_is_no_verdict_is_an_error(pytester: pytest.Pytester, returns: str, error: str) -> None:
    """A claim that returns no Verdict, or leaves through pytest, errs alone."""
    project = simple_project(pytester, claim_text("rl-leads", LEADS), claim_text("odd", returns))
    result = project.run()
    result.assert_outcomes(passed=1, errors=1)
    assert error in whole_output(result)
    assert project.outcomes() == {"rl-leads": "SUPPORTED", "odd": "INVALID"}


def test_table_has_one_line_per_verdict(pytester: pytest.Pytester) -> None:
    """The table has claim, pair, task, verdict, effect with interval and name, adjusted p, also with -q."""
    result = outcome_project(pytester).run("-q")
    assert words_of(result, "claim")[:6] == ["claim", "pair", "task", "verdict", "effect", "[interval]"]
    name, pair, task, verdict, estimate, lower, upper, unit, p, *of = words_of(result, "rl-leads")
    assert (name, pair, task, verdict, unit) == ("rl-leads", "rl", "T", "SUPPORTED", "pts")
    assert 0 < float(lower.strip("[,")) < float(estimate) < float(upper.strip("]"))
    assert 0 < float(p) < 0.05
    assert " ".join(of) == "RL - base pass@1"
    assert words_of(result, "at-large-k") == ["at-large-k", "rl", "T", "INVALID"]
    assert words_of(result, "surprise")[-2:] == ["expected", "REFUTED"]


@pytest.mark.parametrize("columns", ["20", "60"])
def test_a_narrow_terminal_and_foreign_names_are_shown(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    """A narrow terminal and arm names in any script keep the table whole."""
    monkeypatch.setenv("COLUMNS", columns)
    project = simple_project(pytester)
    arms = {"base": "base", "GRPO π 基": "rl"}
    project.study(study=study_text(arms=arms), counts=counts_text(dict(zip(arms, (0, 1), strict=True))))
    result = project.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["rl-leads  GRPO π 基 *T *SUPPORTED*"])
    assert project.results()["studies"][0]["verdicts"][0]["case"] == "T/GRPO π 基"


def test_claims_that_do_not_apply_are_named(pytester: pytest.Pytester) -> None:
    """A claim without a case has no item and no skip, but one line that says what it needs."""
    lacking = claim_text("distilled-leads", LEADS, over='pairs("distilled")')
    result = simple_project(pytester, claim_text("rl-leads", LEADS), lacking).run("-v", "-rs")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*test_distilled_leads*")
    result.stdout.fnmatch_lines(
        ["not applicable to small: distilled-leads (needs a base arm and an arm with role distilled on *"]
    )


def test_a_run_without_applicable_claim_says_why(pytester: pytest.Pytester) -> None:
    """Where no claim applies, the summary still names what each needs."""
    result = simple_project(pytester, claim_text("alone", LEADS, over='pairs("teacher")')).run()
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(
        ["not applicable to small: alone (needs a base arm and an arm with role teacher*"]
    )


def test_empty_parameter_sets_may_be_forbidden(pytester: pytest.Pytester) -> None:
    """A claim without a case is no mistake, also where the project forbids empty parameter sets."""
    project = simple_project(
        pytester, claim_text("rl-leads", LEADS), claim_text("alone", LEADS, over='pairs("teacher")')
    )
    project.run("-o", "empty_parameter_set_mark=fail_at_collect").assert_outcomes(passed=1)


def test_results_and_page_are_written_when_claims_ran(pytester: pytest.Pytester) -> None:
    """A run of claims writes results.json and index.html to reports/ and says so."""
    project = simple_project(pytester)
    result = project.run()
    names = {path.name for path in (project.path / "reports").iterdir()}
    assert names >= {"index.html", "results.json"}
    assert [name for name in names if name.endswith(".tmp")] == []
    result.stdout.fnmatch_lines(["written: *reports*results.json", "written: *reports*index.html"])


@pytest.mark.parametrize("arguments", [["--collect-only", "-q"], ["test_plain.py"], ["-k", "plain"]])
def test_nothing_is_written_when_no_claim_ran(pytester: pytest.Pytester, arguments: list[str]) -> None:
    """Collecting claims, or running ordinary tests beside them, leaves no report and no table."""
    project = simple_project(pytester)
    project.write("test_plain.py", "def test_plain(): pass\n")
    result = project.run(*arguments)
    assert result.ret == 0
    assert not (project.path / "reports").exists()
    result.stdout.no_fnmatch_line("*verdicts*")


def test_ordinary_tests_stand_beside_claims(pytester: pytest.Pytester) -> None:
    """Tests with fixtures and parameters work in the module of a claim, and stay out of the results."""
    project = simple_project(
        pytester,
        claim_text("rl-leads", LEADS),
        '\n\n@pytest.mark.parametrize("x", [1, 2])\ndef test_x(x, tmp_path):\n    assert x < 2\n',
    )
    project.run().assert_outcomes(passed=2, failed=1)
    assert list(project.outcomes()) == ["rl-leads"]


def test_ids_name_study_task_and_arm(pytester: pytest.Pytester) -> None:
    """--collect-only lists a claim once per study, task and arm."""
    project = outcome_project(pytester)
    project.study("other", study=study_text("other"))
    result = project.run("--study", "fixtures/other", "--collect-only", "-q", "claims/test_one.py")
    assert result.outlines[:2] == [
        "claims/test_one.py::test_rl_leads[other/T/rl]",
        "claims/test_one.py::test_base_leads[other/T/rl]",
    ]
    result.stdout.no_fnmatch_line("*small*")


def test_studies_are_chosen_by_option_or_all_run(pytester: pytest.Pytester) -> None:
    """Without --study all of fixtures/ runs; with it those given, file or folder, as often as wanted."""
    project = simple_project(pytester)
    for name in ("second", "third"):
        project.study(name)
    for arguments, ids in (
        ([], ["second", "small", "third"]),
        (["--study", "fixtures/third/study.toml"], ["third"]),
        (["--study=fixtures/third", "--study", "fixtures/small"], ["small", "third"]),
    ):
        project.run(*arguments).assert_outcomes(passed=len(ids))
        assert [study["id"] for study in project.results()["studies"]] == ids


def test_the_table_tells_studies_apart(pytester: pytest.Pytester) -> None:
    """Where several studies ran, every line of the table says which study it is about."""
    project = simple_project(pytester)
    project.study("second")
    result = project.run("-q")
    lines = [line for line in result.outlines if line.startswith("rl-leads")]
    assert len(set(lines)) == 2


def test_alpha_changes_verdicts_and_is_recorded(pytester: pytest.Pytester) -> None:
    """--alpha decides instead of the study's, and the results say at which level."""
    ahead = 'greater(pair.difference(1), 0.3, "RL ahead by far at k = 1")'
    project = simple_project(pytester, claim_text("far-ahead", ahead))
    seen = {}
    for alpha in ("0.05", "0.45"):
        project.run("--alpha", alpha, "--report-dir", f"at/{alpha}")
        study = project.results(f"at/{alpha}")["studies"][0]
        seen[study["alpha"]] = study["verdicts"][0]["outcome"]
    assert seen == {0.05: "INCONCLUSIVE", 0.45: "SUPPORTED"}
    assert not (project.path / "reports").exists()


def test_a_report_folder_that_cannot_be_made_is_told(pytester: pytest.Pytester) -> None:
    """A report folder below a file ends in one line and a failing exit code, not in a traceback."""
    project = simple_project(pytester)
    project.write("file", "")
    result = project.run("--report-dir", "file/below")
    assert result.ret not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
    result.stdout.fnmatch_lines(["not written: *file*Not a directory; see --report-dir"])
    assert "Traceback" not in whole_output(result)
    assert "INTERNALERROR" not in whole_output(result)


def test_results_stay_whole_when_writing_fails(pytester: pytest.Pytester) -> None:
    """When a file cannot be written, results.json is a whole one, old or new, and the run fails."""
    project = simple_project(pytester)
    project.run()
    before = project.results_file().read_bytes()
    (project.path / "reports/index.html").unlink()
    (project.path / "reports/index.html").mkdir()
    result = project.run()
    assert result.ret != 0
    result.stdout.fnmatch_lines(["not written: *index.html: Is a directory; *"])
    assert project.results_file().read_bytes() == before
    assert json.loads(before)["schema_version"] == 6


def test_plain_projects_are_left_alone(pytester: pytest.Pytester) -> None:
    """A project without claims sees no output and no files of ours, even if it has a folder claims/."""
    project = Project(pytester)
    project.write("tests/test_plain.py", "def test_plain(): pass\n")
    project.write("claims/test_insurance.py", "def test_insurance(): pass\n")
    for arguments in (["tests"], []):
        result = project.run(*arguments)
        assert result.ret == 0, whole_output(result)
        result.stdout.no_fnmatch_line("*verdicts*")
    assert not (project.path / "reports").exists()
