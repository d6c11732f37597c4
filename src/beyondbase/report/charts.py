"""Charts as inline SVG, made on the server: no script, no style of their own, every text escaped."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from markupsafe import Markup

from beyondbase.report.formats import percent, points

__all__ = ["difference_chart", "histogram_chart", "passk_chart"]

Pair: TypeAlias = Mapping[str, Any]
Series: TypeAlias = Mapping[str, Sequence[float | None]]

WIDTH, HEIGHT = 460, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 446, 12, 246
MOST_TICKS = 8
EMPTY = Markup("")


@dataclass(frozen=True)
class Scale:
    """A straight map from values to pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def passk_chart(pair: Pair, name: str) -> Markup:
    """Draw pass@k of both arms over k with their bands and the crossover.

    Args:
        pair: one pair of the results.
        name: prefix of the ids in the drawing, unique on the page.
    """
    curve = pair["curve"]
    arms = ("base", "other")
    x = _k_scale(curve["k"])
    y, step = _value_scale((curve[arm] for arm in arms), least=0, most=1)
    body = [_crossover(pair, x), _k_axis(x, curve["k"]), _y_axis(y, step, percent, "pass@k")]
    body += [_band(curve["k"], curve[arm], x, y, arm) for arm in arms]
    body += [_line(curve["k"], curve[arm], x, y, arm) for arm in arms]
    body += [_dots(pair, arm, x, y, percent) for arm in arms]
    desc = f"k from 1 to {pair['k_max']} on a log scale. {_said(pair)}"
    return _svg(name, "pass@k of both arms", desc, body)


def difference_chart(pair: Pair, name: str) -> Markup:
    """Draw the difference of pass@k, the other arm minus the base, with its band and zero.

    Args:
        pair: one pair of the results.
        name: prefix of the ids in the drawing, unique on the page.
    """
    curve = pair["curve"]
    series = curve["difference"]
    x = _k_scale(curve["k"])
    y, step = _value_scale([series, {"estimate": [0.0]}], least=-1, most=1)
    body = [
        _crossover(pair, x),
        _k_axis(x, curve["k"]),
        _y_axis(y, step, points, "difference in points"),
        _rule(y(0), "zero"),
        _band(curve["k"], series, x, y, "difference"),
        _line(curve["k"], series, x, y, "difference"),
        _dots(pair, "difference", x, y, points),
    ]
    return _svg(name, f"Difference of pass@k, {pair['other']} minus {pair['base']}", _said(pair), body)


def histogram_chart(pair: Pair, name: str) -> Markup:
    """Draw how many problems fall into each bin of accuracy, both arms side by side.

    Args:
        pair: one pair of the results.
        name: prefix of the ids in the drawing, unique on the page.
    """
    bars = pair["histogram"]
    most = max(1, *bars["base"], *bars["other"])
    step = max(1, round(_nice_step(most)))
    y = Scale(0, math.ceil(most / step) * step, BOTTOM, TOP)
    width = (RIGHT - LEFT) / len(bars["bins"])
    body = [_y_axis(y, step, "{:.0f}".format, "problems")]
    for index, bin_name in enumerate(bars["bins"]):
        left = LEFT + width * index
        for arm, offset in (("base", 0.1), ("other", 0.5)):
            count = bars[arm][index]
            label = f"{pair[arm]}, {bin_name}: {count}"
            body.append(_bar(arm, left + offset * width, y(count), 0.4 * width, label))
        body.append(_slanted(left + 0.62 * width, BOTTOM + 15, bin_name))
    desc = f"Share of right completions per problem, from 0 (never) to 1 (always), {len(bars['bins'])} bins."
    return _svg(name, "Problems by accuracy", desc, body)


def _svg(name: str, title: str, desc: str, body: Iterable[Markup]) -> Markup:
    frame = Markup(
        '<svg viewBox="0 0 {w} {h}" role="img" aria-labelledby="{n}-t {n}-d">'
        '<title id="{n}-t">{title}</title><desc id="{n}-d">{desc}</desc>{body}</svg>'
    )
    return frame.format(w=WIDTH, h=HEIGHT, n=name, title=title, desc=desc, body=EMPTY.join(body))


def _said(pair: Pair) -> str:
    k = pair["crossover"]["k"]
    return "The curves do not cross." if k is None else f"The base overtakes at k = {k}."


def _k_scale(ks: Sequence[int]) -> Scale:
    return Scale(0, max(1.0, math.log2(max(ks))), LEFT + 6, RIGHT - 6)


def _nice_step(span: float) -> float:
    rough = span / 5
    base: float = 10 ** math.floor(math.log10(rough))
    return next(base * factor for factor in (1, 2, 5, 10) if base * factor >= rough * 0.999)


