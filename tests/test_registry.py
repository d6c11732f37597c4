"""Graders and engines are known by one line of the registry, or by an entry point of a user's package."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_recipe import load, refusal
from typer.testing import CliRunner

import beyondbase
from beyondbase.cli import app
from beyondbase.completions import Completion, Problem
from beyondbase.engines import VllmSettings, make_engine
from beyondbase.errors import InputError
from beyondbase.evidence.load import load_evidence
from beyondbase.graders import ExactGrader, make_grader, options_of
from beyondbase.graders.make import grader_kind
from beyondbase.graders.options import known_options
from beyondbase.registry import ENGINES, GRADERS, Registry
from beyondbase.study import load_study
from beyondbase.study.engine_settings import engine_kind, engines_that

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
Install = Callable[..., None]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which both examples are installed."""
    folder = tmp_path_factory.mktemp("toys")
    for name in ("grader", "engine"):
        # A copy, so that nothing is written into this repository.
        source = shutil.copytree(EXAMPLES / name, folder / "sources" / name)
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "built")]
        done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)  # noqa: S603
        assert done.returncode == 0, done.stderr
    for wheel in (folder / "built").glob("*.whl"):
        zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


@pytest.fixture
def toys(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have both examples installed."""
    monkeypatch.syspath_prepend(wheels)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a package that has entry points of one group, and perhaps a module."""

    def installed(package: str, group: str, points: dict[str, str], module: str = "") -> None:
        site = tmp_path / f"site of {package}"
        info = site / f"{package}-1.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n")
        lines = [f"{name} = {value}\n" for name, value in points.items()]
        (info / "entry_points.txt").write_text("".join([f"[beyondbase.{group}]\n", *lines]))
        (site / f"{package}.py").write_text(module)
        monkeypatch.syspath_prepend(site)

    return installed


def run(*words: str) -> str:
    """Run a command of beyondbase that must succeed, and return what it printed."""
    result = CliRunner().invoke(app, [*words])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.usefixtures("toys")
def test_the_toys_go_the_whole_way(tmp_path: Path) -> None:
    """A study of coins is sampled, graded, judged and regraded; more tosses only add to those there."""
    study = shutil.copytree(EXAMPLES / "engine", tmp_path / "coins")
    where = ("--study", str(study))
    run("sample", *where)
    counts = load_evidence(load_study(study)).tallies
    rates = {arm: tally.c.sum() / tally.n.sum() for (_, arm), tally in counts.items()}
    assert rates == {"base": pytest.approx(0.3, abs=0.06), "rl": pytest.approx(0.6, abs=0.06)}
    assert beyondbase.judge(study)["rl-leads-at-1[tosses/rl]"].outcome == "SUPPORTED"
    told = run("regrade", str(study), "--with", "last-line", "--set", "case=true")
    assert 'graded by "last-line": 3 verdicts of 8 changed' in told
    file = study / "study.toml"
    asked = file.read_text()
    # The pause changes no toss, so that the samples stay those of the study.
    file.write_text(asked.replace("n = 32", "n = 40").replace('"coin"\n', '"coin"\npause = 1e-6\n'))
    assert "base on tosses: 192 of 192" in run("sample", *where)
    file.write_text(asked.replace('"coin"\n', '"coin"\nsides = "yes or no"\n'))
    refused = CliRunner().invoke(app, ["sample", *where])
    assert "was sampled with other settings: asked.engine.sides" in refused.stderr


