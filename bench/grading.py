r"""Grading 200,000 sampled math answers, against math-verify called on every sample, in one run.

Run by `nox -s bench`. The samples are made: 500 problems whose gold answers are of the kinds of MATH500
(whole numbers, fractions, roots, polynomials, tuples, intervals, sets, words, with degrees, dollars and
percents among them), 400 completions each. A problem's share of right answers is drawn from a U-shaped
law, right answers come in a few spellings, wrong ones from a Zipf law over nearby values with a tail of
answers given once. 1% of the completions state no boxed answer, 1% are cut off.

The peer is math-verify as its README calls it, settings and time limits left alone, on each text. It is
timed on a random part of the samples and scaled up (--peer 200000 for all of them). Where verdicts differ is
shown on all of these that state a boxed answer, and on a random part of the distinct pairs of gold and boxed
answer among all samples (--pairs 200000 for all of them): our comparison is stricter, so some do. Without a
box the peer takes some number of the text, and we none: that is no verdict to compare.

Then both are timed on distinct pairs alone, in this process and one after the other: plain ones, which need
no other process, and the rest by the rule that decided.
"""

import argparse
import logging
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from beyondbase.completions import Completion, Graded, Problem
from beyondbase.extras import require
from beyondbase.graders import Limits, MathGrader
from beyondbase.graders.comparing import Comparer, decide_plainly
from beyondbase.graders.comparing.numbers import Precision
from beyondbase.graders.comparing.reading import read
from beyondbase.graders.comparing.text import normal
from beyondbase.graders.comparing.units import split_unit

PROBLEMS, SAMPLES = 500, 400
STEP = "We let $x = {a}$, so that \\[ y = \\frac{{{a}}}{{{b}}} + {b} \\] and hence $y > {b}$ for all $n$. "


@dataclass(frozen=True)
class Kind:
    """A kind of gold answers: its weight, its value drawn, and its spellings of a value."""

    weight: int
    spell: Callable[[int, int], tuple[str, ...]]


KINDS = (
    Kind(46, lambda a, _b: (f"{a}", f"{a}", f"{a}", f"{a}.0", rf"\text{{{a}}}")),
    Kind(4, lambda a, b: (f"{a * 1000 + b}", f"{a},{b:03d}", f"{a}{{,}}{b:03d}")),
    Kind(12, lambda a, b: (rf"\frac{{{a}}}{{{b + 1}}}", rf"\dfrac{{{a}}}{{{b + 1}}}", f"{a}/{b + 1}")),
    Kind(3, lambda a, b: (f"{a}.{b % 10}5", f"{a}.{b % 10}50")),
    Kind(8, lambda a, b: (rf"{a}\sqrt{{{b + 2}}}", rf"{a} \sqrt{{{b + 2}}}", rf"{a}\cdot\sqrt{{{b + 2}}}")),
    Kind(4, lambda a, b: (rf"\frac{{{a}\pi}}{{{b + 1}}}", rf"\frac{{{a}}}{{{b + 1}}}\pi")),
    Kind(7, lambda a, b: (f"x^2+{a}x-{b + 1}", f"x^2 - {b + 1} + {a}x", f"x^{{2}}+{a}x-{b + 1}")),
    Kind(4, lambda a, b: (f"({a}, {b})", rf"\left( {a}, {b} \right)", f"({a},{b})")),
    Kind(3, lambda a, b: (f"[{a},{a + b + 1})", rf"\left[{a}, {a + b + 1}\right)")),
    Kind(3, lambda a, b: (f"{a}, {a + b + 1}", rf"{a + b + 1}, {a}", rf"\{{{a}, {a + b + 1}\}}")),
    Kind(1, lambda a, b: (rf"{a} \pm \sqrt{{{b + 2}}}", rf"{a}-\sqrt{{{b + 2}}}, {a}+\sqrt{{{b + 2}}}")),
    Kind(2, lambda a, _b: (rf"{a}^\circ", f"{a}", rf"{a}^{{\circ}}")),
    Kind(1, lambda a, _b: (rf"\${a}", f"{a}")),
    Kind(1, lambda a, _b: (rf"{a}\%", f"{a}")),
    Kind(1, lambda a, _b: (rf"\text{{{'odd' if a % 2 else 'even'}}}", "odd" if a % 2 else "even")),
)


def main() -> None:
    """Print the times, their ratios, and how many verdicts differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", type=int, default=1500, help="samples that the peer is timed on")
    parser.add_argument("--pairs", type=int, default=3000, help="distinct pairs to compare verdicts on")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="completions of each problem")
    parser.add_argument("--workers", type=int, default=None, help="grading processes")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    problems, completions = sampled(options.samples)
    part = random.Random(2).sample(range(len(completions)), min(options.peer, len(completions)))  # noqa: S311 - as below
    # Half of the peer's part before ours and half after, so that a slow moment of the machine slows both.
    asked, before = ask(problems, completions, part[::2])
    start = time.perf_counter()
    graded = list(MathGrader(limits=Limits(workers=options.workers)).grade(problems, completions))
    ours = time.perf_counter() - start
    more, after = ask(problems, completions, part[1::2])
    theirs = (before + after) / len(part) * len(graded)
    print(f"{len(graded):,} completions: {shares(graded)}")
    print(f"ours {ours:.1f} s, with the start of the processes")
    print(
        f"math-verify {1e3 * theirs / len(graded):.2f} ms a sample, {theirs:.0f} s, by {len(part):,} samples"
    )
    print(f"{theirs / ours:.1f} x")
    compare(problems, completions, graded, asked | more, options.pairs)
    time_pairs({(problems[item.problem_id].gold, item.answer) for item in graded if item.answer is not None})


def ask(
    problems: dict[str, Problem], completions: list[Completion], part: list[int]
) -> tuple[dict[int, bool], float]:
    """The peer's verdicts on some of the samples, and the seconds that they took."""
    start = time.perf_counter()
    asked = {at: peer(problems[completions[at].problem_id].gold, completions[at].text) for at in part}
    return asked, time.perf_counter() - start


