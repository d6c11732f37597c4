"""Studies of results.json, key by key: what each holds, and what must agree with what.

Written down apart from the code that makes the results, so that a slip there shows as a mistake here.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from beyondbase.messages import quote
from beyondbase.results.schema.causes import Unfit, check_causes
from beyondbase.results.schema.likelihoods import Likelihood
from beyondbase.results.schema.pairs import ReadPair
from beyondbase.results.schema.record import Count, Positive, Record, Sha256, Share, check_once
from beyondbase.results.schema.samples import ExampleRecord, SampleSetRecord
from beyondbase.results.schema.verdicts import VerdictRecord
from beyondbase.study.arms import Role


class Input(Record):
    """A file that the results follow from."""

    file: str
    sha256: Sha256


class ArmRecord(Record):
    """A model at one sampling setting."""

    id: str
    role: Role
    model: str
    revision: str
    base: str | None
    repeats: str | None
    entropy_matched: bool
    paired: bool
    algorithm: str | None
    step: Count | None
    kl: float | None
    rollouts: Positive | None
    temperature: float | None
    top_p: float | None
    max_tokens: Positive | None
    prompt: str | None
    adapter: str | None
    chance: str | None
    note: str
    labels: dict[str, str]


class TaskRecord(Record):
    """A set of problems."""

    id: str
    benchmark: str
    dataset: str
    revision: str
    note: str


class GridRecord(Record):
    """Where the study looked."""

    k: list[Positive] | None
    k_large: Positive | None
    k_large_min: Positive
    tau: list[Share]


class NotApplicable(Record):
    """A claim without a case."""

    claim: str
    finding: str
    needs: str


class StudyRecord(Record):
    """One study, judged."""

    id: str
    title: str
    source: str
    alpha: Annotated[float, Field(gt=0, lt=0.5)]
    confidence: Share
    seed: Annotated[int, Field(ge=0)]
    draws: Positive
    family_size: Count
    margins: dict[str, float]
    grid: GridRecord
    inputs: list[Input]
    arms: list[ArmRecord]
    tasks: list[TaskRecord]
    verdicts: list[VerdictRecord]
    not_applicable: list[NotApplicable]
    unfit: list[Unfit]
    pairs: list[ReadPair]
    likelihoods: list[Likelihood]
    samples: list[SampleSetRecord]
    examples: list[ExampleRecord]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = {
            "arm": [arm.id for arm in self.arms],
            "task": [task.id for task in self.tasks],
            "verdict": [verdict.id for verdict in self.verdicts],
            "pair": [pair.id for pair in self.pairs],
        }
        for what, names in ids.items():
            check_once(f"{what} id", names)
        _check_known("arm", ids["arm"], self._arms_named())
        _check_known("task", ids["task"], self._tasks_named())
        for what, items in (("verdict", self.verdicts), ("pair", self.pairs)):
            check_causes(what, items, {cause.reason: getattr(cause, f"{what}s") for cause in self.unfit})
        return self

    def _arms_named(self) -> Iterator[str]:
        for verdict in self.verdicts:
            yield from (verdict.label, *verdict.arms)
        for pair in self.pairs:
            yield from (pair.base, pair.other, *(floor.arm for floor in pair.floors or ()))
        yield from (example.arm for example in self.examples)
        yield from (item.arm for item in self.samples)
        for item in self.likelihoods:
            yield from (item.arm, item.base)

    def _tasks_named(self) -> Iterator[str]:
        yield from (verdict.task for verdict in self.verdicts)
        yield from (pair.task for pair in self.pairs)
        yield from (example.task for example in self.examples)
        yield from (item.task for item in self.samples)
        yield from (item.task for item in self.likelihoods)


class SuiteRecord(Record):
    """What wrote the results."""

    name: str
    version: str


class Results(Record):
    """The whole of results.json."""

    schema_version: Literal[5]
    suite: SuiteRecord
    versions: dict[str, str]
    studies: list[StudyRecord]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        check_once("study id", [study.id for study in self.studies])
        return self


def _check_known(what: str, known: Iterable[str], named: Iterable[str]) -> None:
    unknown = sorted(set(named) - set(known))
    if unknown:
        raise ValueError(f"the {what} {quote(unknown[0])}, which is not among the {what}s of the study")
