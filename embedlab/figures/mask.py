"""A mask on its way through a model as a picture: a card for each layer, and the losses."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from embedlab.figures.theme import (
    DARK,
    LIGHT,
    Theme,
    isolated_rcparams,
    label,
    new_figure,
    rounded_box,
    value_color,
)
from embedlab.traces.mask import MaskStage, MaskTrace
from embedlab.traces.text import format_count, format_number, short_label

__all__ = ["draw_mask"]

WIDTH, TOP = 680, 44

_STAGES, _BATCH, _STEPS = 6, 8, 16


def draw_mask(trace: MaskTrace, *, dark: bool = False) -> Figure:
    """Draw one batch and its mask in a chain of layers, as a still picture.

    Parameters
    ----------
    trace : MaskTrace
        Of any size; the first layers, sequences and positions are drawn.
    dark : bool
        Light on dark.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot.

    Examples
    --------
    >>> from embedlab.layers import Embedding, GlobalAveragePooling1D
    >>> from embedlab.traces.mask.trace import trace_mask
    >>> layers = [Embedding(5, 2, mask_zero=True), GlobalAveragePooling1D()]
    >>> draw_mask(trace_mask(layers, [[3, 0], [1, 2]])).get_size_inches()
    array([6.8, 2.7])
    """
    with isolated_rcparams():
        return _Picture(trace, DARK if dark else LIGHT).draw()


class _Picture:
    def __init__(self, trace: MaskTrace, look: Theme):
        self.trace, self.look = trace, look
        self.stages = trace.stages[:_STAGES]
        self.batch = min(len(trace.ids), _BATCH)
        self.steps = min(trace.ids.shape[1], _STEPS)
        self.card = (WIDTH - 32) / (len(self.stages) + 1)
        self.cell = (min(16.0, (self.card - 18) / max(self.steps, 1)), 13.0)
        self.tall = self.batch * self.cell[1] + 60
        self.axes: Axes

    def draw(self) -> Figure:
        height = TOP + self.tall + 140
        figure, self.axes = new_figure(WIDTH, height, self.look)
        left_out = len(self.trace.stages) - len(self.stages)
        more = f", {format_count(left_out, 'layer')} more" if left_out else ""
        title = f"the batch and its mask, layer by layer{more}"
        label(self.axes, 16, 20, title, self.look.ink, size=8.5, bold=True)
        self._ids()
        lost = False
        for n, stage in enumerate(self.stages):
            self._stage(16 + (n + 1) * self.card, stage, lost)
            lost = lost or stage.status == "lost here"
        self._losses(TOP + self.tall + 18)
        rounded_box(self.axes, (16, height - 46), (WIDTH - 32, 34), self.look.panel, self.look.line)
        label(self.axes, 28, height - 29, short_label(self.trace.sentence, 110), self.look.ink)
        return figure

    def _ids(self) -> None:
        label(self.axes, 16, TOP + 10, "ids", self.look.ink, bold=True)
        for b in range(self.batch):
            for t in range(self.steps):
                x, y = 16 + (t + 0.5) * self.cell[0], TOP + 46 + (b + 0.5) * self.cell[1]
                pad = self.trace.padding[b, t]
                ink = self.look.ink_3 if pad else self.look.ink
                label(self.axes, x, y, str(self.trace.ids[b, t]), ink, size=6, align="center")

    def _stage(self, x: float, stage: MaskStage, lost: bool) -> None:
        look, bad = self.look, stage.status == "lost here"
        edge = look.warn if bad else look.line
        face = look.warn_soft if bad else look.panel
        rounded_box(
            self.axes, (x, TOP - 4), (self.card - 8, self.tall), face, edge, dashed=bad or lost
        )
        longest_label = max(4, int(self.card / 6.5) - 1)
        label(
            self.axes,
            x + 6,
            TOP + 10,
            short_label(stage.name, longest_label),
            look.ink,
            size=7.5,
            bold=True,
        )
        inks = {"made": look.hit, "kept": look.hit, "replaced": look.warn, "lost here": look.warn}
        ink = inks.get(stage.status, look.ink_2)
        label(self.axes, x + 6, TOP + 26, f"mask {stage.status}", ink, size=7)
        sizes = self._sizes(stage.values)
        for b in range(min(self.batch, len(sizes))):
            self._row(x + 5, TOP + 46 + b * self.cell[1], sizes[b], stage, b, lost or bad)

    def _row(
        self, x: float, y: float, sizes: np.ndarray, stage: MaskStage, b: int, lost: bool
    ) -> None:
        """Draw one cell a place, as strong as its values; crossed out where the mask says so."""
        wide, tall = self.cell
        colors = value_color(sizes, float(np.abs(sizes).max(initial=0)) or 1.0, self.look)
        shapes = [Rectangle((x + t * wide, y), wide - 1.5, tall - 2) for t in range(len(sizes))]
        cells = PatchCollection(
            shapes, facecolors=colors, edgecolors=self.look.line, linewidths=0.5
        )
        if lost:
            cells.set_hatch("////")
        self.axes.add_collection(cells, autolim=False)
        masks = stage.mask
        if masks is None or len(sizes) > masks.shape[1]:
            return
        for t in range(len(sizes)):
            if not masks[b, t]:
                ends = ([x + t * wide, x + (t + 1) * wide - 1.5], [y + tall - 2, y])
                self.axes.plot(*ends, color=self.look.warn, linewidth=1)

    def _sizes(self, values: np.ndarray) -> np.ndarray:
        """Return one number for each place: the mean size of its values; a vector is one place."""
        if not values.size:
            return np.zeros((len(values), 0))
        flat = np.abs(values.reshape(*values.shape[:2], -1) if values.ndim > 2 else values[:, None])
        return np.asarray(flat.mean(axis=2))[:, : self.steps]

    def _losses(self, y: float) -> None:
        trace, look = self.trace, self.look
        losses = [
            ("this model", trace.loss, look.warn if trace.lost_at else look.accent),
            ("without any mask", trace.loss_unmasked, look.ink_3),
        ]
        if trace.loss_reference is not None:
            losses.append(("unpadded reference", trace.loss_reference, look.hit))
        label(self.axes, 16, y, "loss", look.ink, bold=True)
        longest = max((v for _, v, _ in losses if np.isfinite(v)), default=0.0) or 1.0
        for n, (name, value, color) in enumerate(losses):
            at = y + n * 20
            label(self.axes, 210, at, name, look.ink_2, align="right")
            if np.isfinite(value) and value > 0:
                size = (max(330 * value / longest, 1), 11)
                rounded_box(self.axes, (220, at - 6), size, color, color, radius=1, width=0)
            label(self.axes, 564, at, format_number(value, 4), color, bold=True)
