"""Answers found in texts, and graders that need no library: exact text and choices."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.completions import Completion, Finish, Grade, Problem
from beyondbase.errors import InputError
from beyondbase.graders import ChoiceGrader, ExactGrader, Grader, grade_batches, make_grader
from beyondbase.graders.extraction import Rule, find_answer

TEXT = st.text(max_size=60)


def completion(text: str, *, finish: Finish = "stop", problem: str = "1", index: int = 0) -> Completion:
    """A completion of a text."""
    return Completion(problem, index, 7, text, 1, finish, None, None, None)


def outcome(grader: Grader, gold: str, text: str, *, finish: Finish = "stop") -> Grade:
    """What a grader says of one text."""
    problems = {"1": Problem("1", "?", gold)}
    return next(grader.grade(problems, [completion(text, finish=finish)])).outcome


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"so \boxed{42}.", "42"),
        (r"\boxed{1}, no: \boxed{2}", "2"),
        (r"$\boxed{\frac{1}{2}}$ and done", r"\frac{1}{2}"),
        (r"\boxed {5}", "5"),
        (r"\fbox{5}", "5"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{\boxed{7}}", "7"),
        (r"\boxed{3} then \boxed{4", "3"),
        (r"} } \boxed{3} {", "3"),
        (r"\boxed{a \\}", "a \\\\"),
        (r"\boxed{ }", None),
        (r"\boxed{", None),
        (r"\boxed 5", None),
        ("no box: 5", None),
        ("", None),
    ],
)
def test_the_last_complete_box_is_the_answer(text: str, answer: str | None) -> None:
    """Braces are balanced, escaped ones are text, and a box that stays open is none."""
    assert find_answer(text, ["boxed"]) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Answer: 5", "5"),
        ("answer: 4\nThe final answer: 5\n", "5"),
        ("**Final Answer:** 12", "12"),
        ("**Answer: 12**", "12"),
        ("> ANSWER: $x$", "$x$"),
        (r"Answer: \boxed{3}", "3"),
        ("Answer:", None),
        ("The answer is 5", None),
    ],
)
def test_a_line_that_begins_with_answer_states_one(text: str, answer: str | None) -> None:
    """The last such line counts, and of a box in it the content."""
    assert find_answer(text, ["answer"]) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("The answer is 42.", "42"),
        ("So the final answer is **42**", "42"),
        ("the answer is 3.5. It is not 4", "3.5"),
        ("The answer is 1. No: the answer is 2.", "2"),
        ("The answer is $42 per day.", "42"),
        ("answer is 1,234 dollars", "1,234"),
        ("The answer is $42$ apples", "42"),
        ("the answer is (A).", "(A)"),
        ("the answer is True. Done", "True"),
        ("Final Answer: The final answer is $[2,5)$. I hope it is correct.", "$[2,5)$"),
        ("The answer would be:\n\n\\[\n\\boxed{7}\n\\]", "7"),
        (r"The answer is \(\boxed{\frac12}\), as shown", r"\frac12"),
        ("The answer is 5 + 3 = 8.", "5 + 3 = 8"),
        ("the answer is at least 42.", "at least 42"),
        ("the answer is 42 million.", "42 million"),
        ("the answer is 42 and a half", "42 and a half"),
        ("the answer is 2 thirds", "2 thirds"),
        ("the answer is 42 months", "42"),
        ("the answer is 42 x", "42 x"),
        ("the answer is 42%", "42%"),
        ("the answer is 4 apples for 2 of them", "4 apples for 2 of them"),
        ("The answer is 42. No, the answer is not 42.", None),
        ("The answer is 42. The answer is", "42"),
        ("The answer isn't 42", None),
        ("The answers is 42", None),
        ("I answer 42", None),
    ],
)
def test_a_sentence_may_state_the_answer(text: str, answer: str | None) -> None:
    """The last one counts; a unit falls away only where it cannot change the number."""
    assert find_answer(text, ["stated"]) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("5 + 3\n#### 8", "8"),
        ("#### 7\n#### 1,234 apples\n", "1,234"),
        ("#### $18.50.", "18.50"),
        ("#### **-3**", "-3"),
        ("#### 8\n\n#### Conclusion", "8"),
        ("#### Step 1: 5 + 3", None),
        ("#### 5 + 3 = 8", None),
        ("#### 2 million", None),
        ("#### 42\nWait, that is wrong.\n#### 43 or 44", None),
        ("#### 42\n#### 43 or " + "44 or " * 40, None),
        ("#### 5 below zero", None),
        ("#### 3 in ten", None),
        ("#### 7 twentieths", None),
        ("#### 5 per cent", None),
        ("#### 5 little apples on one tree", None),
        ("##### 8", None),
        ("### 8", None),
    ],
)
def test_a_number_after_hashes_is_the_answer(text: str, answer: str | None) -> None:
    """Alone on its line, as in GSM8K; headings and sums are none."""
    assert find_answer(text, ["hashes"]) == answer


def test_an_answer_that_is_taken_back_is_found_by_no_other_rule() -> None:
    """Of "the answer is not 42" the number 42 is not the answer, whatever comes after `stated`."""
    rules: tuple[Rule, ...] = ("boxed", "hashes", "stated", "number")
    assert find_answer("The answer is not 42.", rules) is None
    assert find_answer("The answer is 42. No, the answer is not 42.", rules) is None


@pytest.mark.parametrize("rule", ["stated", "hashes"])
@pytest.mark.parametrize(
    "unit", ["answer is ", "####", "#### 1", "answer is\n", "answer is 1 ", "1 ", "\\boxed{"]
)
def test_long_texts_cost_no_more_than_their_length(rule: Rule, unit: str) -> None:
    """A hundred thousand repetitions are searched within seconds."""
    start = time.process_time()
    find_answer(unit * 100_000, [rule])
    find_answer(unit * 100_000, [rule], cut=True)
    assert time.process_time() - start < 60


def test_rules_are_tried_in_their_order() -> None:
    """The first rule that finds something decides; a number is only taken where a task asks for it."""
    text = "<answer> 1 </answer> then Answer: none\nAnswer: 2\nand 3 apples"
    assert find_answer(text, ["boxed", "tag", "answer"]) == "1"
    assert find_answer(text, ["answer", "tag"]) == "2"
    assert find_answer(text, ["boxed", "number"]) == "3"
    assert find_answer(text, ["boxed"]) is None
    assert find_answer(" all of it ", ["whole"]) == "all of it"


@pytest.mark.parametrize(
    ("text", "number"),
    [("was 3, no, 1,234.5 in all", "1,234.5"), ("from 2 to -7.", "-7"), ("x2", None), ("none", None)],
)
def test_the_last_number_of_a_text_can_be_asked_for(text: str, number: str | None) -> None:
    """Thousands, signs and decimals belong to it; a digit within a word does not."""
    assert find_answer(text, ["number"]) == number


@pytest.mark.parametrize(
    ("text", "outcome_"),
    [
        (r"so \boxed{5}, as", "correct"),
        (r"so \boxed{5", "truncated"),
        ("Answer: 5\nand", "correct"),
        ("so\nAnswer: 5", "truncated"),
        ("<answer>5</answer> and", "correct"),
        ("<answer>5", "truncated"),
        ("thinking of 5", "truncated"),
        ("The answer is 5. As", "correct"),
        ("The answer is 5", "truncated"),
        ("#### 5\n", "correct"),
        ("#### 5", "truncated"),
    ],
)
def test_a_text_that_was_cut_off_keeps_what_it_had_stated(text: str, outcome_: Grade) -> None:
    """A closed box or tag and an ended line count; anything else is truncated, not unparsed."""
    grader = ExactGrader(extract=("boxed", "tag", "answer", "hashes", "stated", "number"))
    assert outcome(grader, "5", text, finish="length") == outcome_


def test_a_failed_completion_is_an_error_whatever_it_says() -> None:
    """An infrastructure error is never wrong, and never right."""
    assert outcome(ExactGrader(), "5", r"\boxed{5}", finish="error") == "error"
    assert outcome(ExactGrader(), "5", "", finish="error") == "error"


def test_a_text_without_an_answer_is_unparsed_and_one_with_another_is_wrong() -> None:
    """The two are told apart, and the answer is kept."""
    problems = {"1": Problem("1", "?", "5")}
    texts = [completion("none", index=0), completion(r"\boxed{6}", index=1)]
    graded = list(ExactGrader().grade(problems, texts))
    assert [(item.index, item.outcome, item.answer) for item in graded] == [
        (0, "unparsed", None),
        (1, "wrong", "6"),
    ]


def test_a_completion_of_an_unknown_problem_is_refused() -> None:
    """The message names the problem."""
    with pytest.raises(InputError, match='problem "9"'):
        list(ExactGrader().grade({}, [completion(r"\boxed{1}", problem="9")]))


def test_completions_are_read_as_they_are_graded() -> None:
    """A million completions never stand in memory together."""
    read = 0

    def source() -> Any:
        nonlocal read
        for read in range(1, 1_000_001):
            yield completion(r"\boxed{5}", index=read)

    graded = ExactGrader().grade({"1": Problem("1", "?", "5")}, source())
    assert next(graded).outcome == "correct"
    assert read < 10_000


@given(st.lists(st.integers(0, 4), max_size=6))
def test_batches_come_back_as_they_were(sizes: list[int]) -> None:
    """In their order and sizes, but for empty ones, from one call of the grader."""
    batches = [[completion("", index=at) for at in range(size)] for size in sizes]
    graded = grade_batches(ExactGrader(), {}, batches)
    assert [[item.index for item in batch] for batch in graded] == [
        list(range(size)) for size in sizes if size
    ]


@pytest.mark.parametrize(
    "text",
    [
        r"\boxed{" * 100_000,
        "{" * 500_000 + r"\boxed{" + "}" * 3,
        r"\boxed{1}" * 100_000 + r"\boxed{",
        "<answer>" * 100_000,
        "Answer:" * 100_000,
        "Answer:\n" * 100_000,
        "answer is " * 100_000,
        "\n" * 1_000_000,
        " " * 1_000_000,
        "*" * 1_000_000,
        r"\boxed{" + " " * 1_000_000 + "}",
        "1," * 500_000,
        "\x00\u202e\u2066" * 300_000,
        "(A" * 500_000,
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_hostile_texts_cost_no_more_than_their_length(text: str) -> None:
    """No rule takes the square of a text's length, and no text raises."""
    start = time.process_time()
    find_answer(text, ["boxed", "tag", "answer", "number"])
    ChoiceGrader().find(text)
    # The square of these lengths takes many minutes of the processor, whatever else runs on it.
    assert time.process_time() - start < 30


