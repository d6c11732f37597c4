"""Answers graded as answers to other problems: what a grader lets through, by chance or by leniency."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pipeline import PUPPETS, command, done, played, recipe, store_of, write_problems, write_tiny
from results_json import content_of, recorded
from store_factory import IDENTITY, made
from study_factory import judged

from beyondbase.completions import Completion, Graded, Problem
from beyondbase.errors import InputError
from beyondbase.evidence.accepts import Accepts
from beyondbase.evidence.graded_task import read_task, task_path
from beyondbase.evidence.load import load_evidence
from beyondbase.graders import ChoiceGrader, ExactGrader
from beyondbase.graders.protocol import Ruling, grade_answers
from beyondbase.report import render_page
from beyondbase.results.schema import read_results
from beyondbase.sampling import false_accepts as measured
from beyondbase.sampling.false_accepts import MOST, false_accepts
from beyondbase.store import SampleSet
from beyondbase.study import Study

BY = ("any", "1")
WHOLE = ExactGrader(extract=("whole",))


class Lenient:
    """Accepts answers of some length to whatever problem; notes what it is asked."""

    name, version = "lenient", "1"

    def __init__(self, *, accepts: Callable[[Problem, str], bool]) -> None:
        self._accepts = accepts
        self.asked: list[tuple[str, str]] = []

    def grade(self, problems: Mapping[str, Problem], completions: Iterable[Completion]) -> Iterator[Graded]:
        """Grade whole texts."""

        def judge(stated: Sequence[tuple[Problem, str]]) -> list[Ruling]:
            self.asked += [(problem.gold, answer) for problem, answer in stated]
            return [Ruling("correct" if self._accepts(*pair) else "wrong", "by length") for pair in stated]

        return grade_answers(problems, completions, find=lambda text, _cut: text, judge=judge)


def problems_of(golds: Sequence[str], **fields: Any) -> list[Problem]:
    """Problems with some right answers."""
    return [replace(Problem(str(place), f"{place}?", gold), **fields) for place, gold in enumerate(golds)]


def set_of(folder: Path, texts: Mapping[str, Sequence[str]], *, outcome: Any = "wrong") -> SampleSet:
    """A graded set with some texts by problem."""
    with SampleSet.open(folder, IDENTITY) as store:
        rows = [(name, index, text) for name, some in texts.items() for index, text in enumerate(some)]
        store.append([made(store, name, index, text=text) for name, index, text in rows])
        store.append_grades(*BY, [Graded(name, index, outcome, text) for name, index, text in rows])
    return SampleSet.read(folder)


def accepts_of(
    grader: Any, problems: Sequence[Problem], store: SampleSet, *, seed: int = 0
) -> Accepts | None:
    """What is found of one arm."""
    return false_accepts(grader, problems, {"arm": store}, BY, seed=seed).get("arm")


def test_a_grader_that_accepts_nothing_strange_is_told_so(tmp_path: Path) -> None:
    """Answers that are right for their own problem are wrong for all others, and none is let through."""
    problems = problems_of([f"word {place}" for place in range(40)])
    store = set_of(tmp_path, {one.id: [one.gold] * 5 for one in problems}, outcome="correct")
    found = accepts_of(WHOLE, problems, store)
    assert found is not None
    assert (found.compared, found.accepted, found.alike, found.lower) == (200, 0, 0, 0.0)
    assert 0.01 < found.upper < 0.02


def test_leniency_is_measured(tmp_path: Path) -> None:
    """What a grader lets through at a known rate is found at that rate, and not called chance."""
    problems = problems_of([f"word {place}" for place in range(50)])
    texts = {one.id: [f"{'x' * (int(one.id) * 7 % 20 + index)}" for index in range(20)] for one in problems}
    grader = Lenient(accepts=lambda _problem, answer: len(answer) % 20 == 3)
    found = accepts_of(grader, problems, set_of(tmp_path, texts))
    assert found is not None
    assert (found.compared, found.alike) == (1000, 0)
    assert found.accepted == sum(len(text) % 20 == 3 for some in texts.values() for text in some) == 50
    assert found.lower < 0.05 < found.upper < 0.07


def test_one_lenient_right_answer_widens_the_interval(tmp_path: Path) -> None:
    """Where one right answer takes whatever comes, the interval is that of few problems, not many answers."""
    problems = problems_of([f"word {place}" for place in range(50)])
    texts = {one.id: [f"other {one.id} {index}" for index in range(20)] for one in problems}
    one = Lenient(accepts=lambda problem, _answer: problem.gold == "word 7")
    even = Lenient(accepts=lambda _problem, answer: answer.endswith(" 7"))
    wide, narrow = (
        accepts_of(grader, problems, set_of(tmp_path / name, texts))
        for name, grader in (("a", one), ("b", even))
    )
    assert wide is not None
    assert narrow is not None
    assert wide.accepted == 20
    assert narrow.accepted == 50
    assert wide.upper - wide.accepted / 1000 > 2 * (narrow.upper - narrow.accepted / 1000)


def test_chance_is_told_from_leniency(tmp_path: Path) -> None:
    """An answer that is the other right answer to the letter was accepted by chance, whoever grades."""
    problems = problems_of([str(place % 3) for place in range(30)])
    texts = {one.id: [str((int(one.id) + index) % 3) for index in range(3)] for one in problems}
    found = accepts_of(WHOLE, problems, set_of(tmp_path / "a", texts))
    assert found is not None
    # Of the three answers of a problem one is right for the other problem.
    assert 0.25 < found.accepted / found.compared < 0.42
    assert found.alike == found.accepted
    letters = problems_of(["ABC"[place % 3] for place in range(30)])
    said = {one.id: [f"The answer is ({'ABC'[index]})." for index in range(3)] for one in letters}
    choice = accepts_of(ChoiceGrader("ABC"), letters, set_of(tmp_path / "b", said))
    assert choice is not None
    assert choice.alike == choice.accepted > 0


def test_right_answers_that_are_equal_are_never_compared(tmp_path: Path) -> None:
    """Neither to the letter nor as plain numbers; and a task with one right answer has nothing to compare."""
    grader = Lenient(accepts=lambda *_: False)
    problems = problems_of(["1/2", r"\frac{1}{2}", "2", "2.0", "Yes", "yes", "no"])
    accepts_of(grader, problems, set_of(tmp_path / "a", {one.id: [one.gold] * 6 for one in problems}))
    asked = {frozenset(pair) for pair in grader.asked}
    assert asked
    assert not asked & {frozenset(pair) for pair in [("1/2", r"\frac{1}{2}"), ("2", "2.0"), ("Yes", "yes")]}
    assert all(len(pair) == 2 for pair in asked)
    same = problems_of(["7"] * 5)
    assert accepts_of(grader, same, set_of(tmp_path / "b", {one.id: ["7"] for one in same})) is None


def test_only_problems_of_one_kind_are_compared(tmp_path: Path) -> None:
    """Numbers with numbers, words with words, sets with sets, and datasets of a gym with themselves."""
    grader = Lenient(accepts=lambda *_: False)
    kinds: list[dict[str, Any]] = [
        {"entry": {"answer_type": "set"}},
        {"entry": {"metadata": {"source_dataset": "chain_sum"}}},
        {},
    ]
    golds = [f"{place}" if place % 2 else f"w{place}" for place in range(30)]
    problems = [replace(problem, **kinds[place % 3]) for place, problem in enumerate(problems_of(golds))]
    accepts_of(grader, problems, set_of(tmp_path, {one.id: [one.id] * 4 for one in problems}))
    assert len(grader.asked) == 30 * 4
    for gold, answer in grader.asked:
        other = int(gold.removeprefix("w"))
        assert (other - int(answer)) % 6 == 0


def test_the_cost_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many problems and samples there are, some thousand answers of an arm are compared."""
    few = problems_of([f"w{place}" for place in range(4)])
    found = accepts_of(WHOLE, few, set_of(tmp_path / "a", {one.id: ["x"] * 1_000 for one in few}))
    assert found is not None
    assert found.compared == MOST
    monkeypatch.setattr(measured, "MOST", 100)
    many = problems_of([f"w{place}" for place in range(300)])
    found = accepts_of(WHOLE, many, set_of(tmp_path / "b", {one.id: ["x"] * 3 for one in many}))
    assert found is not None
    assert found.compared == 100


