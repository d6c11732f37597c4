r"""The normal form of an answer: spellings that mean the same are brought to one, and nothing else changes.

Typed signs become LaTeX commands (``½``, ``√3``, ``x²``, ``≤``), what stands around an answer falls away
(``$``, ``\boxed{}``, bold face, one full stop), spacing and sizes go (``\left``, ``\,``, ``\dfrac``), digits
in groups become one number, and arguments get their braces (``\frac12``, ``\sqrt2``).
"""

import re
from functools import lru_cache

from beyondbase.graders.comparing.signs import typed

_WRAPPERS = (
    ("$$", "$$"),
    ("$", "$"),
    (r"\(", r"\)"),
    (r"\[", r"\]"),
    ("**", "**"),
    ("*", "*"),
    ("`", "`"),
    ('"', '"'),
)
_WHOLE = re.compile(r"\\(?:boxed|fbox|text|mbox|textrm|textbf|textit|mathrm|mathbf|bf|rm)\s*\{([^{}]*)\}")
_BOX = re.compile(r"\\boxed\s*\{(.*)\}", re.DOTALL)
_TAIL = re.compile(r"(?:\\\\|\\[,;:! ]|\s)+$")
_TEXT = re.compile(
    r"\\(?:text|mbox|hbox|textrm|textbf|textit|textsf|texttt|textup|textnormal|mathrm|mathit|mathsf|operatorname\*?"
    r"|mathbf|boldsymbol|bm|pmb)(?![A-Za-z])\s*(?:\{([^{}]*)\}|([A-Za-z0-9]))"
)
_UNITS = frozenset("mgsNJWVAKLhCTF")
_MORE_UNITS = re.compile(
    r"(?:\\(?:mathrm|text|rm)\s*\{[^{}]*\}|\^\s*(?:\{\s*-?\d\s*\}|\d)|\\cdot(?![a-z])|\\[,;: ]|[\s~/.,$])*"
)
_RAISED_TEXT = re.compile(r"(\\(?:mathrm|text|rm)\s*\{[^{}]*)\^\s*(?:\{\s*(-?\d)\s*\}|(\d))([^{}]*\})")
_BOLD = re.compile(
    r"\\(?:mathbf|boldsymbol|bm|pmb|textbf|hat|vec|widehat|overrightarrow)\s*(?:\{\s*(?:\\(?:mathbf|bf|boldsymbol)\s*\{?\s*)?\\?([ijk])(?:math)?\s*\}?\s*\}|([ijk])(?![A-Za-z]))"
)
_RULES = tuple(
    (re.compile(pattern), put)
    for pattern, put in (
        (r"\\(?:left|right|[bB]igg?[lrm]?|displaystyle|textstyle|limits|nolimits)(?![A-Za-z])\.?", ""),
        (r"(?<=\d)(?:\{,\}|,\\!)\s?(?=\d{3}(?!\d))", ""),
        (r"\\(?:[dtc]|nice|s|x)frac(?![A-Za-z])", r"\\frac"),
        (r"\\bigcup(?![A-Za-z])|(?<=[)\]])\s*U\s*(?=[(\[])", r"\\cup "),
        (
            r"(?<=\d)\s*(?:\^\s*\{?\s*)?\\text\{(?:st|nd|rd|th)\}\}?|(?<=\d)(?:(?:st|nd|rd|th)(?![A-Za-z])|\^\{th\})",
            "",
        ),
        (r"_\s*\{\s*(?:\\text\{(\w+)\}|\((\d+)\))\s*\}|_\\text\{(\w+)\}", r"_{\1\2\3}"),
        (
            r"(?<=[\dA-F])\}?\s*(?:\\text\{)?\(?(?:in )?\bbase(?:[ -]|\}\s*)+(\d{1,2}|[a-z]{3,7})\)?\}?$",
            r"_{\1}",
        ),
        (r"_\{(\w)\}(?!\w)", r"_\1"),
        (r"\\(?:cent|textcent)(?![A-Za-z])(?:\{\})?", "¢"),
        (r"\{([^{}]*?)\s*\\over(?![A-Za-z])\s*([^{}]*)\}", r"\\frac{\1}{\2}"),
        (r"^([^{}]*?)\s*\\over(?![A-Za-z])\s*([^{}]*)$", r"\\frac{\1}{\2}"),
        (r"\\(?:text)?color\s*\{[^{}]*\}|\\underline(?![A-Za-z])", ""),
        (r"^\(?\s*(?:\\text\{)?([A-Z])\}?\s*[).:]$", r"\1"),
        (r"(?<=\d)\s*\^\s*\{?o\}?(?![A-Za-z])|\\text\{\s*\^\{\\circ\}\s*\}", r"^{\\circ}"),
        (r"\\text\{\s*\^\{\\circ\}\s*([CF])\s*\}", r"^{\\circ}\1"),
        (r"\\[dt]binom(?![A-Za-z])", r"\\binom"),
        (r"(?<!\\)\\!", ""),
        (r"(?<!\\)\\(?:(?:quad|qquad|thinspace|enspace|hspace\{[^{}]*\})(?![A-Za-z])|[,;:> ])|~|\s", " "),
        (r"(?<=\})\s*\\times(?=\s*\\vec)", r"\\crossed"),
        (r"\\(?:times|ast|bullet)(?![A-Za-z])", r"\\cdot"),
        (r"(?<=\d)\s*[xX]\s*(?=10\s*(?:\^|\*\*))", r"\\cdot "),
        (r"\\(?:div)(?![A-Za-z])", "/"),
        (r"\\(?:leq|leqslant)(?![A-Za-z])|<=", r"\\le "),
        (r"\\(?:geq|geqslant)(?![A-Za-z])|>=", r"\\ge "),
        (r"\\neq(?![A-Za-z])|\\not\s*=|!=", r"\\ne "),
        (r"\\lt(?![A-Za-z])", "<"),
        (r"\\gt(?![A-Za-z])", ">"),
        (r"\\(?:simeq|thickapprox|doteq)(?![A-Za-z])|\\sim(?![A-Za-z])(?=\s*[\d-])", r"\\approx "),
        (r"\\(?:varnothing|O|empty)(?![A-Za-z])", r"\\emptyset"),
        (
            r"\\(?:mathbb|Bbb|mathbf)\s*\{?\s*R\s*\}?(?![A-Za-z])|\\(?:R|Reals|reals)(?![A-Za-z])",
            r"\\mathbb{R}",
        ),
        (r"\\backslash(?![A-Za-z])|\\smallsetminus(?![A-Za-z])", r"\\setminus"),
        (r"\\(?:lbrace)(?![A-Za-z])", r"\\{"),
        (r"\\(?:rbrace)(?![A-Za-z])", r"\\}"),
        (r"\\(?:lvert|rvert|vert|mid)(?![A-Za-z])", "|"),
        (r"\\colon(?![A-Za-z])|\{:\}", ":"),
        (r"\\text\{\\?\$\}|\{\\?\$\}|\\\$", "$"),
        (r"\\%", "%"),
        (r"(?<=[\d}])\s*(?:\\text\{ ?(?:per ?cent(?:age)?|pct) ?\}|(?:per ?cent(?:age)?|pct)(?![a-z]))", "%"),
        (r"\\(?:euro|texteuro)(?![A-Za-z])(?:\{\})?", "€"),
        (r"\\(?:pounds|textsterling)(?![A-Za-z])(?:\{\})?", "£"),
        (r"\^\s*(?:\{\s*\\circ\s*\}|\\circ|\\degree)|\\(?:degree|deg)(?![A-Za-z])", r"^{\\circ}"),
        (r"\{([^{}]*?)\s*\\choose\s*([^{}]*)\}|^([^{}]*?)\s*\\choose\s*([^{}]*)$", r"\\binom{\1\3}{\2\4}"),
        (r"\\pmod\s*(\d+|[A-Za-z])", r"\\pmod{\1}"),
        (r"(?<=\\mathbb\{R\})\s*-\s*(?=\\\{)", r"\\setminus "),
        (r"^Matrix\((\[.*\])\)$", r"\1"),
        (r"\\var(epsilon|theta|phi|rho|sigma|kappa|pi)(?![A-Za-z])", r"\\\1"),
        (r"\\(?:dots|cdots|ldots|dotsc)(?![A-Za-z])|\.\.\.", r"\\ldots "),
        (r"\\(?:overline|bar)(?![A-Za-z])", r"\\overline"),
        (r"\\(?:infin|infty)(?![A-Za-z])|(?<![A-Za-z\\])inf(?:inity)?(?![A-Za-z])", r"\\infty "),
        (r"\\(frac|binom)\s*(\d|[A-Za-z])\s*(\d|[A-Za-z])", r"\\\1{\2}{\3}"),
        (r"\\(frac|binom)\s*(\d|[A-Za-z])\s*\{", r"\\\1{\2}{"),
        (r"(\\frac\s*\{[^{}]*\})\s*(\d|[A-Za-z])", r"\1{\2}"),
        (r"(\\sqrt(?:\s*\[[^\[\]{}]*\])?)\s*(\d+(?:\.\d+)?|[A-Za-z])", None),
        (r"(?<![\d.,])\d{1,3}(?: \d{3})+(?![\d/]| \d)", None),
        (r"\b([ap])\.\s?m\.?(?![A-Za-z])", r"\1m"),
        (r"\s+", " "),
    )
)
# Commands with their backslash written twice, as in a string of some language; elsewhere \\ ends a line.
_TWICE = re.compile(
    r"\\\\(?=(?:[dt]?frac|left|right|sqrt|pi|theta|alpha|leq?|geq?|cdot|times|infty|text|cup|cap|pm|in|circ)(?![A-Za-z]))"
)
_GAP = re.compile(r"(?<![A-Za-z0-9]) | (?![A-Za-z0-9])")
_OPEN_ENDS = re.compile(r"([\[\]])([^\[\]()]*,[^\[\]()]*)([\[\]])")
_LONGEST_ROUNDS = 6


