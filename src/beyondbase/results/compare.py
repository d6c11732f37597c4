"""Two runs side by side: what changed between them, and whether it is more than noise.

The change of a pair is that of each problem, new minus old, so the problems that both runs share do
not add to the noise. Its bands are those of every curve of this package, at a level that is split
over all bands of the study (Bonferroni): the chance that any of them calls noise a change is alpha.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from beyondbase import estimators
from beyondbase.inference.band import DRAWS, simultaneous_band
from beyondbase.inference.bounded import Floats, values_of
from beyondbase.messages import quote
from beyondbase.results.numbers import arm_word, effect, estimate

Json: TypeAlias = Mapping[str, Any]
Sides: TypeAlias = tuple[Json | None, Json | None]  # of the old run and of the new one
Curve: TypeAlias = dict[str, list[float]]

ARMS = ("base", "other")
CURVES = (*ARMS, "difference")
SETTINGS = ("alpha", "seed", "draws", "family_over", "margins", "grid")
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
        clusters: the group of each problem, if problems come in groups.
    """

    ks: list[int]
    shifts: dict[str, Floats]
    same: dict[str, bool]
    clusters: list[str] | None

    @property
    def tests(self) -> int:
        """How many of its bands could call noise a change.

        Where one arm kept its samples, the difference moves as the other arm does: that is one test.
        """
        changed = sum(not same for same in self.same.values())
        return (0, 1, 3)[changed]


def compare(old: Json, new: Json) -> dict[str, Any]:
    """Say what changed from one run to another, by study, verdict and pair.

    Args:
        old: the content of the earlier results.json.
        new: the content of the later one.

    Returns:
        ``{"studies": {id: {"status", "notes", "verdicts", "pairs"}}}``. A pair holds new minus old
        pass@k of both arms and of their difference, with simultaneous bands at its "level"; the
        bands of a study together call noise a change with probability at most its alpha.
    """
    before, now = ({key: run[key] for key in ("suite", "versions")} for run in (old, new))
    notes = list(_changes(before, now))
    found = _matched(old["studies"], new["studies"])
    return {"studies": {name: _study(*sides, notes) for name, sides in found.items()}}


def _matched(old: list[Json], new: list[Json]) -> dict[str, Sides]:
    before, now = ({entry["id"]: entry for entry in entries} for entries in (old, new))
    return {name: (before.get(name), now.get(name)) for name in (now | before)}


def _study(old: Json | None, new: Json | None, notes: list[str]) -> dict[str, Any]:
    pairs, verdicts = (
        _matched(*((side or {}).get(key, []) for side in (old, new))) for key in ("pairs", "verdicts")
    )
    aligned = {name: _align(*sides) for name, sides in pairs.items()}
    compared = _pairs(pairs, aligned, new or old or {})
    kept = _kept(new or {}, compared)
    notes = [*_changes(_settings(old), _settings(new)), *notes] if old and new else []
    return {
        "status": _status(old, new),
        "notes": notes,
        "verdicts": {name: _verdict(sides, compared, kept) for name, sides in verdicts.items()},
        "pairs": compared,
    }


def _setting(value: Any) -> str:
    return "not set" if value is None else quote(value)


def _status(old: Json | None, new: Json | None) -> str:
    return "both" if old and new else "added" if new else "removed"


def _settings(study: Json) -> dict[str, Any]:
    return {key: study[key] for key in SETTINGS} | {
        key: {entry["id"]: {name: entry[name] for name in entry if name != "id"} for entry in study[key]}
        for key in ("arms", "tasks")
    }


def _changes(old: Json, new: Json, at: str = "") -> Iterator[str]:
    """Name every setting that differs, in an order that does not hang on that of the keys."""
    for key in sorted({*old, *new}):
        where = f"{at}{key}"
        if key not in old or key not in new:
            yield f"{where}: only in the {'new' if key in new else 'old'} run"
        elif isinstance(old[key], Mapping) and isinstance(new[key], Mapping):
            yield from _changes(old[key], new[key], f"{where}.")
        elif old[key] != new[key]:
            yield f"{where}: {_setting(old[key])} before, {_setting(new[key])} now"


