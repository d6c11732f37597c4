"""The commands around sampling: plan, status, grade and score, mistakes in one line, hostile input."""

import io
import json
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pipeline import (
    PUPPETS,
    command,
    done,
    drawn,
    make_models,
    played,
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
from results_json import recorded
from rich.console import Console
from study_factory import BASE, RL, all_claims, judged, pair_study
from study_factory import drawn as counted
from typer.testing import CliRunner

from beyondbase.cli import app
from beyondbase.cli import console as saying
from beyondbase.engines import EngineError, TransformersSettings, make_engine
from beyondbase.errors import InputError
from beyondbase.evidence.graded_task import read_task, task_path
from beyondbase.evidence.load import load_evidence
from beyondbase.report import render_page
from beyondbase.results.build import results_of
from beyondbase.sampling import draw as sampling
from beyondbase.sampling import start as starting
from beyondbase.sampling.speed import SPEED_FILE, Speed, add_speed, read_speed
from beyondbase.store.sidecars import PROMPTS_FILE
from beyondbase.study import Study, load_study


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two tiny models."""
    return make_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def puppets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """A study whose arms say the right answer now and then."""
    played(monkeypatch, lambda name, index: str(2 * int(name[1:])) if index % 2 else f"{name} {index}")
    return write_tiny(tmp_path, Path(), arms=PUPPETS, sampling=recipe(max_tokens=100, stop_token_ids=[]))


def without_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every start of an engine fail the test."""

    def start(*_: Any, **__: Any) -> Any:
        pytest.fail("an engine was started")

    monkeypatch.setattr(starting, "make_engine", start)


def cells(line: str) -> list[str]:
    """The columns of a line, which are two blanks or more apart."""
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def test_a_plan_without_a_rate_says_how_to_get_one(puppets: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is drawn tokens are bounds, the time is unknown, and no engine is asked."""
    without_engines(monkeypatch)
    lines = done("plan", puppets).splitlines()
    assert cells(lines[0]) == ["arm", "task", "problems", "to sample", "tokens", "time", "disk"]
    assert cells(lines[1])[:6] == ["base", "sums", "5", "20", "<= 2,000", "?"]
    assert cells(lines[5])[:5] == ["all", "16", "64", "<= 6,400", "?"]
    assert lines[6].startswith("<=: nothing is measured yet")
    assert lines[7].startswith("?: state a rate with --tokens-per-second")
    assert not (puppets.path.parent / "samples").exists()


def test_a_plan_at_a_rate_that_is_stated(puppets: Study) -> None:
    """Tokens by the rate are the time, of the sets that are chosen; GPUs multiply it where they are known."""
    lines = done("plan", puppets, "--tokens-per-second", "0.5", "--task", "sums").splitlines()
    assert cells(lines[1])[5] == "<= 1.1 h"
    assert lines[-1] == "2.2 h at the rate stated"
    vllm = {"engine": "vllm", "tensor_parallel": 2, "processes": 3}
    study = write_tiny(puppets.path.parent, Path(), arms=PUPPETS, engine=vllm, sampling=recipe(max_tokens=9))
    last = done("plan", study, "--tokens-per-second", "0.1").splitlines()[-1]
    assert last == "1.6 h at the rate stated, on 6 GPUs: 9.60 GPU-hours"
    for rate in ("0", "-1", "fast"):
        assert command("plan", study, "--tokens-per-second", rate).exit_code == 2


def test_a_plan_at_the_rate_that_was_measured(puppets: Study) -> None:
    """What runs took before gives tokens and time of what is missing, for sets that have none yet as well."""
    done("sample", puppets, "--arm", "base")
    for task in ("sums", "more sums"):
        folder = store_of(puppets, task=task).folder
        speed = read_speed(folder)
        assert speed is not None
        assert speed.tokens == 100 * speed.completions == 100 * len(drawn(puppets, task=task))
        (folder / SPEED_FILE).unlink()
        add_speed(folder, Speed(completions=20, tokens=400, seconds=100))
    lines = done("plan", puppets).splitlines()
    assert cells(lines[1])[3:6] == ["0", "0", "0 s"]
    assert cells(lines[3])[:6] == ["rl", "sums", "5", "20", "400", "1.7 min"]
    assert lines[-1].endswith("at the rate measured in earlier runs")
    assert "<=" not in "".join(lines)


def test_a_plan_of_a_whole_study_says_so(puppets: Study) -> None:
    """With nothing missing there is nothing to sample, and no division by nothing."""
    done("sample", puppets)
    lines = done("plan", puppets).splitlines()
    assert cells(lines[5])[:5] == ["all", "16", "0", "0", "0 s"]
    assert lines[-1] == "nothing to sample: every set is complete"


def test_an_arm_may_have_an_n_of_its_own(puppets: Study) -> None:
    """It is planned, sampled and judged at its own n, and the other at that of the study."""
    own = PUPPETS | {"rl": PUPPETS["rl"] | {"n": 6}}
    study = write_tiny(puppets.path.parent, Path(), arms=own)
    planned = [cells(line)[3] for line in done("plan", study).splitlines()[1:5]]
    assert planned == ["20", "12", "30", "18"]
    done("sample", study)
    assert len(drawn(study, "base")) == 20
    assert len(drawn(study, "rl")) == 30
    tallies = load_evidence(study).tallies
    assert {arm: set(tallies["sums", arm].n) for arm in own} == {"base": {4}, "rl": {6}}
    assert not any(tally.unfit for tally in tallies.values())
    said = [cells(line)[4] for line in done("status", study).splitlines()[1:5]]
    assert said == ["4 of 4", "4 of 4", "6 of 6", "6 of 6"]
    fewer = write_tiny(puppets.path.parent, Path(), arms=own | {"base": PUPPETS["base"] | {"n": 5}})
    assert (
        "'base' on 'sums' has 20 of 25 completions" in load_evidence(fewer).tallies["sums", "base"].unfit[0]
    )


def test_one_temperature_of_zero_makes_all_completions_one(puppets: Study) -> None:
    """An arm of its own n is refused at the temperature of the study, too."""
    greedy = recipe(temperature=0, n=1)
    with pytest.raises(
        InputError, match=r"\[arms.rl\] temperature: found 0, which makes all 6 completions one"
    ):
        write_tiny(
            puppets.path.parent, Path(), arms=PUPPETS | {"rl": PUPPETS["rl"] | {"n": 6}}, sampling=greedy
        )


def test_status_says_what_there_is(puppets: Study) -> None:
    """Counts, grades and health of each set that is there; of the others that there is nothing yet."""
    assert "nothing yet: base on sums" in done("status", puppets)
    done("sample", puppets, "--arm", "base", "--task", "sums", "--no-grade")
    lines = done("status", puppets).splitlines()
    assert cells(lines[1])[:6] == ["base", "sums", "5", "20", "4 of 4", "20"]
    assert lines[2:5] == [
        "nothing yet: base on more sums",
        "nothing yet: rl on sums",
        "nothing yet: rl on more sums",
    ]
    done("grade", puppets)
    line = done("status", puppets, "--task", "sums", "--arm", "base").splitlines()[1]
    assert cells(line)[4:12] == ["4 of 4", "0", "0.0%", "0.0%", "0.0%", "0.0%", "75.0%", "100"]


def test_status_says_what_is_unfit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Health beyond the limits of the study is told with its remedy."""
    played(monkeypatch, lambda _name, _index: "")
    study = write_tiny(tmp_path, Path(), arms=PUPPETS, health={"unparsed": 1.0})
    done("sample", study)
    said = done("status", study)
    assert "unfit: arm 'base' on 'sums': 100.0% of its completions are empty, where [health] empty" in said


def test_new_options_of_the_grader_grade_anew(
    puppets: Study, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`grade` needs no engine, leaves completions as they are, and makes the study fit to be judged again."""
    done("sample", puppets)
    assert load_evidence(puppets).tallies["sums", "rl"].c.tolist() == [2] * 5
    before = shards(puppets)
    without_engines(monkeypatch)
    problems = tables(Path())["problems"]
    problems["sums"] |= {"grading": {"extract": ["number"]}}
    study = write_tiny(
        tmp_path, Path(), arms=PUPPETS, problems=problems, sampling=recipe(max_tokens=100, stop_token_ids=[])
    )
    with pytest.raises(InputError, match=r"was changed since the samples were graded \(grading\)"):
        load_evidence(study)
    assert "graded; to judge: " in done("grade", study)
    # "p1 2" says the right answer of the second problem, by its last number.
    assert load_evidence(study).tallies["sums", "rl"].c.tolist() == [3, 3, 2, 2, 2]
    assert len(store_of(study, "rl").graders()) == 2
    assert shards(study) == before
    # And back: grades of old are still there.
    result = command("grade", write_back(puppets))
    assert result.exit_code == 0
    assert "grade rl on sums" not in result.stderr
    assert load_evidence(puppets).tallies["sums", "rl"].c.tolist() == [2] * 5


def write_back(study: Study) -> Study:
    """The study of `puppets` as it was."""
    return write_tiny(
        study.path.parent, Path(), arms=PUPPETS, sampling=recipe(max_tokens=100, stop_token_ids=[])
    )


def test_a_corrected_answer_grades_anew(puppets: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """Grades by an answer that was wrong are not taken for those by the right one."""
    done("sample", puppets)
    without_engines(monkeypatch)
    write_problems(puppets.path.parent / "sums.jsonl", [{**row, "answer": "2"} for row in questions(5)])
    done("grade", puppets)
    assert load_evidence(puppets).tallies["sums", "rl"].c.tolist() == [0, 2, 0, 0, 0]


def test_scores_are_those_of_the_base(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no tokens are kept, the first completions get the log-probability of their texts, every one."""
    study = write_tiny(tmp_path, models)
    done("sample", study, "--task", "sums", "--no-grade")
    engines = spied(monkeypatch)
    assert done("score", study, "--completions", "3") == "scored\n"
    assert [engine.scored for engine in engines] == [15]
    assert all(engine.closed and not engine.asked for engine in engines)
    found, scores = drawn(study, "rl"), store_of(study, "rl").scores("base")
    engine = make_engine(TransformersSettings(threads=1), str(models / "base"))
    asked = {row["id"]: row["question"] for row in questions(5)}
    keys = [(scores.problem_ids[p], int(i)) for p, i in zip(scores.problem, scores.index, strict=True)]
    assert set(keys) == {(f"p{p}", i) for p in range(5) for i in range(3)}
    texts = [found[key].text for key in keys]
    wanted = engine.score([asked[name] for name, _ in keys], texts)
    assert scores.logprob.tolist() == pytest.approx([sum(one) for one in wanted], abs=1e-3)
    assert scores.tokens.tolist() == [len(one) for one in wanted]
    assert store_of(study, "base").scorers() == []
    without_engines(monkeypatch)
    done("score", study, "--completions", "3")
    done("score", study, "--completions", "1")


def test_an_arm_that_is_its_base_scores_as_it_was_drawn(tmp_path: Path, models: Path) -> None:
    """Where an arm has the weights of its base, scores of kept tokens are the log-probabilities it drew."""
    arms = tables(models)["arms"]
    study = write_tiny(
        tmp_path,
        models,
        arms={"base": arms["base"], "rl": arms["rl"] | {"model": arms["base"]["model"]}},
        sampling=recipe(keep_tokens=4),
    )
    done("sample", study, "--task", "sums", "--arm", "rl", "--no-grade")
    done("score", study, "--completions", "4")
    scores, found = store_of(study, "rl").scores("base"), drawn(study, "rl")
    for place, problem in enumerate(scores.problem):
        item = found[scores.problem_ids[problem], int(scores.index[place])]
        assert scores.logprob[place] == pytest.approx(item.logprob, abs=1e-4)
        assert scores.tokens[place] == item.tokens
    assert len(scores.problem) == 20


@pytest.mark.parametrize("name", ["plan", "sample", "grade", "score", "status"])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ("--task", "sum"),
            '--task: found "sum", which {} does not sample; use one of sums, more sums (did you',
        ),
        (
            ("--arm", "sft", "--task", "sums"),
            '--arm: found "sft", which {} does not sample; use one of base, rl',
        ),
    ],
)
def test_unknown_names_are_refused(
    puppets: Study, monkeypatch: pytest.MonkeyPatch, name: str, options: tuple[str, ...], said: str
) -> None:
    """Every command names what was asked for and what there is."""
    without_engines(monkeypatch)
    assert refused(name, puppets, *options).startswith(f"error: {said.format(puppets.path)}")


