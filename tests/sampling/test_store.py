"""Sample sets on disk: what goes in comes out, once, under one identity and with its own seeds."""

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_factory import GRADER, IDENTITY, filled, graded, keys, made, shards, stored

from beyondbase.completions import Completion, Graded
from beyondbase.errors import InputError
from beyondbase.store import (
    EMPTY_DIGEST,
    FINISHES,
    OUTCOMES,
    Counts,
    SampleSet,
    fingerprint_of,
    seed_of,
    set_folder,
)
from beyondbase.store.identity import canonical, differences, seeds_of
from beyondbase.store.layout import graders_in, grades_folder

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def refusal(action: Callable[[], object]) -> str:
    """Do what must be refused, and return the message."""
    with pytest.raises(InputError) as caught:
        action()
    return str(caught.value)


def shown(counts: Counts) -> dict[str, list[Any]]:
    """Show counts as values that compare."""
    return {name: list(getattr(counts, name)) for name in Counts.__dataclass_fields__}


# --- identity


def test_the_order_and_spelling_of_settings_do_not_matter() -> None:
    """Sorted keys, whole floats as integers, tuples as lists: the same settings, the same fingerprint."""
    one = {"t": 1.0, "stop": ("a", "b"), "model": {"id": "m", "dtype": "bf16"}}
    other = {"model": {"dtype": "bf16", "id": "m"}, "stop": ["a", "b"], "t": 1}
    assert fingerprint_of(one) == fingerprint_of(other)
    assert canonical(other) == '{"model":{"dtype":"bf16","id":"m"},"stop":["a","b"],"t":1}'


@given(st.dictionaries(st.text(), JSON, max_size=4), st.dictionaries(st.text(), JSON, max_size=4))
def test_fingerprints_differ_exactly_where_a_setting_does(one: dict[str, Any], other: dict[str, Any]) -> None:
    """A fingerprint is that of its own JSON read back, and two differ where a difference is listed."""
    assert fingerprint_of(json.loads(canonical(one))) == fingerprint_of(one)
    assert bool(differences(one, other)) == (fingerprint_of(one) != fingerprint_of(other))


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), b"x", Path("x"), {1: 2}, {"a": [{1, 2}]}],
    ids=["nan", "inf", "bytes", "path", "key", "set"],
)
def test_settings_that_are_no_json_are_refused(value: object) -> None:
    """What would not read back the same is no part of an identity."""
    assert refusal(lambda: fingerprint_of({"sampling": {"x": value}})).startswith("identity.sampling.x")


def test_other_settings_are_refused_with_every_difference(tmp_path: Path) -> None:
    """Opening a set under other settings lists each differing key with both values, and what to do."""
    filled(tmp_path, [("1", 0)])
    sampling = {"temperature": 1.0, "top_p": 0.95, "max_tokens": 512, "stop": ["\n"], "seed": None}
    changed = {"model": {"id": "Qwen/Qwen2.5-7B"}, "sampling": sampling}
    remedy = "sample into another folder (rename the arm), or restore the settings of the set"
    assert refusal(lambda: SampleSet.open(tmp_path, changed)).splitlines() == [
        f"{tmp_path}: holds completions of other settings, which must not be mixed; {remedy}:",
        "  sampling.temperature: this run has 1.0, the set has 0.6",
        "  sampling.seed: this run has null, the set has nothing",
        '  model.revision: this run has nothing, the set has "abc"',
    ]


def test_long_settings_that_differ_at_their_end_are_told_apart(tmp_path: Path) -> None:
    """A value too long to show comes with a hash of the whole."""
    SampleSet.open(tmp_path, {"prompt": "x" * 500 + "a"}).close()
    line = refusal(lambda: SampleSet.open(tmp_path, {"prompt": "x" * 500 + "b"})).splitlines()[1]
    mine, theirs = line.removeprefix("  prompt: this run has ").split(", the set has ")
    assert mine != theirs
    assert len(line) < 250


def test_seeds_hang_on_nothing_but_their_completion() -> None:
    """A seed is fixed for all time by fingerprint, problem and index: these are the first of a known set."""
    fingerprint = fingerprint_of(IDENTITY)
    pairs = [(name, index) for name in ("1", "11", "é\0") for index in (0, 1, 11)]
    one_by_one = {pair: seed_of(fingerprint, *pair) for pair in reversed(pairs)}
    assert seeds_of(fingerprint, pairs) == [one_by_one[pair] for pair in pairs]
    assert seed_of("0" * 64, "1", 0) == 6280259231544866607


