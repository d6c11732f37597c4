"""Numbers as a reader meets them: percentages, points, p-values, estimates; and the names of arms."""

import json

from beyondbase.judging.verdict import Effect
from beyondbase.results.schema.pairs import PairRecord
from beyondbase.results.schema.record import Interval
from beyondbase.results.schema.verdicts import EffectRecord

DASH = "\N{EM DASH}"
MINUS = "\N{MINUS SIGN}"
SMALLEST_P = 1e-6


def percent(share: float | None) -> str:
    """Format a share as a percentage with one decimal."""
    return DASH if share is None else f"{100 * share:z.1f}%".replace("-", MINUS)


def points(share: float | None) -> str:
    """Format a difference of shares in signed percentage points with one decimal."""
    text = DASH if share is None else f"{100 * share:+z.1f}".replace("-", MINUS)
    return "0.0" if text == "+0.0" else text


def p_value(value: float | None) -> str:
    """Format a p-value, such as ``p = .0004`` or ``p < 1e-6``."""
    if value is None:
        return DASH
    if value < SMALLEST_P:
        return "p < 1e-6"
    if value < 0.0001:
        return f"p = {value:.0e}".replace("e-0", "e-")
    if value > 0.999:
        return "p = 1" if value == 1 else "p > .999"
    return f"p = {value:.{4 if value < 0.1 else 3}f}".replace("0.", ".", 1)


def number(value: float | None) -> str:
    """Format a plain number: whole ones without decimals, others with four digits."""
    if value is None:
        return DASH
    return f"{value:,.0f}" if value == int(value) else f"{value:.4g}"


def setting(value: object) -> str:
    """Format a value of a setting: a text as it is, any other as JSON, for None is no word of a reader."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


FORMATS = {"percent": percent, "points": points, "number": number}


def estimate(value: Interval | Effect | EffectRecord, unit: str = "percent", word: str = "") -> str:
    """Format an estimate with its interval, such as ``61.6% [58.9, 64.2]``.

    Args:
        value: the estimate.
        unit: percent, points or number.
        word: what follows the estimate, such as " points".
    """
    shown = FORMATS[unit]
    middle = shown(value.estimate) + ("" if value.estimate is None else word)
    if value.lower is None and value.upper is None:
        return middle
    lower = "no lower limit" if value.lower is None else shown(value.lower).rstrip("%")
    upper = "no upper limit" if value.upper is None else shown(value.upper).rstrip("%")
    return f"{middle} [{lower}, {upper}]"


def effect(value: Effect | EffectRecord | None) -> str:
    """Format a verdict's effect in points (a share), percent (a probability), samples or as a plain number.

    What has an upper limit and nothing else is such a limit: ``up to 2.3% (95% limit)``.
    """
    if value is None:
        return DASH
    if value.unit == "k":
        return samples_text(value)
    unit, word = {"share": ("points", " points"), "probability": ("percent", "")}.get(
        value.unit, ("number", "")
    )
    if value.estimate is None and value.lower is None and value.upper is not None:
        return f"up to {FORMATS[unit](value.upper)}{word} ({number(100 * value.level)}% limit)"
    return estimate(value, unit, word)


def named_effect(value: EffectRecord | None) -> str:
    """Format an effect behind its name, such as ``RL - base pass@1: +16.5 points [+14.5, +18.6]``."""
    return DASH if value is None else f"{value.name}: {effect(value)}"


def samples_text(effect: Effect | EffectRecord) -> str:
    """A number of samples with its interval, in words where it lies below one sample or beyond the last."""
    beyond = "none" if effect.most is None else f"not up to {effect.most:,}"
    ends = _ends(effect.lower, effect.upper)
    return (beyond if effect.estimate is None else _samples(effect.estimate)) + (f" [{ends}]" if ends else "")


def _ends(lower: float | None, upper: float | None) -> str:
    if upper is None:
        return "" if lower is None else "no limits" if lower < 1 else f"{_samples(lower)} or more"
    if lower is None:
        return f"up to {_samples(upper)}"
    return "below 1" if lower < 1 and upper <= 1 else f"{_samples(lower)}, {_samples(upper)}"


def _samples(value: float) -> str:
    count = steady(value)
    if count < 1:
        return "below 1"
    return f"{count:,.0f}" if count >= 100 or count == int(count) else f"{count:.3g}"


def steady(value: float) -> float:
    """A number to nine digits: halves such as 6.25 are rounded alike, whatever the last bits of a machine."""
    return float(f"{value:.9g}")


ARM_WORDS = {
    "rl": "RL",
    "distilled": "the distilled model",
    "instruct": "the instruct model",
    "teacher": "the teacher",
    "guess": "guessing",
}


def arm_word(pair: PairRecord) -> str:
    """Name the arm that a pair sets against its base."""
    return ARM_WORDS.get(pair.role, pair.other)