@pytest.mark.parametrize("name", ["plan", "sample"])
def test_a_study_without_a_recipe_is_refused(tmp_path: Path, name: str) -> None:
    """The missing table is named, with what belongs into it."""
    study = write_tiny(tmp_path, Path(), sampling=None, arms=PUPPETS)
    assert refused(name, study).endswith("found no table [sampling]; add one with n and max_tokens")


@pytest.mark.parametrize("name", ["plan", "sample", "grade", "score", "status"])
def test_a_study_of_counts_is_refused(tmp_path: Path, name: str) -> None:
    """Where a study is judged on counts there is nothing to sample into."""
    study = pair_study(tmp_path, counted([0.5] * 4, 8, 0), counted([0.5] * 4, 8, 1))
    said = refused(name, study)
    use = 'add samples = "samples", the folder of completions'
    assert said == f"error: {study.path}: [evidence] samples: missing; {use}"


def test_a_study_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The path is named."""
    result = CliRunner().invoke(app, ["sample", "--study", str(tmp_path / "none.toml")])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {tmp_path / 'none.toml'}: there is no such file; ")


@pytest.mark.parametrize(
    ("module", "extra", "engine", "problems"),
    [
        ("transformers", "transformers", {"engine": "transformers"}, {}),
        ("httpx", "openai", {"engine": "openai", "url": "http://127.0.0.1:9/v1"}, {}),
        ("vllm", "vllm", {"engine": "vllm"}, {}),
        ("reasoning_gym", "gym", {"engine": "transformers"}, {"gym": "chain_sum"}),
        ("datasets", "tasks", {"engine": "transformers"}, {"hub": "made/data", "grader": "exact"}),
        ("sympy", "math", {"engine": "transformers"}, {"file": "sums.jsonl"}),
    ],
)
def test_a_missing_extra_says_what_to_install(  # noqa: PLR0917
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    extra: str,
    engine: dict[str, Any],
    problems: dict[str, Any],
) -> None:
    """Whichever library is not there, one line has the words to type, before anything is paid for."""
    content = tables(Path())
    table = {"sums": problems} if problems else {"sums": content["problems"]["sums"]}
    arms = {"base": {"role": "base", "model": "made/base"}}
    study = write_tiny(tmp_path, Path(), engine=engine, tasks={"sums": {}}, problems=table, arms=arms)
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    if module != "transformers" and problems:
        without_engines(monkeypatch)
    said = refused("sample", study)
    assert said.endswith(f"{module} is not installed, it needs an extra: pip install 'beyondbase[{extra}]'")
    assert not (tmp_path / "samples").exists()


def test_a_log_has_plain_lines(puppets: Study) -> None:
    """Without a terminal progress is lines on stderr, without bars and without control characters."""
    result = command("sample", puppets, "--task", "sums")
    lines = result.stderr.splitlines()
    assert lines[0] == "load base"
    assert any(line.startswith("sample base on sums: 20 of 20 (") for line in lines)
    assert any(line.startswith("grade rl on sums: 20 of 20") for line in lines)
    assert result.stderr.isascii()
    assert result.stderr.replace("\n", "").isprintable()
    assert result.stdout.splitlines()[-1].startswith("sampled and graded; to judge: ")


@pytest.mark.parametrize(
    "words", [("base", "sums"), ("[bold]arm", "[/] {task.id} :smile:"), ("a\x1b[2J\nb", "%s")]
)
def test_a_terminal_has_bars(monkeypatch: pytest.MonkeyPatch, words: tuple[str, str]) -> None:
    """On a terminal each set has a bar, and names are shown as they are, whatever they hold."""
    sink = io.StringIO()
    console = Console(file=sink, force_terminal=True, width=200, color_system=None)
    monkeypatch.setattr(saying, "Console", lambda **_: console)
    arm, task = words
    with saying.progress_shown() as tell:
        tell(sampling.Progress("load", task, arm))
        for count in (0, 5, 10):
            tell(sampling.Progress("sample", task, arm, count, 10, count * 7))
    shown = sink.getvalue()
    assert "10/10" in shown
    assert "tokens/s" in shown
    assert "\x1b[2J" not in shown
    plain = {"a\x1b[2J\nb": "a\u241b[2J"}.get(arm, arm)
    assert f"load {plain}" in shown
    assert task in shown


def test_lines_of_a_log_are_cleaned(capsys: pytest.CaptureFixture[str]) -> None:
    """Markup stays text and control characters become visible, in progress and in mistakes."""
    with saying.progress_shown() as tell:
        tell(sampling.Progress("sample", "[red]T", "a\x1b[2Jb", 10, 10, 70))
    with pytest.raises(typer.Exit) as ended, saying.mistakes_told():
        raise EngineError("[bold]gone\x1b[2J")
    assert ended.value.exit_code == 1
    said = capsys.readouterr().err
    assert said.startswith("sample a\u241b[2Jb on [red]T: 10 of 10")
    assert "error: [bold]gone\u241b[2J; what was drawn before is stored" in said


# What follows is hostile.

HOSTILE: dict[str, Callable[[int], str]] = {
    "markup": lambda i: f"<script>alert({i})</script>[bold]{{question}}</answer>\\boxed{{",
    "NUL": lambda i: f"a\0{i}\x1b[2J\r\n\u2028\u202e",
    "lone surrogates": lambda i: f"\ud800 {i} \udfff",
    "long": lambda i: f"{i}" + "x" * 1_000_000,
    "braces": lambda i: "\\boxed{" * 20_000 + str(i),
    "empty": lambda i: " " * i,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("grading", [["whole"], ["tag", "boxed", "answer", "number"]], ids=["whole", "found"])
def test_hostile_texts_go_all_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: Callable[[int], str], grading: list[str]
) -> None:
    """Whatever a model says is stored, graded, counted and shown, and never believed."""
    played(monkeypatch, lambda name, index: text(index + 4 * int(name[1:])))
    content = tables(Path())
    problems = {"sums": content["problems"]["sums"] | {"grading": {"extract": grading}}}
    write_problems(tmp_path / "sums.jsonl", questions(2))
    study = write_tiny(tmp_path, Path(), arms=PUPPETS, tasks={"sums": {}}, problems=problems)
    done("sample", study)
    assert drawn(study)["p1", 2].text == re.sub("[\ud800-\udfff]", "\ufffd", text(6))
    assert load_evidence(study).tallies["sums", "base"].n.tolist() == [4] * 2
    done("status", study)
    content = results_of([judged(study, all_claims()["rl-leads-at-1"])])
    json.dumps(content, ensure_ascii=False).encode()
    assert "<script>alert" not in render_page(recorded(content), run=None, comparison=None)


IDS = [
    "täß/../..",
    "..",
    "con",
    "数学" * 20,
    "a b",
    "'; DROP",
    "%2E%2E",
    "\u202eabc"[1:],
    "x" * 400,
    "0",
    "-1",
]


def test_any_problem_id_is_kept_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids are names, never paths: each has its completions, its tally and its example."""
    rows = [{"id": name, "question": f"What is {name}?", "answer": name} for name in IDS]
    write_problems(tmp_path / "sums.jsonl", rows)
    write_problems(tmp_path / "more.jsonl", rows)
    played(monkeypatch, lambda name, index: name if index % 2 else "none")
    study = write_tiny(tmp_path, Path(), arms=PUPPETS)
    done("sample", study)
    tally = load_evidence(study).tallies["sums", "rl"]
    assert set(tally.problem_ids) == set(IDS)
    assert tally.c.tolist() == [2] * len(IDS)
    assert {path.name for path in tmp_path.iterdir()} == {"study.toml", "sums.jsonl", "more.jsonl", "samples"}
    results_of([judged(study, all_claims()["rl-leads-at-1"])])


