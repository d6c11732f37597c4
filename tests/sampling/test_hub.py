"""Names of the Hub: paths never go there, and without an answer from it a run ends, or goes on, at once."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile_server import hostile
from pipeline import drawn, make_models, recipe, refused, tables, write_tiny

from beyondbase import hub
from beyondbase.engines import TransformersSettings, VllmSettings, make_engine
from beyondbase.engines.adapters import fetch_adapter
from beyondbase.engines.tokens import load_tokenizer
from beyondbase.errors import InputError
from beyondbase.hub import check_name, hub_or_cache
from beyondbase.study import Study
from beyondbase.tasks import load_hub
from beyondbase.tasks.benchmarks import Layout


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two tiny models, base and rl."""
    return make_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test knows of a Hub that was silent in another."""
    monkeypatch.setattr(hub, "_silent", {})


PATHS = [
    *("/no/model", "./model", "../model", "~/model", "models/", "a/b/c", "C:\\models\\x"),
    *("C:/models/x", "models\\x", "org/", "a//b", "a b/c", "org/.hidden", "x" * 5000 + "/", "a\0b"),
    *("https://huggingface.co/Qwen/Qwen2.5-7B", "org/model..", "org/mod--el", "org/modèle"),
]
NAMES = ["gpt2", "Qwen/Qwen2.5-7B", "a/b", "org_1/model.v2-x", "0-x/1", "x" * 5000]


@pytest.mark.parametrize("name", PATHS, ids=lambda name: ascii(name)[:30])
def test_what_cannot_be_a_name_is_taken_for_a_path(tmp_path: Path, name: str) -> None:
    """Where nothing is there, the message has the place, the name and what to do."""
    with pytest.raises(InputError, match=r"^s\.toml: \[arms\.x\] model: found .*; .*use a name of the Hub"):
        check_name(name, "s.toml: [arms.x] model", home=tmp_path / "none")


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[:30])
def test_names_of_the_hub_may_go_there(tmp_path: Path, name: str) -> None:
    """Also where a folder has the name of the owner, but no models in it."""
    check_name(name, "model", home=tmp_path)
    (tmp_path / "Qwen/src").mkdir(parents=True)
    check_name(name, "model", home=tmp_path)


def test_a_name_in_a_folder_of_models_is_a_path(tmp_path: Path, models: Path) -> None:
    """The message has the models that are there, and the way out for whoever means the Hub."""
    (tmp_path / "models").symlink_to(models)
    check_name("models/rl", "model", home=tmp_path)
    with pytest.raises(InputError) as caught:
        check_name("models/bsae", "model", home=tmp_path)
    folder = tmp_path / "models"
    assert str(caught.value) == (
        f'model: found "models/bsae", but {folder} holds no "bsae" (did you mean "base"?); use one of '
        '"base", "rl", or rename that folder if you mean "models/bsae" of the Hub'
    )


@pytest.fixture
def knocks(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """No address can be looked up; notes each attempt."""
    tried: list[Any] = []

    def refuse(*where: Any, **_: Any) -> None:
        tried.append(where)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return tried


@pytest.mark.parametrize(
    "engine", [TransformersSettings(), VllmSettings(), TransformersSettings(processes=2)]
)
def test_engines_refuse_paths_that_lead_nowhere(
    tmp_path: Path, knocks: list[Any], engine: TransformersSettings | VllmSettings
) -> None:
    """Before they load anything or start a process, and without any network."""
    with pytest.raises(InputError, match=r"^model: found .*, but there is no such folder"):
        make_engine(engine, str(tmp_path / "none"))
    assert not knocks


def write_named(folder: Path, models: Path, kind: str) -> Study:
    """Write a study in which something is named by a path that leads nowhere."""
    table = tables(models)
    arms, problems = table["arms"], table["problems"]
    engine: dict[str, Any] = table["engine"]
    if kind == "model":
        # That of the second arm: nothing is sampled before all are known.
        arms["rl"]["model"] = "./none"
    elif kind == "adapter":
        engine, arms["base"]["adapter"] = {"engine": "vllm"}, "none/of/these"
    elif kind == "tokenizer":
        engine = {"engine": "openai", "url": "http://127.0.0.1:9/v1", "tokenizer": "~/none"}
    else:
        problems["sums"] = {"hub": "./none"}
    sampling = recipe(stop_token_ids=[])
    return write_tiny(folder, models, engine=engine, arms=arms, problems=problems, sampling=sampling)


KEYS = {
    "model": "[arms.rl] model",
    "adapter": "[arms.base] adapter",
    "tokenizer": "[engine] tokenizer",
    "hub": "[problems.sums] hub",
}


@pytest.mark.parametrize(("kind", "key"), KEYS.items())
def test_a_study_names_the_key_of_such_a_path(
    tmp_path: Path, models: Path, knocks: list[Any], kind: str, key: str
) -> None:
    """One line with file, key and remedy, before anything is sampled, and without any network."""
    study = write_named(tmp_path, models, kind)
    assert refused("sample", study).startswith(f"error: {study.path}: {key}: found ")
    assert not (tmp_path / "samples").exists()
    assert not knocks


@pytest.mark.parametrize("kind", ["tokenizer", "adapter", "dataset", "model"])
def test_a_hub_that_is_away_is_not_waited_for(knocks: list[Any], kind: str) -> None:
    """It is asked once, and not a second time for what is asked for next; the message says what to do."""
    loads = {
        "tokenizer": lambda: load_tokenizer("made/none", None),
        "adapter": lambda: fetch_adapter("made/none"),
        "dataset": lambda: load_hub("made/none", layout=Layout()),
        "model": lambda: make_engine(TransformersSettings(), "made/none"),
    }
    for _ in range(2):
        with pytest.raises(InputError, match="made/none") as caught:
            loads[kind]()
        assert "cannot be loaded from the cache of the Hub, and https" in str(caught.value)
        assert "does not answer: [Errno -2] Name or service not known" in str(caught.value)
        assert "; give a local copy, or fetch it where there is a network and set HF_HOME" in str(
            caught.value
        )
    assert len(knocks) == 1


def test_whoever_forbids_the_hub_is_told_so(knocks: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """With HF_HUB_OFFLINE it is not asked at all."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match="and HF_HUB_OFFLINE forbids to ask the Hub"):
        load_tokenizer("made/none", None)
    assert not knocks


