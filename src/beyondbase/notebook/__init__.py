"""Verdicts from Python and in a notebook."""
