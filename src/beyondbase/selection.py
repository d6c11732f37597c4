"""Which cases of a study a claim is judged on: pairs, algorithms, training runs, contrasts."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass

from beyondbase.cases import Case, mismatch_of
from beyondbase.study import Arm, Study
from beyondbase.tallies import Tally


@dataclass(frozen=True)
class Selection:
    """A way to find cases, and in words what it needs of a study."""

    needs: str
    find: Callable[["Arms"], Iterable[tuple[str, tuple[str, ...], str]]]

    def cases(self, study: Study, tallies: Mapping[tuple[str, str], Tally]) -> list[Case]:
        """All cases of a study, in the order of its tasks and arms."""
        return [
            _case(study, task, found, tallies)
            for task in study.tasks
            for found in self.find(Arms(study, tuple(arm for arm in study.arms if (task, arm) in tallies)))
        ]


@dataclass(frozen=True)
class Arms:
    """The arms of a study that have tallies for one task."""

    study: Study
    names: tuple[str, ...]

    def of_role(self, role: str) -> list[str]:
        """Arms of a role whose base arm is at hand too."""
        return [
            name
            for name in self.names
            if self.study.arms[name].role == role and self.study.base_of(name) in self.names
        ]

    def alike(self, role: str, *, but: set[str]) -> dict[Hashable, list[str]]:
        """Arms of a role grouped by all settings except `but`."""
        groups: dict[Hashable, list[str]] = defaultdict(list)
        for name in self.of_role(role):
            groups[self.study.base_of(name), _settings(self.study.arms[name], but)].append(name)
        return groups


def pairs(role: str) -> Selection:
    """Every arm of a role beside the base it starts from."""

    def find(arms: Arms) -> Iterable[tuple[str, tuple[str, ...], str]]:
        for name in arms.of_role(role):
            yield arms.study.base_of(name), (name,), name

    return Selection(f"a base arm and an arm with role {role} on one task", find)


def algorithms() -> Selection:
    """RL arms on one base that differ in the algorithm only."""

    def find(arms: Arms) -> Iterable[tuple[str, tuple[str, ...], str]]:
        for group in arms.alike("rl", but={"algorithm"}).values():
            named = tuple(name for name in group if arms.study.arms[name].algorithm)
            if len({arms.study.arms[name].algorithm for name in named}) > 1:
                yield arms.study.base_of(named[0]), named, named[0]

    return Selection("two or more RL arms that differ in the algorithm only", find)


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
    told_apart = arm.model_dump(exclude={"model", "revision", "adapter", "url", "note", "base", *but})
    return tuple((key, str(sorted(v.items()) if isinstance(v, dict) else v)) for key, v in told_apart.items())


def _case(
    study: Study, task: str, found: tuple[str, tuple[str, ...], str], tallies: Mapping[tuple[str, str], Tally]
) -> Case:
    base, others, label = found
    chosen = {arm: tallies[task, arm] for arm in (base, *others)}
    return Case(study, task, base, others, label, chosen, mismatch_of(chosen))
