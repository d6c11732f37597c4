"""Answers as other harnesses take them, and as ours does where theirs differ."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.completions import Completion, Problem
from beyondbase.graders import ExactGrader, make_grader
from beyondbase.graders.extraction import OWN_RULES, RULES, Rule, find_answer
from beyondbase.graders.harnesses import HARNESSES

MINERVA = "Final Answer: The final answer is $5$. I hope it is correct."
LONG = "x" * 300
HOSTILE = (
    *(r"\boxed{", r"\boxed ", "boxed", "{", "}", "$", "\n ", "#### ", "#### 1,.", "1", "-", "0.1,"),
    *("Final Answer: The final answer is ", " I hope it is correct", "final answer is $", "$. I hope"),
    *("he answer is", "answer : "),
)


@pytest.mark.parametrize(
    ("rule", "text", "answer"),
    [
        # The last box, closed or not; what is said without a box; the last number of all.
        ("qwen2.5-math", r"so \boxed{1}, no: \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
        ("qwen2.5-math", r"so \boxed{1}, no: \boxed{12 and then", "12 and then"),
        ("qwen2.5-math", r"so $\boxed 7$ it is", "7"),
        ("qwen2.5-math", r"\boxed{5}. Wait, it is 6", "5"),
        ("qwen2.5-math", "no box: The answer is 7.\n", "7"),
        ("qwen2.5-math", "the final answer is: 7/", "7"),
        ("qwen2.5-math", "The answer is 5, or so. Then\n\nmore", "5, or so. Thenmore"),
        ("qwen2.5-math", "final answer is $12$. I hope so; \\boxed{3}", "12"),
        ("qwen2.5-math", "\u7b54\u6848\u662f 9\n\nB", "9"),
        ("qwen2.5-math", "2 apples and 1,234.5 pears, -3 in all", "-3"),
        ("qwen2.5-math", "I have 1,234 pears", "1234"),
        ("qwen2.5-math", "nothing", None),
        ("qwen2.5-math", "at last \\boxed", None),
        # The sentence of its prompt, to the letter.
        ("lm-eval-minerva", MINERVA, "$5$"),
        ("lm-eval-minerva", f"{MINERVA} {MINERVA.replace('5', '6')}", "$5$"),
        ("lm-eval-minerva", "Final Answer: The final answer is 5.", None),
        ("lm-eval-minerva", "Final Answer: The final answer is 5. ", "5"),
        ("lm-eval-minerva", MINERVA.replace("$. I", "$.\nI"), None),
        ("lm-eval-minerva", r"\boxed{5}", None),
        # The first, and the last of all.
        ("lm-eval-gsm8k-strict", "#### 42\n\n#### 43", "42"),
        ("lm-eval-gsm8k-strict", "so #### -1,234.", "-1234"),
        ("lm-eval-gsm8k-strict", "#### $42", None),
        ("lm-eval-gsm8k-strict", "The answer is 42", None),
        ("lm-eval-gsm8k-flexible", "It costs $1,200. Done in 2024", "2024"),
        ("lm-eval-gsm8k-flexible", "It costs $1,200.", "1200"),
        ("lm-eval-gsm8k-flexible", "5 of them...", ".."),
        ("lm-eval-gsm8k-flexible", "none", None),
        # The last within the last 300 characters.
        ("verl-gsm8k", "#### 42\n#### 1,043", "1043"),
        ("verl-gsm8k", f"#### 42{LONG}", None),
        ("verl-gsm8k", r"\boxed{42}", None),
        ("verl-gsm8k-flexible", "42 is it.", "42"),
        ("verl-gsm8k-flexible", f"42{LONG}", None),
        ("verl-math", r"\boxed{1} and \boxed{\{2\}}", r"\{2\}"),
        ("verl-math", r"\boxed{1} and \boxed{2", None),
        ("verl-math", r"$\boxed 3$, then \boxed{4}", "3"),
        ("verl-math", r"\fbox{5}", None),
        ("verl-math", r"\boxed{5}. Wait, it is 6", "5"),
        ("verl-dapo", "Answer: 4\nANSWER : $5$\nBye", "$5$"),
        ("verl-dapo", f"Answer: 4\n{LONG}", None),
        ("verl-dapo", r"\boxed{5}", None),
    ],
)
def test_a_rule_takes_what_its_harness_takes(rule: Rule, text: str, answer: str | None) -> None:
    """Each case was read off the harness's own code."""
    assert find_answer(text, [rule]) == answer


