"""Sessions of beyondbase; `nox -l` lists them."""

import itertools
import os
import platform
import shutil
import tomllib
from pathlib import Path

import nox
from packaging.requirements import Requirement

nox.needs_version = ">=2025.2.9"
# pip and not uv: a CPU build of torch, which later sessions need, is found by pip alone.
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["claims"]
nox.options.error_on_external_run = True

ROOT = Path(__file__).parent
PROJECT = nox.project.load_toml("pyproject.toml")
RUNNING = ".".join(platform.python_version_tuple()[:2])
OTHERS = [version for version in nox.project.python_versions(PROJECT) if version != RUNNING]
VLLM_LOCK = "tests/vllm/requirements.txt"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def install(session: nox.Session, *groups: str) -> None:
    """Install the package as a user would get it, and the dependency groups of a session."""
    named = [part for group in groups for part in ("--group", group)]
    session.install(".", *named)


def run_here(session: nox.Session, *command: str, **env: str) -> None:
    """Run a command where the user stands, whom paths are relative to: nox stands where its file is."""
    with session.chdir(session.invoked_from):
        session.run(*command, *session.posargs, env=env)


@nox.session
def claims(session: nox.Session) -> None:
    """Judge the built-in studies and write reports/, or those of `-- --study PATH` and write beside them."""
    install(session)
    own = any(word.partition("=")[0] == "--study" for word in session.posargs)
    run_here(session, "pytest", *([] if own else [f"--rootdir={ROOT}", str(ROOT / "claims")]), **ONE_THREAD)


@nox.session
def sample(session: nox.Session) -> None:
    """Sample and grade what the study of `-- --study PATH` lacks, with the engine that it names."""
    install_for(session)
    run_here(session, "beyondbase", "sample")


@nox.session
def grade(session: nox.Session) -> None:
    """Grade the samples of the study of `-- --study PATH` again; nothing is sampled."""
    install_for(session)
    run_here(session, "beyondbase", "grade")


@nox.session
def miniature(session: nox.Session) -> None:
    """Train the models of the miniature that are not there yet (hours); `-- --only NAME` makes but some."""
    session.install(os.environ.get("BEYONDBASE_TORCH", "torch==2.13.0"))
    session.install(".[transformers]")
    session.run("python", "fixtures/miniature/recipe/build.py", *session.posargs, env=ONE_THREAD)


@nox.session
def live(session: nox.Session) -> None:
    """Sample the miniature's models afresh, set them beside the stored counts, and judge them (minutes)."""
    session.install(os.environ.get("BEYONDBASE_TORCH", "torch==2.13.0"))
    session.install(".[transformers]")
    study = Path("fixtures/miniature/live")
    shutil.rmtree(study / "samples", ignore_errors=True)
    session.run("beyondbase", "sample", "--study", str(study), env=ONE_THREAD)
    # Run often, at .05 it would cry wolf once in twenty times; of its own seed it does (docs/sampling.md).
    compare = ("--study", str(study), "--with", "fixtures/miniature", "--alpha", "0.001")
    session.run("beyondbase", "agree", *compare, env=ONE_THREAD)
    session.run(*("pytest", "claims", "--study", str(study), "--report-dir", "reports/live"), env=ONE_THREAD)


def install_for(session: nox.Session) -> None:
    """Install the package with what the problems, the graders and the engine of a study need."""
    study = read_study(session)
    tables = study.get("problems", {}).values()
    from_hub = any("hub" in table or ("benchmark" in table and "path" not in table) for table in tables)
    extras = "math,gym,tasks" if from_hub else "math,gym"
    engine = study.get("engine", {}).get("engine", "transformers")
    if engine == "transformers":
        # The CPU build; whoever has a GPU names a torch of her own.
        session.install(os.environ.get("BEYONDBASE_TORCH", "torch==2.13.0"))
    if engine == "vllm" and os.environ.get("BEYONDBASE_VLLM") == "cpu":
        session.install("--no-deps", "--no-compile", "-r", VLLM_LOCK)
        session.install("-c", VLLM_LOCK, f".[{extras}]")
    else:
        session.install(f".[{extras},{engine}]")


