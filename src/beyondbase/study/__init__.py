"""The study file: what a user writes in TOML, and what follows from it alone."""

from beyondbase.study.file import Expectation, Grid, Margins, Study, Task, Waiver, load_study

__all__ = ["Expectation", "Grid", "Margins", "Study", "Task", "Waiver", "load_study"]
