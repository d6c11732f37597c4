"""The floor of guesses: exact chances instead of counts, under every curve of their task."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from results_json import content_of
from sampled_study import sampled, write_sampled
from scipy.stats import binom
from study_factory import BASE, RL, all_claims, drawn, judged, write_study

from beyondbase import InputError, Outcome, gather, load_study, pairs
from beyondbase.evidence.chances import load_chances, solved_by_chance
from beyondbase.evidence.load import load_evidence
from beyondbase.evidence.sampled_arm import sampled_arms
from beyondbase.evidence.tallies import file_digest
from beyondbase.inference.band import simultaneous_band
from beyondbase.inference.bounded import p_greater, p_less, values_of
from beyondbase.results.schema import check_results
from beyondbase.study import Study

GUESS = {"role": "guess", "chance": "chance.csv"}
ARMS = {"base": BASE, "rl": RL, "chance": GUESS}
FLOOR = np.linspace(0.001, 0.04, 40)
CLAIM = all_claims()["base-beats-chance"]
KS = (1, 2, 7, 64)


def write_chances(folder: Path, rows: Any, header: str = "task,problem_id,chance") -> None:
    """Write a file of chances."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "chance.csv").write_text("\n".join([header, *rows, ""]))


def guessed(folder: Path, rates: Any, *, floor: Any = FLOOR, n: int = 64, **tables: Any) -> Study:
    """A study of a base and an RL arm at given rates, above an arm with exact chances."""
    write_chances(folder, [f"T,{row},{float(p)!r}" for row, p in reversed(list(enumerate(floor)))])
    counts = {
        arm: drawn(np.broadcast_to(rates, len(floor)), n, seed) for seed, arm in enumerate(("base", "rl"))
    }
    return write_study(folder, ARMS, counts, **tables)


@given(st.integers(0, 10**6), st.integers(1, 2000))
def test_guesses_solve_as_independent_trials_do(millionths: int, k: int) -> None:
    """The complement of k failures, in whole numbers without any rounding."""
    wanted = 1 - (1 - Fraction(millionths, 10**6)) ** k
    assert solved_by_chance(millionths / 10**6, k) == pytest.approx(float(wanted), rel=1e-12)


def test_certain_and_impossible_guesses() -> None:
    """No rounding at the ends, and none where 1 - p is 1 to the computer."""
    assert solved_by_chance([0.0, 1.0], 1000).tolist() == [0.0, 1.0]
    assert float(solved_by_chance(1e-20, 7)) == pytest.approx(7e-20, rel=1e-12)
    assert solved_by_chance(0.5, [1, 2, 3]).tolist() == pytest.approx([1 / 2, 3 / 4, 7 / 8])


def test_the_floor_of_every_pair_is_exact_with_resampled_problems(tmp_path: Path) -> None:
    """Each k has the mean of 1 - (1 - p)^k, and the band of these very values over problems."""
    judgement = judged(guessed(tmp_path, 0.3, grid={"k": list(KS)}))
    content = content_of(judgement)
    check_results(content, "results.json")
    (pair,) = content["studies"][0]["pairs"]
    assert pair["id"] == "T/rl"
    (floor,) = pair["floors"]
    ks = np.array(pair["curve"]["k"])
    values = 1 - (1 - FLOOR[:, None]) ** ks
    band = simultaneous_band(values_of(values, support=(0, 1)))
    assert floor["arm"] == "chance"
    for key in ("estimate", "lower", "upper"):
        assert floor[key] == pytest.approx(getattr(band, key))
    assert floor["estimate"] == pytest.approx(values.mean(axis=0))
    arms = {arm["id"]: arm for arm in content["studies"][0]["arms"]}
    assert arms["chance"]["chance"] == "chance.csv"
    assert {"file": "chance.csv", "sha256": file_digest(tmp_path / "chance.csv")} in content["studies"][0][
        "inputs"
    ]


