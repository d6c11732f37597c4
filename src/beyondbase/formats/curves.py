"""What results.json holds of each arm on each task: counts per problem, and pass@k with its band."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from beyondbase.errors import InputError
from beyondbase.messages import quote
from beyondbase.results.schema.pairs import ValidPair
from beyondbase.results.schema.record import BandRecord
from beyondbase.results.schema.studies import ArmRecord, Results, StudyRecord, TaskRecord


@dataclass(frozen=True)
class Point:
    """pass@k of an arm.

    Attributes:
        k: How many samples are drawn.
        estimate: The mean over problems, a share.
        lower: The lower limit of the band over all k.
        upper: The upper one.
    """

    k: int
    estimate: float
    lower: float
    upper: float


@dataclass(frozen=True)
class ArmCurve:
    """An arm on a task.

    Attributes:
        study: The study, as results.json has it.
        counts: Right completions and all of them, by problem.
        points: pass@k for the k that tables show.
        suite_version: The version of beyondbase that wrote the results.
    """

    study: StudyRecord
    task: TaskRecord
    arm: ArmRecord
    counts: Mapping[str, tuple[int, int]]
    points: tuple[Point, ...]
    suite_version: str

    @property
    def model(self) -> str:
        """The model of the arm: as the study names it, or else the arm's name."""
        return str(self.arm.model or self.arm.id)

    @property
    def sizes(self) -> str:
        """How many completions a problem has: one number, or the least and the most."""
        least, most = min(n for _, n in self.counts.values()), max(n for _, n in self.counts.values())
        return str(most) if least == most else f"{least} to {most}"


def arm_curves(results: Results, name: str) -> list[ArmCurve]:
    """Collect every arm on every task from the pairs that are valid.

    An arm of several pairs has the points of the pair with the most k.

    Args:
        results: What was judged.
        name: The file, for messages.

    Raises:
        InputError: No pair is valid, or two pairs differ in the counts of an arm.
    """
    found: dict[tuple[str, str, str], ArmCurve] = {}
    for curve in _all(results):
        key = (curve.study.id, curve.task.id, curve.arm.id)
        known = found.setdefault(key, curve)
        if known.counts != curve.counts:
            what = f"study {quote(key[0])}, task {quote(key[1])}, arm {quote(key[2])}"
            raise InputError(f"{name}: {what}: found other counts in another pair; judge the study anew")
        if len(curve.points) > len(known.points):
            found[key] = curve
    if not found:
        raise InputError(f"{name}: found no valid pair, so that there is nothing to export; see its reasons")
    return list(found.values())


def _all(results: Results) -> Iterator[ArmCurve]:
    for study in results.studies:
        arms = {arm.id: arm for arm in study.arms}
        tasks = {task.id: task for task in study.tasks}
        for pair in study.pairs:
            if not isinstance(pair, ValidPair):
                continue
            table, curve = pair.by_problem, pair.curve
            sides = (
                (pair.base, table.base_c, table.base_n, curve.base),
                (pair.other, table.other_c, table.other_n, curve.other),
            )
            for arm, c, n, band in sides:
                counts = dict(zip(table.id, zip(c, n, strict=True), strict=True))
                points = _points(curve.k, band, pair.table_k)
                yield ArmCurve(study, tasks[pair.task], arms[arm], counts, points, results.suite.version)


def _points(ks: list[int], band: BandRecord, shown: list[int]) -> tuple[Point, ...]:
    cells = zip(ks, band.estimate, band.lower, band.upper, strict=True)
    return tuple(Point(*cell) for cell in cells if cell[0] in shown)
