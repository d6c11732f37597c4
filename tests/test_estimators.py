"""Pass@k and its relatives against exact fractions, scipy, and the laws that they obey."""

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any, SupportsFloat

import numpy as np
import passk_inference.core
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import integrate, stats
from strategies import even_tallies, tallies

from beyondbase import estimators as est
from beyondbase.estimator_suite.strategies import counts

TOLERANCE = 1e-13
UNDERFLOW = Fraction(1, 10**290)
EXTENDED = bool(np.finfo(np.longdouble).eps < 1e-18)


def assert_exact(got: SupportsFloat, expected: Fraction, tolerance: float = TOLERANCE) -> None:
    """Fail unless got is within a relative tolerance of expected, compared as rational numbers."""
    __tracebackhide__ = True
    if abs(Fraction(float(got)) - expected) > Fraction(tolerance) * expected:
        pytest.fail(f"expected {float(expected)!r} within {tolerance:g} relative, got {float(got)!r}")


def exact_tail(n: int, c: int, k: int, least: int) -> Fraction:
    """P(at least `least` correct among k of n)."""
    ways = sum(math.comb(c, j) * math.comb(n - c, k - j) for j in range(least, min(c, k) + 1))
    return Fraction(ways, math.comb(n, k))


def exact_miss(n: int, c: int, k: int) -> Fraction:
    """E(1-p)^k under Beta(c+1, n-c+1)."""
    return Fraction(math.prod(range(n - c + 1, n - c + 1 + k)), math.prod(range(n + 2, n + 2 + k)))


def exact_sd(n: int, c: int, k: int) -> Decimal:
    """Posterior standard deviation of pass@k, to 50 digits."""
    variance = exact_miss(n, c, 2 * k) - exact_miss(n, c, k) ** 2
    with localcontext(prec=50):
        return (Decimal(variance.numerator) / Decimal(variance.denominator)).sqrt()


large_counts = counts(max_n=2048)


class TestPassAtK:
    """Properties of pass_at_k."""

    @given(large_counts)
    @settings(deadline=None)
    def test_equals_exact_fraction(self, case: tuple[int, int, int]) -> None:
        """The estimate is 1 - C(n-c, k) / C(n, k) to 13 digits."""
        n, c, k = case
        assert_exact(est.pass_at_k(n, c, k), 1 - Fraction(math.comb(n - c, k), math.comb(n, k)))

    @pytest.mark.skipif(not EXTENDED, reason="needs an extended-precision long double")
    def test_is_exact_for_every_c_and_k_at_2048(self) -> None:
        """All four million values at n = 2048 agree with a recurrence of positive terms in long doubles."""
        n = 2048
        left, worst = n - np.arange(n), 0.0
        for c in np.array_split(np.arange(1, n + 1), 16):
            hit = np.minimum(c[:, None].astype(np.longdouble) / left, 1)
            miss = np.cumprod(np.maximum(left - c[:, None], 0).astype(np.longdouble) / left, axis=1)
            before = np.concatenate([np.ones((c.size, 1)), miss[:, :-1]], axis=1)
            expected = np.cumsum(before * hit, axis=1)
            worst = max(worst, float(np.max(np.abs(est.pass_at_k_curve(n, c) / expected - 1))))
        assert worst <= TOLERANCE

    @given(counts(max_n=512))
    def test_agrees_with_scipy_and_passk_inference(self, case: tuple[int, int, int]) -> None:
        """Two independent implementations give the same number."""
        n, c, k = case
        got = est.pass_at_k(n, c, k)
        assert_allclose(got, stats.hypergeom.sf(0, n, c, k), rtol=1e-12)
        assert_allclose(got, passk_inference.core.pass_at_k([c], n, k)[0], rtol=1e-12)

    @given(tallies())
    def test_at_1_is_success_rate(self, tally: tuple[list[int], list[int]]) -> None:
        """Pass@1 is c/n to the last bit."""
        n, c = tally
        assert_array_equal(est.pass_at_k(n, c, 1), np.array(c) / np.array(n))

    @given(even_tallies(max_n=300))
    def test_is_a_monotone_probability(self, tally: tuple[int, list[int]]) -> None:
        """Over all k and c the estimate stays in [0, 1] and never falls as k or c grows."""
        n, _ = tally
        curves = est.pass_at_k_curve(n, np.arange(n + 1))
        assert curves.min() == 0
        assert curves.max() == 1
        assert (np.diff(curves, axis=0) >= 0).all()
        assert (np.diff(curves, axis=1) >= 0).all()

    @given(large_counts)
    def test_is_certain_at_the_ends(self, case: tuple[int, int, int]) -> None:
        """It is exactly 0 without a success and exactly 1 with fewer than k failures."""
        n, c, k = case
        assert est.pass_at_k(n, 0, k) == 0
        assert est.pass_at_k(n, max(c, n - k + 1), k) == 1

    def test_broadcasts(self) -> None:
        """The result has the broadcast shape, and each entry is the scalar result."""
        n, c, k = np.array([[4], [8]]), np.array([1, 2, 4]), np.array([[[1]], [[3]]])
        got = est.pass_at_k(n, c, k)
        assert got.shape == (2, 2, 3)
        for at in np.ndindex(got.shape):
            assert got[at] == est.pass_at_k(n[at[1], 0], c[at[2]], k[at[0], 0, 0])

    def test_scalars_and_nothing(self) -> None:
        """Scalars give a result without dimensions, no problems give no results."""
        assert est.pass_at_k(4, 2.0, 2).shape == ()
        assert est.pass_at_k([], [], 1).shape == (0,)
        assert est.g_pass_at_k([], [], 1, 0.5).shape == (0,)


