"""How often graders agree with the tests of peers: a table of docs/grading.md, by `nox -s peers`.

The tests are read from the peers' own source packages, which pip fetches when this runs, and stay there:
where we judge otherwise the page has file and line. Cases of which gold answer, answer and verdict stand in
the source are taken, if either side has one box or formula, or nothing but the answer: to find an answer in
prose is another question. Ours is the grader `math` with its settings left alone, lists in any order, as the
peers take them; math-verify is called on the whole texts, as its own tests call it.
"""

import ast
import logging
import re
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cases import put
from peer_disputes import DISPUTES

from beyondbase.completions import Completion, Problem
from beyondbase.extras import require
from beyondbase.graders import Limits, MathGrader
from beyondbase.graders.extraction import last_box

PEERS = {"math-verify 0.9.0": "math_verify==0.9.0", "lm-eval 0.4.13": "lm_eval==0.4.13"}
FILES = {"math-verify 0.9.0": r"test_\w+\.py", "lm-eval 0.4.13": r"test_minerva_math\.py"}
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$|\\\[(.+?)\\\]|\\\((.+?)\\\)", re.DOTALL)
LONGEST = 60  # characters of a text without box and formula that is an answer


@dataclass(frozen=True)
class Case:
    """A case of a peer's test.

    Attributes:
        place: File and line.
        gold: The gold answer, as the test has it.
        answer: The answer, as the test has it.
        right: Whether the test calls it right.
    """

    place: str
    gold: str
    answer: str
    right: bool


def main() -> None:
    """Print the tables, and put them into the page."""
    rows, otherwise = list[str](), list[str]()
    with tempfile.TemporaryDirectory() as folder:
        for peer in PEERS:
            known = [*cases(peer, fetch(peer, Path(folder)))]
            asked = [case for case in known if stated(case.gold) and stated(case.answer)]
            clear = [case for case in asked if case.place not in DISPUTES]
            counts = [len(known), len(asked), len(asked) - len(clear)]
            for judge in (ours, theirs):
                verdicts = judge(clear)
                missed = [
                    case for case, verdict in zip(clear, verdicts, strict=True) if verdict != case.right
                ]
                accepted = sum(not case.right for case in missed)
                counts += [len(clear) - len(missed), len(missed) - accepted, accepted]
                for case in missed:
                    print(f"{judge.__name__}, {case.place}: {case.gold!r} {case.answer!r} is {case.right}")
            rows.append("| " + " | ".join(map(str, (peer, *counts))) + " |")
            otherwise += by_reason([case for case in asked if case.place in DISPUTES])
    graders = [f"{name} | refused | accepted" for name in ("ours right", "math-verify right")]
    head = " | ".join(("tests", "cases", "read", "disputed", *graders))
    table = [f"| {head} |", "|---" * 10 + "|", *rows]
    print(*table, *otherwise, sep="\n")
    put("peers", table)
    put("disputes", otherwise)


def fetch(peer: str, folder: Path) -> Path:
    """Fetch the source package of a peer."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*command, "--dest", str(folder), PEERS[peer]], check=True)  # noqa: S603 - our arguments
    (found,) = folder.glob(f"{PEERS[peer].partition('==')[0]}-*.tar.gz")
    return found


def cases(peer: str, source: Path) -> Iterator[Case]:
    """Read the cases of a source package."""
    with tarfile.open(source) as archive:
        for member in sorted(archive.getnames()):
            path = Path(member)
            if path.parts[1:-1] != ("tests",) or not re.fullmatch(FILES[peer], path.name):
                continue
            stream = archive.extractfile(member)
            if stream is not None:
                for test in ast.walk(ast.parse(stream.read())):
                    if isinstance(test, ast.FunctionDef):
                        yield from _of_test(path.name, test)


def _of_test(file: str, test: ast.FunctionDef) -> Iterator[Case]:
    asserted = _asserted(test)
    for names, row in _rows(test):
        values = _values(names, row)
        place = f"{file}:{row.lineno}"
        if {"gold", "pred", "expected"} <= values.keys():
            yield Case(place, values["gold"], values["pred"], bool(values["expected"]))
        elif asserted and set(asserted[0]) <= values.keys():
            (first, second), right = asserted
            yield Case(place, values[first], values[second], right)


def _rows(test: ast.FunctionDef) -> Iterator[tuple[list[str], ast.expr]]:
    """The rows of a test's parameters, with their names."""
    for mark in test.decorator_list:
        match mark:
            case ast.Call(
                func=ast.Attribute(attr="parametrize"),
                args=[ast.Constant(value=str(names)), ast.List(elts=rows)],
            ):
                for row in rows:
                    yield [name.strip() for name in names.split(",")], row


