"""A backward pass as a picture: gradient rows, their sums in the table, and the check's V."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from embedlab.figures.chart import Chart
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
)
from embedlab.traces.gradient import GradientTrace
from embedlab.traces.gradient.check import STEPS
from embedlab.traces.gradient.report import RULES
from embedlab.traces.text import format_count, format_number, join_some, short_label

__all__ = ["draw_gradient"]

WIDTH, TOP, ROWS, TABLE, CHART = 680, 44, 112, 322, 506
"""Pixels: of the sheet, above the first row; where gradient rows, table and chart begin."""

_TOKENS, _TABLE_ROWS, _COLUMNS, _CELL = 10, 16, 8, (13.0, 19.0)


def draw_gradient(trace: GradientTrace, *, rule: str = "add", dark: bool = False) -> Figure:
    """Draw one backward pass as a still picture.

    Parameters
    ----------
    trace : GradientTrace
        Of any size: of many tokens, rows and columns the first are drawn, and the picture says
        what it leaves out.
    rule : {"add", "assign"}
        Whose gradient stands in the table.
    dark : bool
        Light on dark.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot.

    Raises
    ------
    ValueError
        For another rule.

    Examples
    --------
    >>> from embedlab.traces.gradient.trace import trace_gradient
    >>> draw_gradient(trace_gradient(np.eye(4), [2, 0, 2])).get_size_inches()
    array([6.8, 3.1])
    """
    trace.analytic(rule)  # refuses another rule
    with isolated_rcparams():
        return _Picture(trace, rule, DARK if dark else LIGHT).draw()


class _Picture:
    def __init__(self, trace: GradientTrace, rule: str, look: Theme):
        self.trace, self.rule, self.look = trace, rule, look
        self.pairs = min(len(trace.pair_ids), _TOKENS)
        self.columns = min(trace.table.shape[1], _COLUMNS)
        self.rows = _rows_drawn(trace)
        body = max(len(self.rows) * _CELL[1], self.pairs * 27, 176)
        self.height = TOP + body + 90
        self.pair_top = TOP + (body - self.pairs * 27) / 2
        self.row_top = TOP + (body - len(self.rows) * _CELL[1]) / 2
        pairs = np.abs(trace.pair_rows[np.isfinite(trace.pair_rows)])
        sums = np.abs(trace.added[np.isfinite(trace.added)])
        self.scale = max(pairs.max(initial=0), sums.max(initial=0)) or 1.0
        self.axes: Axes

    def draw(self) -> Figure:
        figure, self.axes = new_figure(WIDTH, self.height, self.look)
        ink, look = self.look.ink, self.look
        label(self.axes, 16, 20, "upstream gradient of each token", ink, size=8.5, bold=True)
        word = "added" if self.rule == "add" else "assigned: the last one wins"
        label(self.axes, TABLE, 20, f"gradient of the table, {word}", ink, size=8.5, bold=True)
        last = {int(i): n for n, i in enumerate(self.trace.pair_ids)}
        for n in range(self.pairs):
            self._pair(n, lost=self.rule == "assign" and last[int(self.trace.pair_ids[n])] != n)
        grad = self.trace.analytic(self.rule)
        for line, row in enumerate(self.rows):
            self._row(line, row, grad[row])
        if len(self.trace.pair_ids) > self.pairs or len(self.rows) < len(self.trace.table):
            more = f"not drawn: {format_count(len(self.trace.pair_ids) - self.pairs, 'token')}, "
            more += format_count(len(self.trace.table) - len(self.rows), "row")
            label(self.axes, 16, self.height - 66, more, look.ink_2, size=7)
        self._chart()
        rounded_box(self.axes, (16, self.height - 54), (WIDTH - 32, 42), look.panel, look.line)
        label(self.axes, 28, self.height - 42, self._sentence(), ink)
        label(self.axes, 28, self.height - 24, self._conclusion(), look.ink_2)
        return figure

    def _pair(self, n: int, lost: bool) -> None:
        look, y = self.look, self.pair_top + n * 27
        row = int(self.trace.pair_ids[n])
        again = self.trace.counts[np.searchsorted(self.trace.sum_ids, row)] > 1
        edge = look.warn if lost else look.hit if again else look.line
        rounded_box(
            self.axes, (16, y), (88, 22), look.hit_soft if again else look.panel, edge, dashed=lost
        )
        with_gradient = np.flatnonzero(self.trace.has_gradient)
        token = short_label(self.trace.tokens[int(with_gradient[n])], 10 - len(str(row)))
        label(self.axes, 23, y + 11, token, look.ink, bold=True)
        label(self.axes, 97, y + 11, str(row), look.ink, align="right")
        values = self.trace.pair_rows[n, : self.columns]
        fade = 0.3 if lost else 1.0
        cells(self.axes, values, (ROWS, y + 1.5), _CELL, self.scale, look, fade)
        if row in self.rows and not lost:
            at = self.row_top + self.rows.index(row) * _CELL[1] + _CELL[1] / 2
            start = (ROWS + self.columns * _CELL[0] + 4, y + 11)
            color, width = (look.hit, 1.8) if again else (look.line, 1.0)
            ribbon(self.axes, start, (TABLE - 50, at), color, width)

    def _row(self, line: int, row: int, values: np.ndarray) -> None:
        look, y = self.look, self.row_top + line * _CELL[1]
        used, again = row in self.trace.reached, row in self.trace.sum_ids
        wrong = self.rule == "assign" and row in self.trace.wrong_rows
        name = f"{short_label(self.trace.words[row], 5)} {row}".strip()
        ink = look.warn if wrong else look.ink if used else look.ink_3
        label(self.axes, TABLE - 6, y + 9, name, ink, bold=used, align="right", size=7.5)
        fade = 1.0 if used else 0.4
        cells(self.axes, values[: self.columns], (TABLE, y), _CELL, self.scale, look, fade)
        if again:
            times = int(self.trace.counts[np.searchsorted(self.trace.sum_ids, row)])
            end = TABLE + self.columns * _CELL[0] + 6
            label(self.axes, end, y + 9, f"×{times}" if times > 1 else "", look.hit, size=7.5)

    def _chart(self) -> None:
        chart = Chart(
            self.axes,
            self.look,
            (CHART, TOP + 18),
            (150, 130),
            x=(1, 1e-12),
            y=(1e-12, 1),
            log_x=True,
            log_y=True,
        )
        chart.frame("error, by step h", ("1", "1e−12"), ("1e−12", "1"))
        for rule, color in zip(RULES, (self.look.accent, self.look.warn), strict=True):
            curve = self.trace.curve(rule)
            chart.line(STEPS, curve, color, dots=True, dashed=rule != self.rule)
            if np.isfinite(curve).all():
                x, y = chart.place(STEPS[5], curve[5])
                label(self.axes, float(x), float(y) + 12, rule, color, bold=True, align="center")

    def _sentence(self) -> str:
        again = np.flatnonzero(self.trace.counts > 1)
        if not again.size and self.trace.tied:
            return "Through the scores every row gets a gradient, read or not."
        if not again.size:
            return "No id comes twice: every row gets the gradient of one token, or none."
        k = int(again[np.argmax(self.trace.counts[again])])
        row = int(self.trace.sum_ids[k])
        parts = [format_number(r[0], 3) for r in self.trace.pair_rows[self.trace.pair_ids == row]]
        scores = format_number(self.trace.direct[row, 0], 3)
        added = join_some(parts, 4, between=" + ").replace("+ −", "− ")
        divided = f", divided by {self.trace.counts[k]}" if self.trace.scale_grad_by_freq else ""
        got = format_number(self.trace.analytic(self.rule)[row, 0], 3)
        if self.trace.tied and self.rule == "add":
            return f"Row {row}, column 0, gets {added}, and {scores} through the scores = {got}."
        if self.rule == "assign" and not self.trace.tied:
            return f"Row {row}, column 0: of {added} only the last was kept, {got}."
        if self.rule == "assign":
            return f"Row {row}, column 0: the last of {added}, and {scores} = {got}."
        return f"Row {row}, column 0, gets {added}{divided} = {got}."

    def _conclusion(self) -> str:
        results = [f"“{w}” {'passes' if self.trace.passes(w) else 'fails'}" for w in RULES]
        return f"{' and '.join(results)} the gradient check: every weight moved up and down by h."


def _rows_drawn(trace: GradientTrace) -> list[int]:
    if len(trace.table) <= _TABLE_ROWS:
        return list(range(len(trace.table)))
    often = np.argsort(-trace.counts, kind="stable")[:_TABLE_ROWS]  # those where most meets
    return sorted(int(i) for i in trace.sum_ids[often])
