"""Engines by their settings."""

import os

from beyondbase.engines.engine import Engine
from beyondbase.engines.gpus import pin_xdist_worker
from beyondbase.engines.parallel import ParallelEngine
from beyondbase.engines.single import start
from beyondbase.errors import InputError
from beyondbase.hub import check_name
from beyondbase.messages import quote
from beyondbase.study.engine_settings import EngineSettings, engines_that


def make_engine(
    settings: EngineSettings, model: str, *, revision: str | None = None, adapter: str | None = None
) -> Engine:
    """Start an engine on a model.

    Args:
        settings: Which engine, and how; as in the study file.
        model: An id of the Hub, a local folder, or a server's name of a model.
        revision: A commit or branch of the Hub.
        adapter: A LoRA adapter, for an engine that takes one.

    Raises:
        InputError: Something that the engine needs is not installed, or the model cannot be loaded.
        EngineError: The engine does not start, or no server answers.
    """
    if adapter is not None and not settings.takes_adapter:
        able = engines_that(lambda kind: kind.takes_adapter)
        found = f"found {quote(adapter)} with engine = {quote(settings.engine)}"
        raise InputError(f"adapter: {found}; use {able}, or merge the adapter into its model")
    if settings.loads_weights:
        check_name(model, "model")
        if adapter is not None:
            check_name(adapter, "adapter")
        if settings.split(os.cpu_count() or 1).processes > 1:
            return ParallelEngine(model, settings, revision=revision, adapter=adapter)
        pin_xdist_worker()
    return start(settings, model, revision=revision, adapter=adapter)
