"""Words of the page of the worst cases."""

HEAD = """# The worst case of every test

Made, with the rows in the .csv beside it, by

    {command}

Do not edit. Every draw has a seed of its own, so any number of processes makes the same page.

**The question.** The [calibration](calibration.md) shows how the tests do under laws that models are like.
This page asks for the law under which each of them does worst: the greatest probability of a rejection,
over all laws searched whose true effect is exactly at the threshold, where any rejection is an error. It
was made after an audit had found laws under which half an extra observation in Gaffke's bound, which kept
its level in the calibration, rejected in up to 14 % of samples at level 5 %; with exact tails it is 14.6 %.

**Levels** are 5, 1, .1 and .05 %, because Holm's adjustment asks the first of a hundred verdicts at .05 %.
All p-values are those of the functions that the claims call. Figures without ± are exact but for rounding;
to others two Monte-Carlo standard errors are granted. "-": under no law of the kind is any sample rejected,
as where two problems of a hundred that were not drawn could change everything.

**What a search shows.** That no worse law was found, not that there is none. For laws of two values the
method is proved; for others it is a conjecture, which is attacked below.

## Summary"""

PARTS = {
    "smallest": "the two smallest cases",
    "mean": "tests of a mean, laws of two values",
    "third value": "the same, laws of three",
    "attack": "the conjecture itself",
    "noise": "claims, with the noise of samples",
    "clusters": "problems in clusters",
    "curves": "whole curves",
}

SMALLEST = """## The two smallest cases

No valid p-value of a sample is less than the probability with which a law at the threshold draws just this
sample, or one that is at least as extreme."""

MEAN = """## Tests of a mean: laws of two values

A problem gains a little over the threshold, or loses, as much or less than the support allows, with the
chance that puts the mean at the threshold. How many lose decides, so the error is a binomial probability
without Monte-Carlo error; for each loss and each number of losses the smallest gain that still rejects is a
root. Tests: `difference` of two arms (sharpening, leading, overtaking; > -.05 and > .05 are the two sides
of *alike*; less than 0 is its mirror image), `gap` (Delta SE), `slope` over training steps, `share` (solved
by RL alone), `win share` (perplexities). The table has the greatest error over the four levels, in levels:
1 means that the level is reached exactly, so no method that is valid for all laws can reject more often
there."""

THIRD = """## Tests of a mean: laws of three values

A gain, and two losses, the greatest and a part of it, with 16 seeded draws of the part and of the shares (4
from 1,000 problems on) and the least gains at which each of the first six samples is just rejected. Samples
with more than five losses of either kind count as not rejected. Random laws come near the two-valued ones
that they contain, and not beyond."""

ATTACK = """## An attack on the conjecture

That Gaffke's bound holds for every law, is conjectured (Gaffke 2005; Learned-Miller and Thomas 2019). Only
one end of the support counts, and scale does not; so the search is over laws with mean zero and values from
-1 to any gain, of two to four values up to 12 observations and three at 30, 60 and 100, evolving from 20 to
400 random ones over 30 to 80 rounds. All samples are enumerated, with p-values from a race of exponential
variables that shares nothing with the library's integral. Shown is the greatest ratio of the chance of a
p-value as small to that p-value, over *all* levels from 50 to .05 %. Searches end at laws of two values
with a loss at the end of the support, where the ratio is 1. The third column keeps all losses away from
that end: then the ratio stays below 1."""

NOISE = """## Claims, with the noise of samples

Most problems gain, few collapse; both kinds have success probabilities, and the values of problems are
estimates from 128 or 256 drawn completions. The number of collapsed problems is gone through, not drawn
(stratified), 1,000 replicates for each; seven sizes of the gain are tried in a pilot run. An
intersection-union test (`base-overtakes`, `rl-sharpens`, *alike*) is no more often wrong than the part that
is at its threshold, which is what is shown."""

CLUSTERS = """## Problems in clusters

A cluster gains or is lost as a whole. `clusters of two`: as problems, exactly. `sizes 1 to 7`, `sizes as 1
/ rank`: sizes that are the same in all samples, each cluster lost with the same chance; samples with more
than three lost clusters do not count. `larger clusters harder`: clusters are drawn with their sizes, 1 or
2, 7 or 30, and the large ones alone are ever lost; what counts is a rejection by a sample that holds a
large one."""

CURVES = """## Whole curves

`above everywhere` (needed of all k): one column at zero, the others far above. `below somewhere` (its
refutation: Bonferroni over the powers of two and the last k): a problem loses a little in all columns but
now and then gains, in one column or in all but one. In brackets: what an adjustment makes of the latter
that counts the columns that differ *in the sample*, as the joint law of the band did at first: two."""

LEFT = """## What no test here is proof against

These rows decide nothing, or break what is taken for granted.

* `larger than any in the sample`: the extra observation is as large as the largest cluster at hand. If far
  larger ones exist, are rare and worse, samples without any mislead. Nothing in such a sample can tell.
* `sizes given, law by size`: clusters are draws from one law, size included. Where instead sizes are fixed
  and each size has a law of its own, the bound is not conjectured to hold, and one large cluster among
  small ones exceeds the level by a hair.
* `band`: its common level comes from the joint normal law of the columns, as a sample shows it. Where one
  column is spared by all gaining problems of a sample, the sample shows two columns, however many there
  are. It is drawn, and says where curves cross and what differs between two runs; it makes no verdict."""
