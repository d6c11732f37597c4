"""The engine on transformers: each completion from its own seed, exact probabilities, sound stops."""

import itertools
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from scipy.stats import chisquare
from tiny_model import make_tiny

from beyondbase.completions import Completion
from beyondbase.engines import Request, TransformersSettings, make_engine, token_scores
from beyondbase.errors import InputError
from beyondbase.study.draw import Draw
from beyondbase.weights import weights_digest

QUESTIONS = ("What is 6 times 7?", "Let x = 3.", "Please reason step by step about the apples that are left:")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model."""
    return make_tiny(tmp_path_factory.mktemp("tiny"))


def started(folder: Path, **settings: Any) -> Any:
    """An engine on it."""
    return make_engine(TransformersSettings(threads=1, **settings), str(folder))


@pytest.fixture(scope="module")
def engine(folder: Path) -> Any:
    """An engine that draws 16 completions at once."""
    return started(folder, batch_size=16)


def requests(count: int) -> list[Request]:
    """Requests of prompts of different lengths."""
    return [Request(f"p{i % 3}", i // 3, 1000 + i, QUESTIONS[i % 3]) for i in range(count)]


def by_seed(completions: Any) -> dict[int, Completion]:
    """Completions by their seed."""
    return {one.seed: one for one in completions}


def full_logprobs(engine: Any, prompt: str, tokens: tuple[int, ...]) -> torch.Tensor:
    """Log-probabilities of the whole vocabulary at each token, by one plain forward pass."""
    ids = torch.tensor([[*engine.tokenizer.encode(prompt), *tokens]])
    with torch.inference_mode():
        logits = engine._model(ids).logits[0]  # noqa: SLF001
    return logits[-len(tokens) - 1 : -1].log_softmax(-1)


def test_a_seed_gives_its_completion_in_any_company(folder: Path, engine: Any) -> None:
    """Alone, in batches of any size and in any order, the same tokens come out."""
    sampling = Draw(temperature=1, top_p=0.95, max_tokens=24, keep_tokens=True)
    wanted = by_seed(engine.generate(requests(24), sampling))
    shuffled = requests(24)
    Random(1).shuffle(shuffled)  # noqa: S311 - an order, not a secret
    for size in (1, 5, 64):
        found = by_seed(started(folder, batch_size=size).generate(shuffled, sampling))
        assert {seed: one.token_ids for seed, one in found.items()} == {
            seed: one.token_ids for seed, one in wanted.items()
        }
    assert len({one.token_ids for one in wanted.values()}) == 24


def test_another_seed_gives_another_completion(engine: Any) -> None:
    """And the same seed on another problem is another completion too."""
    sampling = Draw(temperature=1, max_tokens=12)
    texts = [one.text for one in engine.generate([Request("p", i, i, "Hi") for i in range(40)], sampling)]
    assert len(set(texts)) == 40


def test_temperature_0_is_greedy(engine: Any) -> None:
    """Each token is the likeliest by a plain forward pass over all that came before."""
    sampling = Draw(temperature=0, max_tokens=20, keep_tokens=True)
    for one in engine.generate(requests(3), sampling):
        prompt = QUESTIONS[int(one.problem_id[1])]
        assert full_logprobs(engine, prompt, one.token_ids).argmax(-1).tolist() == list(one.token_ids)


@pytest.mark.parametrize("temperature", [0.6, 1.0, 1.4])
def test_logprobs_are_the_models_own_at_temperature_1(engine: Any, temperature: float) -> None:
    """Whatever the temperature of the draw, and with padding, cache and shared prompts."""
    sampling = Draw(temperature=temperature, top_p=0.9, max_tokens=16, keep_tokens=True)
    for one in engine.generate(requests(9), sampling):
        wanted = full_logprobs(engine, QUESTIONS[int(one.problem_id[1])], one.token_ids)
        chosen = wanted.gather(1, torch.tensor(one.token_ids)[:, None])[:, 0].tolist()
        assert one.token_logprobs == pytest.approx(chosen, abs=1e-4)
        assert one.logprob == pytest.approx(sum(chosen), abs=1e-3)


def test_first_tokens_follow_the_models_distribution(folder: Path) -> None:
    """Over many seeds, tokens come as often as the model says."""
    engine = started(folder, batch_size=4000)
    sampling = Draw(temperature=0.7, top_p=0.8, max_tokens=1, keep_tokens=True)
    asked = [Request("p", i, i, QUESTIONS[0]) for i in range(4000)]
    counts = Counter(one.token_ids[0] for one in engine.generate(asked, sampling))
    shares = (full_logprobs(engine, QUESTIONS[0], (5,))[0].double() / 0.7).softmax(-1)
    order = shares.argsort(descending=True).tolist()
    size = next(i for i, mass in enumerate(shares[order].cumsum(0).tolist(), 1) if mass >= 0.8)
    nucleus = order[:size]
    assert set(counts) <= set(nucleus)
    likely = [token for token in nucleus if shares[token] / shares[nucleus].sum() * 4000 >= 5]
    wanted = [float(shares[token] / shares[nucleus].sum()) * 4000 for token in likely]
    observed = [counts[token] for token in likely]
    rest = (4000 - sum(observed), 4000 - sum(wanted))
    if rest[1] >= 5:
        observed, wanted = [*observed, rest[0]], [*wanted, rest[1]]
    else:
        wanted = [value * sum(observed) / sum(wanted) for value in wanted]
    assert chisquare(observed, wanted).pvalue > 1e-4


def test_scores_are_those_of_a_plain_forward_pass(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given tokens of all lengths, whole or in pieces with a cache."""
    continuations = [tuple(range(40, 40 + length)) for length in (1, 9, 30)] + ["It is 42.", ()]
    prompts = [*QUESTIONS, "Hi", "Hi"]
    for budget in (1 << 26, 1):
        monkeypatch.setattr(token_scores, "_LOGITS", budget)
        found = engine.score(prompts, continuations)
        assert [len(score) for score in found[:3]] == [1, 9, 30]
        assert found[4] == ()
        ids = tuple(engine.tokenizer.encode("It is 42.", add_special_tokens=False))
        for prompt, tokens, score in zip(prompts, [*continuations[:3], ids], found, strict=False):
            wanted = full_logprobs(engine, prompt, tokens).gather(1, torch.tensor(tokens)[:, None])[:, 0]
            assert score == pytest.approx(wanted.tolist(), abs=1e-4)


