"""Graders and engines by name: ours, and those that a user's own packages add.

A package adds one by an entry point of the group `beyondbase.graders` (name and class of a grader) or
`beyondbase.engines` (name and settings of an engine); docs/sampling.md shows both. Names are read without
loading anything; what a name stands for is imported when a study, or a command, first asks for it.
"""

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from beyondbase.errors import InputError
from beyondbase.messages import quote


class Registry(Mapping[str, Any]):
    """What names stand for; looking a name up imports it, listing names imports nothing.

    Args:
        kind: What is registered, for messages.
        group: The entry points by which other packages add to it.
        ours: "module:name" by name.
    """

    def __init__(self, kind: str, group: str, ours: Mapping[str, str]) -> None:
        self._kind, self._group = kind, group
        self._ours = {name: EntryPoint(name, value, group) for name, value in ours.items()}

    @property
    def ours(self) -> tuple[str, ...]:
        """The names that are there without other packages."""
        return tuple(self._ours)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __getitem__(self, name: str) -> Any:
        """Import what a name stands for.

        Raises:
            KeyError: Nothing is registered under it.
            InputError: It is taken twice, or cannot be imported.
        """
        points = self._points(name)
        if not points:
            raise KeyError(name)
        if len(points) > 1:
            owners = " and in ".join(map(_owner, points))
            remedy = "uninstall what you do not need, or have its entry point use another name"
            raise InputError(f"{self._kind} {quote(name)}: found in {owners}; {remedy}")
        return self.load(name, points[0].value)

    def load(self, name: str, path: str) -> Any:
        """Import something for what is registered under a name.

        Args:
            name: A name that is taken once.
            path: "module:name" of what to import.

        Raises:
            InputError: It cannot be imported, and is another package's.
        """
        try:
            return EntryPoint(name, path, self._group).load()
        except Exception as error:
            # In what is ours there is nothing that a user could correct: the traceback says more.
            if name in self._ours:
                raise
            found = " ".join(f"{type(error).__name__}: {error}".split())
        raise self.refusal(name, f"cannot be imported from {quote(path)} ({found})")

    def refusal(self, name: str, found: str) -> InputError:
        """Make the error for what a package has registered and nobody can use.

        Args:
            name: A name that is taken once.
            found: What is wrong with it.
        """
        (point,) = self._points(name)
        remedy = f"correct the entry point {point.name} = {quote(point.value)}, or uninstall the package"
        return InputError(f"{self._kind} {quote(name)} of {_owner(point)}: {found}; {remedy}")

    def _points(self, name: str) -> list[EntryPoint]:
        ours = [self._ours[name]] if name in self._ours else []
        return ours + [point for point in self._added if point.name == name]

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self._ours, *(point.name for point in self._added)]))

    @property
    def _added(self) -> tuple[EntryPoint, ...]:
        return _read(self._group, tuple(sys.path))


@cache
def _read(group: str, path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Read entry points from the metadata of what is installed; `path` is where that is looked for."""
    del path
    return tuple(sorted(entry_points(group=group), key=lambda point: (point.name, _owner(point))))


def _owner(point: EntryPoint) -> str:
    return "beyondbase itself" if point.dist is None else f"the package {point.dist.name}"


GRADERS = Registry(
    "grader",
    "beyondbase.graders",
    {
        "math": "beyondbase.graders.maths:MathGrader",
        "math-verify": "beyondbase.graders.math_verify:MathVerifyGrader",
        "exact": "beyondbase.graders.exact:ExactGrader",
        "choice": "beyondbase.graders.choice:ChoiceGrader",
        "gym": "beyondbase.graders.gym:GymGrader",
        "countdown": "beyondbase.graders.countdown:CountdownGrader",
    },
)
# Graders that only check what a study's own grader says: `beyondbase regrade` takes them, a study does not.
SECOND_ONLY = frozenset({"math-verify"})
ENGINES = Registry(
    "engine",
    "beyondbase.engines",
    {
        "transformers": "beyondbase.study.engine_settings:TransformersSettings",
        "vllm": "beyondbase.study.engine_settings:VllmSettings",
        "openai": "beyondbase.study.engine_settings:OpenaiSettings",
    },
)
