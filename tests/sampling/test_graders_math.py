"""The graders of mathematical answers: options, kinds, and what becomes of answers that hang or crash."""

import contextlib
import csv
import json
import logging
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from beyondbase.completions import Completion, Grade, Problem
from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.graders import Grader, Limits, MathGrader, MathVerifyGrader
from beyondbase.graders.comparing import Comparer, decide_plainly
from beyondbase.graders.comparing.numbers import Precision
from beyondbase.graders.pool import Failure, Pool

FILE = Path(__file__).parent / "data/grader_cases.csv"
CASES = list(csv.DictReader(FILE.read_text(encoding="utf-8").splitlines()))
SETTINGS = {"tolerance": 0.0, "places": 0, "units": "drop", "percent": "either"}


@pytest.fixture(autouse=True, scope="module")
def _quiet() -> Iterator[None]:
    """Math-verify logs that its time limits are off."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def grades(pairs: Sequence[tuple[str, str]], grader: Grader | None = None) -> list[Grade]:
    """Grade boxed answers, each to a problem of its own."""
    problems = {str(at): Problem(str(at), "?", gold) for at, (gold, _) in enumerate(pairs)}
    completions = [
        Completion(str(at), 0, 0, rf"so \boxed{{{answer}}}.", 1, "stop", None, None, None)
        for at, (_, answer) in enumerate(pairs)
    ]
    found = list((grader or MathGrader()).grade(problems, completions))
    assert all(item.rule for item in found if item.answer is not None)
    return [item.outcome for item in found]


def same(gold: str, answer: str, *, kind: Any = "value", **options: Any) -> bool:
    """Compare two answers in this process, as a grading process would."""
    return comparer(**options).decide(kind, gold, answer).verdict == "same"


_COMPARERS: dict[str, Comparer] = {}


def comparer(**options: Any) -> Comparer:
    """A comparer for some options, made once."""
    chosen = SETTINGS | options
    return _COMPARERS.setdefault(json.dumps(chosen), Comparer(**chosen))


def peer(gold: str, answer: str) -> bool:
    """Ask math-verify as its README does."""
    library = require("math_verify", "math")
    return bool(library.verify(library.parse(rf"\boxed{{{gold}}}"), library.parse(rf"\boxed{{{answer}}}")))


@pytest.mark.parametrize("kind", ["set", "value"])
def test_every_case_of_the_papers_grader_that_has_a_right_answer_is_accepted(kind: str) -> None:
    """All 81 of both kinds, with roots, units and dollars besides."""
    rejected = [
        (case["bench"], case["idx"])
        for case in CASES
        if same(case["gold"], case["answer"], kind=kind) is not (case["right"] == "yes")
    ]
    assert rejected == []
    assert sum(1 for case in CASES if case["answer_given"]) == 81
    assert [case["idx"] for case in CASES if case["right"] == "no"] == ["518"]


@pytest.mark.parametrize(
    ("gold", "answer", "right"),
    [
        ("42", "42", True),
        ("42", "42.", True),
        ("42", "$42$", True),
        ("42", "**42**", True),
        ("42", "43", False),
        (r"\frac{1}{2}", "0.5", True),
        (r"\frac{1}{2}", r"\dfrac12", True),
        ("1/3", "0.333333", False),
        ("1/3", "0.333", False),
        ("10000", r"10\,000", True),
        ("10000", "10 000", True),
        ("0", "1 000", False),
        ("12", "1 2", False),
        (r"50\%", "50", True),
        (r"50\%", "0.5", True),
        ("0.5", r"50\%", True),
        ("50", r"50\%", True),
        ("50", "0.5", False),
        ("0.5", "50", False),
        (r"864 \mbox{ inches}^2", "864", True),
        (r"5\text{ cm}", r"5\text{ m}", False),
        (r"120^\circ", "120", True),
        (r"\pm 3", "3, -3", True),
        (r"\pm 3", "3", False),
        (r"\pm 1 \pm \sqrt{2}", "1", False),
        (r"\pm 1 \pm \sqrt{2}", r"1+\sqrt2, 1-\sqrt2, -1+\sqrt2, -1-\sqrt2", True),
        ("5,3", "3,5", True),
        ("(1,2)", "1,2", True),
        ("(1,2)", "(2,1)", False),
        ("(1,2)", "[1,2]", False),
        ("x > 3", r"(3, \infty)", True),
        (r"(3, \infty)", "x > 3", True),
        ("x=5", "5", True),
        ("5", "x=5", True),
        (r"\text{Tuesday}", "Tuesday", True),
        (r"\text{Tuesday}", "Monday", False),
        (r"\lambda_{\text{red}}/\sqrt{2}", r"\lambda_{\text{red}}/\sqrt{3}", False),
        (r"\lambda_{\text{red}}/\sqrt{2}", r"\lambda_{\text{red}} / \sqrt{2}", True),
        (r"=2,=-6-4\sqrt{2}", "-6", False),
        ("204", "204.01", False),
        ("1", "100", False),
        ("12345", "12346", False),
    ],
)
def test_what_equals_what_by_default(gold: str, answer: str, right: bool) -> None:  # noqa: FBT001 - a column
    """As documented: percents both ways, exact golds exactly, units dropped unless they contradict."""
    assert same(gold, answer) is right


@pytest.mark.parametrize(
    ("kind", "gold", "answer", "right"),
    [
        ("set", "54,108", "108,54", True),
        ("set", "54,108", "54108", True),
        ("set", r"\$32,348", "32348", True),
        ("set", "1,000", "0, 1", False),
        ("set", "1,000", "1000", True),
        ("set", "54, 108", "54", False),
        ("set", "54", "54, 108", False),
        ("set", r"\{1,2\}", "2 and 1", True),
        ("set", "1,2", r"2 \text{ or } 1", True),
        ("set", "1,1,2", "2,1", True),
        ("set", "(1,2),(3,4)", "(3,4), (1,2)", True),
        ("set", "(1,2),(3,4)", "(2,1), (3,4)", False),
        ("set", r"1 \pm \sqrt{5}, -2", r"-2, 1-\sqrt{5}, 1+\sqrt{5}", True),
        ("set", "f(x)=x, f(x)=-x", "f(x)=-x, f(x)=x", True),
        ("set", "f(x)=x, f(x)=-x", "f(x)=x", False),
        ("set", r"x \in \{1, 2\}", "2, 1", True),
        ("list", "1, 2", "1, 2", True),
        ("list", "1, 2", "(1, 2)", True),
        ("list", "1, 2", "2, 1", False),
        ("list", r"\{1, 2\}", r"\{2, 1\}", False),
        ("list", "(1, 2)", r"\left(1, \frac{4}{2}\right)", True),
        ("list", "54,108", "54, 108", True),
        ("list", "1, 1, 2", "1, 2", False),
    ],
)
def test_sets_ignore_order_and_lists_do_not(kind: str, gold: str, answer: str, right: bool) -> None:  # noqa: FBT001 - a column
    """Element by element, where the task says so."""
    assert same(gold, answer, kind=kind) is right


def test_what_an_answer_is_the_problem_says_unless_the_grader_does() -> None:
    """Sets and values stand in one task; each is compared as what it is."""
    problems = {
        kind: Problem(kind, "?", "54,108", entry={"answer_type": kind}) for kind in ("set", "expression")
    }
    completions = [
        Completion(kind, 0, 0, r"\boxed{108,54}", 1, "stop", None, None, None) for kind in problems
    ]
    limits = Limits(workers=1)
    by_task = MathGrader(limits=limits).grade(problems, completions)
    assert [item.outcome for item in by_task] == ["correct", "wrong"]
    lists = MathGrader(answer="list", limits=limits).grade(problems, completions)
    assert [item.outcome for item in lists] == ["wrong", "wrong"]


def test_a_tolerance_is_the_tasks() -> None:
    """Relative to the gold answer, on values and on elements; none by default."""
    assert not same("100", "101")
    assert same("100", "101", tolerance=0.01)
    assert not same("100", "102", tolerance=0.01)
    assert same(r"\pi", "3.14", tolerance=0.01)
    assert same("100, 200", "202, 100", tolerance=0.01, kind="set")
    assert not same("0", "0.001", tolerance=0.01)


def test_a_decimal_stands_for_an_exact_number_where_the_task_says_with_how_many_digits() -> None:
    """Six digits of 1/3 do with six places, and neither with ten nor by default."""
    assert not same("1/3", "0.333333")
    assert same("1/3", "0.333333", places=6)
    assert not same("1/3", "0.333333", places=10)
    assert not same("1/3", "0.333334", places=6)
    assert same(r"\sqrt2", "1.41421", places=6)
    assert not same(r"\sqrt2", "1.41422", places=6)


def test_a_percent_is_its_hundredth_alone_where_the_task_is_strict() -> None:
    """By default the sign may be left out."""
    assert same(r"50\%", "50")
    assert not same(r"50\%", "50", percent="strict")
    assert same(r"50\%", "0.5", percent="strict")


def test_units_count_where_the_task_keeps_them() -> None:
    """A number alone is then no length."""
    assert same(r"5\text{ cm}", "5")
    assert not same(r"5\text{ cm}", "5", units="keep")
    assert same(r"5\text{ cm}", r"5 \text{ cm}", units="keep")
    assert not same(r"5\text{ cm}", r"5 \text{ m}", units="keep")


SPELLINGS: list[Callable[[str], str]] = [
    lambda text: f"${text}$",
    lambda text: f" {text} . ".replace(" . ", "."),
    lambda text: rf"\({text}\)",
    lambda text: f"**{text}**",
    lambda text: text.replace(r"\frac", r"\dfrac"),
    lambda text: text.replace("(", r"\left(").replace(")", r"\right)"),
    lambda text: text.replace("+", " + ").replace("-", " - "),
    lambda text: text.replace(",", ", "),
    lambda text: rf"{text}\,",
]
WHOLE = st.integers(-10_000, 10_000).map(str)
NUMBER = st.one_of(
    WHOLE,
    st.builds(r"\frac{{{}}}{{{}}}".format, WHOLE, st.integers(2, 99)),
    st.builds(r"{}\sqrt{{{}}}".format, st.integers(2, 99), st.integers(2, 99)),
    st.builds("{}.{:02d}".format, WHOLE, st.integers(1, 99)),
    st.builds(r"{}\pi".format, st.integers(2, 99)),
)
ANSWER = st.one_of(
    NUMBER,
    st.builds("({},{})".format, NUMBER, NUMBER),
    st.builds("{},{}".format, NUMBER, NUMBER),
    st.builds(r"\{{{},{}\}}".format, NUMBER, NUMBER),
    st.builds(r"{} \pm \sqrt{{{}}}".format, st.integers(1, 99), st.integers(2, 99)),
    st.builds("x^{}+{}x".format, st.integers(2, 9), st.integers(2, 99)),
)


@settings(max_examples=150, deadline=None)
@given(ANSWER, st.sampled_from(SPELLINGS), st.sampled_from(["value", "set", "list"]))
def test_an_answer_equals_itself_in_any_spelling(gold: str, spell: Callable[[str], str], kind: str) -> None:
    """The gold answer, spelled otherwise, is right."""
    assert same(gold, spell(gold), kind=kind)


@settings(max_examples=60, deadline=None)
@given(st.lists(NUMBER, min_size=2, max_size=5, unique=True), st.randoms(use_true_random=False))
def test_a_set_equals_itself_in_any_order_and_not_without_an_element(
    values: list[str], draw: random.Random
) -> None:
    """Whatever the elements."""
    shuffled = draw.sample(values, len(values))
    assert same(", ".join(values), ", ".join(shuffled), kind="set")
    assume(not any(same(values[0], value) for value in values[1:]))
    assert not same("; ".join(values), "; ".join(values[1:]), kind="set")


def test_plain_comparisons_are_those_of_the_layers() -> None:
    """On numbers of every plain form, near and equal ones among them, the short cut changes no verdict."""
    draw = random.Random(11)  # noqa: S311 - a test keeps no secret
    equal = 0
    for _ in range(400):
        gold, answer = plain_number(draw), plain_number(draw)
        if draw.random() < 0.5:
            answer = twin(draw, gold)
        plain = decide_plainly("value", gold, answer, Precision())
        assert plain is not None
        equal += plain.verdict == "same"
        assert plain.verdict == comparer().decide("value", gold, answer).verdict, (gold, answer)
    assert 80 < equal < 320


def plain_number(draw: random.Random) -> str:
    """A whole number, decimal or fraction, small ones often."""
    top, bottom = draw.choice([20, 9999]), draw.choice([9, 9999])
    sign, a, b = draw.choice(["", "-"]), draw.randrange(top), draw.randrange(1, bottom)
    forms = [f"{sign}{a}", f"{sign}{a}.{b}", rf"{sign}\frac{{{a}}}{{{b}}}", rf"\dfrac{{{sign}{a}}}{{{b}}}"]
    return draw.choice([*forms, f"{sign}{a}/{b}", f"{sign}{draw.randrange(10**14)}"])


def twin(draw: random.Random, text: str) -> str:
    """The same number in another form, or one nearby."""
    times = draw.randrange(2, 9)
    if "frac" in text:
        return re.sub(r"(\d+)", lambda found: str(int(found[0]) * times), text)
    if "/" in text:
        top, bottom = text.split("/")
        return f"{int(top) * times}/{int(bottom) * times}"
    if "." in text:
        return draw.choice([f"{text}0", text[:-1] + str(draw.randrange(10))])
    return draw.choice([f"{text}.0", rf"\frac{{{int(text) * times}}}{{{times}}}", f"{text}0"])


def sampled_pairs() -> list[tuple[str, str]]:
    """Gold answers of many kinds, each with answers of its own kind, right ones among them."""
    draw = random.Random(5)  # noqa: S311 - a test keeps no secret
    kinds = [
        lambda a, b: rf"{a}\sqrt{{{b}}}",
        lambda a, b: f"x^2+{a}x-{b}",
        lambda a, b: f"({a}, {b})",
        lambda a, b: f"{a}, {a + b}",
        lambda a, b: rf"\frac{{{a}\pi}}{{{b}}}",
        lambda a, b: rf"\frac{{{a}}}{{{b}}}",
        lambda a, _: rf"{a}^\circ",
        lambda a, _: rf"{a}\%",
        lambda a, _: rf"\text{{{'odd' if a % 2 else 'even'}}}",
        lambda a, b: rf"[{a}, {a + b})",
        lambda a, b: rf"{a} \pm \sqrt{{{b}}}",
        lambda a, b: rf"\begin{{pmatrix}} {a} \\ {b} \end{{pmatrix}}",
        lambda a, _: str(a),
        lambda a, b: f"{a}.{b}",
    ]
    return [
        (
            kind(3, 7),
            draw.choice([kind, kind, draw.choice(kinds)])(draw.choice([3, 3, 4]), draw.choice([7, 7, 8])),
        )
        for kind in kinds
        for _ in range(8)
    ]


def test_the_grader_math_verify_says_what_math_verify_says_whatever_the_workers() -> None:
    """Duplicates and processes change no verdict."""
    pairs = sampled_pairs() * 2
    verdicts = {pair: peer(*pair) for pair in dict.fromkeys(pairs)}
    expected = ["correct" if verdicts[pair] else "wrong" for pair in pairs]
    assert 50 < expected.count("correct") < len(expected) - 50
    assert grades(pairs, MathVerifyGrader(limits=Limits(workers=1))) == expected
    assert grades(pairs, MathVerifyGrader(limits=Limits(workers=2))) == expected


def test_verdicts_do_not_hang_on_workers_or_duplicates() -> None:
    """Each is what the comparer says of the pair."""
    pairs = sampled_pairs() * 2
    expected = ["correct" if same(*pair) else "wrong" for pair in pairs]
    assert grades(pairs, MathGrader(limits=Limits(workers=1))) == expected
    assert grades(pairs, MathGrader(limits=Limits(workers=2))) == expected


HOSTILE = [
    "9^{9^9}",
    "9**9**9",
    r"\sum_{n=1}^{10^{12}} \sin(n^n)",
    r"\int_0^1 x^{x^{x^{x}}} dx",
    r"\frac{1}{" * 2000 + "2" + "}" * 2000,
    "{" * 100_000 + "}" * 100_000,
    "(" * 3000 + ")" * 3000,
    r"\sqrt{" * 500 + "2" + "}" * 500,
    "\x00",
    "\u202e5\u2066",
    "\ud800",
    "x" * 1_000_000,
    "1+" * 1500 + "1",
    "__import__('os').system('touch {marker}')",
    r"\text{__import__('os').system('touch {marker}')}",
    "().__class__.__bases__[0].__subclasses__()",
]


def test_hostile_answers_neither_hang_nor_run_nor_count_as_right(tmp_path: Path) -> None:
    """None hangs the comparison; math-verify's limits end what does, and the answers around it are graded."""
    marker = tmp_path / "ran"
    hostile = [text.replace("{marker}", str(marker)) for text in HOSTILE]
    pairs = [pair for text in hostile for pair in ((r"7\sqrt{2}", text), (r"7\sqrt{2}", r"\sqrt{98}"))]
    limits = Limits(seconds=1, memory_mib=256, workers=2)
    outcomes = grades(pairs, MathGrader(limits=limits))
    assert outcomes[1::2] == ["correct"] * len(hostile)
    # A brace too many ends the box early: then what is graded is harmless.
    assert {*outcomes[::2]} <= {"wrong", "undecided", "unparsed"}
    others = grades(pairs, MathVerifyGrader(limits=limits))
    assert others[1::2] == ["correct"] * len(hostile)
    assert {*others[::2]} <= {"wrong", "error", "unparsed"}
    assert others[0] == "error"
    assert not marker.exists()


