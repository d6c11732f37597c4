"""Scores: what another model makes of stored completions, once each, of their very texts, by one model."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_factory import GRADER, IDENTITY, filled, graded, made, shards

from beyondbase.errors import InputError
from beyondbase.store import SampleSet, Scored
from beyondbase.store.layout import scorers_in, scores_folder

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
REMEDY = "which must not be mixed; give the scorer another name (rename the arm), or restore its settings"
MODEL = {"model": "base", "dtype": "bf16"}


def refusal(action: Callable[[], object]) -> str:
    """Do what must be refused, and return the message."""
    with pytest.raises(InputError) as caught:
        action()
    return str(caught.value)


def left(store: SampleSet, k: int, scorer: str = "base") -> list[list[tuple[str, int]]]:
    """List what is unscored, shard by shard."""
    return [[(item.problem_id, item.index) for item in batch] for batch in store.unscored(scorer, k=k)]


def test_scores_come_back_by_problem_and_index(tmp_path: Path) -> None:
    """Scores keep all bits of their sums and come sorted, whatever the order in which they were made."""
    filled(tmp_path, [("b", 0), ("a", 1)], [("a", 0), ("b", 3)])
    with SampleSet.read(tmp_path) as store:
        store.append_scores("base", MODEL, [Scored("b", 3, -1 / 3, 5), Scored("a", 1, 0.0, 0)])
        store.append_scores("base", MODEL, [Scored("a", 0, -float("inf"), 2**31 - 1)])
        scores = store.scores("base")
    assert scores.problem_ids == ("a", "b")
    assert (scores.problem.tolist(), scores.index.tolist()) == ([0, 0, 1], [0, 1, 3])
    assert scores.logprob.tolist() == [-float("inf"), 0.0, -1 / 3]
    assert scores.tokens.tolist() == [2**31 - 1, 0, 5]


def test_the_first_of_each_problem_are_scored(tmp_path: Path) -> None:
    """Wanted are the first k by index that are no errors, with their tokens, less those that have a score."""
    with SampleSet.open(tmp_path, IDENTITY) as store:
        store.append([made(store, "a", 2, token_ids=(1, 2)), made(store, "a", 0, finish="error")])
        store.append([made(store, "a", 1), made(store, "b", 7), made(store, "a", 5), made(store, "b", 9)])
        assert left(store, 0) == []
        assert left(store, 2) == [[("a", 2)], [("a", 1), ("b", 7), ("b", 9)]]
        assert next(store.unscored("base", k=2))[0].token_ids == (1, 2)
        store.append_scores("base", MODEL, [Scored("a", 1, -1.0, 3)])
        assert left(store, 2) == [[("a", 2)], [("b", 7), ("b", 9)]]
        assert left(store, 3) == [[("a", 2)], [("b", 7), ("a", 5), ("b", 9)]]
        assert left(store, 1) == [[("b", 7)]]
        assert left(store, 1, "nobody") == [[("a", 1), ("b", 7)]]


@pytest.mark.parametrize("again", [False, True], ids=["at once", "by another process"])
def test_a_scorer_is_one_model(tmp_path: Path, *, again: bool) -> None:
    """A name with scores of a model takes none of another, and each differing key is listed."""
    filled(tmp_path, [("a", 0), ("a", 1)])
    store = SampleSet.read(tmp_path)
    store.append_scores("base", MODEL, [Scored("a", 0, -1.0, 3)])
    if again:
        store.close()
        store = SampleSet.read(tmp_path)
    other = {"model": "base", "dtype": "fp32", "revision": "x"}
    with store:
        found = refusal(lambda: store.append_scores("base", other, [Scored("a", 1, -1.0, 3)]))
        assert found.splitlines() == [
            f"{scores_folder(tmp_path, 'base')}: holds scores of other settings, {REMEDY}:",
            '  dtype: this run has "fp32", the set has "bf16"',
            '  revision: this run has "x", the set has nothing',
        ]
        store.append_scores("base 2", other, [Scored("a", 1, -1.0, 3)])
        store.append_scores("base", dict(reversed(MODEL.items())), [Scored("a", 1, -2.0, 3)])
        assert store.scores("base").logprob.tolist() == [-1.0, -2.0]
    content = json.loads((scores_folder(tmp_path, "base") / "scorer.json").read_text(encoding="utf-8"))
    assert content["identity"] == MODEL


def test_scores_of_nothing_and_second_scores_are_refused(tmp_path: Path) -> None:
    """A score belongs to a completion that is there and has none, and the batch goes in whole or not."""
    filled(tmp_path, [("a", 0), ("a", 1)])
    with SampleSet.read(tmp_path) as store:
        store.append_scores("base", MODEL, [Scored("a", 0, -1.0, 3)])
        new = Scored("a", 1, -1.0, 3)
        for bad, message in (
            (Scored("a", 0, -1.0, 3), 'problem "a", completion 0: has a score already; score only what'),
            (Scored("a", 2, -1.0, 3), 'problem "a", completion 2: is not in the set; score only what'),
            (new, "stands twice in one batch"),
            (Scored("a", 0, 1.5, 3), "has a score already"),
        ):
            assert message in refusal(lambda bad=bad: store.append_scores("base", MODEL, [new, bad]))  # type: ignore[misc]
        store.append_scores("base", MODEL, [new])
        store.append_scores("base", MODEL, [])
        assert store.scores("base").index.tolist() == [0, 1]


@pytest.mark.parametrize("logprob", [1.5, float("nan"), float("inf"), 1e-3])
def test_what_is_no_log_probability_is_refused(tmp_path: Path, logprob: float) -> None:
    """A sum above 0, by more than rounding, is a slip of the sign; the completion is named."""
    filled(tmp_path, [("a", 0)])
    with SampleSet.read(tmp_path) as store:
        found = refusal(lambda: store.append_scores("base", MODEL, [Scored("a", 0, logprob, 3)]))
        assert f'problem "a", completion 0: logprob: found {logprob} for 3 tokens' in found
        store.append_scores("base", MODEL, [Scored("a", 0, 1e-6, 3)])


def test_a_score_does_not_outlive_its_text(tmp_path: Path) -> None:
    """Where a completion was sampled again with another text, its score is none; with the same, it holds."""
    filled(tmp_path, [("a", 0)], [("a", 1)])
    with SampleSet.read(tmp_path) as store:
        store.append_scores("base", MODEL, [Scored("a", index, -1.0 - index, 3) for index in range(2)])
    for shard in shards(tmp_path):
        shard.unlink()
    with SampleSet.open(tmp_path, IDENTITY) as store:
        store.append([made(store, "a", 0, text="something else"), made(store, "a", 1)])
        assert store.scores("base").logprob.tolist() == [-2.0]
        assert left(store, 2) == [[("a", 0)]]
        store.append_scores("base", MODEL, [Scored("a", 0, -9.0, 3)])
        assert store.scores("base").logprob.tolist() == [-9.0, -2.0]


def test_two_processes_of_one_scorer_do_not_mix(tmp_path: Path) -> None:
    """A scorer's folder has one writer; sampling, grading and other scorers go on beside it."""
    graded(tmp_path, [("a", 0)])
    with SampleSet.open(tmp_path, IDENTITY) as writer, SampleSet.read(tmp_path) as other:
        writer.append_scores("base", MODEL, [Scored("a", 0, -1.0, 3)])
        writer.append([made(writer, "a", 1)])
        new = [Scored("a", 1, -1.0, 3)]
        assert "is being written by process" in refusal(lambda: other.append_scores("base", MODEL, new))
        other.append_scores("teacher", MODEL, new)
        assert other.tally(*GRADER, n=1).c.tolist() == [1]
        writer.close()
        other.append_scores("base", MODEL, new)
        assert other.scores("base").index.tolist() == [0, 1]


