"""Studies judged on sample sets: what is counted, what is refused, what is unfit."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from results_json import content_of, recorded
from sampled_study import GRADER, TABLES, draw, sampled, usual, write_sampled
from study_factory import BASE, RL, judged, write_tables

from beyondbase.errors import InputError
from beyondbase.evidence.graded_task import GradedTask, read_task, task_path, write_task
from beyondbase.evidence.load import load_evidence
from beyondbase.evidence.problems import load_problems
from beyondbase.evidence.sampled_arm import sampled_arm
from beyondbase.formats.compact import write_light
from beyondbase.report import render_page
from beyondbase.results.schema import read_results
from beyondbase.store import SampleSet, set_folder
from beyondbase.store.sidecars import expect_rows
from beyondbase.study import Study
from beyondbase.tasks import problems_digest


def refusal(study: Study) -> str:
    """Read evidence that must be refused, and return the message."""
    with pytest.raises(InputError) as caught:
        load_evidence(study)
    return str(caught.value)


def unfit(study: Study, arm: str) -> tuple[str, ...]:
    """Why the tally of an arm is no evidence."""
    return load_evidence(study).tallies["T", arm].unfit


def changed(study: Study, **tables: Any) -> Study:
    """The same study with other tables, over the same samples."""
    return write_tables(study.path.parent, dict(TABLES) | tables)


def test_counts_are_those_of_the_outcomes(tmp_path: Path) -> None:
    """Tallies hold n and c of every problem in natural order, and nothing makes them unfit."""
    evidence = load_evidence(sampled(tmp_path))
    for arm in ("base", "rl"):
        tally = evidence.tallies["T", arm]
        assert tally.problem_ids == tuple(map(str, range(12)))
        assert tally.n.tolist() == [16] * 12
        assert tally.c.tolist() == [
            sum(usual(arm, problem, index) == "correct" for index in range(16)) for problem in range(12)
        ]
        assert tally.unfit == ()
    assert [(item.task, item.arm) for item in evidence.sets] == [("T", "base"), ("T", "rl")]
    assert [item.prompts for item in evidence.sets] == [None, True]


def test_errors_are_in_no_count(tmp_path: Path) -> None:
    """A completion that machinery lost lowers n; a problem of which all are lost leaves the counts."""
    study = write_sampled(tmp_path, health={"errors": 1.0})
    for arm in ("base", "rl"):
        draw(
            study, arm, outcomes=lambda _, problem, index: "error" if problem == 3 or index == 0 else "wrong"
        )
    tally = load_evidence(study).tallies["T", "base"]
    assert "3" not in tally.problem_ids
    assert set(tally.n.tolist()) == {15}


def test_fewer_completions_are_judged_than_there_are(tmp_path: Path) -> None:
    """A study that asks for a smaller n is judged on the first so many completions of each problem."""
    study = changed(sampled(tmp_path), sampling={"n": 6, "max_tokens": 64})
    tally = load_evidence(study).tallies["T", "base"]
    assert tally.n.tolist() == [6] * 12
    assert tally.c[0] == sum(usual("base", 0, index) == "correct" for index in range(6))


def test_an_unfinished_set_is_unfit(tmp_path: Path) -> None:
    """Fewer completions than the study asks for make every claim INVALID, with the command to run."""
    study = changed(sampled(tmp_path), sampling={"n": 20, "max_tokens": 64})
    (reason,) = unfit(study, "rl")
    assert reason.startswith("arm 'rl' on 'T' has 192 of 240 completions: run beyondbase sample --study ")
    verdicts = judged(study).judged
    assert {str(entry.outcome) for entry in verdicts} == {"INVALID"}
    assert reason in verdicts[0].verdict.invalid


def test_unhealthy_completions_are_unfit(tmp_path: Path) -> None:
    """Too many truncated completions make claims about the pair INVALID; a wider limit makes them fit."""
    study = write_sampled(tmp_path)
    draw(study, "base")
    draw(study, "rl", outcomes=lambda _, __, index: "truncated" if index < 4 else "correct")
    (reason,) = unfit(study, "rl")
    assert reason.startswith("arm 'rl' on 'T': 25.0% of its completions were cut off before an answer, where")
    assert reason.endswith("[health] truncated allows 10.0%: raise max_tokens, or allow more")
    assert {str(entry.outcome) for entry in judged(study).judged} == {"INVALID"}
    assert unfit(changed(study, health={"truncated": 0.25}), "rl") == ()


def test_other_prompts_than_the_base_are_unfit(tmp_path: Path) -> None:
    """Arms that were asked in other words are no pair, unless the study says so by a prompt of its own."""
    study = write_sampled(tmp_path)
    draw(study, "base")
    draw(study, "rl", prompt="how much?")
    assert unfit(study, "rl")[0].startswith("arm 'rl' on 'T' was asked in other words than 'base'")
    shutil.rmtree(tmp_path / "drawn")
    study = changed(study, arms={"base": BASE, "rl": RL | {"prompt": "plain-boxed"}})
    draw(study, "base")
    draw(study, "rl", prompt="how much?")
    evidence = load_evidence(study)
    assert evidence.tallies["T", "rl"].unfit == ()
    assert [item.prompts for item in evidence.sets] == [None, False]


def test_a_missing_set_names_the_command(tmp_path: Path) -> None:
    """Without samples the message names arm and task, and what to run."""
    study = write_sampled(tmp_path)
    draw(study, "base")
    assert f'found no samples of arm "rl" on "T"; run beyondbase sample --study {study.path}' in refusal(
        study
    )


def test_nothing_sampled_yet(tmp_path: Path) -> None:
    """A study without any samples says where it looked and what to do."""
    assert "task.json: there is no such file; " in refusal(write_sampled(tmp_path))


def test_ungraded_completions_are_refused(tmp_path: Path) -> None:
    """Completions without a grade stop the run with their number and the command to run."""
    study = sampled(tmp_path)
    study = changed(study, sampling={"n": 18, "max_tokens": 64})
    draw(study, "rl", n=18, graded=False)
    assert "24 of 216 completions have no grade by made 1; run beyondbase grade --study" in refusal(study)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"sampling": {"n": 16, "max_tokens": 65}}, "sampling.max_tokens: this run has 65, the set has 64"),
        (
            {"sampling": {"n": 16, "max_tokens": 64, "temperature": 0.6}},
            "sampling.temperature: this run has 0.6, the set has 1",
        ),
        ({"sampling": {"n": 16, "max_tokens": 64, "prompt": "plain-boxed"}}, "prompt.text: this run has"),
        ({"sampling": {"n": 16, "max_tokens": 64, "seed": 1}}, "seed: this run has 1, the set has 0"),
        ({"arms": {"base": BASE | {"model": "made/new"}, "rl": RL}}, "model: this run has"),
        ({"arms": {"base": BASE | {"revision": "abc"}, "rl": RL}}, 'asked.revision: this run has "abc"'),
        ({"engine": {"engine": "vllm"}}, 'asked.engine.engine: this run has "vllm"'),
        (
            {"engine": {"engine": "transformers", "dtype": "float16"}},
            'asked.engine.dtype: this run has "float16", the set has "auto"',
        ),
    ],
)
def test_settings_that_changed_since_are_refused(tmp_path: Path, table: dict[str, Any], said: str) -> None:
    """Samples of other settings than the study's are never judged as if they were its own."""
    message = refusal(changed(sampled(tmp_path), **table))
    assert "was sampled with other settings: " in message
    assert said in message


