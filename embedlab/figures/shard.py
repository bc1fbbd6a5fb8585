"""A sharded lookup as a picture: ids, the workers that hold the rows, and the rows that return."""

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
)
from embedlab.traces.shard import LAWS, ShardTrace
from embedlab.traces.text import format_count, format_number, short_label

__all__ = ["draw_shard"]

WIDTH, TOP, PITCH = 760, 62, 17
"""Pixels: of the picture, above the ids, of an id."""

_IDS, _WORKERS, _COLUMNS = 20, 8, 24
_ID_X, _ID_WIDTH = 16, 92
_BOX_X, _BOX_WIDTH = 190, 356
_BARS = 96  # pixels at the right end of a box for the expected loads


def draw_shard(trace: ShardTrace, *, dark: bool = False) -> Figure:
    """Draw one lookup in a sharded table as a still picture.

    Parameters
    ----------
    trace : ShardTrace
        Of any size: the picture says what it leaves out.
    dark : bool
        Light on dark.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot. `embedlab.figures.png.png` makes it a small file.

    Examples
    --------
    >>> from embedlab.traces.shard import trace_shard
    >>> draw_shard(trace_shard(np.eye(8), [0, 0, 7], workers=2)).get_size_inches().tolist()
    [7.6, 2.78]
    """
    with isolated_rcparams():
        return _Picture(trace, DARK if dark else LIGHT).draw()


