"""The engine on real vLLM: what is true of every engine is true of it."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
from vllm_requests import SAMPLING, SETTINGS, question_of, requests

from beyondbase.engines import Request, make_engine
from beyondbase.errors import InputError
from beyondbase.study.draw import Draw


def test_a_seed_gives_its_completion_in_any_company(engine: Any) -> None:
    """Alone, in other company and in any order, the same tokens come out, each request once."""
    made = list(engine.generate(requests(30), SAMPLING))
    wanted = {one.seed: one for one in made}
    assert len(made) == len(wanted) == 30
    assert len({one.token_ids for one in made}) == 30
    shuffled = requests(30)
    Random(1).shuffle(shuffled)  # noqa: S311 - an order, not a secret
    found = [*engine.generate(shuffled[:1], SAMPLING), *engine.generate(shuffled[1:], SAMPLING)]
    assert {one.seed: (one.token_ids, one.text) for one in found} == {
        seed: (one.token_ids, one.text) for seed, one in wanted.items()
    }


def test_logprobs_agree_with_transformers(engine: Any, reference: Any) -> None:
    """At the draw and when scored, at temperature 1 whatever the draw's; so do texts of the same tokens."""
    made = list(engine.generate(requests(12), SAMPLING))
    prompts = [question_of(one.problem_id) for one in made]
    tokens = [one.token_ids for one in made]
    scores = zip(made, engine.score(prompts, tokens), reference.score(prompts, tokens), strict=True)
    for one, ours, theirs in scores:
        assert one.token_logprobs == pytest.approx(theirs, abs=1e-3)
        assert ours == pytest.approx(theirs, abs=1e-3)
        assert one.logprob == pytest.approx(sum(theirs), abs=1e-2)
        ended = one.token_ids[-1] == reference.tokenizer.eos_token_id
        assert one.finish == ("stop" if ended else "length")
        shown = one.token_ids[:-1] if ended else one.token_ids
        assert one.text == reference.tokenizer.decode(shown, skip_special_tokens=True)


def test_scores_are_known_at_temperature_1_only(engine: Any) -> None:
    """Another temperature is refused, with what can score at it."""
    with pytest.raises(
        InputError, match=r"found the temperature 0\.6, but vLLM gives .* engine = \"transformers\""
    ):
        engine.score(["Hi"], ["ho"], temperature=0.6)


def test_greedy_completions_are_those_of_transformers(engine: Any, reference: Any) -> None:
    """At temperature 0 both take the likeliest token; prompts reach both as the same tokens."""
    greedy = Draw(temperature=0, max_tokens=16, keep_tokens=True)
    ours = {one.problem_id: one.token_ids for one in engine.generate(requests(3), greedy)}
    theirs = {one.problem_id: one.token_ids for one in reference.generate(requests(3), greedy)}
    assert ours == theirs


def test_a_whole_line_ends_a_completion(engine: Any) -> None:
    """A line that a completion has writes off what follows, and generation ends there."""
    free = Draw(temperature=1, max_tokens=150, keep_tokens=True)
    made = [one for one in engine.generate(requests(30), free) if one.text.count("\n") >= 2]
    one, line = next((one, line) for one in made for line in one.text.split("\n")[1:-1] if line.strip())
    stopping = Draw(temperature=1, max_tokens=150, keep_tokens=True, stop_lines=(line,))
    (cut,) = engine.generate([next(ask for ask in requests(30) if ask.seed == one.seed)], stopping)
    assert cut.finish == "stop"
    assert one.text.startswith(f"{cut.text}\n{line}\n") or one.text.startswith(f"{line}\n")
    assert cut.token_ids == one.token_ids[: cut.tokens]
    assert cut.tokens < one.tokens


def test_a_run_that_is_left_leaves_nothing_behind(engine: Any) -> None:
    """What was under way is called off; the next run has its own completions only."""
    endless = (Request("p", i, i, "Hi") for i in range(10**9))
    run = engine.generate(endless, SAMPLING)
    next(run)
    run.close()
    assert {one.seed for one in engine.generate(requests(5), SAMPLING)} == set(range(1000, 1005))


def test_a_prompt_that_is_too_long_is_refused_by_name(engine: Any) -> None:
    """The message has the problem and the setting to change."""
    with pytest.raises(InputError, match=r'problem "p": found 256 tokens.*raise max_model_len'):
        list(engine.generate([Request("p", 0, 0, tuple([50] * 256))], SAMPLING))


def test_a_second_model_in_this_process_is_refused(engine: Any, folder: Path) -> None:
    """Closing either would break the other, so the second does not start; the first goes on."""
    with pytest.raises(InputError, match="vLLM runs another model in this process; close that engine first"):
        make_engine(SETTINGS, str(folder))
    assert len(list(engine.generate(requests(3), SAMPLING))) == 3


def test_identity_names_engine_and_weights(engine: Any, reference: Any) -> None:
    """Both engines name the same weights."""
    found, other = engine.identity(), reference.identity()
    assert found["weights"] == other["weights"]
    assert (found["engine"], found["dtype"], found["max_model_len"]) == ("vllm", "float32", 256)
