"""Health of completions: shares, and copies beyond chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from beyondbase.evidence.health import LEVEL, Health, complaints, copied_indexes, health_of
from beyondbase.store import EMPTY_DIGEST, FINISHES, OUTCOMES, Rows
from beyondbase.study.tables import HealthLimits

FIT = Health(100, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, (5.0, 5.0, 5.0))


def rows(
    digests: list[list[int]],
    *,
    outcomes: str = "correct",
    finishes: str = "stop",
    tokens: list[int] | None = None,
) -> Rows:
    """Rows of problems "0", "1", ... whose completions have these digests."""
    sizes = [len(block) for block in digests]
    whole = sum(sizes)
    return Rows(
        problem_ids=tuple(map(str, range(len(digests)))),
        problem=np.repeat(np.arange(len(digests)), sizes),
        index=np.concatenate([np.arange(size) for size in sizes]),
        digest=np.concatenate([np.array(block, dtype=np.int64) for block in digests]),
        tokens=np.full(whole, 7) if tokens is None else np.array(tokens),
        finish=np.full(whole, FINISHES.index(finishes), dtype=np.int8),
        outcome=np.full(whole, OUTCOMES.index(outcomes), dtype=np.int8),
    )


def test_shares_count_what_they_name() -> None:
    """Each share is that of its own kind among all completions."""
    found = rows([[1, 2, EMPTY_DIGEST, 4], [5, 5, 6, 7]], tokens=[1, 2, 3, 4, 5, 6, 7, -1])
    found.outcome[:4] = [OUTCOMES.index(word) for word in ("truncated", "unparsed", "undecided", "error")]
    found.finish[:2] = FINISHES.index("length")
    health = health_of(found)
    assert (health.completions, health.truncated, health.unparsed, health.errors) == (8, 1 / 8, 1 / 8, 1 / 8)
    assert health.undecided == 1 / 8
    assert (health.empty, health.cut_off, health.distinct) == (1 / 8, 2 / 8, 7 / 8)
    assert health.tokens is not None
    assert health.tokens[:2] == (4.0, 4.0)


def test_what_imports_do_not_say_is_not_known() -> None:
    """Without a reason to finish or a number of tokens there is no share and no length, not zero."""
    health = health_of(rows([[1, 2]], finishes="unknown", tokens=[-1, -1]))
    assert health.cut_off is None
    assert health.tokens is None


def test_a_lost_completion_is_not_empty() -> None:
    """A completion that machinery lost has no text, but is counted as lost only."""
    health = health_of(rows([[EMPTY_DIGEST] * 3], outcomes="error"))
    assert (health.errors, health.empty) == (1.0, 0.0)


@pytest.mark.parametrize("name", ["truncated", "unparsed", "empty", "errors", "copies"])
def test_each_share_beyond_its_limit_is_a_complaint(name: str) -> None:
    """A share above its limit names the arm, the task, the key and a remedy; at the limit it passes."""
    limits = HealthLimits(**{name: 0.25})  # type: ignore[arg-type]
    assert complaints(Health(**vars(FIT) | {name: 0.25}), limits, arm="rl", task="T") == ()
    (said,) = complaints(Health(**vars(FIT) | {name: 0.26}), limits, arm="rl", task="T")
    assert said.startswith("arm 'rl' on 'T': 26.0% of its completions")
    assert f"[health] {name} allows 25.0%: " in said


def test_seeds_used_twice_are_found() -> None:
    """Where the same two numbers hold the same text on every problem, the later one is a copy."""
    rng = np.random.default_rng(0)
    blocks = [rng.integers(1, 2**60, 16) for _ in range(10)]
    for block in blocks:
        block[12:] = block[:4]
    assert copied_indexes(blocks) == (12, 13, 14, 15)


def test_a_set_stored_twice_is_unfit() -> None:
    """Copies count as a share of the completions of a problem, and are not allowed by default."""
    rng = np.random.default_rng(0)
    half = rng.integers(1, 2**60, (20, 8))
    health = health_of(rows(np.hstack([half, half]).tolist()))
    assert health.copies == 0.5
    assert complaints(health, HealthLimits(), arm="rl", task="T")[0].startswith(
        "arm 'rl' on 'T': 50.0% of its completions repeat others beyond chance, so n is less than it seems"
    )


@pytest.mark.parametrize("choices", [1, 2, 5, 50])
def test_a_model_of_few_words_is_no_copy(choices: int) -> None:
    """Independent draws from few texts repeat a lot, and are never called copies."""
    rng = np.random.default_rng(choices)
    assert copied_indexes([rng.integers(0, choices, 64) for _ in range(40)]) == ()


def test_copies_are_found_where_n_differs() -> None:
    """Problems of different n are looked at together, so that imports hide nothing."""
    rng = np.random.default_rng(0)
    blocks = [rng.integers(1, 2**60, size) for size in range(20, 60)]
    for block in blocks:
        block[8:12] = block[:4]
    assert copied_indexes(blocks) == (8, 9, 10, 11)
    assert copied_indexes([rng.integers(1, 9, size) for size in range(20, 60)]) == ()


def test_one_text_for_all_is_no_draw() -> None:
    """Where hardly a problem has two different texts the set is unfit: that is one draw, stored n times."""
    health = health_of(rows([[problem] * 8 for problem in range(1, 40)] + [[1, 2]]))
    assert health.varied == 1 / 40
    (said,) = complaints(health, HealthLimits(), arm="rl", task="T")
    assert "only 2.5% of its problems have two different texts, where [health] varied asks for 5.0%" in said
    once = health_of(rows([[problem] for problem in range(40)]))
    assert complaints(once, HealthLimits(), arm="rl", task="T") == ()


def test_one_problem_says_nothing() -> None:
    """On a single problem two equal texts may always be chance."""
    assert copied_indexes([np.array([1, 2, 1, 3])]) == ()


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(2, 12))
def test_the_alarm_keeps_its_level(seed: int, problems: int, size: int) -> None:
    """What is called a copy is surprising by the exact tail of the Poisson-binomial law, too."""
    rng = np.random.default_rng(seed)
    blocks = [rng.integers(0, rng.integers(1, 40), size) for _ in range(problems)]
    blocks = [np.where(np.arange(size) == size - 1, block[0], block) for block in blocks]
    pairs = size * (size - 1) / 2
    equal = np.array([[(block[i] == block[j]) for block in blocks] for i in range(size) for j in range(i)])
    shares = np.array([sum(equal[:, p]) / pairs for p in range(problems)])
    places = [i for i in range(size) for _ in range(i)]
    for later in copied_indexes(blocks):
        tails = [_tail(shares, int(row.sum())) for i, row in zip(places, equal, strict=True) if i == later]
        assert min(tails) <= LEVEL / pairs


def _tail(shares: NDArray[np.float64], least: int) -> float:
    """P(sum of independent indicators >= least), by convolution."""
    law = np.array([1.0])
    for share in shares:
        law = np.convolve(law, [1 - share, share])
    return float(law[least:].sum())
