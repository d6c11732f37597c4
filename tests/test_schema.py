"""results.json as it is read back: what the suite writes passes, and every slip is named by its path."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_results import made_results
from study_factory import BASE, ROOT, TRUTHS, drawn, judged, made, pair_study, write_study

from beyondbase.errors import InputError
from beyondbase.report import render_page
from beyondbase.results.build import results_of
from beyondbase.results.schema import Run, check_results, read_results, read_run
from beyondbase.study import load_study

Change = Callable[[dict[str, Any]], object]
TIPPING = {
    "clause": "Holds.",
    "anywhere": 0.1,
    "alike": 0.1,
    "fall": {"answers": 2, "problems": 3, "arms": ["rl"], "share": 0.1},
    "sole": None,
}
RUN = {"command": "pytest claims", "date": "2026-11-23T03:04:05Z"}


def write(folder: Path, content: Any) -> Path:
    """Write a results.json."""
    path = folder / "results.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def complaint(content: Any) -> list[str]:
    """The lines of what is wrong with a content."""
    with pytest.raises(InputError) as caught:
        check_results(content, "r.json")
    return str(caught.value).splitlines()


def complaint_after(change: Change) -> list[str]:
    """What is wrong with the made results after a change, without the line that says what to do."""
    content = made_results()
    change(content["studies"][0])
    *mistakes, remedy = complaint(content)
    assert remedy.endswith("make results.json anew with `nox -s claims`")
    return mistakes


@pytest.mark.parametrize("name", TRUTHS)
def test_what_the_suite_writes_is_read(tmp_path: Path, name: str) -> None:
    """Results of every claim, whatever the roles and settings of its arms, follow the schema."""
    study = made(tmp_path, name, TRUTHS[name].true, m=30, n=16)
    check_results(results_of([judged(study)]), "r.json")


@pytest.mark.parametrize(
    ("base", "rl", "tables"),
    [
        pytest.param((1, [0]), (1, [1]), {}, id="one problem, one sample"),
        pytest.param((4, [0, 0]), (4, [0, 0]), {}, id="nothing solved"),
        pytest.param((4, [4, 4]), (4, [4, 4]), {}, id="all solved"),
        pytest.param((16, [1, 2]), ([16, 32], [3, 4]), {"alpha": 0.4}, id="uneven"),
        pytest.param((16, [1, 2]), (16, [3, 4]), {"clusters": {"base": "aa", "rl": "aa"}}, id="one cluster"),
        pytest.param((16, [1, 2]), (16, [3, 4]), {"ids": {"rl": ["x", "y"]}}, id="no common problem"),
        pytest.param((16, [1, 2]), (16, [3, 4]), {"grid": {"k": [1, 3], "k_large": 8}}, id="grid"),
    ],
)
def test_extreme_studies_are_read(
    tmp_path: Path, base: tuple[Any, Any], rl: tuple[Any, Any], tables: dict[str, Any]
) -> None:
    """Studies at the edge of what can be judged follow the schema, and so does what they are read back as."""
    content = results_of([judged(pair_study(tmp_path, base, rl, **tables))])
    assert read_results(write(tmp_path, content)) == content


def test_expected_counts_are_read() -> None:
    """Solved problems may be expected ones, without a p; published numbers may be context."""
    content = made_results()
    study = content["studies"][0]
    study["pairs"][0]["solved"].update(both=12.25, base_only=3, other_only=0.0, mcnemar_p=None)
    study["verdicts"][0]["reported"] = [{"text": "t", "source": "s", "context": True}]
    check_results(content, "r.json")


def test_all_roles_and_settings_are_read(tmp_path: Path) -> None:
    """Arms of every role with every setting, and the built-in study, follow the schema."""
    full = {"algorithm": "GRPO", "step": 0, "kl": 0, "rollouts": 8, "temperature": 0, "top_p": 1}
    full |= {"max_tokens": 100, "note": "n", "revision": "r", "labels": {"a": "b"}}
    arms = {"base": BASE} | {
        role: {"role": role, "model": f"made/{role}"} | full
        for role in ("rl", "distilled", "instruct", "teacher", "guess")
    }
    counts = {arm: drawn(np.full(5, 0.5), 16, seed) for seed, arm in enumerate(arms)}
    made_study = write_study(tmp_path, arms, counts)
    built_in = load_study(ROOT / "fixtures" / "qwen2.5-7b-math500")
    content = results_of([judged(made_study), judged(built_in)])
    check_results(content, "r.json")
    assert len(content["studies"]) == 2


def test_the_made_results_hold_every_case() -> None:
    """The results that the tests below change have a waiver, an invalid pair and all outcomes."""
    study = made_results()["studies"][0]
    assert {verdict["outcome"] for verdict in study["verdicts"]} == {
        *("SUPPORTED", "REFUTED", "INCONCLUSIVE", "INVALID")
    }
    assert any(verdict["waiver"] for verdict in study["verdicts"])
    assert [bool(pair["invalid"]) for pair in study["pairs"]] == [False, True]
    assert study["examples"]
    check_results(made_results(), "r.json")


def missing_keys(value: Any, at: str = "") -> list[tuple[list[Any], str]]:
    """Steps to every mapping with fixed keys, and the path of each of its keys."""
    found: list[tuple[list[Any], str]] = []
    if isinstance(value, Mapping):
        free = at.endswith(("margins", "versions", "labels"))
        for key, item in value.items():
            here = f"{at}.{key}" if at else key
            found += [] if free else [([key], here)]
            found += [([key, *steps], path) for steps, path in missing_keys(item, here)]
    elif isinstance(value, list):
        for index, item in enumerate(value[:1]):
            found += [([index, *steps], path) for steps, path in missing_keys(item, f"{at}[{index}]")]
    return found


def test_every_key_is_needed_and_no_other_known() -> None:
    """A key that is missing or unknown anywhere is named by its path."""
    content = made_results()
    places = missing_keys(content)
    assert len(places) > 150
    for steps, path in places:
        if path == "schema_version":
            continue
        *way, last = steps
        changed = deepcopy(content)
        owner = changed
        for step in way:
            owner = owner[step]
        value = owner.pop(last)
        owner[f"{last}_"] = value
        lines = complaint(changed)
        assert f"r.json: {path}: missing" in lines
        assert f"r.json: {path}_: found an unknown key" in lines


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(
            lambda s: s["pairs"][0]["curve"].update(k="many"),
            'studies[0].pairs[0].curve.k: found "many"; it should be a valid list',
            id="kind",
        ),
        pytest.param(
            lambda s: s["verdicts"][1].update(outcome="MAYBE"),
            "studies[0].verdicts[1].outcome: found \"MAYBE\"; it should be 'SUPPORTED', 'REFUTED',"
            " 'INCONCLUSIVE' or 'INVALID'",
            id="outcome",
        ),
        pytest.param(
            lambda s: s["verdicts"][0].update(p_adjusted=1.5),
            "studies[0].verdicts[0].p_adjusted: found 1.5; it should be less than or equal to 1",
            id="p",
        ),
        pytest.param(
            lambda s: s["verdicts"][0]["effect"].update(most=32),
            'studies[0].verdicts[0].effect: found most = 32 with the unit "share", which counts no samples',
            id="shares have no greatest k",
        ),
        pytest.param(
            lambda s: s["verdicts"][2]["details"][0].update(estimate=33),
            "studies[0].verdicts[2].details[0]: found estimate 33.0 and upper 9.0 beyond most = 32",
            id="beyond the greatest k",
        ),
        pytest.param(
            lambda s: s.update(seed=True),
            "studies[0].seed: found true; it should be a valid integer",
            id="truth is no number",
        ),
        pytest.param(
            lambda s: s["margins"].update(lead="0"),
            'studies[0].margins.lead: found "0"; it should be a valid number',
            id="text is no number",
        ),
        pytest.param(
            lambda s: s["margins"].update({"a b": None}),
            'studies[0].margins["a b"]: found null; it should be a valid number',
            id="odd key",
        ),
        pytest.param(
            lambda s: s["pairs"][0]["curve"]["other"]["lower"].pop(),
            "studies[0].pairs[0].curve: found columns of unequal length: {k} in k, but {less} in other.lower",
            id="curve",
        ),
        pytest.param(
            lambda s: s["pairs"][0]["cover"]["tau"].pop(),
            "studies[0].pairs[0].cover: found columns of unequal length: 6 in tau, but 7 in base.estimate,",
            id="cover",
        ),
        pytest.param(
            lambda s: s["pairs"][0]["by_problem"]["base_c"].append(1),
            "studies[0].pairs[0].by_problem: found columns of unequal length: 90 in id, but 91 in base_c",
            id="problems",
        ),
        pytest.param(
            lambda s: s["pairs"][0]["histogram"]["base"].pop(),
            "studies[0].pairs[0].histogram: found columns of unequal length: 12 in bins, but 11 in base",
            id="histogram",
        ),
        pytest.param(
            lambda s: s["pairs"][0]["by_problem"]["other_c"].__setitem__(3, 33),
            "studies[0].pairs[0].by_problem: found other_c[3] = 33 of other_n = 32 samples",
            id="more right than samples",
        ),
        pytest.param(
            lambda s: s["pairs"][0]["by_problem"]["id"].__setitem__(3, "4"),
            'studies[0].pairs[0].by_problem: found the problem id "4" more than once',
            id="problem twice",
        ),
        pytest.param(
            lambda s: s["pairs"][0].update(cover=None),
            "studies[0].pairs[0]: found null in cover, but 0 reasons in invalid",
            id="half a pair",
        ),
        pytest.param(
            lambda s: s["pairs"][0].update(invalid=["so"]),
            "studies[0].pairs[0]: found no section null, but 1 reasons in invalid",
            id="whole pair with a reason",
        ),
        pytest.param(
            lambda s: s["verdicts"].append(s["verdicts"][0]),
            'studies[0]: found the verdict id "rl-leads-at-1[T/rl]" more than once',
            id="verdict twice",
        ),
        pytest.param(
            lambda s: s["pairs"].append(s["pairs"][0]),
            'studies[0]: found the pair id "T/rl" more than once',
            id="pair twice",
        ),
        pytest.param(
            lambda s: s["verdicts"][0].update(label="ppo"),
            'studies[0]: found the arm "ppo", which is not among the arms of the study',
            id="unknown arm",
        ),
        pytest.param(
            lambda s: s["examples"][0].update(task="V"),
            'studies[0]: found the task "V", which is not among the tasks of the study',
            id="unknown task",
        ),
        pytest.param(
            lambda s: s["inputs"][0].update(sha256="0"),
            "studies[0].inputs[0].sha256: found \"0\"; it should match pattern '^[0-9a-f]{{64}}$'",
            id="hash",
        ),
        pytest.param(
            lambda s: s["pairs"][0]["solved"].update(both=-0.5),
            "studies[0].pairs[0].solved.both: found -0.5; it should be greater than or equal to 0",
            id="negative count",
        ),
        pytest.param(
            lambda s: s["verdicts"][0].update(reported=[{"text": "t", "source": "s", "context": "no"}]),
            'studies[0].verdicts[0].reported[0].context: found "no"; it should be a valid boolean',
            id="context",
        ),
        pytest.param(
            lambda s: s["verdicts"][0].update(tipping=TIPPING),
            "studies[0].verdicts[0].tipping.fall: found 2 answers on 3 problems, fewer than one on each",
            id="fewer answers than problems",
        ),
        pytest.param(
            lambda s: s["verdicts"][0].update(tipping=TIPPING | {"fall": None, "alike": 1.5}),
            "studies[0].verdicts[0].tipping.alike: found 1.5; it should be less than or equal to 1",
            id="share of wrong answers",
        ),
        pytest.param(
            lambda s: s["unfit"][0]["verdicts"].pop(),
            'studies[0]: found the cause "problem ids differ: ',
            id="cause without its verdict",
        ),
        pytest.param(
            lambda s: s["unfit"].pop(),
            'studies[0]: found the cause "too few samples for claims about large k, which need ',
            id="cause that only verdicts tell",
        ),
        pytest.param(
            lambda s: s["pairs"][0].update(k_max=2**31),
            "studies[0].pairs[0].k_max: found 2147483648; it should be less than 2147483648",
            id="too large a number",
        ),
    ],
)
def test_mistakes_are_named_by_their_path(change: Change, said: str) -> None:
    """A wrong value, uneven columns, a name twice or unknown: the line says where, what and what is right."""
    count = len(made_results()["studies"][0]["pairs"][0]["curve"]["k"])
    (mistake,) = complaint_after(change)
    assert mistake.startswith(f"r.json: {said.format(k=count, less=count - 1)}")


def test_studies_have_their_own_names() -> None:
    """Two studies of one id are a mistake of the whole."""
    content = made_results()
    content["studies"] *= 2
    assert complaint(content)[0] == 'r.json: the whole: found the study id "made" more than once'


def test_many_mistakes_are_listed_up_to_ten() -> None:
    """Ten mistakes have a line each, the others are counted."""
    mistakes = complaint_after(lambda study: [v.update(remedy=0) for v in study["verdicts"]])
    assert len(made_results()["studies"][0]["verdicts"]) == 16
    assert len(mistakes) == 11
    assert mistakes[9].startswith("r.json: studies[0].verdicts[9].remedy: found 0;")
    assert mistakes[10] == "r.json: and 6 more mistakes"


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (4, "found schema_version 4, which is older than the 6 that beyondbase "),
        (1, "found schema_version 1, which is older than the 6 that beyondbase "),
        (7, "found schema_version 7, which is newer than the 6 that beyondbase "),
        (None, "found no schema_version"),
        (True, "found the schema_version true"),
        ("6", 'found the schema_version "6"'),
        (6.0, "found the schema_version 6.0"),
    ],
)
def test_another_version_is_told_first(version: Any, said: str) -> None:
    """Results of another version get one message about that, whatever else is wrong with them."""
    content = made_results() | {"schema_version": version, "suite": {"version": "9.9"}, "studies": 1}
    (line,) = complaint(content)
    assert line.startswith(f"r.json: {said}")
    assert "make results.json anew with `nox -s claims`" in line
    assert ("the beyondbase that wrote it (9.9)" in line) == (version in {1, 4, 7} and version is not True)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"", ": is empty; give a results.json", id="empty"),
        pytest.param(b"{\n  'a': 1}", ":2:3: found what is not JSON: Expecting property name", id="not JSON"),
        pytest.param(b'{"a": 1', ":1:8: found what is not JSON: Expecting ',' delimiter", id="cut off"),
        pytest.param(
            b'{"a": NaN}', ": found what is not JSON as beyondbase writes it: the number NaN", id="NaN"
        ),
        pytest.param(
            b"[" * 100_000, ": found what is not JSON as beyondbase writes it: maximum rec", id="deep"
        ),
        pytest.param(b"9" * 5_000, ": found what is not JSON as beyondbase writes it: Exceeds", id="long"),
        pytest.param(b"[]", ": found [], not an object; make results.json anew", id="list"),
        pytest.param(b"null", ": found null, not an object; make results.json anew", id="null"),
        pytest.param(b'"\xff"', ":1: found the byte 0xff, which is not UTF-8", id="not UTF-8"),
        pytest.param(b"{}", ": found no schema_version, so this is no results.json", id="nothing"),
    ],
)
def test_unreadable_files_are_told(tmp_path: Path, data: bytes, said: str) -> None:
    """A file that holds no JSON object is told with line and column where there is one."""
    path = tmp_path / "results.json"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_results(path)
    assert str(caught.value).startswith(f"{path}{said}")


def test_files_that_are_not_there_are_told(tmp_path: Path) -> None:
    """A missing file, and a folder without results.json, are told by the path that was looked for."""
    with pytest.raises(InputError, match=r"a\.json: there is no such file; give a results\.json"):
        read_results(tmp_path / "a.json")
    with pytest.raises(InputError, match=r"results\.json: there is no such file"):
        read_results(tmp_path)
    (tmp_path / "results.json").mkdir()
    with pytest.raises(InputError, match=r"results\.json: cannot be read \(Is a directory\)"):
        read_results(tmp_path)


@pytest.mark.parametrize(
    ("depth", "said"),
    [
        (100, None),
        (101, r"verdicts\[0\]: found 101 parts one within another; the page shows up to 100$"),
        (400, r"verdicts\[0\]\.parts.*\.\.\..*parts\[0\]: found"),
    ],
)
def test_statements_may_be_nested_but_not_without_end(depth: int, said: str | None) -> None:
    """Parts of parts are read and shown; a file that nests them by the hundred is a mistake, not a crash."""
    content = made_results()
    leaf = {"statement": "s", "outcome": "SUPPORTED", "effect": None, "p_support": None, "p_refute": 1.0}
    part: dict[str, Any] = leaf | {"parts": []}
    for _ in range(depth - 1):
        part = leaf | {"parts": [part]}
    content["studies"][0]["verdicts"][0]["parts"] = [part]
    if said is None:
        check_results(content, "r.json")
        assert render_page(content).count(">s<") >= depth
    else:
        line = complaint(content)[0]
        assert re.search(said, line)
        assert len(line) < 400


def write_run(folder: Path, **changes: Any) -> Path:
    """Write results.json with a run.json beside it."""
    path = write(folder, made_results())
    run = {"results_sha256": hashlib.sha256(path.read_bytes()).hexdigest()} | RUN | changes
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    return path


def test_the_run_is_read(tmp_path: Path) -> None:
    """run.json beside the very results it was written with says command and date."""
    path = write_run(tmp_path)
    for given in (path, tmp_path):
        run = read_run(given)
        assert isinstance(run, Run)
        assert (run.command, run.date) == (RUN["command"], RUN["date"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"results_sha256": "0" * 64}, "run.json beside the results is of another run"),
        ({"date": "today"}, 'run.json beside the results is malformed (date: found "today"; it should match'),
        ({"user": "me"}, "run.json beside the results is malformed (user: found an unknown key)"),
        ({"command": 1}, "run.json beside the results is malformed (command: found 1; it should be"),
    ],
)
def test_an_unfit_run_is_not_used(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    """A run.json of other results, or one that is malformed, gives the reason why nothing is known."""
    reason = read_run(write_run(tmp_path, **changes))
    assert isinstance(reason, str)
    assert reason.startswith(said)


def test_a_missing_run_is_said(tmp_path: Path) -> None:
    """Without run.json, or with one that is no JSON or no file, the reason says so."""
    path = write(tmp_path, made_results())
    assert read_run(path) == "there is no run.json beside the results"
    (tmp_path / "run.json").write_text("{")
    assert str(read_run(path)).startswith(
        "run.json beside the results is malformed (the whole: found EOF while"
    )
    (tmp_path / "run.json").unlink()
    (tmp_path / "run.json").mkdir()
    assert read_run(path) == "run.json beside the results cannot be read (Is a directory)"


def test_a_day_that_does_not_exist_is_a_mistake() -> None:
    """A waiver until the 31st of February is refused with its place, before anything reckons with it."""
    content = made_results()
    waived = next(v for v in content["studies"][0]["verdicts"] if v["waiver"])
    waived["waiver"]["until"] = "2031-02-31"
    with pytest.raises(InputError, match=r"waiver\.until: found '2031-02-31', which is no day"):
        check_results(content, "results.json")
