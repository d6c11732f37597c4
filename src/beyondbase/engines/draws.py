"""Draws of tokens: temperature, top-k and top-p, each row from noise of its own."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beyondbase.study.draw import Draw

_BLOCK = 64


class Noise:
    """Uniform numbers for each row, from its seed and the position alone: neighbours make no difference."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self._streams = [np.random.Generator(np.random.Philox(key=seed)) for seed in seeds]
        self._block: NDArray[np.float64] = np.empty((len(seeds), 0))
        self._used = 0

    def next(self) -> NDArray[np.float64]:
        """Take the next number of each row."""
        if self._used == self._block.shape[1]:
            self._block = np.stack([stream.random(_BLOCK) for stream in self._streams])
            self._used = 0
        self._used += 1
        return self._block[:, self._used - 1]

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with some of the rows."""
        self._streams = [self._streams[row] for row in rows]
        self._block = self._block[list(rows)]


def draw(logits: Any, uniform: NDArray[np.float64], sampling: Draw) -> Any:
    """Draw a token for each row.

    Args:
        logits: A tensor (rows, vocabulary) in float32.
        uniform: A number in [0, 1) for each row.
        sampling: Temperature, top-k and top-p.

    Returns:
        A tensor of token ids.
    """
    import torch  # noqa: PLC0415 - an extra

    if sampling.temperature == 0:
        return logits.argmax(dim=-1)
    scaled = _keep_top(logits / sampling.temperature, sampling)
    # Inverse of the distribution function in the order of the vocabulary, which near ties do not reorder.
    mass = torch.softmax(scaled, dim=-1).double().cumsum(dim=-1)
    whole = mass[:, -1:]
    target = torch.from_numpy(uniform.copy()).to(logits.device).unsqueeze(1) * whole
    # A product that rounds up to the whole would fall behind the last token.
    target = torch.minimum(target, torch.nextafter(whole, torch.zeros_like(whole)))
    return torch.searchsorted(mass, target, right=True).squeeze(1)


def _keep_top(scaled: Any, sampling: Draw) -> Any:
    size = scaled.shape[-1]
    if 0 < sampling.top_k < size:
        least = scaled.topk(sampling.top_k, dim=-1).values[:, -1:]
        scaled = scaled.masked_fill(scaled < least, -float("inf"))
    return scaled if sampling.top_p >= 1 else _keep_mass(scaled, sampling.top_p)


def _keep_mass(scaled: Any, top_p: float) -> Any:
    values = _falling(scaled)
    shares = (values - scaled.logsumexp(dim=-1, keepdim=True)).exp().double()
    before = shares.cumsum(dim=-1) - shares
    count = (before < top_p).sum(dim=-1, keepdim=True).clamp(min=1)
    least = values.gather(1, count - 1)
    return scaled.masked_fill(scaled < least, -float("inf"))


def _falling(scaled: Any) -> Any:
    import torch  # noqa: PLC0415 - an extra

    if scaled.device.type != "cpu":
        return scaled.sort(dim=-1, descending=True).values
    # On a CPU numpy sorts ten times as fast.
    return torch.from_numpy(np.sort(scaled.numpy(), axis=-1)).flip(-1)
