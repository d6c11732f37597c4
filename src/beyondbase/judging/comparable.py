"""Why tallies cannot carry a claim: each cause in the same words, whichever cases meet it."""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from beyondbase.evidence.tallies import Tally
from beyondbase.judging.case import Case

MIN_PROBLEMS = 2
SHOWN = 5

_Same = TypeVar("_Same", bound=Hashable)


@dataclass(frozen=True, eq=False)
class Siblings:
    """A base and the arms that start from it, on one task.

    An arm is held against what most of them have and not against its neighbour in a case: if it lacks a
    problem, that is told in the same words in every case that it is part of.

    Attributes:
        tallies: by arm, the base first.
    """

    task: str
    tallies: Mapping[str, Tally]

    def mismatch(self, arms: Iterable[str]) -> tuple[str, ...]:
        """Why some arms are no evidence, or cannot be compared problem by problem; empty if they can.

        Args:
            arms: those of a case.
        """
        tallies = {arm: self.tallies[arm] for arm in arms}
        problems = {tally.problem_ids for tally in tallies.values()}
        clustered = {(tally.problem_ids, tally.clusters) for tally in tallies.values()}
        reasons = [reason for tally in tallies.values() for reason in tally.unfit]
        if len(problems) > 1:
            reasons += [self._strays[arm] for arm in tallies if arm in self._strays]
        if len(clustered) > len(problems):
            reasons += [self._regrouped[arm] for arm in tallies if arm in self._regrouped]
        least = min(len(ids) for ids in problems)
        if least < MIN_PROBLEMS:
            reasons.append(f"{least} problem says nothing about others: give at least {MIN_PROBLEMS}")
        return tuple(dict.fromkeys(reasons))

    @cached_property
    def _strays(self) -> dict[str, str]:
        """What tells of the arms that have other problems than most."""
        usual, having = _most({arm: tally.problem_ids for arm, tally in self.tallies.items()})
        return {
            arm: f"problem ids differ: arm {arm!r} on {self.task!r} {_apart(usual, tally.problem_ids)} of"
            f" {_named(having)}; sample all arms on the same problems, or leave the others out"
            for arm, tally in self.tallies.items()
            if tally.problem_ids != usual
        }

    @cached_property
    def _regrouped(self) -> dict[str, str]:
        """What tells of the arms that have other clusters than most arms with the same problems."""
        groups: dict[tuple[str, ...], dict[str, tuple[str, ...] | None]] = defaultdict(dict)
        for arm, tally in self.tallies.items():
            groups[tally.problem_ids][arm] = tally.clusters
        told: dict[str, str] = {}
        for clusters in groups.values():
            usual, having = _most(clusters)
            told |= {
                arm: f"clusters differ: arm {arm!r} on {self.task!r} has others than {_named(having)}; give"
                " every problem the same cluster in all arms"
                for arm, found in clusters.items()
                if found != usual
            }
        return told


def few_samples(cases: Iterable[Case]) -> str:
    """Say of cases of one study in which arms samples are too few for claims about large k, and what to do.

    Args:
        cases: those on which such claims are judged; empty text if all have enough.
    """
    found = {(case.task, arm): case for case in cases if not case.parts for arm in case.tallies}
    short = {place: case for place, case in found.items() if place[1] in case.undersampled}
    if not short:
        return ""
    case = next(iter(short.values()))
    labels: dict[str, list[str]] = defaultdict(list)
    for (task, arm), known in short.items():
        labels[_count(known.tallies[arm])].append(f"{arm!r} on {task!r}")
    if len(labels) == 1 and len(short) == len(found):
        labels = {next(iter(labels)): ["every arm"]}
    where = "; ".join(f"{label} in {_some(names)}" for label, names in list(labels.items())[:SHOWN])
    more = f"; and {len(labels) - SHOWN:,} more such" if len(labels) > SHOWN else ""
    least = min(int(known.tallies[arm].n.min()) for (_, arm), known in short.items())
    return (
        f"too few samples for claims about large k, which need n >= {case.k_needed} on every problem:"
        f" {where}{more}; sample at least {case.k_needed}, or set [grid] {_lowered(case, least)}"
    )


def _count(tally: Tally) -> str:
    row = int(tally.n.argmin())
    least = int(tally.n[row])
    alone = "" if least == tally.n.max() else f" on problem {tally.problem_ids[row]!r}"
    return f"n = {least}{alone}"


def _lowered(case: Case, least: int) -> str:
    grid = case.study.grid
    keys = {"k_large": grid.k_large or 0, "k_large_min": grid.k_large_min}
    return " and ".join(f"{key} = {least}" for key, value in keys.items() if value > least)


def _most(values: Mapping[str, _Same]) -> tuple[_Same, list[str]]:
    """The value that most arms have, and these arms; of equally frequent ones the first."""
    ((usual, _),) = Counter(values.values()).most_common(1)
    return usual, [arm for arm, value in values.items() if value == usual]


def _apart(usual: Collection[str], ids: Collection[str]) -> str:
    here, there = set(ids), set(usual)
    lacks, has = (_some([*map(repr, sorted(some))]) for some in (there - here, here - there))
    return f"lacks {lacks or 'none'} and has {has or 'none'} beside those"


def _named(arms: Collection[str]) -> str:
    return repr(next(iter(arms))) if len(arms) == 1 else f"the {len(arms)} arms that agree"


def _some(names: Collection[str]) -> str:
    shown = ", ".join(list(names)[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN:,} more"