@pytest.mark.usefixtures("toys")
def test_an_added_grader_is_known_wherever_graders_are(tmp_path: Path) -> None:
    """To studies, their messages, and what asks for options; nothing of ours was changed for it."""
    table = "[problems.T]\nfile = 'p.jsonl'\n"
    study = load(tmp_path, f"{table}grader = 'last-line'\ngrading = {{ case = true }}")
    assert study.problems["T"].graded_by == "last-line"
    assert "use one of math, exact, choice, gym, countdown, last-line" in refusal(
        tmp_path, f"{table}grader = 'last'"
    )
    assert options_of("last-line") == ("case", "marks")
    options = known_options(grader_kind("last-line"))
    assert options["case"].option.meaning.startswith("`true` or `false`")
    assert (options["case"].default, options["marks"].default) == (False, ".!")
    problem = Problem("1", "?", "Heads")
    completion = Completion("1", 0, 0, "So:\nheads!", 1, "stop", None, None, None)
    for case, outcome in ((False, "correct"), (True, "wrong")):
        (graded,) = make_grader("last-line", {"case": case}).grade({"1": problem}, [completion])
        assert (graded.outcome, graded.rule) == (outcome, "last line")
    assert make_grader("last-line").version != make_grader("last-line", {"case": True}).version


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"cas": 1},
            'last-line grader: found an unknown option "cas" (did you mean "case"?); use one of case, marks',
        ),
        ({"case": 1}, "case: found 1; use true or false"),
        ({"marks": 1}, "marks: found 1; use characters in quotes"),
        ({"marks": "!a"}, 'marks: found "!a"; use no letters and no digits'),
    ],
)
def test_mistakes_in_added_options_are_told_as_in_ours(options: dict[str, Any], message: str) -> None:
    """By key, what was found and what to use, from the annotated field alone."""
    with pytest.raises(InputError, match=re.escape(message)):
        make_grader("last-line", options)


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("engine = 'coins'", "use one of transformers, vllm, openai, coin"),
        ("pause = 1.0", 'add engine = "transformers", "vllm", "openai" or "coin"'),
        (
            "engine = 'coin'\npaus = 1.0",
            '[engine] paus: found an unknown key (did you mean "pause"?); use one of',
        ),
        (
            "engine = 'coin'\npause = -1.0",
            "[engine] pause: found -1.0; use a number greater than or equal to 0",
        ),
        (
            "engine = 'coin'\n[arms.x]\nrole = 'rl'\nmodel = '.5'\nadapter = 'a'",
            '[arms.x] adapter: found "a" with [engine] engine = "coin"; use engine = "vllm", or merge it',
        ),
    ],
)
def test_mistakes_in_added_settings_are_told_as_in_ours(tmp_path: Path, table: str, said: str) -> None:
    """By key, what was found and what to use."""
    assert said in refusal(tmp_path, f"[engine]\n{table}")


@pytest.mark.usefixtures("toys")
def test_an_added_engine_says_what_others_ask_of_it(tmp_path: Path) -> None:
    """Which settings matter, what the engine takes, and what it is called with; the model's mistakes too."""
    study = load(tmp_path, "[engine]\nengine = 'coin'\npause = 2.0")
    assert study.engine.matters() == {"engine": "coin", "sides": "heads or tails"}
    assert (study.engine.gpus, study.engine.takes_adapter, study.engine.loads_weights) == (None, False, False)
    assert study.model_dump()["engine"] == {"engine": "coin", "sides": "heads or tails", "pause": 2.0}
    with pytest.raises(
        InputError, match='adapter: found "a" with engine = "coin"; use engine = "vllm", or merge'
    ):
        make_engine(study.engine, "0.5", adapter="a")
    with pytest.raises(InputError, match=r'^model: found "two"; use a chance between 0 and 1'):
        make_engine(study.engine, "two")


def test_what_is_not_named_is_not_imported(install: Install, tmp_path: Path) -> None:
    """A package that cannot be imported disturbs nobody who does not ask for what it adds."""
    for number, group in enumerate(("graders", "engines")):
        install(f"broken{number}", group, {"broken": f"broken{number}:Broken"}, "raise RuntimeError('no')")
    assert "broken" in GRADERS
    assert "broken" in ENGINES
    assert make_grader("exact") == ExactGrader()
    assert load(tmp_path, "[engine]\nengine = 'vllm'").engine == VllmSettings()
    remedy = "or uninstall the package"
    with pytest.raises(
        InputError, match=r'^grader "broken" of the package broken0: cannot be imported'
    ) as found:
        make_grader("broken")
    assert "RuntimeError: no" in str(found.value)
    assert str(found.value).endswith(f'correct the entry point broken = "broken0:Broken", {remedy}')
    assert 'engine "broken" of the package broken1: cannot be imported' in refusal(
        tmp_path, "[engine]\nengine = 'broken'"
    )


