"""`beyondbase init`: from files of samples or counts to a study, as a user types it."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from beyondbase.cli import app
from beyondbase.errors import InputError
from beyondbase.evidence.tallies import load_tallies, read_tallies
from beyondbase.formats.begin.draft import ArmDraft, Draft
from beyondbase.formats.begin.sources import Source, roles_of
from beyondbase.formats.begin.writing import study_text, toml_text
from beyondbase.formats.counting import Count
from beyondbase.formats.naming import plain_name
from beyondbase.formats.tally_rows import counts_text
from beyondbase.study import load_study

Rows = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, in which the user stands."""
    monkeypatch.chdir(tmp_path)


def called(*arguments: object) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def started(*arguments: object) -> str:
    """Run init, which must succeed, and return what it says."""
    result = called("init", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*arguments: object) -> str:
    """Run init, which must fail in plain lines and leave the folder as it was; return them."""
    before = sorted(Path().rglob("*"))
    result = called("init", *arguments)
    assert (result.exit_code, "Traceback" in result.stderr) == (2, False), result.output
    assert sorted(Path().rglob("*")) == before
    return result.stderr


def samples(problems: int = 5, n: int = 16, right: float = 0.5, **more: Any) -> Rows:
    """Rows of one sample each."""
    drawn = random.Random(right)  # noqa: S311 - no secret
    return [
        {"problem_id": f"p{i}", "response": f"text {j}", "correct": drawn.random() < right, **more}
        for i in range(problems)
        for j in range(n)
    ]


def put(name: str, rows: Rows) -> Path:
    """Write rows as a file of lines."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def two(**changes: Any) -> tuple[Path, Path]:
    """The samples of a base and of an RL model."""
    return put("base.jsonl", samples(right=0.3, **changes)), put("rl.jsonl", samples(right=0.6, **changes))


def test_two_files_become_a_study_that_loads() -> None:
    """Samples are counted, arms and roles are named, and the next command is said."""
    said = started(*two(task="MATH500")).splitlines()
    assert said[0] == "base.jsonl: id: problem_id, correct: correct (guessed; say --id, --correct to choose)"
    assert said[2:] == [
        "base: role base (by its name)",
        f"base on MATH500: 80 completions of 5 problems (16 each), {right('base')} correct",
        "rl: role rl (by its name)",
        f"rl on MATH500: 80 completions of 5 problems (16 each), {right('rl')} correct",
        "k: up to 16, the completions that every problem has",
        "written: counts.csv",
        "written: study.toml",
        "next: beyondbase judge study.toml",
    ]
    study = load_study("study.toml")
    assert (study.id, list(study.tasks)) == ("base-rl", ["MATH500"])
    assert {name: arm.role for name, arm in study.arms.items()} == {"base": "base", "rl": "rl"}
    assert list(load_tallies(study)) == [("MATH500", "base"), ("MATH500", "rl")]


def right(arm: str) -> int:
    """How many of an arm's samples are correct, by its file."""
    return sum(json.loads(line)["correct"] for line in Path(f"{arm}.jsonl").read_text().splitlines())


def test_the_raw_files_are_left_alone() -> None:
    """Only study.toml and counts.csv are new."""
    files = two()
    before = [path.read_bytes() for path in files]
    started(*files)
    assert [path.read_bytes() for path in files] == before
    assert sorted(path.name for path in Path().iterdir()) == [
        "base.jsonl",
        "counts.csv",
        "rl.jsonl",
        "study.toml",
    ]


def test_every_line_of_the_study_is_commented_or_plain() -> None:
    """A newcomer reads what each key means; what is commented out has the defaults."""
    started(*two())
    text = Path("study.toml").read_text()
    keys = [line for line in text.splitlines() if "=" in line and not line.startswith("#")]
    assert [line for line in keys if " # " not in line and not line.startswith("id")] == []
    Path("study.toml").write_text(text.replace("# [margins]", "[margins]").replace("# lead", "lead"))
    assert load_study("study.toml").margins.lead == 0


