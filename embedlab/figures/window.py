"""A skip-gram window as a picture: text, pairs and losses, and the rows that one step updates."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from embedlab.figures.theme import (
    DARK,
    LIGHT,
    Theme,
    cells,
    isolated_rcparams,
    label,
    new_figure,
    ribbon,
    rounded_box,
    value_color,
)
from embedlab.traces.text import format_count, format_number, join_some, short_label
from embedlab.traces.window import WindowTrace

__all__ = ["draw_window"]

WIDTH, CHIPS, TOP, PITCH = 760, 38, 118, 19
"""Pixels: of the picture, above the text, above the tables, of a row."""

_ROWS, _COLUMNS, _PAIRS, _WORDS = 14, 8, 14, 9
_LABELS = 74  # pixels for the words of a table
_PAIR_X, _PAIR_WIDTH = 268, 224


def draw_window(trace: WindowTrace, *, dark: bool = False) -> Figure:
    """Draw the step at the trace's position as a still picture.

    Parameters
    ----------
    trace : WindowTrace
        Of any size: of large tables the rows of the step are drawn first, and the picture says what
        it leaves out.
    dark : bool
        Light on dark.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot. `embedlab.figures.png.png` makes it a small file.

    Examples
    --------
    >>> from embedlab.traces.window import trace_window
    >>> draw_window(trace_window([0, 1, 2, 1])).get_size_inches().tolist()
    [7.6, 3.42]
    """
    with isolated_rcparams():
        return _Picture(trace, DARK if dark else LIGHT).draw()


class _Picture:
    """The layout of the figure, in pixels."""

    axes: Axes

    def __init__(self, trace: WindowTrace, look: Theme):
        self.trace, self.look = trace, look
        self.columns = min(trace.width, _COLUMNS)
        self.cell = min(22.0, 132 / self.columns)
        self.updated = np.zeros((2, len(trace.words)), bool)
        self.pairs = slice(0, 0)
        if trace.steps:
            self.pairs = trace.pairs_of(trace.position)
            self.updated = trace.updated(trace.position)
        self.rows = [_rows_drawn(side) for side in self.updated]
        self.count = min(self.pairs.stop - self.pairs.start, _PAIRS)
        self.body = max(self.count, *map(len, self.rows), 6) * PITCH
        self.height = TOP + self.body + 110
        weights = trace.weights[trace.position]
        finite = np.abs(weights[np.isfinite(weights)])
        self.scale = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
        self.tables = (16 + _LABELS, WIDTH - 16 - self.columns * self.cell)

    def draw(self) -> Figure:
        figure, self.axes = new_figure(WIDTH, self.height, self.look)
        self._text()
        self._headings()
        self._ribbons()
        for n in range(self.count):
            self._pair(n)
        for side in range(2):
            for line, row in enumerate(self.rows[side]):
                self._row(side, line, row)
        self._footer()
        return figure

    def _text(self) -> None:
        trace, look = self.trace, self.look
        label(self.axes, 16, 20, "text", look.ink, size=8.5, bold=True)
        if not trace.steps:
            label(self.axes, 16, CHIPS + 14, "no word", look.ink_2)
            return
        count = min(_WORDS, trace.steps)
        first = min(max(0, trace.position - count // 2), trace.steps - count)
        width = (WIDTH - 32) / _WORDS
        near = set(trace.context_positions[self.pairs].tolist())
        for n in range(first, first + count):
            x = 16 + (n - first) * width
            center, context = n == trace.position, n in near
            edge = look.hit if center or context else look.line
            face = look.hit_soft if center else look.panel
            line = 1.8 if center else 1.2
            rounded_box(self.axes, (x + 2, CHIPS), (width - 6, 26), face, edge, width=line)
            ink = look.hit if center or context else look.ink
            word = short_label(trace.words[trace.ids[n]], 10)
            label(self.axes, x + width / 2 - 1, CHIPS + 13, word, ink, bold=center, align="center")
            if n > first and trace.sentence[n] != trace.sentence[n - 1]:
                self.axes.plot([x - 1, x - 1], [CHIPS - 3, CHIPS + 29], color=look.ink_3, lw=1.2)

    def _headings(self) -> None:
        ink, y = self.look.ink, TOP - 32
        size = f"{format_count(len(self.trace.words))} × {format_count(self.trace.width)}"
        label(self.axes, 16, y, f"embedding table ({size})", ink, size=8.5, bold=True)
        title = f"context table ({size})"
        label(self.axes, WIDTH - 16, y, title, ink, size=8.5, bold=True, align="right")
        label(self.axes, _PAIR_X, y, "pairs", ink, size=8.5, bold=True)
        small = self.look.ink_2
        for x, text in ((108, "x"), (160, "σ(x)"), (216, "loss")):
            label(self.axes, _PAIR_X + x, TOP - 14, text, small, size=7, align="right")

    def _pair(self, n: int) -> None:
        p, look, y = self.pairs.start + n, self.look, self._y(n)
        trace = self.trace
        true = bool(trace.batches.label[p])
        face = look.hit_soft if true else look.panel
        rounded_box(self.axes, (_PAIR_X, y - 8.5), (_PAIR_WIDTH, 17), face, look.line, width=0.7)
        word = short_label(trace.words[trace.batches.pairs[p, 1]], 9)
        ink = look.hit if true else look.ink
        label(self.axes, _PAIR_X + 6, y, f"{'+' if true else '−'} {word}", ink, bold=true)
        numbers = (trace.scores[p], trace.sigmoids[p], trace.pair_losses[p])
        for x, value in zip((108, 160, 216), numbers, strict=True):
            text = format_number(value)
            label(self.axes, _PAIR_X + x, y, text, look.ink, size=7.5, align="right")

    def _ribbons(self) -> None:
        for n in range(self.count):
            first, second = self.trace.batches.pairs[self.pairs.start + n].tolist()
            true = self.trace.batches.label[self.pairs.start + n]
            color, width = (self.look.hit, 1.5) if true else (self.look.ink_3, 0.8)
            y = self._y(n)
            if first in self.rows[0]:
                right = self.tables[0] + self.columns * self.cell + 4
                start = (right, self._y(self.rows[0].index(first)))
                ribbon(self.axes, start, (_PAIR_X - 2, y), color, width)
            if second in self.rows[1]:
                end = (self.tables[1] - _LABELS, self._y(self.rows[1].index(second)))
                ribbon(self.axes, (_PAIR_X + _PAIR_WIDTH + 2, y), end, color, width)

    def _row(self, side: int, line: int, row: int) -> None:
        y, x, look = self._y(line), self.tables[side], self.look
        if row < 0:
            label(self.axes, x, y, f"⋮  {format_count(-row)} more", look.ink_3, size=7)
            return
        on = bool(self.updated[side, row])
        values = self.trace.weights[self.trace.position, side, row, : self.columns]
        size = (self.cell, PITCH - 2.0)
        cells(self.axes, values, (x, y - 8), size, self.scale, look, 1.0 if on else 0.38)
        ink = look.hit if on else look.ink_2
        word = short_label(self.trace.words[row], 9)
        label(self.axes, x - 6, y, word, ink, bold=on, align="right", size=7.5)

    def _footer(self) -> None:
        look, y = self.look, TOP + self.body + 14
        left_out = self.pairs.stop - self.pairs.start - self.count
        if left_out:
            more = f"… and {format_count(left_out, 'pair')} more"
            label(self.axes, _PAIR_X, y, more, look.ink_2, size=7)
        for k, color in enumerate(value_color(np.linspace(-1, 1, 41), 1.0, look)):
            x = 60 + k * 2.2
            self.axes.fill_between([x, x + 2.3], y - 5, y + 5, color=tuple(color), linewidth=0)
        low, high = format_number(-self.scale), format_number(self.scale)
        label(self.axes, 56, y, low, look.ink_2, align="right", size=7)
        label(self.axes, 156, y, high, look.ink_2, size=7)
        rounded_box(self.axes, (16, y + 20), (WIDTH - 32, 62), look.panel, look.line)
        for n, text in enumerate(self._sentences()):
            label(self.axes, 28, y + 33 + 18 * n, text, look.ink if n < 2 else look.ink_2)

    def _sentences(self) -> tuple[str, ...]:
        trace = self.trace
        if self.pairs.start == self.pairs.stop:
            return ("No pair, so nothing is learned here.",)
        center = int(trace.ids[trace.position])
        before, after = (trace.weights[trace.position + k, 0, center] for k in range(2))
        grad = trace.grads[trace.position, 0, center]
        rows = int(self.updated[1].sum())
        return (
            f"loss {format_number(trace.losses[trace.position], 4)}, the mean of "
            f"{format_count(self.pairs.stop - self.pairs.start, 'pair')}: −log σ(x) for context "
            "words (+), −log(1 − σ(x)) for negatives (−)",
            f"row “{short_label(trace.words[center], 12)}”:  {_vector(before)}  −  "
            f"{trace.learning_rate:g} · {_vector(grad, 3)}  =  {_vector(after)}",
            f"this step updates 1 row of the embedding table and {format_count(rows, 'row')} of "
            "the context table",
        )

    def _y(self, line: int) -> float:
        return TOP + line * PITCH + PITCH / 2


def _vector(values: np.ndarray, digits: int = 2) -> str:
    """Return the first few numbers of a row."""
    numbers = join_some([format_number(value, digits) for value in values[:4]], 4, between="  ")
    return f"({numbers}{' …' if len(values) > 4 else ''})"


def _rows_drawn(updated: np.ndarray) -> list[int]:
    """Return the rows to draw, those of the step in any case; −k stands for k rows left out."""
    total = updated.size
    if total <= _ROWS:
        return list(range(total))
    order = np.argsort(~updated, kind="stable")[: _ROWS - 1]
    return [*sorted(order.tolist()), len(order) - total]
