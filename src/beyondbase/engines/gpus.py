"""Which GPUs a process may use: pinned by CUDA_VISIBLE_DEVICES before anything looks at them."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile

from beyondbase.errors import InputError
from beyondbase.extras import require

VISIBLE = "CUDA_VISIBLE_DEVICES"


def visible_gpus() -> list[str]:
    """List the GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    named = os.environ.get(VISIBLE)
    if named is not None:
        names = [name.strip() for name in named.split(",") if name.strip()]
        # To CUDA "-1" is no GPU, and neither is any after it.
        return [*takewhile(lambda name: name != "-1", names)]
    return [str(number) for number in range(require("torch", "transformers").cuda.device_count())]


def share_gpus(gpus: Sequence[str], *, processes: int, each: int) -> list[list[str]]:
    """Deal GPUs out to processes; without any, as on a CPU, every share is empty.

    Args:
        gpus: Their names.
        processes: How many processes there are.
        each: How many GPUs each of them takes.

    Raises:
        InputError: There are too few.
    """
    if gpus and processes * each > len(gpus):
        found = f"found {processes} with {each} GPU{'s' if each > 1 else ''} each, but {len(gpus)} to use"
        raise InputError(f"[engine] processes: {found}; use at most {max(len(gpus) // each, 1)}")
    return [[*gpus[number * each : (number + 1) * each]] for number in range(processes)]


@contextmanager
def pinned(gpus: Sequence[str]) -> Iterator[None]:
    """Let processes that are started meanwhile see these GPUs only; nothing is pinned if there are none."""
    before = os.environ.get(VISIBLE)
    if gpus:
        os.environ[VISIBLE] = ",".join(gpus)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(VISIBLE, None)
        else:
            os.environ[VISIBLE] = before


def pin_xdist_worker() -> None:
    """Give each worker of pytest-xdist one GPU of its own, in turn; elsewhere, do nothing."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    gpus = visible_gpus() if worker else []
    if len(gpus) > 1:
        os.environ[VISIBLE] = gpus[int(worker.removeprefix("gw")) % len(gpus)]
