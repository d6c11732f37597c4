"""What holds of every comparison: an exact oracle, harmless rewriting, small changes, hostile text."""

import re
import time
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

import pytest
from answer_strategies import ANSWER, numbers, polynomials, spell
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from beyondbase.graders.comparing import Comparer
from beyondbase.graders.comparing.reading import read
from beyondbase.graders.comparing.text import normal
from beyondbase.graders.comparing.tokens import UnreadError


@lru_cache(maxsize=2)
def comparer(percent: str = "strict") -> Comparer:
    """Strict about percents, so that fractions are an exact oracle."""
    return Comparer(percent=percent)


def verdict(gold: str, answer: str) -> str:
    """What is said of two values."""
    return comparer().decide("value", gold, answer).verdict


REWRITINGS: list[Callable[[str], str]] = [
    lambda text: f"${text}$",
    lambda text: rf"\({text}\)",
    lambda text: rf"\boxed{{{text}}}",
    lambda text: f"  {text}  ",
    lambda text: f"{text}.",
    lambda text: f"**{text}**",
    lambda text: rf"{text}\,",
    lambda text: text.replace(r"\frac", r"\dfrac"),
    lambda text: text.replace(r"\frac", r"\tfrac"),
    lambda text: text.replace("(", r"\left(").replace(")", r"\right)"),
    # But for thousands: 1, 007 is a list.
    lambda text: re.sub(r",(?!\d{3}(?!\d))", ", ", text.replace("+", " + ")),
    lambda text: text.replace(r"\times", r"\cdot"),
    lambda text: text.replace("-", "\u2212"),
    lambda text: text.replace(r"\pi", "\u03c0"),
    lambda text: text.replace(r"\le", r"\leq"),
    lambda text: text.replace("pmatrix", "bmatrix"),
]


@settings(max_examples=300, deadline=None)
@given(ANSWER, st.sampled_from(REWRITINGS))
def test_harmless_rewriting_changes_no_answer(gold: str, rewrite: Callable[[str], str]) -> None:
    """On either side."""
    assert verdict(gold, rewrite(gold)) == "same"
    assert verdict(rewrite(gold), gold) == "same"


@settings(max_examples=500, deadline=None)
@given(numbers(), numbers())
def test_numbers_are_the_same_where_fractions_are(
    gold: tuple[str, Fraction], answer: tuple[str, Fraction]
) -> None:
    """In every notation; what a coarser gold decimal takes is apart."""
    same = verdict(gold[0], answer[0]) == "same"
    if same != (gold[1] == answer[1]):
        # A decimal with more digits, rounded to those of the gold one: the documented choice.
        assert same
        assert abs(gold[1] - answer[1]) < abs(gold[1]) / 99


@settings(max_examples=300, deadline=None)
@given(numbers(), st.integers(2, 9))
def test_a_number_in_lower_terms_is_the_same_and_any_other_is_not(
    gold: tuple[str, Fraction], factor: int
) -> None:
    """An exact oracle on equal values, which two numbers drawn apart seldom are."""
    top, bottom = gold[1].numerator, gold[1].denominator
    assume(len(str(bottom)) < 200)
    assert verdict(gold[0], rf"\frac{{{top * factor}}}{{{bottom * factor}}}") == "same"
    assert verdict(gold[0], rf"\frac{{{top * factor + 1}}}{{{bottom * factor}}}") == "different"
    assert verdict(gold[0], rf"\frac{{{-top * factor}}}{{{bottom * factor}}}") == (
        "different" if top else "same"
    )


@settings(max_examples=200, deadline=None)
@given(polynomials(), polynomials(), st.booleans())
def test_polynomials_are_the_same_where_their_coefficients_are(
    gold: list[int],
    answer: list[int],
    code: bool,  # noqa: FBT001 - a strategy's value
) -> None:
    """In any order of terms, in LaTeX and in code."""
    text = spell(gold)
    assert verdict(text, spell(gold, descending=False, code=code)) == "same"
    trimmed = [each[: max(at for at, value in enumerate(each) if value) + 1] for each in (gold, answer)]
    expected = "same" if trimmed[0] == trimmed[1] else "different"
    assert verdict(text, spell(answer, code=code)) == expected


@settings(max_examples=200, deadline=None)
@given(polynomials(), st.data())
def test_a_polynomial_with_one_coefficient_changed_is_another(gold: list[int], data: st.DataObject) -> None:
    """Whatever the change."""
    at = data.draw(st.integers(0, len(gold) - 1))
    changed = [*gold]
    changed[at] += data.draw(st.integers(-9, 9).filter(bool))
    assume(any(changed))
    assert verdict(spell(gold), spell(changed)) == "different"


@settings(max_examples=150, deadline=None)
@given(st.integers(-9, 9), st.integers(-9, 9), st.integers(1, 9))
def test_a_product_equals_what_it_expands_to(a: int, b: int, c: int) -> None:
    """And no neighbour of it."""
    product = f"{c}(x{a:+d})(x{b:+d})"
    assert verdict(product, spell([c * a * b, c * (a + b), c])) == "same"
    assert verdict(product, spell([c * a * b + 1, c * (a + b), c])) == "different"
    assert verdict(product, spell([c * a * b, c * (a + b), -c])) == "different"


