"""Mistakes in studies, options and claims: one clear message, the right exit code, never a traceback."""

from collections.abc import Callable

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
)


def no_change(project: Project) -> None:
    """Leave the project as it is."""


def remove_fixtures(project: Project) -> None:
    """Leave the project without a study."""
    (project.path / "fixtures").rename(project.path / "elsewhere")


WAIVE_NOTHING = '[waive]\n"rl-leads[T/base]" = { reason = "r", owner = "o", until = 2027-01-31 }'
STUDY_MISTAKES = {
    "missing study": (no_change, ["--study", "no/such.toml"], "no/such.toml: there is no such file"),
    "broken TOML": (lambda p: p.study(study="id = \n"), [], "study.toml:1: found what is not TOML"),
    "two mistakes": (
        lambda p: p.study(study=study_text(head="alpha = 2.0\nseeds = 1")),
        [],
        'seeds: found an unknown key (did you mean "seed"?)',
    ),
    "unknown claim": (
        lambda p: p.study(study=study_text(head='claims = ["rl-leds"]')),
        [],
        "claims: found 'rl-leds'; use ids of claims at hand: rl-leads (did you mean \"rl-leads\"?)",
    ),
    "idle expectation": (
        lambda p: p.study(study=study_text(tail='[expect]\nrl-trails = "REFUTED"')),
        [],
        "[expect] 'rl-trails' matches nothing that is judged here",
    ),
    "idle waiver": (
        lambda p: p.study(study=study_text(tail=WAIVE_NOTHING)),
        [],
        "[waive] 'rl-leads[T/base]' matches nothing that is judged here",
    ),
    "no examples": (
        lambda p: p.study(study=study_text(evidence='examples = "read.jsonl"')),
        [],
        "read.jsonl: there is no such file",
    ),
    "no study": (remove_fixtures, [], "found no study in fixtures/; give one with --study"),
    "one id twice": (
        lambda p: p.study("other", study=study_text("small")),
        [],
        "small/study.toml: id: found 'small', which ",
    ),
    "one study twice": (
        no_change,
        ["--study", "fixtures/small", "--study", "fixtures/small/study.toml"],
        "small/study.toml: id: found 'small', which ",
    ),
    "more correct than sampled": (
        lambda p: p.study(counts=counts_text().replace("T,rl,3,8,5", "T,rl,3,8,9")),
        [],
        "counts.csv:45: c: found 9, which is more than n = 8",
    ),
    "missing counts": (
        lambda p: (p.path / "fixtures/small/counts.csv").unlink(),
        [],
        "counts.csv: cannot be read (No such file or directory)",
    ),
    "claim id taken": (
        lambda p: p.claims({"test_z.py": claim_text("rl-leads", LEADS)}),
        [],
        "test_z.py: claim id 'rl-leads' is taken by ",
    ),
    "study without claims": (
        lambda p: (p.path / "claims/test_claims.py").unlink(),
        ["--study", "fixtures/small"],
        "beyondbase_claims",
    ),
}


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "xdist"])
@pytest.mark.parametrize(("change", "arguments", "message"), STUDY_MISTAKES.values(), ids=STUDY_MISTAKES)
def test_mistakes_in_the_input_end_in_one_message(
    pytester: pytest.Pytester,
    change: Callable[[Project], object],
    arguments: list[str],
    message: str,
    workers: list[str],
) -> None:
    """A mistake in a study or its files is a usage error that is told once, before any worker starts."""
    project = simple_project(pytester)
    change(project)
    result = project.run(*arguments, *workers)
    output = whole_output(result)
    assert result.ret == pytest.ExitCode.USAGE_ERROR, output
    assert str(result.stderr).count("ERROR: ") == 1
    assert message in str(result.stderr)
    assert not result.outlines, "nothing was started"
    assert "Traceback" not in output
    assert "INTERNALERROR" not in output
    assert not (project.path / "reports").exists()


@pytest.mark.parametrize("alpha", ["0", "0.5", "-1", "nan", "five"])
def test_alpha_is_checked(pytester: pytest.Pytester, alpha: str) -> None:
    """A level that is no number between 0 and 0.5 is refused with the way to write it."""
    result = simple_project(pytester).run(f"--alpha={alpha}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--alpha: found '{alpha}'; use a number between 0 and 0.5, such as 0.05"])


def test_a_mistake_is_told_by_pytest_itself(pytester: pytest.Pytester) -> None:
    """In a process of its own, a mistake costs one line on stderr and exit code 4."""
    simple_project(pytester)
    result = pytester.runpytest_subprocess("--study", "nowhere")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert [line for line in result.errlines if line] == [
        "ERROR: nowhere: there is no such file; give a study file in TOML, or a folder that holds study.toml"
    ]


