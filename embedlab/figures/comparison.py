"""Two tables as a picture: how far words moved, and which neighbors they kept."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from embedlab.figures.theme import (
    DARK,
    LIGHT,
    Theme,
    isolated_rcparams,
    label,
    new_figure,
    rounded_box,
)
from embedlab.traces.comparison import ComparisonTrace
from embedlab.traces.text import format_count, format_number, join_some, short_label

__all__ = ["draw_comparison"]

WIDTH, TOP, CHART, LEFT, LIST = 680, 44, 130, 230, 272
"""Pixels: of the sheet, above the charts, height and width of a chart, where the list begins."""

_BINS, _LINES, _LINE = 24, 8, 42


def draw_comparison(trace: ComparisonTrace, *, dark: bool = False) -> Figure:
    """Draw the comparison of two tables as a still picture.

    Parameters
    ----------
    trace : ComparisonTrace
    dark : bool
        Light on dark.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot.

    Examples
    --------
    >>> from embedlab.traces.comparison import trace_comparison
    >>> draw_comparison(trace_comparison(np.eye(4), np.eye(4))).get_size_inches()
    array([6.8, 4.7])
    """
    with isolated_rcparams():
        return _Picture(trace, DARK if dark else LIGHT).draw()


class _Picture:
    """The layout of the figure, in pixels."""

    def __init__(self, trace: ComparisonTrace, look: Theme):
        self.trace, self.look = trace, look
        self.listed = list(dict.fromkeys([*trace.picked, *trace.moved]))[:_LINES]
        self.axes: Axes

    def draw(self) -> Figure:
        height = TOP + 2 * CHART + 166
        figure, self.axes = new_figure(WIDTH, height, self.look)
        trace = self.trace
        self._title(16, 20, "cosine of a word's two rows")
        low = min(0.0, np.floor(float(trace.cosines.min()) * 10) / 10)
        counts = np.histogram(trace.cosines, _BINS, (low, 1))[0]
        self._bars(TOP, counts, (format_number(low, 1), "1.0"))
        y = TOP + CHART + 52
        some = "all" if trace.sampled == len(trace.words) else format_count(trace.sampled)
        self._title(16, y, f"neighbors kept of {trace.depth}, {some} words")
        overlap = np.bincount(trace.overlap[: trace.sampled], minlength=trace.depth + 1)
        self._bars(y + 24, overlap, ("0", str(trace.depth)))
        self._list()
        y = height - 56
        rounded_box(self.axes, (16, y), (WIDTH - 32, 44), self.look.panel, self.look.line)
        label(self.axes, 28, y + 13, self._rows(), self.look.ink)
        label(self.axes, 28, y + 31, self._left_out(), self.look.ink_2)
        return figure

    def _title(self, x: float, y: float, text: str) -> None:
        label(self.axes, x, y, text, self.look.ink, size=8.5, bold=True)

    def _bars(self, top: float, counts: np.ndarray, ends: tuple[str, str]) -> None:
        look, most = self.look, max(1, int(counts.max()))
        step = LEFT / len(counts)
        for n, count in enumerate(counts):
            height = (CHART - 14) * count / most
            corner = (16 + n * step + 1, top + CHART - height)
            self.axes.add_patch(Rectangle(corner, step - 2, height, color=look.accent, linewidth=0))
        bottom = top + CHART
        self.axes.plot([16, 16 + LEFT], [bottom, bottom], color=look.line, linewidth=1)
        peak = int(counts.argmax())
        at = min(max(16 + (peak + 0.5) * step, 28), LEFT)
        label(self.axes, at, top + 6, format_count(most), look.ink_2, size=7.5, align="center")
        label(self.axes, 16, bottom + 10, ends[0], look.ink_2, size=7.5)
        label(self.axes, 16 + LEFT, bottom + 10, ends[1], look.ink_2, size=7.5, align="right")

    def _list(self) -> None:
        trace, look = self.trace, self.look
        self._title(LIST, 20, "named, then moved most" if trace.picked.size else "moved most")
        label(self.axes, WIDTH - 84, 20, "cosine", look.ink_2, align="right")
        label(self.axes, WIDTH - 16, 20, f"kept of {trace.depth}", look.ink_2, align="right")
        for n, at in enumerate(self.listed):
            change, y = trace.change(int(at)), TOP + 6 + n * _LINE
            named = at in trace.picked
            label(self.axes, LIST, y, change.word, look.hit if named else look.ink, bold=True)
            cosine = format_number(change.cosine, 3)
            label(self.axes, WIDTH - 84, y, cosine, look.ink, align="right")
            label(self.axes, WIDTH - 16, y, str(len(change.common)), look.ink, align="right")
            lost, gained = (_some(words) for words in (change.lost, change.gained))
            label(self.axes, LIST + 8, y + 13, f"lost: {lost}", look.warn, size=7)
            label(self.axes, LIST + 8, y + 25, f"gained: {gained}", look.accent, size=7)

    def _rows(self) -> str:
        trace = self.trace
        one, two = (short_label(name, 16) for name in trace.names)
        mean = format_number(float(trace.cosines.mean(dtype=np.float64)), 3)
        text = f"{one} and {two}: mean cosine of a word's two rows {mean}"
        if trace.rotation is None:
            return f"{text}, as stored."
        if trace.cosine_as_stored is None:
            return f"{text} after a rotation."
        return f"{text} after a rotation, {format_number(trace.cosine_as_stored, 3)} as stored."

    def _left_out(self) -> str:
        trace = self.trace
        parts = [f"{format_count(len(trace.words), 'word')} in both"]
        for name, only in zip(trace.names, trace.only, strict=True):
            if only:
                parts.append(f"{format_count(len(only))} only in {short_label(name, 16)}")
        if trace.without_direction:
            parts.append(f"{format_count(trace.without_direction)} without a direction")
        overlap = format_number(trace.mean_overlap, 1)
        return f"{'; '.join(parts)}. On average {overlap} of {trace.depth} neighbors are kept."


def _some(words: tuple[str, ...]) -> str:
    return join_some([short_label(word, 12) for word in words], 4) if words else "none"
