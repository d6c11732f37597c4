"""Files of log-probabilities: what is refused, and that samples and their tables judge alike."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from results_json import content_of
from sampled_study import draw, write_sampled
from scored_study import COLUMNS, likely, scored_study, scores_text
from study_factory import BASE, PAIR, RL, all_claims, judged, write_tables
from typer.testing import CliRunner

from beyondbase import InputError, Outcome, load_study
from beyondbase.cli import app
from beyondbase.evidence.likelihood_files import score_rows, write_scores
from beyondbase.evidence.load import load_evidence
from beyondbase.store import SampleSet, Scored
from beyondbase.study import Study

VALUES = {"base": {"logprob": -np.ones((3, 2))}, "rl": {"logprob": -np.ones((3, 2))}}
TEXT = scores_text(VALUES)


def refusal(folder: Path, text: str | None = None, **tables: Any) -> str:
    """Read a study, with this file of log-probabilities if one is given, and return the message."""
    study = scored_study(folder, PAIR, VALUES, **tables)
    if text is not None:
        (folder / "scores.csv").write_text(text)
    with pytest.raises(InputError) as caught:
        load_evidence(study)
    message = str(caught.value)
    assert message.startswith(str(folder))
    return message.removeprefix(f"{folder}/")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("base_logprob", "base_logprop", 'scores.csv: found an unknown column "base_logprop" (did you mean'),
        ("T,rl,0", "T,lr,0", 'scores.csv:8: found arm "lr" on task "T", of which there are no counts'),
        ("T,rl,1", "T,rl,7", 'scores.csv:10: problem_id: found "7", of which there are no counts'),
        ("T,base,0,0", "T,base,0,-1", "scores.csv:2: index: found -1; number completions from 0"),
        (
            "T,rl,1,1",
            "T,rl,1,16",
            "scores.csv:11: index: found 16, where the counts are of 16 completions of",
        ),
        ("base,0,1,10", "base,0,1,0", "scores.csv:3: tokens: found 0; every completion has one at least"),
        ("base,0,1,10", "base,0,1,", "scores.csv:3: tokens: found nothing; fill the cell"),
        ("-1.0,-1.0,-1.0", "-1.0,0.5,-1.0", "scores.csv:2: base_logprob: found 0.5; give the sum of"),
        (
            "-1.0,-1.0,-1.0",
            "-1.0,-1.1,-1.0",
            "scores.csv:2: base_logprob: found -1.1 of an arm that is its own",
        ),
        ("-1.0,-1.0,-1.0", "-1.0,-1.0,-inf", "scores.csv:2: own_logprob: found -inf; give the sum of"),
        ("-1.0,-1.0,-1.0", "-1.0,much,-1.0", "scores.csv: is no csv file of log-probabilities ("),
        ("T,rl,0,1", "T,rl,0,0", 'scores.csv: problem "0", completion 0, stands there twice; delete one'),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Each mistake is told with its place, what was found and what to do."""
    assert old in TEXT
    assert refusal(tmp_path, TEXT.replace(old, new, 1)).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "scores.csv: is no csv file of log-probabilities ("),
        (f"{COLUMNS}\n", "scores.csv: found no rows; add a row for each completion"),
        ("task,arm\nT,rl\n", "scores.csv: missing the columns problem_id, index, tokens, logprob,"),
        (f"{COLUMNS},arm\n", 'scores.csv: found the column "arm" twice; delete one'),
    ],
)
def test_files_without_rows_or_columns_are_named(tmp_path: Path, text: str, message: str) -> None:
    """An empty file, one of a header alone, and one of too few columns."""
    assert refusal(tmp_path, text).startswith(message)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """A missing file, an unknown suffix, a header in no UTF-8, and an arm in two files."""
    names: Any = {"tallies": "counts.csv", "scores": "other.csv"}
    assert refusal(tmp_path, evidence=names).startswith(
        "other.csv: cannot be read (No such file or directory)"
    )
    (tmp_path / "scores.txt").write_text(TEXT)
    names["scores"] = "scores.txt"
    assert refusal(tmp_path, evidence=names).startswith(
        'scores.txt: found the suffix ".txt"; give a .parquet'
    )
    (tmp_path / "other.csv").write_bytes(b"\xff" + TEXT.encode())
    names["scores"] = "other.csv"
    assert refusal(tmp_path, evidence=names).startswith("other.csv: is no csv file of log-probabilities (")
    (tmp_path / "other.csv").write_text(TEXT)
    names["scores"] = ["scores.csv", "other.csv"]
    assert refusal(tmp_path, evidence=names).startswith(
        'other.csv: found arm "base" on task "T" in an earlier'
    )


