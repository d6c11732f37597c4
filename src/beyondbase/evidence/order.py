"""The natural order of problem ids: numbers by their value, then text."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def natural_rank(ids: pa.StringArray) -> NDArray[np.int64]:
    """Rank ids: numbers first, by value, then text; "007" before "7", never equal to it."""
    numeric = pc.match_substring_regex(ids, r"^[0-9]+$")
    digits = pc.if_else(numeric, pc.utf8_ltrim(ids, "0"), "")
    # Length, then text, orders digits of any size as numbers.
    keys = {"text": pc.invert(numeric), "size": pc.utf8_length(digits), "digits": digits, "id": ids}
    table = pa.table(keys)
    order = pc.sort_indices(table, [(key, "ascending") for key in keys])
    rank = np.empty(len(ids), dtype=np.int64)
    rank[np.asarray(order.to_numpy())] = np.arange(len(ids))
    return rank