@pytest.mark.parametrize("name", ["study.toml", "counts.csv"])
def test_nothing_is_overwritten(name: str) -> None:
    """A file of the user that is there stays as it is, and so does the rest."""
    files = two()
    Path(name).write_text("mine")
    assert f"{name}: is there already, and is not overwritten" in refused(*files)
    assert Path(name).read_text() == "mine"
    started(*files, "--out", "elsewhere")
    assert load_tallies(load_study("elsewhere"))


def test_problems_that_differ_are_named_before_anything_is_written() -> None:
    """Each arm says what it lacks and what it has too many, with the first five."""
    rows = samples(problems=12, right=0.6)
    base = put("base.jsonl", samples(problems=12, right=0.3))
    rl = put("rl.jsonl", [row for row in rows if row["problem_id"] not in {f"p{i}" for i in range(1, 8)}])
    with rl.open("a") as stream:
        stream.write(json.dumps(rows[0] | {"problem_id": "new"}) + "\n")
    assert refused(base, rl) == (
        'error: rl.jsonl: task "task": '
        'rl lacks 7 of the 12 problems of base ("p1", "p2", "p3", "p4", "p5", ...)'
        ' and has 1 that base lacks ("new")\n'
        "nothing was written: give files of the same problems for all arms\n"
    )


def test_files_without_a_common_id_get_the_remedy() -> None:
    """Ids that are numbers of rows in one file and names in the other have nothing in common."""
    base = put("base.jsonl", samples(right=0.3))
    rl = put("rl.jsonl", [row | {"problem_id": i} for i, row in enumerate(samples(right=0.6))])
    assert "--id names another column of ids" in refused(base, rl)


def test_roles_follow_names_order_and_the_user() -> None:
    """A plain name tells the role, else the first is the base; --role decides."""
    said = {"qwen-math-7b": "base", "Qwen-GRPO": "rl", "r1-distill": "distilled", "x-instruct": "instruct"}
    assert {name: role for name, (role, _) in roles_of([*said], []).items()} == said
    assert roles_of(["a", "b"], []) == {
        "a": ("base", "because it is the first"),
        "b": ("rl", "because it is no base"),
    }
    assert roles_of(["a", "b"], ["b=base"])["a"] == ("rl", "because it is no base")
    assert roles_of(["base-grpo", "base"], [])["base-grpo"][0] == "rl"


@pytest.mark.parametrize(
    ("arms", "said", "message"),
    [
        (["base", "qwen-base"], [], "base and qwen-base: both seem to be a base;"),
        (["grpo", "ppo"], [], "found no base; say which it is: --role grpo=base"),
        (["a", "b"], ["c=rl"], '--role: found "c=rl"; say NAME=ROLE, where NAME is one of a, b'),
        (["a", "b"], ["a=RL"], '--role: found "a=RL"; the roles are base, rl, distilled, instruct, teacher'),
    ],
)
def test_roles_that_cannot_be_are_refused(arms: list[str], said: list[str], message: str) -> None:
    """There is one base, and the user's words are known ones."""
    with pytest.raises(InputError) as caught:
        roles_of(arms, said)
    assert message in str(caught.value)


def test_arms_are_named_by_folders_where_files_are_called_alike() -> None:
    """Runs that each wrote samples.jsonl are told apart by their folders."""
    base, rl = two()
    for name, path in (("base", base), ("dapo", rl)):
        Path(name).mkdir()
        path.rename(Path(name, "samples.jsonl"))
    started("base/samples.jsonl", "dapo/samples.jsonl")
    assert [arm.role for arm in load_study("study.toml").arms.values()] == ["base", "rl"]


