"""Claims on perplexity and on matched entropy: truths by construction, numbers by hand, unfit evidence."""

import copy
import re
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from numpy.testing import assert_allclose
from results_json import content_of
from scipy import optimize, stats
from scored_study import TOKENS, likely, scored_study
from study_factory import BASE, DISTILLED, PAIR, RL, all_claims, drawn, everywhere, judged, some, two_arms

from beyondbase import Case, InputError, Outcome, Verdict, entropy_matched, given, opposite, scored_pairs
from beyondbase.inference.bounded import p_greater, p_less, values_of
from beyondbase.judging.family import Judgement, gather
from beyondbase.judging.likelihood_effects import same_entropy, win_measure
from beyondbase.judging.verdict import invalid
from beyondbase.report.likelihood_charts import TURNS, of_likelihoods
from beyondbase.report.markdown import render_summary
from beyondbase.results.build import write_results
from beyondbase.results.schema import read_results
from beyondbase.study.arms import Role

RL_CLAIM, DISTILLED_CLAIM = "rl-likely-under-base", "distilled-unlikely-under-base"
ENTROPY_CLAIM = "entropy-matched-stays-below"
MATCHED = {
    "base": BASE,
    "rl": RL,
    "hot": RL | {"repeats": "rl", "temperature": 1.4, "entropy_matched": True},
}


def only(judgement: Judgement, claim: str) -> Any:
    """The one verdict of a claim, whose code did not fail."""
    (entry,) = (entry for entry in judgement.judged if entry.claim.id == claim)
    assert entry.error is None
    return entry


def perplexity_study(folder: Path, claim: str, *, mean: float, problems: int = 150, **tables: Any) -> Any:
    """The verdict where the other arm's completions have this mean log-probability, and the base's -9."""
    arms = PAIR if claim == RL_CLAIM else DISTILLED
    other = next(name for name in arms if name != "base")
    scores = {
        "base": {"logprob": likely(problems, 8, mean=-9, seed=1)},
        other: {
            "logprob": likely(problems, 8, mean=-4, seed=2),
            "base_logprob": likely(problems, 8, mean=mean, seed=1) - 0.2,
        },
    }
    return only(judged(scored_study(folder, arms, scores, claims=[claim], **tables)), claim)


@pytest.mark.parametrize(
    ("claim", "mean", "outcome"),
    [
        (RL_CLAIM, -8.5, Outcome.SUPPORTED),
        (RL_CLAIM, -11, Outcome.REFUTED),
        (DISTILLED_CLAIM, -11, Outcome.SUPPORTED),
        (DISTILLED_CLAIM, -6, Outcome.REFUTED),
    ],
)
def test_likelier_completions_decide(tmp_path: Path, claim: str, mean: float, outcome: Outcome) -> None:
    """Completions that the base finds likelier than its own, or less likely, show on 150 problems."""
    assert perplexity_study(tmp_path, claim, mean=mean).outcome is outcome


@pytest.mark.parametrize("claim", [RL_CLAIM, DISTILLED_CLAIM])
def test_few_problems_decide_nothing_and_say_what_would(tmp_path: Path, claim: str) -> None:
    """Four problems near the threshold are inconclusive, with a remedy."""
    entry = perplexity_study(tmp_path, claim, mean=-9.8, problems=4)
    assert entry.outcome is Outcome.INCONCLUSIVE
    assert re.search("more problems|samples on each", entry.remedy)


def test_the_margin_is_the_studys(tmp_path: Path) -> None:
    """What falls short of 1/2 by more than the margin is refuted, and supported with a wider one."""
    assert perplexity_study(tmp_path / "a", RL_CLAIM, mean=-10).outcome is Outcome.REFUTED
    wider = perplexity_study(tmp_path / "b", RL_CLAIM, mean=-10, margins={"perplexity": 0.3})
    assert wider.outcome is Outcome.SUPPORTED


