"""The study file: arms, tasks, margins and expectations, as a user writes them in TOML."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, Field, PrivateAttr, ValidationError, model_validator

from beyondbase.errors import InputError
from beyondbase.files import AnyPath
from beyondbase.messages import explain, place, quote, read_toml, suggest
from beyondbase.study.arms import (
    ALL_TASKS,
    Arm,
    base_problems,
    bases_of,
    chance_problems,
    pair_problems,
    repeat_problems,
)
from beyondbase.study.engine_settings import AnyEngine, TransformersSettings, engine_model, engines_that
from beyondbase.study.fields import CLAIM, Claims, Day, Files, Name, Slug, Text
from beyondbase.study.kinds import ExpectedVerdict, FamilyOf, Pooled
from beyondbase.study.margins import Grid, Margins
from beyondbase.study.tables import HealthLimits, Problems, Sampling, Table

_KEY = re.compile(rf"{CLAIM}(?:\[(?P<task>[^/\[\]]+)/(?P<arm>[^/\[\]]+)\])?")


def _as_expectation(value: Any) -> Any:
    return {"verdict": value} if isinstance(value, str) else value


class EvidenceTable(Table):
    """Where the samples of the study lie."""

    tallies: Files | None = Field(
        None,
        description="a .csv, .tsv or .parquet file of counts, or a list of them, relative to the study file",
    )
    samples: Text | None = Field(
        None, description="the folder of sampled or imported completions, relative to the study file"
    )
    scores: Files | None = Field(
        None, description="a .parquet or .csv file of log-probabilities beside tallies, or a list of them"
    )
    examples: Files | None = Field(
        None, description="a .jsonl or .parquet file of completions to read, never counted, or a list of them"
    )


class Task(Table):
    """A set of problems with one grader."""

    benchmark: str | None = Field(None, description="the name that the literature uses; the key if absent")
    dataset: str = ""
    revision: str = ""
    note: str = ""


class FamilyTable(Table):
    """Over which verdicts alpha is the chance of any false one."""

    over: FamilyOf = Field(
        "claim", description="the verdicts of each claim, for every claim anew, or all of the study together"
    )


class Expectation(Table):
    """The verdict that the user wants of a claim."""

    verdict: ExpectedVerdict = Field(
        description='what the claim should come out as, or "ANY" where nothing is expected of it'
    )
    reason: str = ""


class Waiver(Table):
    """A dated exception: until its day, a verdict that is not as expected does not fail its test."""

    reason: Text = Field(description="why the verdict may stay as it is for now")
    owner: Text = Field(description="who sees to it")
    until: Day = Field(description="the last day on which it holds (UTC), such as 2027-01-31")


class Study(Table):
    """Arms, tasks, evidence, margins and expectations: the unit that a user writes."""

    id: Slug = Field(description="the study's name, safe in paths")
    title: Text = Field(description="one line that says what is compared")
    source: Text = Field(description="who made the samples, and where they are published")
    alpha: float = Field(0.05, gt=0, lt=0.5)
    seed: int = Field(0, ge=0)
    claims: Claims | None = Field(None, description="the claims that are judged; all that apply if absent")
    pooled: Pooled = Field(
        "problems",
        description="what counts alike where a pair is judged over all tasks: problems, tasks, or none",
    )
    evidence: EvidenceTable = Field(description="a table [evidence] with the key tallies")
    tasks: dict[Name, Task] = Field(min_length=1, description="a table [tasks.NAME] per task")
    arms: dict[Name, Arm] = Field(min_length=1, description="a table [arms.NAME] per arm")
    margins: Margins = Field(default_factory=Margins)
    grid: Grid = Field(default_factory=Grid)
    family: FamilyTable = Field(default_factory=FamilyTable)
    sampling: Sampling | None = Field(None, description="a table [sampling] with n and max_tokens")
    engine: AnyEngine = Field(default_factory=TransformersSettings)
    problems: dict[Name, Problems] = Field(default_factory=dict)
    health: HealthLimits = Field(default_factory=HealthLimits)
    expect: dict[str, Annotated[Expectation, BeforeValidator(_as_expectation)]] = Field(default_factory=dict)
    waive: dict[str, Waiver] = Field(default_factory=dict)
    _path: Path = PrivateAttr(default=Path("study.toml"))

    def model_post_init(self, context: Any, /) -> None:
        """Keep the path that the loader hands over; a key of the TOML could be forged or go stale."""
        if context:
            self._path = context["path"]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        problems = [
            *_evidence_problems(self),
            *base_problems(self.arms),
            *repeat_problems(self.arms),
            *pair_problems(self.arms),
            *chance_problems(self.arms, counted=self.evidence.tallies is not None),
            *_task_problems(self.tasks),
            *_sampling_problems(self),
            *_key_problems(self, "expect", self.expect),
            *_key_problems(self, "waive", self.waive),
        ]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def path(self) -> Path:
        """The file that the study was read from."""
        return self._path

    @property
    def tally_paths(self) -> tuple[Path, ...]:
        """The files of counts, found from the study file."""
        return tuple(self._path.parent / name for name in self.evidence.tallies or ())

    @property
    def samples(self) -> Path | None:
        """The folder of completions, found from the study file, where the study is judged on them."""
        return None if self.evidence.samples is None else self._path.parent / self.evidence.samples

    @property
    def score_paths(self) -> tuple[Path, ...]:
        """The files of log-probabilities, found from the study file."""
        return tuple(self._path.parent / name for name in self.evidence.scores or ())

    @property
    def example_paths(self) -> tuple[Path, ...]:
        """The files of completions to read, found from the study file."""
        return tuple(self._path.parent / name for name in self.evidence.examples or ())

    @property
    def chance_paths(self) -> dict[str, Path]:
        """The files of exact chances, found from the study file, by the arm that guesses so."""
        return {name: self._path.parent / arm.chance for name, arm in self.arms.items() if arm.chance}

    @property
    def k_large(self) -> int | None:
        """The "large k" of the claims; None means the largest that every problem allows."""
        return self.grid.k_large

    def base_of(self, arm_id: str) -> str:
        """Name the base arm that an arm is compared with; a base arm is its own, unless it repeats one."""
        arm = self.arms[arm_id]
        if arm.base is not None:
            return arm.base
        if arm.repeats is not None:
            return self.base_of(arm.repeats)
        return arm_id if arm.role == "base" else bases_of(self.arms)[0]


_SECTIONS: Mapping[str, type[BaseModel]] = {
    "evidence": EvidenceTable,
    "tasks": Task,
    "arms": Arm,
    "margins": Margins,
    "grid": Grid,
    "family": FamilyTable,
    "sampling": Sampling,
    "problems": Problems,
    "health": HealthLimits,
    "expect": Expectation,
    "waive": Waiver,
}


def load_study(path: AnyPath) -> Study:
    """Read a study.

    Args:
        path: The TOML file, or a folder that holds study.toml.

    Raises:
        InputError: The file cannot be read or holds mistakes; every mistake has a line of the message.
    """
    path = Path(path)
    file = path / "study.toml" if path.is_dir() else path
    table = read_toml(file)
    try:
        return Study.model_validate(table, context={"path": file})
    except ValidationError as error:
        problems = explain(error, Study, {**_SECTIONS, "engine": engine_model(table.get("engine"))})
    raise InputError("\n".join(f"{file}: {problem}" for problem in problems))


def _evidence_problems(study: Study) -> Iterator[str]:
    tallies, samples = study.evidence.tallies, study.evidence.samples
    fields = EvidenceTable.model_fields
    if tallies is None and samples is None:
        use = f"add {fields['tallies'].description}; or samples, {fields['samples'].description}"
        yield f"{place('evidence', 'tallies')}: missing; {use}"
    elif tallies is not None and samples is not None:
        yield f"{place('evidence', 'samples')}: found beside tallies; keep one of the two"
    if samples is not None and study.evidence.scores is not None:
        yield f"{place('evidence', 'scores')}: found beside samples, which bring their own; delete this key"
    if samples is not None and study.evidence.examples is not None:
        yield f"{place('evidence', 'examples')}: found beside samples, which bring their own; delete this key"


def _task_problems(tasks: Iterable[str]) -> Iterator[str]:
    if ALL_TASKS in tasks:
        found = f"found {quote(ALL_TASKS)}, which means all tasks of the study together"
        yield f"{place('tasks', ALL_TASKS)}: {found}; use another name"


def _sampling_problems(study: Study) -> Iterator[str]:
    for name in study.problems:
        if name not in study.tasks:
            use = f"use one of {', '.join(study.tasks)}{suggest(name, study.tasks)}"
            yield f"{place('problems', name)}: found no such task; {use}"
    for name, arm in study.arms.items():
        found = f"with [engine] engine = {quote(study.engine.engine)}"
        if arm.adapter is not None and not study.engine.takes_adapter:
            use = f"use {engines_that(lambda kind: kind.takes_adapter)}, or merge it into its model"
            yield f"{place('arms', name, 'adapter')}: found {quote(arm.adapter)} {found}; {use}"
        if arm.url is not None and not study.engine.takes_url:
            use = f"use {engines_that(lambda kind: kind.takes_url)}"
            yield f"{place('arms', name, 'url')}: found {quote(arm.url)} {found}; {use}"
    if study.sampling is not None:
        yield from _greedy_problems(study.arms, study.sampling)


def _greedy_problems(arms: Mapping[str, Arm], recipe: Sampling) -> Iterator[str]:
    draws = [(place("sampling", "temperature"), recipe.temperature, recipe.n)]
    for name, arm in arms.items():
        if arm.temperature is not None or arm.n is not None:
            temperature = recipe.temperature if arm.temperature is None else arm.temperature
            draws.append((place("arms", name, "temperature"), temperature, arm.n or recipe.n))
    for at, temperature, n in draws:
        if temperature == 0 and n > 1:
            yield f"{at}: found 0, which makes all {n} completions one; use more, or n = 1"


def _key_problems(study: Study, section: str, keys: Iterable[str]) -> Iterator[str]:
    tasks = [*study.tasks, *([ALL_TASKS] if study.pooled != "none" and len(study.tasks) > 1 else [])]
    for key in keys:
        at = place(section, key)
        match = _KEY.fullmatch(key)
        if not match:
            yield f"{at}: is no claim; use claim-id or claim-id[task/arm]"
            continue
        for kind, known in (("task", tasks), ("arm", study.arms)):
            name = match[kind]
            if name is not None and name not in known:
                use = f"use one of {', '.join(known)}{suggest(name, known)}"
                yield f"{at}: found the {kind} {quote(name)}; {use}"