def test_it_hangs_on_the_seed_and_not_on_the_shards(tmp_path: Path) -> None:
    """The same answers give the same comparisons however they lie on the disk; another seed gives others."""
    problems = problems_of([f"w{place}" for place in range(20)])
    texts = {one.id: [f"{one.id} {index}" for index in range(4)] for one in problems}
    asked = []
    for name, seed, order in (("a", 0, 1), ("b", 0, -1), ("c", 1, 1)):
        grader = Lenient(accepts=lambda *_: False)
        store = set_of(tmp_path / name, dict([*texts.items()][::order]))
        accepts_of(grader, problems, store, seed=seed)
        asked.append(sorted(grader.asked))
    assert asked[0] == asked[1] != asked[2]


def test_answers_that_were_not_stated_are_not_compared(tmp_path: Path) -> None:
    """A text without an answer, or one that was lost, is no wrong answer."""
    problems = problems_of([f"w{place}" for place in range(4)])
    store = set_of(tmp_path, {one.id: ["x"] for one in problems}, outcome="unparsed")
    assert accepts_of(WHOLE, problems, store) is None


def write_guessing(folder: Path, monkeypatch: pytest.MonkeyPatch, **tables: Any) -> Study:
    """A study of puppets on problems whose right answers are often each other's."""
    rows = [{"id": f"p{place}", "question": f"{place}?", "answer": str(place % 5)} for place in range(10)]
    write_problems(folder / "sums.jsonl", rows)
    problem = {"file": "sums.jsonl", "id": "id", "answers": "text", "grading": {"extract": ["whole"]}}
    played(monkeypatch, lambda name, index: str((int(name[1:]) * 3 + index) % 5))
    usual = {"sampling": recipe(n=5), "tasks": {"sums": {}}, "problems": {"sums": problem}}
    return write_tiny(folder, Path(), arms=PUPPETS, **(usual | tables))


