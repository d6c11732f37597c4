"""The claims of this repository: the published numbers, and truths known by construction."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from study_factory import (
    ONE,
    PAIR,
    PROBLEMS,
    ROOT,
    SCORED,
    TRUTHS,
    WEAK_BASE,
    ZERO,
    all_claims,
    cases_of,
    drawn,
    everywhere,
    judged,
    made,
    two_arms,
    write_study,
)

from beyondbase import Case, Claim, InputError, Outcome, Verdict, claim, load_study, pairs
from beyondbase.judging.claim import load_claims
from beyondbase.judging.family import Judgement
from beyondbase.judging.remedies import remedy_text
from beyondbase.results.build import results_of
from beyondbase.results.paper import reported

CLAIMS = all_claims()
RARE = ((0.1, 0.6), (0.02, 0.4))
PAIR_CLAIMS = tuple(name for name, truth in TRUTHS.items() if truth.arms == PAIR)
BY_CLAIM = pytest.mark.parametrize("name", list(TRUTHS))


def outcomes(judgement: Judgement) -> set[Outcome]:
    """All outcomes of a judgement in which no claim's code failed."""
    assert [entry.error for entry in judgement.judged if entry.error] == []
    assert judgement.judged
    return {entry.outcome for entry in judgement.judged}


@pytest.fixture(scope="module")
def real() -> Judgement:
    """The published counts, judged."""
    return judged(load_study(ROOT / "fixtures" / "qwen2.5-7b-math500"))


@pytest.fixture(scope="module")
def shown(real: Judgement) -> dict[str, Any]:
    """What results.json says of the published counts."""
    study: dict[str, Any] = results_of([real])["studies"][0]
    return study


def test_every_claim_has_a_truth() -> None:
    """Each claim of the folder is tested below or in test_likelihood_claims, and no other."""
    assert set(CLAIMS) == {*TRUTHS, *SCORED}


@pytest.mark.parametrize(
    ("k", "difference"),
    [(1, 0.1654), (8, 0.0148), (16, -0.0021), (32, -0.0142), (64, -0.0240), (128, -0.0320)],
)
def test_published_differences(shown: dict[str, Any], k: int, difference: float) -> None:
    """RL minus base pass@k is as published, within its band."""
    curve = shown["pairs"][0]["curve"]
    at, column = curve["k"].index(k), curve["difference"]
    assert round(column["estimate"][at], 4) == difference
    assert column["lower"][at] < difference < column["upper"][at]


def test_published_counts(shown: dict[str, Any], real: Judgement) -> None:
    """Crossing, contingency, support metrics and the tie of Cover@0.05 are as published."""
    pair = shown["pairs"][0]
    assert pair["crossover"]["k"] == 15
    assert pair["crossover"]["lower"] < 15 < pair["crossover"]["upper"]
    assert [pair["solved"][key] for key in ("both", "base_only", "other_only", "neither")] == [462, 19, 3, 16]
    assert round(pair["solved"]["mcnemar_p"], 5) == 0.00086
    assert [round(pair["support"][key]["estimate"], 3) for key in ("srr", "ndr", "nscr")] == [
        0.960,
        0.006,
        -0.033,
    ]
    (case,) = cases_of(real.study, pairs("rl"))
    base, rl = ((case.tallies[arm].c >= 0.05 * 128).mean() for arm in (case.base, case.other))
    assert base == rl == 0.902
    assert case.cover_difference(0.05).values.mean() == 0


@pytest.mark.parametrize("name", ["rl-leads-at-1", "base-overtakes", "rl-sharpens"])
def test_published_findings_are_supported(real: Judgement, name: str) -> None:
    """The counts bear out the paper's main findings, and the counter-claim fails as expected."""
    assert real[f"{name}[MATH500/simplerl-zoo]"].outcome is Outcome.SUPPORTED
    assert real["rl-expands[MATH500/simplerl-zoo]"].outcome is Outcome.REFUTED
    assert all(entry.as_expected for entry in real.judged)