def _align(old: Json | None, new: Json | None) -> _Aligned | str:
    """Put the counts of both runs side by side, or say why they do not fit."""
    if old is None or new is None:
        return f"only in the {'new' if new else 'old'} run"
    unfit = _unfit(old, new)
    if unfit:
        return unfit
    before, now = (_counts(pair, new["by_problem"]["id"]) for pair in (old, new))
    allowed = min(int(n.min()) for side in (before, now) for n, _ in side.values())
    ks = [k for k in new["table_k"] if k <= allowed]
    if not ks:
        return f"no k in common: the new run shows k from {new['table_k'][0]}, both allow k up to {allowed}"
    shifts = {arm: _pass_at_k(now[arm], ks) - _pass_at_k(before[arm], ks) for arm in ARMS}
    shifts["difference"] = shifts["other"] - shifts["base"]
    same = {arm: bool((now[arm] == before[arm]).all()) for arm in ARMS}
    return _Aligned(ks, shifts, same, new["by_problem"]["cluster"])


def _unfit(old: Json, new: Json) -> str | None:
    for pair, word in ((old, "old"), (new, "new")):
        if pair["invalid"]:
            return f"invalid in the {word} run: {'; '.join(pair['invalid'])}"
    before, now = (set(pair["by_problem"]["id"]) for pair in (old, new))
    if before == now:
        return _cluster_mismatch(old["by_problem"], new["by_problem"]) if now else "no problems"
    only = f"{_some(before - now)} only in the old run, {_some(now - before)} only in the new run"
    return f"problem ids differ: {only}"


def _cluster_mismatch(old: Json, new: Json) -> str | None:
    before, now = (dict(zip(t["id"], t["cluster"] or t["id"], strict=True)) for t in (old, new))
    return None if before == now else "problems are clustered in another way than in the old run"


def _some(ids: set[str]) -> str:
    shown = ", ".join(sorted(ids)[:SHOWN_IDS]) + (", ..." if len(ids) > SHOWN_IDS else "")
    return f"{len(ids)} ({shown})" if ids else "none"


def _counts(pair: Json, order: list[str]) -> dict[str, NDArray[np.int64]]:
    """Per arm n and c, shape (2, problems), in the order asked for."""
    table = pair["by_problem"]
    row = {name: index for index, name in enumerate(table["id"])}
    rows = [row[name] for name in order]
    return {arm: np.array([table[f"{arm}_n"], table[f"{arm}_c"]])[:, rows] for arm in ARMS}


def _pass_at_k(counts: NDArray[np.int64], ks: list[int]) -> Floats:
    return estimators.pass_at_k(counts[0][:, None], counts[1][:, None], ks)


def _pairs(pairs: Mapping[str, Sides], aligned: Mapping[str, _Aligned | str], study: Json) -> dict[str, Any]:
    tests = sum(pair.tests for pair in aligned.values() if isinstance(pair, _Aligned))
    alpha = study["alpha"] / max(tests, 1)
    return {
        name: {"status": _status(old, new), "level": 1 - alpha}
        | _pair(new or old or {}, aligned[name], alpha, study["seed"])
        for name, (old, new) in pairs.items()
    }


def _pair(pair: Json, aligned: _Aligned | str, alpha: float, seed: int) -> dict[str, Any]:
    if isinstance(aligned, str):
        return {
            "reason": aligned,
            **dict.fromkeys(("k", *CURVES)),
            "beyond_noise": dict.fromkeys(CURVES, False),
            "same_samples": dict.fromkeys(ARMS, False),
            "sentence": f"Cannot be compared: {aligned}.",
        }
    bands = {name: _band(aligned, name, alpha, seed) for name in CURVES}
    flagged = {name: any(_moved(band)) for name, band in bands.items()}
    head = {"reason": None, "k": aligned.ks, "beyond_noise": flagged, "same_samples": aligned.same}
    return bands | head | {"sentence": _sentence(arm_word(pair), aligned, bands)}


def _band(aligned: _Aligned, name: str, alpha: float, seed: int) -> Curve:
    if aligned.same.get(name, all(aligned.same.values())):
        return {key: [0.0] * len(aligned.ks) for key in ("estimate", "lower", "upper")}
    reach = 2.0 if name == "difference" and not any(aligned.same.values()) else 1.0
    values = values_of(aligned.shifts[name], support=(-reach, reach), clusters=aligned.clusters)
    draws = min(max(DRAWS, ceil(BEYOND / alpha)), MOST_DRAWS)
    band = simultaneous_band(values, alpha=alpha, draws=draws, seed=seed)
    return {key: getattr(band, key).tolist() for key in ("estimate", "lower", "upper")}


