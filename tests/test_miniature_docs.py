"""The page of the miniature says what its counts, problems and records say."""

import csv
import json
import re
from collections import defaultdict
from itertools import combinations_with_replacement

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.stats import hypergeom
from tables import BY_RESULT, EXAMPLE, HOME, KS, PAGE, fill, needs_division, tables_of

from beyondbase.completions import Completion, Problem
from beyondbase.graders import make_grader
from beyondbase.study import load_study

TEXT = PAGE.read_text(encoding="utf-8")
TEMPLATE = HOME.parent / "templates" / "miniature.toml"
COUNTS = "counts.parquet"


def cells(name: str) -> list[list[str]]:
    """The rows of a table of the page, without its head."""
    part = TEXT.split(f"<!-- table: {name} -->")[1].split("<!-- end of table -->")[0]
    lines = [line.strip("| ").split(" | ") for line in part.splitlines() if line]
    return lines[2:]


def counts(file: str) -> dict[str, dict[str, tuple[int, int]]]:
    """Samples and right ones of each problem, by arm."""
    found: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for row in pq.read_table(HOME / file).to_pylist():
        found[row["arm"]][row["problem_id"]] = (int(row["n"]), int(row["c"]))
    return found


def chances() -> dict[str, float]:
    """The chance of one guess on each problem."""
    with (HOME / "problems" / "chance.csv").open(encoding="utf-8", newline="") as stream:
        return {row["problem_id"]: float(row["chance"]) for row in csv.DictReader(stream)}


def pass_at_k(tallies: dict[str, tuple[int, int]], k: int) -> float:
    """Mean pass@k in percent: none of k drawn without replacement is right, by the hypergeometric law."""
    n, c = np.array(list(tallies.values())).T
    return float(100 * hypergeom.sf(0, n, c, k).mean())


def shown(cell: str) -> tuple[float, float, float]:
    """Estimate, lower and upper limit of a cell."""
    estimate, lower, upper = map(float, re.findall(r"[\d.]+", cell))
    return estimate, lower, upper


def test_the_tables_are_those_made_today() -> None:
    """Whoever changes the data makes the page anew."""
    page = TEXT
    for name, lines in tables_of(HOME, EXAMPLE).items():
        page = fill(page, name, lines)
    assert page == TEXT, "run `nox -s figures`"


def test_pass_at_k_is_that_of_the_counts() -> None:
    """Each mean by another formula; a dash where the samples end."""
    tallies, exact = counts(COUNTS), np.array(list(chances().values()))
    rows = cells("pass-at-k")
    assert {row[0] for row in rows} == {*tallies, "chance"}
    for arm, *values in rows:
        for k, cell in zip(KS, values, strict=True):
            if arm == "chance":
                expected = 100 * (1 - (1 - exact) ** k).mean()
            elif k > min(n for n, _ in tallies[arm].values()):
                assert cell == "—"
                continue
            else:
                expected = pass_at_k(tallies[arm], k)
            estimate, lower, upper = shown(cell)
            assert estimate == pytest.approx(expected, abs=0.051)
            assert lower < estimate < upper


def test_a_right_result_is_worth_less_than_right_steps() -> None:
    """What is right by its steps is right by its result; the page has the share that is."""
    by_steps, by_result = counts(COUNTS), counts(BY_RESULT)
    rows = cells("chains")
    assert {row[0] for row in rows} == set(by_result) == {"base", "grpo", "teacher", "distilled"}
    for arm, *values, earned in rows:
        steps, result = by_steps[arm], by_result[arm]
        assert {name: n for name, (n, _) in steps.items()} == {name: n for name, (n, _) in result.items()}
        assert all(steps[name][1] <= result[name][1] for name in steps)
        right = [sum(c for _, c in tallies.values()) for tallies in (steps, result)]
        assert float(earned) == pytest.approx(100 * right[0] / right[1], abs=0.051)
        expected = [pass_at_k(tallies, k) for k in (1, 16, 1024) for tallies in (result, steps)]
        assert [shown(cell)[0] for cell in values] == pytest.approx(expected, abs=0.051)


