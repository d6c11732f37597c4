"""Unfit evidence: every cause in the same words wherever it is met, and told once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plugin_project import LEADS, TRAILS, claim_text, counts_text, simple_project, study_text, whole_output
from study_factory import BASE, RL, drawn, judged, pair_study, write_study

from beyondbase import Study
from beyondbase.judging.family import Judgement
from beyondbase.report import render_page
from beyondbase.report.markdown import render_summary
from beyondbase.report.terminal import concerned, reason_lines
from beyondbase.results.build import results_of
from beyondbase.results.schema import check_results

ALGORITHMS = ("PPO", "GRPO", "RLOO", "DAPO")


def arms_of(count: int) -> dict[str, dict[str, Any]]:
    """A base and RL arms that differ in the algorithm."""
    return {"base": BASE} | {f"rl{i}": RL | {"algorithm": ALGORITHMS[i % 4]} for i in range(count)}


def study_of(folder: Path, n: Mapping[str, int], **tables: Any) -> Study:
    """A study of six problems on two tasks, with so many samples per arm."""
    counts = {
        (task, arm): drawn(np.linspace(0.1, 0.9, 6), size, seed)
        for task in ("T", "U")
        for seed, (arm, size) in enumerate(n.items())
    }
    return write_study(folder, arms_of(len(n) - 1), counts, pooled="none", **tables)


def causes(judgement: Judgement) -> list[dict[str, Any]]:
    """What results.json says of unfit evidence."""
    content = results_of([judgement])
    check_results(content, "results.json")
    found: list[dict[str, Any]] = content["studies"][0]["unfit"]
    return found


FEW = "too few samples for claims about large k, which need n >= 16 on every problem: "
REMEDY = "; sample at least 16, or set [grid] k_large_min = 8"
SHORT = {
    "every arm": ({"base": 8, "rl0": 8, "rl1": 8}, "n = 8 in every arm"),
    "the base": ({"base": 8, "rl0": 64, "rl1": 64}, "n = 8 in 'base' on 'T', 'base' on 'U'"),
    "some arms": (
        {"base": 64, "rl0": 8, "rl1": 64, "rl2": 8},
        "n = 8 in 'rl0' on 'T', 'rl2' on 'T', 'rl0' on 'U'",
    ),
    "unlike arms": ({"base": 12, "rl0": 8}, "n = 12 in 'base' on 'T', 'base' on 'U'; n = 8 in 'rl0' on 'T'"),
    "many arms": (
        {"base": 64, **{f"rl{i}": 8 for i in range(9)}},
        "n = 8 in 'rl0' on 'T', 'rl1' on 'T', 'rl2' on 'T', 'rl3' on 'T', 'rl4' on 'T' and 13 more",
    ),
}


@pytest.mark.parametrize(("n", "where"), SHORT.values(), ids=SHORT)
def test_too_few_samples_are_one_cause(tmp_path: Path, n: dict[str, int], where: str) -> None:
    """However many arms and tasks have too few samples, one text names them and says what to do."""
    judgement = judged(study_of(tmp_path, n))
    (cause,) = causes(judgement)
    assert cause["reason"].startswith(FEW + where)
    assert cause["reason"].endswith(REMEDY)
    unfit = [entry for entry in judgement.judged if entry.verdict.invalid]
    assert cause["verdicts"] == [entry.id for entry in unfit]
    assert all(entry.claim.large_k for entry in unfit)


@pytest.mark.parametrize(
    ("grid", "needed", "remedy"),
    [
        ({}, 16, "k_large_min = 12"),
        ({"k_large": 64}, 64, "k_large = 12 and k_large_min = 12"),
        ({"k_large_min": 32}, 32, "k_large_min = 12"),
        ({"k_large": 64, "k_large_min": 8}, 64, "k_large = 12"),
    ],
)
def test_the_remedy_names_the_keys_that_stand_in_the_way(
    tmp_path: Path, grid: dict[str, int], needed: int, remedy: str
) -> None:
    """One problem with too few samples is named, and what is asked for is what the study asks for."""
    study = pair_study(tmp_path, ([64] * 3, [1, 2, 3]), ([64, 12, 64], [4, 5, 6]), grid=grid)
    (cause,) = causes(judged(study))
    assert f"need n >= {needed} on every problem: n = 12 on problem '1' in 'rl' on 'T';" in cause["reason"]
    assert cause["reason"].endswith(f"sample at least {needed}, or set [grid] {remedy}")
    mended = dict(item.split(" = ") for item in remedy.split(" and "))
    tables = {"grid": grid | {key: int(value) for key, value in mended.items()}}
    assert (
        causes(judged(pair_study(tmp_path, ([64] * 3, [1, 2, 3]), ([64, 12, 64], [4, 5, 6]), **tables))) == []
    )


def test_arms_that_no_such_claim_needs_are_not_named(tmp_path: Path) -> None:
    """An instruct model with one greedy sample takes part in no claim about large k, and is no cause."""
    arms = arms_of(1) | {"instruct": {"role": "instruct", "model": "made/instruct"}}
    counts = {arm: drawn(np.full(6, 0.5), 1 if arm == "instruct" else 32, 1) for arm in arms}
    assert causes(judged(write_study(tmp_path, arms, counts))) == []


OTHER = [*map(str, range(1, 7))]
STRAYS = {
    "base": "'base' on {!r} lacks '0' and has '6' beside those of the 4 arms that agree",
    "rl2": "'rl2' on {!r} lacks '0' and has '6' beside those of the 4 arms that agree",
}


@pytest.mark.parametrize(("arm", "told"), STRAYS.items(), ids=STRAYS)
def test_other_problems_of_one_arm_are_one_cause_a_task(tmp_path: Path, arm: str, told: str) -> None:
    """The arm that stands apart is named, the base too, in whichever cases it meets the others."""
    n = dict.fromkeys(arms_of(4), 64)
    judgement = judged(study_of(tmp_path, n, ids={arm: OTHER}))
    found = causes(judgement)
    assert [told.format(task) in cause["reason"] for cause, task in zip(found, "TU", strict=True)] == [
        True
    ] * 2
    concerned_by = {
        entry.case.id for entry in judgement.judged if arm in (entry.case.base, *entry.case.others)
    }
    assert {entry.case.id for entry in judgement.judged if entry.verdict.invalid} == concerned_by


def test_other_clusters_of_one_arm_are_one_cause(tmp_path: Path) -> None:
    """Clusters that one arm has otherwise are told once, and no other arm is blamed."""
    n = dict.fromkeys(arms_of(4), 64)
    clusters = {arm: list("aabbcc") for arm in n} | {"base": list("aabbcd")}
    found = causes(judged(study_of(tmp_path, n, clusters=clusters)))
    assert [cause["reason"].partition(";")[0] for cause in found] == [
        f"clusters differ: arm 'base' on {task!r} has others than the 4 arms that agree" for task in "TU"
    ]


def test_every_mismatch_has_its_cause(tmp_path: Path) -> None:
    """Where all arms have problems of their own, all but the base are named, and no case goes unexplained."""
    n = dict.fromkeys(arms_of(3), 64)
    ids = {arm: [f"{arm}-{i}" for i in range(6)] for arm in n}
    judgement = judged(study_of(tmp_path, n, ids=ids))
    assert all(entry.verdict.invalid for entry in judgement.judged)
    assert sorted({cause["reason"].split("'")[1] for cause in causes(judgement)}) == ["rl0", "rl1", "rl2"]


def test_two_causes_are_told_at_once(tmp_path: Path) -> None:
    """Who mends the one need not run again to hear of the other."""
    n = {"base": 64, "rl0": 8}
    found = causes(judged(study_of(tmp_path, n, ids={"rl0": OTHER})))
    assert sorted(cause["reason"].partition(":")[0] for cause in found) == [
        *["problem ids differ"] * 2,
        FEW.partition(",")[0] + ", which need n >= 16 on every problem",
    ]


def test_causes_stand_once_on_page_and_summary(tmp_path: Path) -> None:
    """The heads of page and summary tell a cause once, with the verdicts and cases that it concerns."""
    judgement = judged(study_of(tmp_path, {"base": 8, "rl0": 64, "rl1": 64}))
    content = results_of([judgement])
    (cause,) = content["studies"][0]["unfit"]
    told = concerned(cause)
    count = len(cause["verdicts"])
    assert told == f"{count} verdicts (7 claims on T/rl0, T/rl1, U/rl0, U/rl1)"
    assert reason_lines(content)[0] == f"INVALID: {told}: {cause['reason']}"
    assert render_page(content).partition("Unfit evidence")[2].partition("</ul>")[0].count(told) == 1
    assert render_summary(content).count("too few samples") == 1


def many_pairs(pytester: pytest.Pytester, *claims: str) -> Any:
    """A project of some claims on three pairs, with eight samples of each problem."""
    project = simple_project(pytester, *claims)
    arms = {"base": "base", "one": "rl", "two": "rl", "three": "rl"}
    counts = counts_text(dict(zip(arms, (0, 1, 1, 1), strict=True)))
    project.study(study=study_text(arms=arms), counts=counts)
    return project


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_the_terminal_tells_a_cause_once(pytester: pytest.Pytester, workers: list[str]) -> None:
    """Six errors of one cause are one line, without a section of errors, and still six errors."""
    project = many_pairs(
        pytester, claim_text("first", LEADS, large_k=True), claim_text("second", TRAILS, large_k=True)
    )
    result = project.run(*workers)
    result.assert_outcomes(errors=6)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    output = whole_output(result)
    assert output.count("too few samples") == 1
    assert "= ERRORS =" not in output
    assert "short test summary" not in output
    result.stdout.fnmatch_lines(["INVALID: 6 verdicts (2 claims on T/one, T/two, T/three): too few samples*"])
    result.stdout.fnmatch_lines(["  6 errors: 6 findings invalid, see INVALID above"])


def test_broken_code_shows_one_traceback(pytester: pytest.Pytester) -> None:
    """Code that fails on three cases in one way is shown once; code that fails otherwise beside it."""
    project = many_pairs(pytester, claim_text("broken", "1 / 0"), claim_text("other", "[][1]"))
    result = project.run()
    result.assert_outcomes(errors=6)
    output = whole_output(result)
    assert output.count("\nE   ") == 2
    assert output.count("ERROR at setup of") == 2
    assert output.count("\nE       ZeroDivisionError: division by zero") == 1


def test_other_errors_of_a_claim_are_kept(pytester: pytest.Pytester) -> None:
    """A fixture that fails beside unfit evidence is pytest's to tell."""
    project = many_pairs(pytester, claim_text("large", LEADS, large_k=True))
    project.write(
        "conftest.py",
        "import pytest\n\n@pytest.fixture(autouse=True)\ndef broken(request):\n    yield\n"
        "    pytest.fail('left a mess', pytrace=False)\n",
    )
    result = project.run()
    result.assert_outcomes(errors=6)
    assert whole_output(result).count("ERROR at teardown of") == 3


def test_selected_causes_alone_are_told(pytester: pytest.Pytester) -> None:
    """A cause is told with what this run selected of it, though results.json holds it whole."""
    project = many_pairs(
        pytester, claim_text("first", LEADS, large_k=True), claim_text("second", TRAILS, large_k=True)
    )
    result = project.run("-k", "first and one")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["INVALID: first[[]T/one]: too few samples*"])
    (cause,) = project.results()["studies"][0]["unfit"]
    assert len(cause["verdicts"]) == 6