class TestCurves:
    """Properties of pass_at_k_curve and mean_pass_at_k_curve."""

    @given(tallies())
    def test_curve_is_the_points(self, tally: tuple[list[int], list[int]]) -> None:
        """Column j of the curve is pass@(j+1), whatever mixture of n there is."""
        n, c = tally
        curve = est.pass_at_k_curve(n, c)
        points = est.pass_at_k(np.array(n)[:, None], np.array(c)[:, None], np.arange(1, min(n) + 1))
        assert_array_equal(curve, points)

    @given(tallies())
    def test_mean_curve_is_mean_of_curves(self, tally: tuple[list[int], list[int]]) -> None:
        """The histogram gives the same mean as the matrix."""
        assert_allclose(
            est.mean_pass_at_k_curve(*tally), est.pass_at_k_curve(*tally).mean(axis=0), rtol=1e-13
        )

    @given(even_tallies(), st.integers(1, 64))
    def test_k_max_cuts_the_curve(self, tally: tuple[int, list[int]], k_max: int) -> None:
        """A smaller k_max gives the first columns."""
        n, c = tally
        k_max = min(k_max, n)
        assert_array_equal(est.pass_at_k_curve(n, c, k_max), est.pass_at_k_curve(n, c)[:, :k_max])
        assert est.mean_pass_at_k_curve(n, c, k_max).shape == (k_max,)

    @given(tallies(), st.randoms(use_true_random=False))
    def test_problems_are_exchangeable(self, tally: tuple[list[int], list[int]], random: Any) -> None:
        """Permuting the problems permutes the curves and leaves their mean as it is."""
        n, c = np.array(tally)
        order = random.sample(range(n.size), n.size)
        assert_array_equal(est.pass_at_k_curve(n[order], c[order]), est.pass_at_k_curve(n, c)[order])
        assert_array_equal(est.mean_pass_at_k_curve(n[order], c[order]), est.mean_pass_at_k_curve(n, c))

    @given(even_tallies())
    def test_mean_curve_stays_a_probability(self, tally: tuple[int, list[int]]) -> None:
        """Rounding never lifts a mean above 1, and with every completion correct it is 1."""
        assert est.mean_pass_at_k_curve(*tally).max() <= 1
        n, c = tally
        assert_array_equal(est.mean_pass_at_k_curve(n, [n] * len(c)), np.ones(n))