@settings(max_examples=300, deadline=None)
@given(ANSWER, ANSWER)
def test_what_is_the_same_is_so_both_ways(left: str, right: str) -> None:
    """But for decimals, where the gold answer says how many digits count, and named values."""
    if "." not in left + right and "=" not in left + right and "e" not in left + right:
        assert verdict(left, right) == verdict(right, left)


@settings(max_examples=200, deadline=None)
@given(ANSWER, st.data())
def test_a_changed_digit_is_wrong(gold: str, data: st.DataObject) -> None:
    """Unless the value is the same by an exact reading of both, as 0/5 is 0/7."""
    places = [at for at, sign in enumerate(gold) if sign.isdigit()]
    at = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from([each for each in "123456789" if each != gold[at]]))
    changed = gold[:at] + digit + gold[at + 1 :]
    if verdict(gold, changed) == "same":
        wanted, found = (read(normal(text)) for text in (gold, changed))
        assert wanted == found


@settings(max_examples=400, deadline=None)
@given(st.text(alphabet=r"0123456789xyie+-*/^_=<>()[]{}|\,.:;!%$ &" + "\u221a\u00b2\x00", max_size=40))
def test_no_text_raises_or_hangs_and_a_root_is_only_itself(answer: str) -> None:
    """Whatever the signs, within the limits that a job has."""
    start = time.process_time()
    decision = comparer().decide("value", r"7\sqrt{2}+x", answer)
    assert decision.verdict != "same"
    assert comparer().decide("value", answer, answer).verdict == "same"
    assert time.process_time() - start < 5


LONG = [
    "{" * 2000 + "7" + "}" * 2000,
    "(" * 2000 + "7" + ")" * 2000,
    r"\frac{1}{" * 400 + "7" + "}" * 400,
    r"\sqrt{" * 600 + "7" + "}" * 600,
    "1+" * 2000 + "1",
    "7," * 2000,
    "7^" * 1300 + "7",
    "7!" * 2000,
    "-" * 4000 + "7",
    r"\pm" * 1300,
    "x" * 4000,
    "a b " * 1000,
    r"\text{" * 500,
    "[(" * 2000,
    "1:" * 2000 + "1",
    "x=" * 2000 + "7",
    "1<" * 2000 + "7",
    r"\cup" * 1000,
    "9" * 4000,
    "0." + "9" * 4000,
    "1/" * 2000 + "1",
    "|" * 4000,
    " " * 4000 + "7 7",
    r"\begin{pmatrix}" * 270,
    "$" * 4000,
    "(1,2)" * 800,
    "\x00" * 4000,
    "7" + "\u200b" * 10 + "\x007",
    "(x+1)^{999999}",
    r"\sin(\sin(\sin(" * 100,
    "x^{x^{x^{x^{x}}}}",
    "7km" * 1000,
    "((x+1)^{30}+1)^{30}",
]


@pytest.mark.parametrize("answer", LONG, ids=range(len(LONG)))
@pytest.mark.parametrize("gold", ["7", "x+y", "1, 2", "[0,1)"])
def test_long_and_deep_answers_cost_little(gold: str, answer: str) -> None:
    """Of the longest answers that are compared at all; none is right but what is 7 in many braces."""
    start = time.process_time()
    decision = comparer().decide("value", gold, answer)
    assert time.process_time() - start < 5
    assert (decision.verdict == "same") <= (gold == "7" and answer.strip("{}()") == "7")


@pytest.mark.parametrize(
    "text",
    [
        "3 4",
        "x'' y!!!",
        r"\foo",
        "2)",
        "x=",
        "1/xy",
        r"\sin x/2",
        r"5\text{cm}",
        r"\sum_{k} k",
        "x^2^3",
        "()",
        r"\frac{1}",
    ],
)
def test_what_is_not_understood_as_a_whole_is_not_read(text: str) -> None:
    """No part of a text stands for it."""
    with pytest.raises(UnreadError):
        read(normal(text))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (" $x$ ", "x"),
        ("5.", "5"),
        ("**5**.", "5"),
        (r"12\,345\,678", "12345678"),
        ("12,345", "12345"),
        ("(1,234)", "(1,234)"),
        ("1, 234", "1,234"),
        ("1 2", "1 2"),
        (r"\dfrac12", r"\frac{1}{2}"),
        (r"\left[0,1\right)", "[0,1)"),
        ("]0,1]", "(0,1]"),
        ("\u22123\u00bd", r"-3\frac{1}{2}"),
        ("x\u00b2", "x^{2}"),
        ("45\u00b0", r"45^{\circ}"),
        (r"\text{ cm }", "cm"),
        ("", ""),
        ("$$", "$$"),
    ],
)
def test_the_normal_form_is_as_documented(text: str, form: str) -> None:
    """Signs, wrappers, blanks and groups of digits."""
    assert normal(text) == form


@given(st.text(max_size=60))
def test_the_normal_form_never_raises(text: str) -> None:
    """Whatever the text."""
    assert isinstance(normal(text), str)
