"""What a reader needs to trust and to cite a page: calibration in one sentence, and a reference."""

from beyondbase.results.schema import Run
from beyondbase.results.schema.studies import Results

# The summary of docs/calibration.md; a test compares the two.
CALIBRATION = (
    "Simulated under known truth with 400 replicates a cell: 95 % bands of the difference covered 96.0 % of"
    " the time or more in 49 of 49 cells; false SUPPORTED came to at most 5.5 % and"
    " false REFUTED to at most 7.0 % in 765 cells each (asked for: 5 %, two Monte-Carlo errors granted),"
    " and to 1.5 % for a whole family. Cells and laws stand in docs/calibration.md."
)


def citation(results: Results, run: Run | None) -> str:
    """Return a plain reference to the results, and to the paper that they test.

    Args:
        results: what is cited.
        run: which run made them, or None if that is not known.
    """
    suite = results.suite
    titles = "; ".join(study.title or study.id for study in results.studies)
    when = f", {run.date[:10]}" if run else ""
    digest = f" results.json sha256 {run.results_sha256}." if run else ""
    return (
        f"{titles}. Verdicts by {suite.name} {suite.version}{when}.{digest}\n"
        "Claims after: Yue et al., Does Reinforcement Learning Really Incentivize Reasoning Capacity in\n"
        "LLMs Beyond the Base Model?, arXiv 2504.13837 (NeurIPS 2025)."
    )
