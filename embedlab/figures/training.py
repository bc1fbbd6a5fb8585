"""A training run as a still picture: where rows went, when each moved, and the loss."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
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
from embedlab.traces.text import format_count, format_number, short_label
from embedlab.traces.training import TrainedRun, TrainingTrace

__all__ = ["draw_training"]

WIDTH, TOP, GAP, MAP, LINE = 680, 44, 16, 190, 11
_LABELS, _ROWS = 62, 24


def draw_training(trace: TrainingTrace, *, dark: bool = False) -> Figure:
    """Draw up to three runs side by side as a still picture.

    Parameters
    ----------
    trace : TrainingTrace
        Of many rows the 24 most frequent are drawn.
    dark : bool
        Light on dark.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot.

    Examples
    --------
    >>> from embedlab.traces.training import trace_training
    >>> draw_training(trace_training([0, 1, 0, 2], steps=4, batch=1)).get_size_inches().round(2)
    array([6.8 , 5.21])
    """
    with isolated_rcparams():
        return _Picture(trace, DARK if dark else LIGHT).draw()


class _Picture:
    def __init__(self, trace: TrainingTrace, look: Theme):
        self.trace, self.look = trace, look
        self.rows = trace.order[:_ROWS]
        self.strip = TOP + MAP + 40
        self.loss = self.strip + len(self.rows) * LINE + 42
        self.height = self.loss + 96 + 76
        self.axes: Axes
        center, axes, _ = trace.map()
        with np.errstate(invalid="ignore"):  # ∞ · 0: such a row stands nowhere
            self.paths = [(run.table - center)[:, self.rows] @ axes for run in trace.runs]
        seen = np.concatenate([path.reshape(-1, 2) for path in self.paths])
        seen = seen[np.isfinite(seen).all(axis=1)]
        low, high = (seen.min(axis=0), seen.max(axis=0)) if len(seen) else (-np.ones(2), np.ones(2))
        self.middle, self.reach = (low + high) / 2, max(float((high - low).max()) / 2, 1e-6) * 1.15
        moves = np.concatenate([run.moves for run in trace.runs])
        self.most = float(moves[np.isfinite(moves)].max(initial=0)) or 1.0

    def draw(self) -> Figure:
        figure, self.axes = new_figure(WIDTH, self.height, self.look)
        runs = self.trace.runs
        wide = (WIDTH - 2 * GAP - _LABELS - GAP * (len(runs) - 1)) / len(runs)
        for n, run in enumerate(runs):
            x = GAP + _LABELS + n * (wide + GAP)
            label(self.axes, x, 18, self._title(run), self.look.ink, size=8.5, bold=True)
            self._map(self.paths[n], x, wide, n)
            self._strip(run, x, wide)
        for line, row in enumerate(self.rows):
            y = self.strip + (line + 0.5) * LINE
            word = short_label(self.trace.words[row], 9)
            label(self.axes, GAP + _LABELS - 6, y, word, self.look.ink_2, size=7, align="right")
        head = "row displacement at each step; dotted: without a gradient"
        label(self.axes, GAP + _LABELS, self.strip - 12, head, self.look.ink, bold=True)
        self._losses()
        y = self.height - 42
        rounded_box(self.axes, (GAP, y), (WIDTH - 2 * GAP, 30), self.look.panel, self.look.line)
        label(self.axes, GAP + 12, y + 15, self._sentence(), self.look.ink)
        return figure

    def _title(self, run: TrainedRun) -> str:
        name = f"{run.optimizer}, rate {run.learning_rate:g}"
        if run.branch:
            name += f" → {run.branch.optimizer} from step {run.branch.step}"
        return name

    def _map(self, path: np.ndarray, x: float, wide: float, n: int) -> None:
        look, size = self.look, min(wide, MAP)
        rounded_box(self.axes, (x, TOP - 10), (wide, MAP), look.panel, look.panel)
        corner = np.array([x + wide / 2, TOP - 10 + MAP / 2])
        scale = np.array([1, -1]) * (size / 2 - 8) / self.reach
        at = corner + (path - self.middle) * scale  # (S + 1, rows, 2)
        lines = [one[np.isfinite(one).all(axis=1)] for one in at.transpose(1, 0, 2)]
        self.axes.add_collection(
            LineCollection(
                [line for line in lines if len(line) > 1],
                colors=look.ink_3,
                linewidths=0.7,
                alpha=0.55,
            ),
            autolim=False,
        )
        unforced = self.trace.runs[n].moved_without_grad[-1, self.rows]
        for line, row, is_unforced in zip(lines, self.rows, unforced, strict=True):
            if len(line):
                (px, py), color = line[-1], look.warn if is_unforced else look.accent
                self.axes.plot([px], [py], "o", color=color, markersize=4)
                word = short_label(self.trace.words[row], 9)
                right = px < x + wide - 40
                label(
                    self.axes,
                    px + (5 if right else -5),
                    py - 4,
                    word,
                    look.ink,
                    size=7,
                    align="left" if right else "right",
                )

    def _strip(self, run: TrainedRun, x: float, wide: float) -> None:
        look, steps = self.look, self.trace.steps
        cell = wide / steps
        strength = np.sqrt(np.clip(np.nan_to_num(run.moves[:, self.rows]) / self.most, 0, 1))
        base, full = np.array(look.middle) / 255, np.array(look.pos) / 255
        corners, colors = [], []
        for step in range(steps):
            left, right = x + step * cell, x + (step + 1) * cell
            for line in range(len(self.rows)):
                top = self.strip + line * LINE
                bottom = top + LINE - 1.5
                corners.append([(left, top), (right, top), (right, bottom), (left, bottom)])
                colors.append(base + (full - base) * strength[step, line])
        self.axes.add_collection(
            PolyCollection(corners, facecolors=colors, linewidths=0), autolim=False
        )
        steps_at, lines_at = np.nonzero(run.moved_without_grad[:, self.rows])
        self.axes.plot(
            x + (steps_at + 0.5) * cell,
            self.strip + (lines_at + 0.45) * LINE,
            ".",
            color=look.warn,
            markersize=1.6,
            linestyle="",
        )

    def _losses(self) -> None:
        look, trace = self.look, self.trace
        losses = np.concatenate([run.losses for run in trace.runs])
        losses = losses[np.isfinite(losses)]
        low, high = (losses.min(), losses.max()) if losses.size else (0.0, 1.0)
        chart = Chart(
            self.axes,
            look,
            (GAP + _LABELS, self.loss),
            (360, 80),
            x=(1, max(trace.steps, 2)),
            y=(low, high),
        )
        chart.frame(
            "loss", ("1", format_count(trace.steps)), (format_number(low), format_number(high))
        )
        steps = np.arange(1, trace.steps + 1)
        if trace.unbranched is not None:
            chart.line(steps, trace.unbranched.losses, look.ink_3, width=1, dashed=True, fade=0.7)
        for n, (run, color) in enumerate(
            zip(trace.runs, (look.accent, look.hit, look.ink_2), strict=False)
        ):
            chart.line(steps, run.losses, color, width=1.2)
            label(
                self.axes,
                GAP + _LABELS + 384,
                self.loss + 8 + 18 * n,
                self._title(run),
                color,
                bold=True,
            )

    def _sentence(self) -> str:
        counts = [
            f"{run.optimizer}: {format_count(int(run.moved_without_grad.sum()))} of "
            f"{format_count(int((run.moves > 0).sum()), 'move')} without a gradient"
            for run in self.trace.runs
        ]
        return "   ·   ".join(counts)
