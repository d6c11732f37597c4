"""Small projects on which the tests of the plugin run pytest."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Loaded here because a run inside this process forgets what it was the first to import.
import hypothesis.strategies  # noqa: F401
import pytest
import statsmodels.stats.multitest  # noqa: F401

HEAD = "import pytest\n\nfrom beyondbase import Verdict, claim, contrasts, greater, less, pairs\n"
LEADS = 'greater(pair.difference(1), 0.0, "RL ahead at k = 1")'
TRAILS = 'less(pair.difference(1), 0.0, "base ahead at k = 1")'
FAR = 'greater(pair.difference(1), 0.35, "RL far ahead at k = 1")'
ARMS = {"base": "base", "rl": "rl"}
GAINS = {"base": 0, "rl": 1}


def claim_text(
    name: str,
    returns: str,
    *,
    over: str = 'pairs("rl")',
    large_k: bool = False,
    arguments: str = "pair",
    mark: str = "",
    kind: str = "",
) -> str:
    """Write a claim as a user would; `kind` holds further arguments, from a comma on."""
    return (
        f'\n\n{mark}\n@claim("{name}", finding="Finding {name}.", paper="section 1", hypothesis="H",'
        f" over={over}, large_k={large_k}{kind})\n"
        f"def test_{name.replace('-', '_')}({arguments}):\n    return {returns}\n"
    )


OUTCOMES = {
    "test_one.py": (
        claim_text("rl-leads", LEADS)
        + claim_text("base-leads", TRAILS)
        + claim_text("far-ahead", FAR)
        + claim_text("at-large-k", LEADS, large_k=True)
        + claim_text("broken", "1 / 0")
    ),
    "test_two.py": (
        claim_text("known-refuted", TRAILS)
        + claim_text("surprise", LEADS)
        + claim_text("known-open", FAR)
        + claim_text("distilled-leads", LEADS, over='pairs("distilled")')
    ),
}
EXPECT = """
[expect]
known-refuted = { verdict = "REFUTED", reason = "seen before" }
surprise = "REFUTED"
known-open = "INCONCLUSIVE"
"""


def study_text(
    name: str = "small",
    *,
    arms: Mapping[str, str] = ARMS,
    head: str = "",
    evidence: str = "",
    tail: str = "",
) -> str:
    """Write a study of one task; `arms` maps names to roles, the rest are lines of TOML."""
    lines = [f'id = "{name}"', 'title = "A small study"', 'source = "made up"', head]
    lines += ["[evidence]", 'tallies = "counts.csv"', evidence, "[tasks.T]"]
    for step, (arm, role) in enumerate(arms.items()):
        lines += [f'[arms."{arm}"]', f'role = "{role}"', f'model = "org/model-{step}"']
    return "\n".join([*lines, tail, ""])


def counts_text(arms: Mapping[str, int] = GAINS, *, problems: int = 40, n: int = 8) -> str:
    """Write counts; `arms` maps names to how much better than the base they are."""
    rows = ["task,arm,problem_id,n,c"]
    for arm, gain in arms.items():
        for problem in range(problems):
            more = gain * (1 + 7 * problem % 5)
            rows.append(f"T,{arm},{problem},{n},{min(n, problem % 4 + more)}")
    return "\n".join([*rows, ""])


@dataclass(frozen=True)
class Project:
    """A folder with claims and studies."""

    pytester: pytest.Pytester

    @property
    def path(self) -> Path:
        """The root of the project."""
        return self.pytester.path

    def write(self, name: str, text: str) -> Path:
        """Write a file, with the folders it needs."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def study(self, name: str = "small", *, study: str | None = None, counts: str | None = None) -> Path:
        """Write a study into fixtures/."""
        self.write(f"fixtures/{name}/counts.csv", counts_text() if counts is None else counts)
        return self.write(f"fixtures/{name}/study.toml", study_text(name) if study is None else study)

    def claims(self, texts: Mapping[str, str] | str, *, folder: str = "claims") -> None:
        """Write the modules of claims, given by file name, or one alone."""
        modules = {"test_claims.py": texts} if isinstance(texts, str) else texts
        for name, text in modules.items():
            self.write(f"{folder}/{name}", HEAD + text)

    def run(self, *arguments: str | Path) -> pytest.RunResult:
        """Run pytest inside this process, which is ten times as fast as in another."""
        # Without the suite's claims, which have studies of their own to be tested on.
        alone = ("-p", "no:cacheprovider", "-o", "beyondbase_suite=false")
        return self.pytester.runpytest_inprocess(*alone, *arguments)

    def results_file(self, folder: str = "reports") -> Path:
        """Where results.json is written."""
        return self.path / folder / "results.json"

    def results(self, folder: str = "reports") -> dict[str, Any]:
        """The content of results.json."""
        content: dict[str, Any] = json.loads(self.results_file(folder).read_text(encoding="utf-8"))
        return content

    def outcomes(self, folder: str = "reports") -> dict[str, str]:
        """Outcome by claim, of the first study in results.json."""
        verdicts = self.results(folder)["studies"][0]["verdicts"]
        return {verdict["claim"]: verdict["outcome"] for verdict in verdicts}


def outcome_project(pytester: pytest.Pytester) -> Project:
    """Make a project that has a claim for every outcome."""
    project = Project(pytester)
    project.claims(OUTCOMES)
    project.study(study=study_text(tail=EXPECT))
    return project


def simple_project(pytester: pytest.Pytester, *claims: str) -> Project:
    """Make a project with one study and some claims, by default one that is supported."""
    project = Project(pytester)
    project.claims("".join(claims) or claim_text("rl-leads", LEADS))
    project.study()
    return project


def whole_output(result: pytest.RunResult) -> str:
    """What a run printed."""
    return f"{result.stdout}\n{result.stderr}"


def words_of(result: pytest.RunResult, start: str) -> list[str]:
    """The words of the one line that starts with a word."""
    (line,) = [line.split() for line in result.outlines if line.split()[:1] == [start]]
    return line
