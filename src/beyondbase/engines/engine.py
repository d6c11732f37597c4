"""What every engine does: generate completions from seeds, and score tokens that are given."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from beyondbase.completions import Completion
from beyondbase.errors import InputError
from beyondbase.messages import quote
from beyondbase.tasks.prompts import Prompt


class EngineError(RuntimeError):
    """An engine failed through no fault of the model, such as a server that is away; a run can be resumed."""


@dataclass(frozen=True)
class Request:
    """One completion that is wanted.

    Attributes:
        problem_id: The problem.
        index: Its number among the problem's completions, from 0.
        seed: What it is drawn with, from 0 and below 2**63.
        prompt: What the model reads.
    """

    problem_id: str
    index: int
    seed: int
    prompt: Prompt


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How completions are drawn; top_k is applied before top_p, both after the temperature.

    Attributes:
        temperature: 0 takes the likeliest token always.
        max_tokens: At most so many tokens, the one that ends the completion included.
        top_p: Only the likeliest tokens that together reach this.
        top_k: Only this many of the likeliest tokens; all if 0.
        stop_token_ids: Tokens that end a completion, beside those that the model's own settings name.
        stop_lines: Whole lines that end a completion; text that merely contains one does not.
        logprobs: Whether to compute the log-probability of what was drawn, at temperature 1.
        keep_tokens: Whether a completion carries its token ids, and the log-probability of each.
    """

    temperature: float
    max_tokens: int
    top_p: float = 1.0
    top_k: int = 0
    stop_token_ids: tuple[int, ...] = ()
    stop_lines: tuple[str, ...] = ()
    logprobs: bool = True
    keep_tokens: bool = False

    def __post_init__(self) -> None:
        wrong = (
            ("temperature", self.temperature >= 0, "0 or more"),
            ("top_p", 0 < self.top_p <= 1, "more than 0, at most 1"),
            ("top_k", self.top_k >= 0, "0 (all) or more"),
            ("max_tokens", self.max_tokens >= 1, "1 or more"),
            ("stop_lines", all(_is_line(line) for line in self.stop_lines), "lines that are not empty"),
        )
        for name, holds, remedy in wrong:
            if not holds:
                raise InputError(f"{name}: found {quote(getattr(self, name))}; use {remedy}")

    def identity(self) -> Mapping[str, Any]:
        """Name everything about the draw on which completions hang, as JSON."""
        kept = {
            field: value for field, value in asdict(self).items() if field not in ("logprobs", "keep_tokens")
        }
        lists = ("stop_token_ids", "stop_lines")
        return kept | {name: list(kept[name]) for name in lists}


class Engine(Protocol):
    """A model that completes prompts.

    Attributes:
        name: What the engine is called.
        version: Which version of it runs.
        tokenizer: The model's tokenizer, where the engine has one; it renders chats.
    """

    name: str
    version: str
    tokenizer: Any

    def identity(self) -> Mapping[str, Any]:
        """Name everything about model and engine on which completions hang, as JSON."""

    def generate(self, requests: Iterable[Request], sampling: Sampling) -> Iterator[Completion]:
        """Complete prompts, each from its own seed, and hand completions over as they finish.

        Raises:
            InputError: A request cannot be met, such as a prompt longer than the model's context.
            EngineError: The engine failed; all completions that came before are good.
        """

    def score(
        self,
        prompts: Sequence[Prompt],
        continuations: Sequence[str | Sequence[int]],
        *,
        temperature: float = 1.0,
    ) -> list[tuple[float, ...]]:
        """Compute the log-probability of each token of continuations that are given.

        Args:
            prompts: What the model reads.
            continuations: What follows: tokens, or texts as the model reads them.
            temperature: At which the model is asked, above 0.

        Raises:
            InputError: A continuation does not fit into the model's context.
            EngineError: The engine failed.
        """

    def close(self) -> None:
        """Let go of the model."""


def refuse_temperature(engine: str, temperature: float) -> None:
    """Refuse to score at a temperature, for an engine that knows log-probabilities at 1 only.

    Raises:
        InputError: The temperature is not 1.
    """
    if temperature != 1:
        found = f"found the temperature {temperature:g}, but {engine} gives log-probabilities at 1 only"
        raise InputError(f'score: {found}; score with a copy of the study that has engine = "transformers"')


def total(logprobs: Sequence[float] | None) -> float | None:
    """Sum log-probabilities, where there are any."""
    return None if logprobs is None else float(sum(logprobs))


def _is_line(line: str) -> bool:
    return bool(line.strip()) and "\n" not in line
