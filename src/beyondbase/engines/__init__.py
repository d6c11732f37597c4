"""Engines: what completes prompts and scores tokens."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beyondbase.engines.engine import Engine, EngineError, Request
    from beyondbase.engines.make import make_engine
    from beyondbase.study.engine_settings import (
        NO_MATTER,
        EngineSettings,
        OpenaiSettings,
        TransformersSettings,
        VllmSettings,
    )

__all__ = [
    "NO_MATTER",
    "Engine",
    "EngineError",
    "EngineSettings",
    "OpenaiSettings",
    "Request",
    "TransformersSettings",
    "VllmSettings",
    "make_engine",
]

_ENGINE = ("Engine", "EngineError", "Request")


def __getattr__(name: str) -> Any:
    """Import a name where it is first used: a study needs the settings, and who only judges no engine."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "NO_MATTER" or name.endswith("Settings"):
        module = "beyondbase.study.engine_settings"
    else:
        module = f"{__name__}.{'engine' if name in _ENGINE else 'make'}"
    return getattr(import_module(module), name)
