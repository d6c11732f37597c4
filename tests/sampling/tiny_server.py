"""A minimal OpenAI-compatible server around an engine, which fails when it is told to."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from beyondbase.completions import Completion
from beyondbase.engines import Request
from beyondbase.study.draw import Draw
from beyondbase.tasks import Chat

MODEL = "tiny"
Fault = tuple[int, Mapping[str, str], bytes] | float | None


class TinyServer:
    """What a test sees of the server.

    Attributes:
        url: where it is.
        bodies: every request for a completion, in the order of arrival.
        most: how many were under way at once, at most.
        fault: called with the number of a request and its body; answers with a status, headers and text to
            send instead, with seconds to sleep first, or with None. The status 0 breaks the connection.
    """

    def __init__(self, engine: Any, *, family: str) -> None:
        self.engine, self.family = engine, family
        self.url = ""
        self.bodies: list[dict[str, Any]] = []
        self.most = 0
        self.under_way = 0
        self.lock, self.model_lock = threading.Lock(), threading.Lock()
        self.fault: Callable[[int, dict[str, Any]], Fault] = lambda _number, _body: None

    def answer(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Complete a prompt, or score it."""
        is_chat = path.endswith("/chat/completions")
        if body.get("echo"):
            return self._echo(body)
        prompt: Any = body.get("prompt")
        if is_chat:
            prompt = Chat(tuple((message["role"], message["content"]) for message in body["messages"]))
        prompt = tuple(prompt) if isinstance(prompt, list) else prompt
        sampling = Draw(
            temperature=body["temperature"],
            max_tokens=body["max_tokens"],
            top_p=body["top_p"],
            top_k=max(body.get("top_k", 0), 0),
            keep_tokens=True,
        )
        with self.model_lock:
            (made,) = self.engine.generate([Request("", 0, body["seed"], prompt)], sampling)
        return _reply(made, body, is_chat=is_chat)

    def _echo(self, body: dict[str, Any]) -> dict[str, Any]:
        ids = tuple(body["prompt"])
        with self.model_lock:
            (score,) = self.engine.score([ids[:1]], [ids[1:]])
        logprobs = {"token_logprobs": [None, *score]}
        return {"choices": [{"text": "", "finish_reason": "length", "logprobs": logprobs}]}


def _reply(made: Completion, body: dict[str, Any], *, is_chat: bool) -> dict[str, Any]:
    logprobs = list(made.token_logprobs or ())
    choice: dict[str, Any] = {"index": 0, "finish_reason": made.finish}
    if is_chat:
        choice["message"] = {"role": "assistant", "content": made.text}
        choice["logprobs"] = {"content": [{"token": "", "logprob": value} for value in logprobs]}
    else:
        choice |= {"text": made.text, "logprobs": {"token_logprobs": logprobs}}
    if body.get("return_token_ids"):
        choice["token_ids"] = list(made.token_ids or ())
    return {"choices": [choice], "usage": {"completion_tokens": made.tokens}}


@contextmanager
def serve(engine: Any, *, family: str = "vllm") -> Iterator[TinyServer]:
    """Run the server in threads of this process."""
    tiny = TinyServer(engine, family=family)

    class Handler(_Handler):
        server_state = tiny

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    tiny.url = f"http://127.0.0.1:{httpd.server_port}/v1"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield tiny
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: TinyServer

    def do_GET(self) -> None:
        """List the model, or name the version."""
        card = {"id": MODEL, "owned_by": self.server_state.family, "root": "made/tiny"}
        found: dict[str, Any] = {"/v1/models": {"data": [card]}, "/version": {"version": "1.2.3"}}
        if self.path in found:
            self._send(200, {}, json.dumps(found[self.path]).encode())
        else:
            self._send(404, {}, b"{}")

    def do_POST(self) -> None:
        """Answer a request, or fail as told."""
        state = self.server_state
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with state.lock:
            number = len(state.bodies)
            state.bodies.append(body)
            state.under_way += 1
            state.most = max(state.most, state.under_way)
        try:
            self._answer(state, number, body)
        finally:
            with state.lock:
                state.under_way -= 1

    def _answer(self, state: TinyServer, number: int, body: dict[str, Any]) -> None:
        fault = state.fault(number, body)
        if isinstance(fault, float):
            time.sleep(fault)
        elif fault is not None and fault[0] == 0:
            self.close_connection = True
            return
        elif fault is not None:
            self._send(*fault)
            return
        self._send(200, {}, json.dumps(state.answer(self.path, body)).encode())

    def _send(self, status: int, headers: Mapping[str, str], text: bytes) -> None:
        try:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(text)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)
        except OSError:
            # The client gave up, as some tests mean it to.
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""
