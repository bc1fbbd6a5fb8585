"""A lookup as a picture: tokens, the rows of the table they read, and the stack that comes out."""

import textwrap

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
from embedlab.traces.lookup import LookupTrace
from embedlab.traces.text import format_count, format_number, join_some, short_label

__all__ = ["draw_lookup"]

WIDTH, TOP, CHIP, TABLE = 680, 44, 96, 214
"""Pixels: of the sheet, above the first row, of a chip; where the table begins."""

_TOKENS, _ROWS, _COLUMNS = 10, 24, 16


def draw_lookup(trace: LookupTrace, *, focus: int | None = None, dark: bool = False) -> Figure:
    """Draw one lookup as a still picture.

    Parameters
    ----------
    trace : LookupTrace
        Of any size: of a long sentence the first tokens are drawn, of a large table the rows that
        are read, of long vectors the first columns, and the picture says what it leaves out.
    focus : int, optional
        The position of the token whose way is drawn in color; by default the first that reads a
        row.
    dark : bool
        Light on dark.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot. `embedlab.figures.png.png` makes it a small file.

    Raises
    ------
    IndexError
        When `focus` is no position.

    Examples
    --------
    >>> from embedlab.traces.lookup import trace_lookup
    >>> draw_lookup(trace_lookup(np.eye(4), [2, 0], tokens=["cat", "the"])).get_size_inches()
    array([6.8, 2.4])
    """
    with isolated_rcparams():
        return _Picture(trace, _focus(trace, focus), DARK if dark else LIGHT).draw()


