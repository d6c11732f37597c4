"""Sample sets elsewhere: pushed and pulled shard by shard, and never mixed."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from store_factory import GRADER, IDENTITY, filled, graded, keys, made, stored

from beyondbase.errors import InputError
from beyondbase.store import SampleSet, Scored, fingerprint_of, pull, push
from beyondbase.store.remote import pull_beside, push_beside
from beyondbase.store.shards import COMPLETIONS
from beyondbase.store.sidecars import expect_rows, keep_prompts, read_prompts, rows_expected

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


def test_scores_go_there_and_back(tmp_path: Path, url: str) -> None:
    """Scores and what scored travel with a set, also what two machines scored each."""
    scored(tmp_path / "one", Scored("a", 0, -2.5, 4))
    assert push(tmp_path / "one", url) == 2
    assert pull(url, tmp_path / "other") == 2
    with SampleSet.read(tmp_path / "other") as other:
        assert other.scores("arm/b").logprob.tolist() == [-2.5]
        other.append_scores("arm/b", {"model": "b"}, [Scored("a", 1, -1.0, 2)])
        other.append_scores("new", {"model": "n"}, [Scored("a", 1, -3.0, 2)])
    assert (push(tmp_path / "other", url), pull(url, tmp_path / "one")) == (2, 2)
    one = SampleSet.read(tmp_path / "one")
    assert one.scorers() == ["arm/b", "new"]
    assert one.scores("arm/b").logprob.tolist() == [-2.5, -1.0]


def test_scores_of_another_model_are_refused_both_ways(tmp_path: Path, url: str) -> None:
    """One name for two scoring models is refused before anything is copied; the differing keys are listed."""
    scored(tmp_path / "one", Scored("a", 0, -2.5, 4))
    push(tmp_path / "one", url)
    filled(tmp_path / "other", [("a", 0), ("a", 9)])
    with SampleSet.read(tmp_path / "other") as other:
        other.append_scores("arm/b", {"model": "c"}, [Scored("a", 0, -2.5, 4)])
    before = sorted((tmp_path / "other").rglob("*.parquet"))
    for action, mine, theirs in (
        (lambda: push(tmp_path / "other", url), "c", "b"),
        (lambda: pull(url, tmp_path / "other"), "b", "c"),
    ):
        with pytest.raises(InputError, match="holds scores of other settings") as caught:
            action()
        assert f'\n  model: this run has "{mine}", the set has "{theirs}"' in str(caught.value)
    assert sorted((tmp_path / "other").rglob("*.parquet")) == before


def scored(folder: Path, *scores: Scored) -> None:
    """Write a set of two completions with scores."""
    filled(folder, [("a", 0), ("a", 1)])
    with SampleSet.read(folder) as store:
        store.append_scores("arm/b", {"model": "b"}, scores)


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


@pytest.fixture
def dataset(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a Hub of one dataset, which keeps its files in memory and its commits in a list."""
    hub = pytest.importorskip("huggingface_hub", reason="needs the extra hub: pip install 'beyondbase[hub]'")
    files = fsspec.filesystem("memory")
    said: list[Any] = []

    def commit(repo: str, operations: list[Any], **_: object) -> None:
        said.append((repo, [item.path_in_repo for item in operations]))
        for item in operations:
            with item.as_file() as stream:
                files.pipe_file(f"datasets/{repo}/{item.path_in_repo}", stream.read())

    api = SimpleNamespace(
        create_repo=lambda *args, **options: said.append((args, options)), create_commit=commit
    )
    # The file system in memory puts a slash before every name.
    monkeypatch.setattr("fsspec.core.url_to_fs", lambda url: (_Bare(files), url.removeprefix("hf://")))
    monkeypatch.setattr(hub, "HfApi", lambda: api)
    yield SimpleNamespace(files=files, said=said)
    files.store.clear()
    files.pseudo_dirs[:] = [""]


class _Bare:
    """Files in memory with names as those of the Hub."""

    def __init__(self, files: Any) -> None:
        self.files = files

    def find(self, path: str) -> list[str]:
        """List files."""
        return [name.removeprefix("/") for name in self.files.find(path)]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.files, name)


def test_the_hub_gets_one_commit(tmp_path: Path, dataset: Any) -> None:
    """A push to hf:// makes a private dataset and adds all shards in one commit, the set's own file too."""
    filled(tmp_path, [("a", 0)], [("a", 1)])
    assert push(tmp_path, "hf://datasets/me/samples/T/base") == 2
    made_repo, (repo, names) = dataset.said
    assert made_repo == (("me/samples",), {"repo_type": "dataset", "private": True, "exist_ok": True})
    assert repo == "me/samples"
    assert [name.rpartition("/")[0] for name in names] == ["T/base/completions"] * 2 + ["T/base", ""]
    assert push(tmp_path, "hf://datasets/me/samples/T/base") == 0
    assert len(dataset.said) == 2


def test_a_dataset_gets_a_card_that_says_what_it_is(tmp_path: Path, dataset: Any) -> None:
    """The card of a new dataset has counts, model, settings, graders, and how to load a set by its name."""
    graded(tmp_path, [("a", 0), ("b", 0)], [("a", 1)])
    push(tmp_path, "hf://datasets/me/samples/T/base")
    text = dataset.files.cat_file("datasets/me/samples/README.md").decode()
    _, header, body = text.split("---\n", 2)
    assert header.splitlines()[1:] == [
        "configs:",
        '  - config_name: "T--base"',
        '    data_files: "T/base/completions/*.parquet"',
    ]
    for part in (
        "# Sampled completions of `Qwen/Qwen2.5-7B`",
        "3 completions to 2 problems, 1 to 2 of each",
        "output of a language model",
        fingerprint_of(IDENTITY),
        '"temperature": 0.6',
        "Graded by: `exact 1.0`. Scored by: nobody.",
        'load_dataset("me/samples", "T--base", split="train")',
        'pull("hf://datasets/me/samples/T/base", Path("samples"))',
    ):
        assert part in body
    assert "license" not in header
    assert all(f"| `{name}` |" in body for name in COMPLETIONS.schema.names)


