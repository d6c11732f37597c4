"""Hypothesis strategies of counts."""

from hypothesis import strategies as st


@st.composite
def counts(draw: st.DrawFn, max_n: int = 64) -> tuple[int, int, int]:
    """One problem: n completions, c of them correct, k drawn, with 0 <= c <= n and 1 <= k <= n."""
    n = draw(st.integers(1, max_n))
    return n, draw(st.integers(0, n)), draw(st.integers(1, n))
