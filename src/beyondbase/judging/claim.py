"""What makes a test function a claim, and how the claims of a folder are found."""

import hashlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

from beyondbase.errors import InputError
from beyondbase.files import AnyPath, as_paths
from beyondbase.judging.case import Case
from beyondbase.judging.selection import Selection
from beyondbase.judging.verdict import Verdict
from beyondbase.messages import suggest
from beyondbase.study import Margins
from beyondbase.study.kinds import NAMES, Kind


@dataclass(frozen=True)
class Claim:
    """A finding as a function from evidence to a verdict.

    Attributes:
        id: name in study files, results and reports.
        finding: what is claimed, in one sentence.
        paper: where it is claimed.
        hypothesis: what is tested, in symbols and words.
        over: the cases it is judged on.
        test: the function.
        large_k: whether it is about large k, and so needs as many samples.
        reports: which published numbers belong beside it (see `beyondbase.results.paper`).
        kind: "finding" of the paper or of whoever wrote the claim, expected to be SUPPORTED; "counter",
            a claim that cannot hold together with a finding, expected to be REFUTED; "companion", which
            may hold beside the findings or not, so that nothing is expected of it.
        excludes: ids of the findings that a counter-claim excludes.
        margins: the margins of the study that the test uses; at half and at double of each that is not zero
            the verdict is told too.

    Raises:
        InputError: the kind is none, it does not agree with what is excluded, or a margin is none.
    """

    id: str
    finding: str
    paper: str
    hypothesis: str
    over: Selection
    test: Callable[[Case], Verdict]
    large_k: bool = False
    reports: tuple[str, ...] = ()
    kind: Kind = "finding"
    excludes: tuple[str, ...] = ()
    margins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        problem = _kind_problem(self) or _margin_problem(self)
        if problem:
            raise InputError(f"claim {self.id!r}: {problem}")


def claim(  # noqa: PLR0913 - a claim's card has as many lines as a claim has sides
    name: str,
    *,
    finding: str,
    paper: str,
    hypothesis: str,
    over: Selection,
    large_k: bool = False,
    reports: tuple[str, ...] = (),
    kind: Kind = "finding",
    excludes: tuple[str, ...] = (),
    margins: tuple[str, ...] = (),
) -> Callable[[Callable[[Case], Verdict]], Callable[[Case], Verdict]]:
    """Mark a test function as a claim; see `Claim` for the arguments and errors."""

    def mark(test: Callable[[Case], Verdict]) -> Callable[[Case], Verdict]:
        sides = (large_k, reports, kind, excludes, margins)
        card = Claim(name, finding, paper, hypothesis, over, test, *sides)
        test.__claim__ = card  # type: ignore[attr-defined]
        return test

    return mark


def claim_of(function: object) -> Claim | None:
    """The claim that a function was marked as, or None."""
    card = getattr(function, "__claim__", None)
    return card if isinstance(card, Claim) else None


def suite_claims() -> Path:
    """The folder of the claims that come with the suite: in the package, or in its repository."""
    package = Path(__file__).parents[1]
    packaged = package / "claims"
    return packaged if packaged.is_dir() else package.parents[1] / "claims"


def claim_modules(folder: Path) -> tuple[Path, ...]:
    """The modules of a folder that may hold claims, by file name."""
    # A folder of this name may be somebody else's; modules that do not know us are not run.
    found = sorted(folder.glob("test_*.py"))
    return tuple(path for path in found if b"beyondbase" in path.read_bytes())


def own_modules(folders: Iterable[Path]) -> tuple[Path, ...]:
    """The modules of a user's folders, without the suite's own and copies of these to the byte."""
    suite = {path.read_bytes() for path in claim_modules(suite_claims())}
    every = (path for folder in folders for path in claim_modules(folder))
    return tuple(path for path in every if path.read_bytes() not in suite)


