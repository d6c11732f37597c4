"""Answers that no grader could decide on: what a case would be if they were right."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from beyondbase.evidence.tallies import Tally
from beyondbase.judging.case import Case

# In which arms they are right. What one arm gains helps a claim or harms it, so that the ends of what may
# be lie among these.
_WHERE: Mapping[str, Callable[[bool], bool]] = {
    "all": lambda _is_base: True,
    "base": lambda is_base: is_base,
    "others": lambda is_base: not is_base,
}
SETTLEMENTS = tuple(_WHERE)


def doubts(case: Case) -> tuple[str, ...]:
    """Say of which arms of a case too many answers are undecided."""
    return tuple(tally.doubt.reason for tally in case.tallies.values() if tally.doubt is not None)


def settled(case: Case, where: str) -> Case:
    """Give a case as it would be if the undecided answers of some of its arms were right.

    Args:
        case: The case, in whose counts they are wrong.
        where: One of `SETTLEMENTS`.
    """
    chosen = _WHERE[where]
    tallies = {
        arm: _right(tally) if chosen(arm == case.base) else tally for arm, tally in case.tallies.items()
    }
    return replace(case, tallies=tallies)


def _right(tally: Tally) -> Tally:
    return tally if tally.doubt is None else replace(tally, c=tally.c + tally.doubt.undecided)
