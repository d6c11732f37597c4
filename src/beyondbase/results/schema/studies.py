"""Studies and verdicts of results.json, key by key: what each holds, and what must agree with what.

Written down apart from the code that makes the results, so that a slip there shows as a mistake here.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from beyondbase.messages import quote
from beyondbase.results.schema.causes import Unfit, check_causes
from beyondbase.results.schema.likelihoods import Likelihood
from beyondbase.results.schema.pairs import Count, Interval, Object, Pair, Positive, Share, check_once
from beyondbase.results.schema.samples import Example, SampleSet, Sha256
from beyondbase.results.schema.tipping import Tipping
from beyondbase.study.arms import Role
from beyondbase.study.kinds import ExpectedVerdict, FamilyOf, Kind

Outcome = Literal["SUPPORTED", "REFUTED", "INCONCLUSIVE", "INVALID"]


def day_of(text: str) -> str:
    """Insist that a text of the right form begins with a day that exists, such as no 31st of February."""
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        raise ValueError(f"{text!r}, which is no day of the calendar") from None
    return text


DEEPEST = 100
Day = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$"), AfterValidator(day_of)]


class Effect(Interval):
    """A number with its interval.

    With the unit "k" it is a number of samples. One below 1 is less than one sample: no sample solves nothing
    (pass@0 = 0), and from there to pass@1 the line is straight. `most` is the greatest that was looked at:
    an estimate null lies beyond it, or nowhere. It is null where that is not known, and with other units.
    """

    name: str
    level: float
    unit: str
    most: Positive | None

    @model_validator(mode="after")
    def _in_range(self) -> Self:
        if self.most is None:
            return self
        if self.unit != "k":
            raise ValueError(f"most = {self.most} with the unit {quote(self.unit)}, which counts no samples")
        if max(self.estimate or 0, self.upper or 0) > self.most:
            raise ValueError(f"estimate {self.estimate} and upper {self.upper} beyond most = {self.most}")
        return self


class Part(Object):
    """A statement that a verdict is made of."""

    statement: str
    outcome: Outcome
    effect: Effect | None
    p_support: float | None
    p_refute: float | None
    parts: list["Part"]

    @property
    def depth(self) -> int:
        """How many statements stand one within another, this one included."""
        return 1 + max((part.depth for part in self.parts), default=0)


class Reported(Object):
    """A number of the literature: of these very models, or of others as context."""

    text: str
    source: str
    context: bool


class Waiver(Object):
    """Who lets a verdict pass that is not as expected, why, and until when."""

    reason: str
    owner: str
    until: Day


class Sensitivity(Object):
    """What the outcome would be at half and at double of a margin; double is null where it is 1 or more."""

    margin: str
    value: float
    half: Outcome
    double: Outcome | None


class Verdict(Object):
    """A claim on a case, decided."""

    id: str
    claim: str
    case: str
    task: str
    label: str
    arms: list[str]
    statement: str
    finding: str
    paper: str
    hypothesis: str
    kind: Kind
    excludes: list[str]
    outcome: Outcome
    expected: ExpectedVerdict
    expected_reason: str
    as_expected: bool
    waiver: Waiver | None
    effect: Effect | None
    p_support: Share
    p_refute: Share
    p_adjusted: Share
    family_size: Positive
    alpha_share: Share
    parts: list[Part]
    invalid: list[str]
    remedy: str | None
    sensitivity: list[Sensitivity]
    tipping: Tipping | None
    details: list[Effect]
    reported: list[Reported]

    @model_validator(mode="after")
    def _shallow(self) -> Self:
        depth = max((part.depth for part in self.parts), default=0)
        if depth > DEEPEST:
            raise ValueError(f"{depth} parts one within another; the page shows up to {DEEPEST}")
        return self


class Input(Object):
    """A file that the results follow from."""

    file: str
    sha256: Sha256


class Arm(Object):
    """A model at one sampling setting."""

    id: str
    role: Role
    model: str
    revision: str
    base: str | None
    repeats: str | None
    entropy_matched: bool
    paired: bool
    secondary: bool
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


class Task(Object):
    """A set of problems."""

    id: str
    benchmark: str
    dataset: str
    revision: str
    note: str


class Grid(Object):
    """Where the study looked."""

    k: list[Positive] | None
    k_large: Positive | None
    k_large_min: Positive
    k_superior: Positive | None
    tau: list[Share]


class NotApplicable(Object):
    """A claim without a case."""

    claim: str
    finding: str
    needs: str


class Study(Object):
    """One study, judged."""

    id: str
    title: str
    source: str
    alpha: Annotated[float, Field(gt=0, lt=0.5)]
    confidence: Share
    seed: Annotated[int, Field(ge=0)]
    draws: Positive
    family_over: FamilyOf
    margins: dict[str, float]
    grid: Grid
    inputs: list[Input]
    arms: list[Arm]
    tasks: list[Task]
    verdicts: list[Verdict]
    not_applicable: list[NotApplicable]
    unfit: list[Unfit]
    pairs: list[Pair]
    likelihoods: list[Likelihood]
    samples: list[SampleSet]
    examples: list[Example]

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


class Suite(Object):
    """What wrote the results."""

    name: str
    version: str


class Results(Object):
    """The whole of results.json."""

    schema_version: Literal[6]
    suite: Suite
    versions: dict[str, str]
    studies: list[Study]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        check_once("study id", [study.id for study in self.studies])
        return self


def _check_known(what: str, known: Iterable[str], named: Iterable[str]) -> None:
    unknown = sorted(set(named) - set(known))
    if unknown:
        raise ValueError(f"the {what} {quote(unknown[0])}, which is not among the {what}s of the study")
