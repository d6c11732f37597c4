"""The recipe of the miniature: its language, its losses, its models and its plan."""

import json
import subprocess
import sys
from pathlib import Path

import corpus
import numpy as np
import problems
import pytest
import torch
from corpus import CLEAN, PROMPT, check, write
from losses import ALGORITHMS, Rollouts
from losses.surrogate import clipped, divergence, mean_over
from miniature_texts import MINIATURE, TINY, random_rows
from models import load_model, make_model, make_tokenizer, save_model
from optim import orthogonal
from plan import MIXED, PLAN, needs
from reinforce import Policy
from sampler import draw

from beyondbase.completions import Completion, Problem
from beyondbase.graders import make_grader


def graded(rows: corpus.Ints) -> list[bool]:
    """What the suite's own grader says of rows of tokens."""
    tokenizer = make_tokenizer()
    texts = [tokenizer.decode(row[PROMPT:], skip_special_tokens=True) for row in rows]
    questions = [tokenizer.decode(row[1:PROMPT]).strip() for row in rows]
    asked = {
        str(place): Problem(str(place), question, question.split(" -> ")[1])
        for place, question in enumerate(questions)
    }
    drawn = [
        Completion(str(place), 0, None, text, None, "stop", None, None, None)
        for place, text in enumerate(texts)
    ]
    return [one.outcome == "correct" for one in make_grader("countdown").grade(asked, drawn)]


def test_clean_texts_are_solutions_for_the_grader_and_for_the_rewards() -> None:
    """A clean text is a legal way to its own result."""
    rows = random_rows()

    legal, right = check(rows[:, :PROMPT], rows[:, PROMPT:])

    assert legal.all()
    assert right.all()
    assert all(graded(rows))


def test_rewards_are_the_verdicts_of_the_grader_on_spoiled_texts() -> None:
    """One token in each text is another; both say the same of what is left."""
    rng = np.random.default_rng(1)
    rows = random_rows(1_500, seed=1)
    # The end stays: text does not show what stands in its place.
    where = rng.integers(PROMPT, rows.shape[1] - 1, len(rows))
    rows[np.arange(len(rows)), where] = rng.integers(0, corpus.VOCABULARY, len(rows))

    _, right = check(rows[:, :PROMPT], rows[:, PROMPT:])

    assert right.tolist() == graded(rows)
    assert 0 < right.sum() < len(rows)


def test_a_mixed_corpus_slips_and_names_other_results() -> None:
    """As often as it says it does."""
    rows = write(MIXED, np.random.default_rng(2), 4_000, frozenset())

    legal, right = check(rows[:, :PROMPT], rows[:, PROMPT:])

    # None of four steps slips; four standard deviations of 4,000 texts, and slips that cannot be written.
    assert legal.mean() == pytest.approx((1 - MIXED.slips) ** 4, abs=0.02)
    assert legal.mean() < 1
    assert right.mean() == pytest.approx(MIXED.named * legal.mean(), abs=0.03)


def test_held_out_problems_come_up_in_no_corpus() -> None:
    """Even where the same random numbers would write them."""
    held_out = problems.keys_of([row[:PROMPT] for row in random_rows(500, seed=3)])

    rows = write(CLEAN, np.random.default_rng(3), 500, held_out)

    assert held_out.isdisjoint(problems.keys_of([row[:PROMPT] for row in rows]))


def test_splits_share_no_problem_and_are_those_of_the_seed() -> None:
    """The files are what the seed draws, and no problem comes up twice."""
    splits = {
        name: (MINIATURE / "problems" / f"{name}.jsonl").read_text().splitlines()
        for name in ("test", "validation")
    }
    drawn = problems.draw_problems()

    for name, lines in splits.items():
        assert [json.loads(line)["question"] for line in lines] == [one.question for one in drawn[name]]
    every = [one.question for split in drawn.values() for one in split]
    assert len(set(every)) == len(every) == 3 * sum(problems.SIZES.values())


def test_text_and_tokens_are_each_other() -> None:
    """A prompt and four steps are five lines."""
    tokenizer = make_tokenizer()
    row = random_rows(1)[0]

    text = tokenizer.decode(row[1:-1])

    assert tokenizer.encode(text) == row[:-1].tolist()
    assert text.count("\n") == 5


def rewards(*rows: list[float]) -> torch.Tensor:
    """Write rewards, one row for each prompt."""
    return torch.tensor(rows, dtype=torch.float32)


# Worked by hand from the formulas of the papers.
BY_HAND = {
    "GRPO": [1.5, -0.5, -0.5, -0.5, 0.0, 0.0, 0.0, 0.0],
    "DAPO": [1.5, -0.5, -0.5, -0.5, 0.0, 0.0, 0.0, 0.0],
    "RLOO": [1.0, -1 / 3, -1 / 3, -1 / 3, 0.0, 0.0, 0.0, 0.0],
    # Mean 5/8, standard deviation (5 * (3/8)^2 + 3 * (5/8)^2) / 7, its root.
    "Reinforce++": [(value - 5 / 8) / (1.875 / 7) ** 0.5 for value in (1, 0, 0, 0, 1, 1, 1, 1)],
    "ReMax": [0.0, -1.0, -1.0, -1.0, 1.0, 1.0, 1.0, 1.0],
}


@pytest.mark.parametrize("name", BY_HAND)
def test_advantages_are_those_worked_by_hand(name: str) -> None:
    """One mixed group and one in which all are right."""
    rollouts = Rollouts(rewards([1, 0, 0, 0], [1, 1, 1, 1]), greedy=torch.tensor([1.0, 0.0]))

    found = ALGORITHMS[name].advantages(rollouts)

    assert found.flatten().tolist() == pytest.approx(BY_HAND[name], abs=1e-4)