def test_a_name_that_is_taken_is_refused_when_it_is_asked_for(install: Install) -> None:
    """Whether it is one of ours or another package's; all other names stay what they are."""
    install("one", "graders", {"exact": "one:A", "mine": "one:A"})
    install("two", "graders", {"mine": "two:A"})
    with pytest.raises(
        InputError, match=r'^grader "exact": found in beyondbase itself and in the package one; uni'
    ):
        make_grader("exact")
    with pytest.raises(
        InputError, match=r'^grader "mine": found in the package one and in the package two; uninst'
    ):
        make_grader("mine")
    assert make_grader("choice").name == "choice"


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("A = 3", "is no dataclass with the method grade"),
        (
            "from beyondbase.graders import ExactGrader as A",
            'has another name: its attribute name must be "mine"',
        ),
        (
            "import dataclasses as d\n@d.dataclass\nclass A:\n grade = id\n x: set = None\nA.name = 'mine'",
            "has an option that cannot be read (",
        ),
    ],
)
def test_a_grader_that_is_none_is_refused(install: Install, module: str, said: str) -> None:
    """The message names the package, and what is wrong with what it has registered."""
    package = f"none{len(said)}"
    install(package, "graders", {"mine": f"{package}:A"}, module)
    with pytest.raises(InputError, match=re.escape(f'grader "mine" of the package {package}: {said}')):
        make_grader("mine")


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("A = 3", "is no class of beyondbase.engines.EngineSettings"),
        (
            "from beyondbase.engines import VllmSettings as A",
            'has another name: its key engine must be "mine"',
        ),
    ],
)
def test_settings_that_are_none_are_refused(install: Install, module: str, said: str) -> None:
    """The message names the package, and what is wrong with what it has registered."""
    package = f"settings{len(said)}"
    install(package, "engines", {"mine": f"{package}:A"}, module)
    with pytest.raises(InputError, match=re.escape(f'engine "mine" of the package {package}: {said}')):
        engine_kind("mine")


def test_one_line_makes_a_grader_or_an_engine_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of ours too: a line of the registry is all that a study, or a command, needs to know of it."""
    for name, registry in (("grader", GRADERS), ("engine", ENGINES)):
        (value,) = tomllib.loads((EXAMPLES / name / "pyproject.toml").read_text())["project"]["entry-points"][
            f"beyondbase.{name}s"
        ].items()
        line = dict([value])
        known = {key: point.value for key, point in registry._ours.items()} | line  # noqa: SLF001
        monkeypatch.setattr(registry, "_ours", Registry(name, f"beyondbase.{name}s", known)._ours)  # noqa: SLF001
        monkeypatch.syspath_prepend(EXAMPLES / name)
    study = load_study(shutil.copytree(EXAMPLES / "engine", tmp_path / "coins"))
    assert (study.engine.engine, study.problems["tosses"].graded_by) == ("coin", "last-line")
    assert {"coin"} <= {*ENGINES.ours}
    run("sample", "--study", str(study.path))
    run("grade", "--study", str(study.path))


def test_no_other_package_asks_which_engine_it_is() -> None:
    """What hangs on the engine is asked of its settings, so that a new one is no change elsewhere."""
    source = ROOT / "src" / "beyondbase"
    asking = re.compile(r"(?:Openai|Vllm|Transformers)(?:Settings|Engine)|engine\W{1,4}[!=]= *[\"']")
    found = {
        (path.relative_to(source).as_posix(), hit)
        for path in source.rglob("*.py")
        if "engines" not in path.parts and path.name not in {"registry.py", "engine_settings.py"}
        for hit in asking.findall(path.read_text(encoding="utf-8"))
    }
    # The engine of a study that names none.
    assert {(Path(place).stem, hit) for place, hit in found} <= {("file", "TransformersSettings")}


def test_every_engine_of_ours_says_what_it_can() -> None:
    """Messages name engines by what these say of themselves."""
    assert [engine_kind(name).model_fields["engine"].default for name in ENGINES.ours] == [*ENGINES.ours]
    assert engines_that(lambda kind: kind.takes_adapter) == 'engine = "vllm"'
    assert engines_that(lambda kind: kind.loads_weights) == 'engine = "transformers" or "vllm"'
