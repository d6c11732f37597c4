"""Runs of the miniature: they go on after a kill, but never as another; and how DAPO draws."""

import copy
import json
from functools import partial
from pathlib import Path
from typing import Any

import corpus
import making
import numpy as np
import pytest
import reinforce
import torch
from corpus import CLEAN, PROMPT, write
from curves import Curve
from losses import ALGORITHMS, Rollouts
from making import Place
from miniature_texts import MINIATURE, TINY, random_rows
from models import make_model
from plan import Read
from reinforce import Course, Loop, Policy
from sampler import Drawn
from states import Keeper
from supervised import Lessons, learn, lessons_run

from beyondbase.errors import InputError

LESSONS = Lessons(steps=8, batch=16)


def lessons_of(folder: Path, stop_after: int | None = None) -> tuple[dict[str, torch.Tensor], Curve]:
    """Learn 8 batches; with a stop, as if killed after so many, and go on from the file."""
    curve, keeper = Curve("test"), Keeper(folder / "state", every_s=0.0)
    model = make_model(TINY, seed=1)
    calls = 0

    def texts(rng: np.random.Generator) -> corpus.Ints:
        nonlocal calls
        calls += 1
        if stop_after is not None and calls > stop_after:
            raise KeyboardInterrupt
        return write(CLEAN, rng, 16, frozenset())

    try:
        learn(model, LESSONS, texts, lessons_run(model, LESSONS, 5, curve), keeper)
    except KeyboardInterrupt:
        return lessons_of(folder)
    return model.state_dict(), curve


def test_lessons_go_on_after_a_kill_as_if_nothing_had_happened(tmp_path: Path) -> None:
    """Same weights, same curve."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    whole, curve = lessons_of(tmp_path / "a")
    resumed, resumed_curve = lessons_of(tmp_path / "b", stop_after=5)

    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert curve.rows == resumed_curve.rows
    assert len(curve.rows) == 8


COURSE = Course(steps=3, prompts=4, rollouts=4, kl=0.1, entropy=0.01, keep=(2,))


def course_run(folder: Path, name: str, stop_at: int | None = None) -> tuple[dict[str, torch.Tensor], Curve]:
    """Reinforce for three steps; with a stop, as if killed after so many, and go on from the file."""
    curve, keeper = Curve("test"), Keeper(folder / "state", every_s=0.0)
    base = make_model(TINY, seed=1)
    policy = Policy(make_model(TINY, seed=1))
    prompts = random_rows(40)[:, :PROMPT]

    def kept(step: int) -> None:
        if step == stop_at:
            raise KeyboardInterrupt

    try:
        Loop(policy, base, ALGORITHMS[name], COURSE, prompts).run(7, curve, keeper, kept)
    except KeyboardInterrupt:
        return course_run(folder, name)
    return policy.state_dict(), curve


@pytest.mark.parametrize("name", [name for name in ALGORITHMS if name != "DAPO"])
def test_a_course_goes_on_after_a_kill_as_if_nothing_had_happened(name: str, tmp_path: Path) -> None:
    """Same weights, same curve, with a reference and a bonus."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    whole, curve = course_run(tmp_path / "a", name)
    resumed, resumed_curve = course_run(tmp_path / "b", name, stop_at=2)

    assert all(torch.equal(whole[weight], resumed[weight]) for weight in whole)
    assert curve.rows == resumed_curve.rows
    assert {"step", "reward", "entropy", "length"} <= set(curve.rows[0])


def luck(prompts: corpus.Ints, drawn: Drawn, count: int) -> torch.Tensor:
    """Reward every third response or so, by what was asked and what was drawn."""
    asked = torch.from_numpy(prompts[:, -1]).repeat_interleave(count)
    return ((drawn.tokens[:, 0] + asked) % 3 == 0).float().reshape(len(prompts), count)


def dapo() -> Loop:
    """Begin a run of DAPO, on 60 problems."""
    model = make_model(TINY, seed=1)
    course = Course(prompts=8, rollouts=4)
    return Loop(Policy(model), model, ALGORITHMS["DAPO"], course, random_rows(60)[:, :PROMPT])