def test_a_million_seeds_do_not_collide() -> None:
    """Seeds fit 63 bits, differ between completions and settings, and use all of their bits."""
    pairs = [(str(name), index) for name in range(500) for index in range(1000)]
    seeds = np.array([seeds_of(letter * 64, pairs) for letter in "ab"], dtype=np.int64).ravel()
    assert np.unique(seeds).size == 1_000_000
    assert seeds.min() >= 0
    bits = [(seeds[:10_000] >> bit & 1).mean() for bit in range(63)]
    # Five standard errors of a fair coin.
    assert np.abs(np.array(bits) - 0.5).max() < 5 * 0.5 / 100


@given(NAMES, NAMES)
def test_any_name_makes_one_folder_of_its_own(one: str, other: str) -> None:
    """Names never leave the folder of samples, and two names never share a folder."""
    folder = set_folder(Path("samples"), one, other)
    assert folder.parts[0] == "samples"
    assert len(folder.parts) == 3
    assert ".." not in folder.parts
    assert (set_folder(Path(), one, "x") == set_folder(Path(), other, "x")) == (one == other)


@given(st.tuples(NAMES, NAMES), st.tuples(NAMES, NAMES))
def test_graders_and_versions_share_no_folder(one: tuple[str, str], other: tuple[str, str]) -> None:
    """A dash in a name or version does not make two graders one."""
    assert (grades_folder(Path(), *one) == grades_folder(Path(), *other)) == (one == other)


def test_graders_are_listed_by_name_and_version(tmp_path: Path) -> None:
    """The folders' names tell who graded."""
    for pair in (("math-verify", "0.8-rc/1"), ("exact", "1")):
        grades_folder(tmp_path, *pair).mkdir(parents=True)
    assert graders_in(tmp_path) == [("exact", "1"), ("math-verify", "0.8-rc/1")]
    assert graders_in(tmp_path / "none") == []


# --- completions


def test_completions_come_back_as_they_went_in(tmp_path: Path) -> None:
    """All fields survive, whatever the text: any script, NUL, line ends, nothing at all."""
    texts = ["", "a\0b", "\r\n\u2028\u202e", "\U0001f600é中", "\ufeff", "x" * 100]
    with SampleSet.open(tmp_path, IDENTITY) as store:
        batch = [made(store, "é\0/中", index, text=text) for index, text in enumerate(texts)]
        batch += [
            made(
                store, "t", 0, token_ids=(1, 2, 151_643), token_logprobs=(-0.5, -0.0, -12.25), logprob=-12.75
            ),
            made(store, "t", 1, tokens=0, token_ids=(), token_logprobs=(), logprob=None, finish="error"),
            made(store, "t", 2, seed=None, tokens=None, finish="unknown"),
        ]
        store.append(batch)
    assert stored(SampleSet.read(tmp_path)) == sorted(batch, key=lambda item: (item.problem_id, item.index))


def test_lone_surrogates_become_replacement_characters(tmp_path: Path) -> None:
    """What UTF-8 cannot hold is U+FFFD in a text and in an answer, as documented."""
    with SampleSet.open(tmp_path, IDENTITY) as store:
        store.append([made(store, "1", 0, text="a\ud800b\udc00")])
        store.append_grades(*GRADER, [Graded("1", 0, "wrong", "\udfff")])
    assert stored(store)[0].text == "a\ufffdb\ufffd"
    assert [*store.grades(*GRADER)] == [[Graded("1", 0, "wrong", "\ufffd")]]


