"""Loading the model of an arm, where its study says."""

from collections.abc import Iterable

from beyondbase.engines import Engine, make_engine
from beyondbase.errors import InputError
from beyondbase.evidence.sampled_arm import SampledArm, beside
from beyondbase.hub import check_name
from beyondbase.messages import place


def start_engine(arm: SampledArm) -> Engine:
    """Load the model of an arm.

    Raises:
        InputError: An extra is missing, or the model cannot be loaded.
        EngineError: The engine does not start, or no server answers.
    """
    check_models([arm])
    study, said, settings = arm.study, arm.said, arm.study.engine
    named = {key: name for key in settings.model_keys if (name := getattr(settings, key)) is not None}
    changed = {key: beside(study, name) for key, name in named.items()}
    if settings.takes_url and said.url is not None:
        changed["url"] = said.url
    settings = settings.model_copy(update=changed)
    adapter = None if said.adapter is None else beside(study, said.adapter)
    try:
        return make_engine(settings, arm.model, revision=said.revision or None, adapter=adapter)
    except InputError as error:
        if not str(error).startswith(("model: ", "adapter: ")):
            raise
        table = place("arms", arm.arm, "model").removesuffix("model")
        raise InputError(f"{study.path}: {table}{error}") from None


def check_models(arms: Iterable[SampledArm]) -> None:
    """Refuse paths of models, adapters and tokenizers that lead nowhere, before anything is loaded.

    Args:
        arms: Some of one study.

    Raises:
        InputError: Names the first such key.
    """
    for arm in arms:
        study, engine = arm.study, arm.study.engine
        names: list[tuple[tuple[str, ...], str | None]]
        names = [(("engine", key), getattr(engine, key)) for key in engine.model_keys]
        if engine.loads_weights:
            names += [(("arms", arm.arm, key), getattr(arm.said, key)) for key in ("model", "adapter")]
        for key, name in names:
            if name is not None:
                check_name(name, f"{study.path}: {place(*key)}", home=study.path.parent)
