"""results.json holds no digit that another machine would not print."""

from pathlib import Path

import pytest
from made_results import made_content
from results_json import content_of
from same_numbers import differences
from study_factory import BASE, RL, judged, write_study

from beyondbase.judging.verdict import Effect
from beyondbase.report.terminal import effect_text, p_text
from beyondbase.results import numbers
from beyondbase.results.build import DIGITS, PLACES


def floats(value: object, key: str = "") -> list[tuple[str, float]]:
    """Every number that is no integer, with the key that it stands under."""
    if isinstance(value, dict):
        return [found for name, item in value.items() for found in floats(item, name)]
    if isinstance(value, list):
        return [found for item in value for found in floats(item, key)]
    return [(key, value)] if isinstance(value, float) else []


def test_numbers_have_no_more_digits_than_are_reproducible() -> None:
    """Numbers have nine digits, and but for p-values none beyond the thirteenth decimal."""
    found = floats(made_content())
    assert len(found) > 100
    for key, number in found:
        assert number == float(f"{number:.{DIGITS}g}")
        assert key.startswith("p_") or key.endswith("_p") or number == round(number, PLACES)


def test_small_p_values_are_told(tmp_path: Path) -> None:
    """A p-value of 1e-30 is not zero."""
    counts = {"base": (64, [0, 32] * 40), "rl": (64, [64, 33] * 40)}
    study = write_study(tmp_path, {"base": BASE, "rl": RL}, counts)
    pair = content_of(judged(study))["studies"][0]["pairs"][0]
    assert 0 < min(pair["by_problem"]["fisher_p"]) < 1e-30


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (0.25, 0.25 * (1 + 5e-8), True),
        (0.25, 0.25 * (1 + 5e-7), False),
        (0.0, 1e-13, True),
        (0.0, 1e-11, False),
        (3, 4, False),
        ("SUPPORTED", "REFUTED", False),
        (None, 0.0, False),
    ],
)
def test_the_comparer_sees_what_differs(one: object, other: object, *, same: bool) -> None:
    """Numbers within 1e-7 of each other are the same; other numbers, texts and gaps are not."""
    here, there = ({"studies": [{"x": value}], "versions": {"numpy": value}} for value in (one, other))
    assert (differences(here, there) == []) is same
    assert differences(here, {"studies": [{}]}) != []


def test_the_comparer_reads_the_digits_of_small_p_values() -> None:
    """However small, p-values have digits that count, and other numbers below rounding have none."""
    one, other = ({"p_adjusted": value, "between": value} for value in (2e-30, 3e-30))
    assert differences(one, other) == ["/p_adjusted: 2e-30, not 3e-30"]


@pytest.mark.parametrize(
    ("estimate", "lower", "upper", "most", "said"),
    [
        (15, 8, 35, 128, "15 [8, 35]"),
        (2.8937, 2, 4, 128, "2.89 [2, 4]"),
        (1024, 699.4, 1024, 1024, "1,024 [699, 1,024]"),
        (1, 1, 1, 128, "1 [1, 1]"),
        (15, 8, None, 128, "15 [8 or more]"),
        (None, 18, None, 128, "not up to 128 [18 or more]"),
        (None, 18, None, None, "none [18 or more]"),
        (1.4, 0, 3, 128, "1.4 [below 1, 3]"),
        (0.7, 0, 3, 128, "below 1 [below 1, 3]"),
        (0.7, 0, 1, 128, "below 1 [below 1]"),
        (0, 0, None, 128, "below 1 [no limits]"),
        (7, None, 9, 128, "7 [up to 9]"),
        (7, None, None, 128, "7"),
    ],
)
def test_numbers_of_samples_are_told_in_words_where_no_number_is_true(
    estimate: float | None, lower: float | None, upper: float | None, most: int | None, said: str
) -> None:
    """What is less than one sample, or was not reached, is told as such, on a terminal and on the page."""
    found = Effect("k", estimate, lower, upper, unit="k", most=most)
    assert effect_text(found) == numbers.effect(vars(found)) == said


@pytest.mark.parametrize("off", [0.0, 3e-17, -3e-17])
def test_the_terminal_rounds_halves_alike(off: float) -> None:
    """A half, such as the exact p of three problems, is shown alike whatever its last bits."""
    half = 0.125 + off
    assert p_text(half) == "0.12"
    assert effect_text(Effect("d", 0.0625 + off, -half, half / 2)) == "+6.2 [-12.5, +6.2] pts"
    assert effect_text(Effect("k", half, half, None, unit="k")) == "below 1 [no limits]"