def test_a_text_of_five_megabytes_is_kept_whole(tmp_path: Path) -> None:
    """No length of text is cut, nor in the way of counting."""
    noise = random.Random(0)  # noqa: S311 - no secret
    text = "".join(noise.choices("abcé\n", k=5_000_000))
    with SampleSet.open(tmp_path, IDENTITY) as store:
        store.append([made(store, "1", 0, text=text), made(store, "1", 1)])
    assert stored(store)[0].text == text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 7}, "seed: found 7, but its own, by seed_of, is "),
        (
            {"finish": "eos"},
            'problem "1", completion 5: finish: found "eos"; use one of stop, length, error, unknown',
        ),
        ({"index": -1}, 'problem "1", completion -1: number completions 0 .. 1048575'),
        ({"index": 2**20}, "number completions 0 .. 1048575"),
        ({"problem_id": ""}, "problem_id: found ''; give every problem an id that UTF-8 can hold"),
        ({"problem_id": "\ud800"}, "problem_id: found '\\ud800'"),
    ],
    ids=["seed", "finish", "negative", "huge", "empty", "surrogate"],
)
def test_a_completion_that_cannot_be_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    """One bad row refuses its batch, and nothing of the batch is stored."""
    with SampleSet.open(tmp_path, IDENTITY) as store:
        good, bad = made(store, "1", 4), made(store, "1", 5)
        bad = Completion(**{**bad.__dict__, **change})
        assert message in refusal(lambda: store.append([good, bad]))
        assert keys(store) == []
        store.append([good])


def test_a_completion_is_stored_once(tmp_path: Path) -> None:
    """A second one of the same problem and index is refused, within a batch and against the disk."""
    with SampleSet.open(tmp_path, IDENTITY) as store:
        twice = [made(store, "1", 0), made(store, "1", 0)]
        assert "stands twice in one batch" in refusal(lambda: store.append(twice))
        store.append(twice[:1])
        assert 'problem "1", completion 0: is there already' in refusal(lambda: store.append(twice[:1]))
    with SampleSet.open(tmp_path, IDENTITY) as store:
        assert "is there already" in refusal(lambda: store.append([made(store, "1", 1), made(store, "1", 0)]))
    assert keys(store) == [("1", 0)]


def test_an_empty_batch_leaves_no_shard(tmp_path: Path) -> None:
    """Nothing to store is no mistake."""
    with SampleSet.open(tmp_path, IDENTITY) as store:
        store.append([])
        store.append_grades(*GRADER, [])
    assert shards(tmp_path) == []


def test_only_an_open_set_takes_completions(tmp_path: Path) -> None:
    """A set that was read, or is closed, refuses to append."""
    with SampleSet.open(tmp_path, IDENTITY) as store:
        item = made(store, "1", 0)
    assert "is not open for writing here" in refusal(lambda: store.append([item]))
    assert "is not open for writing here" in refusal(lambda: SampleSet.read(tmp_path).append([item]))


def test_a_shard_per_batch_is_numbered_on(tmp_path: Path) -> None:
    """Shards carry six digits and a random part, and a later writer goes on counting."""
    filled(tmp_path, [("1", 0)], [("1", 1)])
    filled(tmp_path, [("1", 2)])
    names = [path.name for path in shards(tmp_path)]
    assert [name[:7] for name in names] == ["000000-", "000001-", "000002-"]
    assert len({name[7:] for name in names}) == 3


# --- what is wanted


def test_all_is_wanted_of_every_problem_in_turn(tmp_path: Path) -> None:
    """The first completion of every problem comes before the second of any."""
    with SampleSet.open(tmp_path, IDENTITY) as store:
        assert [*store.wanted(["b", "a"], 2)] == [("b", 0), ("a", 0), ("b", 1), ("a", 1)]


def test_raising_n_wants_only_what_is_new(tmp_path: Path) -> None:
    """What is there is not wanted again, in this process or the next, gaps are, other problems are not."""
    store = filled(tmp_path, [("a", 0), ("a", 1), ("b", 1), ("gone", 0)])
    assert [*store.wanted(["a", "b"], 2)] == [("b", 0)]
    assert [*store.wanted(["a", "b"], 4)] == [("b", 0), ("a", 2), ("b", 2), ("a", 3), ("b", 3)]
    assert len(store.wanted(["a"], 1)) == 0
    assert len(store.wanted([], 9)) == 0
    assert len(store.wanted(["a"], 0)) == 0


def test_a_reader_sees_what_came_meanwhile(tmp_path: Path) -> None:
    """A set that was opened for reading looks at the disk each time."""
    with SampleSet.open(tmp_path, IDENTITY) as store:
        reader = SampleSet.read(tmp_path)
        assert len(reader.wanted(["a"], 2)) == 2
        store.append([made(store, "a", 0)])
        assert [*reader.wanted(["a"], 2)] == [("a", 1)]
        assert reader.status().completions == 1


