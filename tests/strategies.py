"""Hypothesis strategies that the tests share."""

from hypothesis import strategies as st


@st.composite
def tallies(draw: st.DrawFn, max_n: int = 64, max_problems: int = 12) -> tuple[list[int], list[int]]:
    """Several problems: n and c of each, n not necessarily equal."""
    n = draw(st.lists(st.integers(1, max_n), min_size=1, max_size=max_problems))
    return n, [draw(st.integers(0, most)) for most in n]


@st.composite
def even_tallies(draw: st.DrawFn, max_n: int = 64, max_problems: int = 12) -> tuple[int, list[int]]:
    """Several problems with one n: n, and c of each."""
    n = draw(st.integers(1, max_n))
    return n, draw(st.lists(st.integers(0, n), min_size=1, max_size=max_problems))