def test_a_card_that_is_there_stays(tmp_path: Path, dataset: Any) -> None:
    """A dataset's own README is never changed, and one that is given is taken where there is none."""
    filled(tmp_path / "one", [("a", 0)])
    push(tmp_path / "one", "hf://datasets/me/samples", card="# Mine\n")
    filled(tmp_path / "other", [("a", 0)])
    push(tmp_path / "other", "hf://datasets/me/samples/T/rl", card="# Other\n")
    assert dataset.files.cat_file("datasets/me/samples/README.md") == b"# Mine\n"


def test_a_card_names_every_set(tmp_path: Path, dataset: Any) -> None:
    """Where sets were pushed before there was a card, it has them all, whatever their names."""
    filled(tmp_path, [("a", 0)])
    push(tmp_path, 'hf://datasets/me/samples/T/"é"')
    dataset.files.rm_file("datasets/me/samples/README.md")
    push(tmp_path, "hf://datasets/me/samples")
    header = dataset.files.cat_file("datasets/me/samples/README.md").decode().split("---\n")[1]
    yaml = pytest.importorskip("yaml", reason="huggingface_hub brings it")
    assert yaml.safe_load(header)["configs"] == [
        {"config_name": "default", "data_files": "completions/*.parquet"},
        {"config_name": 'T--"é"', "data_files": 'T/"é"/completions/*.parquet'},
    ]


@pytest.mark.parametrize("url", ["hf://me/model/x", "hf://datasets/me", "hf://datasets/me/x@branch/y"])
def test_a_push_to_no_dataset_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Samples go into datasets, at their main revision."""
    filled(tmp_path, [("a", 0)])
    monkeypatch.setattr("fsspec.core.url_to_fs", lambda url: (None, url.removeprefix("hf://")))
    with pytest.raises(InputError, match="push to hf://datasets/OWNER/NAME/FOLDER"):
        push(tmp_path, url)


def test_prompts_go_along_and_grow(tmp_path: Path, url: str) -> None:
    """The digests of prompts are those of both ends together; a problem asked otherwise is refused."""
    for name, prompts in (("one", {"a": "x"}), ("other", {"a": "x", "b": "y"}), ("third", {"a": "z"})):
        filled(tmp_path / name, [("a", len(name))])
        keep_prompts(tmp_path / name, prompts)
    push(tmp_path / "one", url)
    push(tmp_path / "other", url)
    push(tmp_path / "one", url)
    pull(url, tmp_path / "one")
    assert read_prompts(tmp_path / "one") == read_prompts(tmp_path / "other")
    for action in (push, lambda folder, place: pull(place, folder)):
        with pytest.raises(InputError, match='problem "a" was asked with another prompt before'):
            action(tmp_path / "third", url)


def test_a_folder_is_a_place_too(tmp_path: Path) -> None:
    """A set goes to a folder of this machine that is not there yet, as to a disk that is shared."""
    graded(tmp_path / "one", [("a", 0)])
    place = f"{tmp_path}/shared/T/base"
    assert push(tmp_path / "one", place) == 2
    assert pull(place, tmp_path / "other") == 2
    assert stored(SampleSet.read(tmp_path / "other")) == stored(SampleSet.read(tmp_path / "one"))


def test_what_lies_beside_goes_along(tmp_path: Path, url: str) -> None:
    """A push replaces what differs there; a pull fills what is absent here, and leaves the rest alone."""
    names = ("a.json", "b.json")
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "one" / "a.json").write_text("old")
    assert push_beside(tmp_path / "one", url, names) == ["a.json"]
    (tmp_path / "one" / "a.json").write_text("new")
    (tmp_path / "one" / "b.json").write_text("b")
    assert push_beside(tmp_path / "one", url, names) == ["a.json", "b.json"]
    assert push_beside(tmp_path / "one", url, names) == []
    (tmp_path / "other" / "b.json").write_text("mine")
    assert pull_beside(url, tmp_path / "other", names) == ["a.json"]
    assert [(tmp_path / "other" / name).read_text() for name in names] == ["new", "mine"]
    assert pull_beside(f"{url}/nowhere", tmp_path / "other", names) == []


def test_what_lies_beside_is_one_commit(tmp_path: Path, dataset: Any) -> None:
    """On the Hub all files of a task come at once, and none where nothing changed."""
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(name)
    for _ in range(2):
        push_beside(tmp_path, "hf://datasets/me/samples/T", ("a.json", "b.json", "c.json"))
    assert [said[1] for said in dataset.said if said[0] == "me/samples"] == [["T/a.json", "T/b.json"]]
    with pytest.raises(InputError, match="push to hf://datasets/OWNER/NAME/FOLDER"):
        push_beside(tmp_path, "hf://me", ("a.json",))


def test_how_many_completions_are_expected_goes_along(tmp_path: Path, url: str) -> None:
    """A part of an import that was pushed is known as a part where it is pulled."""
    filled(tmp_path / "one", [("a", 0)])
    expect_rows(tmp_path / "one", 7)
    push(tmp_path / "one", url)
    pull(url, tmp_path / "other")
    assert rows_expected(tmp_path / "other") == 7
