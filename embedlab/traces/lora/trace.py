"""LoRA adapters of all ranks for one change of a table, recorded: truncated SVD and training."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from embedlab.core.checks import ShapeError, as_table, check_finite, check_size
from embedlab.core.ids import as_ids, out_of_range_error
from embedlab.core.lora import (
    Adapter,
    best_error_by_rank,
    effective_rank,
    lora_lookup,
    lora_scale,
    merge,
    truncated_svd_adapter,
)
from embedlab.traces.lora.sweep import (
    PRODUCTS_MAX,
    first_step_norms,
    initial_factors,
    norms_of_product,
    row_drift,
    spectrum_of_many_rows,
    train_all_ranks,
)
from embedlab.traces.readonly import is_frozen, readonly_copy
from embedlab.traces.text import format_count, format_number, join_some, short_label

__all__ = ["RANKS_MAX", "LoRATrace", "trace_lora"]

RANKS_MAX = 16
"""The highest rank of a trace."""

MERGED_MAX = 256
"""Rows of a large table that are merged and compared."""


@dataclass(frozen=True, eq=False, repr=False)
class LoRATrace:
    """The record of adapters for one change, at every rank 1..K. Its arrays are read-only copies.

    Attributes
    ----------
    table, delta : ndarray, (V, D)
        The frozen table, and the target change.
    words : tuple of str, V labels
    seen : ndarray of int64, (M,)
        The trained rows, sorted.
    rank, alpha, rslora, start, seed
        The selected rank, and the settings of all ranks.
    singular_values, errors : ndarray, (min(V, D),) and (min(V, D) + 1,)
        Singular values of the change; relative errors of its truncated SVD for each rank from 0.
    factors : (A, B) ndarray, (V, K) and (K, D)
        The initial factors; a lower rank uses the first columns and rows.
    losses : ndarray, (K, S + 1)
        The loss of each run, initially and after each step: half the squared distance from the
        target row, the mean over the trained rows.
    a_paths : tuple of K ndarray, (S + 1, M, R); b_paths : tuple of K ndarray, (S + 1, R, D)
        The factors of each run. Other rows of A keep their initial values.
    drifts : ndarray, (K, V)
        The final displacement of each row, at each rank.
    first_norms : dict of str to ndarray, (K,)
        The norm of the first update, for "α/r" and for "α/√r": the mean of 16 seeds, since single
        seeds vary much at low ranks.
    merge_differences : ndarray, (K,)
        The largest final difference between rows looked up with the adapter and rows of the
        merged table, among the trained rows and the first `MERGED_MAX`.

    Examples
    --------
    >>> delta = np.outer([1.0, 2.0, 0.0, 1.0], [1.0, -1.0])
    >>> trace = trace_lora(np.zeros((4, 2)), delta, seen=[1], rank=1, steps=20)
    >>> trace.moved.tolist(), trace.parameters
    ([True, True, True, True], 6)
    """

    table: np.ndarray
    delta: np.ndarray
    words: tuple[str, ...]
    seen: np.ndarray
    rank: int
    alpha: float
    rslora: bool
    start: str
    seed: int
    singular_values: np.ndarray
    errors: np.ndarray
    factors: tuple[np.ndarray, np.ndarray]
    losses: np.ndarray
    a_paths: tuple[np.ndarray, ...]
    b_paths: tuple[np.ndarray, ...]
    drifts: np.ndarray
    first_norms: dict[str, np.ndarray]
    merge_differences: np.ndarray

    @property
    def ranks(self) -> np.ndarray:
        """1..K."""
        return np.arange(1, len(self.losses) + 1)

    @property
    def scale(self) -> float:
        """α/r, or α/√r."""
        return self.scale_of(self.rank)

    @property
    def parameters(self) -> int:
        """(V + D) · r, the numbers in A and B."""
        return sum(self.table.shape) * self.rank

    @property
    def steps(self) -> int:
        """The number of steps of each run."""
        return self.losses.shape[1] - 1

    @property
    def moved(self) -> np.ndarray:
        """Rows that differ from the table after training, (V,), bool."""
        return np.asarray(self.drifts[self.rank - 1] > 0)

    @property
    def training_errors(self) -> np.ndarray:
        """The relative error on the trained rows, (K, S + 1), from 1 before any step."""
        first = self.losses[:, :1]
        return np.sqrt(
            np.divide(self.losses, first, out=np.zeros_like(self.losses), where=first > 0)
        )

    @property
    def effective_rank(self) -> float:
        """The number of equally strong directions with the same spread as the change."""
        return effective_rank(self.singular_values)

    def best(self, rank: int) -> Adapter:
        """Return the best adapter of a rank, by truncated SVD, with scale 1."""
        return truncated_svd_adapter(self.delta, rank)

    def scale_of(self, rank: int) -> float:
        """Return the factor before ``A · B`` at a rank."""
        return lora_scale(rank, self.alpha, rslora=self.rslora)

    def adapter(self, step: int = -1, rank: int | None = None) -> Adapter:
        """Return the adapter of a rank after `step` steps (-1: after all)."""
        rank = self.rank if rank is None else rank
        a = np.array(self.factors[0][:, :rank])
        a[self.seen] = self.a_paths[rank - 1][step]
        return Adapter(a, np.array(self.b_paths[rank - 1][step]), self.scale_of(rank))

    def drift(self, step: int = -1, rank: int | None = None) -> np.ndarray:
        """Return the displacement of each row after `step` steps, (V,)."""
        return row_drift(self.adapter(step, rank))

    def factors_along(self, steps: Any, rows: Any, rank: int) -> tuple[np.ndarray, np.ndarray]:
        """Return A of some rows and B after some steps: (steps, rows, R) and (steps, R, D)."""
        a = np.repeat(self.factors[0][None, rows, :rank], len(steps), axis=0)
        trained = np.isin(rows, self.seen)
        path = self.a_paths[rank - 1][steps]
        a[:, trained] = path[:, np.searchsorted(self.seen, np.asarray(rows)[trained])]
        return a, self.b_paths[rank - 1][steps]

    def changes_along(self, steps: Any, rows: Any, rank: int) -> np.ndarray:
        """Return s·AB of some rows after some steps, (steps, rows, D)."""
        a, b = self.factors_along(steps, rows, rank)
        return np.asarray(self.scale_of(rank) * a @ b)

    def drift_along(self, steps: Any, rows: Any, rank: int) -> np.ndarray:
        """Return the displacements of some rows after some steps, (steps, rows)."""
        if len(rows) * self.table.shape[1] <= PRODUCTS_MAX:
            return np.linalg.norm(self.changes_along(steps, rows, rank), axis=2)
        pairs = zip(*self.factors_along(steps, rows, rank), strict=True)
        return np.stack([norms_of_product(a, b, self.scale_of(rank)) for a, b in pairs])

    def squared_drifts(self, steps: Any, rank: int) -> np.ndarray:
        """Return the squared displacements of all rows after some steps, (steps, V).

        Of many rows from the products of A's columns, which do not change but for the trained
        rows: ``|a B|² = Σ aᵢ aⱼ (B Bᵀ)ᵢⱼ``.
        """
        if self.table.size <= PRODUCTS_MAX:
            rows = np.arange(len(self.table))
            return np.asarray(np.square(self.drift_along(steps, rows, rank)))
        b, scale = self.b_paths[rank - 1][steps], self.scale_of(rank)
        products = b @ b.transpose(0, 2, 1)
        first, second = _pairs(rank)
        weights = products[:, first, second] * np.where(first == second, 1, 2)
        squares = weights @ self._column_products[: first.size]
        squares[:, self.seen] = np.square(self.drift_along(steps, self.seen, rank)) / scale**2
        return np.asarray(np.maximum(squares, 0) * scale**2)

    @cached_property
    def _column_products(self) -> np.ndarray:
        """The products of two columns of the initial A, (K(K + 1)/2, V), as `_pairs` has them."""
        columns = np.ascontiguousarray(self.factors[0].T)
        first, second = _pairs(len(columns))
        return np.asarray(columns[first] * columns[second])

    @cached_property
    def _untrained(self) -> tuple[np.ndarray, np.ndarray]:
        """Aᵀ·ΔW (K, D) and Aᵀ·A (K, K) over the rows that are not trained."""
        a, trained = self.factors[0], self.factors[0][self.seen]
        product = a.T @ self.delta - trained.T @ self.delta[self.seen]
        return product, a.T @ a - trained.T @ trained

    def errors_along(self, steps: Any, rank: int) -> np.ndarray:
        """Return the relative error over all rows after some steps, (steps,): ‖ΔW − s·AB‖ / ‖ΔW‖.

        It is 1 before any step; of a change of zero it is 0.
        """
        small = self.table.size <= PRODUCTS_MAX
        whole = np.linalg.norm(self.delta if small else self.singular_values)
        if not whole:
            return np.zeros(len(steps))
        if small:
            left = self.delta - self.changes_along(steps, np.arange(len(self.table)), rank)
            return np.asarray(np.sqrt(np.square(left).sum(axis=(1, 2))) / whole)
        # ‖ΔW − s·AB‖² = ‖ΔW‖² − 2s⟨AᵀΔW, B⟩ + s²⟨AᵀA, BBᵀ⟩, the rows that never change once.
        product, square = (part[:rank] for part in self._untrained)
        square, scale = square[:, :rank], self.scale_of(rank)
        squares = []
        for a, b in zip(*self.factors_along(steps, self.seen, rank), strict=True):
            cross = np.vdot(product + a.T @ self.delta[self.seen], b)
            quadratic = np.vdot(square + a.T @ a, b @ b.T)
            squares.append(whole**2 - 2 * scale * cross + scale**2 * quadratic)
        return np.asarray(np.sqrt(np.maximum(squares, 0)) / whole)

    @property
    def summary(self) -> str:
        """Describe the run in a few lines, with its numbers; the same on every machine."""
        rows, width = self.table.shape
        unseen = np.setdiff1d(np.arange(rows), self.seen)
        end = self.drifts[self.rank - 1]
        far = [format_number(end[part].max(initial=0), 3) for part in (self.seen, unseen)]
        moved = self.moved
        losses = self.losses[self.rank - 1]
        norms = [
            f"{name} {format_number(norm[0], 3)} → {format_number(norm[-1], 3)}"
            for name, norm in self.first_norms.items()
        ]
        return "\n".join(
            [
                f"change  ({rows}, {width}), effective rank "
                f"{format_number(self.effective_rank, 1)}; "
                f"rank {self.rank} leaves an error of "
                f"{format_number(100 * self.errors[self.rank], 1)} %",
                f"trains  {format_count(self.parameters, 'parameter')} instead of "
                f"{format_count(rows * width)} "
                f"({format_number(100 * self.parameters / (rows * width), 0)} %), scale "
                f"{format_number(self.scale)}, A starts {self.start}",
                f"seen    {len(self.seen)} of {format_count(rows, 'row')}; after {self.steps} "
                f"steps the loss is {_format_loss(losses[-1])}, from {_format_loss(losses[0])}",
                f"moved   {moved[self.seen].sum()} seen (up to {far[0]}), "
                f"{moved[unseen].sum()} of {unseen.size} unseen (up to {far[1]})",
                f"first   update from rank 1 to {len(self.ranks)}: {', '.join(norms)}",
            ]
        )

    @property
    def alt(self) -> str:
        """Describe the picture for somebody who does not see it."""
        rows, width = self.table.shape
        names = [short_label(self.words[i]) or f"row {i}" for i in self.seen.tolist()]
        unseen = np.delete(self.moved, self.seen)
        return (
            f"A table of {format_count(rows, 'row')} and {format_count(width, 'column')} plus "
            f"{format_number(self.scale)} times A ({rows} by {self.rank}) times B ({self.rank} by "
            f"{width}). Trained: {join_some(names) or 'nothing'}. {int(unseen.sum())} of "
            f"{unseen.size} rows that were never trained moved too."
        )

    def __repr__(self) -> str:
        return f"LoRATrace({self.table.shape}, rank {self.rank}, {len(self.seen)} rows seen)"


def trace_lora(
    table: Any,
    delta: Any,
    *,
    seen: Any = None,
    rank: int = 2,
    alpha: float = 4.0,
    rslora: bool = False,
    start: str = "random",
    steps: int = 200,
    learning_rate: float = 0.02,
    words: Sequence[str] | None = None,
    seed: int = 7,
    singular_values: np.ndarray | None = None,
) -> LoRATrace:
    """Train adapters of every rank up to 16 to one change of a table, and record them.

    Parameters
    ----------
    table : array_like, (V, D), float16, float32 or float64, finite
    delta : array_like, (V, D)
        The target change.
    seen : array_like of int, optional
        The rows that are trained; by default all.
    rank : int, 1..min(V, D, 16)
        The rank of the summary and the picture; every rank is trained.
    alpha, rslora
        As `embedlab.core.lora.adapter.lora_scale`.
    start : {"random", "zero"}
        The initial A: random (B is zero) as in Keras, or zero (B is random) as in PEFT.
    steps : int, >= 0
    learning_rate : float
        The rate of Adam, with all rows of `seen` as one batch.
    words : sequence of str, optional
    seed : int
    singular_values : ndarray, optional
        Those of `delta`, if they are known: of a large change they take longest.

    Returns
    -------
    LoRATrace

    Raises
    ------
    IdError
        For a row outside the table among `seen`.
    ShapeError, DtypeError, NotFiniteError, ValueError
        For arrays of different shapes, and for an invalid rank or start.

    References
    ----------
    Hu et al. 2021, "LoRA", section 4.1; Kalajdzievski 2023, "A Rank Stabilization Scaling Factor
    for Fine-Tuning with LoRA", theorem 3.2.

    Examples
    --------
    >>> delta = np.outer([1.0, 2.0, 0.0, 1.0], [1.0, -1.0])
    >>> trace = trace_lora(np.zeros((4, 2)), delta, seen=[1], rank=1, start="zero", steps=20)
    >>> trace.moved.tolist(), trace.errors.round(3).tolist()
    ([False, True, False, False], [1.0, 0.0, 0.0])
    """
    table, delta = _float64(as_table(table)), _float64(as_table(delta, "delta"))
    if delta.shape != table.shape:
        raise ShapeError(
            f"delta must have the shape of the table, {table.shape}. Received {delta.shape}. "
            "Pass a change of this table."
        )
    check_finite(table, "table", "An adapter adds to it.")
    if singular_values is None:
        check_finite(delta, "delta", "Look at the table that it was computed from.")
        singular_values = spectrum_of_many_rows(delta)
    values = singular_values
    max_rank = min(*table.shape, RANKS_MAX)
    rank, steps = _as_rank(rank, max_rank), check_size(steps, "steps", least=0)
    rows = _as_seen(seen, len(table))
    factors = initial_factors(table.shape, max_rank, start, seed)
    scales = {
        name: [lora_scale(r, alpha, rslora=kind) for r in range(1, max_rank + 1)]
        for name, kind in (("α/r", False), ("α/√r", True))
    }
    # Only the trained rows have a gradient: the others need not be read.
    known = rows if rows.size else np.zeros(1, np.int64)
    runs = train_all_ranks(
        table[known],
        table[known] + delta[known],
        np.arange(rows.size),
        (factors[0][known], factors[1]),
        scales["α/√r" if rslora else "α/r"],
        steps=steps,
        learning_rate=learning_rate,
    )
    unit = first_step_norms(delta[rows], len(table), max_rank, start, seed)
    norms = {name: readonly_copy(unit * np.square(all_)) for name, all_ in scales.items()}
    trace = LoRATrace(
        table,
        delta,
        _labels(words, len(table)),
        readonly_copy(rows),
        rank,
        float(alpha),
        bool(rslora),
        start,
        seed,
        readonly_copy(values),
        readonly_copy(best_error_by_rank(values)),
        (readonly_copy(factors[0]), readonly_copy(factors[1])),
        readonly_copy(runs.losses),
        tuple(map(_frozen, runs.a)),
        tuple(map(_frozen, runs.b)),
        np.empty(0),
        norms,
        np.empty(0),
    )
    ends = [trace.adapter(rank=r) for r in trace.ranks.tolist()]
    small = table.size <= PRODUCTS_MAX
    drifts = [
        row_drift(end) if small else np.sqrt(trace.squared_drifts([-1], rank)[0])
        for rank, end in enumerate(ends, 1)
    ]
    merged = np.union1d(rows, np.arange(min(len(table), MERGED_MAX)))
    whole = replace(
        trace,
        drifts=readonly_copy(drifts),
        merge_differences=readonly_copy([_merge_difference(table, e, merged) for e in ends]),
    )
    if not small:  # they are the same
        vars(whole)["_column_products"] = trace._column_products
    return whole


def _float64(table: np.ndarray) -> np.ndarray:
    """Return a read-only table in float64, without a copy where nothing can change it."""
    return table if is_frozen(table) and table.itemsize == 8 else readonly_copy(table, np.float64)


def _pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return all i <= j below `count`; the pairs of a smaller count come first.

    >>> [indices.tolist() for indices in _pairs(3)]
    [[0, 0, 1, 0, 1, 2], [0, 1, 1, 2, 2, 2]]
    """
    second, first = np.tril_indices(count)
    return first, second