def test_dapo_learns_from_mixed_groups_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept belongs together, token by token; the reward is that of all that was drawn."""
    rewarded: list[torch.Tensor] = []

    def remembered(prompts: corpus.Ints, drawn: Drawn, count: int) -> torch.Tensor:
        rewarded.append(luck(prompts, drawn, count))
        return rewarded[-1]

    monkeypatch.setattr(reinforce, "_rewards", remembered)
    loop = dapo()

    drawn, batch = loop.collect(np.random.default_rng(2), torch.Generator().manual_seed(2))

    kept = luck(batch.rows[::4, :PROMPT].numpy(), drawn, 4)
    assert ((kept.sum(1) > 0) & (kept.sum(1) < 4)).all()
    assert kept.shape == (8, 4)
    assert len(rewarded) > 1
    assert torch.equal(batch.rewards, torch.cat(rewarded))
    assert batch.rows[:, :PROMPT].unflatten(0, (8, 4)).unique(dim=1).shape[1] == 1
    assert torch.equal(batch.rows[:, PROMPT:], drawn.tokens)
    with torch.no_grad():
        every = loop.policy(batch.rows)[0].log_softmax(-1)
    expected = every.gather(2, drawn.tokens[:, :, None]).squeeze(2)
    assert torch.allclose(batch.old * batch.mask, expected * batch.mask, atol=1e-4)
    assert torch.equal(batch.advantages, ALGORITHMS["DAPO"].advantages(Rollouts(kept)))


@pytest.mark.parametrize("reward", [0.0, 1.0])
def test_dapo_ends_where_no_group_is_mixed(reward: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of drawing for ever."""
    monkeypatch.setattr(
        reinforce, "_rewards", lambda prompts, _drawn, count: torch.full((len(prompts), count), reward)
    )

    with pytest.raises(InputError, match=r"DAPO: found 0 groups .* in 20 draws, not 8"):
        dapo().collect(np.random.default_rng(2), torch.Generator().manual_seed(2))


def test_groups_of_one_are_refused() -> None:
    """Such a group is never mixed, and has no deviation."""
    with pytest.raises(InputError, match=r"rollouts = 1: .*take 2 or more"):
        Course(rollouts=1)


@pytest.mark.parametrize("other", [{"settings": 2}, {"from": "another base"}])
def test_a_state_of_another_recipe_is_refused(other: dict[str, object], tmp_path: Path) -> None:
    """With the file to delete; neither the state nor the run is touched."""
    recipe: dict[str, object] = {"settings": 1, "from": "base"}
    path = tmp_path / "grpo.state"
    first, second = make_model(TINY, seed=1), make_model(TINY, seed=2)
    Keeper(path, recipe, every_s=0.0).keep(lessons_run(first, LESSONS, 5, Curve("test")), 3)
    kept, weights = path.read_bytes(), copy.deepcopy(second.state_dict())

    with pytest.raises(InputError, match=rf"grpo\.state: .*other: {next(iter(other))}\); delete the file"):
        Keeper(path, recipe | other).restore(lessons_run(second, LESSONS, 5, Curve("test")))

    assert path.read_bytes() == kept
    assert all(torch.equal(value, weights[name]) for name, value in second.state_dict().items())
    assert Keeper(path, recipe).restore(lessons_run(second, LESSONS, 5, Curve("test"))) == 3


def test_a_killed_run_does_not_go_on_as_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model of a changed plan is not made from the state of the old one."""
    place = Place(MINIATURE / "problems", tmp_path / "models", tmp_path / "curves", tmp_path / "work")
    monkeypatch.setattr(making, "Keeper", partial(Keeper, every_s=0.0))
    calls = iter(range(3))

    def killed(*given: Any) -> corpus.Ints:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return write(*given)

    with monkeypatch.context() as patch:
        patch.setattr(making, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            making.make("base", Read(TINY, CLEAN, LESSONS, seed=1), place)

    with pytest.raises(InputError, match=r"base\.state: .*other: settings"):
        making.make("base", Read(TINY, CLEAN, LESSONS, seed=2), place)
    making.make("base", Read(TINY, CLEAN, LESSONS, seed=1), place)

    record = json.loads((place.models / "base" / making.RECORD).read_text())
    assert record["settings"]["seed"] == 1
    assert list(place.work.iterdir()) == []