def read_study(session: nox.Session) -> dict[str, dict[str, dict[str, str]]]:
    """Read the study file of `-- --study PATH`."""
    words = [part for word in session.posargs for part in word.split("=", 1)]
    named = dict(itertools.pairwise(words)).get("--study")
    if named is None:
        session.error("name a study: -- --study PATH")
    path = Path(session.invoked_from) / named
    try:
        with (path / "study.toml" if path.is_dir() else path).open("rb") as stream:
            return tomllib.load(stream)
    except (OSError, ValueError) as error:
        session.error(f"{path}: is no study file that can be read: {error}")


@nox.session
def tests(session: nox.Session) -> None:
    """Test the library, the claims and the plugin."""
    install(session, "tests")
    run_tests(session)


@nox.session(name="tests-on", python=OTHERS)
def tests_on(session: nox.Session) -> None:
    """Run the tests on the other Pythons that the classifiers name: `nox -s tests-on-3.13`."""
    install(session, "tests")
    run_tests(session)


@nox.session(name="tests-oldest")
def tests_oldest(session: nox.Session) -> None:
    """Run the tests with the oldest versions that the package allows of what it depends on."""
    needs = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
    oldest = [(need.name, part.version) for need in needs for part in need.specifier if part.operator == ">="]
    # Not in nox's own temporary folder, which would become that of the tests, inside this repository.
    constraints = Path(session.virtualenv.location) / "oldest.txt"
    constraints.write_text("".join(f"{name}=={version}\n" for name, version in oldest), encoding="utf-8")
    session.install(".", "--group", "tests", "-c", str(constraints))
    run_tests(session)


def run_tests(session: nox.Session) -> None:
    """Run the tests that need no engine and no browser."""
    apart = [f"--ignore=tests/{folder}" for folder in ("browser", "sampling", "vllm")]
    session.run("pytest", "tests", *apart, "-n", "2", *session.posargs, env=ONE_THREAD)


@nox.session
def sampling(session: nox.Session) -> None:
    """Test tasks, engines, graders and the store, with the libraries that only they need."""
    # The CPU build; whoever has a GPU installs a torch of her own.
    session.install("torch==2.13.0")
    session.install(".[math,gym,tasks,transformers,openai,hub,inspect]", "--group", "tests")
    session.run("pytest", "tests/sampling", "-n", "2", *session.posargs, env=ONE_THREAD)


@nox.session
def vllm(session: nox.Session) -> None:
    """Test the engine on vLLM's CPU build, and against a server of it (x86-64, Python 3.11)."""
    # Without dependencies: with the torchvision and torchaudio that vLLM asks for it cannot be imported.
    # Not compiled, which takes half of the time: the tests compile what they import, and keep it.
    session.install("--no-deps", "--no-compile", "-r", VLLM_LOCK)
    session.install("-c", VLLM_LOCK, ".[math,openai]", "--group", "tests")
    # Of vLLM's own variables none: the engine must set what it needs.
    apart = {"HF_HUB_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": None}
    session.run("pytest", "tests/vllm", *session.posargs, env=ONE_THREAD | apart)


@nox.session
def browser(session: nox.Session) -> None:
    """Test the page in Debian's chromium, or in that of BEYONDBASE_CHROMIUM."""
    install(session, "tests", "browser")
    session.run("pytest", "tests/browser", "-n", "2", *session.posargs, env=ONE_THREAD)


@nox.session
def estimators(session: nox.Session) -> None:
    """Check a pass@k estimator: `-- package.module:function` or `-- file.py:function`, by default ours."""
    session.install(".[estimators]")
    run_here(session, "beyondbase", "estimators", **ONE_THREAD)


