"""A small real model made on the spot: Llama's architecture, a tokenizer trained on a few lines."""

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

CORPUS = [
    "The sum of 12 and 30 is 42.",
    "Question: how many apples are left?\nAnswer: 7\n",
    "Let x = 3, then 2x + 1 = 7 and the answer is \\boxed{7}.",
    "<|im_start|>user\nWhat is 6 times 7?<|im_end|>\n<|im_start|>assistant\n42<|im_end|>\n",
    "Please reason step by step, and put your final answer within \\boxed{}.",
] * 4
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "<|{{ message['role'] }}|>\n{{ message['content'] }}<|end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


def make_tiny(folder: Path, *, seed: int = 0, layers: int = 3, spread: float = 0.1) -> Path:
    """Write a model of 0.7 M parameters with its tokenizer, as transformers and vLLM load it.

    Args:
        folder: where to.
        seed: of the weights.
        layers: how deep.
        spread: standard deviation of the weights; at 0.1 next tokens are neither sure nor equally likely.
    """
    tokenizer = make_tokenizer()
    tokenizer.save_pretrained(folder)
    make_weights(len(tokenizer), tokenizer, seed=seed, layers=layers, spread=spread).save_pretrained(folder)
    return folder


def make_weights(vocabulary: int, tokenizer: Any, *, seed: int, layers: int, spread: float) -> Any:
    """Draw the weights of a Llama with two heads of 64."""
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=64,
        max_position_embeddings=512,
        initializer_range=spread,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return LlamaForCausalLM(config)


def make_tokenizer() -> Any:
    """Train a byte-level tokenizer that opens every text with <s>."""
    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "</s>", "<pad>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    words.train_from_iterator(CORPUS, trainer)
    words.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        bos_token="<s>",  # noqa: S106 - a token of text
        eos_token="</s>",  # noqa: S106
        pad_token="<pad>",  # noqa: S106
        chat_template=CHAT_TEMPLATE,
    )