@given(TEXT, TEXT)
def test_a_box_around_balanced_text_gives_that_text(before: str, content: str) -> None:
    """Whatever stands before it."""
    content = content.replace("{", "").replace("}", "").replace("\\", "").strip()
    assert find_answer(f"{before}\n\\boxed{{{content}}}", ["boxed"]) in (
        {content} if content else {None, find_answer(before, ["boxed"])}
    )


@given(TEXT)
def test_exact_text_equals_itself_in_other_blanks_and_quotes(text: str) -> None:
    """What falls away before comparison makes no difference."""
    grader = ExactGrader(extract=("whole",))
    if text.strip() and text.strip() == text.strip("\"'`$*. \n\t"):
        assert outcome(grader, text, text) == "correct"
        assert outcome(grader, text, f'  "{text}".\n') == "correct"


@pytest.mark.parametrize(
    ("gold", "answer", "same"),
    [
        ("Paris", "Paris.", True),
        ("Paris", "**Paris**", True),
        ("New York", "New \n York", True),
        ("\ufb01sh", "fish", True),
        ("Paris", "paris", False),
        ("Paris", "Paris, France", False),
        ("5", "5.0", False),
    ],
)
def test_exact_compares_text(gold: str, answer: str, same: bool) -> None:  # noqa: FBT001 - a column
    """Blanks, one full stop and marks around the whole fall away, nothing else."""
    assert (outcome(ExactGrader(extract=("whole",)), gold, answer) == "correct") is same