def test_the_effect_is_that_of_mann_and_whitney_by_tokens(tmp_path: Path) -> None:
    """Per problem it is scipy's U over the pairs, of log-probabilities per token; medians are by hand."""
    base, rl = likely(5, 6, mean=-9, seed=3), likely(5, 6, mean=-8, seed=4)
    own = likely(5, 6, mean=-3, seed=5)
    scores = {"base": {"logprob": base}, "rl": {"logprob": own, "base_logprob": rl}}
    study = scored_study(tmp_path, PAIR, scores, claims=[RL_CLAIM])
    judgement = judged(study)
    entry = only(judgement, RL_CLAIM)
    expected = [
        stats.mannwhitneyu(ours, theirs).statistic / 36 for ours, theirs in zip(rl, base, strict=True)
    ]
    assert_allclose(win_measure(entry.case, "x").values, expected)
    assert entry.verdict.effect.estimate == pytest.approx(np.mean(expected))
    assert entry.verdict.effect.unit == "probability"
    medians = [np.exp(-np.median(part, axis=1) / TOKENS) for part in (base, rl, own)]
    assert [shown.estimate for shown in entry.verdict.details] == pytest.approx([m.mean() for m in medians])
    for shown, median in zip(entry.verdict.details, medians, strict=True):
        limits = stats.ttest_1samp(median, 0).confidence_interval(0.95)
        assert (shown.lower, shown.upper) == pytest.approx(tuple(limits))


def test_the_same_text_on_another_path_is_a_tie(tmp_path: Path) -> None:
    """Where RL says what the base says, the last digits of its scores make no difference."""
    base = likely(30, 4, mean=-9, seed=3)
    noise = np.random.default_rng(0).uniform(0, 1e-4, base.shape)
    scores = {"base": {"logprob": base}, "rl": {"logprob": base, "base_logprob": base - noise}}
    (case,) = scored_cases(scored_study(tmp_path, PAIR, scores))
    assert set(win_measure(case, "x").values) == {0.5}


def scored_cases(study: Any) -> list[Case]:
    """The pairs of an RL arm and its base that have log-probabilities."""
    return scored_pairs("rl").cases(study, gather(study, ()).evidence.tallies)


def absent(values: Any, *places: tuple[int, int]) -> Any:
    """The values with some left out."""
    found = values.copy()
    for place in places:
        found[place] = np.nan
    return found


def test_missing_scores_are_named(tmp_path: Path) -> None:
    """Completions without a score make the claim INVALID, with how many, whose, and where to add them."""
    values = likely(6, 4, mean=-9, seed=1)
    scores = {"base": {"logprob": values}, "rl": {"base_logprob": absent(values, (0, 1), (2, 3))}}
    scores["rl"]["logprob"] = values
    entry = only(judged(scored_study(tmp_path, PAIR, scores, claims=[RL_CLAIM])), RL_CLAIM)
    assert entry.outcome is Outcome.INVALID
    (reason,) = entry.verdict.invalid
    assert "arm 'rl' on 'T': 2 of 24 completions have no log-probability under its base" in reason
    assert reason.endswith(f"add them to {tmp_path / 'scores.csv'}")


def test_a_base_without_scores_is_named(tmp_path: Path) -> None:
    """An RL arm alone says nothing of the base's own."""
    scores = {"rl": {"logprob": likely(6, 4, mean=-9, seed=1)}}
    entry = only(judged(scored_study(tmp_path, PAIR, scores, claims=[RL_CLAIM])), RL_CLAIM)
    assert entry.outcome is Outcome.INVALID
    assert entry.verdict.invalid[0].startswith("arm 'base' on 'T' has no log-probabilities: add them to")


def test_unequal_numbers_of_scores_are_named(tmp_path: Path) -> None:
    """Every problem wants as many completions of one arm as of the other."""
    scores = {
        "base": {"logprob": likely(6, 4, mean=-9, seed=1)},
        "rl": {"logprob": likely(6, 3, mean=-9, seed=1)},
    }
    entry = only(judged(scored_study(tmp_path, PAIR, scores, claims=[RL_CLAIM])), RL_CLAIM)
    assert entry.outcome is Outcome.INVALID
    (reason,) = entry.verdict.invalid
    found = "log-probabilities of 4 completions of arm 'base' and 3 of arm 'rl'"
    assert reason.startswith(f"problem '0' on 'T' has {found}: keep and score the same number")


def test_studies_without_log_probabilities_have_no_such_case(tmp_path: Path) -> None:
    """Counts alone are not INVALID: the claims do not apply, and what they need is said."""
    judgement = judged(two_arms(tmp_path))
    idle = {claim.id: claim.over.needs for claim in judgement.family.not_applicable}
    assert {RL_CLAIM, DISTILLED_CLAIM, ENTROPY_CLAIM} <= set(idle)
    assert "[evidence] scores" in idle[RL_CLAIM]
    assert content_of(judgement)["studies"][0]["likelihoods"] == []