@pytest.mark.parametrize("temperature", [0.6, 1.0, 1.7])
def test_scores_at_a_temperature_are_those_of_the_law_that_is_drawn_from(
    engine: Any, monkeypatch: pytest.MonkeyPatch, temperature: float
) -> None:
    """Logits are divided by the temperature before they are normalised, token by token."""
    tokens = tuple(range(40, 60))
    for budget in (1 << 26, 1):
        monkeypatch.setattr(token_scores, "_LOGITS", budget)
        (found,) = engine.score(["Hi"], [tokens], temperature=temperature)
        plain = full_logprobs(engine, "Hi", tokens)
        wanted = (plain / temperature).log_softmax(-1).gather(1, torch.tensor(tokens)[:, None])[:, 0]
        assert found == pytest.approx(wanted.tolist(), abs=1e-4)


@pytest.mark.parametrize("temperature", [0.7, 1.4])
def test_the_mean_surprise_of_draws_is_the_entropy(engine: Any, temperature: float) -> None:
    """Over many one-token draws the mean of -log p is the entropy of the next token, within its error."""
    sampling = Draw(temperature=temperature, max_tokens=1, keep_tokens=True)
    made = list(engine.generate([Request("p", i, 9000 + i, "Hi") for i in range(1500)], sampling))
    kinds = Counter(one.token_ids for one in made)
    scored = engine.score(["Hi"] * len(kinds), list(kinds), temperature=temperature)
    surprise = [-sum(score) for kind, score in zip(kinds, scored, strict=True) for _ in range(kinds[kind])]
    law = (full_logprobs(engine, "Hi", (50,))[0] / temperature).log_softmax(-1)
    entropy = -(law.exp() * law).sum().item()
    error = (law.exp() * (law + entropy) ** 2).sum().sqrt().item() / len(made) ** 0.5
    assert sum(surprise) / len(made) == pytest.approx(entropy, abs=4 * error)


