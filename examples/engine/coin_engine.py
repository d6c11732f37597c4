"""An engine of one's own: it answers by the toss of a coin, each from the seed of its request."""

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Any

from coin_settings import CoinSettings

from beyondbase.completions import Completion
from beyondbase.engines import Engine, Request
from beyondbase.errors import InputError
from beyondbase.study.draw import Draw
from beyondbase.tasks import Prompt


class CoinEngine(Engine):
    """A coin; the same seed gives the same side."""

    name, version = "coin", "1"
    tokenizer: Any = None

    def __init__(self, model: str, settings: CoinSettings) -> None:
        """Take a coin.

        Raises:
            InputError: The model is no chance.
        """
        try:
            self._chance = float(model)
        except ValueError:
            self._chance = math.nan
        if not 0 < self._chance < 1:
            raise InputError(f'model: found "{model}"; use a chance between 0 and 1, such as "0.3"')
        self._model, self._settings = model, settings

    def identity(self) -> Mapping[str, Any]:
        """Name everything that tosses hang on."""
        return {"model": self._model, "weights": None, "engine": self.name, "engine_version": self.version}

    def generate(self, requests: Iterable[Request], sampling: Draw) -> Iterator[Completion]:
        """Toss once for each request; at temperature 0 the likelier side comes up always."""
        for request in requests:
            time.sleep(self._settings.pause)
            toss = Random(request.seed)  # noqa: S311 - no secret hangs on it
            turns, up = toss.randint(10, 99), toss.random() < self._chance
            up = up if sampling.temperature else self._chance > 0.5
            side = self._settings.sides.split(" or ")[0 if up else 1]
            logprob = math.log(self._chance if up else 1 - self._chance)
            yield Completion(
                problem_id=request.problem_id,
                index=request.index,
                seed=request.seed,
                text=f"It turns {turns} times.\n{side}",
                tokens=1,
                finish="stop",
                logprob=logprob if sampling.logprobs else None,
                token_ids=None,
                token_logprobs=None,
            )

    def score(
        self, prompts: Sequence[Prompt], continuations: Sequence[Any], *, temperature: float = 1.0
    ) -> list[tuple[float, ...]]:
        """Refuse: a coin has no tokens."""
        del prompts, continuations, temperature
        raise InputError("score: a coin has no tokens whose chance could be told; use another engine")

    def close(self) -> None:
        """Let go of nothing."""
