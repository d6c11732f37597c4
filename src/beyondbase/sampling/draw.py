"""From a study to sample sets: whatever is missing is sampled, and nothing twice."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice

from beyondbase.completions import Completion, Problem
from beyondbase.engines import Engine, Request
from beyondbase.evidence.problems import load_problems
from beyondbase.evidence.sampled_arm import SampledArm
from beyondbase.sampling.speed import Speed, add_speed
from beyondbase.sampling.start import check_models, start_engine
from beyondbase.store import SampleSet, seed_of
from beyondbase.store.durable import explained
from beyondbase.store.sidecars import keep_prompts
from beyondbase.study.draw import Draw

# Letters of text, about, that wait for a batch to be full: while it is written there are several copies.
_HELD = 1 << 23


@dataclass(frozen=True)
class Progress:
    """How far the work on one sample set has come.

    Attributes:
        doing: What is done to it: "load" its model, "sample", "grade", "check" its grader or "score".
        done: Completions that this run has stored, graded or scored.
        wanted: Completions that were missing as it began.
        tokens: Tokens that this run has generated.
    """

    doing: str
    task: str
    arm: str
    done: int = 0
    wanted: int = 0
    tokens: int = 0


Tell = Callable[[Progress], None]


def sample(arms: Sequence[SampledArm], *, tell: Tell) -> None:
    """Sample what is missing to n completions of each problem, arm by arm.

    Every batch is on the disk before the next begins; interrupted at any moment, the same call goes on.

    Args:
        arms: Of one study, with [sampling] and [problems]; as `sampled_arms` lists them.
        tell: Called as a model is loaded, and after every batch.

    Raises:
        InputError: The study does not say how to sample, an extra is missing, or a set was sampled with
            other settings.
        EngineError: The engine failed; what was stored is good.
    """
    for arm in arms:
        _ = arm.recipe
    studies = {arm.task: arm.study for arm in arms}
    problems = {task: load_problems(study, task) for task, study in studies.items()}
    lacking = [arm for arm in arms if missing(arm, problems[arm.task])]
    check_models(lacking)
    for name in dict.fromkeys(arm.arm for arm in lacking):
        of_model = [arm for arm in lacking if arm.arm == name]
        tell(Progress("load", *of_model[0].key))
        with closing(start_engine(of_model[0])) as engine:
            for arm in of_model:
                _fill(arm, engine, problems[arm.task], tell)


def missing(arm: SampledArm, problems: Sequence[Problem]) -> int:
    """Count the completions that a set lacks.

    Raises:
        InputError: The set was sampled otherwise than the study says now.
    """
    n = arm.wanted
    if not arm.there:
        return len(problems) * n
    store = arm.read()
    arm.check_settings(store)
    arm.check_asked(store, problems)
    return len(store.wanted([problem.id for problem in problems], n))


def _fill(arm: SampledArm, engine: Engine, problems: Sequence[Problem], tell: Tell) -> None:
    prompts = arm.prompts(problems, engine.tokenizer)
    questions = arm.prompts(problems, None)
    with SampleSet.open(arm.folder, {**engine.identity(), **arm.settings}) as store:
        keep_prompts(store.folder, prompts, questions)
        wanted = store.wanted([*prompts], arm.wanted)
        requests = (
            Request(problem, index, seed_of(store.fingerprint, problem, index), prompts[problem])
            for problem, index in wanted
        )
        # Wanted completions come by their index, so that those whose tokens are kept are the first.
        kept = int((wanted.index < arm.recipe.keep_tokens).sum())
        at = Progress("sample", *arm.key, wanted=len(wanted))
        # Closed here, whatever happens: what was drawn is stored first, and then the engine told to stop.
        with (
            closing(_drawn(engine, requests, arm.draw, kept)) as drawn,
            closing(_stored(store, drawn, arm.recipe.batch)) as batches,
        ):
            _count(store, batches, at, tell)


def _count(store: SampleSet, batches: Iterator[list[Completion]], at: Progress, tell: Tell) -> None:
    start = time.monotonic()
    tell(at)
    try:
        for batch in batches:
            tokens = sum(item.tokens or 0 for item in batch)
            at = replace(at, done=at.done + len(batch), tokens=at.tokens + tokens)
            tell(at)
    finally:
        seconds = time.monotonic() - start
        if at.tokens and seconds > 0:
            with explained(store.folder):
                add_speed(store.folder, Speed(completions=at.done, tokens=at.tokens, seconds=seconds))


def _drawn(engine: Engine, requests: Iterator[Request], drawing: Draw, kept: int) -> Generator[Completion]:
    if kept:
        yield from engine.generate(islice(requests, kept), replace(drawing, keep_tokens=True))
    yield from engine.generate(requests, drawing)


def _stored(store: SampleSet, completions: Iterator[Completion], size: int) -> Generator[list[Completion]]:
    batch: list[Completion] = []
    held = 0
    try:
        for completion in completions:
            batch.append(completion)
            held += len(completion.text) + 16 * len(completion.token_ids or ())
            if len(batch) >= size or held >= _HELD:
                store.append(batch)
                full, batch, held = batch, [], 0
                yield full
    finally:
        # Also where the engine fails or the user stops it: what was drawn is paid for.
        if batch:
            store.append(_unstored(store, batch))
    if batch:
        yield batch


def _unstored(store: SampleSet, batch: Sequence[Completion]) -> list[Completion]:
    """What of a batch is not there; whoever was stopped while it was written cannot know."""
    n = max((item.index for item in batch), default=-1) + 1
    left = {*store.wanted([*{item.problem_id for item in batch}], n)}
    return [item for item in batch if (item.problem_id, item.index) in left]
