"""Sessions of beyondbase; `nox -l` lists them."""

import os

import nox

nox.needs_version = ">=2025.2.9"
# pip and not uv: a CPU build of torch, which later sessions need, is found by pip alone.
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["claims"]
nox.options.error_on_external_run = True

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def install(session: nox.Session, *groups: str) -> None:
    """Install the package as a user would get it, and the dependency groups of a session."""
    named = [part for group in groups for part in ("--group", group)]
    session.install(".", *named)


@nox.session
def claims(session: nox.Session) -> None:
    """Judge the built-in studies, or those of `-- --study PATH`; write reports/."""
    install(session)
    session.run("pytest", "claims", *session.posargs, env=ONE_THREAD)


@nox.session
def tests(session: nox.Session) -> None:
    """Test the library, the claims and the plugin."""
    install(session, "tests")
    apart = ("--ignore", "tests/browser", "--ignore", "tests/sampling")
    session.run("pytest", "tests", *apart, "-n", "2", *session.posargs, env=ONE_THREAD)


@nox.session
def sampling(session: nox.Session) -> None:
    """Test tasks, engines, graders and the store, with the libraries that only they need."""
    # The CPU build; whoever has a GPU installs a torch of her own.
    session.install("torch==2.13.0")
    session.install(".[math,gym,tasks,transformers,openai,hub]", "--group", "tests")
    session.run("pytest", "tests/sampling", *session.posargs, env=ONE_THREAD)


@nox.session
def browser(session: nox.Session) -> None:
    """Test the page in Debian's chromium, or in that of BEYONDBASE_CHROMIUM."""
    install(session, "tests", "browser")
    session.run("pytest", "tests/browser", "-n", "2", *session.posargs, env=ONE_THREAD)


@nox.session
def estimators(session: nox.Session) -> None:
    """Check a pass@k estimator: `-- --estimator package.module:function`, by default ours."""
    install(session, "tests")
    path = os.pathsep.join([".", os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    session.run("pytest", "tests/estimators", *session.posargs, env=ONE_THREAD | {"PYTHONPATH": path})


@nox.session
def example(session: nox.Session) -> None:
    """Make reports/example/ anew, and the README's picture of it."""
    install(session, "browser")
    session.run("pytest", "claims", "--report-dir", "reports/example", env=ONE_THREAD)
    session.run("python", "docs/screenshot.py", "reports/example/index.html", "docs/report.png")


@nox.session
def calibration(session: nox.Session) -> None:
    """Simulate bands and verdicts under known truth and write docs/calibration.md (half an hour)."""
    install(session, "calibration")
    session.run("python", "calibration/simulate.py", *session.posargs, env=ONE_THREAD)


@nox.session
def bench(session: nox.Session) -> None:
    """Time the library against its peers in one run, as ratios."""
    install(session, "bench", "browser")
    session.run("python", "bench/bench.py", *session.posargs, env=ONE_THREAD)
    session.run("python", "bench/page.py", env=ONE_THREAD | {"PYTHONPATH": "tests"})


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install(*nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types strictly."""
    install(session, "types")
    session.run("mypy", *session.posargs)
