"""Which cases of a study a claim is judged on: pairs, algorithms, training runs, contrasts."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from beyondbase.evidence.chances import Chances
from beyondbase.evidence.tallies import Tally
from beyondbase.judging.case import Case
from beyondbase.judging.comparable import Siblings
from beyondbase.judging.pool import pooled
from beyondbase.study import Study
from beyondbase.study.arms import Arm

SEED = "seed"  # the label that tells two runs of one algorithm apart
NO_CHANCES: Mapping[tuple[str, str], Chances] = MappingProxyType({})


@dataclass(frozen=True)
class Selection:
    """A way to find cases, and in words what it needs of a study.

    Attributes:
        needs: what, in words.
        find: base, other arms and label of every case among the arms of one task.
        pools: whether there is a case over all tasks too.
    """

    needs: str
    find: Callable[["Arms"], Iterable[tuple[str, tuple[str, ...], str]]]
    pools: bool = False

    def cases(
        self,
        study: Study,
        tallies: Mapping[tuple[str, str], Tally],
        chances: Mapping[tuple[str, str], Chances] = NO_CHANCES,
    ) -> list[Case]:
        """All cases of a study, those over all tasks first, then in the order of its tasks and arms.

        Args:
            tallies: its counts by (task, arm).
            chances: of the arms that guess, by (task, arm).
        """
        known: dict[tuple[str, ...], Siblings] = {}
        cases = []
        for task in study.tasks:
            for found in self.find(_arms(study, task, tallies, chances)):
                key = task, *_related(study, found)
                if key not in known:
                    some = {arm: tallies[task, arm] for arm in key[1:] if (task, arm) in tallies}
                    known[key] = Siblings(task, some)
                cases.append(_case(study, known[key], found, chances))
        return [*(pooled(study, cases) if self.pools else ()), *cases]


@dataclass(frozen=True)
class Arms:
    """The arms of a study that have tallies, or exact chances, for one task.

    Attributes:
        names: The arms.
        scored: Those of them that have log-probabilities of their completions.
    """

    study: Study
    names: tuple[str, ...]
    scored: frozenset[str] = frozenset()

    def of_role(self, role: str) -> list[str]:
        """Arms of a role whose base arm is at hand too; no repeats of an arm at another temperature."""
        return [
            name
            for name in self.names
            if self.study.arms[name].role == role
            and self.study.arms[name].repeats is None
            and self.study.base_of(name) in self.names
        ]

    def repeats(self) -> list[str]:
        """Repeats of an arm at another temperature, whose base arm is at hand too."""
        return [
            name
            for name in self.names
            if self.study.arms[name].repeats is not None and self.study.base_of(name) in self.names
        ]

    def alike(self, role: str, *, but: set[str]) -> dict[Hashable, list[str]]:
        """Arms of a role grouped by all settings and labels except `but`."""
        groups: dict[Hashable, list[str]] = defaultdict(list)
        for name in self.of_role(role):
            groups[self.study.base_of(name), _settings(self.study.arms[name], but)].append(name)
        return groups


def pairs(role: str, *, every: bool = False) -> Selection:
    """Arms of a role, each beside the base it starts from.

    Args:
        every: Those too that the study does not want judged so (paired = false).
    """

    def find(arms: Arms) -> Iterable[tuple[str, tuple[str, ...], str]]:
        for name in arms.of_role(role):
            if every or arms.study.arms[name].paired:
                yield arms.study.base_of(name), (name,), name

    return Selection(f"a base arm and an arm with role {role} on one task", find, pools=True)


def scored_pairs(role: str) -> Selection:
    """As `pairs`, where the study has log-probabilities of the arm's completions."""

    def find(arms: Arms) -> Iterable[tuple[str, tuple[str, ...], str]]:
        return (found for found in pairs(role).find(arms) if found[2] in arms.scored)

    needs = "with log-probabilities (keep_tokens, or [evidence] scores)"
    return Selection(f"{pairs(role).needs}, {needs}", find)


def repeats() -> Selection:
    """Every arm that repeats another at another temperature, beside its base."""

    def find(arms: Arms) -> Iterable[tuple[str, tuple[str, ...], str]]:
        for name in arms.repeats():
            yield arms.study.base_of(name), (name,), name

    return Selection("an arm that repeats another (repeats) and its base on one task", find)


