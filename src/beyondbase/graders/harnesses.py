r"""What answer other harnesses would take from a text, by rules named after them.

They are for comparing with figures of those harnesses, faults included: unlike rules of our own they take
answers from texts that were cut off, from boxes that stay open, and from headings. Only where the answer
stands is theirs; how it is brought to a normal form and compared is the grader's. Each was written after
the source of its harness; `docs/grading.md` says which, and what else those harnesses do.

- `qwen2.5-math`: what stands between "final answer is $" and "$. I hope"; else in the last "boxed{", to its
  brace or the end of the text; else after the last "he answer is", or "final answer is", to the end of the
  text; else after the first Chinese "the answer is", to the end of its paragraph; else the last number. The
  paper's own code does the same.
- `lm-eval-minerva`: what stands between "Final Answer: The final answer is" and " I hope it is correct", on
  one line, with a character before and behind the latter.
- `lm-eval-gsm8k-strict`: the first number, commas and full stops in it, behind "#### ".
- `lm-eval-gsm8k-flexible`: the last number, or run of dollars, commas and full stops.
- `verl-gsm8k`: the last number behind "#### " in the last 300 characters.
- `verl-gsm8k-flexible`: the last number, or run of commas, in the last 300 characters.
- `verl-math`: the last box; of texts in which "\boxed " stands anywhere, what follows it up to a dollar; no
  ``\fbox``, and nothing where the last box stays open.
- `verl-dapo`: the rest of the line behind the last "answer:" (in any case) in the last 300 characters.
"""

import re
from collections.abc import Callable, Mapping

_TAIL = 300
_MARKED = re.compile(r"#### (-?[0-9.,]+)")
_MINERVA = "Final Answer: The final answer is"
_HOPE = re.compile(r". I hope it is correct.")
_QWEN_NUMBER = re.compile(r"-?\d*\.?\d+")
_LM_EVAL_NUMBER = re.compile(r"-?[$0-9.,]{2,}|-?[0-9]+")
_VERL_NUMBER = re.compile(r"-?[0-9.,]+")
_DAPO = re.compile(r"answer\s*:\s*([^\n]+)", re.IGNORECASE)
_CHINESE = "\u7b54\u6848\u662f"
# Qwen's models wrote these two letters into the midst of answers.
_STRAY = "\u043a\u0438"


def _qwen(text: str) -> str | None:
    text = text.replace(_STRAY, "")
    found = re.sub(r"\n\s*", "", _qwen_stated(text)).removeprefix(":")
    return found.removesuffix(".").removesuffix("/")


def _qwen_stated(text: str) -> str:
    if "final answer is $" in text and "$. I hope" in text:
        return text.split("final answer is $", 1)[1].split("$. I hope", 1)[0].strip()
    if "boxed" in text:
        return _qwen_box(text.rsplit("boxed", 1)[1])
    for lead in ("he answer is", "final answer is"):
        if lead in text:
            return text.rsplit(lead, 1)[1].strip()
    if _CHINESE in text:
        return text.split(_CHINESE)[1].strip().split("\n\n")[0].strip()
    numbers = _QWEN_NUMBER.findall(text.replace(",", ""))
    return str(numbers[-1]) if numbers else ""


def _qwen_box(rest: str) -> str:
    if not rest.startswith("{"):
        return rest.split("$", maxsplit=1)[0].strip()
    end = _closing(rest)
    return rest[1:] if end is None else rest[1:end]


def _closing(text: str) -> int | None:
    """The place of the brace that closes the first one; escaped braces count too."""
    depth = 0
    for brace in re.finditer(r"[{}]", text):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return brace.start()
    return None


def _lm_eval_minerva(text: str) -> str | None:
    # They put this behind every text, without a blank before it.
    for line in f"{text}I hope it is correct.".split("\n"):
        start = line.find(_MINERVA)
        end = _HOPE.search(line, start + len(_MINERVA)) if start >= 0 else None
        if end:
            return line[start + len(_MINERVA) : end.start()]
    return None


def _lm_eval_strict(text: str) -> str | None:
    found = _MARKED.search(text)
    return found and _lm_eval_plain(found[1])


def _lm_eval_flexible(text: str) -> str | None:
    found = _LM_EVAL_NUMBER.findall(text)
    return _lm_eval_plain(found[-1]) if found else None


def _lm_eval_plain(number: str) -> str:
    """Without what their comparison of GSM8K's numbers ignores."""
    return number.replace(",", "").replace("$", "").removesuffix(".")


def _verl_gsm8k(text: str) -> str | None:
    found = _MARKED.findall(text[-_TAIL:])
    return found[-1].replace(",", "") if found else None


def _verl_gsm8k_flexible(text: str) -> str | None:
    found = [number for number in _VERL_NUMBER.findall(text[-_TAIL:]) if number != "."]
    return found[-1] if found else None


def _verl_math(text: str) -> str | None:
    if r"\boxed " in text:
        return text.rsplit(r"\boxed ", 1)[1].split("$", maxsplit=1)[0]
    start = text.rfind(r"\boxed")
    rest = text[start + len(r"\boxed") :]
    end = _closing(rest) if start >= 0 and rest.startswith("{") else None
    return None if end is None else rest[1:end]


def _verl_dapo(text: str) -> str | None:
    found = _DAPO.findall(text[-_TAIL:])
    return found[-1] if found else None


HARNESSES: Mapping[str, Callable[[str], str | None]] = {
    "qwen2.5-math": _qwen,
    "lm-eval-minerva": _lm_eval_minerva,
    "lm-eval-gsm8k-strict": _lm_eval_strict,
    "lm-eval-gsm8k-flexible": _lm_eval_flexible,
    "verl-gsm8k": _verl_gsm8k,
    "verl-gsm8k-flexible": _verl_gsm8k_flexible,
    "verl-math": _verl_math,
    "verl-dapo": _verl_dapo,
}
