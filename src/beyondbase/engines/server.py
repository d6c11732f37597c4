"""A server over HTTP: what is tried again, what is the user's mistake, and who it is."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard, TypeVar

from beyondbase.engines.answers import Answer, GarbledError, room_for, shown, unpack
from beyondbase.engines.engine import EngineError
from beyondbase.engines.wire import words
from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.messages import quote, suggest
from beyondbase.study.engine_settings import OpenaiSettings

_EXTRA = "openai"
_AGAIN = frozenset({408, 409, 425, 429})
_MINUTE = 60.0
# Tokens' worth of bytes that a list of models may have, and how many of its names are compared.
_LIST, _NAMES = 1 << 14, 1000

T = TypeVar("T")
# Where nobody listens, Python prints the bare name of what stamina tells of every pause.
logging.getLogger("stamina").addHandler(logging.NullHandler())


class _FaultError(Exception):
    """The server failed, and may do better later."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True)
class Call:
    """A request to a server.

    Attributes:
        path: The address below the root.
        sent: What is sent, as JSON.
        at: What it is for, in a message.
        tokens: How many tokens the answer may have; much more than these take is no answer.
    """

    path: str
    sent: Mapping[str, Any]
    at: str
    tokens: int


class Server:
    """An OpenAI-compatible server."""

    def __init__(self, settings: OpenaiSettings, *, key: str | None) -> None:
        httpx = require("httpx", _EXTRA)
        require("stamina", _EXTRA)
        self.url = settings.url.rstrip("/")
        self.attempts = settings.attempts
        self._wait = settings.wait
        self._headers = {"Accept-Encoding": "gzip, deflate"}
        self._headers |= {"Authorization": f"Bearer {key}"} if key else {}
        self._seconds = settings.timeout
        self._timeout = httpx.Timeout(settings.timeout, connect=min(settings.timeout, 30.0), pool=None)
        try:
            sound = httpx.URL(self.url).scheme in ("http", "https")
        except httpx.InvalidURL:
            sound = False
        if not sound:
            raise InputError(
                f"url: found {quote(settings.url)}; use an address such as http://localhost:8000/v1"
            )

    def client(self, connections: int) -> Any:
        """Open connections for many requests at once."""
        httpx = require("httpx", _EXTRA)
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        return httpx.AsyncClient(headers=self._headers, timeout=self._timeout, limits=limits)

    def find_model(self, model: str) -> Mapping[str, Any]:
        """Look up what the server says of a model; nothing where it keeps no list.

        Raises:
            InputError: Its list has no such model, or it refuses to show it.
            EngineError: It does not answer.
        """
        answer = self._get(f"{self.url}/models")
        if answer.status in (401, 403):
            raise InputError(
                f"{self.url}: refuses the key ({_words(answer)}); set the variable api_key_env names"
            )
        if answer.status >= 500:
            raise EngineError(f"{self.url}: fails ({_words(answer)}); see to the server and run again")
        reply = answer.json()
        listed = reply.get("data") if isinstance(reply, dict) else None
        if not isinstance(listed, list):
            return {}
        cards = {card["id"]: card for card in listed if isinstance(card, dict) and _is_name(card.get("id"))}
        if cards and model not in cards:
            remedy = f"use one of {', '.join([*cards][:20])}{suggest(model, [*cards][:_NAMES])}"
            raise InputError(f"model: found {quote(model)}, which {self.url} does not serve; {remedy}")
        return cards.get(model, {})

    def version(self) -> str:
        """Name the version of the server, where it says so; "unknown" else."""
        reply = self._get(f"{self.url.removesuffix('/v1')}/version").json()
        found = reply.get("version") if isinstance(reply, dict) else None
        return found if _is_name(found) else "unknown"

    async def post(
        self,
        client: Any,
        call: Call,
        *,
        read: Callable[[Any], T],
        stopping: Callable[[], bool] = lambda: False,
    ) -> T:
        """Send a request until it is answered; each attempt as a whole has a time limit.

        Args:
            client: Open connections.
            call: The request.
            read: Turns the reply into what is wanted, or raises `GarbledError`.
            stopping: Whether nothing is to be tried again any more.

        Raises:
            InputError: The server refuses the request for what it is.
            Exception: It failed at every attempt; the last failure.
        """
        stamina = require("stamina", _EXTRA)
        attempts = stamina.retry_context(
            on=lambda error: not stopping() and _again(error),
            attempts=self.attempts,
            timeout=None,
            wait_initial=self._wait,
            wait_max=_MINUTE,
            wait_jitter=self._wait,
        )
        async for attempt in attempts:
            with attempt:
                address, most = f"{self.url}/{call.path}", room_for(call.tokens)
                answer = await self._fetch(client, "POST", address, most=most, json=dict(call.sent))
                return read(self._reply(answer, call.at))
        raise AssertionError  # the last attempt returns or raises

    def _reply(self, answer: Answer, at: str) -> Any:
        status = answer.status
        if status >= 500 or status in _AGAIN:
            raise _FaultError(_words(answer), _retry_after(answer.headers.get("retry-after", "")))
        if status >= 300:
            there = answer.headers.get("location")
            said = _words(answer) if there is None else f"{status}: it wants to be asked at {shown(there)}"
            remedy = "correct the study file, or the server's settings"
            raise InputError(f"{self.url}: {at}: the server refuses ({said}); {remedy}")
        reply = answer.json()
        if reply is None:
            raise GarbledError(f"found no JSON: {shown(answer.text)}")
        return reply

    async def _fetch(
        self, client: Any, method: str, address: str, *, most: int, seconds: float = 0.0, **content: Any
    ) -> Answer:
        body = bytearray()
        # Over all, because a server that sends a byte now and then answers in time for every read.
        with require("anyio", _EXTRA).fail_after(seconds or self._seconds):
            async with client.stream(method, address, **content) as response:
                async for piece in response.aiter_raw():
                    body += piece
                    if len(body) > most:
                        raise GarbledError(f"found more than {most / 1e6:.1f} MB in one answer")
        headers = {name.lower(): value for name, value in response.headers.items()}
        packing = headers.get("content-encoding", "")
        return Answer(response.status_code, headers, unpack(bytes(body), packing, most=most))

    def _get(self, address: str) -> Answer:
        httpx = require("httpx", _EXTRA)

        async def get() -> Answer:
            async with self.client(1) as client:
                return await self._fetch(client, "GET", address, most=room_for(_LIST), seconds=_MINUTE / 2)

        try:
            return in_loop(get)
        except (httpx.TransportError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            raise EngineError(f"{self.url}: no server answers ({reason}); start it and run again") from None
        except GarbledError as error:
            found = f"{address}: answers what cannot be read ({error})"
            raise EngineError(f"{found}; see to the server and run again") from None


def in_loop(do: Callable[..., Awaitable[T]], *arguments: Any) -> T:
    """Run what is asynchronous in a thread of its own: a notebook has a loop already."""
    with require("anyio.from_thread", _EXTRA).start_blocking_portal() as portal:
        found: T = portal.call(do, *arguments)
    return found


def _again(error: Exception) -> bool | float:
    if isinstance(error, _FaultError):
        return error.wait or True
    httpx = require("httpx", _EXTRA)
    return isinstance(error, GarbledError | TimeoutError | httpx.TransportError)


def _words(answer: Answer) -> str:
    return words(answer.status, answer.text, answer.json())


def _retry_after(asked: str) -> float | None:
    """Read seconds; a date, which servers may send too, is left to our own pauses."""
    if not (asked.isascii() and asked.isdecimal()):
        return None
    # Before it is a number: one of thousands of digits is none for Python.
    digits = asked.lstrip("0")
    return min(float(digits[:9]), 5 * _MINUTE) if digits else None


def _is_name(found: object) -> TypeGuard[str]:
    return isinstance(found, str) and 0 < len(found) <= 1000
