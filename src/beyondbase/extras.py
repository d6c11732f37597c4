"""Optional libraries, imported where they are used."""

from importlib import import_module
from types import ModuleType

from beyondbase.errors import InputError


def require(module: str, extra: str) -> ModuleType:
    """Import a library that only some users need.

    Args:
        module: The module to import, dotted where only a part is needed.
        extra: The extra of beyondbase that installs it.

    Raises:
        InputError: It is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        top = module.partition(".")[0]
        if error.name != top:
            # A library that is there but broken is no missing extra: its own message says more.
            raise
        remedy = f"it needs an extra: pip install 'beyondbase[{extra}]'"
        raise InputError(f"{top} is not installed, {remedy}") from None
