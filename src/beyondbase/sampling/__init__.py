"""The only code that draws, grades and scores samples."""
