"""docs/own-data.md shows what is true: from two files of samples to verdicts by the commands of the page."""

import json
import random
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from beyondbase.evidence.vocabulary import NAMES
from beyondbase.study import load_study

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "own-data.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^beyondbase .*$", PAGE, flags=re.MULTILINE)
INIT, JUDGE, IMPORT = COMMANDS


def run(command: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the page as a user does, in a folder of her own."""
    arguments = [sys.executable, "-m", *shlex.split(command)]
    return subprocess.run(arguments, cwd=home, capture_output=True, text=True, check=False)  # noqa: S603


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with samples of three arms on 100 problems; RL is right where the base is, oftener."""
    drawn = random.Random(2)  # noqa: S311 - no secret
    chances = [drawn.random() for _ in range(100)]
    for arm, gain in (("base", 0.2), ("rl", 0.6), ("ppo", 0.5)):
        rows = [
            {"problem_id": f"p{i}", "response": "text", "correct": drawn.random() < gain * chance}
            for i, chance in enumerate(chances)
            for _ in range(32)
        ]
        (tmp_path / f"{arm}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def test_the_commands_of_the_page_end_in_verdicts(home: Path) -> None:
    """Two files become a study and the study verdicts, without a line that the user writes."""
    started = run(INIT, home)
    assert started.returncode == 0, started.stderr
    assert started.stdout.splitlines()[-1] == f"next: {JUDGE}"
    judged = run(JUDGE, home)
    assert re.search(r"rl-leads-at-1 +rl +task +SUPPORTED", judged.stdout), judged.stdout + judged.stderr
    assert judged.returncode in {0, 1}
    assert (home / "reports" / "index.html").is_file()


def test_the_readme_shows_the_same_commands() -> None:
    """What the README promises in three commands is what is tested here."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^(beyondbase (?:init|judge) .*?) *(?:#.*)?$", readme, flags=re.MULTILINE)
    assert shown == [INIT, JUDGE]


def test_an_arm_that_comes_later_is_added(home: Path) -> None:
    """With its table in the study and one command more, another arm is judged too."""
    assert run(INIT, home).returncode == 0
    study = home / "study.toml"
    study.write_text(study.read_text() + '\n[arms.ppo]\nrole = "rl"\nmodel = "ppo"\n')
    added = run(IMPORT, home)
    assert added.returncode == 0, added.stderr
    assert "added to" in added.stdout
    assert re.search(r"rl-leads-at-1 +ppo +task +SUPPORTED", run(JUDGE, home).stdout)
    assert [*load_study(study).arms] == ["base", "rl", "ppo"]


def test_every_name_that_is_guessed_stands_in_the_page() -> None:
    """The table of the page lists the columns that are taken by themselves, in their order."""
    for key in ("id", "correct", "response", "n", "c", "task", "arm", "level", "cluster"):
        groups = [", ".join(f"`{name}`" for name in group) for group in NAMES[key]]
        listed = [words for words in groups if words not in PAGE]
        assert listed == [], f"{key}: {listed}"


def test_the_rows_shown_are_read(tmp_path: Path) -> None:
    """A user who copies the rows of the page gets a study."""
    (row,) = re.findall(r"```json\n(.*?)```", PAGE, flags=re.DOTALL)
    (counts,) = re.findall(r"```text\n(.*?)```", PAGE, flags=re.DOTALL)
    for folder, name, texts in (
        ("rows", "{}.jsonl", (row, row.replace("true", "false"))),
        ("counts", "{}.csv", (counts, counts.replace("57", "58"))),
    ):
        (tmp_path / folder).mkdir()
        for arm, text in zip(("base", "rl"), texts, strict=True):
            (tmp_path / folder / name.format(arm)).write_text(text)
        made = run(f"beyondbase init {name.format('base')} {name.format('rl')}", tmp_path / folder)
        assert made.returncode == 0, made.stderr
