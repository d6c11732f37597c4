"""The command that says whether two studies may have drawn from the same arms."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sampled_study import draw, sampled, usual, write_sampled
from study_factory import BASE, RL, Counts, drawn, write_study
from typer.testing import CliRunner, Result

from beyondbase.cli import app
from beyondbase.completions import Grade

OTHER = {"n": 16, "max_tokens": 64, "seed": 1}
RATES = np.linspace(0.02, 0.9, 40)


def study(folder: Path, *, rl: ArrayLike = RATES, n: int = 64, seed: int = 0, **more: Any) -> Path:
    """A study of counts of a base and an RL arm."""
    counts: Counts = {"base": drawn(RATES, n, seed), "rl": drawn(rl, n, seed + 1)}
    return write_study(folder, {"base": BASE, "rl": RL}, counts, **more).path


def otherwise(arm: str, problem: int, index: int) -> Grade:
    """Outcomes of another draw: one less is right on every problem."""
    return usual(arm, problem, index) if index > 3 else "wrong"


def both(ids: Sequence[str]) -> dict[str, Sequence[str]]:
    """Ids for both arms."""
    return {"base": ids, "rl": ids}


def agree(fresh: Path, stored: Path, *options: str) -> Result:
    """Run the command; what is no planned end is raised."""
    result = CliRunner().invoke(app, ["agree", "--study", str(fresh), "--with", str(stored), *options])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def refused(fresh: Path, stored: Path, *options: str) -> str:
    """What it says where it cannot compare: one line, and exit code 2."""
    result = agree(fresh, stored, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    return result.stderr


def rows(result: Result) -> list[list[str]]:
    """The cells of the table below its head."""
    lines = result.stdout.splitlines()
    assert lines[0].split()[:4] == ["arm", "task", "problems", "pass@1"]
    return [line.split() for line in lines[1:] if "  " in line]


def test_the_same_arms_agree(tmp_path: Path) -> None:
    """Two draws from the same chances: a line per arm, "agree" at the end, and exit code 0."""
    stored = study(tmp_path / "stored", n=1024, seed=10)
    result = agree(study(tmp_path / "fresh"), stored)
    assert result.exit_code == 0
    assert [row[:3] for row in rows(result)] == [["base", "T", "40"], ["rl", "T", "40"]]
    assert result.stdout.splitlines()[-1] == "agree"


def test_a_problem_that_differs_is_named_with_its_counts(tmp_path: Path) -> None:
    """A problem whose chance changed ends in exit code 1 and a line with its id, counts and p."""
    changed = RATES.copy()
    changed[7] = 0.95
    stored = study(tmp_path / "stored", n=1024, seed=10)
    result = agree(study(tmp_path / "fresh", rl=changed), stored)
    assert result.exit_code == 1
    last = result.stdout.splitlines()[-1]
    assert last.startswith("differs: rl on T: ")
    assert " of 64 right, stored " in last
    assert "; 7: " in f"; {last.removeprefix('differs: rl on T: ')}"
    assert "agree" not in result.stdout
    assert agree(study(tmp_path / "fresh", rl=changed), stored, "--arm", "base").exit_code == 0


def test_a_shift_of_all_problems_is_told_as_pass_at_1(tmp_path: Path) -> None:
    """An arm that is a little better everywhere differs by its pass@1, which the line says."""
    stored = study(tmp_path / "stored", n=1024, seed=10)
    result = agree(study(tmp_path / "fresh", rl=RATES + 0.06, n=128), stored)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1].startswith("differs: rl on T: pass@1 5")


def test_many_problems_that_differ_are_counted(tmp_path: Path) -> None:
    """Of an arm that is another model the clearest problems are named, and the others counted."""
    result = agree(study(tmp_path / "a", rl=RATES[::-1]), study(tmp_path / "b", n=1024, seed=10))
    last = result.stdout.splitlines()[-1]
    assert last.count(" right, stored ") == 5
    assert last.rsplit("; ", 1)[1].startswith("and ")


def test_alpha_says_how_much_is_needed(tmp_path: Path) -> None:
    """What differs at one alpha agrees at a smaller one."""
    fresh = study(tmp_path / "a", rl=RATES + 0.014, n=1024)
    stored = study(tmp_path / "b", n=1024, seed=10)
    (p,) = [float(row[5]) for row in rows(agree(fresh, stored, "--arm", "rl"))]
    # So that twice and half of it are what --alpha takes.
    assert 2e-9 < p < 0.25
    assert agree(fresh, stored, "--arm", "rl", "--alpha", str(2 * p)).exit_code == 1
    assert agree(fresh, stored, "--arm", "rl", "--alpha", str(p / 2)).exit_code == 0
    assert agree(fresh, stored, "--alpha", "0").exit_code == 2


def test_problems_of_one_study_only_are_counted(tmp_path: Path) -> None:
    """Problems that one of the two lacks are left out, and a line says how many were compared."""
    names = [f"p{place}" for place in range(40)]
    fresh = study(tmp_path / "a", ids=both(names))
    fewer = study(tmp_path / "b", seed=10, ids=both([*names[:30], *"abcdefghij"]))
    result = agree(fresh, fewer, "--arm", "rl")
    assert result.exit_code == 0
    assert "rl on T: 30 problems are compared; 20 are in one of the two studies only" in result.stdout


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    """No arm, no problem in common, or a name that the two do not share, is a mistake with a remedy."""
    stored = study(tmp_path / "stored", seed=10)
    other = write_study(
        tmp_path / "arms", {"b": BASE, "r": RL}, {"b": drawn(RATES, 8, 0), "r": drawn(RATES, 8, 1)}
    ).path
    assert "has no arm on a task that" in refused(other, stored)
    fresh = study(tmp_path / "ids", ids=both([f"x{place}" for place in range(40)]))
    said = refused(fresh, stored)
    assert "arm 'base' on 'T': no problem is in both studies (the first are \"x0\" and \"0\")" in said
    assert '--arm: found "rll", which the two studies do not share; use one of base, rl' in refused(
        stored, fresh, "--arm", "rll"
    )
    assert '--task: found "U"' in refused(stored, fresh, "--task", "U")


def test_completions_are_not_compared_with_themselves(tmp_path: Path) -> None:
    """The very same sample sets are refused; those of another seed are compared."""
    one, same = sampled(tmp_path / "a"), sampled(tmp_path / "b")
    assert "both studies have the same completions; give one of the two studies another [sampling] seed" in (
        refused(one.path, same.path)
    )
    other = write_sampled(tmp_path / "c", sampling=OTHER)
    draw(other, "base", outcomes=otherwise)
    draw(other, "rl")
    assert agree(other.path, one.path).exit_code == 0


def test_counts_are_not_compared_with_themselves(tmp_path: Path) -> None:
    """Equal counts on every problem are those of copies, in any order and among others; one more is not."""
    names = [f"p{place}" for place in range(40)]
    counts = {"base": drawn(RATES, 64, 0), "rl": drawn(RATES, 64, 1)}
    turned = {arm: (n, np.array(c)[::-1]) for arm, (n, c) in counts.items()}
    c = np.array(turned["rl"][1])
    c[3] += 1 if c[3] < 64 else -1
    one, same, near = (
        write_study(tmp_path / name, {"base": BASE, "rl": RL}, found, ids=both(ids)).path
        for name, found, ids in (
            ("a", counts, names),
            ("b", turned, names[::-1]),
            ("c", turned | {"rl": (64, c)}, names[::-1]),
        )
    )
    said = (
        "arm 'base' on 'T': both studies have the same counts on every problem, so these seem to be the same"
    )
    assert said in refused(one, same)
    assert "arm 'rl' on 'T': both" in refused(one, same, "--arm", "rl")
    assert agree(one, near, "--arm", "rl").exit_code == 0


def test_what_no_model_solves_may_have_equal_counts(tmp_path: Path) -> None:
    """Where everything is wrong, or everything right, two draws have the same counts, and agree."""
    counts: Counts = {"base": (8, [0, 0, 0]), "rl": (8, [8, 0, 8])}
    one, other = (
        write_study(tmp_path / name, {"base": BASE, "rl": RL}, counts, title=name).path for name in "ab"
    )
    result = agree(one, other)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "agree")


def test_unfit_samples_are_not_compared(tmp_path: Path) -> None:
    """A set that claims would call INVALID is refused with the reason; one of another arm does not matter."""
    stored, fresh = (
        sampled(tmp_path / "a"),
        write_sampled(tmp_path / "b", sampling=OTHER),
    )
    draw(fresh, "base", outcomes=otherwise)
    draw(fresh, "rl", finish="length", outcomes=lambda *_: "truncated")
    assert "only samples that can be judged on are compared" in refused(fresh.path, stored.path)
    assert agree(fresh.path, stored.path, "--arm", "base").exit_code == 0


def test_ids_of_files_cannot_steer_the_terminal(tmp_path: Path) -> None:
    """A letter that turns the text beside it comes out as its number, and markup as it is."""
    ids = both([f"[bold]a\u202eb{place}" for place in range(40)])
    result = agree(study(tmp_path / "a", rl=RATES[::-1], ids=ids), study(tmp_path / "b", seed=9, ids=ids))
    assert result.exit_code == 1
    assert "\u202e" not in result.stdout
    assert "[bold]a[U+202E]b" in result.stdout
