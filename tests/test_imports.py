"""What importing the package loads: its names at their first use, and nothing that only some need."""

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from study_factory import pair_study

import beyondbase
import beyondbase.engines

# Libraries of extras, and what only sampling, grading, drawing or testing needs.
FOREIGN = ("torch", "transformers", "vllm", "datasets", "math_verify", "reasoning_gym", "httpx")
FOREIGN += ("huggingface_hub", "inspect_ai", "matplotlib", "IPython")
# What `import beyondbase` leaves to the first use of a name.
LATER = ("numpy", "scipy", "statsmodels", "pandas", "pyarrow", "pydantic", "pytest", "_pytest")
LATER += ("rich", "jinja2", "typer")
OWN = ("beyondbase.engines", "beyondbase.graders", "beyondbase.store", "beyondbase.sampling")
OWN += ("beyondbase.formats", "beyondbase.cli", "beyondbase.plugin")


def python(code: str, cwd: Path | None = None) -> str:
    """What some code prints in a Python of its own."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded(code: str, unwanted: tuple[str, ...], cwd: Path | None = None) -> list[str]:
    """Which of some modules, or of their parts, are there after some code."""
    found = python(f"{code}\nimport sys\nprint(*sorted(sys.modules))", cwd).split()
    return [name for name in found if any(f"{name}.".startswith(f"{one}.") for one in unwanted)]


def test_the_package_alone_loads_next_to_nothing() -> None:
    """After `import beyondbase` no library is there, and none of its modules."""
    assert loaded("import beyondbase", (*FOREIGN, *LATER)) == []
    assert loaded("import beyondbase", ("beyondbase",)) == ["beyondbase"]


def test_judging_counts_needs_no_engine_grader_or_store(tmp_path: Path) -> None:
    """A study of counts is judged and shown without what samples, grades, stores or draws."""
    pair_study(tmp_path, (32, [0, 3, 9, 20]), (32, [4, 0, 9, 31]))
    code = "import beyondbase\nbeyondbase.judge('study.toml')._repr_html_()"
    assert loaded(code, (*FOREIGN, *OWN), tmp_path) == []


def test_no_public_name_needs_an_engine_grader_or_store() -> None:
    """Whoever takes all names of the package gets nothing that samples, grades, stores or draws."""
    assert loaded("from beyondbase import *", (*FOREIGN, *OWN)) == []


def test_every_public_name_is_there() -> None:
    """A star gives all names, and each is what it is called."""
    code = "from beyondbase import *\nprint(*(globals()[name].__name__ for name in NAMES))"
    names = [name for name in beyondbase.__all__ if name != "__version__"]
    assert python(code.replace("NAMES", repr(names))).split() == names
    assert set(beyondbase.__all__) <= set(dir(beyondbase))


def test_no_module_takes_the_place_of_a_name() -> None:
    """No public name is that of a module, whose import would put the module in its place."""
    modules = {module.name for module in pkgutil.iter_modules(beyondbase.__path__)}
    assert modules & set(beyondbase.__all__) == set()


@pytest.mark.parametrize("first", ["beyondbase.plugin", "beyondbase.cli", "beyondbase.notebook.verdicts"])
def test_names_stay_what_they_are(first: str) -> None:
    """Whatever was imported before, `judge` and `claim` are the functions."""
    code = f"import {first}\nfrom beyondbase import claim, judge\nprint(claim.__name__, judge.__name__)"
    assert python(code).split() == ["claim", "judge"]


def test_unknown_names_are_no_names() -> None:
    """A name that is not there is missing as from any module."""
    with pytest.raises(AttributeError, match=r"^module 'beyondbase' has no attribute 'jugde'$"):
        _ = beyondbase.jugde
    with pytest.raises(AttributeError, match=r"^module 'beyondbase\.engines' has no attribute 'Motor'$"):
        _ = beyondbase.engines.Motor


def test_the_version_is_that_of_the_distribution() -> None:
    """The version is the one that was installed."""
    assert python("import beyondbase\nprint(beyondbase.__version__)").strip() == beyondbase.__version__
    assert beyondbase.__version__[0].isdigit()
