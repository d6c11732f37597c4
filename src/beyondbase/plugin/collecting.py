"""The suite's claims as items of a run that names a study and no tests, from whatever folder."""

from collections.abc import Collection, Iterable
from pathlib import Path
from types import ModuleType

import pytest

from beyondbase.errors import InputError
from beyondbase.judging.claim import load_module, suite_claims
from beyondbase.plugin.suite import Suite

# How the suite's claims are named, wherever the package lies.
NAME = "beyondbase/claims"
HANDED, UNTOLD = "beyondbase_asked", "beyondbase_untold"
ASKED = pytest.StashKey[tuple[str, ...]]()


class SuiteModule(pytest.Module):
    """A module of claims that come with the suite; it hangs from no folder.

    So no conftest.py and no package on the way from the root of the disk to the library is loaded.
    """

    def funcnamefilter(self, name: str) -> bool:
        """Whatever a user's ini file calls tests, the suite's are called so."""
        return name.startswith("test_")

    def _getobj(self) -> ModuleType:
        # The very module that the family is judged by; as `test_floor` it could clash with a user's file.
        try:
            return load_module(self.path)
        except InputError as error:
            raise self.CollectError(str(error)) from None


def choose(config: pytest.Config, suite: Suite) -> None:
    """Settle which claims are collected: all where a study is named and no tests, else those asked for."""
    handed = getattr(config, "workerinput", {}).get(HANDED)
    if handed is not None:
        # A worker of xdist gets the folders that its controller has settled.
        config.stash[ASKED] = tuple(handed)
        return
    named = config.args_source is pytest.Config.ArgsSource.ARGS and _typed(config)
    asked: tuple[str, ...] = ()
    if config.getoption("study") and not named:
        asked = (NAME,)
        config.args = [str(path) for path in suite.own_modules]
        config.args_source = pytest.Config.ArgsSource.ARGS
    elif named:
        asked = tuple(arg for arg in config.args if arg.startswith(f"{NAME}/") and not _there(config, arg))
        config.args = [arg for arg in config.args if arg not in asked]
    config.stash[ASKED] = asked


def suite_items(session: pytest.Session, suite: Suite) -> list[pytest.Item]:
    """The items of the suite's claims that this run asks for."""
    asked = session.config.stash[ASKED]
    if not asked:
        return []
    modules = [
        SuiteModule.from_parent(session, path=path, nodeid=_node_id(session.config, path))
        for path in suite.suite_modules
    ]
    items = [item for module in modules for item in session.genitems(module)]
    for name in asked:
        _check_there(name, suite, items)
    return [item for item in items if any(_within(item.nodeid, name) for name in asked)]


def check_whole(config: pytest.Config, suite: Suite, collected: Collection[str]) -> None:
    """Insist that a run of all claims has collected them all: pytest goes by the names of functions.

    A worker of xdist leaves it to its controller to say so.

    Args:
        config: of the run.
        suite: its claims and studies.
        collected: the keys of the entries that were.

    Raises:
        pytest.UsageError: a claim of the family would be judged and not told.
    """
    entries = suite.entries.items() if config.stash[ASKED] == (NAME,) else ()
    missing = [name for name, some in entries if any(entry.key not in collected for entry in some)]
    if not missing:
        return
    message = (
        f"pytest does not collect {', '.join(missing)}, which would be judged and not told: name their"
        " functions test_..., and see the ini keys python_functions and python_files"
    )
    if not hasattr(config, "workeroutput"):
        raise pytest.UsageError(message)
    config.workeroutput[UNTOLD] = message


def _typed(config: pytest.Config) -> bool:
    """Whether the user typed a path of tests, rather than an ini file or a variable."""
    return any(str(word) in config.args for word in config.invocation_params.args)


def _check_there(name: str, suite: Suite, items: Iterable[pytest.Item]) -> None:
    """A name that is asked for must be one, though a claim without a case has no items."""
    file, _, rest = name.removeprefix(f"{NAME}/").partition("::")
    module = next((path for path in suite.suite_modules if path.name == file), None)
    known = name == NAME or any(_within(item.nodeid, name) for item in items)
    if not known and (module is None or "[" in rest or (rest and not hasattr(load_module(module), rest))):
        raise pytest.UsageError(f"found no claim {name}; see `pytest --collect-only --study STUDY`")


def _node_id(config: pytest.Config, path: Path) -> str:
    # In the repository they are files like others.
    at_home = suite_claims() == config.rootpath / "claims"
    return path.relative_to(config.rootpath).as_posix() if at_home else f"{NAME}/{path.name}"


def _within(node_id: str, name: str) -> bool:
    return name in {NAME, node_id} or node_id.startswith((f"{name}::", f"{name}["))


def _there(config: pytest.Config, argument: str) -> bool:
    return (config.invocation_params.dir / argument.partition("::")[0]).exists()