def test_exact_may_be_told_that_case_does_not_count() -> None:
    """The option is part of the version."""
    grader = ExactGrader(extract=("whole",), case=False)
    assert outcome(grader, "STRASSE", "stra\u00dfe") == "correct"
    assert grader.version != ExactGrader(extract=("whole",)).version


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("The answer is (B).", "B"),
        ("The answer is B", "B"),
        ("the answer is (b)", "B"),
        ("The correct answer is **C**.", "C"),
        ("Answer: D", "D"),
        ("**Answer:** D", "D"),
        ("ANSWER: (D) because of x", "D"),
        (r"\boxed{B}", "B"),
        (r"$\boxed{\text{(B)}}$", "B"),
        (r"\boxed{b}", "B"),
        ("<answer>E</answer>", "E"),
        ("<answer> (e) </answer>", "E"),
        ("The correct option is C, since x", "C"),
        ("so I choose option B.", "B"),
        ("thus\nB", "B"),
        ("thus\n(B)", "B"),
        ("thus\n**B.**", "B"),
        ("B) because x", "B"),
        ("The answer is A. No: the answer is C.", "C"),
        ("The answer is A.\n\\boxed{C}", "C"),
        (r"\boxed{C} Hence the answer is (A).", "A"),
        ("the answer is a prime", None),
        ("The answer is A prime", None),
        ("The answer is A and B", None),
        ("the answer is 5", None),
        ("Because Bob", None),
        ("I think so", None),
        ("The answer is F.", None),
        ("", None),
    ],
)
def test_the_letter_stated_last_is_the_choice(text: str, letter: str | None) -> None:
    """In boxes, tags, after "answer", or alone on a line; an article or an initial is no choice."""
    assert ChoiceGrader().find(text) == letter