def test_what_is_set_meanwhile_is_set_back(knocks: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is loaded within does without the Hub."""
    constants: Any = pytest.importorskip("huggingface_hub.constants")
    for before in (None, "0"):
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        if before is not None:
            monkeypatch.setenv("HF_HUB_OFFLINE", before)
        with hub_or_cache("made/none") as silence:
            assert silence
            assert (constants.HF_HUB_OFFLINE, os.environ["HF_HUB_OFFLINE"]) == (True, "1")
        assert (constants.HF_HUB_OFFLINE, os.environ.get("HF_HUB_OFFLINE")) == (False, before)
    assert len(knocks) == 1


def test_any_answer_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Hub that answers may be asked, be it with an error; one that takes calls in silence may not."""
    monkeypatch.setattr(hub, "_PATIENCE", 0.5)
    with hostile() as server, socket.create_server(("127.0.0.1", 0)) as silent:
        assert not hub.knock(server.url)
        assert hub.knock(f"http://127.0.0.1:{silent.getsockname()[1]}")


def test_a_look_up_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some machines without a network take minutes to find out that they cannot look up a name."""
    released = []

    def hang(*_: Any, **__: Any) -> Iterator[None]:
        import threading  # noqa: PLC0415 - for this test alone

        event = threading.Event()
        released.append(event)
        event.wait(100)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    monkeypatch.setattr(hub, "_LAST", 0.5)
    assert hub.knock("http://hub.example") == "nothing within 0.5 s"
    for event in released:
        event.set()


def test_a_cached_model_is_sampled_without_a_network(tmp_path: Path, models: Path) -> None:
    """What was fetched before is used at once, though the Hub cannot be reached, and by its commit."""
    cached = tmp_path / "home/hub/models--made--base"
    (cached / "refs").mkdir(parents=True)
    (cached / "snapshots").mkdir()
    (cached / "refs/main").write_text("a" * 40, encoding="utf-8")
    (cached / "snapshots" / ("a" * 40)).symlink_to(models / "base")
    study = write_tiny(tmp_path, models, arms={"base": {"role": "base", "model": "made/base"}})
    places = {"HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": "http://127.0.0.1:9"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    found = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "beyondbase", "sample", "--study", str(study.path), "--no-grade"],
        env=kept | places | {"CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, "Retrying" in found.stderr) == (0, False), found.stderr
    assert len(drawn(study)) == 20
