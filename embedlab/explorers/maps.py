"""Maps of a table by t-SNE and UMAP, from anything that holds one, side by side in a notebook."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedlab.core.checks import check_flag
from embedlab.explorers.inputs.table import read_table
from embedlab.figures.maps import draw_maps
from embedlab.figures.png import png
from embedlab.figures.theme import Figure
from embedlab.traces.maps import FITTED_MAX, MapsTrace, trace_maps

__all__ = ["Maps", "compute_maps"]

BAR_DELAY = 1.0  # seconds; what takes less needs no progress bar


@dataclass(frozen=True, eq=False, repr=False)
class Maps(Mapping[str, np.ndarray]):
    """Maps by their names: a dict for ``GeometryExplorer(maps=...)``, and a picture of them all.

    Attributes
    ----------
    trace : MapsTrace
        All numbers.
    """

    trace: MapsTrace

    def __getitem__(self, name: str) -> np.ndarray:
        plane = self.trace.planes[1 + list(self).index(name)] if name in list(self) else None
        if plane is None:
            raise KeyError(name)
        return np.nan_to_num(plane.points)  # a row with NaN is on no map, and needs two numbers

    def __iter__(self) -> Iterator[str]:
        return iter(self.trace.names[1:])

    def __len__(self) -> int:
        return len(self.trace.names) - 1

    @property
    def summary(self) -> str:
        """The main numbers in a few lines."""
        return self.trace.summary

    @property
    def alt(self) -> str:
        """The picture in words."""
        return self.trace.alt

    def figure(self, *, dark: bool = False) -> Figure:
        """Return the still picture as a matplotlib figure."""
        return draw_maps(self.trace, dark=dark)

    def __repr__(self) -> str:
        return repr(self.trace).replace("MapsTrace", "Maps", 1)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        image = base64.b64encode(png(self.figure())).decode()
        data = {"text/plain": self.summary, "image/png": image}
        return data, {"image/png": {"alt": self.alt}}


def compute_maps(
    table: Any,
    maps: str | Sequence[str] = ("t-SNE 5", "t-SNE 30", "t-SNE 100"),
    *,
    words: Sequence[str] | None = None,
    pick: str | int | None = None,
    rows: int = FITTED_MAX,
    seed: int = 0,
    progress: bool = True,
) -> Maps:
    """Compute maps of a table by t-SNE and UMAP, once, and measure what each keeps.

    To cancel, interrupt the kernel: the maps that are finished are returned.

    Parameters
    ----------
    table : array_like, layer or vectors
        Anything that an explorer takes as a table.
    maps, pick, rows, seed
        As `embedlab.traces.maps.trace_maps` has them.
    words : sequence of str, optional
        The words of the rows, where the table has none of its own.
    progress : bool
        Show a bar for what takes longer than a second.

    Returns
    -------
    Maps

    Raises
    ------
    ValueError
        For something that holds no table, a name of a map or a word that is unknown.
    ModuleNotFoundError
        Where the library of a map is not installed.

    Examples
    --------
    >>> compute_maps(np.eye(12), [])
    Maps(pca 1+2; 12 rows)
    """
    check_flag(progress, "progress")
    source = read_table(table, "table")
    labels = source.labels or None if words is None else words
    options: dict[str, Any] = {"words": labels, "pick": pick, "rows": rows, "seed": seed}
    if not progress:
        return Maps(trace_maps(source.values, maps, **options))
    from tqdm.auto import tqdm  # here, because it loads ipywidgets

    with tqdm(total=100, unit="%", delay=BAR_DELAY, leave=False) as bar:

        def report(share: float, name: str) -> None:
            bar.set_description(name, refresh=False)
            bar.update(int(100 * share) - bar.n)

        return Maps(trace_maps(source.values, maps, report=report, **options))