@BY_CLAIM
def test_a_true_claim_is_supported(tmp_path: Path, name: str) -> None:
    """Where the statement holds by construction, 400 problems show it."""
    assert outcomes(judged(made(tmp_path, name, TRUTHS[name].true))) == {Outcome.SUPPORTED}


@BY_CLAIM
def test_a_false_claim_is_refuted(tmp_path: Path, name: str) -> None:
    """Where the opposite holds by construction, 400 problems show it."""
    assert outcomes(judged(made(tmp_path, name, TRUTHS[name].false))) == {Outcome.REFUTED}


@BY_CLAIM
def test_five_problems_decide_nothing_and_say_what_would(tmp_path: Path, name: str) -> None:
    """A handful of problems at like rates is inconclusive, with a remedy."""
    truth = TRUTHS[name]
    judgement = judged(made(tmp_path, name, dict.fromkeys(truth.arms, RARE), m=5, n=16))
    assert outcomes(judgement) == {Outcome.INCONCLUSIVE}
    words = "more problems", "hundredfold", "no amount of data", "cannot be told from luck"
    assert all(any(part in (entry.remedy or "") for part in words) for entry in judgement.judged)


@BY_CLAIM
def test_what_a_verdict_says_names_the_large_k(tmp_path: Path, name: str) -> None:
    """A verdict's sentences tell a claim about large k by its number, never as "large k" alone."""
    judgement = judged(made(tmp_path, name, TRUTHS[name].true, n=48))
    for entry in judgement.judged:
        said = [*sentences(entry.verdict), remedy_text(entry.verdict, 1e-300)]
        assert not [text for text in said if re.search(r"large k|\bK\b", text)]
        assert "48" in said[0] or not entry.claim.large_k


def sentences(verdict: Verdict) -> list[str]:
    """The statements of a verdict and of all its parts, the whole first."""
    return [verdict.statement, *(text for part in verdict.parts for text in sentences(part))]


@BY_CLAIM
def test_few_samples_are_unfit_for_claims_about_large_k(tmp_path: Path, name: str) -> None:
    """Eight samples per problem carry no claim about large k, however clear they look."""
    expected = {Outcome.INVALID} if CLAIMS[name].large_k else {Outcome.SUPPORTED}
    assert outcomes(judged(made(tmp_path, name, TRUTHS[name].true, n=8))) == expected


@BY_CLAIM
def test_unequal_problems_are_unfit_for_every_claim(tmp_path: Path, name: str) -> None:
    """Arms on different problems carry no claim at all."""
    arms = TRUTHS[name].arms
    ids = {arm: [f"{arm}{i}" for i in range(PROBLEMS)] for arm in arms}
    judgement = judged(made(tmp_path, name, TRUTHS[name].true, ids=ids))
    assert outcomes(judgement) == {Outcome.INVALID}
    assert all("problem ids differ" in entry.verdict.invalid[0] for entry in judgement.judged)


def decided_by_logic(name: str) -> set[Outcome]:
    """What 400 problems without any difference, all solved or none, show of a claim."""
    if name in {"rl-solved-is-subset", "algorithms-end-alike"}:
        return {Outcome.SUPPORTED}
    # No gap at all is shown to be below a margin of 0.1, and no problem to be solved alone.
    refuted = {"sampling-gap-stays-large", "distillation-expands", "rl-expands"}
    return {Outcome.REFUTED} if name in refuted else {Outcome.INCONCLUSIVE}


@BY_CLAIM
@pytest.mark.parametrize("rate", [ZERO, ONE])
def test_all_or_nothing_is_judged_without_error(tmp_path: Path, name: str, rate: float) -> None:
    """Where every arm solves all problems, or none, only claims with a margin are decided."""
    judgement = judged(made(tmp_path, name, dict.fromkeys(TRUTHS[name].arms, everywhere(rate))))
    assert outcomes(judgement) == decided_by_logic(name)
    json.dumps(results_of([judgement]), allow_nan=False)


