"""A chart as data: the page's script draws it and offers it as CSV."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from beyondbase.results.schema.pairs import PairRecord, ValidPair
from beyondbase.results.schema.record import BandRecord

# Names of colours in the style sheet; the script gives each a symbol and a dash of its own too.
BASE, OTHER, PLAIN, FLOOR = "base", "other", "plain", "floor"
ARM_STYLES = ("other", "third", "fourth", "fifth", "sixth", "seventh")


@dataclass(frozen=True)
class Figure:
    """One chart.

    Attributes:
        kind: how it is drawn: lines, bars, intervals, parts, dumbbells or scatter.
        title: what it shows, in a few words; the name of its CSV file too.
        alt: what a reader who cannot see it should know.
        caption: how to read it.
        data: what is drawn; None where the chart draws the table of problems.
        legend: names and styles of its series.
    """

    kind: str
    title: str
    alt: str
    caption: str
    data: Mapping[str, object] | None
    legend: tuple[tuple[str, str], ...] = field(default=())


@dataclass(frozen=True)
class Series:
    """A line with its band."""

    name: str
    style: str
    x: Sequence[float]
    estimate: Sequence[float]
    lower: Sequence[float]
    upper: Sequence[float]


def series_of(name: str, style: str, x: Sequence[float], band: BandRecord) -> Series:
    """A line with its band, at the places `x`."""
    return Series(name, style, x, band.estimate, band.lower, band.upper)


def legend_of(series: Sequence[Series]) -> tuple[tuple[str, str], ...]:
    """Names and styles of lines."""
    return tuple((item.name, item.style) for item in series)


def floors_of(pair: ValidPair) -> list[Series]:
    """The lines of the arms whose exact chances lie under the curves of a pair."""
    return [series_of(floor.arm, FLOOR, pair.curve.k, floor.band) for floor in pair.floors]


def floor_legend(pair: ValidPair) -> tuple[tuple[str, str], ...]:
    """Names and styles of these arms."""
    return tuple((f"{floor.arm} (guesses, exact)", FLOOR) for floor in pair.floors)


def pair_legend(pair: PairRecord) -> tuple[tuple[str, str], ...]:
    """Names and styles of the two arms of a pair."""
    return (f"{pair.base} (base)", BASE), (f"{pair.other} ({pair.role})", OTHER)
