"""Words of the calibration page."""

HEAD = """# Calibration of bands and verdicts

Made, with the rows in the .csv beside it, by

    {command}

Do not edit. Seeds depend on the cell and the replicate alone, so any number of processes makes the same page.

**What is simulated.** m problems, 128 samples per arm. Success probabilities of base and RL follow a law
each, coupled by a Gaussian copula with correlation 0.85: `uniform` (both U(0, 1)), `u-shaped`
(Beta(.3, .3); Beta(.15, .12)), `zero-inflated` (40 % zeros, else Beta(.5, 2); 50 % zeros, else
Beta(.6, 1)), `saturated` (Beta(8, .4); Beta(4, .1)), four cells of the paper's accuracy histograms
(Yue et al., arXiv 2504.13837v2, Fig. 13; uniform within each of the 12 bins), and a stress law,
`rare-collapse` (base .9; RL .93, but 0 on 6 % of the problems), on which t intervals break.

**What is true** comes from 2^20 scrambled Sobol points (effects) and from 2^20 midpoints of each arm's
quantile function (curves), not from the replicates. A second scrambling of 2^18 points, and the Sobol
points for the curves, differ by at most {error:.1e}; the standard error of a mean over 500 problems is a
hundred times that, except in columns that are all but constant.

**Targets.** Simultaneous coverage at least .94 (level .95); one-sided errors at most .05; where the published
band covers too, at most 1.15 times its width. Two Monte-Carlo standard errors are granted to rates, none to
ratios. Of rates that sit exactly at .05, one in 44 is called short by chance. **Bold**: short."""

CROSSING = """`published` is `passk-inference` 0.3.1 with 1000 replicates, as its `compare` uses it:
[-1, 1] on columns without spread. Widths are means over k and replicates; `where spread` leaves out
the columns on which the published band is [-1, 1], which flatter ours. The base arm's band is
computed on every second replicate. `crossing`: the interval holds the first k from which the base
stays ahead; "-" where there is none up to 128. On `saturated` the published band misses at k >= 16,
where the true difference is below 1e-5: too little to matter, but its limits leave it out all the
same."""

DENSE = "All k up to 16, then eight per octave (40 columns, as `Case.grid` makes them)."

CLUSTERS = """60 problems in 20 clusters of 1 to 7; 70 % of the variance of each normal score is
shared within a cluster. The published band knows no clusters and stands here to show what ignoring
them costs."""

VERDICTS = """Percent SUPPORTED / REFUTED at one-sided level .05, unadjusted, with the margin
exactly at the true effect. SUPPORTED is an error if the truth is a hair on the false side, REFUTED
if it is a hair on the true side, so each is held to 5 %. In composites "at margin" names the part
that is there; the other part is true by 30 points. `above-everywhere` has the least true difference
as its threshold; the trend is over base, a checkpoint halfway (mean of both probabilities) and RL,
at steps 100, 200 and 450."""

HOLM = """Twelve verdicts, four claims on each of three independent tasks, all at their margins,
adjusted by Holm. `paper`: AIME24 32B (30), Minerva 7B (272), MATH500 7B (500); `small`: saturated,
rare-collapse and zero-inflated, 30 problems each. The truth is on one side of each margin, so
SUPPORTED and REFUTED are errors apart; `any decided` counts both and has no target."""

T_INTERVAL = """Share of replicates in which a one-sided limit at level .05 of the difference at k
lies beyond the truth: the lower limit above it, or the upper limit below it. 30 problems."""

RATIOS_OF_ENTROPY = """Eight completions of each problem and arm, with the base's surprises gamma of
shape 6 and the other arm's of shape 2 (coefficients of variation .41 and .71). The log ratio of the entropies
is, with x and y standard normal scores of the problems: `even` .2 y; `lognormal` that of entropies with sigma
.9 (base) and .3 and correlation .9; `skewed` -.3 times an exponential; `heavy-tailed` .3 times Student's t
with 3 degrees of freedom; `rare-tenfold` .2 y, and ten times the ratio on 5 % of the problems; `rare-nil`
.2 y, and a thousandth of it on 1 %. `/clusters`: 20 clusters of 1 to 7, as above. The truth is that of 2^18
Sobol points.

`interval`: coverage of the typical ratio by its 95 % interval. `limit`: share of replicates in which a
one-sided limit at level .05 lies beyond the truth, which is what a one-sided test at a margin errs by. `alike
at 0.9` and `at 1.1`: "between .9 and 1.1" shown where the true ratio is at an end; `at 1`: shown rightly,
without a target. `t`: the errors of a t test of the log ratios, for the geometric mean. `mean of the base`:
coverage of the base's mean entropy by Student's limits, which the report shows and no verdict rests on."""

CHANCES = """Eight completions of each problem and arm. Log-perplexities under the base are normal with spread
1; those of the other arm are lower by: `alike` nothing; `scattered` x - .1, x standard normal over problems;
`polarised` 2.5 or -2.5, each on half of the problems; `rare-far` .1, but -5 on 5 %. The columns are those
above, for the chance that a completion of the arm has at most the perplexity of one of the base."""
