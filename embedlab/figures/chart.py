"""A small chart inside a picture: lines and bars between two axes, in pixels of the sheet."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from embedlab.figures.theme import Theme, label

__all__ = ["Chart"]


class Chart:
    """The position of a chart in the figure, and the range of its axes.

    Parameters
    ----------
    axes : Axes of a `new_figure`
    look : Look
    at, size : (x, y) of the top left corner and (width, height), in pixels
    x, y : (first, last)
        The values at the left and right end, and at the bottom and the top.
    log_x, log_y : bool
        Logarithmic: what is not above 0 stands at the lower end.

    Examples
    --------
    >>> from embedlab.figures.theme import LIGHT, new_figure
    >>> axes = new_figure(200, 100, LIGHT)[1]
    >>> chart = Chart(axes, LIGHT, (20, 10), (100, 80), x=(0, 4), y=(0, 1))
    >>> [float(value) for value in chart.place(2, 0.5)]
    [70.0, 50.0]
    """

    def __init__(
        self,
        axes: Axes,
        look: Theme,
        at: tuple[float, float],
        size: tuple[float, float],
        *,
        x: tuple[float, float],
        y: tuple[float, float],
        log_x: bool = False,
        log_y: bool = False,
    ):
        self.axes, self.look, self.at, self.size = axes, look, at, size
        self.ends, self.log = (x, y), (log_x, log_y)

    def place(self, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return the pixels of values; what lies beyond an end stands at that end."""
        right, up = self._share(x, 0), self._share(y, 1)
        return self.at[0] + right * self.size[0], self.at[1] + (1 - up) * self.size[1]

    def frame(self, title: str, x_ends: tuple[str, str], y_ends: tuple[str, str]) -> None:
        """Draw the two axes, the title above them, and words at their ends."""
        (left, top), (width, height) = self.at, self.size
        bottom = top + height
        self.axes.plot(
            [left, left, left + width], [top, bottom, bottom], color=self.look.line, linewidth=1
        )
        label(self.axes, left, top - 14, title, self.look.ink, bold=True)
        for x, text, align in ((left, x_ends[0], "left"), (left + width, x_ends[1], "right")):
            label(self.axes, x, bottom + 10, text, self.look.ink_2, size=7, align=align)
        for y, text in ((bottom - 4, y_ends[0]), (top + 4, y_ends[1])):
            label(self.axes, left - 5, y, text, self.look.ink_2, size=7, align="right")

    def line(
        self,
        x: Sequence[float] | np.ndarray,
        y: Sequence[float] | np.ndarray,
        color: str,
        *,
        width: float = 1.8,
        dots: bool = False,
        dashed: bool = False,
        fade: float = 1.0,
    ) -> None:
        """Draw a line through points; a NaN leaves a gap."""
        across, down = self.place(x, y)
        self.axes.plot(
            across,
            down,
            color=color,
            linewidth=width,
            alpha=fade,
            marker="o" if dots else "",
            markersize=3.2,
            linestyle="--" if dashed else "-",
            solid_capstyle="round",
        )

    def bars(
        self,
        x: Sequence[float] | np.ndarray,
        y: Sequence[float] | np.ndarray,
        colors: Sequence[str],
        width: float,
    ) -> None:
        """Draw a bar of `width` pixels around each x, from the bottom up to y; none for NaN."""
        across, down = self.place(x, y)
        bottom = self.at[1] + self.size[1]
        for left, top, color in zip(across - width / 2, down, colors, strict=True):
            if np.isfinite(top):
                self.axes.add_patch(
                    Rectangle((left, top), width, bottom - top, facecolor=color, linewidth=0)
                )

    def mark(self, x: float, y: float, color: str, text: str = "", align: str = "left") -> None:
        """Draw a dot, and words beside it."""
        across, down = (float(value) for value in self.place(x, y))
        self.axes.plot([across], [down], color=color, marker="o", markersize=6, linestyle="")
        if text:
            away = 8 if align == "left" else -8
            label(self.axes, across + away, down - 9, text, color, align=align)

    def _share(self, values: Any, axis: int) -> np.ndarray:
        values = np.asarray(values, np.float64)
        first, last = self.ends[axis]
        if self.log[axis]:
            lowest = min(first, last)
            values = np.log10(
                np.where(values > lowest, values, np.where(np.isnan(values), np.nan, lowest))
            )
            first, last = np.log10(first), np.log10(last)
        if first == last:
            return np.where(np.isnan(values), np.nan, 0.5)
        return np.clip((values - first) / (last - first), 0, 1)
