"""Family-wise error over all verdicts of a study."""

import numpy as np
from numpy.typing import ArrayLike

from beyondbase.inference.bounded import Floats


def holm(p: ArrayLike) -> Floats:
    """Holm-adjusted p-values (Holm 1979), in the order given, shape (hypotheses,)."""
    # statsmodels takes over a second to import, and only a judged family needs it.
    from statsmodels.stats.multitest import multipletests  # noqa: PLC0415

    array = np.asarray(p, dtype=np.float64)
    if array.size == 0:
        return array
    return np.asarray(multipletests(array, method="holm")[1], dtype=np.float64)
