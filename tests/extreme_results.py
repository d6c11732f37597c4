"""Results of studies at the edge of what can be judged, and what no reader of their pages should meet."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from results_json import content_of
from scored_study import likely, scored_study
from study_factory import BASE, RL, ROOT, drawn, judged, pair_study, write_study

from beyondbase.results.schema import check_results
from beyondbase.results.schema.studies import Results
from beyondbase.study import Study

HOSTILE = "<b>None nan {{7}} {x} &lt; 1 arms"
WAIVED = {"reason": "known", "owner": "me", "until": date(2031, 1, 31)}
LEFT_OVER = re.compile(
    r"""
    # What programs print of what is not there, or of what they did not turn into words.
    \b(?:None|nan|NaN|undefined|null|Infinity|True|False|Undefined)\b | \[object\s
    # Names that nobody filled in, tags and entities.
    | \{\{ | \}\} | \{% | %\} | \{\w*\} | </?[a-z][a-z0-9]*[\s/>] | &(?:[a-z]+|\#\d+);
    # One of something in the plural.
    | (?<![\d.,=\N{MINUS SIGN}+-])(?<!=\s)1\ (?:more\ )?
      (?:verdict|problem|completion|sample|arm|cluster|pair)s\b
    """,
    re.VERBOSE,
)


def left_over(text: str) -> list[str]:
    """What is wrong with a text that people read, with its surroundings; names of users may be anything."""
    plain = text.replace(HOSTILE, "NAME")
    return [plain[max(found.start() - 40, 0) : found.end() + 40] for found in LEFT_OVER.finditer(plain)]


def one_problem(folder: Path) -> Study:
    """A study of a single problem, which is unfit."""
    return pair_study(folder, (8, [1]), (8, [3]))


def nothing_solved(folder: Path) -> Study:
    """Neither arm ever solves a problem."""
    return pair_study(folder, (32, [0] * 6), (32, [0] * 6))


def all_solved(folder: Path) -> Study:
    """Both arms always solve all problems."""
    return pair_study(folder, (32, [32] * 6), (32, [32] * 6))


def one_sample(folder: Path) -> Study:
    """One completion of each problem."""
    return pair_study(folder, (1, [0, 1, 1, 0]), (1, [1, 1, 0, 0]), grid={"k_large_min": 1})


def one_verdict(folder: Path) -> Study:
    """One claim alone, on two problems of which one arm alone solves one."""
    claims = ["rl-solved-is-subset"]
    return pair_study(folder, (32, [0, 3]), (32, [4, 9]), claims=claims, waive={claims[0]: WAIVED})


def one_cluster(folder: Path) -> Study:
    """All problems belong together."""
    groups = dict.fromkeys(("base", "rl"), ["one"] * 3)
    return pair_study(folder, (16, [0, 3, 9]), (16, [4, 0, 9]), clusters=groups)


def uneven(folder: Path) -> Study:
    """Every problem has a number of completions of its own."""
    return pair_study(folder, ([16, 20, 40], [0, 3, 9]), ([16, 17, 18], [4, 0, 9]), grid={"k_large": 16})


def only_a_base(folder: Path) -> Study:
    """There is nothing to compare."""
    return write_study(folder, {"base": BASE}, {"base": (16, [1, 2, 3])})


def other_problems(folder: Path) -> Study:
    """The arms were given different problems, which is unfit."""
    return pair_study(folder, (16, [1, 2, 3]), (16, [1, 2]))


def bare(folder: Path) -> Study:
    """Arms of which nothing is known but their roles, one of them without a model."""
    arms = {"base": {"role": "base", "model": "m"}, "guess": {"role": "guess"}}
    return write_study(folder, arms, {"base": (32, [3, 9, 20]), "guess": (32, [0, 1, 0])})


def context(folder: Path) -> Study:
    """The paper has figures for the base and the benchmark, and none for the model beside it."""
    arms = {"base": BASE | {"model": "Qwen/Qwen2.5-7B"}, "rl": RL | {"step": 3, "algorithm": "GRPO"}}
    counts = {arm: drawn(np.full(9, rate), 32, 1) for arm, rate in (("base", 0.2), ("rl", 0.5))}
    return write_study(folder, arms, counts, tasks={"T": {"benchmark": "MATH500"}})


def many_arms(folder: Path) -> Study:
    """One arm more than a chart shows, of several algorithms and steps."""
    arms = {"base": BASE} | {
        f"reinforce-pp-seed-{i}": RL | {"step": i // 2, "algorithm": "PPO"[i % 2 :]} for i in range(7)
    }
    return write_study(folder, arms, {arm: drawn(np.full(5, 0.3), 16, i) for i, arm in enumerate(arms)})


def partly_scored(folder: Path) -> Study:
    """Of some completions it is known how likely they are, and not under which model."""
    scores = {
        arm: {
            "logprob": likely(6, 4, mean=-20.0, seed=seed),
            "base_logprob": np.full((6, 4), np.nan),
            "own_logprob": np.full((6, 4), np.nan),
        }
        for seed, arm in enumerate(("base", "rl"))
    }
    return scored_study(folder, {"base": BASE, "rl": RL}, scores)


def hostile(folder: Path) -> Study:
    """All names would rather be something else."""
    arms = {HOSTILE: BASE | {"model": HOSTILE, "note": HOSTILE}, f"{HOSTILE} 2": RL | {"model": HOSTILE}}
    counts = {(f"{HOSTILE} 3", arm): (16, [1, 5, 9]) for arm in arms}
    return write_study(folder, arms, counts, title=HOSTILE, source=HOSTILE)


MADE: Mapping[str, Callable[[Path], Study]] = {
    make.__name__: make
    for make in (
        *(one_problem, nothing_solved, all_solved, one_sample, one_verdict, one_cluster, uneven, only_a_base),
        *(other_problems, bare, context, many_arms, partly_scored, hostile),
    )
}
# The built-in studies, as the published example has them: test_docs holds it to what they give today.
EXAMPLE = ("qwen2.5-7b-math500", "miniature")
STUDIES = (*MADE, *EXAMPLE)


def extreme_results(name: str) -> Results:
    """Results of a study."""
    return check_results(extreme_content(name), name)


def extreme_content(name: str) -> dict[str, Any]:
    """What stands in their results.json, fresh at every call."""
    content: dict[str, Any] = json.loads(_text(name))
    return content


@cache
def _text(name: str) -> str:
    if name in EXAMPLE:
        content = json.loads((ROOT / "reports" / "example" / "results.json").read_text(encoding="utf-8"))
        return json.dumps(content | {"studies": [one for one in content["studies"] if one["id"] == name]})
    with TemporaryDirectory() as folder:
        return json.dumps(content_of(judged(MADE[name](Path(folder)))))
