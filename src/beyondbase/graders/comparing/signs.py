"""Signs as people type them, as LaTeX commands: fractions, roots, raised and lowered digits, Greek."""

import re
import unicodedata

# ruff: noqa: RUF001 - signs as people type them are what this module reads
_LETTERS = "αβγδεζηθκλμνξπρστφχψω"
_CAPITALS = "ΓΔΘΛΞΠΣΦΨΩ"
_SIGNS = {
    "°": r"^{\circ}",
    "º": r"^{\circ}",
    "˚": r"^{\circ}",
    "’": "'",
    "′": "'",
    "÷": "/",
    "∕": "/",
    "⁄": "/",
    "√": r"\sqrt ",
    "∛": r"\sqrt[3] ",
    "≤": r"\le ",
    "⩽": r"\le ",
    "≥": r"\ge ",
    "⩾": r"\ge ",
    "≠": r"\ne ",
    "≈": r"\approx ",
    "∞": r"\infty ",
    "±": r"\pm ",
    "∓": r"\mp ",
    "∪": r"\cup ",
    "∩": r"\cap ",
    "≦": r"\le ",
    "≧": r"\ge ",
    "∠": r"\angle ",
    "△": r"\triangle ",
    "∆": r"\Delta ",
    "⊥": r"\perp ",
    "∜": r"\sqrt[4] ",
    "ℕ": r"\mathbb{N}",
    "ℚ": r"\mathbb{Q}",
    "ℂ": r"\mathbb{C}",
    "⌊": r"\lfloor ",
    "⌋": r"\rfloor ",
    "⌈": r"\lceil ",
    "⌉": r"\rceil ",
    "∧": r"\land ",
    "∨": r"\lor ",
    "⊂": r"\subset ",
    "⊆": r"\subseteq ",
    "∈": r"\in ",
    "∅": r"\emptyset ",
    "ℝ": r"\mathbb{R}",
    "ℤ": r"\mathbb{Z}",
    "∖": r"\setminus ",
    "⟨": r"\langle ",
    "⟩": r"\rangle ",
    "。": ".",
    "、": ",",
    "∶": ":",
    "ϕ": r"\phi ",
    "“": '"',
    "”": '"',
    "…": r"\ldots ",
}
_SIGNS |= dict.fromkeys("‐‑‒–—−﹣", "-") | dict.fromkeys("×·⋅∙•∗", r"\cdot ")
_SIGNS |= dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff", "")


def _greek(sign: str) -> str:
    name = unicodedata.name(sign).split()[-1].replace("LAMDA", "LAMBDA")
    return f"\\{name.capitalize() if sign in _CAPITALS else name.lower()} "


_SIGNS |= {sign: _greek(sign) for sign in _LETTERS + _CAPITALS}
_TABLE = str.maketrans(_SIGNS)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱˣ", "0123456789+-=()nix")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙₐₓ", "0123456789+-=()nax")
_SLASHED = re.compile("([⁰¹²³⁴⁵⁶⁷⁸⁹]+)⁄([₀₁₂₃₄₅₆₇₈₉]+)")
_HIGH = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱˣ]+")
_LOW = re.compile("[₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙₐₓ]+")
_VULGAR = re.compile("[¼½¾⅐-⅞]")


def typed(text: str) -> str:
    """Write the signs of a text as LaTeX commands."""
    text = _VULGAR.sub(lambda found: r"\frac{{{}}}{{{}}}".format(*_parts(found[0])), text)
    text = _SLASHED.sub(
        lambda found: rf"\frac{{{found[1].translate(_RAISED)}}}{{{found[2].translate(_LOWERED)}}}", text
    )
    text = _HIGH.sub(lambda found: f"^{{{found[0].translate(_RAISED)}}}", text)
    text = _LOW.sub(lambda found: f"_{{{found[0].translate(_LOWERED)}}}", text)
    return "".join(_plain(sign) for sign in text.translate(_TABLE)).translate(_TABLE)


def _plain(sign: str) -> str:
    """A sign in its usual form; a raised or lowered letter, or one in a circle, is not that letter."""
    kind, _, _ = unicodedata.decomposition(sign).partition(" ")
    if kind in {"<super>", "<sub>"}:
        return f"{'^' if kind == '<super>' else '_'}{{{unicodedata.normalize('NFKC', sign)}}}"
    return sign if kind == "<circle>" else unicodedata.normalize("NFKC", sign)


def _parts(sign: str) -> list[str]:
    return unicodedata.normalize("NFKC", sign).split("⁄")
