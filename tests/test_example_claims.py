"""The claims of examples/ are judged on the built-in studies, as a user's own are."""

import re
import shutil
from pathlib import Path

import pytest
from shown_output import run_shown

ROOT = Path(__file__).parents[1]
EXPRESSION = "great_loss or likelier_than_base or steps_back"


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is printed of them beside the suite's claims, in a folder of a user's."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "examples" / "claims", folder / "claims")
    studies = " ".join(str(ROOT / "fixtures" / name) for name in ("miniature", "qwen2.5-7b-math500"))
    result = run_shown(f"beyondbase judge {studies} --report-dir made -k '{EXPRESSION}'", folder)
    assert result.returncode == 1, result.stdout + result.stderr
    assert (folder / "made" / "index.html").is_file()
    return result.stdout


@pytest.mark.parametrize(
    "line",
    [
        "gains-at-one-without-great-loss +qwen2.5-7b-math500 +simplerl-zoo +MATH500 +SUPPORTED +-3.2 ",
        r"gains-at-one-without-great-loss +miniature +grpo +countdown +REFUTED +-18.7 .*expected SUPPORTED",
        r"no-checkpoint-steps-back +miniature +grpo +countdown +SUPPORTED +\+0.4 ",
        "rl-writes-likelier-than-base +miniature +grpo +countdown +SUPPORTED +0.593 .*no outcome expected",
        "rl-writes-likelier-than-base +miniature +grpo-entropy +countdown +INCONCLUSIVE +0.503 ",
    ],
)
def test_an_example_has_its_verdict(judged: str, line: str) -> None:
    """A margin of one's own, a family of checkpoints, and a claim on log-probabilities."""
    assert re.search(f"^{line}", judged, flags=re.MULTILINE), judged


def test_an_example_without_its_evidence_is_not_collected(judged: str) -> None:
    """MATH500 has neither log-probabilities nor checkpoints, and the summary says what is needed."""
    for name in ("rl-writes-likelier-than-base", "no-checkpoint-steps-back"):
        assert f"not applicable to qwen2.5-7b-math500: {name} (needs " in judged


def test_every_kind_of_claim_is_explained() -> None:
    """The files are to be read: a comment or docstring for every sixth line at least."""
    for path in sorted((ROOT / "examples" / "claims").glob("test_*.py")):
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        assert sum(line.startswith(("#", '"""')) for line in lines) * 6 >= len(lines), path.name
