"""The algebra of verdicts: parts, opposites, decisions, and the elementary statements."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from statsmodels.stats.weightstats import ttost_paired

from beyondbase.inference.bounded import Floats, p_less, values_of
from beyondbase.judging.measure import Measure, above_everywhere, alike, greater, less
from beyondbase.judging.verdict import (
    Effect,
    Outcome,
    Verdict,
    all_of,
    any_of,
    invalid,
    opposite,
)
from beyondbase.judging.verdict import (
    given as given_premise,
)

ALPHA = 0.05
EFFECT = Effect("RL - base pass@1", 0.1, 0.05, 0.15)
quick = settings(deadline=None, max_examples=60)

leaves = st.builds(
    Verdict,
    st.sampled_from(["a", "b", "c"]),
    st.floats(0, 1),
    st.floats(0, 1),
    effect=st.sampled_from([Effect(name, 0.0, None, None) for name in "abcdefgh"]),
    invalid=st.just(()) | st.just(()) | st.sampled_from([("no samples",), ("ids differ",)]),
)


@st.composite
def exclusive(draw: st.DrawFn) -> Verdict:
    """A statement whose two p-values add up to 1 or more, as those of one test do."""
    support = draw(st.floats(0, 1))
    return Verdict("a", support, draw(st.floats(min(1, np.nextafter(1 - support, 2)), 1)))


def combinations_of(leaf: st.SearchStrategy[Verdict]) -> st.SearchStrategy[Verdict]:
    """Nested all_of, any_of, opposite and given over leaves."""
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: all_of("all", *parts)),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: any_of("any", *parts)),
            inner.map(lambda part: opposite("not", part)),
            st.tuples(inner, inner).map(lambda two: given_premise("given", *two)),
        ),
        max_leaves=8,
    )


several = st.lists(combinations_of(leaves), min_size=1, max_size=4)


def evidence(verdict: Verdict) -> tuple[float, float, tuple[str, ...], Effect | None]:
    """What a verdict decides by, and the number that it shows."""
    return verdict.p_support, verdict.p_refute, verdict.invalid, verdict.effect


@given(several)
@quick
def test_de_morgan(parts: list[Verdict]) -> None:
    """Not all of the parts is any of their opposites, and the other way round."""
    opposites = [opposite("not", part) for part in parts]
    assert evidence(opposite("not", all_of("x", *parts))) == evidence(any_of("x", *opposites))
    assert evidence(opposite("not", any_of("x", *parts))) == evidence(all_of("x", *opposites))


@given(combinations_of(leaves))
@quick
def test_the_opposite_of_the_opposite_is_the_statement(verdict: Verdict) -> None:
    """Evidence changes places twice, in every part."""
    twice = opposite("x", opposite("y", verdict))
    assert evidence(twice) == evidence(verdict)
    assert [evidence(leaf) for leaf in twice.leaves()] == [evidence(leaf) for leaf in verdict.leaves()]


@given(combinations_of(leaves))
@quick
def test_one_part_is_the_whole(part: Verdict) -> None:
    """All of one and any of one have the evidence of that one."""
    assert evidence(all_of("x", part)) == evidence(any_of("x", part)) == evidence(part)


@given(several, st.integers(0, 99))
@quick
def test_the_order_of_parts_does_not_matter(parts: list[Verdict], seed: int) -> None:
    """A shuffled statement is decided alike."""
    shuffled = Random(seed).sample(parts, len(parts))  # noqa: S311 - an order, not a secret
    for combine in (all_of, any_of):
        one, other = combine("x", *parts), combine("x", *shuffled)
        assert (one.p_support, one.p_refute) == (other.p_support, other.p_refute)
        assert one.outcome(ALPHA) == other.outcome(ALPHA)


@given(combinations_of(exclusive()), st.floats(1e-6, 0.499))
@quick
def test_nothing_is_both_supported_and_refuted(verdict: Verdict, alpha: float) -> None:
    """Parts that cannot be shown both ways combine to wholes that cannot."""
    assert max(verdict.p_support, verdict.p_refute) > alpha


def test_p_values_of_combinations_by_hand() -> None:
    """Support of all takes the weakest part, and refutation the strongest, times the number of parts."""
    parts = (Verdict("a", 0.01, 0.99), Verdict("b", 0.30, 0.02), Verdict("c", 0.04, 0.96))
    assert evidence(all_of("x", *parts)) == (0.30, 0.06, (), None)
    assert evidence(any_of("x", *parts)) == (0.03, 0.99, (), None)
    assert any_of("x", *parts[1:2] * 4).p_support == 1


@given(several, st.floats(1e-6, 0.499))
@quick
def test_an_unfit_part_makes_the_whole_unfit(parts: list[Verdict], alpha: float) -> None:
    """INVALID wins over any evidence, keeps every reason once, and never looks significant."""
    bad = invalid("bad", "too few samples", "no ids")
    for whole in (
        all_of("x", *parts, bad),
        any_of("x", bad, *parts),
        opposite("x", all_of("y", bad, *parts)),
    ):
        assert whole.outcome(alpha) is Outcome.INVALID
        assert whole.outcome(alpha, 0.0) is Outcome.INVALID
        assert whole.p == 1
        assert {"too few samples", "no ids"} <= set(whole.invalid)
        assert len(set(whole.invalid)) == len(whole.invalid)


@pytest.mark.parametrize(
    ("p_support", "p_refute", "outcome"),
    [
        (ALPHA, 0.95, Outcome.SUPPORTED),
        (np.nextafter(ALPHA, 1), 0.95, Outcome.INCONCLUSIVE),
        (0.95, ALPHA, Outcome.REFUTED),
        (0.95, np.nextafter(ALPHA, 1), Outcome.INCONCLUSIVE),
        (0.0, 1.0, Outcome.SUPPORTED),
        (1.0, 0.0, Outcome.REFUTED),
        (1.0, 1.0, Outcome.INCONCLUSIVE),
    ],
)
def test_decisions_at_the_edge_of_alpha(p_support: float, p_refute: float, outcome: Outcome) -> None:
    """A p-value equal to alpha decides, the next larger number does not."""
    assert Verdict("a", p_support, p_refute).outcome(ALPHA) is outcome


def test_the_adjusted_p_decides_whether_and_the_evidence_which_way() -> None:
    """With an adjusted p above alpha nothing is decided; at alpha the better-evidenced side wins."""
    for verdict, side in (
        (Verdict("a", 1e-6, 1), Outcome.SUPPORTED),
        (Verdict("a", 1, 1e-6), Outcome.REFUTED),
    ):
        assert verdict.p == 1e-6
        assert verdict.outcome(ALPHA, 0.051) is Outcome.INCONCLUSIVE
        assert verdict.outcome(ALPHA, ALPHA) is side


def test_about_keeps_the_evidence() -> None:
    """A claim's own sentence and number replace the part's, and absent ones leave it as it is."""
    verdict = Verdict("a", 0.01, 1, EFFECT, details=(EFFECT,))
    assert verdict.about("b") == replace(verdict, statement="b")
    other = replace(EFFECT, name="other")
    assert verdict.about("b", other, (other,)) == replace(
        verdict, statement="b", effect=other, details=(other,)
    )


def part(name: str, p_support: float, p_refute: float) -> Verdict:
    """A statement whose number has its name."""
    return Verdict(name, p_support, p_refute, Effect(name, 0.1, 0.0, 0.2))


def shown(verdict: Verdict) -> str | None:
    """The name of the number that a verdict shows."""
    return verdict.effect.name if verdict.effect else None


SURE, LESS_SURE = part("sure", 1e-9, 1), part("less sure", 1e-4, 1)
OPEN, LEANING = part("open", 0.4, 0.6), part("leaning", 0.9, 0.1)
WRONG, FAR_WRONG = part("wrong", 1, 1e-4), part("far wrong", 1, 1e-9)


@pytest.mark.parametrize(
    ("parts", "outcome", "name"),
    [
        ((SURE, LESS_SURE), Outcome.SUPPORTED, "less sure"),
        ((SURE, WRONG, FAR_WRONG), Outcome.REFUTED, "far wrong"),
        ((OPEN, FAR_WRONG), Outcome.REFUTED, "far wrong"),
        ((SURE, OPEN), Outcome.INCONCLUSIVE, "open"),
        ((OPEN, LEANING, SURE), Outcome.INCONCLUSIVE, "leaning"),
    ],
)
def test_a_whole_shows_the_number_of_the_part_that_decides(
    parts: tuple[Verdict, ...], outcome: Outcome, name: str
) -> None:
    """The weakest link of what holds, what refutes the rest, and what keeps the open from being shown.

    So in any order, in the mirror image, and from however deep.
    """
    for some in (parts, parts[::-1]):
        whole = all_of("x", *some)
        assert (whole.outcome(ALPHA), shown(whole)) == (outcome, name)
        mirrored = any_of("x", *(opposite("not", one) for one in some))
        assert shown(mirrored) == shown(opposite("not", whole)) == name
        assert shown(all_of("x", SURE, all_of("y", *some))) == name


def test_a_part_that_decides_without_a_number_leaves_none() -> None:
    """The number of another part would be taken for that of the decision."""
    whole = all_of("x", Verdict("a", 1, 1e-9), part("b", 1e-9, 1))
    assert whole.effect is None
    assert [leaf.statement for leaf in whole.leaves()] == ["a", "b"]


def test_what_holds_given_a_premise_shows_its_own_number() -> None:
    """A premise lets the conclusion be judged, and its number says nothing of it."""
    for premise in (SURE, LESS_SURE, OPEN, WRONG):
        assert shown(given_premise("x", premise, OPEN)) == "open"


def test_rounding_chooses_no_part() -> None:
    """Of parts whose evidence is the same but for rounding the first is shown, on every machine."""
    for nudge in (1, 1 + 1e-12, 1 - 1e-12):
        for p, other in ((0.3, 0.7), (1e-30, 1), (1, 1e-30)):
            twins = part("first", p, other), part("second", p * nudge, other * nudge)
            assert shown(all_of("x", *twins)) == "first"
            assert shown(any_of("x", *twins)) == "first"


def measure(seed: int, size: int = 60, shift: float = 0.0) -> Measure:
    """Differences of pass@k as two models give them."""
    rng = np.random.default_rng(seed)
    rates = rng.beta(0.5, 0.5, size)
    other, base = rng.binomial(64, np.clip(rates + shift, 0, 1)), rng.binomial(64, rates)
    return Measure("RL - base", np.asarray((other - base) / 64))


@pytest.mark.parametrize("than", [0.0, 0.02, -0.05])
@pytest.mark.parametrize("shift", [0.05, 0.0, -0.1])
def test_less_is_greater_mirrored(than: float, shift: float) -> None:
    """That a mean is less is that its mirror image is greater than the mirrored threshold."""
    found = measure(1, shift=shift)
    mirrored = greater(replace(found, values=-found.values), -than, "x")
    assert evidence(less(found, than, "x"))[:2] == pytest.approx(evidence(mirrored)[:2])
    assert less(found, than, "x").p_support == greater(found, than, "x").p_refute


def test_greater_carries_its_number_and_what_a_remedy_needs() -> None:
    """The effect is the mean between its limits; the pilots count from the threshold, either way."""
    found = measure(2, shift=0.1)
    verdict = greater(found, 0.02, "x")
    assert verdict.effect is not None
    assert verdict.pilots is not None
    assert verdict.effect.estimate == pytest.approx(found.values.mean())
    above, below = verdict.pilots
    assert (
        above.gains.mean() == pytest.approx(found.values.mean() - 0.02) == pytest.approx(-below.gains.mean())
    )
    assert (above.worst, below.worst) == (-1.02, -0.98)
    assert (above.favourable, below.favourable) == (True, False)
    assert above.sizes.sum() == 60


@pytest.mark.parametrize("margin", [0.01, 0.02, 0.03, 0.2])
def test_alike_is_the_paired_t_tost_on_large_samples(margin: float) -> None:
    """With 4,000 problems the p-value of equivalence is statsmodels', within a tenth or beyond doubt."""
    # Independent success rates: differences of such spread that one more observation adds little.
    values: Floats = np.subtract(*np.random.default_rng(3).beta(0.5, 0.5, (2, 4000)))
    wanted = ttost_paired(values, np.zeros(len(values)), -margin, margin)[0]
    found = alike(Measure("RL - base", values), margin, "x").p_support
    assert found == pytest.approx(wanted, rel=0.1, abs=1e-8)


