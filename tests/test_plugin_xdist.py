"""What a verdict does not depend on: selection, order, workers, order of rows; and who else takes part."""

import random
from xml.etree import ElementTree as ET

import pytest
from plugin_project import (
    FAR,
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

REVERSE = "def pytest_collection_modifyitems(items):\n    items.reverse()\n"
SELECTIONS = {
    "one claim": ["-k", "rl_leads"],
    "one file": ["claims/test_one.py"],
    "one item": ["claims/test_one.py::test_rl_leads[small/T/rl]"],
    "reversed": ["-p", "reverse"],
    "one folder": ["claims"],
}


@pytest.mark.parametrize("arguments", SELECTIONS.values(), ids=SELECTIONS)
def test_verdicts_do_not_depend_on_the_selection(pytester: pytest.Pytester, arguments: list[str]) -> None:
    """Any part of the claims in any order gives the same line, and byte for byte the same results.json."""
    project = outcome_project(pytester)
    project.write("reverse.py", REVERSE)
    pytester.syspathinsert()
    whole = words_of(project.run("-q"), "rl-leads")
    before = project.results_file().read_bytes()
    project.results_file().unlink()
    result = project.run("-q", *arguments)
    assert words_of(result, "rl-leads") == whole
    assert project.results_file().read_bytes() == before


def test_verdicts_do_not_depend_on_workers(pytester: pytest.Pytester) -> None:
    """Under xdist outcomes, table, JUnit properties and results.json are those of a run without it."""
    project = outcome_project(pytester)
    options = ["-q", "-o", "junit_family=xunit1", "--alpha=0.04", "--inconclusive=fail"]
    seen = []
    for name, workers in (("alone", []), ("workers", ["-n", "2"])):
        result = project.run(*options, f"--junitxml={name}.xml", f"--report-dir={name}", *workers)
        result.assert_outcomes(passed=1, failed=3, errors=2, xfailed=2)
        rows = [line for line in result.outlines if line.split()[1:3] == ["rl", "T"]]
        seen.append((rows, properties(project, f"{name}.xml"), project.results_file(name).read_bytes()))
    assert seen[0] == seen[1]
    assert len(seen[0][0]) == 8
    assert project.results("workers")["studies"][0]["alpha"] == 0.04


def test_verdicts_do_not_depend_on_filters_of_warnings(pytester: pytest.Pytester) -> None:
    """A claim that warns has one verdict, whichever item of the run was judged first and what it filters."""
    project = simple_project(
        pytester,
        claim_text("rl-leads", LEADS),
        claim_text("warns", f"warnings.warn('so') or {LEADS}", mark='@pytest.mark.filterwarnings("ignore")'),
    )
    project.claims(
        {"test_claims.py": "import warnings\n" + (project.path / "claims/test_claims.py").read_text()}
    )
    seen = []
    for arguments in ([], ["-k", "warns"], ["-W", "ignore"]):
        project.run("-W", "error", *arguments)
        seen.append(project.outcomes())
    assert seen[0] == seen[1] == seen[2]


def properties(project: Project, name: str) -> dict[str, dict[str, str]]:
    """Properties of the test cases of a JUnit file, by the name of the case."""
    cases = ET.parse(project.path / name).getroot().iter("testcase")  # noqa: S314 - our own file
    return {
        case.attrib["name"]: {item.attrib["name"]: item.attrib["value"] for item in case.iter("property")}
        for case in cases
    }


def test_junit_has_the_verdict(pytester: pytest.Pytester) -> None:
    """Each claim's case in a JUnit file has verdict, effect, its name and adjusted p, however it ends."""
    project = outcome_project(pytester)
    project.run("--junitxml=junit.xml", "-o", "junit_family=xunit1")
    found = properties(project, "junit.xml")
    assert {name: case["verdict"] for name, case in found.items()} == {
        "test_rl_leads[small/T/rl]": "SUPPORTED",
        "test_base_leads[small/T/rl]": "REFUTED",
        "test_far_ahead[small/T/rl]": "INCONCLUSIVE",
        "test_at_large_k[small/T/rl]": "INVALID",
        "test_broken[small/T/rl]": "INVALID",
        "test_known_refuted[small/T/rl]": "REFUTED",
        "test_surprise[small/T/rl]": "SUPPORTED",
        "test_known_open[small/T/rl]": "INCONCLUSIVE",
    }
    leads = found["test_rl_leads[small/T/rl]"]
    assert leads["effect"].startswith("+37.5 [+")
    assert leads["effect_of"] == "RL - base pass@1"
    assert 0 < float(leads["p_adjusted"]) < 0.05


def test_results_do_not_depend_on_the_order_of_rows(pytester: pytest.Pytester) -> None:
    """Shuffled rows give the same bytes of results.json, and another count does not."""
    project = simple_project(pytester, claim_text("rl-leads", LEADS), claim_text("far-ahead", FAR))
    project.run()
    ordered = project.results_file().read_bytes()
    head, *rows = counts_text().splitlines()
    random.Random(1).shuffle(rows)  # noqa: S311 - no secret
    project.study(counts="\n".join([head, *rows, ""]))
    project.run()
    assert project.results_file().read_bytes() == ordered
    project.study(counts=counts_text({"base": 0, "rl": 2}))
    project.run()
    assert project.results_file().read_bytes() != ordered


def test_cases_that_share_an_arm_are_told_apart(pytester: pytest.Pytester) -> None:
    """Contrasts among three arms have an id and a verdict each, and their items the outcome of that."""
    project = simple_project(
        pytester,
        claim_text(
            "more-kl-leads",
            'greater(pair.difference(1, arm=pair.others[0], minus=pair.others[1]), 0.0, "more")',
            over='contrasts("kl")',
        ),
    )
    arms = {"base": "base", "a": "rl", "b": "rl", "c": "rl"}
    text = study_text(arms=arms)
    for arm, kl in (("a", 0.0), ("b", 0.1), ("c", 0.2)):
        text = text.replace(f'[arms."{arm}"]', f'[arms."{arm}"]\nkl = {kl}')
    project.study(study=text, counts=counts_text({"base": 0, "a": 0, "b": 1, "c": 0}))
    result = project.run("-o", "strict_parametrization_ids=true")
    verdicts = project.results()["studies"][0]["verdicts"]
    outcomes = [verdict["outcome"] for verdict in verdicts]
    assert len({verdict["id"] for verdict in verdicts}) == len(verdicts)
    assert set(outcomes) == {"SUPPORTED", "INCONCLUSIVE"}
    result.assert_outcomes(passed=outcomes.count("SUPPORTED"), skipped=outcomes.count("INCONCLUSIVE"))


def test_marks_of_the_user_keep_working(pytester: pytest.Pytester) -> None:
    """A claim is chosen by its marks, uses fixtures by mark, and may be skipped or expected to fail."""
    project = Project(pytester)
    project.write("pytest.ini", "[pytest]\nstrict = true\nmarkers =\n    slow: takes long\n")
    project.write("conftest.py", "import pytest\n\n@pytest.fixture\ndef loud():\n    print('fixture ran')\n")
    project.claims(
        claim_text("slow-one", LEADS, mark="@pytest.mark.slow")
        + claim_text("with-fixture", LEADS, mark='@pytest.mark.usefixtures("loud")')
        + claim_text("skipped", LEADS, mark='@pytest.mark.skip(reason="not now")')
        + claim_text("invalid-skipped", LEADS, large_k=True, mark='@pytest.mark.skip(reason="not now")')
        + claim_text("failing", LEADS.replace("greater", "less"), mark="@pytest.mark.xfail"),
    )
    project.study()
    result = project.run("-m", "not slow", "-rP")
    result.stdout.fnmatch_lines(["fixture ran"])
    result.assert_outcomes(passed=1, skipped=2, xfailed=1, deselected=1)
    project.run("-m", "slow").assert_outcomes(passed=1, deselected=4)


def test_a_run_from_below_the_root_is_the_same(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run from the folder of claims, studies and reports are still those of the root of the project."""
    project = simple_project(pytester)
    project.write("pytest.ini", "[pytest]\n")
    monkeypatch.chdir(project.path / "claims")
    project.run().assert_outcomes(passed=1)
    assert project.outcomes() == {"rl-leads": "SUPPORTED"}


def test_claims_stand_where_the_ini_file_says(pytester: pytest.Pytester) -> None:
    """Folders of the key beyondbase_claims form one family, and claims/ then is a folder like others."""
    project = Project(pytester)
    project.write("pytest.ini", "[pytest]\nbeyondbase_claims =\n    proofs\n    more/proofs\n")
    project.claims({"test_lead.py": claim_text("rl-leads", LEADS)}, folder="proofs")
    project.claims({"test_far.py": claim_text("far-ahead", FAR)}, folder="more/proofs")
    project.study()
    project.run().assert_outcomes(passed=1, skipped=1)
    assert len(project.results()["studies"][0]["verdicts"]) == 2
    project.run("proofs").assert_outcomes(passed=1)
    assert len(project.results()["studies"][0]["verdicts"]) == 2


@pytest.mark.parametrize("autoload", [True, False])
def test_a_conftest_may_load_the_plugin_too(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, *, autoload: bool
) -> None:
    """The root conftest may name the plugin beside the entry point, or be the only one to load it."""
    if not autoload:
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    project = simple_project(pytester)
    project.write("conftest.py", 'pytest_plugins = ["beyondbase.plugin"]\n')
    result = pytester.runpytest_subprocess("-W", "error")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["rl-leads *"])
    assert "warning" not in whole_output(result).lower()