class TestRelatives:
    """Pass^k, G-Pass@k, Cover@tau and Bayes@N."""

    @given(large_counts)
    @settings(deadline=None)
    def test_pass_hat_k_equals_exact_fraction(self, case: tuple[int, int, int]) -> None:
        """Pass^k is C(c, k) / C(n, k) to 13 digits wherever a float can hold it."""
        expected = exact_tail(*case, least=case[2])
        if expected == 0 or expected > UNDERFLOW:
            assert_exact(est.pass_hat_k(*case), expected)
        else:
            assert 0 <= est.pass_hat_k(*case) <= 1e-289

    @given(large_counts, st.data())
    @settings(deadline=None)
    def test_g_pass_equals_exact_fraction(self, case: tuple[int, int, int], data: st.DataObject) -> None:
        """G-Pass@k is the hypergeometric tail to 13 digits wherever a float can hold it."""
        n, c, k = case
        least = data.draw(st.integers(1, k) | st.integers(max(1, k * c // n - 5), min(k, k * c // n + 5)))
        expected = exact_tail(n, c, k, least)
        got = est.g_pass_at_k(n, c, k, least / k)
        if expected == 0 or expected > UNDERFLOW:
            assert_exact(got, expected)
        else:
            assert 0 <= got <= 1e-289

    @given(counts(), st.floats(1e-9, 1))
    def test_g_pass_agrees_with_scipy(self, case: tuple[int, int, int], tau: float) -> None:
        """It is scipy's hypergeometric survival function below the threshold ceil(tau k)."""
        n, c, k = case
        least = max(math.ceil(Fraction(tau) * k - Fraction(1, 10**10)), 1)
        assert_allclose(est.g_pass_at_k(n, c, k, tau), stats.hypergeom.sf(least - 1, n, c, k), rtol=1e-11)

    @given(large_counts)
    @settings(deadline=None)
    def test_g_pass_spans_pass_at_k_and_pass_hat_k(self, case: tuple[int, int, int]) -> None:
        """A threshold of one success is pass@k, a threshold of k is pass^k."""
        assert_allclose(est.g_pass_at_k(*case, 1e-9), est.pass_at_k(*case), rtol=TOLERANCE)
        assert_allclose(est.g_pass_at_k(*case, 1.0), est.pass_hat_k(*case), rtol=TOLERANCE, atol=1e-290)

    @given(even_tallies())
    def test_g_pass_falls_with_tau(self, tally: tuple[int, list[int]]) -> None:
        """A higher threshold is never easier, and broadcasting over it gives one row per problem."""
        n, c = tally
        got = est.g_pass_at_k(n, np.array(c)[:, None], n // 2 + 1, np.linspace(0.05, 1, 20))
        assert got.shape == (len(c), 20)
        assert (np.diff(got, axis=1) <= 0).all()

    @given(st.integers(1, 2048), st.data())
    def test_tau_is_read_as_the_fraction_it_stands_for(self, k: int, data: st.DataObject) -> None:
        """No floating residue in tau, not even that of a product, moves a threshold."""
        needed = data.draw(st.integers(1, k))
        for tau in (needed / k, needed * (1 / k), min(1.0, np.nextafter(needed / k, 2))):
            assert est.cover_at_tau(k, needed, tau) == 1
            assert est.cover_at_tau(k, needed - 1, tau) == 0
            assert est.g_pass_at_k(k, needed, k, tau) == 1
            assert est.g_pass_at_k(k, needed - 1, k, tau) == 0

    @pytest.mark.parametrize("n", [1, 2, 3, 7, 10, 16, 20, 30, 64, 100, 128, 512, 1000])
    def test_cover_is_g_pass_at_n_for_all_counts(self, n: int) -> None:
        """At k = n G-Pass is 0 or 1 and the same as c/n >= tau, for every c and a grid of awkward tau."""
        c = np.arange(n + 1)
        shares = np.unique([*np.linspace(0.01, 1, 100), *(c[1:] / n), *(c[1:] * (1 / n)), 1 / 3, 0.1 * 3])
        taus = np.minimum(np.concatenate([shares, np.nextafter(shares, 0), np.nextafter(shares, 2)]), 1)
        taus = taus[:, None]
        got = est.g_pass_at_k(n, c, n, taus)
        assert set(got.ravel()) <= {0.0, 1.0}
        assert_array_equal(got, est.cover_at_tau(n, c, taus))

    @pytest.mark.parametrize(
        ("tau", "k", "needed"), [(0.1, 30, 3), (0.05, 20, 1), (3 * 0.05, 20, 3), (0.5, 7, 4)]
    )
    def test_known_thresholds(self, tau: float, k: int, needed: int) -> None:
        """Ceil(tau k) comes out as on paper."""
        assert_array_equal(est.cover_at_tau(k, [needed - 1, needed], tau), [0, 1])
        assert_array_equal(est.g_pass_at_k(k, [needed - 1, needed], k, tau), [0, 1])

    @given(counts(max_n=40))
    def test_mg_pass_is_the_published_sum(self, case: tuple[int, int, int]) -> None:
        """MG-Pass@k is 2/k times the tails from ceil(k/2)+1 to k, in exact fractions."""
        n, c, k = case
        tails = (exact_tail(n, c, k, i) for i in range(math.ceil(k / 2) + 1, k + 1))
        assert_exact(est.mg_pass_at_k(n, c, k), Fraction(2, k) * sum(tails, Fraction(0)))

    def test_mg_pass_of_a_perfect_model(self) -> None:
        """As published, the sum reaches 1 for even k only and is empty for k = 1."""
        assert_array_equal(est.mg_pass_at_k(98, 98, [1, 2, 6, 98]), [0, 1, 1, 1])
        assert_allclose(est.mg_pass_at_k(98, 98, 3), 2 / 3, rtol=1e-15)

    @given(counts(max_n=300))
    @settings(deadline=None)
    def test_bayes_equals_exact_moments(self, case: tuple[int, int, int]) -> None:
        """Posterior mean and standard deviation agree with rational moments to 13 and 12 digits."""
        mean, sd = est.bayes_pass_at_k(*case)
        assert_exact(mean, 1 - exact_miss(*case))
        expected = exact_sd(*case)
        assert abs(Decimal(float(sd)) / expected - 1) < Decimal("1e-12")

    @pytest.mark.parametrize(
        "case", [(2048, 0, 1), (2048, 0, 2048), (2048, 1, 1024), (2048, 2047, 3), (2048, 900, 2)]
    )
    def test_bayes_keeps_its_digits_at_2048(self, case: tuple[int, int, int]) -> None:
        """Where the difference of the moments would cancel, the standard deviation does not."""
        mean, sd = est.bayes_pass_at_k(*case)
        assert_exact(mean, 1 - exact_miss(*case))
        assert abs(Decimal(float(sd)) / exact_sd(*case) - 1) < Decimal("1e-12")

    @pytest.mark.parametrize("case", [(1, 0, 1), (8, 3, 4), (64, 2, 16), (64, 60, 2)])
    def test_bayes_agrees_with_numerical_integration(self, case: tuple[int, int, int]) -> None:
        """Mean and variance are integrals over the Beta posterior."""
        n, c, k = case
        posterior = stats.beta(c + 1, n - c + 1)
        mean, sd = est.bayes_pass_at_k(n, c, k)

        def moment(power: Callable[[float], float]) -> float:
            return float(
                integrate.quad(lambda p: power(1 - (1 - p) ** k) * posterior.pdf(p), 0, 1, epsabs=0)[0]
            )

        assert_allclose(mean, moment(lambda x: x), rtol=1e-8)
        assert_allclose(sd**2, moment(lambda x: (x - float(mean)) ** 2), rtol=1e-7)

    @given(tallies(), st.randoms(use_true_random=False))
    def test_relatives_are_per_problem(self, tally: tuple[list[int], list[int]], random: Any) -> None:
        """Each problem's value depends on its own tally only."""
        n, c = np.array(tally)
        k = random.randint(1, int(n.min()))
        for function in (est.pass_hat_k, est.mg_pass_at_k, est.bayes_pass_at_k):
            alone = [np.asarray(function(a, b, k)) for a, b in zip(n, c, strict=True)]
            assert_array_equal(np.asarray(function(n, c, k)), np.stack(alone, axis=-1))


class TestComparisons:
    """Support metrics, detection limit, sampling gap and crossover."""

    def test_support_metrics_of_prorl(self) -> None:
        """The published table's counts give its published values."""
        got = est.support_metrics(both=2388, base_only=175, rl_only=48)
        assert [round(x, 2) for x in (got.srr, got.ndr, got.sds, got.nscr)] == [0.93, 0.02, 0.04, -0.05]

    def test_support_metrics_of_simplerl(self) -> None:
        """The MATH-500 counts of the fixture give its known values."""
        got = est.support_metrics(both=462, base_only=19, rl_only=3)
        assert [round(x, 3) for x in (got.srr, got.ndr, got.nscr)] == [0.960, 0.006, -0.033]

    @pytest.mark.parametrize(
        ("sets", "expected"),
        [
            ((0, 0, 0), (math.nan,) * 4),
            ((0, 3, 0), (0, math.nan, math.nan, -1)),
            ((0, 0, 3), (math.nan, 1, math.nan, 1)),
            ((5, 0, 0), (1, 0, 0, 0)),
        ],
    )
    def test_support_metrics_without_denominator(
        self, sets: tuple[int, int, int], expected: tuple[float, ...]
    ) -> None:
        """A ratio of nothing is NaN, not an error and not 0."""
        got = est.support_metrics(*sets)
        assert_array_equal([got.srr, got.ndr, got.sds, got.nscr], expected)

    def test_support_metrics_of_expected_counts(self) -> None:
        """Counts need not be whole: only what they are in proportion matters."""
        whole, part = est.support_metrics(10, 4, 2), est.support_metrics(2.5, 1.0, 0.5)
        assert (part.srr, part.ndr, part.sds, part.nscr) == (whole.srr, whole.ndr, whole.sds, whole.nscr)

    def test_support_metrics_are_frozen(self) -> None:
        """A result cannot be changed."""
        with pytest.raises(AttributeError):
            est.support_metrics(1, 1, 1).srr = 0.0  # type: ignore[misc]

    def test_detection_limit_of_128(self) -> None:
        """Zero of 128 still allow a success probability of 2.3 %."""
        assert round(est.detection_limit(128), 4) == 0.0231

    @given(st.integers(1, 10**6), st.floats(1e-6, 0.999999))
    def test_detection_limit_is_where_silence_becomes_unlikely(self, n: int, confidence: float) -> None:
        """At the limit the probability of zero successes is 1 - confidence."""
        limit = est.detection_limit(n, confidence)
        assert_allclose(n * math.log1p(-limit), math.log1p(-confidence), rtol=1e-9)

    @given(st.integers(1, 10**6))
    def test_detection_limit_falls_with_n(self, n: int) -> None:
        """More silent completions allow less."""
        assert est.detection_limit(n + 1) < est.detection_limit(n)

    @given(even_tallies(), st.data())
    def test_sampling_gap_is_base_pass_at_k_minus_rl_pass_at_1(
        self, tally: tuple[int, list[int]], data: st.DataObject
    ) -> None:
        """Each problem's gap is the difference of the two estimates."""
        n, c = tally
        rl_c = data.draw(st.lists(st.integers(0, 7), min_size=len(c), max_size=len(c)))
        k = data.draw(st.integers(1, n))
        got = est.sampling_gap(n, c, 7, rl_c, k)
        assert_array_equal(got, est.pass_at_k(n, c, k) - np.array(rl_c) / 7)

    @pytest.mark.parametrize(
        ("difference", "expected"),
        [
            ([0.2, 0.1, -0.1, -0.2], 3),
            ([-0.1, 0.1, -0.1], 3),
            ([-0.1, -0.2], 1),
            ([0.1, -0.1, 0.0], None),
            ([0.1, 0.0, -0.1], 3),
            ([0.1], None),
            ([-0.1], 1),
        ],
    )
    def test_crossover(self, difference: list[float], expected: int | None) -> None:
        """It is the first k from which the base stays strictly above; a tie is not above."""
        assert est.crossover(difference) == expected

    @given(st.lists(st.floats(-1, 1), min_size=1))
    def test_crossover_separates(self, difference: list[float]) -> None:
        """From the crossover on every difference is negative, and the one before it is not."""
        found = est.crossover(difference)
        if found is None:
            assert difference[-1] >= 0
        else:
            assert max(difference[found - 1 :]) < 0
            assert found == 1 or difference[found - 2] >= 0


DRAWS: dict[str, Callable[[Any, Any, Any], object]] = {
    "pass_at_k": est.pass_at_k,
    "pass_hat_k": est.pass_hat_k,
    "mg_pass_at_k": est.mg_pass_at_k,
    "bayes_pass_at_k": est.bayes_pass_at_k,
    "g_pass_at_k": lambda n, c, k: est.g_pass_at_k(n, c, k, 0.5),
}


class TestErrors:
    """What is refused, and how it is said."""

    @pytest.mark.parametrize("function", DRAWS.values(), ids=DRAWS)
    @pytest.mark.parametrize(
        ("n", "c", "k", "message"),
        [
            ([8, 4, 2], 1, 3, r"k=3 exceeds n=2 at index 2"),
            ([[8], [4]], 1, [3, 5], r"k=5 exceeds n=4 at index \(1, 1\)"),
            (4, 1, 5, r"k=5 exceeds n=4$"),
            (4, [1, 5], 2, r"c=5 exceeds n=4 at index 1"),
            (4, [1, -1], 2, r"c must hold integers from 0 to \d+, found -1 at index 1"),
            (0, 0, 1, r"n must hold integers from 1 to \d+, found 0$"),
            (4, 1, 0, r"k must hold integers from 1 to \d+, found 0$"),
            (4, [1.5], 1, r"c must hold integers .* found 1.5 at index 0"),
            (4, [math.nan], 1, r"c must hold integers .* found nan at index 0"),
            (math.inf, 1, 1, r"n must hold integers .* found inf"),
            (2**31, 1, 1, r"n must hold integers .* found 2147483648"),
            (4, True, 1, r"c must hold integers, found dtype bool"),
            ("4", 1, 1, r"n must hold integers, found dtype <U1"),
            ([4, 4], [1, 1, 1], 1, r"shape mismatch.*\(2,\).*\(3,\)"),
        ],
    )
    def test_unfit_counts(
        self, function: Callable[..., object], n: Any, c: Any, k: Any, message: str
    ) -> None:
        """Every function of (n, c, k) names what it found and where."""
        with pytest.raises(ValueError, match=message):
            function(n, c, k)

    @pytest.mark.parametrize("function", [est.pass_at_k_curve, est.mean_pass_at_k_curve])
    @pytest.mark.parametrize(
        ("n", "c", "k_max", "message"),
        [
            ([8, 4], [1, 1], 5, r"k=5 exceeds n=4 at index 1"),
            (4, 1, None, r"c needs shape \(problems,\).*found c \(\)"),
            (4, [], None, r"found c \(0,\)"),
            (4, [[1]], None, r"found c \(1, 1\)"),
            ([4, 4], [1], None, r"found c \(1,\) and n \(2,\)"),
            (4, [1], 0, r"k_max must hold integers from 1"),
            (4, [1], [1, 2], r"k_max must be one integer, found shape \(2,\)"),
        ],
    )
    def test_unfit_curves(
        self, function: Callable[..., object], n: Any, c: Any, k_max: Any, message: str
    ) -> None:
        """A curve needs a row of problems and a k_max within every n."""
        with pytest.raises(ValueError, match=message):
            function(n, c, k_max)

    @pytest.mark.parametrize("tau", [0, -0.1, 1.1, math.nan, [0.5, 2]])
    def test_unfit_tau(self, tau: Any) -> None:
        """A share outside (0, 1] is refused."""
        with pytest.raises(ValueError, match=r"tau must be in \(0, 1\], found"):
            est.cover_at_tau(4, [1, 2], tau)
        with pytest.raises(ValueError, match=r"tau must be in \(0, 1\], found"):
            est.g_pass_at_k(4, [1, 2], 2, tau)

    @pytest.mark.parametrize("confidence", [0, 1, -1, math.nan])
    def test_unfit_confidence(self, confidence: float) -> None:
        """A level outside (0, 1) is refused."""
        with pytest.raises(ValueError, match=r"confidence must be in \(0, 1\), found"):
            est.detection_limit(8, confidence)

    @pytest.mark.parametrize("n", [0, -1, 1.5])
    def test_unfit_silence(self, n: Any) -> None:
        """A detection limit needs at least one completion."""
        with pytest.raises(ValueError, match="n must hold integers from 1"):
            est.detection_limit(n)

    def test_unfit_support(self) -> None:
        """A number of problems that is negative or not finite is refused, with its place."""
        with pytest.raises(ValueError, match=r"counts must be from 0, found -1\.0 at index 1"):
            est.support_metrics(1, -1, 0)
        for odd in (math.nan, math.inf, -0.5):
            with pytest.raises(ValueError, match=rf"counts must be from 0, found {odd} at index 2"):
                est.support_metrics(1, 1, odd)

    def test_unequal_problems(self) -> None:
        """A gap between different problem sets is refused, even where numpy would broadcast them."""
        with pytest.raises(ValueError, match=r"same problems, found shapes \(2,\) and \(1,\)"):
            est.sampling_gap(4, [1, 2], 4, [1], 2)
        with pytest.raises(ValueError, match="k=5 exceeds n=4"):
            est.sampling_gap(4, [1], 8, [1], 5)

    @pytest.mark.parametrize("difference", [[], [[0.1]], 0.1, [0.1, math.nan], [-math.inf]])
    def test_unfit_difference(self, difference: Any) -> None:
        """A crossover needs one row of finite numbers."""
        with pytest.raises(ValueError, match="difference must be a row of finite numbers, found shape"):
            est.crossover(difference)
