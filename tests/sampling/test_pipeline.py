"""From a study to verdicts on tiny models: completions hang on the study alone, and none is drawn twice."""

from pathlib import Path

import pytest
from pipeline import (
    all_drawn,
    done,
    drawn,
    make_models,
    plain,
    questions,
    recipe,
    refused,
    shards,
    spied,
    store_of,
    tables,
    write_problems,
    write_tiny,
)
from study_factory import judged

from beyondbase.evidence.load import load_evidence
from beyondbase.results.build import results_of, write_results
from beyondbase.store import seed_of
from beyondbase.study import Study


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two tiny models."""
    return make_models(tmp_path_factory.mktemp("models"))


def answered(study: Study, *, arm: str = "base") -> None:
    """Make the first text that an arm gave to each problem its right answer."""
    first = {name: item.text for (name, index), item in drawn(study, arm).items() if index == 0}
    rows = [{**row, "answer": first[row["id"]].strip() or "none"} for row in questions(5)]
    write_problems(study.path.parent / "sums.jsonl", rows)


def test_a_study_is_sampled_graded_and_judged(tmp_path: Path, models: Path) -> None:
    """One command gives every completion, each with its own seed and a grade, and claims can be judged."""
    study = write_tiny(tmp_path, models, grid={"k_large_min": 2})
    assert "sampled and graded; to judge: " in done("sample", study)
    for (task, arm), found in all_drawn(study).items():
        store = store_of(study, arm, task)
        wanted = {(f"p{i}", j) for i in range(5 if task == "sums" else 3) for j in range(4)}
        assert found.keys() == wanted
        assert all(item.seed == seed_of(store.fingerprint, *key) for key, item in found.items())
        assert len({item.text for item in found.values()}) > 4
    answered(study)
    assert "graded; to judge: " in done("grade", study)
    tallies = load_evidence(study).tallies
    for arm in ("base", "rl"):
        found, gold = drawn(study, arm), drawn(study)
        right = [
            sum(
                item.finish == "stop" and item.text.strip() == gold[name, 0].text.strip() != ""
                for (problem, _), item in found.items()
                if problem == name
            )
            for name in tallies["sums", arm].problem_ids
        ]
        assert tallies["sums", arm].n.tolist() == [4] * 5
        assert tallies["sums", arm].c.tolist() == right
        assert tallies["sums", arm].unfit == ()
    assert tallies["sums", "base"].c.sum() > 0
    outcomes = {entry.claim.id: str(entry.outcome) for entry in judged(study).judged}
    assert outcomes["rl-leads-at-1"] != "INVALID"


def test_the_same_study_twice_gives_the_same_bytes(tmp_path: Path, models: Path) -> None:
    """In fresh folders every completion, every log-probability and results.json come out the same."""
    found = []
    for name in ("one", "other"):
        study = write_tiny(tmp_path / name, models)
        done("sample", study)
        write_results(results_of([judged(study)]), tmp_path / name / "results.json")
        found.append((all_drawn(study), (tmp_path / name / "results.json").read_bytes()))
    assert found[0] == found[1]


def test_order_and_batches_change_nothing(tmp_path: Path, models: Path) -> None:
    """Tasks and arms may come in any order, one by one, and be stored in batches of any size."""
    study = write_tiny(tmp_path / "one", models)
    done("sample", study)
    turned = {name: dict(reversed(tables(models)[name].items())) for name in ("tasks", "arms", "problems")}
    other = write_tiny(tmp_path / "other", models, sampling=recipe(batch=3), **turned)
    done("sample", other, "--task", "more sums", "--arm", "rl", "--no-grade")
    assert store_of(other, "rl", "more sums").status().completions == 12
    done("sample", other)
    assert all_drawn(study) == all_drawn(other)


def test_the_engines_batch_changes_no_text(tmp_path: Path, models: Path) -> None:
    """Completions are the same whichever others are drawn beside them; log-probabilities up to rounding."""
    found = []
    for size in (1, 5, 64):
        engine = tables(models)["engine"] | {"batch_size": size}
        study = write_tiny(tmp_path / str(size), models, engine=engine)
        done("sample", study, "--arm", "base", "--no-grade", "--task", "sums")
        found.append(drawn(study))
    for other in found[1:]:
        assert plain(other) == plain(found[0])
        for key, item in other.items():
            assert item.logprob == pytest.approx(found[0][key].logprob, abs=1e-4)


def test_another_seed_draws_other_completions(tmp_path: Path, models: Path) -> None:
    """With another seed every completion has another seed, in a folder of its own; one set has one seed."""
    one = write_tiny(tmp_path / "one", models)
    other = write_tiny(tmp_path / "other", models, sampling=recipe(seed=1))
    for study in (one, other):
        done("sample", study, "--arm", "base")
    found, others = drawn(one), drawn(other)
    assert found.keys() == others.keys()
    assert not {item.seed for item in found.values()} & {item.seed for item in others.values()}
    assert sum(item.text != others[key].text for key, item in found.items()) > len(found) / 2
    changed = write_tiny(tmp_path / "one", models, sampling=recipe(seed=1))
    assert "was sampled with other settings: seed: this run has 1, the set has 0; restore" in (
        refused("sample", changed, "--arm", "base")
    )
    changed = write_tiny(tmp_path / "other", models)
    assert "seed: this run has 0, the set has 1; " in refused("sample", changed, "--arm", "base")


def test_raising_n_only_adds(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From 4 to 8 the files of the first 4 stay as they are, and only the others are drawn."""
    study = write_tiny(tmp_path / "grown", models)
    done("sample", study)
    before, first = shards(study), all_drawn(study)
    engines = spied(monkeypatch)
    study = write_tiny(tmp_path / "grown", models, sampling=recipe(n=8))
    done("sample", study)
    after = shards(study)
    assert {path: after[path] for path in before} == before
    assert {index for engine in engines for _, index, _ in engine.asked} == {4, 5, 6, 7}
    assert sum(len(engine.asked) for engine in engines) == 2 * (5 + 3) * 4
    assert all(engine.closed for engine in engines)
    grown = all_drawn(study)
    assert all(grown[key][name] == item for key, found in first.items() for name, item in found.items())
    whole = write_tiny(tmp_path / "whole", models, sampling=recipe(n=8))
    done("sample", whole, "--arm", "base")
    assert plain(drawn(whole)) == plain(grown["sums", "base"])
    assert load_evidence(study).tallies["sums", "rl"].n.tolist() == [8] * 5