def _values(names: Sequence[str], row: ast.expr) -> Mapping[str, Any]:
    """A row's values by name; none where one is computed."""
    match row:
        case ast.Tuple(elts=cells) | ast.Call(args=cells):
            pass
        case _:
            cells = [row]
    try:
        return dict(zip(names, map(ast.literal_eval, cells), strict=True))
    except ValueError:
        return {}


def _asserted(test: ast.FunctionDef) -> tuple[tuple[str, str], bool] | None:
    """Of which two arguments a test asserts that they are equivalent, or that they are not."""
    for node in test.body:
        match node:
            case ast.Assert(test=ast.Call(func=ast.Name("is_equiv"), args=[ast.Name(one), ast.Name(two)])):
                return (one, two), True
            case ast.Assert(
                test=ast.UnaryOp(
                    op=ast.Not(),
                    operand=ast.Call(func=ast.Name("is_equiv"), args=[ast.Name(one), ast.Name(two)]),
                )
            ):
                return (one, two), False
    return None


def stated(text: str) -> str:
    """The only answer of a text; empty where there are several, or prose alone."""
    text = text.strip()
    formulas = [next(filter(None, found.groups())) for found in FORMULA.finditer(text)]
    if "boxed" in text:
        return (last_box(text) or "") if text.count("boxed") == 1 else ""
    if formulas:
        return formulas[0].strip() if len(formulas) == 1 else ""
    return text if len(text) <= LONGEST else ""


def ours(asked: Sequence[Case]) -> list[bool]:
    """Whether our grader takes the answers for right."""
    problems, completions = dict[str, Problem](), list[Completion]()
    for at, case in enumerate(asked):
        name, text = str(at), rf"\boxed{{{stated(case.answer)}}}"
        problems[name] = Problem(name, "?", stated(case.gold), entry={"answer_type": "set"})
        completions.append(Completion(name, 0, 0, text, 1, "stop", None, None, None))
    grader = MathGrader(limits=Limits(workers=1))
    return [graded.outcome == "correct" for graded in grader.grade(problems, completions)]


def theirs(asked: Sequence[Case]) -> list[bool]:
    """Whether math-verify does."""
    library = require("math_verify", "math")
    logging.disable(logging.CRITICAL)
    verdicts = []
    for case in asked:
        # Lm-eval's tests are of bare answers, of which math-verify reads those in a box best.
        bare = case.place.startswith("test_minerva")
        texts = [rf"\boxed{{{text}}}" if bare else text for text in (case.gold, case.answer)]
        verdicts.append(bool(library.verify(*map(library.parse, texts))))
    return verdicts


def by_reason(disputed: Sequence[Case]) -> list[str]:
    """Lines of the cases that were judged otherwise by hand, one for each reason."""
    counts = Counter(DISPUTES[case.place] for case in disputed)
    places = {
        reason: [case.place for case in disputed if DISPUTES[case.place] == reason] for reason in counts
    }
    return [f"* {reason}: {count} ({', '.join(places[reason])})" for reason, count in counts.most_common()]


if __name__ == "__main__":
    main()
