"""Engines: what completes prompts and scores tokens."""

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
