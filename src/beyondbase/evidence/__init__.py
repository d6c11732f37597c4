"""What is judged, read and never written: counts, chances, likelihoods, and whether they are fit."""
