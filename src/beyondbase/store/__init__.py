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

from beyondbase.store.completions import EMPTY_DIGEST, MissingKeys
from beyondbase.store.grades import Counts, Rows, Sample
from beyondbase.store.identity import fingerprint_of, seed_of
from beyondbase.store.layout import set_folder
from beyondbase.store.remote import pull, push
from beyondbase.store.sample_set import SampleSet, Status
from beyondbase.store.scores import Scored, Scores
from beyondbase.store.shards import FINISHES, OUTCOMES

__all__ = [
    "EMPTY_DIGEST",
    "FINISHES",
    "OUTCOMES",
    "Counts",
    "MissingKeys",
    "Rows",
    "Sample",
    "SampleSet",
    "Scored",
    "Scores",
    "Status",
    "fingerprint_of",
    "pull",
    "push",
    "seed_of",
    "set_folder",
]
