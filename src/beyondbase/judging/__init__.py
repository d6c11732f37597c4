"""From evidence to verdicts: cases, effects, claims, and the family over which they are adjusted."""
