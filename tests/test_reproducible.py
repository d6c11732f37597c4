"""The same verdicts and numbers from the kernels of any processor."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from same_numbers import differences

SCRIPT = Path(__file__).parent / "judge_here.py"
# The loops of numpy for wider vectors have logarithms of their own, which differ in the last bits.
NO_AVX512 = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR X86_V4"
NO_AVX2 = f"{NO_AVX512} AVX2 FMA3 X86_V3"
PROCESSORS = {
    "this one": {},
    "SkylakeX": {"OPENBLAS_CORETYPE": "SkylakeX"},
    "Zen": {"OPENBLAS_CORETYPE": "Zen", "NPY_DISABLE_CPU_FEATURES": NO_AVX512},
    "Haswell": {"OPENBLAS_CORETYPE": "Haswell", "NPY_DISABLE_CPU_FEATURES": NO_AVX512},
    "Prescott": {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": NO_AVX2},
}


def run(name: str, *arguments: str) -> str | None:
    """What the script prints on a processor; None where this one cannot stand in for it."""
    command = [sys.executable, str(SCRIPT), *arguments]
    settings = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"} | PROCESSORS[name]
    result = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)  # noqa: S603
    assert name != "this one" or result.returncode == 0, result.stderr
    return result.stdout if result.returncode == 0 else None


def in_pairs(names: Iterable[str], *arguments: str) -> dict[str, str | None]:
    """The script on some processors, two at a time; {} in an argument is the name of the processor."""
    listed = list(names)
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda name: run(name, *(part.format(name) for part in arguments)), listed)
        return dict(zip(listed, found, strict=True))


def test_every_processor_gives_the_same_verdicts_and_numbers(tmp_path: Path) -> None:
    """Under the kernels of other processors no verdict changes, and no number by more than 1e-7 of it."""
    kernels = in_pairs(PROCESSORS)
    # Processors that share all kernels are one.
    unlike = {kernel: name for name, kernel in reversed(kernels.items()) if kernel is not None}
    if len(unlike) < 2:
        pytest.skip(f"this machine has no second set of kernels: {kernels}")
    chosen = list(unlike.values())
    made = in_pairs(chosen, str(tmp_path / "{}.json"))
    assert None not in made.values()
    results = {name: read(tmp_path / f"{name}.json") for name in chosen}
    found = {name: differences(results[name], results["this one"]) for name in chosen}
    assert {name: some for name, some in found.items() if some} == {}


def read(path: Path) -> dict[str, Any]:
    """The content of a file of results."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
