"""Two runs side by side: what changed between them, and whether it is more than noise."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from beyondbase.messages import quote
from beyondbase.results.changes import Comparison, PairChange, StudyChange, VerdictChange, status_of
from beyondbase.results.numbers import effect
from beyondbase.results.schema.pairs import PairRecord
from beyondbase.results.schema.record import Record
from beyondbase.results.schema.studies import Results, StudyRecord
from beyondbase.results.schema.verdicts import EffectRecord, VerdictRecord
from beyondbase.results.shifts import pair_changes

SETTINGS = ("alpha", "seed", "draws", "family_size", "margins")

_Entry = TypeVar("_Entry", StudyRecord, PairRecord, VerdictRecord)


def compare(old: Results, new: Results) -> Comparison:
    """Say what changed from one run to another, by study, verdict and pair.

    The bands of a study together call noise a change with probability at most its alpha.

    Args:
        old: the earlier results.
        new: the later ones.
    """
    notes = list(_changes(_versions(old), _versions(new)))
    found = _matched(old.studies, new.studies)
    return Comparison({name: _study(*sides, notes) for name, sides in found.items()})


def _matched(old: Sequence[_Entry], new: Sequence[_Entry]) -> dict[str, tuple[_Entry | None, _Entry | None]]:
    before, now = ({entry.id: entry for entry in entries} for entries in (old, new))
    return {name: (before.get(name), now.get(name)) for name in (now | before)}


def _study(old: StudyRecord | None, new: StudyRecord | None, notes: list[str]) -> StudyChange:
    pairs = _matched(old.pairs if old else [], new.pairs if new else [])
    verdicts = _matched(old.verdicts if old else [], new.verdicts if new else [])
    study = new or old
    compared = pair_changes(pairs, study) if study else {}
    kept = _kept(new.pairs if new else [], compared)
    return StudyChange(
        status_of(old, new),
        [*_changes(_settings(old), _settings(new)), *notes] if old and new else [],
        {name: _verdict(*sides, compared, kept) for name, sides in verdicts.items()},
        compared,
    )


def _setting(value: object) -> str:
    return "not set" if value is None else quote(value)


def _versions(results: Results) -> dict[str, object]:
    return {"suite": vars(results.suite), "versions": results.versions}


def _settings(study: StudyRecord) -> dict[str, object]:
    return {
        **{key: getattr(study, key) for key in SETTINGS},
        "grid": vars(study.grid),
        "arms": {arm.id: _without_id(arm) for arm in study.arms},
        "tasks": {task.id: _without_id(task) for task in study.tasks},
    }


def _without_id(record: Record) -> dict[str, object]:
    return {key: value for key, value in record if key != "id"}


def _changes(old: Mapping[str, object], new: Mapping[str, object], at: str = "") -> Iterator[str]:
    """Name every setting that differs, in an order that does not hang on that of the keys."""
    for key in sorted({*old, *new}):
        where, before, now = f"{at}{key}", old.get(key), new.get(key)
        if key not in old or key not in new:
            yield f"{where}: only in the {'new' if key in new else 'old'} run"
        elif isinstance(before, Mapping) and isinstance(now, Mapping):
            yield from _changes(before, now, f"{where}.")
        elif before != now:
            yield f"{where}: {_setting(before)} before, {_setting(now)} now"


def _kept(pairs: Sequence[PairRecord], changes: Mapping[str, PairChange]) -> set[tuple[str, str]]:
    """Task and name of every arm whose counts are the same in both runs."""
    return {
        (pair.task, pair.base if side == "base" else pair.other)
        for pair in pairs
        for side, same in changes[pair.id].same_samples.items()
        if same
    }


def _verdict(
    old: VerdictRecord | None,
    new: VerdictRecord | None,
    pairs: Mapping[str, PairChange],
    kept: set[tuple[str, str]],
) -> VerdictChange:
    if old is None:
        return VerdictChange("added", None, None, None, "only in the new run")
    if new is None:
        return VerdictChange("removed", old.outcome, old.effect, None, "only in the old run")
    moved = old.outcome != new.outcome
    outcomes = f"{old.outcome} before, {new.outcome} now" if moved else f"{new.outcome} in both"
    same = set(old.arms) == set(new.arms) and all((new.task, arm) in kept for arm in new.arms)
    curves = new.case in pairs and any(pairs[new.case].beyond_noise.values())
    beyond, why = _same_samples(old, new) if same else _effects(old.effect, new.effect, curves=curves)
    return VerdictChange(
        "changed" if moved else "same", old.outcome, old.effect, beyond, f"{outcomes}; {why}"
    )


def _same_samples(old: VerdictRecord, new: VerdictRecord) -> tuple[bool, str]:
    alike = (old.outcome, effect(old.effect)) == (new.outcome, effect(new.effect))
    cause = "" if alike else ": the change comes from settings, versions or the claim itself"
    return False, f"same samples{cause}"


def _effects(old: EffectRecord | None, new: EffectRecord | None, *, curves: bool) -> tuple[bool | None, str]:
    """Whether the intervals of two effects lie apart.

    Stricter than a test of the difference (Schenker and Gentleman 2001), more so on the same problems.
    """
    if old is None or new is None:
        return None, "there are no two effects to compare"
    if (old.name, old.unit) != (new.name, new.unit):
        return None, f"the effects are different quantities, {quote(old.name)} and {quote(new.name)}"
    before, now = effect(old), effect(new)
    course = f"the effect is {now}" if before == now else f"the effect went from {before} to {now}"
    if old.lower is None or old.upper is None or new.lower is None or new.upper is None:
        return None, f"{course}, and an interval without an end cannot be compared"
    if old.upper < new.lower or new.upper < old.lower:
        return True, f"{course} and the intervals do not overlap: more than noise"
    tail = "the curves of the pair did change by more than noise" if curves else "no more than noise is shown"
    return False, course if before == now else f"{course} and the intervals overlap: {tail}"
