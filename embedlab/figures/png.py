"""A picture as a small PNG file: at most 256 colors, and the same bytes for the same picture."""

import struct
import zlib

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from embedlab.figures.theme import isolated_rcparams

__all__ = ["PNG_MOST", "png"]

PNG_MOST = 40_000
"""Bytes of a picture in a notebook."""

_DPIS = (120, 100, 80)


def png(figure: Figure, most: int = PNG_MOST) -> bytes:
    """Return the picture as a PNG of at most `most` bytes, at a lower resolution if necessary.

    A palette of 256 colors makes it a third as large as matplotlib's own file; neither a date
    nor a version stands in it.

    Raises
    ------
    ValueError
        When even the coarsest is larger.

    Examples
    --------
    >>> from embedlab.figures.theme import LIGHT, new_figure
    >>> figure, axes = new_figure(100, 50, LIGHT)
    >>> png(figure)[:4], len(png(figure)) < 200
    (b'\\x89PNG', True)
    """
    for dpi in _DPIS:
        encoded = _encode(_pixels(figure, dpi))
        if len(encoded) <= most:
            return encoded
    raise ValueError(
        f"a still picture must stay within {most} bytes. Received {len(encoded)} at the coarsest. "
        "Draw fewer rows or fewer tokens."
    )


def _pixels(figure: Figure, dpi: int) -> np.ndarray:
    """Draw, and give one number 0xRRGGBB for each pixel: (height, width)."""
    with isolated_rcparams():
        figure.set_dpi(dpi)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        rgba = np.asarray(canvas.buffer_rgba())
    return rgba.view(">u4")[..., 0] >> 8


def _encode(pixels: np.ndarray) -> bytes:
    height, width = pixels.shape
    palette, index = _palette(pixels)
    lines = np.zeros((height, width + 1), np.uint8)  # a leading 0: this line has no filter
    lines[:, 1:] = index
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", palette.tobytes()),
            _chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _palette(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return 256 colors (256, 3), and the index of the nearest color for each pixel.

    Half of them are the most frequent; the others are, one by one, the color that so far is
    served worst. Frequency alone would paint gray letters in the purple of a cell.
    """
    colors, counts = np.unique(pixels, return_counts=True)
    rgb = np.stack([colors >> 16, (colors >> 8) & 255, colors & 255], 1).astype(np.float32)
    palette = list(np.argsort(-counts, kind="stable")[:128])
    distances = np.full(len(rgb), np.inf, np.float32)
    nearest = np.zeros(len(rgb), np.uint8)
    for n in range(min(256, len(rgb))):
        if n == len(palette):
            palette.append((distances * np.sqrt(counts)).argmax())
        now = ((rgb - rgb[palette[n]]) ** 2).sum(1)
        closer = now < distances
        nearest[closer] = n
        distances[closer] = now[closer]
    # Line by line: the inverse of `np.unique` took 13 MB more, and half as long again.
    index = np.array([nearest[np.searchsorted(colors, line)] for line in pixels])
    return rgb[palette].astype(np.uint8), index


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