@BY_CLAIM
@pytest.mark.parametrize(("m", "n"), [(1, 32), (2, 1)])
def test_the_smallest_studies_are_judged_without_error(tmp_path: Path, name: str, m: int, n: int) -> None:
    """One problem is unfit; one sample is fit where the study says that this is large k."""
    rates = dict.fromkeys(TRUTHS[name].arms, everywhere(ZERO))
    judgement = judged(made(tmp_path, name, rates, m=m, n=n, grid={"k_large_min": 1}))
    assert outcomes(judgement) == ({Outcome.INVALID} if m == 1 else {Outcome.INCONCLUSIVE})
    json.dumps(results_of([judgement]), allow_nan=False)


def with_p(name: str, p_support: float, p_refute: float = 1.0) -> Claim:
    """A claim over pairs with a verdict that does not look at the evidence."""

    def test(_: Case) -> Verdict:
        return Verdict(name, p_support, p_refute)

    return Claim(name, name, "nowhere", "none", pairs("rl"), test)


def test_holm_is_over_all_claims_and_cases(tmp_path: Path) -> None:
    """If the study is the family it is every claim on every case; the smaller p of either side enters it."""
    claims = with_p("one", 0.001), with_p("two", 0.9, 0.01), with_p("three", 0.02)
    judgement = judged(two_arms(tmp_path, family={"over": "study"}), *claims)
    # Sorted: .001 * 6 and * 5, .01 * 4 and * 3, .02 * 2 and * 1, none below its predecessor.
    adjusted = {entry.id: round(entry.p_adjusted, 12) for entry in judgement.judged}
    expected = {"one": 0.006, "two": 0.04, "three": 0.04}
    assert adjusted == {f"{name}[T/{arm}]": p for name, p in expected.items() for arm in ("rl", "rl2")}
    assert judgement["two[T/rl]"].outcome is Outcome.REFUTED
    alone = judged(two_arms(tmp_path), claims[2])
    assert [entry.p_adjusted for entry in alone.judged] == [0.04, 0.04]


def test_a_family_too_large_leaves_open_what_one_claim_would_decide(tmp_path: Path) -> None:
    """The adjusted p decides: 0.03 is enough for a claim on one case, and not for two."""
    judgement = judged(two_arms(tmp_path), with_p("one", 0.03))
    assert outcomes(judgement) == {Outcome.INCONCLUSIVE}
    assert outcomes(judged(two_arms(tmp_path, alpha=0.06), with_p("one", 0.03))) == {Outcome.SUPPORTED}
    entry = judged(two_arms(tmp_path, claims=["rl-leads-at-1"])).judged[0]
    assert entry.remedy == remedy_text(entry.verdict, 0.05 / 2) != remedy_text(entry.verdict, 0.05)


def test_a_remedy_asks_for_the_level_that_the_step_down_has_reached(tmp_path: Path) -> None:
    """Of four verdicts two are decided, so each of the others needs a p of alpha over two, not over four."""
    claims = with_p("one", 0.001), CLAIMS["rl-leads-at-1"]
    judgement = judged(two_arms(tmp_path), *claims)
    decided = [entry.outcome for entry in judgement.judged].count(Outcome.SUPPORTED)
    entry = judgement["rl-leads-at-1[T/rl]"]
    assert (decided, entry.outcome) == (2, Outcome.INCONCLUSIVE)
    assert entry.remedy == remedy_text(entry.verdict, 0.05 / 2) != remedy_text(entry.verdict, 0.05 / 4)


