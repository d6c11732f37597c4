r"""Words: text is text, never a product of letters.

``\text{}`` with letters in it, a bare word of three letters or more, or a name of two capital letters. Small
and capital letters, articles and punctuation do not count; spelling and order do.
"""

import re

_TEXT = re.compile(r"\\text\{([^{}]*)\}")
# ruff: noqa: RUF001 - apostrophes as people type them
_PLAIN = re.compile(r"[A-Za-z][A-Za-z'’ .\-]*")
_LONG = re.compile(r"[A-Za-z]{3,}")
# An angle, a side or a triangle by its letters, or a set by its name.
_FIGURE = re.compile(
    r"\\(?:angle|triangle|overline|overrightarrow)(?:\{ ?[A-Z]+ ?\}| ?[A-Z]+)"
    r"|\\math(?:bb|cal|frak)\{[A-Z]\}(?:\^(?:\{[\d+*-]\}|[\d+*-]))?"
)
_CAPITALS = re.compile(r"[A-Z]{2}")
_KNOWN = re.compile(r"(?:arc|a)?(?:sin|cos|tan|cot|sec|csc)h?|sqrt|exp|log|theta|alpha|beta|infty|pi|ln")
# Two letters are a product, but not these.
_SHORT = frozenset(("no", "on", "up", "in", "at", "to", "he", "we", "us", "it", "is", "or", "so", "go"))
_ARTICLE = re.compile(r"^(?:the|an?) ")
_NONE = frozenset(
    {
        "no solution",
        "no solutions",
        "no real solution",
        "no real solutions",
        "no such number",
        "none",
        "empty set",
        "emptyset",
        "null set",
    }
)


def words_of(text: str) -> str | None:
    """What a text in normal form says in words; None where it is no words."""
    if _FIGURE.fullmatch(text):
        return re.sub("[{} ]", "", text)
    inner = _TEXT.sub(r" \1 ", text)
    if "\\" in inner:
        return None
    plain = _PLAIN.fullmatch(inner.strip())
    said = _TEXT.search(text) and re.search(r"[A-Za-z]", inner)
    long = plain and _LONG.search(_KNOWN.sub("", inner))
    if not (said or long or inner.lower() in _SHORT or _CAPITALS.fullmatch(inner)):
        return None
    key = re.sub(r"[\s~]+", " ", re.sub(r"[.,;:!?'\"’()$*]", "", inner)).strip().casefold()
    key = _ARTICLE.sub("", key.replace(" -", "-").replace("- ", "-"))
    return "no solution" if key in _NONE else key


def in_words(text: str) -> str:
    """A text in normal form, with words for sets of numbers as these."""
    said = words_of(text)
    if said == "no solution":
        return r"\emptyset"
    return r"\mathbb{R}" if said in {"all real numbers", "all reals", "all real"} else text
