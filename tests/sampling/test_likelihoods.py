"""From a study of several temperatures to perplexities and entropies, by tiny models."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pipeline import (
    PUPPETS,
    Spy,
    done,
    drawn,
    make_models,
    played,
    questions,
    recipe,
    refused,
    spied,
    store_of,
    tables,
    write_tiny,
)
from results_json import content_of
from study_factory import all_claims, judged, write_tables

from beyondbase.completions import Completion
from beyondbase.engines import Request, TransformersSettings, make_engine
from beyondbase.evidence.likelihoods import Likelihoods
from beyondbase.evidence.load import load_evidence
from beyondbase.sampling import start as starting
from beyondbase.study import Study
from beyondbase.study.draw import Draw


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two tiny models."""
    return make_models(tmp_path_factory.mktemp("models"))


def arms(models: Path) -> dict[str, Any]:
    """A base and an RL arm, each also at another temperature."""
    found = tables(models)["arms"]
    cold = found["base"] | {"repeats": "base", "temperature": 0.6}
    hot = found["rl"] | {"repeats": "rl", "temperature": 1.3, "entropy_matched": True}
    return found | {"base-t06": cold, "hot": hot}


def written(folder: Path, models: Path, **changed: Any) -> Study:
    """A study of these arms that keeps two completions of each problem."""
    sampling = recipe(keep_tokens=2)
    some: dict[str, Any] = {"arms": arms(models), "sampling": sampling, "grid": {"k_large_min": 2}}
    return write_tiny(folder, models, **(some | changed))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Study:
    """Such a study, sampled and scored."""
    found = written(tmp_path_factory.mktemp("study"), models)
    done("sample", found)
    assert done("score", found) == "scored\n"
    return found


def forward(models: Path, name: str, prompt: str, tokens: tuple[int, ...], temperature: float) -> float:
    """The log-probability of tokens by one plain forward pass."""
    engine: Any = make_engine(TransformersSettings(threads=1), str(models / name))
    ids = torch.tensor([[*engine.tokenizer.encode(prompt), *tokens]])
    with torch.inference_mode():
        logits = engine._model(ids).logits[0, -len(tokens) - 1 : -1]  # noqa: SLF001
    chosen = (logits / temperature).log_softmax(-1).gather(1, torch.tensor(tokens)[:, None])
    return float(chosen.sum())


@pytest.mark.parametrize(
    ("arm", "model", "temperature"),
    [("base", "base", 1), ("rl", "rl", 1), ("base-t06", "base", 0.6), ("hot", "rl", 1.3)],
)
def test_log_probabilities_are_those_of_a_plain_forward_pass(
    study: Study, models: Path, arm: str, model: str, temperature: float
) -> None:
    """Under the arm at 1, under its base at 1, and under itself as it was drawn, of the kept completions."""
    found = load_evidence(study).tallies["sums", arm].likelihoods
    assert found is not None
    assert found.unfit == ()
    asked = {row["id"]: row["question"] for row in questions(5)}
    assert sorted(zip(found.problem.tolist(), found.index.tolist(), strict=True)) == [
        (p, i) for p in range(5) for i in range(2)
    ]
    for row in range(3):
        item = drawn(study, arm)[f"p{found.problem[row]}", int(found.index[row])]
        assert item.token_ids is not None
        assert found.tokens[row] == item.tokens
        prompt = asked[item.problem_id]
        wanted = [
            forward(models, name, prompt, item.token_ids, at)
            for name, at in ((model, 1), ("base", 1), (model, temperature))
        ]
        columns = (found.logprob, found.base_logprob, found.own_logprob)
        assert [column[row] for column in columns] == pytest.approx(wanted, abs=1e-3)