def test_a_problem_named_twice_is_refused(tmp_path: Path) -> None:
    """A task whose ids are not unique would be sampled twice under one name."""
    store = filled(tmp_path, [("a", 0)])
    assert "problem id twice" in refusal(lambda: store.wanted(["a", "a"], 2))


def test_ten_million_are_wanted_as_columns(tmp_path: Path) -> None:
    """What is wanted takes 16 bytes a completion, however much it is."""
    store = filled(tmp_path, [("7", 3)])
    wanted = store.wanted([str(i) for i in range(10_000)], 1_000)
    assert len(wanted) == 10_000 * 1_000 - 1
    assert wanted.problem.nbytes + wanted.index.nbytes == 16 * len(wanted)
    first, last = next(iter(wanted)), int(wanted.index[-1])
    assert (first, last) == (("0", 0), 999)


# --- grades


def test_counts_are_those_of_outcomes(tmp_path: Path) -> None:
    """All but errors are part of n; what is truncated, unparsed or undecided is so, and reported apart."""
    outcomes = ["correct", "correct", "wrong", "undecided", "truncated", "unparsed", "unparsed"] + [
        "error"
    ] * 3
    with SampleSet.open(tmp_path, IDENTITY) as store:
        store.append([made(store, "b", index) for index in range(10)] + [made(store, "a", 4)])
        grades = [Graded("b", index, outcome, None) for index, outcome in enumerate(outcomes)]  # type: ignore[arg-type]
        store.append_grades(*GRADER, [*grades, Graded("a", 4, "error", None)])
    assert shown(store.tally(*GRADER)) == {
        "problem_ids": ["a", "b"],
        "n": [0, 7],
        "c": [0, 2],
        "errors": [1, 3],
        "truncated": [0, 1],
        "unparsed": [0, 2],
        "undecided": [0, 1],
    }


def test_every_completion_needs_a_grade(tmp_path: Path) -> None:
    """Counting half of what is there is refused, naming the first that lacks a grade and who graded."""
    filled(tmp_path, [("a", 0), ("a", 1), ("b", 0)])
    with SampleSet.read(tmp_path) as store:
        store.append_grades("other", "2", [Graded("a", 0, "correct", None)])
        found = refusal(lambda: store.tally("other", "2"))
        assert '2 of 3 completions have no grade (first: problem "a", completion 1)' in found
        found = refusal(lambda: store.tally(*GRADER))
        assert found.startswith(f"{tmp_path}: exact 1.0: 3 of 3 completions have no grade")
        assert found.endswith("(graders here: other 2)")


def test_an_empty_set_has_no_counts(tmp_path: Path) -> None:
    """A set without completions is named, rather than counted as nothing."""
    SampleSet.open(tmp_path, IDENTITY).close()
    assert "holds no completions" in refusal(lambda: SampleSet.read(tmp_path).tally(*GRADER))


def test_another_version_of_a_grader_grades_anew(tmp_path: Path) -> None:
    """Grades of a version stand beside those of another, and each has its own counts."""
    graded(tmp_path, [("a", 0)])
    with SampleSet.read(tmp_path) as store:
        store.append_grades("exact", "2.0", [Graded("a", 0, "wrong", "41")])
        assert store.graders() == [("exact", "1.0"), ("exact", "2.0")]
        assert [store.tally("exact", version).c.tolist() for version in ("1.0", "2.0")] == [[1], [0]]


def test_grades_of_nothing_and_second_grades_are_refused(tmp_path: Path) -> None:
    """A grade belongs to a completion that is there and has none, and the batch goes in whole or not."""
    graded(tmp_path, [("a", 0)])
    filled(tmp_path, [("a", 1)])
    with SampleSet.read(tmp_path) as store:
        new = Graded("a", 1, "wrong", None)
        for bad, message in (
            (Graded("a", 0, "correct", None), 'problem "a", completion 0: has a grade already'),
            (Graded("a", 2, "correct", None), 'problem "a", completion 2: is not in the set'),
            (Graded("z", 0, "correct", None), 'problem "z", completion 0: is not in the set'),
            (new, "stands twice in one batch"),
        ):
            assert message in refusal(lambda bad=bad: store.append_grades(*GRADER, [new, bad]))  # type: ignore[misc]
        odd = Graded("a", 1, "right", None)  # type: ignore[arg-type]
        assert 'outcome: found "right"' in refusal(lambda: store.append_grades(*GRADER, [odd]))
        store.append_grades(*GRADER, [new])
        assert shown(store.tally(*GRADER))["n"] == [2]


