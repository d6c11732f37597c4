"""Judging a large study in several processes.

What takes the time, the verdict of a claim on a case and the summary of a pair, follows from the study's
files alone, so each may be worked out in any process: results are the same, byte for byte, by any number of
them. They are plain children rather than those of multiprocessing, which would run the user's script again.
"""

import os
import pickle
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from beyondbase.judging.case import Case
from beyondbase.judging.family import Family, tried_verdict
from beyondbase.judging.verdict import Verdict
from beyondbase.results.pairs import compared, summary_of
from beyondbase.results.schema.pairs import PairRecord

Part: TypeAlias = tuple[str, Literal["verdict", "pair"], int]

# In units of a verdict on one pair: what the bands of a summary cost, and what a comparison among arms does.
_SUMMARY = 8.0
_CONTRAST = 0.5
# What a problem costs beside what does not depend on their number.
_FIXED = 1000
# A process starts in seconds: so much work, ten seconds on one core, is worth one where nobody asked for it,
# and a quarter of it where somebody did.
_WORTH_IT, _WANTED = 400_000, 100_000


@dataclass(frozen=True)
class Findings:
    """What is known of studies before they are judged.

    Attributes:
        verdicts: by study and place in its family.
        pairs: the summaries by study and place among its pairs.
    """

    verdicts: Mapping[str, Mapping[int, Verdict]] = field(default_factory=dict)
    pairs: Mapping[str, Mapping[int, PairRecord]] = field(default_factory=dict)


def find(families: Mapping[str, Family], order: Mapping[str, object], *, processes: int | None) -> Findings:
    """Work out verdicts and summaries of all studies of a run in several processes, where that is worth it.

    Args:
        families: by study.
        order: what `beyondbase.plugin.suite.Suite` is made of, to have the same families elsewhere.
        processes: how many at most; None for as many as the work is worth.

    Returns:
        What they found. What is missing, because the work is small, a claim failed or warned, or a process
        ended early, is for the caller to work out.
    """
    parts = dict(_parts(families))
    count = _processes(sum(parts.values()), processes)
    found: dict[Part, Any] = _found_by(families, order, _divided(parts, count)) if count > 1 else {}
    verdicts: dict[str, dict[int, Verdict]] = {}
    pairs: dict[str, dict[int, PairRecord]] = {}
    for (study, kind, place), value in found.items():
        if kind == "verdict":
            verdicts.setdefault(study, {})[place] = value
        else:
            pairs.setdefault(study, {})[place] = value
    return Findings(verdicts, pairs)


def _parts(families: Mapping[str, Family]) -> Iterator[tuple[Part, float]]:
    """All parts of the work, with what each costs."""
    for name, family in families.items():
        for place, (_, case) in enumerate(family.found):
            others = len(case.others)
            yield (name, "verdict", place), _cost(case) * max(1.0, _CONTRAST * others * (others - 1) / 2)
        for place, case in enumerate(compared(family)):
            yield (name, "pair", place), _cost(case) * _SUMMARY


def _cost(case: Case) -> float:
    return float(_FIXED + len(case.problem_ids))


def _processes(work: float, wanted: int | None) -> int:
    if wanted is not None:
        return min(wanted, int(work // _WANTED))
    return min(_processors(), int(work // _WORTH_IT))


def _processors() -> int:
    # In a container there are fewer than the machine has.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _divided(parts: Mapping[Part, float], count: int) -> list[list[Part]]:
    """Shares of about the same cost: the dearest part first, each to who has least."""
    shares: list[tuple[float, list[Part]]] = [(0.0, []) for _ in range(count)]
    for part, cost in sorted(parts.items(), key=lambda item: -item[1]):
        least = min(range(count), key=lambda place: shares[place][0])
        total, share = shares[least]
        shares[least] = (total + cost, [*share, part])
    return [share for _, share in shares]


def _found_by(
    families: Mapping[str, Family], order: Mapping[str, object], shares: Sequence[Sequence[Part]]
) -> dict[Part, Any]:
    """Have all shares but the first done by children, and that one here."""
    found: dict[Part, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        jobs = [Path(name) / str(place) for place in range(1, len(shares))]
        children: list[subprocess.Popen[bytes]] = []
        try:
            for job, share in zip(jobs, shares[1:], strict=True):
                job.write_bytes(pickle.dumps((order, share)))
                children.append(_start(job))
            found |= work(families, shares[0])
            for job, child in zip(jobs, children, strict=True):
                if child.wait() == 0:
                    found |= pickle.loads(job.read_bytes())  # noqa: S301 - written by our own child
        finally:
            for child in children:
                child.kill()
                child.communicate()
    return found


def _start(job: Path) -> subprocess.Popen[bytes]:
    # In a session of its own, so that ctrl-C is told once; its input ends when this process does. It imports
    # from where this one does (-P), and not from whatever lies in the folder that the user stands in.
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", "beyondbase.plugin.child", str(job)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def work(families: Mapping[str, Family], share: Sequence[Part]) -> dict[Part, Any]:
    """Work out a share of verdicts and summaries; what fails or warns is left out."""
    found: dict[Part, Any] = {}
    for study, kind, place in share:
        with warnings.catch_warnings(record=True) as told:
            family = families[study]
            value = tried_verdict(family, place) if kind == "verdict" else summary_of(compared(family)[place])
        # A failure needs its traceback and a warning its reader, so both come about where pytest runs.
        if value is not None and not told:
            found[study, kind, place] = value
    return found
