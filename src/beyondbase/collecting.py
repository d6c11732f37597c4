"""The suite's claims as items of a run that names a study and no tests, from whatever folder."""

from pathlib import Path
from types import ModuleType

import pytest

from beyondbase.claiming import load_module, suite_claims
from beyondbase.errors import InputError
from beyondbase.suite import Suite

# How the suite's claims are named, wherever the package lies.
NAME = "beyondbase/claims"
ASKED = pytest.StashKey[tuple[str, ...]]()


class SuiteModule(pytest.Module):
    """A module of claims that come with the suite; it hangs from no folder.

    So no conftest.py and no package on the way from the root of the disk to the library is loaded.
    """

    def _getobj(self) -> ModuleType:
        # The very module that the family is judged by; as `test_floor` it could clash with a user's file.
        try:
            return load_module(self.path)
        except InputError as error:
            raise self.CollectError(str(error)) from None


def choose(config: pytest.Config, suite: Suite) -> None:
    """Settle which claims are collected: all where a study is named and no tests, else those asked for."""
    named = config.args_source is pytest.Config.ArgsSource.ARGS
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
    return [item for item in items if any(_within(item.nodeid, name) for name in asked)]


def _node_id(config: pytest.Config, path: Path) -> str:
    # In the repository they are files like others.
    at_home = suite_claims() == config.rootpath / "claims"
    return path.relative_to(config.rootpath).as_posix() if at_home else f"{NAME}/{path.name}"


def _within(node_id: str, name: str) -> bool:
    return name in {NAME, node_id} or node_id.startswith((f"{name}::", f"{name}["))


def _there(config: pytest.Config, argument: str) -> bool:
    return (config.invocation_params.dir / argument.partition("::")[0]).exists()