def test_choices_are_graded_by_their_letter() -> None:
    """The gold answer may stand in brackets; a letter beyond the choices is none."""
    assert outcome(ChoiceGrader(), "(B)", "The answer is B.") == "correct"
    assert outcome(ChoiceGrader(), "b", "The answer is C.") == "wrong"
    assert outcome(ChoiceGrader(letters="ABCDEFGHIJ"), "J", "Answer: J") == "correct"
    assert outcome(ChoiceGrader(), "B", "The answer is", finish="length") == "truncated"
    assert outcome(ChoiceGrader(), "B", "The answer is B", finish="length") == "truncated"
    with pytest.raises(InputError, match=r'problem "1": found the gold answer "Z"; write one of A, B'):
        outcome(ChoiceGrader(), "Z", "The answer is B.")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (
            "maths",
            {},
            r'found "maths" \(did you mean "math"\?\); use one of math, math-verify, exact, choice, gym',
        ),
        ("math", {"tolerence": 1}, r'unknown option "tolerence" \(did you mean "tolerance"\?\)'),
        ("math", {"tolerance": "a"}, 'tolerance: found "a"; use a number'),
        ("math", {"tolerance": 2}, "tolerance: found 2; use a share"),
        (
            "math",
            {"answer": "sets"},
            r'answer: found "sets" \(did you mean "set"\?\); use one of task, value, set',
        ),
        ("math", {"units": "none"}, 'units: found "none"; use one of drop, keep'),
        ("math", {"places": 40}, "places: found 40"),
        ("math", {"places": True}, "places: found true; use a whole number"),
        ("math", {"extract": ["box"]}, r'extract: found "box" \(did you mean "boxed"\?\)'),
        ("math", {"extract": []}, "extract: found no rule"),
        ("math", {"limit_s": 0}, "limit_s: found 0; use 0.1 or more"),
        ("math", {"workers": 0}, "workers: found 0; use 1 or more"),
        ("gym", {"memory_mib": 1}, "memory_mib: found 1; use 64 or more"),
        ("exact", {"limit_s": 1}, 'exact grader: found an unknown option "limit_s"'),
        ("exact", {"case": 1}, "case: found 1; use true or false"),
        ("choice", {"letters": "ab"}, 'letters: found "ab"'),
    ],
)
def test_a_bad_option_is_refused_by_name(name: str, options: dict[str, Any], message: str) -> None:
    """The message says what was found and what to use."""
    with pytest.raises(InputError, match=message):
        make_grader(name, options)


def test_graders_are_made_from_settings() -> None:
    """Lists become rules; the number of workers changes no version, other options do."""
    plain = make_grader("exact", {"extract": ["boxed"]})
    assert plain == ExactGrader(extract=("boxed",))
    assert plain.name == "exact"
    assert plain.version == make_grader("exact", {"extract": ["boxed"]}).version
    assert plain.version != make_grader("exact", {"extract": ["tag"]}).version


@pytest.mark.parametrize(
    ("name", "options", "digest"),
    [
        ("math", {}, "e444e43a"),
        (
            "math",
            {
                "extract": ["boxed", "tag"],
                "tolerance": 1e-3,
                "places": 3,
                "units": "keep",
                "percent": "strict",
                "answer": "set",
                "limit_s": 3,
                "memory_mib": 77,
                "workers": 3,
            },
            "c6716fc6",
        ),
        ("math-verify", {}, "51dbb9ac"),
        ("math-verify", {"limit_s": 2.5}, "079c4ee8"),
        ("exact", {}, "9a2dc26c"),
        ("exact", {"case": False, "extract": ["whole"]}, "21f68567"),
        ("choice", {}, "c25527e5"),
        ("choice", {"letters": "ABCD"}, "eb7ce47a"),
        ("gym", {}, "b99ebc8d"),
        ("gym", {"settings": {"b": 1, "a": [1, 2]}, "limit_s": 1}, "9861aaea"),
        ("countdown", {}, "7620bc81"),
        ("countdown", {"check": "result"}, "182b121c"),
    ],
)
def test_stored_grades_stay_those_of_their_grader(name: str, options: dict[str, Any], digest: str) -> None:
    """The digest of options in a version is the one that stores have: another would grade them anew."""
    assert make_grader(name, options).version.rpartition("-")[2] == digest


@pytest.mark.parametrize(
    ("grader", "gold", "rule"),
    [(ExactGrader(), "5", "text"), (ChoiceGrader(), "B", "choice")],
)
def test_every_judged_answer_has_the_rule_that_judged_it(grader: Grader, gold: str, rule: str) -> None:
    """An answer that was compared carries a rule, right or wrong; a text without one, or an error, none."""
    texts = [rf"\boxed{{{gold}}}", r"\boxed{A}", "nothing"]
    asked = [completion(text, index=place) for place, text in enumerate(texts)]
    asked.append(completion("", finish="error", index=3))
    found = [*grader.grade({"1": Problem("1", "?", gold)}, asked)]
    assert [item.outcome for item in found] == ["correct", "wrong", "unparsed", "error"]
    assert [item.rule for item in found] == [rule, rule, "", ""]
