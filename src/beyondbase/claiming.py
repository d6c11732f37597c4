"""What makes a test function a claim, and how the claims of a folder are found."""

import hashlib
import importlib.util
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from beyondbase.cases import Case
from beyondbase.errors import InputError
from beyondbase.selection import Selection
from beyondbase.verdict import Verdict


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
        reports: which published numbers belong beside it (see `beyondbase.paper`).
        counter: whether others claim it against the paper.
    """

    id: str
    finding: str
    paper: str
    hypothesis: str
    over: Selection
    test: Callable[[Case], Verdict]
    large_k: bool = False
    reports: tuple[str, ...] = ()
    counter: bool = False


def claim(  # noqa: PLR0913 - a claim's card has as many lines as a claim has sides
    name: str,
    *,
    finding: str,
    paper: str,
    hypothesis: str,
    over: Selection,
    large_k: bool = False,
    reports: tuple[str, ...] = (),
    counter: bool = False,
) -> Callable[[Callable[[Case], Verdict]], Callable[[Case], Verdict]]:
    """Mark a test function as a claim; see `Claim` for the arguments."""

    def mark(test: Callable[[Case], Verdict]) -> Callable[[Case], Verdict]:
        card = Claim(name, finding, paper, hypothesis, over, test, large_k, reports, counter)
        test.__claim__ = card  # type: ignore[attr-defined]
        return test

    return mark


def claim_of(function: object) -> Claim | None:
    """The claim that a function was marked as, or None."""
    card = getattr(function, "__claim__", None)
    return card if isinstance(card, Claim) else None


def suite_claims() -> Path:
    """The folder of the claims that come with the suite: in the package, or in the repository it is run from."""
    packaged = Path(__file__).parent / "claims"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "claims"


def load_claims(folders: Iterable[Path]) -> tuple[Claim, ...]:
    """All claims of the test modules of some folders, by file name and place in the file.

    The family of a study is all of its claims, whatever a test run selects, so they are read from the
    folders and not from what pytest collected.

    Raises:
        InputError: two claims share an id, or a module cannot be imported.
    """
    found: dict[str, tuple[Claim, Path]] = {}
    for path in (path for folder in folders for path in sorted(folder.glob("test_*.py"))):
        # A folder of this name may be somebody else's; modules that do not know us are not run.
        if "beyondbase" not in path.read_text(encoding="utf-8", errors="replace"):
            continue
        for value in vars(_module(path)).values():
            card = claim_of(value)
            if card is None or getattr(value, "__module__", None) != _module_name(path):
                continue
            if card.id in found:
                raise InputError(f"{path}: claim id {card.id!r} is taken by {found[card.id][1]}; rename one")
            found[card.id] = card, path
    return tuple(card for card, _ in found.values())


def _module(path: Path) -> ModuleType:
    name = _module_name(path)
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    if str(path.parent) not in sys.path:
        # As pytest does for test modules, so that a claim can import what lies beside it.
        sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except pytest.skip.Exception:
        sys.modules[name] = ModuleType(name)
    except Exception as error:
        del sys.modules[name]
        raise InputError(f"{path}: cannot be imported: {error!r}; correct it, or move it away") from error
    return sys.modules[name]


def _module_name(path: Path) -> str:
    # Folders of two repositories may hold files of one name, so the whole path tells modules apart.
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    return f"beyondbase_claims_{digest}_{path.stem}"
