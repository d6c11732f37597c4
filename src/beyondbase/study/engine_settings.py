"""Settings of the engines, as a study file writes them."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Settings(BaseModel):
    # Strict, because TOML has types: "64" in quotes is a slip, not a number.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class TransformersSettings(_Settings):
    """transformers: small models on a CPU, or any model on one GPU."""

    engine: Literal["transformers"] = "transformers"
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = Field(
        "auto", description="float32 on a CPU, else as the weights are stored, if auto"
    )
    device: str = Field("auto", description='such as "cpu" or "cuda:0"; a GPU where there is one, if auto')
    batch_size: int = Field(64, ge=1, description="completions that are drawn at once")
    processes: int = Field(1, ge=1, description="processes that share the work, each on a GPU of its own")
    threads: int | None = Field(None, ge=1, description="threads of the CPU; 1 is fastest for tiny models")
    trust_remote_code: bool = Field(default=False, description="run code that comes with the model")


class VllmSettings(_Settings):
    """vLLM in this process: GPUs, or its CPU build."""

    engine: Literal["vllm"] = "vllm"
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = Field(
        "auto", description="float32 on a CPU, else as the weights are stored, if auto"
    )
    tensor_parallel: int = Field(1, ge=1, description="GPUs that share one model")
    processes: int = Field(1, ge=1, description="models beside each other, each on GPUs of its own")
    max_model_len: int | None = Field(None, ge=1, description="tokens of prompt and completion together")
    gpu_memory: float = Field(0.9, gt=0, le=1, description="share of a GPU's memory")
    cpu_memory: int = Field(4, ge=1, description="GiB of keys and values on a CPU")
    in_flight: int = Field(2048, ge=1, description="completions that the scheduler knows at once")
    trust_remote_code: bool = Field(default=False, description="run code that comes with the model")
    options: dict[str, Any] = Field(
        default_factory=dict, description="further arguments of vllm.LLM, such as quantization"
    )


class OpenaiSettings(_Settings):
    """An OpenAI-compatible server: `vllm serve`, SGLang, or a provider."""

    engine: Literal["openai"] = "openai"
    url: str = Field(description="the key url, where the server is, such as http://localhost:8000/v1")
    served_as: str | None = Field(None, description="the server's name of the model; the arm's if absent")
    api_key_env: str = Field("OPENAI_API_KEY", description="the environment variable that holds the key")
    concurrency: int = Field(64, ge=1, description="requests that are under way at once")
    attempts: int = Field(6, ge=1, description="how often a request is tried before it counts as failed")
    timeout: float = Field(1800.0, gt=0, description="seconds until a request, as a whole, counts as failed")
    wait: float = Field(1.0, ge=0, description="seconds before the second attempt; doubled each time")
    tokenizer: str | None = Field(
        None, description="the model's tokenizer; with it prompts go as token ids, and tokens can be scored"
    )
    tokenizer_revision: str | None = None
    extra_body: dict[str, Any] = Field(default_factory=dict, description="further fields of every request")


EngineSettings = Annotated[
    TransformersSettings | VllmSettings | OpenaiSettings, Field(discriminator="engine")
]

SETTINGS: Mapping[str, type[BaseModel]] = {
    "transformers": TransformersSettings,
    "vllm": VllmSettings,
    "openai": OpenaiSettings,
}
