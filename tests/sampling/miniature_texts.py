"""Where the miniature lies, the smallest model of its recipe, and texts."""

from pathlib import Path

import corpus
import numpy as np
from corpus import CLEAN, write
from models import Size

MINIATURE = Path(__file__).parents[2] / "fixtures" / "miniature"
TINY = Size(hidden=64, layers=1, inner=64, heads=1)


def random_rows(size: int = 200, seed: int = 0) -> corpus.Ints:
    """Draw texts of the clean corpus."""
    return write(CLEAN, np.random.default_rng(seed), size, frozenset())
