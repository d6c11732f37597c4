"""What an OpenAI-compatible server is sent, and how what it answers is read."""

from collections.abc import Mapping, Sequence
from typing import Any

from beyondbase.completions import Completion, Finish
from beyondbase.engines.answers import GarbledError, Oddities, is_logprob, shown
from beyondbase.engines.engine import Request, total
from beyondbase.engines.stopping import as_substrings, cut_at_line
from beyondbase.study.draw import Draw
from beyondbase.tasks.prompts import Chat

_FINISHES: Mapping[str, Finish] = {"stop": "stop", "length": "length", "content_filter": "error"}


def route(request: Request) -> str:
    """Name the address below the server's root that takes this prompt."""
    return "chat/completions" if isinstance(request.prompt, Chat) else "completions"


def body(request: Request, sampling: Draw, *, family: str) -> dict[str, Any]:
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


def read_completion(reply: Any, request: Request, sampling: Draw, odd: Oddities) -> Completion:
    """Read the reply to a request.

    Args:
        reply: What the server answered, as JSON.
        request: What was wanted.
        sampling: How it was drawn.
        odd: Takes what is missing or wrong beside text and finish; the completion does without it.

    Raises:
        GarbledError: It holds no completion, or one that the server broke off.
    """
    choice = first_choice(reply, odd)
    is_chat = isinstance(request.prompt, Chat)
    holder = _get(choice, "message", dict) if is_chat else choice
    text = holder.get("content" if is_chat else "text")
    # A chat that ends while the model still thinks has no content.
    text = "" if text is None and is_chat else text
    if not isinstance(text, str):
        raise GarbledError(f"found the text {shown(text)}")
    finish = _FINISHES.get(_get(choice, "finish_reason", str))
    if finish is None:
        raise GarbledError(f"found the finish reason {shown(choice['finish_reason'])}")
    text, at_line = cut_at_line(text, sampling.stop_lines, ended=finish == "stop")
    logprobs = odd.logprobs(_given_logprobs(choice)) if sampling.logprobs else None
    count = odd.count(reply.get("usage"), most=sampling.max_tokens)
    return Completion(
        problem_id=request.problem_id,
        index=request.index,
        seed=request.seed,
        text=text,
        tokens=len(logprobs) if count is None and logprobs else count,
        finish="stop" if at_line else finish,
        logprob=total(logprobs),
        token_ids=odd.ids(choice.get("token_ids")) if sampling.keep_tokens else None,
        token_logprobs=logprobs if sampling.keep_tokens else None,
    )


def first_choice(reply: Any, odd: Oddities) -> Mapping[str, Any]:
    """Take the one choice of a reply.

    Raises:
        GarbledError: There is none.
    """
    if isinstance(reply, dict) and "choices" not in reply and "error" in reply:
        raise GarbledError(f"found an error in place of an answer: {said_in(reply) or shown(reply)}")
    choices = _get(reply, "choices", list)
    odd.choices(len(choices))
    choice: Mapping[str, Any] = _get(choices, 0, dict)
    return choice


def read_echo(choice: Mapping[str, Any]) -> tuple[float, ...]:
    """Read the log-probability of each token of an echoed prompt; the first, which has none, counts as 0.

    Raises:
        GarbledError: They are not there, or no log-probabilities.
    """
    values = _given_logprobs(choice) or ()
    # Nothing comes before the first token.
    values = [0.0, *values[1:]] if values and values[0] is None else values
    if not all(map(is_logprob, values)):
        raise GarbledError("found a log-probability that is none")
    return tuple(map(float, values))


def _given_logprobs(choice: Mapping[str, Any]) -> Sequence[Any] | None:
    """What stands where log-probabilities are to be, on either route; None where the server gives none."""
    logprobs = choice.get("logprobs")
    if logprobs is None:
        return None
    if not isinstance(logprobs, dict):
        return [logprobs]
    if isinstance(content := logprobs.get("content"), list):
        return [token.get("logprob") if isinstance(token, dict) else token for token in content]
    values = logprobs.get("token_logprobs")
    return values if isinstance(values, list) else [values]


def words(status: int, text: str, reply: Any) -> str:
    """Say in the server's own words what it refused."""
    return f"{status}: {' '.join((said_in(reply) or text).split())[:300]}"


def said_in(reply: Any) -> str:
    """The words in a reply that is an error; nothing where there are none."""
    for key in ("error", "message", "detail"):
        if isinstance(reply, dict) and key in reply:
            reply = reply[key]
    return reply if isinstance(reply, str) else ""


def _get(holder: Any, key: str | int, kind: Any) -> Any:
    try:
        value = holder[key]
    except (KeyError, IndexError, TypeError):
        raise GarbledError(f"found no {key!r}") from None
    if not isinstance(value, kind):
        raise GarbledError(f"found {shown(value)} for {key!r}")
    return value
