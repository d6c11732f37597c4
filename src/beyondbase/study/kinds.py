"""The kinds of claims, and what each comes out as where the paper is right."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Kind = Literal["finding", "counter", "companion"]
ExpectedVerdict = Literal["SUPPORTED", "REFUTED", "INCONCLUSIVE", "ANY"]

# What the chance of any false verdict is kept over: the verdicts of a claim, or all of the study.
FamilyOf = Literal["claim", "study"]

# How cases over all tasks take their mean: every problem alike, or every task; or whether there are none.
Pooled = Literal["problems", "tasks", "none"]

ANY: ExpectedVerdict = "ANY"
# Nobody says how a companion comes out: it may hold beside the findings, or not.
PAPER: Mapping[Kind, ExpectedVerdict] = MappingProxyType(
    {"finding": "SUPPORTED", "counter": "REFUTED", "companion": ANY}
)
NAMES: Mapping[Kind, str] = MappingProxyType(
    {"finding": "finding", "counter": "counter-claim", "companion": "companion"}
)