_THOUSANDS = re.compile(r"(?<![\d.,(\[])(?<!\\\{)[1-9]\d{0,2}(?:,\d{3})+(?![\d)\]]|,\d|\\\})")


@lru_cache(maxsize=8192)
def normal(text: str, *, grouped: bool = True) -> str:
    """Bring an answer to its normal form.

    Args:
        text: The answer.
        grouped: Whether 54,108 is one number, thousands set apart, rather than two.
    """
    if not text.isascii():
        text = typed(text)
    text = text.strip()
    if "\\\\" in text and r"\begin" not in text:
        text = _TWICE.sub(r"\\", text)
    for _ in range(_LONGEST_ROUNDS):
        text, before = _unwrapped(text), text
        if text == before:
            break
    for _ in range(_LONGEST_ROUNDS if "rm" in text or "text" in text else 0):
        # \mathrm{m\,s^{-2}} as \mathrm{m\,s}^{-2}.
        text = _RAISED_TEXT.sub(r"\1}^{\2\3}\\mathrm{\4", text)
    text = _BOLD.sub(lambda found: rf"\vec{{{found[1] or found[2]}}}", text)
    text = _TEXT.sub(_font, text)
    for pattern, put in _RULES:
        text = pattern.sub(_mended if put is None else put, text)
    # What begins with a zero is no number of its own: 1,000 is one in any case.
    text = _THOUSANDS.sub(
        lambda found: found[0].replace(",", "") if grouped or ",0" in found[0] else found[0], text
    )
    text = _GAP.sub("", text.strip())
    if text.startswith("]") or text.endswith("["):
        text = _OPEN_ENDS.sub(_turned, text)
    return text