def test_a_claim_that_raises_is_invalid_and_does_not_take_others_with_it(tmp_path: Path) -> None:
    """The error is kept and named with its place, and the other claims are judged."""

    @claim("broken", finding="x", paper="x", hypothesis="x", over=pairs("rl"))
    def explode(_: Case) -> Verdict:
        raise ZeroDivisionError("by design")

    judgement = judged(two_arms(tmp_path), explode.__claim__, with_p("one", 0.001))  # type: ignore[attr-defined]
    broken = judgement["broken[T/rl]"]
    assert broken.outcome is Outcome.INVALID
    assert isinstance(broken.error, ZeroDivisionError)
    assert "ZeroDivisionError('by design') in explode" in broken.verdict.invalid[0]
    assert judgement["one[T/rl]"].outcome is Outcome.SUPPORTED
    assert judgement["one[T/rl]"].p_adjusted == 0.002
    # Where the study is the family its p of 1 stays in it, so that a crash buys the others nothing.
    study = two_arms(tmp_path / "study", family={"over": "study"})
    judgement = judged(study, explode.__claim__, with_p("one", 0.001))  # type: ignore[attr-defined]
    assert judgement["one[T/rl]"].p_adjusted == 0.004


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"claims": ["rl-leads-at-2"]}, ["claims", "'rl-leads-at-2'", "did you mean", "rl-leads-at-1"]),
        ({"expect": {"rl-leads": "REFUTED"}}, ["[expect]", "'rl-leads'", "rl-leads-at-1"]),
        (
            {"expect": {"distillation-expands": "REFUTED"}},
            ["[expect]", "matches nothing that is judged here"],
        ),
        ({"expect": {"rl-expands[T/base]": "REFUTED"}}, ["[expect]", "'rl-expands[T/base]'"]),
    ],
)
def test_names_that_match_nothing_are_refused(
    tmp_path: Path, tables: dict[str, Any], words: list[str]
) -> None:
    """A claim or an expectation that is not there is an error with file, key and what to use."""
    with pytest.raises(InputError) as caught:
        judged(two_arms(tmp_path, **tables))
    assert str(caught.value).startswith(str(tmp_path / "study.toml"))
    assert all(word in str(caught.value) for word in words)


def test_an_expectation_of_a_case_beats_that_of_its_claim(tmp_path: Path) -> None:
    """The nearer expectation counts; without any, SUPPORTED is expected."""
    expect = {"one": "INCONCLUSIVE", "one[T/rl2]": {"verdict": "REFUTED", "reason": "seen before"}}
    judgement = judged(two_arms(tmp_path, expect=expect), with_p("one", 0.5), with_p("two", 0.001))
    one, special, two = (judgement[name] for name in ("one[T/rl]", "one[T/rl2]", "two[T/rl]"))
    assert [entry.expected.verdict for entry in (one, special, two)] == [
        "INCONCLUSIVE",
        "REFUTED",
        "SUPPORTED",
    ]
    assert [entry.as_expected for entry in (one, special, two)] == [True, False, True]
    assert special.expected.reason == "seen before"


def test_two_claims_of_one_id_are_refused(tmp_path: Path) -> None:
    """A folder beside ours may not take the id of a claim of ours."""
    copy = shutil.copy(ROOT / "claims" / "test_sec41_subset.py", tmp_path)
    with pytest.raises(InputError, match=r"'rl-solved-is-subset' is taken by .*; rename"):
        load_claims([ROOT / "claims", Path(copy).parent])


def test_results_hold_all_verdicts_and_no_nan(tmp_path: Path) -> None:
    """Every verdict, every claim that did not apply and every pair is there, as plain JSON."""
    judgement = judged(two_arms(tmp_path))
    (study,) = json.loads(json.dumps(results_of([judgement]), allow_nan=False))["studies"]
    assert [row["id"] for row in study["verdicts"]] == [entry.id for entry in judgement.judged]
    assert {row["claim"] for row in study["verdicts"] + study["not_applicable"]} == set(CLAIMS)
    assert [pair["id"] for pair in study["pairs"]] == ["T/rl", "T/rl2"]
    assert {(row["family_size"], row["alpha_share"]) for row in study["verdicts"]} == {(2, 0.5)}