def test_a_seed_that_was_taken_back_is_refused(tmp_path: Path) -> None:
    """A set of another seed is named as such where the study asks for none."""
    study = sampled(tmp_path, sampling={"n": 16, "max_tokens": 64, "seed": 7})
    assert [unfit(study, arm) for arm in study.arms] == [(), ()]
    message = refusal(changed(study, sampling={"n": 16, "max_tokens": 64}))
    assert "was sampled with other settings: seed: this run has 0, the set has 7; restore" in message


def test_sets_of_seed_0_are_named_as_before_there_was_a_seed(tmp_path: Path) -> None:
    """Seed 0 is no setting of a set, so that its completions stay what they were; any other is one."""
    recipe = {"n": 16, "max_tokens": 64}

    def settings(**changed: Any) -> Mapping[str, Any]:
        return sampled_arm(write_sampled(tmp_path, **changed), "T", "rl").settings

    assert settings().keys() == {"sampling", "prompt", "asked"}
    zero = settings(sampling=recipe | {"seed": 0})
    assert zero == settings(sampling=recipe)
    assert settings(sampling=recipe | {"seed": 2}) == {**zero, "seed": 2}


def test_speed_settings_may_change(tmp_path: Path) -> None:
    """What only makes completions come faster is no other setting."""
    engine = {"engine": "transformers", "batch_size": 7, "processes": 3, "threads": 2}
    assert load_evidence(changed(sampled(tmp_path), engine=engine)).sets


