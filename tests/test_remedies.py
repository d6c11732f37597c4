"""What an INCONCLUSIVE verdict says would decide it: which parts, and in which words."""

import re
from dataclasses import replace
from math import nan

import numpy as np
import pytest

from beyondbase.inference.assurance import Pilot
from beyondbase.inference.bounded import Floats
from beyondbase.judging.measure import Measure, alike, greater, less
from beyondbase.judging.remedies import needs, remedy_text
from beyondbase.judging.verdict import Verdict, all_of, any_of, given, invalid, opposite

ALPHA = 0.05
NUMBER = "about [0-9,]+"


def gains(mean: float, size: int = 60, spread: float = 0.3) -> Floats:
    """Differences with exactly this mean."""
    drawn = np.random.default_rng(1).normal(0, spread, size).clip(-0.5, 0.5)
    return np.asarray(drawn - drawn.mean() + mean)


def leaf(mean: float, statement: str = "RL ahead", *, noise: float = nan) -> Verdict:
    """RL leads by this much on average."""
    return greater(Measure("d", gains(mean), within=noise, samples=8), 0.0, statement)


SUGGESTED, HINTED, CONTRARY, SURE = (leaf(mean) for mean in (0.075, 0.03, -0.03, 0.4))
DOUBT = "may never be decided, as the truth may be at the threshold; if it is as it looks, "


def asked(text: str) -> int:
    """How many more problems a remedy speaks of."""
    found = re.search("about ([0-9,]+) more", text)
    assert found is not None, text
    return int(found[1].replace(",", ""))


def test_a_suggestion_is_promised_a_number() -> None:
    """With a p of .1 at most, so many more problems would probably decide."""
    assert ALPHA < SUGGESTED.p_support <= 0.1
    found = remedy_text(SUGGESTED, ALPHA)
    assert re.fullmatch(f"RL ahead: {NUMBER} more problems would probably decide.", found)


def test_what_may_be_at_its_threshold_may_never_be_decided() -> None:
    """A p above .1 promises nothing, but says what would do if the truth were as it looks."""
    assert HINTED.p_support > 0.1
    words = f"RL ahead: {DOUBT}{NUMBER} more problems would probably decide."
    assert re.fullmatch(words, remedy_text(HINTED, ALPHA))
    contrary = remedy_text(CONTRARY, ALPHA)
    assert re.fullmatch(words, contrary)


def test_samples_are_told_beside_problems() -> None:
    """Where sampling noise dominates more samples decide too; where it is small, they alone would not."""
    both = remedy_text(leaf(0.07, noise=0.08), ALPHA)
    assert re.fullmatch(
        f"RL ahead: {NUMBER} more problems or {NUMBER} samples on each of these 60 problems would probably"
        " decide.",
        both,
    )
    little = remedy_text(leaf(0.07, noise=0.001), ALPHA)
    assert little.endswith(" would probably decide; more samples per problem alone would not.")


def test_a_k_that_would_grow_with_the_samples_is_to_be_kept() -> None:
    """More samples answer the same question only if the study holds its large k."""
    measure = Measure("d", gains(0.07), within=0.08, samples=8, kept_k=8)
    assert "of these 60 problems (with [grid] k_large = 8) would" in remedy_text(
        greater(measure, 0.0, "x"), ALPHA
    )


