"""pass@k curves with matplotlib, for a notebook or a paper; the page of a report needs none of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.messages import quote, suggest
from beyondbase.results.schema.pairs import ValidPair
from beyondbase.results.schema.studies import StudyRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 3
SIZE = 4.2, 3.2
# Those of the page: blue and vermilion of Okabe and Ito, told apart by colour-blind people too.
STYLES = ("#0072b2", "-", "o"), ("#bd4c00", "--", "s")


def plot_pairs(study: StudyRecord, wanted: Sequence[str]) -> "Figure":
    """Draw pass@k with simultaneous bands, a panel for each pair.

    Args:
        study: one study of the results.
        wanted: ids of pairs, such as MATH500/grpo; all that can be judged if empty.

    Raises:
        InputError: there is no such pair, or none to draw; or matplotlib is not installed.
    """
    pairs = _chosen(study, wanted)
    # Through pyplot, which tells notebooks how to show figures; closed, so that none is shown twice.
    pyplot = require("matplotlib.pyplot", "notebook")
    across = min(COLUMNS, len(pairs))
    down = -(-len(pairs) // across)
    figure: Figure
    figure, panels = pyplot.subplots(
        down, across, figsize=(SIZE[0] * across, SIZE[1] * down), squeeze=False, layout="constrained"
    )
    pyplot.close(figure)
    for panel, pair in zip(panels.flat, pairs, strict=False):
        _draw(panel, pair)
    for panel in panels.flat[len(pairs) :]:
        panel.remove()
    return figure


def _chosen(study: StudyRecord, wanted: Sequence[str]) -> list[ValidPair]:
    known = {pair.id: pair for pair in study.pairs if isinstance(pair, ValidPair)}
    for name in wanted:
        if name not in known:
            use = f"use one of {', '.join(known) or 'none, for no pair can be judged'}{suggest(name, known)}"
            raise InputError(f"pairs: found {quote(name)}; {use}")
    if not known:
        raise InputError("pairs: the study has none that can be judged; look at its verdicts for the reasons")
    return [known[name] for name in wanted or known]


def _draw(panel: Any, pair: ValidPair) -> None:
    curve = pair.curve
    marked = [at for at, k in enumerate(curve.k) if k in pair.table_k]
    sides = (f"{pair.base} (base)", curve.base), (f"{pair.other} ({pair.role})", curve.other)
    for (label, band), (colour, dash, sign) in zip(sides, STYLES, strict=True):
        panel.fill_between(curve.k, band.lower, band.upper, color=colour, alpha=0.16, linewidth=0)
        panel.plot(curve.k, band.estimate, dash, color=colour, marker=sign, markevery=marked)
        panel.lines[-1].set_label(_plain(label))
    panel.set_xscale("log", base=2)
    panel.xaxis.set_major_formatter(lambda k, _: f"{k:g}")
    panel.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f}%")
    panel.set(xlabel="k (log scale)", ylabel="pass@k", title=_plain(f"{pair.other} on {pair.task}"))
    panel.legend()


def _plain(text: str) -> str:
    """A name as text: between dollar signs matplotlib would read mathematics."""
    return text.replace("$", r"\$")