def matched_study(folder: Path, *, ratio: float, hot: Any, problems: int = 100, **tables: Any) -> Any:
    """The verdict where the matched arm has so much of the base's entropy, and these success rates."""
    rates = {"base": everywhere(0.2), "rl": some(0.5, 0.9), "hot": hot}
    counts = {
        arm: drawn(
            np.repeat([rate for rate, _ in steps], [round(problems * part) for _, part in steps]), 64, seed
        )
        for seed, (arm, steps) in enumerate(rates.items())
    }
    scores = {
        arm: {"logprob": likely(problems, 8, mean=mean, seed=seed, spread=2)}
        for seed, (arm, mean) in enumerate({"base": -9, "rl": -3, "hot": -9 * ratio}.items())
    }
    study = scored_study(folder, MATCHED, scores, counts=counts, claims=[ENTROPY_CLAIM], **tables)
    return only(judged(study), ENTROPY_CLAIM)


@pytest.mark.parametrize(
    ("ratio", "hot", "outcome"),
    [
        (1.0, some(0.6, 0.9), Outcome.SUPPORTED),
        (1.0, everywhere(0.6), Outcome.INCONCLUSIVE),
        (1.3, some(0.6, 0.9), Outcome.INVALID),
        (0.7, some(0.6, 0.9), Outcome.INVALID),
    ],
)
def test_matched_entropy_decides(tmp_path: Path, ratio: float, hot: Any, outcome: Outcome) -> None:
    """Below the base at its entropy supports; another entropy is no evidence, whatever the coverage."""
    entry = matched_study(tmp_path, ratio=ratio, hot=hot)
    assert entry.outcome is outcome
    if outcome is Outcome.INVALID:
        assert re.search(
            rf"draw it at a {'lower' if ratio > 1 else 'higher'} temperature", entry.verdict.invalid[0]
        )


def test_matched_rl_ahead_of_the_base_refutes(tmp_path: Path) -> None:
    """At the base's entropy, solving what the base does not is the opposite of the claim."""
    counts = {"base": (64, [0] * 60 + [1] * 40), "rl": (64, [0] * 60 + [32] * 40), "hot": (64, [9] * 100)}
    scores = {
        arm: {"logprob": likely(100, 8, mean=mean, seed=seed, spread=2)}
        for seed, (arm, mean) in enumerate({"base": -9, "rl": -3, "hot": -9}.items())
    }
    study = scored_study(tmp_path, MATCHED, scores, counts=counts, claims=[ENTROPY_CLAIM])
    assert only(judged(study), ENTROPY_CLAIM).outcome is Outcome.REFUTED


def test_few_problems_leave_entropies_open(tmp_path: Path) -> None:
    """Five problems do not show that two entropies are alike, and a remedy is given."""
    entry = matched_study(tmp_path, ratio=1.02, hot=some(0.6, 0.9), problems=10)
    assert entry.outcome is Outcome.INCONCLUSIVE
    assert "entropy of hot" in entry.remedy


def jackknifed(logprobs: Any) -> Any:
    """Logarithms of entropies, by the jackknife, of four completions of each problem."""
    without = (logprobs.sum(axis=1, keepdims=True) - logprobs) / 3
    return 4 * np.log(-logprobs.mean(axis=1)) - 3 * np.log(-without).mean(axis=1)


def test_the_entropy_is_the_mean_surprise_and_the_gap_by_hand(tmp_path: Path) -> None:
    """Entropies are plain means, their ratio is typical of problems, and the gap's share is one of means."""
    values = {arm: likely(8, 4, mean=-9, seed=seed) for seed, arm in enumerate(MATCHED)}
    counts = {"base": (16, [8] * 8), "rl": (16, [0] * 6 + [16] * 2), "hot": (16, [0] * 4 + [16] * 4)}
    scores = {arm: {"own_logprob": part, "logprob": part * 0.5} for arm, part in values.items()}
    tables: Any = {"claims": [ENTROPY_CLAIM], "margins": {"entropy": 0.9}}
    entry = only(judged(scored_study(tmp_path, MATCHED, scores, counts=counts, **tables)), ENTROPY_CLAIM)
    base, hot, ratio, gap = entry.verdict.details
    assert (base.estimate, hot.estimate) == pytest.approx((-values["base"].mean(), -values["hot"].mean()))
    # At k = 16 the base solves all 8 problems, RL two and matched RL four of them.
    assert gap.estimate == pytest.approx((4 - 2) / (8 - 2))
    assert ratio == entry.verdict.parts[0].parts[0].effect
    logs = jackknifed(values["hot"]) - jackknifed(values["base"])
    middle = optimize.minimize_scalar(lambda at: -stats.hypsecant.logpdf(logs, at).sum())
    assert ratio.estimate == pytest.approx(np.exp(middle.x), abs=1e-6)