def load_claims(folders: AnyPath | Iterable[AnyPath]) -> tuple[Claim, ...]:
    """All claims of the test modules of some folders; see `load_modules`."""
    return load_modules(path for folder in as_paths(folders) for path in claim_modules(folder))


def load_modules(modules: Iterable[Path]) -> tuple[Claim, ...]:
    """All claims of some test modules, by module and place in it.

    The family of a study is all of its claims, whatever a test run selects, so they are read from the
    files and not from what pytest collected.

    Raises:
        InputError: two claims share an id, a counter-claim excludes what is no finding among them, or a
            module cannot be imported.
    """
    found: dict[str, tuple[Claim, Path]] = {}
    for path in modules:
        for value in vars(load_module(path)).values():
            card = claim_of(value)
            if card is None or getattr(value, "__module__", None) != _module_name(path):
                continue
            if card.id in found:
                raise InputError(_taken(card.id, path, found[card.id][1]))
            found[card.id] = card, path
    _check_excluded(found)
    return tuple(card for card, _ in found.values())


def _kind_problem(card: Claim) -> str | None:
    if card.kind not in get_args(Kind):
        known = ", ".join(f'"{kind}"' for kind in get_args(Kind))
        return f"found kind = {card.kind!r}; use one of {known}{suggest(str(card.kind), get_args(Kind))}"
    if isinstance(card.excludes, str):
        return f"found excludes = {card.excludes!r}; use a tuple, ({card.excludes!r},)"
    if card.kind == "counter" and not card.excludes:
        return 'a counter-claim names the findings that it excludes; add excludes=("base-overtakes",) or so'
    if card.excludes and card.kind != "counter":
        return f'found excludes on a {NAMES[card.kind]}; use kind="counter", or delete excludes'
    return None


def _margin_problem(card: Claim) -> str | None:
    known = tuple(Margins.model_fields)
    if isinstance(card.margins, str):
        return f"found margins = {card.margins!r}; use a tuple, ({card.margins!r},)"
    unknown = next((name for name in card.margins if name not in known), None)
    if unknown is None:
        return None
    return f"found {unknown!r} in margins; use names of {', '.join(known)}{suggest(unknown, known)}"


def _check_excluded(found: Mapping[str, tuple[Claim, Path]]) -> None:
    findings = [name for name, (card, _) in found.items() if card.kind == "finding"]
    for card, path in found.values():
        for name in card.excludes:
            if name not in findings:
                raise InputError(
                    f"{path}: claim {card.id!r}: found {name!r} in excludes, which is no finding at hand; use"
                    f" ids of {', '.join(findings) or 'findings'}{suggest(name, findings)}"
                )


def _taken(name: str, path: Path, other: Path) -> str:
    if other.parent != suite_claims():
        return f"{path}: claim id {name!r} is taken by {other}; rename one"
    # To replace it would let one name mean two things in two reports, and nobody would see which.
    return (
        f"{path}: claim id {name!r} is taken by the suite's {other}, and the two files differ; rename yours,"
        " delete the file to judge by the suite's, or set the ini key beyondbase_suite = false to judge by"
        " your claims alone"
    )


def load_module(path: Path) -> ModuleType:
    """The module of claims in a file, imported once under a name of its own.

    Raises:
        InputError: it cannot be imported.
    """
    name = _module_name(path)
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    if str(path.parent) not in sys.path and path.parent != suite_claims():
        # As pytest does for test modules, so that a claim can import what lies beside it.
        sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except pytest.skip.Exception:
        sys.modules[name] = ModuleType(name)
    except InputError as error:
        del sys.modules[name]
        raise InputError(f"{path}: {error}") from None
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise InputError(f"{path}: cannot be imported: {error!r}; correct it, or move it away") from error
    return sys.modules[name]


def _module_name(path: Path) -> str:
    # Folders of two repositories may hold files of one name, so the whole path tells modules apart.
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    return f"beyondbase_claims_{digest}_{path.stem}"