def test_grading_goes_beside_sampling(tmp_path: Path) -> None:
    """A grader takes what a writer adds while both are at work."""
    with SampleSet.open(tmp_path, IDENTITY) as writer, SampleSet.read(tmp_path) as grader:
        for index in range(3):
            writer.append([made(writer, "a", index)])
            (batch,) = grader.ungraded(*GRADER)
            assert [item.index for item in batch] == [index]
            grader.append_grades(*GRADER, [Graded("a", index, "correct", "x")])
        assert [*grader.ungraded(*GRADER)] == []
        assert shown(grader.tally(*GRADER))["c"] == [3]


def test_ungraded_completions_come_whole_but_for_their_tokens(tmp_path: Path) -> None:
    """A grader that was stopped reads only what it has yet to see, from every shard."""
    with SampleSet.open(tmp_path, IDENTITY) as store:
        batches = [[made(store, name, index, token_ids=(1, 2, 3)) for name in "abc"] for index in range(2)]
        for batch in batches:
            store.append(batch)
        store.append_grades(*GRADER, [Graded("b", 0, "wrong", None), Graded("c", 1, "wrong", None)])
    found = [
        [(item.problem_id, item.index, item.text) for item in batch] for batch in store.ungraded(*GRADER)
    ]
    assert found == [[("a", 0, "a 0"), ("c", 0, "c 0")], [("a", 1, "a 1"), ("b", 1, "b 1")]]
    assert all(item.token_ids is None for batch in store.ungraded(*GRADER) for item in batch)


def test_a_grade_does_not_outlive_its_text(tmp_path: Path) -> None:
    """Where a shard was moved away and its completion sampled again with another text, it is graded again."""
    graded(tmp_path, [("a", 0)], [("a", 1)])
    shards(tmp_path)[0].unlink()
    with SampleSet.open(tmp_path, IDENTITY) as store:
        assert shown(store.tally(*GRADER))["n"] == [1]
        assert [*store.wanted(["a"], 2)] == [("a", 0)]
        store.append([made(store, "a", 0, text="something else")])
        assert "1 of 2 completions have no grade" in refusal(lambda: store.tally(*GRADER))
        store.append_grades(*GRADER, [Graded("a", 0, "wrong", None)])
        assert shown(store.tally(*GRADER))["c"] == [1]
    with SampleSet.read(tmp_path) as store:
        assert "has a grade already" in refusal(
            lambda: store.append_grades(*GRADER, [Graded("a", 0, "wrong", None)])
        )


def test_examples_are_the_first_of_each_problem(tmp_path: Path) -> None:
    """The first k by index come with outcome and text, in whatever shards they lie."""
    graded(tmp_path, [("b", 2), ("a", 1)], [("a", 0), ("b", 7), ("b", 0)], [("a", 5)])
    found = SampleSet.read(tmp_path).examples(*GRADER, k=2)
    assert [(item.problem_id, item.index, item.text) for item in found] == [
        ("a", 0, "a 0"),
        ("a", 1, "a 1"),
        ("b", 0, "b 0"),
        ("b", 2, "b 2"),
    ]
    assert {item.outcome for item in found} == {"correct"}
    assert SampleSet.read(tmp_path).examples("nobody", "1", k=2) == []


def test_status_says_how_far_a_set_has_come(tmp_path: Path) -> None:
    """Problems, completions, the fewest and the most of a problem, and the bytes of all shards."""
    SampleSet.open(tmp_path, IDENTITY).close()
    empty = SampleSet.read(tmp_path).status()
    assert (empty.problems, empty.completions, empty.least, empty.most, empty.size) == (0, 0, 0, 0, 0)
    status = graded(tmp_path, [("a", 0), ("a", 1), ("b", 9)]).status()
    assert (status.problems, status.completions, status.least, status.most) == (2, 3, 1, 2)
    assert status.size == sum(path.stat().st_size for path in tmp_path.rglob("*.parquet")) > 0


