"""A server on this machine that answers with whatever bytes a test gives it, as slowly as the test wants."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "tiny"
Pieces = Iterable[bytes]


def http(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> list[bytes]:
    """A response with its length, as the bytes on the wire; headers that are given replace its own."""
    named = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    named |= headers or {}
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in named.items() if value)]
    return ["\r\n".join([*lines, "", ""]).encode("latin-1"), body]


def reply(content: Any, **more: Any) -> list[bytes]:
    """A response that is JSON."""
    return http(json.dumps(content).encode(), **more)


def completion(text: Any = "42", *, usage: Any = None, **changed: Any) -> dict[str, Any]:
    """A sound answer, changed."""
    choice = {"index": 0, "text": text, "finish_reason": "stop", "logprobs": {"token_logprobs": [-0.5, -1]}}
    return {"choices": [choice | changed], "usage": {"completion_tokens": 2} if usage is None else usage}


class HostileServer:
    """What a test sees of the server.

    Attributes:
        url: Where it is.
        asked: How many completions were asked for.
        answer: Called with the number of a request, from 0, and its body; gives the bytes to send.
        others: The bytes to send for other addresses, such as "/v1/models".
    """

    def __init__(self) -> None:
        self.url, self.asked, self.lock = "", 0, threading.Lock()
        self.answer: Callable[[int, dict[str, Any]], Pieces] = lambda _number, _body: reply(completion())
        self.others: dict[str, Callable[[], Pieces]] = {
            "/v1/models": lambda: reply({"data": [{"id": MODEL, "owned_by": "vllm"}]}),
            "/version": lambda: reply({"version": "1.2.3"}),
        }


@contextmanager
def hostile() -> Iterator[HostileServer]:
    """Run such a server in threads of this process."""
    state = HostileServer()

    class Handler(_Handler):
        server_state = state

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.daemon_threads = True
        state.url = f"http://127.0.0.1:{httpd.server_port}/v1"
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield state
        finally:
            httpd.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: HostileServer

    def do_GET(self) -> None:
        """Say what was given for this address."""
        self._say(self.server_state.others.get(self.path, lambda: http(b"{}", 404))())

    def do_POST(self) -> None:
        """Say what the test wants."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server_state.lock:
            number = self.server_state.asked
            self.server_state.asked += 1
        self._say(self.server_state.answer(number, body))

    def _say(self, pieces: Pieces) -> None:
        self.close_connection = True
        # The client may be gone, as some tests mean it to.
        with suppress(OSError):
            for piece in pieces:
                self.wfile.write(piece)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