class _Picture:
    """The layout of the figure, in pixels."""

    axes: Axes

    def __init__(self, trace: ShardTrace, look: Theme):
        self.trace, self.look = trace, look
        self.count = min(trace.distinct.size, _IDS)
        self.workers = min(trace.workers, _WORKERS)
        self.columns = min(trace.rows.shape[1], _COLUMNS)
        self.cell = min(12.0, 150 / self.columns)
        self.body = max(self.count * PITCH, self.workers * 36, 108)
        self.height = TOP + self.body + 108
        self.grid_x = WIDTH - 16 - self.columns * self.cell
        visible = trace.rows[: self.count, : self.columns]
        finite = np.abs(visible[np.isfinite(visible)])
        self.scale = float(finite.max()) if finite.size and finite.max() > 0 else 1.0

    def draw(self) -> Figure:
        figure, self.axes = new_figure(WIDTH, self.height, self.look)
        self._headings()
        for n in range(self.count):
            self._id(n)
        self._ribbons()
        for worker in range(self.workers):
            self._worker(worker)
        self._footer()
        return figure

    def _headings(self) -> None:
        trace, ink, small = self.trace, self.look.ink, self.look.ink_2
        label(self.axes, _ID_X, 20, "ids", ink, size=8.5, bold=True)
        total = f"{format_count(trace.ids.size)}, {format_count(trace.distinct.size)} distinct"
        label(self.axes, _ID_X, 38, total, small, size=7)
        label(self.axes, _BOX_X, 20, "workers", ink, size=8.5, bold=True)
        label(self.axes, _BOX_X, 38, "what each holds, what it is asked for", small, size=7)
        right = _BOX_X + _BOX_WIDTH - 8
        label(self.axes, right - _BARS, 20, "expected load", ink, size=8.5, bold=True)
        text = f"{format_count(trace.planned_batch, 'id')}: uniform, Zipf"
        label(self.axes, right - _BARS, 38, text, small, size=7)
        label(self.axes, WIDTH - 16, 20, "rows", ink, size=8.5, bold=True, align="right")
        size = f"{format_count(trace.distinct.size)} × {format_count(trace.rows.shape[1])}"
        label(self.axes, WIDTH - 16, 38, size, small, size=7, align="right")

    def _id(self, n: int) -> None:
        trace, look, y = self.trace, self.look, self._id_y(n)
        hot = bool(np.isin(trace.distinct[n], trace.sharding.replicated))
        face = look.hit_soft if hot else look.panel
        rounded_box(self.axes, (_ID_X, y - 7.5), (_ID_WIDTH, 15), face, look.line, width=0.7)
        name = f"{trace.distinct[n]}"
        token = trace.tokens[int(np.flatnonzero(trace.inverse == n)[0])]
        if token not in (name, f"#{name}"):
            name += f" {short_label(token, 8)}"
        label(self.axes, _ID_X + 6, y, name, look.ink, size=7.5)
        if trace.counts[n] > 1:
            right = _ID_X + _ID_WIDTH - 5
            text = f"× {format_count(int(trace.counts[n]))}"
            label(self.axes, right, y, text, look.hit, size=7.5, bold=True, align="right")
        values = trace.rows[n, : self.columns]
        cells(self.axes, values, (self.grid_x, y - 7), (self.cell, PITCH - 2.0), self.scale, look)

    def _ribbons(self) -> None:
        busiest = set(self.trace.busiest) if len(self.trace.busiest) < self.workers else set()
        for worker in range(self.workers):
            on = worker in busiest
            color, width = (self.look.hit, 1.3) if on else (self.look.ink_3, 0.7)
            y = self._worker_y(worker)
            for n in np.flatnonzero(self.trace.requested[worker, : self.count]).tolist():
                at = self._id_y(n)
                ribbon(self.axes, (_ID_X + _ID_WIDTH + 2, at), (_BOX_X - 2, y), color, width)
                start = (_BOX_X + _BOX_WIDTH + 2, y)
                ribbon(self.axes, start, (self.grid_x - 4, at), color, width)

    def _worker(self, worker: int) -> None:
        trace, look = self.trace, self.look
        pitch, y = self.body / self.workers, self._worker_y(worker)
        on = worker in trace.busiest and len(trace.busiest) < trace.workers
        box = (_BOX_X, y - pitch / 2 + 2), (_BOX_WIDTH, pitch - 4)
        edge = look.hit if on else look.line
        rounded_box(self.axes, *box, look.hit_soft if on else look.panel, edge, width=1.2)
        ink = look.hit if on else look.ink
        label(self.axes, _BOX_X + 8, y - 8, f"worker {worker}", ink, bold=True)
        label(self.axes, _BOX_X + 66, y - 8, trace.holding(worker), look.ink_2, size=7)
        rows = int(trace.rows_requested[worker])
        text = "asked for nothing"
        if rows:
            text = (
                f"{format_count(rows, 'row')}: {format_count(int(trace.requests[worker]))} B in, "
                f"{format_count(int(trace.answers[worker]))} B out"
            )
        label(self.axes, _BOX_X + 8, y + 8, text, look.ink, size=7.5)
        most = float(trace.loads.max()) or 1.0
        left = _BOX_X + _BOX_WIDTH - 8 - _BARS
        for law, color in enumerate((look.ink_3, look.accent)):
            length = (_BARS - 8) * float(trace.loads[law, worker]) / most
            at = y - 6 + 11 * law
            self.axes.fill_between([left, left + length], at - 4, at + 4, color=color, linewidth=0)
            mean = left + (_BARS - 8) * float(trace.loads[law].mean()) / most
            self.axes.plot([mean, mean], [at - 5, at + 5], color=look.ink, lw=0.9)

    def _footer(self) -> None:
        trace, look, y = self.trace, self.look, TOP + self.body + 12
        left = trace.distinct.size - self.count
        if left:
            label(self.axes, _ID_X, y, f"… and {format_count(left)} more", look.ink_2, size=7)
        if trace.workers > self.workers:
            text = f"… and {format_count(trace.workers - self.workers)} more"
            label(self.axes, _BOX_X, y, text, look.ink_2, size=7)
        rounded_box(self.axes, (16, y + 14), (WIDTH - 32, 68), look.panel, look.line)
        for n, text in enumerate(self._sentences()):
            label(self.axes, 28, y + 28 + 19 * n, text, look.ink if n < 2 else look.ink_2)

    def _sentences(self) -> tuple[str, ...]:
        trace = self.trace
        requests = format_count(int(trace.requested.sum()))
        expected = zip(LAWS, trace.expected_imbalance, strict=True)
        laws = ", ".join(
            f"{name.replace('zipf', 'Zipf')} {format_number(value)}" for name, value in expected
        )
        return (
            f"{format_count(trace.ids.size, 'id')} in the batch, {requests} sent: duplicates "
            f"are sent once.  {format_count(int(trace.requests.sum()))} B of row numbers,  "
            f"{format_count(int(trace.answers.sum()))} B of rows",
            f"imbalance (largest / mean): this batch {format_number(trace.imbalance)},  expected "
            f"{laws}",
            f"a training step of this batch sends {format_count(int(trace.updates.sum()))} B: "
            "gradients of a replicated row go to every worker",
        )

    def _id_y(self, n: int) -> float:
        pitch = self.body / max(self.count, 1)
        return float(TOP + min(pitch, 2 * PITCH) * (n + 0.5))

    def _worker_y(self, worker: int) -> float:
        return float(TOP + self.body / self.workers * (worker + 0.5))
