"""Loading the model of an arm, where its study says."""

from collections.abc import Iterable

from beyondbase.engines import Engine, make_engine
from beyondbase.errors import InputError
from beyondbase.evidence.asked import beside, model_of
from beyondbase.hub import check_name
from beyondbase.messages import place
from beyondbase.study import Study
from beyondbase.study.engine_settings import OpenaiSettings


def start_engine(study: Study, arm: str) -> Engine:
    """Load the model of an arm.

    Raises:
        InputError: An extra is missing, or the model cannot be loaded.
        EngineError: The engine does not start, or no server answers.
    """
    check_models(study, [arm])
    this, settings = study.arms[arm], study.engine
    if isinstance(settings, OpenaiSettings) and settings.tokenizer is not None:
        settings = settings.model_copy(update={"tokenizer": beside(study, settings.tokenizer)})
    if isinstance(settings, OpenaiSettings) and this.url is not None:
        settings = settings.model_copy(update={"url": this.url})
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
    if isinstance(study.engine, OpenaiSettings):
        names = [(("engine", "tokenizer"), study.engine.tokenizer)]
    else:
        keys = [(arm, key) for arm in arms for key in ("model", "adapter")]
        names = [(("arms", arm, key), getattr(study.arms[arm], key)) for arm, key in keys]
    for key, name in names:
        if name is not None:
            check_name(name, f"{study.path}: {place(*key)}", home=study.path.parent)