def _unwrapped(text: str) -> str:
    text = _TAIL.sub("", text)
    if text.endswith((".", ",", ";")) and not text.endswith((r"..", "\\.", "\\,", "\\;")):
        text = text[:-1].rstrip()
    if whole := _WHOLE.fullmatch(text):
        return whole[1].strip()
    if (box := _BOX.fullmatch(text)) and _balanced(box[1]):
        return box[1].strip()
    for left, right in _WRAPPERS:
        inner = text[len(left) : -len(right)]
        whole_is = len(text) > len(left) + len(right) and text.startswith(left) and text.endswith(right)
        if whole_is and left not in inner.replace(r"\$", "") and not inner.endswith("\\"):
            return inner.strip()
    if text.startswith("{") and text.endswith("}") and _balanced(text[1:-1]):
        return text[1:-1].strip()
    return text


def _balanced(text: str) -> bool:
    depth = 0
    for sign in re.findall(r"\\.|[{}]", text):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth < 0:
            return False
    return depth == 0


def _font(found: re.Match[str]) -> str:
    inner = (found[1] if found[1] is not None else found[2]).strip()
    if found[0].startswith(r"\operatorname"):
        return rf"\{inner} " if inner.isalpha() else inner
    if found[0].startswith((r"\mathrm", r"\text{~", r"\text{ ")) and _is_unit(inner, found):
        return rf"\text{{{inner}}}"
    if len(inner) == 1 and (inner.isalpha() and not found[0].startswith((r"\text", r"\mbox"))):
        # A letter by itself in upright type is that letter; in \text{} it may be a unit.
        return f"{inner} " if found[0].startswith((r"\mathrm", r"\mathbf", r"\mathit")) else inner
    if inner in {"e", "i"}:
        return f"{inner} "
    if inner.replace(".", "", 1).isdigit() or inner in {"$", "%", "=", ",", ":", ".", "¢", "€", "£"}:
        return inner
    return rf"\text{{{inner}}}" if inner else " "


def _is_unit(letter: str, found: re.Match[str]) -> bool:
    """Whether an upright letter stands behind a number, and nothing but units behind it."""
    text = found.string
    after_number = re.search(r"[\d})](?:\\[,;: ]|[~\s])*$", text[: found.start()])
    return (
        letter in _UNITS and after_number is not None and _MORE_UNITS.fullmatch(text, found.end()) is not None
    )


def _mended(found: re.Match[str]) -> str:
    if found[0].startswith(r"\sqrt"):
        head, body = found.groups()
        # \sqrt23 is the root of 2, times 3; √23 typed as a sign is of all digits.
        spaced = found[0][len(head) :].startswith(" ")
        return f"{head}{{{body}}}" if spaced or len(body) == 1 else f"{head}{{{body[0]}}}{body[1:]}"
    return found[0].replace(" ", "")


def _turned(found: re.Match[str]) -> str:
    left, inner, right = found.groups()
    return ("(" if left == "]" else "[") + inner + (")" if right == "[" else "]")
