"""What any unbiased pass@k must satisfy: beyondbase estimators package.module:function, or file.py:function.

The target is called as function(n, c, k) with integers and returns one number. Floating-point slack is 1e-9,
which every sound implementation keeps; the oracle is exact rational arithmetic.
"""

import math
from fractions import Fraction

import pytest
from hypothesis import Verbosity, example, given, settings
from hypothesis import strategies as st

from beyondbase.estimator_suite.strategies import counts
from beyondbase.estimator_suite.target import Target

SLACK = 1e-9
LARGE_SLACK = 1e-6

# Quiet, because each message names its call; and nothing is left behind in the folder of who asks.
told = settings(deadline=None, database=None, report_multiple_bugs=False, verbosity=Verbosity.quiet)
# The numbers are judged, not the warnings that a stranger's arithmetic emits on its way to them.
pytestmark = pytest.mark.filterwarnings("default")


def exact(n: int, c: int, k: int) -> Fraction:
    """1 - C(n-c, k) / C(n, k), in rational numbers."""
    return 1 - Fraction(math.comb(n - c, k), math.comb(n, k))


def assert_close(estimator: Target, case: tuple[int, int, int], expected: Fraction, slack: float) -> None:
    """Fail unless the estimate is within a relative slack of what is expected."""
    got = estimator(*case)
    if not math.isfinite(got) or abs(Fraction(got) - expected) > Fraction(slack) * expected:
        pytest.fail(
            f"{estimator.describe(*case)}: expected {float(expected)!r} (relative {slack:g}), got {got!r}",
            pytrace=False,
        )


def assert_ordered(estimator: Target, smaller: tuple[int, int, int], larger: tuple[int, int, int]) -> None:
    """Fail unless the first estimate is at most the second."""
    low, high = estimator(*smaller), estimator(*larger)
    if not low <= high + SLACK:
        ours, theirs = estimator.describe(*smaller), estimator.describe(*larger)
        pytest.fail(f"expected {ours} <= {theirs}, got {low!r} > {high!r}", pytrace=False)


@given(counts())
@told
def test_pass_at_1_is_the_success_rate(estimator: Target, case: tuple[int, int, int]) -> None:
    """With one draw the estimate is c/n."""
    n, c, _ = case
    assert_close(estimator, (n, c, 1), Fraction(c, n), SLACK)


@given(counts())
@told
def test_no_success_gives_zero(estimator: Target, case: tuple[int, int, int]) -> None:
    """With nothing correct the estimate is exactly 0."""
    n, _, k = case
    assert_close(estimator, (n, 0, k), Fraction(0), SLACK)


@given(counts())
@told
def test_too_few_failures_give_one(estimator: Target, case: tuple[int, int, int]) -> None:
    """With fewer than k wrong completions every draw holds a correct one."""
    n, c, k = case
    assert_close(estimator, (n, max(c, n - k + 1), k), Fraction(1), SLACK)


@given(counts(max_n=512))
@told
def test_estimate_is_a_probability(estimator: Target, case: tuple[int, int, int]) -> None:
    """The estimate lies in [0, 1]."""
    got = estimator(*case)
    if not 0 <= got <= 1:
        pytest.fail(f"{estimator.describe(*case)}: expected a value in [0, 1], got {got!r}", pytrace=False)


@given(counts(max_n=512))
@told
def test_more_draws_never_hurt(estimator: Target, case: tuple[int, int, int]) -> None:
    """The estimate does not fall from k to k + 1."""
    n, c, k = case
    assert_ordered(estimator, case, (n, c, min(k + 1, n)))


@given(counts(max_n=512))
@told
def test_more_successes_never_hurt(estimator: Target, case: tuple[int, int, int]) -> None:
    """The estimate does not fall from c to c + 1."""
    n, c, k = case
    assert_ordered(estimator, case, (n, min(c + 1, n), k))


@given(counts())
@told
def test_estimate_is_the_exact_fraction(estimator: Target, case: tuple[int, int, int]) -> None:
    """The estimate is 1 - C(n-c, k) / C(n, k)."""
    assert_close(estimator, case, exact(*case), SLACK)


@given(counts(max_n=2048))
# C(2048, 1024) is beyond the greatest float: sixty draws would miss such counts now and then.
@example((2048, 1024, 1024))
@settings(told, max_examples=60)
def test_large_n_does_not_overflow(estimator: Target, case: tuple[int, int, int]) -> None:
    """The estimate stays right where the binomial coefficients leave the range of a float."""
    assert_close(estimator, case, exact(*case), LARGE_SLACK)


@pytest.mark.parametrize(
    "case", [(1030, 515, 515), (2048, 1, 1024), (2048, 1, 2047), (2048, 3, 2), (2048, 2047, 1)]
)
def test_known_traps_of_large_n(estimator: Target, case: tuple[int, int, int]) -> None:
    """The estimate stays right at counts that overflow, cancel or lie on the edge."""
    assert_close(estimator, case, exact(*case), LARGE_SLACK)


@given(counts(), st.integers(1, 8))
@told
def test_more_draws_than_completions_are_refused(
    estimator: Target, case: tuple[int, int, int], excess: int
) -> None:
    """With k > n there is no unbiased estimate: it raises or returns NaN, never a number."""
    n, c, _ = case
    try:
        got = estimator.raw(n, c, n + excess)
    except Exception:  # noqa: BLE001 - any refusal will do
        return
    if not math.isnan(got):
        call = estimator.describe(n, c, n + excess)
        kind = "a convention, no wrong value: " if got == 1 else ""
        tail = "; the code of HumanEval says 1.0 too, as if more samples had been drawn" if got == 1 else ""
        message = f"{kind}{call}: expected an error or NaN, got {got!r}: with k > n nothing is unbiased{tail}"
        pytest.fail(message, pytrace=False)