def test_grading_measures_keeps_and_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`beyondbase grade` says it in a table, task.json keeps it, results and page show it."""
    study = write_guessing(tmp_path, monkeypatch)
    done("sample", study, "--no-grade")
    told = done("grade", study)
    assert study.samples is not None
    accepts = read_task(study.samples, "sums").accepts
    assert [*accepts] == ["base", "rl"]
    (line,) = [line for line in told.splitlines() if line.startswith("rl ")]
    found = accepts["rl"]
    assert found.accepted == found.alike > 0
    shown = f"{found.accepted}  {found.alike}  {found.accepted / found.compared:.2%}"
    assert f"{found.compared}" in line
    assert shown.split() == line.split()[3:6]
    assert [item.accepts for item in load_evidence(study).sets] == [*accepts.values()]
    content = content_of(judged(study))
    path = tmp_path / "results.json"
    path.write_text(json.dumps(content))
    stored = read_results(path)["studies"][0]["samples"][1]["accepts"]
    assert (stored["compared"], stored["accepted"], stored["alike"]) == (50, found.accepted, found.alike)
    assert stored["upper"] == pytest.approx(found.upper)
    page = render_page(recorded(content))
    assert "graded as answers to another" in page
    assert f"{found.accepted / found.compared * 100:.2f}\u00a0%" in page


def test_it_is_measured_anew_only_where_there_is_something_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Grading again what is graded measures nothing; a new arm is measured and the others keep theirs."""
    study = write_guessing(tmp_path, monkeypatch)
    done("sample", study, "--arm", "base")
    assert study.samples is not None
    first = read_task(study.samples, "sums").accepts
    assert [*first] == ["base"]
    arms: list[list[str]] = []
    real = false_accepts

    def spied(grader: Any, problems: Any, sets: Any, by: Any, **others: Any) -> Any:
        arms.append([*sets])
        return real(grader, problems, sets, by, **others)

    monkeypatch.setattr("beyondbase.sampling.grade.false_accepts", spied)
    assert "to the letter" in done("grade", study)
    assert arms == []
    done("sample", study)
    assert arms == [["rl"]]
    assert read_task(study.samples, "sums").accepts["base"] == first["base"]
    table = study.problems["sums"].model_dump(mode="json", exclude_unset=True)
    other = {"sums": table | {"grading": {"extract": ["whole"], "case": False}}}
    done("grade", write_guessing(tmp_path, monkeypatch, problems=other))
    assert arms == [["rl"], ["base", "rl"]]


def test_a_damaged_measure_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task.json that was edited into nonsense is named, with what to do; grading again mends it."""
    study = write_guessing(tmp_path, monkeypatch)
    done("sample", study)
    assert study.samples is not None
    path = task_path(study.samples, "sums")
    content = json.loads(path.read_text())
    content["accepts"]["rl"]["upper"] = 2.0
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"accepts\.rl\.upper.*delete it and grade again"):
        load_evidence(study)
    done("grade", study)
    assert load_evidence(study).sets[1].accepts is not None
    assert store_of(study, "rl").graders()


def test_grades_count_though_the_check_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped while it is checked, what is graded can be judged; the same command makes the check up."""
    study = write_guessing(tmp_path, monkeypatch)
    done("sample", study, "--no-grade")

    def stopped(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr("beyondbase.sampling.grade.false_accepts", stopped)
        assert command("grade", study).exit_code == 130
    assert [item.accepts for item in load_evidence(study).sets] == [None, None]
    result = command("grade", study)
    assert "check rl on sums: 50 of 50" in result.stderr
    assert "grade rl on sums" not in result.stderr
    assert None not in [item.accepts for item in load_evidence(study).sets]
