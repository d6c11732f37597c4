"""Engines: what completes prompts and scores tokens."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beyondbase.engines.engine import Engine, EngineError, Request, Sampling
    from beyondbase.engines.make import make_engine
    from beyondbase.engines.settings import (
        EngineSettings,
        OpenaiSettings,
        TransformersSettings,
        VllmSettings,
    )

__all__ = [
    "Engine",
    "EngineError",
    "EngineSettings",
    "OpenaiSettings",
    "Request",
    "Sampling",
    "TransformersSettings",
    "VllmSettings",
    "make_engine",
]

_ENGINE = ("Engine", "EngineError", "Request", "Sampling")


def __getattr__(name: str) -> Any:
    """Import a name where it is first used: a study needs the settings, and who only judges no engine."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "engine" if name in _ENGINE else "make" if name == "make_engine" else "settings"
    return getattr(import_module(f"{__name__}.{module}"), name)
