"""Lookups as lanes of memory: time goes right, the table goes down, a mark is a line asked for."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from embedlab.figures.chart import Chart
from embedlab.figures.theme import (
    DARK,
    LIGHT,
    Theme,
    isolated_rcparams,
    label,
    new_figure,
    rounded_box,
)
from embedlab.traces.cache_lines import CacheLineTrace
from embedlab.traces.text import format_count, short_label

__all__ = ["draw_cache_lines"]

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 680, 330, 118, 66, 92
"""Pixels: of the sheet; around the lanes."""

_MOST = 3
_GAP = 26
_NAMED = 16  # lines, and ids, that have a name each


def draw_cache_lines(
    traces: CacheLineTrace | Mapping[str, CacheLineTrace], *, dark: bool = False
) -> Figure:
    """Draw the cache lines of lookups, side by side.

    Parameters
    ----------
    traces : CacheLineTrace, or mapping of title to CacheLineTrace
        One to three, drawn on one scale.
    dark : bool
        Light on dark.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot. `embedlab.figures.png.png` makes it a small file.

    Raises
    ------
    ValueError
        For none, or more than three.

    Examples
    --------
    >>> from embedlab.traces.cache_lines import trace_cache_lines
    >>> draw_cache_lines(trace_cache_lines([3, 2, 9], 16, 8)).get_size_inches()
    array([6.8, 3.3])
    """
    lanes = {"": traces} if isinstance(traces, CacheLineTrace) else dict(traces)
    if not 1 <= len(lanes) <= _MOST:
        raise ValueError(
            f"traces must be one to {_MOST}. Received {len(lanes)}. Draw them in two pictures."
        )
    look = DARK if dark else LIGHT
    with isolated_rcparams():
        figure, axes = new_figure(WIDTH, HEIGHT, look)
        height = max(max(trace.table_lines for trace in lanes.values()), 1)
        wide = (WIDTH - LEFT - 20 - _GAP * (len(lanes) - 1)) / len(lanes)
        tall = HEIGHT - TOP - BOTTOM
        label(
            axes,
            16,
            20,
            "Which lines of memory does the lookup ask for?",
            look.ink,
            size=8.5,
            bold=True,
        )
        _legend(axes, look)
        for n, (title, trace) in enumerate(lanes.items()):
            chart = Chart(
                axes,
                look,
                (LEFT + n * (wide + _GAP), TOP),
                (wide, tall),
                x=(0, max(trace.ids.size, 1)),
                y=(height, 0),
            )
            _lane(chart, trace, short_label(title, 34), height, first=n == 0)
            _footer(axes, look, trace, chart.at[0], wide)
    return figure


def _legend(axes: Axes, look: Theme) -> None:
    x = WIDTH - 232
    axes.plot([x], [20], marker="s", markersize=5, color=look.accent, linestyle="")
    label(axes, x + 8, 20, "fetched", look.ink_2)
    axes.plot(
        [x + 76],
        [20],
        marker="s",
        markersize=4.4,
        markerfacecolor="none",
        markeredgecolor=look.hit,
        linestyle="",
    )
    label(axes, x + 84, 20, "still in the cache", look.ink_2)


def _lane(chart: Chart, trace: CacheLineTrace, title: str, height: int, *, first: bool) -> None:
    look, (left, top), (wide, tall) = chart.look, chart.at, chart.size
    chart.axes.plot(
        [left, left, left + wide], [top, top + tall, top + tall], color=look.line, linewidth=1
    )
    label(chart.axes, left, top - 16, title, look.ink, bold=True)
    if trace.ids.size <= _NAMED:
        for n, i in enumerate(trace.ids.tolist()):
            x = left + (n + 0.5) * wide / trace.ids.size
            label(
                chart.axes,
                x,
                top + tall + 10,
                f"id {i}" if n == 0 else str(i),
                look.ink_2,
                size=7,
                align="center",
            )
    else:
        label(chart.axes, left, top + tall + 10, "first id", look.ink_2, size=7)
        label(chart.axes, left + wide, top + tall + 10, "last", look.ink_2, size=7, align="right")
    step = tall / height
    if first:
        _names(chart, trace, height, step)
    if step >= 6:
        for k in range(1, height):
            y = top + k * step
            chart.axes.plot([left, left + wide], [y, y], color=look.line, linewidth=0.5, alpha=0.6)
    size = float(np.clip(min(step, wide / max(trace.ids.size, 1)) * 0.5, 1.0, 9.0))
    across, down = chart.place(trace.position + 0.5, trace.lines + 0.5)
    for which, filled in ((trace.fetched, True), (~trace.fetched, False)):
        color = look.accent if filled else look.hit
        chart.axes.plot(
            across[which],
            down[which],
            marker="s",
            linestyle="",
            markersize=size,
            color=color,
            markerfacecolor=color if filled else "none",
            markeredgewidth=min(1.2, size / 3),
        )


def _names(chart: Chart, trace: CacheLineTrace, height: int, step: float) -> None:
    """Write beside the first lane which lines these are, each by itself where there is room."""
    left, top = chart.at
    few = height <= _NAMED
    for k in range(height) if few else (0, height - 1):
        name = f"line {format_count(k)}" + (f": {_rows(trace, k)}" if few else "")
        y = top + (k + 0.5) * step
        label(chart.axes, left - 6, y, name, chart.look.ink_2, size=7, align="right")


def _rows(trace: CacheLineTrace, line: int) -> str:
    """Name the rows that lie in a cache line, wholly or in part."""
    first = line * trace.line_bytes // trace.row_bytes
    last = min(((line + 1) * trace.line_bytes - 1) // trace.row_bytes, trace.input_dim - 1)
    return f"row {first}" if first >= last else f"rows {first}–{last}"


def _footer(axes: Axes, look: Theme, trace: CacheLineTrace, left: float, wide: float) -> None:
    top = HEIGHT - BOTTOM + 26
    rounded_box(axes, (left, top), (wide, 50), look.panel, look.line)
    cache = "a cache for all" if trace.cache is None else f"a cache of {format_count(trace.cache)}"
    text = f"{format_count(trace.touched)} lines touched, {format_count(trace.fetches)} fetched"
    label(axes, left + 10, top + 16, text, look.ink, size=8 if wide > 200 else 6.8)
    label(
        axes,
        left + 10,
        top + 35,
        f"{format_count(trace.ids.size, 'id')}, {cache}",
        look.ink_2,
        size=7.5,
    )