def _frozen(array: np.ndarray) -> np.ndarray:
    """Make an array read-only without a copy."""
    array.flags.writeable = False
    return array


def _format_loss(loss: float) -> str:
    """Return a loss with the digits that are the same on every machine: 17 of them are not."""
    return format_number(loss, 4 if loss < 1e6 else 0)


def _merge_difference(table: np.ndarray, adapter: Adapter, rows: np.ndarray) -> float:
    part = Adapter(adapter.a[rows], adapter.b, adapter.scale)
    looked_up = lora_lookup(table[rows], np.arange(rows.size), [part])
    return float(np.abs(merge(table[rows], [part]) - looked_up).max(initial=0))


def _labels(words: Sequence[str] | None, rows: int) -> tuple[str, ...]:
    return tuple([*(words or ()), *[""] * rows][:rows])


def _as_seen(seen: Any, rows: int) -> np.ndarray:
    ids = np.arange(rows) if seen is None else as_ids(seen).reshape(-1)
    if ids.size and not 0 <= int(ids.min()) <= int(ids.max()) < rows:
        raise out_of_range_error(ids, rows)
    return np.unique(ids)


def _as_rank(rank: Any, max_rank: int) -> int:
    rank = check_size(rank, "rank")
    if rank > max_rank:
        raise ValueError(
            f"rank must lie in 1..{max_rank} (the smaller side of the table, at most {RANKS_MAX}). "
            f"Received {rank}. Choose a rank in this range."
        )
    return rank
