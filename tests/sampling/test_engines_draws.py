"""Draws follow the distribution that temperature, top-k and top-p define, exactly."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from scipy.stats import chisquare, kstest

from beyondbase.engines.draws import Noise, draw
from beyondbase.study.draw import Draw

LOGITS = [2.0, -1.0, 0.5, 0.0, 1.5, -3.0, 1.0, 0.4]
SEEDS = range(20_000)


def expected(logits: Sequence[float], sampling: Draw) -> list[float]:
    """The distribution by its definition, token by token."""
    shares = [math.exp(logit / sampling.temperature) for logit in logits]
    order = sorted(range(len(logits)), key=lambda token: -shares[token])
    kept = order[: sampling.top_k] if sampling.top_k else order
    whole = sum(shares[token] for token in kept)
    reached, nucleus = 0.0, []
    for token in kept:
        nucleus.append(token)
        reached += shares[token] / whole
        if reached >= sampling.top_p:
            break
    whole = sum(shares[token] for token in nucleus)
    return [shares[token] / whole if token in nucleus else 0.0 for token in range(len(logits))]


@pytest.mark.parametrize(
    ("temperature", "top_p", "top_k"),
    [
        (1.0, 1.0, 0),
        (0.6, 0.95, 0),
        (1.0, 0.5, 0),
        (1.0, 0.01, 0),
        (1.5, 1.0, 3),
        (0.7, 0.8, 5),
        (1.0, 1.0, 99),
        (1.0, 1.0, 1),
    ],
)
def test_draws_follow_their_distribution(temperature: float, top_p: float, top_k: int) -> None:
    """Over many seeds, counts agree with the definition, and what is cut off is never drawn."""
    sampling = Draw(temperature=temperature, top_p=top_p, top_k=top_k, max_tokens=1)
    logits = torch.tensor([LOGITS]).repeat(len(SEEDS), 1)
    counts = Counter(draw(logits, Noise(SEEDS).next(), sampling).tolist())
    wanted = expected(LOGITS, sampling)
    observed = [counts[token] for token in range(len(LOGITS))]
    assert [count for count, share in zip(observed, wanted, strict=True) if not share] == [0] * wanted.count(
        0
    )
    kept = [(count, share) for count, share in zip(observed, wanted, strict=True) if share]
    if len(kept) > 1:
        found = chisquare([count for count, _ in kept], [share * len(SEEDS) for _, share in kept])
        assert found.pvalue > 1e-4


def test_the_nucleus_of_a_large_vocabulary_is_exact() -> None:
    """The cut falls where the sorted shares reach top-p, and the token that reaches it stays."""
    generator = torch.Generator().manual_seed(1)
    sampling = Draw(temperature=0.9, top_p=0.9, max_tokens=1)
    uniform = (np.arange(1000) + 0.5) / 1000
    for row in torch.randn(3, 800, generator=generator) * 2:
        shares = expected(row.tolist(), sampling)
        drawn = set(draw(row.repeat(1000, 1), uniform, sampling).tolist())
        assert {token for token, share in enumerate(shares) if share > 2 / 1000} <= drawn
        assert drawn <= {token for token, share in enumerate(shares) if share}


def test_temperature_0_takes_the_likeliest() -> None:
    """Whatever the noise."""
    logits = torch.tensor([LOGITS]).repeat(50, 1)
    drawn = draw(logits, Noise(range(50)).next(), Draw(temperature=0, max_tokens=1))
    assert drawn.tolist() == [0] * 50


@pytest.mark.parametrize("uniform", [0.0, float(np.nextafter(1.0, 0.0))])
def test_the_ends_of_the_noise_draw_tokens_that_can_be_drawn(uniform: float) -> None:
    """Neither 0 nor the number before 1 falls on a token without a share."""
    logits = torch.tensor([[-math.inf, 0.0, 1.0, -math.inf]])
    drawn = draw(logits, np.array([uniform]), Draw(temperature=1, max_tokens=1))
    assert drawn.item() in (1, 2)


def test_noise_is_uniform_over_neighbouring_seeds_and_along_each() -> None:
    """Seeds that follow each other are as good as any."""
    noise = Noise(range(500))
    numbers = np.stack([noise.next().copy() for _ in range(100)])
    for sample in (numbers[0], numbers[99], numbers[:, 0], numbers.ravel()):
        assert kstest(sample, "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(numbers[:, 0], numbers[:, 1])[0, 1]) < 0.4


def test_noise_hangs_on_seed_and_position_alone() -> None:
    """Rows that leave do not move those that stay."""
    alone, beside = Noise([7]), Noise([3, 7, 2**63 - 1])
    for step in range(200):
        if step == 70:
            beside.keep([1])
        row = 1 if step < 70 else 0
        assert alone.next()[0] == beside.next()[row]
