"""The README shows what is true: its commands, its output, its study file and its claim."""

import base64
import gzip
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from same_numbers import differences

from beyondbase.study import load_study

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def block(language: str, holding: str) -> str:
    """The code block of a language that holds a text."""
    found = re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)
    return next(text for text in found if holding in text)


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run pytest as a user does."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)  # noqa: S603


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What the built-in studies print today, and the folder of their report."""
    folder = tmp_path_factory.mktemp("today")
    result = run("claims", "-q", "--report-dir", str(folder), cwd=ROOT)
    assert result.returncode == 0, result.stdout
    return result.stdout, folder


def test_the_output_shown_is_the_output_made(today: tuple[str, Path]) -> None:
    """The lines in the README are what the built-in studies print today; "..." stands for lines left out."""
    made = today[0].split("= verdicts =")[1].splitlines()[1:]
    table = [line for line in made if not line.startswith("written: ")][:-1]
    shown = block("text", "adj. p").splitlines()
    lines = [line for line in shown if not line.startswith("written: ")][:-1]
    parts = re.findall(r"(?:^(?!\.\.\.$).*\n)+", "\n".join(lines) + "\n", flags=re.MULTILINE)
    assert len(parts) > 1
    rest = "\n".join(table) + "\n"
    assert rest.startswith(parts[0])
    for part in parts:
        _, found, rest = ("\n" + rest).partition("\n" + part)
        assert found, f"not printed, or not in this place:\n{part}"


def write_study(folder: Path, text: str) -> Path:
    """The study file of the README beside counts in which RL gains a quarter everywhere."""
    folder.mkdir(parents=True)
    rows = [
        f"MATH500,{arm},{i},32,{i % 20 + more}"
        for i in range(400)
        for arm, more in (("base", 0), ("grpo", 8))
    ]
    (folder / "counts.csv").write_text("\n".join(["task,arm,problem_id,n,c", *rows]), encoding="utf-8")
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder


def test_the_sampled_study_shown_is_one(tmp_path: Path) -> None:
    """A user who copies the study file that samples gets a study, and so does one who takes the template."""
    (tmp_path / "study.toml").write_text(block("toml", "[problems.MATH500]"), encoding="utf-8")
    study = load_study(tmp_path)
    assert (study.problems["MATH500"].source, study.engine.engine) == ("benchmark", "vllm")
    quick = load_study(ROOT / "fixtures" / "templates" / "quick.toml")
    assert [(quick.path.parent / arm.model / "config.json").is_file() for arm in quick.arms.values()] == [
        True,
        True,
    ]


def test_the_study_shown_works(tmp_path: Path) -> None:
    """A user who copies the study file and adds counts gets verdicts, against expectation here."""
    folder = write_study(tmp_path / "my-run", block("toml", "[evidence]"))
    result = run("claims", "-q", "--study", str(folder), "--report-dir", str(tmp_path), cwd=ROOT)
    assert re.search(r"rl-leads-at-1 +grpo +MATH500 +SUPPORTED", result.stdout)
    assert re.search(r"rl-expands +grpo +MATH500 +SUPPORTED .* expected REFUTED", result.stdout)
    assert result.returncode == 1


def test_the_claim_shown_works(tmp_path: Path) -> None:
    """A user who copies the claim into a repository of her own gets a verdict."""
    study, _ = block("toml", "[evidence]").split("[expect]")
    write_study(tmp_path / "fixtures" / "my-run", study)
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (tmp_path / "claims").mkdir()
    own = tmp_path / "claims" / "test_own.py"
    own.write_text(block("python", "no-worse-at-large-k"), encoding="utf-8")
    result = run("-q", cwd=tmp_path)
    assert re.search(r"no-worse-at-large-k +grpo +MATH500 +SUPPORTED", result.stdout)
    assert result.returncode == 0


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", ROOT / "docs" / "report.md"], ids=lambda page: page.name
)
def test_the_report_commands_shown_work(page: Path, tmp_path: Path) -> None:
    """Each `beyondbase report` of the docs runs on results where it looks for them, and writes two files."""
    commands = re.findall(r"^beyondbase report .*$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len(commands) == 2
    for folder in ("reports", "old", "new"):
        shutil.copytree(ROOT / "reports" / "example", tmp_path / folder)
    for command in commands:
        arguments = [sys.executable, "-m", "beyondbase", *command.split()[1:]]
        result = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
        assert result.returncode == 0, result.stderr
        assert len(re.findall(r"^written: ", result.stdout, flags=re.MULTILINE)) == 2


def test_the_example_is_of_today(today: tuple[str, Path]) -> None:
    """The published example holds what the built-in studies give today, numbers within 1e-7 of them."""
    made, kept = (
        json.loads((folder / "results.json").read_text(encoding="utf-8"))
        for folder in (today[1], ROOT / "reports" / "example")
    )
    assert differences(made, kept) == [], "make it anew with `nox -s example`"


def unpacked(page: bytes) -> bytes:
    """A page with its packed parts as text, because builds of zlib compress the same text differently."""
    packed = rb'(?<=id="packed">)[A-Za-z0-9+/=]+'
    return re.sub(packed, lambda found: gzip.decompress(base64.b64decode(found[0])), page)


@pytest.mark.parametrize("name", ["index.html", "summary.md"])
def test_the_example_is_shown_as_today(name: str, tmp_path: Path) -> None:
    """The published page and summary are what the example's results.json gives today, to the last letter."""
    example = ROOT / "reports" / "example"
    arguments = [sys.executable, "-m", "beyondbase", "report", str(example), "--out", str(tmp_path)]
    subprocess.run(arguments, check=True, capture_output=True)  # noqa: S603
    made, kept = (unpacked((folder / name).read_bytes()) for folder in (tmp_path, example))
    assert made == kept, "run `nox -s example`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_session_named_exists(page: Path) -> None:
    """A `nox -s` command of the docs names sessions of the noxfile."""
    noxfile = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    found = re.findall(r'@nox\.session(?:\(name="([\w-]+)".*\))?\ndef (\w+)', noxfile)
    sessions = {named or plain for named, plain in found}
    lines = re.findall(r"nox -s ([a-z -]+?)(?= --|[^a-z -]|$)", page.read_text(encoding="utf-8"))
    named = {name for line in lines for name in line.split()}
    assert named <= sessions | {"against"}, f"{page.name}: {named - sessions}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """Links to files of the repository lead to files that are there."""
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_every_claim_stands_in_the_readme() -> None:
    """The README's table of claims names all claims of the suite."""
    ids = re.findall(
        r'@claim\(\n    "([a-z0-9-]+)"', "".join(p.read_text() for p in (ROOT / "claims").glob("test_*.py"))
    )
    assert len(ids) == 17
    assert [name for name in ids if f"`{name}`" not in README] == []
