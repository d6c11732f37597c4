"""Loading the model of an arm, where its study says."""

from collections.abc import Iterable

from beyondbase.engines import Engine, make_engine
from beyondbase.errors import InputError
from beyondbase.evidence.asked import beside, model_of
from beyondbase.hub import check_name
from beyondbase.messages import place
from beyondbase.study import Study


def start_engine(study: Study, arm: str) -> Engine:
    """Load the model of an arm.

    Raises:
        InputError: An extra is missing, or the model cannot be loaded.
        EngineError: The engine does not start, or no server answers.
    """
    check_models(study, [arm])
    this, settings = study.arms[arm], study.engine
    named = {key: name for key in settings.model_keys if (name := getattr(settings, key)) is not None}
    changed = {key: beside(study, name) for key, name in named.items()}
    if settings.takes_url and this.url is not None:
        changed["url"] = this.url
    settings = settings.model_copy(update=changed)
    adapter = None if this.adapter is None else beside(study, this.adapter)
    try:
        return make_engine(settings, model_of(study, arm), revision=this.revision or None, adapter=adapter)
    except InputError as error:
        if not str(error).startswith(("model: ", "adapter: ")):
            raise
        table = place("arms", arm, "model").removesuffix("model")
        raise InputError(f"{study.path}: {table}{error}") from None


def check_models(study: Study, arms: Iterable[str]) -> None:
    """Refuse paths of models, adapters and tokenizers that lead nowhere, before anything is loaded.

    Args:
        study: Whose arms are to be asked.
        arms: Some of them.

    Raises:
        InputError: Names the first such key.
    """
    names: list[tuple[tuple[str, ...], str | None]]
    names = [(("engine", key), getattr(study.engine, key)) for key in study.engine.model_keys]
    if study.engine.loads_weights:
        keys = [(arm, key) for arm in arms for key in ("model", "adapter")]
        names += [(("arms", arm, key), getattr(study.arms[arm], key)) for arm, key in keys]
    for key, name in names:
        if name is not None:
            check_name(name, f"{study.path}: {place(*key)}", home=study.path.parent)
