"""How likely kept completions of a sample set were: what was noted at the draw, and what scorers said."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from beyondbase.evidence.likelihoods import Ints, Likelihoods
from beyondbase.evidence.sampled_arm import SampledArm
from beyondbase.inference.bounded import Floats
from beyondbase.store import SampleSet
from beyondbase.store.index import INDEX_LIMIT
from beyondbase.store.layout import scores_folder
from beyondbase.study import Study

# What makes a model of a scorer that of an arm.
_MODEL = ("model", "weights", "adapter")


def sampled_likelihoods(arm: SampledArm, store: SampleSet, problem_ids: Sequence[str]) -> Likelihoods | None:
    """Read how likely the completions were whose tokens the study keeps; None where it keeps none.

    Args:
        arm: The arm on its task.
        store: Its sample set.
        problem_ids: The problems that its tally counts, in their order.

    Raises:
        InputError: A shard is damaged.
    """
    recipe = arm.study.sampling
    if recipe is None or not recipe.keep_tokens:
        return None
    problem, index, tokens, logprob = _kept(store, problem_ids, min(recipe.keep_tokens, arm.wanted))
    places = problem * INDEX_LIMIT + index
    base = arm.base
    theirs = base.read().identity if base.there else {}
    unfit: list[str] = []

    def scores(scorer: str, identity: Mapping[str, Any]) -> Floats:
        reasons = [*_mistaken(arm, store, scorer, identity)]
        unfit.extend(reasons)
        absent = np.full(len(places), np.nan)
        return absent if reasons else _scores(store, scorer, problem_ids, places, absent)

    return Likelihoods(
        problem,
        index,
        tokens,
        logprob,
        logprob if base is arm else scores(base.arm, theirs),
        logprob if _drawn_plainly(store.identity) else scores(arm.arm, store.identity),
        tuple(unfit),
    ).sorted()


def _drawn_plainly(identity: Mapping[str, Any]) -> bool:
    """Whether completions were drawn from what a model gives at temperature 1, with nothing cut off."""
    drawn = identity.get("sampling") or {}
    return (drawn.get("temperature"), drawn.get("top_p", 1), drawn.get("top_k", 0)) == (1, 1, 0)


def _kept(store: SampleSet, problem_ids: Sequence[str], k: int) -> tuple[Ints, Ints, Ints, Floats]:
    table = store.table("problem_id", "index", "finish", "tokens", "logprob")
    row = pc.index_in(table["problem_id"], value_set=pa.array(problem_ids, pa.string()))
    problem, index = _numbers(row, -1), _numbers(table["index"], 0)
    lost = np.array([finish == "error" for finish in table["finish"].to_pylist()], dtype=np.bool_)
    kept = (problem >= 0) & (index < k) & ~lost
    tokens = _numbers(table["tokens"], 0)[kept]
    logprob = np.asarray(table["logprob"].to_numpy(), dtype=np.float64)[kept]
    # Of a completion whose tokens nobody counted, no mean over tokens can be known.
    logprob = np.where(tokens > 0, logprob, np.nan)
    return problem[kept], index[kept], np.maximum(tokens, 1), logprob


def _numbers(column: Any, absent: int) -> NDArray[np.int64]:
    return np.asarray(pc.fill_null(pc.cast(column, pa.int64()), absent), dtype=np.int64)


def _mistaken(arm: SampledArm, store: SampleSet, scorer: str, model: Mapping[str, Any]) -> Iterator[str]:
    """Say why the scores of a scorer are none of these very tokens by the right model."""
    if scorer not in store.scorers():
        return
    found, said = store.scorer_identity(scorer), f"scores of arm {arm.arm!r} on {arm.task!r} by {scorer!r}"
    texts = f"{said} are of texts, not of the tokens that were drawn"
    again = f"delete {scores_folder(store.folder, scorer)}, and run beyondbase score --study {arm.study.path}"
    if found.get("tokens") != "kept" and _lacks_tokens(arm.study, store):
        use = "name another folder as [evidence] samples, and sample again with keep_tokens"
        yield f"{texts}, which were not kept: {use}"
    elif found.get("tokens") != "kept":
        yield f"{texts}: {again}"
    elif any(found.get(name) != model[name] for name in _MODEL if name in model):
        yield f"{said} were made by another model than it has now: {again}"


def _lacks_tokens(study: Study, store: SampleSet) -> bool:
    """Whether one of the completions whose tokens a study keeps was drawn when it kept fewer."""
    kept = study.sampling.keep_tokens if study.sampling else 0
    table = store.table("index", "finish", "token_ids")
    wanted = (_numbers(table["index"], 0) < kept) & (np.array(table["finish"].to_pylist()) != "error")
    return bool((wanted & np.asarray(table["token_ids"].is_null())).any())


def _scores(
    store: SampleSet, scorer: str, problem_ids: Sequence[str], places: Ints, absent: Floats
) -> Floats:
    if scorer not in store.scorers():
        return absent
    found = store.scores(scorer)
    rows = {name: row for row, name in enumerate(problem_ids)}
    of_set = np.array([rows.get(name, -1) for name in found.problem_ids], dtype=np.int64)
    problem = of_set[found.problem]
    known = dict(zip((problem * INDEX_LIMIT + found.index).tolist(), found.logprob.tolist(), strict=True))
    return np.array([known.get(place, np.nan) for place in places.tolist()])
