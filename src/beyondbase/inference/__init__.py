"""Inference on per-problem values: pure functions of arrays, free of the rest of the package."""