def test_a_study_of_fewer_is_judged_on_the_first(tmp_path: Path) -> None:
    """With n only completions of indices below n are counted and shown, as if the others were not there."""
    batches = [[("a", 0), ("a", 3), ("b", 1)], [("a", 1), ("late", 2)]]
    graded(tmp_path, *batches)
    filled(tmp_path, [("a", 2), ("b", 7)])
    with SampleSet.read(tmp_path) as store:
        assert "2 of 7 completions have no grade" in refusal(lambda: store.tally(*GRADER))
        counts = store.tally(*GRADER, n=2)
        assert (counts.problem_ids, counts.n.tolist(), counts.c.tolist()) == (("a", "b"), [2, 1], [2, 1])
        found = store.examples(*GRADER, k=9, n=2)
        assert [(item.problem_id, item.index) for item in found] == [("a", 0), ("a", 1), ("b", 1)]
        assert store.rows(*GRADER, n=3).index.tolist() == [0, 1, 2, 1, 2]
        assert "1 of 5 completions have no grade" in refusal(lambda: store.tally(*GRADER, n=3))
        assert "holds no completions" in refusal(lambda: store.tally(*GRADER, n=0))
        store.append_grades(*GRADER, [Graded("a", 2, "wrong", None)])
        assert store.tally(*GRADER, n=3).n.tolist() == [3, 1, 1]


def test_rows_hold_all_but_the_texts(tmp_path: Path) -> None:
    """Rows come by problem and index, with what is unknown, empty or not graded told apart."""
    with SampleSet.open(tmp_path, IDENTITY) as store:
        store.append([made(store, "b", 2, tokens=None, finish="unknown"), made(store, "a", 1, text="")])
        store.append([made(store, "a", 0, tokens=7, finish="length"), made(store, "b", 0, finish="error")])
        store.append_grades(*GRADER, [Graded("a", 1, "unparsed", None), Graded("b", 2, "correct", "4")])
    rows = store.rows(*GRADER)
    assert rows.problem_ids == ("a", "b")
    assert [*zip(rows.problem.tolist(), rows.index.tolist(), strict=True)] == [(0, 0), (0, 1), (1, 0), (1, 2)]
    assert rows.tokens.tolist() == [7, 3, 3, -1]
    assert [FINISHES[code] for code in rows.finish] == ["length", "stop", "error", "unknown"]
    assert [OUTCOMES[code] if code >= 0 else None for code in rows.outcome] == [
        None,
        "unparsed",
        None,
        "correct",
    ]
    assert (rows.digest == EMPTY_DIGEST).tolist() == [False, True, False, False]
    digests = {*store.table("digest").column("digest").to_pylist()}
    assert {*rows.digest.tolist()} == digests


def test_rows_of_an_empty_set_are_none(tmp_path: Path) -> None:
    """No completions make arrays without entries."""
    SampleSet.open(tmp_path, IDENTITY).close()
    rows = SampleSet.read(tmp_path).rows(*GRADER)
    arrays = (rows.problem, rows.index, rows.digest, rows.tokens, rows.finish, rows.outcome)
    assert [array.size for array in arrays] == [0] * 6


def test_columns_tell_equal_texts_without_reading_them(tmp_path: Path) -> None:
    """The digest of a text is the same for equal texts and for these only."""
    with SampleSet.open(tmp_path, IDENTITY) as store:
        store.append([made(store, "a", index, text=text) for index, text in enumerate(["x", "y", "x", ""])])
    digests = store.table("digest", "tokens").column("digest").to_pylist()
    assert digests[0] == digests[2]
    assert len({*digests}) == 3
    assert isinstance(store.table("tokens"), pa.Table)