def test_an_unknown_scorer_is_named_with_those_that_are_here(tmp_path: Path) -> None:
    """Scores of nobody are a slip of the name, not an empty list."""
    filled(tmp_path, [("a", 0)])
    with SampleSet.read(tmp_path) as store:
        store.append_scores("base", MODEL, [Scored("a", 0, -1.0, 3)])
        found = refusal(lambda: store.scores("bse"))
    assert found == (
        f'{tmp_path}: holds no scores by "bse" (scorers here: "base"); score first, or correct the name'
    )


def test_a_missing_or_edited_scorer_file_is_named(tmp_path: Path) -> None:
    """Scores of a model that cannot be known are neither read nor added to."""
    filled(tmp_path, [("a", 0), ("a", 1)])
    with SampleSet.read(tmp_path) as store:
        store.append_scores("base", MODEL, [Scored("a", 0, -1.0, 3)])
    path = scores_folder(tmp_path, "base") / "scorer.json"
    path.write_text(path.read_text(encoding="utf-8").replace("bf16", "fp32"), encoding="utf-8")
    assert f"{path}: was edited" in refusal(lambda: store.scores("base"))
    assert f"{path}: was edited" in refusal(lambda: left(store, 1))
    path.unlink()
    found = refusal(lambda: store.append_scores("base", MODEL, [Scored("a", 1, -1.0, 3)]))
    assert found.startswith(f"{path}: is missing, but there are scores; restore it from a copy")


@given(NAMES, NAMES)
def test_any_scorer_has_one_folder_of_its_own(one: str, other: str) -> None:
    """Names never leave the folder of scores, and two names never share a folder."""
    folder = scores_folder(Path("set"), one)
    assert folder.parts[:2] == ("set", "scores")
    assert len(folder.parts) == 3
    assert (folder == scores_folder(Path("set"), other)) == (one == other)


def test_scorers_are_listed_by_name(tmp_path: Path) -> None:
    """The folders' names tell who scored, but only where it says of itself what it is."""
    for name in ("rl/2", "base"):
        scores_folder(tmp_path, name).mkdir(parents=True)
        (scores_folder(tmp_path, name) / "scorer.json").touch()
    scores_folder(tmp_path, "begun").mkdir()
    assert scorers_in(tmp_path) == ["base", "rl/2"]
