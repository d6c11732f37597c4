"""How alpha is shared among the verdicts of a family: all tasks first, secondary arms last."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import special, stats
from study_factory import BASE, RL, cases_of, drawn, judged, write_study

from beyondbase import Claim, Study, Verdict, pairs
from beyondbase.errors import InputError
from beyondbase.inference.graphical import Graph, adjusted_by
from beyondbase.judging.shares import FIRST, NEARLY_NONE, graph, pairs_of
from beyondbase.judging.verdict import Outcome

ALPHA = 0.05


def study_of(folder: Path, arms: dict[str, dict[str, Any]], tasks: str = "ABC", **tables: Any) -> Study:
    """A study with counts of all arms on all tasks."""
    every = {"base": BASE} | {name: RL | more for name, more in arms.items()}
    counts = {(task, arm): drawn([0.5] * 5, 16, seed) for task in tasks for seed, arm in enumerate(every)}
    return write_study(folder, every, counts, **tables)


def graph_of(folder: Path, arms: dict[str, dict[str, Any]], tasks: str = "ABC") -> tuple[Graph, list[str]]:
    """The graph of a claim about pairs, and the names of its cases."""
    cases = cases_of(study_of(folder, arms, tasks), pairs("rl"))
    return graph(pairs_of(cases), len(cases)), [case.id for case in cases]


def with_p(p: dict[str, float]) -> Claim:
    """A claim that comes out with given p-values by case."""
    return Claim(
        "made", "made", "nowhere", "none", pairs("rl"), lambda case: Verdict(case.id, p[case.id], 1.0)
    )


def test_a_case_alone_has_all_of_alpha(tmp_path: Path) -> None:
    """One pair on one task is tested as if it were alone, and several of them as Holm does."""
    assert graph_of(tmp_path / "one", {"x": {}}, "A")[0].shares == [1.0]
    several, names = graph_of(tmp_path / "three", {"x": {}, "y": {}, "z": {}}, "A")
    assert names == ["A/x", "A/y", "A/z"]
    assert_allclose(adjusted_by(several, [0.01, 0.02, 0.2]), [0.03, 0.04, 0.2], rtol=1e-3)


def test_no_graph_gives_more_than_alpha(tmp_path: Path) -> None:
    """Shares and rows of edges add up to one at most, however arms and tasks come together."""
    for number, (arms, tasks) in enumerate(
        [
            ({"x": {}}, "ABC"),
            ({"x": {}, "y": {}, "s": {"secondary": True}}, "AB"),
            ({"s": {"secondary": True}}, "A"),
        ]
    ):
        found, names = graph_of(tmp_path / str(number), arms, tasks)
        assert_allclose(found.shares.sum(), 1)
        rows = found.passes.sum(axis=1)
        assert (np.isclose(rows, 1) | np.isclose(rows, 0)).all()
        assert (found.passes >= 0).all()
        assert (np.diag(found.passes) == 0).all()
        assert len(names) == len(rows)


def test_all_tasks_come_first_and_a_task_can_be_decided_without(tmp_path: Path) -> None:
    """Four fifths are of all tasks together; the last fifth is of its tasks, which get the rest after it."""
    found, names = graph_of(tmp_path, {"x": {}})
    assert names == ["all-tasks/x", "A/x", "B/x", "C/x"]
    assert_allclose(found.shares, [FIRST, *[(1 - FIRST) / 3] * 3])
    # 0.04 of .04 by itself; then B and C by what it passes on.
    assert_allclose(adjusted_by(found, [0.03, 0.9, 0.012, 0.02]), [0.0375, 0.9, 0.0375, 0.04], rtol=1e-3)
    assert adjusted_by(found, [0.9, 0.003, 0.9, 0.9])[1] == pytest.approx(0.045)


def test_secondary_arms_cost_the_first_case_nothing_and_wait_for_it(tmp_path: Path) -> None:
    """With three further seeds the first case has the p that it has alone, and they have theirs after it."""
    seeds = {f"s{number}": {"secondary": True} for number in range(3)}
    alone, _ = graph_of(tmp_path / "alone", {"x": {}}, "A")
    found, names = graph_of(tmp_path / "seeds", {"x": {}} | seeds, "A")
    assert names == ["A/x", "A/s0", "A/s1", "A/s2"]
    for p in (0.04, 0.06):
        assert adjusted_by(found, [p, 0.001, 0.01, 0.2])[0] == adjusted_by(alone, [p])[0] == p
    assert_allclose(adjusted_by(found, [0.04, 0.001, 0.01, 0.2]), [0.04, 0.04, 0.04, 0.2], rtol=1e-3)
    assert (adjusted_by(found, [0.06, 0.001, 0.01, 0.2])[1:] >= 0.06).all()


def test_what_waits_says_for_what(tmp_path: Path) -> None:
    """A seed that is not tested yet names the case that has to be decided first."""
    study = study_of(tmp_path, {"x": {}, "s": {"secondary": True}}, "A")
    found = judged(study, with_p({"A/x": 0.2, "A/s": 0.001}))
    assert [entry.outcome for entry in found.judged] == [Outcome.INCONCLUSIVE] * 2
    assert found["made[A/s]"].remedy == "It is tested once these are decided: A/x."
    done = judged(study, with_p({"A/x": 0.02, "A/s": 0.001}))
    assert [entry.outcome for entry in done.judged] == [Outcome.SUPPORTED] * 2


def test_a_claim_is_a_family_unless_the_study_is_one(tmp_path: Path) -> None:
    """A second claim changes no p of the first; over the study Holm counts all verdicts."""
    p = {"A/x": 0.02}
    two = with_p(p), Claim("other", "other", "nowhere", "none", pairs("rl"), with_p(p).test)
    study = study_of(tmp_path / "claim", {"x": {}}, "A")
    assert [entry.p_adjusted for entry in judged(study, *two).judged] == [0.02, 0.02]
    study = study_of(tmp_path / "study", {"x": {}}, "A", family={"over": "study"})
    assert [entry.p_adjusted for entry in judged(study, *two).judged] == [0.04, 0.04]


def test_the_share_that_leaks_decides_next_to_nothing(tmp_path: Path) -> None:
    """A pair that waits for one that is open has less than a ten-thousandth of alpha."""
    found, names = graph_of(tmp_path, {"x": {}, "s": {"secondary": True}}, "AB")
    after = found.without(names.index("A/x")).shares
    waiting = sum(share for name, share in zip(names, after, strict=True) if name.endswith("/s"))
    assert 0 < waiting <= NEARLY_NONE < 1e-4


def test_a_base_is_not_secondary(tmp_path: Path) -> None:
    """It is what others are compared with."""
    with pytest.raises(
        InputError, match=r"secondary: found true on an arm with role base; use it on a trained"
    ):
        write_study(
            tmp_path, {"base": BASE | {"secondary": True}, "rl": RL}, {"base": (8, [1]), "rl": (8, [1])}
        )


def test_a_family_over_something_else_is_refused(tmp_path: Path) -> None:
    """The key has two words."""
    with pytest.raises(InputError, match=r'over: found "task"; use one of claim, study'):
        study_of(tmp_path, {"x": {}}, family={"over": "task"})


@pytest.mark.parametrize("truths", [(0.0, 0.0, 0.0), (0.0, 0.3, 0.0), (0.0, 0.3, -0.3), (0.2, 0.0, 0.0)])
def test_a_false_verdict_comes_up_in_at_most_alpha_of_families(
    tmp_path: Path, truths: tuple[float, ...]
) -> None:
    """Three tasks and their mean, tests on either side, whichever tasks have an effect, and which way.

    Where an effect is zero the statement "above zero" is false, so that only SUPPORTED is wrong.
    """
    found, _ = graph_of(tmp_path, {"x": {}})
    sizes, times, rng = np.array([30.0, 100, 300]), 3000, np.random.default_rng(5)
    effects = np.array(truths)
    means = effects + rng.standard_normal((times, 3)) / np.sqrt(sizes)
    pooled = sizes / sizes.sum()
    scores = np.column_stack([means @ pooled * np.sqrt(sizes.sum()), means * np.sqrt(sizes)])
    true = np.array([pooled @ effects, *effects]) > 0
    p = np.minimum(special.ndtr(scores), special.ndtr(-scores))
    decided = np.array([adjusted_by(found, row) <= ALPHA for row in p])
    wrong = (decided & ((scores > 0) != true)).any(axis=1)
    assert stats.binomtest(int(wrong.sum()), times, ALPHA, alternative="greater").pvalue > 0.001
    assert wrong.mean() > ALPHA / 10 or min(truths) < 0