def test_scores_beside_samples_are_refused(tmp_path: Path) -> None:
    """Samples bring their own."""
    with pytest.raises(InputError, match=r"\[evidence\] scores: found beside samples"):
        write_sampled(tmp_path, evidence={"samples": "drawn", "scores": "scores.csv"})


COLD = BASE | {"repeats": "base", "temperature": 0.6}
HOT = RL | {"repeats": "rl", "temperature": 2.0}


@pytest.mark.parametrize(
    ("hot", "message"),
    [
        (HOT | {"repeats": "bas"}, 'repeats: found "bas"; use an arm that repeats no other: base, rl (did'),
        (HOT | {"repeats": "hot"}, 'repeats: found "hot"; use an arm that repeats no other: base, rl'),
        (RL | {"repeats": "rl"}, 'temperature: missing; add that at which this arm repeats "rl"'),
        (HOT | {"model": "x"}, 'model: found "x", and "made/rl" on \'rl\', which this arm repeats; make'),
        (
            RL | {"entropy_matched": True},
            "entropy_matched: found true on an arm without repeats; add repeats",
        ),
        (COLD | {"entropy_matched": True}, "entropy_matched: found true on an arm with role base; use it on"),
        (HOT | {"entropy_matched": True, "base": "cold"}, 'base: found "cold"; delete it: the entropy is to'),
        (RL | {"base": "cold"}, 'base: found "cold"; use an arm with role base: base'),
        (HOT | {"paired": False}, 'paired: found false on an arm with repeats = "rl"; use it on a trained'),
        (COLD | {"base": "base"}, 'base: found "base" on an arm with role base; delete this key'),
    ],
)
def test_wrong_repeats_are_named(tmp_path: Path, hot: Any, message: str) -> None:
    """What an arm repeats must be there, be the same model, and be drawn at a temperature that is said."""
    with pytest.raises(InputError) as caught:
        scored_study(tmp_path, PAIR | {"cold": COLD, "hot": hot}, VALUES)
    assert f"[arms.hot] {message}" in str(caught.value)


def test_repeats_need_no_base_of_their_own(tmp_path: Path) -> None:
    """A repeat of a base is no second base, which arms would have to choose from."""
    arms = PAIR | {"cold": COLD}
    study = scored_study(tmp_path, arms, VALUES)
    assert [study.base_of(name) for name in arms] == ["base", "base", "base"]


def test_files_come_back_as_they_were_written(tmp_path: Path) -> None:
    """CSV and parquet hold the same numbers to the last bit, unknown ones too, in any order of rows."""
    values = likely(5, 3, mean=-9, seed=1)
    unknown = values.copy()
    unknown[1, 2] = np.nan
    scores = {"base": {"logprob": values}, "rl": {"logprob": values / 3, "base_logprob": unknown}}
    study = scored_study(tmp_path, PAIR, scores)
    rows = score_rows(load_evidence(study).tallies)
    assert len(rows) == 30
    assert write_scores(tmp_path / "scores.parquet", load_evidence(study).tallies) == 30
    table = pq.read_table(tmp_path / "scores.parquet")
    pq.write_table(table.take(np.random.default_rng(0).permutation(30)), tmp_path / "scores.parquet")
    again = scored_study(
        tmp_path, PAIR, scores, evidence={"tallies": "counts.csv", "scores": "scores.parquet"}
    )
    assert repr(score_rows(load_evidence(again).tallies)) == repr(rows)


def test_a_base_is_as_likely_under_itself_as_under_its_base(tmp_path: Path) -> None:
    """What its rows leave empty is filled, and rounding is let pass; of other arms nothing is filled."""
    values = likely(5, 3, mean=-9, seed=1)
    under = values * (1 + 1e-7)
    under[2] = np.nan
    columns = {"logprob": values, "base_logprob": under}
    arms = PAIR | {"cold": COLD}
    study = scored_study(tmp_path, arms, dict.fromkeys(arms, columns))
    found = {arm: tally.likelihoods for (_, arm), tally in load_evidence(study).tallies.items()}
    expected = np.where(np.isnan(under), values, under).ravel()
    for arm, wanted in (("base", expected), ("rl", under.ravel()), ("cold", under.ravel())):
        likelihoods = found[arm]
        assert likelihoods is not None
        np.testing.assert_array_equal(likelihoods.base_logprob, wanted)


