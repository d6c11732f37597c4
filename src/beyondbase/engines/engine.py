"""What every engine does: generate completions from seeds, and score tokens that are given."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from beyondbase.completions import Completion
from beyondbase.errors import InputError
from beyondbase.study.draw import Draw
from beyondbase.study.engine_settings import engines_that
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

    def generate(self, requests: Iterable[Request], sampling: Draw) -> Iterator[Completion]:
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
        able = engines_that(lambda kind: kind.scores_at_temperature)
        raise InputError(f"score: {found}; score with a copy of the study that has {able}")


def total(logprobs: Sequence[float] | None) -> float | None:
    """Sum log-probabilities, where there are any."""
    return None if logprobs is None else float(sum(logprobs))