def test_a_study_without_guesses_has_no_floor(tmp_path: Path) -> None:
    """The list is there and empty, and the claim finds no case."""
    study = write_study(
        tmp_path, {"base": BASE, "rl": RL}, {arm: drawn([0.2] * 9, 16, 1) for arm in ("base", "rl")}
    )
    content = content_of(judged(study))["studies"][0]
    assert content["pairs"][0]["floors"] == []
    assert {item["claim"]: item["needs"] for item in content["not_applicable"]}[CLAIM.id] == (
        "a base arm and an arm with role guess on one task"
    )


def test_the_claim_compares_counts_with_exact_chances(tmp_path: Path) -> None:
    """Its p-values are those of the differences at every k, its details the floor at both ends."""
    study = guessed(tmp_path, 0.3)
    (entry,) = judged(study, CLAIM).judged
    (case,) = CLAIM.over.cases(study, load_evidence(study).tallies, load_evidence(study).chances)
    ks = np.array(case.grid())
    tally = case.tallies["base"]
    solved = 1 - np.array([[binom_none(n, c, k) for k in ks] for n, c in zip(tally.n, tally.c, strict=True)])
    values = values_of(solved - (1 - (1 - FLOOR[:, None]) ** ks))
    assert entry.id == "base-beats-chance[T/chance]"
    assert entry.outcome is Outcome.SUPPORTED
    assert entry.verdict.p_support == pytest.approx(float(p_greater(values).max()))
    assert entry.verdict.p_refute == pytest.approx(min(1, len(ks) * float(p_less(values).min())), abs=0.02)
    assert entry.verdict.effect is not None
    assert entry.verdict.effect.estimate == pytest.approx(values.mean.min())
    assert entry.verdict.statement == "base above guess at every k up to 64"
    details = {detail.name: detail.estimate for detail in entry.verdict.details}
    assert details == pytest.approx(
        {f"guess pass@{k}": float((1 - (1 - FLOOR) ** k).mean()) for k in (1, 64)}
    )


def binom_none(n: int, c: int, k: int) -> float:
    """The chance that none of k of n completions is right: by products, not by the library."""
    return float(np.prod([(n - c - i) / (n - i) for i in range(k)]) if k <= n - c else 0.0)


@pytest.mark.parametrize(
    ("rates", "floor", "outcome"),
    [
        (0.3, FLOOR, Outcome.SUPPORTED),
        (0.001, FLOOR + 0.3, Outcome.REFUTED),
        # Above the floor with one sample, below it with many: ten problems alone are ever solved.
        (np.repeat([0.9, 0.0], [10, 30]), np.full(40, 0.05), Outcome.REFUTED),
        (FLOOR, FLOOR, Outcome.INCONCLUSIVE),
    ],
)
def test_the_base_must_be_above_the_floor_at_every_k(
    tmp_path: Path, rates: Any, floor: Any, outcome: Outcome
) -> None:
    """One k below the floor refutes the claim; a base that guesses is never above it."""
    (entry,) = judged(guessed(tmp_path, rates, floor=floor), CLAIM).judged
    assert entry.outcome is outcome


def test_a_base_that_guesses_is_seldom_taken_for_more_or_less(tmp_path: Path) -> None:
    """With counts drawn from the chances themselves, wrong verdicts are as rare as alpha (binomial bound)."""
    trials, alpha = 60, 0.05
    found = [
        judged(write_guess(tmp_path / str(seed), seed), CLAIM).judged[0].outcome for seed in range(trials)
    ]
    for wrong in (Outcome.SUPPORTED, Outcome.REFUTED):
        assert found.count(wrong) <= binom.ppf(0.9999, trials, alpha)


def write_guess(folder: Path, seed: int) -> Study:
    """A study whose base guesses."""
    write_chances(folder, [f"T,{row},{p!r}" for row, p in enumerate(FLOOR.tolist())])
    return write_study(folder, {"base": BASE, "chance": GUESS}, {"base": drawn(FLOOR, 32, seed)})


def test_too_few_samples_make_the_claim_invalid(tmp_path: Path) -> None:
    """As every claim about large k; the reason is about the base, which alone has samples."""
    (entry,) = judged(guessed(tmp_path, 0.3, n=4), CLAIM).judged
    assert entry.outcome is Outcome.INVALID
    assert "which need n >= 16 on every problem: n = 4 in every arm" in entry.verdict.invalid[0]


