"""The largest error of the tests of whole curves, and of the band, over laws of curves.

A curve has some columns. *Above everywhere* is wrong if one column's mean is zero: that column has the
worst law of two values, and all others gain on every problem. *Below somewhere* is wrong if no column's
mean is below zero: a problem loses a little in all columns, but with a small chance it gains in some, as
much as there is, so that all means are zero. Which columns gain, hangs on the problem:

* one only: the columns are apart;
* all but one: a sample with one kind of gaining problem only leaves one column without any gain, and makes
  all others look like one column. Whoever counts columns by what the sample shows counts two of them.

Whether a sample is rejected, hangs on which kinds of gaining problems are in it, and probabilities are
exact.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, special
from worst_mean import DIFFERENCE, Floats, Place, TwoValues, worst
from worst_rows import NOTHING, Finding

from beyondbase.inference.band import p_all_greater, p_any_less, simultaneous_band
from beyondbase.inference.bounded import values_of

COLUMNS = (2, 8, 40)  # 8 and 40: what a verdict and a band look at with 128 samples
MOST = 60  # problems of the one kind in samples that are asked for
HAIR = 1 + 1e-9
ALPHA = 0.05
FEW = (1, 2)  # gaining problems in the samples at whose edge laws for the band are sought


def everywhere(units: int, level: float, columns: int) -> list[Finding]:
    """The worst law for *above everywhere*: one column at zero, the others far above."""
    law = worst(Place(DIFFERENCE, units, level))
    p = np.array([_everywhere_p(units, columns, law, lost) for lost in range(law.most + 1)])
    number = np.arange(law.most + 1)
    chances = np.diff(special.bdtr(number, units, law.chance), prepend=0.0)
    rejected = float(chances[p <= level * HAIR].sum())
    words = f"one column {law.words}, the others +1"
    return [
        Finding("curves", f"above everywhere, {columns} columns", units, level, rejected, 0.0, None, words)
    ]


def _everywhere_p(units: int, columns: int, law: TwoValues, lost: int) -> float:
    rows = np.ones((units, columns))
    rows[:, 0] = np.where(np.arange(units) < lost, -law.loss, law.gain)
    return p_all_greater(values_of(rows))


@dataclass(frozen=True)
class Sparing:
    """A law of curves of which all columns but one gain together, each column the one with the same chance.

    Attributes:
        columns: number of columns.
        units: problems of a sample.
        untouched: chance that a column gains nowhere in a sample.
    """

    columns: int
    units: int
    untouched: float

    @property
    def gaining(self) -> float:
        """Chance that a problem gains in a given column."""
        return float(-np.expm1(np.log(self.untouched) / self.units))

    @property
    def kind(self) -> float:
        """Chance of the problems that spare a given column."""
        return self.gaining / (self.columns - 1)

    @property
    def possible(self) -> bool:
        """Whether all kinds together are at most all problems, and the loss at most the reach."""
        return self.columns * self.kind <= 1 and self.gaining <= 0.5

    def sample(self, number: int) -> Floats:
        """A sample with so many gaining problems, all of the kind that spares the first column."""
        rows = np.full((self.units, self.columns), -self.gaining / (1 - self.gaining))
        rows[:number, 1:] = 1.0
        return rows

    def chance(self, number: int) -> float:
        """Chance of samples with so many gaining problems, all of any one kind."""
        kinds = self.columns if number else 1
        ways = special.gammaln(self.units + 1) - special.gammaln([number + 1, self.units - number + 1]).sum()
        rest = np.log1p(-self.columns * self.kind) * (self.units - number)
        return float(kinds * np.exp(ways + number * np.log(self.kind) + rest))


def somewhere(units: int, level: float, columns: int) -> list[Finding]:
    """Two laws for *below somewhere* at which a column without a gain is just enough."""
    return [_one_only(units, level, columns), _all_but_one(units, level, columns)]


def _one_only(units: int, level: float, columns: int) -> Finding:
    """Problems that gain in one column only: rejected where some column has no gain."""
    law = Sparing(columns, units, level / columns)
    rows = np.full((units, columns), -law.gaining / (1 - law.gaining))
    touched = np.arange(1, min(columns, units))
    rows[touched - 1, touched] = 1.0
    possible = columns * law.gaining <= 1 and law.gaining <= 0.5
    rejected = 0.0
    if possible and p_any_less(values_of(rows)) <= level * HAIR:
        rejected = _some_untouched(law)
    words = f"one of {columns} columns gains 1, each with chance {law.gaining:.6g}, else all lose"
    return _finding("one gains", law, level, rejected, words)


def _some_untouched(law: Sparing) -> float:
    """Chance that one of the columns at least has no gain in a sample (inclusion and exclusion)."""
    some = np.arange(1, law.columns + 1)
    each = special.binom(law.columns, some) * np.maximum(1 - some * law.gaining, 0) ** law.units
    return float((each * (-1.0) ** (some - 1)).sum())


def _all_but_one(units: int, level: float, columns: int) -> Finding:
    """Problems that gain in all columns but one: rejected where all gaining ones are of one kind."""
    law, by_two = (Sparing(columns, units, level / count) for count in (columns, 2))
    rejected = 0.0
    if law.possible:
        numbers = range(min(MOST, units) + 1)
        rejected = sum(law.chance(n) for n in numbers if p_any_less(values_of(law.sample(n))) <= level * HAIR)
    words = f"all of {columns} columns but one gain 1 with chance {columns * law.kind:.6g}, else all lose"
    before = sum(map(by_two.chance, range(units + 1))) if by_two.possible else None
    return replace(_finding("all but one gain", law, level, rejected, words), before=before)


def _finding(kind: str, law: Sparing, level: float, rejected: float, words: str) -> Finding:
    name, told = f"below somewhere, {law.columns} columns, {kind}", words if rejected else NOTHING
    return Finding("curves", name, law.units, level, rejected, 0.0, None, told)


def band(units: int, columns: int) -> list[Finding]:
    """Laws of curves, all but one of which gain together, for the band: how often the worst is missed."""
    laws = [_edge(units, columns, number) for number in FEW]
    missed, law = max(((_missed(law), law) for law in laws), key=lambda found: found[0])
    words = f"all of {columns} columns but one gain 1 with chance {columns * law.kind:.6g}, else all lose"
    row = (f"band of {columns} columns", units, ALPHA, missed, 0.0, None, words)
    return [Finding("curves", *row, decides=False)]


def _edge(units: int, columns: int, number: int) -> Sparing:
    """The law at which the band just leaves out zero in a sample with so many gaining problems."""

    def upper(log_untouched: float) -> float:
        sample = Sparing(columns, units, float(np.exp(log_untouched))).sample(number)
        return float(simultaneous_band(values_of(sample), alpha=ALPHA).upper[0])

    # With half of the level on either side, one column or all of them are between these.
    ends = np.log(ALPHA / 2 / columns), np.log(ALPHA / 2)
    return Sparing(columns, units, float(np.exp(optimize.brentq(upper, *ends, xtol=1e-6))) / (1 + 1e-5))


def _missed(law: Sparing) -> float:
    numbers = range(min(MOST, law.units) + 1)
    return sum(law.chance(number) for number in numbers if _misses(law.sample(number)))


def _misses(sample: Floats) -> bool:
    found = simultaneous_band(values_of(sample), alpha=ALPHA)
    return bool((found.upper < 0).any() or (found.lower > 0).any())