@nox.session
def example(session: nox.Session) -> None:
    """Make reports/example/ anew, and the README's picture of it."""
    install(session, "browser")
    session.run("pytest", "claims", "--report-dir", "reports/example", env=ONE_THREAD)
    session.run("python", "docs/screenshot.py", "reports/example/index.html", "docs/report.png")


@nox.session
def figures(session: nox.Session) -> None:
    """Draw the figures and write the tables of docs/miniature.md; verdicts come from reports/example/."""
    install(session, "figures")
    for script in ("tables", "figures"):
        session.run("python", f"fixtures/miniature/recipe/{script}.py", env=ONE_THREAD)


@nox.session
def calibration(session: nox.Session) -> None:
    """Simulate bands and verdicts under known truth and write docs/calibration.md (half an hour)."""
    install(session, "calibration")
    session.run("python", "calibration/simulate.py", *session.posargs, env=ONE_THREAD)


@nox.session(name="worst-case")
def worst_case(session: nox.Session) -> None:
    """Search for the law under which each test errs most and write docs/worst-case.md (20 minutes)."""
    install(session, "calibration")
    session.run("python", "calibration/worst_case.py", *session.posargs, env=ONE_THREAD)


@nox.session
def remedies(session: nox.Session) -> None:
    """Follow up what undecided verdicts are told would decide them, and write docs/remedies.md (minutes)."""
    install(session, "calibration")
    session.run("python", "calibration/remedies.py", *session.posargs, env=ONE_THREAD)


@nox.session
def families(session: nox.Session) -> None:
    """Simulate ways to share alpha among the verdicts of a claim and write docs/families.md (minutes)."""
    install(session, "calibration")
    session.run("python", "calibration/families.py", *session.posargs, env=ONE_THREAD)


@nox.session
def tipping(session: nox.Session) -> None:
    """Plant wrong answers that a grader accepts, see what tipping points say, and write docs/tipping.md."""
    install(session, "calibration")
    session.run("python", "calibration/tipping.py", *session.posargs, env=ONE_THREAD)


@nox.session
def bench(session: nox.Session) -> None:
    """Time the library against its peers in one run, as ratios."""
    # The CPU build, as for the session sampling.
    session.install("torch==2.13.0")
    session.install(".[math,transformers]", "--group", "bench", "--group", "browser")
    session.run("python", "bench/bench.py", *session.posargs, env=ONE_THREAD)
    for part in ("sampling", "grading", "store"):
        session.run("python", f"bench/{part}.py", env=ONE_THREAD)
    session.run("python", "bench/page.py", env=ONE_THREAD | {"PYTHONPATH": "tests"})


@nox.session
def cases(session: nox.Session) -> None:
    """Count the grader's mistakes beside math-verify's on cases chosen for trouble, for docs/grading.md."""
    session.install("-e", ".[math]")
    session.run("python", "bench/cases.py", env=ONE_THREAD)


@nox.session
def mutants(session: nox.Session) -> None:
    """Try every small change of gold answers on the comparison, for docs/grading.md."""
    session.install("-e", ".[math]")
    session.run("python", "bench/mutants.py", env=ONE_THREAD)


@nox.session
def peers(session: nox.Session) -> None:
    """Hold the grader against the tests of other graders, which pip fetches, for docs/grading.md."""
    session.install("-e", ".[math]", "setuptools", "wheel")
    session.run("python", "bench/peers.py", env=ONE_THREAD)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the pages of docs/ as a site in site/; a link that leads nowhere fails."""
    install(session, "docs")
    # A note on the next version of mkdocs, which is bounded in the group.
    session.run("mkdocs", "build", "--strict", *session.posargs, env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting, and that packages import downwards alone (docs/house.md)."""
    session.install(*nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports", env={"PYTHONPATH": "src"})


@nox.session
def types(session: nox.Session) -> None:
    """Check types strictly."""
    install(session, "types")
    session.run("mypy", *session.posargs)