BROKEN_MODULES = {
    "syntax": ("def test_x(:\n", "SyntaxError"),
    "import": ("import no_such_module\n", "no_such_module"),
    "raises": ("raise RuntimeError('not like this')\n", "not like this"),
}


@pytest.mark.parametrize(("text", "message"), BROKEN_MODULES.values(), ids=BROKEN_MODULES)
def test_a_module_of_claims_that_breaks_is_named(pytester: pytest.Pytester, text: str, message: str) -> None:
    """A module of claims that cannot be imported is named with the reason; pytest itself does not break."""
    project = simple_project(pytester)
    project.write("claims/test_broken.py", text)
    result = project.run()
    output = whole_output(result)
    assert result.ret in {pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERRUPTED}, output
    assert "test_broken.py" in output
    assert message in output
    assert "INTERNALERROR" not in output


def test_a_module_of_claims_may_skip_itself(pytester: pytest.Pytester) -> None:
    """An importorskip at the top of a module of claims skips that module as in any test."""
    project = simple_project(pytester)
    project.write("claims/test_more.py", "import pytest\n\npytest.importorskip('no_such_module')\n")
    project.run().assert_outcomes(passed=1, skipped=1)


def test_claims_may_import_a_neighbour(pytester: pytest.Pytester) -> None:
    """A module of claims imports what lies beside it, as pytest lets every test module."""
    project = simple_project(pytester)
    project.write("claims/margins.py", "FAR = 0.1\n")
    far = claim_text("far-ahead", 'greater(pair.difference(1), FAR, "RL far ahead")')
    project.claims({"test_far.py": "from margins import FAR\n" + far})
    project.run().assert_outcomes(passed=2)


@pytest.mark.parametrize("arguments", ["pair, tmp_path", "", "pair, extra=None"])
def test_a_claim_takes_one_argument(pytester: pytest.Pytester, arguments: str) -> None:
    """A claim with more arguments than its case, or none, is a collection error that says so."""
    result = simple_project(pytester, claim_text("odd", LEADS, arguments=arguments)).run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["claim 'odd' must take one argument, its case*"])
    assert "Traceback" not in whole_output(result)


OUTSIDE = {
    "other folder": ("tests/test_stray.py", claim_text("stray", LEADS)),
    "folder below": ("claims/below/test_stray.py", claim_text("stray", LEADS)),
}


@pytest.mark.parametrize(("file", "text"), OUTSIDE.values(), ids=OUTSIDE)
def test_a_claim_outside_of_its_folders_is_refused(pytester: pytest.Pytester, file: str, text: str) -> None:
    """A claim whose p-value would be missing from the family is a collection error that names the key."""
    project = simple_project(pytester)
    project.claims({file.rpartition("/")[2]: text}, folder=file.rpartition("/")[0])
    result = project.run(file)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        ["claim 'stray' stands outside the folders of the ini key beyondbase_claims*"]
    )
    assert "Traceback" not in whole_output(result)


def test_mistakes_show_without_the_early_check(pytester: pytest.Pytester) -> None:
    """A mistake that is met only at collection, as with --pyargs, is a message as well."""
    project = simple_project(pytester)
    project.write("claims/__init__.py", "")
    pytester.syspathinsert()
    project.study(study="id = \n")
    result = project.run("--pyargs", "claims.test_claims")
    output = whole_output(result)
    assert result.ret in {pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERRUPTED}, output
    assert "study.toml:1: found what is not TOML" in output
    assert "INTERNALERROR" not in output
    assert "mistakes.py" not in output, "no traceback"


def test_mistakes_are_found_through_a_link(pytester: pytest.Pytester) -> None:
    """A root that is reached by a symbolic link is searched for claims like any other."""
    project = simple_project(pytester)
    project.study(study="id = \n")
    project.write("pytest.ini", "[pytest]\n")
    link = project.path.with_name(f"link-to-{project.path.name}")
    link.symlink_to(project.path)
    result = project.run(f"--rootdir={link}", "-c", link / "pytest.ini")
    assert result.ret == pytest.ExitCode.USAGE_ERROR, whole_output(result)


def test_errors_leave_an_earlier_report_alone(pytester: pytest.Pytester) -> None:
    """A run that ends in a usage error changes nothing that an earlier run wrote."""
    project = outcome_project(pytester)
    project.run()
    before = project.results_file().read_bytes()
    project.run("--study", "nowhere")
    assert project.results_file().read_bytes() == before
