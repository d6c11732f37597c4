"""Which other way to find and compare answers would fit the completions of an import better."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase
from typing import Any

from beyondbase.completions import Completion, Problem
from beyondbase.errors import InputError
from beyondbase.graders import ChoiceGrader, ExactGrader, Grader, GymGrader, MathGrader
from beyondbase.graders.extraction import OWN_RULES, Rule, find_answer
from beyondbase.study.tables import Problems

Compared = tuple[Completion, bool | None]
"""A completion, and whether the file says that it is right."""

# Several rules in their order, from what is stated most plainly to a guess.
_CHAINS: tuple[tuple[Rule, ...], ...] = (
    *((rule,) for rule in OWN_RULES),
    ("boxed", "stated"),
    ("boxed", "tag", "answer", "stated"),
    ("boxed", "hashes", "stated", "number"),
)
# Kinds of answers of the math grader, beside what the task says.
_KINDS = ("set", "list")
_EXACT = ExactGrader(extract=("whole",), case=False)


@dataclass(frozen=True)
class Help:
    """A change of the table [problems.TASK].

    Attributes:
        option: What to write in it.
        fit: Completions on which the file and we then agree, or that are right then.
        of: How many were tried.
    """

    option: str
    fit: int
    of: int


@dataclass(frozen=True)
class _Way:
    """A way to grade: what to write for it, and the answer that it finds in each completion."""

    option: str
    answers: tuple[str | None, ...]
    kind: str | None = None


def best_help(
    rows: Sequence[Compared],
    problems: Mapping[str, Problem],
    grader: Grader,
    table: Problems,
    *,
    by_scores: bool,
) -> Help | None:
    """Try other rules and kinds of answers on completions, and name the best if it is better than the grader.

    Args:
        rows: Completions with the file's scores.
        problems: By id, with right answers.
        grader: Who grades now.
        table: The table by which the grader was made.
        by_scores: Whether that way is best which agrees most often with the scores, rather than that by which
            most completions are right.

    Returns:
        The best; of ways that are alike that with fewer completions that only we call right, then the first.
        None if none is better, or nothing is right by any.
    """
    rows = [row for row in rows if row[0].problem_id in problems]
    texts = [one for one, _ in rows]
    scores = [theirs if by_scores else True for _, theirs in rows]
    now = [graded.outcome == "correct" for graded in grader.grade(problems, texts)]
    best, help_ = _fit(now, scores), None
    for judge, ways in _judges(texts, problems, grader, table):
        for way, right in zip(ways, _judged(judge, ways, texts, problems), strict=True):
            fit = _fit(right, scores)
            if fit > best and any(right):
                best, help_ = fit, Help(way.option, fit[0], len(rows))
    return help_


def _fit(right: Sequence[bool], scores: Sequence[bool | None]) -> tuple[int, int]:
    pairs = [*zip(right, scores, strict=True)]
    return sum(mine == theirs for mine, theirs in pairs), -sum(
        mine and theirs is False for mine, theirs in pairs
    )


def _judges(
    texts: Sequence[Completion], problems: Mapping[str, Problem], grader: Grader, table: Problems
) -> Iterator[tuple[Grader, list[_Way]]]:
    """Graders that take a text for the answer, each with the ways that it judges."""
    if isinstance(grader, MathGrader | ExactGrader | GymGrader):
        ways = [*_ways(texts, {}, table.grading)]
        if isinstance(grader, MathGrader):
            found = tuple(_found(one, grader.extract) for one in texts)
            ways += [
                _Way(toml_options({}, {**table.grading, "answer": kind}), found, kind) for kind in _KINDS
            ]
        yield replace(grader, extract=("whole",)), ways
    letters = _letters(problems)
    if letters and not isinstance(grader, ChoiceGrader):
        choice = ChoiceGrader(letters)
        found = tuple(choice.find(one.text, one.finish == "length") for one in texts)
        yield choice, [_Way(toml_options({"answers": "choice"}, {"letters": letters}), _boxed(found))]
    for other, named in ((MathGrader, "expression"), (ExactGrader, "text")):
        if isinstance(grader, MathGrader | ExactGrader | ChoiceGrader) and not isinstance(grader, other):
            judge = MathGrader(extract=("whole",)) if other is MathGrader else _EXACT
            fixed = {} if other is MathGrader else {"case": False}
            yield judge, [*_ways(texts, {"answers": named}, fixed)]


def _ways(texts: Sequence[Completion], keys: Mapping[str, Any], grading: Mapping[str, Any]) -> Iterator[_Way]:
    for rules in _CHAINS:
        option = toml_options(keys, {**grading, "extract": [*rules]})
        yield _Way(option, tuple(_found(one, rules) for one in texts))


def _found(one: Completion, rules: Sequence[Rule]) -> str | None:
    return None if one.finish == "error" else find_answer(one.text, rules, cut=one.finish == "length")


def _boxed(letters: Sequence[str | None]) -> tuple[str | None, ...]:
    return tuple(letter and rf"\boxed{{{letter}}}" for letter in letters)


def _judged(
    judge: Grader, ways: Sequence[_Way], texts: Sequence[Completion], problems: Mapping[str, Problem]
) -> Iterator[list[bool]]:
    """Whether each answer of each way is right; all are judged in one go, which starts processes once."""
    kinds = {
        f"{kind} {name}": replace(problem, entry={**problem.entry, "answer_type": kind})
        for kind in _KINDS
        for name, problem in problems.items()
    }
    asked = [
        replace(one, problem_id=f"{way.kind} {one.problem_id}" if way.kind else one.problem_id, text=answer)
        for way in ways
        for one, answer in zip(texts, way.answers, strict=True)
        if answer is not None
    ]
    whole = [replace(one, finish="stop") for one in asked]
    try:
        graded = iter([*judge.grade({**problems, **kinds}, whole)])
    except InputError:
        # Its library is not there, or the right answers are none of its kind.
        yield from ([False] * len(texts) for _ in ways)
        return
    for way in ways:
        yield [answer is not None and next(graded).outcome == "correct" for answer in way.answers]


def _letters(problems: Mapping[str, Problem]) -> str:
    golds = {problem.gold.strip().strip("().").upper() for problem in problems.values()}
    if not golds or any(len(gold) != 1 or gold not in ascii_uppercase for gold in golds):
        return ""
    return ascii_uppercase[: max(4, 1 + ascii_uppercase.index(max(golds)))]


def toml_options(keys: Mapping[str, Any], grading: Mapping[str, Any]) -> str:
    """Write keys of the table [problems.TASK], and `grading` in it, as they stand in a study file."""
    said = [f"{key} = {_toml(value)}" for key, value in keys.items()]
    inner = ", ".join(f"{key} = {_toml(value)}" for key, value in grading.items())
    return ", ".join([*said, *([f"grading = {{ {inner} }}"] if inner else [])])


def _toml(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key} = {_toml(item)}' for key, item in value.items())} }}"
    return json.dumps(value, ensure_ascii=False)
