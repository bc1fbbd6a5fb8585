"""Maps of the same rows side by side, with one word and its nearest on each."""

import numpy as np
from matplotlib.figure import Figure

from embedlab.figures.theme import (
    DARK,
    LIGHT,
    Theme,
    isolated_rcparams,
    label,
    new_figure,
    rounded_box,
)
from embedlab.traces.maps import MapsTrace
from embedlab.traces.text import format_count, format_number, short_label

__all__ = ["draw_maps"]

SIDE, GAP, HEAD, FOOT, COLUMNS = 212, 16, 58, 46, 3
"""Pixels: of a map, between maps, above the first row of maps, below each; and maps in a row."""

_DOTS = 4000  # drawn on all maps together: more make the picture too large for a notebook


def draw_maps(trace: MapsTrace, *, dark: bool = False) -> Figure:
    """Draw the maps of one table side by side as a still picture.

    Parameters
    ----------
    trace : MapsTrace
    dark : bool
        Light on dark.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot.

    Examples
    --------
    >>> from embedlab.traces.maps import trace_maps
    >>> draw_maps(trace_maps(np.eye(8), ())).get_size_inches().tolist()
    [7.0, 3.52]
    """
    with isolated_rcparams():
        return _Picture(trace, DARK if dark else LIGHT).draw()


class _Picture:
    """The layout of the figure, in pixels."""

    def __init__(self, trace: MapsTrace, look: Theme):
        self.trace, self.look = trace, look

    def draw(self) -> Figure:
        trace, look = self.trace, self.look
        lines = -(-len(trace.names) // COLUMNS)
        width = GAP + COLUMNS * (SIDE + GAP)
        height = HEAD + lines * (SIDE + FOOT + 20) + 16
        figure, self.axes = new_figure(width, height, look)
        label(self.axes, GAP, 18, "the same rows on each map", look.ink, size=8.5, bold=True)
        word = short_label(trace.name(trace.picked), 24)
        label(self.axes, GAP, 36, f"{word} and its {trace.near.size} nearest by cosine", look.hit)
        label(self.axes, width - GAP, 36, self._rows(), look.ink_2, align="right")
        for n in range(len(trace.names)):
            at = GAP + n % COLUMNS * (SIDE + GAP), HEAD + n // COLUMNS * (SIDE + FOOT + 20)
            self._map(n, *at)
        return figure

    def _rows(self) -> str:
        total, fitted = len(self.trace.words), self.trace.fitted
        if fitted == total:
            return format_count(total, "row")
        return f"fitted to {format_count(fitted)} of {format_count(total)} rows"

    def _map(self, n: int, x: float, y: float) -> None:
        trace, look = self.trace, self.look
        label(self.axes, x, y + 8, trace.names[n], look.ink, bold=True)
        if trace.planes[n].shares:
            share = f"{format_number(100 * sum(trace.planes[n].shares), 0)} % of the variance"
            label(self.axes, x + SIDE, y + 8, share, look.ink_2, size=7.5, align="right")
        y += 20
        rounded_box(self.axes, (x, y), (SIDE, SIDE), look.panel, look.line)
        places = _places(trace.planes[n].points)
        sampled = np.flatnonzero(np.isfinite(places).all(axis=1))
        most = _DOTS // len(trace.names)
        if sampled.size > most:
            sampled = sampled[np.linspace(0, sampled.size - 1, most).astype(int)]
        corner = np.array([x + 8, y + 8])
        self._dots(corner + places[sampled] * (SIDE - 16), look.ink_3, 2.5, 0.5)
        near = trace.near[np.isfinite(places[trace.near]).all(axis=1)]
        self._dots(corner + places[near] * (SIDE - 16), look.accent, 14, 1)
        rows = [int(row) for row in [trace.picked, *near]]
        self._dots(corner + places[rows[:1]] * (SIDE - 16), look.hit, 26, 1)
        self._words(corner, places, rows)
        common, typical = trace.common[n], format_number(trace.typical[n], 1)
        depth = trace.near.size
        text = f"keeps {common} of {depth} here, {typical} on average"
        label(self.axes, x, y + SIDE + 12, text, look.ink)
        label(self.axes, x, y + SIDE + 27, self._quality(n), look.ink_2, size=7.5)

    def _quality(self, n: int) -> str:
        quality = self.trace.quality[n]
        if quality.trustworthiness is None or quality.continuity is None:
            return "too few rows to measure"
        trust = format_number(quality.trustworthiness, 2)
        return f"trustworthiness {trust}, continuity {format_number(quality.continuity, 2)}"

    def _dots(self, points: np.ndarray, color: str, size: float, fade: float) -> None:
        self.axes.scatter(points[:, 0], points[:, 1], s=size, color=color, alpha=fade, linewidths=0)

    def _words(self, corner: np.ndarray, places: np.ndarray, rows: list[int]) -> None:
        """Write the words of some rows, the first in any case, the others where there is room."""
        occupied: list[tuple[float, float, float, float]] = []
        for row in rows:
            if not np.isfinite(places[row]).all():
                continue
            x, y = corner + places[row] * (SIDE - 16)
            text = short_label(self.trace.name(row), 14)
            width, first = 5.2 * len(text) + 6, row == rows[0]
            left = places[row][0] > 0.6
            box = (x - width if left else x, y - 6, x if left else x + width, y + 6)
            if any(_overlap(box, other) for other in occupied):
                continue
            occupied.append(box)
            color, side = (
                (self.look.hit if first else self.look.accent),
                "right" if left else "left",
            )
            at = x - 5 if left else x + 5
            label(self.axes, at, y, text, color, size=7, bold=first, align=side)


def _overlap(one: tuple[float, ...], two: tuple[float, ...]) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]


def _places(points: np.ndarray) -> np.ndarray:
    """Return points scaled to 0..1, one scale for both axes, the second axis upwards."""
    wide = points.astype(np.float64)
    finite = wide[np.isfinite(wide).all(axis=1)]
    low, high = finite.min(axis=0), finite.max(axis=0)
    extent = float((high - low).max()) or 1.0
    return np.array((wide - (low + high) / 2) / extent * [1, -1] + 0.5)
