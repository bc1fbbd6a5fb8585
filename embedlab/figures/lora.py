"""LoRA as a picture: W + scale · A · B = W′, the spectrum, the error by rank, and who moved."""

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
    rounded_box,
)
from embedlab.traces.lora import LoRATrace
from embedlab.traces.text import format_count, format_number, short_label

__all__ = ["draw_lora"]

WIDTH, TOP, CELL = 680, 48, 9.6

_ROWS, _COLUMNS, _RANK = 20, 9, 8


def draw_lora(trace: LoRATrace, *, dark: bool = False) -> Figure:
    """Draw one change of a table and its adapter as a still picture.

    Parameters
    ----------
    trace : LoRATrace
        Of any size: of a large table the rows that were trained and the first others are drawn.
    dark : bool
        Light on dark.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot.

    Examples
    --------
    >>> from embedlab.traces.lora.trace import trace_lora
    >>> draw_lora(trace_lora(np.zeros((4, 2)), np.ones((4, 2)), rank=1, steps=2)).get_size_inches()
    array([6.8, 3.5])
    """
    with isolated_rcparams():
        return _Picture(trace, DARK if dark else LIGHT).draw()


class _Picture:
    def __init__(self, trace: LoRATrace, look: Theme):
        self.trace, self.look = trace, look
        others = np.setdiff1d(np.arange(len(trace.table)), trace.seen)
        seen = trace.seen[: _ROWS - min(4, others.size)]
        self.rows = np.sort(np.concatenate([seen, others[: _ROWS - seen.size]]))
        self.columns = min(trace.table.shape[1], _COLUMNS)
        self.rank = min(trace.rank, _RANK)
        self.tall = max(len(self.rows) * CELL, 60)
        self.height = TOP + self.tall + 242
        self.axes: Axes

    def draw(self) -> Figure:
        figure, self.axes = new_figure(WIDTH, self.height, self.look)
        self._equation()
        self._spectrum(TOP + self.tall + 46)
        self._errors(TOP + self.tall + 46)
        look, y = self.look, self.height - 54
        rounded_box(self.axes, (16, y), (WIDTH - 32, 42), look.panel, look.line)
        label(self.axes, 28, y + 12, self._sentence(), look.ink)
        label(self.axes, 28, y + 30, self._numbers(), look.ink_2)
        return figure

    def _equation(self) -> None:
        trace, rows, middle = self.trace, self.rows, TOP + self.tall / 2
        now = trace.adapter()
        after = trace.table + now.scale * now.a @ now.b
        scale = _scale(trace.table, after)
        height, width = trace.table.shape
        wide, thin = self.columns * CELL, self.rank * CELL
        at = 16.0
        self._matrix(
            trace.table[rows], at, scale, f"W  {format_count(height)} × {width}", seen=True
        )
        at += wide + 8
        label(self.axes, at, middle, f"+ {format_number(trace.scale)} ·", self.look.ink, bold=True)
        at += 54
        a_name = f"A  {format_count(height)} × {trace.rank}"
        self._matrix(now.a[rows][:, : self.rank], at, _scale(now.a), a_name)
        at += max(thin, 52) + 8
        label(self.axes, at, middle, "·", self.look.ink, bold=True)
        at += 14
        self._matrix(now.b[: self.rank], at, _scale(now.b), f"B  {trace.rank} × {width}")
        at += max(wide, 44) + 8
        label(self.axes, at, middle, "=", self.look.ink, bold=True)
        at += 18
        self._matrix(after[rows], at, scale, "W′")
        self._moved(at + wide + 26)

    def _matrix(
        self, values: np.ndarray, x: float, scale: float, name: str, seen: bool = False
    ) -> None:
        label(self.axes, x, TOP - 14, name, self.look.ink, bold=True)
        for line, row in enumerate(values):
            cells(
                self.axes,
                row[: self.columns],
                (x, TOP + line * CELL),
                (CELL, CELL),
                scale,
                self.look,
            )
            if seen and self.rows[line] in self.trace.seen:
                y = TOP + line * CELL
                rounded_box(
                    self.axes,
                    (x - 5, y),
                    (2, CELL - 1.5),
                    self.look.accent,
                    self.look.accent,
                    radius=0.5,
                )

    def _moved(self, x: float) -> None:
        look, far = self.look, self.trace.drifts[self.trace.rank - 1]
        label(self.axes, x, TOP - 14, "row displacement", look.ink, bold=True)
        longest = far.max(initial=0) or 1.0
        bar_width = WIDTH - 16 - x - 40
        for line, row in enumerate(self.rows):
            y = TOP + line * CELL
            seen = row in self.trace.seen
            color = look.accent if seen else look.warn
            if far[row] > 0:
                size = (max(bar_width * far[row] / longest, 1), CELL - 2)
                rounded_box(self.axes, (x, y), size, color, color, radius=1, width=0)
            name = short_label(self.trace.words[row], 8) or str(row)
            end = x + bar_width * far[row] / longest + 4
            label(self.axes, end, y + CELL / 2 - 1, name, color if seen else look.ink_2, size=6)
        note = "blue: trained" if len(self.trace.seen) < len(far) else "all rows were trained"
        label(self.axes, x, TOP + self.tall + 9, note, look.accent, size=7)
        if self.trace.moved.sum() > self.trace.moved[self.trace.seen].sum():
            label(self.axes, x + 80, TOP + self.tall + 9, "red: never trained", look.warn, size=7)

    def _spectrum(self, y: float) -> None:
        values, rank, look = self.trace.singular_values[:16], self.trace.rank, self.look
        top = float(values.max(initial=0)) or 1.0
        chart = Chart(self.axes, look, (40, y), (190, 108), x=(0, max(len(values), 2)), y=(0, top))
        ends = ("1", str(len(values)))
        chart.frame("singular values of ΔW", ends, ("0", format_number(top, 1)))
        colors = [look.accent if k < rank else look.line for k in range(len(values))]
        chart.bars(np.arange(len(values)) + 0.5, values, colors, 190 / max(len(values), 2) * 0.78)

    def _errors(self, y: float) -> None:
        trace, look = self.trace, self.look
        errors = trace.errors[: len(trace.ranks) + 1]
        chart = Chart(self.axes, look, (290, y), (150, 108), x=(0, len(errors) - 1), y=(0, 1))
        chart.frame("reconstruction error, by rank", ("0", str(len(errors) - 1)), ("0", "1"))
        chart.line(np.arange(len(errors)), errors, look.accent, dots=True)
        chart.mark(
            trace.rank,
            errors[trace.rank],
            look.hit,
            f"{format_number(100 * errors[trace.rank], 1)} %",
        )
        norms = trace.first_norms
        top = max(float(norm.max(initial=0)) for norm in norms.values()) or 1.0
        last = len(trace.ranks)
        chart = Chart(self.axes, look, (500, y), (160, 108), x=(1, max(last, 2)), y=(0, top))
        chart.frame(
            "first update norm, by rank", ("1", str(max(last, 2))), ("0", format_number(top, 1))
        )
        for (name, norm), color in zip(norms.items(), (look.warn, look.accent), strict=True):
            chart.line(trace.ranks, norm, color, dots=True)
            x, at = chart.place(last, norm[-1])
            label(self.axes, float(x) - 4, float(at) - 9, name, color, align="right", bold=True)

    def _sentence(self) -> str:
        unseen = np.delete(self.trace.moved, self.trace.seen)
        if not unseen.size:
            return "Every row was trained."
        if unseen.any():
            return (
                f"{int(unseen.sum())} of {unseen.size} rows were never trained, yet they moved: "
                "all rows share B."
            )
        return "Rows that were never trained stayed where they were: their part of A is zero."

    def _numbers(self) -> str:
        trace, size = self.trace, self.trace.table.size
        return (
            f"{format_count(trace.parameters, 'parameter')} instead of {format_count(size)} "
            f"({format_number(100 * trace.parameters / size, 0)} %), "
            f"{format_count(trace.steps, 'step')}, "
            f"A started {'at random' if trace.start == 'random' else 'at zero'}; merged, the "
            f"outputs differ by {trace.merge_differences[trace.rank - 1]:g}"
        )


def _scale(*arrays: np.ndarray) -> float:
    return max(float(np.abs(array).max(initial=0)) for array in arrays) or 1.0