def test_advantages_of_ppo_are_reward_minus_value_whitened() -> None:
    """Worked by hand."""
    values = torch.tensor([[0.5, 0.75], [0.25, 0.0]])

    found = ALGORITHMS["PPO"].advantages(Rollouts(rewards([1.0], [0.0]), values=values))

    # Before whitening .5, .25, -.25, 0: mean .125, variance (.375^2 + .125^2 + .375^2 + .125^2) / 3.
    scale = (0.3125 / 3) ** 0.5
    assert found.flatten().tolist() == pytest.approx(
        [0.375 / scale, 0.125 / scale, -0.375 / scale, -0.125 / scale], abs=1e-4
    )


def test_the_surrogate_stops_paying_beyond_its_clip() -> None:
    """Above for good responses, below for bad ones."""
    old = torch.zeros(1, 4)
    logprobs = torch.tensor([[1.5, 0.5, 1.5, 0.5]]).log()
    advantages = torch.tensor([[1.0, 1.0, -1.0, -1.0]])

    losses = clipped(logprobs, old, advantages, low=0.2, high=0.28)

    assert losses.flatten().tolist() == pytest.approx([-1.28, -0.5, 1.5, 0.8])


def test_responses_or_tokens_weigh_the_same() -> None:
    """A short response beside a long one."""
    losses, mask = torch.tensor([[1.0, 0.0], [2.0, 4.0]]), torch.tensor([[1.0, 0.0], [1.0, 1.0]])

    assert mean_over(losses, mask, "response").item() == pytest.approx((1 + 3) / 2)
    assert mean_over(losses, mask, "token").item() == pytest.approx(7 / 3)


def test_the_estimate_of_the_divergence_is_unbiased() -> None:
    """Its mean under the policy is the divergence, by the definition."""
    policy, base = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.2, 0.2, 0.6])

    mean = (policy * divergence(policy.log(), base.log())).sum()

    assert mean.item() == pytest.approx((policy * (policy / base).log()).sum().item(), abs=1e-6)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_each_algorithm_solves_a_bandit(name: str) -> None:
    """One arm of four pays."""
    rule = ALGORITHMS[name]
    logits = torch.zeros(4, requires_grad=True)
    stepper = torch.optim.Adam([logits], lr=0.1)
    generator = torch.Generator().manual_seed(0)
    pays = torch.tensor([0.0, 0.0, 1.0, 0.0])
    for _ in range(60):
        shares = logits.detach().softmax(0)
        arms = torch.multinomial(shares.expand(8, 4), 4, replacement=True, generator=generator)
        found = Rollouts(
            pays[arms],
            greedy=pays[shares.argmax()].expand(8),
            values=(shares * pays).sum().expand(32, 1),
        )
        logprobs = logits.log_softmax(0)[arms].reshape(-1, 1)
        losses = clipped(logprobs, logprobs.detach(), rule.advantages(found), low=rule.low, high=rule.high)
        stepper.zero_grad()
        mean_over(losses, torch.ones_like(losses), rule.weighting).backward()
        stepper.step()

    assert logits.softmax(0)[2].item() > 0.9


def test_orthogonal_brings_singular_values_close_to_one() -> None:
    """Of upright and of lying matrices."""
    matrix = torch.randn(6, 9, generator=torch.Generator().manual_seed(0))

    for one in (matrix, matrix.T):
        values = torch.linalg.svdvals(orthogonal(one))
        assert values.min() > 0.5
        assert values.max() < 1.3


def test_drawn_log_probabilities_are_those_of_the_model() -> None:
    """A second reading of the whole text is the oracle."""
    model = make_model(TINY, seed=2)
    prompts = random_rows(6)[:, :PROMPT]

    drawn = draw(model, prompts, 3, torch.Generator().manual_seed(0))

    rows = torch.cat([torch.from_numpy(prompts).repeat_interleave(3, 0), drawn.tokens], 1)
    with torch.no_grad():
        every = Policy(model)(rows)[0].log_softmax(-1)
    expected = every.gather(2, rows[:, PROMPT:, None]).squeeze(2)
    entropy = -(every.exp() * every).sum(-1)
    assert torch.allclose(drawn.logprobs * drawn.mask, expected * drawn.mask, atol=1e-4)
    assert torch.allclose(drawn.entropy * drawn.mask, entropy * drawn.mask, atol=1e-4)


def test_models_come_back_as_they_were_saved_but_for_rounding(tmp_path: Path) -> None:
    """Twice into one folder, as after a kill."""
    model = make_model(TINY, seed=2)

    save_model(model, tmp_path / "model")
    save_model(model, tmp_path / "model")

    loaded = load_model(tmp_path / "model").state_dict()
    for name, weight in model.state_dict().items():
        assert torch.equal(loaded[name], weight.half().float())
    assert {file.name for file in (tmp_path / "model").iterdir()} >= {
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
    }


def test_every_model_of_the_plan_is_made_from_models_of_the_plan() -> None:
    """And so can be built."""
    assert {need for way in PLAN.values() for need in needs(way)} <= set(PLAN)


def test_the_build_names_models_that_it_does_not_know() -> None:
    """A wrong name ends before any work."""
    script = MINIATURE / "recipe" / "build.py"

    ended = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, script, "--only", "gpt"], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 2
    assert "invalid choice: 'gpt'" in ended.stderr
