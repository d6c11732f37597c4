"""How likely completions were under a base, or under their own arm: log-probabilities of what is there."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from beyondbase.completions import Completion
from beyondbase.engines import Engine
from beyondbase.engines.tokens import load_tokenizer
from beyondbase.errors import InputError
from beyondbase.evidence.asked import draw_of, model_of, prompts_of, recipe_of, samples_of, settings_of
from beyondbase.sampling.draw import Progress, Tell
from beyondbase.sampling.start import start_engine
from beyondbase.store import SampleSet, Scored, set_folder
from beyondbase.store.layout import SET_FILE
from beyondbase.store.places import INDEX_LIMIT
from beyondbase.study import Study
from beyondbase.study.arms import Key
from beyondbase.tasks import Prompt

# Completions that are scored, and stored, at once.
BATCH = 256
# Completions of each problem that are scored where the study keeps no tokens.
FIRST = 8


@dataclass(frozen=True)
class _Job:
    """A sample set, and the arm that scores it at some temperature: its base, or itself."""

    task: str
    arm: str
    scorer: str
    temperature: float = 1.0

    @property
    def key(self) -> Key:
        return self.task, self.arm


def score(study: Study, keys: Sequence[Key], *, k: int, tell: Tell) -> tuple[str, ...]:
    """Score completions of every arm under the base that it starts from; what has a score is left alone.

    Where the tokens of all these were kept and base and arm read the same ones, these very tokens are scored,
    the end of the text among them; else the text as the base reads it, which the claims do not take.

    Kept tokens of an arm that was drawn at another temperature than 1 (and with nothing cut off by top_p or
    top_k) are also scored under the arm itself at its temperature, which its entropy is estimated from.

    Args:
        study: With [sampling], [problems] and sample sets.
        keys: Which of its sets, as `chosen` lists them; those that are not there are left out.
        k: Of each problem the first so many completions.
        tell: Called as a model is loaded, and after every batch.

    Returns:
        The arms whose own temperature the engine of the study cannot score at.

    Raises:
        InputError: An extra is missing, a model cannot be loaded or scores nothing, or the study keeps the
            tokens of fewer completions than k.
        EngineError: The engine failed; what was stored is good.
    """
    _check_kept(study, k)
    own = [job for job in _own_jobs(study, keys, k) if _lacking(study, job, k)]
    able = study.engine.scores_at_temperature
    jobs = [job for job in _base_jobs(study, keys) if _lacking(study, job, k)] + own * able
    for scorer in dict.fromkeys(job.scorer for job in jobs):
        tell(Progress("load", next(job.task for job in jobs if job.scorer == scorer), scorer))
        with closing(start_engine(study, scorer)) as engine:
            for job in jobs:
                if job.scorer == scorer:
                    _score_set(study, engine, job, k, tell)
    return () if able else tuple(dict.fromkeys(job.arm for job in own))


def _check_kept(study: Study, k: int) -> None:
    kept = recipe_of(study).keep_tokens
    if 0 < kept < k:
        found = f"found {k}, where the study keeps the tokens of {kept} completions of each problem"
        use = f"give {kept} or fewer, or sample into another folder with a larger keep_tokens"
        raise InputError(f"{study.path}: --completions: {found}; {use}")


def _base_jobs(study: Study, keys: Sequence[Key]) -> list[_Job]:
    bases = {arm: study.base_of(arm) for _, arm in keys}
    return [_Job(task, arm, bases[arm]) for task, arm in keys if bases[arm] != arm]


def _own_jobs(study: Study, keys: Sequence[Key], k: int) -> list[_Job]:
    recipe = recipe_of(study)
    if recipe.keep_tokens < k:
        return []
    drawn = {arm: draw_of(recipe, study.arms[arm]) for _, arm in keys}
    return [
        _Job(task, arm, arm, drawn[arm].temperature)
        for task, arm in keys
        if drawn[arm].temperature not in {0, 1} and (drawn[arm].top_p, drawn[arm].top_k) == (1, 0)
    ]


def _lacking(study: Study, job: _Job, k: int) -> int:
    folder = set_folder(samples_of(study), *job.key)
    if not (folder / SET_FILE).exists():
        return 0
    return sum(map(len, _unscored(study, job, SampleSet.read(folder), k)))


def _unscored(study: Study, job: _Job, store: SampleSet, k: int) -> Iterator[list[Completion]]:
    # Where some were lost, the first k reach beyond those whose tokens are kept.
    end = recipe_of(study).keep_tokens or INDEX_LIMIT
    for batch in store.unscored(job.scorer, k=k):
        yield [item for item in batch if item.index < end]


def _score_set(study: Study, engine: Engine, job: _Job, k: int, tell: Tell) -> None:
    prompts = prompts_of(study, job.task, job.scorer, engine.tokenizer)
    with closing(SampleSet.read(set_folder(samples_of(study), *job.key))) as store:
        # All or none: scores with the end of the text and without it are not to be put together.
        exact = _same_tokens(study, job.arm, engine) and _all_kept(study, job, store, k)
        tokens = "kept" if exact else "text"
        identity = {**engine.identity(), **settings_of(study, job.scorer), "tokens": tokens}
        at = Progress("score", *job.key, wanted=_lacking(study, job, k))
        for batch in _unscored(study, job, store, k):
            for start in range(0, len(batch), BATCH):
                part = batch[start : start + BATCH]
                scored = _scored(engine, part, prompts, exact=exact, temperature=job.temperature)
                store.append_scores(job.scorer, identity, scored)
                at = replace(at, done=at.done + len(part))
                tell(at)


def _scored(
    engine: Engine,
    batch: Sequence[Completion],
    prompts: Mapping[str, Prompt],
    *,
    exact: bool,
    temperature: float,
) -> list[Scored]:
    unknown = {item.problem_id for item in batch} - set(prompts)
    if unknown:
        found = f"problem {min(unknown)!r}: found a completion of it"
        raise InputError(f"{found}, but the task has no such problem; restore it")
    texts: list[str | Sequence[int]] = [
        item.token_ids if exact and item.token_ids is not None else item.text for item in batch
    ]
    scores = engine.score([prompts[item.problem_id] for item in batch], texts, temperature=temperature)
    return [
        Scored(item.problem_id, item.index, float(sum(logprobs)), len(logprobs))
        for item, logprobs in zip(batch, scores, strict=True)
    ]


def _same_tokens(study: Study, arm: str, engine: Engine) -> bool:
    if engine.tokenizer is None or not recipe_of(study).keep_tokens:
        return False
    theirs: Any = load_tokenizer(model_of(study, arm), study.arms[arm].revision or None)
    same: bool = theirs.get_vocab() == engine.tokenizer.get_vocab()
    return same


def _all_kept(study: Study, job: _Job, store: SampleSet, k: int) -> bool:
    """Whether the tokens of all are there, which keep_tokens may not say: it may have been raised since."""
    earlier = store.scorer_identity(job.scorer).get("tokens") if job.scorer in store.scorers() else None
    wanted = (item for batch in _unscored(study, job, store, k) for item in batch)
    kept = earlier != "text" and all(item.token_ids is not None for item in wanted)
    if earlier == "kept" and not kept:
        found = f"keep_tokens is {recipe_of(study).keep_tokens}, but some of these tokens were not kept"
        use = "lower it to what it was at the draw, or sample into another folder"
        raise InputError(f"{study.path}: arm {job.arm!r} on {job.task!r}: {found}; {use}")
    return kept