def test_no_share_of_a_gap_that_is_not_there(tmp_path: Path) -> None:
    """Where the base solves no more than RL, the share that is closed has no estimate, and no limits."""
    values = {arm: {"logprob": likely(8, 4, mean=-9, seed=seed)} for seed, arm in enumerate(MATCHED)}
    counts = {"base": (16, [0] * 7 + [16]), "rl": (16, [16] * 7 + [0]), "hot": (16, [0] * 4 + [16] * 4)}
    tables: Any = {"claims": [ENTROPY_CLAIM], "margins": {"entropy": 0.9}}
    entry = only(judged(scored_study(tmp_path, MATCHED, values, counts=counts, **tables)), ENTROPY_CLAIM)
    gap = entry.verdict.details[3]
    assert (gap.estimate, gap.lower, gap.upper) == (None, None, None)


def test_alike_is_shown_by_two_one_sided_tests(tmp_path: Path) -> None:
    """Each part has the p-value of the bounded method for tanh of the log ratio over its margin."""
    values = {arm: likely(60, 4, mean=-9, seed=seed, spread=2) for seed, arm in enumerate(MATCHED)}
    study = scored_study(tmp_path, MATCHED, {arm: {"logprob": part} for arm, part in values.items()})
    (case,) = entropy_matched().cases(study, gather(study, ()).evidence.tallies)
    verdict = same_entropy(case)
    logs = jackknifed(values["hot"]) - jackknifed(values["base"])
    above, below = (values_of(np.tanh(logs - np.log(ratio))) for ratio in (0.9, 1.1))
    expected = [(p_greater(above)[0], p_less(above)[0]), (p_less(below)[0], p_greater(below)[0])]
    assert_allclose([(part.p_support, part.p_refute) for part in verdict.parts], expected, rtol=1e-6)
    assert verdict.p_support == max(part.p_support for part in verdict.parts)


@pytest.mark.parametrize(("nil", "outcome"), [(2, Outcome.SUPPORTED), (60, Outcome.INVALID)])
def test_problems_without_entropy_count_as_any_other(tmp_path: Path, nil: int, outcome: Outcome) -> None:
    """Where the matched arm has one response for certain the ratio is nil; few of these move the whole."""
    scores = {
        arm: {"logprob": likely(100, 8, mean=mean, seed=seed, spread=2)}
        for seed, (arm, mean) in enumerate({"base": -9, "rl": -3, "hot": -9}.items())
    }
    scores["hot"]["logprob"][:nil] = 0.0
    counts = {"base": (64, [9] * 100), "rl": (64, [0] * 50 + [32] * 50), "hot": (64, [0] * 40 + [20] * 60)}
    study = scored_study(tmp_path, MATCHED, scores, counts=counts, claims=[ENTROPY_CLAIM])
    entry = only(judged(study), ENTROPY_CLAIM)
    assert entry.outcome is outcome
    if outcome is Outcome.INVALID:
        assert "draw it at a higher temperature" in entry.verdict.invalid[0]


def test_arms_without_any_entropy_are_alike(tmp_path: Path) -> None:
    """Where both arms give one response for certain, up to rounding, their ratio is 1."""
    rounding = np.random.default_rng(0).uniform(-9e-5, 0, (120, 4))
    scores = {arm: {"logprob": rounding * part} for part, arm in enumerate(MATCHED)}
    study = scored_study(tmp_path, MATCHED, scores, claims=[ENTROPY_CLAIM])
    ratio = ratios(judged(study))["hot"]
    assert ratio["estimate"] == 1
    assert 0.9 < ratio["lower"] < 1 < ratio["upper"] < 1.1


def test_an_entropy_that_is_not_known_is_asked_for(tmp_path: Path) -> None:
    """Without log-probabilities at an arm's own temperature there is no entropy."""
    values = likely(8, 4, mean=-9, seed=1)
    scores = {arm: {"logprob": values, "own_logprob": values} for arm in MATCHED}
    scores["hot"]["own_logprob"] = values * np.nan
    entry = only(judged(scored_study(tmp_path, MATCHED, scores, claims=[ENTROPY_CLAIM])), ENTROPY_CLAIM)
    assert entry.outcome is Outcome.INVALID
    assert (
        "arm 'hot' on 'T': 32 of 32 completions have no log-probability under itself"
        in entry.verdict.invalid[0]
    )