def test_nothing_is_scored_twice(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same command again starts no engine; every set has the scorers that it needs and no other."""
    engines = spied(monkeypatch)
    done("score", study)
    assert engines == []
    scorers = {arm: store_of(study, arm).scorers() for arm in study.arms}
    assert scorers == {"base": [], "rl": ["base"], "base-t06": ["base", "base-t06"], "hot": ["base", "hot"]}


def test_a_sampled_study_and_its_tables_judge_alike(study: Study) -> None:
    """No such claim fails for want of evidence, and two small files give the very same numbers."""
    folder = study.path.parent / "light"
    done("tables", study, "--out", str(folder))
    settings: dict[str, Any] = {
        "id": study.id,
        "title": study.title,
        "source": study.source,
        "evidence": {"tallies": "counts.parquet", "scores": "scores.parquet"},
        "tasks": {task: {} for task in study.tasks},
        "arms": {name: arm.model_dump(exclude_defaults=True) for name, arm in study.arms.items()},
        "grid": {"k_large_min": 2},
    }
    light = write_tables(folder, settings)
    whole, small = (content_of(judged(one, *all_claims().values()))["studies"][0] for one in (study, light))
    assert small["verdicts"] == whole["verdicts"]
    assert small["likelihoods"] == whole["likelihoods"]
    found = {entry["id"]: entry for entry in whole["verdicts"]}
    likely = found["rl-likely-under-base[sums/rl]"]
    assert (likely["invalid"], likely["details"][0]["unit"]) == ([], "perplexity")
    assert found["entropy-matched-stays-below[sums/hot]"]["effect"] is not None or any(
        "times the entropy of 'base'" in reason
        for reason in found["entropy-matched-stays-below[sums/hot]"]["invalid"]
    )
    entropy = {
        item["arm"]: item["entropy"]["estimate"] for item in whole["likelihoods"] if item["task"] == "sums"
    }
    assert entropy["base-t06"] < entropy["base"]
    assert np.isfinite(list(entropy.values())).all()


def test_an_engine_that_knows_one_temperature_leaves_others_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bases score, and it is said whose entropy will not be known."""
    played(monkeypatch, lambda problem, index: f"{problem} {index}")
    hot = PUPPETS["rl"] | {"repeats": "rl", "temperature": 1.5}
    study = written(
        tmp_path, tmp_path, arms=PUPPETS | {"hot": hot}, engine={"engine": "openai", "url": "http://nowhere"}
    )
    done("sample", study, "--no-grade")
    told = done("score", study, "--completions", "2")
    assert told.startswith('not scored at their own temperature: hot ("openai" scores at temperature 1 only;')
    assert store_of(study, "hot").scorers() == ["base"]


def test_draws_that_were_cut_off_have_no_entropy(tmp_path: Path, models: Path) -> None:
    """With top_p the law that was drawn from is another than the model's at that temperature."""
    cut = recipe(keep_tokens=2, top_p=0.9)
    study = written(tmp_path, models, sampling=cut)
    done("sample", study, "--task", "sums")
    done("score", study, "--task", "sums")
    assert store_of(study, "hot").scorers() == ["base"]
    done("sample", study)
    found = load_evidence(study).tallies["sums", "rl"].likelihoods
    assert found is not None
    assert np.isnan(found.own_logprob).all()
    assert not np.isnan(found.base_logprob).any()


def likelihoods(study: Study, arm: str) -> Likelihoods:
    """How likely the kept completions of an arm were."""
    found = load_evidence(study).tallies["sums", arm].likelihoods
    assert found is not None
    return found


def test_texts_are_not_taken_for_tokens_that_were_not_kept(tmp_path: Path, models: Path) -> None:
    """Where keep_tokens is raised after the draw, texts are scored, noted as such, and no evidence."""
    alone: dict[str, Any] = {"arms": tables(models)["arms"]}
    done("sample", written(tmp_path, models, sampling=recipe(), **alone))
    study = written(tmp_path, models, **alone)
    done("sample", study)
    done("score", study)
    assert store_of(study, "rl").scorer_identity("base")["tokens"] == "text"
    found = likelihoods(study, "rl")
    assert np.isnan(found.base_logprob).all()
    (reason,) = found.unfit
    assert reason.endswith(
        "of texts, not of the tokens that were drawn, which were not kept: name another folder as [evidence]"
        " samples, and sample again with keep_tokens"
    )
    # What it says helps.
    again = written(tmp_path, models, evidence={"samples": "others"}, **alone)
    done("sample", again)
    done("score", again)
    assert likelihoods(again, "rl").unfit == ()
    assert np.isfinite(likelihoods(again, "rl").base_logprob).all()


def test_more_tokens_than_were_kept_are_not_put_beside_the_kept(tmp_path: Path, models: Path) -> None:
    """Scores of kept tokens stay as they are; a larger keep_tokens is refused, and a smaller one goes on."""
    study = written(tmp_path, models)
    done("sample", study)
    done("score", study)
    before = likelihoods(study, "rl").base_logprob
    more = written(tmp_path, models, sampling=recipe(keep_tokens=3))
    assert "keep_tokens is 3, but some of these tokens were not kept; lower it" in refused("score", more)
    study = written(tmp_path, models)
    done("score", study)
    assert likelihoods(study, "rl").base_logprob.tolist() == before.tolist()


def test_more_completions_than_are_kept_are_refused(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is scored that the claims would not take; the first of those that are kept may be."""
    study = written(tmp_path, models)
    done("sample", study)
    engines = spied(monkeypatch)
    said = refused("score", study, "--completions", "3")
    assert said.endswith(
        "--completions: found 3, where the study keeps the tokens of 2 completions of each problem;"
        " give 2 or fewer, or sample into another folder with a larger keep_tokens"
    )
    assert (engines, store_of(study, "rl").scorers()) == ([], [])
    done("score", study, "--completions", "1")
    done("score", study)
    assert likelihoods(study, "rl").unfit == ()
    assert np.isfinite(likelihoods(study, "rl").base_logprob).all()


def test_scores_of_texts_go_on_as_such_until_they_are_deleted(tmp_path: Path, models: Path) -> None:
    """What was begun as scores of texts is finished so, and where tokens were kept a new start helps."""
    alone: dict[str, Any] = {"arms": tables(models)["arms"]}
    study = written(tmp_path, models, **alone)
    done("sample", study)
    done("score", written(tmp_path, models, sampling=recipe(), **alone), "--completions", "1")
    study = written(tmp_path, models, **alone)
    done("score", study)
    store = store_of(study, "rl")
    assert store.scorer_identity("base")["tokens"] == "text"
    assert len(store.scores("base").index) == 10
    (reason,) = likelihoods(study, "rl").unfit
    assert f"delete {store.folder / 'scores' / 'base'}, and run beyondbase score" in reason
    for task in study.tasks:
        shutil.rmtree(store_of(study, "rl", task).folder / "scores" / "base")
    done("score", study)
    assert likelihoods(study, "rl").unfit == ()


class Losing(Spy):
    """An engine that loses the first completion of one problem."""

    def generate(self, requests: Iterable[Request], how: Draw) -> Iterator[Completion]:
        """As the engine, but for one completion."""
        for item in super().generate(requests, how):
            lost = (item.problem_id, item.index) == ("p1", 0)
            yield replace(item, finish="error", token_ids=None, token_logprobs=None) if lost else item


def test_a_lost_completion_takes_no_other_into_the_scores(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tokens of the others are scored as ever, and none is scored whose tokens were not kept."""
    real = starting.make_engine
    monkeypatch.setattr(starting, "make_engine", lambda *found, **options: Losing(real(*found, **options)))
    study = written(tmp_path, models, health={"truncated": 1.0, "unparsed": 1.0, "empty": 1.0, "errors": 1.0})
    done("sample", study)
    done("score", study)
    store = store_of(study, "rl")
    assert store.scorer_identity("base")["tokens"] == "kept"
    scores = store.scores("base")
    places = [(scores.problem_ids[p], int(i)) for p, i in zip(scores.problem, scores.index, strict=True)]
    assert places == [(f"p{p}", i) for p in range(5) for i in range(2) if (p, i) != (1, 0)]
    engines = spied(monkeypatch)
    done("score", study)
    assert engines == []
