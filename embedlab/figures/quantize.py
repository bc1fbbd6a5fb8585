"""Quantization as a picture: one row in each scheme, its errors, bytes and neighbors."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
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
from embedlab.traces.quantize import QuantizationTrace, SchemeResult
from embedlab.traces.text import format_count, format_number, join_some, short_label

__all__ = ["draw_quantize"]

WIDTH, TOP, BAND, RULER = 680, 44, 116, 400
"""Pixels: of the sheet, above the first ruler, from one to the next, the length of a ruler."""

_COLUMNS = 32


def draw_quantize(trace: QuantizationTrace, *, dark: bool = False) -> Figure:
    """Draw one row of a table, quantized with three methods, as a still picture.

    Parameters
    ----------
    trace : QuantizationTrace
        Of any size: of a long row the first numbers are drawn.
    dark : bool
        Light on dark.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot.

    Examples
    --------
    >>> from embedlab.traces.quantize.trace import trace_quantize
    >>> draw_quantize(trace_quantize(np.eye(4))).get_size_inches()
    array([6.8, 4.5])
    """
    with isolated_rcparams():
        return _Picture(trace, DARK if dark else LIGHT).draw()


class _Picture:
    def __init__(self, trace: QuantizationTrace, look: Theme):
        self.trace, self.look = trace, look
        self.columns = min(trace.table.shape[1], _COLUMNS)
        self.values = trace.table[trace.position(), : self.columns].astype(np.float64)
        far = float(np.abs(self.values).max(initial=0)) or 1.0
        self.ends = (-1.08 * far, 1.08 * far)
        self.axes: Axes

    def draw(self) -> Figure:
        height = TOP + BAND * len(self.trace.schemes) + 58
        figure, self.axes = new_figure(WIDTH, height, self.look)
        more = self.trace.table.shape[1] - self.columns
        left_out = f", first {self.columns} of {self.columns + more} numbers" if more else ""
        title = f"{self._name(self.trace.row)} on its rulers{left_out}"
        label(self.axes, 16, 20, title, self.look.ink, size=8.5, bold=True)
        label(self.axes, 470, 20, "error of each number", self.look.ink, size=8.5, bold=True)
        worst = (
            max(
                float(np.abs(self.trace.errors(n)[self.trace.position()]).max(initial=0))
                for n in self.trace.schemes
            )
            or 1.0
        )
        for n, (name, scheme) in enumerate(self.trace.schemes.items()):
            self._ruler(TOP + n * BAND, scheme)
            self._errors(TOP + n * BAND, name, worst)
            self._words(TOP + n * BAND + 78, name, scheme)
        rounded_box(self.axes, (16, height - 46), (WIDTH - 32, 34), self.look.panel, self.look.line)
        label(self.axes, 28, height - 29, self._sentence(), self.look.ink)
        return figure

    def _ruler(self, y: float, scheme: SchemeResult) -> None:
        look, row = self.look, self.trace.row
        label(self.axes, 16, y + 6, scheme.name, look.ink, bold=True)
        chart = Chart(self.axes, look, (24, y + 20), (RULER, 40), x=self.ends, y=(0, 1))
        first = 0.0
        for d in range(self.columns):  # a group has one ruler: all of them, one above the other
            if d % (scheme.quantized.block_size or self.columns) == 0:
                levels = scheme.levels(row, d)
                inside = levels[(levels >= self.ends[0]) & (levels <= self.ends[1])]
                x = chart.place(inside, 0)[0]
                groups = -(-self.columns // (scheme.quantized.block_size or self.columns))
                tall = 22 / groups
                ticks = [[(v, y + 38 + first), (v, y + 38 + first + tall - 1)] for v in x]
                self.axes.add_collection(LineCollection(ticks, colors=look.line, linewidths=1))
                first += tall
        before = chart.place(self.values, 0)[0]
        after = chart.place(scheme.restored[self.trace.position(), : self.columns], 0)[0]
        moves = [[(b, y + 26), (a, y + 38)] for b, a in zip(before, after, strict=True)]
        self.axes.add_collection(LineCollection(moves, colors=look.hit, linewidths=1.2))
        self.axes.plot(before, np.full(len(before), y + 24), "o", color=look.accent, markersize=3.4)
        for value, align in ((self.ends[0] / 1.08, "left"), (self.ends[1] / 1.08, "right")):
            at = 24 if align == "left" else 24 + RULER
            label(self.axes, at, y + 66, format_number(value), look.ink_2, size=7, align=align)

    def _errors(self, y: float, name: str, worst: float) -> None:
        errors = np.abs(self.trace.errors(name)[self.trace.position(), : self.columns])
        chart = Chart(
            self.axes, self.look, (492, y + 8), (168, 54), x=(0, self.columns), y=(0, worst)
        )
        chart.frame("", ("", ""), ("0", format_number(worst, 3)))
        colors = [self.look.warn if e == errors.max() else self.look.accent for e in errors]
        chart.bars(np.arange(self.columns) + 0.5, errors, colors, 168 / self.columns * 0.7)

    def _words(self, y: float, name: str, scheme: SchemeResult) -> None:
        look, trace = self.look, self.trace
        share = 100 * scheme.nbytes / max(trace.bytes_before, 1)
        text = f"{format_count(scheme.nbytes, 'byte')} ({format_number(share, 0)} % of the floats)"
        label(self.axes, 24, y + 6, text, look.ink_2, size=7.5)
        names = join_some([self._name(int(i)) for i in trace.neighbors(name)], 5)
        text = f"nearest now: {names or 'none'} ({trace.neighbors_kept(name)} of {trace.k} kept)"
        label(self.axes, 24, y + 21, text, look.ink_2, size=7.5)

    def _name(self, row: int) -> str:
        return short_label(self.trace.words[row], 10) or f"row {row}"

    def _sentence(self) -> str:
        worst = {n: w.largest_error[self.trace.row] for n, w in self.trace.schemes.items()}
        errors = [f"{self.trace.schemes[n].name} {format_number(e, 4)}" for n, e in worst.items()]
        return f"Largest error of this row: {', '.join(errors)}."
