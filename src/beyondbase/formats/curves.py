"""What results.json holds of each arm on each task: counts per problem, and pass@k with its band."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from beyondbase.errors import InputError
from beyondbase.messages import quote


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

    study: Mapping[str, Any]
    task: Mapping[str, Any]
    arm: Mapping[str, Any]
    counts: Mapping[str, tuple[int, int]]
    points: tuple[Point, ...]
    suite_version: str

    @property
    def model(self) -> str:
        """The model of the arm: as the study names it, or else the arm's name."""
        return str(self.arm["model"] or self.arm["id"])

    @property
    def sizes(self) -> str:
        """How many completions a problem has: one number, or the least and the most."""
        least, most = min(n for _, n in self.counts.values()), max(n for _, n in self.counts.values())
        return str(most) if least == most else f"{least} to {most}"


def arm_curves(results: Mapping[str, Any], name: str) -> list[ArmCurve]:
    """Collect every arm on every task from the pairs that are valid.

    An arm of several pairs has the points of the pair with the most k.

    Args:
        results: The content of results.json.
        name: The file, for messages.

    Raises:
        InputError: No pair is valid, or two pairs differ in the counts of an arm.
    """
    found: dict[tuple[str, str, str], ArmCurve] = {}
    for curve in _all(results):
        key = (curve.study["id"], curve.task["id"], curve.arm["id"])
        known = found.setdefault(key, curve)
        if known.counts != curve.counts:
            what = f"study {quote(key[0])}, task {quote(key[1])}, arm {quote(key[2])}"
            raise InputError(f"{name}: {what}: found other counts in another pair; judge the study anew")
        if len(curve.points) > len(known.points):
            found[key] = curve
    if not found:
        raise InputError(f"{name}: found no valid pair, so that there is nothing to export; see its reasons")
    return list(found.values())


def _all(results: Mapping[str, Any]) -> Iterator[ArmCurve]:
    for study in results["studies"]:
        arms = {arm["id"]: arm for arm in study["arms"]}
        tasks = {task["id"]: task for task in study["tasks"]}
        for pair in study["pairs"]:
            if pair["invalid"]:
                continue
            for side in ("base", "other"):
                counts, points = _counts(pair["by_problem"], side), _points(pair, side)
                task, arm = tasks[pair["task"]], arms[pair[side]]
                yield ArmCurve(study, task, arm, counts, points, results["suite"]["version"])


def _counts(table: Mapping[str, Any], side: str) -> dict[str, tuple[int, int]]:
    cells = zip(table["id"], table[f"{side}_c"], table[f"{side}_n"], strict=True)
    return {name: (c, n) for name, c, n in cells}


def _points(pair: Mapping[str, Any], side: str) -> tuple[Point, ...]:
    curve, shown = pair["curve"], set(pair["table_k"])
    band = curve[side]
    cells = zip(curve["k"], band["estimate"], band["lower"], band["upper"], strict=True)
    return tuple(Point(*cell) for cell in cells if cell[0] in shown)
