"""A sample set behaves as a dict would that is written to disk, whatever happens in between."""

import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from store_factory import GRADER, IDENTITY, Key, made, shards, stored

from beyondbase.completions import Completion, Grade, Graded
from beyondbase.errors import InputError
from beyondbase.store import FINISHES, SampleSet, Scored
from beyondbase.store.layout import grades_folder

NAMES = ("1", "10", "é/\0", "problem b")
OUTCOMES: tuple[Grade, ...] = ("correct", "wrong", "undecided", "unparsed", "truncated", "error")
FLOATS = st.floats(width=32, allow_nan=False)
FIELDS = st.fixed_dictionaries(
    {
        "text": st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        "tokens": st.none() | st.integers(0, 2**31 - 1),
        "finish": st.sampled_from(["stop", "length", "error", "unknown"]),
        "logprob": st.none() | FLOATS,
        "token_ids": st.none() | st.lists(st.integers(0, 200_000), max_size=4).map(tuple),
        "token_logprobs": st.none() | st.lists(FLOATS, max_size=4).map(tuple),
    }
)


class StoreMachine(RuleBasedStateMachine):
    """Runs, kills, resumes and grades at random beside a dict of what must be there."""

    def __init__(self) -> None:
        super().__init__()
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name) / "set"
        self.there: dict[Key, Completion] = {}
        self.outcomes: dict[Key, Grade] = {}
        self.scores: dict[Key, tuple[float, int]] = {}
        self.n = 2

    @initialize()
    def begin(self) -> None:
        """Open the set."""
        self.store = SampleSet.open(self.folder, IDENTITY)

    @rule(size=st.integers(1, 5), fields=FIELDS, own_seed=st.booleans())
    def sample(self, size: int, fields: dict[str, object], *, own_seed: bool) -> None:
        """Store some of what is wanted."""
        wanted = [*self.store.wanted(NAMES, self.n)][:size]
        fields = fields if own_seed else fields | {"seed": None}
        batch = [made(self.store, *key, **fields) for key in wanted]
        self.store.append(batch)
        self.there |= dict(zip(wanted, batch, strict=True))

    @rule(key=st.tuples(st.sampled_from(NAMES), st.integers(0, 9)))
    def sample_again(self, key: Key) -> None:
        """Store one completion whether it is there or not."""
        item = made(self.store, *key)
        if key in self.there:
            with pytest.raises(InputError, match="is there already"):
                self.store.append([item])
        else:
            self.store.append([item])
            self.there[key] = item

    @rule()
    def top_up(self) -> None:
        """Ask for more of each problem."""
        self.n += 1

    @rule(tail=st.binary(max_size=50))
    def die(self, tail: bytes) -> None:
        """Leave the draft of a batch behind, as a killed writer would, and start again."""
        self.store.close()
        draft = self.folder / "completions" / ".000099-ab.parquet.draft"
        whole = shards(self.folder)
        draft.write_bytes((whole[0].read_bytes()[:-10] if whole else b"") + tail)
        self.store = SampleSet.open(self.folder, IDENTITY)
        assert not draft.exists()

    @precondition(lambda self: len(self.outcomes) < len(self.there))
    @rule(size=st.integers(1, 5), outcome=st.sampled_from(OUTCOMES))
    def grade(self, size: int, outcome: Grade) -> None:
        """Grade some of what has no grade."""
        ungraded = [item for batch in self.store.ungraded(*GRADER) for item in batch]
        found = {(item.problem_id, item.index) for item in ungraded}
        assert found == self.there.keys() - self.outcomes.keys()
        some = sorted(found)[:size]
        self.store.append_grades(*GRADER, [Graded(*key, outcome, None) for key in some])
        self.outcomes |= dict.fromkeys(some, outcome)

    @rule(size=st.integers(1, 5), k=st.integers(0, 4), logprob=st.floats(max_value=0, allow_nan=False))
    def score(self, size: int, k: int, logprob: float) -> None:
        """Score some of the first k of each problem that are no errors and have no score."""
        fit = [key for key in sorted(self.there) if self.there[key].finish != "error"]
        first = [key for name in NAMES for key in [key for key in fit if key[0] == name][:k]]
        unscored = [item for batch in self.store.unscored("base", k=k) for item in batch]
        found = {(item.problem_id, item.index): item for item in unscored}
        assert found == {key: self.there[key] for key in first if key not in self.scores}
        some = sorted(found)[:size]
        self.store.append_scores("base", {"model": "b"}, [Scored(*key, logprob, 9) for key in some])
        self.scores |= dict.fromkeys(some, (logprob, 9))

    @rule()
    def die_grading(self) -> None:
        """Leave half a shard of grades behind."""
        self.store.close()
        folder = grades_folder(self.folder, *GRADER)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".000000-ab.parquet.draft").write_bytes(b"PAR1")
        self.store = SampleSet.open(self.folder, IDENTITY)

    @invariant()
    def holds_what_was_stored(self) -> None:
        """Reader and writer agree with the dict on all completions and on what is wanted."""
        assert {(item.problem_id, item.index): item for item in stored(self.store)} == self.there
        wanted = [
            (name, index) for index in range(self.n) for name in NAMES if (name, index) not in self.there
        ]
        for store in (self.store, SampleSet.read(self.folder)):
            assert [*store.wanted(NAMES, self.n)] == wanted
        assert self.store.status().completions == len(self.there)

    @invariant()
    def counts_what_was_graded(self) -> None:
        """Counts are those of the dict, or refused while a grade is missing."""
        if len(self.outcomes) < len(self.there):
            with pytest.raises(InputError, match="have no grade"):
                self.store.tally(*GRADER)
        elif self.there:
            counts = self.store.tally(*GRADER)
            cells = Counter((name, outcome) for (name, _), outcome in self.outcomes.items())
            names = sorted({name for name, _ in self.there})
            assert counts.problem_ids == tuple(names)
            assert counts.c.tolist() == [cells[name, "correct"] for name in names]
            assert counts.errors.tolist() == [cells[name, "error"] for name in names]
            assert counts.n.tolist() == [sum(cells[name, word] for word in OUTCOMES[:5]) for name in names]

    @invariant()
    def has_rows_of_everything(self) -> None:
        """Rows are those of the dict, all of them or the first n, by problem and index."""
        for n in (None, self.n - 1):
            rows = self.store.rows(*GRADER, n=n)
            there = {key: item for key, item in sorted(self.there.items()) if n is None or key[1] < n}
            assert rows.problem_ids == tuple(sorted({name for name, _ in there}))
            columns = (rows.problem, rows.index, rows.tokens, rows.finish, rows.outcome)
            assert [*zip(*(column.tolist() for column in columns), strict=True)] == [
                (
                    rows.problem_ids.index(name),
                    index,
                    -1 if item.tokens is None else item.tokens,
                    FINISHES.index(item.finish),
                    OUTCOMES.index(self.outcomes[name, index]) if (name, index) in self.outcomes else -1,
                )
                for (name, index), item in there.items()
            ]

    @invariant()
    def holds_what_was_scored(self) -> None:
        """Scores are those of the dict, by problem and index."""
        if self.scores:
            scores = SampleSet.read(self.folder).scores("base")
            names = [scores.problem_ids[code] for code in scores.problem]
            keys = zip(names, scores.index.tolist(), strict=True)
            values = zip(scores.logprob.tolist(), scores.tokens.tolist(), strict=True)
            assert [*zip(keys, values, strict=True)] == sorted(self.scores.items())

    def teardown(self) -> None:
        """Remove the set."""
        self.store.close()
        self.temporary.cleanup()


StoreMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=20)
test_a_set_is_a_dict_on_disk = StoreMachine.TestCase