@pytest.mark.parametrize(
    ("arm", "mixed", "fit"), [({}, False, False), ({"temperature": 0.6}, False, True), ({}, True, True)]
)
def test_arms_drawn_otherwise_than_their_base(
    tmp_path: Path, arm: dict[str, Any], *, mixed: bool, fit: bool
) -> None:
    """Imports at another temperature than the base's are unfit, unless the arm says so or all may differ."""
    tables = {key: value for key, value in TABLES.items() if key not in {"sampling", "problems"}}
    arms = {"base": BASE, "rl": RL | arm}
    study = write_tables(tmp_path, tables | {"arms": arms, "health": {"mixed": mixed}})
    for name, temperature in (("base", 1.0), ("rl", 0.6)):
        draw(study, name, identity={"imported": {"sampling": {"temperature": temperature, "top_p": 1.0}}})
    reasons = unfit(study, "rl")
    assert (reasons == ()) == fit
    assert fit or reasons[0].startswith(
        "arm 'rl' on 'T' was drawn with temperature 0.6, its base 'base' with 1: draw both alike, or"
    )


def test_a_part_of_an_import_is_unfit(tmp_path: Path) -> None:
    """An import that was killed is not judged on what it had stored until then."""
    study = write_tables(
        tmp_path, {key: value for key, value in TABLES.items() if key not in {"sampling", "problems"}}
    )
    for arm in ("base", "rl"):
        store = draw(study, arm)
    expect_rows(store.folder, 193)
    assert unfit(study, "base") == ()
    assert unfit(study, "rl")[0].startswith("arm 'rl' on 'T' has 192 of 193 completions: run the same")


def test_corrected_answers_ask_for_grades(tmp_path: Path) -> None:
    """Answers of a file that changed since the grading are not judged by the old grades."""
    file = tmp_path / "p.jsonl"
    file.write_text("".join(f'{{"question": "what? {i}", "answer": "{i}"}}\n' for i in range(12)))
    study = write_sampled(tmp_path, problems={"T": {"file": "p.jsonl"}})
    for arm in ("base", "rl"):
        draw(study, arm)
    assert study.samples is not None
    known = read_task(study.samples, "T")
    digest = problems_digest(load_problems(study, "T"))
    write_task(study.samples, "T", GradedTask(known.grader, known.problems, known.source, digest))
    assert load_evidence(study).sets
    file.write_text(file.read_text().replace('"answer": "3"', '"answer": "4"'))
    assert "[problems] T: problems or answers were changed since the samples were graded" in refusal(study)


def test_another_grading_than_the_study_says_is_refused(tmp_path: Path) -> None:
    """A table [problems.T] that changed since the grading asks for `beyondbase grade`."""
    study = changed(sampled(tmp_path), problems={"T": {"gym": "chain_sum", "size": 12, "grader": "exact"}})
    assert "[problems] T: was changed since the samples were graded (grader); run beyondbase" in refusal(
        study
    )


def test_imports_need_no_recipe(tmp_path: Path) -> None:
    """Without [sampling] sets are judged as they are, and an arm may lack a task."""
    tables = {key: value for key, value in TABLES.items() if key not in {"sampling", "problems"}}
    arms = {"base": BASE, "rl": RL, "other": RL | {"model": "made/other"}}
    study = write_tables(tmp_path, tables | {"tasks": {"T": {}, "U": {}}, "arms": arms})
    for arm in arms:
        draw(study, arm)
    for arm in ("base", "rl"):
        draw(study, arm, task="U", n=4)
    assert [*load_evidence(study).tallies] == [
        ("T", "base"),
        ("T", "rl"),
        ("T", "other"),
        ("U", "base"),
        ("U", "rl"),
    ]


