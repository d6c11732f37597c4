"""The two smallest cases in which half an extra observation was plainly too little."""

import numpy as np
from worst_mean import DIFFERENCE, SHARE, Place, by_half
from worst_rows import Finding

SIZE = 98
STEP = 3 / 128  # 125 right completions of 128 and 128 of them


def findings() -> list[Finding]:
    """Of each sample its p-value as the level, and how often a law at the threshold draws just it."""
    gains = np.full((SIZE, 1), STEP)
    lead = float(DIFFERENCE.p(gains)[0])
    none = np.full((2 * SIZE, 1), SHARE.room)
    subset = float(SHARE.p(none, clusters=np.repeat(np.arange(SIZE), 2))[0])
    return [
        Finding(
            "smallest",
            "98 problems, base right in 125 of 128, RL in all: RL leads",
            SIZE,
            lead,
            (1 - STEP) ** SIZE,
            0.0,
            _half(Place(DIFFERENCE, SIZE, lead), STEP),
            "+3/128, but with chance 3/128 a collapse by 125/128",
        ),
        Finding(
            "smallest",
            "98 clusters of two problems, RL alone solves none: fewer than 2 %",
            SIZE,
            subset,
            (1 - SHARE.than) ** SIZE,
            0.0,
            _half(Place(SHARE, SIZE, subset), SHARE.room),
            "RL alone solves both problems of a cluster with chance .02, else none",
        ),
    ]


def _half(place: Place, gain: float) -> float:
    """The p-value of as many gains by half an extra observation."""
    return float(by_half(place, np.array(gain), np.array(place.test.reach), np.array(0.0)))