def test_a_folder_is_one_arm() -> None:
    """All files of a folder, such as seeds, are joined problem by problem."""
    for seed in (0, 1):
        put(f"base/seed{seed}.jsonl", samples(n=8, right=0.3 + seed / 100))
        put(f"rl/seed{seed}.jsonl", samples(n=8, right=0.6 + seed / 100))
    assert "base on task: 80 completions of 5 problems (16 each)" in started("base", "rl")


def test_the_same_content_twice_is_refused() -> None:
    """A copy beside itself would agree in all things."""
    base, _ = two()
    copy = Path("rl.jsonl")
    copy.write_bytes(base.read_bytes())
    assert "rl.jsonl: has the content of base.jsonl; give each file once" in refused(base, copy)


def test_tasks_come_from_a_column() -> None:
    """Rows of several tasks make several, named by the last part of a Hub id."""
    for name, share in (("base", 0.3), ("rl", 0.6)):
        put(
            f"{name}.jsonl",
            [*samples(right=share, dataset="org/MATH-500"), *samples(right=share, dataset="AIME24")],
        )
    started("base.jsonl", "rl.jsonl")
    study = load_study("study.toml")
    assert {name: task.dataset for name, task in study.tasks.items()} == {
        "MATH-500": "org/MATH-500",
        "AIME24": "",
    }
    started("base.jsonl", "rl.jsonl", "--task", "AIME24", "--out", "one")
    assert list(load_study("one").tasks) == ["AIME24"]
    assert 'dataset: found no "GSM8K", but org/MATH-500, AIME24' in refused(
        "base.jsonl", "rl.jsonl", "--task", "GSM8K", "--out", "two"
    )


def test_a_task_that_an_arm_lacks_is_told() -> None:
    """An arm may lack a task; no claim judges it there."""
    put("base.jsonl", [*samples(right=0.3, task="A"), *samples(right=0.3, task="B")])
    rl = put("rl.jsonl", samples(right=0.6, task="A"))
    assert "rl: has no task B, so that no claim judges it there" in started("base.jsonl", rl)


def test_a_file_of_counts_is_judged_on_as_it_is() -> None:
    """Counts as a study wants them are named in it, and not copied."""
    Path("sub").mkdir()
    path = Path("sub", 'my "counts".csv')
    path.write_text(
        "task,arm,problem_id,n,c\n" + "".join(f"T,{a},{i},16,{i}\n" for a in ("m0", "m1") for i in range(9))
    )
    said = started(path)
    assert "written: counts.csv" not in said
    study = load_study("study.toml")
    assert study.tally_paths == (path,)
    assert load_tallies(study).keys() == {("T", "m0"), ("T", "m1")}
    assert "written: other/counts.csv" in started(path, "--task", "MATH500", "--out", "other")
    assert load_tallies(load_study("other")).keys() == {("MATH500", "m0"), ("MATH500", "m1")}


@pytest.mark.parametrize(
    "columns", ["problem_id,n,c", "id;num_samples;num_correct", "question_id\ttotal\tcorrect"]
)
def test_counts_of_each_arm_become_counts_of_the_study(columns: str) -> None:
    """Counts per problem, by whatever plain name, are taken like samples."""
    sign = next(sign for sign in ",;\t" if sign in columns)
    for name, more in (("base", 0), ("rl", 2)):
        rows = [sign.join((f"q{i}", "16", str(i + more))) for i in range(9)]
        Path(f"{name}.csv").write_text("\n".join([columns, *rows]))
    started("base.csv", "rl.csv", "--task", "T")
    tally = read_tallies("counts.csv")["T", "rl"]
    assert (tally.n.tolist(), tally.c.tolist()) == ([16] * 9, [*range(2, 11)])


def test_levels_and_clusters_stay_with_their_problems() -> None:
    """What problems are resampled with is not lost on the way."""
    for name, share in (("base", 0.3), ("rl", 0.6)):
        put(
            f"{name}.jsonl",
            [row | {"level": 3, "cluster": row["problem_id"][-1]} for row in samples(right=share)],
        )
    started("base.jsonl", "rl.jsonl")
    tally = read_tallies("counts.csv")["task", "rl"]
    assert (tally.levels, tally.clusters) == (("3",) * 5, ("0", "1", "2", "3", "4"))