def test_a_job_that_is_not_done_says_why_and_the_next_ones_are() -> None:
    """Time is told from a crash, and processes that ended are replaced."""
    jobs = [("1", "2x"), ("5", "9^{9^9}"), None, ("1+x", "x+1")]
    with Pool("beyondbase.graders.math_verify", {}, Limits(seconds=1, workers=1)) as pool:
        assert pool.run(jobs) == [False, Failure("time"), Failure("crash"), True]
        assert pool.failures == {"time": 1, "crash": 1}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
@pytest.mark.parametrize("thread", [False, True])
@pytest.mark.parametrize("job", ["9^{9^9}", "7"])
def test_processes_end_with_a_program_that_is_killed(tmp_path: Path, job: str, *, thread: bool) -> None:
    """After a kill -9 none is left, at rest or at a job of hours, whichever thread started it."""
    # The kernel knows threads only: started by another, a job that never returns to Python has its own limit.
    seconds = 2 if thread else 10_000
    program = f"""
import threading, time
from beyondbase.graders.pool import Limits, Pool
def run():
    with Pool("beyondbase.graders.math_verify", {{}}, Limits(seconds={seconds}, workers=2)) as pool:
        pool.run([("1", "1+0")] * 2)
        print("ready", flush=True)
        pool.run([("5", {job!r})] * 2)
        time.sleep(600)
thread = threading.Thread(target=run)
thread.start() if {thread} else run()
"""
    mark = f"{tmp_path}"
    # Of the environment only such names reach these processes.
    environment = {**os.environ, "VIRTUAL_ENV": mark}
    arguments = [sys.executable, "-c", program]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, env=environment, text=True) as run:  # noqa: S603 - ours
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
        assert len(marked(mark)) == 3
        time.sleep(0.5)
        run.kill()
    end = time.monotonic() + 200
    while marked(mark):
        assert time.monotonic() < end
        time.sleep(0.05)


