"""Prompts as token ids, with one token for the beginning of a sequence and never two."""

from collections.abc import Sequence
from typing import Any

from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.hub import check_name, hub_or_cache, not_loaded
from beyondbase.messages import quote
from beyondbase.tasks.prompts import Chat, Prompt, render_chat


def load_tokenizer(name: str, revision: str | None) -> Any:
    """Load a tokenizer by its id on the Hub, or from a local folder.

    Raises:
        InputError: It cannot be loaded.
    """
    check_name(name, "tokenizer")
    transformers = require("transformers", "transformers")
    with hub_or_cache(name) as silence:
        try:
            return transformers.AutoTokenizer.from_pretrained(name, revision=revision)
        except (OSError, ValueError, KeyError) as error:
            use = "correct the name or revision, or give a folder that holds it"
            raise not_loaded(f"tokenizer: {quote(name)}", error, silence, use=use) from None


def encode_prompt(tokenizer: Any, prompt: Prompt) -> tuple[int, ...]:
    """Turn a prompt into the token ids that the model reads.

    Args:
        tokenizer: A tokenizer of transformers.
        prompt: Token ids pass through. Text gets the tokenizer's opening tokens, unless it begins with them.

    Raises:
        InputError: The prompt is empty.
    """
    if isinstance(prompt, tuple):
        ids = prompt
    else:
        text = render_chat(tokenizer, prompt) if isinstance(prompt, Chat) else prompt
        bare = encode_text(tokenizer, text)
        opening = _opening(tokenizer)
        ids = bare if bare[: len(opening)] == opening else opening + bare
    if not ids:
        raise InputError("prompt: found no token; write a prompt that is not empty")
    return ids


def encode_text(tokenizer: Any, text: str) -> tuple[int, ...]:
    """Turn text into token ids and add nothing."""
    return tuple(tokenizer.encode(text, add_special_tokens=False))


def encode_continuation(tokenizer: Any, continuation: str | Sequence[int]) -> tuple[int, ...]:
    """Turn a continuation into the token ids that follow a prompt."""
    if isinstance(continuation, str):
        return encode_text(tokenizer, continuation)
    return tuple(continuation)


def decode(tokenizer: Any, ids: Sequence[int]) -> str:
    """Turn token ids into text without special tokens."""
    text = tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return str(text)


def _opening(tokenizer: Any) -> tuple[int, ...]:
    ids = tuple(tokenizer.encode("", add_special_tokens=True))
    # Some tokenizers close a text too, with a token that would end the completion before it begins.
    return ids[:-1] if ids and ids[-1] in _closing(tokenizer) else ids


def _closing(tokenizer: Any) -> set[int]:
    ends = {tokenizer.eos_token_id, getattr(tokenizer, "sep_token_id", None)}
    return {end for end in ends if end is not None and end != tokenizer.bos_token_id}
