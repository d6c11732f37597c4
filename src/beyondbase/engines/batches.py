"""Completions of one batch on transformers: prompts read once, rows drawn together, finished rows let go."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from beyondbase.engines.draws import Noise, draw
from beyondbase.engines.stopping import LineWatch
from beyondbase.study.draw import Draw


@dataclass
class Row:
    """One completion while it grows.

    Attributes:
        prompt: What the model has read.
        seed: Where its noise comes from.
        limit: At most so many tokens.
        tokens: What was drawn.
        logprobs: The log-probability of each, at temperature 1.
    """

    prompt: tuple[int, ...]
    seed: int
    limit: int
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    last_break: int = -1


def run_batch(
    model: Any,
    rows: Sequence[Row],
    sampling: Draw,
    *,
    stops: frozenset[int],
    watch: LineWatch | None,
) -> Iterator[int]:
    """Draw completions until every row has ended.

    Args:
        model: A causal model of transformers.
        rows: What to complete; their tokens grow.
        sampling: How to draw.
        stops: Tokens that end a completion.
        watch: Lines that end a completion.

    Yields:
        The number of each row as it ends.
    """
    import torch  # noqa: PLC0415 - an extra

    batch = _Batch(torch, model, rows)
    while batch.live:
        ended = []
        tokens = draw(batch.logits, batch.noise.next(), sampling)
        logprobs = batch.logprobs(tokens) if sampling.logprobs else [0.0] * len(batch.live)
        for place, (token, logprob) in enumerate(zip(tokens.tolist(), logprobs, strict=True)):
            row = rows[batch.live[place]]
            if not batch.done[place]:
                row.tokens.append(token)
                row.logprobs.append(logprob)
                if _ends(row, stops, watch):
                    batch.done[place] = True
                    ended.append(batch.live[place])
        yield from ended
        tokens = batch.shrink(tokens)
        if batch.live:
            batch.step(tokens)


def _ends(row: Row, stops: frozenset[int], watch: LineWatch | None) -> bool:
    token = row.tokens[-1]
    if token in stops or len(row.tokens) >= row.limit:
        return True
    if watch is None or not watch.has_break(token):
        return False
    start, row.last_break = row.last_break, len(row.tokens) - 1
    return watch.stops(row.tokens, start)


class _Batch:
    """The model's state for the rows that go on: cache, mask, positions and next logits."""

    def __init__(self, torch: Any, model: Any, rows: Sequence[Row]) -> None:
        self._torch, self._model = torch, model
        self.live = list(range(len(rows)))
        self.done = [False] * len(rows)
        self.noise = Noise([row.seed for row in rows])
        prompts = list(dict.fromkeys(row.prompt for row in rows))
        place = {prompt: number for number, prompt in enumerate(prompts)}
        owners = torch.tensor([place[row.prompt] for row in rows], device=model.device)
        self._read(prompts)
        # Each prompt was read once, however many rows it has.
        if len(prompts) < len(rows):
            self._select(owners)

    def _read(self, prompts: Sequence[tuple[int, ...]]) -> None:
        torch, device = self._torch, self._model.device
        width = max(map(len, prompts))
        ids = [[0] * (width - len(prompt)) + list(prompt) for prompt in prompts]
        seen = [[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts]
        mask = torch.tensor(seen, device=device)
        # Without padding no mask is needed, and the faster kernels apply.
        self._mask = mask if any(len(prompt) < width for prompt in prompts) else None
        positions = (mask.cumsum(dim=-1) - 1).clamp(min=0)
        self._next = positions[:, -1:] + 1
        self._cache: Any = None
        self._forward(torch.tensor(ids, device=device), positions)

    def _forward(self, ids: Any, positions: Any) -> None:
        with self._torch.inference_mode():
            out = self._model(
                input_ids=ids,
                attention_mask=self._mask,
                position_ids=positions,
                past_key_values=self._cache,
                use_cache=True,
                logits_to_keep=1,
            )
        self._cache = out.past_key_values
        self.logits = out.logits[:, -1].float()

    def _select(self, rows: Any) -> None:
        with self._torch.inference_mode():
            self._cache.batch_select_indices(rows)
        self.logits, self._next = self.logits[rows], self._next[rows]
        self._mask = None if self._mask is None else self._mask[rows]

    def logprobs(self, tokens: Any) -> list[float]:
        """Look up the log-probability of a token in each row, at temperature 1."""
        chosen = self.logits.gather(1, tokens.unsqueeze(1)) - self.logits.logsumexp(dim=-1, keepdim=True)
        values: list[float] = chosen.squeeze(1).tolist()
        return values

    def shrink(self, tokens: Any) -> Any:
        """Let go of ended rows once they are an eighth, because each time copies the cache."""
        if sum(self.done) * 8 < len(self.done):
            return tokens
        kept = [place for place, done in enumerate(self.done) if not done]
        self.live = [self.live[place] for place in kept]
        self.done = [False] * len(kept)
        if kept:
            self.noise.keep(kept)
            rows = self._torch.tensor(kept, device=tokens.device)
            self._select(rows)
            tokens = tokens[rows]
        return tokens

    def step(self, tokens: Any) -> None:
        """Let the model read the token of each row."""
        if self._mask is not None:
            self._mask = self._torch.cat([self._mask, self._mask.new_ones(len(self.live), 1)], dim=-1)
        self._forward(tokens.unsqueeze(1), self._next)
        self._next = self._next + 1
