"""The engine of one process; each kind is imported only when it is asked for."""

from typing import Any

from beyondbase.engines.engine import Engine
from beyondbase.registry import ENGINES
from beyondbase.study.engine_settings import EngineSettings


def start(
    settings: EngineSettings, model: str, *, revision: str | None = None, adapter: str | None = None
) -> Engine:
    """Start an engine in this process.

    Args:
        settings: Which engine, and how.
        model: An id of the Hub, a local folder, or a server's name of a model.
        revision: A commit or branch of the Hub.
        adapter: A LoRA adapter, for an engine that takes one.

    Raises:
        InputError: Something that the engine needs is not installed, or the model cannot be loaded.
        EngineError: The engine does not start, or no server answers.
    """
    options: dict[str, Any] = {}
    if settings.loads_weights:
        options["revision"] = revision
    if settings.takes_adapter:
        options["adapter"] = adapter
    kind = ENGINES.load(settings.engine, settings.implementation)
    engine: Engine = kind(settings.called(model), settings, **options)
    return engine