def test_few_completions_are_told() -> None:
    """Who has 4 of each learns it here, not from verdicts."""
    assert "some problem has 4 completions: claims about large k are not judged below 16" in started(
        *two(n=4)
    )


def test_arms_whose_names_become_one_are_refused() -> None:
    """Counts of org/model and other/model are two arms, and none is lost."""
    rows = samples(right=0.3)
    path = put("all.jsonl", [row | {"arm": arm} for row in rows for arm in ("a/rl", "b/rl", "base")])
    assert 'found a second arm "rl" on task "task"' in refused(path)


def test_one_arm_alone_is_refused() -> None:
    """A claim compares two."""
    base, _ = two()
    assert "found the arm base alone; give those of two arms at least" in refused(base)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--tool", "lm-evil"), '--tool: found "lm-evil" (did you mean "lm-eval"?)'),
        (("--arm", "a"), "--arm: found 1 names for 2 files"),
        (("--arm", "a", "--arm", "a"), 'found two arms that would be called "a"'),
        (("--id", "pid"), '--id: found no column "pid"; it has "problem_id, response, correct"'),
        (("--id", "problem_id", "--group", "response"), "--group: found beside --id"),
    ],
)
def test_options_that_fit_nothing_are_refused(options: tuple[str, ...], message: str) -> None:
    """A slip in an option names it."""
    assert message in refused(*two(), *options)


def test_a_missing_file_is_named() -> None:
    """A slip in a path says so."""
    for name in ("nothing.jsonl", "nothing.parquet"):
        assert f"{name}: there is no such file; correct the path" in refused(two()[0], name)


HOSTILE = st.text(min_size=1, max_size=30) | st.sampled_from(
    ['"', "\\", "'''", '"""', "\n[x]", "a\x7fb", "\ud800", "."]
)


@given(arms=st.lists(HOSTILE, min_size=2, max_size=3), task=HOSTILE, files=HOSTILE, problem=HOSTILE)
def test_any_text_makes_a_study_that_loads(
    tmp_path_factory: pytest.TempPathFactory, arms: list[str], task: str, files: str, problem: str
) -> None:
    """Names of files, arms and tasks are data: whatever they hold, the TOML holds just that."""
    folder = tmp_path_factory.mktemp("hostile")
    names = [f"{plain_name(arm)}{i}" for i, arm in enumerate(arms)]
    task = plain_name(task) or "task"
    source = Source("x", (Path(files.replace("\0", "") or "x"),), "jsonl")
    made = [
        ArmDraft(name, "rl" if i else "base", "by its name", arm, source)
        for i, (name, arm) in enumerate(zip(names, arms, strict=True))
    ]
    ids = [f"{plain_name(problem)}{i}" for i in range(2)]
    counts = {(task, name): {one: Count(n=4, c=i) for i, one in enumerate(ids)} for name in names}
    draft = Draft(tuple(made), {task: arms[0]}, counts, graded=True, counted=False)
    (folder / "study.toml").write_text(study_text(draft, evidence='tallies = "counts.csv"'), encoding="utf-8")
    (folder / "counts.csv").write_text(counts_text(counts), encoding="utf-8")
    study = load_study(folder)
    assert (list(study.arms), list(study.tasks)) == (names, [task])
    assert list(load_tallies(study)[task, names[0]].n) == [4, 4]


@given(text=st.text())
def test_a_text_of_toml_is_one_value(text: str) -> None:
    """Nothing in a text ends it early."""
    import tomllib  # noqa: PLC0415 - of this test alone

    assert list(tomllib.loads(f"key = {toml_text(text)}")) == ["key"]