def compare(
    problems: dict[str, Problem],
    completions: list[Completion],
    graded: list[Graded],
    asked: dict[int, bool],
    most: int,
) -> None:
    """Print where verdicts differ, on the samples asked and on some distinct pairs."""
    boxed = [at for at, item in enumerate(graded) if item.answer is not None]
    pairs = {(graded[at].problem_id, graded[at].answer): at for at in boxed}
    chosen = random.Random(3).sample(sorted(pairs.values()), min(most, len(pairs)))  # noqa: S311 - as below
    differ: list[str] = []
    for at in {*chosen, *asked} & set(boxed):
        gold = problems[graded[at].problem_id].gold
        theirs = asked[at] if at in asked else peer(gold, completions[at].text)
        if theirs != (graded[at].outcome == "correct"):
            found = f"gold {gold!r}, answer {graded[at].answer!r}: {graded[at].outcome}"
            differ.append(f"  {found}, math-verify {theirs}")
    compared = f"{len(chosen):,} of {len(pairs):,} distinct pairs of gold and answer"
    print(f"verdicts compared on {compared}: {len(differ)} differ", *differ[:20], sep="\n")


def time_pairs(pairs: set[tuple[str, str]], most: int = 400) -> None:
    """Print what one distinct pair costs ours and the peer, by how ours decides it."""
    draw, comparer = random.Random(4), Comparer()  # noqa: S311 - as below
    comparer.decide("value", r"\frac{x}{2}", r"\sqrt{2}x")
    groups: dict[str, list[tuple[str, str]]] = {}
    for pair in sorted(pairs):
        plain = decide_plainly("value", *pair, Precision()) is not None
        groups.setdefault("plain" if plain else comparer.decide("value", *pair).rule, []).append(pair)
    # A fresh one: what was compared before is known.
    comparer = Comparer()
    for cached in (normal, read, split_unit):
        cached.cache_clear()
    for group, found in groups.items():
        chosen = draw.sample(found, min(most, len(found)))
        start = time.perf_counter()
        for pair in chosen:
            decide_plainly("value", *pair, Precision()) or comparer.decide("value", *pair)
        middle = time.perf_counter()
        for gold, answer in chosen:
            peer(gold, rf"\boxed{{{answer}}}")
        ours, theirs = middle - start, time.perf_counter() - middle
        each = f"ours {1e3 * ours / len(chosen):.3f} ms, math-verify {1e3 * theirs / len(chosen):.2f} ms"
        print(f"  {group}: {len(chosen)} pairs, {each}: {theirs / ours:.1f} x")


def peer(gold: str, text: str) -> bool:
    """Grade one sample as math-verify's README does."""
    library = require("math_verify", "math")
    return bool(library.verify(library.parse(rf"\boxed{{{gold}}}"), library.parse(text)))


def shares(graded: list[Graded]) -> str:
    """Say how the outcomes fall."""
    outcomes = [item.outcome for item in graded]
    return ", ".join(f"{name} {outcomes.count(name) / len(outcomes):.1%}" for name in sorted(set(outcomes)))


def sampled(samples: int) -> tuple[dict[str, Problem], list[Completion]]:
    """Make the problems and their completions."""
    draw = random.Random(1)  # noqa: S311 - made-up samples keep no secret
    problems, completions = {}, []
    for number in range(PROBLEMS):
        kind = draw.choices(KINDS, [kind.weight for kind in KINDS])[0]
        value = draw.randrange(1, 300), draw.randrange(0, 40)
        problem = Problem(str(number), "?", kind.spell(*value)[0])
        problems[problem.id] = problem
        answers = stated(draw, kind, value, samples)
        completions += [completion(draw, problem.id, index, answer) for index, answer in enumerate(answers)]
    return problems, completions


def stated(draw: random.Random, kind: Kind, value: tuple[int, int], samples: int) -> Iterator[str]:
    """The answers that one problem gets."""
    right = draw.betavariate(0.5, 0.35)
    for _ in range(samples):
        if draw.random() < right:
            spellings = kind.spell(*value)
            yield draw.choices(spellings, [0.8, *[0.2 / (len(spellings) - 1)] * (len(spellings) - 1)])[0]
        elif draw.random() < 0.05:
            yield kind.spell(draw.randrange(1, 1000), draw.randrange(0, 40))[0]
        else:
            rank = min(30, int(draw.paretovariate(1.1)))
            yield kind.spell(value[0] + rank * (-1) ** rank, (value[1] + rank // 3) % 40)[0]


def completion(draw: random.Random, problem: str, index: int, answer: str) -> Completion:
    """A solution of a few hundred characters that ends in a boxed answer, nearly always."""
    steps = "".join(
        STEP.format(a=draw.randrange(2, 99), b=draw.randrange(2, 99)) for _ in range(draw.randrange(3, 12))
    )
    fate = draw.random()
    if fate < 0.01:
        return Completion(problem, index, index, steps + "This is the end.", 300, "stop", None, None, None)
    if fate < 0.02:
        return Completion(problem, index, index, steps + r"\boxed{", 300, "length", None, None, None)
    last = rf"Thus the answer is $\boxed{{{answer}}}$."
    return Completion(problem, index, index, steps + last, 300, "stop", None, None, None)


if __name__ == "__main__":
    main()
