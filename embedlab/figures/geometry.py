"""A word's neighbors as a picture: a flat map of all words, and the nearest by the metric."""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from embedlab.figures.theme import (
    DARK,
    LIGHT,
    Theme,
    isolated_rcparams,
    label,
    new_figure,
    rounded_box,
)
from embedlab.traces.geometry import GeometryTrace
from embedlab.traces.text import format_count, format_number, join_some, short_label

__all__ = ["Labels", "draw_geometry"]

WIDTH, TOP, MAP, LIST, LINE = 680, 44, 372, 412, 22
"""Pixels: of the sheet, above the map, a side of the map; where the list begins, and its lines."""

_DOTS = 1500

_MARKERS = "os^DPXvo"
_RING = 7  # the last category is a ring
_COLORS = (
    ("#0050a0", "#c75000", "#008060", "#b0408c", "#3090d0", "#8f6500", "#6d1f33", "#5d6b00"),
    ("#6fa8ff", "#ff9350", "#35d0a5", "#f08ccb", "#8fdcff", "#e3bd45", "#ff6f7d", "#c3dd6a"),
)
"""Of categories, light and dark: they stay apart in the common color blindnesses."""
_SCALE = (
    ("#b8a64f", "#8f8a70", "#6a6c71", "#3f4c6e", "#00224e"),
    ("#5b6a8f", "#7f8089", "#9d9678", "#c8b866", "#fee838"),
)
"""Of numbers, from low to high, by lightness."""
_ENTRIES, _ENTRY = 5, 132  # entries of the legend in a line, and their width


class Labels(NamedTuple):
    """A column of labels, by which the map is colored.

    Attributes
    ----------
    name : str
    legend : dict
        ``{"kind": "categories", "names", ...}`` or ``{"kind": "numbers", "low", "high", "log"}``.
    values : ndarray, (V,)
        The number of each row's category, more than there are names for none; or its value.
    """

    name: str
    legend: dict[str, Any]
    values: np.ndarray


def draw_geometry(
    trace: GeometryTrace, *, dark: bool = False, labels: Labels | None = None
) -> Figure:
    """Draw the neighbors of one word as a still picture.

    Parameters
    ----------
    trace : GeometryTrace
        Of any size; of very many words the first are drawn, with a note.
    dark : bool
        Light on dark.
    labels : Labels, optional
        A column by which the dots are colored. The ten nearest are then outlined.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot.

    Examples
    --------
    >>> from embedlab.traces.geometry.trace import trace_geometry
    >>> draw_geometry(trace_geometry(np.eye(4), 2)).get_size_inches()
    array([6.8, 4.9])
    """
    with isolated_rcparams():
        return _Picture(trace, DARK if dark else LIGHT, labels, _classes(labels, dark)).draw()


