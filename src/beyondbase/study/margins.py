"""What a study measures with: margins, each with its reason, and the k and reliabilities it looks at.

A margin puts a word of the paper into a number, that of the tables and sentences in which it is said: so a
SUPPORTED verdict means what the paper means, and a REFUTED one contradicts it (docs/statistics.md).
"""

from pydantic import Field

from beyondbase.study.fields import Ks, Margin, Taus
from beyondbase.study.tables import Table


class Margins(Table):
    """How large an effect must be to count, as differences of shares."""

    # The paper claims a direction here, which of two curves is above, and no size.
    lead: Margin = Field(0.0, description="by how much RL must lead at k = 1")
    overtake: Margin = Field(0.0, description="by how much the base must lead at large k")
    # A subset is said of tables in which RL alone solves up to 1 problem of 50.
    subset: Margin = Field(
        0.02, description="share of problems RL may solve alone, beyond luck, and still be a subset"
    )
    # Little difference is said of algorithms that lie up to 4.3 points apart.
    alike: Margin = Field(0.05, description="within this two arms are alike")
    # Fig. 8 shows gaps down to 20.6 points as what remains.
    sampling_gap: Margin = Field(0.20, description="a large gap between base pass@k and RL pass@1")
    # Less than the .056 by which a "small" difference, Cohen's d of .2, moves this chance.
    perplexity: Margin = Field(0.05, description="how far below 1/2 RL's chance to be as likely may be")
    # The paper's own matched arms lie up to 8 % from their bases.
    entropy: Margin = Field(0.10, description="within this share of the base's an entropy is its equal")


class Grid(Table):
    """At which k and which reliability the study looks."""

    k: Ks | None = Field(None, description="the k that tables show")
    k_large: int | None = Field(None, ge=1, description='the "large k" of the claims')
    k_large_min: int = Field(16, ge=1, description="below this, claims about large k are INVALID")
    k_superior: int | None = Field(
        None,
        ge=1,
        description="up to this k an arm that goes beyond its base must lead it, and beyond be no worse; if"
        " absent, up to where guesses solve half of the problems",
    )
    tau: Taus = Field((0.25, 0.5, 0.75), description="reliability thresholds of Cover@tau")
