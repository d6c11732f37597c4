"""Settings of the engines, as a study file writes them, and what is to be known of an engine before it runs.

Nothing here needs an engine's libraries: a study is read, and judged, without them. An engine is a class of
settings here, the module that its `implementation` names, and a line in `beyondbase.registry`.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SerializeAsAny
from pydantic_core import PydanticKnownError

from beyondbase.errors import InputError
from beyondbase.messages import quote
from beyondbase.registry import ENGINES

# Marks settings that change how fast completions come, or from where, and not what they are: they are no part
# of what a sample set is named by. One that is not marked cannot be changed once sampling has begun.
NO_MATTER = "no matter"


class Split(NamedTuple):
    """How processes share the work of an engine.

    Attributes:
        processes: How many.
        gpus: GPUs that each of them takes, where there are any.
        settings: The settings of each.
    """

    processes: int
    gpus: int
    settings: "EngineSettings"


class EngineSettings(BaseModel):
    """What the settings of every engine say; each engine has a class of its own.

    Attributes:
        implementation: "module:class" of the engine, which is called with a model and these settings, and by
            keyword with what else it takes: `revision`, `adapter`.
        loads_weights: Whether it loads a model of the Hub, or of a folder, in a revision of it.
        takes_adapter: Whether it takes a LoRA adapter, the key `adapter` of an arm.
        takes_url: Whether an arm may have a `url` in the place of that of the settings.
        scores_at_temperature: Whether it scores tokens at other temperatures than 1.
        model_keys: Settings that name a folder beside the study, or a name of the Hub.
        engine: The name of the engine.
    """

    # Strict, because TOML has types: "64" in quotes is a slip, not a number.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    implementation: ClassVar[str]
    loads_weights: ClassVar[bool] = True
    takes_adapter: ClassVar[bool] = False
    takes_url: ClassVar[bool] = False
    scores_at_temperature: ClassVar[bool] = False
    model_keys: ClassVar[tuple[str, ...]] = ()
    engine: str

    @property
    def gpus(self) -> int | None:
        """GPUs that the engine takes; None where the settings do not say."""
        return None

    def matters(self) -> dict[str, Any]:
        """Give the settings that change what is sampled, as JSON."""
        fields = type(self).model_fields
        idle = {name for name, field in fields.items() if NO_MATTER in field.metadata}
        return self.model_dump(mode="json", exclude=idle)

    def called(self, model: str) -> str:
        """Name a model as the engine knows it."""
        return model

    def split(self, cores: int) -> Split:  # noqa: ARG002 - some share the cores
        """Say how processes share the work, on a machine with some cores.

        Raises:
            InputError: The settings leave nothing to share.
        """
        return Split(1, 0, self)

    @classmethod
    def hides_prompts(cls, matters: Mapping[str, Any]) -> bool:  # noqa: ARG003 - some do
        """Tell whether the engine alone knows what words a model reads of a chat, by what `matters` gave."""
        return False


class TransformersSettings(EngineSettings):
    """transformers: small models on a CPU, or any model on one GPU."""

    implementation = "beyondbase.engines.transformers_engine:TransformersEngine"
    scores_at_temperature = True
    engine: Literal["transformers"] = "transformers"
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = Field(
        "auto", description="float32 on a CPU, else as the weights are stored, if auto"
    )
    device: str = Field("auto", description='such as "cpu" or "cuda:0"; a GPU where there is one, if auto')
    batch_size: Annotated[int, NO_MATTER] = Field(64, ge=1, description="completions that are drawn at once")
    processes: Annotated[int, NO_MATTER] = Field(
        1, ge=1, description="processes that share the work, each on a GPU of its own"
    )
    threads: Annotated[int | None, NO_MATTER] = Field(
        None, ge=1, description="threads of the CPU; 1 is fastest for tiny models"
    )
    trust_remote_code: bool = Field(default=False, description="run code that comes with the model")

    def split(self, cores: int) -> Split:
        """Let each process have a GPU, or its part of the cores: otherwise each would take all of them."""
        if self.processes == 1:
            return Split(1, int(self.device != "cpu"), self)
        if self.device not in {"auto", "cuda", "cpu"}:
            found = f"found {quote(self.device)} with processes = {self.processes}"
            raise InputError(f'[engine] device: {found}; use "auto", for each of them takes a GPU of its own')
        threads = self.threads or max(cores // self.processes, 1)
        return Split(self.processes, int(self.device != "cpu"), self.model_copy(update={"threads": threads}))


class VllmSettings(EngineSettings):
    """vLLM in this process: GPUs, or its CPU build."""

    implementation = "beyondbase.engines.vllm_engine:VllmEngine"
    takes_adapter = True
    engine: Literal["vllm"] = "vllm"
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = Field(
        "auto", description="float32 on a CPU, else as the weights are stored, if auto"
    )
    tensor_parallel: int = Field(1, ge=1, description="GPUs that share one model")
    processes: Annotated[int, NO_MATTER] = Field(
        1, ge=1, description="models beside each other, each on GPUs of its own"
    )
    max_model_len: int | None = Field(None, ge=1, description="tokens of prompt and completion together")
    gpu_memory: Annotated[float, NO_MATTER] = Field(0.9, gt=0, le=1, description="share of a GPU's memory")
    cpu_memory: Annotated[int, NO_MATTER] = Field(4, ge=1, description="GiB of keys and values on a CPU")
    in_flight: Annotated[int, NO_MATTER] = Field(
        2048, ge=1, description="completions that the scheduler knows at once"
    )
    trust_remote_code: bool = Field(default=False, description="run code that comes with the model")
    options: dict[str, Any] = Field(
        default_factory=dict, description="further arguments of vllm.LLM, such as quantization"
    )

    @property
    def gpus(self) -> int:
        """GPUs of all processes."""
        return self.tensor_parallel * self.processes

    def split(self, cores: int) -> Split:  # noqa: ARG002 - vLLM shares them itself
        """Let each process have the GPUs of one model."""
        return Split(self.processes, self.tensor_parallel, self)


class OpenaiSettings(EngineSettings):
    """An OpenAI-compatible server: `vllm serve`, SGLang, or a provider."""

    implementation = "beyondbase.engines.openai_engine:OpenaiEngine"
    loads_weights = False
    takes_url = True
    model_keys = ("tokenizer",)
    engine: Literal["openai"] = "openai"
    url: Annotated[str, NO_MATTER] = Field(
        description="the key url, where the server is, such as http://localhost:8000/v1"
    )
    served_as: str | None = Field(None, description="the server's name of the model; the arm's if absent")
    api_key_env: Annotated[str, NO_MATTER] = Field(
        "OPENAI_API_KEY", description="the environment variable that holds the key"
    )
    concurrency: Annotated[int, NO_MATTER] = Field(
        64, ge=1, description="requests that are under way at once"
    )
    attempts: Annotated[int, NO_MATTER] = Field(
        6, ge=1, description="how often a request is tried before it counts as failed"
    )
    timeout: Annotated[float, NO_MATTER] = Field(
        1800.0, gt=0, description="seconds until a request, as a whole, counts as failed"
    )
    wait: Annotated[float, NO_MATTER] = Field(
        1.0, ge=0, description="seconds before the second attempt; doubled each time"
    )
    tokenizer: str | None = Field(
        None, description="the model's tokenizer; with it prompts go as token ids, and tokens can be scored"
    )
    tokenizer_revision: str | None = None
    extra_body: dict[str, Any] = Field(default_factory=dict, description="further fields of every request")

    def called(self, model: str) -> str:
        """Name a model as the server does."""
        return self.served_as or model

    @classmethod
    def hides_prompts(cls, matters: Mapping[str, Any]) -> bool:
        """A server puts a chat template around messages, unless it gets tokens."""
        return not matters.get("tokenizer")


def engine_kind(name: str) -> type[EngineSettings]:
    """Find the settings of an engine.

    Raises:
        KeyError: There is no such engine.
        InputError: What another package has registered under the name is none.
    """
    kind = ENGINES[name]
    if not (isinstance(kind, type) and issubclass(kind, EngineSettings)):
        raise ENGINES.refusal(name, "is no class of beyondbase.engines.EngineSettings")
    if kind.model_fields["engine"].default != name:
        raise ENGINES.refusal(name, f"has another name: its key engine must be {quote(name)} if absent")
    return kind


def engines_that(able: Callable[[type[EngineSettings]], bool]) -> str:
    """Write, as in a study file, which of our engines can do something."""
    names = [quote(name) for name in ENGINES.ours if able(engine_kind(name))]
    return f"engine = {' or '.join(names)}"


def read_engine(table: Any) -> Any:
    """Read a table [engine]; what is no table is left to pydantic.

    Raises:
        ValueError: It names no engine.
        ValidationError: It is not as the engine's settings should be.
    """
    if not isinstance(table, Mapping):
        return table
    if "engine" not in table:
        *names, last = map(quote, ENGINES)
        raise ValueError(f"add engine = {', '.join(names)} or {last}")
    name = table["engine"]
    if not isinstance(name, str) or name not in ENGINES:
        names = [f"'{name}'" for name in ENGINES]
        known = {"discriminator": "'engine'", "tag": str(name), "expected_tags": ", ".join(names)}
        raise PydanticKnownError("union_tag_invalid", known)
    return engine_kind(name).model_validate(table)


AnyEngine = Annotated[SerializeAsAny[EngineSettings], BeforeValidator(read_engine)]
"""The settings of whatever engine a table [engine] names."""


def engine_model(table: Any) -> type[EngineSettings]:
    """Find the model of a table [engine] that could not be read, to name its keys."""
    name = table.get("engine") if isinstance(table, Mapping) else None
    return engine_kind(name) if isinstance(name, str) and name in ENGINES else EngineSettings
