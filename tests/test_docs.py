"""The README and the pages show what is true: commands, output, study files and claims."""

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
from shown_output import blocks_of

from beyondbase.study import load_study

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCS = ROOT / "docs"
TOP = [README, *(ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md", "examples/README.md"))]
PAGES = [*TOP, *sorted(DOCS.glob("*.md"))]


def block(page: Path, language: str, holding: str) -> str:
    """The code block of a page, in a language, that holds a text."""
    return next(one.text for one in blocks_of(page) if one.language == language and holding in one.text)


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


@pytest.mark.parametrize("page", [README, DOCS / "built-in.md"], ids=lambda page: str(page.relative_to(ROOT)))
def test_the_output_shown_is_the_output_made(page: Path, today: tuple[str, Path]) -> None:
    """The lines in a page are what the built-in studies print today; "..." stands for lines left out."""
    made = today[0].split("= verdicts =")[1].splitlines()[1:]
    table = [line for line in made if not line.startswith("written: ")][:-1]
    shown = block(page, "text", "adj. p").splitlines()
    lines = [line for line in shown if not line.startswith("written: ")][:-1]
    parts = re.findall(r"(?:^(?!\.\.\.$).*\n)+", "\n".join(lines) + "\n", flags=re.MULTILINE)
    assert len(parts) > 1
    rest = "\n".join(table) + "\n"
    assert rest.startswith(parts[0])
    for part in parts:
        _, found, rest = ("\n" + rest).partition("\n" + part)
        assert found, f"not printed, or not in this place:\n{part}"


def write_study(folder: Path, text: str) -> Path:
    """The study file of docs/own-data.md beside counts in which RL gains a quarter everywhere."""
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
    (tmp_path / "study.toml").write_text(
        block(DOCS / "sampling.md", "toml", "[problems.MATH500]"), encoding="utf-8"
    )
    study = load_study(tmp_path)
    assert (study.problems["MATH500"].source, study.engine.engine) == ("benchmark", "vllm")
    quick = load_study(ROOT / "fixtures" / "templates" / "quick.toml")
    assert [(quick.path.parent / arm.model / "config.json").is_file() for arm in quick.arms.values()] == [
        True,
        True,
    ]


def test_the_study_shown_works(tmp_path: Path) -> None:
    """A user who copies the study file and adds counts gets verdicts, against expectation here."""
    folder = write_study(tmp_path / "my-run", block(DOCS / "own-data.md", "toml", "[evidence]"))
    result = run("claims", "-q", "--study", str(folder), "--report-dir", str(tmp_path), cwd=ROOT)
    assert re.search(r"rl-leads-at-1 +grpo +MATH500 +SUPPORTED", result.stdout)
    assert re.search(r"rl-expands +grpo +MATH500 +SUPPORTED .* expected REFUTED", result.stdout)
    assert result.returncode == 1


@pytest.mark.parametrize(
    "page", [DOCS / "tutorial.md", DOCS / "ci.md"], ids=lambda page: str(page.relative_to(ROOT))
)
def test_the_claim_shown_works(page: Path, tmp_path: Path) -> None:
    """A user who copies the claim into a repository of her own gets a verdict."""
    study, _ = block(DOCS / "own-data.md", "toml", "[evidence]").split("[expect]")
    write_study(tmp_path / "fixtures" / "my-run", study)
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (tmp_path / "claims").mkdir()
    own = tmp_path / "claims" / "test_own.py"
    own.write_text(block(page, "python", "no-worse-at-large-k"), encoding="utf-8")
    result = run("-q", cwd=tmp_path)
    assert re.search(r"no-worse-at-large-k +grpo +MATH500 +SUPPORTED", result.stdout)
    assert result.returncode == 0


def test_the_report_commands_shown_work(tmp_path: Path) -> None:
    """Each `beyondbase report` of docs/report.md runs on results where it looks, and writes two files."""
    commands = re.findall(
        r"^beyondbase report .*$", (DOCS / "report.md").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_session_named_exists(page: Path) -> None:
    """A `nox -s` command of the docs names sessions of the noxfile."""
    noxfile = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    found = re.findall(r'@nox\.session(?:\(name="([\w-]+)".*\))?\ndef (\w+)', noxfile)
    sessions = {named or plain for named, plain in found}
    lines = re.findall(r"nox -s ([a-z -]+?)(?= --|[^a-z -]|$)", page.read_text(encoding="utf-8"))
    named = {name for line in lines for name in line.split()}
    assert named <= sessions | {"against"}, f"{page.name}: {named - sessions}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """Links to files of the repository lead to files that are there."""
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("name", ["claims.md", "claims-reference.md"])
def test_every_claim_stands_in_the_pages(name: str) -> None:
    """The README leads to a table and to a reference that name all claims of the suite."""
    assert f"(docs/{name})" in README.read_text(encoding="utf-8")
    ids = re.findall(
        r'@claim\(\n    "([a-z0-9-]+)"', "".join(p.read_text() for p in (ROOT / "claims").glob("test_*.py"))
    )
    assert len(ids) == 17
    text = (DOCS / name).read_text(encoding="utf-8")
    assert [one for one in ids if f"`{one}`" not in text and f"### {one}\n" not in text] == []


def test_the_readme_is_read_in_minutes() -> None:
    """What takes longer stands in docs/, and every page there is led to by the site."""
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 110
    named = re.findall(
        r"([\w-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert {page.name for page in DOCS.glob("*.md")} <= {*named}