def test_scores_agree_with_what_was_said_at_the_draw(engine: Any) -> None:
    """Scoring a completion again gives its log-probabilities."""
    sampling = Draw(temperature=1, max_tokens=16, keep_tokens=True)
    made = list(engine.generate(requests(9), sampling))
    prompts = [QUESTIONS[int(one.problem_id[1])] for one in made]
    for one, score in zip(made, engine.score(prompts, [one.token_ids for one in made]), strict=True):
        assert score == pytest.approx(one.token_logprobs, abs=1e-4)


def test_a_stop_token_ends_a_completion(engine: Any) -> None:
    """It is counted and has its probability, but is no part of the text; without one the length ends it."""
    free = Draw(temperature=1, max_tokens=40, keep_tokens=True)
    plain = by_seed(engine.generate(requests(12), free))
    common = Counter(token for one in plain.values() for token in one.token_ids[5:-1]).most_common(1)[0][0]
    stopping = Draw(temperature=1, max_tokens=40, keep_tokens=True, stop_token_ids=(common,))
    ended = 0
    for seed, one in by_seed(engine.generate(requests(12), stopping)).items():
        tokens = plain[seed].token_ids
        cut = tokens.index(common) + 1 if common in tokens else len(tokens)
        assert one.token_ids == tokens[:cut]
        assert one.tokens == cut == len(one.token_logprobs)
        stops = one.token_ids[-1] in (common, engine.tokenizer.eos_token_id)
        assert one.finish == ("stop" if stops else "length")
        shown = one.token_ids[:-1] if stops else one.token_ids
        assert one.text == engine.tokenizer.decode(shown, skip_special_tokens=True)
        ended += stops
    assert ended > 0


def test_the_models_own_end_ends_a_completion(engine: Any) -> None:
    """The end of the sequence stops without being asked to, and leaves no trace in the text."""
    sampling = Draw(temperature=1.5, max_tokens=100, keep_tokens=True)
    made = list(engine.generate([Request("p", i, i, "Hi") for i in range(32)], sampling))
    ended = [one for one in made if one.finish == "stop"]
    assert ended
    for one in made:
        at = [place for place, token in enumerate(one.token_ids) if token == engine.tokenizer.eos_token_id]
        assert at == ([one.tokens - 1] if one.finish == "stop" else [])
        assert "</s>" not in one.text
        assert one.finish == "stop" or one.tokens == 100


def test_a_whole_line_ends_a_completion(engine: Any) -> None:
    """A line that a completion has writes off what follows; a line that merely holds it does not."""
    newline = engine.tokenizer.encode("\n", add_special_tokens=False)[0]
    free = Draw(temperature=1, max_tokens=120, keep_tokens=True)
    asked = [Request("p", i, i, "Hi") for i in range(32)]
    made = [one for one in engine.generate(asked, free) if one.token_ids.count(newline) >= 2]
    lines = [(one, one.text.split("\n")) for one in made]
    one, found = next((one, line) for one, line in lines if len(line) > 2 and line[1].strip())
    sampling = Draw(temperature=1, max_tokens=120, keep_tokens=True, stop_lines=(found[1],))
    (cut,) = engine.generate([asked[one.index]], sampling)
    assert (cut.text, cut.finish) == (found[0], "stop")
    assert cut.token_ids == one.token_ids[: cut.tokens]
    assert cut.tokens < one.tokens
    part = Draw(temperature=1, max_tokens=120, keep_tokens=True, stop_lines=(found[1][:-1] or "?",))
    (whole,) = engine.generate([asked[one.index]], part)
    assert (whole.text, whole.token_ids, whole.finish) == (one.text, one.token_ids, one.finish)


