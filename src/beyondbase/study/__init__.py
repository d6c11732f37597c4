"""The study file: what a user writes in TOML, and what follows from it alone."""

from beyondbase.study.file import Expectation, Study, Task, Waiver, load_study
from beyondbase.study.margins import Grid, Margins

__all__ = ["Expectation", "Grid", "Margins", "Study", "Task", "Waiver", "load_study"]