@pytest.mark.parametrize(
    ("text", "cut", "answer"),
    [
        (r"\boxed{1}, no, \boxed{2}", False, "2"),
        (r"\boxed{1} and \boxed{2", False, "1"),
        (r"\boxed{1} and \boxed{2", True, "1"),
        (r"and \boxed{2", True, None),
        # A change of mind that is not boxed is not read: a box is the answer.
        (r"\boxed{5}. Wait, that is wrong: the answer is 6.", False, "5"),
        (r"\boxed{5}. Wait, that is wrong: \boxed{6}.", False, "6"),
        (r"\boxed{3}\boxed{4} are both roots", False, "4"),
        (r"\boxed{x = \boxed{7}}", False, "7"),
    ],
)
def test_boxes_are_read_as_documented(text: str, cut: bool, answer: str | None) -> None:  # noqa: FBT001 - a case
    """The last complete box counts, whatever is said behind it; one that stays open is none."""
    assert find_answer(text, ["boxed"], cut=cut) == answer


@pytest.mark.parametrize("rule", HARNESSES)
def test_a_rule_of_a_harness_reads_a_cut_text_too(rule: Rule) -> None:
    """They do not know of cuts: whatever is there counts, where our rules find nothing."""
    for text in (r"so \boxed{12", MINERVA, "#### 4", "Answer: 4"):
        assert find_answer(text, [rule], cut=True) == find_answer(text, [rule])
    assert find_answer(r"so \boxed{12", ["boxed", "number"], cut=True) is None


def test_a_rule_of_a_harness_that_finds_nothing_leaves_the_next() -> None:
    """An empty answer of theirs takes back nothing."""
    assert find_answer(r"5 \boxed{}", ["qwen2.5-math", "number"]) == "5"
    assert find_answer("5", ["verl-math", "lm-eval-minerva", "number"]) == "5"


def test_graders_take_every_rule_by_name() -> None:
    """Own rules first; a rule's name is part of the version, so that grades of two never mix."""
    assert [*RULES] == [*OWN_RULES, *HARNESSES]
    versions = {make_grader("exact", {"extract": [rule]}).version for rule in RULES}
    assert len(versions) == len(RULES)
    problems = {"1": Problem("1", "?", "1234")}
    completion = Completion("1", 0, None, "so #### 1,234.", None, "length", None, None, None)
    (graded,) = ExactGrader(extract=("lm-eval-gsm8k-strict",)).grade(problems, [completion])
    assert (graded.outcome, graded.answer) == ("correct", "1234")


@pytest.mark.parametrize("rule", HARNESSES)
@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_texts_cost_little(rule: Rule, piece: str) -> None:
    """A long text of nothing but the words that a rule looks for takes no time that grows with its square."""
    text = piece * (200_000 // len(piece))
    start = time.process_time()
    find_answer(text, [rule])
    assert time.process_time() - start < 1.0


@given(
    st.lists(st.sampled_from([r"\boxed{", "{", "}", "#### ", "1", ".", ",", "-", "$", "answer:", "\n", "x "]))
)
def test_an_answer_is_never_empty_or_padded(pieces: list[str]) -> None:
    """Whatever the text, a rule gives None or an answer without white space around it, and never fails."""
    for rule in RULES:
        found = find_answer("".join(pieces), [rule])
        assert found is None or (found and found == found.strip())
