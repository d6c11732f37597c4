"""What an OpenAI-compatible server is sent, and how what it answers is read."""

from collections.abc import Mapping, Sequence
from typing import Any

from beyondbase.completions import Completion, Finish
from beyondbase.engines.engine import Request, Sampling, total
from beyondbase.engines.stopping import as_substrings, cut_at_line
from beyondbase.tasks.prompts import Chat

_FINISHES: Mapping[str, Finish] = {"stop": "stop", "length": "length", "content_filter": "error"}


class GarbledError(ValueError):
    """A reply that is none: not JSON, or without what a completion has."""


def route(request: Request) -> str:
    """Name the address below the server's root that takes this prompt."""
    return "chat/completions" if isinstance(request.prompt, Chat) else "completions"


def body(request: Request, sampling: Sampling, *, family: str) -> dict[str, Any]:
    """Write a request as JSON.

    Args:
        request: What is wanted.
        sampling: How it is drawn.
        family: Who wrote the server, as its list of models says: "vllm", "sglang" or other. These two fill
            in what a request leaves out from the model's own settings, a penalty on repetition among them.
    """
    fields: dict[str, Any] = {
        "max_tokens": sampling.max_tokens,
        "n": 1,
        "seed": request.seed,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
    }
    if family in ("vllm", "sglang"):
        fields |= {"top_k": sampling.top_k or -1, "min_p": 0.0, "repetition_penalty": 1.0}
    elif sampling.top_k:
        fields["top_k"] = sampling.top_k
    if sampling.keep_tokens and family == "vllm":
        fields["return_token_ids"] = True
    if sampling.stop_lines:
        fields["stop"] = as_substrings(sampling.stop_lines)
    if sampling.stop_token_ids:
        fields["stop_token_ids"] = list(sampling.stop_token_ids)
    return fields | _prompt(request, logprobs=sampling.logprobs)


def _prompt(request: Request, *, logprobs: bool) -> dict[str, Any]:
    prompt = request.prompt
    if isinstance(prompt, Chat):
        messages = [{"role": role, "content": content} for role, content in prompt.messages]
        return {"messages": messages} | ({"logprobs": True} if logprobs else {})
    text = list(prompt) if isinstance(prompt, tuple) else prompt
    return {"prompt": text} | ({"logprobs": 0} if logprobs else {})


def read_completion(reply: Any, request: Request, sampling: Sampling) -> Completion:
    """Read the reply to a request.

    Raises:
        GarbledError: It holds no completion, or one that the server broke off.
    """
    choice = first_choice(reply)
    is_chat = isinstance(request.prompt, Chat)
    holder = _get(choice, "message", dict) if is_chat else choice
    text = holder.get("content" if is_chat else "text")
    # A chat that ends while the model still thinks has no content.
    text = "" if text is None and is_chat else text
    if not isinstance(text, str):
        raise GarbledError(f"found the text {text!r}")
    finish = _FINISHES.get(_get(choice, "finish_reason", str))
    if finish is None:
        raise GarbledError(f"found the finish reason {choice['finish_reason']!r}")
    text, at_line = cut_at_line(text, sampling.stop_lines, ended=finish == "stop")
    logprobs = read_logprobs(choice) if sampling.logprobs else None
    ids = choice.get("token_ids") if sampling.keep_tokens else None
    return Completion(
        problem_id=request.problem_id,
        index=request.index,
        seed=request.seed,
        text=text,
        tokens=_count(reply, logprobs),
        finish="stop" if at_line else finish,
        logprob=total(logprobs),
        token_ids=tuple(ids) if isinstance(ids, list) else None,
        token_logprobs=logprobs if sampling.keep_tokens else None,
    )


def first_choice(reply: Any) -> Mapping[str, Any]:
    """Take the one choice of a reply.

    Raises:
        GarbledError: There is none.
    """
    choice: Mapping[str, Any] = _get(_get(reply, "choices", list), 0, dict)
    return choice


def read_logprobs(choice: Mapping[str, Any]) -> tuple[float, ...] | None:
    """Read the log-probability of each token, where the server gives them; None counts as 0 at the first.

    Raises:
        GarbledError: They are no numbers.
    """
    logprobs = choice.get("logprobs")
    if not isinstance(logprobs, dict):
        return None
    if isinstance(content := logprobs.get("content"), list):
        values: Sequence[Any] = [_get(token, "logprob", int | float) for token in content]
    else:
        values = _get(logprobs, "token_logprobs", list)
    # With an echoed prompt nothing comes before its first token.
    values = [0.0, *values[1:]] if values and values[0] is None else values
    if not all(isinstance(value, int | float) for value in values):
        raise GarbledError("found a log-probability that is no number")
    return tuple(map(float, values))


def words(status: int, text: str, reply: Any) -> str:
    """Say in the server's own words what it refused."""
    found = reply
    for key in ("error", "message", "detail"):
        if isinstance(found, dict) and key in found:
            found = found[key]
    said = found if isinstance(found, str) else text
    return f"{status}: {' '.join(said.split())[:300]}"


def _count(reply: Mapping[str, Any], logprobs: Sequence[float] | None) -> int:
    usage = reply.get("usage")
    count = usage.get("completion_tokens") if isinstance(usage, dict) else None
    if isinstance(count, int):
        return count
    if logprobs is None:
        raise GarbledError("found no count of tokens")
    return len(logprobs)


def _get(holder: Any, key: str | int, kind: Any) -> Any:
    try:
        value = holder[key]
    except (KeyError, IndexError, TypeError):
        raise GarbledError(f"found no {key!r}") from None
    if not isinstance(value, kind):
        raise GarbledError(f"found {value!r} for {key!r}")
    return value
