"""The engine of one process; each kind is imported only when it is asked for."""

from beyondbase.engines.engine import Engine
from beyondbase.study.engine_settings import EngineSettings, OpenaiSettings, TransformersSettings


def start(
    settings: EngineSettings, model: str, *, revision: str | None = None, adapter: str | None = None
) -> Engine:
    """Start an engine in this process.

    Args:
        settings: Which engine, and how.
        model: An id of the Hub, a local folder, or a server's name of a model.
        revision: A commit or branch of the Hub.
        adapter: A LoRA adapter, for vLLM.

    Raises:
        InputError: Something that the engine needs is not installed, or the model cannot be loaded.
        EngineError: The engine does not start, or no server answers.
    """
    if isinstance(settings, TransformersSettings):
        from beyondbase.engines.transformers_engine import TransformersEngine  # noqa: PLC0415 - an extra

        return TransformersEngine(model, settings, revision=revision)
    if isinstance(settings, OpenaiSettings):
        from beyondbase.engines.openai_engine import OpenaiEngine  # noqa: PLC0415 - an extra

        return OpenaiEngine(settings.served_as or model, settings)
    from beyondbase.engines.vllm_engine import VllmEngine  # noqa: PLC0415 - an extra

    return VllmEngine(model, settings, revision=revision, adapter=adapter)