def test_numbers_of_completions_go_on_where_some_were_lost(tmp_path: Path) -> None:
    """A problem that counts one completion less than others may have a log-probability of the last."""
    counts = dict.fromkeys(PAIR, ([2, 1, 2], [1, 1, 1]))
    study = scored_study(tmp_path, PAIR, VALUES, counts=counts)
    assert len(score_rows(load_evidence(study).tallies)) == 12


def sampled_scores(folder: Path, **changed: Any) -> Study:
    """A study of samples whose first two completions of each problem are kept and scored."""
    arms = {
        "base": BASE,
        "rl": RL,
        "hot": RL | {"repeats": "rl", "temperature": 1.5, "entropy_matched": True},
    }
    study = write_sampled(folder, sampling={"n": 16, "max_tokens": 64, "keep_tokens": 2}, arms=arms)
    for arm in arms:
        store = draw(study, arm)
        scorers = {"base": ["base"] if arm != "base" else [], "hot": ["hot"] if arm == "hot" else []}
        for scorer in [*scorers["base"], *scorers["hot"]]:
            of_model = {"model": study.arms[scorer].model, "weights": None, "tokens": "kept"} | changed
            scored = [Scored(str(p), i, -1.0 - (p + 3 * i) % 5, 5) for p in range(12) for i in range(2)]
            store.append_scores(scorer, of_model, scored)
    return study


def light(study: Study) -> Study:
    """The same study, judged on the tables that the command writes of its samples."""
    folder = study.path.parent
    result = CliRunner().invoke(app, ["tables", "--study", str(study.path), "--out", str(folder / "light")])
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 2
    arms = {
        name: arm.model_dump(exclude_none=True, exclude_defaults=True) for name, arm in study.arms.items()
    }
    return write_tables(
        folder / "light",
        {
            "id": study.id,
            "title": study.title,
            "source": study.source,
            "evidence": {"tallies": "counts.parquet", "scores": "scores.parquet"},
            "tasks": {"T": {}},
            "arms": arms,
        },
    )


def test_samples_and_their_tables_judge_alike(tmp_path: Path) -> None:
    """Verdicts, pairs, perplexities and entropies are the same, number by number."""
    study = sampled_scores(tmp_path)
    whole, small = (
        content_of(judged(one, *all_claims().values()))["studies"][0] for one in (study, light(study))
    )
    for section in ("verdicts", "pairs", "likelihoods", "not_applicable"):
        assert json.dumps(small[section]) == json.dumps(whole[section])
    claims = {entry["claim"]: entry["outcome"] for entry in whole["verdicts"]}
    assert claims["rl-likely-under-base"] != "INVALID"
    assert [item["sha256"] for item in small["inputs"]][1:] == [item["sha256"] for item in whole["inputs"]][
        1:
    ]


def test_what_the_draw_noted_is_of_the_first_completions(tmp_path: Path) -> None:
    """As many of each problem as are kept, with the base's own scores from the draw itself."""
    tallies = load_evidence(sampled_scores(tmp_path)).tallies
    found = {arm: tally.likelihoods for (_, arm), tally in tallies.items()}
    base, rl, hot = found["base"], found["rl"], found["hot"]
    assert base is not None
    assert rl is not None
    assert hot is not None
    assert base.index.tolist() == [0, 1] * 12
    assert (
        set(base.base_logprob) == set(base.own_logprob) == set(rl.own_logprob) == set(hot.logprob) == {-2.0}
    )
    expected = [-1.0 - (p + 3 * i) % 5 for p in range(12) for i in range(2)]
    assert rl.base_logprob.tolist() == hot.base_logprob.tolist() == hot.own_logprob.tolist() == expected


