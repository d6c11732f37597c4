"""Prompt templates as data, and prompts rendered from them by plain substitution."""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

from beyondbase.errors import InputError
from beyondbase.messages import quote, suggest

PLACEHOLDER = "{question}"


@dataclass(frozen=True)
class Chat:
    """A prompt as messages, for a server that has the chat template.

    Attributes:
        messages: Role and content of each.
    """

    messages: tuple[tuple[str, str], ...]


Prompt = str | tuple[int, ...] | Chat
"""Text as the model reads it, token ids where exact, or messages."""


@dataclass(frozen=True)
class Template:
    """How a question becomes a prompt.

    Attributes:
        text: The prompt, or the user's message of a chat, with "{question}" in it once.
        chat: Whether the tokenizer's chat template goes around it.
        system: The system message of a chat.
    """

    text: str
    chat: bool = False
    system: str | None = None

    def __post_init__(self) -> None:
        found = self.text.count(PLACEHOLDER)
        if found != 1:
            raise InputError(
                f"prompt: found {PLACEHOLDER} {found} times in {quote(self.text)}; write it once"
            )
        if self.system is not None and not self.chat:
            raise InputError(
                "prompt: found a system message without chat = true; add it, or write it into the text"
            )


class ChatTokenizer(Protocol):
    """What rendering a chat asks of a tokenizer."""

    def apply_chat_template(self, conversation: Any, /, **options: Any) -> Any:
        """Turn messages into a prompt."""


def find_template(name: str, *, system: str | None = None) -> Template:
    """Look up a template by its name.

    Args:
        name: What it is called here.
        system: The system message, where it is a chat.

    Raises:
        InputError: None has this name, or it has no place for a system message.
    """
    known = all_templates()
    if name not in known:
        remedy = f"use one of {', '.join(known)}{suggest(name, known)}, or write a text with {PLACEHOLDER}"
        raise InputError(f"prompt: found {quote(name)}; {remedy}")
    template = known[name]
    return template if system is None else Template(template.text, chat=template.chat, system=system)


@cache
def all_templates() -> Mapping[str, Template]:
    """Read the templates that come with the package, by name."""
    text = files("beyondbase.tasks").joinpath("prompts.toml").read_text(encoding="utf-8")
    return {name: Template(**table) for name, table in tomllib.loads(text).items()}


def render(template: Template, question: str, tokenizer: ChatTokenizer | None = None) -> str | Chat:
    """Put a question into a template; nothing in the question is read as a placeholder or an escape.

    Args:
        question: The question, which comes out unchanged.
        tokenizer: What has the chat template; without it a chat is returned as messages.

    Raises:
        InputError: The tokenizer has no chat template, or its template refuses the messages.
    """
    before, _, after = template.text.partition(PLACEHOLDER)
    text = before + question + after
    if not template.chat:
        return text
    system = () if template.system is None else (("system", template.system),)
    chat = Chat((*system, ("user", text)))
    return chat if tokenizer is None else render_chat(tokenizer, chat)


def prompts_digest(prompts: Iterable[tuple[str, Prompt]]) -> str:
    """Compute the sha256 of prompts by problem id, in hexadecimal.

    It is that of lines of JSON, `[id, prompt]`: text as text, token ids and messages as lists.
    """
    digest = hashlib.sha256()
    for problem_id, prompt in prompts:
        plain = prompt.messages if isinstance(prompt, Chat) else prompt
        digest.update(json.dumps([problem_id, plain], ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


def render_chat(tokenizer: ChatTokenizer, chat: Chat) -> str:
    """Write messages as the text that the model reads, ready for its answer.

    Raises:
        InputError: The tokenizer has no chat template, or its template refuses the messages.
    """
    if getattr(tokenizer, "chat_template", None) is None:
        name = getattr(tokenizer, "name_or_path", "")
        raise InputError(f"prompt: the tokenizer of {name} has no chat template; use a prompt without chat")
    messages = [{"role": role, "content": content} for role, content in chat.messages]
    try:
        return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
    except Exception as error:  # noqa: BLE001 - a template raises what its author chose
        raise InputError(
            f"prompt: the chat template refuses these messages ({error}); use another prompt"
        ) from None
