"""results.json: built from judgements, read back whole and checked, and two of them compared."""
