"""A tiny model on vLLM in this process, on a server of vLLM, and on transformers.

A test that goes the whole way, from a study to its claims, belongs in a module of its own here: `folder` is
a model to name in the study, `vllm_requests.SETTINGS` are settings of the engine that fit this machine, and
`server` is a running server, which knows the model as `vllm_server.MODEL`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_model import make_tiny
from vllm_requests import SETTINGS
from vllm_server import VllmServer

from beyondbase.engines import TransformersSettings, make_engine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let warnings pass: vLLM's libraries warn of themselves in every version."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model."""
    return make_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def servers(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[VllmServer]]:
    """The servers that were started so far, the first of them with this fixture."""
    started = [VllmServer(folder, tmp_path_factory.mktemp("server") / "log.txt")]
    yield started
    for one in started:
        one.close()


@pytest.fixture
def server(servers: list[VllmServer], folder: Path, tmp_path_factory: pytest.TempPathFactory) -> VllmServer:
    """A server that runs: the same for all tests, or a new one where a test killed it."""
    if not servers[-1].runs:
        servers.append(VllmServer(folder, tmp_path_factory.mktemp("server") / "log.txt"))
    servers[-1].wait()
    return servers[-1]


@pytest.fixture(scope="module")
def engine(folder: Path, servers: list[VllmServer]) -> Iterator[Any]:  # noqa: ARG001 - the server starts meanwhile
    """The model on vLLM in this process, where only one can run: a module that starts another uses none."""
    started = make_engine(SETTINGS, str(folder))
    yield started
    started.close()


@pytest.fixture(scope="session")
def reference(folder: Path) -> Any:
    """The same model on transformers."""
    return make_engine(TransformersSettings(threads=1), str(folder))
