"""Completions and their grades on disk: written once, in whole shards, and never paid for twice.

with SampleSet.open(set_folder(samples, "MATH500", "base"), identity) as store:
    for problem_id, index in store.wanted(problem_ids, n):
        ...
    store.append(completions)
store = SampleSet.read(folder)
store.append_grades("math-verify", "0.8.0", graded)
counts = store.tally("math-verify", "0.8.0")
"""

from beyondbase.store.identity import fingerprint_of, seed_of
from beyondbase.store.layout import set_folder
from beyondbase.store.remote import pull, push
from beyondbase.store.rows import Wanted
from beyondbase.store.sets import SampleSet, Status
from beyondbase.store.tally import Counts
from beyondbase.store.texts import Sample

__all__ = [
    "Counts",
    "Sample",
    "SampleSet",
    "Status",
    "Wanted",
    "fingerprint_of",
    "pull",
    "push",
    "seed_of",
    "set_folder",
]