def test_levels_and_clusters_come_from_the_task(tmp_path: Path) -> None:
    """What the task knows of its problems stands beside their counts."""
    study = sampled(tmp_path)
    assert study.samples is not None
    known = read_task(study.samples, "T")
    rows = tuple((name, f"level {int(name) % 2}", "one") for name, _, _ in known.problems)
    write_task(study.samples, "T", GradedTask(GRADER, rows, known.source, None))
    tally = load_evidence(study).tallies["T", "rl"]
    assert tally.levels == ("level 0", "level 1") * 6
    assert tally.clusters == ("one",) * 12


def test_a_problem_that_the_task_lost_is_refused(tmp_path: Path) -> None:
    """Completions of a problem that the task no longer has are never dropped silently."""
    study = sampled(tmp_path)
    assert study.samples is not None
    known = read_task(study.samples, "T")
    write_task(study.samples, "T", GradedTask(GRADER, known.problems[1:], known.source, None))
    assert 'found problem "0", which the task no longer has' in refusal(study)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"grader": ["a"], "problems": [], "source": null, "sha256": null}', "\0", "{}"]
)
def test_a_damaged_task_file_is_refused(tmp_path: Path, text: str) -> None:
    """A task.json that is not as it was written is told by its path."""
    study = sampled(tmp_path)
    assert study.samples is not None
    task_path(study.samples, "T").write_text(text)
    assert refusal(study).startswith(f"{task_path(study.samples, 'T')}: ")


def test_results_say_where_counts_come_from(tmp_path: Path) -> None:
    """results.json holds fingerprint, settings, grader and health of each set, and its reader takes it."""
    study = sampled(tmp_path)
    content = content_of(judged(study))
    (tmp_path / "results.json").write_text(json.dumps(content))
    found = read_results(tmp_path / "results.json")["studies"][0]
    assert study.samples is not None
    stored = SampleSet.read(set_folder(study.samples, "T", "rl"))
    assert found["inputs"][1]["file"] == "rows of drawn, sorted"
    assert found["samples"][1] == {
        "task": "T",
        "arm": "rl",
        "fingerprint": stored.fingerprint,
        "identity": stored.identity,
        "grader": ["made", "1"],
        "prompts": True,
        "health": {
            "completions": 192,
            "truncated": 0.0,
            "unparsed": 0.0,
            "undecided": 0.0,
            "errors": 0.0,
            "empty": 0.0,
            "cut_off": 0.0,
            "distinct": 1.0,
            "varied": 1.0,
            "copies": 0.0,
            "tokens": [5.0, 5.0, 5.0],
        },
        "accepts": None,
    }


def test_the_first_completions_are_there_to_read(tmp_path: Path) -> None:
    """The first two completions of each problem are examples, whatever became of them."""
    evidence = load_evidence(sampled(tmp_path))
    assert len(evidence.examples) == 2 * 12 * 2
    first = evidence.examples[:3]
    assert [(item.arm, item.problem_id, item.text) for item in first] == [
        ("base", "0", "0 is not 0"),
        ("base", "0", "0 is not 1"),
        ("base", "1", "1 is not 0"),
    ]
    assert [item.outcome for item in first] == [usual("base", 0, 0), usual("base", 0, 1), usual("base", 1, 0)]


def test_long_completions_are_shown_of_the_first_problems_only(tmp_path: Path) -> None:
    """The page carries so much text and no more: of the first problems those of every arm."""
    study = write_sampled(tmp_path)
    for arm in ("base", "rl"):
        draw(study, arm, text=lambda problem, index: f"{problem} {index} " + "x" * 300_000)
    shown = [(item.arm, item.problem_id) for item in load_evidence(study).examples]
    assert shown == [("base", "0")] * 2 + [("rl", "0")] * 2


def undecided_on(*problems: int, arm: str = "rl") -> Any:
    """Outcomes as usual, but for wrong answers of an arm on some problems, which are undecided."""

    def outcome(one: str, problem: int, index: int) -> Any:
        found = usual(one, problem, index)
        return "undecided" if found == "wrong" and one == arm and problem in problems else found

    return outcome


def drawn_undecided(folder: Path, outcomes: Any, *, size: int = 12, **tables: Any) -> Study:
    """A study of two whole sets with some outcomes."""
    study = write_sampled(folder, problems={"T": {"gym": "chain_sum", "size": size}}, **tables)
    for arm in study.arms:
        draw(study, arm, outcomes=outcomes, problems=size)
    return study


