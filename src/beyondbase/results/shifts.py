"""Pairs of two runs: counts aligned problem by problem, and how far pass@k moved.

The change of a pair is that of each problem, new minus old, so the problems that both runs share do
not add to the noise. Its bands are those of every curve of this package, at a level that is split
over all bands of the study (Bonferroni): the chance that any of them calls noise a change is alpha.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from beyondbase import estimators
from beyondbase.inference.band import DRAWS, simultaneous_band
from beyondbase.inference.bounded import Floats, values_of
from beyondbase.results.changes import ArmSide, PairChange, Side, Status, status_of
from beyondbase.results.numbers import arm_word, estimate
from beyondbase.results.pairs import recorded
from beyondbase.results.schema.pairs import ByProblem, Curve, PairRecord, ValidPair
from beyondbase.results.schema.record import BandRecord
from beyondbase.results.schema.studies import StudyRecord

Sides: TypeAlias = tuple[PairRecord | None, PairRecord | None]  # of the old run and of the new one

ARMS: tuple[ArmSide, ArmSide] = ("base", "other")
SHOWN_IDS = 5
BEYOND = 100  # replicates beyond a band, so that its level stands firm
MOST_DRAWS = 500_000


@dataclass(frozen=True, eq=False)
class _Aligned:
    """One pair in both runs, row by row the same problem.

    Attributes:
        ks: the k that both runs allow.
        shifts: per curve, new minus old, shape (problems, ks).
        same: per arm, whether all counts are as they were.
        word: what the arm beside the base is called.
        clusters: the group of each problem, if problems come in groups.
    """

    ks: list[int]
    shifts: dict[Side, Floats]
    same: dict[ArmSide, bool]
    word: str
    clusters: list[str] | None

    @property
    def tests(self) -> int:
        """How many of its bands could call noise a change.

        Where one arm kept its samples, the difference moves as the other arm does: that is one test.
        """
        changed = sum(not same for same in self.same.values())
        return (0, 1, 3)[changed]


def pair_changes(pairs: Mapping[str, Sides], study: StudyRecord) -> dict[str, PairChange]:
    """Say how far each pair moved.

    Args:
        pairs: by id, of the old run and of the new one.
        study: whose level and seed the bands have.
    """
    aligned = {name: _align(*sides) for name, sides in pairs.items()}
    tests = sum(pair.tests for pair in aligned.values() if isinstance(pair, _Aligned))
    alpha = study.alpha / max(tests, 1)
    return {
        name: _change(status_of(*sides), aligned[name], alpha, study.seed) for name, sides in pairs.items()
    }


def _align(old: PairRecord | None, new: PairRecord | None) -> _Aligned | str:
    """Put the counts of both runs side by side, or say why they do not fit."""
    if old is None or new is None:
        return f"only in the {'new' if new else 'old'} run"
    if not isinstance(old, ValidPair):
        return f"invalid in the old run: {'; '.join(old.invalid)}"
    if not isinstance(new, ValidPair):
        return f"invalid in the new run: {'; '.join(new.invalid)}"
    unfit = _unfit(old.by_problem, new.by_problem)
    if unfit:
        return unfit
    before, now = (_counts(pair.by_problem, new.by_problem.id) for pair in (old, new))
    allowed = min(int(n.min()) for side in (before, now) for n, _ in side.values())
    ks = [k for k in new.table_k if k <= allowed]
    if not ks:
        return f"no k in common: the new run shows k from {new.table_k[0]}, both allow k up to {allowed}"
    shifts: dict[Side, Floats] = {arm: _pass_at_k(now[arm], ks) - _pass_at_k(before[arm], ks) for arm in ARMS}
    shifts["difference"] = shifts["other"] - shifts["base"]
    same = {arm: bool((now[arm] == before[arm]).all()) for arm in ARMS}
    return _Aligned(ks, shifts, same, arm_word(new), new.by_problem.cluster)


def _unfit(old: ByProblem, new: ByProblem) -> str | None:
    before, now = set(old.id), set(new.id)
    if before == now:
        return _cluster_mismatch(old, new) if now else "no problems"
    only = f"{_some(before - now)} only in the old run, {_some(now - before)} only in the new run"
    return f"problem ids differ: {only}"


def _cluster_mismatch(old: ByProblem, new: ByProblem) -> str | None:
    before, now = (dict(zip(table.id, table.cluster or table.id, strict=True)) for table in (old, new))
    return None if before == now else "problems are clustered in another way than in the old run"


def _some(ids: set[str]) -> str:
    shown = ", ".join(sorted(ids)[:SHOWN_IDS]) + (", ..." if len(ids) > SHOWN_IDS else "")
    return f"{len(ids)} ({shown})" if ids else "none"


def _counts(table: ByProblem, order: list[str]) -> dict[ArmSide, NDArray[np.int64]]:
    """Per arm n and c, shape (2, problems), in the order asked for."""
    row = {name: index for index, name in enumerate(table.id)}
    rows = [row[name] for name in order]
    base, other = [table.base_n, table.base_c], [table.other_n, table.other_c]
    return {"base": np.array(base)[:, rows], "other": np.array(other)[:, rows]}


def _pass_at_k(counts: NDArray[np.int64], ks: list[int]) -> Floats:
    return estimators.pass_at_k(counts[0][:, None], counts[1][:, None], ks)


def _change(status: Status, aligned: _Aligned | str, alpha: float, seed: int) -> PairChange:
    if isinstance(aligned, str):
        said = f"Cannot be compared: {aligned}."
        beyond: dict[Side, bool] = {"base": False, "other": False, "difference": False}
        return PairChange(status, 1 - alpha, aligned, None, beyond, {"base": False, "other": False}, said)
    bands = {name: _band(aligned, name, alpha, seed) for name in aligned.shifts}
    base, other, difference = bands.values()
    return PairChange(
        status,
        1 - alpha,
        None,
        Curve.model_construct(k=aligned.ks, base=base, other=other, difference=difference),
        {name: any(_moved(band)) for name, band in bands.items()},
        aligned.same,
        _sentence(aligned, bands),
    )


def _band(aligned: _Aligned, name: Side, alpha: float, seed: int) -> BandRecord:
    same = all(aligned.same.values()) if name == "difference" else aligned.same[name]
    if same:
        nothing = [0.0] * len(aligned.ks)
        return BandRecord.model_construct(estimate=nothing, lower=nothing, upper=nothing)
    reach = 2.0 if name == "difference" and not any(aligned.same.values()) else 1.0
    values = values_of(aligned.shifts[name], support=(-reach, reach), clusters=aligned.clusters)
    draws = min(max(DRAWS, ceil(BEYOND / alpha)), MOST_DRAWS)
    return recorded(simultaneous_band(values, alpha=alpha, draws=draws, seed=seed))


def _moved(band: BandRecord) -> list[int]:
    """Per k: 1 where the band is above zero, -1 where it is below, 0 where it holds zero."""
    return [(lower > 0) - (upper < 0) for lower, upper in zip(band.lower, band.upper, strict=True)]


def _sentence(aligned: _Aligned, bands: Mapping[Side, BandRecord]) -> str:
    if all(aligned.same.values()):
        return "Same samples in both runs."
    names: dict[Side, str] = {
        "base": "the base",
        "other": aligned.word,
        "difference": f"{aligned.word} minus the base",
    }
    told: list[Side] = [name for name in ARMS[::-1] if not aligned.same[name]]
    told += ["difference"] if len(told) == 2 else []
    parts = [f"{names[name]} {_course(aligned.ks, bands[name])}" for name in told]
    parts += [f"{names[arm]} kept its samples" for arm in ARMS if aligned.same[arm]]
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in parts)


def _course(ks: list[int], band: BandRecord) -> str:
    """Tell the ends of a curve's change, or its first k beyond noise if that is at neither end."""
    moved = _moved(band)
    if not any(moved):
        return "shows no change beyond noise at any k"
    ends = {0, len(ks) - 1}
    first = next(index for index, sign in enumerate(moved) if sign)
    shown = sorted(ends if any(moved[end] for end in ends) else {*ends, first})
    return "; ".join(f"at k = {ks[index]:,} {_step(band, index, moved[index])}" for index in shown)


def _step(band: BandRecord, index: int, sign: int) -> str:
    if not sign:
        return "no change shown beyond noise"
    value = band.at(index)
    size = value if sign > 0 else value.turned
    return f"{'rose' if sign > 0 else 'fell'} by {estimate(size, 'points', ' points').replace('+', '')}"