def test_scores_that_are_not_made_yet_are_asked_for(tmp_path: Path) -> None:
    """A study that keeps tokens but lacks scores is told the command; others have no such claim."""
    kept = write_sampled(tmp_path / "kept", sampling={"n": 16, "max_tokens": 64, "keep_tokens": 2})
    bare = write_sampled(tmp_path / "bare")
    outcomes = []
    for study in (kept, bare):
        for arm in study.arms:
            draw(study, arm)
        judgement = judged(study, *all_claims().values())
        outcomes.append({entry.claim.id: entry for entry in judgement.judged}.get("rl-likely-under-base"))
    assert outcomes[1] is None
    assert outcomes[0] is not None
    assert outcomes[0].outcome is Outcome.INVALID
    assert outcomes[0].verdict.invalid[0].endswith(f"run beyondbase score --study {kept.path}")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"tokens": "text"}, "are of texts, not of the tokens that were drawn: delete"),
        ({"weights": "others"}, "were made by another model than it has now: delete"),
    ],
)
def test_scores_of_other_texts_or_models_are_no_evidence(tmp_path: Path, changed: Any, message: str) -> None:
    """They are told apart by what the scorer noted, and the claim is INVALID."""
    judgement = judged(sampled_scores(tmp_path, **changed), all_claims()["rl-likely-under-base"])
    (entry,) = judgement.judged
    assert entry.outcome is Outcome.INVALID
    assert message in entry.verdict.invalid[0]
    assert "scores/base, and run beyondbase score" in entry.verdict.invalid[0]


def test_scores_of_texts_whose_tokens_were_not_kept_have_another_remedy(tmp_path: Path) -> None:
    """To score again would not bring the tokens back: they are to be drawn into another folder."""
    few: Any = {"n": 16, "max_tokens": 64}
    study = write_sampled(tmp_path, sampling=few)
    for arm in study.arms:
        draw(study, arm)
    study = write_sampled(tmp_path, sampling=few | {"keep_tokens": 2})
    assert study.samples is not None
    with SampleSet.read(study.samples / "T" / "rl") as store:
        scored = [Scored(str(p), i, -1.0, 5) for p in range(12) for i in range(2)]
        store.append_scores("base", {"model": "made/base", "weights": None, "tokens": "text"}, scored)
    (entry,) = judged(study, all_claims()["rl-likely-under-base"]).judged
    assert entry.outcome is Outcome.INVALID
    assert entry.verdict.invalid[0].endswith(
        "which were not kept: name another folder as [evidence] samples, and sample again with keep_tokens"
    )


def test_tables_never_overwrite_and_take_no_unfit_samples(tmp_path: Path) -> None:
    """A file that is there stays; samples that cannot be judged on are refused with the reason."""
    study = sampled_scores(tmp_path)
    light(study)
    again = CliRunner().invoke(app, ["tables", "--study", str(study.path), "--out", str(tmp_path / "light")])
    assert again.exit_code == 2
    assert "counts.parquet: is there already" in again.stderr
    half = write_sampled(tmp_path / "half")
    draw(half, "base")
    draw(half, "rl", n=8)
    refused = CliRunner().invoke(app, ["tables", "--study", str(half.path), "--out", str(tmp_path / "out")])
    assert refused.exit_code == 2
    assert "has 96 of 192 completions" in refused.stderr
    assert not (tmp_path / "out").exists()


def test_the_study_of_tables_loads_alone(tmp_path: Path) -> None:
    """The tables need nothing of the samples that they were made of."""
    study = light(sampled_scores(tmp_path / "a"))
    (tmp_path / "b").mkdir()
    for path in (study.path, *study.tally_paths, *study.score_paths):
        (tmp_path / "b" / path.name).write_bytes(path.read_bytes())
    assert load_evidence(load_study(tmp_path / "b")).tallies["T", "rl"].likelihoods is not None
    assert not list((tmp_path / "b").glob("drawn"))


def test_a_set_is_read_whatever_its_scores_are_called(tmp_path: Path) -> None:
    """Scores by others than the base and the arm itself change nothing."""
    study = sampled_scores(tmp_path)
    before = repr(score_rows(load_evidence(study).tallies))
    assert study.samples is not None
    with SampleSet.read(study.samples / "T" / "rl") as store:
        store.append_scores("judge", {"model": "x"}, [Scored("0", 0, -7.0, 5)])
    assert repr(score_rows(load_evidence(study).tallies)) == before
