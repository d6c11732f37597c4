"""Judge the built-in studies with the kernels that the environment asks for: `judge_here.py [RESULTS]`.

Prints which kernels those are; without a file for the results that is all.
"""

import ctypes
import json
import re
import sys
from pathlib import Path

import numpy as np
from numpy._core import _multiarray_umath
from scipy import linalg

NAMES = [f"{first}openblas_get_corename{last}" for first in ("scipy_", "") for last in ("64_", "")]


def kernels() -> list[str]:
    """Kernels of every OpenBLAS in this process, and the loops that numpy found for this processor."""
    linalg.blas.dgemm(1.0, np.eye(2), np.eye(2))
    loaded = Path("/proc/self/maps")
    listing = loaded.read_text(encoding="utf-8") if loaded.exists() else ""
    paths = re.findall(r"\S*openblas\S*\.so\S*", listing)
    cores = [core for path in dict.fromkeys(paths) if (core := _core(path))]
    features = _multiarray_umath.__cpu_features__
    return [*cores, *(name for name in ("AVX2", "AVX512F", "X86_V3", "X86_V4") if features.get(name))]


def _core(path: str) -> str | None:
    library = ctypes.CDLL(path)
    for name in NAMES:
        function = getattr(library, name, None)
        if function is not None:
            function.restype = ctypes.c_char_p
            return str(function().decode())
    return None


def write_results(path: str) -> None:
    """Judge all studies of the folder fixtures/ and write what results.json would hold."""
    from study_factory import ROOT, all_claims  # noqa: PLC0415 - to tell the kernels takes none of it

    from beyondbase.judging.family import gather, judge  # noqa: PLC0415
    from beyondbase.results.build import results_of  # noqa: PLC0415
    from beyondbase.study import load_study  # noqa: PLC0415

    claims = [*all_claims().values()]
    studies = [load_study(folder) for folder in sorted((ROOT / "fixtures").glob("*/study.toml"))]
    content = results_of([judge(gather(study, claims)) for study in studies])
    Path(path).write_text(json.dumps(content), encoding="utf-8")


if __name__ == "__main__":
    print(json.dumps(kernels()))  # noqa: T201 - the answer
    for argument in sys.argv[1:]:
        write_results(argument)