def _value_scale(curves: Iterable[Series], *, least: float, most: float) -> tuple[Scale, float]:
    values = [value for curve in curves for column in curve.values() for value in column if value is not None]
    low, high = min(values, default=0), max(values, default=1)
    step = _nice_step(max(high - low, 0.05))
    low = max(least, math.floor(low / step - 1e-9) * step)
    return Scale(low, min(most, max(low + step, math.ceil(high / step + 1e-9) * step)), BOTTOM, TOP), step


def _known(ks: Sequence[int], column: Sequence[float | None], x: Scale, y: Scale) -> Iterator[str]:
    for k, value in zip(ks, column, strict=True):
        if value is not None:
            yield f"{x(math.log2(k)):.1f},{y(value):.1f}"


def _line(ks: Sequence[int], series: Series, x: Scale, y: Scale, css: str) -> Markup:
    path = " ".join(_known(ks, series["estimate"], x, y))
    return Markup('<polyline class="line {}" points="{}"/>').format(css, path)


def _band(ks: Sequence[int], series: Series, x: Scale, y: Scale, css: str) -> Markup:
    there, back = (list(_known(ks, series[side], x, y)) for side in ("upper", "lower"))
    return Markup('<polygon class="band {}" points="{}"/>').format(css, " ".join([*there, *back[::-1]]))


def _dots(pair: Pair, arm: str, x: Scale, y: Scale, shown: Callable[[float | None], str]) -> Markup:
    series = pair["curve"][arm]
    label = f"{pair.get(arm, arm)}, pass@"
    columns = zip(pair["curve"]["k"], series["estimate"], series["lower"], series["upper"], strict=True)
    return EMPTY.join(
        _dot(arm, x(math.log2(k)), y(value), f"{label}{k}: {shown(value)} [{shown(lower)}, {shown(upper)}]")
        for k, value, lower, upper in columns
        if k in pair["table_k"] and value is not None
    )


def _dot(css: str, x: float, y: float, text: str) -> Markup:
    square = Markup('<rect x="{:.1f}" y="{:.1f}" width="7" height="7"/>').format(x - 3.5, y - 3.5)
    circle = Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3.8"/>').format(x, y)
    hit = Markup('<circle class="hit" cx="{:.1f}" cy="{:.1f}" r="10"/>').format(x, y)
    mark = square if css == "other" else circle
    return Markup('<g class="dot {}">{}{}<title>{}</title></g>').format(css, hit, mark, text)


def _crossover(pair: Pair, x: Scale) -> Markup:
    crossing = pair["crossover"]
    if crossing["k"] is None:
        return EMPTY
    low, high = crossing["lower"] or 1, crossing["upper"]
    at, start = x(math.log2(crossing["k"])), x(math.log2(low))
    end = x.end if high is None else x(math.log2(high))
    text = f"base overtakes at k = {crossing['k']}"
    strip = Markup('<rect class="crossing" x="{:.1f}" y="{}" width="{:.1f}" height="{}">{}</rect>')
    line = Markup('<line class="crossing" x1="{:.1f}" x2="{:.1f}" y1="{}" y2="{}">{}</line>')
    title = Markup("<title>{}</title>").format
    area = strip.format(start, TOP, max(end - start, 1), BOTTOM - TOP, title(f"{text}: its interval"))
    return area + line.format(at, at, TOP, BOTTOM, title(text))


def _bar(css: str, x: float, y: float, width: float, label: str) -> Markup:
    title = Markup("<title>{}</title>").format(label)
    bar = Markup('<rect class="bar {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">{}</rect>')
    return bar.format(css, x, y, width, BOTTOM - y, title)


def _k_axis(x: Scale, ks: Sequence[int]) -> Markup:
    powers = range(math.floor(math.log2(max(ks))) + 1)
    every = math.ceil(len(powers) / MOST_TICKS)
    ticks = [_text(x(power), BOTTOM + 18, str(2**power), "tick middle") for power in powers[::every]]
    return EMPTY.join([*ticks, _text((LEFT + RIGHT) / 2, HEIGHT - 10, "k (log scale)", "label middle")])


def _y_axis(y: Scale, step: float, shown: Any, label: str) -> Markup:
    parts = []
    for index in range(round((y.high - y.low) / step) + 1):
        value = y.low + index * step
        text = shown(value).replace(".0", "") if step >= 0.01 else shown(value)
        parts += [_rule(y(value), "rule"), _text(LEFT - 6, y(value) + 4, text, "tick end")]
    middle = (TOP + BOTTOM) / 2
    turned = Markup('<text class="label middle" transform="translate(12 {}) rotate(-90)">{}</text>')
    return EMPTY.join([*parts, turned.format(middle, label)])


def _rule(y: float, css: str) -> Markup:
    line = Markup('<line class="{}" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>')
    return line.format(css, LEFT, RIGHT, y, y)


def _text(x: float, y: float, text: str, css: str) -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>').format(css, x, y, text)


def _slanted(x: float, y: float, text: str) -> Markup:
    label = Markup('<text class="tick end" transform="translate({:.1f} {:.1f}) rotate(-40)">{}</text>')
    return label.format(x, y, text)