def test_many_shards_are_one_set(tmp_path: Path) -> None:
    """A hundred shards, read some at a time and by two threads, are counted, found and doubted as one."""
    keys = [("ab"[i % 2] + str(i // 60), i) for i in range(100)]
    graded(tmp_path, *([key] for key in keys[:90]))
    filled(tmp_path, *([key] for key in keys[90:]))
    store = SampleSet.read(tmp_path)
    counts = store.tally(*GRADER, n=90)
    assert (counts.problem_ids, counts.c.tolist()) == (("a0", "a1", "b0", "b1"), [30, 15, 30, 15])
    assert [(item.problem_id, item.index) for batch in store.ungraded(*GRADER) for item in batch] == keys[90:]
    found = [(item.problem_id, item.index, item.text) for item in store.examples(*GRADER, k=100)]
    assert found == sorted((name, index, f"{name} {index}") for name, index in keys[:90])
    last = shards(tmp_path)[99]
    copy = shutil.copy(shards(tmp_path)[3], last.with_name("000100-copy.parquet"))
    found_twin = refusal(lambda: store.rows(*GRADER))
    assert found_twin.startswith(
        f'problem "b0", completion 3: stands in {shards(tmp_path)[3]} and in {copy}; '
    )


def test_counts_do_not_hang_on_the_order_of_shards(tmp_path: Path) -> None:
    """Whatever the names of the shards, the counts are the same to the byte."""
    graded(tmp_path, *([(name, index) for name in "cab"] for index in range(6)))
    before = SampleSet.read(tmp_path).tally(*GRADER)
    order = random.Random(0)  # noqa: S311 - an order, not a secret
    for _ in range(5):
        for folder in (tmp_path / "completions", grades_folder(tmp_path, *GRADER)):
            found = sorted(folder.glob("*.parquet"))
            for path, number in zip(found, order.sample(range(100, 999), len(found)), strict=True):
                path.rename(folder / f"{number:06d}-x{order.random()}.parquet")
        after = SampleSet.read(tmp_path).tally(*GRADER)
        for name in ("n", "c", "errors", "truncated", "unparsed", "undecided"):
            assert getattr(before, name).tobytes() == getattr(after, name).tobytes()
        assert before.problem_ids == after.problem_ids


def test_counting_reads_no_text(tmp_path: Path) -> None:
    """Of a shard with long texts, counting reads only the small columns beside them."""
    noise = random.Random(0)  # noqa: S311 - no secret
    with SampleSet.open(tmp_path, IDENTITY) as store:
        texts = ["".join(noise.choices("abcdefghijkl", k=10_000)) for _ in range(200)]
        store.append([made(store, "a", index, text=text) for index, text in enumerate(texts)])
        store.append_grades(*GRADER, [Graded("a", index, "correct", None) for index in range(200)])
    size = shards(tmp_path)[0].stat().st_size
    assert size > 500_000
    before = _bytes_read()
    assert SampleSet.read(tmp_path).tally(*GRADER).c.tolist() == [200]
    assert _bytes_read() - before < size / 5


def _bytes_read() -> int:
    # What read calls returned, from the disk or from memory.
    return int(Path(f"/proc/{os.getpid()}/io").read_text(encoding="ascii").split()[1])


# --- set.json


def test_the_set_says_what_it_is(tmp_path: Path) -> None:
    """set.json holds identity, fingerprint and the version of beyondbase, and reading gives them back."""
    SampleSet.open(tmp_path, IDENTITY).close()
    content = json.loads((tmp_path / "set.json").read_text(encoding="utf-8"))
    assert sorted(content) == ["beyondbase", "fingerprint", "format", "identity"]
    assert content["identity"] == IDENTITY == SampleSet.read(tmp_path).identity
    assert content["fingerprint"] == fingerprint_of(IDENTITY) == SampleSet.read(tmp_path).fingerprint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist; sample first"),
        (b"", "is no JSON"),
        (b"\xff\xfe", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"[]", "found no identity"),
        (b'{"identity": {}, "format": 2}', "format: found 2, know 1"),
        (b'{"identity": {"a": 1}, "format": 1, "fingerprint": "x"}', "was edited"),
    ],
    ids=["absent", "empty", "utf-16", "deep", "list", "newer", "edited"],
)
def test_a_broken_set_file_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    """A set whose settings cannot be known is neither read nor written."""
    filled(tmp_path, [("1", 0)])
    path = tmp_path / "set.json"
    path.unlink() if content is None else path.write_bytes(content)
    found = refusal(lambda: SampleSet.read(tmp_path))
    assert found.startswith(f"{path}: ")
    assert message in found
    assert str(path) in refusal(lambda: SampleSet.open(tmp_path, IDENTITY))
    assert len(shards(tmp_path)) == 1