def test_the_context_bounds_a_completion(engine: Any) -> None:
    """A completion ends where the model's context does; a prompt that fills it is refused by name."""
    sampling = Draw(temperature=1.0, max_tokens=400, keep_tokens=True, top_k=5)
    prompt = tuple([50] * 500)
    (one,) = engine.generate([Request("p", 0, 3, prompt)], sampling)
    assert one.tokens <= 12
    with pytest.raises(
        InputError, match='problem "p": found a prompt of 512 tokens, where the model takes 512'
    ):
        list(engine.generate([Request("p", 0, 0, tuple([50] * 512))], sampling))
    with pytest.raises(InputError, match="score: found 513 tokens at position 0, where the model takes 512"):
        engine.score([tuple([50] * 500)], [tuple([50] * 13)])


def test_what_is_not_asked_for_is_not_kept(engine: Any) -> None:
    """Tokens and log-probabilities cost disk."""
    (one,) = engine.generate(requests(1), Draw(temperature=1, max_tokens=4, logprobs=False))
    assert (one.logprob, one.token_ids, one.token_logprobs) == (None, None, None)
    (one,) = engine.generate(requests(1), Draw(temperature=1, max_tokens=4))
    assert isinstance(one.logprob, float)
    assert one.token_ids is None


def test_requests_are_taken_batch_by_batch(engine: Any) -> None:
    """A run of any length holds one batch in memory."""
    taken = itertools.count()
    endless = (Request("p", i, next(taken), "Hi") for i in itertools.count())
    run = engine.generate(endless, Draw(temperature=1, max_tokens=4))
    list(itertools.islice(run, 20))
    assert next(taken) == 32


def test_identity_names_weights_not_paths(folder: Path, engine: Any, tmp_path: Path) -> None:
    """A folder that is moved is the same model; other weights in a folder of that name are not."""
    moved = tmp_path / "elsewhere" / folder.name
    moved.parent.mkdir()
    folder.rename(moved)
    same = started(moved).identity()
    moved.rename(folder)
    assert same == engine.identity()
    assert same["dtype"] == "float32"
    other = make_tiny(tmp_path / folder.name, seed=1)
    assert started(other).identity()["weights"] != same["weights"]
    assert started(folder, dtype="bfloat16").identity()["dtype"] == "bfloat16"


def test_every_byte_of_the_weights_is_in_their_digest(tmp_path: Path) -> None:
    """A change in the middle of a large file gives another digest, and its undoing the first again."""
    file = tmp_path / "model.safetensors"
    content = bytearray(16 << 20)
    file.write_bytes(content)
    before = weights_digest(tmp_path)
    content[8 << 20] = 1
    file.write_bytes(content)
    assert weights_digest(tmp_path) != before
    content[8 << 20] = 0
    file.write_bytes(content)
    assert weights_digest(tmp_path) == before


def test_weights_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that stays as it was is not read again, by whichever path; a file with a new name is."""
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    with monkeypatch.context() as context:
        context.chdir(tmp_path.parent)
        before = weights_digest(Path(tmp_path.name))
    with monkeypatch.context() as context:
        context.setattr(Path, "open", lambda *_: pytest.fail("was read again"))
        assert weights_digest(tmp_path) == before
    (tmp_path / "model.safetensors").rename(tmp_path / "other.safetensors")
    assert weights_digest(tmp_path) != before


def test_mistakes_in_settings_are_one_line(folder: Path) -> None:
    """A model or device that is not there, an adapter where none goes."""
    with pytest.raises(InputError, match=r'model: found ".*nowhere", but there is no such folder; correct'):
        started(folder / "nowhere")
    with pytest.raises(InputError, match=r'model: ".*" cannot be loaded \('):
        started(folder.parent)
    with pytest.raises(InputError, match='device: found "gpu"'):
        started(folder, device="gpu")
    with pytest.raises(
        InputError, match=r'adapter: found "a" with engine = "transformers"; use engine = "vllm"'
    ):
        make_engine(TransformersSettings(), str(folder), adapter="a")
