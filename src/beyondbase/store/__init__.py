"""Completions, their grades and scores on disk: written once, in whole shards, and never paid for twice.

with SampleSet.open(set_folder(samples, "MATH500", "base"), identity) as store:
    for problem_id, index in store.wanted(problem_ids, n):
        ...
    store.append(completions)
store = SampleSet.read(folder)
store.append_grades("math-verify", "0.8.0", graded)
counts = store.tally("math-verify", "0.8.0")
for batch in store.unscored("base", k=4):
    store.append_scores("base", identity_of_base, scored)
"""

from beyondbase.store.batches import EMPTY_DIGEST
from beyondbase.store.identity import fingerprint_of, seed_of
from beyondbase.store.layout import set_folder
from beyondbase.store.remote import pull, push
from beyondbase.store.rows import Wanted
from beyondbase.store.scoring import Scored, Scores
from beyondbase.store.sets import SampleSet, Status
from beyondbase.store.shards import FINISHES, OUTCOMES
from beyondbase.store.tally import Counts, Rows
from beyondbase.store.texts import Sample

__all__ = [
    "EMPTY_DIGEST",
    "FINISHES",
    "OUTCOMES",
    "Counts",
    "Rows",
    "Sample",
    "SampleSet",
    "Scored",
    "Scores",
    "Status",
    "Wanted",
    "fingerprint_of",
    "pull",
    "push",
    "seed_of",
    "set_folder",
]