def test_undecided_answers_are_wrong_and_told_apart(tmp_path: Path) -> None:
    """What is undecided is in n and not in c, and its share stands in the health of the set."""
    plain = load_evidence(sampled(tmp_path / "a"))
    evidence = load_evidence(drawn_undecided(tmp_path / "b", undecided_on(0)))
    for name in ("n", "c"):
        now, then = (getattr(found.tallies["T", "rl"], name).tolist() for found in (evidence, plain))
        assert now == then
    assert evidence.sets[1].health.undecided == 16 / 192
    assert evidence.tallies["T", "base"].doubt is None
    found = evidence.tallies["T", "rl"].doubt
    assert found is not None
    assert found.undecided.tolist() == [16] + [0] * 11
    assert found.reason.startswith("arm 'rl' on 'T': of 8.3% of its completions the grader cannot tell")


def test_the_page_and_the_readers_of_results_know_undecided(tmp_path: Path) -> None:
    """results.json takes their share and examples of them, and the page has a column for them."""
    content = content_of(judged(drawn_undecided(tmp_path, undecided_on(0))))
    (tmp_path / "results.json").write_text(json.dumps(content))
    found = read_results(tmp_path / "results.json")["studies"][0]
    assert found["samples"][1]["health"]["undecided"] == pytest.approx(16 / 192)
    assert "undecided" in {example["outcome"] for example in found["examples"]}
    page = render_page(recorded(content))
    assert '<th scope="col">Undecided</th>' in page
    assert "<td>8.3\u00a0%</td>" in page


def test_few_undecided_answers_are_no_doubt(tmp_path: Path) -> None:
    """Up to the share that [health] undecided allows, they are wrong and nothing more."""
    study = drawn_undecided(tmp_path, undecided_on(0), health={"undecided": 0.09})
    assert load_evidence(study).tallies["T", "rl"].doubt is None


def outcomes_of(study: Study) -> dict[str, str]:
    """The outcome of each verdict of a study by its name."""
    return {entry.id: str(entry.outcome) for entry in judged(study).judged}


def test_only_verdicts_that_hang_on_undecided_answers_are_invalid(tmp_path: Path) -> None:
    """A verdict that stands whether they are right or wrong is given; one that does not is INVALID."""
    plain = outcomes_of(drawn_undecided(tmp_path / "a", usual, size=60))
    few = drawn_undecided(tmp_path / "b", undecided_on(0), size=60)
    assert load_evidence(few).tallies["T", "rl"].doubt is not None
    assert outcomes_of(few) == plain
    many = drawn_undecided(tmp_path / "c", undecided_on(*range(0, 60, 3)), size=60)
    found = outcomes_of(many)
    shaky = {name for name in found if found[name] == "INVALID"}
    assert "base-overtakes[T/rl]" in shaky
    assert found["rl-leads-at-1[T/rl]"] == plain["rl-leads-at-1[T/rl]"] == "SUPPORTED"
    assert all(found[name] == plain[name] for name in plain if name not in shaky)
    reasons = {reason for entry in judged(many).judged for reason in entry.verdict.invalid}
    (reason,) = reasons
    assert "where [health] undecided allows 1.0%, and the verdict would be another if they were" in reason


@pytest.mark.parametrize("arm", ["base", "rl"])
def test_undecided_answers_of_either_arm_are_looked_at(tmp_path: Path, arm: str) -> None:
    """A verdict falls where the undecided answers of one arm alone would turn it, whichever arm it is."""

    def level(one: str, problem: int, _index: int) -> Any:
        # Both arms right on half of the problems; of the others one of them has nothing but undecided ones.
        return "correct" if problem % 2 else "undecided" if one == arm else "wrong"

    found = outcomes_of(drawn_undecided(tmp_path, level, size=60))
    assert found["rl-leads-at-1[T/rl]"] == "INVALID"


def test_counts_of_a_doubtful_study_are_not_written(tmp_path: Path) -> None:
    """A table of counts cannot say which answers are undecided, so that none is made of too many."""
    study = drawn_undecided(tmp_path, undecided_on(0))
    with pytest.raises(InputError, match="cannot tell whether they are right"):
        write_light(study, tmp_path / "out")