def made_of(parts: tuple[int, ...], *, divide: bool) -> set[int]:
    """Everything that can be made of numbers, by splitting them into two parts in every way."""
    if len(parts) == 1:
        return set(parts)
    found = set()
    for chosen in range(1, 2 ** len(parts) - 1):
        left = tuple(part for place, part in enumerate(parts) if chosen >> place & 1)
        right = tuple(part for place, part in enumerate(parts) if not chosen >> place & 1)
        for a in made_of(left, divide=divide):
            for b in made_of(right, divide=divide):
                results = [a + b, a - b, a * b]
                if divide and a % b == 0:
                    results.append(a // b)
                found |= {result for result in results if 1 <= result <= 99}
    return found


def test_a_division_is_needed_where_no_other_way_is_found() -> None:
    """Splitting the numbers in every way is the oracle, for all triples up to 9."""
    needed = 0
    for numbers in combinations_with_replacement(range(1, 10), 3):
        with_it, without = made_of(numbers, divide=True), made_of(numbers, divide=False)
        for target in range(1, 100):
            expected = target in with_it and target not in without
            assert needs_division(numbers, target) == expected
            needed += expected
    assert needed > 100


def test_division_problems_have_the_pass_at_k_of_their_counts() -> None:
    """On the problems that this oracle names."""
    problems = [json.loads(line) for line in (HOME / "problems" / "test.jsonl").read_text().splitlines()]
    chosen = set()
    for row in problems:
        numbers = tuple(map(int, row["question"].split(" -> ")[0].split()))
        if int(row["answer"]) not in made_of(numbers, divide=False):
            chosen.add(row["id"])
    assert f"| {len(chosen)} problems |" in TEXT
    tallies, exact = counts(COUNTS), chances()
    solved = {
        arm: [pass_at_k({name: some[name] for name in chosen}, k) for k in (1, 16, 256, 1024)]
        for arm, some in tallies.items()
        if min(n for n, _ in some.values()) >= 1024
    }
    solved["chance"] = [
        100 * np.mean([1 - (1 - exact[name]) ** k for name in chosen]) for k in (1, 16, 256, 1024)
    ]
    for arm, *values, more in cells("division"):
        assert [shown(cell)[0] for cell in values] == pytest.approx(solved[arm], abs=0.051)
        if arm not in {"chance", "base"}:
            difference = solved[arm][2] - solved["base"][2]
            assert shown(more)[0] == pytest.approx(abs(difference), abs=0.051)
            assert more.startswith("+" if difference > 0 else "\N{MINUS SIGN}")


def test_the_responses_shown_are_what_they_are_called() -> None:
    """One right, one that misses, one with an untrue step, which states the target all the same."""
    lines = TEXT.split("| `20 13 11 6 4 -> 36` |")[1].splitlines()[2:6]
    columns = zip(*(re.findall("`(.+?)`", line) for line in lines), strict=True)
    problem = {"shown": Problem("shown", "20 13 11 6 4 -> 36", "36")}
    responses = [
        Completion("shown", index, None, "\n".join(steps) + "\n", None, "stop", None, None, None)
        for index, steps in enumerate(columns)
    ]
    outcomes = {
        check: [one.outcome for one in make_grader("countdown", {"check": check}).grade(problem, responses)]
        for check in ("steps", "result")
    }
    assert outcomes == {"steps": ["correct", "wrong", "wrong"], "result": ["correct", "wrong", "correct"]}


def test_the_study_to_copy_samples_as_the_stored_counts_were() -> None:
    """Same prompt, draw and check, from the folders that a build makes."""
    own, stored = load_study(TEMPLATE), load_study(HOME / "sampled")
    assert own.sampling is not None
    assert stored.sampling is not None
    free = {"n", "keep_tokens"}
    assert own.sampling.model_dump(exclude=free) == stored.sampling.model_dump(exclude=free)
    assert own.problems["countdown"].graded_by == stored.problems["countdown"].graded_by
    assert {name: arm.model for name, arm in own.arms.items() if arm.model} == {
        name: f"models/{name}" for name in ("base", "grpo")
    }
    assert f"cp fixtures/templates/{TEMPLATE.name} my-miniature/study.toml" in TEXT