def marked(mark: str) -> list[int]:
    """The processes that have a mark in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
    return found


def test_processes_that_cannot_start_are_the_users_to_know_of() -> None:
    """One line says why."""
    with (
        Pool("none", SETTINGS, Limits(workers=1)) as pool,
        pytest.raises(InputError, match="do not start: ModuleNotFoundError"),
    ):
        pool.run([1])


def children() -> set[str]:
    """The grading processes of this one."""
    tasks = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {child for task in tasks for child in task.read_text().split()}


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_no_process_outlives_a_grading_that_is_left_in_the_middle() -> None:
    """Leaving the iteration ends them."""
    before = children()
    problems = {"1": Problem("1", "?", "x+1")}
    completion = Completion("1", 0, 0, r"\boxed{1+x}", 1, "stop", None, None, None)
    graded = MathGrader(limits=Limits(workers=2)).grade(problems, [completion] * 2)
    assert next(graded).outcome == "correct"
    assert children() - before
    del graded
    assert children() == before


def test_ctrl_c_ends_a_grading_without_noise() -> None:
    """The interrupt reaches the caller alone; no process prints a traceback of its own or stays."""
    script = (
        "from beyondbase.completions import Completion, Problem\n"
        "from beyondbase.graders import MathVerifyGrader\n"
        "made = Completion('1', 0, 0, r'\\boxed{9^{9^9}}', 1, 'stop', None, None, None)\n"
        "try:\n    print('begun', flush=True)\n"
        "    print(list(MathVerifyGrader().grade({'1': Problem('1', '?', '5')}, [made])))\n"
        "except KeyboardInterrupt:\n    print('interrupted')\n"
    )
    process = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    # Mostly in the midst of the answer; where the machine is slow, while the grading process starts.
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (out, err, process.returncode) == ("interrupted\n", "", 0)


def test_the_version_names_the_library_and_changes_with_the_options() -> None:
    """But not with the number of workers."""
    version = MathGrader().version
    assert re.fullmatch(r"2-sympy-[\d.]+-mpmath-[\d.]+-[0-9a-f]{8}", version)
    assert MathGrader(limits=Limits(workers=7)).version == version
    others = [MathGrader(answer="set"), MathGrader(tolerance=0.1), MathGrader(limits=Limits(seconds=1))]
    others += [MathGrader(places=6), MathGrader(percent="strict"), MathGrader(units="keep")]
    assert len({version, *(other.version for other in others)}) == 7
    assert MathVerifyGrader().version.startswith("1-math-verify-")