def test_results_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    """Shuffled counts give the same bytes."""

    def text(shuffle: int) -> str:
        judgement = judged(
            made(tmp_path, "rl-leads-at-1", WEAK_BASE, m=30, n=20, shuffle=shuffle, claims=list(PAIR_CLAIMS))
        )
        return json.dumps(results_of([judgement]))

    assert text(1) == text(2)


def test_published_numbers_stand_beside_the_published_pair(shown: dict[str, Any]) -> None:
    """For the paper's models the verdicts name its figures and tables."""
    sources = {
        row["claim"]: " ".join(item["source"] for item in row["reported"]) for row in shown["verdicts"]
    }
    assert "Fig. 2" in sources["base-overtakes"]
    assert "Fig. 13" in sources["rl-sharpens"]
    assert "Table 2" in sources["rl-solved-is-subset"]


TRAINED = "Qwen/Qwen2.5-7B"
ZOO = "hkust-nlp/Qwen-2.5-7B-SimpleRL-Zoo"


def test_the_papers_own_runs_are_context(shown: dict[str, Any]) -> None:
    """Numbers of the paper's unreleased models are marked, and no others; those of MATH500 only."""
    items = [item for row in shown["verdicts"] for item in row["reported"]]
    context = [item["text"] for item in items if item["context"]]
    assert context[1] == "GRPO on MATH500: pass@1 74.4 %, pass@256 97.2 %"
    assert len(context) == 7
    assert all("Omni" not in text for text in context)
    assert {item["source"] for item in items if item["context"]} == {"v2 Table 2"}


@pytest.mark.parametrize(
    ("benchmark", "grpo"),
    [("MATH500", "74.4"), ("Omni-MATH-Train", "26.1"), ("Omni-MATH-Test", "25.1")],
)
def test_tables_stand_beside_their_own_benchmarks(benchmark: str, grpo: str) -> None:
    """Each benchmark of the tables gets its own columns, after what is of these very models."""
    found = reported(("steps", "curve", "algorithms"), benchmark=benchmark, base=TRAINED, other=ZOO)
    context = [item.context for item in found]
    assert context == sorted(context)
    assert sum(context) == 11
    assert any(item.text.startswith(f"GRPO on {benchmark}: pass@1 {grpo} %") for item in found)


@pytest.mark.parametrize("benchmark", ["AIME24", "Minerva", "Omni-MATH", "my-own"])
def test_tables_stand_beside_no_other_benchmark(benchmark: str) -> None:
    """The paper's own runs were measured on three benchmarks, and say nothing of others."""
    assert reported(("algorithms", "steps"), benchmark=benchmark, base=TRAINED, other="x/y") == []
    assert reported(("algorithms", "steps"), benchmark="MATH500", base="x/y", other=ZOO) == []


def test_an_arm_with_more_samples_is_not_refuted_for_it(tmp_path: Path) -> None:
    """Two arms of the same success rates, with 16 and with 512 samples, decide no claim falsely."""
    # Just below the thresholds of Cover@tau, which fewer samples pass by luck more often.
    rates = np.random.default_rng(5).choice([0.2, 0.45, 0.7], 500)
    for fewer, more in (("base", "rl"), ("rl", "base")):
        counts = {fewer: drawn(rates, 16, 1), more: drawn(rates, 512, 2)}
        judgement = judged(write_study(tmp_path / fewer, PAIR, counts))
        differences = {"rl-leads-at-1", "base-overtakes", "rl-sharpens", "rl-covers-more-reliably"}
        found = {entry.claim.id: entry.outcome for entry in judgement.judged}
        assert {found[name] for name in differences} == {Outcome.INCONCLUSIVE}


def test_unknown_models_have_no_published_numbers(tmp_path: Path) -> None:
    """Numbers of the paper's models say nothing of others, so none stand beside them."""
    (study,) = results_of([judged(two_arms(tmp_path))])["studies"]
    assert {row["claim"]: row["reported"] for row in study["verdicts"] if row["reported"]} == {}
