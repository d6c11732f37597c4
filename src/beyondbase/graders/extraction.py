r"""What answer a completion states: found by rules that a task names, in their order.

- `boxed`: what stands in the last complete ``\boxed{...}`` (or ``\fbox{...}``), braces balanced.
- `tag`: what stands in the last ``<answer>...</answer>``; of a box in it, the box's content.
- `answer`: the rest of the last line that begins with "Answer:" or "Final answer:" (in any case, also
  in bold); of a box in it, the box's content.
- `hashes`: the number that the last "####" is followed by, alone on its line, as GSM8K writes its answers.
- `stated`: what follows the last "answer is" (in any case), to the end of its sentence or line, or the next
  line where the rest of its own is empty; of a box in it, the box's content. "The answer is not 5", where it
  stands last, takes back what was stated before.
- `number`: the last number of the text. Only where a task asks for it: it turns any text into a guess.
- `whole`: the whole text.
- The names in `beyondbase.graders.harnesses`: what other harnesses would take.

For `hashes` and `stated` a number with a sign of money before it, or words for its unit behind it, is the
number ("$42 per day"); not so where what is behind it may change it: a further digit, an operator, a single
letter, "million", "percent", "and", "or", "half" and their like. Of those `stated` finds the whole sentence,
and `hashes` nothing.

A completion that was cut off ("length") still has the answer that it had stated before: a box or tag
that is closed, a line that has ended. The last number of a text that was cut off is no answer.
"""

import re
from collections.abc import Callable, Sequence
from typing import Literal, get_args

from beyondbase.graders.harnesses import HARNESSES

OwnRule = Literal["boxed", "tag", "answer", "hashes", "stated", "number", "whole"]
Rule = (
    OwnRule
    | Literal[
        "qwen2.5-math",
        "lm-eval-minerva",
        "lm-eval-gsm8k-strict",
        "lm-eval-gsm8k-flexible",
        "verl-gsm8k",
        "verl-gsm8k-flexible",
        "verl-math",
        "verl-dapo",
    ]
)
OWN_RULES: tuple[OwnRule, ...] = get_args(OwnRule)
RULES: tuple[Rule, ...] = tuple(rule for kind in get_args(Rule) for rule in get_args(kind))

_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_BRACES = re.compile(r"\\(?:boxed|fbox)\s*\{|\\.|[{}]", re.DOTALL)
_LINE = re.compile(r"^[ \t>*_#-]*(?:the[ \t]+)?(?:final[ \t]+)?answer[ \t*_]*:(.*)$", re.IGNORECASE)
_FIGURE = r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_NUMBER = re.compile(rf"(?<![\w.]){_FIGURE}")
_IS = re.compile(r"\banswer[*_ \t]{0,4}\s{1,4}(?:is|would be)\b[*_ \t]{0,4}:?", re.IGNORECASE)
_HASHES = re.compile(r"(?<!#)####(?!#)[ \t]*([^\n]*)(?:\n|\Z)")
_SENTENCE = re.compile(r"\.(?=[\s*_\"')]|\Z)")
_UNITS = re.compile(rf"(?:\\?[$€£] ?)?({_FIGURE})[$*_.]{{0,4}}((?:[ -][A-Za-z]{{2,}}[$*_.,]{{0,4}}){{0,3}})")
# Words that change a number which they follow, rather than name its unit.
_CHANGING = re.compile(
    r"\b(?:and|or|plus|minus|times|over|by|to|point|pi|percent|dozens?|hundreds?|thousands?|[a-z]*illions?"
    r"|half|halves|thirds?|quarters?|(?:four|fif|six|seven|eigh|nin|ten|hundred|thousand|[a-z]+teen)?ths?"
    r"|squared|cubed|sqrt|root|if|not|more|less|fewer|short|factorial|remainder|base|mod|modulo|in|out|past"
    r"|below|above|under|negative|per[ -]?cents?|percentage|lakhs?|crores?|bn|mn|grand|pairs?|score|gross"
    r"|fold|twice|doubled?|tripled?|twelf(?:th|ths)|[a-z]+tieths?)\b",
    re.IGNORECASE,
)
# What `stated` finds in a text that takes back its answer.
_RETRACTED = ""
# No statement is longer.
_STATEMENT = 1000


def find_answer(text: str, rules: Sequence[Rule], *, cut: bool = False) -> str | None:
    """Find the answer that a text states, by the first rule that finds one.

    Args:
        text: The completion.
        rules: What to try, in this order.
        cut: Whether the text was cut off, so that its end is no end.

    Returns:
        The answer without the white space around it, never empty; None where there is none.
    """
    for rule in rules:
        harness = HARNESSES.get(rule)
        # They take back nothing: an empty answer of theirs is none.
        found = (harness(text) or None) if harness else _FINDERS[rule](text, cut)
        if found is not None and (answer := found.strip()):
            return answer
        if found == _RETRACTED:
            # No other rule may find the very answer that the text takes back.
            return None
    return None