def test_a_whole_study_starts_no_engine(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing is missing no model is loaded, also for a smaller n, and no file changes."""
    study = write_tiny(tmp_path, models)
    done("sample", study)
    before, engines = shards(study), spied(monkeypatch)
    done("sample", study)
    done("sample", write_tiny(tmp_path, models, sampling=recipe(n=2)))
    assert engines == []
    assert shards(study) == before


def test_a_new_problem_adds_only_its_completions(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A problem that is added to a file is drawn for every arm, and nothing else is."""
    study = write_tiny(tmp_path, models)
    done("sample", study)
    first, engines = all_drawn(study), spied(monkeypatch)
    write_problems(tmp_path / "sums.jsonl", [*reversed(questions(5)), {**questions(6)[5], "id": "new/one"}])
    done("sample", study)
    assert [engine.asked for engine in engines] == [[("new/one", i, False) for i in range(4)]] * 2
    grown = all_drawn(study)
    assert all(grown["sums", arm].items() >= first["sums", arm].items() for arm in ("base", "rl"))
    assert grown["more sums", "rl"] == first["more sums", "rl"]
    assert load_evidence(study).tallies["sums", "rl"].problem_ids == ("new/one", *(f"p{i}" for i in range(5)))


@pytest.mark.parametrize("n", [4, 6])
def test_a_changed_question_is_refused_by_name(tmp_path: Path, models: Path, n: int) -> None:
    """Completions of a question are never taken for those of another, whether some are missing or none."""
    study = write_tiny(tmp_path, models)
    done("sample", study, "--arm", "base", "--task", "sums")
    before = drawn(study)
    rows = questions(5)
    write_problems(tmp_path / "sums.jsonl", [*rows[:3], {**rows[3], "question": "What is 4?"}, rows[4]])
    study = write_tiny(tmp_path, models, sampling=recipe(n=n))
    said = refused("sample", study)
    assert 'problem "p3" was asked with another prompt before; ' in said
    assert str(store_of(study).folder) in said
    assert drawn(study) == before


def test_a_changed_answer_costs_no_samples(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A corrected answer is no other prompt: nothing is drawn, and n can still be raised."""
    study = write_tiny(tmp_path, models)
    done("sample", study, "--arm", "base")
    write_problems(tmp_path / "sums.jsonl", [{**row, "answer": "7"} for row in questions(5)])
    engines = spied(monkeypatch)
    done("sample", study, "--arm", "base")
    assert engines == []
    done("sample", write_tiny(tmp_path, models, sampling=recipe(n=5)), "--arm", "base")
    assert len(engines) == 1


def test_tokens_stay_of_the_first_completions_only(tmp_path: Path, models: Path) -> None:
    """keep_tokens = 2 keeps those of indices 0 and 1 of each problem, and changes no completion."""
    study = write_tiny(tmp_path / "kept", models, sampling=recipe(keep_tokens=2, n=3))
    done("sample", study, "--arm", "base")
    # Also of what is drawn later: n and the number of those whose tokens stay may both grow.
    study = write_tiny(tmp_path / "kept", models, sampling=recipe(keep_tokens=4))
    done("sample", study, "--arm", "base")
    bare = write_tiny(tmp_path / "bare", models)
    done("sample", bare, "--arm", "base")
    kept = drawn(study)
    assert plain(kept) == plain(drawn(bare))
    for (_, index), item in kept.items():
        if index == 2:
            assert item.token_ids is None
            assert item.token_logprobs is None
        else:
            assert item.token_ids is not None
            assert item.token_logprobs is not None
            assert len(item.token_ids) == len(item.token_logprobs) == item.tokens
            assert sum(item.token_logprobs) == pytest.approx(item.logprob, abs=1e-4)


def test_other_settings_are_refused_before_a_model_is_loaded(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed temperature, or other weights in the model's folder, names the setting and draws nothing."""
    study = write_tiny(tmp_path, models)
    done("sample", study)
    engines = spied(monkeypatch)
    hot = write_tiny(tmp_path, models, sampling=recipe(n=8, temperature=0.5))
    assert "sampling.temperature: this run has 0.5, the set has 1; " in refused("sample", hot)
    arms = tables(models)["arms"]
    swapped = {"base": {**arms["base"], "model": arms["rl"]["model"]}, "rl": arms["rl"]}
    other = write_tiny(tmp_path, models, sampling=recipe(n=8), arms=swapped)
    assert "weights: this run has" in refused("sample", other)
    assert engines == []


def test_an_arm_may_have_settings_of_its_own(tmp_path: Path, models: Path) -> None:
    """The temperature, the number of tokens and the prompt of an arm count before those of [sampling]."""
    arms = tables(models)["arms"]
    arms["rl"] |= {"temperature": 0.3, "max_tokens": 2, "prompt": "chat-boxed"}
    study = write_tiny(tmp_path, models, arms=arms)
    done("sample", study, "--task", "sums")
    identity = store_of(study, "rl").identity
    assert (identity["sampling"]["temperature"], identity["sampling"]["max_tokens"]) == (0.3, 2)
    assert identity["prompt"]["chat"] is True
    assert max(item.tokens or 0 for item in drawn(study, "rl").values()) == 2
    assert max(item.tokens or 0 for item in drawn(study, "base").values()) > 2
