"""The command line: a module for each group of commands, put together in `main`."""

from beyondbase.cli.main import app

__all__ = ["app"]
