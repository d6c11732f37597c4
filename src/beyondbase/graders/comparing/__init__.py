"""A strict comparison of mathematical answers, in layers, each of which says what it decided."""

from beyondbase.graders.comparing.comparer import Comparer
from beyondbase.graders.comparing.decision import Decision, Verdict
from beyondbase.graders.comparing.plain import decide_plainly

__all__ = ["Comparer", "Decision", "Verdict", "decide_plainly"]