def test_counted_guesses_are_pairs_and_exact_ones_are_not(tmp_path: Path) -> None:
    """Guesses that were drawn have counts, hence tables of problems; exact chances have neither."""
    study = write_study(
        tmp_path,
        {"base": BASE, "drawn": {"role": "guess"}},
        {"base": drawn([0.5] * 30, 32, 1), "drawn": drawn([0.05] * 30, 32, 2)},
    )
    judgement = judged(study)
    assert [entry.id for entry in judgement.judged] == ["base-beats-chance[T/drawn]"]
    assert judgement.judged[0].outcome is Outcome.SUPPORTED
    (pair,) = content_of(judgement)["studies"][0]["pairs"]
    assert (pair["other"], pair["role"], pair["floors"]) == ("drawn", "guess", [])
    exact = guessed(tmp_path / "exact", 0.3)
    assert pairs("guess").cases(exact, load_evidence(exact).tallies) == []


def test_exact_chances_are_aligned_by_problem(tmp_path: Path) -> None:
    """The file's order does not matter, whatever the ids are."""
    ids = [f"p{row}" for row in range(12)]
    write_chances(
        tmp_path, [f"{float(row) / 100!r},{name},T" for row, name in enumerate(ids)], "chance,problem_id,task"
    )
    study = write_study(
        tmp_path,
        {"base": BASE, "chance": GUESS},
        {"base": (16, np.arange(12))},
        ids={"base": ids},
        shuffle=3,
    )
    ((_, case),) = gather(study, [CLAIM]).found
    wanted = [int(name[1:]) / 100 for name in case.problem_ids]
    assert case.chances["chance"].tolist() == wanted
    assert case.tallies["base"].c.tolist() == [int(name[1:]) for name in case.problem_ids]


def test_samples_and_chances_stand_side_by_side(tmp_path: Path) -> None:
    """On a study that samples, a guess is no sample set: it is not planned, and not missing."""
    write_chances(tmp_path, [f"T,{row},0.01" for row in range(12)])
    whole = sampled(tmp_path)
    study = write_sampled(tmp_path, arms={"base": BASE, "rl": RL, "chance": GUESS})
    found = [[arm.key for arm in sampled_arms(one)] for one in (study, whole)]
    assert found == [[("T", "base"), ("T", "rl")]] * 2
    (floor,) = content_of(judged(study))["studies"][0]["pairs"][0]["floors"]
    assert floor["estimate"][0] == pytest.approx(0.01)
    with pytest.raises(InputError, match=r'--arm: found "chance", which .* does not sample'):
        sampled_arms(study, arms=["chance"])


ROWS = [f"T,{row},0.5" for row in range(4)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([*ROWS[:2], "T,2,1.5", ROWS[3]], ':4: chance: found "1.5"; write a probability from 0 to 1'),
        ([*ROWS[:2], "T,2,-0.1", ROWS[3]], ':4: chance: found "-0.1"; write'),
        ([*ROWS[:2], "T,2,nan", ROWS[3]], ':4: chance: found "nan"; write'),
        ([*ROWS[:2], "T,2,1_0e-1", ROWS[3]], ':4: chance: found "1_0e-1"; write'),
        ([*ROWS[:2], "T,2,.", ROWS[3]], ':4: chance: found "."; write'),
        ([*ROWS[:2], "T,2,", ROWS[3]], ':4: chance: found ""; write'),
        ([*ROWS, "U,0,0.5"], ':6: task: found "U"; the study names T'),
        ([*ROWS, "T,4,0.5"], ':6: problem_id: found "4", no problem of "T"; delete the row, or correct'),
        ([*ROWS, "T,1,0.5"], ':6: problem "1" stands also at {}:3; keep one of the two'),
        (ROWS[:2], ': found no row of [tasks] T for problem "2", "3"; give the chance of every problem'),
        ([*ROWS[:2], "T,2", ROWS[3]], ":4: found 2 cells under 3 columns; write one cell per column"),
        ([*ROWS[:2], '"T,2,0.5', ROWS[3]], ":5: found what is no CSV ("),
    ],
)
def test_a_bad_file_of_chances_is_refused_by_its_line(tmp_path: Path, rows: list[str], message: str) -> None:
    """The message names the line, what stands there and what to do."""
    study = guessed(tmp_path, 0.5, floor=[0.5] * 4)
    write_chances(tmp_path, rows)
    path = tmp_path / "chance.csv"
    with pytest.raises(InputError) as caught:
        load_evidence(study)
    assert str(caught.value).startswith(f"{path}{message.format(path)}")