class _Picture:
    """The layout of the figure, in pixels."""

    def __init__(self, trace: LookupTrace, focus: int, look: Theme):
        self.trace, self.focus, self.look = trace, focus, look
        self.tokens = min(trace.ids.size, _TOKENS)
        self.columns = min(trace.table.shape[1], _COLUMNS)
        self.lines = _rows_drawn(trace, self.tokens)
        self.cell = (min(20.0, 160 / max(self.columns, 1)), 21.0 if len(self.lines) <= 16 else 17.0)
        self.step = 42.0 if self.tokens <= 8 else 34.0
        body = max(len(self.lines) * self.cell[1], self.tokens * self.step, 84)
        self.height = TOP + body + 112
        self.below = TOP + body + 30
        self.chips_at = TOP + (body - self.tokens * self.step) / 2 + (self.step - 28) / 2
        self.out_at = TABLE + max(self.columns * self.cell[0], 80) + 104
        finite = np.abs(trace.table[np.isfinite(trace.table)])
        self.scale = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
        self.axes: Axes

    def draw(self) -> Figure:
        figure, self.axes = new_figure(WIDTH, self.height, self.look)
        self._headings()
        for n in sorted(range(self.tokens), key=lambda n: n == self.focus):  # the focus on top
            self._ribbons(n)
        for n in range(self.tokens):
            self._chip(n)
            self._output_row(n)
        for line, row in enumerate(self.lines):
            self._table_row(line, row)
        if self.trace.error:
            self._refusal()
        elif self.focus >= 0 and (row := int(self.trace.rows[self.focus])) in self.lines:
            self._frame(TABLE, TOP + self.lines.index(row) * self.cell[1])  # above its neighbors
        self._footer()
        return figure

    def _headings(self) -> None:
        rows, width = self.trace.table.shape
        more = f", first {self.columns} columns" if width > self.columns else ""
        ink = self.look.ink
        label(self.axes, 16, 20, "sentence → ids", ink, size=8.5, bold=True)
        heading = f"table ({format_count(rows)} × {format_count(width)}{more})"
        label(self.axes, TABLE, 20, heading, ink, size=8.5, bold=True)
        if not self.trace.error:
            size = f"output ({format_count(self.trace.ids.size)} × {format_count(width)})"
            label(self.axes, self.out_at, 20, size, ink, size=8.5, bold=True)

    def _chip(self, n: int) -> None:
        look, y = self.look, self.chips_at + n * self.step
        bad, on = self.trace.bad[n], n == self.focus
        edge = look.warn if bad else look.hit if on else look.line
        face = look.warn_soft if bad else look.hit_soft if on else look.panel
        ink = look.warn if bad else look.hit if on else look.ink
        rounded_box(
            self.axes, (16, y), (CHIP, 28), face, edge, width=1.4 if bad else 1, dashed=bool(bad)
        )
        name = str(self.trace.ids[n])
        longest_label = max(3, 12 - len(name))
        label(
            self.axes, 25, y + 14, short_label(self.trace.tokens[n], longest_label), ink, bold=True
        )
        label(self.axes, 16 + CHIP - 9, y + 14, name, ink, align="right")

    def _table_row(self, line: int, row: int) -> None:
        y = TOP + line * self.cell[1]
        middle = y + self.cell[1] / 2 - 0.75
        if row < 0:
            words = f"⋮  {format_count(-row, 'row')} not drawn"
            label(self.axes, TABLE, middle, words, self.look.ink_3, size=7)
            return
        used = bool(np.any(self.trace.rows == row)) and not self.trace.error
        on = used and self.focus >= 0 and self.trace.rows[self.focus] == row
        fade = 1.0 if used else 0.38
        cells(
            self.axes,
            self.trace.table[row, : self.columns],
            (TABLE, y),
            self.cell,
            self.scale,
            self.look,
            fade,
        )
        ink = self.look.hit if on else self.look.ink if used else self.look.ink_2
        name = f"{short_label(self.trace.words[row], 10)} {row}".strip()
        label(
            self.axes,
            TABLE - 8,
            middle,
            name,
            ink,
            bold=used,
            align="right",
            size=8 if self.cell[1] > 17 else 7,
        )

    def _output_row(self, n: int) -> None:
        if self.trace.output is None:
            return
        y = self._output_y(n)
        values = self.trace.output[n, : self.columns]
        cells(self.axes, values, (self.out_at, y), (self.cell[0], 21), self.scale, self.look)
        if n == self.focus:
            self._frame(self.out_at, y, 21)

    def _frame(self, x: float, y: float, height: float | None = None) -> None:
        tall = height or self.cell[1]
        width = self.columns * self.cell[0]
        rounded_box(
            self.axes, (x - 2.5, y - 2.5), (width + 3, tall + 3), "none", self.look.hit, width=1.6
        )

    def _ribbons(self, n: int) -> None:
        row = int(self.trace.rows[n])
        if self.trace.error or row not in self.lines:
            return
        on = n == self.focus
        color, width = (self.look.hit, 2.0) if on else (self.look.line, 1.0)
        at = TOP + self.lines.index(row) * self.cell[1] + self.cell[1] / 2
        name = len(f"{short_label(self.trace.words[row], 10)} {row}".strip())
        left = TABLE - 12 - (7.0 if self.cell[1] > 17 else 6.2) * name
        ribbon(self.axes, (16 + CHIP, self.chips_at + n * self.step + 14), (left, at), color, width)
        right = TABLE + self.columns * self.cell[0] + 5
        ribbon(self.axes, (right, at), (self.out_at - 6, self._output_y(n) + 10.5), color, width)

    def _refusal(self) -> None:
        text = "\n".join(textwrap.wrap(str(self.trace.error), 34))
        tall = 15 * (text.count("\n") + 1) + 22
        left = self.out_at - 40
        rounded_box(
            self.axes, (left, TOP), (WIDTH - 16 - left, tall), self.look.warn_soft, self.look.warn
        )
        label(self.axes, left + 12, TOP + tall / 2, text, self.look.ink, size=8)

    def _footer(self) -> None:
        look, y = self.look, self.below
        if self.trace.ids.size > self.tokens:
            more = f"… and {format_count(self.trace.ids.size - self.tokens, 'token')} more"
            label(self.axes, 16, y - 16, more, look.ink_2)
        for k, color in enumerate(value_color(np.linspace(-1, 1, 41), 1.0, look)):
            x = WIDTH - 148 + k * 2.2
            self.axes.fill_between([x, x + 2.3], y - 3, y + 7, color=tuple(color), linewidth=0)
        label(
            self.axes,
            WIDTH - 154,
            y + 2,
            format_number(-self.scale),
            look.ink_2,
            align="right",
            size=7,
        )
        label(self.axes, WIDTH - 54, y + 2, format_number(self.scale), look.ink_2, size=7)
        rounded_box(self.axes, (16, y + 20), (WIDTH - 32, 46), look.panel, look.line)
        label(self.axes, 28, y + 33, self._sentence(), look.ink, size=8)
        label(self.axes, 28, y + 53, self._cost(), look.ink_2, size=8)

    def _output_y(self, n: int) -> float:
        return self.chips_at + n * self.step + 4

    def _sentence(self) -> str:
        if self.trace.error:
            return "An id outside the table: nothing is read."
        if self.focus < 0:
            return "No token reads a row."
        row = int(self.trace.rows[self.focus])
        assert self.trace.output is not None
        values = join_some(map(format_number, self.trace.output[self.focus]), 5, between="  ")
        values = values.split(" … ")[0] + (" …" if " … " in values else "")
        token = short_label(self.trace.tokens[self.focus], 14)
        return f"“{token}” reads row {row}, so output row {self.focus} is that row:  {values}"

    def _cost(self) -> str:
        height = len(self.trace.table)
        if self.trace.error:
            return (
                f"A table of {format_count(height, 'row')} has the ids 0 to "
                f"{format_count(height - 1)}."
            )
        return (
            f"{self.trace.rows_read} of {format_count(height, 'row')} read, "
            f"{format_count(self.trace.bytes_moved, 'byte')} moved, 0 multiplications; as a "
            "one-hot "
            f"product {format_count(self.trace.multiplications['one-hot'])}"
        )


def _focus(trace: LookupTrace, focus: int | None) -> int:
    if focus is None:
        reads = np.flatnonzero(trace.rows[:_TOKENS] >= 0)
        return int(reads[0]) if reads.size and not trace.error else -1
    if not 0 <= focus < trace.ids.size:
        raise IndexError(
            f"focus must be a position, 0..{trace.ids.size - 1}. Received {focus}. "
            "Leave it away to follow the first token."
        )
    return focus


def _rows_drawn(trace: LookupTrace, tokens: int) -> list[int]:
    """Return the rows to draw, top to bottom; −k stands for k rows left out."""
    height = len(trace.table)
    if height <= _ROWS:
        return list(range(height))
    reads = {int(row) for row in trace.rows[:tokens] if row >= 0}
    keep = sorted(reads | {0, 1, 2, height - 1})
    lines: list[int] = []
    for row, after in zip(keep, [*keep[1:], height], strict=True):
        lines.append(row)
        if after - row > 1:
            lines.append(-(after - row - 1))
    return lines
