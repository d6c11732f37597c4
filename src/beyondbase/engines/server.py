"""A server over HTTP: what is tried again, what is the user's mistake, and who it is."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from beyondbase.engines.engine import EngineError
from beyondbase.engines.settings import OpenaiSettings
from beyondbase.engines.wire import GarbledError, words
from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.mistakes import quote, suggest

_EXTRA = "openai"
_AGAIN = frozenset({408, 409, 425, 429})
_MINUTE = 60.0

T = TypeVar("T")


class _FaultError(Exception):
    """The server failed, and may do better later."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class Server:
    """An OpenAI-compatible server."""

    def __init__(self, settings: OpenaiSettings, *, key: str | None) -> None:
        httpx = require("httpx", _EXTRA)
        require("stamina", _EXTRA)
        self.url = settings.url.rstrip("/")
        self.attempts = settings.attempts
        self._wait = settings.wait
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
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
        response = self._get(f"{self.url}/models")
        if response.status_code in (401, 403):
            raise InputError(
                f"{self.url}: refuses the key ({_words(response)}); set the variable api_key_env names"
            )
        if response.status_code >= 500:
            raise EngineError(f"{self.url}: fails ({_words(response)}); see to the server and run again")
        reply = _json(response)
        listed = reply.get("data") if isinstance(reply, dict) else None
        if not isinstance(listed, list):
            return {}
        cards = {str(card["id"]): card for card in listed if isinstance(card, dict) and "id" in card}
        if cards and model not in cards:
            remedy = f"use one of {', '.join([*cards][:20])}{suggest(model, cards)}"
            raise InputError(f"model: found {quote(model)}, which {self.url} does not serve; {remedy}")
        return cards.get(model, {})

    def version(self) -> str:
        """Name the version of the server, where it says so; "unknown" else."""
        reply = _json(self._get(f"{self.url.removesuffix('/v1')}/version"))
        return str(reply.get("version", "unknown")) if isinstance(reply, dict) else "unknown"

    async def post(
        self, client: Any, path: str, sent: Mapping[str, Any], *, at: str, read: Callable[[Any], T]
    ) -> T:
        """Send a request until it is answered.

        Args:
            client: Open connections.
            path: The address below the root.
            sent: The request.
            at: What it is for, in a message.
            read: Turns the reply into what is wanted, or raises `GarbledError`.

        Raises:
            InputError: The server refuses the request for what it is.
            Exception: It failed at every attempt; the last failure.
        """
        stamina = require("stamina", _EXTRA)
        attempts = stamina.retry_context(
            on=_again,
            attempts=self.attempts,
            timeout=None,
            wait_initial=self._wait,
            wait_max=_MINUTE,
            wait_jitter=self._wait,
        )
        async for attempt in attempts:
            with attempt:
                response = await client.post(f"{self.url}/{path}", json=dict(sent))
                return read(self._reply(response, at))
        raise AssertionError  # the last attempt returns or raises

    def _reply(self, response: Any, at: str) -> Any:
        status = response.status_code
        if status >= 500 or status in _AGAIN:
            raise _FaultError(_words(response), _retry_after(response))
        if status >= 300:
            remedy = "correct the study file, or the server's settings"
            raise InputError(f"{self.url}: {at}: the server refuses ({_words(response)}); {remedy}")
        reply = _json(response)
        if reply is None:
            raise GarbledError(f"found no JSON: {response.text[:80]!r}")
        return reply

    def _get(self, address: str) -> Any:
        httpx = require("httpx", _EXTRA)
        try:
            return httpx.get(address, headers=self._headers, timeout=30.0)
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise EngineError(f"{self.url}: no server answers ({reason}); start it and run again") from None


def _again(error: Exception) -> bool | float:
    if isinstance(error, _FaultError):
        return error.wait or True
    httpx = require("httpx", _EXTRA)
    return isinstance(error, GarbledError | httpx.TransportError | httpx.DecodingError)


def _json(response: Any) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _words(response: Any) -> str:
    return words(response.status_code, response.text, _json(response))


def _retry_after(response: Any) -> float | None:
    asked = response.headers.get("Retry-After", "")
    return min(float(asked), 5 * _MINUTE) if asked.isdecimal() and int(asked) else None
