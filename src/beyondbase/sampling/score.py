"""How likely completions were under a base, or under their own arm: log-probabilities of what is there."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from beyondbase.completions import Completion
from beyondbase.engines import Engine
from beyondbase.engines.tokens import load_tokenizer
from beyondbase.errors import InputError
from beyondbase.evidence.problems import load_problems
from beyondbase.evidence.sampled_arm import SampledArm
from beyondbase.sampling.draw import Progress, Tell
from beyondbase.sampling.start import start_engine
from beyondbase.store import SampleSet, Scored
from beyondbase.store.index import INDEX_LIMIT
from beyondbase.tasks import Prompt

# Completions that are scored, and stored, at once.
BATCH = 256
# Completions of each problem that are scored where the study keeps no tokens.
FIRST = 8


@dataclass(frozen=True)
class _Job:
    """A sample set, and the arm that scores it at some temperature: its base, or itself."""

    arm: SampledArm
    scorer: SampledArm
    temperature: float = 1.0


def score(arms: Sequence[SampledArm], *, k: int, tell: Tell) -> tuple[str, ...]:
    """Score completions of every arm under the base that it starts from; what has a score is left alone.

    Where the tokens of all these were kept and base and arm read the same ones, these very tokens are scored,
    the end of the text among them; else the text as the base reads it, which the claims do not take.

    Kept tokens of an arm that was drawn at another temperature than 1 (and with nothing cut off by top_p or
    top_k) are also scored under the arm itself at its temperature, which its entropy is estimated from.

    Args:
        arms: Of one study with [sampling] and [problems], as `sampled_arms` lists them; those without a
            sample set are left out.
        k: Of each problem the first so many completions.
        tell: Called as a model is loaded, and after every batch.

    Returns:
        The arms whose own temperature the engine of the study cannot score at.

    Raises:
        InputError: An extra is missing, a model cannot be loaded or scores nothing, or the study keeps the
            tokens of fewer completions than k.
        EngineError: The engine failed; what was stored is good.
    """
    for arm in arms:
        _check_kept(arm, k)
    own = [job for job in _own_jobs(arms, k) if _lacking(job, k)]
    able = all(arm.study.engine.scores_at_temperature for arm in arms)
    jobs = [job for job in _base_jobs(arms) if _lacking(job, k)] + own * able
    for name in dict.fromkeys(job.scorer.arm for job in jobs):
        of_model = [job for job in jobs if job.scorer.arm == name]
        tell(Progress("load", *of_model[0].scorer.key))
        with closing(start_engine(of_model[0].scorer)) as engine:
            for job in of_model:
                _score_set(engine, job, k, tell)
    return () if able else tuple(dict.fromkeys(job.arm.arm for job in own))


def _check_kept(arm: SampledArm, k: int) -> None:
    kept = arm.recipe.keep_tokens
    if 0 < kept < k:
        found = f"found {k}, where the study keeps the tokens of {kept} completions of each problem"
        use = f"give {kept} or fewer, or sample into another folder with a larger keep_tokens"
        raise InputError(f"{arm.study.path}: --completions: {found}; {use}")


def _base_jobs(arms: Sequence[SampledArm]) -> list[_Job]:
    return [_Job(arm, arm.base) for arm in arms if arm.base is not arm]


def _own_jobs(arms: Sequence[SampledArm], k: int) -> list[_Job]:
    return [
        _Job(arm, arm, arm.draw.temperature)
        for arm in arms
        if arm.recipe.keep_tokens >= k
        and arm.draw.temperature not in {0, 1}
        and (arm.draw.top_p, arm.draw.top_k) == (1, 0)
    ]


def _lacking(job: _Job, k: int) -> int:
    return sum(map(len, _unscored(job, job.arm.read(), k))) if job.arm.there else 0


def _unscored(job: _Job, store: SampleSet, k: int) -> Iterator[list[Completion]]:
    # Where some were lost, the first k reach beyond those whose tokens are kept.
    end = job.arm.recipe.keep_tokens or INDEX_LIMIT
    for batch in store.unscored(job.scorer.arm, k=k):
        yield [item for item in batch if item.index < end]


def _score_set(engine: Engine, job: _Job, k: int, tell: Tell) -> None:
    arm, scorer = job.arm, job.scorer
    prompts = scorer.prompts(load_problems(scorer.study, scorer.task), engine.tokenizer)
    with closing(arm.read()) as store:
        # All or none: scores with the end of the text and without it are not to be put together.
        exact = _same_tokens(arm, engine) and _all_kept(job, store, k)
        identity = {**engine.identity(), **scorer.settings, "tokens": "kept" if exact else "text"}
        at = Progress("score", *arm.key, wanted=_lacking(job, k))
        for batch in _unscored(job, store, k):
            for start in range(0, len(batch), BATCH):
                part = batch[start : start + BATCH]
                scored = _scored(engine, part, prompts, exact=exact, temperature=job.temperature)
                store.append_scores(scorer.arm, identity, scored)
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


def _same_tokens(arm: SampledArm, engine: Engine) -> bool:
    if engine.tokenizer is None or not arm.recipe.keep_tokens:
        return False
    theirs: Any = load_tokenizer(arm.model, arm.said.revision or None)
    same: bool = theirs.get_vocab() == engine.tokenizer.get_vocab()
    return same


def _all_kept(job: _Job, store: SampleSet, k: int) -> bool:
    """Whether the tokens of all are there, which keep_tokens may not say: it may have been raised since."""
    arm, scorer = job.arm, job.scorer.arm
    earlier = store.scorer_identity(scorer).get("tokens") if scorer in store.scorers() else None
    wanted = (item for batch in _unscored(job, store, k) for item in batch)
    kept = earlier != "text" and all(item.token_ids is not None for item in wanted)
    if earlier == "kept" and not kept:
        found = f"keep_tokens is {arm.recipe.keep_tokens}, but some of these tokens were not kept"
        use = "lower it to what it was at the draw, or sample into another folder"
        raise InputError(f"{arm.study.path}: arm {arm.arm!r} on {arm.task!r}: {found}; {use}")
    return kept
