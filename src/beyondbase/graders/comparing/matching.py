"""Elements of one text held against those of another, in order or in any."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from beyondbase.graders.comparing.decision import Verdict

Element = TypeVar("Element")
Same = Callable[[Element, Element], Verdict]


def all_same(gold: Sequence[Element], answer: Sequence[Element], same: Same[Element]) -> Verdict:
    """Compare in order."""
    if len(gold) != len(answer):
        return "different"
    undecided = False
    for pair in zip(gold, answer, strict=True):
        verdict = same(*pair)
        if verdict == "different":
            return "different"
        undecided = undecided or verdict == "undecided"
    return "undecided" if undecided else "same"


def match_any_order(
    gold: Sequence[Element], answer: Sequence[Element], same: Same[Element], *, once: bool = False
) -> Verdict:
    """Compare in any order.

    Args:
        gold: The gold elements.
        answer: The others.
        same: Compares two elements.
        once: Whether repetitions do not count, as in a set.
    """
    if not once and len(gold) != len(answer):
        return "different"
    left, undecided = list(range(len(answer))), False
    seen: set[int] = set()
    for wanted in gold:
        verdicts = {at: same(wanted, answer[at]) for at in left}
        match = next((at for at in left if verdicts[at] == "same"), None)
        if match is None:
            if "undecided" not in verdicts.values():
                return "different"
            undecided = True
            continue
        seen |= {at for at in left if verdicts[at] == "same"}
        if not once:
            left.remove(match)
    if once and not undecided and len(seen) < len(answer):
        rest = [at for at in left if at not in seen]
        return (
            "undecided"
            if any(same(wanted, answer[at]) == "undecided" for at in rest for wanted in gold)
            else "different"
        )
    return "undecided" if undecided else "same"
