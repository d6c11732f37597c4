"""What any unbiased pass@k must satisfy: pytest tests/estimators --estimator package.module:function.

The target is called as function(n, c, k) with integers and returns one number. Floating-point slack is 1e-9,
which every sound implementation keeps; the oracle is exact rational arithmetic.
"""

import math
from fractions import Fraction
from typing import Protocol

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import counts

SLACK = 1e-9
LARGE_SLACK = 1e-6

# The numbers are judged, not the warnings that a stranger's arithmetic emits on its way to them.
pytestmark = pytest.mark.filterwarnings("default")


class Estimator(Protocol):
    """The fixture's type."""

    def __call__(self, n: int, c: int, k: int) -> float:
        """Return the estimate."""

    def raw(self, n: int, c: int, k: int) -> float:
        """Return the estimate, letting exceptions pass."""

    def describe(self, n: int, c: int, k: int) -> str:
        """Name the call."""


def exact(n: int, c: int, k: int) -> Fraction:
    """1 - C(n-c, k) / C(n, k), in rational numbers."""
    return 1 - Fraction(math.comb(n - c, k), math.comb(n, k))


def assert_close(estimator: Estimator, case: tuple[int, int, int], expected: Fraction, slack: float) -> None:
    """Fail unless the estimate is within a relative slack of what is expected."""
    __tracebackhide__ = True
    got = estimator(*case)
    if not math.isfinite(got) or abs(Fraction(got) - expected) > Fraction(slack) * expected:
        pytest.fail(
            f"{estimator.describe(*case)}: expected {float(expected)!r} (relative {slack:g}), got {got!r}"
        )


def assert_ordered(estimator: Estimator, smaller: tuple[int, int, int], larger: tuple[int, int, int]) -> None:
    """Fail unless the first estimate is at most the second."""
    __tracebackhide__ = True
    low, high = estimator(*smaller), estimator(*larger)
    if not low <= high + SLACK:
        ours, theirs = estimator.describe(*smaller), estimator.describe(*larger)
        pytest.fail(f"expected {ours} <= {theirs}, got {low!r} > {high!r}")


@given(counts())
@settings(deadline=None)
def test_pass_at_1_is_the_success_rate(estimator: Estimator, case: tuple[int, int, int]) -> None:
    """With one draw the estimate is c/n."""
    n, c, _ = case
    assert_close(estimator, (n, c, 1), Fraction(c, n), SLACK)


@given(counts())
@settings(deadline=None)
def test_no_success_gives_zero(estimator: Estimator, case: tuple[int, int, int]) -> None:
    """With nothing correct the estimate is exactly 0."""
    n, _, k = case
    assert_close(estimator, (n, 0, k), Fraction(0), SLACK)


@given(counts())
@settings(deadline=None)
def test_too_few_failures_give_one(estimator: Estimator, case: tuple[int, int, int]) -> None:
    """With fewer than k wrong completions every draw holds a correct one."""
    n, c, k = case
    assert_close(estimator, (n, max(c, n - k + 1), k), Fraction(1), SLACK)


@given(counts(max_n=512))
@settings(deadline=None)
def test_estimate_is_a_probability(estimator: Estimator, case: tuple[int, int, int]) -> None:
    """The estimate lies in [0, 1]."""
    got = estimator(*case)
    assert 0 <= got <= 1, f"{estimator.describe(*case)}: expected a value in [0, 1], got {got!r}"


@given(counts(max_n=512))
@settings(deadline=None)
def test_more_draws_never_hurt(estimator: Estimator, case: tuple[int, int, int]) -> None:
    """The estimate does not fall from k to k + 1."""
    n, c, k = case
    assert_ordered(estimator, case, (n, c, min(k + 1, n)))


@given(counts(max_n=512))
@settings(deadline=None)
def test_more_successes_never_hurt(estimator: Estimator, case: tuple[int, int, int]) -> None:
    """The estimate does not fall from c to c + 1."""
    n, c, k = case
    assert_ordered(estimator, case, (n, min(c + 1, n), k))


@given(counts())
@settings(deadline=None)
def test_estimate_is_the_exact_fraction(estimator: Estimator, case: tuple[int, int, int]) -> None:
    """The estimate is 1 - C(n-c, k) / C(n, k)."""
    assert_close(estimator, case, exact(*case), SLACK)


@given(counts(max_n=2048))
# C(2048, 1024) is beyond the greatest float: sixty draws would miss such counts now and then.
@example((2048, 1024, 1024))
@settings(deadline=None, max_examples=60)
def test_large_n_does_not_overflow(estimator: Estimator, case: tuple[int, int, int]) -> None:
    """The estimate stays right where the binomial coefficients leave the range of a float."""
    assert_close(estimator, case, exact(*case), LARGE_SLACK)


@pytest.mark.parametrize(
    "case", [(1030, 515, 515), (2048, 1, 1024), (2048, 1, 2047), (2048, 3, 2), (2048, 2047, 1)]
)
def test_known_traps_of_large_n(estimator: Estimator, case: tuple[int, int, int]) -> None:
    """The estimate stays right at counts that overflow, cancel or lie on the edge."""
    assert_close(estimator, case, exact(*case), LARGE_SLACK)


@given(counts(), st.integers(1, 8))
@settings(deadline=None)
def test_more_draws_than_completions_are_refused(
    estimator: Estimator, case: tuple[int, int, int], excess: int
) -> None:
    """With k > n there is no unbiased estimate: it raises or returns NaN, never a number."""
    n, c, _ = case
    try:
        got = estimator.raw(n, c, n + excess)
    except Exception:  # noqa: BLE001 - any refusal will do
        return
    assert math.isnan(got), f"{estimator.describe(n, c, n + excess)}: expected an error or NaN, got {got!r}"
