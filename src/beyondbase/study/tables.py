"""How a study's evidence is made: its tables [sampling], [problems.TASK] and [health]."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticKnownError

from beyondbase.registry import GRADERS, SECOND_ONLY
from beyondbase.study.fields import Text, as_tuple
from beyondbase.tasks.benchmarks import AnswerType

SOURCES = ("benchmark", "hub", "file", "gym")
Allowed = Annotated[float, Field(ge=0, le=1)]


def _lines(lines: tuple[str, ...]) -> tuple[str, ...]:
    if any(not line.strip() or "\n" in line for line in lines):
        raise ValueError("use whole lines that are not empty")
    return lines


def _grader(name: Any) -> Any:
    known = [grader for grader in GRADERS if grader not in SECOND_ONLY]
    if name in known:
        return name
    *first, last = map(repr, known)
    # As pydantic says it of a Literal, which cannot know what other packages add.
    raise PydanticKnownError("literal_error", {"expected": f"{', '.join(first)} or {last}"})


GraderName = Annotated[str, BeforeValidator(_grader)]


class Table(BaseModel):
    """A table of a study file."""

    # Strict, because TOML has types: "0.1" in quotes is a slip, not a number.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Sampling(Table):
    """How completions are drawn, unless an arm says otherwise."""

    n: int = Field(ge=1, lt=2**20, description="how many completions of each problem an arm gives")
    max_tokens: int = Field(ge=1, description="how many tokens a completion may have, its end included")
    temperature: float = Field(1.0, ge=0)
    top_p: float = Field(1.0, gt=0, le=1)
    top_k: int = Field(0, ge=0, description="only so many of the likeliest tokens; all if 0")
    seed: int = Field(0, ge=0, description="another seed draws other completions of the same arms")
    prompt: Text = Field("plain", description='a template such as "qwen-boxed", or a text with {question}')
    system: Text | None = Field(None, description="the system message of a chat prompt")
    stop_lines: Annotated[tuple[str, ...], BeforeValidator(as_tuple), AfterValidator(_lines)] = Field(
        (), description="whole lines that end a completion"
    )
    stop_token_ids: Annotated[tuple[int, ...], BeforeValidator(as_tuple)] = Field(
        (), description="tokens that end a completion, beside the model's own"
    )
    keep_tokens: int = Field(
        0, ge=0, description="of so many completions per problem the tokens and their log-probabilities stay"
    )
    batch: int = Field(512, ge=1, description="completions that are written at once; a kill loses no more")


class Problems(Table):
    """Where the problems of a task come from (benchmark, hub, file or gym), and how answers are graded."""

    benchmark: Text | None = Field(None, description='a benchmark that is declared here, such as "MATH500"')
    path: Text | None = Field(None, description="a local copy of the benchmark, .jsonl or .parquet")
    hub: Text | None = Field(None, description="a dataset of the Hub")
    config: Text | None = None
    split: Text = "test"
    revision: Text | None = None
    file: Text | None = Field(None, description="a .jsonl or .parquet file, relative to the study file")
    question: Text = Field("question", description="the column of what the prompt asks")
    answer: Text = Field("answer", description="the column of the right answer")
    id: Text | None = Field(None, description="the column of ids; rows are numbered if absent")
    level: Text | None = Field(None, description="the column of levels")
    cluster: Text | None = Field(None, description="the column of what problems are resampled with")
    answers: AnswerType = Field("expression", description="how answers compare")
    marker: Text | None = Field(None, description="what stands before the answer in its column")
    sets: Text | None = Field(None, description="the column that says of a row that its answer is a set")
    gym: Text | None = Field(None, description='a dataset of reasoning-gym, such as "chain_sum"')
    size: int = Field(50, ge=1, description="problems of the gym")
    seed: int = Field(0, ge=0, description="seed of the gym's problems")
    settings: dict[str, Any] = Field(default_factory=dict, description="further settings of the gym")
    grader: GraderName | None = Field(None, description="who grades; by the kind of answers if absent")
    grading: dict[str, Any] = Field(default_factory=dict, description="options of the grader")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        named = [name for name in SOURCES if getattr(self, name) is not None]
        if len(named) > 1:
            raise ValueError(f"name one source of problems; found {' and '.join(named)}")
        if self.path is not None and self.benchmark is None:
            raise ValueError("path is the local copy of a benchmark; use file for a file of your own")
        return self

    @property
    def source(self) -> str | None:
        """Which of the sources it names; None where the problems came with an import."""
        return next((name for name in SOURCES if getattr(self, name) is not None), None)

    def completed(self, known: Mapping[str, Any]) -> Self:
        """Take what is known of a task where the table is silent; who grades, and how, only as a whole."""
        graded = {"answers", "grader", "grading"}
        shut = self.model_fields_set | (graded if graded & self.model_fields_set else set())
        return self.model_copy(update={key: value for key, value in known.items() if key not in shut})

    @property
    def graded_by(self) -> str:
        """The grader: the one that is named, or the one that the kind of answers asks for."""
        if self.grader is not None:
            return self.grader
        if self.gym is not None:
            return "gym"
        return {"choice": "choice", "text": "exact"}.get(self.answers, "math")


class HealthLimits(Table):
    """What may be wrong with the completions of an arm, as shares, before claims about it are INVALID."""

    truncated: Allowed = Field(0.10, description="cut off by max_tokens before an answer was stated")
    unparsed: Allowed = Field(0.50, description="ended without an answer that the grader could find")
    undecided: Allowed = Field(
        0.01,
        description="with an answer that the grader cannot decide on, before it matters whether they are",
    )
    empty: Allowed = Field(0.05, description="without any text")
    errors: Allowed = Field(0.01, description="lost by machinery, and in no count")
    copies: Allowed = Field(0.0, description="repeating others beyond chance, as from seeds used twice")
    varied: Allowed = Field(0.05, description="the other way: problems with two different texts, at least")
    mixed: bool = Field(default=False, description="let arms be drawn otherwise than their base")
