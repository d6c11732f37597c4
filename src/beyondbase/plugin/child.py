"""A process that works out a share of a run's verdicts and summaries: `python -m beyondbase.plugin.child`."""

import os
import pickle
import sys
import threading
from pathlib import Path

from beyondbase.plugin.processes import work
from beyondbase.plugin.suite import Suite


def _end_with_parent() -> None:
    # Not by sys.stdin, whose lock a process that ends would wait for.
    os.read(0, 1)
    os._exit(1)


def _main(job: Path) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    order, share = pickle.loads(job.read_bytes())  # noqa: S301 - written by our own parent
    job.write_bytes(pickle.dumps(work(Suite(**order).families, share)))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