def test_alike_is_refuted_by_a_difference_beyond_the_margin() -> None:
    """A large difference refutes equivalence on either side, and a small sample shows nothing."""
    for shift in (0.3, -0.3):
        assert alike(measure(4, size=300, shift=shift), 0.05, "x").outcome(ALPHA) is Outcome.REFUTED
    assert alike(measure(4, size=10), 0.05, "x").outcome(ALPHA) is Outcome.INCONCLUSIVE


def test_above_everywhere_needs_every_column() -> None:
    """One column below refutes, one undecided leaves open; the effect shown is the least column's."""
    low, even, high = (measure(5, 400, shift).values for shift in (-0.2, 0.0, 0.2))
    outcomes = []
    for columns in ((high, high), (high, even), (high, low)):
        curve = Measure("RL - base pass@k", np.column_stack(columns))
        verdict = above_everywhere(curve, 0.0, "x", ks=(1, 8))
        outcomes.append(verdict.outcome(ALPHA))
        assert verdict.effect is not None
        assert verdict.effect.estimate == pytest.approx(min(column.mean() for column in columns))
    assert outcomes == [Outcome.SUPPORTED, Outcome.INCONCLUSIVE, Outcome.REFUTED]
    assert verdict.effect.name == "RL - base pass@k at k = 8"


