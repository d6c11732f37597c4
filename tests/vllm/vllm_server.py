"""vLLM's own OpenAI-compatible server in processes of its own, on a model in a folder."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

MODEL = "tiny"
START = 300.0
# A server is started by its user, who sets these; the engine in this process sets its own.
ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
    "TORCH_COMPILE_DISABLE": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "1",
    "VLLM_NO_USAGE_STATS": "1",
}


class VllmServer:
    """A server that is started, waited for, and killed.

    Attributes:
        url: Where it is.
    """

    def __init__(self, folder: Path, log: Path) -> None:
        """Begin to start it, which takes half a minute on a quiet machine.

        Args:
            folder: Of the model.
            log: Where its output goes.
        """
        self._log = log
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}/v1"
        with log.open("w") as out:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                _command(folder, port),
                env=os.environ | ENVIRONMENT,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def runs(self) -> bool:
        """Whether its first process is alive."""
        return self._process.poll() is None

    def wait(self) -> None:
        """Wait until it answers."""
        health = self.url.removesuffix("v1") + "health"
        answers = _within(START, lambda: not self.runs or _answers(health))
        assert self.runs, f"the server ended before it answered; its last words:\n{self._last_words()}"
        assert answers, f"no answer from the server in {START:.0f} s; its last words:\n{self._last_words()}"

    def kill(self) -> None:
        """Kill the process that answers, as a machine that runs out of memory does; its others follow."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End all its processes, whatever state they are in."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if not self._signal(sign):
                break
            _within(20, lambda: self._process.poll() is not None and not self._signal(0))
        self._process.wait()

    def _signal(self, sign: int) -> bool:
        try:
            # They share the group of the first.
            os.killpg(self._process.pid, sign)
        except ProcessLookupError:
            return False
        return True

    def _last_words(self) -> str:
        return self._log.read_text(errors="replace")[-3000:]


def _command(folder: Path, port: int) -> list[str]:
    # `vllm serve` asks the platform's package, which the CPU wheel does not have, for its version.
    module = "vllm.entrypoints.openai.api_server"
    where = ["--host", "127.0.0.1", "--port", str(port)]
    what = ["--model", str(folder), "--served-model-name", MODEL, "--max-model-len", "256"]
    how = ["--dtype", "float32", "--enforce-eager", "--no-enable-chunked-prefill"]
    return [sys.executable, "-m", module, *where, *what, *how]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _within(seconds: float, holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < end:
        time.sleep(0.2)
    return held