def last_box(text: str) -> str | None:
    r"""Find the content of the complete ``\boxed{...}`` that opens last."""
    start = max(text.rfind(r"\boxed"), text.rfind(r"\fbox"))
    if start < 0:
        return None
    opening = _BOX.match(text, start)
    end = _closing(text, opening.end()) if opening else None
    if opening and end is not None:
        return text[opening.end() : end]
    return _last_complete_box(text)


def _closing(text: str, start: int) -> int | None:
    """The place of the brace that closes the one before `start`."""
    depth = 1
    for token in _BRACES.finditer(text, start):
        if token[0] == "}":
            depth -= 1
        elif token[0].endswith("{") and token[0] != r"\{":
            depth += 1
        if depth == 0:
            return token.start()
    return None


def _last_complete_box(text: str) -> str | None:
    """One pass over all braces: a text of nothing but openings must not cost the square of its length."""
    opened: list[tuple[int, bool]] = []
    best: tuple[int, int] | None = None
    for token in _BRACES.finditer(text):
        if token[0] == "}":
            start, is_box = opened.pop() if opened else (0, False)
            if is_box and (best is None or start > best[0]):
                best = start, token.start()
        elif token[0].endswith("{") and token[0] != r"\{":
            opened.append((token.end(), len(token[0]) > 1))
    return text[slice(*best)] if best else None


def last_tag(text: str) -> str | None:
    """Find the content of the last complete <answer>...</answer>."""
    end = text.rfind("</answer>")
    start = text.rfind("<answer>", 0, end) if end >= 0 else -1
    return text[start + len("<answer>") : end] if start >= 0 else None


def last_line(text: str, *, cut: bool = False) -> str | None:
    """Find the rest of the last line that begins with "Answer:"; a line that was cut off does not count."""
    lines = text.splitlines(keepends=True)
    if cut and lines and lines[-1].splitlines()[0] == lines[-1]:
        lines.pop()
    for line in reversed(lines):
        # Looking for the word first spares the pattern on nearly all lines.
        if "nswer" in line or "NSWER" in line:
            found = _LINE.match(line.rstrip("\r\n"))
            if found and (stated := _unmarked(found[1])):
                return stated
    return None


def last_statement(text: str, *, cut: bool = False) -> str | None:
    """Find what follows the last "answer is"; a sentence that was cut off does not count."""
    for found in reversed([*_IS.finditer(text)]):
        said = text[found.end() : found.end() + _STATEMENT]
        stated = _first_sentence(said, cut=cut and found.end() + _STATEMENT >= len(text))
        if stated:
            return _RETRACTED if stated.lower().startswith("not ") else _without_unit(stated)
    return None


def _first_sentence(text: str, *, cut: bool) -> str | None:
    lines = [line for line in text.split("\n") if line.strip().strip("*_:")]
    # A displayed formula begins on a line of its own.
    lines = lines[1:] if lines and lines[0].strip() in {"$$", r"\["} else lines
    if not lines:
        return None
    if box := last_box(lines[0]):
        return box
    sentence, *rest = _SENTENCE.split(lines[0], maxsplit=1)
    if cut and not rest and text.endswith(lines[0]):
        return None
    return _unmarked(sentence)


def _last_hashes(text: str, cut: bool) -> str | None:  # noqa: FBT001 - all finders take the same two
    for found in reversed([*_HASHES.finditer(text)]):
        if cut and not found[0].endswith("\n"):
            continue
        number = _UNITS.fullmatch(_unmarked(found[1]))
        if number and not _CHANGING.search(number[2]):
            return number[1]
        # A heading without a figure says nothing; another answer gives up the one before it.
        if any(letter.isdigit() for letter in found[1]):
            return None
    return None


def _without_unit(text: str) -> str:
    found = _UNITS.fullmatch(text)
    return found[1] if found and not _CHANGING.search(found[2]) else text


def _unmarked(text: str) -> str:
    for mark in ("**", "__"):
        text = text.strip().removeprefix(mark).removesuffix(mark)
    return text.strip()


def _boxed_within(text: str | None) -> str | None:
    return None if text is None else last_box(text) or text


def _number(text: str, cut: bool) -> str | None:  # noqa: FBT001 - all finders take the same two
    found = None if cut else [*_NUMBER.finditer(text)][-1:]
    return found[0][0] if found else None


_FINDERS: dict[str, Callable[[str, bool], str | None]] = {
    "boxed": lambda text, _cut: last_box(text),
    "tag": lambda text, _cut: _boxed_within(last_tag(text)),
    "answer": lambda text, cut: _boxed_within(last_line(text, cut=cut)),
    "hashes": _last_hashes,
    "stated": lambda text, cut: last_statement(text, cut=cut),
    "number": _number,
    "whole": lambda text, cut: None if cut else text,
}