def test_above_everywhere_is_refuted_at_powers_of_two_and_the_last_k() -> None:
    """Five k are looked at of twelve, so the smallest of their p-values counts five times."""
    ks = range(1, 13)
    rows = np.column_stack([measure(6, 60, -0.005 * k).values for k in ks])
    looked_at = [float(p_less(values_of(rows[:, k - 1]))[0]) for k in (1, 2, 4, 8, 12)]
    verdict = above_everywhere(Measure("d", rows), 0.0, "ahead", ks=ks)
    assert verdict.p_refute == pytest.approx(min(1.0, 5 * min(looked_at)))


def test_above_everywhere_names_the_first_of_its_equal_columns() -> None:
    """Columns that are alike but for rounding are one to look at: the first k, on every machine."""
    column = np.repeat([-0.5, 0.25, 0.0], [3, 2, 5])
    rows = np.column_stack([column + 0.1, column, column * (1 + 2e-16) - 1e-17])
    verdict = above_everywhere(Measure("d", rows), 0.0, "ahead", ks=(1, 2, 4))
    assert verdict.effect is not None
    assert verdict.effect.name == "d at k = 2"
    assert verdict.pilots is not None
    assert_allclose(verdict.pilots[0].gains, column)


def test_above_everywhere_looks_at_the_columns_that_stand_in_the_way() -> None:
    """To support it the least sure k must be shown, to refute it the surest of the octaves, at its share."""
    low, lower, high = (measure(5, 60, shift).values for shift in (-0.02, -0.08, 0.2))
    curve = Measure("d", np.column_stack([high, low, lower]))
    verdict = above_everywhere(curve, 0.0, "x", ks=(1, 2, 3))
    assert verdict.pilots is not None
    assert_allclose(verdict.pilots[0].gains, lower)
    assert_allclose(verdict.pilots[1].gains, -lower)
    inner = replace(curve, values=np.column_stack([high, low, lower, high]))
    within = above_everywhere(inner, 0.0, "x", ks=(1, 2, 3, 4))
    assert within.pilots is not None
    above, below = within.pilots
    assert_allclose(above.gains, lower)
    assert_allclose(below.gains, -low)
    assert (above.looks, below.looks) == (1, 3)
    assert within.p_refute == pytest.approx(3 * greater(Measure("d", low), 0.0, "x").p_refute)