def test_clusters_are_spoken_of_where_they_are_drawn() -> None:
    """What is added are clusters, of as many problems as those at hand have on average."""
    labels = tuple(str(i // 3) for i in range(60))
    measure = Measure("d", gains(0.03), clusters=labels)
    assert re.search(
        f"{NUMBER} more clusters \\(of about 3 problems each\\) would",
        remedy_text(greater(measure, 0, "x"), 0.05),
    )


def test_what_is_out_of_reach_is_said_to_be() -> None:
    """Next to the threshold no hundredfold of data decides, and at it no amount."""
    assert remedy_text(leaf(1e-5), ALPHA) == (
        "RL ahead: so close to the threshold that a hundredfold of data would not decide."
    )
    even = greater(Measure("d", np.repeat([0.25, -0.25], 20)), 0.0, "RL ahead")
    assert remedy_text(even, ALPHA) == (
        "RL ahead: at the threshold, as it looks, where no amount of data decides."
    )


def test_a_verdict_without_data_cannot_tell() -> None:
    """A claim that makes its own p-values gets no number."""
    for verdict in (Verdict("a", 0.3, 0.7), Verdict("a", 1, 1), all_of("x", HINTED, Verdict("a", 0.3, 0.7))):
        assert remedy_text(verdict, ALPHA) == "More problems would help; how many cannot be told."


def open_parts(verdict: Verdict, level: float = ALPHA) -> tuple[list[str], list[float]]:
    """Statements of the parts to be shown, and the levels that they must reach."""
    found = needs(verdict, level, support=True) or needs(verdict, level, support=False) or ()
    return [need.statement for need in found], [need.level for need in found]


def named(verdict: Verdict, name: str) -> Verdict:
    """The verdict under another name."""
    return replace(verdict, statement=name)


def test_all_of_wants_every_open_part_that_leans_its_way() -> None:
    """Parts that are decided, however deep, are not spoken of."""
    whole = all_of("x", named(SURE, "sure"), all_of("y", named(HINTED, "a"), named(SUGGESTED, "b")))
    assert open_parts(whole) == (["a", "b"], [ALPHA, ALPHA])
    assert remedy_text(whole, ALPHA).startswith("a and b: may never be decided")


def test_one_part_that_leans_the_other_way_can_only_refute_the_whole() -> None:
    """The part that leans the claim's way is then no remedy; refutation has its share of the level."""
    whole = all_of("x", named(HINTED, "for"), named(CONTRARY, "against"))
    assert open_parts(whole) == (["against"], [ALPHA / 2])
    nearer = all_of("x", named(CONTRARY, "far"), named(leaf(-0.07), "near"), named(HINTED, "for"))
    assert open_parts(nearer) == (["near"], [ALPHA / 3])
    assert open_parts(all_of("x", named(SURE, "sure"), named(CONTRARY, "against"))) == (
        ["against"],
        [ALPHA / 2],
    )


def test_any_of_is_the_mirror_image() -> None:
    """The part that is nearest to support at its share decides; or all of them, the other way."""
    some = any_of("x", named(HINTED, "far"), named(SUGGESTED, "near"), named(CONTRARY, "against"))
    assert open_parts(some) == (["near"], [ALPHA / 3])
    none = any_of("x", named(CONTRARY, "a"), named(leaf(-0.07), "b"))
    assert open_parts(none) == (["a", "b"], [ALPHA, ALPHA])
    assert open_parts(opposite("not", none)) == (["not: a", "not: b"], [ALPHA, ALPHA])


def test_a_premise_is_needed_on_either_side() -> None:
    """It is to be shown whichever way the conclusion leans, and also where the whole is turned round."""
    premise = named(HINTED, "premise")
    for conclusion in (named(SUGGESTED, "c"), named(CONTRARY, "c")):
        verdict = given("x", premise, conclusion)
        assert open_parts(verdict) == (["premise", "c"], [ALPHA, ALPHA])
        assert open_parts(opposite("y", verdict)) == (["premise", "not: c"], [ALPHA, ALPHA])
    assert open_parts(given("x", named(SURE, "sure"), named(SUGGESTED, "c"))) == (["c"], [ALPHA])


def test_a_premise_that_looks_false_is_no_matter_of_more_data() -> None:
    """Then nothing follows, however many problems there are."""
    verdict = given("x", named(CONTRARY, "premise"), named(SUGGESTED, "c"))
    assert remedy_text(verdict, ALPHA) == "premise: does not look true, and nothing follows where it is not."


def test_near_zero_both_ends_of_a_margin_matter() -> None:
    """Equivalence wants both; beyond the margin, only its refutation at half the level is in sight."""
    near = alike(Measure("d", gains(0.01, 40)), 0.08, "alike")
    assert open_parts(near) == (["d above -0.08", "d below 0.08"], [ALPHA, ALPHA])
    beyond = alike(Measure("d", gains(0.14, 40)), 0.08, "alike")
    assert open_parts(beyond) == (["d below 0.08"], [ALPHA / 2])


def test_several_parts_are_told_by_the_one_that_takes_most() -> None:
    """Of more than two, the slowest is named and the others counted; two have to be shown with .9 each."""
    parts = [named(leaf(mean), f"part {mean}") for mean in (0.07, 0.02, 0.06)]
    found = remedy_text(all_of("x", *parts), ALPHA)
    alone = remedy_text(parts[1], ALPHA)
    assert found.startswith(f"part 0.02 and 2 other parts: {DOUBT}")
    assert asked(found) > asked(alone)


def test_a_remedy_is_promised_only_if_every_part_is() -> None:
    """A suggestion beside a hint promises nothing."""
    assert DOUBT in remedy_text(all_of("x", named(SUGGESTED, "a"), named(HINTED, "b")), ALPHA)
    assert DOUBT not in remedy_text(all_of("x", named(SUGGESTED, "a"), named(leaf(0.07), "b")), ALPHA)


@pytest.mark.parametrize("margin", [0.02, 0.05])
def test_less_speaks_of_the_same_data_as_greater(margin: float) -> None:
    """That a share is below a margin is the same question as that it is above, turned round."""
    measure = Measure("d", np.repeat([1.0, 0.0], [2, 150]), support=(0.0, 1.0))
    assert remedy_text(less(measure, margin, "x"), 0.001) == remedy_text(greater(measure, margin, "x"), 0.001)


@pytest.mark.parametrize("within", [0.0, nan])
def test_a_remedy_without_spread_decides_if_nothing_changes(within: float) -> None:
    """Forty problems without a difference: as many as the remedy asks for, still equal, settle it."""
    open_question = greater(Measure("RL - base", np.zeros(40), within=within), -0.05, "no worse by 0.05")
    wanted = 40 + asked(remedy_text(open_question, ALPHA))
    assert wanted < 150
    assert greater(Measure("RL - base", np.zeros(wanted)), -0.05, "x").p_support <= ALPHA


def test_an_unfit_part_is_no_part_to_be_shown() -> None:
    """What has no data leans nowhere."""
    assert needs(invalid("bad", "too few samples"), ALPHA, support=True) is None


def test_the_seed_fixes_what_is_told() -> None:
    """The same seed tells the same, and another one nearly the same."""
    told = [asked(remedy_text(SUGGESTED, ALPHA, seed=seed)) for seed in (1, 1, 2)]
    assert told[0] == told[1]
    assert told[2] == pytest.approx(told[0], rel=0.4)


def test_a_pilot_knows_its_side() -> None:
    """The estimate lies on one side of the threshold or the other."""
    pilot = Pilot(gains(0.1), np.ones(60), -1.0, nan, 8)
    assert pilot.favourable
    assert not replace(pilot, gains=-pilot.gains).favourable
