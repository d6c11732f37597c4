"""Sample sets elsewhere: pushed and pulled shard by shard, and never mixed."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from store_factory import GRADER, IDENTITY, filled, graded, keys, made, stored

from beyondbase.errors import InputError
from beyondbase.store import SampleSet, pull, push

fsspec = pytest.importorskip("fsspec", reason="remote sets need the extra hub: pip install 'beyondbase[hub]'")


@pytest.fixture
def url() -> Any:
    """Give an empty place elsewhere, in memory."""
    memory = fsspec.filesystem("memory")
    yield "memory://samples/T/base"
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


def test_a_set_goes_there_and_back(tmp_path: Path, url: str) -> None:
    """A pulled set is the pushed one: its settings, completions and grades."""
    graded(tmp_path / "one", [("a", 0), ("b", 0)], [("a", 1)])
    assert push(tmp_path / "one", url) == 4
    assert pull(url, tmp_path / "other") == 4
    one, other = (SampleSet.read(tmp_path / name) for name in ("one", "other"))
    assert stored(other) == stored(one)
    assert other.identity == IDENTITY
    assert other.tally(*GRADER).c.tolist() == [2, 1]


def test_only_what_is_new_is_copied(tmp_path: Path, url: str) -> None:
    """A second push or pull copies the shards that came since, also two machines' into one set."""
    filled(tmp_path / "one", [("a", 0)])
    push(tmp_path / "one", url)
    pull(url, tmp_path / "other")
    filled(tmp_path / "one", [("a", 1)])
    filled(tmp_path / "other", [("a", 2)])
    assert [push(tmp_path / name, url) for name in ("one", "other", "one")] == [1, 1, 0]
    assert [pull(url, tmp_path / name) for name in ("one", "other", "one")] == [1, 1, 0]
    assert keys(SampleSet.read(tmp_path / "one")) == keys(SampleSet.read(tmp_path / "other"))
    assert len(keys(SampleSet.read(tmp_path / "one"))) == 3


def test_other_settings_are_refused_both_ways(tmp_path: Path, url: str) -> None:
    """Neither end takes completions of other settings; the differing keys are listed."""
    filled(tmp_path / "one", [("a", 0)])
    push(tmp_path / "one", url)
    with SampleSet.open(tmp_path / "other", {**IDENTITY, "dtype": "fp32"}) as other:
        other.append([made(other, "a", 0)])
    for action, at in (
        (lambda: push(tmp_path / "other", url), url),
        (lambda: pull(url, tmp_path / "other"), str(tmp_path / "other")),
    ):
        with pytest.raises(InputError) as caught:
            action()
        assert str(caught.value).startswith(f"{at}: holds completions of other settings")
        assert "\n  dtype: this run has " in str(caught.value)
    assert len(keys(SampleSet.read(tmp_path / "other"))) == 1


def test_what_is_no_part_of_a_set_stays_where_it_is(tmp_path: Path, url: str) -> None:
    """Drafts, locks and notes are not pushed, and what lies beside a set elsewhere is not pulled."""
    filled(tmp_path / "one", [("a", 0)])
    for name in ("notes.parquet", "completions/.000001-x.parquet", "completions/notes.txt"):
        (tmp_path / "one" / name).write_bytes(b"mine")
    assert push(tmp_path / "one", url) == 1
    memory = fsspec.filesystem("memory")
    assert sorted(name.count("/") for name in memory.find(url)) == [4, 5]
    memory.pipe_file(f"{url}/grades/../../x.parquet", b"theirs")
    memory.pipe_file(f"{url}/x.parquet", b"theirs")
    assert pull(url, tmp_path / "deep" / "other") == 1
    assert not [*tmp_path.rglob("x.parquet")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "holds no sample set (no set.json); correct the address"),
        (b"{", "set.json: is no JSON"),
        (b"{}", "set.json: found no identity"),
    ],
    ids=["absent", "cut", "empty"],
)
def test_a_broken_set_elsewhere_is_named(
    tmp_path: Path, url: str, content: bytes | None, message: str
) -> None:
    """The address is named with what was found, and no set is begun."""
    if content is not None:
        fsspec.filesystem("memory").pipe_file(f"{url}/set.json", content)
    with pytest.raises(InputError) as caught:
        pull(url, tmp_path / "set")
    assert str(caught.value).startswith(url)
    assert message in str(caught.value)
    assert not (tmp_path / "set" / "set.json").exists()


def test_an_unknown_address_is_named(tmp_path: Path) -> None:
    """A protocol that nothing here speaks is the user's mistake."""
    filled(tmp_path, [("a", 0)])
    with pytest.raises(InputError, match=r"^gopher://x: cannot be reached \("):
        push(tmp_path, "gopher://x")


def test_a_lost_connection_resumes(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the other end fails in the middle, what came is whole and the rest comes with the next pull."""
    filled(tmp_path / "one", [("a", 0)], [("a", 1)], [("a", 2)])
    push(tmp_path / "one", url)
    kind = type(fsspec.filesystem("memory"))
    real, calls = kind.cat_file, []

    def fail_third(self: Any, path: str) -> Any:
        calls.append(path)
        if len(calls) == 3:
            raise ConnectionResetError("connection reset by peer")
        return real(self, path)

    with monkeypatch.context() as broken:
        broken.setattr(kind, "cat_file", fail_third)
        with pytest.raises(InputError, match="connection reset by peer; what was copied is whole"):
            pull(url, tmp_path / "other")
    assert len(keys(SampleSet.read(tmp_path / "other"))) == 1
    assert pull(url, tmp_path / "other") == 2


def test_the_hub_gets_one_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A push to hf:// makes a private dataset and adds all shards in one commit, the set's own file too."""
    hub = pytest.importorskip("huggingface_hub", reason="needs the extra hub: pip install 'beyondbase[hub]'")
    filled(tmp_path, [("a", 0)], [("a", 1)])
    said: list[Any] = []
    api = SimpleNamespace(
        create_repo=lambda *args, **options: said.append((args, options)),
        create_commit=lambda repo, operations, **_: said.append((repo, [o.path_in_repo for o in operations])),
    )
    files = SimpleNamespace(invalidate_cache=lambda: None, exists=lambda _: False)
    monkeypatch.setattr("fsspec.core.url_to_fs", lambda url: (files, url.removeprefix("hf://")))
    monkeypatch.setattr(hub, "HfApi", lambda: api)
    assert push(tmp_path, "hf://datasets/me/samples/T/base") == 2
    made_repo, (repo, names) = said
    assert made_repo == (("me/samples",), {"repo_type": "dataset", "private": True, "exist_ok": True})
    assert repo == "me/samples"
    assert [name.rpartition("/")[0] for name in names] == ["T/base/completions"] * 2 + ["T/base"]


@pytest.mark.parametrize("url", ["hf://me/model/x", "hf://datasets/me", "hf://datasets/me/x@branch/y"])
def test_a_push_to_no_dataset_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Samples go into datasets, at their main revision."""
    filled(tmp_path, [("a", 0)])
    monkeypatch.setattr("fsspec.core.url_to_fs", lambda url: (None, url.removeprefix("hf://")))
    with pytest.raises(InputError, match="push to hf://datasets/OWNER/NAME/FOLDER"):
        push(tmp_path, url)
