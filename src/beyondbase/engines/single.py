"""The engine of one process; each kind is imported only when it is asked for."""

from typing import Any

from beyondbase.engines.engine import Engine
from beyondbase.registry import ENGINES
from beyondbase.study.engine_settings import EngineSettings


def start(
    settings: EngineSettings, model: str, *, revision: str | None = None, adapter: str | None = None
) -> Engine:
    """Start an engine in this process.

    Arguments and errors are those of `make_engine`, which also shares the work between processes.
    """
    options: dict[str, Any] = {}
    if settings.loads_weights:
        options["revision"] = revision
    if settings.takes_adapter:
        options["adapter"] = adapter
    kind = ENGINES.load(settings.engine, settings.implementation)
    engine: Engine = kind(settings.called(model), settings, **options)
    return engine