REPEATS = MATCHED | {
    "base-t06": BASE | {"repeats": "base", "temperature": 0.6},
    "rl-t06": RL | {"repeats": "rl", "temperature": 0.6, "base": "base-t06"},
}


def test_repeats_stand_in_curves_and_in_no_plain_claim(tmp_path: Path) -> None:
    """Arms at another temperature have pairs, beside the base that they name, and no plain verdict."""
    values = likely(9, 4, mean=-9, seed=1)
    study = scored_study(tmp_path, REPEATS, {arm: {"logprob": values} for arm in REPEATS})
    judgement = judged(study, *all_claims().values())
    labels = {entry.case.label for entry in judgement.judged if entry.claim.id != ENTROPY_CLAIM}
    assert labels == {"rl"}
    assert {entry.case.label for entry in judgement.judged if entry.claim.id == ENTROPY_CLAIM} == {"hot"}
    shown = content_of(judgement)["studies"][0]
    pairs = {pair["other"]: (pair["base"], pair["role"]) for pair in shown["pairs"]}
    assert pairs == {
        "rl": ("base", "rl"),
        "hot": ("base", "rl"),
        "base-t06": ("base", "base"),
        "rl-t06": ("base-t06", "rl"),
    }
    bases = {item["arm"]: item["base"] for item in shown["likelihoods"]}
    assert bases == {"base": "base", "rl": "base", "hot": "base", "base-t06": "base", "rl-t06": "base-t06"}


def shown_study(folder: Path) -> dict[str, Any]:
    """results.json of a study with repeats, of which the base-t06 has no entropy."""
    scores: dict[str, Any] = {
        arm: {"logprob": likely(9, 4, mean=-9, seed=seed)} for seed, arm in enumerate(REPEATS)
    }
    scores["base-t06"]["own_logprob"] = scores["base-t06"]["logprob"] * np.nan
    return content_of(judged(scored_study(folder, REPEATS, scores), *all_claims().values()))


def test_results_with_likelihoods_keep_to_their_schema(tmp_path: Path) -> None:
    """They are read again as they were written, and what contradicts itself is refused."""
    content = shown_study(tmp_path)
    write_results(content, tmp_path / "results.json")
    assert read_results(tmp_path / "results.json") == content
    changes: dict[str, Any] = {
        "arm": "nobody",
        "base": "nobody",
        "task": "nothing",
        "distribution": content["studies"][0]["likelihoods"][0]["distribution"] | {"nats": [1.0]},
    }
    for key, value in changes.items():
        other = copy.deepcopy(content)
        other["studies"][0]["likelihoods"][0][key] = value
        write_results(other, tmp_path / "results.json")
        with pytest.raises(InputError):
            read_results(tmp_path / "results.json")


def test_the_distribution_is_the_share_up_to_each_point(tmp_path: Path) -> None:
    """Estimates are shares of completions per problem, averaged, and rise from nearly none to nearly all."""
    study = scored_study(tmp_path, PAIR, {arm: {"logprob": likely(9, 4, mean=-9, seed=1)} for arm in PAIR})
    item = content_of(judged(study))["studies"][0]["likelihoods"][1]
    nats = -likely(9, 4, mean=-9, seed=1) / TOKENS
    found = item["distribution"]
    assert_allclose(found["estimate"], [(nats <= at).mean() for at in found["nats"]], atol=1e-9)
    assert found["estimate"][0] < 0.1
    assert found["estimate"][-1] > 0.9
    assert (np.array(found["lower"]) <= found["estimate"]).all()
    assert (np.array(found["estimate"]) <= found["upper"]).all()
    assert item["entropy"]["estimate"] == pytest.approx(TOKENS * nats.mean())
    assert item["entropy_per_token"]["estimate"] == pytest.approx(nats.mean())


