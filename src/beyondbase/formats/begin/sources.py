"""Arms out of files: what each is called, who wrote its files, and which role its name tells."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from beyondbase.errors import InputError
from beyondbase.formats import TOOLS
from beyondbase.formats.begin.kinds import kind_of
from beyondbase.formats.naming import plain_name
from beyondbase.formats.readers.imported import ordered
from beyondbase.formats.table_rows import TABLES
from beyondbase.messages import quote, suggest
from beyondbase.study.arms import Role

_SUFFIXES = {".jsonl", ".json", ".csv", ".tsv", ".parquet", ".eval", ".gz"}
# In the order in which they count: what was trained from a base or instruct model is often named after it.
_WORDS = {
    "rl": {"rl", "rlvr", "simplerl", "grpo", "ppo", "dapo", "rloo", "gspo", "reinforce"},
    "distilled": {"distill", "distilled", "distillation"},
    "teacher": {"teacher"},
    "instruct": {"instruct", "chat"},
    "base": {"base", "pretrained"},
}


@dataclass(frozen=True)
class Source:
    """The files of one arm, or of several that a column names.

    Attributes:
        name: What the arm is called.
        files: Its files.
        kind: Who wrote them: one of `TOOLS`, or one of `TABLES`.
    """

    name: str
    files: tuple[Path, ...]
    kind: str


def sources_of(paths: Sequence[Path], *, names: Sequence[str] = (), kind: str | None = None) -> list[Source]:
    """Make an arm of each file, and of each folder with all of its files.

    Args:
        paths: Files and folders.
        names: What the arms are called, in the order of the paths; by their files or folders if empty.
        kind: Who wrote the files; by their content if None.

    Raises:
        InputError: A file is missing, of no known kind or there twice, or two arms would have one name.
    """
    if names and len(names) != len(paths):
        raise InputError(f"--arm: found {len(names)} names for {len(paths)} files; name each, or none")
    if kind is not None and kind not in (*TOOLS, *TABLES):
        known = ", ".join((*TOOLS, *TABLES))
        raise InputError(f"--tool: found {quote(kind)}{suggest(kind, (*TOOLS, *TABLES))}; use one of {known}")
    files = [_files(path) for path in paths]
    # Of all arms together: two arms of one content would agree by themselves.
    ordered([file for found in files for file in found])
    called = [plain_name(name) or "arm" for name in names or _names(paths)]
    for name in _clashes(called):
        raise InputError(
            f"found two arms that would be called {quote(name)}; name them: --arm base --arm rl ..."
        )
    return [
        Source(name, found, kind or _one_kind(path, found))
        for name, path, found in zip(called, paths, files, strict=True)
    ]


def roles_of(arms: Sequence[str], said: Sequence[str]) -> dict[str, tuple[Role, str]]:
    """Find the role of each arm, and from what it was taken.

    Args:
        arms: Their names.
        said: What the user says, each as NAME=ROLE.

    Raises:
        InputError: The user names no such arm or role, or not exactly one arm is the base.
    """
    given = dict(_said(text, arms) for text in said)
    roles: dict[str, tuple[Role, str]] = {}
    for name in arms:
        plain = given.get(name) or _told(name)
        if plain:
            roles[name] = plain, "as --role says" if name in given else "by its name"
    if "base" not in [role for role, _ in roles.values()]:
        first = next((name for name in arms if name not in roles), None)
        if first is None:
            raise InputError(f"{', '.join(arms)}: found no base; say which it is: --role {arms[0]}=base")
        roles[first] = "base", "because it is the first"
    bases = [name for name, (role, _) in roles.items() if role == "base"]
    if len(bases) > 1:
        use = f"one study of init has one base; say what the other is: --role {bases[1]}=rl"
        raise InputError(f"{' and '.join(bases)}: both seem to be a base; {use}")
    return {name: roles.get(name, ("rl", "because it is no base")) for name in arms}


def _said(text: str, arms: Sequence[str]) -> tuple[str, Role]:
    name, _, role = text.rpartition("=")
    if name not in arms:
        raise InputError(
            f"--role: found {quote(text)}; say NAME=ROLE, where NAME is one of {', '.join(arms)}"
        )
    for known in get_args(Role):
        if role == known and role != "guess":
            found: Role = known
            return name, found
    words = ", ".join(word for word in get_args(Role) if word != "guess")
    raise InputError(f"--role: found {quote(text)}; the roles are {words}")


def _told(name: str) -> Role | None:
    words = set(re.split(r"[^a-z]+", name.lower()))
    roles: Mapping[str, Role] = {str(role): role for role in get_args(Role)}
    return next((roles[role] for role, known in _WORDS.items() if words & known), None)


def _files(path: Path) -> tuple[Path, ...]:
    if not path.is_dir():
        return (path,)
    found = (item for item in path.iterdir() if item.suffix.lower() in _SUFFIXES and item.name[0] != ".")
    # What lm-eval writes beside its samples holds none.
    kept = sorted(item for item in found if not re.fullmatch(r"results_.*\.json", item.name))
    if not kept:
        raise InputError(f"{path}: found no file of samples in this folder; give the files themselves")
    return tuple(kept)


def _names(paths: Sequence[Path]) -> list[str]:
    """Name arms by their files; by the folders of these, where the files are all called alike."""
    stems = [plain_name(path.name if path.is_dir() else _stem(path)) for path in paths]
    if _clashes(stems):
        stems = [
            plain_name(path.absolute().name if path.is_dir() else path.absolute().parent.name)
            for path in paths
        ]
    return stems


def _stem(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).stem


def _clashes(names: Sequence[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _one_kind(path: Path, files: Sequence[Path]) -> str:
    kinds = {kind_of(file): file for file in files}
    if len(kinds) > 1:
        found = ", ".join(f"{kind} ({file.name})" for kind, file in kinds.items())
        raise InputError(f"{path}: found files of several kinds: {found}; give those of one kind")
    return next(iter(kinds))
