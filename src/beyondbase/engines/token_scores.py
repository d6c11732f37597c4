"""Log-probabilities of given tokens on transformers, in pieces that fit into memory."""

from collections.abc import Iterator, Sequence
from typing import Any

Pair = tuple[tuple[int, ...], tuple[int, ...]]
_LOGITS = 1 << 26
_TOKENS = 1 << 14


def score_tokens(model: Any, pairs: Sequence[Pair], *, temperature: float = 1.0) -> list[tuple[float, ...]]:
    """Compute the log-probability of each token of continuations.

    Args:
        model: A causal model of transformers.
        pairs: Token ids of prompts and of what follows them.
        temperature: What logits are divided by, above 0.
    """
    scores: list[tuple[float, ...]] = [()] * len(pairs)
    for group in _groups(pairs):
        found = _score_group(model, [pairs[number] for number in group], temperature)
        for number, score in zip(group, found, strict=True):
            scores[number] = score
    return scores


def _groups(pairs: Sequence[Pair]) -> Iterator[list[int]]:
    order = sorted(range(len(pairs)), key=lambda number: -sum(map(len, pairs[number])))
    while order:
        longest = max(sum(map(len, pairs[order[0]])), 1)
        count = max(_TOKENS // longest, 1)
        yield order[:count]
        order = order[count:]


def _score_group(model: Any, pairs: Sequence[Pair], temperature: float) -> list[tuple[float, ...]]:
    import torch  # noqa: PLC0415 - an extra

    texts = [prompt + continuation for prompt, continuation in pairs]
    width = max(map(len, texts))
    # Padded on the right: no token looks ahead, so padding needs neither mask nor positions.
    ids = torch.tensor([text + (0,) * (width - len(text)) for text in texts], device=model.device)
    found = [torch.zeros(len(pairs), 1)]
    cache = None
    piece = max(_LOGITS // (model.config.vocab_size * len(pairs)), 1)
    with torch.inference_mode():
        for start in range(0, width - 1, piece):
            end = min(start + piece, width - 1)
            out = model(input_ids=ids[:, start:end], past_key_values=cache, use_cache=True)
            cache = out.past_key_values
            logits = out.logits.float() / temperature
            chosen = logits.gather(2, ids[:, start + 1 : end + 1].unsqueeze(2)).squeeze(2)
            found.append((chosen - logits.logsumexp(dim=-1)).cpu())
    rows = torch.cat(found, dim=1).tolist()
    return [
        tuple(row[len(prompt) : len(text)]) for row, (prompt, _), text in zip(rows, pairs, texts, strict=True)
    ]
