"""How likely an arm's completions were under its base: log-probabilities of text that is already there."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from beyondbase.asking import model_of, prompts_of, settings_of, start_engine
from beyondbase.completions import Completion
from beyondbase.engines import Engine
from beyondbase.engines.tokens import load_tokenizer
from beyondbase.errors import InputError
from beyondbase.sampling import Key, Progress, Tell, samples_of
from beyondbase.store import SampleSet, Scored, set_folder
from beyondbase.store.layout import SET_FILE
from beyondbase.study import Study
from beyondbase.tasks import Prompt

# Completions that are scored, and stored, at once.
BATCH = 256


def score(study: Study, keys: Sequence[Key], *, k: int, tell: Tell) -> None:
    """Score completions of every arm under the base that it starts from; what has a score is left alone.

    Where the tokens of all these were kept and base and arm read the same ones, these very tokens are scored,
    the end of the text among them; else the text as the base reads it.

    Args:
        study: With [sampling], [problems] and sample sets.
        keys: Which of its sets, as `chosen` lists them; bases and sets that are not there are left out.
        k: Of each problem the first so many completions.
        tell: Called as a model is loaded, and after every batch.

    Raises:
        InputError: An extra is missing, or the base cannot be loaded or scores nothing.
        EngineError: The engine failed; what was stored is good.
    """
    there = [key for key in keys if _lacking(study, key, k)]
    for base in dict.fromkeys(study.base_of(arm) for _, arm in there):
        tell(Progress("load", there[0][0], base))
        with closing(start_engine(study, base)) as engine:
            for task, arm in there:
                if study.base_of(arm) == base:
                    _score_set(study, engine, (task, arm), k, tell)


def _lacking(study: Study, key: Key, k: int) -> int:
    base, folder = study.base_of(key[1]), set_folder(samples_of(study), *key)
    if base == key[1] or not (folder / SET_FILE).exists():
        return 0
    return sum(map(len, SampleSet.read(folder).unscored(base, k=k)))


def _score_set(study: Study, engine: Engine, key: Key, k: int, tell: Tell) -> None:
    task, arm = key
    base = study.base_of(arm)
    prompts = prompts_of(study, task, base, engine.tokenizer)
    exact = _same_tokens(study, arm, engine, k)
    identity = {**engine.identity(), **settings_of(study, base), "tokens": "kept" if exact else "text"}
    with closing(SampleSet.read(set_folder(samples_of(study), *key))) as store:
        at = Progress("score", *key, wanted=_lacking(study, key, k))
        for batch in store.unscored(base, k=k):
            for start in range(0, len(batch), BATCH):
                part = batch[start : start + BATCH]
                store.append_scores(base, identity, _scored(engine, part, prompts, exact=exact))
                at = replace(at, done=at.done + len(part))
                tell(at)


def _scored(
    engine: Engine, batch: Sequence[Completion], prompts: Mapping[str, Prompt], *, exact: bool
) -> list[Scored]:
    unknown = {item.problem_id for item in batch} - set(prompts)
    if unknown:
        found = f"problem {min(unknown)!r}: found a completion of it"
        raise InputError(f"{found}, but the task has no such problem; restore it")
    texts: list[str | Sequence[int]] = [
        item.token_ids if exact and item.token_ids is not None else item.text for item in batch
    ]
    scores = engine.score([prompts[item.problem_id] for item in batch], texts)
    return [
        Scored(item.problem_id, item.index, float(sum(logprobs)), len(logprobs))
        for item, logprobs in zip(batch, scores, strict=True)
    ]


def _same_tokens(study: Study, arm: str, engine: Engine, k: int) -> bool:
    # All or none: scores with the end of the text and without it are not to be put together.
    if engine.tokenizer is None or study.sampling is None or study.sampling.keep_tokens < k:
        return False
    theirs: Any = load_tokenizer(model_of(study, arm), study.arms[arm].revision or None)
    same: bool = theirs.get_vocab() == engine.tokenizer.get_vocab()
    return same
