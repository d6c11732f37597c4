"""The library as it is installed: built, put into an environment, and used outside the repository."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from jsonschema import Draft7Validator
from plugin_project import HEAD, LEADS, claim_text

import beyondbase

ROOT = Path(__file__).parents[1]
MATH500 = ROOT / "fixtures" / "qwen2.5-7b-math500"
# What a repository with models may put into an archive that people fetch to build from.
MOST_BYTES = 5_000_000


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The source archive, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder)], cwd=ROOT, check=True
    )
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as stream:
        stream.extractall(folder, filter="data")
    (source,) = folder.glob("beyondbase-*/")
    subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=source, check=True
    )
    (wheel,) = folder.glob("*.whl")
    return archive, wheel


@pytest.fixture(scope="module")
def python(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has the wheel; the libraries that it needs are those of the tests."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, symlinks=True)
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    site = Path(paths["purelib"])
    with zipfile.ZipFile(built[1]) as wheel:
        wheel.extractall(site)  # noqa: S202 - our own archive
    # A file .pth of theirs may lead to this repository, so theirs are not read: only folders are named.
    others = [path for path in sys.path if path.endswith("site-packages")]
    (site / "others.pth").write_text("\n".join(others), encoding="utf-8")
    return Path(paths["scripts"]) / "python"


def run(python: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module of the environment in a folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
    return subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [str(python), "-m", *arguments],
        cwd=folder,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the counts of MATH500 and their study."""
    for file in MATH500.iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    return tmp_path


def verdicts(file: Path) -> dict[str, str]:
    """The verdicts on MATH500 in a results.json."""
    studies = json.loads(file.read_text(encoding="utf-8"))["studies"]
    (study,) = [study for study in studies if study["id"] == "qwen2.5-7b-math500"]
    return {verdict["id"]: verdict["outcome"] for verdict in study["verdicts"]}


def test_the_wheel_is_what_is_used(python: Path, tmp_path: Path) -> None:
    """The environment has the library from the wheel, and not from this repository."""
    (tmp_path / "where.py").write_text("import beyondbase\nprint(beyondbase.__file__)\n", encoding="utf-8")
    where = Path(run(python, tmp_path, "where").stdout.strip())
    assert where.is_relative_to(python.parents[1])
    assert where != Path(beyondbase.__file__)


@pytest.mark.parametrize(
    "command",
    [("beyondbase", "judge", "study.toml"), ("pytest", "--study", "study.toml")],
    ids=["judge", "pytest"],
)
def test_counts_alone_give_the_built_in_verdicts(
    python: Path, folder: Path, command: tuple[str, ...]
) -> None:
    """In a folder that holds the counts of MATH500 and their study, verdicts are those that are built in."""
    result = run(python, folder, *command)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "warning" not in result.stdout.lower()
    published = verdicts(ROOT / "reports" / "example" / "results.json")
    assert verdicts(folder / "reports" / "results.json") == published


def test_own_claims_join_those_of_the_wheel(python: Path, folder: Path) -> None:
    """A claim of the user's is judged in one family with those that came with the wheel."""
    (folder / "claims").mkdir()
    (folder / "claims" / "test_own.py").write_text(HEAD + claim_text("own", LEADS), encoding="utf-8")
    result = run(python, folder, "beyondbase", "judge", "study.toml", "-k", "own", "-n", "2")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 passed" in result.stdout
    assert len(verdicts(folder / "reports" / "results.json")) == 9


def test_the_estimator_suite_is_in_the_wheel(python: Path, tmp_path: Path) -> None:
    """A function in a file is checked, and a wrong one is found out."""
    (tmp_path / "mine.py").write_text("def f(n, c, k):\n    return 1 - (1 - c / n) ** k\n", encoding="utf-8")
    assert run(python, tmp_path, "beyondbase", "estimators", "-q").returncode == 0
    result = run(python, tmp_path, "beyondbase", "estimators", "mine.py:f", "-k", "exact")
    assert result.returncode == 1
    assert "mine.py:f(n=2, c=1, k=2): expected 1.0 (relative 1e-09), got 0.75" in result.stdout


def test_hypothesis_is_asked_for_where_it_is_needed(python: Path, tmp_path: Path) -> None:
    """Without hypothesis the command says which extra brings it."""
    (tmp_path / "hypothesis.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'hypothesis'\", name='hypothesis')\n", encoding="utf-8"
    )
    result = run(python, tmp_path, "beyondbase", "estimators")
    assert result.returncode == 2
    assert "error: hypothesis is not installed, it needs an extra: pip install 'beyondbase[estimators]'" in (
        result.stderr
    )


def test_an_editable_install_holds_no_copy(tmp_path: Path) -> None:
    """An editable wheel leads to the repository and has no claims of its own, which would grow old."""
    build = f"from hatchling.build import build_editable; build_editable({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=ROOT, check=True, capture_output=True)  # noqa: S603
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert [name for name in names if not name.partition("/")[0].endswith(".dist-info")] == [
        "_beyondbase.pth"
    ]


def test_the_source_archive_is_small_and_can_be_judged(built: tuple[Path, Path]) -> None:
    """Models and completions stay out of the archive; studies, their counts and scores are in it."""
    archive, _ = built
    assert archive.stat().st_size < MOST_BYTES
    with tarfile.open(archive) as stream:
        names = {name.partition("/")[2] for name in stream.getnames()}
    assert [name for name in names if name.endswith(".safetensors") or "/completions/" in name] == []
    studies = {path.relative_to(ROOT) for path in (ROOT / "fixtures").glob("*/study.toml")}
    assert {str(study) for study in studies} <= names
    assert {"fixtures/miniature/counts.parquet", "fixtures/miniature/scores.parquet"} <= names


def test_metadata_say_who_and_where(built: tuple[Path, Path]) -> None:
    """The wheel names its authors and the paper, and brings what its commands need."""
    with zipfile.ZipFile(built[1]) as wheel:
        (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = wheel.read(name).decode()
    assert "\nAuthor: The beyondbase authors\n" in metadata
    assert "\nProject-URL: Paper, https://arxiv.org/abs/2504.13837\n" in metadata
    assert "\nRequires-Dist: pytest-xdist" in metadata


# The parts of the format's schema, version 1.2.0, that the file uses.
PERSON = {"type": "object", "required": ["family-names", "given-names"]}
ENTITY = {"type": "object", "required": ["name"], "additionalProperties": False, "properties": {"name": {}}}
CFF = {
    "type": "object",
    "required": ["cff-version", "message", "title", "authors"],
    "additionalProperties": False,
    "properties": {
        "cff-version": {"const": "1.2.0"},
        **{key: {"type": "string"} for key in ("message", "title", "abstract", "license", "version")},
        "type": {"enum": ["software", "dataset"]},
        "authors": {"type": "array", "minItems": 1, "items": {"anyOf": [PERSON, ENTITY]}},
        "keywords": {"type": "array", "uniqueItems": True, "items": {"type": "string"}},
        "references": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "title", "authors"],
                "additionalProperties": False,
                "properties": {
                    "type": {"const": "article"},
                    "title": {"type": "string"},
                    "authors": {"type": "array", "items": PERSON},
                    "year": {"type": "integer"},
                    "url": {"type": "string", "pattern": "^https://"},
                    "identifiers": {"type": "array"},
                },
            },
        },
    },
}


def test_the_citation_is_valid_and_of_this_version() -> None:
    """CITATION.cff is what the format asks for, names the version that is built, and the paper."""
    yaml = pytest.importorskip("yaml")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    Draft7Validator(CFF).validate(citation)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
    assert citation["references"][0]["url"] == project["urls"]["Paper"]