def _moved(band: Curve) -> list[int]:
    """Per k: 1 where the band is above zero, -1 where it is below, 0 where it holds zero."""
    return [(lower > 0) - (upper < 0) for lower, upper in zip(band["lower"], band["upper"], strict=True)]


def _sentence(word: str, aligned: _Aligned, bands: Mapping[str, Curve]) -> str:
    if all(aligned.same.values()):
        return "Same samples in both runs."
    names = {"base": "the base", "other": word, "difference": f"{word} minus the base"}
    told = [name for name in ARMS[::-1] if not aligned.same[name]]
    told += ["difference"] if len(told) == 2 else []
    parts = [f"{names[name]} {_course(aligned.ks, bands[name])}" for name in told]
    parts += [f"{names[arm]} kept its samples" for arm in ARMS if aligned.same[arm]]
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in parts)


def _course(ks: list[int], band: Curve) -> str:
    """Tell the ends of a curve's change, or its first k beyond noise if that is at neither end."""
    moved = _moved(band)
    if not any(moved):
        return "shows no change beyond noise at any k"
    ends = {0, len(ks) - 1}
    first = next(index for index, sign in enumerate(moved) if sign)
    shown = sorted(ends if any(moved[end] for end in ends) else {*ends, first})
    return "; ".join(f"at k = {ks[index]:,} {_step(band, index, moved[index])}" for index in shown)


def _step(band: Curve, index: int, sign: int) -> str:
    if not sign:
        return "no change shown beyond noise"
    ends = ("lower", "upper")[::sign]
    size = {key: sign * band[end][index] for key, end in zip(("lower", "upper"), ends, strict=True)}
    size["estimate"] = sign * band["estimate"][index]
    return f"{'rose' if sign > 0 else 'fell'} by {estimate(size, 'points', ' points').replace('+', '')}"


def _kept(study: Json, pairs: Mapping[str, Json]) -> set[tuple[str, str]]:
    """Task and name of every arm whose counts are the same in both runs."""
    return {
        (pair["task"], pair[arm])
        for pair in study.get("pairs", [])
        for arm in ARMS
        if pairs[pair["id"]]["same_samples"][arm]
    }


def _verdict(sides: Sides, pairs: Mapping[str, Json], kept: set[tuple[str, str]]) -> dict[str, Any]:
    old, new = sides
    head = {"outcome": old and old["outcome"], "effect": old and old["effect"]}
    if old is None or new is None:
        why = f"only in the {'new' if new else 'old'} run"
        return {"status": _status(old, new)} | head | {"beyond_noise": None, "why": why}
    moved = old["outcome"] != new["outcome"]
    outcomes = f"{old['outcome']} before, {new['outcome']} now" if moved else f"{new['outcome']} in both"
    same = set(old["arms"]) == set(new["arms"]) and all((new["task"], arm) in kept for arm in new["arms"])
    curves = any(pairs.get(new["case"], {}).get("beyond_noise", {}).values())
    beyond, why = _same_samples(old, new) if same else _effects(old["effect"], new["effect"], curves=curves)
    status = {"status": "changed" if moved else "same"}
    return status | head | {"beyond_noise": beyond, "why": f"{outcomes}; {why}"}


def _same_samples(old: Json, new: Json) -> tuple[bool, str]:
    shown = [(verdict["outcome"], effect(verdict["effect"])) for verdict in (old, new)]
    cause = "" if shown[0] == shown[1] else ": the change comes from settings, versions or the claim itself"
    return False, f"same samples{cause}"


def _effects(old: Json | None, new: Json | None, *, curves: bool) -> tuple[bool | None, str]:
    """Whether the intervals of two effects lie apart.

    Stricter than a test of the difference (Schenker and Gentleman 2001), more so on the same problems.
    """
    if old is None or new is None:
        return None, "there are no two effects to compare"
    if (old["name"], old["unit"]) != (new["name"], new["unit"]):
        return None, f"the effects are different quantities, {quote(old['name'])} and {quote(new['name'])}"
    before, now = effect(old), effect(new)
    course = f"the effect is {now}" if before == now else f"the effect went from {before} to {now}"
    if any(side[end] is None for side in (old, new) for end in ("lower", "upper")):
        return None, f"{course}, and an interval without an end cannot be compared"
    if old["upper"] < new["lower"] or new["upper"] < old["lower"]:
        return True, f"{course} and the intervals do not overlap: more than noise"
    tail = "the curves of the pair did change by more than noise" if curves else "no more than noise is shown"
    return False, course if before == now else f"{course} and the intervals overlap: {tail}"
