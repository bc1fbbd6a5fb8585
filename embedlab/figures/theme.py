"""Colors of figures, and functions that draw cells, labels and ribbons.

Nothing here touches pyplot: a picture is a `Figure` of its own, drawn by the Agg canvas, and a
learner's own matplotlib settings neither change it nor are changed by it.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path
from matplotlib.text import Text

__all__ = [
    "DARK",
    "LIGHT",
    "Theme",
    "cells",
    "isolated_rcparams",
    "label",
    "new_figure",
    "ribbon",
    "rounded_box",
    "value_color",
]


@dataclass(frozen=True)
class Theme:
    """One set of colors.

    `hit` is what is selected, `warn` what went wrong; `pos` and `neg` are the two signs of a
    value, and nothing else.
    """

    ink: str
    ink_2: str
    ink_3: str
    paper: str
    panel: str
    line: str
    accent: str
    hit: str
    hit_soft: str
    warn: str
    warn_soft: str
    middle: tuple[int, int, int]
    pos: tuple[int, int, int]
    neg: tuple[int, int, int]


LIGHT = Theme(
    "#1b1f24",
    "#57606a",
    "#6e7781",
    "#ffffff",
    "#f6f8fa",
    "#d0d7de",
    "#0072b2",
    "#00796b",
    "#d9f0ec",
    "#b5124e",
    "#fbe3ea",
    (247, 247, 247),
    (94, 60, 153),
    (230, 97, 1),
)
DARK = Theme(
    "#e6edf3",
    "#a5b0bb",
    "#8b949e",
    "#11161c",
    "#171d25",
    "#30363d",
    "#56b4e9",
    "#3ccfb4",
    "#0f3731",
    "#ff7fa8",
    "#3f1624",
    (30, 37, 46),
    (154, 120, 213),
    (230, 97, 1),
)


def new_figure(width: float, height: float, look: Theme) -> tuple[Figure, Axes]:
    """Return an empty picture whose units are pixels, counted from the top left corner.

    Examples
    --------
    >>> figure, axes = new_figure(640, 400, LIGHT)
    >>> [int(edge) for edge in axes.get_ylim()]
    [400, 0]
    """
    figure = Figure(figsize=(width / 100, height / 100), dpi=100, facecolor=look.paper)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0.0, float(width)), ylim=(float(height), 0.0))
    axes.set_axis_off()
    return figure, axes


def value_color(values: Any, scale: float, look: Theme) -> np.ndarray:
    """Return an RGB color for each value: orange below 0, purple above, gray for NaN.

    Parameters
    ----------
    values : ndarray, any shape
    scale : float
        The value of the full color.
    look : Look

    Returns
    -------
    ndarray of float, (*values.shape, 3), 0..1

    Examples
    --------
    >>> value_color(np.array([0.0, 1.0]), 1.0, LIGHT).round(2).tolist()
    [[0.97, 0.97, 0.97], [0.46, 0.35, 0.66]]
    """
    values = np.asarray(values, np.float64)[..., None]
    strength = np.clip(np.abs(np.nan_to_num(values)) / (scale or 1.0), 0, 1) * 0.85
    ends = np.where(values < 0, np.array(look.neg), np.array(look.pos))
    colors = np.array(look.middle) * (1 - strength) + ends * strength
    return np.where(np.isnan(values), 128.0, colors) / 255


def cells(
    axes: Axes,
    values: Any,
    at: tuple[float, float],
    size: tuple[float, float],
    scale: float,
    look: Theme,
    fade: float = 1.0,
) -> None:
    """Draw one row of values (D,) as rounded cells; a small + or − says the sign without color."""
    values = np.asarray(values, np.float64)
    width, height = size
    template = _rounded(width - 1.5, height - 1.5, 2.0)
    corners = [(at[0] + d * width, at[1]) for d in range(values.size)]
    paths = [Path(template.vertices + np.array(c), template.codes) for c in corners]
    colors = value_color(values, scale, look)
    axes.add_collection(
        PathCollection(paths, facecolors=colors, edgecolors="none", alpha=fade), autolim=False
    )
    marks = [m for c, v in zip(corners, values, strict=True) for m in _sign(c, v, width, height)]
    mark = LineCollection(marks, colors=look.ink, linewidths=0.7, alpha=0.5 * fade)
    axes.add_collection(mark, autolim=False)


def label(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    color: str,
    *,
    size: float = 8.0,
    bold: bool = False,
    align: str = "left",
    fade: float = 1.0,
) -> Text:
    """Write `text` as it is: `$` is no formula, and a letter the font lacks becomes a box."""
    return axes.text(
        x,
        y,
        _writable(text),
        color=color,
        fontsize=size,
        family="DejaVu Sans",
        alpha=fade,
        fontweight="bold" if bold else "normal",
        ha=align,
        va="center",
        parse_math=False,
    )


def rounded_box(
    axes: Axes,
    at: tuple[float, float],
    size: tuple[float, float],
    face: str,
    edge: str,
    *,
    width: float = 1.0,
    dashed: bool = False,
    radius: float = 5.0,
) -> None:
    """Draw a rounded frame; a dashed one marks what is lost or out of range."""
    axes.add_patch(
        FancyBboxPatch(
            at,
            *size,
            boxstyle=f"round,pad=0,rounding_size={radius}",
            facecolor=face,
            edgecolor=edge,
            linewidth=width,
            linestyle="--" if dashed else "-",
        )
    )


def ribbon(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], color: str, width: float
) -> None:
    """Join two ends of what is the same thing."""
    bend = (end[0] - start[0]) / 2
    points = [start, (start[0] + bend, start[1]), (end[0] - bend, end[1]), end]
    curve = Path(points, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])
    axes.add_patch(PathPatch(curve, facecolor="none", edgecolor=color, linewidth=width))


def isolated_rcparams() -> AbstractContextManager[None]:
    """Use matplotlib's default settings, and restore the user's settings afterwards.

    Every `draw_` function works inside it, since an artist reads the settings when it is made, and
    so does `png`, since others are read when it is drawn.

    >>> with isolated_rcparams():
    ...     figure, axes = new_figure(100, 50, LIGHT)
    """
    return matplotlib.style.context("default")


def _sign(corner: tuple[float, float], value: float, width: float, height: float) -> list[Any]:
    if min(width, height) < 9 or not value or np.isnan(value):
        return []
    arm = min(2.5, width / 6)
    x, y = corner[0] + width / 2 - 0.75, corner[1] + height / 2 - 0.75
    across = [(x - arm, y), (x + arm, y)]
    return [across] if value < 0 else [across, [(x, y - arm), (x, y + arm)]]


@lru_cache(maxsize=8)
def _rounded(width: float, height: float, r: float) -> Path:
    points: Sequence[tuple[float, float]] = [
        (r, 0),
        (width - r, 0),
        (width, 0),
        (width, r),
        (width, height - r),
        (width, height),
        (width - r, height),
        (r, height),
        (0, height),
        (0, height - r),
        (0, r),
        (0, 0),
        (r, 0),
    ]
    codes = [Path.MOVETO, *[Path.LINETO, Path.CURVE3, Path.CURVE3] * 4]
    return Path(np.array(points), codes)


def _writable(text: str) -> str:
    known = _font()
    return "".join(c if known.get_char_index(ord(c)) or c == "\n" else "□" for c in text)


@lru_cache(maxsize=1)
def _font() -> Any:
    return get_font(findfont(FontProperties(family="DejaVu Sans")))