def test_the_chart_has_arms_of_every_role(tmp_path: Path) -> None:
    """Where arms are more than lines, each role has its turn, and lines stand in the order of the study."""
    roles = ["rl"] * 7 + ["teacher", "distilled", "distilled", "rl"]
    arms = {"base": BASE} | {
        f"{role}-{at}": {"role": role, "model": f"made/{at}"} for at, role in enumerate(roles)
    }
    values = {arm: {"logprob": likely(5, 4, mean=-9, seed=seed)} for seed, arm in enumerate(arms)}
    study = content_of(judged(scored_study(tmp_path, arms, values), all_claims()[RL_CLAIM]))["studies"][0]
    (chart,) = of_likelihoods(study)
    names = ["base", "rl-0", "rl-1", "rl-2", "teacher-7", "distilled-8", "distilled-9"]
    assert [name for name, _ in chart.legend] == names
    assert len({style for _, style in chart.legend}) == 7
    assert chart.caption.endswith(" 5 more arms in the table.")


def test_every_role_has_its_turn() -> None:
    """The chart knows all roles that an arm may have."""
    assert sorted(TURNS) == sorted(get_args(Role))


def test_the_summary_has_the_numbers_of_every_arm(tmp_path: Path) -> None:
    """A table of perplexities and entropies, with a dash where one is not known."""
    lines = render_summary(shown_study(tmp_path)).splitlines()
    head = lines.index(
        "| arm | task | perplexity under the base | under itself | entropy of a response, nats"
        " | times the base's, on a typical problem |"
    )
    rows = [line.split(" | ") for line in lines[head + 2 : head + 7]]
    assert [row[0].removeprefix("| ") for row in rows] == list(REPEATS)
    assert [row[4] == "\N{EM DASH}" for row in rows] == [arm == "base-t06" for arm in REPEATS]
    # A base has no ratio to itself, and rl-t06 none to a base without an entropy.
    assert [row[5].removesuffix(" |") == "\N{EM DASH}" for row in rows] == [
        arm in {"base", "base-t06", "rl-t06"} for arm in REPEATS
    ]


def ratios(judgement: Judgement) -> dict[str, Any]:
    """What the report tells of each arm's entropy over its base's."""
    (study,) = content_of(judgement)["studies"]
    return {item["arm"]: item["entropy_ratio"] for item in study["likelihoods"]}


def test_the_report_tells_the_ratio_that_the_claim_judges(tmp_path: Path) -> None:
    """The matched arm's ratio in the table is the claim's, and a base has none to itself."""
    values = {arm: {"logprob": likely(8, 4, mean=-9, seed=seed)} for seed, arm in enumerate(MATCHED)}
    tables: Any = {"claims": [ENTROPY_CLAIM], "margins": {"entropy": 0.9}}
    judgement = judged(scored_study(tmp_path, MATCHED, values, **tables))
    told, shown = ratios(judgement), only(judgement, ENTROPY_CLAIM).verdict.details[2]
    assert told["base"] is None
    assert told["hot"] == pytest.approx(
        {"estimate": shown.estimate, "lower": shown.lower, "upper": shown.upper}
    )


def test_no_ratio_of_entropies_on_other_problems(tmp_path: Path) -> None:
    """Where an arm lacks the scores of a problem, its ratio is not known, and that of others is."""
    values = {arm: {"logprob": likely(8, 4, mean=-9, seed=seed)} for seed, arm in enumerate(MATCHED)}
    study = scored_study(tmp_path, MATCHED, values)
    lines = (tmp_path / "scores.csv").read_text().splitlines(keepends=True)
    (tmp_path / "scores.csv").write_text("".join(line for line in lines if not line.startswith("T,rl,0,")))
    told = ratios(judged(study))
    assert told["rl"] is None
    assert told["hot"] is not None


def test_a_shown_premise_decides_with_its_conclusion() -> None:
    """Both sides want the premise; without it, or with neither side shown, nothing follows."""
    premise, conclusion = Verdict("a", 0.01, 0.9), Verdict("b", 0.02, 0.98)
    outcomes = {
        (1, 1): given("x", premise, conclusion),
        (1, 0): given("x", premise, opposite("not b", conclusion)),
        (0, 1): given("x", opposite("not a", premise), conclusion),
    }
    assert {key: verdict.outcome(0.05) for key, verdict in outcomes.items()} == {
        (1, 1): Outcome.SUPPORTED,
        (1, 0): Outcome.REFUTED,
        (0, 1): Outcome.INCONCLUSIVE,
    }
    assert (outcomes[1, 1].p_support, outcomes[1, 0].p_refute) == (0.02, 0.02)
    assert given("x", invalid("a", "unfit"), conclusion).invalid == ("unfit",)