class _Picture:
    """The layout of the figure, in pixels."""

    def __init__(
        self, trace: GeometryTrace, look: Theme, labels: Labels | None, classes: "list[_Class]"
    ):
        self.colored_by = "" if labels is None else f", colored by {short_label(labels.name)}"
        self.trace, self.look, self.classes = trace, look, classes
        lines = -(-len(classes) // _ENTRIES)
        self.legend_height = 16 * lines + 6 if lines else 0
        self.measure = "distance" if trace.metric == "euclidean" else "cosine"
        points = trace.plane.points.astype(np.float64)
        shown_points = points[:_DOTS]
        finite = shown_points[np.isfinite(shown_points).all(axis=1)]
        low, high = (finite.min(axis=0), finite.max(axis=0)) if len(finite) else (0.0, 0.0)
        middle, reach = (low + high) / 2, float(np.max(np.subtract(high, low))) or 1.0
        self.scale = (MAP - 40) / reach
        center = np.array([16 + MAP / 2, TOP + MAP / 2])
        self.at = center + (points - middle) * self.scale * [1, -1]
        self.label_boxes: list[tuple[float, float, float]] = []
        self.axes: Axes

    def draw(self) -> Figure:
        figure, self.axes = new_figure(WIDTH, TOP + MAP + 74 + self.legend_height, self.look)
        rows = len(self.trace.words)
        some = f", the first {format_count(_DOTS)} of" if rows > _DOTS else ","
        title = f"flat map{some} {format_count(rows, 'word')}{self.colored_by}"
        label(self.axes, 16, 20, title, self.look.ink, size=8.5, bold=True)
        rounded_box(self.axes, (16, TOP), (MAP, MAP), self.look.panel, self.look.line)
        if self.classes:
            self._colored_dots()
        else:
            self._dots()
        self._arrows()
        self._names()
        self._list()
        y = TOP + MAP + 18 + self.legend_height
        rounded_box(self.axes, (16, y), (WIDTH - 32, 44), self.look.panel, self.look.line)
        label(self.axes, 28, y + 13, self._sentence(), self.look.ink)
        label(self.axes, 28, y + 31, self._hidden(), self.look.ink_2)
        return figure

    def _dots(self) -> None:
        trace, look = self.trace, self.look
        for rows, color, size, fade in (
            (np.arange(min(len(trace.words), _DOTS)), look.ink_3, 1.6, 0.45),
            (trace.near_map, look.accent, 3.6, 1.0),
            (trace.near, look.hit, 4.6, 1.0),
            (np.array([trace.picked]), look.ink, 7.0, 1.0),
        ):
            self.axes.plot(
                *self.at[rows].T, "o", color=color, markersize=size, alpha=fade, markeredgewidth=0
            )

    def _colored_dots(self) -> None:
        """Draw dots in the color and shape of their labels, and the legend below the map."""
        trace, look = self.trace, self.look
        for n, one in enumerate(self.classes):
            style: dict[str, Any] = {"color": one.color or look.ink_3, "marker": one.marker}
            style |= {"linestyle": "", "markersize": 3.6 if one.color else 2.2}
            if one.hollow:
                style |= {"markerfacecolor": "none", "markeredgewidth": 0.9}
            else:
                style |= {"markeredgewidth": 0}
            rows = one.rows[one.rows < min(len(trace.words), _DOTS)]
            self.axes.plot(*self.at[rows].T, **style)
            x, y = 16 + n % _ENTRIES * _ENTRY, TOP + MAP + 12 + n // _ENTRIES * 16
            self.axes.plot([x + 5], [y], **style | {"markersize": 5})
            label(self.axes, x + 14, y, short_label(one.name, 18), look.ink, size=7.5)
        for rows, color, marker, size in (
            (trace.near_map, look.accent, "s", 7),
            (trace.near, look.hit, "o", 9),
        ):
            style = {"color": color, "marker": marker, "linestyle": "", "markersize": size}
            self.axes.plot(*self.at[rows].T, **style, markerfacecolor="none", markeredgewidth=1.2)
        self.axes.plot(*self.at[[trace.picked]].T, "o", color=look.ink, markersize=7.0)

    def _arrows(self) -> None:
        trace = self.trace
        if trace.analogy is None or not trace.plane.shares:
            return
        a, b, c = (self.at[term] for term in trace.analogy.terms)
        target = a - b + c
        for start, end in ((b, a), (c, target)):
            self.axes.annotate(
                "",
                tuple(end),
                tuple(start),
                annotation_clip=False,
                arrowprops={"arrowstyle": "->", "color": self.look.warn, "linewidth": 1.4},
            )
        self._name(tuple(target), "a − b + c", self.look.warn)

    def _names(self) -> None:
        trace = self.trace
        self._name(tuple(self.at[trace.picked]), trace.name(trace.picked), self.look.ink, bold=True)
        for row in trace.near:
            self._name(tuple(self.at[row]), short_label(trace.name(row), 14), self.look.hit)
        for row in trace.near_map[:3]:
            self._name(tuple(self.at[row]), short_label(trace.name(row), 14), self.look.accent)

    def _name(self, at: tuple[float, float], text: str, color: str, bold: bool = False) -> None:
        """Write a name beside its point, unless another stands there."""
        x, y = at
        if not np.isfinite([x, y]).all():
            return
        wide = 5.6 * len(text) + 6
        left = x + 6 if x + 6 + wide < 16 + MAP else x - 6 - wide
        if any(
            abs(y - v) < 10 and left < u + w and u < left + wide for u, v, w in self.label_boxes
        ):
            return
        self.label_boxes.append((left, y, wide))
        label(self.axes, left, y, text, color, size=7.5, bold=bold)

    def _list(self) -> None:
        trace, look = self.trace, self.look
        measure = self.measure
        label(self.axes, LIST, 20, f"nearest by {measure}", look.ink, size=8.5, bold=True)
        label(self.axes, LIST + 138, 36, measure, look.ink_2, align="right")
        label(self.axes, WIDTH - 16, 36, "closer on the map", look.ink_2, align="right")
        for n, row in enumerate(trace.near):
            y = TOP + 12 + n * LINE
            ink = look.hit if row in trace.near_map else look.ink
            label(self.axes, LIST, y, trace.name(row), ink, bold=row in trace.near_map)
            label(self.axes, LIST + 138, y, format_number(trace.measured[row]), ink, align="right")
            label(
                self.axes,
                WIDTH - 16,
                y,
                format_count(int(trace.closer_on_map[n])),
                ink,
                align="right",
            )
        y = TOP + 24 + len(trace.near) * LINE
        label(self.axes, LIST, y, "nearest on the map", look.accent, bold=True)
        names = [trace.name(row) for row in trace.near_map]
        for n in range(0, len(names), 3):
            label(self.axes, LIST, y + 18 + n * 6, ", ".join(names[n : n + 3]), look.ink)
        if trace.analogy is not None and trace.analogy.ids.size:
            text = f"{' '.join(self._terms())} = {trace.name(int(trace.analogy.ids[0]))}"
            label(self.axes, LIST, TOP + MAP - 8, text, look.warn, bold=True)

    def _terms(self) -> list[str]:
        assert self.trace.analogy is not None
        a, b, c = (short_label(self.trace.name(term), 12) for term in self.trace.analogy.terms)
        return [a, "−", b, "+", c]

    def _sentence(self) -> str:
        trace = self.trace
        word = trace.name(trace.picked)
        if not trace.near.size:
            return f"{word} has no neighbor: there is no other row with a direction."
        both = [trace.name(row) for row in trace.in_both]
        who = f" ({join_some(both, 3)})" if both else ""
        count = f"{len(both)} are" if len(both) > 1 else "1 is" if both else "none is"
        return (
            f"Of the {len(trace.near)} words nearest to {word} by {self.measure}, {count} among "
            f"its nearest on the map{who}."
        )

    def _hidden(self) -> str:
        trace = self.trace
        shares = 100 * sum(trace.plane.shares)
        variance = f"The map shows {format_number(shares, 0)} % of the variance"
        if not trace.plane.shares:
            variance = f"The map is {short_label(trace.plane.name)}, computed elsewhere"
        lost = (
            f"; {format_count(trace.invalid_rows, 'row')} with NaN not drawn"
            if trace.invalid_rows
            else ""
        )
        return (
            f"{variance}; on average {format_number(trace.typical, 1)} of ten neighbors are "
            f"kept{lost}."
        )


class _Class(NamedTuple):
    """Rows that are drawn alike: a category, or numbers of one part of the scale."""

    name: str
    rows: np.ndarray
    color: str  # "" for rows without a label, and rare ones
    marker: str
    hollow: bool


def _classes(labels: Labels | None, dark: bool) -> list[_Class]:
    """Return the entries of the legend, without empty ones."""
    if labels is None:
        return []
    legend, values = labels.legend, labels.values
    if legend["kind"] == "numbers":
        classes = _parts_of_scale(labels, _SCALE[dark])
        missing = np.isnan(values)
    else:
        colors, names = _COLORS[dark], legend["names"][: len(_COLORS[dark])]
        classes = [
            _Class(name, np.flatnonzero(values == n), colors[n], _MARKERS[n], n == _RING)
            for n, name in enumerate(names)
        ]
        missing = values == 255
        rare = np.flatnonzero((values >= len(names)) & ~missing)
        classes.append(_Class("other", rare, "", "o", False))
    classes.append(_Class("no label", np.flatnonzero(missing), "", "o", True))
    return [one for one in classes if one.rows.size]


def _parts_of_scale(labels: Labels, colors: tuple[str, ...]) -> list[_Class]:
    """Return five parts of a scale of numbers, of equal width."""
    low, high, log = (labels.legend[key] for key in ("low", "high", "log"))
    values = labels.values.astype(np.float64)
    edges = np.geomspace(low, high, 6) if log else np.linspace(low, high, 6)
    with np.errstate(invalid="ignore"):
        part = np.searchsorted(edges[1:-1], values, side="right")
    part[np.isnan(values)] = -1
    return [
        _Class(
            f"{edges[n]:.3g} to {edges[n + 1]:.3g}".replace("-", "−"),
            np.flatnonzero(part == n),
            color,
            "o",
            False,
        )
        for n, color in enumerate(colors)
    ]