def test_a_file_of_chances_that_is_not_there_or_of_other_columns(tmp_path: Path) -> None:
    """The message says which columns belong there."""
    study = guessed(tmp_path, 0.5, floor=[0.5] * 4)
    write_chances(tmp_path, ROWS, "task,problem,chance")
    with pytest.raises(
        InputError, match=r'chance.csv:1: found the columns "task", "problem", "chance"; use task, pr'
    ):
        load_chances(study, {"T": ["0"]})
    (tmp_path / "chance.csv").unlink()
    with pytest.raises(
        InputError, match=r"chance.csv: there is no such file; give a .csv file with the columns"
    ):
        load_chances(study, {"T": ["0"]})


def refusal(folder: Path, text: str, evidence: str) -> str:
    """Load a study with some more tables that must be refused, and return the message."""
    head = 'id = "s"\ntitle = "t"\nsource = "s"\n[tasks.T]\n[arms.base]\nrole = "base"\nmodel = "m"\n'
    folder.joinpath("study.toml").write_text(f"{head}[evidence]\n{evidence}\n{text}")
    with pytest.raises(InputError) as caught:
        load_evidence(load_study(folder))
    return str(caught.value).replace(f"{folder}/", "")


@pytest.mark.parametrize(
    ("text", "evidence", "message"),
    [
        (
            '[arms.rl]\nrole = "rl"\nmodel = "m"\nchance = "chance.csv"\n',
            'tallies = "counts.csv"',
            'study.toml: [arms.rl] chance: found "chance.csv" on an arm with role rl; delete it, or use role',
        ),
        (
            '[arms.g]\nrole = "guess"\n',
            'samples = "drawn"',
            "study.toml: [arms.g] chance: missing, and arms with role guess are not sampled; add a .csv",
        ),
        (
            '[arms.g]\nrole = "guess"\n',
            'tallies = "counts.csv"',
            "found no row of it in counts.csv; add its rows, or chance, a file of its exact chances, or",
        ),
        (
            '[arms.g]\nrole = "guess"\nchance = "chance.csv"\n',
            'tallies = "both.csv"',
            'both.csv:3: arm: found "g"; the study has its exact chances; delete the row, or the key chance',
        ),
    ],
)
def test_arms_have_chances_or_counts_but_not_both(
    tmp_path: Path, text: str, evidence: str, message: str
) -> None:
    """Chances are for guesses; a guess without them must have been counted."""
    (tmp_path / "counts.csv").write_text("task,arm,problem_id,n,c\nT,base,0,4,2\n")
    (tmp_path / "both.csv").write_text("task,arm,problem_id,n,c\nT,base,0,4,2\nT,g,0,4,2\n")
    assert message in refusal(tmp_path, text, evidence)


def test_a_floor_of_another_length_is_no_results_file(tmp_path: Path) -> None:
    """The schema holds the floor to the k of its pair, and its arm to those of the study."""
    content = json.loads(json.dumps(content_of(judged(guessed(tmp_path, 0.3), CLAIM))))
    (floor,) = content["studies"][0]["pairs"][0]["floors"]
    floor["arm"] = "other"
    with pytest.raises(InputError, match='the arm "other", which is not among the arms'):
        check_results(content, "results.json")
    floor["arm"], _ = "chance", floor["lower"].pop()
    with pytest.raises(InputError, match="columns of unequal length"):
        check_results(content, "results.json")