def entropy_matched() -> Selection:
    """Every RL arm that repeats another with the entropy of the base, then the arm that it repeats."""

    def find(arms: Arms) -> Iterable[tuple[str, tuple[str, ...], str]]:
        for name in arms.repeats():
            first = arms.study.arms[name].repeats
            if arms.study.arms[name].entropy_matched and first in arms.names:
                yield arms.study.base_of(name), (name, first), name

    return Selection("an RL arm that repeats another with entropy_matched = true", find)


def algorithms() -> Selection:
    """RL arms on one base that differ in the algorithm and the label `seed` only: runs of some algorithms."""

    def find(arms: Arms) -> Iterable[tuple[str, tuple[str, ...], str]]:
        for group in arms.alike("rl", but={"algorithm", SEED}).values():
            named = tuple(name for name in group if arms.study.arms[name].algorithm)
            if len({arms.study.arms[name].algorithm for name in named}) > 1:
                yield arms.study.base_of(named[0]), named, named[0]

    needs = "RL arms of two algorithms or more that differ in nothing but algorithm and seed"
    return Selection(needs, find, pools=True)


def training_runs() -> Selection:
    """RL arms on one base that differ in the training step only, earliest first."""

    def find(arms: Arms) -> Iterable[tuple[str, tuple[str, ...], str]]:
        for group in arms.alike("rl", but={"step"}).values():
            stepped = [(step, name) for name in group if (step := arms.study.arms[name].step) is not None]
            ordered = tuple(name for _, name in sorted(stepped))
            if len({step for step, _ in stepped}) > 1:
                yield arms.study.base_of(ordered[0]), ordered, ordered[-1]

    return Selection("RL arms that differ in the training step only", find)


def contrasts(setting: str) -> Selection:
    """RL arms on one base that differ in one number only: each beside the arm with the least of it."""

    def find(arms: Arms) -> Iterable[tuple[str, tuple[str, ...], str]]:
        for group in arms.alike("rl", but={setting}).values():
            amounts = [(value, name) for name in group if (value := _amount(arms, name, setting)) is not None]
            (least, fewest), *rest = sorted(amounts) or [(0.0, "")]
            for value, name in rest:
                if value > least:
                    yield arms.study.base_of(name), (name, fewest), name

    return Selection(f"two RL arms that differ in {setting} only", find)


def _amount(arms: Arms, name: str, setting: str) -> float | None:
    value: float | None = getattr(arms.study.arms[name], setting)
    return value


def _settings(arm: Arm, but: set[str]) -> Hashable:
    told_apart = arm.model_dump(
        exclude={"model", "revision", "adapter", "url", "n", "paired", "secondary", "note", "base", *but}
    )
    if SEED in but:
        told_apart["labels"] = {key: word for key, word in arm.labels.items() if key != SEED}
    return tuple((key, str(sorted(v.items()) if isinstance(v, dict) else v)) for key, v in told_apart.items())


def _arms(
    study: Study,
    task: str,
    tallies: Mapping[tuple[str, str], Tally],
    chances: Mapping[tuple[str, str], Chances],
) -> Arms:
    names = tuple(arm for arm in study.arms if (task, arm) in tallies or (task, arm) in chances)
    scored = (arm for arm in names if (task, arm) in tallies and tallies[task, arm].likelihoods is not None)
    return Arms(study, names, frozenset(scored))


def _related(study: Study, found: tuple[str, tuple[str, ...], str]) -> tuple[str, ...]:
    """The base of a case, all arms that start from it, and arms of the case that start from another."""
    base, others, _ = found
    return tuple(dict.fromkeys((base, *(arm for arm in study.arms if study.base_of(arm) == base), *others)))


def _case(
    study: Study,
    siblings: Siblings,
    found: tuple[str, tuple[str, ...], str],
    chances: Mapping[tuple[str, str], Chances],
) -> Case:
    (base, others, label), task = found, siblings.task
    chosen = {arm: siblings.tallies[arm] for arm in (base, *others) if arm in siblings.tallies}
    rows = chosen[base].problem_ids
    exact = {arm: np.array([some[row] for row in rows]) for (at, arm), some in chances.items() if at == task}
    return Case(study, task, base, others, label, chosen, siblings.mismatch(chosen), exact)