NAMES = ["con", "..", "a b", "数学", "%2E", "a\\b", "-"]


def test_any_arm_and_task_has_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of arms and tasks that are paths elsewhere, or devices, stay within the folder of samples."""
    arms = {name: {"role": "rl" if i else "base", "model": "puppet"} for i, name in enumerate(NAMES)}
    content = tables(Path())["problems"]["sums"]
    names = ["..", "a b"]
    study = write_tiny(
        tmp_path,
        Path(),
        arms=arms,
        tasks={name: {} for name in names},
        problems=dict.fromkeys(names, content),
        sampling=recipe(n=1),
    )
    played(monkeypatch, lambda name, _index: f"{name}")
    done("sample", study)
    assert study.samples is not None
    assert len([*study.samples.glob("*/*/set.json")]) == len(NAMES) * len(names)
    assert {path.name for path in tmp_path.iterdir()} == {"study.toml", "sums.jsonl", "more.jsonl", "samples"}
    assert len(load_evidence(study).tallies) == len(NAMES) * len(names)
    done("score", study)
    done("status", study)
    done("plan", study)


@pytest.mark.parametrize("command_name", ["plan", "sample", "grade", "score", "status"])
@pytest.mark.parametrize("long", ["arm", "task"])
def test_a_name_that_no_folder_can_have_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command_name: str, long: str
) -> None:
    """A name that is too long for a folder, as it is written there, is told by its place in the study."""
    played(monkeypatch, lambda name, _index: f"{name}")
    name = "数学" * 20
    task = name if long == "task" else "sums"
    arms = {name if long == "arm" else "base": PUPPETS["base"]}
    problems = {task: tables(Path())["problems"]["sums"]}
    study = write_tiny(tmp_path, Path(), arms=arms, tasks={task: {}}, problems=problems)
    said = refused(command_name, study)
    assert said.startswith(f'error: {study.path}: [{long}s] "{name}": makes a folder')
    assert "use a shorter name" in said


DAMAGE = [
    "",
    "{",
    "[]",
    "null",
    "\0",
    '"\\ud800"',
    "{}",
    '{"a": 1}',
    "[" * 10_000,
    "1e999",
    "ÿ".encode("latin-1"),
]


@pytest.mark.parametrize("content", DAMAGE, ids=range(len(DAMAGE)))
@pytest.mark.parametrize("name", ["task.json", PROMPTS_FILE, SPEED_FILE])
def test_damaged_files_are_told_or_made_again(puppets: Study, name: str, content: str | bytes) -> None:
    """No damage ends in a traceback, and a file that only helps to plan is left out and written anew."""
    done("sample", puppets, "--task", "sums")
    assert puppets.samples is not None
    path = task_path(puppets.samples, "sums") if name == "task.json" else store_of(puppets).folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    runs = [
        command(each, puppets, "--task", "sums") for each in ("plan", "status", "sample", "grade", "score")
    ]
    assert {result.exit_code for result in runs} <= {0, 2}
    told = [result for result in runs if result.exit_code == 2]
    assert all(str(path) in result.stderr for result in told)
    if name == SPEED_FILE:
        assert told == []
    if name == "task.json":
        # Grading, of which it is the result, writes it anew.
        assert [result.exit_code for result in runs[2:4]] == [0, 0]
        assert read_task(puppets.samples, "sums").problems[0][0] == "p0"


@pytest.mark.parametrize(
    "speed",
    [
        {"completions": 10**400, "tokens": 10**400, "seconds": 1},
        {"completions": 1, "tokens": 10**18, "seconds": 1e-300},
        {"completions": 1, "tokens": 1, "seconds": 1e308},
        {"completions": 0, "tokens": 1, "seconds": 1},
        {"completions": 1, "tokens": 1, "seconds": float("inf")},
        {"completions": True, "tokens": "1", "seconds": None},
    ],
)
def test_speeds_beyond_belief_break_no_plan(puppets: Study, speed: dict[str, Any]) -> None:
    """A plan survives figures that nobody measured, and so does the next run."""
    done("sample", puppets, "--task", "sums", "--arm", "base")
    (store_of(puppets).folder / SPEED_FILE).write_text(json.dumps(speed))
    done("plan", puppets)
    study = write_tiny(
        puppets.path.parent, Path(), arms=PUPPETS, sampling=recipe(n=5, max_tokens=100, stop_token_ids=[])
    )
    done("plan", study)
    done("sample", study, "--task", "sums", "--arm", "base")
    done("plan", study)


VALUES = st.recursive(
    st.none().map(lambda _: "")
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["plain", "{question}", "math", "exact", "gym", "transformers", "openai", "0.5", "\n"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)
KEYS: dict[str, str] = {
    "sampling": "n max_tokens temperature top_p top_k prompt system stop_lines stop_token_ids keep_tokens",
    "engine": "engine dtype device batch_size processes threads url tensor_parallel options timeout",
    "problems": "benchmark path hub file question answers gym size seed settings grader grading sets id",
    "health": "truncated unparsed undecided empty errors copies",
}


def table(name: str) -> st.SearchStrategy[Any]:
    """A table with known and unknown keys, or what is no table at all."""
    keys = st.sampled_from(KEYS[name].split()) | st.text(max_size=6)
    return st.dictionaries(keys, VALUES, max_size=4) | VALUES


def mistakes_in(file: Path) -> list[str]:
    """What is wrong with a study file, a line each."""
    try:
        load_study(file)
    except InputError as error:
        return str(error).split("\n")
    return []


def toml(value: Any) -> str:
    """Write a value in TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(str(key))} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(letter):08x}" for letter in value) + '"'
    return str(value).lower()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(
    sampling_table=table("sampling"),
    engine=table("engine"),
    problems=st.dictionaries(st.sampled_from(["T", "U", "\0"]), table("problems"), max_size=2) | VALUES,
    health=table("health"),
)
def test_no_study_file_ends_in_a_traceback(
    tmp_path: Path, sampling_table: Any, engine: Any, problems: Any, health: Any
) -> None:
    """Whatever stands in the tables of sampling, a study loads, or every mistake is told with the file."""
    content = {"id": "x", "title": "x", "source": "x", "evidence": {"samples": "s"}, "tasks": {"T": {}}}
    content |= {"arms": {"base": BASE, "rl": RL}}
    content |= {"sampling": sampling_table, "engine": engine, "problems": problems, "health": health}
    file = tmp_path / "study.toml"
    lines = (f"{name} = {toml(value)}\n" for name, value in content.items())
    # Surrogates cannot be written into a file, so that TOML never has them.
    file.write_text("".join(lines).replace("\\U0000d", "\\U0000e"), encoding="utf-8")
    assert all(line.startswith(f"{file}:") for line in mistakes_in(file))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_that_python_loses_is_heard_at_the_next_progress(number: signal.Signals) -> None:
    """What a signal raises while an object is destroyed goes nowhere; the command stops all the same."""

    class Dying:
        def __del__(self) -> None:
            signal.raise_signal(number)

    at = sampling.Progress("sample", "T", "base", wanted=10)
    with saying.stopped_by_schedulers(), saying.progress_shown() as tell:
        tell(at)
        Dying()
        with pytest.raises(KeyboardInterrupt):
            tell(at)
    with saying.progress_shown() as tell:
        tell(at)
